# Runs PostgreSQL, after throwaway.sh.
#
# Arguments: the folder of the server programs, the text to add to postgresql.conf, and for a standby
# the data of its primary, which is not running, and the port on which the primary will be found.
# Standard input, after the password: orders, one a line: "start", "where", which is answered with the
# folder of the data and the line "told", or the signal that ends the server (KILL, INT, TERM), which is
# answered with the line "ended".
programs=$1
settings=$2
origin=${3:-}
primary=${4:-}
data=$folder/data
pid_file=$data/postmaster.pid
# An immediate shutdown takes the server's other processes along.
last_signal=QUIT

start() {
    "$programs/postgres" -D "$data" </dev/null >>"$log" 2>&1 &
    server=$!
    until_ready accepts_connections
}

# A server that was killed leaves its file behind, and the file says that it is ready.
accepts_connections() {
    grep -qx "$server" "$pid_file" 2>/dev/null && grep -q '^ready' "$pid_file"
}

# Kills all processes of the server at once, as when the machine loses its power.
crash() {
    # A server that is stopped starts no further process.
    kill -STOP "$server"
    processes=$(ps -A -o ppid= -o pid= | awk -v server="$server" '$1 == server { print $2 }')
    # Each is a word of its own.
    # shellcheck disable=SC2086
    kill -KILL $processes "$server"
    wait "$server" 2>/dev/null || true
    # A server does not start while a process of the one before it is left.
    # shellcheck disable=SC2086
    while ps -o stat= -p "$(echo $processes | tr ' ' ,)" | grep -qv '^Z'; do
        sleep 0.02
    done
}

# Shuts down as the signal asks for: TERM waits for clients to go, INT sends them away.
shut_down() {
    kill "-$1" "$server"
    tries=600
    while [ -e "$pid_file" ]; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            give_up
        fi
        sleep 0.1
    done
    wait "$server" || true
}

if [ -z "$origin" ]; then
    printf '%s\n' "$password" >"$folder/password"
    "$programs/initdb" --pgdata="$data" --username=postgres --pwfile="$folder/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync </dev/null >"$log" 2>&1 || give_up
else
    cp -R -p "$origin" "$data" >"$log" 2>&1 || give_up
    touch "$data/standby.signal"
    # The primary may be back only after the standby is there.
    cat >>"$data/postgresql.auto.conf" <<END
primary_conninfo = 'host=127.0.0.1 port=$primary user=postgres password=$password'
wal_retrieve_retry_interval = '100ms'
END
fi
printf '%s\n' "$settings" >>"$data/postgresql.conf"

start
while IFS= read -r order; do
    case $order in
    start) start ;;
    where) printf '%s\ntold\n' "$data" ;;
    *)
        if [ "$order" = KILL ]; then crash; else shut_down "$order"; fi
        server=
        echo ended
        ;;
    esac
done
