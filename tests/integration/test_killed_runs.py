"""What a run of tests started ends with it, however the run ends."""
import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

from harness.poll import eventually
from harness.process import ROOT, Process
from harness.servers import Server
from harness.watch import start_time

RUN = """
import sys
from harness.process import Process
from harness.servers import Server

folder, kind, *words = sys.argv[1:]
server = Server(kind, folder)
print("starting", flush=True)
server.start()
program = Process("sleep", ["sleep", "1000"], None, f"{folder}/log", None).start(wait=False)
print(server.pid, program.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder():
    made = tempfile.mkdtemp(prefix="porter-test-")
    os.chmod(made, 0o755)  # The servers run as another user when we are root.
    return Path(made)


class Run:
    """A process that uses the harness as pytest does."""

    def __init__(self, folder, kind="redis", name=None):
        env = {word: value for word, value in os.environ.items() if word != "PYTEST_XDIST_TESTRUNUID"}
        env["PYTHONPATH"] = str(ROOT / "tests")
        if name:
            env["PYTEST_XDIST_TESTRUNUID"] = name
        folder.mkdir(exist_ok=True)
        self.popen = subprocess.Popen(
            [sys.executable, "-c", RUN, folder, kind], env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.file = Path(tempfile.gettempdir()) / f"porter-test-watch-{name or self.popen.pid}"
        assert self.popen.stdout.readline() == "starting\n"

    def started(self):
        """(pid, start time) of the server and of the program."""
        pids = self.popen.stdout.readline().split()
        assert len(pids) == 2
        return [(pid, start_time(pid)) for pid in pids]

    def end(self, how):
        if how == "killed":
            self.popen.kill()
        self.popen.communicate()  # Closes its input, too: it ends by itself, and stops nothing.

    def is_over(self):
        return not self.file.exists()


def waiting(file):
    """How many wait for a lock of this file."""
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sum("->" in line and f":{file.stat().st_ino} " in line for line in lines)


def runs(one):
    pid, began = one
    return began is not None and start_time(pid) == began


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_what_a_run_started_ends_with_it_and_nothing_else_does(folder, how):
    mine = Process("sleep", ["sleep", "1000"], None, folder / "log", None).start(wait=False)
    try:
        run = Run(folder)
        started = run.started()
        state = folder / "state"
        state.touch()
        with open(run.file, "a", encoding="utf-8") as file:
            file.write(f"process {mine.pid} 1\nfile {state}\n")  # A number that was given again.
        assert all(map(runs, started))
        run.end(how)
        eventually(lambda: not any(map(runs, started)), 20, "the server and the program are gone")
        eventually(run.is_over, 20, "the watcher is done")
        assert mine.is_alive() and not state.exists()
    finally:
        mine.kill()


def test_servers_stay_while_a_worker_of_their_run_lives(folder):
    name = uuid.uuid4().hex
    first, second = Run(folder, name=name), Run(folder, name=name)  # The second finds the server running.
    (server, program), (same, other) = first.started(), second.started()
    assert server == same
    first.end("killed")
    eventually(lambda: waiting(first.file) == 2, 10, "both watchers wait for the second's lock")
    assert all(map(runs, (server, program, other)))
    second.end("killed")
    eventually(lambda: not any(map(runs, (server, program, other))), 20, "all gone")


def test_a_server_that_was_being_started_ends_as_well(folder):
    run = Run(folder, "postgres")
    eventually((folder / "postgres" / "data").exists, 20, "initdb is at work")
    run.end("killed")
    assert not run.is_over()
    eventually(run.is_over, 40, "the watcher is done")
    assert not (folder / "postgres" / "pid").exists()
    lock = folder / "postgres" / "data" / "postmaster.pid"
    assert not lock.exists(), "PostgreSQL runs, or was not asked to stop"


def test_a_server_without_a_run_stays(folder):
    """scripts/up starts them so."""
    server = Server("redis", folder)
    env = {word: value for word, value in os.environ.items() if word != "TEST_RUN_FILE"}
    subprocess.run([ROOT / "scripts" / "lib" / "server", "start", "redis", folder / "redis", str(server.port)], env=env, check=True)
    try:
        before = (server.pid, start_time(server.pid))
        run = Run(folder / "run")
        run.started()
        run.end("killed")
        eventually(run.is_over, 20, "the watcher is done")
        assert runs(before)
    finally:
        server.stop()
