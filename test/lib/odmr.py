"""A peer whose connection is turned (TURN, ATRN), over any socket: first perhaps a client that asks
for it, then a receiver-SMTP that takes the mail and tells what it was."""
import base64
import socket
import ssl


class Stream:
    """Lines over a connected socket."""

    def __init__(self, sock, trace=None):
        self.sock, self.trace = sock, trace
        sock.settimeout(20)
        self.rest = b""

    def line(self):
        while b"\n" not in self.rest:
            got = self.sock.recv(65536)
            if not got:
                return None
            self.rest += got
        line, self.rest = self.rest.split(b"\n", 1)
        line = line.rstrip(b"\r").decode("latin-1")
        if self.trace is not None:
            self.trace.append("< " + line)
        return line

    def octets(self, count):
        while len(self.rest) < count:
            got = self.sock.recv(65536)
            if not got:
                raise EOFError("within a chunk")
            self.rest += got
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def say(self, line):
        if self.trace is not None:
            self.trace.append("> " + line)
        self.sock.sendall(line.encode("latin-1") + b"\r\n")

    def reply(self):
        """A whole reply: (code, [texts])."""
        texts = []
        while True:
            line = self.line()
            if line is None:
                return None, texts
            texts.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), texts

    def ask(self, command):
        self.say(command)
        return self.reply()


def client(port, user=None, password=None, tls=True, implicit=False, trace=None, name="branch.example"):
    """A session at the port, under TLS and logged in; the Stream."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock = socket.create_connection(("127.0.0.1", port))
    if implicit:
        sock = context.wrap_socket(sock)
    s = Stream(sock, trace)
    assert s.reply()[0] == 220
    assert s.ask("EHLO " + name)[0] == 250
    if tls and not implicit:
        assert s.ask("STARTTLS")[0] == 220
        s.sock = context.wrap_socket(s.sock)
        assert s.ask("EHLO " + name)[0] == 250
    if user:
        token = base64.b64encode(("\0%s\0%s" % (user, password)).encode()).decode()
        assert s.ask("AUTH PLAIN " + token)[0] == 235
    return s


def receive(s, rcpt=None, data=None, drop=None, extensions=("PIPELINING", "8BITMIME"),
            greeting="220 branch.example here", commands=None):
    """Is the receiver now. rcpt and data: {substring: reply} of recipients and contents that are
    not simply taken; drop: ("data", n) or ("end", n): closes at the nth mail's DATA, or after its
    content and before the reply. Returns the mails: (sender, recipients, text)."""
    mails, sender, to, n = [], None, [], 0
    chunks = ""
    s.say(greeting)
    while True:
        line = s.line()
        if line is None:
            return mails
        if commands is not None:
            commands.append(line)
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            for word in ("branch.example",) + tuple(extensions[:-1]):
                s.say("250-" + word)
            s.say("250 " + extensions[-1])
        elif verb == "MAIL":
            sender, to, chunks = line[11:].split(">")[0], [], ""
            n += 1
            s.say("250 ok")
        elif verb == "RCPT":
            path = line[9:].split(">")[0]
            reply = next((r for k, r in (rcpt or {}).items() if k in path), "250 ok")
            if reply[0] == "2":
                to.append(path)
            s.say(reply)
        elif verb in ("DATA", "BDAT"):
            if drop == ("data", n):
                s.sock.close()
                return mails
            last = True
            if verb == "BDAT":
                words = line.split(" ")
                chunks += s.octets(int(words[1])).decode("latin-1")
                last = len(words) > 2
                text = chunks
            elif not to:
                s.say("554 nobody")
                continue
            else:
                s.say("354 go on")
                lines = []
                while True:
                    line = s.line()
                    if line is None:
                        return mails
                    if line == ".":
                        break
                    lines.append(line[1:] if line.startswith(".") else line)
                text = "\n".join(lines) + "\n"
            if not last:
                s.say("250 more")
                continue
            if drop == ("end", n):
                s.sock.close()
                return mails
            reply = next((r for k, r in (data or {}).items() if k in text), "250 taken")
            if reply[0] == "2":
                mails.append((sender, to, text))
            s.say(reply)
        elif verb == "QUIT":
            s.say("221 bye")
            return mails
        elif verb in ("RSET", "NOOP"):
            s.say("250 ok")
        else:
            s.say("500 what")
