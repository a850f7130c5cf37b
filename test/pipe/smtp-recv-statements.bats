# What smtp-recv promises on the open Internet, statement by statement; each sentence is a test.
# Elsewhere: 12 in smtp-recv-turn.bats, the minimum rate of 13 by a clock of its own in
# test/common/net/session_test.c, 16 in smtp-recv-separate.bats; kills for 15 in test/fault.
load ../lib/helper
load ../lib/station
load ../lib/fake

setup() {
    scratch
    needs python3
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib PYTHONDONTWRITEBYTECODE=1
}

teardown() { cleanup; }

# play <<'PY': Python with talk.py, `us` being the options of a receiver of our own maildir.
play() {
    python3 -c 'import sys
from talk import *
us = ("--hostname", "us.example", "--maildir", "md")
exec(compile(sys.stdin.read(), "test", "exec"))' "$@"
}

tls_station() {
    station
    certificate
    printf 'scram-iterations = 4096\nsmarthost = smtp://127.0.0.1:1\n' >>"$FAXPIPE_HOME/faxpipe.conf"
    us=(--tls-cert "$T/tls.pem" --tls-key "$T/tls.key" --auth)
}

# ---- 1 ----

@test "statement 1: only CR LF . CR LF ends DATA; no smuggling ending does, nor makes two mails" {
    play <<'PY'
endings = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r.\n",
           b"\r\r\n.\r\r\n", b"\r\n.\r\r\n", b"\n\n.\n\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\0\r\n.\r\r\n",
           b"\r\0\n.\r\0\n", b"\n\0.\r\n", b"\r\n.\r\0\n", b"\0\n.\0\n"]
evil = b"MAIL FROM:<evil@x>\r\nRCPT TO:<x@us.example>\r\nDATA\r\nSubject: evil\r\n\r\nevil"
t = Talk(*us)
t.say("EHLO me.example")
for ending in endings:
    for before in b"text", b"text\r\n", b"":
        for step in 0, 1, 3:
            t.envelope()
            said = t.data(before + ending + evil + b"\r\n.\r\n", step)
            assert said.startswith("550 5.6.11 "), (before, ending, step, said)
            assert mails() == [], ending
    # The session goes on, and a mail that is one is taken.
    t.mail()
    assert len(mails()) == 1
t.end()
PY
}

@test "statement 1: such an ending within the message refuses it, wherever it stands" {
    play <<'PY'
t = Talk(*us)
t.say("EHLO me.example")
for bad in b"\n", b"\r", b"\0":
    for content in b"Subj" + bad + b"ect: a\r\n\r\nb\r\n.\r\n", bad + b"\r\n.\r\n", b"Subject: a\r\n\r\nb" + bad + b"\r\n.\r\n":
        t.envelope()
        said = t.data(content)
        assert said.startswith("550 5.6.11 "), (content, said)
t.wants("250", "NOOP")
t.end()
assert mails() == []
PY
}

@test "statement 1: dots and the mark at the very beginning" {
    play <<'PY'
t = Talk(*us)
t.say("EHLO me.example")
for content, stored in [(b".\r\n", b""), (b"..\r\n.\r\n", b".\n"), (b".a\r\n.\r\n", b"a\n"),
                        (b"\r\n.\r\n", b"\n"), (b"a\r\n...\r\n.\r\n", b"a\n..\n")]:
    for step in 0, 1:
        t.envelope()
        assert t.data(content, step).startswith("250 2.0.0")
        [mail] = mails()
        assert trace_off(mail) == stored, (content, mail)
t.end()
PY
}

@test "statement 1: BDAT is stored byte by byte, DATA with LF for CR LF and nothing else changed" {
    play <<'PY'
import random
random.seed(4)
body = bytes(range(256)) * 40 + b"\r\n.\r\n\n.\n\r.\r" + random.randbytes(5000) + b"no end"
octets = b"Subject: octets\r\nX: \r\n\r\n" + body
t = Talk(*us)
t.say("EHLO me.example")
for chunk in len(octets), 999:
    t.wants("250", "MAIL FROM:<a@b.example> BODY=BINARYMIME", "RCPT TO:<x@us.example>")
    for i in range(0, len(octets), chunk):
        part = octets[i:i + chunk]
        t.send(b"BDAT %d%s\r\n" % (len(part), b" LAST" if i + chunk >= len(octets) else b"") + part)
        t.wants("250")
    [mail] = mails()
    assert trace_off(mail) == octets
text = b"Subject: text\r\n\r\n" + bytes(c for c in range(1, 256) if c not in b"\r\n.") + b"\r\n tail \t\r\n"
t.envelope()
t.data(text + b".\r\n")
[mail] = mails()
assert trace_off(mail) == text.replace(b"\r\n", b"\n")
t.end()
PY
}

# ---- 2 ----

@test "statement 2: bytes behind STARTTLS are 554 5.5.0 and closed, and never carried out" {
    tls_station
    receiver "${us[@]}"
    play "$PORT" "${us[@]}" <<'PY'
for port in sys.argv[1], None:
    for behind in b"NOOP\r\n", b"\r\n", b"x":
        t = Talk(port=port) if port else Talk(*sys.argv[2:])
        t.say("EHLO me")
        t.send(b"STARTTLS\r\n" + behind)
        t.wants("554 5.5.0")
        t.closed()
PY
}

@test "statement 2: bytes that are there already when the greeting is written" {
    play <<'PY'
t = Talk(*us, greet=False, ahead=b"EHLO me\r\nMAIL FROM:<a@b>\r\n")
t.wants("554 5.5.0")
t.closed()
t.wait()
t = Talk(*us, "--greet-pause", "1", greet=False)
t.send(b"E")
t.wants("554 5.5.0")
t.closed()
PY
    receiver --hostname us.example --maildir md --greet-pause 1
    play "$PORT" <<'PY'
t = Talk(port=sys.argv[1], greet=False)
t.send(b"EHLO me\r\n")
t.wants("554 5.5.0")
t.closed()
Talk(port=sys.argv[1]).wants("250", "EHLO me") # who waits is greeted
PY
}

@test "statement 2: after TLS all state is new" {
    tls_station
    receiver "${us[@]}"
    play "$PORT" <<'PY'
t = Talk(port=sys.argv[1])
t.wants("250", "EHLO before.example")
t.tls("tls.pem")
t.wants("503 5.5.1", "MAIL FROM:<a@b.example>")
said = t.wants("250", "EHLO after.example")
assert "STARTTLS" not in said and "AUTH" in said
t.mail(to="alice@fax.example")
[mail] = mails("station/spool/12")
assert b"from after.example" in mail and b"before.example" not in mail and b"ESMTPS" in mail
# The browser's trick: the first command under TLS is a first command.
t = Talk(port=sys.argv[1])
t.wants("250", "EHLO before.example")
t.tls("tls.pem")
t.wants("554", "GET / HTTP/1.1")
t.closed()
PY
}

@test "statement 2: STARTTLS twice 503, with an argument 501, in a transaction 503" {
    tls_station
    receiver "${us[@]}"
    play "$PORT" <<'PY'
t = Talk(port=sys.argv[1])
t.wants("503 5.5.1", "STARTTLS")
t.wants("501 5.5.4", "EHLO me", "STARTTLS now")
t.wants("503 5.5.1", "MAIL FROM:<a@b.example>", "STARTTLS")
t.wants("250", "RSET")
t.tls("tls.pem")
t.wants("503 5.5.1", "EHLO me", "STARTTLS")
t.wants("501 5.5.4", "STARTTLS now")
PY
}

# ---- 3 ----

@test "statement 3: NUL, bare CR and bare LF in a command are 501, and none of it is carried out" {
    play <<'PY'
t = Talk(*us)
t.say("EHLO me.example")
for line in b"NO\0OP\r\n", b"NOOP\0\r\n", b"\0NOOP\r\n", b"NOOP\rNOOP\r\n", b"\rNOOP\r\n", b"NOOP\r\r\n", b"NOOP\n", b"\n":
    for step in 0, 1:
        t.send(line, step)
        t.wants("501 5.5.2")
    t.mail() # or the twentieth error would end it
t.send(b"MAIL FROM:<a@b>\nRCPT TO:<x@us.example>\r\n")
t.wants("501")
t.wants("503")
t.wants("503", "DATA")
PY
}

@test "statement 3: lines over 2048 octets, and of AUTH over 12,288, are 500, the rest skipped" {
    tls_station
    receiver "${us[@]}"
    play "$PORT" <<'PY'
t = Talk(port=sys.argv[1])
t.wants("250", "EHLO me")
t.tls("tls.pem")
t.say("EHLO me")
noop = lambda n: "NOOP " + "x" * (n - 7)
auth = lambda n: "AUTH PLAIN " + "A" * (n - 13)
t.wants("250", noop(2048))
t.wants("500 5.5.2", noop(2049))
t.wants("500 5.5.2", noop(1000000))
t.wants("250", "NOOP")
t.wants("500 5.5.2", auth(12289))
t.wants("500 5.5.2", auth(300000))
assert t.say(auth(12288))[:3] in ("501", "535") # looked at
t.wants("334", "AUTH PLAIN")
t.wants("500 5.5.2", "A" * 12287)
t.wants("250", "NOOP") # and the exchange is over
t.wants("334", "AUTH LOGIN")
assert t.say("A" * 12284)[:3] in ("501", "535")
t.wants("250", "NOOP")
PY
}

# bats test_tags=nosan
@test "statement 3: a line without end never grows memory" {
    play <<'PY'
def peak(): return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{t.p.pid}/status").read())[1])
t = Talk(*us)
t.say("EHLO me.example")
t.mail()
before = peak()
for _ in range(512):
    t.send(b"x" * 65536)
t.send(b"\r\nNOOP\r\n")
t.wants("500 5.5.2")
t.wants("250")
for _ in range(512):
    t.send(b"AUTH PLA" * 8192)
t.send(b"\r\n")
t.wants("500 5.5.2")
assert peak() - before < 1024, (before, peak())
PY
}

# ---- 4 ----

@test "statement 4: text lines of any length are received and kept" {
    play <<'PY'
t = Talk(*us, "--no-sync")
t.say("EHLO me.example")
for n in 998, 999, 1000, 4096, 65535, 65536, 65537, 5000000:
    t.envelope()
    assert t.data(b"Subject: " + b"s" * n + b"\r\n\r\n" + b"y" * n + b"\r\n.\r\n").startswith("250")
    [mail] = mails()
    assert trace_off(mail) == b"Subject: " + b"s" * n + b"\n\n" + b"y" * n + b"\n", n
PY
}

@test "statement 4: paths over 256, local parts over 64, domains over 255: 501 5.1.3, 5.1.7, 5.5.4" {
    play <<'PY'
def domain(n):
    return "a" * (n % 50 or 50) + ("." + "a" * 49) * ((n - 1) // 50)
assert len(domain(255)) == 255 and len(domain(256)) == 256
t = Talk(*us, "--domain", "us.example", "--domain", domain(200))
for verb in "HELO", "EHLO":
    t.wants("501 5.5.4", f"{verb} {domain(256)}")
    t.wants("250", f"{verb} {domain(255)}")
def path(n):  # of n octets with its brackets
    return f"<x@{domain(n - 4)}>"
t.wants("501 5.1.7", "MAIL FROM:" + path(257))
t.wants("501 5.1.7", f"MAIL FROM:<{'u' * 65}@b.example>")
t.wants("501 5.1.7", f"MAIL FROM:<@{domain(200)}:{'u' * 40}@{domain(30)}>")
t.wants("250", "MAIL FROM:" + path(256), "RSET")
t.wants("250", f"MAIL FROM:<{'u' * 64}@b.example>", f"RCPT TO:<{'u' * 64}@us.example>")
t.wants("250", f"RCPT TO:<x@{domain(200)}>")
t.wants("501 5.1.3", "RCPT TO:" + path(257))
t.wants("501 5.1.3", f"RCPT TO:<{'u' * 65}@us.example>")
t.wants("250", "RSET")
t.end()
PY
}

# ---- 5 ----

@test "statement 5: AUTH only under TLS, bad base64, *, unknown, wrong, twice, and the third failure" {
    tls_station
    receiver "${us[@]}" -v
    play "$PORT" <<'PY'
import base64
b = lambda s: base64.b64encode(s.encode()).decode()
t = Talk(port=sys.argv[1])
assert "AUTH" not in t.wants("250", "EHLO me")
for mechanism in "PLAIN", "LOGIN", "SCRAM-SHA-256":
    t.wants("538 5.7.11", "AUTH " + mechanism)
t.wants("538 5.7.11", "AUTH PLAIN " + b("\0alice\0wonderland"))
t.tls("tls.pem")
assert "AUTH SCRAM-SHA-256 PLAIN LOGIN" in t.wants("250", "EHLO me")
t.wants("501 5.5.2", "AUTH PLAIN !!!!")
t.wants("501 5.5.2", "AUTH PLAIN AAA")
t.wants("501", "AUTH PLAIN", "*")
t.wants("501", "AUTH LOGIN", "*")
t.wants("501", "AUTH SCRAM-SHA-256", "*")
t.wants("504", "AUTH CRAM-MD5")
t.wants("504", "AUTH GSSAPI")
wrong = [t.wants("535 5.7.8", "AUTH PLAIN " + b("\0alice\0looking glass")),
         t.wants("535 5.7.8", "AUTH LOGIN", b("nobody"), b("wonderland"))]
assert wrong[0] == wrong[1]
t.wants("250", "NOOP")
t.wants("421", "AUTH PLAIN " + b("\0alice\0looking glass"))
t.closed()
t = Talk(port=sys.argv[1])
t.wants("250", "EHLO me")
t.tls("tls.pem")
t.wants("250", "EHLO me")
t.wants("503", "MAIL FROM:<a@b.example>", "AUTH PLAIN " + b("\0alice\0wonderland"))
t.wants("250", "RSET")
t.wants("235 2.7.0", "AUTH PLAIN " + b("\0alice\0wonderland"))
t.wants("503", "AUTH PLAIN " + b("\0alice\0wonderland"))
PY
    # Never in any log: neither plain nor as it went over the wire.
    grep -q 'AUTH \.\.\.' receiver.log
    no grep -rqE 'wonderland|looking glass|AGFsaWNlAH|bm9ib2R5|d29uZGVybGFuZA' receiver.log "$FAXPIPE_HOME/state"
}

# bats test_tags=nosan
@test "statement 5: an unknown user costs what a wrong password costs" {
    tls_station
    sed -i 's/^scram-iterations.*/scram-iterations = 200000/' "$FAXPIPE_HOME/faxpipe.conf"
    fuser edit 15 --password-file "$T/bob.pw"
    receiver "${us[@]}"
    play "$PORT" "$(tr -d ' ' <"/proc/${PIDS[0]}/task/${PIDS[0]}/children")" <<'PY'
import base64, glob
def spent():  # of processor time, in ns; the clock on the wall says nothing here
    return sum(int(open(f).read().split()[0]) for f in glob.glob(f"/proc/{sys.argv[2]}/task/*/schedstat"))
def attempts(user):
    before = spent()
    t = Talk(port=sys.argv[1])
    t.say("EHLO me")
    t.tls("tls.pem")
    t.say("EHLO me")
    for _ in range(2):
        t.wants("535 5.7.8", "AUTH PLAIN " + base64.b64encode(f"\0{user}\0wrong".encode()).decode())
    t.end_of_it = t.say("QUIT")
    return spent() - before
attempts("anybody")
known, unknown = attempts("bob"), attempts("nobody")
assert 0.7 < unknown / known < 1.4, (known, unknown)
PY
}

# ---- 6 ----

@test "statement 6: the 20th error is 421; a 4yz is none; a mail starts the count anew" {
    play <<'PY'
t = Talk(*us)
t.say("EHLO me.example")
for i in range(3):
    for _ in range(19):
        t.wants("500", "BOGUS")
    t.mail()
wrong = ["BOGUS", "HELO", "MAIL FROM:x", "RCPT TO:<x@us.example>", "RSET now", "DATA", "VRFY", "HELP BOGUS", "TURN"]
for i in range(19):
    assert t.say(wrong[i % len(wrong)])[0] == "5"
t.wants("421", "BOGUS")
t.closed()
t = Talk(*us, "--max-recipients", "1")
t.open()
for _ in range(60):
    t.wants("452", "RCPT TO:<y@us.example>")
t.wants("250", "NOOP")
PY
}

@test "statement 6: the 100th idle command without a mail between is 421" {
    play <<'PY'
idle = ["NOOP", "RSET", "VRFY x", "EXPN x", "HELP"]
for kinds in [[k] for k in idle] + [idle]:
    t = Talk(*us)
    t.say("EHLO me.example")
    for mails_between in range(2):
        for i in range(99):
            assert t.say(kinds[i % len(kinds)])[0] == "2"
        if not mails_between:
            t.mail()
    t.wants("421", kinds[-1])
    t.closed()
    t.wait()
PY
}

@test "statement 6: an HTTP verb as the first command is closed" {
    play <<'PY'
for verb in "GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS", "DELETE", "TRACE", "PATCH", "PRI", "get":
    t = Talk(*us)
    t.send(f"{verb} / HTTP/1.1\r\nHost: us\r\n\r\nEHLO me\r\nMAIL FROM:<a@b>\r\n".encode())
    t.wants("554")
    t.closed()
    t.wait()
PY
}

# ---- 7 ----

@test "statement 7: foreign recipients from those not allowed to relay: 550 5.7.1 in every form" {
    station
    play <<'PY'
foreign = ["u@other", "@fax.example:u@other", "u%other@fax.example", "other!u@fax.example",
           '"u@other"@fax.example', "u@[127.0.0.1]", "alice%other.example@fax.example",
           "other!alice@fax.example", '"alice@other"@fax.example', '"alice%other"@fax.example',
           "@fax.example,@other:alice@other", "@other:u%x@fax.example", "alice@fax.example.other",
           "alice@[192.0.2.1]", "alice@[IPv6:::1]", "FAX=+1@other", "alice@#123"]
for hello in "HELO me", "EHLO me", None:
    t = Talk(*([] if hello else ["--lmtp"]))
    t.wants("250", hello or "LHLO me")
    for sender in "a@b.example", "", "alice@fax.example":
        t.wants("250", f"MAIL FROM:<{sender}>")
        for i, to in enumerate(foreign):
            t.wants("550 5.7.1", f"RCPT TO:<{to}>")
        t.wants("554", "DATA")
        t.wants("250", "RCPT TO:<alice@FAX.example>") # and who is ours is ours
        assert t.data(b"x\r\n.\r\n").startswith("250")
    t.end()
assert len(mails("station/spool/12")) == 9
assert not os.path.isdir("station/queue") or not os.listdir("station/queue")
PY
}

# ---- 8 ----

@test "statement 8: unknown local users are 550 5.1.1 at RCPT, and postmaster always exists" {
    station
    play <<'PY'
t = Talk()
t.wants("250", "EHLO me", "MAIL FROM:<a@b.example>")
for to in "nobody@fax.example", "99@fax.example", "alic@fax.example", '"al ice"@fax.example', "FAX=+1@fax.example":
    t.wants("550 5.1.1", f"RCPT TO:<{to}>")
t.wants("554", "DATA")
for to in "postmaster", "PostMaster", "postmaster@fax.example", "POSTMASTER@FAX.EXAMPLE":
    t.wants("250", f"RCPT TO:<{to}>")
assert t.data(b"x\r\n.\r\n").startswith("250")
t.end()
assert mails("station/spool/postmaster")
subprocess.run(["fuser", "alias", "set", "postmaster", "alice@fax.example"], check=True)
t = Talk()
t.open("postmaster")
t.data(b"x\r\n.\r\n")
t.end()
assert len(mails("station/spool/12")) == 1 and not mails("station/spool/postmaster")
PY
}

@test "statement 8: no mail from <> ever makes a notice; another one does" {
    station
    fake 'rcpt u@other.example: 550 5.1.1 nobody'
    echo "smarthost = $URL" >>"$FAXPIPE_HOME/faxpipe.conf"
    empty() { fax-queue flush; [ "$(fax-queue list --json)" = '[]' ]; }
    for sender in '' alice@there.example; do
        printf '%s\r\n' 'EHLO me' "MAIL FROM:<$sender>" 'RCPT TO:<u@other.example>' DATA 'Subject: a' '' . QUIT |
            smtp-recv --relay stdin >replies
        grep -q '^250 2.0.0' replies
        until_true 10 empty
    done
    # Two tries, and one notice: of the second.
    grep -a '^MAIL\|^RCPT' fake/log | tr -d '\r' | cut -d'>' -f1 | diff - <(printf '%s\n' 'MAIL FROM:<' \
        'RCPT TO:<u@other.example' 'MAIL FROM:<alice@there.example' 'RCPT TO:<u@other.example' \
        'MAIL FROM:<' 'RCPT TO:<alice@there.example')
    grep -q '^Content-Type: multipart/report' fake/mail.1
    [ ! -e fake/mail.2 ]
}

# ---- 9 ----

@test "statement 9: 1000 recipients; beyond them 452 4.5.3, or 552 after HELO, and it goes on" {
    play <<'PY'
for hello, beyond in ("EHLO me", "452 4.5.3"), ("HELO me", "552"):
    t = Talk(*us)
    t.wants("250", hello, "MAIL FROM:<a@b.example>")
    t.send(b"".join(b"RCPT TO:<u%d@us.example>\r\n" % i for i in range(1040)))
    for i in range(1040):
        t.wants("250" if i < 1000 else beyond)
    assert t.data(b"x\r\n.\r\n").startswith("250 2.0.0")
    assert len(mails()) == 1
    t.open()
    t.end()
PY
}

@test "statement 9: SIZE over the limit is 552 5.3.4 at MAIL, too much at the end 552; nothing stays" {
    play <<'PY'
t = Talk(*us, "--max-size", "100000")
assert "250-SIZE 100000\n" in t.say("EHLO me.example")
t.wants("552 5.3.4", "MAIL FROM:<a@b.example> SIZE=100001")
t.wants("250", "MAIL FROM:<a@b.example> SIZE=100000", "RSET")
def send(n):
    t.envelope()
    return t.data(b"y" * (n - 2) + b"\r\n.\r\n")
assert send(100000).startswith("250")
assert len(mails()) == 1
for n in 100001, 1000000:
    assert send(n).startswith("552 5.3.4"), n
    assert not mails()
for chunk in 60000, 1000000:
    t.envelope()
    t.send(b"BDAT %d\r\n" % chunk + b"z" * chunk)
    t.wants("250" if chunk <= 100000 else "552 5.3.4")
    if chunk <= 100000:
        t.send(b"BDAT 50000 LAST\r\n" + b"z" * 50000)
        t.wants("552 5.3.4")
    assert not mails()
    t.say("RSET")
t.mail()
t.end()
PY
}

# ---- 10 ----

@test "statement 10: BDAT's octets are always consumed" {
    play <<'PY'
t = Talk(*us)
octets = b"QUIT\r\nMAIL FROM:<evil@x>\r\n"
bdat = b"BDAT %d LAST\r\n" % len(octets)
def is_passed_over(code, *before):
    for step in 0, 1:
        for line in before:
            t.say(line)
        t.send(bdat + octets, step)
        t.wants(code)
        t.wants("250", "NOOP")
        t.say("RSET")
is_passed_over("503")
is_passed_over("503", "EHLO me.example")
is_passed_over("503", "MAIL FROM:<a@b.example>")
is_passed_over("554", "MAIL FROM:<a@b.example>", "RCPT TO:<u@other>")
is_passed_over("250", "MAIL FROM:<a@b.example>", "RCPT TO:<x@us.example>")
assert [trace_off(m) for m in mails()] == [octets] * 2
t.end()
PY
}

@test "statement 10: a bad count is 501 and closed" {
    play <<'PY'
for count in "", " ", " x", " -1", " 1e3", " 0x10", " 18446744073709551616", " 99999999999999999999999", " 5 LASTX", " 5 LAST LAST", " LAST", " 5,LAST", " +5":
    t = Talk(*us)
    t.open()
    t.send(f"BDAT{count}\r\nQUIT\r\n".encode())
    t.wants("501 5.5.4")
    t.closed()
    t.wait()
assert not mails()
PY
}

# ---- 11 ----

@test "statement 11: more than 50 Received lines are 554 5.4.6, by DATA and by BDAT" {
    play <<'PY'
t = Talk(*us)
t.say("EHLO me.example")
def hops(n):
    return b"".join(b"%s: by x%d;\r\n\tMon, 2 Nov 81\r\n" % ([b"Received", b"RECEIVED"][i % 2], i) for i in range(n)) + b"\r\nReceived: text\r\n"
for n, code in (50, "250"), (51, "554 5.4.6"), (500, "554 5.4.6"):
    t.envelope()
    said = t.data(hops(n) + b".\r\n")
    assert said.startswith(code), (n, said)
    t.envelope()
    t.send(b"BDAT %d LAST\r\n" % len(hops(n)) + hops(n))
    t.wants(code)
    assert len(mails()) == (2 if code == "250" else 0)
t.wants("250", "NOOP")
t.end()
PY
}

@test "statement 11: Return-Path from outside is removed, and exactly one is ours" {
    play <<'PY'
t = Talk(*us)
t.say("EHLO me.example")
header = b"Return-Path: <evil@x>\r\nSubject: a\r\nRETURN-PATH:\r\n <folded@x>\r\n\tmore\r\nreturn-path : <c@x>\r\nX: y\r\n\r\n"
for content in header + b"Return-Path: text\r\n", header:
    t.envelope(sender="me@b.example")
    t.data(content + b".\r\n")
    t.envelope(sender="")
    t.send(b"BDAT %d LAST\r\n" % len(content) + content)
    t.wants("250")
    for mail, own in zip(sorted(mails(), key=lambda m: b"<>" in m.split(b"\n")[0]), (b"<me@b.example>", b"<>")):
        head, _, body = mail.replace(b"\r\n", b"\n").partition(b"\n\n")
        assert mail.startswith(b"Return-Path: " + own + b"\n"), mail
        assert head.lower().count(b"return-path") == 1 and b"evil" not in head and b"folded" not in head and b"more" not in head, head
        assert b"\nSubject: a\nX: y" in head
        assert body == (b"Return-Path: text\n" if content != header else b"")
t.end()
PY
}

# ---- 13 ----

@test "statement 13: idle clients are 421 4.4.2, between commands and in the data" {
    receiver --hostname us.example --maildir md --timeout 1
    play "$PORT" <<'PY'
import threading
def idle(where, port):
    t = Talk(*us, "--timeout", "1") if port is None else Talk(port=port)
    if where != "greeting":
        t.open()
    if where == "data":
        t.wants("354", "DATA")
        t.send(b"Subject: half\r\n")
    if where == "chunk":
        t.send(b"BDAT 1000\r\nSubject: half\r\n")
    try:
        t.wants("421 4.4.2")
        t.closed()
        done.append(where)
    finally:
        t.s.close()
done = []
threads = [threading.Thread(target=idle, args=(where, port))
           for where in ("greeting", "command", "data", "chunk") for port in (sys.argv[1], None)]
for t in threads: t.start()
for t in threads: t.join()
assert len(done) == 8, done
assert not mails()
PY
}

@test "statement 13: connections of one client, and in all, are capped: 421 4.7.0" {
    receiver --hostname us.example --maildir md --max-per-client 3
    play "$PORT" <<'PY'
held = [Talk(port=sys.argv[1]) for _ in range(3)]
t = Talk(port=sys.argv[1])
assert t.greeting.startswith("421 4.7.0"), t.greeting
t.closed()
held[0].wants("250", "NOOP")
PY
    cleanup
    receiver --hostname us.example --maildir md --max-per-client 0 --max-connections 5
    play "$PORT" <<'PY'
held = [Talk(port=sys.argv[1]) for _ in range(5)]
assert Talk(port=sys.argv[1]).greeting.startswith("421 4.7.0")
PY
}

@test "statement 13: a thousand idle ones cost the rest nothing" {
    receiver --hostname us.example --maildir md --max-per-client 0 --no-sync
    play "$PORT" <<'PY'
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
idle = [Talk(port=sys.argv[1]) for _ in range(1000)]
t = Talk(port=sys.argv[1])
t.say("EHLO me.example")
for _ in range(100):
    t.mail()
assert len(mails()) == 100
assert all(i.s.fileno() > 0 for i in idle)
idle[500].wants("250", "NOOP")
PY
}

# ---- 14 ----

@test "statement 14: hostile local parts reach no shell, no option parser and no path" {
    station
    cat >take <<'SH'
#!/bin/sh
printf '%s|%s|%s\n' "$#" "$SENDER" "$RECIPIENT" >>got
cat >/dev/null
SH
    chmod +x take
    echo "smarthost = smtp://127.0.0.1:1" >>"$FAXPIPE_HOME/faxpipe.conf"
    find . >before
    play <<'PY'
hostile = ["-oQ", "--help", "a;id", "../../x", "a/b", "$(touch owned)", "`touch owned`", "|touch owned", "a&b", "\\\\", "~root",
           "%s%n", "*", "-", "..", "new", "postmaster/../12", "'", "\\\"", "a b"]
def quoted(local):
    return '"' + local + '"'
for way in (), us + ("--domain", "us.example"), ("--domain", "us.example", "--exec", "./take"), ("--domain", "us.example", "--mbox", "box"), ("--relay", "stdin"):
    domain = "fax.example" if not way else "other.example" if way[0] == "--relay" else "us.example"
    taken = []
    for i in range(0, len(hostile), 4):
        t = Talk(*way)
        t.say("EHLO me")
        for local in hostile[i:i + 4]:
            t.wants("250", f"MAIL FROM:<{quoted(local)}@b.example>")
            said = t.say(f"RCPT TO:<{quoted(local)}@{domain}>")
            assert said[:3] in (("550",) if not way else ("250",)) or "%" in local, (way, local, said)
            if said[0] == "2":
                said = t.data(b"x\r\n.\r\n")
                assert said.startswith("250"), (way, local, said)
                taken.append(local)
            t.say("RSET")
        t.end()
    if way:
        assert len(taken) >= len(hostile) - 1
    for mail in mails():
        assert mail.startswith(b'Return-Path: <"')
got = open("got").read().splitlines()
assert len(got) == len(hostile) - 1 and all(g.startswith('0|') for g in got), got
assert '0|"$(touch owned)"@b.example|"$(touch owned)"@us.example' in got, got
PY
    [ ! -e owned ]
    # What is new lies where it belongs.
    find . | grep -vFxf before | grep -vE '^\./(new|got|box|\.box\.faxpipe|md(/(new|cur|tmp))?|station/(queue|state)/[^/]*)$' >new || :
    [ ! -s new ] || { cat new; return 1; }
}

@test "statement 14: Received and notices never carry raw control bytes" {
    station
    fake 'rcpt u@other.example: raw 550 5.1.1 \x1b[2J\x07\x00who\x9b\x7f\r\n'
    echo "smarthost = $URL" >>"$FAXPIPE_HOME/faxpipe.conf"
    play <<'PY'
import time
t = Talk("--relay", "stdin")
for hello in "EHLO \x1b[2J", "HELO a\x07b", "EHLO a\tb", "EHLO \x7f", b"EHLO \x9b":
    t.wants("501 5.5.4", hello)
t.wants("250", "EHLO me")
for path in '"\x1b[2J"@b.example', '"a\x07"@b.example', '"\x7f"@b.example', '"\\\x1b"@b.example', "a\tb@b.example":
    t.wants("501 5.1.7", f"MAIL FROM:<{path}>")
    if path.endswith("\x1b\"@b.example"): t.mail(to="bob@fax.example")
t.wants("250", "MAIL FROM:<alice@there.example>")
for path in '"\x1b[2J"@other.example', '"a\x07"@fax.example', '"\x7f"@fax.example':
    t.wants("501 5.1.3", f"RCPT TO:<{path}>")
t.wants("250", "RSET")
t.wants("501 5.5.4", "MAIL FROM:<alice@fax.example> ENVID=a+1B+0AX-Evil:+20yes")
t.wants("250", "MAIL FROM:<alice@there.example>")
t.wants("501 5.5.4", "RCPT TO:<u@other.example> ORCPT=rfc822;a+1B[2J+0D+0AX-Evil:+20yes+0A+0A@x")
t.wants("250", "RCPT TO:<u@other.example>")
t.data(b"Subject: a\r\n\r\nb\r\n.\r\n")
t.end()
for _ in range(200):
    subprocess.run(["fax-queue", "flush"], stderr=subprocess.DEVNULL)
    if os.path.exists("fake/mail.1"): break
    time.sleep(0.05)
notice = open("fake/mail.1", "rb").read().replace(b"\r\n", b"\n")
bad = [c for c in notice if c < 32 and c not in b"\n\t" or 127 <= c < 160]
assert not bad, notice
assert b"\nX-Evil" not in notice and b"\n X-Evil" not in notice
assert b"550" in notice and b"who" in notice, notice
PY
}

# ---- 15 ----

# bats test_tags=nosan
@test "statement 15: 250 means complete, synced, linked into new/, and new/ synced" {
    needs strace
    load ../lib/syscalls
    printf '%s\r\n' 'EHLO me' 'MAIL FROM:<a@b.example>' 'RCPT TO:<x@us.example>' DATA 'Subject: a' '' b . QUIT >session
    mkdir -p md/{tmp,new,cur}
    traced "$BIN/smtp-recv" --hostname us.example --maildir md <session >replies
    in_order '^write\(.*/md/tmp/' '^fsync\(.*/md/tmp/.*= 0' '^link.*md/tmp/.*md/new/.*= 0' \
        '^fsync\(.*/md/new>\) .*= 0' '^write\(1.*"250 2.0.0'
    tail -1 md/new/* | grep -qx b
}
