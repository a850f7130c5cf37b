# The whole job at a station of the machine's own, as root in a private mount namespace: mail comes
# in by the separated receiver, root's cron prints and holds it, a person fetches his own against
# his password, and sends through `sudo -u faxpipe`. Nothing differs from the table afterwards.
# bats file_tags=nosan
load ../lib/helper

setup() {
    scratch
    needs unshare setpriv openssl
    needs_root
    unset FAXPIPE_HOME
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/probe" true >probe.log 2>&1 ||
        skip "no private mount namespace: $(tail -1 probe.log)"
}

teardown() { cleanup; }

# Runs $1 inside, as root under -e. Bert is user 12, who prints at once into /var/lib/paper; Anna is
# user 15, whose mail is held. smtp-recv, started by root, listens at PORT; its pid is in clerk.
inside() {
    printf '%s\n' "$1" >script
    run "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash -eu -o pipefail -c '
        no() { ! "$@"; }
        h=/var/lib/faxpipe
        mkdir "$1/inside"
        cd "$1/inside"
        # status N COMMAND...: it ends with N.
        status() { local want=$1 got=0; shift; "$@" || got=$?; [ "$got" = "$want" ] || { echo "$*: status $got, want $want"; return 1; }; }
        install -d -o faxpipe -g faxpipe -m 700 /var/lib/paper
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
            -keyout /var/lib/tls.key -out /var/lib/tls.pem 2>/dev/null
        printf "%s\n" "hostname = fax.example" "domain = fax.example" "printer = /var/lib/paper" \
            "ca = /var/lib/tls.pem" "scram-iterations = 4096" >"$h/faxpipe.conf"
        echo "tea at five" >pw; echo looking-glass >bert; echo wrong >wrong
        as faxpipe fuser add 15 --name Anna --login anna --address anna@fax.example --password-fd 3 \
            --auto-receive on 3<pw
        as faxpipe fuser add 12 --name Bert --login bert --address bert@fax.example --password-fd 3 \
            --auto-receive on --auto-print on 3<bert
        smtp-recv --listen 127.0.0.1:0 --print-port --tls-cert /var/lib/tls.pem --tls-key /var/lib/tls.key \
            >port 2>receiver.log </dev/null &
        master=$!
        trap "kill $master" EXIT
        for _ in $(seq 200); do [ -s port ] && break; sleep 0.05; done
        clerk=$(cut -d" " -f1 "/proc/$master/task/$master/children")
        PORT=$(sed "s/.*://" port)
        { printf "P4\n1728 40\n"; head -c 8640 /dev/zero | tr "\0" "\125"; } >page.pbm
        chmod 644 page.pbm
        fax-scan page.pbm | g3tiff -o fax.tif
        send() { # ADDRESS...: a fax from outside
            b64mime --from carol@else.example --to "$1" --subject Geheim fax.tif |
                as bert smtp-send --url "smtp://127.0.0.1:$PORT" --tls none --from carol@else.example "$@"
        }
        held() { as faxpipe fax-spool list "$1" | grep -w held | cut -d" " -f1; }
        . "$1/script"' sh "$T"
    expect_status 0 || { echo "$output"; return 1; }
}

@test "in by the separated receiver, printed or held by root's cron, fetched by the person" {
    needs pdftotext
    inside '
        # Beside the worker there are the keeper of the TLS key, and who writes on terminals.
        for worker in $(cat "/proc/$clerk/task/$clerk/children"); do
            ! grep -q "^Uid:.64102" "/proc/$worker/status" || break
        done
        grep -q "^Uid:.64101.64101.64101.64101$" "/proc/$clerk/status"
        grep -q "^Uid:.64102.64102.64102.64102$" "/proc/${worker% }/status"
        send bert@fax.example anna@fax.example
        [ "$(stat -c %U:%G:%a $h/spool/15/new/*)" = faxrecv:faxrecv:640 ]
        status 77 fax-autorecv --user 15
        fax-autorecv >out
        grep -q "^12 .*printed .*carol@else.example" out
        grep -q "^15 .*held .*carol@else.example" out
        # Two papers, his fax and her notification: made by faxpipe, not by root.
        [ "$(stat -c %U /var/lib/paper/*.pdf | grep -c "^faxpipe$")" = 2 ]
        for f in /var/lib/paper/*.pdf; do pdftotext "$f" -; done | no grep Geheim
        [ -z "$(find $h/spool/12 $h/spool/15/new $h/spool/15/tmp -type f)" ]
        [ "$(stat -c %U:%G:%a $h/spool/15/cur/*)" = faxpipe:faxpipe:660 ]
        [ "$(find $h ! -user faxpipe ! -name faxpipe.conf | wc -l)" = 0 ]

        id=$(held 15)
        exec 3<wrong; status 77 as anna fax-print --user 15 --password-fd 3 -o fax.pdf
        exec 3<bert; status 77 as bert fax-print --user 15 --password-fd 3 -o fax.pdf
        status 77 as anna setsid -w fax-print --user 15 -o fax.pdf </dev/null
        [ ! -e /home/anna/fax.pdf ] && [ ! -e /home/bert/fax.pdf ] && [ "$(held 15)" = "$id" ]
        exec 3<pw; as anna fax-print --user 15 --password-fd 3 -o fax.pdf
        [ "$(head -c 5 /home/anna/fax.pdf)" = %PDF- ] && [ -z "$(held 15)" ]
        as faxpipe fuser journal --user 15 | grep -q "printed .*$id"
        [ "$(as faxpipe fuser journal --user 15 --result wrong-password --tsv | sed 1d | wc -l)" = 2 ]
        fuser check'
}

@test "sealed to a person: opened by root's cron, held, and released to her password alone" {
    inside '
        fuser key make 15 --type p256 >anna.pem
        [ "$(stat -c %U:%a $h/key)" = faxpipe:400 ]
        b64mime --from carol@else.example --to anna@fax.example --subject Geheim fax.tif |
            mime-crypt --method smime-aes256-gcm --cert anna.pem >sealed
        as bert smtp-send --url "smtp://127.0.0.1:$PORT" --tls none --from carol@else.example \
            anna@fax.example <sealed
        no grep -rq image/tiff $h/spool
        fax-autorecv >out
        grep -q "^15 .*held .*1 .*carol@else.example" out
        [ "$(stat -c %U:%G:%a $h/spool/15/cur/*)" = faxpipe:faxpipe:660 ]
        # The key is not hers to use here, the mail is.
        status 78 as anna mime-crypt -d --user 15 <sealed
        status 77 as anna fax-spool cat 15 "$(held 15)" --password-fd 3 3<wrong
        as anna fax-spool cat 15 "$(held 15)" --password-fd 3 3<pw | b64mime -d | cmp - fax.tif
        as anna fax-print --user 15 --password-fd 3 -o out.pbm --format pbm 3<pw
        [ -s /home/anna/out.pbm ] && [ -z "$(held 15)" ]
        fuser check
    '
}

@test "through sudo: fax-send and fax-autorecv --user ask the person's password" {
    needs expect
    inside '
        as faxpipe fuser edit 15 --submit "smtp://@127.0.0.1:$PORT" --auto-receive off
        through_sudo() { as faxpipe env SUDO_UID=64111 SUDO_USER=anna "$@"; }
        # on_terminal STATUS PASSWORD COMMAND...
        on_terminal() {
            local want=$1 password=$2
            shift 2
            printf "%s\n" "set timeout 20" "spawn -noecho sh -c {$*}" \
                "expect {password: } {send \"$password\\r\"} timeout {exit 9} eof {exit 8}" \
                "expect eof" "exit [lindex [wait] 3]" >ask
            exec 4<ask
            status "$want" through_sudo expect /dev/fd/4 >shown
            exec 4<&-
            no grep -F "$password" shown
        }
        cp page.pbm /var/lib/page.pbm
        on_terminal 77 lion "fax-send 15 bert@fax.example </var/lib/page.pbm"
        exec 3<wrong; status 77 through_sudo fax-send --password-fd 3 15 bert@fax.example <page.pbm
        exec 3<bert; status 77 through_sudo fax-send --password-fd 3 15 bert@fax.example <page.pbm
        [ -z "$(as faxpipe fax-spool list 12)" ]
        on_terminal 0 "tea at five" "fax-send 15 bert@fax.example </var/lib/page.pbm"
        exec 3<pw; through_sudo fax-send --password-fd 3 15 bert@fax.example <page.pbm
        [ "$(as faxpipe fax-spool list 12 | grep -wc new)" = 2 ]
        # Her station, her settings and her files are not what faxpipe may be talked into.
        status 64 through_sudo fax-send 15 bert@fax.example /var/lib/faxpipe/key </dev/null
        status 64 through_sudo fax-autorecv </dev/null
        status 64 through_sudo fax-autorecv --user 15 --config /dev/null </dev/null

        send anna@fax.example
        on_terminal 77 lion "fax-autorecv --user 15"
        exec 3<bert; status 77 through_sudo fax-autorecv --user 15 --password-fd 3
        [ "$(as faxpipe fax-spool list 15 | grep -wc new)" = 1 ]
        on_terminal 0 "tea at five" "fax-autorecv --user 15"
        grep -q "^15 .*printed" shown
        send anna@fax.example
        exec 3<pw; through_sudo fax-autorecv --user 15 --password-fd 3 | grep -q "^15 .*printed"
        [ -z "$(as faxpipe fax-spool list 15)" ]
        fuser check'
}

@test "modes and owners are the table's; what differs is named, and init puts it right" {
    inside '
        send bert@fax.example anna@fax.example
        fax-autorecv >/dev/null
        cat >table <<END
. 711 faxpipe:faxpipe
key 400 faxpipe:faxpipe
db 2750 faxpipe:faxpipe
db/users.db 640 faxpipe:faxpipe
db/12.lock 640 faxpipe:faxpipe
db/15.lock 640 faxpipe:faxpipe
state 2770 faxpipe:faxpipe
state/state.db 660 faxpipe:faxpipe
queue 700 faxpipe:faxpipe
spool 711 faxpipe:faxpipe
END
        for user in 12 15 postmaster; do
            printf "spool/$user%s\n" " 711 faxpipe:faxpipe" "/tmp 2770 faxpipe:faxrecv" \
                "/new 2770 faxpipe:faxrecv" "/cur 2770 faxpipe:faxpipe"
        done >>table
        there() { while read -r path _; do echo "$path $(cd $h && stat -c "%a %U:%G" "$path")"; done <table; }
        diff table <(there)
        fuser check
        chmod 444 $h/key; chmod 755 $h/db $h/spool; chmod 644 $h/db/users.db; chmod 2755 $h/state
        chmod 666 $h/state/state.db; chmod 750 $h/queue; chgrp faxpipe $h/spool/15/new
        chown root $h/spool/12/cur; chmod 2750 $h/spool/15/tmp; chown faxrecv $h/spool/postmaster
        chown root $h/db/users.db
        status 1 fuser check >faults
        cat faults
        for path in key db spool db/users.db state state/state.db queue spool/15/new spool/12/cur \
            spool/15/tmp spool/postmaster; do
            grep -q "$h/$path: " faults
        done
        [ "$(grep -c "db/users.db: " faults)" = 2 ] && [ "$(wc -l <faults)" = 12 ]
        fuser init
        diff table <(there)
        fuser check'
}

@test "what cron's job leaves behind when it is killed, the next one finishes" {
    inside '
        send bert@fax.example
        send bert@fax.example
        fax-autorecv >/dev/null & job=$!
        for _ in $(seq 200); do [ -n "$(find $h/spool/12/cur -type f)" ] && break; sleep 0.02; done
        kill $job 2>/dev/null || :
        wait $job || :
        for _ in $(seq 200); do flock -n $h/db/12.lock true && break; sleep 0.05; done
        fax-autorecv >/dev/null
        [ -z "$(as faxpipe fax-spool list 12)" ]
        [ "$(find /var/lib/paper -name "*.pdf" | wc -l)" -ge 2 ]
        [ "$(as faxpipe fuser journal --user 12 --result printed --tsv | sed 1d | wc -l)" = 2 ]
        fuser check'
}
