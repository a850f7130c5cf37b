load ../lib/helper

# Pages that the tests make themselves: text by Ghostscript, a photograph-like dither, a blank one.
setup() {
    scratch
    needs gs pbmmake tifftopnm
    printf '%%!PS\n/Helvetica findfont 30 scalefont setfont
        60 700 moveto (One, two, three facsimile pages) show
        0 20 600 { 60 exch moveto (the quick brown fox jumps over the lazy dog) show } for
        showpage 60 60 moveto (the end) show showpage\n' >doc.ps
    gs_to pbmraw page%d.pbm doc.ps
}
teardown() { cleanup; }

gs_to() { # DEVICE OUTPUT FILE: A4 at fine resolution
    gs -q -dSAFER -dNOPAUSE -dBATCH -sPAPERSIZE=a4 -r204x196 -sDEVICE="$1" -sOutputFile="$2" "$3"
}

# The hash of pixels, whatever the program that wrote the PBM.
pels() { sha256sum | cut -c1-64; }
judge() { tifftopnm "$@" 2>/dev/null | pels; }

stream() { # the two pages as a stream of ours
    gs_to dfaxhigh doc.dfax doc.ps
    g3tiff doc.dfax | g3tiff -d
}

@test "wraps Ghostscript's digifax as profile S, bits as they are" {
    gs_to dfaxhigh doc.dfax doc.ps
    gs_to tiffg4 peer.tif doc.ps
    g3tiff -o doc.tif doc.dfax
    g3tiff --check s doc.tif
    # This Ghostscript's digifax devices print white on black; a later one may not.
    [ "$(judge doc.tif)" = "$(judge peer.tif)" ] ||
        [ "$(tifftopnm doc.tif 2>/dev/null | pnminvert -allimages 2>/dev/null | pels)" = "$(judge peer.tif)" ] ||
        { g3tiff -d --pbm --pages 1 doc.tif | pnminvert | cmp - <(g3tiff -d --pbm --pages 1 peer.tif); }
    # The strip is the T.4 data without its header and RTC.
    g3tiff -d --raw --pages 1 doc.tif >strip
    size=$(($(stat -c %s strip) - 9))
    tail -c +65 doc.dfax | head -c $size | cmp - <(head -c $size strip)
    tiffinfo doc.tif 2>&1 | grep -q 'EOL padding'
    no pipe 'tiffinfo doc.tif 2>&1 | grep -i warning'
}

@test "round trip in every coding, judged by libtiff" {
    stream >doc.g3
    want=$(g3tiff -d --pbm doc.g3 | pels)
    for c in mh mr mmr; do
        g3tiff -c $c -o $c.tif doc.g3
        g3tiff --check f $c.tif
        [ "$(judge $c.tif)" = "$want" ]
        g3tiff -d $c.tif | g3tiff | cmp - $c.tif
        [ "$(g3tiff -d --pbm $c.tif | pels)" = "$want" ]
        [ "$(g3tiff -d -c mh $c.tif | g3tiff -d --pbm | pels)" = "$want" ]
    done
    g3tiff --profile s mmr.tif >s.tif
    g3tiff --check s s.tif
}

@test "G4 is byte for byte libtiff's" {
    stream | g3tiff -c mmr >ours.tif
    tiffcp -c g4 -r 100000 -f lsb2msb ours.tif theirs.tif
    for n in 1 2; do
        g3tiff -d --raw --pages $n ours.tif >a
        g3tiff -d --raw --pages $n theirs.tif >b
        cmp a b
        python3 - theirs.tif $((n - 1)) a <<'PY'
import struct, sys
d = open(sys.argv[1], 'rb').read()
def ifd(at):
    n, = struct.unpack('<H', d[at:at+2])
    tags = {}
    for i in range(n):
        tag, kind, count, value = struct.unpack('<HHII', d[at+2+12*i:at+14+12*i])
        tags[tag] = value & 0xffff if kind == 3 else value
    return tags, struct.unpack('<I', d[at+2+12*n:at+6+12*n])[0]
at = struct.unpack('<I', d[4:8])[0]
for _ in range(int(sys.argv[2]) + 1):
    tags, at = ifd(at)
strip = d[tags[273]:tags[273]+tags[279]]
turned = bytes(int(f'{b:08b}'[::-1], 2) for b in strip)
want = open(sys.argv[3], 'rb').read()
assert want in (strip, turned), 'G4 strips differ'
PY
    done
}

@test "the layout is the one of the manual" {
    stream | g3tiff >doc.tif
    python3 - doc.tif <<'PY'
import struct, sys
d = open(sys.argv[1], 'rb').read()
assert d[:8] == b'II*\0\x08\0\0\0'
at, pages = 8, 0
while at:
    n, = struct.unpack('<H', d[at:at+2])
    e = [struct.unpack('<HHII', d[at+2+12*i:at+14+12*i]) for i in range(n)]
    tags = [x[0] for x in e]
    assert tags == sorted(tags) and len(set(tags)) == n
    t = {x[0]: x[3] & 0xffff if x[1] == 3 and x[2] == 1 else x[3] for x in e}
    assert (t[254], t[258], t[277], t[262], t[266], t[296]) == (2, 1, 1, 0, 2, 2)
    assert t[257] == t[278] and t[259] == 3
    end = at + 2 + 12 * n + 4
    values = [x[3] for x in e if x[1] == 5 or (x[1] == 2 and x[2] > 4)]
    assert min(values) == end and all(end <= v < t[273] for v in values)
    assert t[297] == pages | 2 << 16
    pages += 1
    nxt, = struct.unpack('<I', d[end-4:end])
    assert (nxt or len(d)) - (t[273] + t[279]) in (0, 1)
    at = nxt
assert pages == 2
PY
}

@test "pages come one by one: page n is out before page n+2 is read" {
    stream >doc.g3
    # Three pages, the last of them begun only; something must come out while it is awaited.
    python3 - <<'PY'
import select, struct, subprocess
d = open('doc.g3', 'rb').read()
size = 64 + struct.unpack('<I', d[58:62])[0]
p = subprocess.Popen(['g3tiff'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
p.stdin.write(d[:-64] + d[:size // 2])
p.stdin.flush()
got = b''
while len(got) < size - 64 - 100:
    assert select.select([p.stdout], [], [], 20)[0], 'nothing came'
    got += p.stdout.read1(65536)
p.stdin.write(d[size // 2:size] + d[-64:])
p.stdin.close()
got += p.stdout.read()
assert p.wait() == 0
open('out.tif', 'wb').write(got)
PY
    [ "$(g3tiff --info out.tif | wc -l)" -eq 3 ]
}

@test "info, for people and programs" {
    stream | g3tiff >doc.tif
    run g3tiff --info doc.tif
    expect_status 0
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} == *"1728 x 22"*"204 x 196"*mh*s* ]]
    g3tiff --info --json doc.tif | python3 -c '
import json, sys
pages = json.load(sys.stdin)
assert [p["page"] for p in pages] == [1, 2]
assert set(pages[0]) == {"page", "width", "rows", "xdpi", "ydpi", "coding", "profile", "bad_rows", "warnings"}
assert pages[0]["width"] == 1728 and pages[0]["profile"] == "s" and pages[0]["bad_rows"] == 0'
    g3tiff -c mmr doc.tif | g3tiff --info | grep -q 'mmr  *f'
}

@test "pages of a list" {
    stream >doc.g3
    [ "$(g3tiff --pages 2 --info doc.g3 | awk '{print $1}')" = 2 ]
    g3tiff --pages 2- doc.g3 | g3tiff -d --pbm | cmp - <(g3tiff -d --pbm --pages 2 doc.g3)
    run --separate-stderr g3tiff --pages 7 --info doc.g3
    expect_refusal 64
    run --separate-stderr g3tiff --pages 2-1 doc.g3
    expect_refusal 64
}

@test "damaged rows are repaired, counted and told" {
    stream | g3tiff -d --pages 1 >doc.g3
    python3 - <<'PY'
d = bytearray(open('doc.g3', 'rb').read())
for at in (5000, 9000):
    d[at:at+3] = b'\xff\x5a\xff'
open('bad.g3', 'wb').write(d)
PY
    run --separate-stderr g3tiff -o bad.tif bad.g3
    expect_status 0
    [[ $stderr =~ page\ 1:\ ([0-9]+)\ damaged\ rows\ repaired ]]
    n=${BASH_REMATCH[1]}
    [ "$n" -ge 2 ] && [ "$n" -le 6 ]
    tiffinfo bad.tif 2>/dev/null | grep -q "Bad Fax Lines: $n"
    tiffinfo bad.tif 2>/dev/null | grep -q 'Fax Data: receiver regenerated'
    tiffinfo bad.tif 2>/dev/null | grep -qi 'Consecutive Bad Fax Lines'
    # Wrapped again, by its bits or coded afresh, the page still tells of it.
    run_of=$(tiffinfo bad.tif 2>/dev/null | grep -i 'Consecutive Bad Fax Lines')
    for c in '' '-c mmr' '-c mh'; do
        # shellcheck disable=SC2086
        g3tiff $c bad.tif >again.tif
        tiffinfo again.tif 2>/dev/null | grep -q "Bad Fax Lines: $n"
        [ "$(tiffinfo again.tif 2>/dev/null | grep -i 'Consecutive Bad Fax Lines')" = "$run_of" ]
        g3tiff --check f again.tif
    done
    # Profile S has no such tags.
    g3tiff --check f bad.tif
    g3tiff -q --profile s bad.g3 >s.tif
    g3tiff --check s s.tif
    g3tiff --info --json bad.g3 | grep -qE "\"bad_rows\": ?$n[,}]"
    run --separate-stderr g3tiff --strict -o strict.tif bad.g3
    expect_refusal 65
    [ ! -e strict.tif ]
    run --separate-stderr g3tiff -q bad.g3
    [ -z "$stderr" ]
}

@test "a page whose runs never add up is refused" {
    stream >doc.g3
    # The same bits, said to be 2048 wide.
    python3 - <<'PY'
d = bytearray(open('doc.g3', 'rb').read())
d[1:17] = b'faxpipe G3 page\0'
d[50:52] = (2048).to_bytes(2, 'little')
open('wide.g3', 'wb').write(d)
PY
    run --separate-stderr g3tiff -o x.tif wide.g3
    expect_refusal 65
    [ ! -e x.tif ]
}

@test "a damaged MMR page is good up to the damage, white from there, and told" {
    stream | g3tiff -c mmr --pages 1 >doc.tif
    g3tiff -d doc.tif >doc.g3
    python3 - <<'PY'
d = bytearray(open('doc.g3', 'rb').read())
d[1700:1710] = b'\0' * 10
open('bad.g3', 'wb').write(d)
d = bytearray(open('doc.tif', 'rb').read())
at = len(d) - 1500
d[at:at + 10] = b'\0' * 10
open('bad.tif', 'wb').write(d)
PY
    g3tiff -d --pbm doc.tif >want.pbm
    for f in bad.g3 bad.tif; do
        run --separate-stderr g3tiff -d --pbm -o got.pbm $f
        expect_status 0
        [[ $stderr =~ ([0-9]+)\ damaged\ rows?\ repaired ]]
        python3 - "${BASH_REMATCH[1]}" <<'PY'
import sys
def rows(name):
    d = open(name, 'rb').read()
    head, size, rest = d.split(b'\n', 2)
    return [rest[i:i + 216] for i in range(0, len(rest), 216)]
want, got, bad = rows('want.pbm'), rows('got.pbm'), int(sys.argv[1])
good = len(got) - bad
assert good > 100 and bad >= 1
# What chance made of the damaged place itself may differ.
assert got[:good - 3] == want[:good - 3]
# The row in which it is keeps its own part before it, and is white behind.
assert all(not any(r) for r in got[good + 1:])
assert got[good - 1] == want[good - 1] and any(got[good]) and not any(got[good][108:])
PY
        run --separate-stderr g3tiff --strict -o x.tif $f
        expect_refusal 65
        [ ! -e x.tif ]
    done
    # Of the TIFF it is known how many rows there were.
    [ "$(g3tiff -q --info bad.tif | awk '{print $4}')" = "$(g3tiff --info doc.tif | awk '{print $4}')" ]
}

@test "empty, random and cut input is refused with one line and no output" {
    stream >doc.g3
    g3tiff doc.g3 >doc.tif
    g3tiff -c mmr doc.g3 >mmr.tif
    : >empty
    head -c 20000 /dev/urandom >random
    for f in doc.g3 doc.tif mmr.tif; do
        size=$(stat -c %s $f)
        for cut in 1 3 7 63 64 65 200 $((size / 3)) $((size / 2)) $((size - 100)); do
            head -c $cut $f >cut-$cut-$f
        done
    done
    head -c -64 doc.g3 >unclosed
    head -c -65 doc.g3 >cut-last
    for f in empty random unclosed cut-*; do
        for how in '' -d '-d --pbm' --info; do
            # shellcheck disable=SC2086
            run --separate-stderr g3tiff $how -o out $f
            expect_refusal 65 || { echo "$f $how"; false; }
            [ ! -e out ]
        done
    done
    run --separate-stderr g3tiff --check s random
    expect_refusal 65
}

@test "wrong options and files" {
    stream >doc.g3
    for o in --nonsense '--profile x' '-c g5' '--input x' '-r odd' '-w -1' '-w 70000' '--pages x' \
        '--check x' '--raw' '--json' '-d --raw --pbm' '--msb --lsb' '--profile s -c mr' 'doc.g3 doc.g3'; do
        # shellcheck disable=SC2086
        run --separate-stderr g3tiff $o doc.g3
        expect_refusal 64 || { echo "$o"; false; }
    done
    run --separate-stderr g3tiff missing
    expect_refusal 66
    run --separate-stderr g3tiff .
    expect_refusal 66
    run --separate-stderr g3tiff -o nowhere/x doc.g3
    expect_refusal 73
}

@test "a full disk and a closed pipe" {
    stream >doc.g3
    for how in '' -d '-d --raw' '-d --pbm' --info; do
        run --separate-stderr bash -c "g3tiff $how doc.g3 >/dev/full"
        expect_status 74 || { echo "$how"; false; }
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
    cat doc.g3 doc.g3 doc.g3 doc.g3 doc.g3 doc.g3 doc.g3 doc.g3 >long.g3
    run --separate-stderr bash -c 'g3tiff -d --pbm long.g3 | head -c 5 >/dev/null; exit ${PIPESTATUS[0]}'
    expect_status 141
    [ -z "$stderr" ]
}

@test "what g3tiff -d writes, g3topbm reads" {
    needs g3topbm
    stream | g3tiff -d --raw --pages 1 >raw.g3
    g3topbm -width 1728 raw.g3 2>/dev/null | cmp - <(g3tiff -d --pbm raw.g3)
}

@test "bare T.4 of pbmtog3 and pbm2g3, in either bit order" {
    needs pbmtog3
    pbmmake -gray 1728 40 >grey.pbm
    pnmcat -tb page1.pbm grey.pbm 2>/dev/null | pamcut -width 1680 | pnmpad -black -width 1728 >wide.pbm
    pbmtog3 wide.pbm >msb.g3
    pbmtog3 -reversebits wide.pbm >lsb.g3
    for f in msb lsb; do
        g3tiff -d --pbm $f.g3 | cmp - wide.pbm
        g3tiff -d --pbm --input mh --$f $f.g3 | cmp - wide.pbm
    done
    if command -v pbm2g3 >/dev/null; then
        pbm2g3 wide.pbm >mgetty.g3
        g3tiff -d --pbm mgetty.g3 2>/dev/null | cmp - wide.pbm
    fi
    g3tiff -d --raw -c mmr msb.g3 >bare.g4
    g3tiff -d --pbm --input mmr bare.g4 | cmp - wide.pbm
    run --separate-stderr g3tiff bare.g4
    expect_refusal 65
}

@test "TIFFs by other programs: compressions, strips, orders" {
    needs tiffcp
    stream | g3tiff --pages 1 >doc.tif
    want=$(g3tiff -d --pbm doc.tif | pels)
    for c in none packbits lzw zip g3 g3:1d g3:2d g3:fill g3:2d:fill g4; do
        for layout in '-r 100000' '-r 100' '-r 1' '-r 64 -B' '-r 100000 -f msb2lsb'; do
            # shellcheck disable=SC2086
            tiffcp -c $c $layout doc.tif peer.tif
            got=$(g3tiff -q -d --pbm peer.tif | pels)
            [ "$got" = "$want" ] || { echo "$c $layout"; false; }
            g3tiff -q peer.tif | g3tiff -d --pbm | pels | grep -q "$want" || { echo "wrap $c $layout"; false; }
        done
    done
}

@test "Ghostscript's and efix's TIFFs" {
    for dev in tiffg3 tiffg32d tiffg4 tiffcrle tiffpack tifflzw; do
        gs_to $dev peer.tif doc.ps
        g3tiff -q -d --pbm peer.tif | cmp - <(tifftopnm peer.tif 2>/dev/null) || { echo $dev; false; }
    done
    if command -v efix >/dev/null; then
        stream | g3tiff -d --pbm --pages 1 >fax.pbm
        efix -o tiffg3 -r 204x196 fax.pbm >efix.tif 2>/dev/null
        g3tiff -q -d --pbm efix.tif >efix.pbm
        [ "$(head -c 7 efix.pbm)" = "$(printf 'P4\n1728')" ]
    fi
}

@test "upright whatever Orientation says" {
    needs pamflip
    stream | g3tiff --pages 1 >doc.tif
    g3tiff -d --pbm doc.tif >up.pbm
    for n in 1 2 3 4 5 6 7 8; do
        case $n in
        1) cat up.pbm ;; 2) pamflip -lr up.pbm ;; 3) pamflip -r180 up.pbm ;;
        4) pamflip -tb up.pbm ;; 5) pamflip -xy up.pbm ;; 6) pamflip -cw up.pbm ;;
        7) pamflip -r180 up.pbm | pamflip -xy ;; 8) pamflip -ccw up.pbm ;;
        esac >want.pbm
        tiffset -s 274 $n doc.tif 2>/dev/null
        g3tiff -q -d --pbm doc.tif | cmp - want.pbm || { echo "orientation $n"; false; }
    done
}

@test "--version -v says which kernel runs, and all give the same bytes" {
    FAXPIPE_CPU=scalar run -0 g3tiff --version -v
    [[ $output == *"g3 kernel: scalar"* ]]
    run -0 g3tiff --version -v
    ! grep -q avx2 /proc/cpuinfo || [[ $output == *"g3 kernel: avx"* ]]
    gs_to tiffg4 doc.tif doc.ps
    run -64 env FAXPIPE_CPU=z80 g3tiff --info doc.tif
    for c in mh mr mmr; do
        FAXPIPE_CPU=scalar g3tiff -c $c -o want.tif doc.tif
        for level in ssse3 avx2 avx512 neon; do
            FAXPIPE_CPU=$level g3tiff -c $c doc.tif | cmp - want.tif
        done
    done
}

@test "the charts and devices' files of the shared corpora" {
    shared=${FAXPIPE_SHARED:-$FAXPIPE_ROOT/../shared}
    [ -r "$shared/corpora/truth.tsv" ] || skip "no shared corpora"
    while IFS=$'\t' read -r file hash size; do
        case $file in '#'*) continue ;; esac
        want=$hash
        set --
        [ "$file" != raw/4.fax ] || set -- --input mmr -w 360
        g3tiff -q -d --pbm "$@" "$shared/corpora/fax/$file" >got.pbm
        # This picture is longer than its code, which ends with two white rows to come.
        [ "$file" != raw/4.fax ] || { { printf 'P4\n360 190\n'; tail -c +12 got.pbm; head -c 90 /dev/zero; } >long.pbm; mv long.pbm got.pbm; }
        [ "$(sha256sum <got.pbm | cut -c1-12)" = "$want" ] || { echo "$file $size"; false; }
        case $file in CCITT*)
            for c in mh mr mmr; do
                g3tiff -c $c "$shared/corpora/fax/$file" >$c.tif
                [ "$(judge $c.tif | cut -c1-12)" = "$want" ]
                [ "$(g3tiff -d $c.tif | g3tiff -d --pbm | sha256sum | cut -c1-12)" = "$want" ]
            done ;;
        esac
    done <"$shared/corpora/truth.tsv"
}

@test "the manual's and the completions' options are the program's" {
    g3tiff --list-options | cut -f 2 >list
    [ "$(wc -l <list)" -eq 23 ]
    while read -r long; do
        grep -q -- "$long" "$FAXPIPE_ROOT/completions/bash/g3tiff"
        grep -q -- "$long" "$FAXPIPE_ROOT/completions/zsh/_g3tiff"
        grep -q -- "-l ${long#--} " "$FAXPIPE_ROOT/completions/fish/g3tiff.fish"
        grep -q -- "^.It Fl.*${long#-}" "$FAXPIPE_ROOT/man/g3tiff.1"
    done <list
}
