
# People call the program through Cargo: what follows `cargo kumiko-ops` is completed as if it followed
# `cargo-kumiko-ops`. They may write `seed status` for `seed:status`.

function __kumiko_ops_is_called
    set -l words (commandline -opc)
    contains -- kumiko-ops $words[2..-1]
end

function __kumiko_ops_complete
    set -l words (commandline -opc)
    set -l given $words[(math (contains -i -- kumiko-ops $words) + 1)..-1]
    set -l current (commandline -ct)
    if contains -- "$given[1]" seed projection
        if test (count $given) -eq 1
            complete -C "cargo-kumiko-ops $given[1]:$current" | string replace "$given[1]:" ''
            return
        end
        set given "$given[1]:$given[2]" $given[3..-1]
    end
    complete -C (string join ' ' -- cargo-kumiko-ops (string escape -- $given) $current)
end

complete -c cargo -n __kumiko_ops_is_called -f -a '(__kumiko_ops_complete)'
