load ../lib/helper

# Small files that claim much: refused, or read in time and memory that the file's size bounds.
# Every program that reads faxes has five seconds of processor for each.
setup() {
    scratch
    mkdir bombs
    (cd bombs && python3 "$FAXPIPE_ROOT/test/lib/bombs.py")
}

teardown() {
    cleanup
}

# all_bounded COMMAND...: with each bomb behind it ends by itself, with 65 or a small output.
all_bounded() {
    local bomb status size
    for bomb in bombs/*; do
        status=0
        size=$( ulimit -t 5; "$@" "$bomb" 2>err | head -c 300M | wc -c; exit "${PIPESTATUS[0]}" ) || status=$?
        case $status in
        0 | 65) ;;
        *) echo "$* $bomb: status $status, $size bytes"; head -3 err; return 1 ;;
        esac
        [ "$size" -lt 300000000 ] || { echo "$* $bomb: $size bytes"; return 1; }
    done
}

# The sanitizers reserve terabytes of addresses.
limited() { ( ulimit -v 700000; "$@" ); }

@test "g3tiff: what is claimed beyond the file's size is refused at once" {
    for name in directories shared-white strips-shared owed500 packbits-shared \
        deflate-shared foreign-strips turned-shared twice; do
        run --separate-stderr g3tiff --info "bombs/$name.tif"
        expect_refusal 65 || { echo "$name"; return 1; }
    done
    # Tall, and honest: a bit a row.
    run g3tiff --info bombs/tall.tif
    expect_status 0
    [[ $output == *"1728 x 300000"* ]]
}

# bats test_tags=nosan
@test "g3tiff: no bomb takes long or much" {
    all_bounded limited g3tiff -q --info
    all_bounded limited g3tiff -q --check f
    all_bounded limited g3tiff -q -d --pbm
}

# bats test_tags=nosan
@test "fax-print and fax-scan: no bomb takes long or much" {
    all_bounded limited fax-print -q -o out.pdf
    all_bounded limited fax-scan -q
}
