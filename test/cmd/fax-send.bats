load ../lib/helper
load ../lib/station

setup() {
    scratch
    station
    certificate
    receiver --tls-cert tls.pem --tls-key tls.key
    fuser edit 12 --submit "smtp://@127.0.0.1:$PORT"
    # A small page, so that no test waits for a big one.
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
}
teardown() { cleanup; }

held() { fax-spool list "$1" | awk '$2 != "undecodable" { print $1 }'; }

@test "fax-send: unknown option 64, missing operands 64, missing file 66" {
    run fax-send --nonsense
    expect_status 64
    run fax-send 12
    expect_status 64
    run fax-send -s
    expect_status 64
    run fax-send 12 bob@fax.example no-such-file
    expect_status 66
    [ -z "$(held 15)" ]
}

@test "fax-send: an unknown user is 67" {
    run fax-send 99 bob@fax.example page.pbm
    expect_status 67
}

@test "fax-send: a document of two pages reaches two people, with a cover text" {
    echo 'The plans follow.' >note.txt
    cat page.pbm page.pbm >two.pbm
    fax-send -s 'Zwei Pläne' 12 bob@fax.example,alice@fax.example two.pbm -t note.txt
    id=$(held 15)
    fax-spool cat 15 "$id" >got.eml
    [ -n "$(held 12)" ]
    b64mime --headers got.eml | grep -x 'Subject: Zwei Pläne'
    b64mime --headers got.eml | grep '^From: .*Alice.*<alice@fax.example>'
    b64mime -d --text got.eml | grep 'The plans follow'
    pipe 'b64mime -d got.eml | g3tiff -d --pbm >got.pbm'
    cmp two.pbm got.pbm
}

@test "fax-send: standard input is a document too" {
    fax-send 12 bob@fax.example <page.pbm
    [ -n "$(held 15)" ]
}

@test "fax-send: an unknown recipient is 67, the other one gets it" {
    run fax-send 12 bob@fax.example,nobody@fax.example page.pbm
    expect_status 67
    [ -n "$(held 15)" ]
    [ -z "$(fax-queue list)" ]
}

@test "fax-send: a dead server puts the mail into the queue, with its words" {
    fuser edit 12 --submit "smtp://@127.0.0.1:$(free_port)"
    run --separate-stderr fax-send 12 bob@fax.example page.pbm
    expect_status 0
    [[ $stderr == *'in the queue as '*bob@fax.example* ]]
    fax-queue list | grep bob@fax.example
    fuser edit 12 --submit "smtp://@127.0.0.1:$PORT"
    fax-queue flush --all
    [ -z "$(fax-queue list)" ]
    [ -n "$(held 15)" ]
}

@test "fax-send: notices of delivery are asked for, and the queue asks for them too" {
    needs python3
    mkdir fake && echo 'caps: 8BITMIME;DSN;PIPELINING' >fake/plan
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" fake fake/plan
    until_true 10 test -s fake/port
    fuser edit 12 --submit "smtp://@127.0.0.1:$(cat fake/port)"
    fax-send --dsn 12 bob@fax.example page.pbm
    grep -q '^RCPT TO:<bob@fax.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob@fax.example' fake/log
    fuser edit 12 --submit "smtp://@127.0.0.1:$(free_port)"
    fax-send --dsn 12 bob@fax.example page.pbm
    grep -qx 'notify success,failure,delay' "$FAXPIPE_HOME"/queue/*.env
}

@test "fax-send: with encryption on, no row for one recipient means nothing for any" {
    fuser edit 12 --encrypt on
    fuser encryption set bob@fax.example none
    run fax-send 12 bob@fax.example,alice@fax.example page.pbm
    expect_status 78
    [ -z "$(held 15)" ]
    fuser encryption set default none
    fax-send 12 bob@fax.example,alice@fax.example page.pbm
    [ -n "$(held 15)" ]
}

@test "fax-send: sealed for its recipient, and opened with his key" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bob -keyout bob.key -out bob.pem \
        -addext subjectAltName=email:bob@fax.example -addext keyUsage=keyEncipherment 2>/dev/null
    fuser edit 12 --encrypt on
    fuser encryption set bob@fax.example smime-aes256-gcm --cert bob.pem
    fax-send 12 bob@fax.example page.pbm
    fax-spool cat 15 "$(held 15)" >got.eml
    run b64mime -d got.eml
    expect_status 1
    pipe 'mime-crypt -d --key bob.key --cert bob.pem got.eml | b64mime -d | g3tiff -d --pbm >got.pbm'
    cmp page.pbm got.pbm
}

@test "fax-send: a wrong password is 77 and sends nothing" {
    run fax-send --password-fd 3 12 bob@fax.example page.pbm 3<<<wrong
    expect_status 77
    [ -z "$(held 15)" ]
    fax-send --password-fd 3 12 bob@fax.example page.pbm 3<alice.pw
    [ -n "$(held 15)" ]
}

@test "fax-send: through sudo a password is asked and no file is read" {
    SUDO_UID=1000 run fax-send 12 bob@fax.example page.pbm
    expect_status 64
    SUDO_UID=1000 run fax-send -t bob.pw 12 bob@fax.example <page.pbm
    expect_status 64
    SUDO_UID=1000 run setsid -w fax-send 12 bob@fax.example <page.pbm
    expect_status 77
    [ -z "$(held 15)" ]
    SUDO_UID=1000 fax-send --password-fd 3 12 bob@fax.example <page.pbm 3<alice.pw
    [ -n "$(held 15)" ]
}

@test "fax-send: check-on-send treats what has come meanwhile" {
    fuser edit 12 --check-on-send on
    send_fax page.pbm alice@fax.example
    [ -n "$(held 12)" ]
    run fax-send 12 bob@fax.example page.pbm
    expect_status 0
    [[ $output == *printed* ]]
    [ -z "$(held 12)" ]
    [ "$(find paper -name '*.pdf' | wc -l)" = 1 ]
}

@test "fax-send: no header can be smuggled in" {
    run fax-send -s $'x\nBcc: eve@fax.example' 12 bob@fax.example page.pbm
    expect_status 65
    [ -z "$(held 15)" ]
}

@test "fax-send: leaves no temporary file behind" {
    fax-send 12 bob@fax.example page.pbm
    run fax-send 12 bob@fax.example no-such-file
    [ -z "$(find "$TMPDIR" -mindepth 1)" ]
}

# ---- FIG. 6, S48 and S49: what has come meanwhile ----

@test "fax-send: check-on-send off leaves what has come where it is" {
    send_fax page.pbm alice@fax.example
    run fax-send 12 bob@fax.example page.pbm
    expect_status 0
    [ -z "$output" ]
    [ "$(fax-spool list 12 | awk '{ print $2 }')" = new ]
}

@test "fax-send: who prints not at once has held what has come meanwhile" {
    fuser edit 12 --check-on-send on --auto-print off --notice none
    send_fax page.pbm alice@fax.example
    run fax-send 12 bob@fax.example page.pbm
    expect_status 0
    [[ $output == *held* ]]
    [ -z "$(find paper -name '*.pdf')" ]
}

@test "fax-send: without automatic reception what has come is printed at once, but no text" {
    fuser edit 12 --check-on-send on --auto-receive off --auto-print off
    send_fax page.pbm alice@fax.example
    printf 'From: c@else.example\nSubject: words\n\nOnly words.\n' |
        smtp-send --url "smtp://127.0.0.1:$PORT" --tls none --from c@else.example alice@fax.example
    run fax-send 12 bob@fax.example page.pbm
    expect_status 0
    [ "$(grep -c printed <<<"$output")" = 1 ]
    [ "$(fax-spool list 12 | awk '{ print $2 }')" = new ]
    [ "$(find paper -name '*.pdf' | wc -l)" = 1 ]
}

@test "fax-send: a check that fails is told, and the mail is sent all the same" {
    fuser edit 12 --check-on-send on --mailbox "pop3://127.0.0.1:$(free_port)"
    run --separate-stderr fax-send 12 bob@fax.example page.pbm
    expect_status 0
    [[ $stderr == *'mail was not looked for: fax-autorecv ended with status 75'* ]]
    [ -n "$(held 15)" ]
}

@test "fax-send: the table's own words: the default row none sends in clear, another row does not" {
    fuser edit 12 --encrypt on
    run fax-send 12 bob@fax.example page.pbm
    expect_status 78
    [ -z "$(held 15)$(fax-queue list)" ]
    fuser encryption set default none
    fax-send 12 bob@fax.example page.pbm
    fax-spool cat 15 "$(held 15)" | grep -q 'image/tiff'
}
