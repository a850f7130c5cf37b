# Killed before each of its system calls that matter, a change of the table has happened whole or
# not at all, and can be repeated.
# bats file_tags=nosan
load ../lib/helper
load ../lib/syscalls

CALLS='write pwrite64 fsync fdatasync ?unlink,unlinkat ftruncate ?mkdir,mkdirat ?chmod,fchmod,fchmodat ?link,linkat'

setup() {
    scratch
    needs strace
    fuser init
    printf 'scram-iterations = 4096\n' >"$FAXPIPE_HOME/faxpipe.conf"
    echo wonderland >pw
    echo tiger >tiger
}
teardown() { cleanup; }

sweep() { # CHECK COMMAND...: the command killed at every step, CHECK after each
    local check=$1 kills=0 call n status
    shift
    for call in $CALLS; do
        n=1 status=137
        while [ "$status" -eq 137 ]; do
            status=0
            killed_at "$call" "$n" "$@" >/dev/null 2>&1 || status=$?
            "$check" "$status" || { echo "killed at $call $n (status $status)"; return 1; }
            [ "$status" -ne 137 ] || kills=$((kills + 1))
            n=$((n + 1))
            [ "$n" -lt 300 ] || return 1
        done
        [ "$status" -eq 0 ] || return 1
    done
    echo "$kills kills"
    [ "$kills" -gt 15 ]
}

# Whole: with password, verifier and spool. Not at all: then the same again brings it to its end.
added() {
    if ! fuser get 12 code >/dev/null 2>&1; then
        [ "$1" -ne 0 ] && fuser add 12 --login alice --password-file pw || return 1
    fi
    fuser check && fuser verify 12 --password-file pw && [ -d "$FAXPIPE_HOME/spool/12/new" ] &&
        fuser remove 12
}

@test "add, killed at every system call" {
    sweep added fuser add 12 --login alice --password-file pw --auto-receive on
}

changed() {
    fuser check || return 1
    if [ "$(fuser get 12 days)" = 9 ]; then
        fuser verify 12 --password-file tiger || return 1
        fuser edit 12 --days 7 --password-file pw
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
    if [ "$n" -eq 0 ]; then
        [ "$1" -ne 0 ] && fuser import text || return 1
    elif [ "$n" -ne 2 ]; then
        return 1
    fi
    fuser check && fuser remove 21 && fuser remove 22
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
