#!/usr/bin/env bats
# The pure codecs on AArch64, run under qemu: the kernels for NEON give what the scalar ones give,
# and plain C what it gives here.
load ../lib/helper

setup() { scratch; }
teardown() { cleanup; }

# built TEST: test/common/TEST.c with the pure folders, as ./NAME.
built() {
    aarch64-linux-gnu-gcc "${flags[@]}" -static -o "$T/${1//\//_}" "test/common/$1.c" "$T"/*.o
}

# bats test_tags=nosan
@test "cpu, bytes, g3 and base64 pass their tests on AArch64, where NEON's kernels run" {
    needs aarch64-linux-gnu-gcc qemu-aarch64-static
    flags=(-std=c11 -D_GNU_SOURCE -Icommon -Itest/lib -O1 -Wall -Wextra -Werror -Wshadow
        -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef)
    cd "$FAXPIPE_ROOT"
    printf '%s\n' common/{bytes,cpu,g3,base64}/*.c | xargs -P "$(nproc)" -I{} sh -c '
        source=$1; shift
        aarch64-linux-gnu-gcc "$@" -c -o "$T/$(echo "${source%.c}" | tr / _).o" "$source"' \
        sh {} "${flags[@]}"
    tests=(bytes/{buf,span,json,utf8}_test cpu/cpu_test base64/{base64,kernel,property}_test
        g3/{kernel,codec,decode,group}_test)
    for t in "${tests[@]}"; do built "$t"; done
    cd "$T"
    printf '%s\n' "${tests[@]//\//_}" |
        xargs -P "$(nproc)" -I{} sh -c 'timeout 60 qemu-aarch64-static "./$1" >"$1.out" 2>&1' sh {} ||
        { grep -hv '^ok' ./*.out; false; }
    grep -q 'kernel.*neon' base64_kernel_test.out
    grep -q 'kernel.*neon' g3_kernel_test.out
}
