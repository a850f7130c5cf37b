load ../lib/helper
load ../lib/station

setup() {
    scratch
    station >/dev/null
    printf 'Return-Path: <carol@far.example>\nFrom: carol@far.example\n\nhello\n' >mail
}

teardown() { cleanup; }

arrive() { "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/${1:-15}" <mail; }

@test "arrived, taken, held, read, finished" {
    id=$(arrive)
    run fax-spool list 15
    expect_status 0
    [ "$(awk '{ print $1, $2, $3 }' <<<"$output")" = "$id new 64" ]
    run fax-spool take 15
    expect_status 0
    [ "$output" = "$id" ]
    [[ $(fax-spool list 15) == "$id taken "* || $(fax-spool list 15) == "$id"*taken* ]]
    fax-spool hold --until 2000000000 15 "$id"
    [ -e "$FAXPIPE_HOME/spool/15/cur/$id,E=2000000000:2," ]
    run -1 fax-spool take 15
    fax-spool cat 15 "$id" | cmp - mail
    fax-spool done --result printed --pages 3 15 "$id"
    fax-spool done --result printed --pages 3 15 "$id"
    [ -z "$(fax-spool list 15)" ]
    run fuser journal --user 15 --json
    [ "$(grep -c "$id" <<<"$output")" -ge 1 ]
    [[ $output == *'"carol@far.example"'* ]]
}

@test "hold takes the user's days; due says whose days are over" {
    id=$(arrive)
    fax-spool hold 15 "$id"
    until=$(fax-spool list --json 15 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["until"])')
    left=$((until - $(date +%s)))
    [ "$left" -gt $((7 * 86400 - 60)) ] && [ "$left" -le $((7 * 86400)) ]
    [ -z "$(fax-spool due 15)" ]
    fax-spool hold --days 0 15 "$id"
    [ "$(fax-spool due 15)" = "$id" ]
    fax-spool hold --days 3 --undecodable 15 "$id"
    [ -z "$(fax-spool due 15)" ]
    [[ $(fax-spool list 15) == *undecodable* ]]
}

@test "mail that has been new for too long is due" {
    old="$(($(date +%s) - 40 * 86400)).M1P1Q1R1.host"
    cp mail "$FAXPIPE_HOME/spool/15/new/$old"
    arrive
    [ "$(fax-spool due 15)" = "$old" ]
    # Also when somebody has taken it and left it there.
    [ "$(fax-spool take 15 "$old")" = "$old" ]
    [ "$(fax-spool due 15)" = "$old" ]
    echo 'new-days = 41' >>"$FAXPIPE_HOME/faxpipe.conf"
    [ -z "$(fax-spool due 15)" ]
}

@test "JSON says the same as the lines" {
    first=$(arrive) second=$(arrive)
    fax-spool hold --until 1999999999 15 "$second"
    fax-spool list --json 15 | python3 -c '
import json, sys
a = json.load(sys.stdin)
assert [m["id"] for m in a] == sys.argv[1:], a
assert [m["state"] for m in a] == ["new", "held"], a
assert [m["until"] for m in a] == [None, 1999999999], a
assert all(m["octets"] == 64 and m["arrived"] > 1e9 for m in a), a' "$first" "$second"
    [ "$(fax-spool list --json 12)" = "[]" ]
}

@test "two takers at once: each mail goes to one of them" {
    for _ in 1 2 3 4 5 6 7 8; do arrive >/dev/null; done
    taker() {
        local id last=
        exec 9>>"$FAXPIPE_HOME/db/15.lock"
        flock 9
        for _ in 1 2 3 4; do
            id=$(fax-spool take --lock-fd 9 ${last:+--after "$last"} 15) || break
            fax-spool hold --days 1 15 "$id"
            echo "$id"
            last=$id
        done
    }
    taker >a & one=$!
    taker >b & two=$!
    wait "$one"; wait "$two"
    [ "$(cat a b | wc -l)" -eq 8 ]
    [ "$(sort -u a b | wc -l)" -eq 8 ]
}

@test "while somebody holds the lock, nobody else takes; then what he left is offered again" {
    id=$(arrive)
    exec 8>>"$FAXPIPE_HOME/db/15.lock"
    flock 8
    run -75 --separate-stderr fax-spool take 15
    expect_refusal 75
    [ "$(fax-spool take --lock-fd 8 15)" = "$id" ]
    run -1 fax-spool take --lock-fd 8 --after "$id" 15
    exec 8>&-
    [ "$(fax-spool take 15)" = "$id" ]
    exec 7</dev/null
    run -64 --separate-stderr fax-spool take --lock-fd 7 15
    expect_refusal 64
}

@test "what is planted in new/ that is no file is not there, and not followed" {
    new=$FAXPIPE_HOME/spool/15/new
    ln -s "$FAXPIPE_HOME/key" "$new/1700000000.M1P1Q1R1.evil"
    ln -s "$FAXPIPE_HOME/spool/12" "$new/1700000001.M1P1Q1R1.evil"
    mkfifo "$new/1700000002.M1P1Q1R1.evil"
    mkdir "$new/1700000003.M1P1Q1R1.evil"
    ln -s /nowhere "$FAXPIPE_HOME/spool/15/tmp/1700000004.M1P1Q1R1.evil"
    [ -z "$(fax-spool list 15)" ]
    run fax-spool take 15
    expect_status 1
    for id in 1700000000.M1P1Q1R1.evil 1700000002.M1P1Q1R1.evil; do
        for command in cat "take" "done"; do
            run --separate-stderr timeout 10 fax-spool $command 15 $id
            [ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ -z "$output" ]
        done
    done
    [ -e "$FAXPIPE_HOME/key" ] && [ -z "$(ls "$FAXPIPE_HOME/spool/15/cur")" ]
}

@test "take of one mail by its ID" {
    id=$(arrive)
    run fax-spool take 15 "$id"
    expect_status 0
    [ "$output" = "$id" ]
    run -1 fax-spool take 15 nothing.like.it
}

@test "wrong operands and users" {
    run --separate-stderr fax-spool
    expect_refusal 64
    run --separate-stderr fax-spool steal 15
    expect_refusal 64
    run --separate-stderr fax-spool list
    expect_refusal 64
    run --separate-stderr fax-spool list 15 x
    expect_refusal 64
    run --separate-stderr fax-spool --no-such list 15
    expect_refusal 64
    run --separate-stderr fax-spool list 99
    expect_refusal 67
    run --separate-stderr fax-spool list ../15
    expect_refusal 64
    for id in ../new/x .x a/b 'a:2,' '' ; do
        run --separate-stderr fax-spool cat 15 "$id"
        expect_refusal 64
    done
    run --separate-stderr fax-spool cat 15 nothing
    expect_refusal 66
    run --separate-stderr fax-spool hold 15 nothing
    expect_refusal 66
    run --separate-stderr fax-spool done 15 nothing
    expect_refusal 66
    id=$(arrive)
    run --separate-stderr fax-spool hold --days 2 --until 9 15 "$id"
    expect_refusal 64
    run --separate-stderr fax-spool "done" --result 'a b' 15 "$id"
    expect_refusal 64
    run --separate-stderr env FAXPIPE_HOME="$T/nowhere" fax-spool list 15
    expect_refusal 78
}

@test "stdout that is full or closed" {
    id=$(arrive)
    run -74 bash -c "fax-spool cat 15 $id >/dev/full"
    run -74 bash -c "fax-spool list 15 >/dev/full"
}

@test "a password that is given is checked, whoever calls" {
    arrive >/dev/null
    fax-spool list --password-fd 3 15 3<bob.pw
    run --separate-stderr fax-spool list --password-fd 3 15 3<alice.pw
    expect_refusal 77
}

@test "being privileged, it links no network, print or image library" {
    needs ldd
    case $BIN in *san*) skip "the sanitizers bring their own" ;; esac
    run bash -c "ldd '$BIN/fax-spool' | grep -vE 'linux-vdso|ld-linux|lib(c|m|crypto|sqlite3|popt|z|dl|pthread)[.]'"
    [ -z "$output" ]
}

@test "a code is understood in letters of either case" {
    fuser add Carol --login carol --password-file "$T/alice.pw" --auto-receive on
    id=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/Carol" <mail)
    [[ $(fax-spool list cAROL) == "$id"* ]]
    [ "$(fax-spool take CAROL)" = "$id" ]
    fax-spool hold carol "$id"
    fax-print --user carol --password-fd 3 -o out.pdf 3<alice.pw
    [ -s out.pdf ] && [ -z "$(fax-spool list Carol)" ]
    [ "$(fuser journal --tsv | sed 1d | cut -f 3 | sort -u)" = Carol ]
    # And one that nobody has stays unknown.
    run fax-spool list dave
    expect_status 67
}

@test "the postmaster has no days of his own" {
    id=$(arrive postmaster)
    fax-spool take postmaster
    run --separate-stderr fax-spool hold postmaster "$id"
    expect_refusal 64
    fax-spool hold --days 2 postmaster "$id"
    [[ $(fax-spool list postmaster) == "$id"*held* ]]
}
