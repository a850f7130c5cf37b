# The CCITT charts and others' fax TIFFs as PDFs: poppler sees the very pels.
load ../lib/helper

setup() {
    scratch
    needs pdfimages
    CHARTS=${FAXPIPE_SHARED:-$FAXPIPE_ROOT/../shared}/corpora
    [ -d "$CHARTS/fax" ] || skip "the CCITT charts are not here"
}

teardown() { cleanup; }

@test "every chart's PDF holds the chart's pels, coded by T.4 or T.6" {
    local file name want n=0
    for file in "$CHARTS"/fax/*.TIF; do
        name=${file##*/}
        want=$(awk -v name="$name" '$1 == name { print $2 }' "$CHARTS/truth.tsv")
        fax-print -q -o page.pdf "$file"
        pdfimages page.pdf pels
        [ "$(sha256sum <pels-000.pbm | cut -c 1-12)" = "$want" ] || { echo "$name differs"; return 1; }
        [ "$(pdfimages -list page.pdf | awk 'NR == 3 { print $9 }')" = ccitt ]
        n=$((n + 1))
    done
    [ "$n" -ge 8 ]
}
