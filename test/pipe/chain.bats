# The whole chain on pages of our own, through each kind of source and each foreign judge.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    station
    receiver
}
teardown() { cleanup; }

# Pages with text-like runs, a dither, black rows and blank ones: 3 pages of 1728 x 300.
pages() {
    python3 - <<'PY'
import random
random.seed(7)
with open("pages.pbm", "wb") as f:
    for page in range(3):
        f.write(b"P4\n1728 300\n")
        for y in range(300):
            if y % 50 < 10: row = bytes(216)
            elif y % 50 < 12: row = b"\xff" * 216
            elif page == 1: row = bytes(random.getrandbits(8) for _ in range(216))
            else: row = bytes(random.choice((0, 0, 0, 0, 0x18, 0x7e, 0xff)) for _ in range(216))
            f.write(row)
PY
}

arrived() { # what the spool of 15 holds, as a TIFF in got.tif
    local id
    id=$(fax-spool take 15)
    fax-spool cat 15 "$id" >got.eml
    b64mime -d got.eml >got.tif
    fax-spool "done" 15 "$id"
}

@test "chain: three pages, each coding, bit for bit, and foreign judges agree" {
    needs tiffinfo tifftopnm
    pages
    for coding in mh mr mmr; do
        pipe "fax-scan -c $coding pages.pbm | g3tiff |
            b64mime --from alice@fax.example --to bob@fax.example --subject $coding |
            smtp-send --url smtp://127.0.0.1:$PORT --from alice@fax.example bob@fax.example"
        arrived
        g3tiff -d --pbm got.tif >got.pbm
        cmp pages.pbm got.pbm
        tiffinfo got.tif 2>&1 | grep -c 'Image Width: 1728' | grep -x 3
        tifftopnm -quiet got.tif 2>/dev/null >netpbm.pbm
        cmp pages.pbm netpbm.pbm
    done
    g3tiff --check s <(pipe 'fax-scan pages.pbm | g3tiff')
}

@test "chain: the mail is without defect for Python's email" {
    pages
    pipe "fax-scan pages.pbm | g3tiff | b64mime --from 'Ålice <alice@fax.example>' --to bob@fax.example --subject 'Ω 電子'  >m.eml"
    python3 - <<'PY'
import email, email.policy
m = email.message_from_binary_file(open("m.eml", "rb"), policy=email.policy.default)
parts = list(m.walk())
assert not any(p.defects for p in parts), [p.defects for p in parts]
assert m["subject"] == "Ω 電子", m["subject"]
assert m["from"].addresses[0].display_name == "Ålice"
assert m.get_content_type() == "image/tiff" and m.get_payload(decode=True)[:4] == b"II*\0"
PY
}

@test "chain: a text, a PDF and a PNG arrive as pages" {
    printf 'Latin, Ελληνικά, 日本語\n' >letter.txt
    fax-print letter.txt -o letter.pdf
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
    pnmtopng page.pbm >page.png 2>/dev/null
    for source in letter.txt letter.pdf page.png; do
        send_fax "$source" bob@fax.example
        arrived
        g3tiff --info got.tif | grep 1728
        [ "$(pipe 'g3tiff -d --pbm got.tif | tail -c +13 | tr -d "\0" | head -c 100 | wc -c')" -gt 50 ]
    done
}
