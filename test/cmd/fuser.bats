# fuser: the station, the table, the rules, the journal.
load ../lib/helper

setup() {
    scratch
    umask 022
    fuser init
    printf 'scram-iterations = 4096\n' >"$FAXPIPE_HOME/faxpipe.conf"
    echo wonderland >pw
    echo lion >wrong
}
teardown() { cleanup; }

settings() { printf '%s\n' 'scram-iterations = 4096' "$@" >"$FAXPIPE_HOME/faxpipe.conf"; }

alice() { # OPTIONS
    fuser add 12 --name Alice --login alice --password-file pw "$@"
}

mode() { stat -c %a "$FAXPIPE_HOME/$1"; }

@test "init makes the station with its modes, and is safe to run again" {
    [ "$(mode .)" = 700 ] && [ "$(mode key)" = 400 ] && [ "$(mode db)" = 2750 ]
    [ "$(mode state)" = 2770 ] && [ "$(mode queue)" = 700 ] && [ "$(mode spool)" = 711 ]
    [ "$(mode spool/postmaster)" = 711 ] && [ "$(mode spool/postmaster/new)" = 2770 ]
    [ "$(mode db/users.db)" = 640 ] && [ "$(mode state/state.db)" = 660 ]
    [ "$(stat -c %s "$FAXPIPE_HOME/key")" = 32 ]
    alice
    before=$(cksum <"$FAXPIPE_HOME/key")
    fuser init
    [ "$(cksum <"$FAXPIPE_HOME/key")" = "$before" ]
    fuser verify 12 --password-file pw
    run -0 fuser check
    [ -z "$output" ]
}

@test "check names what differs, and init puts it right" {
    alice
    chmod 755 "$FAXPIPE_HOME/queue" "$FAXPIPE_HOME/spool/12/new"
    run -1 --separate-stderr fuser check
    [ "${#lines[@]}" -eq 2 ]
    [[ $output == *queue:\ mode\ 0755,\ not\ 0700* ]]
    fuser init
    run -0 fuser check
}

@test "check tells a user without a spool, and init makes it" {
    alice
    rm -r "$FAXPIPE_HOME/spool/12"
    run -1 --separate-stderr fuser check
    [ "$output" = 'user 12: no spool/12/new' ]
    fuser init
    run -0 fuser check
}

@test "check tells a password that the key does not open" {
    alice
    rm -f "$FAXPIPE_HOME/key"
    run -0 fuser init
    [[ $output == *'a new key'* ]]
    run -1 --separate-stderr fuser check
    [[ $output == *'user 12: password: sealed by another key'* ]]
}

@test "check tells damaged tables" {
    alice
    dd if=/dev/urandom of="$FAXPIPE_HOME/db/users.db" bs=4096 seek=2 count=3 conv=notrunc status=none
    run fuser check
    [ "$status" -eq 1 ] || [ "$status" -eq 78 ]
    printf 'no tables' >"$FAXPIPE_HOME/db/users.db"
    run -78 fuser list
}

@test "no station is 78 and says what makes one" {
    FAXPIPE_HOME=$T/nowhere run --separate-stderr fuser list
    expect_refusal 78
    [[ $stderr == *'fuser init'* ]]
}

@test "every column goes in by its option and comes out by get, show and list" {
    alice --address alice@fax.example --fax-number '+81 (75) 123-4567' \
        --mailbox pop3s://mail.example --submit smtps://mail.example --auto-receive on \
        --auto-print yes --days 31 --check-on-send on --text-mail on --encrypt on \
        --on-expiry forward --notice mail --keep on --keep-days 9 --printer office \
        --follow alice@away.example --expiry-address alice@home.example --mdn on-print \
        --sealed on --sub-address '12#' --unix-user alice --domains 'A.example, b.example' \
        --language de
    want='code=12 name=Alice address=alice@fax.example fax-number=+81751234567 login=alice
mailbox=pop3s://mail.example submit=smtps://mail.example auto-receive=on auto-print=on days=31
check-on-send=on text-mail=on encrypt=on on-expiry=forward notice=mail keep=on keep-days=9
printer=office follow=alice@away.example expiry-address=alice@home.example mdn=on-print sealed=on
sub-address=12# unix-user=alice language=de'
    for pair in $want; do
        [ "$(fuser get 12 "${pair%%=*}")" = "${pair#*=}" ] || { echo "$pair"; false; }
        fuser show 12 | awk -v k="${pair%%=*}" -v v="${pair#*=}" '$1 == k && $2 == v { n++ } END { exit !n }'
    done
    [ "$(fuser get 12 domains)" = 'a.example b.example' ]
    fuser list --tsv | head -1 | grep -q $'^code\tname\taddress\tfax-number\tlogin\tmailbox\tsubmit\tauto-receive\tauto-print\tdays\t'
    fuser list --json | python3 -c '
import json, sys
user, = json.load(sys.stdin)
assert user["code"] == "12" and user["auto-print"] is True and user["days"] == 31, user'
    fuser list --csv | python3 -c '
import csv, sys
user, = csv.DictReader(sys.stdin)
assert user["name"] == "Alice" and user["keep"] == "on", user'
}

@test "columns that cannot be are 64 with one line, and nothing is stored" {
    for bad in --days=0 --days=32 --days=x --auto-receive=maybe --address=nowhere --mailbox=http://x \
        --mailbox=pop3://u:secret@x --submit=pop3://x --on-expiry=burn --fax-number=abc \
        --notice=fax --mdn=always --follow='a b@c' --name=$'a\nb' --name=$'\xff' --sub-address=x \
        --language='d e' --domains='a b/c' --keep-days=-1; do
        run --separate-stderr fuser add 12 --login alice --password-file pw "$bad"
        expect_refusal 64
        [[ $stderr != *secret* ]]
    done
    for code in '' 12345678901234567 'a b' a/b .. é -- ; do
        run --separate-stderr fuser add "$code" --login x --password-file pw
        expect_status 64
    done
    run -0 fuser list --tsv
    [ "${#lines[@]}" -eq 1 ]
}

@test "on-expiry forward needs to know whereto" {
    run --separate-stderr alice --on-expiry forward
    expect_refusal 64
    alice
    run --separate-stderr fuser edit 12 --on-expiry forward
    expect_refusal 64
    [ "$(fuser get 12 on-expiry)" = print ]
    fuser edit 12 --on-expiry forward --expiry-address b@x.example
}

@test "a code, a log-in ID and a password are required, and nothing is ever asked" {
    run --separate-stderr fuser add --login a --password-file pw </dev/null
    expect_refusal 64
    run --separate-stderr fuser add 12 --password-file pw </dev/null
    expect_refusal 64
    run --separate-stderr fuser add 12 --login a </dev/null
    expect_refusal 64
    : >none
    run --separate-stderr fuser add 12 --login a --password-file none
    expect_refusal 64
    run --separate-stderr fuser add 12 --login a --password-file missing
    expect_refusal 66
    run --separate-stderr fuser passwd 12 </dev/null
    expect_refusal 67
    fuser add 12 --login a --password-fd 7 7<pw
    fuser verify 12 --password-fd 7 7<pw
    [ "$(fuser get 12 name)" = 12 ]
    [ "$(fuser get 12 days)" = 7 ]
}

@test "the same twice is refused with the patent's words" {
    alice
    run --separate-stderr alice
    expect_refusal 1
    [ "$stderr" = 'fuser: add: user code already taken' ]
    run --separate-stderr fuser add 13 --name aLICE --login b --password-file pw
    expect_refusal 1
    [ "$stderr" = 'fuser: add: user name already taken' ]
    run --separate-stderr fuser add 13 --name B --login alice --password-file pw
    expect_refusal 1
}

@test "max-users fills the registration" {
    settings 'max-users = 1'
    alice
    run --separate-stderr fuser add 13 --login b --password-file pw
    expect_refusal 1
    [ "$stderr" = 'fuser: add: user registration filled' ]
}

@test "faxpipe.conf gives new users their address and URLs" {
    settings 'address = %l@fax.example' 'mailbox = pop3s://%l@mail.example' 'submit = smtp://m' \
        'on-expiry = delete'
    alice
    [ "$(fuser get 12 address)" = alice@fax.example ]
    [ "$(fuser get 12 mailbox)" = pop3s://alice@mail.example ]
    [ "$(fuser get 12 submit)" = smtp://m ]
    [ "$(fuser get 12 on-expiry)" = delete ]
    fuser add 13 --login bob --password-file pw --address b@x.example --on-expiry print
    [ "$(fuser get 13 address)" = b@x.example ]
    [ "$(fuser get 13 on-expiry)" = print ]
}

@test "edit changes what is named and nothing else" {
    alice --days 3 --address a@x.example
    fuser edit 12 --auto-receive on --address ''
    [ "$(fuser get 12 days)" = 3 ]
    [ "$(fuser get 12 auto-receive)" = on ]
    [ "$(fuser get 12 address)" = '' ]
    fuser verify 12 --password-file pw
    run -67 fuser edit 99 --days 1
    run -64 fuser edit 12 --days 99
    [ "$(fuser get 12 days)" = 3 ]
}

@test "secrets are not shown" {
    alice
    for field in password smime-key nonsense; do
        run --separate-stderr fuser get 12 $field
        expect_refusal 64
    done
    run -0 grep -c . <(fuser show 12; fuser list --json; fuser export)
    run fuser list --json
    [[ $output != *wonderland* && $output != *SCRAM* ]]
    run fuser export
    [[ $output != *wonderland* && $output != *SCRAM* ]]
}

@test "no password is in the tables as text, or in what -v says, or in ps" {
    run -0 alice -v
    [[ $output != *wonderland* ]]
    run -0 fuser verify 12 --password-file pw -v
    [[ $output != *wonderland* ]]
    run -1 grep -rl wonderland "$FAXPIPE_HOME"
    run -64 fuser add 13 --login b --password wonderland
}

@test "verify says no by 77, counts, journals, and refuses for a while" {
    settings 'password-tries = 3'
    alice
    fuser verify 12 --password-file pw
    for _ in 1 2 3; do
        run --separate-stderr fuser verify 12 --password-file wrong
        expect_refusal 77
        [ "$stderr" = 'fuser: verify: wrong password' ]
    done
    run --separate-stderr fuser verify 12 --password-file pw
    expect_refusal 77
    [[ $stderr == *'too many wrong passwords'* ]]
    [ "$(fuser journal --user 12 --result wrong-password --tsv | sed 1d | wc -l)" -eq 3 ]
    run --separate-stderr fuser verify nobody --password-file pw
    expect_refusal 77
    [ "$stderr" = 'fuser: verify: wrong password' ]
}

@test "a release password set apart stays when the log-in password changes" {
    alice
    echo paper >release
    fuser edit 12 --release-password-file release
    fuser verify 12 --password-file release
    echo new >new
    fuser passwd 12 --password-file new
    : >none
    run -64 fuser passwd 12 --password-file none
    run -77 fuser verify 12 --password-file none
    fuser verify 12 --password-file release
    run -77 fuser verify 12 --password-file new
}

@test "password-command is a column, needs a release password, and is not run by fuser" {
    run --separate-stderr fuser add 12 --login a --password-command 'touch ran'
    expect_refusal 64
    fuser add 12 --login a --password-command 'touch ran' --release-password-file pw
    [ "$(fuser get 12 password-command)" = 'touch ran' ]
    [ ! -e ran ]
    fuser verify 12 --password-file pw
}

@test "remove keeps who has mail, unless told otherwise" {
    alice
    : >"$FAXPIPE_HOME/spool/12/new/1.x"
    run --separate-stderr fuser remove 12
    expect_refusal 1
    fuser get 12 code
    fuser remove 12 --purge
    [ ! -e "$FAXPIPE_HOME/spool/12" ]
    run -67 fuser remove 12
    alice
    fuser remove 12
    [ ! -e "$FAXPIPE_HOME/spool/12" ]
}

@test "sender rules: the most particular row stands over the columns" {
    alice --auto-receive on --auto-print off --text-mail off
    fuser sender set @example.org 12 --auto-print on
    fuser sender set '+49 30 123' 12 --text-mail on
    fuser sender set bad@example.org 12 --refuse
    action() { fuser explain 12 "$@" | sed -n 's/^=> *//p'; }
    [ "$(action)" = hold ]
    [ "$(action --sender a@EXAMPLE.org)" = print ]
    [ "$(action --sender bad@example.org)" = refuse ]
    [ "$(action --sender a@else.org --kind text)" = stay ]
    [ "$(action --sender 'FAX=+4930123@gw.example' --kind text)" = hold ]
    [ "$(fuser sender list 12 --tsv | sed 1d | wc -l)" -eq 3 ]
    fuser sender remove @EXAMPLE.org 12
    run -1 fuser sender remove @example.org 12
    run -67 fuser sender set a@b 99 --refuse
    run -64 fuser sender set a@b 12
    run -64 fuser sender set 'a b' 12 --refuse
    fuser remove 12
    [ "$(fuser sender list --tsv | sed 1d | wc -l)" -eq 0 ]
}

# certificate CERT KEY: a new pair in these two files.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x \
        -addext "subjectAltName=email:${3:-a@b.example},email:x@example.org,email:b@x.example" \
        -keyout "$2" -out "$1" 2>/dev/null
}

@test "a certificate or key that is cut, broken or something else is 65 and not stored" {
    certificate cert key
    fuser add 12 --login alice --password-file pw
    for less in 5 30 90 140; do
        head -c -"$less" cert >cut
        run --separate-stderr fuser encryption set a@b.example smime-aes256-gcm --cert cut
        expect_refusal 65
        run --separate-stderr fuser edit 12 --certificate cut
        expect_refusal 65
        head -c -"$less" key >cut
        run --separate-stderr fuser edit 12 --smime-key cut
        expect_refusal 65
    done
    printf -- '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' >false
    run --separate-stderr fuser encryption set a@b.example smime-aes256-gcm --cert false
    expect_refusal 65
    run --separate-stderr fuser edit 12 --certificate key
    expect_refusal 65
    run --separate-stderr fuser edit 12 --smime-key cert
    expect_refusal 65
    # Nor by the other way in.
    { printf '[encryption a@b.example]\nmethod = smime-aes256-gcm\ncertificate = '
        head -3 cert | sed 's/$/\\n/' | tr -d '\n'; echo; } >text
    run --separate-stderr fuser import text
    expect_refusal 65
    [ -z "$(fuser encryption list | sed 1d)" ]
    fuser encryption set a@b.example smime-aes256-gcm --cert cert
    fuser edit 12 --certificate cert --smime-key key
}

@test "a key and a certificate that are no pair are 77, one that cannot be its recipient's too" {
    certificate cert key
    certificate other wrong
    fuser add 12 --login alice --password-file pw --certificate cert
    run --separate-stderr fuser edit 12 --smime-key wrong
    expect_refusal 77
    fuser edit 12 --smime-key key
    run --separate-stderr fuser edit 12 --certificate other
    expect_refusal 77
    cat other cert >both
    fuser edit 12 --certificate both
    run --separate-stderr fuser add 13 --login bob --password-file pw --certificate cert --smime-key wrong
    expect_refusal 77
    [ "$(fuser get 12 certificate)" = "$(cat both)" ]
    fuser edit 12 --certificate cert
    fuser export --with-secrets all
    sed '/^smime-key/d' all >less
    fuser edit 12 --certificate other --smime-key wrong
    run --separate-stderr fuser import less
    expect_refusal 77
    fuser import all
    # A row for another address than the certificate's; one that is over is only told of.
    fuser encryption set b@x.example smime-aes256-gcm --cert cert
    fuser export >rows
    sed 's/^\[encryption b@x/[encryption c@x/' rows >moved
    run --separate-stderr fuser import moved
    expect_refusal 77
    [[ $stderr == *'not for c@x.example'* ]]
    openssl req -newkey rsa:2048 -nodes -subj /CN=x -keyout old.key -out csr 2>/dev/null
    printf 'subjectAltName=email:b@x.example\n' >ext
    openssl x509 -req -in csr -signkey old.key -days -1 -extfile ext -out old.pem 2>/dev/null
    { printf '[encryption b@x.example]\nmethod = smime-aes256-gcm\ncertificate = '
        awk '{ printf "%s\\n", $0 } END { print "" }' old.pem; } >past
    run -0 --separate-stderr fuser import past
    [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == *'its time is over'* ]]
}

@test "the encryption table" {
    certificate cert key
    fuser encryption set default none
    fuser encryption set @example.org smime-aes256-cbc --cert cert
    run -64 fuser encryption set a@b smime-aes256-gcm
    run -64 fuser encryption set a@b rot13 --cert cert
    run -65 fuser encryption set a@b smime-aes256-gcm --cert pw
    run -66 fuser encryption set a@b smime-aes256-gcm --cert missing
    fuser encryption list --tsv | grep -qx $'@example.org\tsmime-aes256-cbc\ton'
    fuser encryption remove @example.org
    run -1 fuser encryption remove @example.org
}

@test "aliases" {
    fuser alias set staff 'Alice <alice@fax.example>' bob@fax.example
    fuser alias set old new@fax.example --as moved
    fuser alias list --tsv | grep -qx $'staff\tlist\tAlice <alice@fax.example>, bob@fax.example'
    fuser alias list --json | python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 2'
    run -64 fuser alias set x
    run -64 fuser alias set x 'no address'
    run -64 fuser alias set x a@b c@d --as forward
    run -64 fuser alias set x a@b --as nothing
    fuser alias remove STAFF
    run -1 fuser alias remove staff
    alice --address alice@fax.example
    run -1 fuser alias set alice x@y.example
}

@test "the journal takes rows and gives them back filtered" {
    alice
    fuser journal add 12 --id A1 --result printed --sender x@y --pages 3 --note 'one, "two"'
    fuser journal add 12 --id A2 --result held
    run -64 fuser journal add 12 --id A2
    run -67 fuser journal add 99 --result held
    [ "$(fuser journal --tsv | sed 1d | wc -l)" -eq 2 ]
    [ "$(fuser journal --result held --tsv | sed 1d | cut -f 6)" = A2 ]
    [ "$(fuser journal --since @1 --until 2001-01-01 --tsv | sed 1d | wc -l)" -eq 0 ]
    run -64 fuser journal --since yesterday
    fuser journal --csv | python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
assert rows[0]["note"] == "one, \"two\"" and rows[0]["pages"] == "3" and rows[1]["pages"] == "", rows'
    fuser journal --json | python3 -c '
import json, sys
rows = json.load(sys.stdin)
assert rows[0]["pages"] == 3 and rows[1]["pages"] is None and rows[0]["time"] > 10**9, rows'
    fuser journal --report --tsv | grep -qx $'12\tprinted\t1\t3'
}

@test "export and import carry all of it, with secrets only when told" {
    certificate pem key
    printf ' b\\\\ank ends \n' >odd
    fuser add 12 --name 'Zoë Ω' --login alice --password-file odd --address a@x.example --days 3 \
        --certificate pem --smime-key key
    fuser add 13 --login bob --password-file pw --release-password-file wrong
    fuser sender set @x.example 12 --auto-print on
    fuser encryption set b@x.example smime-aes256-gcm --cert pem
    fuser alias set staff 'A <a@x.example>' b@x.example --as list
    fuser export --with-secrets all
    [ "$(stat -c %a all)" = 600 ]
    export FAXPIPE_HOME=$T/other
    fuser init
    fuser import all
    fuser export --with-secrets again
    cmp all again
    fuser verify 12 --password-file odd
    fuser verify 13 --password-file wrong
    [ "$(fuser get 12 certificate)" = "$(cat pem)" ]
    [ -d "$FAXPIPE_HOME/spool/12/new" ]
    fuser check
    fuser export >plain
    run -1 grep -E 'SCRAM|MIIB.*PRIVATE|b\\\\' plain
    FAXPIPE_HOME=$T/third fuser init
    FAXPIPE_HOME=$T/third fuser import plain
    FAXPIPE_HOME=$T/third fuser check
    FAXPIPE_HOME=$T/third run -77 fuser verify 12 --password-file odd
    fuser import plain
    fuser verify 12 --password-file odd
    fuser import - <plain
}

@test "an export that was cut anywhere imports nothing" {
    fuser add 12 --login alice --password-file pw --days 14
    fuser sender set @x.example 12 --auto-print on
    fuser export >whole
    size=$(stat -c %s whole)
    for n in 1 5 17 18 19 40 100 $((size / 2)) $((size - 20)) $((size - 6)) $((size - 1)); do
        head -c "$n" whole >cut
        run --separate-stderr fuser import cut
        expect_refusal 65
    done
    fuser import whole
}

@test "a text with one wrong line imports nothing" {
    for wrong in '[user a b c' $'[user 21]\nlogin = x\ndays = 99' $'[user 21]\nlogin = x\ncode = 3' \
        $'[nothing 1]' $'[user 21]\nlogin = \\q' $'[user 21]\nnonsense' $'[user 21]\nverifier = SCRAM-SHA-1' $'[sender 12 a b]' \
        $'[encryption a@b]' $'[user 21]\nlogin = x\n[sender 99 a@b]\nrefuse = on'; do
        printf '[user 20]\nlogin = carol\n%s\n' "$wrong" >text
        run --separate-stderr fuser import text
        [ "$status" -ne 0 ] && [ -z "$output" ] && [ "${#stderr_lines[@]}" -eq 1 ] || { echo "$wrong: $status $stderr"; false; }
        [[ $stderr == *'line '* ]]
        run -67 fuser get 20 code
    done
    echo 'days = 3' >text # in no section
    run --separate-stderr fuser import text
    expect_refusal 65
    : >empty
    run --separate-stderr fuser import empty
    expect_refusal 65
    head -c 5000 /dev/urandom >random
    run --separate-stderr fuser import random
    expect_refusal 65
    run --separate-stderr fuser import missing
    expect_refusal 66
}

@test "backup is a table that opens, of mode 0600" {
    alice
    fuser backup copy.db
    [ "$(stat -c %a copy.db)" = 600 ]
    mkdir -p other
    cp -a "$FAXPIPE_HOME/." other
    fuser remove 12
    cp copy.db other/db/users.db
    FAXPIPE_HOME=$T/other fuser verify 12 --password-file pw
    run -73 fuser backup "$T/no/such/place"
    [ ! -e "$T/no" ]
}

@test "explain agrees in its three forms and refuses words it does not know" {
    alice --auto-receive on --auto-print off --days 5
    fuser explain 12 | grep -q '^S29  held for 5 days$'
    fuser explain 12 --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["action"] == "hold" and d["days"] == 5 and d["priority"] == 1, d
assert [s["step"] for s in d["steps"] if s["step"]] == ["S21", "S22", "S23", "S24", "S26", "S27", "S29"], d'
    [ "$(fuser explain 12 --spool-full | tail -1)" = '=>   wait' ]
    run -64 fuser explain 12 --kind letter
    run -64 fuser explain 12 --source bought
    run -64 fuser explain 12 --occasion never
    run -67 fuser explain 99
}

@test "wrong command lines are 64 with one line" {
    for words in '' nonsense 'list extra' get 'get 12' 'sender' 'sender nonsense' 'add 1 2' 'list --nonsense' \
        'alias set' 'remove'; do
        # shellcheck disable=SC2086
        run --separate-stderr fuser $words
        expect_refusal 64
    done
    run --separate-stderr fuser list --config missing
    expect_refusal 78
}

@test "a full disk and a closed pipe as stdout" {
    alice
    run -74 bash -c 'fuser list >/dev/full'
    run -74 bash -c 'fuser export >/dev/full'
    run pipe 'for i in $(seq 3000); do fuser list --json; done 2>&1 | head -c 1'
    run bash -c '{ fuser list; echo "status $?" >&2; } 2>&1 >/dev/full'
    [[ $output == *'status 74'* ]]
}

# ---- The terminal ----

# dialogue SCRIPT: expect's script, with the program started as $spawn_id.
dialogue() {
    needs expect
    run expect -c "set timeout 10; log_user 1
proc q {text} {expect -exact \$text {} timeout {puts \"no \$text\"; exit 99} eof {puts \"end at \$text\"; exit 98}}
proc a {text} {send -- \"\$text\\r\"}
spawn -noecho $1
$2
expect eof; catch wait result; exit [lindex \$result 3]"
}

@test "registration on a terminal is FIG. 3 and 4 word for word" {
    settings 'address = %l@fax.example' 'mailbox = pop3://m.example' 'submit = smtp://m.example'
    alice
    dialogue 'fuser add' '
q "log-in ID: "; a bob
q "password: "; a tiger
q "password again: "; a lion
q "invalid password"
q "password: "; a tiger
q "password again: "; a tiger
q "user code: "; a 12
q "user code already taken"
q "user code: "; a 15
q "user name: "; a ALICE
q "user name already taken"
q "user name: "; a Bob
q "automatic reception (on/off): "; a maybe
q "automatic reception (on/off): "; a yes
q "automatic printing (on/off): "; a off
q "days to be saved (1-31): "; a 32
q "days to be saved (1-31): "; a 5
q "check mail on transmission (on/off): "; a y
q "text mail reception (on/off): "; a no
q "encryption (on/off): "; a n
q "another user (y/n): "; a y
q "log-in ID: "; a carol
q "password: "; a x
q "password again: "; a x
q "user code: "; a 16
q "user name: "; a Carol
q "automatic reception (on/off): "; a off
q "check mail on transmission (on/off): "; a off
q "text mail reception (on/off): "; a on
q "encryption (on/off): "; a on
q "another user (y/n): "; a n'
    [[ $output != *tiger* && $output != *lion* ]]
    expect_status 0
    [ "$(fuser list --tsv | sed 1d | cut -f 1,2,3,5,8-13 | tail -2)" = "$(printf '15\tBob\tbob@fax.example\tbob\ton\toff\t5\ton\toff\toff\n16\tCarol\tcarol@fax.example\tcarol\toff\toff\t7\toff\ton\ton')" ]
    echo tiger >tiger
    fuser verify 15 --password-file tiger
}

@test "what faxpipe.conf does not give is asked after encryption" {
    dialogue 'fuser add' '
q "log-in ID: "; a bob
q "password: "; a t
q "password again: "; a t
q "user code: "; a 15
q "user name: "; a Bob
q "automatic reception (on/off): "; a on
q "automatic printing (on/off): "; a on
q "check mail on transmission (on/off): "; a off
q "text mail reception (on/off): "; a off
q "encryption (on/off): "; a off
q "mail address: "; a nonsense
q "mail address: "; a bob@fax.example
q "mailbox URL: "; a "pop3://m.example"
q "submission URL: "; a ""
q "another user (y/n): "; a n'
    expect_status 0
    [ "$(fuser get 15 mailbox)" = pop3://m.example ]
    [ "$(fuser get 15 submit)" = '' ]
}

@test "three different passwords end it with 77, and nothing is stored" {
    dialogue 'fuser add' '
q "log-in ID: "; a bob
q "password: "; a 1
q "password again: "; a 2
q "invalid password"
q "password: "; a 1
q "password again: "; a 2
q "invalid password"
q "password: "; a 1
q "password again: "; a 2
q "invalid password"'
    expect_status 77
    [ "$(fuser list --tsv | sed 1d | wc -l)" -eq 0 ]
}

@test "a full table is said before anything is asked" {
    settings 'max-users = 1'
    alice
    dialogue 'fuser add' 'q "user registration filled"'
    expect_status 1
    [[ $output != *log-in* ]]
}

@test "passwd and verify ask on the terminal, without echo" {
    alice
    dialogue 'fuser passwd 12' '
q "password: "; a tiger
q "password again: "; a tiger'
    expect_status 0
    [[ $output != *tiger* ]]
    dialogue 'fuser verify 12' 'q "password: "; a tiger'
    expect_status 0
    dialogue 'fuser verify 12' 'q "password: "; a lion'
    expect_status 77
    dialogue 'fuser passwd 12' '
q "password: "; a one
q "password again: "; a two
q "invalid password"'
    expect_status 77
}

# ---- psmisc ----

@test "what cannot be ours runs the next fuser on the PATH" {
    mkdir -p one two
    printf '#!/bin/sh\necho "other: $*"\nexit 7\n' >two/fuser
    chmod +x two/fuser
    cp "$(command -v fuser)" one/fuser
    ours=$PWD/one:$PWD/two:/usr/bin:/bin
    for first in -k -v /some/path ./x 80/tcp --kill; do
        run -7 env PATH="$ours" fuser "$first" x
        [ "$output" = "other: $first x" ]
    done
    run -0 env PATH="$ours" fuser --version
    [[ $output == 'fuser (faxpipe)'* ]]
    run --separate-stderr env PATH="$PWD/one:$PWD/one" "$PWD/one/fuser" -k x
    expect_refusal 64
    [[ $stderr == *"faxpipe's fuser"* ]]
    mkdir three
    cp one/fuser three/fuser
    run -7 env PATH="$PWD/one:$PWD/three:$ours" fuser -k
}

@test "postmaster is nobody's code: his part of the spool is the station's" {
    run --separate-stderr fuser add postmaster --login x --password-file pw
    [ "$status" -ne 0 ]
    [ -z "$(fuser list --tsv | sed 1d)" ]
    run --separate-stderr fuser add Postmaster --login x --password-file pw
    [ "$status" -ne 0 ]
}

@test "setting prints what faxpipe.conf says, every domain, and 1 where nothing is set" {
    settings 'domain = a.example' 'domain = b.example' 'hostname = h.example'
    [ "$(fuser setting domain)" = "$(printf 'a.example\nb.example')" ]
    [ "$(fuser setting hostname)" = h.example ]
    run --separate-stderr fuser setting operator
    expect_refusal 1
    run --separate-stderr fuser setting operatr
    expect_refusal 64
    run --separate-stderr fuser setting
    expect_refusal 64
}
