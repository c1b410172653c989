"""Ends what a run of tests left running because it was killed.

Every process of a run holds a shared lock on the run's file, and writes into it what it starts. The
kernel gives a lock back when its holder ends, however it ends. A watcher, in a session of its own so
that it survives the run, waits to have the lock for itself: then nobody of the run is there any more.
What is in the file and still runs is ended by its number and the time of its start, so never a
process that was given the same number later.
"""
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "lib" / "server"
_mutex = threading.Lock()
_mine = None  # (path, descriptor) of the run's file, for the life of this process


def run_file():
    """The file of this process's run: pytest's workers share one."""
    global _mine  # pylint: disable=global-statement
    with _mutex:
        if _mine is None:
            run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
            path = Path(tempfile.gettempdir()) / f"porter-test-watch-{run}"
            _mine = path, _join(path)
            # One for each process of the run, as any of them may be killed before the others come.
            subprocess.Popen([sys.executable, "-I", __file__, path], start_new_session=True,  # pylint: disable=consider-using-with
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return _mine[0]


def watch_server(kind, folder):
    """Before it is started: scripts/lib/server takes the lock as well, until it has written DIR/pid."""
    _write(f"server {kind} {folder}\n")


def watch_file(path):
    """To be removed when nobody of the run is left."""
    _write(f"file {path}\n")


def watch_process(pid):
    _write(f"process {pid} {start_time(pid)}\n")


def start_time(pid):
    """Clock ticks since boot (see scripts/lib/common.sh); None when there is no such process."""
    try:
        state, *words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else words[18]


def _write(line):
    run_file()
    os.write(_mine[1], line.encode())


def _is(path, fd):
    """Is what was opened still what the path names?"""
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except FileNotFoundError:
        return False


def _join(path):
    while True:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        fcntl.flock(fd, fcntl.LOCK_SH)
        if _is(path, fd):
            return fd
        os.close(fd)  # A watcher was just done with it.


# ---- The watcher --------------------------------------------------------------------------------


def _end(kind, *words):
    if kind == "file":
        Path(" ".join(words)).unlink(missing_ok=True)
    elif kind == "process":
        pid, began = words
        if start_time(pid) == began:
            os.kill(int(pid), signal.SIGKILL)
    elif (Path(words[1]) / "pid").exists():
        subprocess.run([SCRIPT, "stop", *words], check=False)


def main(path):
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    fcntl.flock(fd, fcntl.LOCK_EX)
    if _is(path, fd):  # Else another watcher was quicker.
        lines = Path(path).read_text().splitlines()
        for line in sorted(lines):  # Programs before the servers that they use.
            _end(*line.split(" ", 2))
        os.unlink(path)


if __name__ == "__main__":
    main(sys.argv[1])
