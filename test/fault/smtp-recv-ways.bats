# smtp-recv killed, and its disk full, in every way of delivery: what was acknowledged is there and
# whole, what was not is not there by halves, and with room again all goes on.
# KILLS=1: at every use of every system call, not at every third; ROUNDS=N: so many kills under load.
load ../lib/helper
load ../lib/station
# bats file_tags=nosan

setup() {
    scratch
    needs python3
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib PYTHONDONTWRITEBYTECODE=1
    { printf 'Subject: a\n\n'; head -c 60000 /dev/urandom | base64; echo 'the end'; } >want
}

teardown() { cleanup; }

session() { # RECIPIENT...
    local r
    printf '%s\r\n' 'EHLO me.example' 'MAIL FROM:<a@b.example>'
    for r; do printf 'RCPT TO:<%s>\r\n' "$r"; done
    printf 'DATA\r\n'
    sed 's/$/\r/' want
    printf '.\r\nQUIT\r\n'
}

# sweep CALLS COMMAND...: kills at uses of each call, in the program or in what it has started, until
# the session gets through. After each run `judge N` looks: N mails are acknowledged.
sweep() {
    local calls=$1 call n status kills=0 taken=0
    shift
    for call in $calls; do
        for ((n = 1, status = 137; n < 300; n += ${KILLS:-3})); do
            rm -rf md/new/* md/tmp/* box got station/queue/*
            mkdir -p got
            status=0
            strace -f -qq -o trace -e trace="$call" -e "inject=$call:signal=KILL:when=$n" \
                "$@" <session >replies 2>err || status=$?
            judge "$(grep -c '^250 2.0.0 OK' replies)" || { echo "at $call $n"; return 1; }
            grep -q 'killed by SIGKILL' trace || break
            kills=$((kills + 1))
        done
        taken=$((taken + $(grep -c '^250 2.0.0 OK' replies)))
    done 2>/dev/null
    echo "$kills kills, $taken acknowledged"
    [ "$kills" -ge 5 ] && [ "$taken" -gt 0 ]
}

CALLS='write fsync,fdatasync ?link,linkat ?unlink,unlinkat openat close read lseek ?fork,?vfork,clone,clone3 execve'

whole() { sed -n '/^Subject: a/,$p' "$1" | cmp -s - want; }

@test "--mbox, killed at its system calls: what was acknowledged is there and whole" {
    needs strace
    session x@us.example >session
    judge() {
        [ "$1" -eq 0 ] || { sed -n '/^Subject: a/,$p' box | sed '$d' | cmp - want; }
        # A part of a mail is one that nobody was told of, and no other mail becomes a part of it.
        [ "$1" -ne 0 ] || { smtp-recv --hostname us.example --mbox box <session >again && python3 -c 'import mailbox
mails = list(mailbox.mbox("box")); want = open("want").read().partition("\n\n")[2]
assert mails[-1].get_payload() == want, len(mails)
assert len(mails) < 3'; }
    }
    sweep "${CALLS% ?fork*}" "$BIN/smtp-recv" --hostname us.example --mbox box
}

@test "--exec, killed at its and the command's system calls" {
    needs strace
    session x@us.example y@us.example >session
    printf '#!/bin/sh\ncat >got/.%s && mv got/.%s got/%s\n' '$RECIPIENT' '$RECIPIENT' '$RECIPIENT' >take
    chmod +x take
    judge() {
        local f
        [ "$1" -eq 0 ] || [ "$(ls got | wc -l)" -eq 2 ]
        for f in got/*; do [ ! -e "$f" ] || whole "$f" || return 1; done
    }
    sweep "${CALLS/read /}" "$BIN/smtp-recv" --hostname us.example --exec ./take
}

@test "into the queue, killed at its and fax-queue's system calls" {
    needs strace
    station
    echo 'smarthost = smtp://127.0.0.1:1' >>station/faxpipe.conf
    session u@other.example >session
    judge() {
        local f entries
        fax-queue list --json >list
        entries=$(grep -o '"id"' list | wc -l)
        [ "$1" -eq 0 ] || [ "$entries" -eq 1 ] || { cat list; return 1; }
        [ "$entries" -eq 0 ] || for f in station/queue/*.mail; do whole "$f" || return 1; done
    }
    sweep 'write fsync ?link,linkat ?unlink,unlinkat ?rename,?renameat,renameat2 execve' "$BIN/smtp-recv" --relay stdin
}

# A listener under load by several clients, and the numbers of the mails that were acknowledged.
# kill_under_load HOW...: kills it so; all that was acknowledged must be there, whole.
cat_load() {
    cat <<'PY'
import os, random, signal, subprocess, sys, threading, time
from talk import Talk, mails, trace_off
how, count = sys.argv[1], int(sys.argv[2])
random.seed(count)
PAD = b"".join(b"%d a line of the mail\r\n" % i for i in range(400))
kills = total = 0
for round in range(count):
    acked, tried, lock = set(), {}, threading.Lock()
    receiver = ["smtp-recv", "--hostname", "us.example", "--maildir", "md", "--max-per-client", "0",
                "--listen", "127.0.0.1:0", "--print-port"]
    if how != "random":
        call = ["fsync", "linkat,link", "unlink,unlinkat", "write,writev,sendmsg,sendto"][round % 4]
        receiver = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                    f"inject={call}:signal=KILL:when={round * 7 % 30 + 1}"] + receiver
    p = subprocess.Popen(receiver, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = int(p.stdout.readline().split(b":")[-1])
    def client(k):
        n = 0
        try:
            t = Talk(port=port)
            t.say("EHLO me.example")
            while time.time() < end:
                n += 1
                number = b"%d-%d-%d" % (round, k, n)
                t.envelope()
                with lock: tried[number] = True
                if t.data(b"Subject: " + number + b"\r\n\r\n" + PAD + b"end\r\n.\r\n").startswith("250"):
                    with lock: acked.add(number)
        except (AssertionError, OSError):
            pass
    end = time.time() + 0.5
    threads = [threading.Thread(target=client, args=(k,)) for k in range(8)]
    for t in threads: t.start()
    if how == "random":
        time.sleep(random.uniform(0.05, 0.4))
        p.kill()
    for t in threads: t.join()
    if how != "random" and p.poll() is None:
        children = open(f"/proc/{p.pid}/task/{p.pid}/children").read().split()
        for c in children: os.kill(int(c), signal.SIGKILL)
    p.wait()
    kills += 1
    new = [open(f"md/new/{f}", "rb").read() for f in os.listdir("md/new")]
    there = set()
    for mail in new:
        mail = trace_off(mail)
        number = mail.partition(b"\n")[0].removeprefix(b"Subject: ")
        assert mail == b"Subject: " + number + b"\n\n" + PAD.replace(b"\r\n", b"\n") + b"end\n", (round, mail[:80], len(mail))
        assert number in tried and number not in there, number
        there.add(number)
    assert acked <= there, (round, sorted(acked - there))
    total += len(acked)
    for d in "new", "tmp":
        for f in os.listdir(f"md/{d}"): os.unlink(f"md/{d}/{f}")
print(kills, "kills,", total, "acknowledged")
assert total > count
PY
}

@test "mails that share their syncs, the listener killed at its system calls" {
    needs strace
    mkdir -p md/{tmp,new,cur}
    cat_load >load.py
    python3 load.py calls "${ROUNDS:-6}"
}

@test "the listener killed at random under load" {
    mkdir -p md/{tmp,new,cur}
    cat_load >load.py
    python3 load.py random "${ROUNDS:-4}"
}

@test "a full disk in every way of delivery: 452 4.3.1, nothing partial, and 250 with room again" {
    needs_root
    needs unshare
    cat >try.py <<'PY'
import os, subprocess, sys
from talk import Talk, mails
os.chdir("disk")
subprocess.run(["fuser", "init"], check=True)
open("pw", "w").write("wonderland\n")
subprocess.run(["fuser", "add", "12", "--name", "A", "--login", "a", "--address", "a@us.example", "--password-file", "pw"], check=True)
open("station/faxpipe.conf", "a").write("hostname = us.example\ndomain = us.example\nsmarthost = smtp://127.0.0.1:1\n")
os.makedirs("tmp", exist_ok=True)
os.makedirs("taken", exist_ok=True)
os.environ["TMPDIR"] = os.getcwd() + "/tmp"
open("take", "w").write("#!/bin/sh\ncat >taken/.x || exit 75\nmv taken/.x taken/x\n")
os.chmod("take", 0o755)
big = b"Subject: big\r\n\r\n" + b"a line of the mail that needs its room\r\n" * 12000 + b".\r\n"
ways = {"maildir": (("--hostname", "us.example", "--maildir", "md"), "a@us.example", "md"),
        "spool": ((), "a@us.example", "station/spool/12"),
        "mbox": (("--hostname", "us.example", "--mbox", "box"), "a@us.example", None),
        "exec": (("--hostname", "us.example", "--exec", "./take"), "a@us.example", None),
        "relay": (("--relay", "stdin"), "u@other.example", None),
        "chunks": (("--hostname", "us.example", "--maildir", "md"), "a@us.example", "md")}
def fill():
    f = os.open("filler", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        while True: os.write(f, b"x" * 4096)
    except OSError: os.close(f)
def files():
    return {os.path.join(d, f): os.stat(os.path.join(d, f)).st_size for d, _, fs in os.walk(".") for f in fs if f != "filler" and ".db" not in f}
for name, (options, to, box) in ways.items():
    t = Talk(*options, stderr=subprocess.DEVNULL)
    t.say("EHLO me")
    def send():
        t.envelope(to=to)
        if name == "chunks":
            body = big[:-3]
            t.send(b"BDAT %d LAST\r\n" % len(body) + body)
            return t.reply()
        if t.say("DATA")[:3] != "354": return "452 4.3.1 at once"
        t.send(big)
        return t.reply()
    before = None
    for _ in range(2):
        fill()
        if before is None: before = files()
        said = send()
        assert said.startswith("452 4.3.1"), (name, said)
        t.say("RSET")
        assert files() == before, (name, set(files().items()) ^ set(before.items()))
        os.unlink("filler")
    said = send()
    assert said.startswith("250 "), (name, said)
    t.end()
    if box: assert len(mails(box)) == 1
    for f in "box", "taken/x":
        if os.path.exists(f): os.unlink(f)
    subprocess.run("fax-queue list --json | grep -o '\"id\": \"[^\"]*' | cut -d'\"' -f4 | while read i; do until fax-queue remove $i 2>/dev/null; do sleep 0.05; done; done", shell=True)
PY
    mkdir disk
    unshare -m bash -ec 'mount -t tmpfs -o size=3m none disk; export FAXPIPE_HOME=$PWD/disk/station; python3 try.py'
}

# A mail that goes into the mbox by many writes; box is what was there before.
big_session() {
    printf '%s\r\n' 'EHLO me' 'MAIL FROM:<a@x.example>' 'RCPT TO:<u@us.example>' DATA 'Subject: big' ''
    seq -f '%070.0f' 10000 | sed 's/$/\r/'
    printf '%s\r\n' 'the end' . QUIT
}

# What is in the mbox is whole mails; whoever opens it first puts that right.
whole_mails() {
    smtp-recv --hostname us.example --mbox box </dev/null >/dev/null
    [ "$(grep -c '^From ' box)" -eq "$(grep -c '^the end$' box)" ]
    [ "$(tail -c 9 box | tr '\n' /)" = 'the end//' ]
    [ ! -s .box.faxpipe ]
}

# bats test_tags=nosan
@test "--mbox: killed at any call, even within a mail, no part of it stays; nor do others' mails go" {
    needs strace
    printf 'From b@x Thu Jan  1 00:00:00 1970\n\nthe end\n\n' >old
    big_session >session
    parts=0
    for call in write pwrite64 ftruncate fsync; do
        for n in 1 3 5 7 9 10 11 12 13 14 15 16 17 18 20; do
            cp old box
            status=0
            strace -f -qq -o /dev/null -e trace="$call" -e "inject=$call:signal=KILL:when=$n" \
                smtp-recv --hostname us.example --mbox box <session >said 2>/dev/null || status=$?
            # What was acknowledged is there.
            no grep -q "^250 2.0.0 OK" said || [ "$(grep -c "^the end$" box)" -eq 2 ]
            if [ "$(tail -c 9 box | tr '\n' /)" != 'the end//' ]; then
                parts=$((parts + 1))
                cp box torn
                cp .box.faxpipe torn.undo
            fi
            whole_mails
            head -c "$(stat -c %s old)" box | cmp - old
            [ "$status" -eq 137 ] || { [ "$status" -eq 0 ] && break; }
        done
    done
    echo "$parts parts of mails"
    [ "$parts" -ge 5 ]
    # Another program has appended to one, before any of us came by.
    cp torn box
    cp torn.undo .box.faxpipe
    cat old >>box
    smtp-recv --hostname us.example --mbox box </dev/null >/dev/null
    cat torn old | cmp - box
}
