"""What Kubernetes and the operators say of their resources, as kubeconform reads it, strict: a field that is not described
is a fault.    schemas.py DIR    (needs `go` in PATH; each description comes with a Go module)"""
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

KUBERNETES = ("v1.31.14", "v1.33.6", "v1.35.4")
# Module, version, where its descriptions lie.
OPERATORS = (
    ("github.com/kedacore/keda/v2", "v2.17.2", "config/crd/bases/keda.sh_scaledobjects.yaml"),
    ("github.com/kedacore/keda/v2", "v2.17.2", "config/crd/bases/keda.sh_triggerauthentications.yaml"),
    ("github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"),
    ("github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"),
    ("github.com/cloudnative-pg/cloudnative-pg", "v1.27.0", "config/crd/bases/postgresql.cnpg.io_clusters.yaml"),
    ("github.com/cloudnative-pg/cloudnative-pg", "v1.27.0", "config/crd/bases/postgresql.cnpg.io_scheduledbackups.yaml"),
    ("github.com/cert-manager/cert-manager", "v1.18.2", "deploy/crds/crd-certificates.yaml"),
    ("github.com/external-secrets/external-secrets", "v0.18.2", "config/crds/bases/external-secrets.io_externalsecrets.yaml"),
    ("sigs.k8s.io/gateway-api", "v1.4.1", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
    ("sigs.k8s.io/gateway-api", "v1.4.1", "config/crd/standard/gateway.networking.k8s.io_backendtlspolicies.yaml"),
)


def module(name, version):
    done = subprocess.run(["go", "mod", "download", "-json", f"{name}@{version}"], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout or "{}")
    if "Dir" not in found:
        raise SystemExit(f"{name}@{version}: {found.get('Error', done.stderr)}")
    return Path(found["Dir"])


def strict(schema):
    """In place: nothing but what is described; numbers where Kubernetes takes both forms."""
    if isinstance(schema, list):
        for one in schema:
            strict(one)
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        schema.clear()
        schema["oneOf"] = [{"type": "string"}, {"type": "integer"}]
        return schema
    if "properties" in schema and "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
    for one in list(schema.values()):
        strict(one)
    return schema


def write_kubernetes(version, out):
    text = (module("k8s.io/kubernetes", version) / "api" / "openapi-spec" / "swagger.json").read_text(encoding="utf-8")
    definitions = strict(json.loads(text)["definitions"])
    folder = out / f"{version}-standalone-strict"
    folder.mkdir(parents=True, exist_ok=True)
    for name, definition in definitions.items():
        for gvk in definition.get("x-kubernetes-group-version-kind", []):
            if gvk["kind"].endswith("List") or definition.get("properties", {}).get("spec") is None and gvk["kind"] not in ("ConfigMap", "Secret", "ServiceAccount"):
                continue
            suffix = "-".join(part for part in (gvk["group"].split(".")[0], gvk["version"]) if part)
            (folder / f"{gvk['kind'].lower()}-{suffix}.json").write_text(json.dumps({"$ref": f"#/definitions/{name}", "definitions": reach(name, definitions)}))


def reach(name, definitions):
    """The definitions that one needs."""
    found, waiting = {}, [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[name]))
    return found


def write_operator(name, version, file, out):
    described = yaml.safe_load((module(name, version) / file).read_text(encoding="utf-8"))["spec"]
    for one in described["versions"]:
        schema = strict(one["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        folder = out / described["group"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{described['names']['kind'].lower()}_{one['name']}.json").write_text(json.dumps(schema))


def main():
    out = Path(sys.argv[1])
    for version in KUBERNETES:
        write_kubernetes(version, out)
    for name, version, file in OPERATORS:
        write_operator(name, version, file, out)


main()
