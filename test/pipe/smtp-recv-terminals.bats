# SEND on a system station: the clerk may write on nobody's terminal, his child of the group tty
# may; and what it costs an ordinary user to say it.
load ../lib/helper
# bats file_tags=nosan

setup() {
    scratch
    needs_root
    needs unshare setpriv python3
}

teardown() { cleanup; }

# A terminal of anna's, in a utmp of our own; then the dialogue; then what it shows.
dialogue() {
    cat >dialogue.py <<'PY'
import os, pwd, select, smtplib, struct, sys, termios
mode, verbs = int(sys.argv[2], 8), sys.argv[3:]
anna = pwd.getpwnam("anna")
master, slave = os.openpty()
name = os.ttyname(slave)
os.chown(name, anna.pw_uid, 5)
os.chmod(name, mode)
line = name[5:].encode()
with open("/var/lib/faxpipe/utmp", "wb") as f:
    f.write(struct.pack("hi32s4s32s256shhiii4i20x", 7, 1, line, line[-4:], b"anna", b"", 0, 0, 0, 0, 0, 0, 0, 0, 0))
c = smtplib.SMTP("127.0.0.1", int(open(sys.argv[1]).read()))
c.helo("me")
for verb in verbs:
    print(verb, c.docmd(verb, "FROM:<a@b.example>")[0])
    code, words = c.rcpt("anna@fax.example")
    print("RCPT", code)
    if code == 250:
        print("DATA", c.data(f"\n{verb} for you\x1b[2J\n")[0])
    c.rset()
c.quit()
got = b""
while select.select([master], [], [], 0.2)[0]:
    got += os.read(master, 65536)
print(got.decode().replace("\r", ""))
PY
    cat >inside <<'SH'
set -eu
cd "$1"
printf 'hostname = fax.example\nutmp = /var/lib/faxpipe/utmp\n' >/var/lib/faxpipe/faxpipe.conf
echo pw >pw
chmod 644 pw
as faxpipe fuser add anna --name Anna --login anna --address anna@fax.example --password-fd 3 3<pw
smtp-recv --listen 127.0.0.1:0 --print-port >port &
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
clerk=$(cut -d" " -f1 "/proc/$master/task/$master/children")
shift
python3 dialogue.py port "$@"
for child in $(cat "/proc/$clerk/task/$clerk/children"); do
    grep -E '^(Uid|Gid|Groups|NoNewPrivs):' "/proc/$child/status" | tr '\t\n' '  '
    ls "/proc/$child/fd" | wc -l
done
ls /var/lib/faxpipe/spool/anna/new | wc -l
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" "$@" >out 2>err 3>&- || { cat out err; false; }
    cat out err
}

@test "a child of the group tty, and of nothing else, writes on the terminals that take messages" {
    dialogue 620 SEND SOML SAML
    [ "$(grep -c '^RCPT 250' out)" -eq 3 ]
    [ "$(grep -c '^DATA 250' out)" -eq 3 ]
    grep -qx '| SEND for you?\[2J' out
    grep -qx '| SOML for you?\[2J' out
    grep -qx '| SAML for you?\[2J' out
    # uid faxpipe, gid and only group tty; stdin, stdout, stderr and the way to the clerk.
    grep -qE '^Uid: 64101 64101 64101 64101 Gid: 5 5 5 5 Groups: +NoNewPrivs: 1 +4$' out
    [ "$(tail -1 out)" = 1 ]
}

@test "mesg n: 450, and mail instead" {
    dialogue 600 SEND SOML SAML
    [ "$(sed -n 2p out)" = "RCPT 450" ]
    [ "$(grep -c '^DATA 250' out)" -eq 2 ]
    no grep -q 'for you' out
    [ "$(tail -1 out)" = 2 ]
}

@test "the child ends with the clerk" {
    cat >inside <<'SH'
set -eu
cd "$1"
smtp-recv --hostname fax.example --listen 127.0.0.1:0 --print-port >port &
master=$!
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
clerk=$(cut -d" " -f1 "/proc/$master/task/$master/children")
children() { cat "/proc/$clerk/task/$clerk/children" 2>/dev/null; }
for i in $(seq 200); do [ "$(children | wc -w)" -eq 2 ] && break; sleep 0.05; done
list=$(children)
echo "$list" | wc -w
sleep 0.2
kill -9 $clerk
for i in $(seq 200); do
    left=0
    for p in $list; do grep -q '^State:.[^ZX]' "/proc/$p/status" 2>/dev/null && left=1; done
    [ $left = 0 ] && { echo gone; break; }
    sleep 0.05
done
kill $master
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    [ "$(cat out)" = $'2\ngone' ]
}
