#!/usr/bin/env bats
# The files that an administrator copies: each is what the program that reads it takes; and the
# settings' page has exactly the keys that the programs know.
load ../lib/helper

setup() {
    scratch
    E=$FAXPIPE_ROOT/examples
}
teardown() { cleanup; }

# The keys that the programs know; "route." stands for any domain.
known() {
    sed -n '/known\[\] = {/,/};/p' "$FAXPIPE_ROOT/common/tool/conf.c" | grep -oE '"[a-z-]+"' | tr -d '"'
    echo route.
}

@test "faxpipe.conf(5) has exactly the keys that are known" {
    sed -n 's/^\.It Cm route\. Ns .*/route./p; t; s/^\.It Cm \(.*\)/\1/p' "$FAXPIPE_ROOT/man/faxpipe.conf.5" |
        sed '/^\.It/d' | tr -d , | tr ' ' '\n' | grep . | sort >page
    [ "$(wc -l <page)" -gt 20 ]
    known | sort | diff - page
}

@test "every setting is read by a program, or its page says that none does" {
    cd "$FAXPIPE_ROOT"
    for key in $(known); do
        grep -rqE "(conf_[a-z]+\(|set_from\(|\<nth\()[^;]*\"$key\"|setting $key\>" cmd common && continue
        case $key in address | mailbox | submit | on-expiry) # defaults of new users
            grep -q "keys\[\] = {.*\"$key\"" common/store/enrol.c && continue ;;
        route.) grep -q 'route\.%s' common/queue/hop.c && continue ;;
        esac
        sed -n "/^\.It Cm $key\$/,/^\.It/p" man/faxpipe.conf.5 | grep -q 'No program reads it yet' ||
            { echo "$key"; return 1; }
    done
}

@test "every example file is in the list" {
    for f in "$E"/*; do
        f=${f##*/}
        [ "$f" = README.md ] || grep -q "| .*\`$f\`" "$E/README.md" || { echo "$f"; return 1; }
    done
}

@test "faxpipe.conf: a station's settings" {
    fuser init
    [ "$(fuser setting hostname --config "$E/faxpipe.conf")" = fax.example ]
    # New users get their columns from it.
    echo pw >pw
    fuser add 12 --login alice --password-file pw --config "$E/faxpipe.conf"
    [ "$(fuser get 12 address)" = alice@fax.example ]
    [ "$(fuser get 12 mailbox)" = imaps://alice@mail.example ]
}

@test "cron: lines that cron takes, of programs that are installed" {
    [ -z "$(tail -c 1 "$E/cron")" ]
    while read -r line; do
        case $line in '' | '#'*) continue ;; esac
        [[ $line =~ ^([0-9*/,-]+\ ){5}faxpipe\ /usr/local/bin/([a-z-]+)$ ]] || { echo "$line"; false; }
        [ -x "$BIN/${BASH_REMATCH[2]}" ]
    done <"$E/cron"
    [ "$(grep -vc '^#' "$E/cron")" = 1 ]
}

@test "sudoers: visudo takes it" {
    needs visudo
    visudo -cf "$E/sudoers"
}

@test "sudoers: people may run the two wrappers as faxpipe, and nothing else" {
    [ "$(grep -oE '/usr/local/bin/[a-z-]+' "$E/sudoers" | sort -u | tr '\n' ' ')" = \
        '/usr/local/bin/fax-autorecv /usr/local/bin/fax-send ' ]
    no grep -E 'SETENV|root|\(ALL' "$E/sudoers"
}

@test "systemd's units" {
    needs systemd-analyze
    for f in "$E"/faxpipe-smtp.*; do sed "s|/usr/local/bin|$BIN|" "$f" >"$T/${f##*/}"; done
    systemd-analyze verify "$T/faxpipe-smtp.service" "$T/faxpipe-smtp.socket" >said 2>&1 ||
        { grep -q 'Failed to' said && skip "systemd-analyze: $(head -1 said)"; cat said; false; }
    [ ! -s said ]
}

@test "inetd.conf and mailcap: as many fields as there are to be" {
    [ "$(awk '!/^#/ { print NF, $3, $4 }' "$E/inetd.conf")" = '7 tcp nowait' ]
    [ "$(grep -vc '; fax-print .*%s; copiousoutput$' "$E/mailcap")" = 0 ]
    # copiousoutput: through a pager, so that standard output is none of a terminal's.
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
    fax-scan page.pbm >page.g3
    g3tiff page.g3 -o fax.tif
    for f in fax.tif page.g3; do
        command=$(sed -n '1s/^[^;]*; \(.*\); .*/\1/p' "$E/mailcap")
        bash -c "${command//%s/$f}" | grep -q .
    done
}

@test "scan-to-mail: what lies on the scanner reaches the address" {
    sh -n "$E/scan-to-mail"
    fuser init
    echo pw >pw
    fuser add 12 --login alice --address alice@fax.example --password-file pw
    # A scanner of paper, and a line that writes down what is sent.
    mkdir fake
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
    printf '#!/bin/sh\nexec %s/fax-scan %s/page.pbm\n' "$BIN" "$T" >fake/fax-scan
    printf '#!/bin/sh\necho "$*" >%s/args; cat >%s/mail\n' "$T" "$T" >fake/smtp-send
    chmod 755 fake/*
    PATH=$T/fake:$PATH sh "$E/scan-to-mail" 12 bob@fax.example
    [ "$(cat args)" = '--user 12 bob@fax.example' ]
    b64mime --headers mail | grep '^From: .*alice@fax.example'
    pipe 'b64mime -d mail | g3tiff -d --pbm | cmp - page.pbm'
    [ -z "$(ls "$TMPDIR")" ]
    # Paper that jams sends nothing.
    printf '#!/bin/sh\nexit 75\n' >fake/fax-scan
    rm mail
    run env PATH="$T/fake:$PATH" sh "$E/scan-to-mail" 12 bob@fax.example
    expect_status 75
    [ ! -e mail ]
}
