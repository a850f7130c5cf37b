#!/bin/sh
# fax-autorecv: FIG. 5 of EP 0 881 816, once for every user: look for his mail, and print, hold,
# pass on or leave each one as his row of the table says; then what is due, then the queue.
# A mail is taken, treated and finished in steps that each survive being killed and repeated
# (fax-spool); which step it is is asked of `fuser explain`, so that what is explained is done.
set -u
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

only='' dry='' json='' fd='' config='' quiet='' verbose=''
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
[ -z "$fd" ] || [ -n "$only" ] || die 64 "--password-fd goes with --user"

# The station's home, found as every program finds it (faxpipe(7)); root becomes its owner.
home=${FAXPIPE_HOME:-}
[ -n "$home" ] || [ ! -d /var/lib/faxpipe ] || home=/var/lib/faxpipe
[ -n "$home" ] || home=${XDG_STATE_HOME:-${HOME:-/}/.local/state}/faxpipe
[ -d "$home" ] || die 78 "no station in $home: \`fuser init\` makes one"
owner=$(stat -c %u "$home") || exit 78
if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
    [ -z "$fd$dry$json$config$quiet$verbose$only" ] ||
        die 77 "as root it takes no options: run it as $(stat -c %U "$home")"
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

# One line for people or one object for programs: what became of a mail.
told() { # RESULT
    # That nobody hears of it stops nothing.
    if [ -n "$json" ]; then
        put "$(printf '{"user": "%s", "id": "%s", "result": "%s", "pages": %s, "sender": "%s"}' \
            "$code" "$id" "$1" "$pages" "$(printf '%s' "$sender" | sed 's/[\\"]/\\&/g')")"
    else
        put "$(printf '%-8s %-22s %3s  %-28s %s' "$code" "$1" "$pages" "$sender" "$id")"
    fi || worse $?
}

# What the decision needs to know of $tmp/mail: its sender, its kind, its pages.
look() {
    run b64mime --headers "$tmp/mail" 2>/dev/null |
        LC_ALL=C tr -d '\000-\011\013-\037\177' >"$tmp/headers"
    sender=$(sed -n 's/^[Ff][Rr][Oo][Mm]: *//p' "$tmp/headers" | sed 's/.*<\([^<>]*\)>.*/\1/; s/ *(.*)//; 1q')
    run b64mime --list --json "$tmp/mail" >"$tmp/list" 2>/dev/null || :
    pages=$(grep -o '"pages": [0-9]*' "$tmp/list" | awk '{ n += $2 } END { print n + 0 }')
    kind=$(run b64mime --kind "$tmp/mail" 2>/dev/null) || kind=mixed
}

explained() { # FIELD of the decision
    sed -n 's/.*"'"$1"'": "\{0,1\}\([a-z0-9]*\).*/\1/p' "$tmp/decision"
}

# Prints $tmp/mail as the user's row or the station's settings say. 65: it cannot be decoded.
printed() {
    printer=$(run fuser get "$code" printer) || return
    run fax-print --job "fax $id" ${printer:+-P "$printer"} "$tmp/mail"
}

take() { [ -n "$held" ] || run fax-spool take "$code" "$id" --lock-fd 9 >/dev/null; }

# A mail that went out of the spool, or was held: only then it is told.
finish() { # RESULT
    run fax-spool "done" "$code" "$id" --result "$1" --pages "$pages" || { worse $?; return; }
    told "$1"
}

hold() { # RESULT [OPTION]
    result=$1
    shift
    run fax-spool hold "$code" "$id" "$@" || { worse $?; return; }
    told "$result"
    announce
}

# The reception notification: printed, mailed or neither. That it failed is told, and the mail is
# held all the same.
announce() {
    case $(run fuser get "$code" notice) in
    print)
        printer=$(run fuser get "$code" printer)
        run fax-print --notice --for "$code" --id "$id" --job "fax notice $id" \
            ${printer:+-P "$printer"} "$tmp/mail" ;;
    mail)
        address=$(run fuser get "$code" address)
        run fax-print --notice --for "$code" --id "$id" --format text -o "$tmp/notice" "$tmp/mail" &&
            run b64mime --from "postmaster@${address#*@}" --to "$address" \
                --subject 'A fax is held for you' --text - <"$tmp/notice" >"$tmp/notice.mail" &&
            run fax-queue add -f '' -- "$address" <"$tmp/notice.mail" >/dev/null ;;
    *) : ;;
    esac || { worse $?; say "$code: $id: the notification failed"; }
}

print_or_keep() { # RESULT
    printed
    case $? in
    0) finish "$1" ;;
    65) hold undecodable --undecodable ;;
    *) worse $?; say "$code: $id: not printed, tried again at the next run" ;;
    esac
}

# Passes the mail on through the queue; what is confidential only sealed.
pass_on() { # ADDRESS RESULT SEALED
    mail=$tmp/mail
    if [ "$3" = true ]; then
        run mime-crypt --to "$1" "$tmp/mail" >"$tmp/sealed" || { worse $?; return; }
        mail=$tmp/sealed
    fi
    path=$(sed -n '1s/^Return-Path: *<\(.*\)>.*/\1/p' "$tmp/mail")
    run fax-queue add -f "$path" -- "$1" <"$mail" >/dev/null || { worse $?; return; }
    finish "$2"
}

# S24 to S29 for one mail of new/ (or one that a killed run had taken).
treat() {
    held=''
    run fax-spool cat "$code" "$id" >"$tmp/mail" || { worse $?; return; }
    look
    run fuser explain "$code" --sender "$sender" --kind "$kind" --source pushed \
        --occasion "$occasion" --json >"$tmp/decision" || { worse $?; return; }
    action=$(explained action)
    if [ -n "$dry" ]; then
        told "would $action"
        return
    fi
    case $action in print | hold | follow) take || { worse $?; return; } ;; esac
    case $action in
    print) print_or_keep printed ;;
    hold) hold held ;;
    follow) pass_on "$(run fuser get "$code" follow)" followed "$(explained encrypt)" ;;
    *) [ -z "$verbose" ] || say "$code: $id: $action" ;;
    esac
}

# A mail whose days are over: printed, deleted or forwarded, and it leaves the spool.
expire() {
    held=1
    run fax-spool cat "$code" "$id" >"$tmp/mail" || { worse $?; return; }
    look
    on_expiry=$(run fuser get "$code" on-expiry)
    if [ -n "$dry" ]; then
        told "would $on_expiry"
        return
    fi
    case $on_expiry in
    delete) finish deleted ;;
    forward) pass_on "$(run fuser get "$code" expiry-address)" forwarded true ;;
    *) print_or_keep expired ;;
    esac
}

# serve CODE OCCASION: one user, while nobody else serves him.
serve() {
    code=$1 occasion=$2
    exec 9>>"$home/db/$code.lock" || { worse 73; return; }
    if ! flock -n 9; then
        [ "$occasion" != manual ] || { say "$code: served by another run just now"; worse 75; }
        return
    fi
    if [ "$occasion" != due ]; then
        if [ -z "$dry" ] && [ -n "$(run fuser get "$code" mailbox)" ]; then
            # S23, S26. One user's dead server is his own trouble: what has arrived is treated.
            run mbox-poll --user "$code" >/dev/null || worse $?
        fi
        run fax-spool list "$code" >"$tmp/all" || worse $?
        for id in $(awk '$2 == "new" || $2 == "taken" { print $1 }' "$tmp/all"); do treat; done
    fi
    for id in $(run fax-spool due "$code"); do expire; done
    exec 9>&-
}

if [ -n "$only" ]; then
    for code in $only; do
        run fuser get "$code" code >/dev/null || exit
        if [ "${SUDO_UID:-0}" != 0 ] || [ -n "$fd" ]; then
            run fuser verify "$code" ${fd:+--password-fd "$fd"} || exit
        fi
        serve "$code" manual
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
[ -n "$dry" ] || run fax-queue flush >/dev/null || worse $?
exit "$status"
