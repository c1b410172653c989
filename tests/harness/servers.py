"""Private PostgreSQL, Redis and Kafka, started by the same script that scripts/up uses."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .process import ROOT, free_port, port_is_free
from .watch import run_file, watch_server

SCRIPT = ROOT / "scripts" / "lib" / "server"


class Server:
    """One of them. After kill() or stop(), start() brings it back on the same port and data."""

    def __init__(self, kind, folder, port=None):
        self.kind, self.folder = kind, Path(folder) / kind
        self.port = port or self._port()

    def _port(self):
        port = free_port()
        while self.kind == "kafka" and not port_is_free(port + 1):
            port = free_port()  # Kafka's controller listens on the port after it.
        return port

    def _run(self, verb, *more):
        done = subprocess.run([SCRIPT, verb, self.kind, self.folder, *more], env=dict(os.environ, TEST_RUN_FILE=run_file()),
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{verb} {self.kind}: {done.stdout}{done.stderr}"

    def start(self):
        watch_server(self.kind, self.folder.resolve())
        self._run("start", str(self.port))
        return self

    def stop(self):
        self._run("stop")

    @property
    def pid(self):
        return int((self.folder / "pid").read_text().split()[0])

    def kill(self):
        """SIGKILL, to every process of it (PostgreSQL has many), and wait until they are gone."""
        pids = [self.pid, *_children(self.pid)]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        until = time.monotonic() + 10
        while any(_is_there(pid) for pid in pids) and time.monotonic() < until:
            time.sleep(0.01)

    def pause(self):
        """Reachable but silent: what a hung machine looks like."""
        for pid in [self.pid, *_children(self.pid)]:
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in [self.pid, *_children(self.pid)]:
            os.kill(pid, signal.SIGCONT)

    @property
    def url(self):
        return (self.folder / "url").read_text().strip()


def _children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _is_there(pid):
    """Also true of a zombie: PostgreSQL takes one for the owner of its lock file."""
    return Path(f"/proc/{pid}").exists()


class Servers:
    """The three neighbours, in a folder of their own."""

    def __init__(self, folder, ports=None):
        ports = ports or {}
        self.folder = Path(folder)
        self.postgres = Server("postgres", folder, ports.get("postgres"))
        self.redis = Server("redis", folder, ports.get("redis"))
        self.kafka = Server("kafka", folder, ports.get("kafka"))
        self.all = [self.postgres, self.redis, self.kafka]

    def use_postgres(self, postgres):
        """Another one in its place, which has a folder that stays."""
        self.postgres = self.all[0] = postgres

    @classmethod
    def temporary(cls):
        folder = tempfile.mkdtemp(prefix="porter-test-")
        os.chmod(folder, 0o755)  # The servers run as another user when we are root.
        return cls(folder)

    def start(self):
        started = []
        try:
            for server in self.all:
                started.append(server.start())
        except AssertionError:  # Leave none behind; the folder stays, for its logs.
            for server in started:
                server.stop()
            raise
        return self

    def stop(self):
        for server in self.all:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def dump(self):
        return json.dumps({"folder": str(self.folder),
                           "ports": {server.kind: server.port for server in self.all}})

    @classmethod
    def load(cls, text):
        known = json.loads(text)
        return cls(known["folder"], known["ports"])
