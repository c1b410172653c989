"""What a runbook has a person type when an alert fires does something: every command that needs no cluster is run."""
import re
import subprocess

import pytest

from harness.porter import porter_with
from harness.process import ROOT, program

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
BOOKS = {path.stem: [line for block in BLOCK.findall(path.read_text()) for line in block.splitlines()]
         for path in sorted((ROOT / "docs" / "runbooks").glob("Porter*.md"))}
IN_A_CLUSTER = "kubectl "


@pytest.fixture(scope="module")
def porter(servers):
    made = porter_with(servers)
    organization = made.organization()
    organization.webhook(made.receiver().url())
    organization.client().pre_register(organization.location())
    yield made
    made.close()


def typed(porter, command):
    for port, process in (("9090", porter.gateways[0]), ("9091", porter.dispatchers[0])):
        command = command.replace(f"127.0.0.1:{port}/", f"127.0.0.1:{process.private}/")
    env = porter.environment()
    env["PATH"] = f"{program('porterctl').rsplit('/', 1)[0]}:{env['PATH']}"
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", sorted({line for lines in BOOKS.values() for line in lines if not line.startswith(IN_A_CLUSTER)}))
def test_a_command_answers(porter, command):
    done = typed(porter, command)
    # A doctor that finds something says so by his exit code; a command that is none, by another.
    assert done.returncode in ((0, 1) if "doctor" in command else (0,)), done.stdout + done.stderr
    assert done.stdout.strip() or "kcat" in command, "it shows something"


def test_names_in_a_cluster_are_those_of_the_manifests():
    text = "".join(path.read_text() for path in (ROOT / "k8s").rglob("*.yaml"))
    asked = {name for lines in BOOKS.values() for line in lines if line.startswith(IN_A_CLUSTER) for name in re.findall(r"porter-\w+", line)}
    assert asked and all(re.search(rf"\bname: {name}\b", text) for name in asked), asked


def test_every_runbook_has_something_to_look_at():
    assert len(BOOKS) > 20 and all(BOOKS.values())
