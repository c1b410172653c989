"""What an image is made of, as CycloneDX 1.5: the program, civetweb inside it, and the Debian packages of the libraries
whose paths come on standard input.    sbom.py NAME VERSION"""
import json
import subprocess
import sys
from pathlib import Path

CIVETWEB = Path(__file__).resolve().parents[1] / "install-civetweb"


def owner(path):
    """The package of a file; /lib is /usr/lib on Debian 12, and dpkg knows some files by one name only."""
    real = str(Path(path).resolve())
    for name in dict.fromkeys((path, real, real.removeprefix("/usr"))):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(",")[0]
    raise SystemExit(f"{path} belongs to no package")


def debian(package):
    text = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", package], capture_output=True, text=True, check=True).stdout
    name, version, architecture = text.split()
    return {"type": "library", "name": name, "version": version, "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}&distro=debian-12"}


def civetweb():
    words = dict(line.split("=", 1) for line in CIVETWEB.read_text(encoding="utf-8").splitlines() if line.startswith(("version=", "revision=", "suite=")))
    version = f"{words['version'].strip(chr(39))}-{words['revision'].strip(chr(39))}"
    return {"type": "library", "name": "civetweb", "version": version, "purl": f"pkg:deb/debian/civetweb@{version}?arch=source&distro={words['suite']}"}


def main():
    name, version = sys.argv[1:]
    packages = sorted({owner(line.strip()) for line in sys.stdin} | {"ca-certificates"})
    parts = [debian(package) for package in packages]
    if name in ("gateway", "dispatcher", "receiver"):
        parts.append(civetweb())
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
               "metadata": {"component": {"type": "application", "name": f"porter-{name}", "version": version}},
               "components": parts}, sys.stdout, indent=1)


main()
