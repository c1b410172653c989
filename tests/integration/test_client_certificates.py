"""Mutual TLS: a webhook's own client certificate, shown to who asks for it, to nobody else, and never mixed up."""
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization

from harness.certificates import DAY, Certificate, now
from harness.poll import eventually
from harness.porter import parse_id
from harness.refusals import faults

DISPATCHER = {"PORTER_RETRY_SCHEDULE": "1s,1h"}


@pytest.fixture(scope="module")
def authority():
    return Certificate("Callers' authority")


@pytest.fixture
def client(porter):
    return porter.organization().client()


def key_of(certificate, password=None):
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return certificate.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


def pair(certificate):
    return {"certificate": certificate.pem, "private_key": key_of(certificate)}


def caller(authority, name, **more):
    return Certificate(name, signer=authority, hosts=["caller.example"], **more)


def create(client, url, certificate=None):
    answer = client.post("/webhooks", json={"url": url, "events": ["*"], "client_certificate": certificate})
    assert answer.status_code == 201, answer.text
    return answer.json()


def change(client, webhook, body):
    answer = client.request("PATCH", f"/webhooks/{webhook['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sample(client, webhook):
    """One more sample's attempt, as it is shown."""
    row = client.post(f"/webhooks/{webhook['id']}/test").json()

    def attempt():
        shown = client.get(f"/webhooks/{webhook['id']}/deliveries/{row['id']}").json()
        return shown["attempts"][-1] if shown["finished_at"] else None
    return eventually(attempt, 30, "a finished sample")


def test_who_demands_a_certificate_gets_it(porter, client, authority):
    receiver = porter.receiver(client_ca=authority.pem)
    made = create(client, receiver.url())
    assert sample(client, made)["failure"] == "tls_client_certificate" and not receiver.got
    change(client, made, {"client_certificate": pair(caller(authority, "doors"))})
    assert sample(client, made)["status"] == 204
    assert [one.client for one in receiver.got] == ["doors"]


def test_a_certificate_of_another_authority_is_refused_there(porter, client, authority):
    receiver = porter.receiver(client_ca=authority.pem)
    made = create(client, receiver.url(), pair(caller(Certificate("Somebody"), "stranger")))
    assert sample(client, made)["failure"] is not None and not receiver.got


def test_connections_of_different_certificates_are_never_shared(porter, client, authority):
    """One endpoint, three webhooks: each request comes with its own webhook's certificate, or none."""
    receiver = porter.receiver(client_ca=authority.pem, demands=False)
    webhooks = {name: create(client, receiver.url(f"/{name}"), pair(caller(authority, name))) for name in ("one", "two")}
    webhooks["none"] = create(client, receiver.url("/none"))
    for _ in range(3):
        for name in ("one", "none", "two", "one"):
            assert sample(client, webhooks[name])["status"] == 204
    assert len(receiver.got) == 12
    for got in receiver.got:
        assert got.client == {"/one": "one", "/two": "two", "/none": None}[got.path]
    ports = {name: {got.port for got in receiver.got if got.client == name} for name in ("one", "two", None)}
    assert not (ports["one"] & ports["two"] or ports["one"] & ports[None] or ports["two"] & ports[None])


def test_a_new_certificate_is_shown_from_the_next_request_on(porter, client, authority):
    receiver = porter.receiver(client_ca=authority.pem, demands=False)
    made = create(client, receiver.url(), pair(caller(authority, "before")))
    sample(client, made)
    change(client, made, {"description": "more", "client_certificate": None})
    sample(client, made)
    change(client, made, {"client_certificate": pair(caller(authority, "after"))})
    sample(client, made)
    assert change(client, made, {"client_certificate": {}})["client_certificate"] is None
    sample(client, made)
    assert [one.client for one in receiver.got] == ["before", "before", "after", None]


def test_what_it_names_is_shown_and_the_key_is_not(porter, client, authority):
    certificate = caller(authority, "doors")
    answer = client.post("/webhooks", json={"url": "https://example.com/", "events": ["*"], "client_certificate": pair(certificate)})
    made = answer.json()
    wanted = {"certificate": None, "private_key": None, "subject": "CN=doors,O=Acme", "fingerprint": certificate.made.fingerprint(hashes.SHA256()).hex(),
              "expires_at": certificate.ends.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    told = [answer.text, client.get(f"/webhooks/{made['id']}").text, client.get("/webhooks").text, client.post(f"/webhooks/{made['id']}/rotate-secret").text]
    assert json.loads(told[1])["client_certificate"] == wanted == made["client_certificate"] == json.loads(told[3])["client_certificate"]
    with porter.database() as db:
        told += db.execute("SELECT to_jsonb(w)::text, encode(client_certificate, 'escape') FROM webhooks w WHERE id = %s", (parse_id(made["id"]),)).fetchone()
    told += [process.output() for process in porter.gateways + porter.dispatchers]
    secret = key_of(certificate).splitlines()[1]
    assert not any(secret in one or "PRIVATE KEY" in one for one in told)


def test_a_certificate_that_expires_is_told_of_before_anything_is_sent(porter, client, authority):
    receiver = porter.receiver(client_ca=authority.pem)
    made = create(client, receiver.url(), pair(caller(authority, "late")))
    assert "X-Porter-Event: " in sample(client, made)["request_headers"]
    with porter.database() as db:  # As time does it.
        db.execute("UPDATE webhooks SET client_certificate_expires_at = '2026-01-01' WHERE id = %s", (parse_id(made["id"]),))
    change(client, made, {"description": "read anew"})
    attempt = sample(client, made)
    assert attempt["failure"] == "client_certificate_expired" and "has expired" in attempt["detail"] and len(receiver.got) == 1
    assert attempt["request_headers"] is None, "nothing was sent, and nothing of the request before it is shown"


def test_bad_ones_are_refused(client, authority):
    good, other = caller(authority, "good"), caller(authority, "other")
    expired = caller(authority, "old", begins=now() - 9 * DAY, ends=now() - timedelta(hours=1))
    early = caller(authority, "early", begins=now() + DAY)
    certificate, key = "client_certificate.certificate", "client_certificate.private_key"
    for given, wanted in [
            ({"certificate": good.pem, "private_key": key_of(other)}, {(key, "bad_format")}),
            ({"certificate": good.pem, "private_key": key_of(good, b"secret")}, {(key, "bad_format")}),
            ({"certificate": good.pem}, {(key, "bad_format")}),
            ({"private_key": key_of(good)}, {(certificate, "bad_format")}),
            ({"certificate": "no PEM", "private_key": "no PEM"}, {(certificate, "bad_format"), (key, "bad_format")}),
            (pair(expired), {(certificate, "bad_format")}), (pair(early), {(certificate, "bad_format")}),
            ({**pair(good), "subject": "CN=me"}, {("client_certificate.subject", "not_allowed")}),
            ({**pair(good), "certificate": good.pem + "x" * 20000}, {(certificate, "too_long")})]:
        answer = client.post("/webhooks", json={"url": "https://example.com/", "events": ["*"], "client_certificate": given})
        assert faults(answer) == wanted, given


def test_the_master_key_can_be_changed_under_it(new_porter, authority):
    porter = new_porter()
    porter.gateway()
    client = porter.organization().client()
    made = create(client, "https://example.com/", pair(caller(authority, "doors")))
    old, new = porter._seal, "new:" + "A" * 43 + "="
    porter._seal = f"{new},{old}"
    assert porter.ctl("secrets", "rewrap")["rewrapped"] == 1
    with porter.database() as db:
        sealed = db.execute("SELECT client_certificate FROM webhooks WHERE id = %s", (parse_id(made["id"]),)).fetchone()[0]
    assert sealed[2:5] == b"new"
    assert {row["key_id"]: row["sealed_certificates"] for row in porter.ctl_list("secrets", "status")} == {"new": 1, "test": 0}
