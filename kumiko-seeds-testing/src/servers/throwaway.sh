# The beginning of each script that runs one throwaway server for as long as standard input stays open.
#
# Standard input: one line with the password of user postgres. Its end is the order to throw the server
# away. The process that started the script holds the write end, so that order comes however that
# process ends.
# Standard output: the line "ready" when the server accepts connections, or else what went wrong.
set -eu
exec 2>&1
folder=
server=
# The signal that ends the server at once. Nothing is kept, so there is nothing to write back.
last_signal=KILL

stop() {
    trap - EXIT
    if [ -n "$server" ]; then
        kill "-$last_signal" "$server" || true
        wait "$server" || true
    fi
    if [ -n "$folder" ]; then
        rm -rf -- "$folder"
    fi
}
trap stop EXIT
trap 'exit 1' HUP INT TERM
# When nobody reads what is written here, writing fails and ends this script by way of the trap above;
# the signal would end it at once and leave the server behind.
trap '' PIPE

IFS= read -r password
# Root may have a TMPDIR that the account of the server cannot write to.
folder=$(mktemp -d "${TMPDIR:-/tmp}/kumiko-server.XXXXXX" 2>/dev/null) ||
    folder=$(mktemp -d /tmp/kumiko-server.XXXXXX)
log=$folder/log

# Fails with the server's last words.
give_up() {
    tail -n 50 "$log"
    exit 1
}

# Runs a command again and again until it succeeds, for at most a minute, and only while the server runs.
until_ready() {
    tries=600
    until "$@"; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
            give_up
        fi
        sleep 0.1
    done
    echo ready
}

