load ../lib/helper
load ../lib/lie

# --check against the manual's table: what g3tiff writes keeps to it, and each tag, falsified once,
# is named on a line of its own.
setup() {
    scratch
    make_page
    g3tiff -q --profile s -o s.tif gs.tif
    g3tiff -q -c mr -o mr.tif gs.tif
    g3tiff -q -c mmr -o mmr.tif gs.tif
}
teardown() { cleanup; }

# falsified FILE PROFILE: python with a table of tag: (kind, value), words.
falsified() {
    lies "
def said(name):
    p = subprocess.run(['g3tiff', '--check', '$2', name], capture_output=True)
    return p.returncode, p.stdout, p.stderr.decode().splitlines()
assert said('$1')[0] == 0, said('$1')
for tag, lie, words in [$3]:
    patch('$1', 'x.tif', {tag: lie})
    status, out, lines = said('x.tif')
    assert status == 65 and out == b'', (tag, lie, status)
    assert any(words in line for line in lines), (tag, lie, words, lines)
    # The pages' other tags are still right: nothing is said of them.
    others = set('NewSubfileType BitsPerSample SamplesPerPixel PhotometricInterpretation FillOrder '
                 'ResolutionUnit PageNumber XResolution YResolution'.split()) - {words.split()[0]}
    assert not [l for l in lines if any(' ' + o + ' ' in l for o in others)], (tag, lie, lines)
    # Absent: another tag stands in its place.
    patch('$1', 'x.tif', {tag: (0, tag + 20000)})
    status, out, lines = said('x.tif')
    assert status == 65 and (any(words.split()[0] + ' is missing' in l for l in lines)), (tag, lines)"
}

BOTH='(254, (LONG, 0), "NewSubfileType is not 2"), (258, (SHORT, 8), "BitsPerSample is not 1"),
      (262, (SHORT, 1), "PhotometricInterpretation is not 0"), (266, (SHORT, 1), "FillOrder is not 2"),
      (277, (SHORT, 3), "SamplesPerPixel is not 1"), (278, (LONG, 64), "RowsPerStrip is not ImageLength"),
      (279, (LONG, 0), "StripByteCounts is not the size of the strip"),
      (279, (LONG, 2 ** 31), "StripByteCounts is not the size of the strip"),
      (296, (SHORT, 3), "ResolutionUnit is not 2"), (296, (SHORT, 1), "ResolutionUnit is not 2"),
      (297, (SHORT, 7), "PageNumber is not the number of the page"),
      (297, (SHORT, 0), "PageNumber has a wrong count"),
      (257, (LONG, 2000), "ImageLength"),'

@test "profile S: every tag" {
    falsified s.tif s "$BOTH"'
        (256, (SHORT, 2048), "ImageWidth is not 1728"), (259, (SHORT, 4), "Compression is not 3"),
        (282, (RATIONAL, 300), "XResolution is not 204"),
        (283, (RATIONAL, 391), "YResolution is not 98 or 196"),
        (292, (LONG, 1), "T4Options says mr, which is not of profile S"),
        (292, (LONG, 2), "T4Options is none of 0, 1, 4 and 5"),
        (292, (LONG, 4), "T4Options says that EOLs end on bytes, and they do not"),'
}

@test "profile F: every tag" {
    falsified mmr.tif f "$BOTH"'
        (256, (SHORT, 1700), "ImageWidth is none of facsimile at its XResolution"),
        (259, (SHORT, 1), "Compression is not 3 or 4"), (259, (SHORT, 3), "Compression 3 is really mmr"),
        (282, (RATIONAL, 250), "XResolution is not 204, 300 or 408"),
        (283, (RATIONAL, 150), "YResolution is not 98, 196, 300 or 391"),
        (283, (RATIONAL, 300), "YResolution does not go with XResolution"),
        (293, (LONG, 2), "T6Options is not 0"),'
    falsified mr.tif f '(292, (LONG, 0), "T4Options says mh, the data is mr"),'
}

# said PROFILE FILE WORDS: it is not of the profile, and that is one of the reasons.
said() {
    run --separate-stderr g3tiff --check "$1" "$2"
    expect_status 65
    [[ $stderr == *"$3"* ]] || { echo "$2: $stderr"; return 1; }
}

@test "the layout, types and what else may be wrong" {
    needs tiffcp tiffset
    tiffcp -c g3:1d -r 3000 -f lsb2msb s.tif peer.tif
    said s peer.tif 'the first directory is not at offset 8'
    said s peer.tif 'the strip is not behind its directory'
    tiffcp -B -c g3:1d -r 3000 -f lsb2msb s.tif big.tif
    said s big.tif 'byte order is not II'
    tiffcp -8 -c g3:1d -r 3000 -f lsb2msb s.tif big.tif
    said s big.tif 'it is a BigTIFF'
    tiffcp -c g4 -r 100 s.tif strips.tif
    said f strips.tif 'StripOffsets says more or less than one strip'
    tiffcp -c g4 -t -w 256 -l 256 s.tif tiles.tif
    said f tiles.tif 'it is in tiles'
    lies '
write("unsorted.tif", strip("mh"), sort=False)
write("dirty.tif", strip("mh"), dirty=0xbeef)
write("orient.tif", strip("mh"), {274: (SHORT, [3])})
write("type.tif", strip("mh"), {259: (LONG, [3])})
write("bad.tif", lsb(strip("mmr")), {259: (SHORT, [4]), 266: (SHORT, [2]), 326: (LONG, [5000])})
write("rtc.tif", lsb(strip("mh")), {266: (SHORT, [2])})
write("noeofb.tif", lsb(strip("mmr").rstrip(b"\0")[:-3]), {259: (SHORT, [4]), 266: (SHORT, [2])})
d = bytearray(open("s.tif", "rb").read())'
    said s unsorted.tif 'tags do not ascend'
    said s dirty.tif 'upper half of a SHORT is not 0'
    said s orient.tif 'Orientation is not 1'
    said s type.tif 'Compression has a wrong type'
    said f bad.tif 'BadFaxLines is more than ImageLength'
    said s bad.tif 'BadFaxLines is not of profile S'
    said s rtc.tif 'an RTC is stored'
    said f noeofb.tif 'no EOFB at its end'
    # EOLs that end on bytes, which nothing says.
    needs gs
    gs -q -dSAFER -dNOPAUSE -dBATCH -sPAPERSIZE=a4 -r204x196 -sDEVICE=dfaxhigh -sOutputFile=doc.dfax doc.ps
    g3tiff -q -o aligned.tif doc.dfax
    g3tiff --check s aligned.tif
    lies 'patch("aligned.tif", "x.tif", {292: (LONG, 0)})'
    said s x.tif 'T4Options does not say that EOLs end on bytes'
}

@test "several pages: each reason with its page, and pages that are not to be read" {
    needs tiffcp
    tiffcp -c g4 gs.tif gs.tif gs.tif three.tif
    g3tiff -q -o ours.tif three.tif
    g3tiff --check f ours.tif
    said f three.tif 'page 3: FillOrder is not 2'
    lies '
d = bytearray(open("ours.tif", "rb").read())
at, = struct.unpack("<I", d[4:8])
n, = struct.unpack("<H", d[at:at + 2])
at, = struct.unpack("<I", d[at + 2 + 12 * n:at + 6 + 12 * n])
for p in range(at + 2, at + 2 + 12 * n, 12):
    if d[p:p + 2] == b"\x29\x01":
        d[p + 8:p + 10] = b"\0\0"
open("x.tif", "wb").write(d)
write("zeros.tif", b"\0" * 5000)'
    said f x.tif 'page 2: PageNumber is not the number of the page'
    [ "${#stderr_lines[@]}" -eq 1 ]
    said f zeros.tif 'damaged beyond repair'
    g3tiff -q -d gs.tif >doc.g3
    said f doc.g3 'not a TIFF'
}
