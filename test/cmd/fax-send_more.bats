# fax-send: later, with a cover page, with a report; and what the connection is kept for.
load ../lib/helper
load ../lib/station
load ../lib/two-stations

setup() {
    scratch
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
}
teardown() { cleanup; }

here() {
    station
    certificate
    receiver --tls-cert tls.pem --tls-key tls.key
    fuser edit 12 --submit "smtp://@127.0.0.1:$PORT"
}

held() { fax-spool list "$1" | awk '{ print $1 }'; }

@test "fax-send --at: waits in the queue, and the line stays closed" {
    here
    fuser edit 12 --check-on-send on
    send_fax page.pbm alice@fax.example
    local soon
    run --separate-stderr fax-send --at '+2 hours' 12 bob@fax.example page.pbm
    expect_status 0
    [[ $stderr == *'in the queue as '*' until '*': bob@fax.example' ]]
    [ -z "$(held 15)" ]
    [ -n "$(held 12)" ]
    fax-queue flush --all
    [ -z "$(held 15)" ]
    soon=$(($(date +%s) + 7100))
    [ "$(fax-queue list --json | sed -n 's/.*"at": \([0-9]*\).*/\1/p')" -gt "$soon" ]
    # A time of day is always one that comes.
    fax-send --at 00:00 12 bob@fax.example page.pbm
    fax-send --at 23:59 12 bob@fax.example page.pbm
    [ "$(fax-queue list --json | grep -o '"state": "[a-z]*"' | sort | uniq -c | tr -s ' ')" = ' 3 "state": "waiting"' ]
    for time in never '2020-01-01' ''; do
        run fax-send --at "$time" 12 bob@fax.example page.pbm
        [ -z "$time" ] || expect_status 64
    done
    run fax-send --at
    expect_status 64
}

@test "fax-send --cover: a page more, in front, and the document as it was" {
    needs pdftotext
    here
    echo 'Please see the second page.' >note.txt
    fax-send --cover -s 'Zwei Pläne' -t note.txt 12 bob@fax.example,alice@fax.example page.pbm
    fax-spool cat 15 "$(held 15)" | b64mime -d >got.tif
    g3tiff -d --pbm --pages 2 got.tif >two.pbm
    cmp two.pbm page.pbm
    [ "$(g3tiff --info got.tif | grep -c .)" = 2 ]
    # What is on it: the same text as fax-scan lays out of a file.
    g3tiff -d --pbm --pages 1 got.tif >one.pbm
    {
        printf 'FAX\n\nTo:       bob@fax.example, alice@fax.example\n'
        printf 'From:     Alice <alice@fax.example>\nDate:     %s\n' "$(date '+%Y-%m-%d %H:%M')"
        printf 'Subject:  Zwei Pläne\nPages:    2, with this one\n\n'
        cat note.txt
    } >cover.txt
    pipe 'fax-scan cover.txt | g3tiff | g3tiff -d --pbm >cover.pbm'
    [ "$(head -c 12 one.pbm)" = "$(head -c 12 cover.pbm)" ]
    # The minute may have changed since.
    python3 - one.pbm cover.pbm <<'PY'
import sys
a, b = (open(f, "rb").read() for f in sys.argv[1:])
assert len(a) == len(b)
assert sum(bin(x ^ y).count("1") for x, y in zip(a, b)) < 2000
PY
}

@test "fax-send --report mail: what became of whom" {
    here
    run fax-send --report mail -s 'Zwei Pläne' 12 bob@fax.example,nobody@fax.example page.pbm
    expect_status 67
    fax-spool cat 12 "$(held 12)" >got
    b64mime --headers got | grep -x 'Subject: Transmission report: Zwei Pläne'
    pipe "b64mime -d --type text/plain got | tr -d '\\r' >report"
    grep -A1 -x 'bob@fax.example: sent' report | grep -q '    250 '
    grep -A1 -x 'nobody@fax.example: failed' report | grep -q '    550 5.1.1 '
    grep -qx 'Pages:    1' report
}

@test "fax-send --report print: on the station's printer, and of what waits, too" {
    needs pdftotext
    here
    fuser edit 12 --submit "smtp://@127.0.0.1:$(free_port)"
    fax-send --report print 12 bob@fax.example page.pbm
    pdftotext -layout paper/*.pdf - >words
    grep -q 'Transmission report' words
    grep -q 'bob@fax.example: put off' words
    grep -q "in the queue as $(basename "$(ls "$FAXPIPE_HOME"/queue/*.mail)" .mail)" words
    run fax-send --report fax 12 bob@fax.example page.pbm
    expect_status 64
}

# there [OPTION]...: the other station's smtp-recv, by which Alice of here sends; her mail waits.
there() {
    needs openssl
    two_stations
    mkdir paper
    echo "printer = $T/paper" >>here/faxpipe.conf
    owe 1
    rm -f port
    FAXPIPE_HOME=$T/there background sh -c 'exec smtp-recv --listen 127.0.0.1:0 --print-port \
        --auth --tls-cert tls.pem --tls-key tls.key -v "$@" >port 2>there.log' sh "$@"
    until_true 10 test -s port
    export FAXPIPE_HOME=$T/here
    fuser edit 12 --login here --submit "smtp://here@localhost:$(tail -1 port | sed 's/.*://')" \
        --check-on-send on --domains here.example --auto-receive on --text-mail on --days 5
}

sends_and_receives() {
    run fax-send 12 bob@there.example page.pbm
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(FAXPIPE_HOME=$T/there fax-spool list 15 | grep -c .)" = 1 ]
}

@test "fax-send: the connection that sent is turned by ATRN, and what came is treated" {
    there --atrn-listen 127.0.0.1:0
    sends_and_receives
    [ "$(fax-spool list 12 | awk '{ print $2 }')" = held ]
    [ "$(FAXPIPE_HOME=$T/there fax-queue list)" = '' ]
    [ "$(grep -c 'C: AUTH' there.log)" -le 1 ]
}

@test "fax-send: by TURN where there is no ATRN" {
    there --turn
    sends_and_receives
    [ "$(fax-spool list 12 | awk '{ print $2 }')" = held ]
}

@test "fax-send: by ETRN where the server only calls" {
    there --etrn
    rm -f port2
    background sh -c 'exec smtp-recv --listen 127.0.0.1:0 --print-port >port2'
    until_true 10 test -s port2
    sed -i "s,^route.here.example = .*,route.here.example = smtp://127.0.0.1:$(sed 's/.*://' port2)," there/faxpipe.conf
    sends_and_receives
    until_true 10 sh -c 'fax-spool list 12 | grep .'
}

@test "fax-send: where the server can do none of it, the mailbox is polled at once" {
    needs python3
    there
    cp "$FAXPIPE_ROOT"/test/lib/fake-mailbox .
    fuser edit 12 --mailbox "pop3://here@127.0.0.1:1"
    sends_and_receives
    [[ $output == *'127.0.0.1'* ]]
    [ -z "$(fax-spool list 12)" ]
}
