load ../lib/helper
load ../lib/lie

# TIFFs whose tags do not say the truth: each is made from one page, one lie at a time, and the
# page must come out as it is.
setup() {
    scratch
    make_page
}
teardown() { cleanup; }

@test "the truth, in either byte order, the directory first or last" {
    lies '
mh = strip("mh")
for name, options in dict(plain={}, big=dict(order=">"), last=dict(last=True),
                          biglast=dict(order=">", last=True)).items():
    write(name + ".tif", mh, **options)
write("mr.tif", strip("mr"), {292: (LONG, [1])})
write("mmr.tif", strip("mmr"), {259: (SHORT, [4])})
write("lsb.tif", lsb(mh), {266: (SHORT, [2])})'
    WARN='' same plain.tif big.tif last.tif biglast.tif mr.tif mmr.tif lsb.tif
    g3tiff --strict plain.tif >/dev/null
}

@test "no EOLs though Compression is 3, and RLE" {
    lies '
mh = strip("mh")
write("noeol.tif", without_eols(mh, False))
write("aligned.tif", without_eols(mh, True))
write("rle.tif", without_eols(mh, True), {259: (SHORT, [2])})
write("norle.tif", mh, {259: (SHORT, [2])})'
    WARN='without EOLs' same noeol.tif aligned.tif
    WARN='' same rle.tif norle.tif
}

@test "T4Options absent or wrong, Compression wrong" {
    lies '
write("absent.tif", strip("mr"), drop=[292])
write("mrasmh.tif", strip("mr"))
write("mhasmr.tif", strip("mh"), {292: (LONG, [1])})
write("g4as3.tif", strip("mmr"))
write("mhas4.tif", strip("mh"), {259: (SHORT, [4])})'
    WARN='T4Options' same absent.tif mrasmh.tif mhasmr.tif
    WARN='Compression' same g4as3.tif mhas4.tif
}

@test "FillOrder wrong" {
    lies '
for c, tags in dict(mh={}, mr={292: (LONG, [1])}, mmr={259: (SHORT, [4])}).items():
    write(c + "a.tif", strip(c), {**tags, 266: (SHORT, [2])})
    write(c + "b.tif", lsb(strip(c)), tags)
    write(c + "c.tif", lsb(strip(c)), tags, drop=[266])'
    WARN='FillOrder' same mha.tif mhb.tif mhc.tif mra.tif mrb.tif mmra.tif mmrb.tif
}

@test "ImageLength, RowsPerStrip and StripByteCounts wrong" {
    lies '
mh, mmr, four = strip("mh"), strip("mmr"), {259: (SHORT, [4])}
for n in (0, 5, 2291, 2293, 4000, 2 ** 31):
    write(f"rows{n}.tif", mh, {257: (LONG, [n])})
    write(f"mmrrows{n}.tif", mmr, {**four, 257: (LONG, [n])})
for n in (0, 2 ** 32 - 1, 5000):
    write(f"rps{n}.tif", mh, {278: (LONG, [n])})
write("norps.tif", mmr, four, drop=[278])
write("nocount.tif", mh, {279: (LONG, [0])}, last=True)
write("nocount4.tif", mmr, {**four, 279: (LONG, [0])}, last=True)
write("long.tif", mh, {279: (LONG, [len(mh) + 500])})'
    WARN='' same rows*.tif mmrrows*.tif rps*.tif norps.tif nocount*.tif long.tif
    run --separate-stderr g3tiff -d rows5.tif
    [[ $stderr == *"ImageLength is 5, the rows are 2292"* ]]
}

@test "fill, RTC in the strip, no first EOL, aligned EOLs unflagged" {
    lies '
mh = strip("mh")
write("fill.tif", b"\0" * 40 + mh)
write("nortc.tif", mh[:-9])
write("after.tif", mh + b"\x55\xaa" * 30)
write("nofirst.tif", pack(bits(mh)[12:]))
rows = bits(mh).split("000000000001")[1:-6]
aligned = ""
for r in rows:
    aligned += "0" * ((4 - len(aligned)) % 8) + "000000000001" + r.rstrip("")
write("align.tif", pack(aligned))'
    WARN='' same fill.tif nortc.tif after.tif nofirst.tif align.tif
}

@test "resolution absent or odd, Photometric 1, unsorted tags, dirty SHORTs" {
    lies '
mh = strip("mh")
write("nores.tif", mh, drop=[282, 283, 296])
write("nounit.tif", mh, drop=[296])
write("cm.tif", mh, {282: (RATIONAL, [80]), 283: (RATIONAL, [77]), 296: (SHORT, [3])})
write("zero.tif", mh, {282: (RATIONAL, [0]), 283: (RATIONAL, [0])})
write("unsorted.tif", mh, sort=False)
write("dirty.tif", mh, dirty=0xbeef)
write("black.tif", mh, {262: (SHORT, [1])})
write("nophoto.tif", mh, drop=[262])'
    WARN='' same nores.tif nounit.tif cm.tif zero.tif unsorted.tif dirty.tif nophoto.tif
    [ "$(g3tiff --info cm.tif | grep -c '204 x 196')" -eq 1 ]
    [ "$(g3tiff -q --info nores.tif | grep -c '204 x 196')" -eq 1 ]
    # Turned colours: every pel is the other one.
    g3tiff -d --pbm black.tif | python3 -c '
import sys
a, b = sys.stdin.buffer.read(), open("want.pbm", "rb").read()
n = b.index(b"\n", 3) + 1
assert a[:n] == b[:n] and a[n:] == bytes(x ^ 255 for x in b[n:])'
}

@test "damaged rows are concealed" {
    lies '
mh = bytearray(strip("mh"))
mh[len(mh) // 2:len(mh) // 2 + 4] = b"\xff\x55\xaa\xff"
write("bad.tif", bytes(mh))'
    run --separate-stderr g3tiff -o out.tif bad.tif
    expect_status 0
    [[ $stderr == *"damaged rows repaired"* ]]
    # Damage over an EOL makes one row of two.
    rows=$(g3tiff --info out.tif | awk '{print $4}')
    [ "$rows" -ge 2289 ] && [ "$rows" -le 2292 ]
    tiffinfo out.tif 2>/dev/null | grep -q 'Bad Fax Lines'
    run --separate-stderr g3tiff --strict -d -o strict.g3 bad.tif
    expect_refusal 65
}

@test "ImageWidth absent or absurd, Compression of another kind, more than a bit a pel" {
    lies '
for coding in "mh", "mr", "mmr":
    bits, of = strip(coding), {"mh": 3, "mr": 3, "mmr": 4}[coding]
    tags = {259: (SHORT, [of]), 292: (LONG, [1])} if coding == "mr" else {259: (SHORT, [of])}
    write("wide-%s.tif" % coding, bits, {**tags, 256: (LONG, [2 ** 31])})
    write("nowidth-%s.tif" % coding, bits, tags, drop=[256])
    write("zero-%s.tif" % coding, bits, {**tags, 256: (LONG, [0])})
    write("deep-%s.tif" % coding, bits, {**tags, 258: (SHORT, [8]), 277: (SHORT, [3])})
    for other in 0, 1, 5, 8, 65535:
        write("not-%d-%s.tif" % (other, coding), bits, {**tags, 259: (SHORT, [other])})
'
    for f in wide-*.tif nowidth-*.tif zero-*.tif deep-*.tif not-*.tif; do
        run --separate-stderr g3tiff -d --pbm -o back.pbm "$f"
        expect_status 0
        [ -n "$stderr" ]
        cmp back.pbm want.pbm || { echo "$f"; false; }
        rm back.pbm
    done
}

@test "loops, absurd sizes and endless EOLs are refused at once" {
    lies '
mh = strip("mh")
write("plain.tif", mh)
d = bytearray(open("plain.tif", "rb").read())
n = struct.unpack("<H", d[8:10])[0]
d[10 + 12 * n:14 + 12 * n] = struct.pack("<I", 8)
open("loop.tif", "wb").write(d)
noise = bytes(i * i * 7 % 251 for i in range(3000))
write("wide.tif", noise, {256: (LONG, [2 ** 31])})
write("nowidth.tif", noise, drop=[256])
write("nostrip.tif", mh, drop=[273])
write("far.tif", mh, strips=[(2 ** 31, 100)])
write("eols.tif", b"\x00\x10\x01" * 20000)
write("zeros.tif", b"\0" * 60000)
write("huge.tif", b"\0" * 100, {259: (SHORT, [1]), 257: (LONG, [2 ** 31])})
open("noifd.tif", "wb").write(b"II*\0\xff\xff\xff\x7f")
open("nopages.tif", "wb").write(b"II*\0\0\0\0\0")'
    for f in loop wide nowidth nostrip far eols zeros huge noifd nopages; do
        run --separate-stderr timeout 20 g3tiff -d -o out $f.tif
        expect_refusal 65 || { echo $f; false; }
        [ ! -e out ]
    done
}

@test "LZW and Deflate whose ImageLength or RowsPerStrip lies: all rows of one strip, never silently" {
    needs tiffcp
    for c in lzw zip; do
        tiffcp -c $c -r 3000 gs.tif one.tif
        tiffcp -c $c -r 500 gs.tif five.tif
        lies 'patch("one.tif", "few.tif", {257: (LONG, 1000)})
patch("one.tif", "many.tif", {257: (LONG, 2300)})
patch("five.tif", "few5.tif", {257: (LONG, 1000)})
patch("five.tif", "short5.tif", {257: (LONG, 2100)})
patch("five.tif", "rps5.tif", {278: (LONG, 400)})'
        WARN='ImageLength is 1000, the rows are 2292' same few.tif
        for f in many few5 short5 rps5; do
            run --separate-stderr g3tiff -d --pbm -o got.pbm $f.tif
            expect_status 0
            [[ $stderr == *damaged\ rows* || $stderr == *wrong:\ 5\ strips* ||
                $stderr == *behind\ the\ last\ row* ]] || { echo "$f: $stderr"; return 1; }
            run --separate-stderr g3tiff --strict -o x.tif $f.tif
            expect_refusal 65
        done
        # What is in order needs no word.
        WARN='' same one.tif five.tif
        g3tiff --strict one.tif >/dev/null
        g3tiff --strict five.tif >/dev/null
    done
}

@test "T.6 whose rows start on bytes, T.4 with fill behind its EOLs: as Ghostscript makes them" {
    lies '
d = open("want.pbm", "rb").read()
open("rows.bin", "wb").write(d[-216 * 2292:])'
    for k in -1 0; do
        gs -q -dNOSAFER -dBATCH -dNODISPLAY -c "/i (rows.bin) (r) file def /o (coded.bin) (w) file
            << /K $k /EncodedByteAlign true /EndOfLine false /Columns 1728 /Rows 0 /BlackIs1 true >>
            /CCITTFaxEncode filter def /s 4096 string def
            { i s readstring exch o exch writestring not { exit } if } loop o closefile"
        K=$k lies '
import os
c = 4 if os.environ["K"] == "-1" else 3
write("aligned.tif", open("coded.bin", "rb").read(), {259: (SHORT, [c]), 266: (SHORT, [1])})'
        WARN='rows start on bytes' same aligned.tif
    done
    lies '
at = ""
for row in bits(strip("mh")).split("000000000001")[1:-6]:
    at += "000000000001"
    at += "0" * (-len(at) % 8) + row
write("fill.tif", pack(at))'
    WARN='fill behind its EOLs' same fill.tif
}

@test "pages of mixed widths and resolutions" {
    lies '
write("a.tif", strip("mh"))'
    python3 -c '
rows = b"\x0f" + b"\0" * 254 + b"\xf0"
open("b4.pbm", "wb").write(b"P4\n2048 50\n" + rows * 50)'
    needs pamtotiff tiffcp
    pamtotiff -g4 -xresolution 204 -yresolution 391 b4.pbm >b.tif 2>/dev/null
    tiffset -s 282 204 b.tif; tiffset -s 283 391 b.tif; tiffset -s 296 2 b.tif
    tiffcp -c g4 a.tif b.tif mixed.tif
    g3tiff -q mixed.tif >out.tif
    run g3tiff --info out.tif
    [[ ${lines[0]} == *"1728 x 2292"*"204 x 196"* ]]
    [[ ${lines[1]} == *"2048 x 50"*"204 x 391"* ]]
    g3tiff --check f out.tif
    run --separate-stderr g3tiff --profile s mixed.tif -o s.tif
    expect_refusal 65
}
