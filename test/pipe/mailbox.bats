#!/usr/bin/env bats
# A sealed fax through a real mailbox: every program of the way in and out, and a spool at its end.
load ../lib/helper

setup() {
    scratch
    needs dovecot openssl
    D=$(mktemp -d /tmp/fxd.XXXXXX)
    chmod 755 "$D"
    P=$(python3 - <<'PY'
import socket
for base in range(31000, 60000, 7):
    try:
        for i in range(5):
            s = socket.socket(); s.bind(("127.0.0.1", base + i)); s.close()
    except OSError:
        continue
    print(base); break
PY
)
    background "$FAXPIPE_ROOT/test/lib/start-dovecot" "$D" "$P"
    until_true 10 listening $((P + 4))
    echo secret >pw
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=alice -addext keyUsage=keyEncipherment \
        -addext subjectAltName=email:alice@fax.example \
        -keyout key.pem -out cert.pem 2>/dev/null
    { printf 'P4\n1728 100\n'; head -c 21600 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null; } >page.pbm
    fuser init
    printf 'ca = %s\n' "$D/cert.pem" >>"$FAXPIPE_HOME/faxpipe.conf"
    fuser add 12 --name Alice --address alice@fax.example --login alice \
        --mailbox "imaps://localhost:$((P + 1))" --auto-receive on --days 3 --password-file pw
    fuser encryption set alice@fax.example smime-aes256-gcm --cert cert.pem
}
teardown() {
    cleanup
    rm -rf "$D"
}

@test "scanned, wrapped, sealed, sent by LMTP, polled, opened: the same pels" {
    pipe 'fax-scan page.pbm | g3tiff -o fax.tif'
    b64mime --from bob@fax.example --to alice@fax.example --subject 'a fax' fax.tif >mail
    mime-crypt --to alice@fax.example mail >sealed
    smtp-send --url "lmtp://127.0.0.1:$((P + 4))" -f bob@fax.example alice <sealed
    run -0 --separate-stderr mbox-poll --user 12
    read -r id size from <<<"$output"
    [ "$from" = bob@fax.example ] && [ "$size" -gt 1000 ]
    [ "$(fax-spool take 12)" = "$id" ]
    fax-spool cat 12 "$id" >got
    [ "$(wc -c <got)" -eq "$size" ]
    mime-crypt -d --key key.pem --cert cert.pem got >opened
    pipe 'b64mime -d opened | cmp - fax.tif'
    pipe 'b64mime -d opened | g3tiff -d --pbm | cmp - page.pbm'
    run -1 mbox-poll --user 12 --check
}

@test "three documents over POP3 into a command, which opens each" {
    for n in 1 2 3; do
        b64mime --from bob@fax.example --to alice@fax.example --subject "fax $n" page.pbm --type image/x-portable-bitmap |
            smtp-send --url "lmtp://127.0.0.1:$((P + 4))" -f bob@fax.example alice
    done
    mbox-poll --url "pop3s://alice@localhost:$((P + 3))" --ca "$D/cert.pem" --password-file pw \
        --exec 'sh -c "b64mime -d --type image/x-portable-bitmap | cmp - page.pbm && echo same"' >out
    [ "$(grep -c same out)" -eq 3 ]
    [ -z "$(find "$D/home/alice/Maildir/new" "$D/home/alice/Maildir/cur" -type f)" ]
}
