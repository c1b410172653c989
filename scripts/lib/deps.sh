# shellcheck shell=bash
# What Porter needs of the machine, and how the missing part comes: Debian packages by apt, Kafka's
# jars by Maven, Python packages (for tests only) by pip, Node packages by npm. Sourced after common.sh.

# One line each: package | a command or file that shows it is there | why.
BUILD_PACKAGES='
gcc|gcc|compiles the services
libc6-dev|/usr/include/stdlib.h|the C library
cmake|cmake|drives the build
ninja-build|ninja|runs the build
pkg-config|pkg-config|finds the libraries
python3|python3|embeds SQL and the dashboard into C, shows the main job
dpkg-dev|dpkg-source|fetches the source of civetweb
patch|patch|applies the security patch of civetweb
libssl-dev|/usr/include/openssl/ssl.h|TLS and signatures
libpq-dev|/usr/include/postgresql/libpq-fe.h|PostgreSQL client
libhiredis-dev|/usr/include/hiredis/hiredis.h|Redis client
librdkafka-dev|/usr/include/librdkafka/rdkafka.h|Kafka client
libprotobuf-c-dev|/usr/include/protobuf-c/protobuf-c.h|the one schema, in C
protobuf-c-compiler|protoc-c|compiles the schema
libprotobuf-dev|/usr/include/google/protobuf/timestamp.proto|well-known types of the schema
libcurl4-openssl-dev|/usr/include/*/curl/curl.h|delivers webhooks
libjansson-dev|/usr/include/jansson.h|reads JSON
zlib1g-dev|/usr/include/zlib.h|packs large answers
brotli|brotli|packs the files of the dashboard
nodejs|node|npm runs on it
npm|npm|fetches what the dashboard is made with
libcmocka-dev|/usr/include/cmocka.h|unit tests
'
RUN_PACKAGES='
ca-certificates|/etc/ssl/certs/ca-certificates.crt|trusted certificates for downloads
curl|curl|makes the demonstration call
openssl|openssl|makes the local certificate
postgresql|/usr/lib/postgresql/*/bin/postgres|stores everything
redis-server|redis-server|limits and key cache
openjdk-17-jre-headless|java|runs Kafka
maven|mvn|fetches Kafka from Maven Central
util-linux|setpriv|runs servers as an ordinary user
'
TEST_PACKAGES='
clang-14|clang-14|second compiler, fuzzers
libclang-rt-14-dev|/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a|sanitizers of clang
clang-format-14|clang-format-14|format check
clang-tidy-14|clang-tidy-14|static checks
protobuf-compiler|protoc|the schema for the tests in Python
python3-venv|/usr/lib/python3*/ensurepip/__init__.py|a Python environment for the tests
iproute2|ip|a network of its own for the product page examples
nginx|nginx|an endpoint that speaks HTTP/2
chromium|chromium|the browser that tests the dashboard
fonts-dejavu-core|/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf|the fonts of the pictures that are compared
kcat|kcat|a subscriber of docs/kafka.md
prometheus|prometheus|evaluates the alerts while tests cause the faults
openjdk-17-jdk-headless|javac|compiles the one in Java
'

# Of the part `images`, which needs root.
IMAGE_PACKAGES='
podman|podman|builds and runs the images
runc|runc|runs containers where there is no systemd
catatonit|/usr/libexec/podman/catatonit|first process of pods
netavark|/usr/lib/podman/netavark|networks of containers
aardvark-dns|/usr/lib/podman/aardvark-dns|their names
iptables|iptables|their addresses
debootstrap|debootstrap|a base image without a registry
'

is_there()
{
    if [[ $1 == /* ]]; then
        compgen -G "$1" >/dev/null
    else
        command -v "$1" >/dev/null
    fi
}

# install_packages LOG LIST …: only what is missing, saying what and why.
install_packages()
{
    local log=$1 row package sign why missing=()
    shift
    while IFS='|' read -r package sign why; do
        if [[ -n ${sign:-} ]] && ! is_there "$sign"; then
            missing+=("$package")
            say "  missing: $package ($why)"
        fi
    done <<<"$*"
    ((${#missing[@]} > 0)) || return 0
    apt_knows "${missing[@]}" || step "$log.update" "apt-get update" as_root apt-get -q update
    step "$log" "apt-get install, ${#missing[@]} packages" apt_install "${missing[@]}"
}

apt_knows()
{
    apt-get -qq --simulate --no-install-recommends install "$@" >/dev/null 2>&1
}

# Services that packages bring are not started: ours are private ones. A policy file that was there
# before stays as it is.
apt_install()
{
    local policy=/usr/sbin/policy-rc.d made=no rc=0
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 install "$@" || rc=$?
    if [[ $made == yes ]]; then
        as_root rm -f "$policy"
    fi
    return "$rc"
}

# Kafka's jars into .deps/kafka; the pom names the version.
fetch_kafka()
{
    fetch_jars "$1" "$DEPS/kafka" "$ROOT/scripts/kafka/pom.xml" "fetching Kafka $(kafka_version) from Maven Central"
}

kafka_version()
{
    sed -n '/kafka_2.13/{n;s/.*<version>\(.*\)<.*/\1/p}' "$ROOT/scripts/kafka/pom.xml"
}

# What docs/examples/Subscriber.java stands on into .deps/java; the example's own pom names the versions.
fetch_java()
{
    fetch_jars "$1" "$DEPS/java" "$ROOT/docs/examples/pom.xml" "Kafka's client and protobuf for Java from Maven Central"
}

# fetch_jars LOG DIR POM WHAT: all that the pom needs at run time; a stamp tells that it is whole.
fetch_jars()
{
    local log=$1 dir=$2 pom=$3 what=$4 stamp
    stamp=$(sha256sum <"$pom")
    if [[ $(cat "$dir/.stamp" 2>/dev/null) == "$stamp" ]]; then
        return
    fi
    rm -rf "$dir"
    step "$log" "$what" mvn -q -B -C -f "$pom" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$dir"
    printf '%s\n' "$stamp" >"$dir/.stamp"
}

# The tests' Python packages into .deps/venv.
fetch_python()
{
    local log=$1 stamp
    stamp=$(sha256sum <"$ROOT/tests/requirements.txt")
    if [[ $(cat "$DEPS/venv/.stamp" 2>/dev/null) == "$stamp" ]]; then
        return
    fi
    rm -rf "$DEPS/venv"
    mkdir -p "$DEPS"
    step "$log" "Python environment for the tests" make_venv
    printf '%s\n' "$stamp" >"$DEPS/venv/.stamp"
}

make_venv()
{
    python3 -m venv "$DEPS/venv"
    "$DEPS/venv/bin/pip" install -q --no-deps -r "$ROOT/tests/requirements.txt"
}

# What the tests take from npm into .deps/node, as tests/node/package-lock.json pins it.
fetch_node()
{
    local log=$1 stamp
    stamp=$(sha256sum <"$ROOT/tests/node/package-lock.json")
    if [[ $(cat "$DEPS/node/.stamp" 2>/dev/null) == "$stamp" ]]; then
        return
    fi
    rm -rf "$DEPS/node"
    mkdir -p "$DEPS/node"
    cp "$ROOT/tests/node/package.json" "$ROOT/tests/node/package-lock.json" "$DEPS/node/"
    step "$log" "linter and verifiers from npm" \
        npm ci --prefix "$DEPS/node" --no-audit --no-fund --ignore-scripts
    printf '%s\n' "$stamp" >"$DEPS/node/.stamp"
}

# What the dashboard is made with into .deps/dashboard, as services/dashboard/package-lock.json pins it.
fetch_dashboard()
{
    local log=$1 from=$ROOT/services/dashboard stamp
    stamp=$(sha256sum <"$from/package-lock.json")
    if [[ $(cat "$DEPS/dashboard/.stamp" 2>/dev/null) == "$stamp" ]]; then
        return
    fi
    rm -rf "$DEPS/dashboard"
    mkdir -p "$DEPS/dashboard"
    cp "$from/package.json" "$from/package-lock.json" "$DEPS/dashboard/"
    step "$log" "the dashboard's packages from npm" \
        npm ci --prefix "$DEPS/dashboard" --no-audit --no-fund --ignore-scripts
    printf '%s\n' "$stamp" >"$DEPS/dashboard/.stamp"
}

# One preset, configured and built. Targets may follow.
build()
{
    local log=$1 preset=$2
    shift 2
    step "$log" "building preset $preset${*:+: $*}" build_preset "$preset" "$@"
}

build_preset()
{
    local preset=$1
    shift
    cd "$ROOT" \
        && cmake --preset "$preset" \
        && cmake --build --preset "$preset" ${1:+--target "$@"}
}
