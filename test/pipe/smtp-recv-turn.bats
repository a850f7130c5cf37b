# The same connection the other way: TURN (RFC 821 3.8) and ATRN (RFC 2645). smtp-recv gives who has
# asked what waits for his domains, and nobody else anything.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs openssl python3 socat
    station
    certificate
    echo 'scram-iterations = 4096' >>station/faxpipe.conf
    fuser edit 12 --domains 'branch.example second.example' --password-file alice.pw
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib
}

teardown() { cleanup; }

turnable() { receiver --auth --tls-cert tls.pem --tls-key tls.key "$@"; }

# waiting RECIPIENT...: a mail for each, its Subject the recipient.
waiting() {
    local to
    for to; do
        printf 'From: bob@fax.example\nSubject: %s\n\nHi\n' "$to" |
            fax-queue add -f bob@fax.example "$to" >>ids
    done
}

entries() {
    fax-queue list --json | python3 -c 'import json, sys
for e in json.load(sys.stdin):
    print(*[r["recipient"] for r in e["recipients"]])'
}

left_is() { [ "$(entries)" = "$1" ]; }

# branch PYTHON: a client that is logged in as alice unless it says otherwise.
branch() {
    cat >branch.py <<PY
import odmr, sys
PORT = $PORT
def alice(**more): return odmr.client(PORT, "alice", "wonderland", **more)
def bob(): return odmr.client(PORT, "bob", "tea at five")
def got(s, **how): return sorted(" ".join(m[1]) for m in odmr.receive(s, **how))
$1
PY
    python3 branch.py
}

@test "statement 12: TURN: 250, 220 from the other side, all of the user's domains in one session" {
    waiting a@branch.example b@SECOND.example c@third.example d@branch.example
    turnable --turn
    run -0 branch '
log = []
s = alice()
s.trace = log
assert s.ask("TURN")[0] == 250
print(got(s))
assert s.line() is None
print([t for t in log if t[0] == "<"][:2], sum(t == "< QUIT" for t in log))'
    [ "${lines[0]}" = "['a@branch.example', 'b@SECOND.example', 'd@branch.example']" ]
    [ "${lines[1]}" = "['< 250 2.0.0 OK, now reversing the connection', '< EHLO fax.example'] 1" ]
    until_true 5 left_is c@third.example
}

@test "statement 12: TURN where nothing waits: an empty session" {
    turnable --turn
    run -0 branch 's = alice(); assert s.ask("TURN")[0] == 250; print(got(s)); assert s.line() is None'
    [ "$output" = "[]" ]
}

@test "statement 12: TURN from who has not logged in, or not under TLS, or owns nothing, is 502" {
    waiting a@branch.example
    turnable --turn
    run -0 branch '
plain = odmr.client(PORT, tls=False)
secure = odmr.client(PORT)
for s in plain, secure, bob():
    print(s.ask("TURN")[0], s.ask("NOOP")[0])'
    [ "$output" = "502 250
502 250
502 250" ]
    [ "$(entries)" = a@branch.example ]
}

@test "statement 12: ATRN: 530, 501, 450, 453, 250, 503" {
    turnable --turn
    run -0 branch '
print(odmr.client(PORT, tls=False).ask("ATRN")[0], odmr.client(PORT).ask("ATRN branch.example")[0],
      bob().ask("ATRN")[0], bob().ask("ATRN branch.example")[0])
s = alice()
assert "ATRN" in s.ask("EHLO x")[1]
for line in ("ATRN third.example", "ATRN branch.example,third.example", "ATRN branch.example,",
             "ATRN a b", "ATRN", "ATRN branch.example", "MAIL FROM:<>", "ATRN", "TURN"):
    print(line, s.ask(line)[0])'
    [ "${lines[0]}" = "530 530 450 450" ]
    [ "$(printf '%s\n' "${lines[@]:1}")" = "ATRN third.example 450
ATRN branch.example,third.example 450
ATRN branch.example, 501
ATRN a b 501
ATRN 453
ATRN branch.example 453
MAIL FROM:<> 250
ATRN 503
TURN 503" ]
    waiting a@branch.example b@second.example
    run -0 branch 's = alice(); assert s.ask("ATRN Second.example")[0] == 250; print(got(s))'
    [ "$output" = "['b@second.example']" ]
    run -0 branch 's = alice(); assert s.ask("ATRN")[0] == 250; print(got(s))'
    [ "$output" = "['a@branch.example']" ]
}

@test "ATRN has a port of its own; where neither is offered both are 502" {
    waiting a@branch.example
    turnable --atrn-listen 127.0.0.1:0
    ATRN=$(tail -1 port)
    PORT=$(head -1 port)
    run -0 branch "
s = alice()
assert not {'TURN', 'ATRN'} & set(s.ask('EHLO x')[1])
print(s.ask('TURN')[0], s.ask('ATRN')[0])
PORT = $ATRN
s = alice()
assert 'ATRN' in s.ask('EHLO x')[1]
print(s.ask('TURN')[0], s.ask('ATRN branch.example')[0], got(s))"
    [ "$output" = "502 502
502 250 ['a@branch.example']" ]
}

@test "statement 12: nothing learnt before the turn is kept, and commands behind it end the session" {
    waiting a@branch.example
    turnable --turn
    run -0 branch '
for turn in "TURN", "ATRN branch.example":
    s = alice()
    s.sock.sendall(turn.encode() + b"\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<alice@fax.example>\r\n")
    print(s.reply(), s.line())
    # Behind it, but a packet later: replies that are none.
    s = alice()
    s.sock.sendall(turn.encode() + b"\r\n")
    s.reply()
    s.sock.sendall(b"MAIL FROM:<evil@x>\r\nRCPT TO:<alice@fax.example>\r\n")
    print(s.line())
s = alice()
s.ask("TURN")
told = []
print(got(s, commands=told))
print(told[0].split()[0], [t for t in told if "AUTH" in t or "STARTTLS" in t])'
    [ "$output" = "(554, ['5.5.0 you spoke out of turn']) None
None
(554, ['5.5.0 you spoke out of turn']) None
None
['a@branch.example']
EHLO []" ]
    run ls station/spool/12/new
    [ -z "$output" ]
}

@test "statement 12: a peer that goes in the middle: nothing is lost, nothing that was taken comes twice" {
    waiting a@branch.example b@branch.example c@branch.example
    turnable --turn
    run -0 branch '
s = alice(); s.ask("TURN"); print(got(s, drop=("data", 2)))
import time, subprocess
s = alice()
while s.ask("ATRN branch.example")[0] != 250: time.sleep(0.05)
print(got(s))'
    [ "$output" = "['a@branch.example']
['b@branch.example', 'c@branch.example']" ]
    until_true 5 left_is ''
}

@test "statement 12: a turned peer that refuses one mail of three: its sender hears of it" {
    waiting a@branch.example b@branch.example c@branch.example
    turnable --turn
    run -0 branch 's = alice(); s.ask("TURN"); print(got(s, rcpt={"b@": "550 5.1.1 nobody"}))'
    [ "$output" = "['a@branch.example', 'c@branch.example']" ]
    until_true 5 left_is bob@fax.example
    no grep -q 'Final-Recipient.*a@branch' station/queue/*.mail
    grep -qi '^Final-Recipient: rfc822; *b@branch.example' station/queue/*.mail
}

@test "others are served while a dozen of turned connections stand still" {
    waiting a@branch.example
    turnable --turn
    run -0 branch '
idle = [alice() for _ in range(12)]
for s in idle: assert s.ask("TURN")[0] == 250
s = odmr.client(PORT, tls=False)
assert s.ask("MAIL FROM:<>")[0] == 250 and s.ask("RCPT TO:<alice@fax.example>")[0] == 250
assert s.ask("DATA")[0] == 354 and s.ask("Subject: x\r\n\r\n.")[0] == 250
for s in idle[1:]: s.sock.close()
print(got(idle[0]))'
    [ "$output" = "['a@branch.example']" ]
}

@test "32 connections are turned at once, more are 451, and room comes again" {
    waiting a@branch.example
    turnable --turn
    run -0 branch '
import time
turned = [alice() for _ in range(32)]
for s in turned: assert s.ask("TURN")[0] == 250
s = alice()
print(s.ask("ATRN")[0], s.ask("TURN")[0], s.ask("NOOP")[0])
for t in turned: t.sock.close()
while s.ask("ATRN")[0] == 451: time.sleep(0.05)
print(got(s))'
    [ "$output" = "451 451 250
['a@branch.example']" ]
}

@test "statement 12: on a trusted stdin no log-in is needed; a network's stdin is never trusted" {
    waiting a@branch.example b@third.example
    cat >stdio.py <<'PY'
import odmr, socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(["smtp-recv", "--trust-stdio", sys.argv[1]], stdin=theirs, stdout=theirs)
theirs.close()
s = odmr.Stream(ours)
assert s.reply()[0] == 220 and s.ask("EHLO x")[0] == 250
code = s.ask(sys.argv[2])[0]
print(code)
if code == 250: print([" ".join(m[1]) for m in odmr.receive(s)])
ours.close()
sys.exit(child.wait())
PY
    for ask in '15 TURN 502' '15 ATRN 450' 'alice@fax.example ATRN+third.example 450'; do
        read -r who what code <<<"$ask"
        run -0 python3 stdio.py "$who" "${what/+/ }"
        [ "$output" = "$code" ]
    done
    run -0 python3 stdio.py 12 TURN
    [ "$output" = "250
['a@branch.example']" ]
    [ "$(entries)" = b@third.example ]
    run --separate-stderr smtp-recv --trust-stdio nobody </dev/null
    expect_refusal 67
    run python3 - <<'PY'
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
s, _ = server.accept()
sys.exit(subprocess.run(["smtp-recv", "--trust-stdio", "12"], stdin=s, stdout=s).returncode)
PY
    expect_status 64
}

@test "usage errors are 64" {
    for args in '--turn' '--turn --trust-stdio 12 --listen 127.0.0.1:0' '--atrn-listen 127.0.0.1:0' \
        '--turn --trust-stdio 12 --lmtp' '--trust-stdio 12 --maildir box' \
        '--trust-stdio 12 --batch x'; do
        # shellcheck disable=SC2086
        run smtp-recv $args </dev/null
        expect_status 64 || { echo "args: $args"; return 1; }
    done
}

# bats test_tags=nosan
@test "parted as root: the worker turns the connection without queue or table, TLS and all" {
    needs_root
    needs unshare setpriv
    cat >inside <<'SH'
set -eu
cd "$1"
export PYTHONPATH=$2/test/lib
printf 'hostname = fax.example\n' >/var/lib/faxpipe/faxpipe.conf
echo wonderland >pw
chmod 644 pw tls.key
as faxpipe fuser add 12 --name Alice --login alice --address alice@fax.example \
    --domains branch.example --password-fd 3 3<pw
for to in a@branch.example b@third.example c@branch.example; do
    as faxpipe fax-queue add -f alice@fax.example $to <mail >/dev/null
done
smtp-recv --listen 127.0.0.1:0 --print-port --auth --turn --tls-cert tls.pem --tls-key tls.key >port2 &
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port2 ] && break; sleep 0.05; done
python3 - "$(cat port2)" <<'PY'
import odmr, os, re, sys, time
s = odmr.client(int(sys.argv[1]), "alice", "wonderland")
print(s.ask("ATRN third.example")[0], s.ask("ATRN")[0])
s.say("220 branch.example")
assert s.line().startswith("EHLO")
# Who has the connection now: a process of the worker's uid, shut in, with nothing else open.
peer = "%04X" % s.sock.getsockname()[1]
inode = next(l.split()[9] for l in open("/proc/net/tcp") if l.split()[2].endswith(":" + peer))
def holders():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fds = {fd: os.readlink("/proc/%s/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%s/fd" % pid)}
        except OSError:
            continue
        if "socket:[%s]" % inode in fds.values():
            status = open("/proc/%s/status" % pid).read()
            yield " ".join(["holder", re.search(r"Uid:\s(\d+)", status)[1],
                            re.search(r"Seccomp:\s(\d)", status)[1],
                            os.readlink("/proc/%s/root" % pid), *sorted(set(fds) - {"2"})])
# A descriptor that closes while it is looked at hides its process for that look.
for _ in range(100):
    found = list(holders())
    if found: break
    time.sleep(0.05)
print(*found, sep="\n")
s.say("250 branch.example")
while True:
    verb = s.line().split()[0]
    if verb == "DATA":
        s.say("354 go on")
        while s.line() != ".": pass
        print("taken")
    s.say("221 bye" if verb == "QUIT" else "250 ok")
    if verb == "QUIT": break
assert s.line() is None
PY
for i in $(seq 100); do
    [ "$(as faxpipe fax-queue list | grep -c '<a@\|<c@')" = 0 ] && break
    sleep 0.05
done
as faxpipe fax-queue list | grep '^    '
SH
    printf 'Subject: apart\n\nHi\n' >mail
    chmod 644 mail
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" "$FAXPIPE_ROOT" >out 2>err 3>&- ||
        { cat out err; false; }
    cat out err
    [ "$(grep -v '^    ' out)" = "450 250
holder 64102 2 /var/lib/faxpipe/spool 3 4
taken
taken" ]
    [ "$(grep '^    ' out)" = "    <b@third.example>" ]
}

@test "a connection that was turned counts among --max-connections until it ends" {
    waiting a@branch.example
    turnable --turn --max-connections 1
    run -0 branch '
import time
def greeted(): return odmr.Stream(odmr.socket.create_connection(("127.0.0.1", PORT))).line()
s = alice()
assert s.ask("TURN")[0] == 250
print(greeted())
s.sock.close()
end = time.time() + 20
while greeted()[:3] != "220": assert time.time() < end; time.sleep(0.02)'
    [[ $output == "421 4.7.0 "* ]]
}
