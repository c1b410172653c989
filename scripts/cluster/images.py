"""The images of scripts/cluster in one archive, by the names that the manifests give them.    images.py STORE ARCHIVE

Ours are built as docs/containers.md says; those that come from a registry otherwise have stand-ins (scripts/images/servers);
the one that holds a pod's network is made here. The store is kept, so that the next time is short."""
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


def make_pause(podman):
    work = podman.folder / "pause"
    subprocess.run(["gcc", "-O2", "-Wall", "-static", "-o", work, ROOT / "scripts" / "cluster" / "pause.c"], check=True)
    with tarfile.open(f"{work}.tar", "w") as tar:
        tar.add(work, "pause")
    podman.run("import", "--change", 'ENTRYPOINT ["/pause"]', f"{work}.tar", "localhost/porter-pause:1")


def names():
    """What kubelet asks containerd for, by the name that the image has here."""
    found = {f"localhost/porter-{name}": f"docker.io/library/porter-{name}:latest" for name in OURS}
    for image in re.findall(r"image: (\S+)", (ROOT / "k8s" / "overlays" / "dev" / "neighbours.yaml").read_text(encoding="utf-8")):
        found[f"localhost/porter-test-{re.split('[/:]', image)[-2]}"] = image
    return found


def main():
    store, archive = sys.argv[1:]
    podman = Podman(store)
    podman.build(OURS, SERVERS)
    make_pause(podman)
    for local, name in names().items():
        podman.run("tag", local, name)
    Path(archive).unlink(missing_ok=True)
    podman.run("save", "-m", "-o", archive, "localhost/porter-pause:1", *names().values())


main()
