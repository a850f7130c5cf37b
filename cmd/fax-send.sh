#!/bin/sh
# fax-send: FIG. 6 of EP 0 881 816, stage by stage: user, document, mail, seal, send, look for
# mail. Every stage writes a file in a private directory and its status is checked, since a pipe
# cannot tell its reader that the writer died: only a whole document is ever sent.
set -uf
umask 077
self=fax-send
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
-s	--subject	SUBJECT	subject of the mail
-t	--text	FILE	cover text in front of the document
-d	--device	NAME	scan from this SANE device
-p	--paper	SIZE	a4, b4, a3, letter or legal
-r	--resolution	RES	standard, fine, superfine, 300 or 400
-c	--coding	CODING	mh, mr or mmr
	--cover		a cover page in front: to whom, from whom, when, how many pages
	--at	TIME	not before this time
	--report	HOW	a report of what became of it: print or mail
	--dsn		ask for notices of delivery
	--mdn		ask for a notice when it has been printed
	--password-fd	N	read the user's password from descriptor N
	--config	FILE	read settings from FILE
-q	--quiet		no warnings
-v	--verbose		say what is done
	--help		show this help
	--usage		show a short form of it
	--version		show the version
TABLE
}
usage_line='Usage: fax-send [OPTION...] CODE ADDRESS[,ADDRESS]... [FILE...]'
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

# Options may stand among the operands: each argument is looked at once, operands move to the end.
at='' cover='' report='' subject='' text='' device='' paper='' resolution='' coding='' dsn='' mdn='' fd='' config='' quiet='' verbose=''
left=$# ended=''
take() { # the value of option $1: from --long=value or the next argument
    case $1 in --*=*) value=${1#*=} used=1; return ;; esac
    [ "$left" -ge 2 ] || die 64 "$1: missing argument"
    value=$2 used=2
}
while [ "$left" -gt 0 ]; do
    used=1
    if [ -n "$ended" ]; then set -- "$@" "$1"; shift; left=$((left - 1)); continue; fi
    case $1 in
    -s | --subject | --subject=*) take "$@"; subject=$value ;;
    -t | --text | --text=*) take "$@"; text=$value ;;
    -d | --device | --device=*) take "$@"; device=$value ;;
    -p | --paper | --paper=*) take "$@"; paper=$value ;;
    -r | --resolution | --resolution=*) take "$@"; resolution=$value ;;
    -c | --coding | --coding=*) take "$@"; coding=$value ;;
    --password-fd | --password-fd=*) take "$@"; fd=$value ;;
    --at | --at=*) take "$@"; at=$value value_at=$value ;;
    --report | --report=*) take "$@"; report=$value ;;
    --cover) cover=1 ;;
    --config | --config=*) take "$@"; config=$value ;;
    --dsn) dsn=success,failure,delay ;;
    --mdn) mdn=1 ;;
    -q | --quiet) quiet=1 ;;
    -v | --verbose) verbose=1 ;;
    --help) put "$(help)"; exit ;;
    --usage) put "$usage_line"; exit ;;
    --version) put "$(g3tiff --version | sed "s/^[^ ]*/$self/")"; exit ;;
    --list-options) put "$(options | cut -f 1-3)"; exit ;;
    --) ended=1 ;;
    -?*) die 64 "$1: unknown option" ;;
    *) set -- "$@" "$1" ;;
    esac
    shift "$used"
    left=$((left - used))
done
[ $# -ge 2 ] || die 64 "operand missing"
code=$1 addresses=$2
shift 2
case $report in
'' | print) ;;
# What waits in the queue is reported by it and by who takes it.
mail) dsn=${dsn:-success,failure,delay} ;;
*) die 64 "--report: not print or mail" ;;
esac
if [ -n "$at" ]; then
    now=$(date +%s)
    at=$(date -d "$at" +%s 2>/dev/null) || die 64 "--at: not a time"
    # A time of day that is over is tomorrow's.
    [ "$at" -gt "$now" ] || case $value_at in
    ?:?? | ??:??) at=$(date -d "tomorrow $value_at" +%s) ;;
    *) die 64 "--at: that time is over" ;;
    esac
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

tmp=$(mktemp -d "${TMPDIR:-/tmp}/fax-send.XXXXXX" 2>/dev/null) ||
    die 73 "${TMPDIR:-/tmp}: a directory cannot be made in it"
trap 'rm -rf "$tmp"' EXIT
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM

# A code alone sends as nobody: only the station's own user, not through sudo, needs no password.
# Through sudo we read with the station's eyes: a file's name could be another user's held mail, and
# settings could be anything, so the document comes on standard input, opened by who calls.
sudo=''
[ "${SUDO_UID:-0}" = 0 ] || sudo=1
[ -z "$sudo" ] || [ $# -eq 0 ] || die 64 "$1: through sudo the document comes on standard input"
[ -z "$sudo" ] || [ -z "$text$config" ] || die 64 "through sudo there is neither --text nor --config"
authorise() {
    if [ -n "$sudo$fd" ]; then
        run fuser verify "$code" ${fd:+--password-fd "$fd"} || exit
    fi
    # What is called from here on has been allowed.
    unset SUDO_UID
}

# One line, whatever the name or the subject holds.
plain() { LC_ALL=C tr -d '\000-\010\013-\037\177' | tr '\n' ' ' | sed 's/ *$//'; }

# FAX, to whom, from whom; and the text that goes with it.
cover_text() { # PAGES
    printf 'FAX\n\nTo:       %s\n' "$(paste -sd, "$tmp/to" | sed 's/,/, /g' | plain)"
    printf 'From:     %s <%s>\n' "$(plain <"$tmp/name")" "$path"
    printf 'Date:     %s\n' "$(date '+%Y-%m-%d %H:%M')"
    [ -z "$subject" ] || printf 'Subject:  %s\n' "$(printf '%s' "$subject" | plain)"
    printf 'Pages:    %s, with this one\n' "$1"
    [ -z "$text" ] || { echo; cat -- "$text"; }
}
pages() { g3tiff --info "$1" 2>/dev/null | grep -c .; }

# The pages of $tmp/pages with one before them; they are T.4's rows already, and stay as they are.
add_cover() {
    run g3tiff "$tmp/pages" -o "$tmp/body.tif" || exit
    cover_text $(($(pages "$tmp/body.tif") + 1)) >"$tmp/cover.txt" || exit 66
    run fax-scan ${paper:+-p "$paper"} ${resolution:+-r "$resolution"} ${coding:+-c "$coding"} \
        -- "$tmp/cover.txt" "$tmp/body.tif" >"$tmp/pages" || exit
    rm -f "$tmp/body.tif"
}

# The document: scanned, wrapped, and made a mail with its recipients in $tmp/to.
make_mail() {
    run fax-scan ${device:+-d "$device"} ${paper:+-p "$paper"} ${resolution:+-r "$resolution"} \
        ${coding:+-c "$coding"} -- "$@" >"$tmp/pages" || exit
    [ -z "$cover" ] || add_cover
    run g3tiff "$tmp/pages" -o "$tmp/fax.tif" || exit
    rm -f "$tmp/pages"
    set -- --from "$from" --subject "${subject:-Fax}" --type 'image/tiff; application=faxbw' --name fax.tif
    [ -z "$text" ] || set -- "$@" "--text=$text"
    [ -z "$mdn" ] || set -- "$@" --notify
    while IFS= read -r to; do set -- "$@" --to "$to"; done <"$tmp/to"
    run b64mime "$@" "$tmp/fax.tif" >"$tmp/mail" || exit
}

# Sealed for each recipient by his own row of the encryption table; all rows are looked up before
# anything is sent, since nothing may leave in clear.
seal() {
    n=0
    while IFS= read -r to; do
        n=$((n + 1))
        run mime-crypt --to "$to" "$tmp/mail" >"$tmp/sealed.$n" || exit
    done <"$tmp/to"
}

# What the queue takes: whose mail it is, and what it says of it.
enqueue() { # WHY RECIPIENT...
    why=$1
    shift
    id=$(run fax-queue add --user "$code" -f "$path" ${dsn:+--dsn "$dsn"} ${at:+--at "@$at"} \
        -- "$@" <"$mail") || { worse $?; return; }
    say "in the queue as $id${at:+ until $(date -d "@$at" '+%Y-%m-%d %H:%M')}: $*"
    for to; do printf '%s: %s\n    in the queue as %s\n' "$to" "$why" "$id" >>"$tmp/outcome"; done
}

# The recipients whose objects in $tmp/results have this status.
those() {
    sed -n "/\"status\": \"$1\"/"'s/.*"recipient": "\(\([^"\\]\|\\.\)*\)".*/\1/p' "$tmp/results" |
        sed 's/\\\(.\)/\1/g'
}

# What was said of them, for the report.
told() { # STATUS WORDS
    sed -n "/\"status\": \"$1\"/"'s/.*"recipient": "\(\([^"\\]\|\\.\)*\)".*"code": \([0-9]*\), "enhanced": "\([^"]*\)", "text": "\(\([^"\\]\|\\.\)*\)".*/\1: '"$2"'\n    \3 \4 \5/p' \
        "$tmp/results" | sed 's/\\\(.\)/\1/g; s/^    0  */    /' >>"$tmp/outcome"
}

# Sends $1 to the recipients in file $2; $3 are the domains for whose mail the connection is then
# turned, if any. What a server puts off goes into the queue.
send() {
    mail=$1 recipients=$2 turn_for=${3:-}
    set --
    while IFS= read -r to; do set -- "$@" "$to"; done <"$recipients"
    if [ -n "$at" ]; then enqueue 'waits for its time' "$@"; return; fi
    run smtp-send --user "$code" --json ${verbose:+-v} ${dsn:+--dsn "$dsn"} \
        ${turn_for:+--atrn "$turn_for"} -- "$@" <"$mail" >"$tmp/results"
    sent=$?
    [ -z "$turn_for" ] || answer=$(sed -n '/"command": "ATRN"/s/.*"exit": \([0-9]*\).*/\1/p' "$tmp/results")
    told sent sent
    told failed failed
    [ "$sent" -ne 0 ] || return 0
    # How the turn went is no matter of the mail's.
    [ -z "$turn_for" ] || [ "$(those sent | grep -c .)" -ne $# ] || return 0
    deferred=$(those deferred)
    # Log-in, certificate and settings are for the user to mend: not for the queue.
    case $sent in 77 | 78) told deferred 'not sent'; worse "$sent"; return ;; esac
    if [ -n "$deferred" ]; then
        set --
        while IFS= read -r to; do set -- "$@" "$to"; done <<LIST
$deferred
LIST
        enqueue 'put off' "$@" || return
    fi
    # A refusal stands whatever became of the others.
    refused=$(sed -n '/"status": "failed"/s/.*"exit": \([0-9]*\).*/\1/p' "$tmp/results" | sort -n | tail -1)
    if [ -n "$refused" ]; then worse "$refused"; elif [ -z "$deferred" ]; then worse "$sent"; fi
}

# S49 where ATRN is not known: TURN, which takes all that waits for us; else the server is asked to
# call us.
ask_otherwise() {
    if run smtp-send --user "$code" --turn -q </dev/null; then answer=0; return; fi
    for domain in $(printf '%s' "$domains" | tr ',' ' '); do
        run smtp-send --user "$code" --etrn "$domain" -q </dev/null || return
    done
}

# What became of it, on paper or by mail.
make_report() {
    { printf 'Transmission report\n\nFrom:     %s <%s>\n' "$(plain <"$tmp/name")" "$path"
      printf 'Subject:  %s\n' "$(printf '%s' "${subject:-Fax}" | plain)"
      printf 'Date:     %s\nPages:    %s\n\n' "$(date '+%Y-%m-%d %H:%M')" "$(pages "$tmp/fax.tif")"
      cat "$tmp/outcome"; } >"$tmp/report.txt"
    if [ "$report" = print ]; then
        printer=$(run fuser get "$code" printer) || printer=''
        run fax-print ${printer:+-P "$printer"} "$tmp/report.txt" || worse $?
        return
    fi
    run b64mime --from "$from" --to "$path" --subject "Transmission report: ${subject:-Fax}" \
        --type 'text/plain; charset=utf-8' "$tmp/report.txt" >"$tmp/report" || { worse $?; return; }
    id=$(run fax-queue add --user "$code" -f '<>' -- "$path" <"$tmp/report") || { worse $?; return; }
    run fax-queue flush --id "$id" || worse $?
}
status=0
worse() { # of statuses; a program that is not there is 69
    case $1 in 126 | 127) set -- 69 ;; esac
    [ "$1" -le "$status" ] || status=$1
}

authorise # first: without a password nobody learns which codes there are
run fuser get "$code" name >"$tmp/name" || exit
path=$(run fuser get "$code" address) || exit
[ -n "$path" ] || die 78 "$code: has no mail address"
# As a quoted string, whatever the name holds.
from="\"$(sed 's/[\\"]/\\&/g' "$tmp/name")\" <$path>"
printf '%s\n' "$addresses" | tr ',' '\n' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d' >"$tmp/to"
[ -s "$tmp/to" ] || die 64 "no recipient"

check=$(run fuser get "$code" check-on-send)
# Whose mail he may ask for: the connection is kept for that (S49).
domains=''
[ "$check" != on ] || [ -n "$at" ] ||
    domains=$(run fuser get "$code" domains | tr -s ' ,\n' ',' | sed 's/^,//; s/,$//')
answer=''
: >"$tmp/outcome"

make_mail "$@"
if [ "$(run fuser get "$code" encrypt)" = on ]; then
    seal
    last=$n
    n=0
    while IFS= read -r to; do
        n=$((n + 1))
        printf '%s\n' "$to" >"$tmp/one"
        turn_now=''
        [ "$n" -ne "$last" ] || turn_now=$domains
        send "$tmp/sealed.$n" "$tmp/one" "$turn_now"
    done <"$tmp/to"
else
    send "$tmp/mail" "$tmp/to" "$domains"
fi
[ -z "$report" ] || make_report

# S48, S49: what has come meanwhile. Its failure is told, and is not the sent mail's. What came
# over the turned connection is in the spool; and where the server can do nothing of that, the
# mailbox is polled at once.
if [ "$check" = on ] && [ -z "$at" ]; then
    # 69: the server knows no ATRN, or does not let us.
    [ "$answer" != 69 ] || ask_otherwise
    run fax-autorecv --user "$code" --sent ||
        say "mail was not looked for: fax-autorecv ended with status $?"
fi
exit "$status"
