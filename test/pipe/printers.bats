# Real printers: an IPP printer spoken to directly, and behind CUPS.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs ippeveprinter pdfimages pdftotext
    [ -e "$BIN/test/lib/noavahi_preload.so" ] || skip "no shim for ippeveprinter"
    PORT=$(free_port)
    "$FAXPIPE_ROOT/test/lib/start-ipp" "$T/p" "$PORT" || skip "ippeveprinter does not start"
    PIDS+=("$(cat "$T/p/pid")")
    URL=ipp://127.0.0.1:$PORT/ipp/print
    printf 'A letter\nof two lines\n' >letter.txt
}

teardown() {
    cleanup
    [ -n "${CUPS_DIR:-}" ] || return 0
    until_true 10 bash -c "! kill -0 $(cat "$CUPS_DIR/pid")"
    rm -rf "$CUPS_DIR"
}

printed() { find "$T/p/printed" -name '*.pdf' -o -name '*.prn' | head -1; }

@test "an IPP printer gets the PDF, and the job's name" {
    fax-print -P "$URL" --job 'fax 1700000000.M1' letter.txt
    [ -n "$(printed)" ]
    [ "$(pdftotext "$(printed)" - | head -1)" = 'A letter' ]
    grep -q 'IPP_JOB_NAME=fax 1700000000.M1' "$(printed).env"
    grep -q 'CONTENT_TYPE=application/pdf' "$(printed).env"
}

@test "a PDF is printed as it is" {
    fax-print -o one.pdf letter.txt
    fax-print -P "$URL" one.pdf
    cmp one.pdf "$(printed)"
}

@test "copies and paper are told" {
    fax-print -P "$URL" --copies 2 --paper a4 letter.txt
    grep -q 'IPP_COPIES=2' "$(printed).env"
}

@test "an aborted job is 75, and nothing is taken for printed" {
    touch "$T/p/fail"
    run --separate-stderr fax-print -P "$URL" letter.txt
    expect_refusal 75
    [[ $stderr == *"aborted"* ]]
}

@test "a printer that does not end in time is 75, and the job is cancelled" {
    touch "$T/p/hang"
    run --separate-stderr fax-print -P "$URL" --timeout 1 letter.txt
    expect_refusal 75
    rm "$T/p/hang"
}

@test "a dead printer is 75, an unknown host 68, a queue that is not there 69 or 75" {
    kill "$(cat "$T/p/pid")"
    until_true 5 bash -c "! kill -0 $(cat "$T/p/pid")"
    run --separate-stderr fax-print -P "$URL" letter.txt
    expect_refusal 75
    run --separate-stderr fax-print -P ipp://no-such-host.invalid/ipp/print letter.txt
    expect_refusal 68
    run --separate-stderr fax-print -P 'no/such' letter.txt
    expect_refusal 73
    run --separate-stderr fax-print -P 'no such' letter.txt
    expect_refusal 64
    run --separate-stderr fax-print -P http://127.0.0.1/ letter.txt
    expect_refusal 64
}

@test "a printer that takes no PDF is 69" {
    other=$(free_port)
    "$FAXPIPE_ROOT/test/lib/start-ipp" "$T/q" "$other" image/pwg-raster
    PIDS+=("$(cat "$T/q/pid")")
    run --separate-stderr fax-print -P "ipp://127.0.0.1:$other/ipp/print" letter.txt
    expect_refusal 69
}

@test "what cannot be decoded does not reach the printer" {
    head -c 3000 /dev/urandom >noise
    run --separate-stderr fax-print -P "$URL" noise
    expect_refusal 65
    run --separate-stderr fax-print -P "$URL" letter.txt noise
    expect_refusal 65
    [ -z "$(printed)" ]
}

@test "held mail leaves the spool when the printer has it, and not before" {
    station >/dev/null
    printf 'Return-Path: <a@b>\nFrom: a@b\nSubject: hi\n\nheld words\n' |
        "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" >id
    fax-spool hold --days 3 15 "$(cat id)"
    touch "$T/p/fail"
    run --separate-stderr fax-print --user 15 -P "$URL"
    expect_refusal 75
    [[ $(fax-spool list 15) == "$(cat id)"*held* ]]
    rm "$T/p/fail"
    fax-print --user 15 -P "$URL"
    [ -z "$(fax-spool list 15)" ]
    grep -q "IPP_JOB_NAME=fax $(cat id)" "$(printed).env"
    [[ $(pdftotext "$(printed)" -) == *'held words'* ]]
    fuser journal --user 15 --json | grep -q '"printed"'
}

@test "a CUPS queue in front of the printer" {
    needs lpadmin
    cups=$(free_port)
    # Its filters run as another user, who must be able to go there.
    CUPS_DIR=$(mktemp -d /tmp/faxpipe-cups.XXXXXX)
    "$FAXPIPE_ROOT/test/lib/start-cupsd" "$CUPS_DIR" "$cups" || skip "cupsd does not start"
    PIDS+=("$(cat "$CUPS_DIR/pid")")
    export CUPS_SERVER=127.0.0.1:$cups
    lpadmin -p Office -E -v "$URL" -m everywhere
    fax-scan letter.txt >letter.g3
    fax-print -P Office --job 'fax 77' letter.g3
    [ -n "$(printed)" ]
    grep -q 'IPP_JOB_NAME=.*fax 77' "$(printed).env"
    run --separate-stderr fax-print -P Nowhere letter.txt
    expect_refusal 69
    # A queue that is stopped keeps the job, which is no print.
    cupsdisable Office
    run --separate-stderr fax-print -P Office --timeout 2 letter.txt
    expect_refusal 75
    [ -z "$(lpstat -o Office)" ]
}
