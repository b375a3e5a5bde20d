
# What clap generates knows one program with whole words. Bash ends a word at a colon, which the commands have in
# their names; people may write `seed status`; and they call the program through Cargo.

# Completes the command whose own words start behind the first $1 words of the line.
__kumiko_ops_complete() {
    local first="$1" line="${COMP_LINE:0:COMP_POINT}" words=() area cur prev cut="" at
    read -r -a words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    words=(cargo-kumiko-ops "${words[@]:first}")
    area="${words[1]}"
    if [[ ${#words[@]} -gt 2 && $area =~ ^(seed|projection)$ && ${words[2]} != -* ]]; then
        [[ ${#words[@]} -eq 3 ]] && cut="$area:"
        words=(cargo-kumiko-ops "$area:${words[2]}" "${words[@]:3}")
    fi
    cur="${words[${#words[@]} - 1]}"
    if [[ $cur == --*=* ]]; then
        words=("${words[@]:0:${#words[@]} - 1}" "${cur%%=*}" "${cur#*=}")
    elif [[ -z $cut && $COMP_WORDBREAKS == *:* ]]; then
        cut="${cur%"${cur##*:}"}"
    fi
    local COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1))
    cur="${words[COMP_CWORD]}"
    prev="${words[COMP_CWORD - 1]}"
    _cargo__kumiko__ops cargo-kumiko-ops "$cur" "$prev"
    for ((at = 0; at < ${#COMPREPLY[@]}; at++)); do
        COMPREPLY[at]="${COMPREPLY[at]#"$cut"}"
    done
}

__kumiko_ops_alone() {
    __kumiko_ops_complete 1
}

# What completed `cargo` before, and does so for its other subcommands.
__kumiko_ops_cargo=""

__kumiko_ops_register() {
    local nosort="" registered
    [[ ${BASH_VERSINFO[0]} -gt 4 || ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 ]] && nosort="-o nosort"
    complete -F __kumiko_ops_alone $nosort -o bashdefault -o default cargo-kumiko-ops
    registered="$(complete -p cargo 2>/dev/null)"
    if [[ $registered =~ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != __kumiko_ops_through_cargo ]]; then
        __kumiko_ops_cargo="${BASH_REMATCH[1]}"
    fi
    complete -F __kumiko_ops_through_cargo $nosort -o bashdefault -o default cargo
}

__kumiko_ops_through_cargo() {
    local line="${COMP_LINE:0:COMP_POINT}" words=() at load
    read -r -a words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    # Before the subcommand may be +toolchain and options.
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        [[ ${words[at]} == [-+]* ]] && continue
        [[ ${words[at]} == kumiko-ops ]] || break
        __kumiko_ops_complete $((at + 1))
        return
    done
    if [[ -z $__kumiko_ops_cargo ]]; then
        # The package bash-completion reads what it has for a program when that is first completed.
        for load in _comp_load __load_completion; do
            declare -F "$load" >/dev/null && "$load" cargo 2>/dev/null && break
        done
        __kumiko_ops_register
    fi
    [[ -n $__kumiko_ops_cargo ]] && "$__kumiko_ops_cargo" "$@"
}

__kumiko_ops_register
