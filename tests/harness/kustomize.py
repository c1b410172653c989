"""k8s/ as kustomize builds it: `built` is an overlay's name and text."""
import re
import subprocess

import yaml

from .images import TOOLS
from .process import printed

VERSIONS = [folder.name.removeprefix("v").removesuffix("-standalone-strict") for folder in sorted((TOOLS / "schemas").glob("v*-strict"))]
# Of operators whose descriptions come with no Go module.
UNDESCRIBED = "Kafka,KafkaNodePool,KafkaUser,Redis"
OURS = ("porter-gateway", "porter-dispatcher", "porter-migrate")


def kustomized(overlay):
    done = subprocess.run([TOOLS / "bin" / "kustomize", "build", overlay], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return overlay.name, done.stdout


def of_kind(built, *kinds):
    return [one for one in yaml.safe_load_all(built[1]) if one["kind"] in kinds]


def templates(built):
    """Name and template of all that makes pods."""
    return [(one["metadata"]["name"], one["spec"]["template"]) for one in of_kind(built, "Deployment", "StatefulSet", "Job")]


def pods(built):
    return [(name, template["spec"]) for name, template in templates(built)]


def policies_of(built):
    return {one["metadata"]["name"]: one["spec"] for one in of_kind(built, "NetworkPolicy")}


def configuration(built):
    """What all our pods have as variables."""
    named = {source["configMapRef"]["name"] for name, pod in pods(built) if name in OURS for source in pod["containers"][0]["envFrom"]}
    given, = [one for one in of_kind(built, "ConfigMap") if one["metadata"]["name"] in named]
    return given["data"]


def setting(built, name, program):
    """Of the overlay, else what the program does without it."""
    given = configuration(built)
    return given[name] if name in given else re.search(rf"^\| `{name}` \|[^|]*\| `([^`]*)` \|", printed("--config-docs", program), re.M)[1]


def selector(peer):
    """Of namespaces and of pods, as kubectl writes them."""
    def of(one):
        return ",".join([f"{key}={value}" for key, value in one.get("matchLabels", {}).items()] + [say["key"] for say in one.get("matchExpressions", [])])
    return of(peer.get("namespaceSelector", {})), of(peer.get("podSelector", {}))


def conforms(text, version):
    done = subprocess.run(
        [TOOLS / "bin" / "kubeconform", "-strict", "-summary", "-kubernetes-version", version, "-skip", UNDESCRIBED,
         "-schema-location", f"{TOOLS}/schemas/{{{{.NormalizedKubernetesVersion}}}}-standalone{{{{.StrictSuffix}}}}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
         "-schema-location", f"{TOOLS}/schemas/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"],
        input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Invalid: 0, Errors: 0" in done.stdout, done.stdout
