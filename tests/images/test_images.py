"""What is in the images, and what they may do."""
import json
import subprocess
import tarfile
from fnmatch import fnmatch

import pytest

from harness.images import TOOLS
from harness.process import ROOT

DEPLOYED = ("gateway", "dispatcher", "porterctl", "receiver")
# All that an image may hold, besides its program.
HELD = ("etc/group", "etc/passwd", "etc/nsswitch.conf", "etc/ssl/certs/ca-certificates.crt", "lib/*/lib*.so.*", "lib64/ld-linux-x86-64.so.2",
        "usr/lib/ssl/certs", "usr/share/porter/sbom.cdx.json")
SIZE_MAX = 40 << 20


@pytest.fixture(scope="module", params=DEPLOYED)
def image(request, podman):
    """Its name and what is in it, unpacked."""
    name = request.param
    folder = podman.folder / f"{name}.files"
    container = podman.run("create", f"localhost/porter-{name}").stdout.strip()
    podman.run("export", "-o", f"{folder}.tar", container)
    podman.run("rm", container)
    with tarfile.open(f"{folder}.tar") as tar:
        yield name, {m.name: (m, tar.extractfile(m).read() if m.isfile() else b"") for m in tar.getmembers() if not m.isdir()}


@pytest.mark.parametrize("file", ["Dockerfile", "scripts/images/servers/Dockerfile"])
def test_the_linter_finds_nothing(file):
    done = subprocess.run([TOOLS / "bin" / "hadolint", ROOT / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_image_holds_a_program_and_its_libraries_alone(image):
    name, files = image
    others = [path for path in files if not any(fnmatch(path, known) for known in (*HELD, f"usr/bin/{name}"))]
    # What podman lays over every container.
    assert not [path for path in others if path not in ("etc/hostname", "etc/hosts", "etc/resolv.conf", "run/.containerenv", "etc/mtab")], others
    assert sum(member.size for member, _ in files.values()) < SIZE_MAX
    assert not [path for path, (member, _) in files.items() if member.mode & 0o7022 and not member.issym()]  # setuid; writable by others


def test_an_image_lists_what_it_is_made_of(image):
    name, files = image
    listed = json.loads(files["usr/share/porter/sbom.cdx.json"][1])
    assert listed["bomFormat"] == "CycloneDX" and listed["metadata"]["component"]["name"] == f"porter-{name}"
    packages = {part["name"] for part in listed["components"]}
    assert {"libc6", "ca-certificates"} <= packages and all(part["version"] and part["purl"].startswith("pkg:deb/debian/") for part in listed["components"])
    assert ("civetweb" in packages) == (b"civetweb" in files[f"usr/bin/{name}"][1].lower()), packages


def test_an_image_says_who_it_is_and_runs_as_nobody(image, podman):
    name, _ = image
    config = podman.inspect(f"porter-{name}")["Config"]
    assert config["User"] == "65532:65532" and config["Entrypoint"] == [f"/usr/bin/{name}"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == f"porter-{name}" and labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_a_program_needs_nothing_to_write_on_and_no_rights(image, podman):
    name, _ = image
    done = podman.run("run", "--rm", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--network", "none", f"localhost/porter-{name}", "--help", check=False)
    assert name in done.stdout + done.stderr and done.returncode in (0, 2), done


def test_there_is_no_shell(image, podman):
    name, _ = image
    done = podman.run("run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", f"localhost/porter-{name}", "-c", "id", check=False)
    assert done.returncode == 127, done


def test_commands_run_beside_a_porterctl_that_waits_and_its_log_stays_empty(podman):
    """As scripts/pod-porterctl does it: the first process is told to end, and does."""
    container = podman.run("run", "--detach", "--read-only", "--cap-drop=all", "--network=none", "localhost/porter-porterctl",
                           "wait", "--seconds", "600").stdout.strip()
    try:
        said = podman.run("exec", container, "/usr/bin/porterctl", "topics", "list", "--json").stdout
        assert "porter.visitors.v1" in said
        assert podman.run("exec", container, "/usr/bin/porterctl", "no-such", check=False).returncode == 2
        podman.run("stop", "--time", "20", container)
        ended = json.loads(podman.run("inspect", container).stdout)[0]["State"]
        logged = podman.run("logs", container)
        assert (ended["ExitCode"], logged.stdout, logged.stderr) == (0, "", "")
    finally:
        podman.run("rm", "--force", container)
