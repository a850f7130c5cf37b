# smtp-recv among very many: a slow-loris of a thousand, and connection upon connection.
# CONNECTIONS=100000: so many in a row.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib PYTHONDONTWRITEBYTECODE=1
}

teardown() { cleanup; }

@test "a slow-loris of a thousand: others are served meanwhile, and all of it is sent away" {
    receiver --hostname us.example --maildir md --no-sync --max-per-client 0 --timeout 2
    python3 - "$PORT" <<'PY'
import resource, socket, sys, time
from talk import *
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
port = int(sys.argv[1])
crowd = []
for i in range(1000):
    s = socket.create_connection(("127.0.0.1", port))
    crowd.append(s)
said = {s: b"" for s in crowd}
drip = b"MAIL FROM:<a@b.example"  # never an end
end = time.time() + 30
mails_sent = turn = 0
t = Talk(port=port)
t.say("EHLO me.example")
open_ones = set(crowd)
while (open_ones or turn < 30) and time.time() < end:
    if turn < 40:
        for s in list(open_ones):
            try: s.send(drip[turn % len(drip):][:1])
            except OSError: pass
    turn += 1
    time.sleep(0.05)
    if turn < 30:
        t.mail()
        mails_sent += 1
    for s in list(open_ones):
        s.setblocking(False)
        try: data = s.recv(4096)
        except BlockingIOError: continue
        except OSError: data = b""
        said[s] += data
        if not data: open_ones.discard(s)
assert mails_sent == 29 and not open_ones, (mails_sent, len(open_ones))
bad = [x for x in said.values() if b"421 4.4.2" not in x]
# Whoever was heard before the greeting or whose end was a reset has no word of it; few are.
assert len(bad) < 100, (len(bad), bad[:3])
PY
    [ "$(ls md/new | wc -l)" -eq 29 ]
}

@test "connection upon connection: memory and descriptors stay as they were" {
    receiver --hostname us.example --maildir md --no-sync --max-per-client 0
    python3 - "$PORT" "${PIDS[0]}" "${CONNECTIONS:-2000}" <<'PY'
import os, socket, struct, sys, time
port, pid, count = map(int, sys.argv[1:4])
def memory(): return int(open(f"/proc/{pid}/statm").read().split()[1]) * 4
def files(): return len(os.listdir(f"/proc/{pid}/fd"))
def some(n):
    for i in range(n):
        s = socket.create_connection(("127.0.0.1", port))
        kind = i % 4
        if kind: s.recv(200)
        if kind == 1: s.sendall(b"QUIT\r\n"); s.recv(200)
        if kind == 2: s.sendall(b"EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@us.example>\r\nDATA\r\nhalf"); s.recv(2000)
        if kind == 3: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
def settled():
    for _ in range(100):
        if files() <= before[1]: break
        time.sleep(0.05)
before = (0, files())
some(500)
settled()
before = (memory(), files())
some(count)
settled()
after = (memory(), files())
assert after[0] - before[0] < 1024 and after[1] <= before[1], (before, after)
PY
    [ -z "$(ls md/tmp)$(ls md/new)" ]
}
