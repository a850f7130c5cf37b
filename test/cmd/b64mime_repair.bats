# b64mime: mails that say of themselves what is not so, and mails within mails. A fax in one comes
# out, and one line tells what was repaired.
load ../lib/helper

setup() {
    scratch
    PATH=$PATH:$BATS_TEST_DIRNAME/../lib
    printf 'II*\0\10\0\0\0a fax that is none' >fax.tif
}
teardown() { cleanup; }

# The mail on stdin holds the fax; the words, if any, are in the one line on stderr.
opens() {
    cat >m
    run -0 --separate-stderr b64mime -d -o out m
    cmp out fax.tif
    if [ $# -eq 0 ]; then
        [ -z "$stderr" ]
    else
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr == *"repaired: "*"$1"* ]]
    fi
    [ -z "${1:-}" ] || no b64mime -d --strict m >strict 2>&1
}

# A part's header and the fax, in base64.
fax_part() {
    printf '%s\n' 'Content-Type: image/tiff; name=fax.tif' 'Content-Transfer-Encoding: base64' ''
    base64 fax.tif
}

@test "a message in base64 or quoted-printable is opened, and given whole when asked for" {
    { printf 'Subject: in\n'; fax_part; } >in
    { printf 'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n'; base64 in; } | opens
    b64mime --part 1 m | cmp - in
    { printf 'Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n'
      sed 's/=/=3D/g' in; } | opens
    { printf 'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n'; cat in; } |
        opens 'wrong transfer encoding'
}

@test "a message and TNEF within TNEF are opened" {
    winmail() { printf 'Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n'; base64; }
    make-tnef fax.tif=fax.tif >in
    make-tnef --object in 'A mail=' >out.tnef
    winmail <out.tnef | opens
    { cat fax.tif; head -c 5000000 /dev/zero; } >large
    make-tnef large.tif=large >in
    make-tnef --object in 'A mail=' | winmail | b64mime -d | cmp - large
    { printf 'Subject: in\n'; fax_part; } >in.eml
    make-tnef fwd.eml=in.eml | winmail | opens
    b64mime --part 1.1 m | cmp - in.eml
}

@test "a multipart whose boundary is lost, other than said, or not said" {
    head='Content-Type: multipart/mixed; boundary="=_Next"'
    { printf '%s\n\n' "$head"; base64 fax.tif; } | opens 'multipart without boundary'
    { printf '%s\n\n' "$head"; fax_part; } | opens 'multipart without boundary'
    { printf '%s\n\nwords\n--=_nEXT\n' "$head"; fax_part; printf -- '--=_nEXT--\n'; } |
        opens 'another boundary than it says'
    { printf '%s\n\nwords\n--other\n' "$head"; fax_part; printf -- '--other--\n'; } |
        opens 'another boundary than it says'
    { printf 'Content-Type: multipart/mixed\n\n--b\n\ntext\n--b\n'; fax_part; printf -- '--b--\n'; } |
        opens 'multipart without boundary'
}

@test "line ends of CR, and CR CR LF" {
    { printf 'Subject: x\n'; fax_part; } >good
    tr '\n' '\r' <good | opens "line ends that are no mail's"
    sed 's/$/\r\r/' good | opens "line ends that are no mail's"
    sed 's/$/\r/' good | opens
}

@test "a fax under another type, and a message that is a file" {
    for type in application/x-tiff application/pdf 'image/*' image/unknown 'text/plain; name=fax.tif'; do
        { printf 'Subject: x\nContent-Transfer-Encoding: base64\nContent-Type: %s\n\n' "$type"
          base64 fax.tif; } | opens
    done
    { printf 'Subject: in\n'; fax_part; } >in
    { printf 'Content-Type: application/octet-stream; name=fwd.eml\nContent-Transfer-Encoding: base64\n\n'
      base64 in; } | opens
    b64mime --part 1 m | cmp - in
    { printf 'Content-Type: message/news\n\n'; cat in; } | opens
    printf 'Content-Type: text/html; name=fax.tif\n\nfax\n' >m
    run -1 b64mime -d m
}
