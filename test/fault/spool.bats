# Killed before each of its system calls that matter, a delivery or a step of the spool leaves the
# mail there, whole, and can be repeated.
load ../lib/helper
load ../lib/station
load ../lib/syscalls
# bats file_tags=nosan

# Those that change something at each of their uses, those that do not at every ninth.
CALLS='write pwrite64 fsync fdatasync ?link,linkat ?unlink,unlinkat fchmod flock'
OTHERS='openat close lseek'

setup() {
    scratch
    needs strace
    head -c 60000 /dev/urandom | base64 >mail
}

teardown() { cleanup; }

# Kills COMMAND at each use of CALL by itself, checks with CHECK, and goes on until it ran to its
# end. How often it was killed is added to $kills.
sweep_call() { # CALL STRIDE CHECK COMMAND...
    local call=$1 stride=$2 check=$3 n=1 status=137
    shift 3
    while [ "$status" -eq 137 ]; do
        "prepare_$check"
        status=0
        killed_at "$call" "$n" "${@/#ID/$ID}" >out 2>err <mail || status=$?
        "$check" "$status" || { echo "killed at $call $n (status $status)"; return 1; }
        [ "$status" -ne 137 ] || kills=$((kills + 1))
        n=$((n + stride))
        [ "$n" -lt 2000 ] || return 1
    done
    [ "$status" -eq 0 ]
}

sweep() { # KILLS CHECK COMMAND...: at least so many of them happen
    local least=$1 kills=0 call
    shift
    for call in $CALLS; do sweep_call "$call" 1 "$@" || return 1; done
    for call in $OTHERS; do sweep_call "$call" 9 "$@" || return 1; done
    echo "$kills kills"
    [ "$kills" -ge "$least" ]
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
    sweep 15 delivered "$BIN/test/lib/deliver" box/a box/b
}

prepare_batched() { prepare_delivered; }
# Each mail is there whole or not at all; two of them in box/a, one in box/b. Said is what is there.
batched() {
    local f name count=0
    for f in box/?/new/*; do
        [ -e "$f" ] || continue
        cmp -s "$f" mail || { echo "$f is not the mail"; return 1; }
        count=$((count + 1))
    done
    while read -r name; do
        ls box/?/new/"$name" >/dev/null || { echo "said, not there: $name"; return 1; }
    done <out
    [ "$1" -ne 0 ] || [ "$count $(ls box/b/new | wc -l) $(ls box/?/tmp | grep -c '^[0-9]')" = '3 1 0' ]
}

@test "three mails of one batch, killed at every system call" {
    truncate -s 40000 mail
    umask 077 # so that there is a mode to set
    sweep 18 batched "$BIN/test/lib/deliver" --each box/a box/a box/b
}

@test "one mail of a batch fails by its own file or directory, the others do not" {
    truncate -s 40000 mail
    # Of threads strace counts each by itself; the first of a kind is always the first mail's.
    for fault in trace=fsync:EIO trace=?link,linkat:ENOSPC trace=write:ENOSPC trace=fsync:EIO:box/b/new no-new; do
        prepare_delivered
        IFS=: read -r call error path <<<"${fault#trace=}"
        words=(strace -qq -o calls -e trace="$call" -e "inject=$call:error=$error:when=1" ${path:+-f -P "$path"})
        [ "$call" != no-new ] || { rmdir box/b/new; words=(env); }
        status=0
        "${words[@]}" "$BIN/test/lib/deliver" --each box/b box/a box/a <mail >out 2>err || status=$?
        [ "$status" -ne 0 ] || { echo "well at $fault"; return 1; }
        [ "$(wc -l <out) $(ls box/a/new | wc -l) $(ls box/?/tmp | grep -c '^[0-9]')" = '2 2 0' ] ||
            { echo "$fault"; cat out err; ls box/*/*; return 1; }
        [ -z "$(ls box/b/new 2>/dev/null)" ]
    done
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

@test "take, killed at every system call" {
    station
    sweep 12 taken fax-spool take 15
}

@test "hold, killed at every system call" {
    station
    sweep 12 held fax-spool hold --until 2000000000 15 ID
}

# What came is there, or what was opened, whole and once; the same step again brings it to its end.
prepare_opened() {
    rm -rf "$FAXPIPE_HOME/spool/15"/{new,cur}/* "$FAXPIPE_HOME/spool/15"/cur/.[!.]*
    tac mail >came
    ID=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" <came)
    fax-spool take 15 >/dev/null
}
opened() {
    [ "$(fax-spool list 15 | awk -v id="$ID" '$1 == id' | wc -l)" -eq 1 ] || return 1
    fax-spool cat 15 "$ID" >is
    cmp -s is mail || { [ "$1" -ne 0 ] && cmp is came; } || return 1
    fax-spool hold --opened --until 2000000000 15 "$ID" <mail || return 1
    fax-spool cat 15 "$ID" | cmp - mail || return 1
    [ "$(ls "$FAXPIPE_HOME/spool/15/cur" | wc -l)" -eq 1 ]
}

@test "hold --opened, killed at every system call" {
    station
    sweep 12 opened fax-spool hold --opened --until 2000000000 15 ID
}

@test "hold --opened: a full disk, and nothing on standard input, leave the mail as it was" {
    station
    prepare_opened
    for fault in 'fsync EIO' '?link,linkat ENOSPC' 'write ENOSPC'; do
        # shellcheck disable=SC2086
        run fails_at $fault 1 fax-spool hold --opened --until 2000000000 15 "$ID" <mail
        [ "$status" -ne 0 ] || { echo "well at $fault"; return 1; }
        fax-spool cat 15 "$ID" | cmp - came
    done
    run --separate-stderr fax-spool hold --opened --until 2000000000 15 "$ID" </dev/null
    expect_refusal 65
    fax-spool cat 15 "$ID" | cmp - came
    run --separate-stderr fax-spool hold --opened --undecodable --until 2000000000 15 "$ID" <mail
    expect_refusal 64
}

# fails_at CALL ERROR N COMMAND...: the Nth CALL fails.
fails_at() {
    local call=$1 error=$2 n=$3
    shift 3
    strace -f -qq -o calls -e trace="$call" -e "inject=$call:error=$error:when=$n" "$@"
}

@test "done, killed at every system call" {
    station
    sweep 12 finished fax-spool done 15 ID
}

@test "take and hold: a disk that is full or fails is no success, and the mail stays where it was" {
    station
    local fault call n status failed=0
    for fault in 'fsync EIO' '?link,linkat ENOSPC' 'write ENOSPC' '?unlink,unlinkat EIO'; do
        for step in take hold; do
            for n in 1 2 3 4 5 6; do
                fresh_spool
                # Of another uid it is copied.
                [ "$(id -u)" != 0 ] || chown 65534 "$FAXPIPE_HOME/spool/15/new/$ID"
                words=(take 15)
                [ $step = take ] || words=(hold --until 2000000000 15 "$ID")
                status=0
                # shellcheck disable=SC2086
                fails_at $fault $n fax-spool "${words[@]}" >out 2>err || status=$?
                grep -q INJECTED calls || break
                there_once || { echo "$step: lost at $fault $n"; return 1; }
                # The copy's name aside is swept up later: that alone may stay.
                [ "$status" -ne 0 ] || [[ $fault == *unlink* && $n -eq 1 ]] || { echo "$step: well at $fault $n"; return 1; }
                [ "$status" -eq 0 ] || [ ! -s out ] || { echo "$step: said at $fault $n"; return 1; }
                failed=$((failed + (status != 0)))
                fax-spool take 15 >/dev/null || [ $step = hold ]
                there_once
            done
        done
    done
    echo "$failed failures"
    [ "$failed" -ge 10 ]
}
