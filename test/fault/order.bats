# What is acknowledged is on the disk: a crash of the machine between any two system calls loses
# nothing, since the file, then its name, then its directory are synced before anything is said or
# taken away. No kill shows that; the order of the calls does.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station
load ../lib/syscalls

setup() {
    scratch
    needs strace
    printf 'From: a@b.example\nSubject: a\nContent-Type: image/tiff\n\nII*\n' >mail
}

teardown() { cleanup; }

dialogue() { # RECIPIENT...
    printf '%s\r\n' 'EHLO me.example' 'MAIL FROM:<a@b.example>'
    printf 'RCPT TO:<%s>\r\n' "$@"
    printf '%s\r\n' DATA 'Subject: a' '' text . QUIT
}

@test "smtp-recv: file, name and directory before the 250" {
    dialogue x@us.example >session
    traced smtp-recv --hostname us.example --maildir md <session >replies
    in_order '^write\(.*/md/tmp/' '^fsync\(.*/md/tmp/.*= 0' '^link.*md/tmp/.*md/new/.*= 0' \
        '^fsync\(.*/md/new>\) .*= 0' '^unlink.*md/tmp/' '^write\(1.*"250 2.0.0'
}

@test "smtp-recv --listen: file, name and directory before the 250, whether alone or many" {
    mkdir -p md/{tmp,new,cur}
    # Not by `traced`, whose process would be a shell's; and strace hears no signal while it waits.
    strace -qq -y -s 32 -o calls -e trace="$DURABLE" -f smtp-recv --hostname us.example \
        --maildir md --listen 127.0.0.1:0 --print-port >port 2>log 3>&- 4>&- &
    until_true 10 test -s port
    PIDS+=("$(pgrep -P $!)")
    "$BIN/test/lib/smtp-load" "$(sed 's/.*://' port)" 1 2 100 x@us.example
    until_true 5 eval '! ls md/tmp | grep -q .'
    joined
    in_order '^fsync\(.*/md/tmp/.*= 0' '^link.*md/tmp/.*md/new/.*= 0' '^fsync\(.*/md/new>\) .*= 0' \
        '^write\(.*"250 2.0.0' '^fsync\(.*/md/tmp/.*= 0' '^link.*md/tmp/.*md/new/.*= 0' \
        '^fsync\(.*/md/new>\) .*= 0' '^write\(.*"250 2.0.0'
    # No reply is ahead of the syncs, at any time.
    awk '/^link/ { n++ } /^fsync.*new>/ && n { synced += n; n = 0 } /"250 2.0.0/ && ++said > synced { exit 1 }' calls
    [ "$(ls md/new | wc -l)" -eq 2 ]
}

@test "smtp-recv: a maildir of its own making is synced as well" {
    dialogue x@us.example >session
    traced smtp-recv --hostname us.example --maildir md <session >replies
    in_order '^fsync\(.*/md>\) .*= 0' "^fsync\\(.*$T>\\) .*= 0" '^fsync\(.*/md/tmp/' \
        '^write\(1.*"250 2.0.0'
}

@test "smtp-recv: of two users neither gets a name before both have their file" {
    station
    dialogue alice@fax.example bob@fax.example >session
    traced -f smtp-recv <session >replies # a slow disk is waited for in threads
    joined
    for last in 12 15; do
        for first in 12 15; do
            in_order "^fsync\\(.*/$first/tmp/.*= 0" "^link.*/$last/tmp/.*/$last/new/"
        done
        in_order "^link.*/$last/tmp/.*/$last/new/" \
            "^fsync\\(.*/$last/new>" "^unlink.*/$last/tmp/" '^write\(1.*"250 2.0.0'
    done
    for code in 12 15; do
        in_order '^link.*/12/' '^link.*/15/' "^fsync\\(.*/$code/new>" '^unlink.*/12/tmp/'
    done
}

@test "mails of one batch: all files are synced, then all linked, then each directory synced once" {
    mkdir -p {a,b}/{tmp,new,cur}
    traced -f "$BIN/test/lib/deliver" --each a a b <mail >names
    joined
    [ "$(sed -n 's/^\([a-z]*\)(.*/\1/p' calls | tr '\n' ' ')" = \
        'write write write fsync fsync fsync link link link fsync fsync unlink unlink unlink write ' ]
    in_order '^fsync\(.*/b/tmp/' '^link.*"a/tmp' '^link.*"b/tmp/.*= 0' '^fsync\(.*/a/new>' \
        '^fsync\(.*/b/new>' '^unlink' '^write\(1'
    # Side by side on a disk that takes its time, the order is the same.
    mkdir -p {c,d}/{tmp,new,cur}
    traced -f -E LD_PRELOAD="$BIN/test/lib/slow_disk_preload.so" "$BIN/test/lib/deliver" --each c c d d <mail >names
    joined
    [ "$(grep -c '^fsync' calls)" -eq 6 ]
    in_order '^fsync\(.*/tmp/' '^fsync\(.*/tmp/' '^fsync\(.*/tmp/' '^fsync\(.*/tmp/' '^link' '^link' '^link' \
        '^link' '^fsync\(.*/new>' '^fsync\(.*/new>' '^unlink' '^write\(1'
}

@test "smtp-recv: an mbox is synced, and its directory when it is new" {
    dialogue x@us.example >session
    traced smtp-recv --hostname us.example --mbox box <session >replies
    in_order "^fsync\\(.*$T>\\) .*= 0" '^write\(.*/box>' '^fsync\(.*/box>\) .*= 0' \
        '^write\(1.*"250 2.0.0'
}

@test "smtp-recv: what is relayed is in the queue, synced, before the 250" {
    station
    dialogue x@elsewhere.example >session
    traced -f smtp-recv --relay stdin <session >replies
    joined
    in_order '^fsync\(.*/queue/.*\.mail' '^fsync\(.*/queue/.*\.new' '^rename.*\.new".*\.env"' \
        '^fsync\(.*/queue>' '^write\(1.*"250 2.0.0'
}

@test "fax-spool: every step syncs the new name before the old one goes" {
    station
    id=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" <mail)
    traced fax-spool take 15 >out
    in_order "^fsync\\(.*/new/$id>" "^link.*/new/$id\".*/cur/$id\"" '^fsync\(.*/cur>' \
        "^unlink.*/new/$id" '^fsync\(.*/new>' '^write\(1'
    traced fax-spool hold --until 2000000000 15 "$id" >out
    in_order "^link.*/cur/$id\".*/cur/$id,E" '^fsync\(.*/cur>' "^unlink.*/cur/$id\"" \
        '^fsync\(.*/cur>'
    traced fax-spool "done" 15 "$id"
    in_order "^unlink.*/cur/$id,E" '^fsync\(.*/cur>'
}

@test "fax-spool: done takes the new name away first, or a crash would make it arrive again" {
    station
    id=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" <mail)
    # As a take leaves it that was killed after its link.
    ln "$FAXPIPE_HOME/spool/15/new/$id" "$FAXPIPE_HOME/spool/15/cur/$id"
    traced fax-spool "done" 15 "$id"
    in_order "^unlink.*/new/$id" '^fsync\(.*/new>' "^unlink.*/cur/$id" '^fsync\(.*/cur>'
    [ -z "$(fax-spool list 15)" ]
}

@test "fax-spool: what another uid wrote is copied, and the copy synced before it has a name" {
    needs_root
    station
    id=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/15" <mail)
    chown 65534 "$FAXPIPE_HOME/spool/15/new/$id"
    traced fax-spool take 15 >out
    in_order '^fsync\(.*/cur/\.' "^link.*/cur/\\..*/cur/$id\"" '^fsync\(.*/cur>' \
        "^unlink.*/new/$id" '^fsync\(.*/new>' '^write\(1'
    cmp "$FAXPIPE_HOME/spool/15/cur/$id" mail
}

queue_of() { # FATE: a receiver that answers so for bad@, as the station's smarthost
    needs python3
    mkdir station fake
    printf 'rcpt bad@x.example: %s\n' "$1" >fake/plan
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" fake fake/plan
    until_true 10 test -s fake/port
    printf 'hostname = fax.example\nsmarthost = smtp://127.0.0.1:%s\n' "$(cat fake/port)" >station/faxpipe.conf
}

@test "fax-queue: an entry is synced before its ID is printed, and gone before its mail is" {
    queue_of '550 5.1.1 nobody'
    traced fax-queue add -f a@x.example b@x.example <mail >id
    id=$(cat id)
    in_order "^fsync\\(.*/queue/$id.mail>" "^write\\(.*/queue/$id.new>" \
        "^fsync\\(.*/queue/$id.new>" "^rename.*$id.new\".*$id.env\"" '^fsync\(.*/queue>' '^write\(1'
    traced fax-queue flush
    in_order "^unlink.*$id.env" '^fsync\(.*/queue>' "^unlink.*$id.mail"
}

@test "fax-queue: a notice is synced before the entry that it is about ends" {
    queue_of '550 5.1.1 nobody'
    id=$(fax-queue add -f a@x.example bad@x.example <mail)
    traced fax-queue flush
    in_order "^fsync\\(.*/queue/$id-n0-1.mail>" "^fsync\\(.*/queue/$id-n0-1.new>" \
        "^rename.*$id-n0-1.new\".*$id-n0-1.env\"" '^fsync\(.*/queue>' "^unlink.*$id.env" \
        '^fsync\(.*/queue>' "^unlink.*$id.mail"
}

@test "fax-queue: a changed envelope is synced aside before it takes the old one's place" {
    queue_of '450 4.2.1 later'
    id=$(fax-queue add -f a@x.example bad@x.example <mail)
    traced fax-queue flush
    in_order "^fsync\\(.*/queue/$id.new>" "^rename.*$id.new\".*$id.env\"" '^fsync\(.*/queue>'
}

@test "mbox-poll: file, coming, name, directory, seen, and only then the server is asked to delete" {
    needs python3
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
    fuser init
    echo "ca = $T/cert.pem" >>"$FAXPIPE_HOME/faxpipe.conf"
    echo secret >pw
    mkdir box
    for proto in pop3 imap; do
        cp mail box/1.a
        rm -f port
        background "$FAXPIPE_ROOT/test/lib/fake-mailbox" $proto cert.pem key.pem port box good
        until_true 10 test -s port
        fuser add 1 --login $proto --mailbox "${proto}s://alice@localhost:$(cat port)" \
            --auto-receive on --text-mail on --password-file pw
        traced mbox-poll --user 1 >out
        # A transaction is on the disk when its journal has gone.
        in_order '^fsync\(.*/1/tmp/' '^unlink.*state.db-journal"' '^fdatasync\(.*/state>' \
            '^link.*/1/tmp/.*/1/new/' '^fsync\(.*/1/new>' '^unlink.*state.db-journal"' \
            '^fdatasync\(.*/state>' '^sendto\('
        # From the mail's first byte to that, the server hears nothing of us.
        sed -n '/^fsync(.*\/1\/tmp\//,/^unlink.*state.db-journal/p' calls >between
        no grep -q '^sendto(' between
        [ -z "$(ls box)" ]
        fuser remove --purge 1
        cleanup
    done
}
