# Mail both ways in one session: smtp-send gives its mail, turns the connection and receives.
load ../lib/helper
load ../lib/two-stations

setup() {
    scratch
    needs openssl python3 socat
    two_stations
    mail_for_bob 1 >one.eml
    mail_for_bob 2 >two.eml
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib
}

teardown() { cleanup; }

# smtp-recv there, on PORT, for who logs in.
server() {
    rm -f port
    FAXPIPE_HOME=$T/there background sh -c 'exec smtp-recv --listen 127.0.0.1:0 --print-port \
        --auth --tls-cert tls.pem --tls-key tls.key "$@" >port' sh "$@"
    until_true 10 test -s port
    PORT=$(tail -1 port)
}

# exchange [OPTION]...: from here to there, logged in.
exchange() {
    at here smtp-send --url "smtp://here@localhost:$PORT" --password-file alice.pw "$@"
}

all_exchanged() {
    [ "$(subjects there 15)" = "Subject: for there 1
Subject: for there 2" ]
    [ "$(subjects here 12)" = "Subject: for here 1
Subject: for here 2
Subject: for here 3" ]
    until_true 5 no_debt
}

text() { tr -d '\r' <"$1" | sed '1,/^$/d'; }

# below PID NAME: the last of its children, and theirs, that is called so.
below() {
    local p
    for p in $(pgrep -P "$1"); do
        [ "$(cat "/proc/$p/comm")" != "$2" ] || echo "$p"
        below "$p" "$2"
    done | tail -1
}

no_debt() { [ "$(owed)" = 0 ]; }

@test "over TCP, under TLS and logged in: --turn" {
    owe 3
    server --turn
    exchange --turn --file one.eml --file two.eml -v bob@there.example 2>log
    all_exchanged
    # One connection, and each way of its own: two greetings, two EHLOs, one log-in.
    [ "$(grep -c '^smtp-send: S: 220 there' log)" -le 2 ]
    [ "$(grep -c 'C: TURN' log)" = 1 ]
    grep -q '^Received: from there.example' "$(find here/spool/12/new -type f | head -1)"
}

@test "over TCP, under TLS and logged in: --atrn, at the port for that, and with no mail of ours" {
    owe 3
    server --atrn-listen 127.0.0.1:0
    exchange --atrn here.example </dev/null
    [ "$(subjects here 12 | wc -l)" = 3 ]
    run -0 --separate-stderr exchange --atrn here.example --json --file one.eml bob@there.example
    [ "${lines[1]}" = '{"command": "ATRN", "code": 453, "enhanced": "4.0.0", "text": "you have no mail", "exit": 0}' ]
    [ "$(subjects there 15)" = "Subject: for there 1" ]
}

@test "two machines on one line: a socket pair of socat's" {
    owe 3
    socat EXEC:"env FAXPIPE_HOME=$T/there smtp-recv --trust-stdio here" \
        EXEC:"env FAXPIPE_HOME=$T/here smtp-send --stdio --turn --file one.eml --file two.eml bob@there.example"
    all_exchanged
}

@test "two machines on one line: a terminal of eight bits and no echo" {
    owe 3
    socat EXEC:"env FAXPIPE_HOME=$T/there smtp-recv --trust-stdio here",pty,rawer \
        EXEC:"env FAXPIPE_HOME=$T/here smtp-send --stdio --atrn here.example --file one.eml --file two.eml bob@there.example",pty,rawer
    all_exchanged
}

@test "two machines on one line: pipes" {
    owe 3
    mkfifo back
    # shellcheck disable=SC2094
    at there smtp-recv --trust-stdio here <back |
        at here smtp-send --stdio --turn --file one.eml --file two.eml bob@there.example >back
    all_exchanged
}

@test "large mails go both ways byte for byte" {
    owe 1 3000000
    { mail_for_bob big; seq 400000; } >big.eml
    server --turn
    exchange --turn --file big.eml bob@there.example
    text there/spool/15/new/* | cmp - <(text big.eml)
    [ "$(text here/spool/12/new/* | tr -d '\n')" = "$(head -c 3000000 /dev/zero | tr '\0' x)" ]
}

@test "what the server answers is told, and the mail has gone all the same" {
    server --etrn
    run --separate-stderr exchange --turn --json --file one.eml bob@there.example
    expect_status 69
    [ "${lines[1]}" = '{"command": "TURN", "code": 502, "enhanced": "5.5.1", "text": "not implemented", "exit": 69}' ]
    [ "$(subjects there 15)" = "Subject: for there 1" ]
    run --separate-stderr exchange --etrn here.example --json
    expect_status 0
    [ "${lines[0]}" = '{"command": "ETRN", "code": 250, "enhanced": "2.0.0", "text": "queuing started", "exit": 0}' ]
    run --separate-stderr exchange --etrn there.example
    expect_status 75
    kill "${PIDS[-1]}"
    server --turn
    run --separate-stderr exchange --atrn other.example --json
    expect_status 75
    [[ "${lines[0]}" = '{"command": "ATRN", "code": 450, "enhanced": "4.7.0",'*'"exit": 75}' ]]
    run --separate-stderr at here smtp-send --url "smtp://localhost:$PORT" --atrn here.example --json
    expect_status 77
    [[ "${lines[0]}" = '{"command": "ATRN", "code": 530, "enhanced": "5.7.0",'*'"exit": 77}' ]]
}

# A server that speaks ODMR, made after RFC 2645 alone. odmr MODE: see the script.
odmr_server() {
    cat >server.py <<'PY'
import base64, os, socket, ssl, sys, odmr
mode = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("tls.pem", "tls.key")
server = socket.create_server(("127.0.0.1", 0))
open("port.new", "w").write(str(server.getsockname()[1]))
os.rename("port.new", "port")
sock, _ = server.accept()
s = odmr.Stream(sock)
s.say("220 provider.example ODMR")
while True:
    line = s.line()
    if line is None: sys.exit(0)
    verb = line.split()[0].upper()
    if verb == "EHLO":
        tls = isinstance(s.sock, ssl.SSLSocket)
        s.say("250-provider.example")
        s.say("250-ATRN")
        s.say("250 AUTH PLAIN" if tls else "250 STARTTLS")
    elif verb == "STARTTLS":
        s.say("220 go on")
        s.sock = context.wrap_socket(s.sock, server_side=True)
    elif verb == "AUTH":
        if len(line.split()) < 3:
            s.say("334 ")
            line += " " + s.line()
        ok = base64.b64decode(line.split()[2]) == b"\0here\0wonderland"
        s.say("235 ok" if ok else "535 no")
    elif verb == "ATRN" and mode.isdigit():
        s.say(mode + " whatever")
    elif verb == "ATRN":
        assert line == "ATRN here.example,second.example", line
        break
    else:
        s.say("221 bye" if verb == "QUIT" else "502 ATRN is all")
        if verb == "QUIT": sys.exit(0)
if mode == "early":
    s.sock.sendall(b"250 now reversing\r\nEHLO provider.example\r\n")
else:
    s.say("250 now reversing the connection")
log = open("server.log", "w")
def ask(line):
    if line: s.say(line)
    code, text = s.reply()
    print(code, file=log, flush=True)
    return code
ask("")
if mode == "silent": s.line()
if mode == "early": sys.exit(0)
assert ask("EHLO provider.example") == 250
for n in range(1, 5):
    if mode == "between" and n == 3: sys.exit(0)
    if mode == "gone" and n == 3:
        ask("MAIL FROM:<p@provider.example>"); ask("RCPT TO:<alice@here.example>"); ask("DATA")
        s.say("Subject: half\r\n\r\nhalf a line")
        s.sock.close()
        sys.exit(0)
    ask("MAIL FROM:<p@provider.example>")
    ask("RCPT TO:<alice@here.example>" if n != 4 else "RCPT TO:<nobody@here.example>")
    if n == 4: break
    ask("DATA")
    ask("Subject: odmr %d\r\n\r\n..dot\r\n." % n)
ask("RSET")
ask("AUTH PLAIN AGhlcmUAd29uZGVybGFuZA==")
ask("TURN")
ask("STARTTLS")
ask("QUIT")
assert s.line() is None
PY
    rm -f port
    background python3 server.py "$1"
    until_true 10 test -s port
    PORT=$(cat port)
}

@test "a foreign ODMR server: its mail is taken as from any stranger, over the connection it has" {
    odmr_server all
    exchange --atrn here.example,second.example
    [ "$(subjects here 12)" = "Subject: odmr 1
Subject: odmr 2
Subject: odmr 3" ]
    # 220, EHLO, thrice MAIL RCPT DATA and the end, an unknown user; no log-in, turn or TLS; QUIT.
    [ "$(xargs <server.log)" = "220 250 250 250 354 250 250 250 354 250 250 250 354 250 250 550 250 502 502 502 221" ] || {
        cat server.log; false; }
}

@test "a foreign server that goes within a mail, or between two: 75, what was whole stays, no half" {
    for mode in gone between; do
        rm -f here/spool/12/new/*
        odmr_server "$mode"
        run exchange --atrn here.example,second.example
        expect_status 75
        [ "$(subjects here 12)" = "Subject: odmr 1
Subject: odmr 2" ]
    done
}

@test "a server that turns the connection and then says nothing: 75 after the time-out" {
    odmr_server silent
    run exchange --atrn here.example,second.example --timeout 1
    expect_status 75
}

@test "a server that speaks before it is greeted is not listened to" {
    odmr_server early
    run exchange --atrn here.example,second.example
    expect_status 76
    [ -z "$(subjects here 12)" ]
}

@test "answers to ATRN and their statuses" {
    for answer in '453 0' '450 75' '451 75' '502 69' '530 77' '503 69' '421 75'; do
        odmr_server "${answer% *}"
        run exchange --atrn here.example
        expect_status "${answer#* }" || { echo "answer: $answer"; return 1; }
    done
}

@test "without a station to receive, the server is not asked to turn" {
    server --turn
    owe 1
    echo 'ca = tls.pem' >ca.conf
    run env FAXPIPE_HOME="$T/nowhere" smtp-send --config ca.conf --url "smtp://here@localhost:$PORT" \
        --password-file alice.pw --turn
    [ "$status" -ne 0 ]
    [ "$(owed)" = 1 ]
}

# bats test_tags=nosan
@test "killed in the middle, either side: nothing is lost, and nothing partial appears" {
    owe 40 20000
    server --turn
    slow=$FAXPIPE_ROOT/bin/test/lib/slow_disk_preload.so
    for who in smtp-send smtp-recv fax-queue; do
        before=$(subjects here 12 | wc -l)
        # Slow enough to be caught at it.
        timeout 20 env FAXPIPE_HOME="$T/here" LD_PRELOAD="$slow" smtp-send --url "smtp://here@localhost:$PORT" \
            --password-file alice.pw --turn 2>/dev/null &
        pid=$!
        more() { [ "$(subjects here 12 | wc -l)" -gt "$before" ]; }
        until_true 10 more
        case $who in
        fax-queue) kill -9 "$(below "${PIDS[0]}" fax-queue)" ;;
        *) kill -9 "$(below "$pid" $who)" ;;
        esac
        wait "$pid" || :
        [ "$(owed)" -gt 0 ]
    done
    until_true 10 exchange --turn
    until_true 10 no_debt
    # Each has come; what was in flight when it was cut may have come twice.
    [ "$(subjects here 12 | uniq | wc -l)" = 40 ]
    [ "$(subjects here 12 | wc -l)" -le 43 ]
    for f in here/spool/12/new/*; do
        [ "$(text "$f" | tr -d '\n' | wc -c)" = 20000 ]
    done
}

@test "usage errors are 64, domains that are none 65" {
    for args in '--turn --atrn a.example' '--turn --vrfy x' '--turn --stdio bob@x' '--etrn x --expn y'; do
        # shellcheck disable=SC2086
        run smtp-send $args </dev/null
        expect_status 64 || { echo "args: $args"; return 1; }
    done
    for args in '--atrn a.example,' '--atrn ,' '--etrn a_b..c' '--atrn -a'; do
        # shellcheck disable=SC2086
        run smtp-send --url smtp://localhost $args </dev/null
        expect_status 65 || { echo "args: $args"; return 1; }
    done
}

# Of RFC 2645's clients fetchmail alone is packaged. It logs in by CRAM-MD5 and nothing else, for which a
# server must have the password itself: so a go-between answers that, and logs in here by PLAIN. All the
# rest is between fetchmail and us.
@test "fetchmail as ODMR client: our mail goes through it to another receiver" {
    needs fetchmail
    owe 3
    server --atrn-listen 127.0.0.1:0
    cat >between.py <<'PY'
import base64, hmac, os, socket, sys, threading, odmr
server = socket.create_server(("127.0.0.1", 0))
open("port3.new", "w").write(str(server.getsockname()[1]))
os.rename("port3.new", "port3")
f = odmr.Stream(server.accept()[0])
ours = odmr.client(int(sys.argv[1]), "here", "wonderland")
f.say("220 between")
f.line()
for word in "between", "ATRN":
    f.say("250-" + word)
f.say("250 AUTH CRAM-MD5")
assert f.line() == "AUTH CRAM-MD5"
f.say("334 " + base64.b64encode(b"<1@between>").decode())
name, digest = base64.b64decode(f.line()).decode().split()
assert name == "here" and digest == hmac.new(b"wonderland", b"<1@between>", "md5").hexdigest()
f.say("235 ok")
def move(a, b):
    try:
        while True:
            got = a.recv(65536)
            if not got: break
            b.sendall(got)
    except OSError: pass
    for s in a, b:
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
t = threading.Thread(target=move, args=(f.sock, ours.sock), daemon=True)
t.start()
move(ours.sock, f.sock)
PY
    background python3 between.py "$PORT"
    FAXPIPE_HOME=$T/here background sh -c 'exec smtp-recv --listen 127.0.0.1:0 --print-port >port4'
    until_true 10 test -s port3
    until_true 10 test -s port4
    printf 'poll localhost protocol ODMR port %s username here password wonderland %s\n' "$(cat port3)" \
        "fetchdomains here.example sslproto '' smtphost 127.0.0.1/$(cat port4)" >rc
    chmod 600 rc
    timeout 20 fetchmail -f rc -v --nodetach --nosyslog --pidfile "$T/pid" >fetched 2>&1 || cat fetched
    [ "$(subjects here 12)" = "Subject: for here 1
Subject: for here 2
Subject: for here 3" ]
    until_true 5 no_debt
}
