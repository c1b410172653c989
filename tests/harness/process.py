"""A program under test: started, asked to stop, killed, started again; its output is kept."""
import json
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from .watch import watch_process

ROOT = Path(__file__).resolve().parents[2]
PRESET = os.environ.get("PORTER_TEST_PRESET", "dev")
# Of tests that look for what only the sanitizers see: their build, when there is one.
SANITIZED = "asan" if (ROOT / "build" / "asan" / "bin" / "gateway").exists() else PRESET


def program(name, preset=PRESET):
    path = ROOT / "build" / preset / "bin" / name
    assert path.exists(), f"{path} is not built (cmake --build --preset {preset})"
    return str(path)


def printed(option, *names):
    """What these programs print for an option, one after the other."""
    return "".join(subprocess.run([program(name), option], capture_output=True, text=True, check=True).stdout for name in names)


_given = set()


# Below what the kernel gives to outgoing connections, or one of those could take a port between its
# choice and its use. Runs beside each other rarely choose the same of so many.
PORTS = range(12000, 32000)


def free_port():
    """A port nobody listens on, and that this process has not given out before."""
    while True:
        port = random.choice(PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def port_is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Process:
    """`ready` is asked until it is true; `log` is where standard output and error go."""

    def __init__(self, name, words, env, log, ready, seconds=15):
        self.name, self.words, self.env = name, words, env
        self.log, self.ready, self.seconds = Path(log), ready, seconds
        self.popen = None

    def start(self, wait=True):
        assert not self.is_alive(), f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                self.words, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        watch_process(self.popen.pid)
        return self.wait_ready() if wait else self

    def wait_ready(self):
        until = time.monotonic() + self.seconds
        while not self.ready():
            code = self.popen.poll()
            assert code is None, f"{self.name} ended with {code}:\n{self.tail()}"
            assert time.monotonic() < until, f"{self.name} is not ready:\n{self.tail()}"
            time.sleep(0.02)
        return self

    def is_alive(self):
        return self.popen is not None and self.popen.poll() is None

    @property
    def pid(self):
        return self.popen.pid

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self, seconds=20):
        """SIGTERM; the exit status."""
        if not self.is_alive():
            return self.popen.returncode if self.popen else None
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not stop within {seconds} s:\n{self.tail()}") from None

    def kill(self):
        """SIGKILL, at once."""
        if self.is_alive():
            self.popen.kill()
            self.popen.wait()

    def restart(self):
        self.stop()
        return self.start()

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def logged(self, **wanted):
        """The lines that it logged with these fields."""
        lines = [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]
        return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]

    def tail(self, lines=25):
        return "\n".join(self.output().splitlines()[-lines:])
