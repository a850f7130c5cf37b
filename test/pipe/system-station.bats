# A station of the system's, as root in a private mount namespace: what a person may do at it.
# bats file_tags=nosan
load ../lib/helper

setup() {
    scratch
    needs unshare setpriv
    needs_root
    unset FAXPIPE_HOME
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/probe" true >probe.log 2>&1 ||
        skip "no private mount namespace: $(tail -1 probe.log)"
}

teardown() { cleanup; }

# Runs $1 inside, as root under -e, where anna is user 15 and has one mail held: its ID is in id,
# files with the right and a wrong password are in pw and wrong.
inside() {
    printf '%s\n' "$1" >script
    run "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash -eu -o pipefail -c '
        no() { ! "$@"; }
        install -m 755 "$BIN/test/lib/deliver" /usr/local/bin/
        pw=$1/pw wrong=$1/wrong
        echo "tea at five" >"$pw"; echo wrong >"$wrong"
        as faxpipe fuser add 15 --name Anna --login anna --address anna@fax.example --password-fd 3 \
            --auto-receive on 3<"$pw" >/dev/null
        id=$(printf "From: a@b\n\nheld\n" | as faxpipe deliver /var/lib/faxpipe/spool/15)
        as faxpipe fax-spool take 15 >/dev/null
        as faxpipe fax-spool hold --days 3 15 "$id"
        . "$1/script"' sh "$T"
    expect_status 0 || { echo "$output"; return 1; }
}

@test "a person reads and finishes his held mail against his password" {
    inside '
        exec 3<"$pw"; [ "$(as anna fax-spool cat --password-fd 3 15 "$id" | tail -1)" = held ]
        exec 3<"$pw"; as anna fax-spool list --password-fd 3 15 | grep -q "^$id  *held "
        exec 3<"$pw"; as anna fax-spool "done" --password-fd 3 15 "$id"
        [ -z "$(as faxpipe fax-spool list 15)" ]
        as faxpipe fuser journal --user 15 | grep -q "$id"'
}

@test "without it, or with a wrong one, he sees nothing" {
    inside '
        for user in anna bert; do
            exec 3<"$wrong"; s=0; as "$user" fax-spool cat --password-fd 3 15 "$id" >out || s=$?
            [ "$s" -eq 77 ] && [ ! -s out ]
            s=0; as "$user" setsid fax-spool cat 15 "$id" >out </dev/null || s=$?
            [ "$s" -eq 77 ] && [ ! -s out ]
        done
        [ -n "$(as faxpipe fax-spool list 15)" ]'
}

@test "take, hold and due are the owner's, password or not" {
    inside '
        for command in "take 15" "due 15" "hold 15 $id"; do
            exec 3<"$pw"; s=0
            as anna fax-spool --password-fd 3 $command || s=$?
            [ "$s" -eq 77 ]
        done'
}

@test "the spool, the tables and the key are closed to persons" {
    inside '
        h=/var/lib/faxpipe
        for f in "$h/spool/15/cur/$id"* "$h/db/users.db" "$h/key" "$h/state/state.db"; do
            [ -e "$f" ]
            no as anna cat "$f" 2>/dev/null
        done
        for d in spool/15/cur spool/15/new spool/15/tmp db state queue; do
            no as anna ls "$h/$d" 2>/dev/null
            no as anna touch "$h/$d/x" 2>/dev/null
        done
        [ "$(stat -c %a:%U:%G "$h/spool/15/new")" = 2770:faxpipe:faxrecv ]
        [ "$(stat -c %a:%U:%G "$h/spool/15/cur")" = 2770:faxpipe:faxpipe ]
        [ "$(stat -c %a:%U:%G "$h/key")" = 400:faxpipe:faxpipe ]
        [ "$(stat -c %a:%G /usr/local/bin/fax-spool)" = 2755:faxpipe ]
        as faxrecv touch "$h/spool/15/tmp/x"
        no as faxrecv ls "$h/spool/15/cur" 2>/dev/null
        no as faxrecv cat "$h/db/users.db" 2>/dev/null'
}

@test "privileged, it takes neither --config nor FAXPIPE_HOME nor XDG_STATE_HOME" {
    inside '
        as anna mkdir -p trap/spool/15/cur trap/db
        exec 3<"$pw"
        as anna env FAXPIPE_HOME=/home/anna/trap XDG_STATE_HOME=/home/anna \
            fax-spool list --config /nowhere --password-fd 3 15 | grep -q "^$id "'
}

@test "what faxrecv wrote is copied into cur/, of faxpipe alone" {
    inside '
        new=$(printf "From: a@b\n\nnew\n" | as faxrecv deliver /var/lib/faxpipe/spool/15)
        h=/var/lib/faxpipe/spool/15
        [ "$(stat -c %a:%U:%G "$h/new/$new")" = 640:faxrecv:faxrecv ]
        [ "$(as faxpipe fax-spool take 15)" = "$new" ]
        [ "$(stat -c %a:%U:%G "$h/cur/$new")" = 660:faxpipe:faxpipe ]
        [ ! -e "$h/new/$new" ]
        # A link out of the spool is no mail.
        as faxrecv ln -s /etc/shadow "$h/new/1700000000.link"
        [ "$(as faxpipe fax-spool list 15 | wc -l)" -eq 2 ]'
}

@test "many wrong passwords close the door for a while, to the right one too" {
    inside '
        echo "password-tries = 2" >>/var/lib/faxpipe/faxpipe.conf
        for _ in 1 2 3; do
            exec 3<"$wrong"; as anna fax-spool list --password-fd 3 15 2>/dev/null || [ $? -eq 77 ]
        done
        exec 3<"$pw"; s=0; as anna fax-spool list --password-fd 3 15 || s=$?
        [ "$s" -eq 77 ]'
}

@test "fax-print --user: his held fax on paper, through fax-spool, and gone; nobody else's" {
    needs pdftotext
    inside '
        exec 3<"$wrong"; s=0; as bert fax-print --user 15 --password-fd 3 -o bert.pdf || s=$?
        [ "$s" -eq 77 ] && [ ! -e /home/bert/bert.pdf ]
        exec 3<"$pw"; as anna fax-print --user 15 --password-fd 3 --list | grep -q "^$id "
        exec 3<"$pw"; as anna fax-print --user 15 --password-fd 3 -o fax.pdf
        pdftotext /home/anna/fax.pdf - | grep -q held
        [ -z "$(as faxpipe fax-spool list 15)" ]'
}

@test "fax-print --user asks for the password on the terminal" {
    needs expect
    inside '
        cat >/home/anna/ask <<-"END"
		set timeout 20
		spawn fax-print --user 15 -o fax.pdf
		expect "password: " { send "tea at five\r" } timeout { exit 9 }
		expect eof
		exit [lindex [wait] 3]
		END
        as anna expect /home/anna/ask
        [ -s /home/anna/fax.pdf ]
        [ -z "$(as faxpipe fax-spool list 15)" ]'
}
