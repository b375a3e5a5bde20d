# Runs one throwaway PostgreSQL server for as long as standard input stays open.
#
# Arguments: the folder of the server programs, the text to add to postgresql.conf.
# Standard input: one line with the password of user postgres, then nothing; its end is the order to
# stop. The process that started this script holds the write end, so the order comes however that
# process ends.
# Standard output: the line "ready" when the server accepts connections, or else what went wrong.
set -eu
exec 2>&1
programs=$1
settings=$2
folder=
server=

stop() {
    trap - EXIT
    if [ -n "$server" ]; then
        # Immediate shutdown: the data are thrown away, there is nothing to write back.
        kill -QUIT "$server" || true
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
folder=$(mktemp -d "${TMPDIR:-/tmp}/kumiko-postgres.XXXXXX" 2>/dev/null) ||
    folder=$(mktemp -d /tmp/kumiko-postgres.XXXXXX)
data=$folder/data
log=$folder/log

printf '%s\n' "$password" >"$folder/password"
"$programs/initdb" --pgdata="$data" --username=postgres --pwfile="$folder/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync </dev/null >"$log" ||
    { cat "$log"; exit 1; }
printf '%s\n' "$settings" >>"$data/postgresql.conf"

"$programs/postgres" -D "$data" </dev/null >"$log" 2>&1 &
server=$!
tries=600
until grep -q '^ready' "$data/postmaster.pid" 2>/dev/null; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$log"
        exit 1
    fi
    sleep 0.1
done

echo ready
# Nobody reads any more.
exec >/dev/null 2>&1
read -r _ || true
