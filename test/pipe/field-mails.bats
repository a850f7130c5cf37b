#!/usr/bin/env bats
# Mails as devices, gateways and programs in the field write them: the fax comes out of every one,
# whole and byte by byte, and what had to be repaired is told.
load ../lib/helper

setup() {
    scratch
    cat >field.py <<'PY'
import base64, binascii, quopri, struct, subprocess, sys
TIFF = (b"II*\0\x08\0\0\0\x01\0\x03\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0" + bytes(range(256)) * 3)
B64 = base64.encodebytes(TIFF)
CASES = []
def case(name, mail, repaired=None, want=TIFF, arguments=("-d",)):
    CASES.append((name, mail, repaired, want, arguments))
def one(head, body=B64, cte=b"base64"):
    return head + b"Content-Transfer-Encoding: " + cte + b"\n\n" + body
def multi(*parts, top=b"multipart/mixed; boundary=b", pre=b"", end=b"--b--\n"):
    return b"Subject: x\nContent-Type: " + top + b"\n\n" + pre + b"".join(b"--b\n" + p + b"\n" for p in parts) + end
TEXT = b"Content-Type: text/plain\n\nsee the fax\n"
FAX = one(b"Content-Type: image/tiff; name=fax.tif\n")

# Header syntax.
case("folded with tabs", one(b"Subject: a\n\tb\n c\nContent-Type:\n\timage/tiff;\n\tname=fax.tif\n"))
case("a folded line of blanks only", one(b"Content-Type: image/tiff;\n \n name=fax.tif\n"))
case("8-bit", one(b"Subject: Gr\xfc\xdfe\nFrom: J\xfcrgen <a@b>\nContent-Type: image/tiff; name=Pl\xe4n.tif\n"))
case("RFC 2047 in charsets", one(b"Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\nX: =?koi8-r?q?=C6=C1=CB=D3?= =?x?z?\n"
    b"Content-Type: image/tiff; name=\"=?gb2312?B?ztK1xA==?=.tif\"\n"))
case("comments", one(b"From: (c (d) \\) e) a@b (f)\nContent-Type: (fax) image/tiff (p1); (q) name=x (r)\nMIME-Version: (by x) 1.0\n"))
case("quoted strings", one(b'Content-Type: image/tiff; name="a;b=\\"c\\".tif"; x="y\n z"\n'))
case("the type in quotes", one(b'Content-Type: "image/tiff"\n'))
case("groups", one(b"To: Undisclosed: ;\nCc: G: a@b, c@d;, e@f\nContent-Type: image/tiff\n"))
case("a missing colon", one(b"Subject: x\nContent-Type image/tiff\n"), "bad lines")
case("a line that lost its blank", one(b"Subject: a long\nsubject here\nContent-Type: image/tiff\n"), "bad lines")
case("blanks before the colon", one(b"Content-Type : image/tiff\n"))
case("obsolete dates", one(b"Date: Sat, 21 Nov 26 22:54 JST (x)\nDate: 1 Jan 70 00:00 Z\nContent-Type: image/tiff\n"))
case("duplicate fields", one(b"Content-Type: image/tiff\nContent-Type: text/plain\nSubject: a\nSubject: b\n"))
case("no MIME-Version, no Subject, no From", one(b"Content-Type: image/tiff\n"))
case("an mbox line before", b"From a@b Sat Nov 21 22:00:00 2026\n" + FAX)
case("an mbox line amid", one(b"Subject: x\n>From a@b Sat Nov 21 22:00:00 2026\nContent-Type: image/tiff\n"), "bad lines")
case("a byte order mark", b"\xef\xbb\xbf" + FAX)
case("blank lines before", b"\r\n\n" + FAX)
case("odd capitals", b"CONTENT-TYPE: IMAGE/TIFF\ncontent-transfer-ENCODING: BASE64\n\n" + B64)
case("NUL in a field", one(b"Content-Type: image/tiff\nX-A: a\0b\nSubject: c\0\n"))

# Types.
for t in ("image/tiff", "image/tif", "image/x-tiff", "image/tiff-fx", "image/g3fax", "IMAGE/Tiff; application=faxbw"):
    case(t, one(b"Content-Type: " + t.encode() + b"\n"))
case("octets by name", one(b"Content-Type: application/octet-stream; name=A.TIF\n"))
case("octets by disposition", one(b"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.tiff\n"))
case("octets by content", one(b"Content-Type: application/octet-stream\n"))
case("no type that is one", one(b"Content-Type: fax; name=a.tif\n"), "bad content type")

# Encodings.
case("lines of any length", one(b"Content-Type: image/tiff\n", b"\n".join(B64.replace(b"\n", b"")[i:i + 7] for i in range(0, 2000, 7)) + b"\n"))
case("one line", one(b"Content-Type: image/tiff\n", B64.replace(b"\n", b"")))
case("stray bytes", one(b"Content-Type: image/tiff\n", B64.replace(b"\n", b"!\n> ")), "stray bytes")
case("no padding", one(b"Content-Type: image/tiff\n", base64.b64encode(TIFF).rstrip(b"=")), "without padding")
case("cut short", one(b"Content-Type: image/tiff\n", base64.b64encode(TIFF)[:-3]), "cut short", TIFF[:-2])
case("text behind", one(b"Content-Type: image/tiff\n", base64.b64encode(TIFF) + b"\n-- \nA list's footer\n"), "behind the end")
case("quoted-printable", one(b"Content-Type: image/tiff\n", quopri.encodestring(TIFF, quotetabs=True), b"quoted-printable"))
case("quoted-printable in small letters", one(b"Content-Type: image/tiff\n", b"".join(b"=%02x" % c + (b"=\n" if i % 20 == 19 else b"") for i, c in enumerate(TIFF)), b"Quoted-Printable"))
case("binary", one(b"Content-Type: image/tiff\n", TIFF, b"binary"))
case("8bit, said in comments", one(b"Content-Type: image/tiff\n", TIFF, b"(what) 8BIT (it is)"))
case("an encoding nobody knows", one(b"Content-Type: image/tiff\n", TIFF, b"x-none"), "unknown transfer encoding")
case("base64, and not said", b"Content-Type: image/tiff\n\n" + B64, "wrong transfer encoding")
case("said to be base64, and raw", one(b"Content-Type: image/tiff\n", TIFF), "wrong transfer encoding")
UU = b"begin 644 fax.tif\n" + b"".join(binascii.b2a_uu(TIFF[i:i + 45]) for i in range(0, len(TIFF), 45)) + b"`\nend\n"
case("uuencode in text", b"Subject: x\n\nHere:\n\n" + UU + b"bye\n")
case("uuencode that lost its blanks", b"Subject: x\n\n" + b"\n".join(l.replace(b"`", b" ").rstrip() for l in UU.split(b"\n")))
case("uuencode as an encoding", one(b"Content-Type: image/tiff\n", UU, b"x-uuencode"))
case("uuencode without an end", b"Subject: x\n\n" + UU[:-6], "uuencode")
case("uuencode of octets in a multipart", multi(TEXT, b"Content-Type: application/octet-stream; name=a.tif\nContent-Transfer-Encoding: uuencode\n\n" + UU))

# Structure.
case("text, then the fax", multi(TEXT, FAX))
case("several images: the first", multi(FAX, one(b"Content-Type: image/tiff\n", base64.encodebytes(b"II*\0other"))))
case("a preamble and an epilogue", multi(FAX, pre=b"This is a multi-part message\n--bogus\n", end=b"--b--\nepilogue\n--b\nContent-Type: image/tiff\n\nno\n"))
case("no final boundary", multi(TEXT, FAX, end=b""), "no final boundary")
case("blanks behind boundaries", multi(TEXT, FAX).replace(b"--b\n", b"--b  \t\n"))
case("a quoted boundary with specials", multi(TEXT, FAX, top=b'multipart/mixed; boundary="=_(b):/?,"').replace(b"--b", b"--=_(b):/?,"))
case("a boundary by RFC 2231", multi(TEXT, FAX, top=b"multipart/mixed; boundary*0=\"x\"; boundary*1=y").replace(b"--b", b"--xy"))
case("a boundary that begins another", multi(b"Content-Type: multipart/alternative; boundary=bb\n\n--bb\n\nt\n--bb\nContent-Type: text/html\n\n<p>\n--bb--\n", FAX))
case("a type of multipart nobody knows", multi(TEXT, FAX, top=b"multipart/x-fax; boundary=b"))
for kind in ("alternative", "related; type=\"text/html\"", "signed; micalg=sha-256", "report", "parallel", "appledouble"):
    case("multipart/" + kind, multi(TEXT, FAX, top=b"multipart/" + kind.encode() + b"; boundary=b"))
case("AppleDouble", multi(TEXT, multi(one(b"Content-Type: application/applefile\n", base64.encodebytes(b"\0\5\x16\7" + bytes(40))), FAX, top=b"multipart/appledouble; boundary=c", end=b"--c--\n").replace(b"--b\n", b"--c\n")))
case("forwarded", multi(TEXT, b"Content-Type: message/rfc822\n\nSubject: in\n" + FAX))
case("forwarded twice", multi(TEXT, b"Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n" + multi(TEXT, FAX).replace(b"=b", b"=c").replace(b"--b", b"--c")))
case("a digest", multi(b"\nFrom: a@b\n\ntext\n", b"\nFrom: a@b\n" + FAX, top=b"multipart/digest; boundary=b"))
case("empty parts", multi(b"", b"\n", TEXT, FAX))
case("an empty image, then one", multi(b"Content-Type: image/tiff\n\n", FAX))
LF = multi(TEXT, FAX)
case("CR LF", LF.replace(b"\n", b"\r\n"))
case("mixed line ends", b"".join(l + (b"\r\n" if i % 3 else b"\n") for i, l in enumerate(LF.split(b"\n"))))
TNEF = bytearray(struct.pack("<IH", 0x223E9F78, 1))
for ident, data in ((0x69002, bytes(14)), (0x6800F, TIFF), (0x18010, b"fax.tif\0")):
    TNEF += struct.pack("<BII", 2, ident, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
case("winmail.dat", multi(TEXT, one(b"Content-Type: application/ms-tnef; name=winmail.dat\n", base64.encodebytes(bytes(TNEF)))))

# Names.
NAMES = [
    (b'name="a b.tif"', "a b.tif"), (b"name=a b.tif", "a b.tif"), (b"name*=utf-8''%c3%a4%20b.tif", "ä b.tif"),
    (b"name*=iso-8859-1'de'%e4.tif", "ä.tif"), (b'name*1*=%a4.tif; name*0*=utf-8\'\'%c3', "ä.tif"),
    (b"name*0=\"a\"; name*1*=%20; name*2=\"%20.tif\"", "a %20.tif"), (b'name="=?utf-8?q?=C3=A4?= =?utf-8?q?.tif?="', "ä.tif"),
    (b"name==?iso-8859-1?q?=E4?=.tif", "ä.tif"), (b'name="Pl\xe4n.tif"', "Plän.tif"), (b'name="Pl\xc3\xa4n.tif"', "Plän.tif"),
    (b'name="C:\\\\fax\\\\a.tif"', "C:\\fax\\a.tif"), (b'name="unfinished', "unfinished"), (b"name=''", "''"),
    (b"name*=no-such-charset''%e4.tif", None), (b'NAME="a.tif" (c)', "a.tif"), (b'x=1; ;; name=a.tif;', "a.tif"),
]

def run(arguments, mail, pieces):
    p = subprocess.Popen(["b64mime", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if pieces:
        for i in range(0, len(mail), pieces):
            p.stdin.write(mail[i:i + pieces])
            p.stdin.flush()
    out, words = p.communicate(None if pieces else mail)
    return p.returncode, out, words.decode()

def check():
    bad = 0
    for name, mail, repaired, want, arguments in CASES:
        for pieces in (0, 37):
            status, out, words = run(arguments, mail, pieces)
            told = "repaired" in words
            if status or out != want or told != bool(repaired) or (repaired and repaired not in words):
                print(f"{name} (pieces of {pieces}): status {status}, {len(out)} bytes, {words!r}")
                bad += 1
    import json
    for raw, want in NAMES:
        status, out, words = run(["--list", "--json"], one(b"Content-Type: image/tiff; " + raw + b"\n"), 0)
        got = json.loads(out)[0]["name"] if status == 0 else words
        if status or (want is not None and got != want):
            print(f"name {raw}: {got!r}, want {want!r}")
            bad += 1
    print(len(CASES), "mails and", len(NAMES), "names")
    return bad
sys.exit(1 if check() else 0)
PY
}
teardown() { cleanup; }

@test "the fax comes out of every mail of the field" {
    python3 field.py
}
