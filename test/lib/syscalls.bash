# What a program asks of the kernel, and in which order. After `scratch`; needs strace.
# shellcheck shell=bash

# All that makes mail durable, or says that it is. Not every machine has every one of them.
DURABLE='fsync,fdatasync,?link,linkat,?unlink,unlinkat,?rename,?renameat,renameat2,write,sendto'

# traced COMMAND...: runs it with those calls in the file `calls`, descriptors with their paths.
traced() { strace -qq -y -s 32 -o calls -e trace="$DURABLE" "$@"; }

# joined: after traced -f makes one line again, at its end, of each call that others came between,
# without process numbers.
joined() {
    awk '{ pid = $1; sub(/^[0-9]+ +/, "") }
        / <unfinished \.\.\.>$/ { sub(/ <unfinished \.\.\.>$/, ""); begun[pid] = $0; next }
        /^<\.\.\. / { sub(/^<\.\.\. [a-z0-9_]+ resumed>/, ""); $0 = begun[pid] $0 }
        { print }' calls >calls.joined
    mv calls.joined calls
}

# in_order PATTERN...: the file `calls` has a line for each of the extended patterns, each behind
# the one before.
in_order() {
    local line
    while IFS= read -r line; do
        [ $# -eq 0 ] || [[ ! $line =~ $1 ]] || shift
    done <calls
    [ $# -eq 0 ] || { echo "not there, or too early: $1"; cat calls; return 1; }
}

# killed_at CALL N COMMAND...: the Nth CALL never happens. 137 as long as there is an Nth. strace
# counts every call by itself: a sweep goes call by call.
killed_at() {
    local call=$1 n=$2
    shift 2
    strace -f -qq -o /dev/null -e trace="$call" -e "inject=$call:signal=KILL:when=$n" "$@"
}
