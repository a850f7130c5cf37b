# Killed before each of its system calls that matter, a change of the table has happened whole or
# not at all, and can be repeated.
# bats file_tags=nosan
load ../lib/helper

CALLS=write,pwrite64,fsync,fdatasync,unlink,ftruncate,mkdir,mkdirat,chmod,fchmod,link

setup() {
    scratch
    needs strace
    fuser init
    printf 'scram-iterations = 4096\n' >"$FAXPIPE_HOME/faxpipe.conf"
    echo wonderland >pw
    echo tiger >tiger
}
teardown() { cleanup; }

# The Nth call of CALLS never happens. 137 as long as there is an Nth.
killed_at() {
    local n=$1
    shift
    { strace -qq -o /dev/null -e trace="$CALLS" -e "inject=$CALLS:signal=KILL:when=$n" "$@"; } \
        >/dev/null 2>&1
}

sweep() { # CHECK COMMAND...: the command killed at every step, CHECK after each
    local check=$1 n=1 status=137
    shift
    while [ "$status" -eq 137 ]; do
        status=0
        killed_at "$n" "$@" || status=$?
        "$check" "$status" || { echo "killed at $n (status $status)"; return 1; }
        n=$((n + 1))
        [ "$n" -lt 300 ]
    done
    [ "$status" -eq 0 ] && [ "$n" -gt 10 ]
}

# Whole: with password, verifier and spool, or not at all.
added() {
    fuser check || return 1
    if fuser get 12 code >/dev/null 2>&1; then
        fuser verify 12 --password-file pw && [ -d "$FAXPIPE_HOME/spool/12/new" ] || return 1
        [ "$1" -eq 0 ] || fuser remove 12
    else
        [ "$1" -ne 0 ]
    fi
}

@test "add, killed at every system call" {
    sweep added fuser add 12 --login alice --password-file pw --auto-receive on
}

changed() {
    fuser check || return 1
    if [ "$(fuser get 12 days)" = 9 ]; then
        fuser verify 12 --password-file tiger || return 1
        [ "$1" -eq 0 ] || fuser edit 12 --days 7 --password-file pw
    else
        [ "$1" -ne 0 ] && fuser verify 12 --password-file pw
    fi
}

@test "edit of a column and the password, killed at every system call" {
    fuser add 12 --login alice --password-file pw
    sweep changed fuser edit 12 --days 9 --password-file tiger
}

made() {
    # What a killed one left is put right by the next.
    if [ "$1" -ne 0 ]; then
        FAXPIPE_HOME=$T/new fuser init || return 1
    fi
    FAXPIPE_HOME=$T/new fuser check && rm -rf "$T/new"
}

@test "init, killed at every system call" {
    sweep made env FAXPIPE_HOME="$T/new" fuser init
}

imported() {
    local n
    n=$(fuser list --tsv | sed 1d | wc -l)
    fuser check || return 1
    case $n in
    0) [ "$1" -ne 0 ] ;;
    2) [ "$1" -eq 0 ] || { fuser remove 21 && fuser remove 22; } ;;
    *) return 1 ;;
    esac
}

@test "import, killed at every system call" {
    printf '[user 21]\nlogin = a\npassword = x\n[user 22]\nlogin = b\npassword = y\n' >text
    sweep imported fuser import text
}

@test "a full disk leaves the table as it was" {
    fuser add 12 --login alice --password-file pw
    for call in pwrite64 fsync fdatasync; do
        for n in 1 2 3; do
            run strace -qq -o /dev/null -e trace="$call" -e "inject=$call:error=ENOSPC:when=$n+" \
                fuser edit 12 --days 9
            [ "$status" -eq 74 ] || [ "$status" -eq 0 ] || { echo "$call $n: $status $output"; false; }
            [ "$status" -eq 74 ] || break
            [ "$(fuser get 12 days)" = 7 ]
            fuser check
        done
        fuser edit 12 --days 7
    done
}
