"""One set of servers for all workers of a test run: the first starts it, the last stops it."""
import contextlib
import fcntl
import os
import tempfile
from pathlib import Path

from .servers import Servers
from .watch import watch_file


@contextlib.contextmanager
def shared_servers(run_id):
    place = Path(tempfile.gettempdir()) / f"porter-test-run-{run_id}"
    watch_file(place)
    with _locked(place) as state:
        count, text = _read(state)
        servers = Servers.load(text) if count else Servers.temporary().start()
        _write(state, count + 1, servers.dump())
    try:
        yield servers
    finally:
        with _locked(place) as state:
            count, text = _read(state)
            _write(state, count - 1, text)
            if count == 1:
                servers.stop()
                os.unlink(place)


@contextlib.contextmanager
def _locked(place):
    with open(place, "a+", encoding="utf-8") as state:
        fcntl.flock(state, fcntl.LOCK_EX)
        yield state


def _read(state):
    state.seek(0)
    count, _, text = state.read().partition("\n")
    return int(count or 0), text


def _write(state, count, text):
    state.seek(0)
    state.truncate()
    state.write(f"{count}\n{text}")
    state.flush()
