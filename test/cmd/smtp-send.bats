# The sender-SMTP as a program: command line, every reply at every step, TLS, real receivers.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n.dot\n' >mail.eml
}
teardown() { cleanup; }

send() { run --separate-stderr smtp-send --url "$URL" --timeout 10 "$@"; }

# certificate NAME DAYS SUBJECT-ALT-NAME...: NAME.pem, NAME.key, signed by itself.
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days "$2" -subj "/CN=$1" -addext "subjectAltName=$3" \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

@test "usage errors are 64, before anything is sent" {
    fake
    for args in "--nonsense" "--tls maybe" "--verb shout" "--host a --url smtp://b" "-o q" \
        "--timeout -1" "--stdio" "--stdio --file mail.eml --json" "--user 1 --password-fd 3"; do
        # shellcheck disable=SC2086
        run smtp-send $args bob@there.example <mail.eml
        expect_status 64 || { echo "args: $args"; return 1; }
    done
    run smtp-send --help-peer
    expect_status 64
    run smtp-send --url "smtp://u:secret@127.0.0.1:$PORT" bob@there.example <mail.eml
    expect_status 64
    [[ "$output" != *secret* ]]
    run smtp-send --url pop3://127.0.0.1 bob@there.example <mail.eml
    expect_status 64
    [ ! -s fake/log ]
}

@test "no recipients is 64, an empty mail 65, a missing file 66, each with one line" {
    fake
    printf 'Subject: x\n\nno recipients\n' | { run --separate-stderr smtp-send --url "$URL"; expect_refusal 64; }
    run --separate-stderr smtp-send --url "$URL" bob@there.example </dev/null
    expect_refusal 65
    send --file nowhere.eml bob@there.example
    expect_refusal 66
    [ ! -s fake/log ]
}

@test "CR, LF and other non-addresses are 65 and nothing is sent" {
    fake
    for bad in $'bob@x\r\nRCPT TO:<eve@x>' $'bob@x\neve' 'bob eve@x' 'bob@x>' '"bob@x'; do
        run --separate-stderr smtp-send --url "$URL" -f alice@x "$bad" <mail.eml
        expect_refusal 65 || { echo "$bad"; return 1; }
        run --separate-stderr smtp-send --url "$URL" -f "$bad" bob@x <mail.eml
        expect_refusal 65 || { echo "$bad"; return 1; }
    done
    run --separate-stderr smtp-send --url "$URL" --helo $'me\r\nQUIT' bob@x <mail.eml
    expect_refusal 65
    [ ! -s fake/log ]
}

@test "a mail goes out in one flight, byte by byte as it should" {
    fake 'caps: PIPELINING;SIZE 100000;8BITMIME'
    printf 'Subject: x\n\n.a\r\n..\r\nbare\rcr\nno end' | smtp-send --url "$URL" -f a@x b@x c@x
    printf 'Subject: x\r\n\r\n..a\r\n...\r\nbare cr\r\nno end\r\n' | cmp - fake/mail.1
    tr -d '\r' <fake/log >log
    printf 'EHLO %s\nMAIL FROM:<a@x> SIZE=39\nRCPT TO:<b@x>\nRCPT TO:<c@x>\nDATA\nQUIT\n' "$(uname -n)" | diff - log
}

@test "replies split at every byte" {
    fake 'split: yes' 'rcpt c@x: 550-5.1.1 no\n550 5.1.1 such user'
    send -f a@x b@x c@x --json <mail.eml
    expect_status 67
    [ "${#lines[@]}" -eq 2 ]
    [[ "${lines[1]}" == *'"recipient": "c@x", "status": "failed", "code": 550, "enhanced": "5.1.1", "text": "no such user", "exit": 67'* ]]
}

@test "every 4yz and 5yz at every step" {
    local step n=0
    for step in greeting mail rcpt data content; do
        fake "$step: 451 4.3.0 later"
        send -f a@x b@x <mail.eml
        expect_status 75 || { echo "$step 4yz"; return 1; }
        fake "$step: 554 5.3.0 never"
        send -f a@x b@x <mail.eml
        expect_status 69 || { echo "$step 5yz"; return 1; }
        fake "$step: 421 4.3.2 closing then drop"
        send -f a@x b@x <mail.eml
        expect_status 75 || { echo "$step 421"; return 1; }
        n=$((n + $(find fake -name 'mail.*' | wc -l)))
    done
    # The content was said only where it was asked for.
    [ "$n" -eq 1 ]
    fake 'ehlo: 451 4.3.0 later' 'helo: 451 4.3.0 later'
    send -f a@x b@x <mail.eml
    expect_status 75
}

@test "drops, resets and garbage at every step are 75 and 76" {
    local step
    for step in greeting ehlo mail rcpt data content; do
        fake "$step: drop"
        send -f a@x b@x --json <mail.eml
        expect_status 75 || { echo "$step drop"; return 1; }
        [[ "$output" == *'"status": "deferred"'* ]]
        fake "$step: reset"
        send -f a@x b@x <mail.eml
        expect_status 75 || { echo "$step reset"; return 1; }
        fake "$step: garbage"
        send -f a@x b@x --json <mail.eml
        expect_status 76 || { echo "$step garbage"; return 1; }
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "half a reply is none: 75" {
    local step
    for step in greeting mail rcpt data content; do
        fake "$step: raw 250-2.1.0 ok\\r\\n25 then drop"
        send -f a@x b@x <mail.eml
        expect_status 75 || { echo "$step"; return 1; }
    done
}

@test "a peer that says nothing is 75 after the time-out" {
    local step
    for step in mail content; do
        fake "$step: hang"
        run --separate-stderr smtp-send --url "$URL" --timeout 1 -f a@x b@x <mail.eml
        expect_status 75 || { echo "$step"; return 1; }
    done
}

@test "a lost 221 does no harm" {
    fake 'quit: drop'
    send -f a@x b@x <mail.eml
    expect_status 0
}

@test "the worst recipient's status, and each one's own fate" {
    fake 'rcpt later@x: 450 4.2.1 later' 'rcpt nobody@x: 550 5.1.1 nobody' 'rcpt not@x: 550 5.7.1 no'
    send -f a@x good@x later@x --json <mail.eml
    expect_status 75
    send -f a@x good@x later@x not@x --json <mail.eml
    expect_status 69
    send -f a@x good@x later@x not@x nobody@x --json <mail.eml
    expect_status 67
    python3 - "$output" <<'PY'
import json, sys
got = [json.loads(line) for line in sys.argv[1].splitlines()]
assert [(g["recipient"], g["status"], g["code"], g["enhanced"], g["exit"]) for g in got] == [
    ("good@x", "sent", 250, "2.0.0", 0), ("later@x", "deferred", 450, "4.2.1", 75),
    ("not@x", "failed", 550, "5.7.1", 69), ("nobody@x", "failed", 550, "5.1.1", 67)], got
PY
    [ -s fake/mail.3 ]
}

@test "more recipients than the receiver takes at once go in further mails" {
    fake 'rcpt#3: 452 4.5.3 too many' 'rcpt#4: 452 4.5.3 too many'
    send -f a@x r1@x r2@x r3@x r4@x --json <mail.eml
    expect_status 0
    [ "$(grep -c '"status": "sent"' <<<"$output")" -eq 4 ]
    [ -s fake/mail.2 ] && [ ! -e fake/mail.3 ]
}

@test "a receiver of 1982: HELO, one command at a time" {
    fake 'ehlo: 500 what?'
    send -f a@x b@x --verb soml <mail.eml
    expect_status 0
    tr -d '\r' <fake/log | sed 's/ .*//' | tr '\n' ' ' | grep -qx 'EHLO HELO SOML RCPT DATA QUIT '
}

@test "what the receiver has said it does not take is not sent: 69" {
    fake 'caps: SIZE 20'
    send -f a@x b@x <mail.eml
    expect_status 69
    printf 'S: caf\303\251\n\nx\n' >eight
    send -f a@x b@x <eight
    expect_status 69
    send -f a@x 'é@x' <<<x
    expect_status 69
    no grep -q MAIL fake/log
}

@test "a verdict in the middle of the content, while we write" {
    fake 'early-content: 100000 552 5.3.4 too large then drop'
    { cat mail.eml; head -c 3000000 /dev/zero | tr '\0' 'x' | fold; } >big
    send -f a@x b@x <big
    expect_status 69
    [ ! -e fake/mail.1 ]
}

@test "recipients and author from the header; Bcc does not go out" {
    fake
    printf 'From: Alice <alice@x>\nTo: b@x, "C, D" <c@x>\nCc: d@x\nBcc: secret@x,\n e@x\nSubject: s\n\nBcc: body\n' >m
    send --json <m
    expect_status 0
    [ "${#lines[@]}" -eq 5 ]
    grep -q '^MAIL FROM:<alice@x>' fake/log
    grep -q 'RCPT TO:<secret@x>' fake/log
    no grep -q secret fake/mail.1
    grep -q 'Bcc: body' fake/mail.1
    # With operands the header's are left alone, unless -t asks for them too.
    send other@x --json <m
    [ "${#lines[@]}" -eq 1 ]
    grep -q secret fake/mail.2
    send -oi -t other@x --json <m
    [ "${#lines[@]}" -eq 6 ]
}

@test "a Bcc behind a From line within the header does not go out either" {
    fake
    printf 'From: Alice <alice@x>\nTo: b@x\n>From bob Mon\nBcc: secret@x\nSubject: s\n\nx\n' >m
    send <m
    expect_status 0
    grep -q 'RCPT TO:<secret@x>' fake/log
    no grep -q secret fake/mail.1
    grep -q '^Subject: s' fake/mail.1
}

@test "the null reverse-path" {
    fake
    send -f '<>' b@x <mail.eml
    expect_status 0
    grep -q '^MAIL FROM:<>' fake/log
}

@test "several mails use one connection, and RSET parts them after a failure" {
    fake 'rcpt#2: 550 5.1.1 no'
    send -f a@x b@x --file mail.eml --file mail.eml --file mail.eml --json
    expect_status 67
    [[ "${lines[1]}" == *'"failed"'*'"mail": 2'* ]]
    [[ "${lines[2]}" == *'"sent"'*'"mail": 3'* ]]
    [ "$(grep -c EHLO fake/log)" -eq 1 ]
    [ "$(grep -c RSET fake/log)" -eq 1 ]
    [ -s fake/mail.2 ] && [ ! -e fake/mail.3 ]
}

@test "an mbox" {
    fake
    printf 'From a Sat\nTo: one@x\nFrom: a@x\n\n>From here\n\nFrom b Sun\nTo: two@x\nFrom: b@x\n\ntwo\n' >m.mbox
    send --mbox --json <m.mbox
    expect_status 0
    [[ "${lines[0]}" == *one@x* && "${lines[1]}" == *two@x* ]]
    grep -q '^From here' fake/mail.1
    send --mbox b@x <mail.eml
    expect_refusal 65
}

@test "only a whole mail is sent" {
    fake
    mkfifo pipe
    smtp-send --url "$URL" -f a@x b@x <pipe 3>&- 4>&- &
    local pid=$!
    exec 9>pipe
    cat mail.eml >&9
    kill "$pid"
    run wait "$pid"
    exec 9>&-
    [ ! -s fake/log ]
}

@test "host not found 68, refused 75" {
    run --separate-stderr smtp-send --host nowhere.invalid -f a@x b@x --json <mail.eml
    expect_status 68
    [[ "$output" == *'"status": "deferred", "code": 0'*'"exit": 68'* ]]
    run smtp-send --url "smtp://127.0.0.1:$(free_port)" -f a@x b@x <mail.eml
    expect_status 75
}

@test "the settings' smarthost where nothing else is said" {
    fake
    mkdir station
    echo "smarthost = $URL" >station/faxpipe.conf
    run smtp-send -f a@x b@x <mail.eml
    expect_status 0
    [ -s fake/mail.1 ]
}

@test "certificates: self-signed, expired and of another name are 77 when TLS is required" {
    certificate good 2 DNS:localhost
    certificate other 2 DNS:other.example
    openssl req -new -newkey rsa:2048 -nodes -subj /CN=old -addext subjectAltName=DNS:localhost \
        -keyout old.key -out old.csr 2>/dev/null
    printf 'subjectAltName=DNS:localhost\n' >ext
    openssl x509 -req -in old.csr -signkey old.key -extfile ext -days -1 -out old.pem 2>/dev/null
    for c in good other old; do
        fake "cert: $c.pem" "key: $c.key"
        local url=smtp://localhost:$PORT ca=$c.pem want=77
        run --separate-stderr smtp-send --url "$url" --tls require -f a@x b@x <mail.eml
        expect_status 77 || { echo "$c, not trusted"; return 1; }
        [ "$c" != good ] || want=0
        run --separate-stderr smtp-send --url "$url" --tls require --ca "$ca" -f a@x b@x <mail.eml
        expect_status "$want" || { echo "$c, trusted: $stderr"; return 1; }
        # Nothing was said in clear but EHLO and STARTTLS.
        [ "$want" = 0 ] || no grep -qvE '^(EHLO|STARTTLS)' fake/log
        # try takes what it gets.
        run smtp-send --url "$url" -f a@x b@x <mail.eml
        expect_status 0 || { echo "$c, try"; return 1; }
    done
}

@test "STARTTLS wanted and not offered is 69; refused for now 75" {
    fake
    send --tls require -f a@x b@x <mail.eml
    expect_status 69
    no grep -q MAIL fake/log
    certificate good 2 DNS:localhost
    fake 'cert: good.pem' 'key: good.key' 'starttls: 454 4.7.0 not now'
    send --tls require -f a@x b@x <mail.eml
    expect_status 75
}

@test "bytes slipped in behind the answer to STARTTLS are 76" {
    certificate good 2 DNS:localhost
    fake 'cert: good.pem' 'key: good.key' 'starttls: raw 220 go\r\n250-x\r\n250 AUTH PLAIN\r\n'
    run --separate-stderr smtp-send --url "smtp://localhost:$PORT" --tls require --ca good.pem -f a@x b@x <mail.eml
    expect_status 76
    no grep -q MAIL fake/log
}

@test "a password goes only over TLS, to a proven server, and is never shown" {
    echo wonderland >pw
    fake 'caps: AUTH PLAIN LOGIN'
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" --password-file pw -f a@x b@x <mail.eml
    expect_status 69
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" --tls none --password-file pw -f a@x b@x <mail.eml
    expect_status 64
    no grep -qi AUTH fake/log
    certificate good 2 DNS:localhost
    fake 'caps: AUTH PLAIN LOGIN' 'cert: good.pem' 'key: good.key'
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" --password-file pw -f a@x b@x <mail.eml
    expect_status 77
    no grep -qi AUTH fake/log
    run --separate-stderr smtp-send -v --url "smtp://alice@localhost:$PORT" --password-file pw --ca good.pem -f a@x b@x <mail.eml
    expect_status 0
    [[ "$stderr" == *'AUTH PLAIN'* && "$stderr" == *'********'* ]]
    [[ "$stderr" != *wonderland* && "$stderr" != *"$(printf '\0alice\0wonderland' | base64)"* ]]
    fake 'caps: AUTH PLAIN' 'cert: good.pem' 'key: good.key' 'auth: 535 5.7.8 wrong'
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" --password-file pw --ca good.pem -f a@x b@x <mail.eml
    expect_status 77
    fake 'cert: good.pem' 'key: good.key'
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" --password-file pw --ca good.pem -f a@x b@x <mail.eml
    expect_status 69
    no grep -q MAIL fake/log
}

@test "TLS from the first byte" {
    certificate good 2 DNS:localhost
    fake 'tls: yes' 'cert: good.pem' 'key: good.key'
    run smtp-send --url "smtps://localhost:$PORT" --ca good.pem -f a@x b@x <mail.eml
    expect_status 0
    run smtp-send --url "smtps://localhost:$PORT" -f a@x b@x <mail.eml
    expect_status 77
    run smtp-send --url "smtps://localhost:$PORT" --tls none -f a@x b@x <mail.eml
    expect_status 64
}

@test "LMTP: a verdict for each recipient" {
    fake 'lmtp: yes' 'content full@x: 452 4.2.2 full' 'rcpt no@x: 550 5.1.1 no'
    run --separate-stderr smtp-send --url "lmtp://127.0.0.1:$PORT" -f a@x good@x no@x full@x --json <mail.eml
    expect_status 67
    [[ "${lines[0]}" == *'"sent"'* && "${lines[1]}" == *'"failed"'* && "${lines[2]}" == *'"code": 452'* ]]
    grep -q '^LHLO' fake/log
}

@test "LMTP over a unix socket" {
    needs socat
    fake 'lmtp: yes'
    background socat "UNIX-LISTEN:$T/s,fork" "TCP:127.0.0.1:$PORT"
    until_true 10 test -S s
    run smtp-send --url "lmtp://$T/s" -f a@x b@x c@x --json <mail.eml
    expect_status 0
    [ "${#lines[@]}" -eq 2 ]
    # An HTTP proxy is none for LMTP.
    http_proxy=http://127.0.0.1:1 run smtp-send --url "lmtp://127.0.0.1:$PORT" -f a@x b@x <mail.eml
    expect_status 0
    run smtp-send --url "lmtp://$T/nowhere" -f a@x b@x <mail.eml
    expect_status 75
}

@test "addresses beyond ASCII, where the receiver takes them" {
    fake 'caps: SMTPUTF8;8BITMIME'
    run smtp-send --url "$URL" -f a@x 'é@x' <mail.eml
    expect_status 0
    grep -q '^MAIL FROM:<a@x> SMTPUTF8' fake/log
    grep -q '^RCPT TO:<é@x>' fake/log
}

@test "on stdin and stdout, over any stream" {
    needs socat
    fake
    socat -t5 "EXEC:smtp-send --stdio --file mail.eml -f a@x b@x" "TCP:127.0.0.1:$PORT"
    grep -q '^\.\.dot' fake/mail.1
    run bash -c 'smtp-send --stdio --file mail.eml b@x </dev/null'
    expect_status 75
}

@test "stdout lost: 74" {
    fake
    run bash -c "smtp-send --url $URL -f a@x b@x --json <mail.eml >/dev/full"
    expect_status 74
}

@test "thousands of recipients in one flight, and replies that come meanwhile" {
    fake "rcpt: 250 2.1.5 $(head -c 300 /dev/zero | tr '\0' k)" 'rcpt r7@x: 550 5.1.1 no'
    seq -f 'To: r%g@x' 1 6000 >m
    printf 'From: a@x\n\nHi\n' >>m
    smtp-send --url "$URL" --json <m >out 2>err || [ "$?" -eq 67 ]
    [ "$(grep -c '"sent"' out)" -eq 5999 ]
    [ "$(grep -c '"exit": 67' out)" -eq 1 ]
}

# bats test_tags=nosan
@test "a large mail in bounded memory" {
    fake
    { cat mail.eml; head -c 60000000 /dev/zero | tr '\0' 'x' | fold; echo; } >big
    (ulimit -v 200000; smtp-send --url "$URL" -f a@x b@x <big)
    [ "$(wc -l <fake/mail.1)" -eq "$(wc -l <big)" ]
}

@test "smtp-sink takes it" {
    needs smtp-sink
    mkdir sink && chmod 777 sink
    local port who=()
    port=$(free_port)
    [ "$(id -u)" != 0 ] || who=(-u nobody) # only root may become somebody
    (cd sink && exec smtp-sink "${who[@]}" -d %M. "127.0.0.1:$port" 100) >/dev/null 2>&1 3>&- 4>&- &
    PIDS+=($!)
    until_true 10 listening "$port"
    run smtp-send --url "smtp://127.0.0.1:$port" -f a@x b@x c@x <mail.eml
    expect_status 0
    grep -qh 'X-Rcpt-Args: <c@x>' sink/*
    # smtp-sink undoes the dots.
    grep -qhx '\.dot' sink/*
}

@test "Python's smtpd takes it" {
    python3 -W ignore -c 'import smtpd' 2>/dev/null || skip "this Python has no smtpd"
    local port
    port=$(free_port)
    python3 -W ignore -u -m smtpd -n -c smtpd.DebuggingServer "127.0.0.1:$port" >smtpd.log 2>&1 </dev/null 3>&- 4>&- &
    PIDS+=($!)
    until_true 20 listening "$port"
    run smtp-send --url "smtp://127.0.0.1:$port" -f a@x b@x <mail.eml
    expect_status 0
    until_true 5 grep -qF "b'.dot'" smtpd.log
}

@test "our own receiver takes it" {
    [ -x "$BIN/smtp-recv" ] || skip "no smtp-recv"
    mkdir -p box
    run bash -c "set -o pipefail; socat -t5 'EXEC:smtp-send --stdio --file mail.eml -f a@x bob@fax.example' \
        'EXEC:smtp-recv --hostname fax.example --domain fax.example --maildir $T/box'"
    expect_status 0
    grep -qrx $'\\.dot\r' box/new # by BDAT: byte by byte
}

@test "a user of the table: URL, log-in, password and reverse-path are his" {
    certificate good 2 DNS:localhost
    fake 'caps: AUTH PLAIN' 'cert: good.pem' 'key: good.key'
    fuser init >/dev/null
    printf 'hostname = fax.example\nca = %s/good.pem\n' "$T" >station/faxpipe.conf
    echo wonderland >pw
    fuser add 12 --name Alice --login alice --address alice@fax.example --password-file pw \
        --submit "smtp://localhost:$PORT" --auto-receive off
    run --separate-stderr smtp-send --user 12 b@x <mail.eml
    expect_status 0
    grep -q '^AUTH PLAIN' fake/log
    grep -q '^MAIL FROM:<alice@fax.example>' fake/log
    grep -q '^EHLO fax.example' fake/log
    grep -q "^$(printf '\0alice\0wonderland' | base64)" fake/log
    run --separate-stderr smtp-send --user 99 b@x <mail.eml
    expect_refusal 67
    fuser add 13 --name Carol --login carol --address carol@fax.example --password-file pw --auto-receive off
    run --separate-stderr smtp-send --user 13 b@x <mail.eml
    expect_refusal 78
    FAXPIPE_HOME=$T/nowhere run --separate-stderr smtp-send --user 12 b@x <mail.eml
    expect_refusal 78
    # A server without log-in is shown no password.
    for scheme in smtp://@ lmtp://; do
        fake 'lmtp: yes'
        fuser edit 13 --submit "${scheme}127.0.0.1:$PORT"
        run --separate-stderr smtp-send --user 13 b@x <mail.eml
        expect_status 0 || { echo "$stderr"; return 1; }
        no grep -q AUTH fake/log
    done
}

@test "Dovecot's LMTP takes it, for each recipient by himself" {
    needs dovecot openssl
    local port dir
    port=$(python3 - <<'PY'
import socket
for base in range(22000, 60000, 11):
    try:
        for i in range(5):
            s = socket.socket(); s.bind(("127.0.0.1", base + i)); s.close()
    except OSError:
        continue
    print(base); break
PY
)
    dir=$(mktemp -d /tmp/fsd.XXXXXX)
    chmod 755 "$dir"
    background "$FAXPIPE_ROOT/test/lib/start-dovecot" "$dir/d" "$port"
    until_true 20 listening $((port + 4))
    run --separate-stderr smtp-send --url "lmtp://127.0.0.1:$((port + 4))" -f a@x alice nobody bob --json <mail.eml
    expect_status 67
    [[ "${lines[0]}" == *'"sent"'*Saved* && "${lines[1]}" == *'"code": 550'* && "${lines[2]}" == *'"sent"'* ]]
    grep -qrx '\.dot' "$dir/d/home/alice/Maildir/new"
    grep -qrx '\.dot' "$dir/d/home/bob/Maildir/new"
    cleanup
    rm -rf "$dir"
}

@test "TLS that was only tried does not stand in the way" {
    fake 'caps: STARTTLS;8BITMIME' 'starttls: 454 4.7.0 not now'
    send -f a@x b@x <mail.eml
    expect_status 0
    fake 'caps: STARTTLS;8BITMIME' 'starttls: 220 go then drop'
    send -f a@x b@x <mail.eml
    expect_status 0
    [ -s fake/mail.1 ]
    # And where it is required, nothing is said in clear.
    fake 'caps: STARTTLS;8BITMIME' 'starttls: 220 go then drop'
    send --tls require -f a@x b@x <mail.eml
    [ "$status" -eq 75 ] || [ "$status" -eq 76 ]
    no grep -q MAIL fake/log
}
