"""scripts/pod-porterctl, with a kubectl that plays the cluster: which image it takes, and how it ends when the pod does not start."""
import importlib.util
import json
import os
import subprocess
import time
from importlib.machinery import SourceFileLoader

import pytest
import yaml

from harness.sources import ROOT

SCRIPT = ROOT / "scripts" / "pod-porterctl"
KUBECTL = """#!/usr/bin/env python3
import json, os, sys
words, folder = sys.argv[3:], os.environ["CLUSTER"]
if words[0] == "create":
    open(folder + "/pod", "w").write(sys.stdin.read())
elif words[0] == "get":
    print(open(folder + ("/deployment" if words[1] == "deployment" else "/status")).read())
elif words[0] == "logs":
    print(open(folder + "/log").read())
elif words[0] == "delete":
    open(folder + "/deleted", "w")
"""


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        (folder / "kubectl").write_text(KUBECTL)
        (folder / "kubectl").chmod(0o755)
        documents = yaml.safe_load_all((ROOT / "k8s" / "base" / "gateway.yaml").read_text())
        self.deployment = next(one for one in documents if one["kind"] == "Deployment")
        self.says("the log")

    def says(self, log, **status):
        (self.folder / "log").write_text(log)
        (self.folder / "status").write_text(json.dumps({"status": status}))

    def run(self, *words, image="porter-gateway"):
        self.deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image
        (self.folder / "deployment").write_text(json.dumps(self.deployment))
        env = {**os.environ, "CLUSTER": str(self.folder), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        begun = time.monotonic()
        done = subprocess.run([SCRIPT, *words], env=env, capture_output=True, text=True, timeout=60, check=False)
        return done, time.monotonic() - begun

    def pod(self):
        return json.loads((self.folder / "pod").read_text())


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


def ended(code):
    return [{"name": "porterctl", "state": {"terminated": {"exitCode": code}}}]


def test_it_ends_as_porterctl_did(cluster):
    for code, phase in ((0, "Succeeded"), (4, "Failed")):
        cluster.says("told", phase=phase, containerStatuses=ended(code))
        done, _ = cluster.run("org", "list", "--json")
        assert (done.returncode, done.stdout.strip()) == (code, "told")
        container, = cluster.pod()["spec"]["containers"]
        assert container["args"] == ["org", "list", "--json"] and (cluster.folder / "deleted").exists()


def test_the_image_is_porterctls_wherever_it_lies():
    loader = SourceFileLoader("pod_porterctl", str(SCRIPT))
    script = importlib.util.module_from_spec(importlib.util.spec_from_loader("pod_porterctl", loader))
    loader.exec_module(script)
    image_of = script.image_of
    overlay = yaml.safe_load((ROOT / "k8s" / "overlays" / "production" / "kustomization.yaml").read_text())
    images = {one["name"]: f"{one['newName']}:{one['newTag']}" for one in overlay["images"]}
    assert image_of(images["porter-gateway"]) == images["porter-porterctl"]
    assert image_of("porter-gateway") == "porter-porterctl"
    assert image_of("localhost:5000/gateway/porter-gateway:1.2") == "localhost:5000/gateway/porter-porterctl:1.2"
    for image in ("registry.invalid/gateway@sha256:00", "registry.invalid/door:1", "registry.invalid/gateway/door:1"):
        with pytest.raises(SystemExit, match="--image"):
            image_of(image)


def test_an_image_may_be_named(cluster):
    cluster.says("", phase="Succeeded", containerStatuses=ended(0))
    assert cluster.run("--image", "mine:2", "doctor", image="door@sha256:00")[0].returncode == 0
    assert {one["image"] for one in cluster.pod()["spec"]["initContainers"] + cluster.pod()["spec"]["containers"]} == {"mine:2"}


def test_a_pod_that_failed_before_is_not_waited_for(cluster):
    cluster.says("PORTER_DB_URL: no such file", phase="Failed", initContainerStatuses=[
        {"name": "wait-0", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}],
        containerStatuses=[{"name": "porterctl", "state": {"waiting": {"reason": "PodInitializing"}}}])
    done, took_s = cluster.run("doctor")
    assert done.returncode == 1 and took_s < 20
    assert "no such file" in done.stderr and "wait-0: Error" in done.stderr and (cluster.folder / "deleted").exists()


def test_a_pod_that_never_starts_is_waited_for_as_long_as_was_said(cluster):
    cluster.says("", phase="Pending", containerStatuses=[
        {"name": "porterctl", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}])
    done, took_s = cluster.run("--deadline", "2", "doctor")
    assert done.returncode == 1 and 2 <= took_s < 20 and "porterctl: ErrImagePull not found" in done.stderr
    assert cluster.pod()["spec"]["activeDeadlineSeconds"] == 2


@pytest.mark.parametrize("words, user", [((), "porter-porterctl"), (("--kafka-user", "porter-dispatcher"), "porter-dispatcher")])
def test_kafka_knows_it_as_an_operator_or_as_whom_was_named(cluster, words, user):
    """As the production overlay has it: the gateway's own user may write, and nothing else."""
    overlay = (ROOT / "k8s" / "overlays" / "production" / "kustomization.yaml").read_text()
    patches = [yaml.safe_load(one["patch"]) for one in yaml.safe_load(overlay)["patches"]]
    volume, = [one["spec"]["template"]["spec"]["volumes"] for one in patches
               if isinstance(one, dict) and (one["kind"], one["metadata"]["name"]) == ("Deployment", "porter-gateway")]
    cluster.deployment["spec"]["template"]["spec"]["volumes"] += volume
    cluster.says("", phase="Succeeded", containerStatuses=ended(0))
    assert cluster.run(*words, "topics", "check")[0].returncode == 0
    *kept, shown = cluster.pod()["spec"]["volumes"]
    assert [source["secret"]["name"] for source in shown["projected"]["sources"]] == [user, "porter-kafka-cluster-ca-cert"]
    assert kept == cluster.deployment["spec"]["template"]["spec"]["volumes"][:-1]
