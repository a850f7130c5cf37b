# What smtp-send and its queue promise, statement by statement, against a receiver that does as it
# is told (test/lib/fake-smtp), and against one that has every fault in turn (test/lib/send-matrix).
load ../lib/helper
load ../lib/station
load ../lib/fake

setup() {
    scratch
    needs python3 openssl
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n' >mail
}

teardown() { cleanup; }

send() { run --separate-stderr smtp-send --url "$URL" --timeout 10 "$@"; }

# one_certificate NAME [SUBJECT-ALT-NAME]: NAME.pem and NAME.key, by itself.
one_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
        -addext "subjectAltName=${2:-DNS:localhost}" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# signed NAME CA DAYS: NAME.pem, signed by CA.
signed() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" \
        -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "$3" \
        -extfile <(echo subjectAltName=DNS:localhost) -out "$1.pem" 2>/dev/null
}

# Nothing but these was said.
only_said() { no grep -aqvE "^($1)" fake/log || { cat fake/log; return 1; }; }

@test "CR, LF, NUL in any address, name, ENVID or header argument: 65, and nothing is sent" {
    fake 'caps: DSN;PIPELINING'
    local nl=$'a\r\nQUIT' lf=$'a\nQUIT' cr=$'a\rQUIT' c
    for c in "$nl" "$lf" "$cr"; do
        for args in "-f|$c@x|b@x" "-f|a@x|$c@x" "--helo|$c|b@x" "--dsn|never|--envid|$c|b@x" \
            "--dsn|failure|--orcpt|rfc822;$c|b@x" "--orcpt|$c;x|b@x" "--vrfy|$c" "--expn|$c" "-f|<$c@x>|b@x"; do
            IFS='|' read -r -d '' -a list < <(printf '%s\0' "$args")
            list[-1]=${list[-1]%$'\n'}
            send "${list[@]}" <mail
            expect_refusal 65 || { printf '%q ' "${list[@]}"; return 1; }
        done
    done
    # NUL can come in a header alone.
    for field in 'To: b\0ob@x' 'To: <bob@x\0>' 'Cc: "a\0b"@x' 'Bcc: bob@x\r\0'; do
        printf 'From: a@x\n%b\nSubject: x\n\nHi\n' "$field" >bad
        send -t <bad
        [ "$status" -eq 65 ] || [ "$status" -eq 64 ] || { echo "$field: $status $stderr"; return 1; }
    done
    [ ! -s fake/log ] || { cat -A fake/log; return 1; }
    # The programs that make mail hold to it too.
    for option in --from --to --cc --subject --header --name --message-id; do
        run --separate-stderr b64mime --from a@x --to b@x "$option" $'X: a\nBcc: eve@x' --text mail
        [ "$status" -eq 65 ] || [ "$status" -eq 64 ] || no grep -q '^Bcc' <<<"$output" || { echo "$option"; return 1; }
    done
}

@test "what goes out has no CR or LF outside CR LF: a bare LF is CR LF, a bare CR a space" {
    printf 'Subject: x\n\na\rb\nc\r\nd\r\r\n\re\n\n.\r\n\r.\n\n.' >mail
    printf 'Subject: x\r\n\r\na b\r\nc\r\nd \r\n e\r\n\r\n..\r\n .\r\n\r\n..\r\n' >want
    fake
    send -f a@x b@x <mail
    expect_status 0
    cmp fake/mail.1 want
    # By BDAT the same, without the dots.
    fake 'caps: CHUNKING'
    send -f a@x b@x <mail
    expect_status 0
    sed 's/^\.\././' want | cmp fake/mail.1 -
}

@test "dot-stuffed exactly" {
    { printf 'Subject: x\n\n'; for i in $(seq 1 300); do printf '%*s%s\n' $((i * 7 % 90)) '' ... | tr ' ' "${i:0:1}"; done
      printf '.\n..\n...\n.a\n\n.\n'; } >mail
    for plan in 'lmtp: yes' 'caps: PIPELINING' 'split: yes'; do
        fake "$plan"
        [[ $plan != lmtp* ]] || URL=lmtp${URL#smtp}
        send -f a@x b@x <mail
        expect_status 0
        sed 's/^\./../; s/$/\r/' mail | cmp fake/mail.1 -
    done
}

@test "--tls is try: STARTTLS where it is offered, and else in clear" {
    one_certificate good
    fake 'cert: good.pem' 'key: good.key'
    send -f a@x b@x <mail
    expect_status 0
    grep -q STARTTLS fake/log
    fake
    send -f a@x b@x <mail
    expect_status 0
    no grep -q STARTTLS fake/log
    fake 'cert: good.pem' 'key: good.key'
    send --tls none -f a@x b@x <mail
    expect_status 0
    no grep -q STARTTLS fake/log
}

@test "--tls is require wherever a password is sent, whatever the options; none for LMTP" {
    one_certificate good
    echo wonderland >pw
    fake 'caps: AUTH PLAIN LOGIN'
    for tls in '' '--tls try' '--tls none'; do
        # shellcheck disable=SC2086
        run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" $tls --password-file pw -f a@x b@x <mail
        [ "$status" -eq 69 ] || [ "$status" -eq 64 ]
        [ -z "$tls" ] || run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" $tls \
            --oauth-command 'echo token' -f a@x b@x <mail
        [ "$status" -eq 69 ] || [ "$status" -eq 64 ]
    done
    only_said 'EHLO|QUIT'
    fake 'caps: AUTH PLAIN' 'cert: good.pem' 'key: good.key'
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$PORT" --password-file pw -f a@x b@x <mail
    expect_status 77
    only_said 'EHLO|STARTTLS'
    fake 'lmtp: yes' 'cert: good.pem' 'key: good.key'
    run smtp-send --url "lmtp://localhost:$PORT" -f a@x b@x <mail
    expect_status 0
    no grep -q STARTTLS fake/log
}

@test "STARTTLS wanted and not offered is 69, refused for now 75, for good 69" {
    one_certificate good
    fake
    send --tls require -f a@x b@x <mail
    expect_status 69
    only_said 'EHLO|QUIT'
    for code in 454:75 421:75 502:69 554:69; do
        fake 'cert: good.pem' 'key: good.key' "starttls: ${code%:*} no"
        send --tls require -f a@x b@x <mail
        expect_status "${code#*:}" || { echo "$code"; return 1; }
        only_said 'EHLO|STARTTLS|QUIT'
    done
}

@test "bytes behind the 220 to STARTTLS: 76, and nothing after it is believed or said" {
    one_certificate good
    for more in 'x' '250-x\r\n250 AUTH PLAIN\r\n' '220 go\r\n' '\r\n' '250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n'; do
        for tls in require try; do
            fake 'cert: good.pem' 'key: good.key' "starttls: raw 220 go\\r\\n$more"
            run --separate-stderr smtp-send --url "smtp://localhost:$PORT" --tls $tls --ca good.pem -f a@x b@x <mail
            if [ $tls = require ]; then
                expect_status 76 || { echo "$more $tls: $stderr"; return 1; }
                only_said 'EHLO|STARTTLS|QUIT'
            else
                # Under try the mail may go in clear over a new connection; never by what was injected.
                [ "$status" -eq 76 ] || [ "$status" -eq 0 ] || { echo "$more $tls: $status $stderr"; return 1; }
                [ "$status" -eq 76 ] || cmp <(sed 's/$/\r/' mail) fake/mail.1
            fi
        done
    done
}

@test "a certificate that fails is 77 under require, and nothing has been sent; try takes it" {
    one_certificate good
    one_certificate other DNS:other.example
    one_certificate ca
    one_certificate stranger
    signed ours ca 2
    signed theirs stranger 2
    signed old ca -1
    echo wonderland >pw
    for c in self-signed:good: expired:old:ca wrong-name:other:other unknown-ca:theirs:ca; do
        IFS=: read -r why name ca <<<"$c"
        fake "cert: $name.pem" "key: $name.key" 'caps: AUTH PLAIN'
        for login in '' alice@; do
            run --separate-stderr smtp-send --url "smtp://${login}localhost:$PORT" --tls require ${ca:+--ca "$ca.pem"} \
                ${login:+--password-file pw} -f a@x b@x <mail
            expect_refusal 77 || { echo "$why"; return 1; }
            [[ $stderr == *certificate* || $stderr == *"does not match"* ]] || { echo "$why: $stderr"; return 1; }
        done
        only_said 'EHLO|STARTTLS'
        run smtp-send --url "smtp://localhost:$PORT" --tls try ${ca:+--ca "$ca.pem"} -f a@x b@x <mail
        expect_status 0 || { echo "$why, try"; return 1; }
        run --separate-stderr smtp-send --url "smtps://localhost:$PORT" ${ca:+--ca "$ca.pem"} -f a@x b@x <mail
        [ "$status" -ne 0 ]
        fake "cert: $name.pem" "key: $name.key" 'tls: yes'
        run --separate-stderr smtp-send --url "smtps://localhost:$PORT" ${ca:+--ca "$ca.pem"} -f a@x b@x <mail
        expect_refusal 77 || { echo "$why, smtps"; return 1; }
        [ ! -s fake/log ]
    done
    fake 'cert: ours.pem' 'key: ours.key' 'caps: AUTH PLAIN'
    run smtp-send --url "smtp://alice@localhost:$PORT" --ca ca.pem --password-file pw -f a@x b@x <mail
    expect_status 0
}

@test "4yz is 75, 5yz 67 or 69, each recipient has his own fate: every one at every step" {
    one_certificate good
    mkdir fake
    "$FAXPIPE_ROOT/test/lib/send-matrix" fake good.pem good.key
}

@test "a connection that goes before the reply to the end of data is transient, wherever it goes" {
    fake 'content: drop'
    send -f a@x b@x --json <mail
    expect_status 75
    [[ $output == *'"status": "deferred"'* ]]
    for part in '2' '25' '250' '250-2.0.0 taken\r\n' '250 2.0.0 taken' '250-a\r\n250 b\r'; do
        for end in drop reset; do
            fake "content: raw $part then $end"
            send -f a@x b@x <mail
            expect_status 75 || { echo "$part $end"; return 1; }
        done
    done
    # And once it is there, nothing that follows takes it back.
    for after in drop reset garbage 'raw 554 no\r\n'; do
        fake "content: 250 taken" "quit: $after"
        send -f a@x b@x <mail
        expect_status 0 || { echo "$after"; return 1; }
    done
}

@test "421 at any time: in the envelope, within the content, between two mails, alone" {
    for plan in 'mail: 421 no then drop' 'rcpt: 250 ok\n421 no then drop' 'early-content: 100000 421 no then drop' \
        'content: 421 no then drop' 'greeting: 220 hi\n421 no then drop'; do
        for caps in PIPELINING '' 'PIPELINING;CHUNKING'; do
            { cat mail; head -c 4000000 /dev/zero | tr '\0' 'x' | fold -w 70; } >large
            [[ $plan != early* || $caps != *CHUNKING ]] || continue # test/cmd/smtp-send_chunks.bats has that
            [[ $plan == early* ]] || cp mail large
            fake "$plan" "caps: $caps"
            send -f a@x b@x <large
            expect_status 75 || { echo "$plan ($caps): $stderr"; return 1; }
            [ "${#stderr_lines[@]}" -eq 1 ]
        done
    done
    # The next mail has a connection of its own.
    cp mail more
    fake 'mail#2: 421 no then drop'
    send -f a@x --file mail --file more b@x
    [ -s fake/mail.1 ]
    [ "$status" -eq 75 ] || [ -s fake/mail.2 ]
}

@test "replies that are none, or without end, are 76 in bounded memory" {
    local n=0
    for reply in '250-ok\r\n251 ok\r\n' '250-ok\r\n550 no\r\n' '250ok\r\n' '25 ok\r\n' '650 ok\r\n' '0250 ok\r\n' \
        'ok\r\n' '\x00\x00\x00 ok\r\n' '250\x00ok\r\n' '\r\n' '\xff\xfd\x01\r\n'; do
        for step in mail content; do
            fake "$step: raw $reply"
            send --timeout 2 -f a@x b@x --json <mail
            expect_status 76 || { echo "$step $reply: $status $stderr"; return 1; }
            [[ $output == *'"status": "deferred"'* ]]
            [ "${#stderr_lines[@]}" -eq 1 ]
            n=$((n + 1))
        done
    done
    [ "$n" -eq 22 ]
    # NUL in the words does no harm, and is not passed on.
    fake 'rcpt: raw 550 5.1.1 a\x00b\x1b[2J\x07\r\n'
    send -f a@x b@x --json <mail
    expect_status 67
    no grep -aqP '[\x00-\x08\x0b-\x1f]' <<<"$output$stderr"
}

# bats test_tags=nosan
@test "a line without end, and a reply without end, grow no memory" {
    for endless in line reply; do
        python3 - $endless >port 2>err 3>&- 4>&- <<'PY' &
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1)
print(s.getsockname()[1], flush=True)
c = s.accept()[0]
piece = b"x" * 65536 if sys.argv[1] == "line" else b"250-more and more\r\n" * 4000
c.sendall(b"220 hi\r\n"); c.recv(1000)
try:
    c.sendall(b"250-")
    for _ in range(1000): c.sendall(piece)
except OSError: pass
PY
        PIDS+=($!)
        until_true 10 test -s port
        (ulimit -v 400000; run --separate-stderr smtp-send --url "lmtp://127.0.0.1:$(cat port)" --timeout 10 -f a@x b@x <mail
         expect_status 76)
        (ulimit -v 400000; run --separate-stderr smtp-send --url "smtp://127.0.0.1:$(cat port)" --timeout 10 -f a@x b@x <mail
         [ "$status" -ne 0 ])
        rm port
    done
}

@test "slow replies: a whole one in time is taken, a dripping one is not: 75" {
    fake 'split: yes' 'rcpt: 250-one\n250-two\n250 three'
    send --timeout 2 -f a@x b@x <mail
    expect_status 0
    for step in greeting content; do
        fake "$step: hang"
        send --timeout 1 -f a@x b@x <mail
        expect_status 75 || { echo "$step"; return 1; }
    done
    # A byte every 0.3 s is no answer within 1 s.
    python3 - >drip.port 3>&- 4>&- <<'PY' &
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1)
print(s.getsockname()[1], flush=True)
c = s.accept()[0]
c.sendall(b"220 hi\r\n"); c.recv(1000); c.sendall(b"250 hi\r\n"); c.recv(1000)
try:
    for _ in range(60): c.sendall(b"2"); time.sleep(0.3)
except OSError: pass
PY
    PIDS+=($!)
    until_true 10 test -s drip.port
    run smtp-send --url "lmtp://127.0.0.1:$(cat drip.port)" --timeout 1 -f a@x b@x <mail
    expect_status 75
}

queue_station() {
    mkdir -p station
    printf 'smarthost = %s\nhostname = fax.example\n' "$URL" >station/faxpipe.conf
}

# What waits: its tries, and the seconds until the next one.
waits() {
    fax-queue list --json | python3 -c 'import json, sys, time
for e in json.load(sys.stdin): print(e["tries"], round(e["next"] - time.time()))'
}

@test "the queue tries again at growing intervals, for queue-days (5), then sends a notice" {
    fake 'rcpt bob@x.example: 450 4.2.1 later'
    queue_station
    id=$(fax-queue add -f alice@fax.example bob@x.example <mail)
    last=0
    for i in 1 2 3 4 5 6; do
        fax-queue flush --all
        read -r tries next <<<"$(waits)"
        [ "$tries" -eq "$i" ]
        [ "$next" -gt "$last" ] || [ "$next" -gt 7200 ] || { echo "$i: $next after $last"; return 1; }
        last=$next
    done
    age() { # SECONDS: so long ago the entry was made
        sed -i "s/^created .*/created $(($(date +%s) - $1))/; s/^next .*/next 1/" "station/queue/$id.env"
    }
    grep -q '^created ' "station/queue/$id.env" || { cat "station/queue/$id.env"; false; }
    age $((5 * 86400 - 600))
    fax-queue flush
    [ ! -e fake/mail.1 ]
    age $((5 * 86400 + 60))
    fax-queue flush
    fax-queue flush
    tr -d '\r' <fake/mail.1 >notice
    grep -a '^MAIL FROM:<>' fake/log
    grep -a '^RCPT TO:<alice@fax.example>' fake/log
    grep -q '^Content-Type: multipart/report' notice
    b64mime -d --report notice | grep -qi 'bob@x.example'
    grep -qi '^Status: 4\.4\.7' notice
    [ "$(fax-queue list --json)" = '[]' ]
}

@test "two runs never send one entry twice at once" {
    fake
    queue_station
    for i in $(seq 20); do fax-queue add -f alice@fax.example "u$i@x.example" <mail >/dev/null; done
    local runs=()
    for i in 1 2 3 4; do
        fax-queue flush -q 3>&- 4>&- &
        runs+=($!)
    done
    wait "${runs[@]}"
    until_true 10 eval '[ "$(fax-queue list --json)" = "[]" ]'
    [ "$(grep -ac '^RCPT' fake/log)" -eq 20 ]
    [ "$(grep -a '^RCPT' fake/log | sort -u | wc -l)" -eq 20 ]
}

@test "smtp-send sends now or fails: nothing waits behind it" {
    URL=smtp://127.0.0.1:$(free_port)
    queue_station
    send -f a@x b@x <mail
    expect_status 75
    [ ! -e station/queue ] || [ -z "$(ls station/queue)" ]
    [ -z "$(ls tmp)" ]
}
