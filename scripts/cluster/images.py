"""The images of scripts/cluster in one archive, by the names that the manifests give them.    images.py STORE ARCHIVE NAMES

Ours are built as docs/containers.md says; those that come from a registry otherwise have stand-ins (scripts/images/servers);
the one that holds a pod's network is made here, and that of the
cluster's DNS server (NAMES: the program). The store is kept, so that the next time is short."""
import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from harness.images import Podman  # noqa: E402

OURS = ("gateway", "dispatcher", "porterctl", "receiver")
SERVERS = ("postgres", "redis", "kafka")


def make_small(podman, name, program):
    """An image of one program that needs no library."""
    tarball = podman.folder / f"{name}.tar"
    with tarfile.open(tarball, "w") as tar:
        tar.add(program, "program")
    podman.run("import", "--change", 'ENTRYPOINT ["/program"]', str(tarball), f"localhost/porter-{name}:1")


def names():
    """What kubelet asks containerd for, by the name that the image has here."""
    found = {f"localhost/porter-{name}": f"docker.io/library/porter-{name}:latest" for name in OURS}
    for image in re.findall(r"image: (\S+)", (ROOT / "k8s" / "overlays" / "dev" / "neighbours.yaml").read_text(encoding="utf-8")):
        found[f"localhost/porter-test-{re.split('[/:]', image)[-2]}"] = image
    return found


def main():
    store, archive, names_program = sys.argv[1:]
    podman = Podman(store)
    podman.build(OURS, SERVERS)
    pause = podman.folder / "pause"
    subprocess.run(["gcc", "-O2", "-Wall", "-static", "-o", pause, ROOT / "scripts" / "cluster" / "pause.c"], check=True)
    make_small(podman, "pause", pause)
    make_small(podman, "names", names_program)
    for local, name in names().items():
        podman.run("tag", local, name)
    Path(archive).unlink(missing_ok=True)
    podman.run("save", "-m", "-o", archive, "localhost/porter-pause:1", "localhost/porter-names:1", *names().values())


main()
