# smtp-recv started anew, stopped, and replaced, while it is at work.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3
    us=(--hostname us.example --maildir md)
}

teardown() { cleanup; }

# The processes of $1, in a line.
children() { cat "/proc/$1/task/$1/children"; }

subjects() { cat md/new/* | sed -n 's/^Subject: //p'; }

@test "started anew under load, again and again: nobody is refused, and nothing acknowledged is lost" {
    receiver "${us[@]}" --workers 2 --max-per-client 0
    master=${PIDS[-1]}
    cat >load.py <<'PY'
import os, smtplib, sys, threading
port, said, failed = int(sys.argv[1]), [], []
def run(n):
    i = 0
    while not os.path.exists("enough"):
        try:
            c = smtplib.SMTP("127.0.0.1", port, timeout=20)
            for _ in range(3):
                i += 1
                c.sendmail("a@b.example", "x@us.example", f"Subject: {n}-{i}\n\nhello\n")
                said.append(f"{n}-{i}")
            c.quit()
        except Exception as e: failed.append(repr(e))
threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
for t in threads: t.start()
for t in threads: t.join()
open("said", "w").write("".join(s + "\n" for s in said))
open("failed", "w").write("".join(s + "\n" for s in failed))
PY
    python3 load.py "$PORT" 3>&- &
    client=$!
    for round in $(seq "${FAXPIPE_RESTARTS:-5}"); do
        was=$(children "$master")
        mails=$(ls md/new | wc -l)
        kill -HUP "$master"
        until_true 10 eval '[ "$(children "$master" | wc -w)" -eq 1 ] && [ "$(children "$master")" != "$was" ]'
        until_true 10 eval '[ "$(ls md/new | wc -l)" -gt $((mails + 20)) ]'
    done
    touch enough
    wait "$client"
    cat failed receiver.log
    [ ! -s failed ]
    [ "$(wc -l <said)" -gt 100 ]
    subjects | sort >stored
    sort said | cmp - stored
    [ -z "$(ls md/tmp)" ]
    no grep -v "warning: not parted from what reads the network" receiver.log
}

@test "whoever is there when it is started anew is served to his end, with the old settings" {
    station
    receiver
    master=${PIDS[-1]}
    python3 - "$PORT" "$master" "$FAXPIPE_HOME/faxpipe.conf" <<'PY'
import os, signal, smtplib, sys, time
port, master, conf = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
old = smtplib.SMTP("127.0.0.1", port, timeout=20)
old.ehlo("me"); old.mail("a@b.example")
open(conf, "a").write("domain = new.example\n")
os.kill(master, signal.SIGHUP)
def accepts(address):
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as c:
        c.ehlo("me"); c.mail("a@b.example")
        return c.rcpt(address)[0] == 250
for _ in range(200):
    if accepts("alice@new.example"): break
    time.sleep(0.05)
else: sys.exit("the new settings have not come")
assert old.rcpt("alice@new.example")[0] == 550
assert old.rcpt("alice@fax.example")[0] == 250
assert old.data("Subject: old\n\n")[0] == 250
# Settings that are none leave the old ones.
open(conf, "a").write("nonsense\n")
os.kill(master, signal.SIGHUP)
for _ in range(200):
    if "not started anew: what was there serves on" in open("receiver.log").read(): break
    time.sleep(0.05)
else: sys.exit("not a word")
assert accepts("alice@new.example")
assert old.sendmail("a@b.example", "alice@fax.example", "Subject: old\n\n") == {}
old.quit()
PY
    grep -q 'faxpipe.conf: line .*: not .key = value' receiver.log
    until_true 10 eval '[ "$(children "$master" | wc -w)" -eq 1 ]'
}

@test "SIGTERM: 421 to the idle, mails under way to their end, then 143; nobody new" {
    receiver "${us[@]}" --workers 2
    master=${PIDS[-1]}
    python3 - "$PORT" "$master" <<'PY'
import os, signal, smtplib, sys, time
port, master = int(sys.argv[1]), int(sys.argv[2])
idle, busy, begun = (smtplib.SMTP("127.0.0.1", port, timeout=20) for _ in range(3))
for c in busy, begun:
    c.ehlo("me"); c.mail("a@b.example")
assert busy.rcpt("x@us.example")[0] == 250 and busy.docmd("DATA")[0] == 354
busy.sock.sendall(b"Subject: under way\r\n\r\n")
os.kill(master, signal.SIGTERM)
assert idle.getreply()[0] == 421
for _ in range(200):
    try: smtplib.SMTP("127.0.0.1", port, timeout=20).close()
    except ConnectionRefusedError: break
    except smtplib.SMTPException: pass
    time.sleep(0.05)
else: sys.exit("somebody new")
busy.sock.sendall(b"hello\r\n.\r\n")
said = [busy.getreply() for _ in range(2)]
assert [r[0] for r in said] == [250, 421], said
assert begun.rcpt("x@us.example")[0] == 250
assert begun.data("Subject: begun\n\n")[0] == 250
assert begun.getreply()[0] == 421
PY
    status=0
    wait "$master" || status=$?
    [ "$status" -eq 143 ]
    [ "$(subjects | sort | paste -sd,)" = 'begun,under way' ]
    [ -z "$(ls md/tmp)" ]
}

@test "a second SIGTERM waits for nobody" {
    receiver "${us[@]}"
    master=${PIDS[-1]}
    python3 - "$PORT" "$master" <<'PY'
import os, signal, smtplib, sys, threading, time
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
c.ehlo("me"); c.mail("a@b.example"); c.rcpt("x@us.example"); c.docmd("DATA")
idle = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
os.kill(int(sys.argv[2]), signal.SIGTERM)
assert idle.getreply()[0] == 421
# What comes at once with the first, as timeout(1) sends it, is the first.
def hasten():
    while True:
        try: os.kill(int(sys.argv[2]), signal.SIGTERM)
        except ProcessLookupError: return
        time.sleep(0.2)
threading.Thread(target=hasten, daemon=True).start()
c.sock.settimeout(20)
try: said = c.sock.recv(100)
except ConnectionResetError: said = b""
assert said == b"", said
PY
    status=0
    wait "$master" || status=$?
    [ "$status" -eq 143 ]
}

@test "the service manager hears READY, RELOADING and STOPPING" {
    python3 - "$BIN/smtp-recv" "${us[@]}" <<'PY'
import os, signal, socket, subprocess, sys, time
for name in "notify", "\0faxpipe-test-%d" % os.getpid():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(name); s.settimeout(20)
    path = name.replace("\0", "@") if name[0] == "\0" else os.path.abspath(name)
    p = subprocess.Popen([*sys.argv[1:], "--listen", "127.0.0.1:0"],
                         env=dict(os.environ, NOTIFY_SOCKET=path))
    def hear(): return s.recv(200).decode()
    assert hear() == "READY=1"
    p.send_signal(signal.SIGHUP)
    said = hear()
    assert said.startswith("RELOADING=1\nMONOTONIC_USEC="), said
    assert abs(int(said.split("=")[2]) / 1e6 - time.monotonic()) < 20
    assert hear() == "READY=1"
    p.send_signal(signal.SIGTERM)
    assert hear() == "STOPPING=1"
    assert p.wait() == -signal.SIGTERM
PY
}

@test "systemd-socket-activate hands its sockets over" {
    needs systemd-socket-activate
    port=$(free_port)
    systemd-socket-activate -l "127.0.0.1:$port" -l "$T/sock" --fdname=smtp:local -E HOME -E PATH \
        "$BIN/smtp-recv" "${us[@]}" </dev/null >log 2>&1 3>&- &
    PIDS+=($!)
    until_true 10 grep -q Listening log
    for round in 1 2; do
        python3 - "$port" "$round" <<'PY'
import smtplib, socket, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
c.sendmail("a@b.example", "x@us.example", f"Subject: tcp {sys.argv[2]}\n\n")
c.quit()
c = smtplib.SMTP()
c.sock = socket.socket(socket.AF_UNIX); c.sock.connect("sock"); c.file = None
assert c.getreply()[0] == 220
c.ehlo("me")
c.sendmail("a@b.example", "x@us.example", f"Subject: unix {sys.argv[2]}\n\n")
c.quit()
PY
        was=$(children "${PIDS[-1]}")
        kill -HUP "${PIDS[-1]}"
        until_true 10 eval '[ "$(children "${PIDS[-1]}")" != "$was" ]'
    done
    [ "$(subjects | sort | paste -sd,)" = 'tcp 1,tcp 2,unix 1,unix 2' ]
}

@test "what a service manager's environment says of others' descriptors is not believed" {
    mkdir md
    for pid in 1 nonsense ''; do
        printf 'QUIT\r\n' | LISTEN_PID=$pid LISTEN_FDS=1 LISTEN_FDNAMES=x smtp-recv "${us[@]}" >replies
        grep -q '^221' replies
    done
    # Neither is what it says of ours, beyond what is open.
    printf 'QUIT\r\n' | bash -c 'export LISTEN_PID=$BASHPID LISTEN_FDS=60; exec smtp-recv "$@"' - "${us[@]}" >replies 3>&- 4>&-
    grep -q '^221' replies
}

@test "the caps on connections hold over all workers, and a worker that dies leaves no seat taken" {
    receiver "${us[@]}" --workers 3 --max-connections 12 --max-per-client 9
    master=${PIDS[-1]}
    cat >fill.py <<'PY'
import socket, sys
port = int(sys.argv[1])
def greeting(host):
    s = socket.socket(); s.bind((host, 0)); s.settimeout(20); s.connect(("127.0.0.1", port))
    return s, s.recv(4096)[:3].decode()
one = [greeting("127.0.0.1") for _ in range(20)]
two = [greeting("127.0.0.2") for _ in range(20)]
print(*(sum(g == "220" for _, g in l) for l in (one, two)))
PY
    [ "$(python3 fill.py "$PORT")" = '9 3' ]
    # What has been closed is free again, and so is what a killed worker had.
    until_true 10 eval '[ "$(python3 fill.py "$PORT")" = "9 3" ]'
    python3 -c 'import os, socket, sys, time
held = []
for _ in range(9):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1]))); s.recv(100); held.append(s)
open("held", "w").close()
while not os.path.exists("killed"): time.sleep(0.05)' "$PORT" 3>&- &
    PIDS+=($!)
    until_true 10 test -e held
    clerk=$(children "$master" | tr -d ' ')
    for worker in $(children "$clerk"); do kill -9 "$worker"; done
    until_true 10 eval '[ "$(python3 fill.py "$PORT")" = "9 3" ]'
    touch killed
}
