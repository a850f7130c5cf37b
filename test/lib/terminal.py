"""terminal.py sixel|kitty|plain|silent COMMAND...: runs COMMAND on a terminal of that kind, and
writes what it showed, decoded to a PGM, or as it is, to stdout. Exits as the command does."""
import base64
import os
import pty
import re
import struct
import sys
import termios
import fcntl
import zlib


def run(kind, command):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 640, 480))
    out, answered = b"", False
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        out += data
        if not answered and b"\033[c" in out:
            answered = True
            if kind == "kitty":
                os.write(fd, b"\033_Gi=31;OK\033\\")
            if kind != "silent":
                os.write(fd, b"\033[?62;4;22c" if kind == "sixel" else b"\033[?62;22c")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.split(b"\033[c", 1)[1] if answered else out


def sixel(text):
    body = re.search(rb"\033P[0-9;]*q(.*?)\033\\", text, re.S).group(1)
    width, height = map(int, re.match(rb'"1;1;(\d+);(\d+)', body).groups())
    body = body[re.match(rb'"[\d;]+', body).end():]
    page = [bytearray(width) for _ in range(height + 6)]
    grays, gray, x, y = {}, 0, 0, 0
    for token in re.finditer(rb"#(\d+)(?:;2;(\d+);\d+;\d+)?|!(\d+)([?-~])|([?-~])|(\$)|(-)", body):
        number, percent, count, many, one, ret, new = token.groups()
        if percent is not None:
            grays[int(number)] = int(percent) * 255 // 100
        elif number is not None:
            gray = grays[int(number)]
        elif ret:
            x = 0
        elif new:
            x, y = 0, y + 6
        else:
            bits = (many or one)[0] - 63
            for _ in range(int(count or 1)):
                for bit in range(6):
                    if bits >> bit & 1:
                        page[y + bit][x] = gray
                x += 1
    return width, height, b"".join(page[:height])


def kitty(text):
    coded = b"".join(m for _, m in re.findall(rb"\033_G([^;]*);([^\033]*)\033\\", text))
    png = base64.b64decode(coded, validate=True)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at:at + 8])
        if name == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", png[at + 8:at + 18])
            assert (depth, color) == (8, 0), (depth, color)
        if name == b"IDAT":
            data += png[at + 8:at + 8 + size]
        at += 12 + size
    raw, page, before = zlib.decompress(data), b"", bytearray(width)
    for y in range(height):
        kind, line = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
        for x in range(width):
            a, b, c = line[x - 1] if x else 0, before[x], before[x - 1] if x else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[x] = line[x] + (0, a, b, (a + b) // 2, paeth)[kind] & 255
        page, before = page + bytes(line), line
    return width, height, page


status, shown = run(sys.argv[1], sys.argv[2:])
if sys.argv[1] in ("sixel", "kitty"):
    w, h, pels = {"sixel": sixel, "kitty": kitty}[sys.argv[1]](shown)
    shown = b"P5\n%d %d\n255\n" % (w, h) + pels
sys.stdout.buffer.write(shown)
sys.exit(status)
