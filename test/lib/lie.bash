# For the tests of TIFFs whose tags do not say the truth: `load ../lib/lie` behind the helper.

# gs.tif, a page of 1728 x 2292, and its pels in want.pbm.
make_page() {
    needs gs
    printf '%%!PS\n/Helvetica findfont 60 scalefont setfont 60 700 moveto (Claims) show
        60 60 300 200 rectfill showpage\n' >doc.ps
    gs -q -dSAFER -dNOPAUSE -dBATCH -sPAPERSIZE=a4 -sDEVICE=tiffg4 -r204x196 -sOutputFile=gs.tif doc.ps
    g3tiff -q -d --pbm gs.tif >want.pbm
}

# lies CODE: python with the functions of lie.py.
# shellcheck disable=SC2154
same() { # FILE...: the page comes out, once with a warning when WARN is set
    local f
    for f; do
        run --separate-stderr g3tiff -d --pbm -o got.pbm "$f"
        [ "$status" -eq 0 ] || { echo "$f: $stderr"; return 1; }
        cmp got.pbm want.pbm || { echo "$f"; return 1; }
        [ -z "$WARN" ] || [[ $stderr == *"$WARN"* ]] || { echo "$f: warned: $stderr"; return 1; }
        g3tiff -q "$f" | g3tiff -q -d --pbm | cmp - want.pbm || { echo "$f: wrapped"; return 1; }
    done
}

lies() { PYTHONPATH=$FAXPIPE_ROOT/test/lib PYTHONDONTWRITEBYTECODE=1 python3 -c "from lie import *
$1"; }
