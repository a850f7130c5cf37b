# smtp-recv --exec: several commands at once, run by a clerk of its own.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3
}

teardown() { cleanup; }

# Each waits until both have begun: what runs one at a time never ends by itself.
together() { # OPTION...
    cat >meet <<'SCRIPT'
#!/bin/sh
: >"$1/begun-$RECIPIENT"
for i in $(seq 400); do
    [ -e "$1/begun-a@us.example" ] && [ -e "$1/begun-b@us.example" ] && break
    sleep 0.05
done
[ -e "$1/begun-a@us.example" ] && [ -e "$1/begun-b@us.example" ] || exit 1
: >"$1/met-$RECIPIENT"
for i in $(seq 400); do [ -e "$1/go" ] && exit 0; sleep 0.05; done
exit 1
SCRIPT
    chmod +x meet
    mkdir box
    receiver --hostname us.example --exec "$T/meet $T/box" "$@"
    python3 - "$PORT" <<'PY'
import os, sys, threading, time
sys.path.insert(0, os.environ["FAXPIPE_ROOT"] + "/test/lib")
from talk import Talk
port = int(sys.argv[1])
said = {}
def send(who):
    t = Talk(port=port)
    t.say("EHLO me.example", "MAIL FROM:<s@x.example>", "RCPT TO:<%s@us.example>" % who, "DATA")
    t.send(b"Subject: meet\r\n\r\n.\r\n")
    said[who] = t.reply()
threads = [threading.Thread(target=send, args=(who,)) for who in "ab"]
for t in threads: t.start()
end = time.time() + 20
while not all(os.path.exists("box/met-%s@us.example" % who) for who in "ab"):
    assert time.time() < end, (os.listdir("box"), said)
    time.sleep(0.02)
# They wait for us now, and nobody else for them.
t = Talk(port=port)
assert t.say("EHLO me.example", "MAIL FROM:<s@x.example>", "RCPT TO:<c@us.example>").startswith("250 ")
assert t.say("RCPT TO:<u@other.example>").startswith("550 5.7.1")
assert not said, said
open("box/go", "w").close()
for t in threads: t.join()
assert all(said[who].startswith("250 2.0.0") for who in "ab"), said
PY
}

@test "two workers and a clerk: commands run at the same time, and hold up no questions" {
    together --workers 2
}

@test "one process: the same" {
    together
}
