"""k8s/ otherwise than the overlays have it: behind a Gateway, in another namespace, with other name servers."""
import re
import subprocess
from ipaddress import ip_network

import pytest
import yaml

from harness.kustomize import VERSIONS, conforms, kustomized, of_kind, pods, policies_of, selector, setting
from harness.process import ROOT, printed

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()


def varied(folder, change):
    """The production overlay, as a copy whose kustomization.yaml is changed so."""
    subprocess.run(["cp", "-r", ROOT / "k8s", folder], check=True)
    path = folder / "k8s" / "overlays" / "production" / "kustomization.yaml"
    made = yaml.safe_load(path.read_text())
    change(made)
    path.write_text(yaml.safe_dump(made))
    return kustomized(path.parent)


# ---- Behind a Gateway ----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """The production overlay with the component in the balancer's place, as docs/kubernetes.md says."""
    def change(made):
        made["resources"].remove("door.yaml")
        made["components"].append("../../components/gateway-api")

    assert "resources:        # without door.yaml\ncomponents:\n  - ../../components/gateway-api\n" in PAGE
    return varied(tmp_path_factory.mktemp("behind"), change)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_behind_a_gateway_is_as_it_is_described(behind, version):
    assert [len(of_kind(behind, kind)) for kind in ("HTTPRoute", "BackendTLSPolicy")] == [1, 1]
    conforms(behind[1], version)


@pytest.mark.parametrize("right, wrong", [("sectionName: https", "section: https"), ("wellKnownCACertificates: System", "wellKnownCACertificates: Any"),
                                          ("request: 60s", "request: 60"), ("hostname: api.example.com", "host: api.example.com")])
def test_what_the_gateway_api_does_not_know_is_refused(behind, right, wrong):
    assert behind[1].count(right) == 1
    with pytest.raises(AssertionError, match="(?i)invalid"):
        conforms(behind[1].replace(right, wrong), VERSIONS[-1])


def test_a_gateway_leads_to_ours_by_tls_with_the_certificates_name(behind):
    (route,), (policy,), (certificate,) = (of_kind(behind, kind) for kind in ("HTTPRoute", "BackendTLSPolicy", "Certificate"))
    assert {one["spec"].get("type", "ClusterIP") for one in of_kind(behind, "Service")} == {"ClusterIP"}
    (parent,), (rule,) = route["spec"]["parentRefs"], route["spec"]["rules"]
    assert parent["sectionName"] == "https", "or it is the route of plain HTTP, too"
    (target,) = rule["backendRefs"]
    (service,) = [one for one in of_kind(behind, "Service") if one["metadata"]["name"] == target["name"]]
    assert [port["targetPort"] for port in service["spec"]["ports"] if port["port"] == target["port"]] == ["https"]
    assert policy["spec"]["targetRefs"] == [{"group": "", "kind": "Service", "name": target["name"]}]
    assert [policy["spec"]["validation"]["hostname"]] == route["spec"]["hostnames"] == certificate["spec"]["dnsNames"]
    assert {one["metadata"]["namespace"] for one in (route, policy, service)} == {"porter"}


def test_only_a_gateways_pods_come_in_and_they_are_trusted(behind):
    """Who is in the list may name any caller: nobody else may connect."""
    (route,), ingress = of_kind(behind, "HTTPRoute"), policies_of(behind)["gateway"]["ingress"]
    assert [([selector(peer) for peer in rule.get("from", [])], [one["port"] for one in rule["ports"]]) for rule in ingress] == [
        ([(f"kubernetes.io/metadata.name={route['spec']['parentRefs'][0]['namespace']}", "")], [8443]),
        ([("kubernetes.io/metadata.name=monitoring", "")], [9090])]
    (gateway,) = [pod for name, pod in pods(behind) if name == "porter-gateway"]
    (used,) = [one["configMapRef"]["name"] for one in gateway["containers"][0]["envFrom"]]
    (given,) = [one["data"] for one in of_kind(behind, "ConfigMap") if one["metadata"]["name"] == used]
    assert all(ip_network(one.strip()).prefixlen > 0 for one in given["PORTER_TRUSTED_PROXIES"].split(","))
    assert "`PORTER_TRUSTED_PROXIES`" in printed("--config-docs", "gateway") and len(given) > 3, "the overlay's own are kept"


def test_a_gateway_waits_for_the_longest_answer(behind):
    """The dashboard's long poll, after a request that came as slowly as it may."""
    (route,) = of_kind(behind, "HTTPRoute")
    waits = int(re.search(r"define WAIT_US \((\d+) \* US_PER_S\)", (ROOT / "services" / "gateway" / "dashboard" / "changes.c").read_text())[1])
    comes = int(setting(behind, "PORTER_HTTP_REQUEST", "gateway").removesuffix("s"))
    allowed = int(route["spec"]["rules"][0]["timeouts"]["request"].removesuffix("s"))
    assert allowed >= waits + comes + 10
    for said in (f"An answer may take {waits} s", f"may take {comes} s to come", f"the whole may take {waits + comes} s; the component says {allowed}"):
        assert said in PAGE, said


# ---- In another namespace ------------------------------------------------------------------------

ELSEWHERE = "porter-staging"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    assert "Another namespace than `porter` is `namespace:` in its `kustomization.yaml`" in PAGE
    return varied(tmp_path_factory.mktemp("elsewhere"), lambda made: made.update(namespace=ELSEWHERE))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_in_another_namespace_is_as_it_is_described(elsewhere, version):
    conforms(elsewhere[1], version)


def test_whoever_asks_for_the_namespace_follows_it(elsewhere):
    assert {one["metadata"].get("namespace") for one in yaml.safe_load_all(elsewhere[1])} == {ELSEWHERE, None}
    assert [one["metadata"]["name"] for one in of_kind(elsewhere, "Namespace")] == [ELSEWHERE]
    rules = [rule for one in of_kind(elsewhere, "PrometheusRule") for group in one["spec"]["groups"] for rule in group["rules"]]
    named = {rule["alert"]: set(re.findall('namespace="([^"]*)"', rule["expr"])) for rule in rules}
    naming = {alert for alert, found in named.items() if found}
    assert all(named[alert] == {ELSEWHERE} for alert in naming)
    assert {"PorterGatewaysGone", "PorterDispatchersGone", "PorterPodOld", "PorterBackupOld", "PorterBackupUnwatched"} <= naming
    by_name = {one["metadata"]["name"]: one["spec"]["triggers"] for one in of_kind(elsewhere, "ScaledObject")}
    assert f'{{namespace="{ELSEWHERE}"}}' in by_name["porter-gateway"][1]["metadata"]["query"]
    assert {one["metadata"]["bootstrapServers"] for one in by_name["porter-dispatcher"]} == {f"porter-kafka-kafka-bootstrap.{ELSEWHERE}.svc:9093"}


def test_nothing_but_the_namespace_is_another_there(elsewhere, tmp_path):
    """Kafka's users and topics, names of Secrets: all that begins alike."""
    ours = varied(tmp_path, lambda made: None)
    assert ours[1] != elsewhere[1]
    back = re.sub(rf'((?:namespace|name): |namespace="|bootstrap\.){ELSEWHERE}\b', r"\1porter", elsewhere[1])
    assert list(yaml.safe_load_all(back)) == list(yaml.safe_load_all(ours[1]))


# ---- With other name servers ---------------------------------------------------------------------

SYSTEM = "kubernetes.io/metadata.name=kube-system"


def asked(policy):
    """Where names may be asked for: of pods, addresses; and ports."""
    return [([one["ipBlock"]["cidr"] if "ipBlock" in one else selector(one) for one in rule["to"]],
             [(port["protocol"], port["port"]) for port in rule["ports"]]) for rule in policy["egress"]]


@pytest.mark.parametrize("component, to, port", [
    (None, [(SYSTEM, "k8s-app=kube-dns")], 53),
    ("node-local-dns", [(SYSTEM, "k8s-app=kube-dns"), "169.254.20.10/32", "10.96.0.10/32", (SYSTEM, "k8s-app=node-local-dns")], 53),
    ("openshift-dns", [("kubernetes.io/metadata.name=openshift-dns", "dns.operator.openshift.io/daemonset-dns=default")], 5353)])
def test_names_are_asked_for_where_they_are_answered(tmp_path, component, to, port):
    built = varied(tmp_path, lambda made: made["components"].extend([f"../../components/{component}"] if component else []))
    names = policies_of(built)["names"]
    assert asked(names) == [(to, [("UDP", port), ("TCP", port)])]
    assert names["podSelector"] == {"matchLabels": {"app.kubernetes.io/part-of": "porter"}} and names["policyTypes"] == ["Egress"]
    assert component is None or f"`k8s/components/{component}`" in PAGE
    conforms(built[1], VERSIONS[-1])
