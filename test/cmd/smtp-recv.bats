load ../lib/helper
load ../lib/station

setup() {
    scratch
    us=(--hostname us.example --maildir md)
}

teardown() { cleanup; }

# Lines with CR LF behind each.
lines() { printf '%s\r\n' "$@"; }

opening() { lines "${HELO:-EHLO me.example}" 'MAIL FROM:<a@b.example>' "RCPT TO:<${1:-x@us.example}>"; }

a_mail() {
    opening "$@"
    lines DATA 'Subject: a' '' text . QUIT
}

@test "options: wrong ones are 64" {
    run --separate-stderr smtp-recv --bogus
    expect_refusal 64
    run --separate-stderr smtp-recv operand
    expect_refusal 64
    run --separate-stderr smtp-recv --maildir a --mbox b
    expect_refusal 64
    run --separate-stderr smtp-recv --mbox - --hostname us.example
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --tls maybe
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --tls require
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --vrfy all
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --max-size lots
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --workers 0
    expect_refusal 64
    run --separate-stderr smtp-recv --hostname 'us example' --maildir md
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --listen nowhere
    expect_refusal 64
    run --separate-stderr smtp-recv "${us[@]}" --listen 127.0.0.1:0 --batch b
    expect_refusal 64
}

@test "--help and --version" {
    run -0 smtp-recv --help
    run -0 smtp-recv --version
    [[ $output == "smtp-recv (faxpipe) "* ]]
}

@test "no station is 78, with a word on how to get one" {
    run --separate-stderr smtp-recv
    expect_refusal 78
    [[ $stderr == *"fuser init"* ]]
}

@test "a certificate that is missing, or none, is 78" {
    echo nonsense >cert.pem
    run --separate-stderr smtp-recv "${us[@]}" --tls-cert missing.pem
    expect_refusal 78
    run --separate-stderr smtp-recv "${us[@]}" --tls-cert cert.pem
    expect_refusal 78
}

@test "an account that does not exist is 78" {
    needs_root
    run --separate-stderr smtp-recv "${us[@]}" --user nobody-of-this-name
    expect_refusal 78
}

@test "a maildir that cannot be made is 73" {
    echo >file
    run --separate-stderr smtp-recv --hostname us.example --maildir file/md </dev/null
    expect_refusal 73
}

@test "a session on stdin and stdout" {
    a_mail | smtp-recv "${us[@]}" >replies
    tr -d '\r' <replies | cut -c1-3 | paste -sd' ' | grep -qx '220 250 250 250 250 250 250 250 250 250 250 250 354 250 221'
    mail=(md/new/*)
    [ "${#mail[@]}" -eq 1 ]
    [ "$(sed -n 1p "${mail[0]}")" = 'Return-Path: <a@b.example>' ]
    grep -qx 'Received: from me.example' "${mail[0]}"
    tail -3 "${mail[0]}" | cmp - <(printf 'Subject: a\n\ntext\n')
    [ -z "$(ls md/tmp)" ]
}

@test "into the spool of the table's users, unknown ones refused" {
    station
    a_mail alice@fax.example | smtp-recv >replies
    grep -q '^250 2.0.0' replies
    [ "$(fax-spool list 12 | grep -cw new)" -eq 1 ]
    a_mail carol@fax.example | smtp-recv >replies
    grep -q '^550 5.1.1' replies
    grep -q '^554 5.5.1' replies
}

@test "one mail for several users is in the spool of each" {
    station
    { opening alice@fax.example; lines 'RCPT TO:<15@fax.example>' 'RCPT TO:<bob@fax.example>' DATA x . QUIT; } |
        smtp-recv >replies
    [ "$(ls "$FAXPIPE_HOME"/spool/12/new | wc -l)" -eq 1 ]
    [ "$(ls "$FAXPIPE_HOME"/spool/15/new | wc -l)" -eq 1 ]
    no grep -q 'for <' "$FAXPIPE_HOME"/spool/12/new/*
}

@test "postmaster always exists" {
    station
    a_mail Postmaster@fax.example | smtp-recv >replies
    a_mail postmaster | smtp-recv >>replies
    [ "$(grep -c '^250 2.0.0' replies)" -eq 2 ]
    [ "$(ls "$FAXPIPE_HOME"/spool/postmaster/new | wc -l)" -eq 2 ]
}

@test "over the spool's limit: 452 for those whose mail is held, not for those who print at once" {
    station
    a_mail bob@fax.example | smtp-recv >replies
    grep -q '^250 2.0.0' replies
    echo 'spool-limit = 10' >>"$FAXPIPE_HOME/faxpipe.conf"
    a_mail bob@fax.example | smtp-recv >replies
    grep -q '^452 4.2.2' replies
    a_mail alice@fax.example | smtp-recv >replies
    grep -q '^250 2.0.0' replies
}

@test "a sender that the user refuses: 550 5.7.1" {
    station
    fuser sender set a@b.example 15 --refuse
    a_mail bob@fax.example | smtp-recv >replies
    grep -q '^550 5.7.1' replies
    a_mail alice@fax.example | smtp-recv >replies
    grep -q '^250 2.0.0' replies
}

@test "VRFY by code, local part, address and word of the name; ambiguous 553; hidden 252" {
    station
    fuser add 16 --name 'Alice Springs' --login spring --address spring@fax.example --password-file "$T/bob.pw"
    lines 'VRFY 15' 'VRFY BOB' 'VRFY bob@fax.example' 'VRFY springs' 'VRFY alice springs' 'VRFY nobody' QUIT |
        smtp-recv --vrfy users | tr -d '\r' >replies
    [ "$(grep -c '^250 2.1.5 Bob <bob@fax.example>$' replies)" -eq 3 ]
    [ "$(grep -c '^250 2.1.5 Alice Springs <spring@fax.example>$' replies)" -eq 2 ]
    grep -q '^550 5.1.1' replies
    lines 'VRFY Alice' QUIT | smtp-recv --vrfy users | tr -d '\r' >replies
    grep -q '^553-5.1.4 Alice <alice@fax.example>$' replies
    grep -q '^553 5.1.4 Alice Springs <spring@fax.example>$' replies
    lines 'VRFY bob' 'EXPN bob' QUIT | smtp-recv >replies
    [ "$(grep -c '^252 ' replies)" -eq 2 ]
}

@test "hostile local parts are nothing but names" {
    station
    for a in -oQ 'a;id' '../../x' 'a/b' '"../../x"' '"; touch $T/owned"'; do
        a_mail "$a@fax.example" | smtp-recv >replies
        grep -qE '^5(50 5.1.1|01 5.1.3)' replies
    done
    [ ! -e "$T/owned" ]
    a_mail '"a;touch b"@us.example' |
        smtp-recv --domain us.example --exec "sh -c 'echo \"\$RECIPIENT\" >$T/got'" >replies
    [ "$(cat "$T/got")" = '"a;touch b"@us.example' ]
}

@test "--exec: mail on stdin, SENDER and RECIPIENT, its status counts" {
    cat >take <<'SH'
#!/bin/sh
{ echo "$SENDER to $RECIPIENT"; cat; } >>got
case $RECIPIENT in later*) exit 75 ;; never*) exit 69 ;; esac
SH
    chmod +x take
    { opening; lines 'RCPT TO:<y@us.example>' DATA 'Subject: a' '' . QUIT; } |
        smtp-recv --hostname us.example --exec ./take >replies
    grep -q '^250 2.0.0' replies
    grep -qx 'a@b.example to x@us.example' got
    grep -qx 'a@b.example to y@us.example' got
    [ "$(grep -c '^Subject: a' got)" -eq 2 ]
    a_mail later@us.example | smtp-recv --hostname us.example --exec ./take >replies 2>err
    grep -q '^451 4.3.0' replies
    a_mail never@us.example | smtp-recv --hostname us.example --exec ./take >replies 2>err
    grep -q '^554 5.3.0' replies
    a_mail | smtp-recv --hostname us.example --exec ./missing >replies 2>err
    grep -q '^451 4.3.0' replies
    { HELO='LHLO me' opening; lines 'RCPT TO:<never@us.example>' DATA x . QUIT; } |
        smtp-recv --lmtp --hostname us.example --exec ./take 2>err | tail -3 | cut -c1-3 | paste -sd' ' >codes
    grep -qx '250 554 221' codes
}

@test "--exec: what each status of sysexits says" {
    printf '#!/bin/sh\nexit ${RECIPIENT%%@*}\n' >leave
    chmod +x leave
    for status in 0 1 64 65 66 67 68 69 70 71 73 74 75 76 77 78 126 127 137; do
        a_mail "$status@us.example" | smtp-recv --hostname us.example --exec ./leave 2>err |
            tail -2 | head -1 | sed "s/^\\([0-9]* [0-9.]*\\).*/$status: \\1/"
    done >said
    cat >wanted <<'SAID'
0: 250 2.0.0
1: 554 5.3.0
64: 554 5.3.0
65: 554 5.3.0
66: 554 5.3.0
67: 550 5.1.1
68: 554 5.3.0
69: 554 5.3.0
70: 554 5.3.0
71: 451 4.3.0
73: 451 4.3.0
74: 451 4.3.0
75: 451 4.3.0
76: 554 5.3.0
77: 550 5.7.1
78: 451 4.3.0
126: 451 4.3.0
127: 451 4.3.0
137: 451 4.3.0
SAID
    diff wanted said
}

@test "--exec: a slow command keeps no other mail waiting" {
    mkfifo gate
    cat >take <<'SH'
#!/bin/sh
cat >/dev/null
case $RECIPIENT in slow*) read -r line <gate ;; esac
echo "$RECIPIENT" >>got
SH
    chmod +x take
    receiver --hostname us.example --exec ./take
    python3 - "$PORT" <<'PY'
import smtplib, sys, threading
def send(to):
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1])); c.sendmail("a@b", to, "Subject: x\n\n"); c.quit()
slow = threading.Thread(target=send, args=("slow@us.example",))
slow.start()
for _ in range(5): send("quick@us.example")
open("gate", "w").write("go\n")
slow.join()
PY
    [ "$(paste -sd' ' got)" = 'quick@us.example quick@us.example quick@us.example quick@us.example quick@us.example slow@us.example' ]
}

@test "--mbox: what Python's mailbox reads, and From lines are quoted" {
    { opening; lines DATA 'Subject: one' '' 'From the start' '>From here' 'From' . 'MAIL FROM:<>' \
        'RCPT TO:<x@us.example>' DATA 'Subject: two' '' . QUIT; } |
        smtp-recv --hostname us.example --mbox box >replies
    [ "$(grep -c '^250 2.0.0' replies)" -eq 2 ]
    grep -qx '>From the start' box
    grep -qx '>>From here' box
    grep -qx 'From' box
    python3 -c 'import mailbox
b = mailbox.mbox("box")
assert [m["subject"] for m in b] == ["one", "two"], list(b)
assert b[0].get_from().startswith("a@b.example "), b[0].get_from()
assert b[1].get_from().startswith("MAILER-DAEMON ")'
}

@test "--mbox: mails that come at once do not mix" {
    receiver --hostname us.example --mbox box
    python3 - "$PORT" <<'PY'
import mailbox, smtplib, sys, threading
def send(n):
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
    c.sendmail("a@b", "x@us.example", "Subject: %d\n\n" % n + ("%d\n" % n * 60 + "\n") * 2000)
    c.quit()
threads = [threading.Thread(target=send, args=(n,)) for n in range(10, 22)]
for t in threads: t.start()
for t in threads: t.join()
box = mailbox.mbox("box")
assert sorted(int(m["subject"]) for m in box) == list(range(10, 22))
for m in box: assert set(m.get_payload().split()) == {m["subject"]}, m["subject"]
PY
}

@test "--mbox: behind a mail that lacks its end a new one begins" {
    for end in '' '\n' '\n\n'; do
        printf "From c@d.example Thu Jan  1 00:00:00 1970\nSubject: cut\n\nhal$end" >box
        a_mail | smtp-recv --hostname us.example --mbox box >replies
        grep -q '^250 2.0.0' replies
        python3 -c 'import mailbox
b = list(mailbox.mbox("box"))
assert [m["subject"] for m in b] == ["cut", "a"], b
assert b[0].get_payload().rstrip("\n") == "hal" and b[1].get_payload() == "text\n", b'
    done
}

@test "--mbox that is full: 452, and what was there stays as it was" {
    a_mail | smtp-recv --hostname us.example --mbox /dev/full >replies 2>err
    grep -q '^452 4.3.1' replies
    no grep -q '^250 2.0.0' replies
}

@test "--batch: a file of commands, with CR LF or LF" {
    a_mail >crlf
    tr -d '\r' <crlf >lf
    smtp-recv "${us[@]}" --batch crlf >out
    smtp-recv "${us[@]}" --batch - <lf >>out
    [ ! -s out ]
    [ "$(ls md/new | wc -l)" -eq 2 ]
    smtp-recv --hostname us.example --mbox - --batch lf >box
    grep -qx 'Subject: a' box
}

@test "--batch: bad ones" {
    run --separate-stderr smtp-recv "${us[@]}" --batch missing
    expect_refusal 66
    [[ $stderr == *missing:* ]]
    run --separate-stderr smtp-recv "${us[@]}" --batch /dev/null
    expect_refusal 65
    head -c 1000 /dev/urandom >random
    run --separate-stderr smtp-recv "${us[@]}" --batch random
    expect_refusal 65
    # Cut within a line, between two, or within the mail; without its QUIT alone it is whole.
    a_mail >whole
    size=$(stat -c %s whole)
    for n in 1 5 $((size / 4)) $((size / 3)) $((size / 2)) $((size - 12)) $((size - 7)); do
        head -c "$n" whole >cut
        run --separate-stderr smtp-recv "${us[@]}" --batch cut
        expect_refusal 65 || { echo "$n"; return 1; }
    done
    sed '/^DATA/,$d' whole >cut
    run --separate-stderr smtp-recv "${us[@]}" --batch cut
    expect_refusal 65
    [[ $stderr == *'cut: '* ]]
    [ -z "$(ls md/new)" ]
    sed '/^QUIT/d' whole >unsaid
    smtp-recv "${us[@]}" --batch unsaid
    rm md/new/*
    a_mail u@other >foreign
    run --separate-stderr smtp-recv -q "${us[@]}" --batch foreign
    expect_refusal 67
    opening >large
    { lines DATA; head -c 2000 /dev/zero | tr '\0' x; lines '' . QUIT; } >>large
    run --separate-stderr smtp-recv -q "${us[@]}" --max-size 1K --batch large
    expect_refusal 69
    [ -z "$(ls md/new)$(ls md/tmp)" ]
}

@test "random bytes: refused, and the status is that of a session" {
    head -c 100000 /dev/urandom >random
    smtp-recv "${us[@]}" <random >replies
    grep -q '^5' replies
    smtp-recv "${us[@]}" </dev/null >replies
    [ -z "$(ls md/new)$(ls md/tmp)" ]
}

@test "a connection cut at any point leaves nothing behind but whole mails" {
    a_mail >dialogue
    size=$(stat -c %s dialogue)
    for ((n = 1; n < size; n += 7)); do
        status=0
        head -c "$n" dialogue | smtp-recv -q "${us[@]}" >replies 2>err || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 76 ]
        [ -z "$(ls md/tmp)" ]
        grep -q '^250 2.0.0 OK' replies || [ -z "$(ls md/new)" ]
        rm -f md/new/*
    done
}

# bats test_tags=nosan
@test "a line without end takes no memory" {
    (ulimit -v 200000; head -c 64M /dev/zero | tr '\0' x | smtp-recv "${us[@]}" >replies)
    (ulimit -v 200000; { head -c 64M /dev/zero | tr '\0' x; lines ''; a_mail; } | smtp-recv "${us[@]}" >replies)
    grep -q '^500 5.5.2' replies
    grep -q '^250 2.0.0' replies
}

# bats test_tags=nosan
@test "a large mail takes no memory, and lines of any length are kept" {
    { opening; lines DATA; head -c 64M /dev/zero | tr '\0' y; lines '' . QUIT; } >dialogue
    (ulimit -v 200000; smtp-recv "${us[@]}" --no-sync <dialogue >replies)
    grep -q '^250 2.0.0' replies
    [ "$(stat -c %s md/new/*)" -gt 67108864 ]
}

@test "stdout lost: 74; its reader gone: 141" {
    run --separate-stderr bash -c 'smtp-recv --hostname us.example --maildir md </dev/null >/dev/full'
    [ "$status" -eq 74 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    mkfifo in
    run --separate-stderr bash -c 'set -o pipefail
        { sleep 0.3; yes NOOP | head -1000; } | smtp-recv --hostname us.example --maildir md | true'
    [ "$status" -eq 141 ] || [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}

@test "bytes behind STARTTLS, or before the greeting where it waits: 554 and closed" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=us -keyout key.pem -out cert.pem 2>/dev/null
    lines 'EHLO me' STARTTLS 'MAIL FROM:<evil@x>' | smtp-recv "${us[@]}" --tls-cert cert.pem --tls-key key.pem >replies
    grep -q '^554 5.5.0' replies
    no grep -q '^220 2' replies
    a_mail | smtp-recv "${us[@]}" --greet-pause 1 >replies
    [ "$(cut -c1-9 replies)" = '554 5.5.0' ]
    [ -z "$(ls md/new)" ]
}

@test "an idle client: 421 4.4.2" {
    mkfifo in
    (exec 3<>in; smtp-recv "${us[@]}" --timeout 1 <in >replies)
    tail -1 replies | grep -q '^421 4.4.2'
}

@test "--listen as an ordinary user: says what protection is missing, and has what there can be" {
    # Root who uses a station of his own is as ordinary: there is nobody else to become.
    receiver --hostname us.example --maildir md
    grep -qx 'smtp-recv: warning: not parted .*: no user and no chroot of its own, no seccomp, no Landlock' \
        receiver.log
    cleanup
    receiver --hostname us.example --maildir md --workers 2
    grep -qx 'smtp-recv: warning: not parted .*: no user and no chroot of its own' receiver.log
    local master=${PIDS[-1]} clerk workers worker
    clerk=$(cut -d' ' -f1 "/proc/$master/task/$master/children")
    read -ra workers <"/proc/$clerk/task/$clerk/children" || :
    [ ${#workers[@]} -eq 2 ]
    for worker in "${workers[@]}"; do
        grep -qxP 'NoNewPrivs:\t1' "/proc/$worker/status"
        grep -qxP 'Seccomp:\t2' "/proc/$worker/status"
    done
}

@test "--listen: what is no port" {
    for port in 65536 99999 -1 smtp 0x19 ' 25' ''; do
        run --separate-stderr timeout 5 smtp-recv "${us[@]}" --listen "127.0.0.1:$port" </dev/null
        expect_refusal 64
    done
}

@test "--listen: several addresses, ports printed, a unix socket" {
    smtp-recv "${us[@]}" --listen 127.0.0.1:0 --listen 127.0.0.1:0 --listen "unix:$T/sock" --print-port >ports 3>&- &
    PIDS+=($!)
    until_true 10 eval '[ "$(wc -l <ports)" -eq 3 ]'
    [ "$(sed -n 3p ports)" = 0 ]
    for port in $(head -2 ports); do
        a_mail | socat -t5 - "TCP:127.0.0.1:$port" >replies
        grep -q '^554 5.5.0\|^250 2.0.0' replies
    done
    python3 - "$T/sock" <<'PY'
import smtplib, socket, sys
s = smtplib.SMTP()
s.sock = socket.socket(socket.AF_UNIX); s.sock.connect(sys.argv[1])
s.file = None
assert s.getreply()[0] == 220
s.ehlo("me")
s.sendmail("a@b.example", "x@us.example", "Subject: unix\n\n.\n")
s.quit()
PY
    grep -rqx 'Subject: unix' md/new
    run --separate-stderr smtp-recv "${us[@]}" --listen "127.0.0.1:$(head -1 ports)"
    expect_refusal 69
}

@test "sockets handed over by a service manager" {
    python3 - <<'PY' 3>&- &
import os, socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5)
open("port.tmp", "w").write(str(s.getsockname()[1])); os.rename("port.tmp", "port")
if s.fileno() != 3: os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp("smtp-recv", ["smtp-recv", "--hostname", "us.example", "--maildir", "md"])
PY
    PIDS+=($!)
    until_true 10 test -s port
    python3 -c 'import smtplib
s = smtplib.SMTP("127.0.0.1", int(open("port").read())); s.sendmail("a@b", "x@us.example", "Subject: handed over\n\n"); s.quit()'
    grep -rqx 'Subject: handed over' md/new
}

@test "caps on connections, of one client and in all: 421 4.7.0" {
    receiver "${us[@]}" --max-per-client 3
    python3 - "$PORT" <<'PY'
import socket, sys
def greeting():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    return s, s.makefile("rb").readline()
held = [greeting() for _ in range(3)]
assert all(g.startswith(b"220 ") for _, g in held), held
assert greeting()[1].startswith(b"421 4.7.0")
held.pop()[0].close()
import time
for _ in range(100):
    s, g = greeting()
    if g.startswith(b"220 "): break
    s.close(); time.sleep(0.05)
assert g.startswith(b"220 ")
PY
    cleanup
    receiver "${us[@]}" --max-per-client 0 --max-connections 2
    python3 - "$PORT" <<'PY'
import socket, sys
def greeting():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    return s, s.makefile("rb").readline()
held = [greeting() for _ in range(3)]
assert [g[:3] for _, g in held] == [b"220", b"220", b"421"], held
PY
}

@test "hundreds of idle clients cost the others nothing" {
    receiver "${us[@]}" --max-per-client 0
    python3 - "$PORT" <<'PY'
import smtplib, socket, sys
port = int(sys.argv[1])
idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(400)]
for s in idle: assert s.makefile("rb").readline().startswith(b"220 ")
c = smtplib.SMTP("127.0.0.1", port)
c.sendmail("a@b", "x@us.example", "Subject: among the idle\n\n"); c.quit()
PY
    grep -rqx 'Subject: among the idle' md/new
}

@test "whoever speaks before the greeting is sent away" {
    receiver "${us[@]}" --greet-pause 2
    a_mail | socat -t5 - "TCP:127.0.0.1:$PORT" >replies
    [ "$(cut -c1-9 replies)" = '554 5.5.0' ]
}

@test "a byte now and then is not enough: 421 4.4.2" {
    drip='import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
said = s.recv(4096) # whoever speaks before the greeting is sent away
s.settimeout(0.1)
for i in range(100):
    try:
        s.send(b"x")
        said += s.recv(4096)
    except TimeoutError: pass
    except OSError: break
    if b"\n421 4.4.2" in said: break
assert b"\n421 4.4.2" in said, said'
    receiver "${us[@]}" --timeout 1
    python3 -c "$drip" "$PORT"
    { for _ in $(seq 40); do sleep 0.1; printf x 2>/dev/null || break; done; } |
        smtp-recv "${us[@]}" --timeout 1 >replies || :
    tail -1 replies | grep -q '^421 4.4.2'
}

@test "idle clients of the listener: 421 4.4.2" {
    for pause in 0 1; do
        receiver "${us[@]}" --timeout 1 --greet-pause $pause
        python3 - "$PORT" <<'PY'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.settimeout(20)
f = s.makefile("rb")
assert f.readline().startswith(b"220 ")
assert f.readline().startswith(b"421 4.4.2")
assert f.readline() == b""
PY
        cleanup
    done
}

@test "several workers" {
    station
    receiver --workers 3
    python3 - "$PORT" <<'PY'
import smtplib, sys
for i in range(20):
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
    c.sendmail("a@b", "alice@fax.example", "Subject: %d\n\n" % i); c.quit()
PY
    [ "$(ls "$FAXPIPE_HOME/spool/12/new" | wc -l)" -eq 20 ]
}

@test "SIGTERM: 143, and nothing half written stays" {
    mkfifo in
    smtp-recv "${us[@]}" <in >replies 3>&- &
    pid=$!
    exec 4>in
    opening >&4
    lines DATA 'Subject: a' >&4
    until_true 10 grep -q '^354' replies
    # More of it than is kept in memory.
    yes 'a line of a mail' | head -c 100000 | sed 's/$/\r/' >&4
    until_true 10 eval '[ -n "$(ls md/tmp)" ]'
    kill "$pid"
    status=0
    wait "$pid" || status=$?
    exec 4>&-
    [ "$status" -eq 143 ]
    [ -z "$(ls md/tmp)$(ls md/new)" ]
}

@test "-v shows the dialogue on stderr" {
    a_mail | smtp-recv -v "${us[@]}" 2>&1 >/dev/null | grep -q 'smtp-recv: < MAIL FROM:<a@b.example>'
}

relaying() {
    station
    echo 'smarthost = smtp://127.0.0.1:1' >>"$FAXPIPE_HOME/faxpipe.conf"
}

@test "--relay: those allowed may name foreign recipients, whose mail is queued" {
    relaying
    { opening alice@fax.example; lines 'RCPT TO:<c@other.example>' 'RCPT TO:<-oQ@other.example>' \
        'RCPT TO:<u%x@fax.example>' DATA 'Subject: on its way' '' . QUIT; } >dialogue
    smtp-recv <dialogue >replies
    [ "$(grep -c '^550 5.7.1' replies)" -eq 3 ]
    rm -f "$FAXPIPE_HOME"/spool/12/new/*
    # The fax-queue beside it is found without a PATH.
    PATH=/usr/bin:/bin "$BIN/smtp-recv" --relay stdin <dialogue >replies
    [ "$(grep -c '^550 5.7.1' replies)" -eq 1 ]
    grep -q '^250 2.0.0' replies
    grep -qx 'Subject: on its way' "$FAXPIPE_HOME"/spool/12/new/*
    until_true 5 eval 'fax-queue list --json | grep -q c@other.example'
    fax-queue list --json >list
    grep -q 'a@b.example' list
    grep -q -e '-oQ@other.example' list
    grep -qx 'Subject: on its way' "$FAXPIPE_HOME"/queue/*.mail
    no grep -q '^Return-Path' "$FAXPIPE_HOME"/queue/*.mail
    head -1 "$FAXPIPE_HOME"/queue/*.mail | grep -q '^Received: from me.example'
}

@test "--relay: a mail to a thousand" {
    relaying
    { lines 'EHLO me.example' 'MAIL FROM:<a@b.example>'
      seq -f 'RCPT TO:<user%.0f@far.example>' 1000 | sed 's/$/\r/'
      lines DATA 'Subject: to all' '' . QUIT; } | smtp-recv --relay stdin >replies
    [ "$(tail -2 replies | head -1 | cut -c1-9)" = '250 2.0.0' ]
    fax-queue list --json >list
    [ "$(grep -o 'user[0-9]*@far' list | sort -u | wc -l)" -eq 1000 ]
}

@test "--relay: a source route through us, and the reverse-path grows (RFC 821 scenario 3)" {
    relaying
    { opening '@fax.example:Jones@BBN-VAX.ARPA'; lines 'RCPT TO:<@fax.example,@two.example:x@three.example>' \
        DATA 'Subject: routed' '' . QUIT; } | smtp-recv --relay stdin >replies
    grep -q '^250 2.0.0' replies
    until_true 5 eval 'fax-queue list --json | grep -q Jones@BBN-VAX.ARPA'
    fax-queue list --json >list
    grep -q '@fax.example:a@b.example' list
    grep -q '@two.example:x@three.example' list
    no grep -q '@fax.example:Jones' list
}

@test "--relay: by address, and not for others" {
    relaying
    receiver --relay 192.0.2.0/24
    python3 -c 'import smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1])); c.helo("me"); c.mail("a@b.example")
assert c.rcpt("c@other.example")[0] == 550' "$PORT"
    rm port
    receiver --relay 192.0.2.0/24,127.0.0.0/8
    python3 -c 'import smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1])); c.sendmail("a@b.example", "c@other.example", "Subject: x\n\n"); c.quit()' "$PORT"
    until_true 5 eval 'fax-queue list --json | grep -q c@other.example'
    run --separate-stderr smtp-recv --relay 127.0.0.1/8
    expect_refusal 64
    run --separate-stderr smtp-recv --relay stdin --maildir md
    expect_refusal 64
}

@test "--batch: a mail's part of type application/batch-SMTP, out of base64 or quoted-printable" {
    fuser init
    echo pw >pw
    fuser add 12 --name Alice --login alice --address alice@fax.example --password-file pw
    printf '%s\n' 'EHLO there' 'MAIL FROM:<a@b.example>' 'RCPT TO:<alice@fax.example>' DATA \
        'Subject: first' '' '..dot' . 'MAIL FROM:<a@b.example>' 'RCPT TO:<12@fax.example>' DATA \
        'Subject: second' '' 'grüße' . QUIT >batch
    b64mime --from a@b.example --to batch@fax.example --type application/batch-SMTP batch >mail.eml
    grep -qi '^Content-Type: application/batch-SMTP' mail.eml
    pipe 'b64mime -d --type application/batch-SMTP mail.eml | smtp-recv --domain fax.example --batch -'
    # RFC 2442's own example has its part in a multipart, of lines as they are.
    { printf '%s\n' 'Subject: a batch' 'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary=b' \
        '' --b '' 'see below' --b 'Content-Type: application/batch-SMTP' \
        'Content-Transfer-Encoding: quoted-printable' ''
      sed 's/first/th=69rd/; /second/,$d; /MAIL FROM/!b' batch | sed '9,$d'
      echo QUIT; echo --b--; } | sed 's/$/\r/' >other.eml
    pipe 'b64mime -d --type application/batch-SMTP other.eml | smtp-recv --domain fax.example --batch -'
    [ "$(cat station/spool/12/new/* | grep -c '^Subject: \(first\|second\|third\)$')" -eq 3 ]
    [ "$(cat station/spool/12/new/* | grep -c '^\.dot$')" -eq 2 ]
    cat station/spool/12/new/* | grep -qx 'grüße'
    # A mail without such a part is no batch: nothing is carried out.
    echo text | b64mime --from a@b.example --to b@c.example --text - >plain.eml
    run bash -o pipefail -c 'b64mime -d --type application/batch-SMTP plain.eml | smtp-recv --domain fax.example --batch -'
    expect_status 65
}

@test "--no-mail: 521 on a socket, without a station" {
    background bash -c 'exec smtp-recv --hostname us.example --no-mail --listen 127.0.0.1:0 --print-port >port'
    until_true 10 test -s port
    printf 'EHLO me\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n' >dialogue
    python3 - "$(cat port)" <<'PY' >got
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = s.makefile("rwb")
print(f.readline().decode().strip())
f.write(open("dialogue", "rb").read())
f.flush()
print(f.read().decode().replace("\r", "").strip())
PY
    cat got
    [ "$(sed 's/^\(...\).*/\1/' got | tr '\n' ' ')" = "521 521 521 221 " ]
    grep -qx '521 us.example takes no mail' got
}

@test "a terminal is not looked for where mail goes to a command or a maildir" {
    printf 'HELO me\r\nSEND FROM:<a@b.example>\r\nHELP\r\nQUIT\r\n' >dialogue
    for way in '--maildir md' '--exec true'; do
        # shellcheck disable=SC2086
        smtp-recv --hostname us.example $way <dialogue >got
        [ "$(grep -c '^502 5.5.1 no terminals here' got)" -eq 1 ]
    done
}

@test "an off-ramp that cannot be started, or a command that is none" {
    fuser init
    echo 'offramp = "open quote' >station/faxpipe.conf
    run --separate-stderr smtp-recv --hostname us.example </dev/null
    expect_refusal 78
    echo 'offramp = /nonexistent/ramp' >station/faxpipe.conf
    printf '%s\r\n' 'HELO me' 'MAIL FROM:<>' 'RCPT TO:<FAX=+1@us.example>' DATA x . QUIT |
        smtp-recv --hostname us.example --relay stdin >got
    grep -q '^451' got
}

@test "HELP names what is offered, and how each of it is written" {
    listed() { # OPTION...: what HELP lists, and every HELP COMMAND
        { printf '%s\r\n' 'EHLO me' HELP; printf 'HELP %s\r\n' HELO EHLO LHLO MAIL RCPT DATA RSET NOOP QUIT HELP \
            VRFY EXPN STARTTLS SEND SOML SAML TURN ATRN ETRN AUTH BDAT; printf 'QUIT\r\n'; } | smtp-recv "$@" | tr -d '\r' >got
        sed -n 's/^214 2.0.0 \(.LO EHLO\|HELO EHLO\|LHLO\) /\1 /p' got | head -1 >list
        for verb in STARTTLS SEND SOML SAML TURN ETRN AUTH; do
            if grep -qw "$verb" list; then
                grep -q "^214 2.0.0 $verb\b" got && no grep -q "^214 2.0.0 $verb is not offered" got
            else
                grep -q "^214 2.0.0 $verb is not offered$" got
            fi
        done
    }
    fuser init
    listed --hostname us.example
    [ "$(cat list)" = 'HELO EHLO MAIL RCPT DATA RSET NOOP QUIT HELP VRFY EXPN SEND SOML SAML BDAT' ]
    grep -qx '214 2.0.0 MAIL FROM:<reverse-path> \[parameters\]' got
    listed --hostname us.example --no-terminals --etrn
    [ "$(cat list)" = 'HELO EHLO MAIL RCPT DATA RSET NOOP QUIT HELP VRFY EXPN ETRN BDAT' ]
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -keyout key -out cert 2>/dev/null
    listed --hostname us.example --no-terminals --tls-cert cert --tls-key key --auth
    # AUTH is for those under TLS.
    [ "$(cat list)" = 'HELO EHLO MAIL RCPT DATA RSET NOOP QUIT HELP VRFY EXPN STARTTLS BDAT' ]
    fuser add me --name Me --login me --address me@us.example --password-file <(echo pw)
    listed --hostname us.example --trust-stdio me --no-terminals
    [ "$(cat list)" = 'HELO EHLO MAIL RCPT DATA RSET NOOP QUIT HELP VRFY EXPN TURN ATRN BDAT' ]
}
