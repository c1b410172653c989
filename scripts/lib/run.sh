# shellcheck shell=bash
# What scripts/up makes and scripts/down takes away: everything lives under .run/.
# Sourced after common.sh.

RUN=$ROOT/.run
LOG=$RUN/log

# name, first choice of port; an UP_<NAME>_PORT variable overrides, a port in use is stepped over.
PORTS='
https 8443
plain 8080
gateway_private 9090
dispatcher_private 9091
receiver 8444
postgres 25432
redis 26379
kafka 29092
'
SERVICES=(receiver gateway dispatcher)
SERVERS=(postgres redis kafka)

# Servers run as an ordinary user, so .run must lie where that user may go: when the repository is
# root's own (/root/porter, say), .run becomes a link to a folder under /var/lib.
make_run_folder()
{
    local real
    if [[ ! -e $RUN ]]; then
        if as_server test -x "$ROOT"; then
            mkdir "$RUN"
        else
            real=/var/lib/porter-$(printf '%s' "$ROOT" | cksum | cut -d' ' -f1)
            mkdir -p "$real"
            ln -sfn "$real" "$RUN"
            say "  $ROOT is root's alone: .run is $real"
        fi
    fi
    server_folder "$(readlink -f "$RUN")" "$RUN/log" "$RUN/secrets" "$RUN/bin"
    chmod 700 "$(readlink -f "$RUN")"
}

# The port of a name: as chosen by an earlier run, else chosen now and remembered.
port_of()
{
    local name=$1 wish override port
    if port=$(sed -n "s/^$name //p" "$RUN/ports" 2>/dev/null) && [[ -n $port ]]; then
        printf '%s\n' "$port"
        return
    fi
    wish=$(sed -n "s/^$name //p" <<<"$PORTS")
    override=UP_${name^^}_PORT
    wish=${!override:-$wish}
    port=$(free_port "$wish")
    # Kafka's controller takes the one after it.
    while [[ $name == kafka ]] && port_is_open $((port + 1)); do
        port=$(free_port $((port + 2)))
    done
    if [[ $port != "$wish" ]]; then
        say "  port $wish is in use: $name takes $port" >&2
    fi
    printf '%s %s\n' "$name" "$port" >>"$RUN/ports"
    printf '%s\n' "$port"
}

# A secret in a file of its own, 0600, of the server user.
keep_secret()
{
    local file=$RUN/secrets/$1
    (umask 077 && cat >"$file")
    chown --reference="$RUN/secrets" "$file"
}

# The variables of all programs, in one file; what is secret stays in files of its own.
write_environment()
{
    cat >"$RUN/porter.env" <<END
PORTER_ENVIRONMENT=development
PORTER_LOG_LEVEL=info
PORTER_DB_URL_FILE=$RUN/postgres/url
PORTER_SEAL_KEYS_FILE=$RUN/secrets/seal-keys
PORTER_REDIS_URL=redis://127.0.0.1:$(port_of redis)
PORTER_KAFKA_BROKERS=127.0.0.1:$(port_of kafka)
PORTER_HTTPS_ADDRESS=127.0.0.1
PORTER_HTTPS_PORT=$(port_of https)
PORTER_PLAIN_PORT=$(port_of plain)
PORTER_GATEWAY_PRIVATE_PORT=$(port_of gateway_private)
PORTER_HTTP_THREADS=256
PORTER_TLS_CERTIFICATE=$RUN/tls/server.pem
PORTER_TLS_KEY=$RUN/tls/server.key
PORTER_DISPATCHER_PRIVATE_PORT=$(port_of dispatcher_private)
PORTER_EGRESS_ALLOW=127.0.0.0/8,::1/128
PORTER_EGRESS_CA_FILE=$RUN/tls/ca.pem
END
}

# A program of ours with exactly these variables and nothing of the caller's environment.
WITH_ENVIRONMENT=(env -i "PATH=$PATH" bash -c 'set -a; . "$0"; exec "$@"' "$RUN/porter.env")

porterctl()
{
    as_server "${WITH_ENVIRONMENT[@]}" "$RUN/bin/porterctl" "$@"
}

is_ready()
{
    curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:$1/readyz"
}
