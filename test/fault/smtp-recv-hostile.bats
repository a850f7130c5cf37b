# smtp-recv while the machine fails it: no descriptors, no processes, no directory, killed workers.
# Whatever is missing, mail is put off and never half taken, and once it is back all goes on.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3
    us=(--hostname us.example --maildir md)
}

teardown() { cleanup; }

# send ADDRESS: the code of the last reply to a mail for him; "gone" where there was none.
send() {
    python3 - "$PORT" "$1" <<'PY'
import smtplib, sys
try:
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
    c.sendmail("a@b.example", [sys.argv[2]], "Subject: hostile\n\nhello\n")
    print(250)
    c.quit()
except smtplib.SMTPRecipientsRefused as e: print(list(e.recipients.values())[0][0])
except smtplib.SMTPResponseException as e: print(e.smtp_code)
except OSError: print("gone")
PY
}

@test "no descriptors left: who is there is put off, and afterwards all goes on" {
    mkdir -p md/{tmp,new,cur}
    background bash -c 'ulimit -n 40; exec smtp-recv "$@" --listen 127.0.0.1:0 --print-port >port' - \
        "${us[@]}" --max-per-client 0
    until_true 10 test -s port
    PORT=$(cat port)
    python3 - "$PORT" <<'PY'
import socket, sys, time
def command(s, line):
    s.sendall(line)
    try: return s.recv(4096)
    except OSError: return b""
many = []
for i in range(60):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.settimeout(10)
    many.append(s)
said = many[0].recv(4096)
assert said.startswith(b"220 "), said
command(many[0], b"EHLO x\r\n")
command(many[0], b"MAIL FROM:<a@b.example>\r\n")
command(many[0], b"RCPT TO:<x@us.example>\r\n")
said = command(many[0], b"DATA\r\n")
# A small mail needs the disk at its end only.
if said[:3] == b"354": said = command(many[0], b"Subject: a\r\n\r\n.\r\n")
assert said[:3] in (b"452", b"451"), said
for s in many: s.close()
PY
    [ -z "$(ls md/tmp)$(ls md/new)" ]
    until_true 10 eval '[ "$(send x@us.example)" = 250 ]'
    grep -rqx 'Subject: hostile' md/new
}

@test "a user's directory goes away while we run: put off, and the others are served" {
    station
    receiver
    [ "$(send alice@fax.example)" = 250 ]
    mv "$FAXPIPE_HOME/spool/12" aside
    [[ $(send alice@fax.example) == 45? ]]
    [ "$(send bob@fax.example)" = 250 ]
    mv aside "$FAXPIPE_HOME/spool/12"
    [ "$(send alice@fax.example)" = 250 ]
    [ "$(ls "$FAXPIPE_HOME/spool/12/new" | wc -l)" -eq 2 ]
}

@test "no process to be had: --exec's mail is put off, the queue keeps its own" {
    needs strace
    printf '%s\r\n' 'EHLO me' 'MAIL FROM:<a@b.example>' 'RCPT TO:<x@us.example>' DATA 'Subject: a' '' . QUIT >session
    fork='?fork,?vfork,?clone,?clone3'
    strace -qq -o /dev/null -e trace="$fork" -e "inject=$fork:error=EAGAIN" \
        smtp-recv --hostname us.example --exec 'touch ran' <session >replies 2>err
    grep -q '^451 ' replies
    grep -q '^221 ' replies
    [ ! -e ran ]
    mkdir station
    echo 'smarthost = smtp://127.0.0.1:9' >station/faxpipe.conf
    printf 'Subject: a\n\nb\n' | fax-queue add -f a@b.example c@d.example
    run strace -qq -o /dev/null -e trace="$fork" -e "inject=$fork:error=EAGAIN" fax-queue flush
    expect_status 71
    [ "$(fax-queue list --json | grep -c '"tries": 0')" -eq 1 ]
}

# The processes of $1, a list.
children() { cat "/proc/$1/task/$1/children"; }

@test "a worker killed: the others serve on, and all are replaced" {
    station
    smtp-recv --listen 127.0.0.1:0 --print-port --workers 2 >port 2>err 3>&- &
    master=$!
    PIDS+=($master)
    until_true 10 test -s port
    PORT=$(cat port)
    clerk=$(children "$master" | tr -d ' ')
    read -r one two <<<"$(children "$clerk")"
    python3 - "$PORT" <<'PY' &
import smtplib, sys, os, time
held = [smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20) for _ in range(40)]
open("held", "w").close()
while not os.path.exists("killed"): time.sleep(0.05)
def alive(c):
    try: return c.noop()[0] == 250
    except (smtplib.SMTPException, OSError): return False
open("alive.tmp", "w").write(str(sum(map(alive, held))))
os.rename("alive.tmp", "alive")
PY
    PIDS+=($!)
    until_true 10 test -e held
    # Of the two, the one with fewer connections.
    [ "$(ls "/proc/$one/fd" | wc -l)" -lt "$(ls "/proc/$two/fd" | wc -l)" ] || one=$two
    kill -9 "$one"
    # A new crew takes over; who was with the other worker stays there.
    until_true 10 eval '[ "$(children "$master" | wc -w)" -eq 2 ]'
    touch killed
    until_true 10 test -s alive
    [ "$(cat alive)" -ge 20 ]
    until_true 10 eval '[ "$(send alice@fax.example)" = 250 ]'
    until_true 10 eval '[ "$(children "$master" | wc -w)" -eq 1 ]'
    clerk=$(children "$master" | tr -d ' ')
    for worker in $(children "$clerk"); do kill -9 "$worker"; done
    until_true 10 eval '[ "$(send alice@fax.example)" = 250 ]'
    grep -q 'worker: ended by signal 9' err
    status=0
    kill "$master"
    wait "$master" || status=$?
    [ "$status" -eq 143 ]
}

@test "the clerk killed within a mail: the workers end too, and nothing half written stays" {
    station
    receiver --workers 2
    clerk=$(children "${PIDS[-1]}" | tr -d ' ')
    python3 - "$PORT" "$clerk" <<'PY'
import os, signal, smtplib, sys, time
workers = open(f"/proc/{sys.argv[2]}/task/{sys.argv[2]}/children").read().split()
assert len(workers) == 2
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
c.ehlo("x"); c.mail("a@b.example"); c.rcpt("alice@fax.example")
assert c.docmd("DATA")[0] == 354
c.sock.sendall(b"Subject: half\r\n\r\n" + b"x" * 100000)
os.kill(int(sys.argv[2]), signal.SIGKILL)
def lives(pid):
    try: return open(f"/proc/{pid}/stat").read().split(")")[1].split()[0] not in "ZX"
    except OSError: return False
for _ in range(200):
    if not any(map(lives, workers)): break
    time.sleep(0.05)
else: sys.exit("workers live on")
try: c.sock.sendall(b"\r\n.\r\n"); said = c.sock.recv(100)
except OSError: said = b""
assert not said.startswith(b"250"), said
PY
    [ -z "$(ls "$FAXPIPE_HOME/spool/12/tmp")$(ls "$FAXPIPE_HOME/spool/12/new")" ]
    until_true 10 eval '[ "$(send alice@fax.example)" = 250 ]'
}

@test "peers that reset at any moment harm nobody else" {
    receiver "${us[@]}"
    python3 - "$PORT" <<'PY'
import random, socket, struct, sys
random.seed(1)
talk = b"EHLO x\r\n" + b"NOOP\r\n" * 50 + b"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@us.example>\r\nDATA\r\nx\r\n"
for i in range(150):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if i % 2: s.recv(1)
    try: s.sendall(talk[:random.randrange(len(talk))])
    except OSError: pass
    s.close()
PY
    until_true 10 eval '[ "$(send x@us.example)" = 250 ]'
    until_true 10 eval '[ -z "$(ls md/tmp)" ]'
    [ "$(ls md/new | wc -l)" -eq 1 ]
}
