# Started as root on a system station: the worker reads the network as faxrecv, shut into the
# spool; the clerk answers as faxpipe.
load ../lib/helper
# bats file_tags=nosan

setup() {
    scratch
    needs_root
    needs unshare setpriv python3
}

teardown() { cleanup; }

@test "statement 16: worker faxrecv in the spool, clerk faxpipe, mail delivered and readable by its owner" {
    cat >inside <<'SH'
set -eu
cd "$1"
echo 'hostname = fax.example' >/var/lib/faxpipe/faxpipe.conf
echo pw >pw
chmod 644 pw
as faxpipe fuser add 12 --name Alice --login alice --address alice@fax.example --password-fd 3 3<pw
as faxpipe fuser add 15 --name Bob --login bob --address bob@fax.example --password-fd 3 3<pw
smtp-recv --listen 127.0.0.1:0 --print-port >port &
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
clerk=$(cut -d" " -f1 "/proc/$master/task/$master/children")
python3 - "$(cat port)" <<'PY'
import smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
assert c.sendmail("a@b.example", ["alice@fax.example", "bob@fax.example", "carol@fax.example"],
                  "Subject: apart\n\nhello\n").keys() == {"carol@fax.example"}
c.sendmail("a@b.example", ["postmaster@fax.example"], "Subject: master\n\n")
c.quit()
PY
worker=$(cut -d" " -f1 "/proc/$clerk/task/$clerk/children")
grep -E '^(Uid|Gid|NoNewPrivs|Seccomp):' "/proc/$clerk/status" "/proc/$worker/status" | sed 's/.*status://'
readlink "/proc/$worker/root"
stat -c '%U %G %a' /var/lib/faxpipe/spool/12/new/*
as faxpipe fax-spool list 12 | grep -w new
as faxpipe cat /var/lib/faxpipe/spool/15/new/* | grep '^Subject'
as faxpipe cat /var/lib/faxpipe/spool/postmaster/new/* | grep '^Subject'
id=$(as faxpipe fax-spool take 12)
as faxpipe fax-spool cat 12 "$id" | grep '^Return-Path'
ls -l "/proc/$worker/fd" | grep -c 'users.db\|/key' || :
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    grep -qxP 'Uid:\t64101\t64101\t64101\t64101' out
    grep -qxP 'Uid:\t64102\t64102\t64102\t64102' out
    grep -qxP 'NoNewPrivs:\t1' out
    grep -qxP 'Seccomp:\t2' out
    grep -qx '/var/lib/faxpipe/spool' out
    grep -qx 'faxrecv faxrecv 640' out
    grep -qx 'Subject: apart' out
    grep -qx 'Subject: master' out
    grep -qx 'Return-Path: <a@b.example>' out
    [ "$(tail -1 out)" = 0 ]
}

@test "statement 16: the session of an inetd's root parts in the same way" {
    cat >inside <<'SH'
set -eu
cd "$1"
echo 'hostname = fax.example' >/var/lib/faxpipe/faxpipe.conf
echo pw >pw
chmod 644 pw
as faxpipe fuser add 12 --name Alice --login alice --address alice@fax.example --password-fd 3 3<pw
printf '%s\r\n' 'EHLO me' 'MAIL FROM:<>' 'RCPT TO:<12@fax.example>' 'RCPT TO:<x@fax.example>' \
    DATA 'Subject: alone' '' . QUIT | smtp-recv
stat -c '%U %G %a' /var/lib/faxpipe/spool/12/new/*
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    grep -q '^550 5.1.1' out
    grep -q '^250 2.0.0' out
    grep -q '^221' out
    grep -qx 'faxrecv faxrecv 640' out
}

@test "statement 16: a worker without the database checks a password, and relays for who has it" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
    cat >inside <<'SH'
set -eu
cd "$1"
printf 'hostname = fax.example\nsmarthost = smtp://127.0.0.1:1\n' >/var/lib/faxpipe/faxpipe.conf
echo 'tea at five' >pw
chmod 644 pw
as faxpipe fuser add 12 --name Alice --login alice --address alice@fax.example --password-fd 3 3<pw
smtp-recv --listen 127.0.0.1:0 --print-port --auth --tls-cert cert.pem --tls-key key.pem >port &
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
python3 - "$(cat port)" <<'PY'
import smtplib, ssl, sys
c = smtplib.SMTP("localhost", int(sys.argv[1]))
c.starttls(context=ssl.create_default_context(cafile="cert.pem"))
try:
    c.login("alice", "tea at six")
    raise SystemExit("let in")
except smtplib.SMTPAuthenticationError as e:
    print(e.smtp_code)
c.login("alice", "tea at five")
c.sendmail("alice@fax.example", ["out@other.example"], "Subject: out\n\n")
c.quit()
PY
as faxpipe fax-queue list
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    grep -qx 535 out
    grep -q out@other.example out
}

@test "statement 16: without a clerk no worker, and without a master neither; the master finds new ones" {
    cat >inside <<'SH'
set -eu
cd "$1"
smtp-recv --hostname fax.example --listen 127.0.0.1:0 --print-port >port &
master=$!
trap 'kill $master 2>/dev/null || :' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
clerk=$(cut -d" " -f1 "/proc/$master/task/$master/children")
worker=$(cut -d" " -f1 "/proc/$clerk/task/$clerk/children")
kill -9 $clerk
# Whoever inherits it may take his time to bury it: a zombie is gone.
for i in $(seq 200); do grep -q '^State:.[^ZX]' "/proc/$worker/status" 2>/dev/null || break; sleep 0.05; done
grep -q '^State:.[^ZX]' "/proc/$worker/status" 2>/dev/null || echo gone
# The master lives, and so mail is taken again soon, by others.
for i in $(seq 200); do
    now=$(cut -d" " -f1 "/proc/$master/task/$master/children")
    [ -n "$now" ] && [ "$now" != "$clerk" ] && break
    sleep 0.05
done
exec 3<>"/dev/tcp/127.0.0.1/$(cat port)"
read -r line <&3
echo "$line"
# Without the master nobody.
kill -9 $master
for i in $(seq 200); do grep -q '^State:.[^ZX]' "/proc/$now/status" 2>/dev/null || break; sleep 0.05; done
grep -q '^State:.[^ZX]' "/proc/$now/status" 2>/dev/null || echo all gone
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    grep -qx gone out
    grep -q '^220 fax.example' out
    grep -qx 'all gone' out
}

@test "statement 16: the clerk relays for who he sees may: by the peer's address, through the worker's descriptor" {
    cat >inside <<'SH'
set -eu
cd "$1"
printf 'hostname = fax.example\nsmarthost = smtp://127.0.0.1:1\n' >/var/lib/faxpipe/faxpipe.conf
echo pw >pw
chmod 644 pw
as faxpipe fuser add 12 --name Alice --login alice --address alice@fax.example --password-fd 3 3<pw
smtp-recv --listen 127.0.0.1:0 --print-port --workers 2 --relay 127.0.0.9/32 >port &
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
python3 - "$(cat port)" <<'PY'
import smtplib, sys
for source in "127.0.0.1", "127.0.0.9":
    c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), source_address=(source, 0), timeout=20)
    try: print(source, c.sendmail("a@b.example", ["out@other.example"], f"Subject: {source}\n\n"))
    except smtplib.SMTPRecipientsRefused as e: print(source, e.recipients["out@other.example"][0])
    c.quit()
PY
as faxpipe fax-queue list | grep -c out@other.example
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    grep -qx '127.0.0.1 550' out
    grep -qx '127.0.0.9 {}' out
    [ "$(tail -1 out)" = 1 ]
}

@test "statement 16: apart as well: a notice is the clerk's, and what broke lies in the spool and is gone on with" {
    cat >inside <<'SH'
set -eu
cd "$1"
echo 'hostname = fax.example' >/var/lib/faxpipe/faxpipe.conf
echo 'smarthost = smtp://127.0.0.1:1' >>/var/lib/faxpipe/faxpipe.conf
echo pw >pw
chmod 644 pw
as faxpipe fuser add 12 --name Alice --login alice --address alice@fax.example --password-fd 3 3<pw
{ printf '%s\r\n' 'EHLO me' 'MAIL FROM:<a@b.example> ENVID=E MTRK=abc TRANSID=<1@me>'
  printf '%s\r\n' 'RCPT TO:<12@fax.example> NOTIFY=SUCCESS' DATA 'Subject: broke' '' half; } | smtp-recv || :
stat -c 'kept %U %a' /var/lib/faxpipe/spool/postmaster/tmp/checkpoint-*
{ printf '%s\r\n' 'EHLO me' 'MAIL FROM:<a@b.example> ENVID=E MTRK=abc TRANSID=<1@me>' DATA
  sleep 1; printf '%s\r\n' other . QUIT; } | smtp-recv
tail -2 /var/lib/faxpipe/spool/12/new/*
stat -c 'queued %U' /var/lib/faxpipe/queue/*.env
as faxpipe fax-queue track E
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    tr -d '\r' <out >lines
    grep -qx 'kept faxrecv 600' lines
    grep -qx '355 24 is the transaction offset' lines
    grep -q '^250 2.0.0 OK' lines
    grep -A1 -x half lines | grep -qx other
    grep -qx 'queued faxpipe' lines
    grep -qx 'Action: delivered' lines
}

@test "statement 16: Landlock: even in its own directories the worker makes nothing but files" {
    # landlock_create_ruleset has this number everywhere; what it returns is the version.
    version=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))')
    [ "$version" -ge 2 ] || skip "the kernel has no Landlock of version 2 or later: $version"
    cat >inside <<'SH'
set -eu
cd "$1"
export LIE="mkdir /postmaster/tmp/made" LD_PRELOAD=$2
smtp-recv --hostname fax.example --listen 127.0.0.1:0 --print-port >port &
unset LIE LD_PRELOAD
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
python3 - "$(cat port)" <<'PY'
import smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
c.sendmail("a@b.example", ["postmaster@fax.example"], "Subject: locked in\n\n")
c.quit()
PY
stat -c '%U' /var/lib/faxpipe/spool/postmaster/tmp
grep -h '^Subject' /var/lib/faxpipe/spool/postmaster/new/*
ls /var/lib/faxpipe/spool/postmaster/tmp
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" \
        "$FAXPIPE_ROOT/bin/test/lib/lying_preload.so" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    grep -qx 'mkdir: Permission denied' err
    grep -qx 'Subject: locked in' out
    no grep -qx made out
}
