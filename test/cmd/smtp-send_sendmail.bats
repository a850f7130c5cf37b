# smtp-send in sendmail's place: for mutt, cron, git send-email, mail and scripts.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    unset NAME
    mkdir -p "$FAXPIPE_HOME"
}
teardown() { cleanup; }

# The settings that a machine would have, so that the call lines need no --url.
settings() {
    printf 'smarthost = %s\nhostname = host.fax.example\ndomain = fax.example\n' "$URL" >settings.conf
    printf '#!/bin/sh\nexec "%s/smtp-send" --config "%s/settings.conf" "$@"\n' "$BIN" "$T" >sendmail
    chmod 755 sendmail
}
fields() { tr -d '\r' <"$1" | sed '/^$/q'; }
body() { tr -d '\r' <"$1" | sed '1,/^$/d'; }

@test "cron: a bare login, a name, a body type, and what it did" {
    fake
    settings
    printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> true\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\n\nGr\303\274\303\237e\n.\nend\n' |
        ./sendmail -i -FCronDaemon -B8BITMIME -oem root
    grep -q '^RCPT TO:<root@fax.example>' fake/log
    [ "$(fields fake/mail.1 | grep -c '^From: ')" -eq 1 ]
    [ "$(fields fake/mail.1 | grep -c '^Date: ')" -eq 1 ]
    fields fake/mail.1 | grep -q '^Message-ID: <[0-9a-f]\{32\}@host.fax.example>$'
    [ "$(body fake/mail.1)" = "$(printf 'Gr\303\274\303\237e\n..\nend')" ]
    # MAILTO may be a list.
    printf 'From: root\nSubject: s\n\nx\n' | ./sendmail -i -FCronDaemon -B8BITMIME -oem 'root, ops@there.example'
    grep -q '^RCPT TO:<ops@there.example>' fake/log
    [ "$(grep -c '^RCPT TO:<root@fax.example>' fake/log)" -eq 2 ]
}

@test "mutt sends by it, with an attachment and a blind copy" {
    needs mutt
    fake
    settings
    head -c 3000 /dev/urandom >data.bin
    cat >muttrc <<END
set sendmail="$T/sendmail -oem -oi"
set from="alice@fax.example" realname="Alice" use_from=yes use_envelope_from=yes
set copy=no record="" postponed="" write_bcc=yes
END
    echo 'hello from mutt' | timeout 30 mutt -n -F muttrc -s 'a subject' -b carol@there.example -a data.bin -- bob@there.example >mutt.log 2>&1 3>&-
    grep -q '^MAIL FROM:<alice@fax.example>' fake/log
    grep -q '^RCPT TO:<bob@there.example>' fake/log
    grep -q '^RCPT TO:<carol@there.example>' fake/log
    no grep -qi carol fake/mail.1
    [ "$(fields fake/mail.1 | grep -ci '^Date: ')" -eq 1 ]
    [ "$(fields fake/mail.1 | grep -ci '^Message-ID: ')" -eq 1 ]
    b64mime -d --type application/octet-stream fake/mail.1 | cmp - data.bin
}

@test "mail and mailx: a header without From, and recipients of the header" {
    fake
    settings
    printf 'To: bob\nSubject: s\nCc: Carol <carol@there.example>\nBcc: dora\n\nx\n' | ./sendmail -i -t
    for to in bob@fax.example carol@there.example dora@fax.example; do
        grep -q "^RCPT TO:<$to>" fake/log || { cat fake/log; return 1; }
    done
    fields fake/mail.1 | grep -q "^From: .*$(id -un)@fax.example"
    no grep -qi dora fake/mail.1
    # Options behind -- and recipients as names would have them.
    printf 'Subject: s\n\nx\n' | ./sendmail -i -r alice -F 'Alice, of the Office' -- bob@there.example
    grep -q '^MAIL FROM:<alice@fax.example>' fake/log
    fields fake/mail.2 | grep -qx 'From: "Alice, of the Office" <alice@fax.example>'
}

@test "git send-email: one recipient after the other, the header left alone" {
    fake
    settings
    printf 'From: Alice <alice@fax.example>\nTo: list@there.example\nSubject: [PATCH] x\nDate: Sat, 21 Nov 2026 22:00:00 +0000\nMessage-Id: <1@git>\nX-Mailer: git-send-email\n\ndiff\n' >m
    ./sendmail -i list@there.example bob@there.example <m
    sed 's/$/\r/' m | cmp - fake/mail.1
    [ "$(grep -c '^RCPT' fake/log)" -eq 2 ]
}

@test "options of old callers that change nothing lose no mail" {
    local -a options=("-em" "-ep" "-G" "-U" "-n" "-m" "-O ErrorMode=m" "-OErrorMode=m -OQueueLFN=x" "-Am"
        "-L tag" "-oee -om -odb" "-oMrDSN")
    fake
    settings
    for o in "${options[@]}"; do
        # shellcheck disable=SC2086
        printf 'Subject: s\n\nx\n' | ./sendmail $o -i bob@there.example || { echo "$o"; return 1; }
    done
    [ "$(grep -c '^RCPT TO:<bob@there.example>' fake/log)" -eq "${#options[@]}" ]
    # One of them is enough to make it a sendmail.
    printf 'Subject: s\n\nx\n' | smtp-send --config settings.conf -G bob
    grep -q '^RCPT TO:<bob@fax.example>' fake/log
}

@test "Resent fields stand for those of the mail" {
    fake
    settings
    printf 'From: a@x\nTo: old@x\nResent-From: b@x\nResent-To: new@x\nResent-Bcc: blind@x\nBcc: oldblind@x\n\nx\n' | ./sendmail -t
    grep -q '^RCPT TO:<new@x>' fake/log
    grep -q '^RCPT TO:<blind@x>' fake/log
    no grep -q 'TO:<old' fake/log
    no grep -qi blind fake/mail.1
}

@test "no header at all, a header that never ends, an mbox line in front" {
    fake
    settings
    printf 'just text\nand more\n' | ./sendmail -i bob@x
    [ "$(body fake/mail.1)" = $'just text\nand more' ]
    fields fake/mail.1 | grep -q '^Date: '
    printf 'Subject: s\nnot a field\n\nx\n' | ./sendmail -i bob@x
    [ "$(body fake/mail.2)" = $'not a field\n\nx' ]
    fields fake/mail.2 | grep -qx 'Subject: s'
    printf 'Subject: only' | ./sendmail -i bob@x
    fields fake/mail.3 | grep -qx 'Subject: only'
    fields fake/mail.3 | grep -q '^Message-ID: '
    printf 'From root Sat Nov 21 22:00:00 2026\nSubject: s\r\n\r\nx\r\n' | ./sendmail -i bob@x
    no grep -q 'From root' fake/mail.4
    tr -d '\r' <fake/mail.4 | sed 's/$/\r/' | cmp - fake/mail.4
}

@test "without sendmail's flags a mail goes as it is" {
    fake
    printf 'Subject: s\n\nx\n' | smtp-send --url "$URL" -f a@x b
    printf 'Subject: s\r\n\r\nx\r\n' | cmp - fake/mail.1
    grep -q '^RCPT TO:<b>' fake/log
}

@test "a link of sendmail's name needs no flag" {
    fake
    mkdir sbin
    ln -s "$BIN/smtp-send" sbin/sendmail
    printf 'smarthost = %s\ndomain = fax.example\n' "$URL" >"$FAXPIPE_HOME/faxpipe.conf"
    printf 'Subject: s\n\nx\n' | sbin/sendmail root
    grep -q '^RCPT TO:<root@fax.example>' fake/log
    fields fake/mail.1 | grep -q '^Message-ID: '
}

@test "DSN by sendmail's letters" {
    fake 'caps: DSN;8BITMIME'
    settings
    printf 'Subject: s\n\nx\n' | ./sendmail -i -f a@x -N failure,delay -R hdrs -V id7 b@x
    grep -q '^MAIL FROM:<a@x> RET=HDRS ENVID=id7' fake/log
    grep -q '^RCPT TO:<b@x> NOTIFY=FAILURE,DELAY' fake/log
}

@test "flags that mean nothing here are taken, those that would mean another thing are not" {
    fake
    settings
    for good in -oi -oem -oee -odi -odb -om -o7 -o8 "-oMrhttp" -bm "-B 7BIT" "-B8bitmime" -v -t; do
        # shellcheck disable=SC2086
        printf 'To: b@x\nSubject: s\n\nx\n' | ./sendmail $good -f a@x b@x 2>/dev/null || { echo "$good"; return 1; }
    done
    n=$(grep -c '^MAIL' fake/log)
    for bad in -oq -oX -bp -bd -bi -bt -bv "-B QP" -h7 -Cfile -p -Xlog; do
        printf 'To: b@x\nSubject: s\n\nx\n' >m
        # shellcheck disable=SC2086
        run --separate-stderr ./sendmail $bad -f a@x b@x <m
        expect_refusal 64 || { echo "$bad"; return 1; }
    done
    [ "$(grep -c '^MAIL' fake/log)" -eq "$n" ]
    run --separate-stderr ./sendmail -bp </dev/null
    [[ "$stderr" == *fax-queue* ]]
}

@test "line ends in what is added: 65, nothing sent" {
    fake
    settings
    printf 'Subject: s\n\nx\n' >m
    run --separate-stderr ./sendmail -i -F $'Eve\nBcc: eve@x' -f a@x b@x <m
    expect_refusal 65
    printf 'From: a@x\nSubject: s\n\nx\n' >first
    run --separate-stderr ./sendmail -i -F $'Eve\nBcc: eve@x' --file first --file m b@x
    expect_refusal 65
    run --separate-stderr ./sendmail -i -f a@x $'b@x\r\nRCPT TO:<eve@x>' <m
    expect_refusal 65
    run --separate-stderr ./sendmail -i -f a@x -V $'id\nx' b@x <m
    expect_refusal 65
    [ ! -s fake/log ]
    NAME=$'Eve\nBcc: eve@x' ./sendmail -i b@x <m
    no grep -q 'Bcc' fake/mail.1
}
