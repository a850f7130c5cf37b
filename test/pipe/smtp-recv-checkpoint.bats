# CHECKPOINT (RFC 1845): what broke in the middle is gone on with, whole and once; and nobody gets at
# what is another's.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3
    station >/dev/null
    cat >client.py <<'PY'
import socket, sys

class Client:
    """A client that says what it is told; lines are CR LF's."""
    def __init__(self, port, helo="me.example", source="127.0.0.1"):
        self.s = socket.create_connection(("127.0.0.1", port), source_address=(source, 0))
        self.f = self.s.makefile("rb")
        self.reply()
        self.say("EHLO " + helo)

    def reply(self):
        lines = []
        while True:
            line = self.f.readline().decode("latin-1").rstrip("\r\n")
            lines.append(line)
            if line[3:4] != "-":
                return lines[-1]

    def say(self, line):
        self.s.sendall(line.encode() + b"\r\n")
        return self.reply()

    def mail(self, transid, sender="bob@fax.example"):
        return self.say(f"MAIL FROM:<{sender}> TRANSID={transid}")

    def cut(self):
        """Closes, so that all that was sent arrives before the end."""
        self.s.shutdown(socket.SHUT_WR)
        while self.s.recv(65536):
            pass
        self.s.close()

def offset(reply):
    return int(reply.split()[1]) if reply.startswith("355 ") else None

def stuffed(text):
    return b"".join((b"." if l.startswith(b".") else b"") + l + b"\r\n" for l in text.split(b"\r\n")[:-1])

port = int(sys.argv[1])
T = "<one@me.example>"
PY
}
teardown() { cleanup; }

# client CODE: Python behind the above.
client() {
    { cat client.py; printf '%s\n' "$1"; } >run.py
    python3 run.py "$PORT"
}

kept() { find station/spool/postmaster/tmp -name 'checkpoint-*' | wc -l; }

@test "cut in the middle of 10 MB, twice: the next session goes on, the mail is whole and there once" {
    receiver
    client '
import random
r = random.Random(1)
# Dots at the start of lines, and lines of any length.
text = b"Subject: long\r\n\r\n" + b"".join(
    b"." * r.randrange(3) + bytes(r.choices(range(32, 127), k=r.randrange(200))) + b"\r\n" for i in range(100000))
open("sent", "wb").write(text)
c = Client(port)
assert c.mail(T) == "250 2.1.0 OK"
assert c.say("RCPT TO:<alice@fax.example>").startswith("250") and c.say("RCPT TO:<bob@fax.example>").startswith("250")
assert c.say("DATA").startswith("354")
c.s.sendall(stuffed(text)[:4000000]); c.cut()
def settled():
    import time
    for i in range(100):
        c = Client(port); got = offset(c.mail(T))
        if got: return c, got
        c.cut(); time.sleep(0.05)
c, got = settled()
assert 3900000 < got < 4000000 and text[got - 2:got] == b"\r\n", got
assert c.say("DATA").startswith("354")
c.s.sendall(stuffed(text[got:])[:3000001]); c.cut()
before = got
c, got = settled()
while got == before: c.cut(); c, got = settled()
assert text[got - 2:got] == b"\r\n" and got > 6000000, got
assert c.say("DATA").startswith("354")
c.s.sendall(stuffed(text[got:]) + b".\r\n")
assert c.reply().startswith("250"), "the end"
# Asked again, since the 250 might have been lost: all of it is there, and nothing is delivered.
c = Client(port)
assert offset(c.mail(T)) == len(text)
c.say("DATA")
assert c.say(".").startswith("250")
c.cut()'
    for code in 12 15; do
        [ "$(ls station/spool/$code/new | wc -l)" -eq 1 ]
        sed -n '/^Subject: long/,$p' station/spool/$code/new/* | cmp - <(tr -d '\r' <sent)
        [ "$(grep -c '^Received:' station/spool/$code/new/*)" -eq 1 ]
    done
    [ "$(kept)" -eq 1 ]
}

@test "the server is killed in the middle: what it had written is gone on with" {
    receiver
    client '
c = Client(port); c.mail(T); c.say("RCPT TO:<alice@fax.example>"); c.say("DATA")
c.s.sendall(b"Subject: k\r\n\r\n" + b"x" * 98 + b"\r\n" + (b"y" * 98 + b"\r\n") * 5000)
import os, time
for i in range(200):
    if sum(os.path.getsize("station/spool/postmaster/tmp/" + f) for f in os.listdir("station/spool/postmaster/tmp")) > 400000: break
    time.sleep(0.05)'
    kill -9 "${PIDS[-1]}"
    receiver
    client '
c = Client(port); got = offset(c.mail(T))
assert got and (got - 14) % 100 == 0 and got > 300000, got
c.say("DATA"); c.s.sendall(b"end\r\n.\r\n")
assert c.reply().startswith("250")
print((got - 14) // 100)' >lines
    [ "$(grep -cE '^(x{98}|y{98})$' station/spool/12/new/*)" -eq "$(cat lines)" ]
    [ "$(tail -1 station/spool/12/new/*)" = end ]
}

@test "another client, name or sender is told nothing, and harms nothing" {
    receiver --relay 127.0.0.1
    client '
import time
c = Client(port); c.mail(T); c.say("RCPT TO:<alice@fax.example>"); c.say("RCPT TO:<far@else.example>"); c.say("DATA")
c.s.sendall(b"Subject: mine\r\n\r\nhalf\r\nnot a li")
# While one session has it, no other does.
other = Client(port)
assert other.mail(T).startswith("250")
other.cut(); c.cut(); time.sleep(0.3)
assert Client(port, source="127.0.0.2").mail(T).startswith("250")
assert Client(port, helo="you.example").mail(T).startswith("250")
assert Client(port).mail("<two@me.example>").startswith("250")
c = Client(port)
assert offset(c.mail(T)) == 23
# What is kept comes before what is sent: nothing may be sent ahead.
c.s.sendall(b"DATA\r\nahead\r\n")
assert c.reply().startswith("503") and c.reply().startswith("500")
c.cut()
time.sleep(0.3)
assert offset(Client(port).mail(T)) == 23'
    [ -z "$(ls station/spool/12/new)" ]
    # Who may not relay any more cannot go on with what he could before; nor with a user who is gone.
    kill "${PIDS[-1]}"
    receiver
    client 'assert Client(port).mail(T).startswith("250")'
    [ "$(kept)" -eq 0 ]
}

@test "any number of names, and what is not whole in its order: bounded, and forgotten with the hours" {
    receiver
    client '
for i in range(150):
    c = Client(port); c.mail(f"<{i}@me.example>"); c.say("RCPT TO:<alice@fax.example>"); c.say("DATA")
    c.s.sendall(b"Subject: x\r\n\r\nhalf\r\n"); c.cut()
import time; time.sleep(0.3)
assert offset(Client(port).mail("<149@me.example>")) == 20
assert offset(Client(port).mail("<3@me.example>")) is None'
    [ "$(kept)" -le 64 ]
    touch -d '40 hours ago' station/spool/postmaster/tmp/checkpoint-*
    client '
c = Client(port); c.mail("<new@me.example>"); c.say("RCPT TO:<alice@fax.example>"); c.say("DATA")
assert c.say("Subject: y\r\n\r\n.").startswith("250")'
    [ "$(kept)" -eq 1 ]
    # A refused mail leaves nothing, and damaged files are as none.
    client '
c = Client(port); c.mail("<bad@me.example>"); c.say("RCPT TO:<alice@fax.example>"); c.say("DATA")
c.s.sendall(b"a\nb\r\n.\r\n"); assert c.reply().startswith("550")'
    [ "$(kept)" -eq 1 ]
    for f in station/spool/postmaster/tmp/checkpoint-*; do head -c 60 "$f" >piece && cp piece "$f"; done
    client 'assert Client(port).mail("<new@me.example>").startswith("250")'
}
