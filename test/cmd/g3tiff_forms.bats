load ../lib/helper
load ../lib/lie

# What is not TIFF: bare data, digifax, SFF; and what the options make of a page.
setup() {
    scratch
    make_page
}
teardown() { cleanup; }

@test "bare T.4 with and without EOLs, bare T.6, in either bit order, whatever its width" {
    lies '
for kind, (data, claim, t4) in every_kind().items():
    open(kind + ".msb", "wb").write(data)
    open(kind + ".lsb", "wb").write(lsb(data))'
    for kind in mh mr noeol rle rlew mmr; do
        input=mh
        case $kind in mr | mmr) input=$kind ;; esac
        for order in msb lsb; do
            g3tiff -q -d --pbm --input $input $kind.$order | cmp - want.pbm
            g3tiff -q -d --pbm --input $input --$order -w 1728 $kind.$order | cmp - want.pbm
            [ $kind = mmr ] || g3tiff -q -d --pbm $kind.$order | cmp - want.pbm
            g3tiff -q --input $input <$kind.$order | g3tiff -d --pbm | cmp - want.pbm
        done
    done
    # What is said of the order holds.
    run --separate-stderr g3tiff --info --input mh --lsb mh.msb
    expect_refusal 65
    # Other widths are found out; those of facsimile without EOLs too.
    needs pamcut pbmtog3
    pnmcat -lr want.pbm want.pbm 2>/dev/null | pamcut -width 2432 >wide.pbm
    pbmtog3 -nofixedwidth wide.pbm >wide.g3
    g3tiff -q -d --pbm wide.g3 >got.pbm
    cmp got.pbm wide.pbm
    pamcut -width 1000 want.pbm >narrow.pbm
    pbmtog3 -nofixedwidth narrow.pbm >narrow.g3
    g3tiff -q -d --pbm narrow.g3 | cmp - narrow.pbm
    # ... which TIFF-F has none for.
    run --separate-stderr g3tiff -q -o x.tif narrow.g3
    expect_refusal 65
    [ ! -e x.tif ]
}

@test "random bytes, zeros and endless EOLs are nothing, whatever they are said to be" {
    head -c 30000 /dev/zero >zeros
    python3 -c '
import random, sys
r = random.Random(5)
for i in range(8): open(f"random{i}", "wb").write(r.randbytes(20000))
open("eols", "wb").write(b"\x00\x10\x01" * 10000)'
    for f in zeros eols random*; do
        for how in '' '--input mh' '--input mr' '--input mmr' '--input mmr --lsb' '-w 2048'; do
            # shellcheck disable=SC2086
            run --separate-stderr g3tiff $how -o out.tif $f
            expect_refusal 65 || { echo "$how $f"; return 1; }
            [ ! -e out.tif ]
        done
    done
    # The same as the strip of a TIFF.
    lies '
for name in "zeros", "eols", "random0", "random1", "random2", "random3", "random4":
    for claim in 2, 3, 4, 32771:
        write(f"{name}-{claim}.tif", open(name, "rb").read(), {259: (SHORT, [claim])})'
    for f in *-*.tif; do
        run --separate-stderr g3tiff -o out.g3 -d $f
        expect_refusal 65 || { echo "$f"; return 1; }
    done
}

@test "digifax with and without our fields, low and high, read by mgetty" {
    gs -q -dSAFER -dNOPAUSE -dBATCH -sPAPERSIZE=a4 -r204x98 -sDEVICE=dfaxlow -sOutputFile=low.dfax doc.ps
    gs -q -dSAFER -dNOPAUSE -dBATCH -sPAPERSIZE=a4 -r204x196 -sDEVICE=dfaxhigh -sOutputFile=high.dfax doc.ps
    [[ $(g3tiff --info low.dfax) == *"204 x 98"*mh*s* ]]
    [[ $(g3tiff --info high.dfax) == *"204 x 196"*mh*s* ]]
    cat high.dfax high.dfax low.dfax >three.dfax
    [ "$(g3tiff --info three.dfax | wc -l)" -eq 3 ]
    # The extended header, byte by byte.
    g3tiff -q -d -c mr --k 4 gs.tif >ours.g3
    python3 - <<'PY'
import struct
d = open('ours.g3', 'rb').read()
h = d[:64]
assert h[:17] == b'\0faxpipe G3 page\0' and h[17:24] == bytes(7)
total, page, one, fine = struct.unpack('<HHBB', h[24:30])
assert (total, page, one, fine) == (1, 1, 1, 1)
assert h[30:45] == bytes(15) and h[45] == 0x40 and h[46:50] == b'FXP1'
width, x, y, coding, k, length = struct.unpack('<HHHBBI', h[50:62])
assert (width, x, y, coding, k) == (1728, 204, 196, 1, 4) and h[62:] == bytes(2)
assert len(d) == 64 + length + 64
end = d[64 + length:]
assert end[:17] == h[:17] and end[26:28] == bytes(2) and end[46:50] == b'FXP1' and end[58:62] == bytes(4)
PY
    needs g32pbm
    g3tiff -q -d -c mh gs.tif >page.g3
    [ "$(head -c 17 page.g3 | tr '\0' .)" = '.PC Research, Inc' ]
    g32pbm page.g3 2>/dev/null | tail -n +2 >mgetty.pbm
    [ -s mgetty.pbm ]
}

@test "SFF: rows of all kinds come out, absurd widths and lengths do not" {
    lies '
import re
mh = strip("mh")
def sff(width, records, resolution=1):
    head = b"Sfff" + struct.pack("<BBHHHII", 1, 0, 0, 1, 20, 0, 0)
    page = struct.pack("<BBBBBBHHII", 254, 16, resolution, 0, 0, 0, width, 0, 0, 0)
    return head + page + records + b"\xfe\0"
rows = [r for r in bits(mh).rstrip("0").replace("0" * 11 + "1", "|").split("|") if r]
records = b""
for r in rows:
    b = lsb(pack(r))
    records += (bytes([len(b)]) if len(b) < 217 else b"\0" + struct.pack("<H", len(b))) + b
open("page.sff", "wb").write(sff(1728, records))
open("blank.sff", "wb").write(sff(1728, b"\xfd" * 50))
open("wide.sff", "wb").write(sff(65535, b"\xfd" * 50))
open("long.sff", "wb").write(sff(1728, b"\xfd" * 40000))
open("low.sff", "wb").write(sff(2048, b"\xda" * 5, 0))'
    g3tiff -d --pbm page.sff | cmp - want.pbm
    g3tiff page.sff | g3tiff --check s -
    [[ $(g3tiff --info blank.sff) == *"1728 x 1850"*"204 x 196"* ]]
    [[ $(g3tiff --info low.sff) == *"2048 x 10"*"204 x 98"* ]]
    for f in wide long; do
        run --separate-stderr g3tiff --info $f.sff
        expect_refusal 65
        [[ $stderr == *"than any sheet"* ]]
    done
}

@test "--k: one row of K is one-dimensional, and pages that fit stay as they are" {
    for k in 1 2 4 8 20; do
        g3tiff -q -d --raw -c mr --k $k gs.tif >bits
        g3tiff -q -d --pbm --input mr bits | cmp - want.pbm
        python3 - $k <<'PY'
import re, sys
d = ''.join(f'{b:08b}' for b in open('bits', 'rb').read())
tags = [m.group(1) for m in re.finditer('0{11}1([01])', d)][:2292]
k = int(sys.argv[1])
assert all((t == '1') == (i % k == 0) for i, t in enumerate(tags)), tags[:20]
PY
    done
    # By resolution: 4 at 196, 2 at 98, 8 above.
    g3tiff -q -c mr -o four.tif gs.tif
    g3tiff -q -d --raw -c mr --k 4 gs.tif | cmp - <(g3tiff -d --raw four.tif)
    for y in 98:2 391:8; do
        cp gs.tif y.tif
        tiffset -s 283 "${y%:*}" y.tif
        g3tiff -q -d --raw -c mr y.tif | cmp - <(g3tiff -q -d --raw -c mr --k "${y#*:}" gs.tif)
    done
    g3tiff -c mr --k 8 four.tif | cmp - four.tif
    no cmp -s <(g3tiff -d --raw -c mr --k 2 four.tif) <(g3tiff -d --raw four.tif)
    for o in '--k 4' '--k 0 -c mh' '-c mh --k 4' '-c mr --k -1' '-c mr --k 256'; do
        # shellcheck disable=SC2086
        run --separate-stderr g3tiff $o gs.tif -o x
        [ "$o" = '--k 0 -c mh' ] || expect_refusal 64
    done
}

@test "--raw in either bit order" {
    for c in mh mr mmr; do
        g3tiff -q -d --raw -c $c gs.tif >plain
        g3tiff -q -d --raw --msb -c $c gs.tif | cmp - plain
        g3tiff -q -d --raw --lsb -c $c gs.tif >turned
        python3 -c '
a, b = open("plain", "rb").read(), open("turned", "rb").read()
assert bytes(int(f"{x:08b}"[::-1], 2) for x in a) == b and a != b'
        g3tiff -q -d --pbm --input $c --lsb turned | cmp - want.pbm
    done
    g3tiff -q -d --raw --lsb --input mmr turned | cmp - turned
}

@test "Software, DateTime and PageNumber; nothing else changes a page that is carried over" {
    needs tiffinfo tiffcp
    tiffcp -c g4 gs.tif gs.tif gs.tif three.tif
    g3tiff -q -o out.tif three.tif
    tiffinfo out.tif 2>/dev/null >info
    [ "$(grep -c 'Software: faxpipe' info)" -eq 3 ]
    [ "$(grep -c 'DateTime: 2026:10:' info)" -eq 3 ]
    for n in 0 1 2; do grep -q "Page Number: $n-3" info; done
    SOURCE_DATE_EPOCH='' g3tiff -q gs.tif | tiffinfo /dev/stdin 2>/dev/null | grep -q "DateTime: $(date +%Y:)" ||
        { SOURCE_DATE_EPOCH='' g3tiff -q -o now.tif gs.tif; tiffinfo now.tif | grep -q "DateTime: $(date +%Y:)"; }
    for c in mh mr mmr; do
        g3tiff -q -d -c $c -o page.g3 gs.tif
        g3tiff page.g3 | g3tiff -d | cmp - page.g3
        g3tiff page.g3 | g3tiff | cmp - <(g3tiff page.g3)
    done
    # From a pipe and into one: what cannot seek is the same.
    g3tiff -q -o file.tif three.tif
    pipe 'cat three.tif | g3tiff -q | cat' | cmp - file.tif
}

@test "a TIFF without an image, or of pages that share it, is no fax" {
    lies '
write("none.tif", b"", {279: (LONG, [0])}, drop=[273])
write("empty.tif", b"", {279: (LONG, [0])}, last=True)'
    for f in none empty; do
        run --separate-stderr g3tiff -d -o x $f.tif
        expect_refusal 65
    done
}

# bats test_tags=nosan
@test "a hundred bytes never take a gigabyte" {
    lies '
def small(name, tags, kind="II*\0", n=100):
    ifd = struct.pack("<H", len(tags))
    for t, v in sorted(tags.items()):
        ifd += struct.pack("<HHII", t, 4, 1, v) if isinstance(v, int) else struct.pack("<HHII", t, *v)
    open(name, "wb").write((kind.encode("latin1") + struct.pack("<I", 8) + ifd + bytes(4)).ljust(n, b"\0"))
big = 2 ** 32 - 1
for c in 1, 2, 3, 4, 5, 7, 8, 32771, 32773, 34661:
    for rows in 60000, big:
        for width in 1, 65535:
            small(f"{c}-{rows}-{width}.tif", {256: width, 257: rows, 259: c, 273: 60, 279: 40})
            small(f"t{c}-{rows}-{width}.tif", {256: width, 257: rows, 259: c, 322: width, 323: rows, 324: 8, 325: 80}, n=110)
    small(f"{c}-strips.tif", {256: 1728, 257: 1, 259: c, 273: (4, big, 8), 279: (4, big, 8)})
    small(f"{c}-grey.tif", {256: 60000, 257: 60000, 258: 8, 259: c, 273: 8, 262: 1})
small("entries.tif", {256: 1728})
d = bytearray(open("entries.tif", "rb").read())
d[8:10] = b"\xff\xff"
open("entries.tif", "wb").write(d)'
    for f in *-*.tif t*.tif entries.tif; do
        run --separate-stderr bash -c "ulimit -v 100000; ulimit -t 5; g3tiff -q -d --pbm $f | wc -c; exit \${PIPESTATUS[0]}"
        case $status in 0 | 65) ;; *) echo "$f: $status $stderr"; return 1 ;; esac
        [ "$output" -lt 20000000 ] || { echo "$f: $output bytes"; return 1; }
    done
}

@test "a picture that is cut, turned inside out or aligned, as another decoder's tests have it" {
    shared=${FAXPIPE_SHARED:-$FAXPIPE_ROOT/../shared}/corpora/fax/raw
    [ -r "$shared/bw-gopher.png" ] || skip "no shared corpora"
    needs pngtopnm pnminvert
    pngtopnm "$shared/bw-gopher.png" | pgmtopbm -threshold >plain.pbm
    pnminvert plain.pbm >inverted.pbm
    for kind in '' -inverted -aligned; do
        want=plain
        [ "$kind" != -inverted ] || want=inverted
        g3tiff -q -d --pbm -w 153 --input mmr "$shared/bw-gopher$kind.ccitt_group4" | cmp - $want.pbm
        g3tiff -q -d --pbm -w 153 "$shared/bw-gopher$kind.ccitt_group3" | cmp - $want.pbm
    done
}

@test "--pages: what is not asked for is passed over, damaged or not" {
    needs tiffcp
    tiffcp -c g4 gs.tif gs.tif gs.tif three.tif
    lies '
d = bytearray(open("three.tif", "rb").read())
at, = struct.unpack("<I", d[4:8])
n, = struct.unpack("<H", d[at:at + 2])
tags = {t: v for t, k, c, v in (struct.unpack("<HHII", d[p:p + 12]) for p in range(at + 2, at + 2 + 12 * n, 12))}
d[tags[273]:tags[273] + tags[279]] = bytes(tags[279])
open("bad.tif", "wb").write(d)'
    run --separate-stderr g3tiff -d --pbm -o x bad.tif
    expect_refusal 65
    cat want.pbm want.pbm >two.pbm
    g3tiff -d --pbm --pages 2- bad.tif | cmp - two.pbm
    [ "$(g3tiff --info --pages 3 bad.tif | awk '{print $1}')" = 3 ]
    g3tiff -q three.tif | g3tiff -d >three.g3
    g3tiff -d --pbm --pages 1,3 three.g3 | cmp - two.pbm
    # A document that was cut is not whole, whichever page is asked for.
    head -c -70 three.g3 >cut.g3
    run --separate-stderr g3tiff --pages 1 -o x cut.g3
    expect_refusal 65
    # Bits are turned in --raw alone.
    g3tiff -q -d --raw --lsb -c mh gs.tif | g3tiff -q -d --pbm --lsb | cmp - want.pbm
}
