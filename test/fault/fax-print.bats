# A held fax, killed on its way out: it is held, or on paper, whole; and can be printed again.
load ../lib/helper
load ../lib/station
# bats file_tags=nosan

CALLS=openat,write,pwrite64,fsync,link,unlink,rename,close,pipe,pipe2,clone,clone3,vfork,wait4,lseek,execve

setup() {
    scratch
    needs strace pdftotext
    station >/dev/null
    printf 'From: a@b\n\nheld words\n' >mail
}

teardown() { cleanup; }

@test "fax-print --user, it and its children killed at every seventh system call" {
    local n=1 status=137 id
    while [ "$status" -ne 0 ]; do
        rm -f out.pdf .out* "$FAXPIPE_HOME"/spool/15/{new,cur}/*
        id=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" <mail)
        fax-spool hold --days 3 15 "$id"
        status=0
        strace -f -qq -o /dev/null -e trace="$CALLS" -e "inject=$CALLS:signal=KILL:when=$n" \
            fax-print -q --user 15 -o out.pdf 2>/dev/null || status=$?
        if [ -e out.pdf ]; then
            [[ $(pdftotext out.pdf -) == *'held words'* ]] || { echo "half a file at $n"; return 1; }
        else
            [[ $(fax-spool list 15) == "$id"*held* ]] || { echo "lost at $n ($status)"; return 1; }
        fi
        [ "$status" -ne 0 ] || [ -z "$(fax-spool list 15)" ]
        n=$((n + 7))
        [ "$n" -lt 1500 ]
    done
    [ "$n" -gt 30 ]
}
