#!/bin/sh
# fax-autorecv: FIG. 5 of EP 0 881 816, once for every user: look for his mail, and print, hold,
# pass on or leave each one as his row of the table says; then what is due, then the queue.
# A mail is taken, treated and finished in steps that each survive being killed and repeated
# (fax-spool); which step it is is asked of `fuser explain`, so that what is explained is done.
set -uf # words of a listing are split, and nothing is a pattern
umask 077
self=fax-autorecv
# Names are other people's: no byte of them that a terminal would obey.
say() {
    printf '%s: %s\n' "$self" "$*" | LC_ALL=C tr '\000-\011\013-\037\177' '?' |
        LC_ALL=C sed -z 's/\o302[\o200-\o237]/?/g; s/\n\(.\)/?\1/g' |
        LC_ALL=C cut -b 1-1400 >&2
}
die() { code=$1; shift; say "$*"; exit "$code"; }
# What is closed is opened so that its use fails, as the programs do: the next file is not it.
{ true 8<&0; } 2>/dev/null || exec 0>/dev/null
{ true 8>&1; } 2>/dev/null || exec 1</dev/null
lost=''
put() { # TEXT on stdout: 74 and a word where that is lost, 141 where its reader has gone
    [ -z "$lost" ] || return "$lost"
    { words=$(printf '%s\n' "$1" | LC_ALL=C cat 2>&1 >&8); } 8>&1 && return
    lost=$?
    case $lost:$words in
    141:* | *'Broken pipe'*) lost=141 ;;
    *) lost=74; say "stdout: ${words##*: }" ;;
    esac
    return "$lost"
}

options() {
    cat <<'TABLE'
	--user	CODE	manual reception: only this user
	--sent		with --user: reception right after sending, as his check-on-send says
	--dry-run		say what would be done with what is in the spool
	--json		an object a line
	--password-fd	N	read the user's password from descriptor N
	--config	FILE	read settings from FILE
-q	--quiet		no warnings
-v	--verbose		say what is done
	--help		show this help
	--usage		show a short form of it
	--version		show the version
TABLE
}
usage_line='Usage: fax-autorecv [--user CODE]... [--dry-run] [OPTION...]'
help() {
    printf '%s\n\n' "$usage_line"
    options | awk -F '\t' '{
        o = ($1 == "" ? "    " : $1 ", ") $2 ($3 == "" ? "" : "=" $3)
        printf "  %-28s %s\n", o, $4 }'
}

# The programs this is made of lie beside it; cron's PATH is short.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 71
PATH=$here:${PATH:-/usr/local/bin:/usr/bin:/bin}
export PATH

only='' sent='' dry='' json='' fd='' config='' quiet='' verbose=''
take_value() { # the value of option $1: from --long=value or the next argument
    case $1 in --*=*) value=${1#*=} used=1; return ;; esac
    [ $# -ge 2 ] || die 64 "$1: missing argument"
    value=$2 used=2
}
while [ $# -gt 0 ]; do
    used=1
    case $1 in
    --user | --user=*)
        take_value "$@"
        case $value in '' | *[!A-Za-z0-9_-]*) die 64 "$value: not a user code" ;; esac
        only="$only $value" ;;
    --password-fd | --password-fd=*) take_value "$@"; fd=$value ;;
    --config | --config=*) take_value "$@"; config=$value ;;
    --sent) sent=1 ;;
    --dry-run) dry=1 ;;
    --json) json=1 ;;
    -q | --quiet) quiet=1 ;;
    -v | --verbose) verbose=1 ;;
    --help) put "$(help)"; exit ;;
    --usage) put "$usage_line"; exit ;;
    --version) put "$(g3tiff --version | sed "s/^[^ ]*/$self/")"; exit ;;
    --list-options) put "$(options | cut -f 1-3)"; exit ;;
    -?*) die 64 "$1: unknown option" ;;
    *) die 64 "$1: unexpected operand" ;;
    esac
    shift "$used"
done
[ "${SUDO_UID:-0}" = 0 ] || [ -z "$config" ] || die 64 "through sudo there is no --config"
[ "${SUDO_UID:-0}" = 0 ] || [ -n "$only" ] || die 64 "through sudo there must be --user"
[ -z "$fd$sent" ] || [ -n "$only" ] || die 64 "--password-fd and --sent go with --user"

# The station's home, found as every program finds it (faxpipe(7)); root becomes its owner.
home=${FAXPIPE_HOME:-}
[ -n "$home" ] || [ ! -d /var/lib/faxpipe ] || home=/var/lib/faxpipe
[ -n "$home" ] || home=${XDG_STATE_HOME:-${HOME:-/}/.local/state}/faxpipe
[ -d "$home" ] || die 78 "no station in $home: \`fuser init\` makes one"
owner=$(stat -c %u "$home") || exit 78
if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
    [ -z "$fd$sent$dry$json$config$quiet$verbose$only" ] ||
        die 77 "as root it takes no options: run it as $(stat -c %U "$home")"
    unset TMPDIR # root's own
    exec setpriv --reuid "$owner" --regid "$(stat -c %g "$home")" --init-groups -- "$0"
fi

# A program of ours, with the options that all of them share (fuser's stand behind its command).
# It runs beside the shell, which would otherwise hear of a signal only when it has ended.
run() {
    [ -z "$verbose" ] || say "$*"
    case $1 in fuser) program="$1 $2"; shift ;; *) program=$1 ;; esac
    shift
    # shellcheck disable=SC2086
    { $program ${config:+--config "$config"} ${quiet:+-q} "$@" <&8 8<&- & } 8<&0
    child=$!
    wait "$child"
    set -- $?
    child=''
    return "$1"
}
child=''
stop() { # STATUS, and with it what is running
    trap '' HUP INT TERM
    [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
    exit "$1"
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/fax-autorecv.XXXXXX" 2>/dev/null) ||
    die 73 "${TMPDIR:-/tmp}: a directory cannot be made in it"
trap 'rm -rf "$tmp"' EXIT
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM

status=0
worse() { # of statuses; a program that is not there is 69
    case $1 in 126 | 127) set -- 69 ;; esac
    [ "$1" -le "$status" ] || status=$1
}

json_text() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# One line for people or one object for programs: what became of a mail.
told() { # RESULT
    # That nobody hears of it stops nothing.
    if [ -n "$json" ]; then
        put "$(printf '{"user": "%s", "id": "%s", "result": "%s", "pages": %s, "sender": "%s"}' \
            "$code" "$(json_text "$id")" "$1" "$pages" "$(json_text "$sender")")"
    else
        put "$(printf '%-8s %-22s %3s  %-28s %s' "$code" "$1" "$pages" "$sender" "$id")"
    fi || worse $?
}

# What the decision needs to know of $tmp/mail: its sender, its kind, its pages.
look() {
    # Of what a stranger wrote only text is left: UTF-8, and no byte that a terminal would obey.
    run b64mime --headers "$tmp/mail" 2>/dev/null | iconv -c -f UTF-8 -t UTF-8 2>/dev/null |
        LC_ALL=C sed 's/\o302[\o200-\o237]//g' |
        LC_ALL=C tr -d '\000-\011\013-\037\177' >"$tmp/headers"
    sender=$(sed -n 's/^[Ff][Rr][Oo][Mm]: *//p' "$tmp/headers" | sed 's/.*<\([^<>]*\)>.*/\1/; s/ *(.*)//; 1q')
    run b64mime --list --json "$tmp/mail" >"$tmp/list" 2>/dev/null || :
    pages=$(grep -o '"pages": [0-9]*' "$tmp/list" | awk '{ n += $2 } END { print n + 0 }')
    kind=$(run b64mime --kind "$tmp/mail" 2>/dev/null) || kind=mixed
}

setting() { run fuser setting "$1" 2>/dev/null; } # KEY of faxpipe.conf; domain: a line each

# FIELD of the user's row. The postmaster has none: whoever looks after the station is meant.
column() {
    case $code:$1 in
    postmaster:notice) echo print ;;
    postmaster:follow) operator ;;
    postmaster:*) ;;
    *) run fuser get "$code" "$1" ;;
    esac
}

# The operator's address; not where it is our own postmaster's, whose mail would come back.
operator() {
    address=$(setting operator) || return
    case $address in
    [Pp][Oo][Ss][Tt][Mm][Aa][Ss][Tt][Ee][Rr]@*)
        { setting domain; setting hostname; } | grep -qixF -- "${address#*@}" && return 1 ;;
    *@*) ;;
    *) return 1 ;;
    esac
    echo "$address"
}

explained() { # FIELD of the decision
    sed -n 's/.*"'"$1"'": "\{0,1\}\([a-z0-9]*\).*/\1/p' "$tmp/decision"
}

# Prints $tmp/mail as the user's row or the station's settings say. 65: it cannot be decoded.
printed() {
    printer=$(column printer) || return
    run fax-print --job "fax $id" ${printer:+-P "$printer"} "$tmp/mail"
}

take() { [ -n "$held" ] || run fax-spool take "$code" "$id" --lock-fd 9 >/dev/null; }

# A mail that went out of the spool, or was held: only then it is told.
finish() { # RESULT
    run fax-spool "done" "$code" "$id" --result "$1" --pages "$pages" || { worse $?; return 1; }
    told "$1"
}

hold() { # RESULT [OPTION]
    result=$1
    shift
    # What was opened is held opened, since who releases it with his password cannot get at the key.
    [ "$result" = undecodable ] || set -- "$@" ${opened:+--opened}
    run fax-spool hold "$code" "$id" ${days:+--days "$days"} "$@" <"$tmp/mail" ||
        { worse $?; return; }
    told "$result"
    announce
}

# A mail of the station's own with the text on standard input, into the queue.
write_to() { # ADDRESS SUBJECT
    host=$(setting hostname) || host=${1#*@}
    run b64mime --from "postmaster@$host" --to "$1" --subject "$2" --text - >"$tmp/letter" &&
        run fax-queue add -f '' -- "$1" <"$tmp/letter" >/dev/null
}

# The reception notification: printed, mailed or neither. That it failed is told, and the mail is
# held all the same.
announce() {
    case $(column notice) in
    print)
        printer=$(column printer)
        run fax-print --notice --for "$code" --id "$id" --job "fax notice $id" \
            ${printer:+-P "$printer"} "$tmp/mail" ;;
    mail)
        run fax-print --notice --for "$code" --id "$id" --format text -o "$tmp/notice" "$tmp/mail" &&
            write_to "$(column address)" 'A fax is held for you' <"$tmp/notice" ;;
    *) : ;;
    esac || { worse $?; say "$code: $id: the notification failed"; }
}

journal() { # RESULT [NOTE]
    run fuser journal add "$code" --id "$id" --sender "$sender" --pages "$pages" --result "$1" \
        --note "${2:-}" || worse $?
}
rows() { # RESULT: how many the journal has of this mail
    run fuser journal --user "$code" --result "$1" --tsv |
        id=$id awk -F '\t' 'NR > 1 && $6 == ENVIRON["id"] { n++ } END { print n + 0 }'
}

# The journal counts the tries; when they are too many the operator is told, once.
not_printed() { # STATUS
    worse "$1"
    say "$code: $id: not printed, tried again at the next run"
    [ "$code" != postmaster ] || return 0
    most=$(setting print-tries) || most=5
    if [ "$(rows print-failed)" -lt "$most" ]; then
        journal print-failed "status $1"
    fi
    [ "$(rows print-failed)" -ge "$most" ] && [ "$(rows operator-told)" = 0 ] || return 0
    to=$(operator) || return 0
    printf 'Mail %s for user %s has not been printed in %s tries.\n%s\n' "$id" "$code" "$most" \
        'It stays in the spool, and is tried again at every run of fax-autorecv.' |
        write_to "$to" 'A fax cannot be printed' &&
        journal operator-told
}

# The notification that a mail asks for, where the user's row grants it. It goes out when the mail
# has left the spool, so that it cannot be printed, and answered, again.
answer() {
    grep -qi '^disposition-notification-to:' "$tmp/headers" && [ "$(column mdn)" = on-print ] || return 0
    run b64mime --mdn dispatched --from "$(column address)" "$tmp/mail" >"$tmp/mdn" 2>/dev/null
    case $? in 0) ;; 1) return ;; *) worse $?; return ;; esac
    to=$(sed -n 's/^To: <\(.*\)>$/\1/p;/^$/q' "$tmp/mdn")
    run fax-queue add -f '' -- "$to" <"$tmp/mdn" >/dev/null || worse $?
}

print_or_keep() { # RESULT
    printed
    case $? in
    0) finish "$1" && answer ;;
    65) hold undecodable --undecodable ;;
    *) not_printed $? ;;
    esac
}

# Passes the mail on through the queue; what is confidential only sealed, and what came sealed
# never in clear: where it need not be sealed for this address it goes as it came.
pass_on() { # ADDRESS RESULT SEALED
    mail=$tmp/mail
    [ -z "$opened" ] || mail=$tmp/came
    if [ "$3" = true ] && [ -z "$shut" ]; then
        run mime-crypt --to "$1" "$tmp/mail" >"$tmp/sealed" || { worse $?; return; }
        mail=$tmp/sealed
    fi
    path=$(sed -n '1s/^Return-Path: *<\(.*\)>.*/\1/p' "$tmp/mail")
    run fax-queue add -f "$path" -- "$1" <"$mail" >/dev/null || { worse $?; return; }
    finish "$2"
}

# Whether $tmp/mail is an S/MIME message, of a kind (a pattern), by its header in $tmp/headers.
smime() {
    grep -qiE '^content-type: *application/((x-)?pkcs7-mime|octet-stream;.*\.p7m)' "$tmp/headers" &&
        grep -iE '^content-type:' "$tmp/headers" | grep -qiE "$1"
}

# Takes a seal or a signature off $tmp/mail; what came is kept in $tmp/came.
take_off() { # OPTION...
    run mime-crypt "$@" "$tmp/mail" >"$tmp/opened" || return
    [ -n "$opened" ] || mv "$tmp/mail" "$tmp/came" || return 73
    mv "$tmp/opened" "$tmp/mail" || return 73
    opened=1
    look
}

# What was sealed to the user is opened with the key that the station keeps for him. What does not
# open stays as it is: it may be for a key of his own, or cannot be decoded. Of a message that has
# what is signed in it, that is taken: it is treated like mail that is not signed.
unseal() {
    opened='' shut=''
    smime . || return 0
    if ! smime 'smime-type="?(signed|certs|compressed)'; then
        [ "$code" != postmaster ] || { shut=1; return 0; }
        take_off -d --user "$code"
        case $? in
        0) ;;
        78) shut=1; return 0 ;;
        65 | 77) shut=damaged; return 0 ;;
        *) worse $?; return 1 ;;
        esac
    fi
    smime 'smime-type="?signed' || return 0
    take_off --unsign
    case $? in
    0 | 65) ;;
    *) worse $?; return 1 ;;
    esac
}

# Reads the mail, and decides what is to be done with it: the action, and whether to seal. A mail
# that its user has finished in the meantime (66) is no failure.
decide() { # OCCASION
    run fax-spool cat "$code" "$id" >"$tmp/mail" || { gone=$?; [ $gone = 66 ] || worse $gone; return 1; }
    look
    unseal || return 1
    seal=false
    if [ "$code" != postmaster ]; then
        run fuser explain "$code" --sender "$sender" --kind "$kind" --source pushed \
            --occasion "$1" --json >"$tmp/decision" || { worse $?; return 1; }
        action=$(explained action)
        seal=$(explained encrypt)
    elif operator >/dev/null; then action=follow
    else action=hold
    fi
}

# S24 to S29 for one mail of new/ (or one that a killed run had taken).
treat() {
    held=''
    decide "$occasion" || return
    if [ -n "$dry" ]; then
        told "would $action"
        return
    fi
    case $action in print | hold | follow) take || { worse $?; return; } ;; esac
    case $action in
    print) print_or_keep printed ;;
    hold) if [ "$shut" = damaged ]; then hold undecodable --undecodable; else hold held; fi ;;
    follow) pass_on "$(column follow)" followed "$seal" ;;
    *) [ -z "$verbose" ] || say "$code: $id: $action" ;;
    esac
}

# A mail whose days are over: printed, deleted or forwarded, and it leaves the spool. What lay in
# new/ too long, since no rule takes it, is announced first; what a rule takes is not its business.
expire() {
    held=1
    decide automatic || return
    on_expiry=$(column on-expiry)
    if id=$id awk '$1 == ENVIRON["id"] && $2 ~ /^(new|taken)$/ { n = 1 } END { exit !n }' "$tmp/all"; then
        case $action in print | hold | follow) return ;; esac
        if [ -z "$dry" ]; then
            run fax-spool hold "$code" "$id" --until "$(date +%s)" || { worse $?; return; }
            announce
        fi
    fi
    if [ -n "$dry" ]; then
        told "would ${on_expiry:-print}"
        return
    fi
    case $on_expiry in
    delete) finish deleted ;;
    forward) pass_on "$(column expiry-address)" forwarded true ;;
    *) print_or_keep expired ;;
    esac
}

# serve CODE OCCASION: one user, while nobody else serves him.
serve() {
    code=$1 occasion=$2 days=''
    [ "$code" != postmaster ] || days=$(setting new-days) || days=30
    lock=$home/db/$code.lock
    # Tried first: where exec cannot open a file the shell ends.
    { (umask 027; : >>"$lock"); } 2>/dev/null || { say "$lock: cannot be made"; worse 73; return; }
    exec 9>>"$lock"
    if ! flock -n 9; then
        case $occasion in
        manual | sent) say "$code: served by another run just now"; worse 75 ;;
        esac
        return
    fi
    if [ "$occasion" != due ] && [ -z "$dry" ] && [ -n "$(column mailbox)" ]; then
        # S23, S26. One user's dead server is his own trouble: what has arrived is treated.
        run mbox-poll --user "$code" >/dev/null || worse $?
    fi
    run fax-spool list "$code" >"$tmp/all" || worse $?
    if [ "$occasion" != due ]; then
        for id in $(awk '$2 == "new" || $2 == "taken" { print $1 }' "$tmp/all"); do treat; done
    fi
    for id in $(run fax-spool due "$code"); do expire; done
    exec 9>&-
}

# What smtp-recv took for the postmaster goes to the operator. Without one it is announced, held
# and printed as a user's would be, on the station's printer.
serve_postmaster() {
    [ -d "$home/spool/postmaster/new" ] || return
    [ -n "$(run fax-spool list postmaster)" ] || return
    serve postmaster automatic
}

if [ -n "$only" ]; then
    [ -n "$sent" ] && how=sent || how=manual
    for code in $only; do
        # The password first: without it nobody learns which codes there are.
        if [ "${SUDO_UID:-0}" != 0 ] || [ -n "$fd" ]; then
            run fuser verify "$code" ${fd:+--password-fd "$fd"} || exit
        fi
        # As the row has it: letters of either case are understood.
        code=$(run fuser get "$code" code) || exit
        serve "$code" "$how"
    done
    exit "$status"
fi

# Claims 5 and 10: who prints at once is served before who has his mail held.
run fuser list --tsv >"$tmp/users" || exit
ordered() { # AUTO-RECEIVE AUTO-PRINT, as patterns
    awk -F '\t' -v r="$1" -v p="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["auto-receive"] ~ r && $at["auto-print"] ~ p { print $at["code"] }' "$tmp/users"
}
for user in $(ordered on on); do serve "$user" automatic; done
for user in $(ordered on off); do serve "$user" automatic; done
for user in $(ordered off .); do serve "$user" due; done
serve_postmaster
[ -n "$dry" ] || run fax-queue flush >/dev/null || worse $?
exit "$status"
