# The queue goes on with a mail where the connection broke (CHECKPOINT, RFC 1845).
load ../lib/helper
load ../lib/fake
load ../lib/station

setup() {
    scratch
    needs python3
    station >/dev/null
    cat >proxy.py <<'PY'
# proxy.py TO CUT...: passes connections on; the nth is cut after CUT octets of the client's (0: never).
# What each client has sent is a line of the file passed.
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
open("proxy.port", "w").write(str(listener.getsockname()[1]))
def back(a, b):
    try:
        while d := a.recv(65536):
            b.sendall(d)
    except OSError:
        pass
    try:
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
for cut in map(int, sys.argv[2:]):
    client = listener.accept()[0]
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=back, args=(server, client), daemon=True).start()
    passed = 0
    while d := client.recv(65536 if not cut else min(65536, cut - passed)):
        server.sendall(d)
        passed += len(d)
        if passed == cut:
            break
    server.shutdown(socket.SHUT_WR)
    while cut and server.recv(65536):
        pass
    client.close()
    open("passed", "a").write(f"{passed}\n")
PY
}
teardown() { cleanup; }

proxy() {
    python3 proxy.py "$@" 3>&- 4>&- &
    PIDS+=($!)
    until_true 10 test -s proxy.port
}

kept() { find station/spool/postmaster/tmp -name 'checkpoint-*' | wc -l; }

@test "10 MB, cut twice: each try goes on behind the last, and the mail is whole and there once" {
    receiver
    proxy "$PORT" 4000000 3000000 0
    echo "route.fax.example = smtp://127.0.0.1:$(cat proxy.port)" >>station/faxpipe.conf
    python3 - >mail.eml <<'PY'
import random, sys
r = random.Random(2)
sys.stdout.write("From: Bob <bob@fax.example>\nSubject: long\n\n")
for i in range(100000):
    sys.stdout.write("." * r.randrange(3) + "".join(r.choices("abc.. \t", k=r.randrange(200))) + "\n")
sys.stdout.write("no end")
PY
    ID=$(fax-queue add -f bob@fax.example alice@fax.example nobody@fax.example bob@fax.example --dsn failure <mail.eml)
    fax-queue flush
    [ "$(grep -c '^cut <' "station/queue/$ID.env")" -eq 2 ]
    until_true 10 eval '[ "$(kept)" -eq 1 ]'
    sleep 0.2
    fax-queue flush --id "$ID"
    sleep 0.2
    fax-queue flush --id "$ID"
    [ ! -e "station/queue/$ID.env" ]
    # Three parts of one mail, and hardly more.
    size=$(sed 's/$/\r/; s/^\./../' mail.eml | wc -c)
    [ "$(awk '{ n += $1 } END { print n }' passed)" -lt $((size + 400000)) ]
    for code in 12 15; do
        [ "$(ls station/spool/$code/new | wc -l)" -eq 1 ]
        sed -n '/^From: Bob/,$p' station/spool/$code/new/* | cmp - <(sed '$a\' mail.eml)
    done
}

@test "the 250 is lost: asked again, the mail is not there twice" {
    receiver
    cat >lose.py <<'PY'
# Passes one connection on, but not the server's last reply: to the dot.
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
open("proxy.port", "w").write(str(listener.getsockname()[1]))
client = listener.accept()[0]
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def back():
    while d := server.recv(65536):
        if d.startswith(b"250 2.0.0 OK"):
            client.shutdown(socket.SHUT_RDWR)
            break
        client.sendall(d)
threading.Thread(target=back, daemon=True).start()
try:
    while d := client.recv(65536):
        server.sendall(d)
except OSError:
    pass
server.close()
PY
    python3 lose.py "$PORT" 3>&- 4>&- &
    PIDS+=($!)
    until_true 10 test -s proxy.port
    cp station/faxpipe.conf conf
    echo "route.fax.example = smtp://127.0.0.1:$(cat proxy.port)" >>station/faxpipe.conf
    { printf 'From: Bob <bob@fax.example>\nSubject: long\n\n'; head -c 400000 /dev/zero | tr '\0' x | fold -w 70; } >mail.eml
    ID=$(fax-queue add -f bob@fax.example alice@fax.example <mail.eml)
    fax-queue flush
    grep -q '^cut <' "station/queue/$ID.env"
    [ "$(ls station/spool/12/new | wc -l)" -eq 1 ]
    { cat conf; echo "route.fax.example = smtp://127.0.0.1:$PORT"; } >station/faxpipe.conf
    fax-queue flush --id "$ID"
    [ ! -e "station/queue/$ID.env" ]
    [ "$(ls station/spool/12/new | wc -l)" -eq 1 ]
}

# tried CAPABILITIES...: a mail of 300 kB through a scripted receiver; ID.
tried() {
    fake_smtp "$@"
    printf '%s\n' 'hostname = fax.example' "smarthost = $URL" >station/faxpipe.conf
    [ -n "${ID:-}" ] || {
        { printf 'Subject: x\n\n'; head -c 300000 /dev/zero | tr '\0' x | fold -w 70; } >mail.eml
        ID=$(fax-queue add -f bob@fax.example b@x c@x <mail.eml)
    }
    fax-queue flush --id "$ID"
}

@test "a receiver that has forgotten, or says nonsense, gets the mail from its beginning" {
    tried 'caps: PIPELINING;CHUNKING;CHECKPOINT' 'early-content: 100000 drop' 'rcpt c@x: 450 4.2.1 later'
    name=$(sed -n 's/^cut //p' "station/queue/$ID.env")
    [[ $name == "<$ID."*'@fax.example>' ]]
    grep -q "^MAIL FROM:<bob@fax.example>.* TRANSID=$name" fake/log
    no grep -q BDAT fake/log
    # c@x was not in the transaction that broke, and has one of his own.
    tried 'caps: CHECKPOINT' 'mail#2: 250 ok' 'data: 450 4.3.0 later'
    tr -d '\r' <fake/log | grep -E '^(MAIL|RCPT|RSET)' | sed 's/TRANSID=.*/TRANSID/' >got
    grep -A2 "^RSET" got | grep -qx 'RCPT TO:<b@x>'
    [ "$(grep -c '^cut' "station/queue/$ID.env")" -le 1 ]
    # A name that is new cannot be known.
    ID=
    tried 'caps: CHECKPOINT' 'mail: 355 5 is the transaction offset'
    no grep -q '^DATA' fake/log
    no grep -q '^cut' "station/queue/$ID.env"
    [ -e "station/queue/$ID.env" ]
}

@test "offsets beyond the mail, or none, are no offsets, and nobody is lost" {
    for reply in '355 99999999 is the offset' '355 all of it' '355 -1 x' '355 18446744073709551616 x'; do
        ID=
        tried 'caps: CHECKPOINT' 'early-content: 100000 drop'
        [ "$(grep -c '^cut' "station/queue/$ID.env")" -eq 2 ]
        tried 'caps: CHECKPOINT' "mail: $reply"
        no grep -q '^DATA' fake/log
        no grep -q '^cut' "station/queue/$ID.env"
        tried 'caps: CHECKPOINT'
        [ ! -e "station/queue/$ID.env" ]
        sed 's/$/\r/; $a\' mail.eml | cmp - fake/mail.1
        rm -r fake
    done
}
