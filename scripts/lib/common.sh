# shellcheck shell=bash
# What all scripts share: progress, failure, who runs the servers, processes, ports.
# Sourced; needs nothing but bash, coreutils and util-linux.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEPS=$ROOT/.deps
BEGAN_MS=$(date +%s%3N)

# ---- Progress -------------------------------------------------------------------------------------

elapsed()
{
    local ms=$(($(date +%s%3N) - ${1:-$BEGAN_MS}))
    printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

say()
{
    printf '%s\n' "$*"
}

# Ends the script; a log's last lines are shown when one is named.
fail()
{
    local log=${2:-}
    printf '\nFAILED: %s\n' "$1" >&2
    if [[ -n $log && -s $log ]]; then
        printf -- '---- the end of %s\n' "$log" >&2
        tail -n 15 "$log" >&2
        printf -- '----\n' >&2
    fi
    exit 1
}

# step LOG "what is done" COMMAND …: runs it with its output in LOG, says that it goes on every
# 10 s (every 2 s first when a person watches), and how long it took.
step()
{
    local log=$1 what=$2 began now next pid
    shift 2
    mkdir -p "$(dirname "$log")"
    began=$(date +%s%3N)
    printf '  %-58s ' "$what"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    next=2000
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.05
        now=$(($(date +%s%3N) - began))
        if ((now >= next)); then
            printf '%ds ' $((now / 1000))
            next=$((next < 10000 ? 10000 : next + 10000))
        fi
    done
    if ! wait "$pid"; then
        fail "$what (after $(elapsed "$began"); log: $log)" "$log"
    fi
    say "done, $(elapsed "$began")"
}

# ---- Who ------------------------------------------------------------------------------------------

# Servers never run as root: PostgreSQL refuses it and the others need it as little. As root we take
# the user behind sudo, else the one that Debian's PostgreSQL package brings.
server_user()
{
    if ((EUID != 0)); then
        id -un
    elif [[ -n ${SUDO_USER:-} && $SUDO_USER != root ]]; then
        printf '%s\n' "$SUDO_USER"
    else
        printf 'postgres\n'
    fi
}

# Run a command as that user, with its groups and without root's capabilities.
as_server()
{
    if ((EUID != 0)); then
        "$@"
    else
        local user
        user=$(server_user)
        setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
            --inh-caps=-all env HOME=/nonexistent "$@"
    fi
}

# Folders the server user owns.
server_folder()
{
    mkdir -p "$@"
    if ((EUID == 0)); then
        chown "$(server_user):" "$@"
    fi
}

# A command of root, by sudo when we are not.
as_root()
{
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo: $*"
    fi
}

# ---- Processes ------------------------------------------------------------------------------------
# A pid file holds "pid start-time"; the second (clock ticks since boot) tells a process from
# a later one that was given the same number.

start_time()
{
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    set -- $stat
    [[ $1 != Z ]] && printf '%s\n' "${20}"
}

# Prints the pid when the process of this pid file is alive.
alive()
{
    local pid began
    read -r pid began 2>/dev/null <"$1" || return 1
    [[ $(start_time "$pid") == "$began" ]] && printf '%s\n' "$pid"
}

# spawn PIDFILE LOG COMMAND …: a process of its own session that outlives the script, and so must not
# hold its lock (descriptor 9, hold_lock).
spawn()
{
    local pidfile=$1 log=$2 pid
    shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
    pid=$!
    disown "$pid"
    printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$pidfile"
}

# As the server user. (as_server is a function, so its words are put together here.)
spawn_server()
{
    local pidfile=$1 log=$2 user
    shift 2
    if ((EUID == 0)); then
        user=$(server_user)
        set -- setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
            --inh-caps=-all "$@"
    fi
    spawn "$pidfile" "$log" "$@"
}

# stop PIDFILE SIGNAL SECONDS: asks, waits, and kills what does not listen.
stop()
{
    local pidfile=$1 signal=$2 limit=$3 pid until
    if pid=$(alive "$pidfile"); then
        kill "-$signal" "$pid" 2>/dev/null || true
        until=$(($(date +%s%3N) + limit * 1000))
        while alive "$pidfile" >/dev/null; do
            if (($(date +%s%3N) > until)); then
                kill -KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.05
        done
    fi
    rm -f "$pidfile"
}

# wait_for SECONDS PIDFILE LOG "what" COMMAND …: until the command succeeds; a process that died in
# the meantime or a deadline ends the script.
wait_for()
{
    local limit=$1 pidfile=$2 log=$3 what=$4 until
    shift 4
    until=$(($(date +%s%3N) + limit * 1000))
    while ! "$@" >/dev/null 2>&1; do
        alive "$pidfile" >/dev/null || fail "$what stopped by itself (log: $log)" "$log"
        (($(date +%s%3N) < until)) || fail "$what not ready after $limit s (log: $log)" "$log"
        sleep 0.05
    done
}

# ---- Ports ----------------------------------------------------------------------------------------

port_is_open()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
