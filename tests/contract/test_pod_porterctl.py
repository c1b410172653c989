"""scripts/pod-porterctl, with a kubectl that plays the cluster: which image it takes, where what porterctl says goes, and how it ends
when the pod does not start."""
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
    open(folder + "/asked", "a").write("logs ")
    print(open(folder + "/log").read())
elif words[0] == "exec":
    json.dump({"words": words[1:], "stdin": sys.stdin.read()}, open(folder + "/executed", "w"))
    print(open(folder + "/said").read(), flush=True)
    print("on stderr", file=sys.stderr)
    sys.exit(int(open(folder + "/code").read()))
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
        self.runs("", 0)

    def says(self, log, **status):
        """The pod: its log, and what Kubernetes knows of it."""
        (self.folder / "log").write_text(log)
        (self.folder / "status").write_text(json.dumps({"status": status}))

    def runs(self, said, code):
        """The pod runs, and so does porterctl in it."""
        self.says("", phase="Running", containerStatuses=[{"name": "porterctl", "state": {"running": {}}}])
        (self.folder / "said").write_text(said)
        (self.folder / "code").write_text(str(code))

    def executed(self):
        return json.loads((self.folder / "executed").read_text())

    def run(self, *words, image="porter-gateway", given=""):
        self.deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image
        (self.folder / "deployment").write_text(json.dumps(self.deployment))
        env = {**os.environ, "CLUSTER": str(self.folder), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        begun = time.monotonic()
        done = subprocess.run([SCRIPT, *words], env=env, input=given, capture_output=True, text=True, timeout=60, check=False)
        return done, time.monotonic() - begun

    def pod(self):
        return json.loads((self.folder / "pod").read_text())


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


def test_it_ends_as_porterctl_did_and_hands_on_what_that_says(cluster):
    for code in (0, 4):
        cluster.runs("told", code)
        done, _ = cluster.run("erase-subject", "vis_1", "--json", given="yes\n")
        assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (code, "told", "on stderr")
        executed = cluster.executed()
        assert executed["stdin"] == "yes\n" and "--tty" not in executed["words"]
        assert executed["words"][executed["words"].index("--"):] == ["--", "/usr/bin/porterctl", "erase-subject", "vis_1", "--json"]
        assert cluster.pod()["metadata"]["name"] in executed["words"] and (cluster.folder / "deleted").exists()


def test_no_secret_is_in_the_log_of_a_container(cluster):
    """Nodes keep what a pod's own processes say, and collectors take it: none of them is the command."""
    cluster.runs("porter_sk_secret", 0)
    done, _ = cluster.run("key", "create", "--name", "first")
    assert done.stdout.strip() == "porter_sk_secret" and not (cluster.folder / "asked").exists()
    spec = cluster.pod()["spec"]
    assert [one["args"] for one in spec["containers"]] == [["wait", "--seconds", "600"]]
    assert {tuple(one["args"]) for one in spec["initContainers"]} == {("topics", "list")}


def test_what_is_kept_in_a_file_can_be_written(cluster):
    """By a claim it outlives the pod."""
    for words, volume in (((), {"emptyDir": {"sizeLimit": "16Mi"}}),
                          (("--state-claim", "republish"), {"persistentVolumeClaim": {"claimName": "republish"}})):
        assert cluster.run(*words, "events", "republish", "--since", "1h", "--state-file", "/state/place")[0].returncode == 0
        spec = cluster.pod()["spec"]
        assert spec["volumes"][-1] == {"name": "state", **volume}
        for one in spec["containers"]:
            assert one["volumeMounts"][-1] == {"name": "state", "mountPath": "/state"}
            assert one["securityContext"]["readOnlyRootFilesystem"] is True
        assert cluster.executed()["words"][-1] == "/state/place"


def test_it_goes_where_the_gateway_goes_and_pulls_as_it_does(cluster):
    spec = cluster.deployment["spec"]["template"]["spec"]
    more = {"imagePullSecrets": [{"name": "registry"}], "tolerations": [{"key": "porter", "operator": "Exists"}], "nodeSelector": {"pool": "porter"}}
    assert cluster.run("doctor")[0].returncode == 0
    assert not more.keys() & cluster.pod()["spec"].keys()
    spec.update(more)
    assert cluster.run("doctor")[0].returncode == 0
    assert more.items() <= cluster.pod()["spec"].items() and cluster.pod()["spec"]["serviceAccountName"] == "porter-gateway"


def test_one_that_is_ended_from_outside_is_told_of(cluster):
    cluster.runs("half", 137)
    kubectl = (cluster.folder / "kubectl").read_text()
    ended = json.dumps({"status": {"phase": "Failed", "reason": "DeadlineExceeded", "message": "too long"}})
    (cluster.folder / "kubectl").write_text(kubectl.replace('    sys.exit(int', f"    open(folder + '/status', 'w').write({ended!r})\n    sys.exit(int"))
    done, _ = cluster.run("events", "tail")
    assert done.returncode == 137 and "porterctl was ended: Failed DeadlineExceeded too long" in done.stderr


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
    assert cluster.run(*words, "topics", "check")[0].returncode == 0
    *kept, shown, _ = cluster.pod()["spec"]["volumes"]
    assert [source["secret"]["name"] for source in shown["projected"]["sources"]] == [user, "porter-kafka-cluster-ca-cert"]
    assert kept == cluster.deployment["spec"]["template"]["spec"]["volumes"][:-1]
