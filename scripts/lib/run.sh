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

# One scripts/up or scripts/down of this folder at a time: the lock goes with the script (spawn gives
# it to no server).
hold_lock()
{
    exec 9>>"$RUN.lock"
    if ! flock --nonblock 9; then
        say 'waiting for another scripts/up or scripts/down'
        flock 9
    fi
}

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

# Chooses every port once, into .run/ports; those of an earlier run stay as long as no two clash.
# A name takes the first port from its wish on that nobody listens on, that no other name has and
# that no other name wishes for. Kafka's controller takes the one after Kafka's.
choose_ports()
{
    local name wish port
    local -A wishes=() wished_by=() chosen=() taken_by=()
    read_wishes
    recall_ports
    for name in "${!wishes[@]}"; do
        if [[ -n ${chosen[$name]:-} ]]; then
            continue
        fi
        wish=${wishes[$name]} port=${wishes[$name]}
        until port_suits "$name" "$port"; do
            port=$((port + 1))
            ((port < 65535)) || fail "no free port for $name from $wish on"
        done
        take_port "$name" "$port"
        if [[ $port != "$wish" ]]; then
            say "  port $wish is in use: $name takes $port"
        fi
    done
    for name in "${!chosen[@]}"; do
        printf '%s %s\n' "$name" "${chosen[$name]}"
    done | sort >"$RUN/ports.new"
    mv "$RUN/ports.new" "$RUN/ports"
}

# The helpers of choose_ports; they share its variables.
read_wishes()
{
    local name wish override
    while read -r name wish; do
        [[ -n $name ]] || continue
        override=UP_${name^^}_PORT
        wishes[$name]=${!override:-$wish}
        [[ ${wishes[$name]} =~ ^[1-9][0-9]{0,4}$ ]] && ((${wishes[$name]} < 65535)) \
            || fail "$override is no port: ${wishes[$name]}"
        # Who asked by a variable goes before who has it by default.
        if [[ -n ${!override:-} || -z ${wished_by[$wish]:-} ]]; then
            wished_by[${wishes[$name]}]=$name
            [[ $name != kafka ]] || wished_by[$((${wishes[$name]} + 1))]=$name
        fi
    done <<<"$PORTS"
}

recall_ports()
{
    local name port override
    [[ -e $RUN/ports ]] || return 0
    while read -r name port; do
        if [[ -n ${wishes[$name]:-} && -z ${chosen[$name]:-} && -z ${taken_by[$port]:-} ]] \
            && [[ $name != kafka || -z ${taken_by[$((port + 1))]:-} ]]; then
            take_port "$name" "$port"
            if [[ $port != "${wishes[$name]}" ]]; then
                override=UP_${name^^}_PORT
                [[ -z ${!override:-} ]] \
                    || say "  $override is for the first run: $name stays on $port (scripts/down --purge begins anew)"
            fi
        fi
    done <"$RUN/ports"
}

take_port()
{
    chosen[$1]=$2
    taken_by[$2]=$1
    [[ $1 != kafka ]] || taken_by[$(($2 + 1))]=$1
}

port_suits()
{
    local name=$1 port
    shift
    [[ $name != kafka ]] || set -- "$1" $(($1 + 1))
    for port in "$@"; do
        if [[ -n ${taken_by[$port]:-} || ${wished_by[$port]:-$name} != "$name" ]] \
            || port_is_open "$port"; then
            return 1
        fi
    done
}

# The port of a name, as chosen.
port_of()
{
    sed -n "s/^$1 //p" "$RUN/ports"
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
    cat >"$RUN/porter.env.new" <<END
PORTER_ENVIRONMENT=development
PORTER_LOG_LEVEL=info
PORTER_DB_URL_FILE=$RUN/postgres/url
PORTER_SEAL_KEYS_FILE=$RUN/secrets/seal-keys
PORTER_REDIS_URL=redis://127.0.0.1:$(port_of redis)
PORTER_KAFKA_BROKERS=127.0.0.1:$(port_of kafka)
PORTER_HTTPS_ADDRESS=127.0.0.1
PORTER_HTTPS_PORT=$(port_of https)
PORTER_PUBLIC_URL=https://localhost:$(port_of https)
PORTER_PLAIN_PORT=$(port_of plain)
PORTER_GATEWAY_PRIVATE_PORT=$(port_of gateway_private)
PORTER_HTTP_THREADS=256
PORTER_TLS_CERTIFICATE=$RUN/tls/server.pem
PORTER_TLS_KEY=$RUN/tls/server.key
PORTER_DISPATCHER_PRIVATE_PORT=$(port_of dispatcher_private)
PORTER_EGRESS_ALLOW=127.0.0.0/8,::1/128
PORTER_EGRESS_CA_FILE=$RUN/tls/ca.pem
END
    mv "$RUN/porter.env.new" "$RUN/porter.env"
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
