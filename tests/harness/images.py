"""Images and containers, by podman with a store of its own: nothing of the machine's is touched, and nothing stays."""
import json
import os
import subprocess
import threading
from pathlib import Path

from .process import ROOT, Process

TOOLS = ROOT / ".deps" / "images"
OURS = ("gateway", "dispatcher", "porterctl", "receiver", "setup")
SERVERS = ("postgres", "redis", "kafka", "prometheus")
UNTRIED = {"grafana"}  # No package of Debian's, and no registry to take the image from.
# Without systemd: no cgroups of its own, no journal.
SETTINGS = """[containers]
default_ulimits=["nofile=4096:4096","nproc=4096:4096"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
[network]
network_backend="netavark"
"""


class Podman:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "containers.conf").write_text(SETTINGS)
        self.env = {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf")}
        self.words = ["podman", "--root", str(self.folder / "root"), "--runroot", str(self.folder / "runroot"),
                      "--tmpdir", str(self.folder / "tmp")]

    def run(self, *words, check=True, seconds=600, **more):
        done = subprocess.run([*self.words, *words], env=self.env, capture_output=True, text=True, timeout=seconds, check=False, **more)
        assert not check or done.returncode == 0, f"podman {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done

    def inspect(self, image):
        return json.loads(self.run("inspect", f"localhost/{image}").stdout)[0]

    def build(self, ours=OURS, others=SERVERS):
        """The base, our images, and the servers that docker-compose.yml takes from a registry."""
        if self.run("image", "exists", "localhost/porter-base", check=False).returncode != 0:  # A new one would be built on anew.
            self.run("import", str(TOOLS / "base.tar"), "localhost/porter-base")
        for name in ours:
            self._build(f"porter-{name}", name, ROOT / "Dockerfile", ROOT / ".dockerignore")
        servers = ROOT / "scripts" / "images" / "servers"
        for name in others:
            self._build(f"porter-test-{name}", name, servers / "Dockerfile", servers / "Dockerfile.dockerignore")

    def _build(self, image, target, file, ignore):
        self.run("build", "--network", "host", "--format", "docker", "--build-arg", "BASE=localhost/porter-base", "--ignorefile", str(ignore),
                 "-f", str(file), "--target", target, "-t", f"localhost/{image}", str(ROOT))

    def remove(self):
        self.run("system", "reset", "--force", check=False)
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)


class Compose:
    """Docker Compose over podman's socket. Podman has its health checks asked by systemd; here a thread does it."""

    def __init__(self, podman, port, prometheus_port):
        self.podman = podman
        socket = podman.folder / "podman.sock"
        self.service = Process("podman", [*podman.words, "system", "service", "--time=0", f"unix://{socket}"], podman.env,
                               podman.folder / "service.log", socket.exists)
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{socket}", "PORTER_PORT": str(port), "PROMETHEUS_PORT": str(prometheus_port),
                    **{f"{name.upper()}_IMAGE": f"localhost/porter-test-{name}" for name in SERVERS}}
        self._done = threading.Event()
        self._asking = threading.Thread(target=self._ask)

    def __enter__(self):
        self.service.start()
        self._asking.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._asking.join()
        self("down", "--volumes", "--timeout", "5", check=False)
        self.service.stop()

    def __call__(self, *words, check=True, seconds=300):
        done = subprocess.run([TOOLS / "bin" / "docker-compose", "-f", ROOT / "docker-compose.yml", *words], env=self.env,
                              capture_output=True, text=True, timeout=seconds, check=False)
        assert not check or done.returncode == 0, f"compose {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-4000:]}{self.tell()}"
        return done.stdout

    def up(self):
        tried = sorted(set(self("config", "--services").split()) - UNTRIED)
        self("up", "--no-build", "--detach", "--wait", "--wait-timeout", "180", *tried)

    def tell(self):
        return "".join(f"\n-- {name}\n{self.podman.run('logs', '--tail', '5', name, check=False).stderr[-1500:]}"
                       for name in self.podman.run("ps", "-a", "--format", "{{.Names}}").stdout.split())

    def _ask(self):
        while not self._done.wait(1):
            for name in self.podman.run("ps", "--format", "{{.Names}}", check=False).stdout.split():
                self.podman.run("healthcheck", "run", name, check=False, seconds=60)
