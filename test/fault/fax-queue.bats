# fax-queue killed at every step that touches the disk or a child: no entry is ever lost.
# bats file_tags=nosan
load ../lib/helper

setup() {
    scratch
    needs python3 strace
    strace -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    mkdir station
    printf 'From: alice@fax.example\nSubject: x\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

# killed CALL N COMMAND...: runs it and kills it at its Nth such call; false when it came to its end.
killed() {
    local call=$1 n=$2
    shift 2
    run strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$@"
    [ "$status" -eq 137 ]
}

@test "add: an ID that was printed is an entry; nothing is half there" {
    local call n id kills=0
    for call in write fsync rename flock openat pread64 close; do
        for n in $(seq 1 40); do
            killed "$call" "$n" fax-queue add -f a@x.example b@x.example <mail.eml || break
            kills=$((kills + 1))
            printed=$output
            run fax-queue list --json
            [ "$status" -eq 0 ]
            [ -z "$printed" ] || grep -q "$printed" <<<"$output"
            for id in $(grep -o '"id": "[^"]*' <<<"$output" | cut -d'"' -f4); do
                cmp "station/queue/$id.mail" mail.eml
            done
        done
    done
    echo "$kills kills"
    [ "$kills" -gt 20 ]
}

@test "add: a disk that fails at any step is 74, no ID, no entry" {
    local fault n failed=0
    for fault in 'fsync EIO' 'write ENOSPC' '?rename,?renameat,renameat2 EIO'; do
        for n in 1 2 3 4; do
            # shellcheck disable=SC2086
            set -- $fault
            run --separate-stderr strace -qq -o calls -e trace="$1" -e "inject=$1:error=$2:when=$n" \
                fax-queue add -f a@x.example b@x.example <mail.eml
            grep -q INJECTED calls || break
            # The last write is the ID's own: the entry is there then, though nobody was told.
            [ "$status" -eq 74 ] || [ "$status" -eq 73 ] || { echo "$fault $n: $status"; return 1; }
            [ -z "$output" ]
            failed=$((failed + 1))
            id=$(find station/queue -name '*.env')
            [ -z "$id" ] || grep -q 'write(1' calls || { echo "$fault $n: an entry stays"; return 1; }
            rm -f station/queue/*
        done
        rm -f station/queue/*
    done
    [ "$failed" -ge 5 ]
}

drained() {
    fax-queue flush --all
    [ -z "$(find station/queue -name '*.env')" ]
}

@test "flush: whoever was to get the mail gets it, and the sender his notice" {
    mkdir fake
    printf 'rcpt bad@x.example: 550 5.1.1 nobody\n' >fake/plan
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" fake fake/plan
    until_true 10 test -s fake/port
    printf 'hostname = fax.example\nsmarthost = smtp://127.0.0.1:%s\n' "$(cat fake/port)" >station/faxpipe.conf
    local call n kills=0
    for call in fsync rename unlink flock wait4 write pipe2 close; do
        for n in $(seq 1 20); do
            fax-queue add -f alice@x.example "good$n@x.example" bad@x.example <mail.eml >/dev/null
            : >fake/log
            killed "$call" "$n" fax-queue flush --all && kills=$((kills + 1))
            local state=$status
            # As long as the killed run's smtp-send lives, the entry is locked.
            until_true 10 drained || { echo "$call $n"; fax-queue list; return 1; }
            grep -q "good$n@x.example" fake/log || { echo "$call $n: mail lost"; return 1; }
            grep -q '^MAIL FROM:<>' fake/log || { echo "$call $n: notice lost"; return 1; }
            [ "$state" -eq 137 ] || break
        done
    done
    echo "$kills kills"
    [ "$kills" -gt 20 ]
}
