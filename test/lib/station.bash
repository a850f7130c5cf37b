# A station of one's own in the scratch directory, with two users: 12 (Alice, prints at once into
# $T/paper) and 15 (Bob, holds for 7 days). After `scratch`. Its name server answers nothing, so that
# no test asks this machine's.

station() {
    fuser init
    mkdir -p "$T/paper"
    cat >"$FAXPIPE_HOME/faxpipe.conf" <<CONF
hostname = fax.example
domain = fax.example
printer = $T/paper
resolver = 127.0.0.1:1
CONF
    echo wonderland >"$T/alice.pw"
    echo 'tea at five' >"$T/bob.pw"
    fuser add 12 --name Alice --login alice --address alice@fax.example \
        --password-file "$T/alice.pw" --auto-receive on --auto-print on
    fuser add 15 --name Bob --login bob --address bob@fax.example \
        --password-file "$T/bob.pw" --auto-receive on --auto-print off --days 7
}

# A certificate for localhost, believed by the station, in $T/tls.pem and $T/tls.key: `receiver
# --tls-cert tls.pem --tls-key tls.key`. Where a log-in password is sent, nothing goes without TLS.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$T/tls.key" -out "$T/tls.pem" 2>/dev/null
    echo "ca = $T/tls.pem" >>"$FAXPIPE_HOME/faxpipe.conf"
}

# smtp-recv on a port of its own choice, which is then in PORT.
receiver() {
    rm -f "$T/port"
    smtp-recv --listen 127.0.0.1:0 --print-port "$@" >"$T/port" 2>"$T/receiver.log" </dev/null 3>&- 4>&- &
    PIDS+=($!)
    until_true 10 test -s "$T/port"
    PORT=$(sed 's/.*://' "$T/port")
}

# A fax mail from alice to the addresses, of the given PBM or text, sent to the receiver.
send_fax() { # DOCUMENT ADDRESS...
    local document=$1 to=() a
    shift
    for a; do to+=(--to "$a"); done
    fax-scan "$document" >sent.g3
    g3tiff sent.g3 -o sent.tif
    b64mime --from 'Alice <alice@fax.example>' "${to[@]}" --subject "${SUBJECT:-A fax}" sent.tif >sent.eml
    smtp-send --url "smtp://127.0.0.1:$PORT" --from alice@fax.example "$@" <sent.eml
}
