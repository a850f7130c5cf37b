#!/usr/bin/env bats
# b64mime's mail before foreign judges, and theirs before b64mime.
load ../lib/helper

setup() {
    scratch
    { printf 'II*\0\10\0\0\0\1\0\3\1\3\0\1\0\0\0\3\0\0\0\0\0\0\0'; head -c 30000 /dev/urandom; } >fax.tif
    printf 'Guten Tag,\n\nGr\303\274\303\237e\n' >letter.txt
    cat >judge.py <<'PY'
# judge.py MAIL [FILE]...: Python's email finds no defect, and the attachments are the FILEs.
import email, email.policy, sys
raw = open(sys.argv[1], "rb").read()
mail = email.message_from_bytes(raw, policy=email.policy.default)
for part in mail.walk():
    assert not part.defects, (part.get_content_type(), part.defects)
    for name, value in part.items():
        assert not value.defects, (name, value, value.defects)
    if not part.is_multipart():
        part.get_content()
        assert not part.defects, part.defects
assert mail["Date"].datetime and mail["Message-ID"] and mail["MIME-Version"] == "1.0"
assert all(len(line) <= 78 for line in raw.splitlines())
got = [p.get_content() for p in mail.walk() if p.get_content_disposition() == "attachment"]
want = [open(f, "rb").read() for f in sys.argv[2:]]
got = [g.encode() if isinstance(g, str) else g for g in got]
assert got == want, [len(g) for g in got]
PY
}
teardown() { cleanup; }

@test "Python's email finds no defect in any mail we make" {
    cp fax.tif 'Füße und sehr langer Name der gefaltet werden muß (1) ファクス.tif'
    b64mime --from a@b.example --to c@d.example fax.tif >m
    python3 judge.py m fax.tif
    b64mime --from 'Jürgen "X" Groß <j@b.example>' --to '"Q, R" <q@d.example>, FAX=+81751234567@h.example' \
        --cc 'e@f.example' --notify --header 'X-A: Ä' --header 'Reply-To: Ö <o@p.example>' \
        --subject "$(printf 'Überlänge %.0s' {1..30})" --text letter.txt fax.tif Füße* >m
    python3 judge.py m fax.tif Füße*
    python3 - <<'PY'
import email, email.policy, glob
m = email.message_from_binary_file(open("m", "rb"), policy=email.policy.default)
assert m["From"].addresses[0].display_name == "Jürgen X Groß", m["From"]
assert m["To"].addresses[0].display_name == "Q, R"
assert m["To"].addresses[1].addr_spec == "FAX=+81751234567@h.example"
assert m["Subject"] == ("Überlänge " * 30).strip(), m["Subject"]
assert m["Reply-To"].addresses[0].display_name == "Ö"
assert list(m.iter_attachments())[-1].get_filename() == glob.glob("Füße*")[0]
assert m.get_body().get_content() == open("letter.txt").read()
PY
}

@test "with CR LF line ends too" {
    b64mime --crlf --from a@b.example --to c@d.example --text letter.txt fax.tif >m
    python3 judge.py m fax.tif
}

@test "what Python's email makes, we open" {
    python3 - <<'PY'
import email.policy
from email.message import EmailMessage
for i, policy in enumerate((email.policy.default, email.policy.SMTP)):
    m = EmailMessage(policy=policy)
    m["From"] = "Jürgen <a@b.example>"
    m["Subject"] = "Grüße " * 20
    m.set_content("Grüße\nFrom me\n.\n", cte="quoted-printable")
    m.add_alternative("<p>x</p>", subtype="html")
    m.add_attachment(open("fax.tif", "rb").read(), maintype="image", subtype="tiff",
                     filename="Füße mit sehr langem Namen " * 4 + ".tif")
    open(f"p{i}", "wb").write(m.as_bytes())
    outer = EmailMessage(policy=policy)
    outer["Subject"] = "fwd"
    outer.set_content("see")
    outer.add_attachment(m)
    open(f"n{i}", "wb").write(outer.as_bytes())
PY
    for f in p0 p1 n0 n1; do
        run -0 --separate-stderr b64mime -d -o out $f
        [ -z "$stderr" ]
        cmp out fax.tif
    done
    [ "$(b64mime -d --text p0)" = $'Grüße\nFrom me\n.' ]
    [ "$(b64mime --headers p0 | sed -n 's/^Subject: //p')" = "$(printf 'Grüße %.0s' {1..20} | sed 's/ $//')" ]
    b64mime --list --json p1 | python3 -c 'import json, sys
assert json.load(sys.stdin)[-1]["name"] == "Füße mit sehr langem Namen " * 4 + ".tif"'
}

@test "random nested mails: the same parts and bytes as Python's email" {
    cat >random_mails.py <<'PY'
import base64, email, hashlib, json, quopri, random, subprocess
random.seed(20)
BODIES = [b"", b"x", b"hello\n", b"--\n", b"a\n--b\n", b"-" * 80 + b"\n", b"\n\n", b"text " * 30]
def leaf():
    body = random.choice(BODIES + [random.randbytes(random.randrange(300))])
    kind = random.choice(["text/plain", "image/tiff", "application/octet-stream", "text/html"])
    encoding = random.choice(["7bit", "base64", "quoted-printable", "8bit", None])
    head = f"Content-Type: {kind}\n" if random.random() < .9 else ""
    if encoding: head += f"Content-Transfer-Encoding: {encoding}\n"
    if encoding == "base64": body = base64.encodebytes(body)
    elif encoding == "quoted-printable": body = quopri.encodestring(body, quotetabs=True)
    else: body = body.replace(b"\0", b".").replace(b"\r", b".")
    return head.encode() + b"\n" + body
def entity(depth):
    r = random.random()
    if depth == 0 or r < .5: return leaf()
    if r < .6: return b"Content-Type: message/rfc822\n\nSubject: in\n" + entity(depth - 1)
    boundary = random.choice([b"b", b"bb", b"b-1", b"=_x", b"a b"]) + str(depth).encode()
    text = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\n\n'
    if random.random() < .3: text += b"preamble\n"
    for _ in range(random.randrange(1, 4)):
        text += b"--" + boundary + b"\n" + entity(depth - 1) + b"\n"
    text += b"--" + boundary + b"--\n"
    return text + (b"epilogue\n" if random.random() < .3 else b"")
for i in range(100):
    mail = b"Subject: x\n" + entity(3)
    want = []
    for p in email.message_from_bytes(mail).walk():
        if not p.is_multipart():
            data = p.get_payload(decode=True)
            want.append((p.get_content_type(), len(data), hashlib.sha256(data).hexdigest()))
    out = subprocess.run(["b64mime", "-q", "--list", "--json"], input=mail, stdout=subprocess.PIPE, check=True)
    got = [(p["type"], p["size"], p["sha256"]) for p in json.loads(out.stdout)]
    assert got == want, (i, mail)
PY
    python3 random_mails.py
}

@test "mpack and munpack" {
    needs mpack munpack
    mpack -s 'a fax' -c image/tiff -o m fax.tif
    b64mime -d m | cmp - fax.tif
    b64mime --from a@b.example --to c@d.example --text letter.txt fax.tif >m
    mkdir d && cd d
    munpack -q ../m
    cmp fax.tif ../fax.tif
}

@test "coreutils base64 and openssl base64, both ways" {
    b64mime --bare fax.tif | base64 -d | cmp - fax.tif
    base64 fax.tif | b64mime -d --bare | cmp - fax.tif
    b64mime --bare --wrap 64 fax.tif | cmp - <(openssl base64 -in fax.tif)
    openssl base64 -in fax.tif | b64mime -d --bare | cmp - fax.tif
}
