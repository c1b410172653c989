# shellcheck shell=bash
# The demo organization and what it shows. Sourced after run.sh.

# One word of a JSON answer.
field()
{
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# Once: each thing leaves a file in .run/secrets that says it is there.
make_demo()
{
    if [[ -s $RUN/secrets/webhook-secret ]]; then
        say '  demo organization is there already'
        return
    fi
    step "$LOG/demo.log" 'making the demo organization' make_organization
}

make_organization()
{
    local org made secrets=$RUN/secrets
    if [[ ! -s $secrets/organization ]]; then
        porterctl org create --name 'Ünïted Demo AG' --slug demo --json | field id \
            | keep_secret organization
    fi
    org=$(cat "$secrets/organization")
    if [[ ! -e $secrets/seeded ]]; then
        python3 "$ROOT/scripts/demo/seed.py" "$org" \
            | PGPASSWORD=$(cat "$RUN/postgres/password") psql \
                "postgresql://porter@127.0.0.1:$(port_of postgres)/porter" -X -q -v ON_ERROR_STOP=1
        keep_secret seeded </dev/null
    fi
    if [[ ! -s $secrets/owner-password ]]; then
        openssl rand -base64 18 | keep_secret owner-password
        porterctl user create --org "$org" --email owner@demo.example --name 'Maja Sjöberg' \
            --role owner --password-file "$secrets/owner-password"
    fi
    if [[ ! -s $secrets/api-key ]]; then
        porterctl key create --org "$org" --name demo --json | field key | keep_secret api-key
    fi
    made=$(porterctl webhook add --org "$org" --url "https://localhost:$(port_of receiver)/porter" \
        --events '*' --json)
    field id <<<"$made" | keep_secret webhook
    field secret <<<"$made" | keep_secret webhook-secret
}

show_main_job()
{
    python3 "$ROOT/scripts/demo/main_job.py" "$RUN" "$(port_of https)"
}

show_what_next()
{
    local key url
    url=https://localhost:$(port_of https)
    key=$(cat "$RUN/secrets/api-key")
    cat <<END

  API        $url/api/v1       (certificate: $RUN/tls/ca.pem)
  Key        $key
  Dashboard  $url/dashboard/   (owner@demo.example, password: $RUN/secrets/owner-password)
  Kafka      127.0.0.1:$(port_of kafka)   (no TLS; docs/kafka.md)
  Metrics    http://127.0.0.1:$(port_of gateway_private)/metrics
             http://127.0.0.1:$(port_of dispatcher_private)/metrics
  Logs       $LOG

Try next:
  curl --cacert $RUN/tls/ca.pem -H "X-API-Key: $key" "$url/api/v1/visitors?status=checked_in&limit=2"
  scripts/porterctl events tail
  scripts/porterctl deliveries list --org demo
END
}
