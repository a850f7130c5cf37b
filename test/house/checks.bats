#!/usr/bin/env bats
# The structure checks pass on this tree, and each is seen to fail on a fault planted in a copy (of
# some folders: the checks take their time over all).
load ../lib/helper

setup() {
    scratch
    mkdir -p common/net common/print cmd
    cp -r "$FAXPIPE_ROOT"/common/{bytes,cpu,g3} common/
    mkdir common/tool common/scan
    cp "$FAXPIPE_ROOT"/common/tool/{io,diag}.[ch] common/tool/
    cp "$FAXPIPE_ROOT"/common/scan/{quiet,source,scale}.[ch] common/scan/
    cp "$FAXPIPE_ROOT"/common/print/layout.[ch] common/print/
    cp "$FAXPIPE_ROOT/cmd/fax-scan.c" cmd/
    cp "$FAXPIPE_ROOT/Makefile" .
    HOUSE=$FAXPIPE_ROOT/test/house
}
teardown() { cleanup; }

# fails CHECK WORD: the check refuses the copy, and names the fault.
fails() {
    run "$HOUSE/$1" "$T"
    [ "$status" -ne 0 ] || { echo "$1 saw nothing"; return 1; }
    [[ $output == *"$2"* ]] || { echo "$output"; return 1; }
}

@test "the tree passes" {
    for c in check-deps check-headers check-size; do "$HOUSE/$c"; done
}

@test "the top level has what belongs there, and nothing that a run left" {
    git -C "$FAXPIPE_ROOT" ls-tree --name-only HEAD >top 2>/dev/null || skip 'not a checkout'
    printf '%s\n' .ci .editorconfig .gitignore LICENSE Makefile README.md cmd common completions \
        examples man test | diff - top
}

@test "the copies pass" {
    sed -i '/#include ".*"/d' cmd/fax-scan.c
    for c in check-deps check-headers check-size; do "$HOUSE/$c" "$T"; done
}

@test "check-deps: a pure folder that looks at a shell folder" {
    echo '#include "tool/io.h"' >>common/g3/g3.h
    fails check-deps common/g3/g3.h
}

@test "check-deps: bytes that looks up, shell folders that know each other" {
    echo '#include "g3/g3.h"' >>common/bytes/buf.c
    fails check-deps common/bytes/buf.c
    cp "$FAXPIPE_ROOT/common/bytes/buf.c" common/bytes/
    echo ' #  include "print/layout.h"' >>common/scan/scale.c
    fails check-deps common/scan/scale.c
}

@test "check-deps: an outside library in another folder, or in cmd" {
    echo '#include <sqlite3.h>' >common/net/planted.c
    fails check-deps sqlite3.h
    rm common/net/planted.c
    echo '#include <tiffio.h>' >>cmd/fax-scan.c
    fails check-deps tiffio.h
}

@test "check-deps: a folder that the house does not have, a path around it" {
    mkdir common/util && echo 'int x;' >common/util/util.c
    fails check-deps common/util
    rm -r common/util
    echo '#include "../common/bytes/buf.h"' >>cmd/fax-scan.c
    fails check-deps '../common'
}

@test "check-headers: no guard, no contract, not alone" {
    sed 's/BYTES_BUF_H/BUF_H/' "$FAXPIPE_ROOT/common/bytes/buf.h" >common/bytes/buf.h
    fails check-headers 'guard is not BYTES_BUF_H'
    cp "$FAXPIPE_ROOT/common/bytes/buf.h" common/bytes/
    sed -i 's/^#endif$/\nvoid buf_secret(struct buf *b);\n#endif/' common/bytes/buf.h
    fails check-headers 'no contract above: void buf_secret'
    cp "$FAXPIPE_ROOT/common/bytes/buf.h" common/bytes/
    printf '/* A contract. */\n#ifndef G3_X_H\n#define G3_X_H\nstruct x { size_t n; };\n#endif\n' >common/g3/x.h
    fails check-headers 'common/g3/x.h: does not compile alone'
    printf '#ifndef G3_X_H\n#define G3_X_H\n#endif\n' >common/g3/x.h
    fails check-headers 'does not begin with its contract'
}

@test "check-size: a long function, a long file, a long line" {
    { echo 'int f(void)'; echo '{'; for _ in $(seq 90); do echo '    ;'; done; echo '}'; } >common/g3/long.c
    fails check-size 'function of'
    yes '' | head -700 >common/g3/long.c
    fails check-size 'has 700 lines'
    printf '/* %098d */\n' 0 >common/g3/long.c
    fails check-size 'common/g3/long.c:1: over 100 columns'
}

# planted C...: the checks see an object of a pure folder made of that source.
planted() {
    rm -rf objects
    mkdir -p objects/g3
    cp -r "$FAXPIPE_ROOT/obj/common/bytes" "$FAXPIPE_ROOT/obj/common/tool" objects/
    printf '%s\n' "$@" | cc -std=c11 -O1 -fPIE -D_GNU_SOURCE -I"$FAXPIPE_ROOT/common" -c -x c -o objects/g3/planted.o -
    run "$HOUSE/check-pure" objects
}

@test "check-pure: calls to the outside, state, and what is allowed" {
    [ -d "$FAXPIPE_ROOT/obj/common" ] || skip "not built in obj/"
    "$HOUSE/check-pure" "$FAXPIPE_ROOT/obj/common"
    planted '#include <string.h>' 'size_t f(const char *s);' 'size_t f(const char *s) { return strlen(s); }'
    expect_status 0
    for call in 'open("/", 0)' 'time(0)' 'getenv("HOME") != 0' 'printf("x")' 'malloc(3) != 0' 'rand()'; do
        planted '#include <fcntl.h>' '#include <stdio.h>' '#include <stdlib.h>' '#include <time.h>' \
            'long f(void);' "long f(void) { return (long)($call); }"
        expect_status 1
        [[ $output == *"planted.o calls"* ]]
    done
    planted '#include "tool/io.h"' 'int f(void);' 'int f(void) { return (int)io_sync(1, 0); }'
    expect_status 1
    [[ $output == *"which is not pure"* ]]
    planted 'int f(void);' 'static int n;' 'int f(void) { return ++n; }'
    expect_status 1
    [[ $output == *"keeps state: n"* ]]
    planted 'int counter = 3;'
    expect_status 1
}
