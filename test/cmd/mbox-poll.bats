#!/usr/bin/env bats
# mbox-poll against a real Dovecot: POP3, POP3S, IMAP, IMAPS; into spool, maildir, command, mbox.
load ../lib/helper

setup_file() {
    command -v dovecot >/dev/null || return 0
    D=$(mktemp -d /tmp/fxd.XXXXXX)
    P=$(python3 - <<'PY'
import socket
for base in range(21000, 60000, 7):
    try:
        for i in range(5):
            s = socket.socket(); s.bind(("127.0.0.1", base + i)); s.close()
    except OSError:
        continue
    print(base); break
PY
)
    export D P
    chmod 755 "$D"
    "$BATS_TEST_DIRNAME/../lib/start-dovecot" "$D" "$P" </dev/null >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- 4>&- &
    echo $! >"$BATS_FILE_TMPDIR/pid"
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$P") 2>/dev/null && break
        sleep 0.05
    done
}

teardown_file() {
    [ -e "$BATS_FILE_TMPDIR/pid" ] || return 0
    kill "$(cat "$BATS_FILE_TMPDIR/pid")" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$D"
}

setup() {
    scratch
    needs dovecot
    M=$D/home/alice/Maildir
    find "$M" -type f -delete
    echo secret >pw
    URLS="pop3://alice@localhost:$((P + 2)) pop3s://alice@localhost:$((P + 3))
        imap://alice@localhost:$P imaps://alice@localhost:$((P + 1))"
    POP=pop3s://alice@localhost:$((P + 3))
    IMAP=imaps://alice@localhost:$((P + 1))
}
teardown() { cleanup; }

# put NAME FROM TYPE: a mail of this sender and type in alice's mailbox, body from stdin.
put() {
    { printf 'From: Some One <%s>\nTo: alice@fax.example\nSubject: %s\nMIME-Version: 1.0\n' "$2" "$1"
      printf 'Content-Type: %s\n\n' "$3"; cat; } >"$1.eml"
    install -m 644 "$1.eml" "$M/tmp/$1"
    [ "$(id -u)" != 0 ] || chown 65534:65534 "$M/tmp/$1"
    mv "$M/tmp/$1" "$M/new/$1"
}
put3() {
    echo 'II*' | put 1.fax fax@peer.example image/tiff
    printf 'only words\n.\n..two\nFrom me\n' | put 2.text bob@peer.example 'text/plain; charset=utf-8'
    printf -- '--b\nContent-Type: text/plain\n\ncover\n--b\nContent-Type: image/tiff\n\nII*\n--b--\n' |
        put 3.mixed carol@peer.example 'multipart/mixed; boundary=b'
}
on_server() { find "$M" -path '*/new/*' -o -path '*/cur/*' | wc -l; }
poll() { mbox-poll --url "$1" --ca "$D/cert.pem" --password-file pw "${@:2}"; }
# A station with alice as user 12 whose mailbox is the URL.
station() {
    fuser init
    [ -z "${2:-}" ] || printf '%s\n' "$2" >>"$FAXPIPE_HOME/faxpipe.conf"
    printf 'ca = %s\n' "$D/cert.pem" >>"$FAXPIPE_HOME/faxpipe.conf"
    fuser add 12 --name Alice --address alice@fax.example --login alice --mailbox "$1" \
        --auto-receive on --auto-print off --days 7 --text-mail on --password-file pw
    S=$FAXPIPE_HOME/spool/12
}
spooled() { find "$S/new" -type f | wc -l; }

@test "every protocol: byte-exact into a maildir, then deleted on the server" {
    for url in $URLS; do
        rm -rf md
        put3
        run -0 --separate-stderr poll "$url" --maildir md
        [ "${#lines[@]}" -eq 3 ]
        [ "$(on_server)" -eq 0 ]
        for line in "${lines[@]}"; do
            read -r id size from <<<"$line"
            [ "$(stat -c %s "md/new/$id")" -eq "$size" ]
            case $from in
            fax@*) cmp "md/new/$id" 1.fax.eml ;;
            bob@*) cmp "md/new/$id" 2.text.eml ;;
            carol@*) cmp "md/new/$id" 3.mixed.eml ;;
            *) false ;;
            esac
        done
        run -0 --separate-stderr poll "$url" --maildir md
        [ -z "$output" ] && [ -z "$stderr" ]
    done
}

@test "--check counts, and says 1 where nothing is" {
    for url in $POP $IMAP; do
        run -1 --separate-stderr poll "$url" --check
        [ "$output" = '0 mails, 0 octets' ]
    done
    put3
    for url in $POP $IMAP; do
        run -0 poll "$url" --check --json
        python3 -c 'import json,sys; d = json.loads(sys.argv[1]); assert d["mails"] == 3 and d["octets"] > 300' "$output"
    done
    [ "$(on_server)" -eq 3 ]
}

@test "--list tells kind and sender of each" {
    put3
    for url in $POP $IMAP; do
        poll "$url" --list --json >list
        python3 - <<'PY'
import json
rows = json.load(open("list"))
assert [r["kind"] for r in rows] == ["fax", "text", "mixed"], rows
assert [r["from"] for r in rows] == ["fax@peer.example", "bob@peer.example", "carol@peer.example"], rows
assert all(r["state"] == "new" and r["size"] > 0 and r["uid"] for r in rows)
PY
        [ "$(poll "$url" --list | wc -l)" -eq 3 ]
    done
}

@test "--mbox - is an mbox that Python reads, and keeps the mail" {
    put3
    for url in $POP $IMAP; do
        poll "$url" --mbox - >box
        python3 - <<'PY'
import mailbox
box = list(mailbox.mbox("box"))
assert [m["Subject"] for m in box] == ["1.fax", "2.text", "3.mixed"]
assert ">From me" in box[1].get_payload()
PY
    done
    [ "$(on_server)" -eq 3 ]
    poll "$POP" --mbox - --delete >/dev/null
    [ "$(on_server)" -eq 0 ]
}

@test "--exec: status 0 deletes, another leaves the mail" {
    put3
    printf '#!/bin/sh\ncat >"got.$$"; ! grep -q "^Subject: 2" "got.$$"\n' >take
    chmod +x take
    for url in $POP $IMAP; do
        run -75 --separate-stderr poll "$url" --exec "$T/take"
        [ "$(on_server)" -eq 1 ]
    done
    run -0 --separate-stderr poll "$POP" --exec 'sh -c "cat >words"'
    cmp words 2.text.eml
    [ "$(on_server)" -eq 0 ]
}

@test "--text off leaves what is only text; --max and --max-size leave the rest" {
    for url in $POP $IMAP; do
        rm -rf md
        put3
        poll "$url" --maildir md --text off
        [ "$(on_server)" -eq 1 ]
        poll "$url" --maildir md
        put3
        poll "$url" --maildir md --max 2
        [ "$(on_server)" -eq 1 ]
        poll "$url" --maildir md
        head -c 5000 /dev/zero | tr '\0' x | put 4.big big@peer.example text/plain
        run -0 --separate-stderr poll "$url" --maildir md --max-size 4K
        [ "${#stderr_lines[@]}" -eq 1 ] && [ "$(on_server)" -eq 1 ]
        poll "$url" --maildir md
    done
}

@test "a user's mail goes into his spool, once" {
    for url in $POP $IMAP; do
        rm -rf "$FAXPIPE_HOME"
        station "$url"
        put3
        run -0 --separate-stderr mbox-poll --user 12 --json
        [ "${#lines[@]}" -eq 3 ]
        id=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["id"])' "${lines[0]}")
        cmp "$S/new/$id" 1.fax.eml
        [ "$(spooled)" -eq 3 ] && [ "$(on_server)" -eq 0 ]
        run -0 --separate-stderr mbox-poll --user 12
        [ -z "$output" ]
        run -1 mbox-poll --user 12 --check
        [ "$(spooled)" -eq 3 ]
    done
}

@test "--keep gives each mail once; --keep-days deletes it later" {
    for url in $POP $IMAP; do
        rm -rf "$FAXPIPE_HOME"
        find "$M" -type f -delete
        station "$url"
        put3
        mbox-poll --user 12 --keep
        [ "$(spooled)" -eq 3 ] && [ "$(on_server)" -eq 3 ]
        run -0 --separate-stderr mbox-poll --user 12 --keep
        [ -z "$output" ] && [ "$(spooled)" -eq 3 ]
        run -0 --separate-stderr mbox-poll --user 12 --list
        [ "$(grep -c ' seen ' <<<"$output")" -eq 3 ]
        mbox-poll --user 12 --keep-days 2
        [ "$(on_server)" -eq 3 ]
        python3 - "$FAXPIPE_HOME/state/state.db" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
table = [r[0] for r in db.execute("select name from sqlite_master where name like '%seen%' and type='table'")][0]
column = [r[1] for r in db.execute(f"pragma table_info({table})") if "when" in r[1] or "time" in r[1]][0]
db.execute(f'update {table} set "{column}" = "{column}" - 3 * 86400')
db.commit()
PY
        run -0 --separate-stderr mbox-poll --user 12 --keep-days 2
        [ -z "$output" ] && [ "$(spooled)" -eq 3 ] && [ "$(on_server)" -eq 0 ]
    done
}

@test "text-mail off: that one mail stays on the server, the others come" {
    for url in $POP $IMAP; do
        rm -rf "$FAXPIPE_HOME"
        find "$M" -type f -delete
        station "$url"
        fuser edit 12 --text-mail off
        put3
        mbox-poll --user 12
        [ "$(spooled)" -eq 2 ] && [ "$(on_server)" -eq 1 ]
        run -0 --separate-stderr mbox-poll --user 12
        [ -z "$output" ]
        fuser sender set @peer.example 12 --text-mail on
        mbox-poll --user 12
        [ "$(spooled)" -eq 3 ] && [ "$(on_server)" -eq 0 ]
    done
}

@test "a refused sender's mail is left on the server" {
    for url in $POP $IMAP; do
        rm -rf "$FAXPIPE_HOME"
        find "$M" -type f -delete
        station "$url"
        fuser sender set bob@peer.example 12 --refuse
        put3
        mbox-poll --user 12
        [ "$(spooled)" -eq 2 ] && [ "$(on_server)" -eq 1 ]
    done
}

@test "over spool-limit confidential mail waits, what is printed at once does not" {
    station "$POP" 'spool-limit = 200'
    put3
    mbox-poll --user 12
    [ "$(spooled)" -eq 2 ] && [ "$(on_server)" -eq 1 ]
    fuser edit 12 --auto-print on
    mbox-poll --user 12
    [ "$(spooled)" -eq 3 ] && [ "$(on_server)" -eq 0 ]
}

@test "two polls at once: the second leaves all to the first" {
    station "$POP"
    put3
    exec 9>>"$FAXPIPE_HOME/db/12.poll"
    flock 9
    run --separate-stderr mbox-poll --user 12 9>&-
    expect_refusal 75
    exec 9>&-
    [ "$(on_server)" -eq 3 ]
    (mbox-poll --user 12 >a 2>/dev/null) &
    mbox-poll --user 12 >b 2>/dev/null || [ $? -eq 75 ]
    wait $! || [ $? -eq 75 ]
    mbox-poll --user 12 >c
    [ "$(cat a b c | wc -l)" -eq 3 ] && [ "$(spooled)" -eq 3 ] && [ "$(on_server)" -eq 0 ]
}

@test "two users, one mailbox each; the same UID in another mailbox is another mail" {
    station "$POP"
    put3
    mbox-poll --user 12 --keep >/dev/null
    fuser edit 12 --mailbox "$IMAP"
    mbox-poll --user 12 >/dev/null
    [ "$(spooled)" -eq 6 ]
}

@test "--idle waits until there is mail that may be fetched" {
    station "$IMAP"
    fuser edit 12 --text-mail off
    mbox-poll --user 12 --idle >taken 2>waiting &
    PIDS+=($!)
    words() { echo words | put "$1" bob@peer.example text/plain; }
    words 1.text
    echo 'II*' | put 2.fax fax@peer.example image/tiff
    until_true 20 test -s taken
    wait "${PIDS[0]}"
    PIDS=()
    cmp "$S/new/$(cut -d' ' -f1 taken)" 2.fax.eml
    [ "$(on_server)" -eq 1 ] && [ ! -s waiting ]
    run --separate-stderr poll "$POP" --maildir md --text off --idle
    expect_refusal 69
    background mbox-poll --user 12 --idle -v
    until_true 10 grep -q IDLE background.log
    run -0 mbox-poll --user 12 --check
    kill "${PIDS[0]}"
    wait "${PIDS[0]}" || [ $? -eq 143 ]
    PIDS=()
}

@test "a folder whose name is not ASCII" {
    echo 'II*' | put 1.fax fax@peer.example image/tiff
    mkdir -p "$M/.Entw&APw-rfe &- so"/{tmp,new,cur}
    mv "$M/new/1.fax" "$M/.Entw&APw-rfe &- so/new/"
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$M"
    poll "$IMAP/Entw%C3%BCrfe%20%26%20so" --maildir md
    cmp md/new/* 1.fax.eml
    run -1 poll "$IMAP" --check
}

# bats test_tags=nosan
@test "a 20 MiB mail in bounded memory" {
    head -c 15M /dev/zero | base64 | put 1.big a@b.example image/tiff
    for url in $POP $IMAP; do
        rm -rf md
        (ulimit -v 300000; poll "$url" --maildir md --keep >/dev/null)
        cmp md/new/* 1.big.eml
    done
}

@test "wrong password, dead server, unknown host, bad certificate, missing folder" {
    echo wrong >bad
    run --separate-stderr mbox-poll --url "$POP" --ca "$D/cert.pem" --password-file bad --check
    expect_refusal 77
    for url in $POP $IMAP; do
        run --separate-stderr mbox-poll --url "$url" --password-file pw --check
        expect_refusal 77
    done
    dead=$(free_port)
    run --separate-stderr poll "pop3s://alice@localhost:$dead" --check
    expect_refusal 75
    export RES_OPTIONS='attempts:1 timeout:1'
    run --separate-stderr poll "imaps://alice@no-such-host.invalid" --check
    expect_refusal 68
    run --separate-stderr poll "$IMAP/NoSuchFolder" --check
    expect_refusal 69
    run --separate-stderr mbox-poll --url "$POP" --ca missing.pem --password-file pw --check
    expect_refusal 66
}

@test "unknown user 67, no mailbox 78, no station 78" {
    run --separate-stderr mbox-poll --user 12
    expect_refusal 78
    station "$POP"
    run --separate-stderr mbox-poll --user 99
    expect_refusal 67
    fuser add 13 --login bob --password-file pw
    run --separate-stderr mbox-poll --user 13
    expect_refusal 78
}

@test "options that make no sense are 64" {
    for options in '' '--user 12 --url x' '--user 12 --mbox -' "--url $POP" '--nonsense' \
        "--url $POP --mbox file" "--url $POP --mbox - --keep --delete" "--url $POP --check --list" \
        "--url $POP --mbox - --text maybe" "--url $POP --mbox - --max-size x" \
        "--url $POP --mbox - --tls maybe" "--url $POP --mbox - --tls none" \
        "--url smtp://a@b --check" "--url pop3s://localhost --check" "--url pop3s://a:b@c --check" \
        "--url $POP --mbox - --keep-days 3" "--user 12 operand"; do
        # shellcheck disable=SC2086
        run --separate-stderr mbox-poll $options --password-file pw
        [ "$status" -eq 64 ] || { echo "$options: $status $stderr"; false; }
        [ -z "$output" ] && [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "a full disk: nothing is deleted on the server" {
    put3
    run -74 --separate-stderr bash -c "mbox-poll --url $POP --ca $D/cert.pem --password-file pw --mbox - --delete >/dev/full"
    [ "$(on_server)" -eq 3 ]
    mkdir -p md/new md/cur
    : >md/tmp
    run --separate-stderr poll "$POP" --maildir md
    expect_refusal 73
    [ "$(on_server)" -eq 3 ]
}

@test "passwords are seen neither in the trace nor in the process list" {
    put3
    run -0 --separate-stderr poll "$POP" --mbox - -v
    [[ $stderr != *secret* ]]
    run ! grep -q "$(printf '\0alice\0secret' | base64)" <<<"$stderr"
}
