load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs pdftotext pdfimages pdftoppm
    printf 'A letter\nΕλλάδα, Grüße, 日本語\n' >letter.txt
    # A drawing with thin and thick strokes, as wide as an A4 fax page.
    python3 -c '
import sys
w, h = 1728, 1100
out = bytearray()
for y in range(h):
    row = bytearray(w // 8)
    for x in range(w // 8):
        row[x] = 0xff if (y // 50) % 3 == 0 and (x // 9) % 2 else (0x10 if (x * 7 + y) % 5 == 0 else 0)
    out += row
sys.stdout.buffer.write(b"P4\n%d %d\n" % (w, h) + out)' >page.pbm
}

teardown() { cleanup; }

g3() { # CODING RESOLUTION: page.pbm as a G3 page stream on stdout
    fax-scan -c "$1" -r "$2" --fit crop page.pbm
}

# The first strip of a TIFF of ours, its bits most significant first.
strip() {
    python3 -c '
import struct, sys
d = open(sys.argv[1], "rb").read()
at, = struct.unpack_from("<I", d, 4)
n, = struct.unpack_from("<H", d, at)
tags = {t: (v if ty == 4 else v & 0xffff) for t, ty, _, v in
        (struct.unpack_from("<HHII", d, at + 2 + 12 * i) for i in range(n))}
turn = bytes(int(f"{b:08b}"[::-1], 2) for b in range(256))
s = d[tags[273]:tags[273] + tags[279]]
sys.stdout.buffer.write(s.translate(turn) if tags[266] == 2 else s)' "$1"
}

# The first page's pels of a PDF as the page was coded: no scaling, by poppler.
pdf_pels() { pdfimages "$1" pels && cat pels-000.pbm; }

@test "text is laid out, and stays text in a PDF" {
    fax-print -o letter.pdf letter.txt
    [ "$(pdftotext letter.pdf - | sed -n 2p)" = 'Ελλάδα, Grüße, 日本語' ]
    fax-print <letter.txt >out.pdf -o -
    [ "$(pdftotext out.pdf - | head -1)" = 'A letter' ]
}

@test "MH, MR and MMR strips lie in the PDF byte for byte, and judges see the page's pels" {
    needs gs qpdf
    for coding in mh mr mmr; do
        g3 "$coding" fine >"$coding.g3"
        g3tiff "$coding.g3" -o "$coding.tif"
        strip "$coding.tif" >strip
        fax-print -o "$coding.pdf" "$coding.tif"
        qpdf --check "$coding.pdf" >/dev/null
        pdfimages -ccitt "$coding.pdf" "$coding"
        cmp strip "$coding-000.ccitt"
        pdf_pels "$coding.pdf" >seen.pbm
        fax-print -o want.pbm "$coding.g3"
        cmp <(tail -c +14 seen.pbm) <(tail -c +14 want.pbm)
    done
    # Ghostscript scales the page to the paper: as much ink as there should be, and in each coding
    # the same.
    for coding in mh mr mmr; do
        gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=pbmraw -r204x196 -sOutputFile="$coding.gs" "$coding.pdf"
        cmp mh.gs "$coding.gs"
    done
    mv mmr.gs gs.pbm
    python3 - <<'PY'
def pbm(name):
    data = open(name, "rb").read()
    fields, at = [], 0
    while len(fields) < 3:
        end = at
        while data[end:end + 1] not in (b" ", b"\n"):
            end += 1
        if data[at:at + 1] == b"#":
            end = data.index(b"\n", at)
        else:
            fields.append(data[at:end])
        at = end + 1
    return int(fields[1]), int(fields[2]), data[at:]
def ink(name):
    w, h, d = pbm(name)
    return sum(bin(b).count("1") for b in d) / (w * h)
w, h, _ = pbm("want.pbm")
a, b = ink("want.pbm") * w * h, ink("gs.pbm") * pbm("gs.pbm")[0] * pbm("gs.pbm")[1]
assert 0.8 < b / a < 1.2, (a, b)
PY
}

@test "pages of 98 lines an inch are twice as tall as their rows" {
    g3 mh standard >page.g3
    fax-print -o page.pdf page.g3
    read -r width rows < <(pdfimages -list page.pdf | awk 'NR == 3 { print $4, $5 }')
    [ "$width" -eq 1728 ]
    fax-print -o page.png page.g3
    [ "$(python3 -c 'import struct; d = open("page.png", "rb").read(); print(*struct.unpack(">II", d[16:24]))')" \
        = "1728 $((rows * 2))" ]
    pdftoppm -r 100 -gray page.pdf seen
    # As wide and as tall on the paper as the fine page is.
    g3 mh fine >fine.g3
    fax-print -o fine.pdf fine.g3
    pdfimages -list page.pdf | awk 'NR == 3 { exit !($14 / $13 < 0.55 && $14 / $13 > 0.45) }'
    pdfimages -list fine.pdf | awk 'NR == 3 { exit !($14 / $13 > 0.9) }'
}

@test "paper follows the page: A4, B4, A3; --paper overrules" {
    size() { pdfinfo "$1" | sed -n 's/^Page size: *//p'; }
    for paper in a4 b4 a3; do
        fax-scan -p "$paper" letter.txt >p.g3
        fax-print -o "$paper.pdf" p.g3
    done
    [[ $(size a4.pdf) == '595.2'*' x 841.8'* ]]
    [[ $(size b4.pdf) == '708.6'*' x 1000.6'* ]]
    [[ $(size a3.pdf) == '841.8'*' x 1190.5'* ]]
    fax-print --paper letter -o l.pdf p.g3
    [[ $(size l.pdf) == '612 x 792'* ]]
}

@test "mail: text and fax in their order, by page number, with a stamp" {
    g3tiff <(g3 mh fine) -o fax.tif
    b64mime --from a@b --to c@d --subject s --text letter.txt fax.tif >mail
    fax-print -o mail.pdf mail
    [ "$(pdfinfo mail.pdf | sed -n 's/^Pages: *//p')" -eq 2 ]
    [ "$(pdftotext -l 1 mail.pdf - | head -1)" = 'A letter' ]
    [ "$(pdfimages -list mail.pdf | awk 'NR == 3 { print $1 }')" -eq 2 ]
    fax-print --pages 2 -o two.pdf mail
    [ "$(pdfinfo two.pdf | sed -n 's/^Pages: *//p')" -eq 1 ]
    [ -z "$(pdftotext two.pdf - | tr -d '\n\f ')" ]
    fax-print --stamp -o stamp.pdf mail
    [[ $(pdftotext stamp.pdf -) == *'a@b'*'page 1/2'*'page 2/2'* ]]
    run --separate-stderr fax-print --pages 7 -o none.pdf mail
    expect_refusal 65
    [ ! -e none.pdf ]
}

@test "a text-only mail is printed with its From and Subject, in any charset" {
    { printf 'From: =?iso-8859-1?q?J=FCrgen?= <j@x>\nSubject: hello\nContent-Type: text/plain; charset=iso-8859-15\n\n'
      printf '10 \244\n'; } >mail
    [ "$(fax-print --format text -o - mail)" = $'From: Jürgen <j@x>\nSubject: hello\n\n10 €' ]
    printf 'Subject: h\nContent-Type: text/html\n\n<p>one &amp; two<br>three<script>x()</script></p>\n' >html
    [[ $(fax-print --format text -o - html) == *$'one & two\nthree'* ]]
}

@test "PNG: a file a page; PBM: one after the other; TIFF goes back through g3tiff" {
    { cat letter.txt; printf '\f'; cat letter.txt; } >two.txt
    fax-print -o out.png two.txt
    [ ! -e out.png ]
    [ "$(head -c 4 out-1.png | tail -c 3)" = PNG ] && [ -s out-2.png ]
    fax-print --pages 2 -o one.png two.txt
    cmp one.png out-2.png
    run --separate-stderr fax-print --format png -o - two.txt
    expect_refusal 64
    fax-print -o out.pbm two.txt
    [ "$(grep -ao 'P4$' out.pbm | wc -l)" -eq 2 ]
    [ "$(stat -c %s out.pbm)" -eq $((2 * (13 + 216 * 2287))) ]
    fax-print -o out.tif two.txt
    g3tiff -d --pbm out.tif | cmp - out.pbm
}

@test "a PDF goes to a file as it is, and page by page onto the terminal" {
    fax-print -o letter.pdf letter.txt
    fax-print -o same.pdf letter.pdf
    cmp letter.pdf same.pdf
    run fax-print --preview --pages 1 letter.pdf
    expect_status 0
    [[ $output == *▀* || $output == *▘* || $output == *█* ]]
}

@test "a terminal that shows pictures is shown pictures; others, and those that say nothing, blocks" {
    g3 mmr fine >page.g3
    fax-print -o want.pbm page.g3
    for kind in sixel kitty; do
        python3 "$FAXPIPE_ROOT/test/lib/terminal.py" "$kind" fax-print --preview page.g3 >shown.pgm
        python3 - <<'PY'
def pnm(name, fields):
    data, got, at = open(name, "rb").read(), [], 2
    while len(got) < fields:
        end = at + 1
        while data[end:end + 1] not in (b" ", b"\n"):
            end += 1
        got.append(int(data[at:end]))
        at = end
    return got, data[at + 1:]
(w, h), page = pnm("want.pbm", 2)
(sw, sh, _), shown = pnm("shown.pgm", 3)
assert (sw, abs(sh - 640 * (h / 196) / (w / 204)) < 2) == (640, True), (sw, sh)
worst = 0
for y in range(0, sh, 17):
    for x in range(0, sw, 11):
        x0, x1, y0, y1 = x * w // sw, (x + 1) * w // sw, y * h // sh, (y + 1) * h // sh
        n = sum(page[r * (w // 8) + c // 8] >> (7 - c % 8) & 1 for r in range(y0, y1) for c in range(x0, x1))
        want = 255 - n * 255 / ((x1 - x0) * (y1 - y0))
        worst = max(worst, abs(want - shown[y * sw + x]))
assert worst <= 27, worst
PY
    done
    for kind in plain silent; do
        python3 "$FAXPIPE_ROOT/test/lib/terminal.py" "$kind" fax-print --preview page.g3 >shown
        grep -q '█' shown
    done
    fax-print --preview page.g3 >piped
    [ "$(grep -c $'\033' piped)" -eq 0 ]
}

@test "a directory is a printer: a PDF a job, never the same name twice" {
    mkdir paper
    fax-print -P "$T/paper" --job 'fax ../1' letter.txt
    fax-print -P "$T/paper" --job 'fax ../1' letter.txt
    [ "$(ls paper)" = $'fax-..-1-2.pdf\nfax-..-1.pdf' ]
    run --separate-stderr fax-print -P "$T/nowhere" letter.txt
    expect_refusal 73
}

@test "a notification says that, and not what" {
    printf 'From: Carol <c@d>\nTo: x@y\nSubject: SECRET\n\nSECRET\n' >mail
    run fax-print --notice --for 15 --id 1700000000.M1 --until 1700604800 --format text -o - mail
    expect_status 0
    [[ $output == *'For:        15'*'2023-11-14'*'Carol <c@d>'*'Pages:      1'*'2023-11-21'* ]]
    [[ $output != *SECRET* ]]
    printf 'From: c@d\nContent-Type: image/tiff\n\nno tiff\n' >bad
    run fax-print --notice --for 15 --format text -o - bad
    expect_status 0
    [[ $output == *'could not be decoded'* ]]
}

hold_mail() { # TEXT: holds a mail for 15 and prints its ID
    local id
    id=$(printf 'Return-Path: <a@b>\nFrom: a@b\n\n%s\n' "$1" | "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15")
    fax-spool hold --days 3 15 "$id"
    echo "$id"
}

@test "--user prints what is held and takes it out of the spool" {
    station >/dev/null
    run -1 --separate-stderr fax-print --user 15 -o out.pdf
    first=$(hold_mail 'the first') second=$(hold_mail 'the second')
    [ "$(fax-print --user 15 --list | wc -l)" -eq 2 ]
    fax-print --user 15 --only "$second" --format text -o one.txt
    grep -q 'the second' one.txt
    [[ $(fax-spool list 15) == "$first"* ]]
    fax-print --user 15 --preview >/dev/null
    third=$(hold_mail 'the third')
    fax-print --user 15 -o both.pdf
    [[ $(pdftotext both.pdf -) == *'the first'*'the third'* ]]
    [ -z "$(fax-spool list 15)" ]
    [ "$(fuser journal --user 15 --json | grep -o '"printed"' | wc -l)" -eq 3 ]
    [ -n "$third" ]
}

@test "--user with a directory: a file a mail; a bad mail stays and does not stop the others" {
    station >/dev/null
    one=$(hold_mail one)
    bad=$(printf 'From: a@b\nContent-Type: image/tiff\n\nno tiff\n' | "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15")
    fax-spool hold --days 3 --undecodable 15 "$bad"
    two=$(hold_mail two)
    run --separate-stderr fax-print --user 15
    expect_refusal 65
    [ -e "paper/fax-$one.pdf" ] && [ -e "paper/fax-$two.pdf" ]
    [[ $(fax-spool list 15) == "$bad"* ]]
    [ "$(fax-spool list 15 | wc -l)" -eq 1 ]
}

@test "--user with a wrong password prints nothing and keeps everything" {
    station >/dev/null
    hold_mail secret >/dev/null
    run --separate-stderr fax-print --user 15 --password-fd 3 -o out.pdf 3<alice.pw
    expect_refusal 77
    [ ! -e out.pdf ]
    [ -n "$(fax-spool list 15)" ]
    fax-print --user 15 --password-fd 3 -o out.pdf 3<bob.pw
    [ -s out.pdf ] && [ -z "$(fax-spool list 15)" ]
    run --separate-stderr fax-print --user 99 -o out.pdf
    expect_refusal 67
    run --separate-stderr fax-print --user 15 --only no.such -o x.pdf
    expect_refusal 66
}

@test "what does not reach its file stays held" {
    station >/dev/null
    hold_mail words >/dev/null
    run --separate-stderr fax-print --user 15 -o "$T/nowhere/out.pdf"
    expect_refusal 73
    run --separate-stderr fax-print --user 15 -o /dev/full
    expect_refusal 74
    [ -n "$(fax-spool list 15)" ]
}

@test "bad input: 65, one line, and no file" {
    g3 mh fine >page.g3
    : >empty
    head -c 3000 /dev/urandom >noise
    head -c 3000 page.g3 >cut.g3
    fax-print -o whole.pdf letter.txt
    head -c 2000 whole.pdf >cut.pdf
    printf 'From: a@b\nContent-Type: image/tiff\nContent-Transfer-Encoding: base64\n\nSUkqAAg=\n' >cut.mail
    printf 'From: a@b\nContent-Type: audio/basic\n\nxx\n' >sound.mail
    printf 'From: a@b\nContent-Type: application/pkcs7-mime\n\nxx\n' >sealed.mail
    for f in empty noise cut.g3 cut.pdf cut.mail; do
        run --separate-stderr fax-print -o out.pdf "$f"
        expect_refusal 65 || { echo "$f"; return 1; }
        [ ! -e out.pdf ]
    done
    printf '%%PDF-1.4\nno objects at all\n%%%%EOF\n' >broken.pdf
    run --separate-stderr fax-print -o out.pbm broken.pdf
    expect_refusal 65
    [ ! -e out.pbm ]
    for f in sound.mail sealed.mail; do
        run --separate-stderr fax-print -q -o out.pdf "$f"
        expect_refusal 65
        [ ! -e out.pdf ]
    done
    # A PDF that is cut short on stdout has no trailer.
    run -65 bash -c 'fax-print -o - letter.txt noise >part 2>/dev/null'
    [ "$(grep -ac %%EOF part)" -eq 0 ]
}

@test "options, files, stdout" {
    run --separate-stderr fax-print --no-such
    expect_refusal 64
    for bad in '--pages 0' '--paper a9' '--scale big' '--format gif -o x' '--copies 0' '-o x -P y' \
        '--list' '--user 15 letter.txt' '--copies 2 -o x.pdf'; do
        # shellcheck disable=SC2086
        run --separate-stderr fax-print $bad
        expect_refusal 64 || { echo "$bad"; return 1; }
    done
    run --separate-stderr fax-print -o x.pdf missing
    expect_refusal 66
    run --separate-stderr fax-print letter.txt
    expect_refusal 78
    run -74 bash -c 'fax-print -o - letter.txt >/dev/full'
    run -141 bash -o pipefail -c 'fax-print -o - letter.txt | true'
    run fax-print --help
    expect_status 0
}

@test "a page of many metres goes onto several of a PDF" {
    python3 -c '
import sys
sys.stdout.buffer.write(b"P4\n1728 40000\n" + (b"\xf0" + bytes(215)) * 40000)' >long.pbm
    fax-scan -c mmr long.pbm >long.g3
    fax-print -o long.pdf long.g3
    qpdf --check long.pdf >/dev/null
    [ "$(pdfimages -list long.pdf | awk 'NR > 2 { n += $5 } END { print n }')" -eq 40000 ]
    fax-print -o long.pbm2 --format pbm long.g3
    cmp <(tail -c 8640000 long.pbm) <(tail -c 8640000 long.pbm2)
    # On a printer's paper it is cut into sheets, and nothing of it is lost.
    mkdir paper
    fax-print -P "$T/paper" long.g3
    [ "$(pdfinfo paper/fax.pdf | sed -n 's/^Pages: *//p')" -eq 18 ]
    [ "$(pdfimages -list paper/fax.pdf | awk 'NR > 2 { n += $5 } END { print n }')" -eq 40000 ]
    run --separate-stderr fax-print -o long.png long.g3
    expect_refusal 65
    [ ! -e long.png ]
}

@test "memory stays bounded however many pages there are" {
    g3 mmr fine >one.g3
    python3 -c '
import sys
d = open("one.g3", "rb").read()
page, end = d[:-64], d[-64:]
sys.stdout.buffer.write(page * 300 + end)' >many.g3
    run bash -c 'ulimit -v 700000; fax-print -o many.pdf many.g3'
    case $FAXPIPE_BIN in *san*) skip "ASan maps terabytes" ;; esac
    expect_status 0
    [ "$(pdfinfo many.pdf | sed -n 's/^Pages: *//p')" -eq 300 ]
}
