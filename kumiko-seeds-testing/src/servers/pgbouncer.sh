# Runs PgBouncer, after throwaway.sh.
#
# Arguments: the program, and the text of its settings but for who may connect.
program=$1
settings=$2

printf '"postgres" "%s"\n' "$password" >"$folder/users"
printf '%s\nauth_file = %s\n' "$settings" "$folder/users" >"$folder/pgbouncer.ini"
"$program" "$folder/pgbouncer.ini" </dev/null >"$log" 2>&1 &
server=$!
until_ready grep -q 'process up' "$log"
read -r _ || true
