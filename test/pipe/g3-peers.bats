# The codec and the reader beside netpbm's, mgetty's, Ghostscript's and libtiff's programs: pages of
# noise, structured ones and a real one, in every coding, both ways, at the widths of facsimile and
# at odd ones. (test/common/g3/peers_test.c does the same with libtiff and spandsp in one process.)
load ../lib/helper

WIDTHS='1728 2048 2432 2592 3072 3456 3648 4096 4864'
ODD='1 7 8 63 64 65 2560 2561 10000'

setup() { scratch; }
teardown() { cleanup; }

page() { # WIDTH KIND: page.pbm of 40 rows, bits without its header, page.mh page.mr page.mmr by us
    local c
    python3 - "$1" "$2" <<'PY'
import random, sys
w, kind, rows = int(sys.argv[1]), sys.argv[2], []
r = random.Random(kind + str(w))
for y in range(40):
    if kind == 'noise':
        row = [r.random() < .5 for _ in range(w)]
    else: # most rows lean on the one above, a fifth is new
        row = list(rows[-1]) if rows else [False] * w
        if y % 5 == 0:
            row, x = [False] * w, 0
            while x < w:
                n, v = r.choice((1, 2, 3, 7, 20, 64, 300)), r.random() < .4
                row[x:x + n] = [v] * min(n, w - x); x += n
        elif r.random() < .5:
            x = r.randrange(w); row[x] = not row[x]
    rows.append(row)
bits = b''
for row in rows:
    b = bytearray((w + 7) // 8)
    for x, v in enumerate(row): b[x >> 3] |= v << (7 - (x & 7))
    bits += bytes(b)
open('bits', 'wb').write(bits)
open('page.pbm', 'wb').write(b'P4\n%d 40\n' % w + bits)
PY
    pbmtog3 -nofixedwidth page.pbm >page.g3
    for c in mh mr mmr; do g3tiff -q -d --raw -c "$c" -w "$1" page.g3 >"page.$c"; done
}

# The page without comment lines in its header.
plain_pbm() { python3 -c 'import sys
a, b = sys.stdin.buffer.read().split(b"\n", 1)
while b[:1] == b"#": b = b.split(b"\n", 1)[1]
sys.stdout.buffer.write(a + b"\n" + b)'; }
is_page() { # FILE WHAT
    cmp "$1" page.pbm || { echo "$2"; return 1; }
}
each_page() { # WIDTHS FUNCTION
    local w kind
    for w in $1; do
        for kind in noise structured; do
            page "$w" "$kind"
            "$2" "$w" || { echo "width $w, $kind"; return 1; }
        done
    done
}

with_netpbm() {
    local how
    for how in '' -reversebits -align8 -align16; do
        pbmtog3 -nofixedwidth $how page.pbm >their.g3
        g3tiff -q -d --pbm -w "$1" their.g3 >back.pbm
        is_page back.pbm "we read pbmtog3 $how" || return 1
    done
    g3topbm -quiet -width="$1" page.mh >back.pbm && is_page back.pbm 'g3topbm reads ours'
}
@test "g3 peers: netpbm at every width" { needs pbmtog3 g3topbm; each_page "$WIDTHS $ODD" with_netpbm; }

ghostscript() { # WIDTH FILE DEVICE [K]
    gs -q -dNOSAFER -dBATCH -dNOPAUSE -sDEVICE="$3" -dAdjustWidth=0 -r72 -g"${1}x40" -dW="$1" -dH=40 \
        ${4:+-dK="$4"} -sIN="$2" -sOutputFile=gs.out "$FAXPIPE_ROOT/test/lib/gs-image.ps"
}
with_ghostscript() {
    local c k device
    for c in 'mh 0 faxg3' 'mr 4 faxg32d' 'mmr -1 faxg4'; do
        read -r c k device <<<"$c"
        ghostscript "$1" bits "$device"
        g3tiff -q -d --pbm --input "$c" -w "$1" gs.out >back.pbm
        is_page back.pbm "we read $device" || return 1
        ghostscript "$1" "page.$c" pbmraw "$k"
        plain_pbm <gs.out >back.pbm
        is_page back.pbm "CCITTFaxDecode reads our $c" || return 1
    done
}
@test "g3 peers: Ghostscript's devices and filter" {
    needs gs pbmtog3
    each_page '1728 4864' with_ghostscript
}
@test "g3 peers: Ghostscript at odd widths" {
    needs gs pbmtog3
    each_page '7 65 2561' with_ghostscript
}
@test "g3 peers: Ghostscript's TIFF devices" {
    needs gs pbmtog3
    local w device
    for w in 1728 2432 4864; do
        page "$w" structured
        for device in tiffg3 tiffg32d tiffg4 tiffcrle tifflzw tiffpack; do
            ghostscript "$w" bits "$device"
            g3tiff -q -d --pbm gs.out >back.pbm
            is_page back.pbm "we read $device of $w"
        done
    done
}

with_libtiff() {
    local c how res
    case $1 in 1728 | 2048 | 2432) res=fine ;; 2592 | 3072 | 3648) res=300 ;; *) res=400 ;; esac
    for c in 'mh -1' 'mr -2' 'mmr -4'; do
        read -r c how <<<"$c"
        timeout 20 fax2tiff -M "$how" -7 -5 -X "$1" -o their.tif "page.$c" 2>/dev/null || return 1
        g3tiff -q -d --pbm their.tif >their.pbm
        # fax2tiff takes the EOLs of an RTC for white rows.
        head -c "$(stat -c %s bits)" <(tail -n +3 their.pbm) | cmp - bits || { echo "fax2tiff reads our $c"; return 1; }
        g3tiff -q -c "$c" -w "$1" -r "$res" -o our.tif page.g3
        for how in none g3:1d g3:2d g3:1d:fill g3:2d:fill g4 lzw packbits; do
            tiffcp -c "$how" our.tif their.tif || { echo "tiffcp reads our $c"; return 1; }
            g3tiff -q -d --pbm their.tif >back.pbm
            is_page back.pbm "we read tiffcp -c $how of $c" || return 1
        done
        tifftopnm -quiet our.tif >back.pbm && is_page back.pbm "tifftopnm reads our $c" || return 1
    done
}
@test "g3 peers: libtiff's programs at every width" {
    needs fax2tiff tiffcp tifftopnm pbmtog3
    for w in $WIDTHS; do
        page "$w" structured
        with_libtiff "$w" || { echo "width $w"; return 1; }
    done
}

@test "g3 peers: mgetty's pbm2g3 and g32pbm" {
    needs pbm2g3 g32pbm pbmtog3
    local kind
    for kind in noise structured; do
        page 1728 "$kind"
        pbm2g3 -h 0 page.pbm >their.g3
        g3tiff -q -d --pbm their.g3 >back.pbm
        is_page back.pbm "we read pbm2g3's $kind"
        g32pbm page.mh >back.pbm 2>/dev/null
        is_page back.pbm "g32pbm reads our $kind"
    done
}

# A page of text, and the CCITT charts where they are: by every peer into every form and back.
real_page() { # PBM
    local c
    cp "$1" page.pbm
    pbmtog3 -nofixedwidth page.pbm >their.g3
    g3tiff -q -d --pbm their.g3 >back.pbm && is_page back.pbm 'pbmtog3' || return 1
    for c in mh mr mmr; do
        fax-scan -q -c "$c" page.pbm | g3tiff -q >our.tif
        tifftopnm -quiet our.tif >back.pbm && is_page back.pbm "tifftopnm of $c" || return 1
        tiffcp -c g3:2d our.tif their.tif && g3tiff -q -d --pbm their.tif >back.pbm &&
            is_page back.pbm "tiffcp of $c" || return 1
    done
    fax-scan -q -c mh --raw page.pbm >our.g3
    g3topbm -quiet our.g3 >back.pbm && is_page back.pbm g3topbm || return 1
    g32pbm our.g3 2>/dev/null >back.pbm && is_page back.pbm g32pbm || return 1
}
@test "g3 peers: a page of text by all of them" {
    needs pbmtog3 g3topbm tiffcp tifftopnm g32pbm
    yes 'The quick brown fox jumps over the lazy dog, 0123456789.' | head -60 >letter.txt
    fax-scan -q -c mmr letter.txt | g3tiff -q -d --pbm >letter.pbm
    real_page letter.pbm
}
@test "g3 peers: the CCITT charts by all of them" {
    needs pbmtog3 g3topbm tiffcp tifftopnm g32pbm
    local charts=${FAXPIPE_SHARED:-$FAXPIPE_ROOT/../shared}/corpora/fax n
    [ -e "$charts/CCITT_1.TIF" ] || skip 'the CCITT charts are not here'
    for n in 1 2 3 4 5 6 7 8; do
        g3tiff -q -d --pbm "$charts/CCITT_$n.TIF" >chart.pbm
        real_page chart.pbm || { echo "chart $n"; return 1; }
    done
}
# bats test_tags=nosan
@test "g3 peers: the benchmark's 41 pages by libtiff and spandsp" {
    needs gs
    cd "$FAXPIPE_ROOT"
    run test/bench/g3 -n 1
    expect_status 0
    [ "$(grep -cE '^(mh|mr|mmr) +(enc|dec) ' <<<"$output")" -ge 6 ]
    grep -q '^41 pages' <<<"$output"
}
