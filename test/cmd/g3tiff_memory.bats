# g3tiff's memory is a page's, however long the document: under 16 MiB whatever it is asked to do.
# MEMORY_PAGES (1,000) pages; 10,000 take some seconds. PEAK_SHOW=1 says how much it was.
load ../lib/helper

setup_file() {
    export DOCUMENT=$BATS_FILE_TMPDIR PAGES=${MEMORY_PAGES:-1000}
    local BIN=${FAXPIPE_BIN:-$BATS_TEST_DIRNAME/../../bin}
    # Pages of 64 rows of 1728 pels with a rule and some noise, no two neighbours alike.
    python3 - "$PAGES" <<'PY' | "$BIN/fax-scan" -q -c mh >"$DOCUMENT/mh.g3"
import random, sys
r = random.Random(1)
rows = [bytes(r.getrandbits(8) & r.getrandbits(8) & r.getrandbits(8) for _ in range(216)) for _ in range(64)]
for n in range(int(sys.argv[1])):
    sys.stdout.buffer.write(b'P4\n1728 64\n' + b''.join(rows[n % 64:] + rows[:n % 64]))
PY
    for coding in mh mmr; do
        "$BIN/g3tiff" -q -c "$coding" -o "$DOCUMENT/$coding.tif" "$DOCUMENT/mh.g3" || return 1
    done
    "$BIN/g3tiff" -q -d -o "$DOCUMENT/mmr.g3" "$DOCUMENT/mmr.tif"
}
setup() { scratch; PEAK="$BIN/test/lib/peak 16384"; }
teardown() { cleanup; }
same_pels() { cmp <(g3tiff -q -d --pbm "$1") <(g3tiff -q -d --pbm "$2"); }

# bats file_tags=nosan

@test "g3tiff memory: wrapping, from a file and from a pipe" {
    $PEAK g3tiff -o out.tif "$DOCUMENT/mh.g3"
    [ "$(g3tiff --info out.tif | wc -l)" -eq "$PAGES" ]
    pipe "cat '$DOCUMENT/mmr.g3' | $PEAK g3tiff | cat >out.tif"
    same_pels out.tif "$DOCUMENT/mmr.tif"
}
@test "g3tiff memory: transcoding" {
    $PEAK g3tiff -c mmr -o out.tif "$DOCUMENT/mh.g3"
    cmp out.tif "$DOCUMENT/mmr.tif"
    $PEAK g3tiff -c mr -o out.tif "$DOCUMENT/mmr.tif"
    $PEAK g3tiff --profile=s -o out.tif "$DOCUMENT/mmr.tif"
}
@test "g3tiff memory: TIFF to page stream, PBM and bare data" {
    $PEAK g3tiff -d -o out.g3 "$DOCUMENT/mh.tif"
    same_pels out.g3 "$DOCUMENT/mh.g3"
    pipe "$PEAK g3tiff -d --pbm '$DOCUMENT/mmr.tif' | tail -c 13835 >last.pbm"
    [ "$(head -1 last.pbm)" = P4 ]
    pipe "$PEAK g3tiff -d --raw '$DOCUMENT/mh.tif' | wc -c"
    pipe "cat '$DOCUMENT/mmr.tif' | $PEAK g3tiff -d --pbm --pages $PAGES >last.pbm"
    [ "$(stat -c %s last.pbm)" -gt 13824 ]
}
@test "g3tiff memory: --info and --check" {
    pipe "$PEAK g3tiff --info '$DOCUMENT/mh.tif' | tail -1 | grep '^ *$PAGES '"
    pipe "$PEAK g3tiff --info --json '$DOCUMENT/mmr.g3' >/dev/null"
    $PEAK g3tiff --check s "$DOCUMENT/mh.tif"
    $PEAK g3tiff --check f "$DOCUMENT/mmr.tif"
}
@test "g3tiff memory: a page of 20 MB coded is as one of any size" {
    python3 -c '
import os, sys
sys.stdout.buffer.write(b"P4\n1728 40000\n")
for _ in range(400): sys.stdout.buffer.write(os.urandom(21600))' >tall.pbm
    fax-scan -q -c mmr tall.pbm >tall.g3
    [ "$(stat -c %s tall.g3)" -gt 10000000 ]
    $PEAK g3tiff -o tall.tif tall.g3
    $PEAK g3tiff -c mh -o mh.tif tall.g3
    $PEAK g3tiff -d -o back.g3 tall.tif
    same_pels back.g3 tall.g3
    $PEAK g3tiff -d --pbm -o back.pbm mh.tif
    cmp tall.pbm back.pbm
}
