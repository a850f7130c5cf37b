#!/usr/bin/env bats
load ../lib/helper

setup() {
    scratch
    unset SANE_DEFAULT_DEVICE
}
teardown() { cleanup; }

# A bilevel page of W by H pels with shapes of every kind of run.
make_page() { # W H FILE
    needs pbmmake
    python3 - "$1" "$2" >"$3" <<'PY'
import sys, random
w, h = int(sys.argv[1]), int(sys.argv[2])
r = random.Random(7)
out = bytearray()
n = (w + 7) // 8
row = bytearray(n)
for y in range(h):
    if y % 7 == 0:
        row = bytearray(n)
        for _ in range(r.randrange(0, 12)):
            a = r.randrange(w); b = min(w, a + r.choice([1, 2, 3, 30, 64, 700, 2560]))
            for x in range(a, b):
                row[x // 8] ^= 0x80 >> x % 8
    out += row
sys.stdout.buffer.write(b"P4\n%d %d\n" % (w, h) + bytes(out))
PY
}

# "left top right bottom count" of the black pels of a PBM on stdin.
ink() {
    python3 -c '
import sys
d = sys.stdin.buffer.read(); p = d.split(b"\n", 2)
w, h = map(int, p[1].split()); n = (w + 7) // 8; b = p[2]
box = [w, h, -1, -1, 0]
for y in range(h):
    v = int.from_bytes(b[y*n:(y+1)*n], "big")
    if not v: continue
    s = bin(v)[2:].zfill(8*n)
    box[0] = min(box[0], s.index("1")); box[2] = max(box[2], s.rindex("1"))
    box[1] = min(box[1], y); box[3] = y; box[4] += s.count("1")
print(*box)'
}

# What a G3 page stream states: "width rows? xdpi ydpi coding k length" a page; its end mark last.
headers() {
    python3 -c '
import sys, struct
d = sys.stdin.buffer.read(); at = 0
while at < len(d):
    h = d[at:at+64]; assert h[46:50] == b"FXP1", at
    w, x, y, c, k, n = struct.unpack("<HHHBBI", h[50:62])
    total, number = struct.unpack("<HH", h[24:28])
    print("end" if number == 0 else f"{number}/{total} {w} {x}x{y} {c} {k} {n}"); at += 64 + n
assert at == len(d)'
}

@test "a bitmap as wide as the paper comes out bit for bit in MH" {
    needs g3topbm
    make_page 1728 1500 page.pbm
    fax-scan --raw page.pbm >page.g3
    g3topbm page.g3 >back.pbm
    cmp page.pbm back.pbm
}

@test "and in MR and MMR, by a foreign reader of TIFF" {
    needs fax2tiff tifftopnm
    make_page 1728 1100 page.pbm
    fax-scan --raw -c mr page.pbm >page.mr
    fax2tiff -2 -X 1728 -M -R 196 -o mr.tif page.mr
    # libtiff takes RTC for five more rows.
    tifftopnm mr.tif 2>/dev/null | pamcut -height 1100 | cmp page.pbm -
    fax-scan --raw -c mmr page.pbm >page.mmr
    fax2tiff -4 -X 1728 -M -R 196 -o mmr.tif page.mmr
    tifftopnm mmr.tif 2>/dev/null | pamcut -height 1100 | cmp page.pbm -
}

@test "every width of the table goes through untouched" {
    needs g3topbm
    for w in a4:fine:1728 b4:fine:2048 a3:fine:2432 a4:300:2592 b4:300:3072 a3:300:3648 \
        a4:400:3456 b4:400:4096 a3:400:4864; do
        IFS=: read -r paper res width <<<"$w"
        make_page "$width" 40 page.pbm
        fax-scan --raw -p "$paper" -r "$res" page.pbm | g3topbm -width "$width" >back.pbm 2>/dev/null
        cmp page.pbm back.pbm
        fax-scan -p auto -r "$res" page.pbm | headers | grep -q "^1/0 $width "
    done
}

@test "the stream has a header a page, exact lengths and an end mark" {
    make_page 1728 100 page.pbm
    cat page.pbm page.pbm page.pbm >three.pbm
    fax-scan -c mr three.pbm page.pbm >out.g3
    run headers <out.g3
    [ "${#lines[@]}" -eq 5 ]
    [[ ${lines[0]} == "1/0 1728 204x196 1 4 "* ]]
    [[ ${lines[3]} == "4/0 1728 204x196 1 4 "* ]]
    [ "${lines[4]}" = end ]
    fax-scan -c mr --k 7 page.pbm | headers | grep -q '^1/0 1728 204x196 1 7 '
    fax-scan -r standard -c mr page.pbm | headers | grep -q '^1/0 1728 204x98 1 2 '
    fax-scan -r superfine page.pbm | headers | grep -q '^1/0 1728 204x391 0 0 '
}

@test "rows that pass through are as many as the image has, unless --fit says otherwise" {
    needs g3topbm
    make_page 1728 5000 long.pbm
    fax-scan long.pbm | headers | grep -c / | grep -qx 1
    fax-scan --raw long.pbm | g3topbm >back.pbm
    cmp long.pbm back.pbm
    fax-scan --fit pages long.pbm | headers | grep -c / | grep -qx 3
    fax-scan --fit crop --raw long.pbm | g3topbm | head -2 | tail -1 | grep -qx '1728 2287'
}

@test "text in Latin, Greek and Japanese has ink where it should" {
    needs g3topbm
    printf 'Dear Sir\nΚαλημέρα κόσμε\n日本語のファクシミリ\n' >letter.txt
    fax-scan --raw letter.txt | g3topbm >letter.pbm
    head -2 letter.pbm | tail -1 | grep -qx '1728 2287'
    read -r left top right bottom count < <(ink <letter.pbm)
    [ "$left" -ge 110 ] && [ "$left" -le 140 ]
    [ "$top" -ge 110 ] && [ "$top" -le 140 ]
    [ "$right" -ge 350 ] && [ "$right" -le 700 ]
    [ "$bottom" -ge 180 ] && [ "$bottom" -le 260 ]
    [ "$count" -ge 3000 ]
    fax-scan --raw --trim letter.txt | g3topbm >short.pbm
    rows=$(sed -n 2p short.pbm | cut -d' ' -f2)
    [ "$rows" -eq $((bottom + 1)) ]
}

@test "mail is laid out with its fields and its text" {
    needs g3topbm
    printf 'Received: by x\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\nSubject: fax\n\nhello\n' >m
    fax-scan --raw m | g3topbm | ink >mail
    printf 'From: Jürgen <j@example.org>\nSubject: fax\n\nhello\n' | fax-scan --raw | g3topbm | ink >text
    cmp mail text
}

@test "PDF: every page, at its size" {
    needs gs pdftoppm g3topbm
    printf '%%!PS\n0 0 0 setrgbcolor 72 72 144 72 rectfill showpage 300 700 72 72 rectfill showpage\n' >p.ps
    gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sPAPERSIZE=a4 -sOutputFile=p.pdf p.ps
    fax-scan p.pdf | headers | grep -c / | grep -qx 2
    fax-scan --raw --pages 1 p.pdf | g3topbm >1.pbm
    # A square inch and a half is 204 x 196 dpi; the page stands in the middle of 1728 pels.
    read -r left top right bottom count < <(ink <1.pbm)
    [ $((right - left)) -ge 405 ] && [ $((right - left)) -le 410 ]
    [ $((bottom - top)) -ge 193 ] && [ $((bottom - top)) -le 198 ]
    [ "$left" -ge 220 ] && [ "$left" -le 230 ]
    fax-scan --raw --pages 1 -r standard p.pdf | g3topbm >s.pbm
    read -r left top right bottom count < <(ink <s.pbm)
    [ $((right - left)) -ge 405 ] && [ $((right - left)) -le 410 ]
    [ $((bottom - top)) -ge 96 ] && [ $((bottom - top)) -le 99 ]
    # From a pipe, and PostScript.
    fax-scan --raw <p.pdf >a; fax-scan --raw p.pdf | cmp - a
    fax-scan p.ps | headers | grep -c / | grep -qx 2
    cat p.ps | fax-scan -r 300 | headers | grep -q '^2/0 2592 300x300 '
}

@test "PNG and JPEG, gray and colour, keep their proportions" {
    needs pnmtopng pnmtojpeg g3topbm ppmmake pbmtopgm
    python3 -c '
import sys
w, h = 400, 300
sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % (w, h) + bytes(
    0 if 100 <= x < 300 and 50 <= y < 250 else 255 for y in range(h) for x in range(w)))' >box.pgm
    pnmtopng box.pgm >box.png 2>/dev/null
    pnmtojpeg box.pgm >box.jpg
    for f in box.pgm box.png box.jpg; do
        fax-scan --raw "$f" | g3topbm >out.pbm
        read -r left top right bottom count < <(ink <out.pbm)
        [ $((right - left)) -ge 855 ] && [ $((right - left)) -le 872 ]
        [ $((bottom - top)) -ge 820 ] && [ $((bottom - top)) -le 838 ]   # 864 * 196 / 204
    done
}

@test "--fit: the whole, the true size, or page after page" {
    needs pnmtopng g3topbm
    # A black square inch at 300 dpi on two by ten inches.
    python3 -c '
import sys
w, h = 600, 3000
sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % (w, h) + bytes(
    0 if 100 <= x < 400 and 100 <= y < 400 else 255 for y in range(h) for x in range(w)))' >l.pgm
    pnmtopng -size '11811 11811 1' l.pgm >l.png
    read -r left top right bottom _ < <(fax-scan --fit crop --raw l.png | g3topbm | ink)
    [ $((right - left)) -ge 202 ] && [ $((right - left)) -le 204 ]
    [ $((bottom - top)) -ge 194 ] && [ $((bottom - top)) -le 196 ]
    read -r left top right bottom _ < <(fax-scan --fit scale --raw l.png | g3topbm | ink)
    [ $((right - left)) -ge 235 ] && [ $((right - left)) -le 240 ]   # 297 / 254 of it
    read -r left top right bottom _ < <(fax-scan --fit pages --raw --pages 1 l.png | g3topbm | ink)
    [ $((right - left)) -ge 862 ] && [ $((right - left)) -le 866 ]   # half of the width
    fax-scan --fit pages l.png | headers | grep -c / | grep -qx 4
    fax-scan --fit scale l.png | headers | grep -c / | grep -qx 1
}

@test "a fax comes out as it is, in its own resolution" {
    needs g3topbm tifftopnm
    make_page 1728 600 page.pbm
    for r in standard fine; do
        for c in mh mr mmr; do
            fax-scan -r $r -c $c page.pbm >page.g3
            g3tiff page.g3 >page.tif
            fax-scan page.tif >again.g3
            headers <again.g3 | head -1 | grep -q " $(headers <page.g3 | cut -d' ' -f3 | head -1) 0 0 "
            fax-scan --raw page.tif | g3topbm | cmp - page.pbm
            fax-scan --raw <page.g3 | g3topbm | cmp - page.pbm
        done
    done
    # Asked for, the proportions stay: twice the rows.
    fax-scan -r standard page.pbm | g3tiff | fax-scan --raw -r fine | g3topbm | sed -n 2p | grep -qx '1728 2287'
    head -c 300 page.tif >cut.tif
    run --separate-stderr fax-scan -q cut.tif
    expect_refusal 65
}

@test "a TIFF of shades goes the way of pictures" {
    needs pamtotiff g3topbm
    python3 -c '
import sys
w, h = 400, 300
sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % (w, h) + bytes(x * 255 // 399 for y in range(h) for x in range(w)))' >g.pgm
    pamtotiff g.pgm >g.tif 2>/dev/null || pnmtotiff g.pgm >g.tif
    fax-scan --raw g.tif >a
    fax-scan --raw g.pgm | cmp - a
    fax-scan --raw --binarize 100 g.tif >b
    no cmp -s a b
}

@test "a picture is dithered and its mean brightness kept; text beside it is not" {
    needs g3topbm
    python3 -c '
import sys
w, h = 1728, 800
sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % (w, h) + bytes(
    x * 255 // 1727 if y < 400 else (0 if x % 200 < 3 else 255) for y in range(h) for x in range(w)))' >p.pgm
    fax-scan --raw p.pgm | g3topbm >p.pbm
    read -r _ _ _ _ count < <(pamcut -top 0 -height 384 p.pbm | pnmtoplainpnm | pbmtopgm 1 1 | ppmtopgm | pamdepth 1 2>/dev/null | pgmtopbm -threshold | ink)
    [ "$count" -gt $((1728 * 384 * 45 / 100)) ] && [ "$count" -lt $((1728 * 384 * 55 / 100)) ]
    # Below, nine lines of three pels and nothing else.
    read -r _ _ _ _ count < <(pamcut -top 410 -height 100 p.pbm | ink)
    [ "$count" -eq $((9 * 3 * 100)) ]
    for how in otsu sauvola dither 128; do
        fax-scan --binarize $how --raw p.pgm | g3topbm >"$how.pbm"
        [ "$(ink <"$how.pbm" | cut -d' ' -f5)" -gt 1000 ]
    done
    no cmp -s dither.pbm 128.pbm
}

@test "a bilevel image of another width is scaled and its hairlines live" {
    needs g3topbm
    python3 -c '
import sys
w, h = 3456, 200
row = bytearray(w // 8)
for x in range(0, w, 64): row[x // 8] |= 0x80
sys.stdout.buffer.write(b"P4\n%d %d\n" % (w, h) + bytes(row) * h)' >lines.pbm
    fax-scan --raw lines.pbm | g3topbm >out.pbm
    pamcut -top 10 -height 1 out.pbm | ink | { read -r _ _ _ _ count; [ "$count" -eq 54 ]; }
}

@test "deskew levels lines, despeckle drops specks and keeps text" {
    needs g3topbm
    python3 -c '
import sys
w, h = 1728, 1400
rows = [bytearray(w // 8) for _ in range(h)]
def dot(x, y):
    if 0 <= x < w and 0 <= y < h: rows[y][x // 8] |= 0x80 >> x % 8
for line in range(20):
    for word in range(12):
        for x in range(200 + word * 110, 290 + word * 110):
            for y in range(12): dot(x, 100 + line * 50 + y + int(x * 0.035))
sys.stdout.buffer.write(b"P4\n%d %d\n" % (w, h) + b"".join(rows))' >skew.pbm
    fax-scan --deskew --raw skew.pbm | g3topbm >level.pbm
    # A level page has rows that are wholly white between its lines.
    blank() { python3 -c '
import sys
d = sys.stdin.buffer.read().split(b"\n", 2); n = 216
print(sum(not any(d[2][y*n:(y+1)*n]) for y in range(200, 1000)))'; }
    [ "$(blank <skew.pbm)" -lt 50 ]
    [ "$(blank <level.pbm)" -gt 300 ]
    python3 -c '
import sys
w, h = 1728, 300
rows = [bytearray(w // 8) for _ in range(h)]
for x in range(8, w, 80): rows[20][x // 8] = 0x40
for y in range(100, 110): rows[y][50] = 0xff
sys.stdout.buffer.write(b"P4\n%d %d\n" % (w, h) + b"".join(rows))' >specks.pbm
    fax-scan --despeckle --raw specks.pbm | g3topbm | ink | grep -qx '400 100 407 109 80'
}

@test "the header line: outside it adds rows, inside it takes them" {
    needs g3topbm
    make_page 1728 300 page.pbm
    mkdir -p station
    printf 'station-name = Büro\nstation-id = +49 30 1\n' >conf
    fax-scan --config conf --header '%d %t %f %p %%' --raw page.pbm | g3topbm >out.pbm
    sed -n 2p out.pbm | grep -qx '1728 324'
    pamcut -top 24 out.pbm | cmp - page.pbm
    fax-scan --config conf --header 'x %p/%P' --header-mode inside --raw page.pbm | g3topbm >in.pbm
    sed -n 2p in.pbm | grep -qx '1728 300'
    cmp <(pamcut -top 24 in.pbm) <(pamcut -top 24 page.pbm)
    no cmp -s <(pamcut -height 24 in.pbm) <(pamcut -height 24 page.pbm)
    # The number of pages is known before the first is written.
    cat page.pbm page.pbm >two.pbm
    fax-scan --header '%p/%P' two.pbm | headers | grep -c '/2 ' | grep -qx 2
    run --separate-stderr fax-scan --header '%z' page.pbm
    expect_refusal 64
}

@test "a scanner: black and white, the paper's width, a feeder until it is empty" {
    needs g3topbm scanimage
    "$FAXPIPE_ROOT/test/lib/sane-config" sane
    export SANE_CONFIG_DIR=$T/sane
    run fax-scan --list-devices
    expect_status 0
    [[ $output == *"test:0 "*frontend-tester* ]]
    fax-scan --list-devices --json | python3 -c 'import sys, json
assert "test:0" in [d["name"] for d in json.load(sys.stdin)]'
    fax-scan -d test:0 -O test-picture=Grid --raw | g3topbm >grid.pbm
    sed -n 2p grid.pbm | grep -qx '1728 2287'
    [ "$(ink <grid.pbm | cut -d' ' -f5)" -gt 100000 ]
    fax-scan -d test:0 --source adf | headers | grep -c / | grep -qx 10
    fax-scan -d test:0 --source adf --pages 3 | headers | grep -c / | grep -qx 3
    # A hand scanner does not know how long the page will be.
    fax-scan -d test:0 -O hand-scanner=yes | headers | tail -1 | grep -qx end
    fax-scan -d test:0 -O mode=Color -O depth=16 -O 'test-picture=Color pattern' --raw |
        g3topbm | ink | { read -r _ _ _ _ n; [ "$n" -gt 10000 ]; }
}

@test "any bitmap as a scanner's page comes out bit for bit" {
    needs g3topbm scanimage
    "$FAXPIPE_ROOT/test/lib/sane-config" sane
    export SANE_CONFIG_DIR=$T/sane
    make_page 1728 700 page.pbm
    fax-scan -d pnm:0 -O filename="$T/page.pbm" --raw | g3topbm | cmp - page.pbm
}

@test "without a file on a terminal the scanner is meant; an empty stdin is empty input" {
    needs script g3topbm scanimage
    "$FAXPIPE_ROOT/test/lib/sane-config" sane
    export SANE_CONFIG_DIR=$T/sane SANE_DEFAULT_DEVICE=test:1
    script -qec 'fax-scan --raw >out.g3' /dev/null </dev/null
    g3topbm out.g3 | sed -n 2p | grep -qx '1728 2287'
    run --separate-stderr fax-scan </dev/null
    expect_refusal 65
}

@test "a long page of the worst kind waits in a file, and a full one is told" {
    needs_root
    needs unshare
    python3 -c '
import sys
sys.stdout.buffer.write(b"P4\n1728 20000\n" + b"\xaa\x55" * (108 * 20000))' >chess.pbm
    pipe 'fax-scan chess.pbm | g3tiff | g3tiff -d --pbm | cmp - chess.pbm'
    mkdir -p small
    run --separate-stderr unshare -m --propagation private sh -c \
        'mount -t tmpfs -o size=1M none small && TMPDIR=small fax-scan chess.pbm >out'
    expect_refusal 74
    [ ! -s out ]
}

# SANE's test device loses a buffer when told to fail.
# bats test_tags=nosan
@test "a scanner's troubles have their statuses, and no end mark" {
    needs scanimage
    "$FAXPIPE_ROOT/test/lib/sane-config" sane
    export SANE_CONFIG_DIR=$T/sane
    for t in JAMMED:75 NO_DOCS:66 COVER_OPEN:75 IO_ERROR:74 NO_MEM:71 ACCESS_DENIED:77; do
        run --separate-stderr fax-scan -d test:0 -O read-return-value=SANE_STATUS_${t%:*}
        expect_refusal "${t#*:}"
    done
    run --separate-stderr fax-scan -d nothing:9
    expect_refusal 69
    run --separate-stderr fax-scan -d test:0 -O nonsense=1
    expect_refusal 64
    run --separate-stderr fax-scan -d test:0 -O mode=Purple
    expect_refusal 64
    run --separate-stderr fax-scan -d test:0 -O mode
    expect_refusal 64
    : >sane/dll.conf
    run --separate-stderr fax-scan --list-devices
    expect_refusal 1
}

@test "bad input: one line, the status, no end mark" {
    make_page 1728 300 page.pbm
    : >empty
    head -c 5000 /dev/urandom >random
    printf '\377\000\001' | cat - random >random2
    head -c 9000 page.pbm >cut.pbm
    for f in empty random2 cut.pbm; do
        run --separate-stderr bash -c "fax-scan $f >out"
        expect_refusal 65
        ! tail -c 64 out | grep -aq FXP1 || [ "$(stat -c %s out)" -eq 0 ]
        run --separate-stderr bash -c "fax-scan <$f >out"
        expect_refusal 65
    done
    run --separate-stderr fax-scan missing
    expect_refusal 66
    run --separate-stderr fax-scan .
    expect_refusal 66
    # A good page and then a bad one: the first is there, the end mark is not.
    run --separate-stderr bash -c 'fax-scan page.pbm cut.pbm >out'
    expect_refusal 65
    run headers <out
    [ "${lines[*]}" = "${lines[0]}" ] && [[ ${lines[0]} == 1/0* ]]
}

@test "cut and broken PNG and JPEG" {
    needs pnmtopng pnmtojpeg pgmnoise
    pgmnoise -randomseed=3 300 200 >n.pgm
    pnmtopng n.pgm >n.png 2>/dev/null
    pnmtojpeg n.pgm >n.jpg
    for f in n.png n.jpg; do
        fax-scan "$f" >/dev/null
        size=$(stat -c %s "$f")
        for cut in 20 $((size / 2)) $((size - 30)); do
            head -c "$cut" "$f" >cut
            run --separate-stderr fax-scan cut
            expect_refusal 65
        done
    done
    printf 'garbage' | dd of=n.png bs=1 seek=2000 conv=notrunc 2>/dev/null
    run --separate-stderr fax-scan n.png
    expect_refusal 65
}

@test "broken, cut and locked PDF, broken PostScript" {
    needs gs pdftoppm qpdf
    printf '%%!PS\n72 72 144 72 rectfill showpage\n' >p.ps
    gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile=p.pdf p.ps
    head -c 700 p.pdf >cut.pdf
    sed 's/obj/bjo/' p.pdf >broken.pdf
    qpdf --encrypt secret owner 256 -- p.pdf locked.pdf
    printf '%%!PS\nnonsense here\n' >broken.ps
    printf '%%!PS\n' >nopage.ps
    for f in cut.pdf broken.pdf locked.pdf broken.ps nopage.ps; do
        run --separate-stderr fax-scan $f
        expect_refusal 65
    done
}

@test "without the renderers a document is a clear error and an image is none" {
    printf '%%!PS\nshowpage\n' >p.ps
    printf '%%PDF-1.4\n%%%%EOF\n' >p.pdf
    mkdir none
    run --separate-stderr env PATH="$T/none" "$BIN/fax-scan" p.ps
    expect_refusal 69
    [[ $stderr == *gs* ]]
    run --separate-stderr env PATH="$T/none" "$BIN/fax-scan" p.pdf
    expect_refusal 69
    [[ $stderr == *pdftoppm* ]]
    printf 'P1\n1 1\n1\n' >i.pbm
    run env PATH="$T/none" "$BIN/fax-scan" i.pbm
    expect_status 0
}

@test "options and output that cannot be" {
    printf 'hello\n' >t
    for o in --nonsense '--paper a9' '--resolution 7' '--coding mhh' '--binarize 256' '--fit x' \
        '--header-mode x' '--source x' '--pages -1' '--k 999'; do
        # shellcheck disable=SC2086
        run --separate-stderr fax-scan $o t
        expect_refusal 64
    done
    run --separate-stderr bash -c 'fax-scan t >/dev/full'
    expect_refusal 74
    run --separate-stderr bash -c 'fax-scan t t t t t t | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}'
    [ -z "$stderr" ]
}

# bats test_tags=nosan
@test "memory stays bounded whatever an image claims or has" {
    printf 'P5\n60000 100000000\n255\n' >huge.pgm
    head -c 1000000 /dev/zero >>huge.pgm
    run --separate-stderr bash -c 'ulimit -v 400000; fax-scan huge.pgm >/dev/null'
    expect_refusal 65
    printf 'P4\n4294967295 4294967295\n' >huge.pbm
    run --separate-stderr bash -c 'ulimit -v 400000; fax-scan huge.pbm'
    expect_refusal 65
    # 200 MB of image in 100 MB of memory beside the libraries'.
    run bash -c "{ printf 'P5\n20000 10000\n255\n'; head -c 200000000 /dev/zero; } |
        { ulimit -v 400000; fax-scan --raw | wc -c; }"
    expect_status 0
}

@test "progress is shown on a terminal after a second, and nowhere else" {
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero; } >page.pbm
    cat >slow <<'SH'
{ cat page.pbm; sleep 1.3; cat page.pbm page.pbm; } | fax-scan >pages
SH
    needs script
    script -qec 'sh slow' terminal </dev/null >/dev/null
    grep -aq 'fax-scan: page [123]' terminal
    cp pages shown
    sh slow 2>words
    [ ! -s words ]
    cmp shown pages
}
