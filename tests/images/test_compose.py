"""docker-compose.yml as its users run it: everything comes up in its order and does the main job."""
import json
import re
import uuid
from pathlib import Path

import pytest
import requests

from harness import signatures
from harness.poll import eventually
from harness.process import printed
from harness.prometheus import names

TRIED = ("gateway", "dispatcher", "receiver")
OTHERS = {"postgres", "redis", "kafka", "prometheus", "grafana"}  # As their images are.
NOT_HERE = {"egress.names"}  # Name servers of the machine.


@pytest.fixture(scope="module")
def ca(compose, tmp_path_factory):
    file = tmp_path_factory.mktemp("compose") / "ca.pem"
    volume = compose.podman.run("volume", "inspect", "porter_secrets", "--format", "{{.Mountpoint}}").stdout.strip()
    file.write_bytes(Path(volume, "tls", "ca.pem").read_bytes())
    return str(file)


def test_the_file_is_valid_and_names_variables_that_exist(compose):
    whole = compose("config")
    known = printed("--config-docs", "gateway", "dispatcher")
    environment = [name for name in re.findall(r"^ +(PORTER_\w+):", whole, re.M) if name != "PORTER_NAMES"]
    assert environment and not [name for name in environment if f"`{name.removesuffix('_FILE')}`" not in known and f"`{name}`" not in known]
    assert not re.search(r"password: |whsec_|porter_sk_", whole, re.I)


def services(compose):
    """As Compose reads the file, those of profiles too."""
    return json.loads(compose("--profile", "*", "config", "--format", "json"))["services"]


def test_no_container_of_ours_is_roots_or_writes_its_root(compose):
    """Those that are not tried here, too."""
    for name, service in services(compose).items():
        if name in OTHERS:
            continue
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"] and not service.get("cap_add"), name
        assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]) and not service.get("privileged"), name


def test_the_services_have_no_rights(compose):
    for service in TRIED:
        found = json.loads(compose.podman.run("inspect", f"porter-{service}-1").stdout)[0]
        assert found["HostConfig"]["ReadonlyRootfs"] and found["Config"]["User"] == services(compose)[service]["user"]
        assert not found["EffectiveCaps"] and not found["BoundingCaps"], service
        held = compose.podman.run("exec", f"porter-{service}-1", "id", "-u", check=False).stdout.strip()
        assert held in ("", found["Config"]["User"].split(":")[0]), service  # Ours have no `id`.


def test_porterctls_doctor_is_well(compose):
    """It has what gateways have: their certificate, above all."""
    said = [json.loads(line) for line in compose("run", "--rm", "porterctl", "doctor", "--json", check=False).splitlines()]
    assert said and {one["check"] for one in said} >= {"tls.pair", "kafka.lag", "postgres.reach"}
    assert [one for one in said if one["state"] == "failed" and one["check"] not in NOT_HERE] == []


def test_what_porterctl_keeps_outlives_its_container(compose):
    words = ("run", "--rm", "porterctl", "events", "republish", "--since", "1h", "--state-file", "/state/republish", "--json")
    compose("run", "--rm", "porterctl", "org", "create", "--name", "State", "--slug", f"o{uuid.uuid4().hex[:8]}")
    assert json.loads(compose(*words)) and json.loads(compose(*words))["sent"] == 0
    volume = Path(compose.podman.run("volume", "inspect", "porter_state", "--format", "{{.Mountpoint}}").stdout.strip())
    assert volume.stat().st_uid == 65532


def received(compose):
    """Bodies by delivery, as the receiver tells them. (Its certificate is for its name, which only containers know.)"""
    found, = json.loads(compose.podman.run("inspect", "porter-receiver-1").stdout)
    address, = (network["IPAddress"] for network in found["NetworkSettings"]["Networks"].values())
    told = requests.get(f"https://{address}:8444/received", verify=False, timeout=10).json()
    return {one["delivery"]: one["body"] for one in told["received"]}


class Caller:
    """An organization of its own, and its key."""

    def __init__(self, compose, ca):
        self.compose, self.ca, self.slug = compose, ca, f"o{uuid.uuid4().hex[:8]}"
        self.make("org", "create", "--name", "Compose", "--slug", self.slug)
        self.key = self.make("key", "create", "--org", self.slug, "--name", "test")["key"]

    def make(self, *words):
        return json.loads(self.compose("run", "--rm", "porterctl", *words, "--json"))

    def call(self, method, path, status=200, **more):
        answer = requests.request(method, f"https://localhost:{self.compose.env['PORTER_PORT']}/api/v1{path}", headers={"X-API-Key": self.key},
                                  verify=self.ca, timeout=20, **more)
        assert answer.status_code == status, answer.text
        return answer.json()


def test_a_call_becomes_a_signed_webhook(compose, ca):
    us = Caller(compose, ca)
    place = us.make("location", "create", "--org", us.slug, "--name", "HQ", "--timezone", "Europe/Oslo")
    hook = us.make("webhook", "add", "--org", us.slug, "--url", "https://receiver:8444/hook", "--events", "*")
    visitor = us.call("POST", "/visitors/pre-register", 201, json={"full_name": "Ægir Ørsted", "location_id": place["id"]})

    deliveries = f"/webhooks/{hook['id']}/deliveries"
    done = eventually(lambda: us.call("GET", f"{deliveries}?state=delivered")["deliveries"], 30, "the delivery")
    attempt = us.call("GET", f"{deliveries}/{done[0]['id']}")["attempts"][0]
    body = eventually(lambda: received(compose).get(done[0]["id"]), 30, "the webhook in the receiver's log")
    assert json.loads(body)["data"]["visitor"]["id"] == visitor["id"]
    assert f"X-Porter-Signature: {signatures.porter(body.encode(), hook['secret'])}" in attempt["request_headers"].splitlines()


def test_prometheus_asks_both_services_and_knows_the_alerts(compose):
    url = f"http://localhost:{compose.env['PROMETHEUS_PORT']}/api/v1"

    def up():
        found = requests.get(f"{url}/query", params={"query": "up"}, timeout=10).json()["data"]["result"]
        return {one["metric"]["job"] for one in found if one["value"][1] == "1"} == {"porter-gateway", "porter-dispatcher"}

    eventually(up, 60, "both are asked")
    flags = requests.get(f"{url}/status/flags", timeout=10).json()["data"]
    assert flags["enable-feature"] == "exemplar-storage"  # docs/tracing.md: it keeps what histograms show of traces.

    def rules():
        found = [rule for group in requests.get(f"{url}/rules", timeout=10).json()["data"]["groups"] for rule in group["rules"]]
        return found if all(rule["health"] != "unknown" for rule in found) else None  # Unknown: its turn has not come yet.

    known = eventually(rules, 90, "each rule was asked once")
    assert [(rule["name"], rule.get("lastError")) for rule in known if rule["health"] != "ok"] == []
    assert {rule["name"] for rule in known} == {name for name, _ in names()}


def test_what_was_made_is_there_after_down_and_up(compose, ca):
    us = Caller(compose, ca)
    compose("down", "--timeout", "20")
    compose.up()
    assert us.call("GET", "/visitors")["visitors"] == []
