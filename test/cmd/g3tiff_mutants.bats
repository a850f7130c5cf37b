# Mutants of TIFFs and page streams through g3tiff itself: status 0 or 65 and nothing else, one line
# of error, and no output left behind a refusal. G3TIFF_MUTANTS (16) of each kind of document;
# test/common/tiff/mutation_test.c tries thousands in one process and counts the rows.
load ../lib/helper

setup() {
    scratch
    yes 'a line of text to be damaged' | head -30 >letter.txt
}
teardown() { cleanup; }

mutants_of() { # FILE: each through three ways of use
    python3 - "$1" "${G3TIFF_MUTANTS:-16}" <<'PY'
import os, random, subprocess, sys
original, r = open(sys.argv[1], 'rb').read(), random.Random(7)
statuses = {0: 0, 65: 0}
for n in range(int(sys.argv[2])):
    b = bytearray(original)
    for _ in range(r.choice((1, 1, 3, 20))):
        at = r.randrange(len(b)) if r.random() < .5 else r.randrange(min(len(b), 300))
        how = r.randrange(4)
        if how == 0: b[at] ^= 1 << r.randrange(8)
        elif how == 1: b[at] = r.choice((0, 1, 255, r.randrange(256)))
        elif how == 2: del b[at:at + r.randrange(1, 50)]
        else: b[at:at] = r.randbytes(r.randrange(1, 20))
        if not b: b = bytearray(b'x')
    open('mutant', 'wb').write(b)
    for use in (['-d', '--pbm', '-o', 'out'], ['-o', 'out'], ['--info']):
        p = subprocess.run(['g3tiff', '-q', *use, 'mutant'], timeout=60, capture_output=True)
        there = os.path.exists('out')
        if there: os.unlink('out')
        if p.returncode not in statuses or (p.returncode and (there or p.stdout)) or \
           (p.returncode and p.stderr.count(b'\n') != 1):
            sys.exit('mutant %d, %s: status %d, %r' % (n, use, p.returncode, p.stderr[-2000:]))
        statuses[p.returncode] += 1
print('#', sys.argv[1], statuses)
if not statuses[0] or not statuses[65]: sys.exit('they are all alike: %s' % statuses)
PY
}

@test "g3tiff: mutants of TIFFs" {
    local c
    for c in mh mr mmr; do
        fax-scan -q --trim -c "$c" letter.txt letter.txt | g3tiff -o "$c.tif"
        mutants_of "$c.tif"
    done
}
@test "g3tiff: mutants of page streams" {
    local c
    for c in mh mmr; do
        fax-scan -q --trim -c "$c" letter.txt letter.txt >"$c.g3"
        mutants_of "$c.g3"
    done
}
