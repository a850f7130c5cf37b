load ../lib/helper
load ../lib/lie

# Where tags and data disagree the data decide, and the words say which tag lied: every kind of
# data under every claim.
setup() {
    scratch
    make_page
}
teardown() { cleanup; }

@test "any coding under any Compression, T4Options and FillOrder" {
    lies '
for kind, (data, truth, options) in every_kind().items():
    for order in 1, 2:
        for claim, t4, fill in [(c, o, f) for c in (2, 3, 4, 32771) for o in (0, 1) for f in (1, 2)]:
            write("x.tif", data if order == 1 else lsb(data),
                  {259: (SHORT, [claim]), 266: (SHORT, [fill]), 292: (LONG, [t4])})
            told = "FillOrder is wrong" if fill != order else ""
            if claim != truth and (claim == 4 or truth == 4):
                told = f"Compression {claim} is really"
            elif claim == truth == 3 and t4 != options and kind != "noeol":
                told = "T4Options says"
            elif claim == 3 and truth in (2, 32771) or kind == "noeol" and claim == 3:
                told = "Compression 3 without EOLs"
            expect("x.tif", told, kind, order, claim, t4, fill)'
}

@test "any width under any ImageWidth" {
    lies '
for kind, (data, claim, t4) in every_kind().items():
    for width in 2048, 2432, 1730, 1720, 864, 3000, 65535, 1:
        write("x.tif", data, {256: (LONG, [width]), 259: (SHORT, [claim]), 292: (LONG, [t4])})
        expect("x.tif", f"ImageWidth is {width}, the rows are 1728 wide", kind)'
}

@test "StripByteCounts absent, 0, too small and too large" {
    lies '
for kind, (data, claim, t4) in every_kind().items():
    tags = {259: (SHORT, [claim]), 292: (LONG, [t4])}
    for last in False, True:
        for count in None, 0, 5, len(data) // 2, len(data) + 1, len(data) + 500, 2 ** 32 - 1:
            write("x.tif", data, {**tags, 279: (LONG, [count or 0])}, last=last,
                  drop=[279] if count is None else [])
            small = count and count < len(data)
            expect("x.tif", "StripByteCounts are too small" if small else "", kind, last, count)
    write("x.tif", data, {**tags, 279: (LONG, [2 ** 31])})
    expect("x.tif", "StripByteCounts reach beyond the file", kind)'
}

@test "RowsPerStrip and ImageLength of several strips" {
    needs tiffcp
    lies '
for coding in "g3:1d", "g3:2d", "g3:fill", "g4", "none", "packbits":
    for rows in 7, 64, 1000:
        subprocess.run(["tiffcp", "-c", coding, "-r", str(rows), "gs.tif", "peer.tif"], check=True)
        expect("peer.tif", "")
        for lie in 0, 1, 63, 100, 2292, 5000, 2 ** 32 - 1:
            patch("peer.tif", "x.tif", {278: (LONG, lie)})
            expect("x.tif", "RowsPerStrip is wrong", coding, rows, lie)
        for lie in 0, 5, 2291, 4000, 2 ** 31:
            patch("peer.tif", "x.tif", {257: (LONG, lie)})
            expect("x.tif", f"ImageLength is {lie}", coding, rows, lie)'
}

@test "two lies at once, and every page of a document" {
    lies '
kinds = every_kind()
for kind, (data, claim, t4) in kinds.items():
    wrong = {259: (SHORT, [3 if claim == 4 else 4]), 266: (SHORT, [2])}
    for tags in {256: (LONG, [2048])}, {257: (LONG, [9])}, {279: (LONG, [len(data) // 2])}:
        write("x.tif", data, {**wrong, **tags})
        expect("x.tif", "FillOrder", kind, tags)'
    needs tiffcp
    for _ in 1 2 3 4; do set -- "$@" gs.tif; done
    tiffcp -c g4 "$@" four.tif
    lies '
patch("four.tif", "x.tif", {259: (SHORT, 3), 256: (SHORT, 2048)})
got, words = read("x.tif")
assert got == open("want.pbm", "rb").read() * 4
assert words.count("the rows are 1728 wide") == 4, words'
}

@test "BigTIFF, tiles, either byte order, in every compression" {
    needs tiffcp
    for c in none packbits lzw zip g3:1d g3:2d g3:fill g4; do
        for layout in '-8 -r 64' '-8 -B -r 3000' '-t -w 256 -l 128' '-t -w 1728 -l 64 -8' '-t -w 640 -l 2304 -B'; do
            # shellcheck disable=SC2086
            tiffcp -c $c $layout gs.tif peer.tif
            g3tiff -d --pbm peer.tif | cmp - want.pbm || { echo "$c $layout"; return 1; }
        done
    done
    # Tiles that say another bit order and coding.
    tiffcp -c g4 -t -w 256 -l 256 gs.tif peer.tif
    lies 'patch("peer.tif", "x.tif", {266: (SHORT, 2), 259: (SHORT, 3)})
expect("x.tif", "FillOrder is wrong")'
}

@test "JBIG in either bit order; compressions and sizes that are nobody's" {
    needs tiffcp
    tiffcp -c jbig -r 2292 gs.tif jbig.tif || skip "libtiff without JBIG"
    g3tiff -d --pbm jbig.tif | cmp - want.pbm
    tiffcp -c jbig -r 2292 -f lsb2msb gs.tif lsb.tif
    g3tiff -d --pbm lsb.tif | cmp - want.pbm
    # The size that its header claims is not libjbig's to believe.
    python3 -c '
d = open("jbig.tif", "rb").read()
i = d.index((1728).to_bytes(4, "big") + (2292).to_bytes(4, "big")) if (1728).to_bytes(4, "big") in d else -1
turned = bytes(int(f"{b:08b}"[::-1], 2) for b in (1728).to_bytes(4, "big"))
i = i if i >= 0 else d.index(turned)
open("bomb.tif", "wb").write(d[:i] + b"\x7f" * 8 + d[i + 8:])'
    run --separate-stderr g3tiff --info bomb.tif
    expect_refusal 65
    lies 'patch("gs.tif", "x.tif", {259: (SHORT, 34925)})'
    WARN='Compression 34925 is really mmr' same x.tif
    lies 'write("x.tif", bytes(i * i * 7 % 251 for i in range(3000)), {259: (SHORT, [34925])})'
    run --separate-stderr g3tiff --info x.tif
    expect_refusal 65
    [[ $stderr == *"unknown compression 34925"* ]]
}

@test "Orientation with PhotometricInterpretation 1, and of tiles" {
    needs tiffcp pamflip pnminvert
    pamflip -cw want.pbm | pnminvert >turned.pbm
    lies 'write("x.tif", strip("mr"), {292: (LONG, [1]), 274: (SHORT, [6]), 262: (SHORT, [1])})'
    g3tiff -d --pbm x.tif | cmp - turned.pbm
    pamflip -cw want.pbm >turned.pbm
    tiffcp -c g4 -t -w 512 -l 512 gs.tif tiles.tif
    tiffset -s 274 6 tiles.tif
    g3tiff -d --pbm tiles.tif | cmp - turned.pbm
}

@test "greys and colours are fax-scan's" {
    needs tiffcp pamtotiff pgmramp
    pgmramp -lr 1728 40 | pamtotiff >grey.tif
    pgmramp -lr 1728 40 | pgmtoppm red-blue | pamtotiff >colour.tif
    for f in grey colour; do
        for how in '' -d '-d --pbm' '--check f'; do
            # shellcheck disable=SC2086
            run --separate-stderr g3tiff $how $f.tif
            expect_status 65
            [ -z "$output" ]
            [[ $stderr == *fax-scan* ]] || { echo "$f $how: $stderr"; return 1; }
        done
        g3tiff --info $f.tif
    done
}

@test "a document whose every page lies otherwise" {
    lies '
every_page_lies("x.tif", 48)
got, words = read("x.tif")
assert got == open("want.pbm", "rb").read() * 48'
}

# bats test_tags=nosan
@test "work grows as the document does, however it lies" {
    needs strace
    lies 'for n in 12, 24, 48: every_page_lies(f"{n}.tif", n)'
    for n in 12 24 48; do
        strace -f -e trace=pread64,read -o calls g3tiff -q -d --pbm $n.tif >/dev/null
        # Bytes read in all.
        awk -F' = ' '/pread64|read\(/ { sum += $NF } END { print sum }' calls
    done >read
    python3 -c '
a, b, c = (int(x) for x in open("read"))
assert b < 2.2 * a and c < 2.2 * b, (a, b, c)'
}
