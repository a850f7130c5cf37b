# b64mime's memory is some buffers, however large the mail: under 16 MiB whatever it is asked to do.
# MEMORY_MIB (128) MiB of data; 1024 take some seconds. PEAK_SHOW=1 says how much it was.
load ../lib/helper

setup() {
    scratch
    export PEAK="$BIN/test/lib/peak 16384" BYTES=$((${MEMORY_MIB:-128} << 20))
    export -f noise lines
}
teardown() { cleanup; }

# Noise that is the same every time, quickly; and text.
noise() { openssl enc -aes-128-ctr -K "$1" -iv 0 -in /dev/zero 2>/dev/null | head -c "$BYTES" || :; }
lines() { yes "$1" | head -c "$BYTES" || :; }

# bats file_tags=nosan

@test "b64mime memory: a mail of any size is built and opened through pipes" {
    noise 1 | cksum >want
    pipe "noise 1 | $PEAK b64mime --from a@b.example --type image/tiff |
        $PEAK b64mime -d | cksum | cmp - want"
}
@test "b64mime memory: bare, in lines and all in one" {
    noise 2 | cksum >want
    pipe "noise 2 | $PEAK b64mime --bare --crlf | $PEAK b64mime -d --bare | cksum | cmp - want"
    pipe "noise 2 | $PEAK b64mime --bare --wrap 0 | $PEAK b64mime -d --bare | cksum | cmp - want"
}
@test "b64mime memory: parts to files, the list, and what stands behind a large part" {
    noise 3 >data
    echo 'see there' >note.txt
    $PEAK b64mime --from a@b.example --text note.txt --type image/tiff --name data -o mail data
    $PEAK b64mime -d -o part mail
    cmp part data
    rm part
    mkdir all
    $PEAK b64mime -d --all all mail
    cmp all/data data
    rm -r all
    [ "$($PEAK b64mime --list mail | wc -l)" -ge 2 ]
    rm data
    { printf 'Content-Type: multipart/mixed; boundary=x\n\n--x\n\n'; lines 'in front'
      printf '\n--x\n'; cat mail; printf '\n--x\nContent-Type: text/plain\n\nbehind\n--x--\n'; } >nested
    rm mail
    pipe "$PEAK b64mime --list nested | tail -1 | grep text/plain"
}
@test "b64mime memory: quoted-printable and uuencode" {
    { printf 'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n'
      lines 'na=C3=AFve =41=42='; } >mail
    $PEAK b64mime -d --part 1 -o text mail
    [[ $(head -c 60 text) == 'naïve ABnaïve ABnaïve'* ]]
    [ "$(stat -c %s text)" -gt $((BYTES / 3)) ]
    rm text
    { printf 'Subject: x\n\nbegin 644 fax.tif\n'
      lines 'M'"$(printf '%060d' 0 | tr 0 '!')"; printf '\n`\nend\n'; } >mail
    [ "$($PEAK b64mime -d mail | wc -c)" -gt $((BYTES / 3)) ]
}
