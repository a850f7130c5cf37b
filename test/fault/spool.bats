# Killed before each of its system calls that matter, a delivery or a step of the spool leaves the
# mail there, whole, and can be repeated.
load ../lib/helper
load ../lib/station
# bats file_tags=nosan

CALLS=openat,write,pwrite64,fsync,fdatasync,link,linkat,unlink,unlinkat,rename,renameat2,fchmod,flock,close,lseek

setup() {
    scratch
    needs strace
    head -c 300000 /dev/urandom | base64 >mail
}

teardown() { cleanup; }

# killed_at N COMMAND...: the Nth call of CALLS never happens. 137 as long as there is an Nth.
killed_at() {
    local n=$1
    shift
    strace -f -qq -o /dev/null -e trace="$CALLS" -e "inject=$CALLS:signal=KILL:when=$n" "$@" 2>/dev/null
}

# At each step: kills COMMAND there, checks with CHECK, and goes on until it ran to its end.
sweep() { # STRIDE CHECK COMMAND...
    local stride=$1 check=$2 n=1 status=137
    shift 2
    while [ "$status" -eq 137 ]; do
        "prepare_$check"
        status=0
        killed_at "$n" "${@/#ID/$ID}" >out <mail || status=$?
        "$check" "$status" || { echo "killed at $n (status $status)"; return 1; }
        n=$((n + stride))
        [ "$n" -lt 2000 ]
    done
    [ "$status" -eq 0 ] && [ "$n" -gt "$((3 * stride))" ]
}

prepare_delivered() {
    rm -rf box
    mkdir -p box/{a,b}/{tmp,new,cur}
}

# In new/ only what is whole; said to be delivered only what is in both.
delivered() {
    local f count=0
    for f in box/?/new/*; do
        [ -e "$f" ] || continue
        cmp -s "$f" mail || { echo "$f is not the mail"; return 1; }
        count=$((count + 1))
    done
    [ "$1" -ne 0 ] || [ "$count" -eq 2 ]
}

@test "a delivery to two maildirs, killed at every system call" {
    sweep 1 delivered "$BIN/test/lib/deliver" box/a box/b
}

fresh_spool() {
    rm -rf "$FAXPIPE_HOME/spool/15"/{new,cur}/* "$FAXPIPE_HOME/spool/15"/cur/.[!.]*
    ID=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" <mail)
}

# The mail is there exactly once by its ID, whole; again the same step brings it to its end.
there_once() {
    [ "$(fax-spool list 15 | awk -v id="$ID" '$1 == id' | wc -l)" -eq 1 ] || return 1
    fax-spool cat 15 "$ID" | cmp - mail
}

prepare_taken() { fresh_spool; }
taken() {
    there_once || return 1
    [ "$(fax-spool take 15)" = "$ID" ] || return 1
    there_once && [ -z "$(ls "$FAXPIPE_HOME/spool/15/new")" ] &&
        [ "$(ls "$FAXPIPE_HOME/spool/15/cur")" = "$ID" ]
}

prepare_held() { fresh_spool; fax-spool take 15 >/dev/null; }
held() {
    there_once || return 1
    fax-spool hold --until 2000000000 15 "$ID" || return 1
    there_once && [ "$(ls "$FAXPIPE_HOME/spool/15/cur")" = "$ID,E=2000000000:2," ]
}

prepare_finished() { fresh_spool; fax-spool hold --until 5 15 "$ID"; }
finished() {
    if [ "$1" -ne 0 ]; then
        fax-spool done 15 "$ID" || return 1
    fi
    [ -z "$(fax-spool list 15)" ] || return 1
    # Told once in the journal, however often it was tried.
    [ "$(fuser journal --user 15 --result done --json | grep -c "$ID")" -eq 1 ]
}

@test "take, killed at every third system call" {
    station
    sweep 3 taken fax-spool take 15
}

@test "hold, killed at every third system call" {
    station
    sweep 3 held fax-spool hold --until 2000000000 15 ID
}

@test "done, killed at every third system call" {
    station
    sweep 3 finished fax-spool done 15 ID
}
