# smtp-recv --mbox: how mails get into it. What is small waits in memory, what is big in a file.
load ../lib/helper
load ../lib/station

setup() { scratch; }

teardown() { cleanup; }

@test "mails around what is kept in memory, and far over it, come out as they went in" {
    receiver --hostname us.example --mbox box
    python3 - "$PORT" <<'PY'
import mailbox, smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
text = "From here\n>From there\nFro\n" + "x" * 71 + "\n"
bodies = [""] + [(text * (n // len(text) + 1))[:n].rstrip("\r\n") + "\n"
                 for n in (10, 65536, 262143 - 200, 262144, 262145, 3000000)]
for n, body in enumerate(bodies):
    c.sendmail("a@b", "x@us.example", "Subject: %d\n\n%s" % (n, body))
c.quit()
raw = open("box").read().split("\nFrom a@b ")
assert len(raw) == len(bodies), len(raw)
for n, (got, sent) in enumerate(zip(raw, bodies)):
    got = got[got.index("Subject: "):]
    want = "Subject: %d\n\n" % n + "".join(
        (">" if line.lstrip(">").startswith("From ") else "") + line
        for line in sent.splitlines(True))
    assert got.rstrip("\n") == want.rstrip("\n"), (n, len(got), len(want))
PY
}

@test "small mails that come at once do not mix, and every one that has its 250 is there" {
    receiver --hostname us.example --mbox box
    python3 - "$PORT" <<'PY'
import mailbox, smtplib, sys, threading
def send(n):
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
    for m in range(20):
        c.sendmail("a@b", "x@us.example", "Subject: %d-%d\n\n" % (n, m) + "%d\n" % n * 300)
    c.quit()
threads = [threading.Thread(target=send, args=(n,)) for n in range(10, 20)]
for t in threads: t.start()
for t in threads: t.join()
box = mailbox.mbox("box")
assert sorted(m["subject"] for m in box) == sorted(
    "%d-%d" % (n, m) for n in range(10, 20) for m in range(20))
for m in box: assert set(m.get_payload().split()) == {m["subject"][:2]}, m["subject"]
PY
}

@test "--mbox -: mails on stdout, of a batch and of a listener; with a session there it is 64" {
    run --separate-stderr smtp-recv --hostname us.example --mbox - </dev/null
    expect_refusal 64
    printf '%s\r\n' 'HELO me' 'MAIL FROM:<a@b>' 'RCPT TO:<x@us.example>' DATA 'Subject: batch' '' \
        'From here' . QUIT >batch
    smtp-recv --hostname us.example --mbox - --batch batch >box
    smtp-recv --hostname us.example --mbox - --listen "unix:$T/sock" >>box 2>receiver.log 3>&- 4>&- &
    PIDS+=($!)
    until_true 10 test -S sock
    python3 - <<'PY'
import mailbox, socket
s = socket.socket(socket.AF_UNIX)
s.connect("sock")
f = s.makefile("rwb")
f.readline()
for line, replies in (("HELO me", 1), ("MAIL FROM:<>", 1), ("RCPT TO:<y@us.example>", 1), ("DATA", 1),
                      ("Subject: listener\r\n\r\nx\r\n.", 1)):
    f.write(line.encode() + b"\r\n")
    f.flush()
    reply = f.readline()
    assert reply[:1] in b"23", (line, reply)
assert [m["subject"] for m in mailbox.mbox("box")] == ["batch", "listener"]
PY
}

@test "moved away or removed: the next mail is in a new one, and no 250 where there is none" {
    for workers in 1 2; do
        rm -rf d old
        mkdir d
        receiver --hostname us.example --mbox d/box --workers "$workers"
        python3 - "$PORT" <<'PY'
import os, shutil, smtplib, sys
def send(n):
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
    try: c.sendmail("a@b", "x@us.example", "Subject: %d\n\n" % n)
    except smtplib.SMTPDataError as e: return e.smtp_code
    finally: c.quit()
    return 250
def subjects(name): return [l[9:-1] for l in open(name) if l.startswith("Subject: ")]
for n in range(4): assert send(n) == 250
os.rename("d/box", "old")
for n in range(4, 8): assert send(n) == 250
assert subjects("old") == list("0123"), subjects("old")
assert subjects("d/box") == list("4567"), subjects("d/box")
os.unlink("d/box")
assert send(8) == 250
assert subjects("d/box") == ["8"]
shutil.rmtree("d")
assert send(9) == 452
os.mkdir("d")
assert send(9) == 250
assert subjects("d/box") == ["9"]
PY
        cleanup
    done
}

@test "whoever has the mbox locked is waited for" {
    receiver --hostname us.example --mbox box
    python3 - "$PORT" <<'PY'
import fcntl, os, smtplib, sys, threading, time
def send():
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
    c.sendmail("a@b", "x@us.example", "Subject: later\n\nx\n")
    c.quit()
for lock, unlock, kind in ((lambda f: fcntl.flock(f, fcntl.LOCK_EX),
                            lambda f: fcntl.flock(f, fcntl.LOCK_UN), "FLOCK"),
                           (lambda f: fcntl.lockf(f, fcntl.LOCK_EX),
                            lambda f: fcntl.lockf(f, fcntl.LOCK_UN), "POSIX")):
    box = open("box", "a")
    lock(box)
    client = threading.Thread(target=send)
    client.start()
    node = ":%d " % os.stat("box").st_ino
    for i in range(2000):
        if any("->" in l and kind in l and node in l for l in open("/proc/locks")): break
        time.sleep(0.005)
    else: raise SystemExit("it does not wait for " + kind)
    box.write("other's\n\n")
    box.flush()
    unlock(box)
    client.join()
    assert open("box").read().split("other's\n\n")[-1].startswith("From a@b ")
assert open("box").read().count("Subject: later") == 2
PY
}

# bats test_tags=nosan
@test "a full disk: 452 for what does not fit, small or big, and nothing of it stays" {
    [ "$(id -u)" = 0 ] || skip "only root mounts"
    python3 - <<'PY' >session
import sys
out = ["EHLO me.example"]
for n, size in enumerate((100, 250000, 250000, 250000, 250000, 1000000, 1000)):
    out += ["MAIL FROM:<a@b.example>", "RCPT TO:<x@us.example>", "DATA", "Subject: %d" % n, ""]
    out += ["x" * 69] * (size // 70) + ["."]
print("\r\n".join(out + ["QUIT"]), end="\r\n")
PY
    mkdir m
    unshare -m bash -ec 'mount -t tmpfs -o size=800k none m
        "$BIN/smtp-recv" --hostname us.example --mbox m/box <session >replies 2>err
        cat m/box >box'
    [ "$(grep -c '^452 4.3.1' replies)" -eq 2 ]
    [ "$(grep -c '^250 2.0.0 OK' replies)" -eq 5 ]
    [ "$(grep ^Subject box | paste -sd' ')" = 'Subject: 0 Subject: 1 Subject: 2 Subject: 3 Subject: 6' ]
    [ "$(grep -c '^x*$' box)" -ge 10000 ]
    python3 -c 'import mailbox
for m in mailbox.mbox("box"): assert m.get_payload().strip("x\n") == ""'
}
