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

@test "random mails of Python's own making, given in random pieces: the same parts, names and bytes" {
    cat >made.py <<'PY'
import email.policy, hashlib, json, os, random, subprocess
from email.message import EmailMessage
random.seed(int(os.environ.get("FAXPIPE_SEED", "21")))
NAMES = ["fax.tif", "a b.tif", "Größe.tif", "日本語のファイル.tif", 'q"uote.tif', "semi;colon.tif", "lang " * 30 + "ä.tif",
         "per%41cent.tif", "it's.tif", "📠.tif", "x" * 120]
WORDS = ["plain", "Grüße", "日本語", "--", "From me", ".", "=3D", "", " lead", "trail ", "x" * 200]
POLICIES = [email.policy.default, email.policy.SMTP, email.policy.default.clone(cte_type="7bit"),
            email.policy.SMTP.clone(max_line_length=60)]
def text():
    return "\n".join(random.choice(WORDS) for _ in range(random.randrange(1, 8))) + "\n"
def fill(m, depth):
    m.set_content(text(), subtype="plain", charset=random.choice(["utf-8", "utf-8", "iso-2022-jp", "utf-16"]),
                  cte=random.choice([None, "base64", "quoted-printable"]) or "base64")
    if random.random() < .4: m.add_alternative("<p>" + text(), subtype="html")
    for _ in range(random.randrange(3)):
        if depth and random.random() < .3:
            inner = EmailMessage(policy=m.policy)
            inner["Subject"] = "in"
            fill(inner, depth - 1)
            m.add_attachment(inner)
        else:
            m.add_attachment(random.randbytes(random.randrange(400)), maintype=random.choice(["image", "application"]),
                             subtype=random.choice(["tiff", "octet-stream", "pdf"]), filename=random.choice(NAMES))
    if random.random() < .3: m.make_mixed()
for i in range(60):
    m = EmailMessage(policy=random.choice(POLICIES))
    m["From"], m["Subject"] = "Jürgen <a@b.example>", " ".join(WORDS[:3])
    while True:
        try:
            fill(m, 2)
            raw = m.as_bytes()
            break
        except (UnicodeEncodeError, ValueError, LookupError):
            m.clear_content()
    want = []
    for p in email.message_from_bytes(raw, policy=email.policy.default).walk():
        if not p.is_multipart():
            data = p.get_payload(decode=True)
            want.append((p.get_content_type(), p.get_filename(), len(data), hashlib.sha256(data).hexdigest()))
    run = subprocess.Popen(["b64mime", "--list", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    at = 0
    while at < len(raw):
        n = random.randrange(1, 2000)
        run.stdin.write(raw[at:at + n])
        run.stdin.flush()
        at += n
    out, words = run.communicate()
    assert run.returncode == 0 and not words, (i, words, raw)
    got = [(p["type"], p["name"], p["size"], p["sha256"]) for p in json.loads(out)]
    assert got == want, (i, got, want, raw)
PY
    python3 made.py
}

@test "RFC 3965's simple mode: one part, TIFF profile S, and whoever reads it gets that file" {
    needs reformime ripmime munpack
    { printf 'P4\n1728 200\n'; head -c 43200 /dev/urandom; } | fax-scan | g3tiff --profile s -o page.tif
    g3tiff --check s page.tif
    b64mime --from 'Jürgen Groß <j@b.example>' --to FAX=+81751234567@fax.example \
        --to FAX=+15551234567/T33S=22@fax.example --subject 'Grüße' --name 'Plän (1).tif' page.tif >m
    python3 judge.py m page.tif
    python3 - <<'PY'
import email, email.policy
m = email.message_from_binary_file(open("m", "rb"), policy=email.policy.default)
assert not m.is_multipart() and m.get_content_type() == "image/tiff"
assert m.get_param("application") == "faxbw" and m["Content-Transfer-Encoding"] == "base64"
assert [a.addr_spec for a in m["To"].addresses] == [
    "FAX=+81751234567@fax.example", "FAX=+15551234567/T33S=22@fax.example"], m["To"]
PY
    b64mime -d m | cmp - page.tif
    b64mime --from a@b.example --to c@d.example --text letter.txt --subject x page.tif fax.tif >two
    for mail in m two; do
        mkdir "r-$mail" "p-$mail"
        reformime -e -s "$([ $mail = m ] && echo 1 || echo 1.2)" <$mail | cmp - page.tif
        (cd "p-$mail" && munpack -q ../$mail >/dev/null)
        ripmime -i $mail -d "r-$mail" --no-nameless
    done
    cmp r-m/'Plän (1).tif' page.tif
    cmp r-two/page.tif page.tif
    cmp r-two/fax.tif fax.tif
    cmp p-two/page.tif page.tif
    cmp p-two/fax.tif fax.tif
    [ "$(find p-m -type f -size "$(stat -c %s page.tif)c" | wc -l)" -eq 1 ]
}

@test "mutt shows the mail and saves the file" {
    needs mutt
    b64mime --from 'Jürgen Groß <j@b.example>' --to c@d.example --subject 'Grüße' --text letter.txt \
        --name 'Plän.tif' fax.tif >m
    { echo 'From a@b Sat Nov 21 22:00:00 2026'; cat m; echo; } >mbox
    cat >rc <<'RC'
set wait_key=no
set quit=yes
set mark_old=no
set folder="."
set pipe_decode=yes
push "<pipe-message>tee piped<enter><view-attachments><last-entry><save-entry><kill-line>saved.tif<enter><exit><exit>"
RC
    # Mutt wants a terminal whose input does not end.
    cat >mutt.py <<'PY'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", HOME=os.getcwd(), LC_ALL="C.UTF-8")
    os.execvp("timeout", ["timeout", "--foreground", "20", "mutt", "-n", "-F", "rc", "-R", "-f", "mbox"])
end = time.monotonic() + 15
while time.monotonic() < end:
    if select.select([fd], [], [], .2)[0]:
        try:
            if not os.read(fd, 65536): break
        except OSError: break
PY
    timeout 30 python3 mutt.py
    cmp saved.tif fax.tif
    grep -qx 'Subject: Grüße' piped
    grep -qx 'From: Jürgen Groß <j@b.example>' piped
    grep -qx 'Grüße' piped
}
