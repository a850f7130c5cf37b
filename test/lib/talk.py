"""Talks SMTP with smtp-recv, reply by reply or byte by byte: `from talk import *` in a test.

Whatever is waited for is waited for 20 seconds at most."""
import os, re, socket, ssl, subprocess, sys


class Talk:
    """A session with a new smtp-recv on a socket pair (options), or with the one on a port."""

    def __init__(self, *options, port=None, greet=True, ahead=b"", stderr=None):
        self.got = b""
        if port is None:
            self.s, theirs = socket.socketpair()
            self.s.sendall(ahead)
            self.p = subprocess.Popen(["smtp-recv", *options], stdin=theirs, stdout=theirs, stderr=stderr)
            theirs.close()
        else:
            self.s = socket.create_connection(("127.0.0.1", int(port)))
            self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.settimeout(20)
        self.greeting = self.reply() if greet else None

    def line(self):
        """The next line with its end; b"" where the peer has closed."""
        while b"\n" not in self.got:
            try:
                data = self.s.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                data = b""
            if not data:
                break
            self.got += data
        line, end, self.got = self.got.partition(b"\n")
        return line + end

    def reply(self):
        """A whole reply, its lines joined by "\\n"; "" where the peer has closed."""
        lines = []
        while True:
            line = self.line()
            assert line == b"" and not lines or re.fullmatch(rb"\d\d\d[ -][^\r\n]*\r\n", line), line
            lines.append(line[:-2].decode("latin-1"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def send(self, data, step=0):
        """Bytes as they are; in pieces of step."""
        try:
            for i in range(0, len(data), step or len(data) or 1):
                self.s.sendall(data[i:i + (step or len(data))])
        except (BrokenPipeError, ConnectionResetError):
            pass

    def say(self, *lines):
        """Lines one after another; the reply to the last one."""
        for line in lines:
            self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
            reply = self.reply()
        return reply

    def wants(self, begin, *lines):
        """The reply to the last line begins so."""
        reply = self.say(*lines) if lines else self.reply()
        assert reply.startswith(begin), (lines[-1:], reply, begin)
        return reply

    def open(self, to="x@us.example", sender="a@b.example", hello="EHLO me.example"):
        self.wants("250", hello)
        return self.envelope(to, sender)

    def envelope(self, to="x@us.example", sender="a@b.example"):
        self.wants("250", f"MAIL FROM:<{sender}>")
        return self.wants("250", f"RCPT TO:<{to}>")

    def data(self, content, step=0):
        """DATA, these bytes, which have their own end; the reply to it."""
        self.wants("354", "DATA")
        self.send(content, step)
        return self.reply()

    def mail(self, text="Subject: a\r\n\r\nb\r\n", **envelope):
        """A mail in a session that has been opened."""
        self.envelope(**envelope)
        reply = self.data(text.encode() + b".\r\n")
        assert reply.startswith("250 2.0.0"), reply

    def tls(self, ca):
        self.wants("220", "STARTTLS")
        context = ssl.create_default_context(cafile=ca)
        self.s = context.wrap_socket(self.s, server_hostname="localhost")

    def closed(self):
        """Nothing more comes, and the peer has closed."""
        line = self.line()
        assert line == b"" and self.got == b"", line

    def end(self):
        """QUIT, and the status of the process."""
        self.wants("221", "QUIT")
        self.closed()
        return self.wait()

    def wait(self):
        self.s.close()
        return self.p.wait(20)


def mails(directory="md", clean=True):
    """What has arrived in a maildir, as bytes; it is taken away. Nothing is left in tmp/."""
    assert not os.path.isdir(f"{directory}/tmp") or not os.listdir(f"{directory}/tmp")
    found = []
    for name in sorted(os.listdir(f"{directory}/new")) if os.path.isdir(f"{directory}/new") else []:
        with open(f"{directory}/new/{name}", "rb") as f:
            found.append(f.read())
        if clean:
            os.unlink(f"{directory}/new/{name}")
    return found


def trace_off(mail):
    """The mail without the lines that the receiver has put in front."""
    lines = mail.split(b"\n")
    n = 2
    while lines[n].startswith(b"\t"):
        n += 1
    return b"\n".join(lines[n:])
