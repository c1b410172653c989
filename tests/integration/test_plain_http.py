"""Plain HTTP is refused, never redirected, and a live key that came over it is revoked."""
import ssl

import pytest

from harness.porter import parse_id
from harness.raw import Wire, request, trusting

LIST = "/api/v1/visitors"


def plainly(porter, data):
    """Sends over plain HTTP; the connection must end behind the answer."""
    with Wire(porter.gateways[0].plain) as wire:
        wire.send(data)
        got = wire.answer()
        assert got.closes and wire.ended()
    assert got.header("Location") is None and got.header("Strict-Transport-Security") is None
    assert got.header("Content-Type") == "application/problem+json"
    assert got.header("X-Request-Id") == got.json["instance"]
    return got


def refused(porter, data):
    got = plainly(porter, data)
    assert got.status == 403 and got.json["type"].endswith("/docs/errors/https-required")
    return got.json["detail"]


def audit(porter, organization):
    with porter.database() as db:
        return db.execute("SELECT action, subject, actor FROM audit_log WHERE org_id = %s AND action <> 'key.created'"
                          " ORDER BY at, id", (parse_id(organization.id),)).fetchall()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("target", [LIST, "/", "/docs/errors/not-found", "/nowhere", "/metrics"])
def test_every_address_and_method_is_refused(porter, method, target):
    with Wire(porter.gateways[0].plain) as wire:
        wire.send(request(method, target))
        got = wire.answer(head=method == "HEAD")
        assert got.status == 403 and got.closes and got.header("Location") is None
        assert wire.ended()


def test_nothing_is_carried_out(porter, organization):
    body = '{"full_name":"Ada","location_id":"%s"}' % organization.location()
    refused(porter, request("POST", f"{LIST}/pre-register", "Content-Type: application/json",
                            f"X-API-Key: {organization.key().text}", body=body))
    assert organization.client().get("/visitors").json()["visitors"] == []


@pytest.mark.parametrize("header", ["X-API-Key: {}", "x-api-key:{}  ", "Authorization: Bearer {}", "Authorization: {}"])
def test_a_live_key_is_revoked_at_once_and_the_audit_log_tells(porter, organization, header):
    key = organization.key()
    client = organization.client(key=key)
    assert client.get("/visitors").status_code == 200  # Every cache knows it as good.

    assert "revoked" in refused(porter, request("GET", LIST, header.format(key.text)))

    answer = client.get("/visitors")
    assert answer.status_code == 401 and answer.json()["type"].endswith("/key-invalid")
    assert ("key.revoked_exposed", key.id, "gateway") in audit(porter, organization)
    assert key.text not in porter.gateways[0].output()


def test_all_that_is_logged_of_it_has_the_request_s_id(new_porter):
    """Also when a key could not be revoked, or nobody told."""
    porter = new_porter()
    gateway, organization = porter.gateway(), porter.organization()
    keys = [organization.key() for _ in range(3)]
    got = plainly(porter, request("GET", LIST, f"X-API-Key: {keys[0].text}"))
    [line] = gateway.logged(event="key.revoked_exposed", key=keys[0].id)
    [last] = gateway.logged(event="request.refused", request_id=got.header("X-Request-Id"))
    assert (line["request_id"], line["trace_id"]) == (last["request_id"], last["trace_id"])
    with porter.database() as db:
        assert db.execute("SELECT DISTINCT request_id FROM audit_log WHERE subject = %s AND action LIKE 'key.revoked%%'",
                          (keys[0].id,)).fetchall() == [(line["request_id"],)]
    trace = "0af7651916cd43dd8448eb211c80319c"
    for number, (action, event) in enumerate((("key.revoked_exposed", "audit.failed"), ("key.revoked", "key.revoke_failed")), 1):
        with porter.database() as db:
            db.execute(f"ALTER TABLE audit_log ADD CONSTRAINT refused_{number} CHECK (action <> '{action}') NOT VALID")
        plainly(porter, request("GET", LIST, f"X-API-Key: {keys[number].text}", f"X-Request-Id: mine-{number}",
                                f"traceparent: 00-{trace}-b7ad6b7169203331-01"))
        assert [(one["request_id"], one["trace_id"]) for one in gateway.logged(event=event)] == [(f"mine-{number}", trace)]


def test_all_keys_of_a_request_are_revoked(porter, organization):
    keys = [organization.key() for _ in range(3)]
    refused(porter, request("GET", LIST, *[f"X-API-Key: {key.text}" for key in keys]))
    assert {organization.client(key=key).get("/visitors").status_code for key in keys} == {401}


@pytest.mark.parametrize("break_it", [
    lambda data: data.replace(b"Host: localhost\r\n", b""),
    lambda data: data.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    lambda data: data.replace(b"\r\n\r\n", b"\r\nContent-Length: 99999999\r\n\r\n"),
    lambda data: data.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    lambda data: data.replace(b"\r\n\r\n", b"\r\nX-Bad : 1\r\n\r\n"),
], ids=["no host", "two lengths", "large body", "bad chunk", "bad header behind it"])
def test_a_key_in_a_request_that_breaks_the_rules_is_revoked_too(porter, organization, break_it):
    key = organization.key()
    assert "revoked" in refused(porter, break_it(request("GET", LIST, f"X-API-Key: {key.text}")))
    assert organization.client(key=key).get("/visitors").status_code == 401


def test_an_unknown_or_dead_key_changes_nothing(porter, organization):
    live, dead = organization.key(), organization.key()
    porter.ctl("key", "revoke", "--org", organization.id, dead.id)
    before = audit(porter, organization)
    unknown = live.text[:-1] + ("a" if live.text[-1] != "a" else "b")
    for text in (dead.text, unknown, "porter_sk_x", ""):
        assert "has been revoked" not in refused(porter, request("GET", LIST, f"X-API-Key: {text}"))
    assert audit(porter, organization) == before
    assert organization.client(key=live).get("/visitors").status_code == 200


def test_a_known_key_that_came_plainly_a_second_time_is_audited_once(porter, organization):
    key = organization.key()
    for _ in range(2):
        refused(porter, request("GET", LIST, f"X-API-Key: {key.text}"))
    assert [row[0] for row in audit(porter, organization)].count("key.revoked_exposed") == 1


def test_other_organizations_keys_live_on(porter, organization):
    other = organization.client()
    refused(porter, request("GET", LIST, f"X-API-Key: {organization.key().text}"))
    assert other.get("/visitors").status_code == 200


def test_a_plain_request_to_the_https_port_ends_cleanly(porter, organization):
    gateway = porter.gateways[0]
    for _ in range(5):
        with Wire(gateway.https) as wire:
            wire.send(request("GET", LIST))
            assert not wire._more().startswith(b"HTTP/")  # A TLS alert, or nothing.
    assert organization.client().get("/visitors").status_code == 200


def test_tls_to_the_plain_port_ends_cleanly(porter):
    with pytest.raises((ssl.SSLError, OSError)):
        Wire(porter.gateways[0].plain, trusting(porter.tls / "ca.pem"))
    refused(porter, request("GET", LIST))
