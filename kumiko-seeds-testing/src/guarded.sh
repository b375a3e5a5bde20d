# Runs one command for as long as standard input stays open.
#
# Arguments: the command. Exit status: the command's.
#
# The process that started this script holds the write end of standard input. However that process
# ends, the pipe closes, and every process of this script's process group is killed: the command,
# what the command started, and the script.
exec 3<&0 </dev/null
(
    read -r _ <&3
    kill -KILL 0
) &
guard=$!
"$@" 3<&- &
command=$!
exec 3<&-
wait "$command"
status=$?
{
    kill -KILL "$guard"
    wait "$guard"
} 2>/dev/null
exit "$status"
