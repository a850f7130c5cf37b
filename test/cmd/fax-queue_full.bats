# What a run of the queue does where it cannot write down what it did: a full disk is a directory that
# stands where the file would.
load ../lib/helper
load ../lib/queue

setup() {
    scratch
    needs python3
    mkdir station
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nThe body\n' >mail.eml
    fake 'rcpt later@x: 450 4.2.0 later' 'rcpt bad@x: 550 5.1.1 nobody'
}
teardown() { cleanup; }

times() { grep -c "^RCPT TO:<$1>" fake/log || :; }

waiting() { sed -n 's/^to //p' "station/queue/$ID.env"; }

@test "who was sent his mail is not sent it again when a notice cannot be made" {
    add good@x later@x bad@x
    mkdir "station/queue/$ID-n0-3.mail"
    run -73 fax-queue flush
    [ "$(times good@x)" -eq 1 ]
    # Of whom a notice is owed he stays, and it is made when there is room.
    [ "$(waiting)" = $'later@x\nbad@x' ]
    [ -z "$(ls station/queue/*-n*.env 2>/dev/null)" ]
    fax-queue flush --all
    [ "$(times good@x)" -eq 1 ]
    [ "$(waiting)" = later@x ]
    grep -q '^Final-Recipient: rfc822; bad@x' station/queue/"$ID"-n*.mail
}

@test "a notice of delay that cannot be made keeps nobody else's fate from being written down" {
    add --dsn failure,delay good@x later@x bad@x
    sed -i "s/^created .*/created $(($(date +%s) - 20000))/" "station/queue/$ID.env"
    mkdir "station/queue/$ID-d0-3.mail"
    run -73 fax-queue flush
    [ "$(waiting)" = later@x ]
    no grep -q '^told' "station/queue/$ID.env"
    grep -q '^Final-Recipient: rfc822; bad@x' "station/queue/$ID-n0-3.mail"
    fax-queue flush --all
    grep -q '^told' "station/queue/$ID.env"
    grep -q '^Action: delayed' station/queue/"$ID"-d*.mail
}

@test "where the fates of several could not be written down none of them is tried" {
    add good@x later@x
    mkdir "station/queue/$ID.new"
    run -73 --separate-stderr fax-queue flush
    [ ! -s fake/log ]
    [ "$(waiting)" = $'good@x\nlater@x' ]
    # One alone needs no room to leave.
    rmdir "station/queue/$ID.new"
    fax-queue remove "$ID"
    add good@x
    mkdir "station/queue/$ID.new"
    fax-queue flush
    [ "$(times good@x)" -eq 1 ]
    [ ! -e "station/queue/$ID.env" ]
}

@test "what was reserved for replies is not left behind" {
    add good@x other@x
    fax-queue flush
    [ -z "$(find station/queue -name '*.new')" ]
    add good@x later@x
    fax-queue flush
    [ -z "$(find station/queue -name '*.new')" ]
    no grep -q -P '\0' "station/queue/$ID.env"
}

# A run killed behind the notice and before the envelope: the old envelope is there, and the notice.
killed_between() {
    cp "station/queue/$ID.env" before
    fax-queue flush
    cp before "station/queue/$ID.env"
}

@test "a notice whose run was killed before the envelope told of it is sent once, not twice" {
    add bad@x later@x
    killed_between
    # The mail has a hop of its own: the notice could well be faster.
    printf 'route.x = smtp://localhost:%s\n' "${URL##*:}" >>station/faxpipe.conf
    fax-queue flush --domain fax.example
    [ "$(times alice@fax.example)" -eq 0 ]
    fax-queue flush
    [ "$(waiting)" = later@x ]
    fax-queue flush
    fax-queue flush --all
    [ "$(times alice@fax.example)" -eq 1 ]
}

@test "the notice of a try made once more tells of those whom only that one refused" {
    add bad@x later@x
    killed_between
    fake_smtp 'rcpt later@x: 550 5.2.1 never' 'rcpt bad@x: 550 5.1.1 nobody'
    conf
    fax-queue flush --all
    [ ! -e "station/queue/$ID.env" ]
    grep -q '^Final-Recipient: rfc822; bad@x' station/queue/"$ID"-n*.mail
    grep -q '^Final-Recipient: rfc822; later@x' station/queue/"$ID"-n*.mail
    fax-queue flush
    [ "$(times alice@fax.example)" -eq 1 ]
}
