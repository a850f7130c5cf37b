#!/usr/bin/env bats
# mbox-poll against servers that misbehave, and killed anywhere: no mail lost, none doubled.
load ../lib/helper

setup_file() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$BATS_FILE_TMPDIR/key.pem" \
        -out "$BATS_FILE_TMPDIR/cert.pem" 2>/dev/null
}

setup() {
    scratch
    needs python3
    C=$BATS_FILE_TMPDIR
    echo secret >pw
    mkdir box
}
teardown() { cleanup; }

# Three mails in the fake server's box, kept in want/ too.
fill() {
    mkdir -p want
    printf 'From: a@peer.example\nSubject: one\nContent-Type: image/tiff\n\nII*\n.\n' >want/1.a
    printf 'From: b@peer.example\nSubject: two\nContent-Type: image/tiff\n\n..\n%s\n' "$(seq 100)" >want/2.b
    printf 'From: c@peer.example\nSubject: three\nContent-Type: image/tiff\n\n\n\n' >want/3.c
    cp want/* box/
}
# serve PROTO MODE: starts the fake server; U is its URL.
serve() {
    rm -f port
    background "$FAXPIPE_ROOT/test/lib/fake-mailbox" "$1" "$C/cert.pem" "$C/key.pem" port box "$2"
    until_true 10 test -s port
    U=${1}s://alice@localhost:$(cat port)
}
unserve() { cleanup; }
# A new station whose user 12 polls $U.
station() {
    rm -rf "$FAXPIPE_HOME"
    fuser init
    printf 'ca = %s\n' "$C/cert.pem" >>"$FAXPIPE_HOME/faxpipe.conf"
    fuser add 12 --login alice --mailbox "$U" --auto-receive on --text-mail on --password-file pw
    S=$FAXPIPE_HOME/spool/12
}
spooled() { find "$S/new" -type f | wc -l; }
# Every mail of want/ is in the spool exactly once, byte for byte, and nothing else is.
all_once() {
    local f
    [ "$(spooled)" -eq 3 ] || { echo "$(spooled) mails in the spool"; return 1; }
    for f in want/*; do
        [ "$(find "$S/new" -type f -exec cmp -s {} "$f" \; -print | wc -l)" -eq 1 ] ||
            { echo "$f is not there once"; return 1; }
    done
    [ -z "$(find "$S/tmp" -type f)" ] || { ls "$S/tmp"; return 1; }
}

@test "a connection cut at every step: all mails come, each once" {
    for proto in pop3 imap; do
        fill
        serve $proto cut:61
        station
        for _ in $(seq 200); do
            run --separate-stderr mbox-poll --user 12
            [ "$status" -eq 0 ] && break
            [ "$status" -eq 75 ] || { echo "$status: $stderr"; false; }
        done
        [ "$status" -eq 0 ]
        all_once
        [ -z "$(ls box)" ]
        unserve
    done
}

@test "servers without PIPELINING, UIDPLUS or TOP" {
    for server in 'pop3 plain' 'imap plain' 'pop3 no-top'; do
        fill
        # shellcheck disable=SC2086
        serve $server
        station
        mbox-poll --user 12
        all_once
        [ -z "$(ls box)" ]
        unserve
    done
}

@test "lies of a server: one line, 75 or 76, nothing in the spool, nothing deleted, bounded memory" {
    for server in 'pop3 endless-line 76' 'pop3 descending 76' 'pop3 bad-number 76' 'pop3 bad-size 76' \
        'pop3 no-uidl 69' 'pop3 no-end 75' 'imap endless-line 76' 'imap bye 75' 'imap bad-tag 76' \
        'imap bad-number 76' 'imap huge-literal 76' 'imap unasked 76' 'imap short-literal 75' \
        'imap long-literal 76' 'imap wrong-uid 76' 'imap no-end 75' 'imap deep 76'; do
        read -r proto mode want <<<"$server"
        fill
        serve "$proto" "$mode"
        station
        run --separate-stderr mbox-poll --user 12
        [ "$status" -eq "$want" ] || { echo "$server: $status $stderr"; false; }
        [ -z "$output" ] && [ "${#stderr_lines[@]}" -eq 1 ]
        [ "$(spooled)" -eq 0 ] && [ -z "$(find "$S/tmp" -type f)" ]
        [ "$(ls box | wc -l)" -eq 3 ]
        unserve
    done
}

# bats test_tags=nosan
@test "an endless line takes no memory" {
    for proto in pop3 imap; do
        fill
        serve $proto endless-line
        (ulimit -v 300000; run -76 --separate-stderr mbox-poll --url "$U" --ca "$C/cert.pem" --password-file pw --check)
        unserve
    done
}

# bats test_tags=nosan
@test "300,000 mails are listed in bounded memory, as far as the limit" {
    for proto in pop3 imap; do
        serve $proto many
        (ulimit -v 350000
         run -0 --separate-stderr mbox-poll --url "$U" --ca "$C/cert.pem" --password-file pw --check
         [[ $output == '250000 mails, '* ]] && [ "${#stderr_lines[@]}" -eq 1 ])
        unserve
    done
}

@test "a server that falls silent is waited for no longer than the time-out" {
    for proto in pop3 imap; do
        fill
        serve $proto silent
        station
        run --separate-stderr timeout 30 mbox-poll --user 12 --timeout 1
        expect_refusal 75
        unserve
    done
}

@test "a server that says a byte now and then is not waited for either" {
    for proto in pop3 imap; do
        fill
        serve $proto drip
        station
        run --separate-stderr timeout 30 mbox-poll --user 12 --timeout 1
        expect_refusal 75
        [[ $stderr == *'too slow'* ]]
        [ "$(ls box | wc -l)" -eq 3 ] && [ "$(spooled)" -eq 0 ]
        unserve
    done
}

# Without TLS from the first byte: what somebody between us and the server may do in clear.
@test "STARTTLS refused, stripped, injected or made needless: no password, nothing fetched" {
    cat >clear.py <<'PY'
import os, socket, ssl, sys
proto, mode = sys.argv[1:3]
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5)
open("port.new", "w").write(str(s.getsockname()[1])); os.rename("port.new", "port")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
c, _ = s.accept()
c.settimeout(10)
heard = open("heard", "ab", buffering=0)
def serve(c, secure):
    f = c.makefile("rb")
    while line := f.readline():
        heard.write(line)
        tag, words = ("", line) if proto == "pop3" else line.split(b" ", 1)
        verb = words.split()[0].upper()
        if proto == "pop3":
            good, bad = b"+OK\r\n", b"-ERR no\r\n"
            caps = b"+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\n" + (b"" if mode == "stripped" else b"STLS\r\n") + b".\r\n"
            injected = b"+OK\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n"
        else:
            good, bad = tag + b" OK\r\n", tag + b" NO no\r\n"
            caps = b"* CAPABILITY IMAP4rev1" + (b"" if mode == "stripped" else b" STARTTLS") + b"\r\n" + good
            injected = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA002 OK\r\n"
        if verb in (b"CAPA", b"CAPABILITY"): c.sendall(caps)
        elif verb in (b"STLS", b"STARTTLS"):
            if mode == "refused": c.sendall(bad)
            elif mode == "injected":
                c.sendall(good + injected)
                c = context.wrap_socket(c, server_side=True); f = c.makefile("rb")
            else: c.sendall(good)
        else: c.sendall(good)
try:
    greeting = b"+OK hello\r\n" if proto == "pop3" else b"* OK hello\r\n"
    c.sendall(b"* PREAUTH hello\r\n" if mode == "preauth" else greeting)
    serve(c, False)
except OSError: pass
PY
    for server in 'pop3 refused' 'pop3 stripped' 'pop3 injected' 'imap refused' 'imap stripped' \
        'imap injected' 'imap preauth'; do
        rm -f port heard
        # shellcheck disable=SC2086
        background python3 clear.py $server "$C/cert.pem" "$C/key.pem"
        until_true 10 test -s port
        run --separate-stderr mbox-poll --url "${server% *}://alice@localhost:$(cat port)" \
            --ca "$C/cert.pem" --password-file pw --timeout 5 --maildir md
        echo "$server: $status $stderr"
        [ "$status" -eq 69 ] || [ "$status" -eq 75 ] || [ "$status" -eq 76 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        no grep -aq "secret\|$(printf '\0alice\0secret' | base64)" heard
        no grep -aqi '^[^ ]* *\(USER\|PASS\|AUTH\|LOGIN\|SELECT\|LIST\)' heard
        [ -z "$(find md/new -type f 2>/dev/null)" ]
        unserve
    done
}

@test "garbage behind a mail: what was whole is kept, and comes no second time" {
    fill
    serve pop3 garbage
    station
    run --separate-stderr mbox-poll --user 12
    expect_status 76
    [ "$(spooled)" -eq 1 ]
    run --separate-stderr mbox-poll --user 12
    [ "$(spooled)" -eq 2 ]
    unserve
    serve pop3 good
    fuser edit 12 --mailbox "$U"
    [ "$(ls box | wc -l)" -eq 3 ]
}

@test "a mail that goes while we look is passed over" {
    fill
    serve pop3 no-mail
    station
    run -0 --separate-stderr mbox-poll --user 12
    [ "$(spooled)" -eq 2 ] && [ "$(ls box)" = 2.b ]
}

@test "a server that does not delete: 69, and nothing comes twice" {
    for proto in pop3 imap; do
        fill
        serve $proto no-delete
        station
        run --separate-stderr mbox-poll --user 12
        expect_status 69
        [ "$(spooled)" -eq 3 ] && [ "$(ls box | wc -l)" -eq 3 ]
        run --separate-stderr mbox-poll --user 12
        expect_status 69
        all_once
        unserve
    done
}

@test "two mails under one UIDL: each comes, none is lost" {
    fill
    serve pop3 twins
    station
    for _ in 1 2 3; do mbox-poll --user 12; done
    all_once
    [ -z "$(ls box)" ]
}

@test "waiting at a server that refuses, drops, or talks nonsense" {
    serve imap good
    station
    run -0 --separate-stderr mbox-poll --user 12 --idle
    [ "$(spooled)" -eq 1 ]
    unserve
    for server in 'no-idle 69' 'idle-bye 75' 'idle-cut 75' 'idle-mail 76'; do
        rm -f box/*
        serve imap "${server% *}"
        fuser edit 12 --mailbox "$U"
        run --separate-stderr mbox-poll --user 12 --idle
        expect_refusal "${server#* }"
        unserve
    done
}

# Killed at the first, last and some other calls of each kind that leaves traces: whatever came of
# it, the next run ends with every mail once.
# bats test_tags=nosan
@test "killed at any system call that writes: nothing lost, nothing doubled" {
    needs strace
    local killed=0
    for proto in pop3 imap; do
        serve $proto good
        station
        rm -rf fresh
        cp -a "$FAXPIPE_HOME" fresh
        calls='write pwrite64 fsync fdatasync ?link,linkat ?unlink,unlinkat'
        [ $proto = pop3 ] || calls='fsync ?link,linkat'
        fill
        strace -qq -f -o calls -e trace="${calls// /,}" mbox-poll --user 12 >/dev/null
        for call in $calls; do
            names=${call//\?/}
            count=$(grep -cE "^[0-9]+ +(${names//,/|})\\(" calls) || continue
            for n in 1 3/8 last; do
                rm -rf box "$FAXPIPE_HOME"
                mkdir box
                fill
                cp -a fresh "$FAXPIPE_HOME"
                [ $n != last ] || n=$count
                n=$((n == 0 ? 1 : $( [[ $n == */* ]] && echo "$count * ${n%/*} / ${n#*/}" || echo $n)))
                [ $n -ge 1 ] || n=1
                status=0
                strace -qq -f -o /dev/null -e trace="$call" -e inject="$call":signal=KILL:when="$n" \
                    mbox-poll --user 12 >/dev/null 2>&1 || status=$?
                [ $status -ne 137 ] || killed=$((killed + 1))
                mbox-poll --user 12 >/dev/null
                rm -f "$S"/tmp/*
                all_once || { echo "killed at $call $n of $count over $proto"; false; }
                [ -z "$(ls box)" ]
            done
        done
        unserve
    done
    echo "killed $killed times"
    [ $killed -ge 15 ]
}
