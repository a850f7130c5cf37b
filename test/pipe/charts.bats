# The eight CCITT test charts through the whole chain, in each coding, bit for bit:
# PBM -> fax-scan -> g3tiff -> b64mime -> smtp-send -> smtp-recv -> spool -> b64mime -d ->
# g3tiff -d --pbm. The charts lie outside the project; the chain's own pages are in chain.bats.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    CHARTS=${FAXPIPE_SHARED:-$FAXPIPE_ROOT/../shared}/corpora
    [ -e "$CHARTS/truth.tsv" ] || skip 'the CCITT charts are not here'
    station
    receiver
}
teardown() { cleanup; }

chart_in() { # CODING
    local n want got file id
    for n in 1 2 3 4 5 6 7 8; do
        file=$CHARTS/fax/CCITT_$n.TIF
        want=$(awk -F '\t' -v f="CCITT_$n.TIF" '$1 == f { print $2 }' "$CHARTS/truth.tsv")
        g3tiff -q -d --pbm "$file" >"chart$n.pbm"
        got=$(sha256sum <"chart$n.pbm" | cut -c 1-12)
        [ "$got" = "$want" ] || { echo "chart $n is read as $got"; return 1; }
        pipe "fax-scan -c $1 chart$n.pbm | g3tiff |
            b64mime --from alice@fax.example --to bob@fax.example --subject 'chart $n' |
            smtp-send --url smtp://127.0.0.1:$PORT --from alice@fax.example bob@fax.example"
        id=$(fax-spool take 15)
        pipe "fax-spool cat 15 $id | b64mime -d >chart$n.tif"
        got=$(pipe "g3tiff -d --pbm chart$n.tif | sha256sum" | cut -c 1-12)
        [ "$got" = "$want" ] || { echo "chart $n came out as $got in $1"; return 1; }
        fax-spool done 15 "$id"
    done
}

@test "charts: MH" { chart_in mh; }
@test "charts: MR" { chart_in mr; }
@test "charts: MMR" { chart_in mmr; }
