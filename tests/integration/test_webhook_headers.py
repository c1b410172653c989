"""Headers of a webhook's own: sent with every attempt, shown to nobody, and none that are Porter's."""
import base64
import json

import pytest

from harness.poll import eventually
from harness.porter import parse_id
from harness.refusals import faults

DISPATCHER = {"PORTER_RETRY_SCHEDULE": "1s,1h"}
MASK = "********"
SECRET = "s3cret-that-nobody-sees"
OWN = {"Authorization": "Basic " + base64.b64encode(f"porter:{SECRET}".encode()).decode(), "X-Team": f"doors {SECRET}"}


@pytest.fixture
def tenant(porter):
    return porter.organization()


@pytest.fixture
def client(tenant):
    return tenant.client()


def create(client, url, headers=None, **more):
    answer = client.post("/webhooks", json={"url": url, "events": ["*"], "headers": headers, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def change(client, webhook, body):
    answer = client.request("PATCH", f"/webhooks/{webhook['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sample(client, receiver, webhook):
    """What the endpoint gets of one more sample."""
    before = len(receiver.matching(x_porter_test="true"))
    client.post(f"/webhooks/{webhook['id']}/test")
    return receiver.wait(before + 1, x_porter_test="true")[-1]


def test_they_are_sent_with_samples_events_and_retries(porter, tenant, client):
    statuses = iter([500])
    receiver = porter.receiver(lambda got: (204 if got.headers.get("x-porter-test") else next(statuses, 204), {}, b""))
    made = create(client, receiver.url(), OWN)
    sample(client, receiver, made)
    client.pre_register(tenant.location())
    receiver.wait(2, x_porter_event="visitor.pre_registered")
    got = receiver.matching()
    assert [one.headers["x-porter-attempt"] for one in got] == ["1", "1", "2"]
    for one in got:
        assert (one.headers["authorization"], one.headers["x-team"]) == (OWN["Authorization"], OWN["X-Team"])
        assert one.headers["content-type"] == "application/json" and one.headers["user-agent"].startswith("Porter-Webhooks/")
        assert one.headers["x-porter-signature"] and one.headers["webhook-signature"]


def test_ten_of_the_longest_are_sent_whole(porter, client):
    receiver = porter.receiver()
    own = {f"X-{i}" + "n" * 61: chr(ord("a") + i) * 2000 for i in range(10)}
    made = create(client, receiver.url(), own)
    got = sample(client, receiver, made)
    assert {name: got.headers[name.lower()] for name in own} == own


def echo(request):
    """As a debug page does: all that came, and the credentials alone, twice, the second time cut."""
    word = request.headers["authorization"].split()[-1]
    text = json.dumps(dict(request.headers)) + word
    return 200, {"X-Echo": request.headers["authorization"], "X-Word": word}, (text + " " * (4096 - len(text) - 8) + word).encode()


def test_names_are_shown_and_values_are_not(porter, tenant, client):
    receiver = porter.receiver(echo)
    answer = client.post("/webhooks", json={"url": receiver.url(), "events": ["*"], "headers": OWN})
    made, masked = answer.json(), {name: MASK for name in OWN}
    assert made["headers"] == masked
    told = [answer.text, client.get(f"/webhooks/{made['id']}").text, client.get("/webhooks").text,
            client.post(f"/webhooks/{made['id']}/rotate-secret").text, json.dumps(change(client, made, {"headers": {**OWN, "X-More": SECRET}})),
            porter.run_ctl("webhook", "list", "--org", tenant.id, "--json").stdout]
    assert all('"X-Team"' in one for one in told)
    row = client.post(f"/webhooks/{made['id']}/test").json()
    receiver.wait(1)
    shown = eventually(lambda: (lambda one: one if one.json()["finished_at"] else None)(
        client.get(f"/webhooks/{made['id']}/deliveries/{row['id']}")), 20, "a finished delivery")
    with porter.database() as db:
        stored = db.execute("SELECT to_jsonb(w)::text, encode(w.headers, 'escape') FROM webhooks w WHERE id = %s", (parse_id(made["id"]),)).fetchone()
        written = db.execute("SELECT string_agg(to_jsonb(a)::text, ' ') FROM audit_log a WHERE org_id = %s", (parse_id(tenant.id),)).fetchone()
    attempt, = shown.json()["attempts"]
    assert "X-Echo: *" in attempt["response_headers"] and attempt["response_body"].endswith(" " + "*" * 8), attempt
    assert "X-Team" in stored[0] and '"fields": ["headers"]' in written[0]
    logs = [process.output() for process in porter.gateways + porter.dispatchers]
    hidden = SECRET, OWN["Authorization"].split()[1]
    for text in [*told, shown.text, *stored, *written, *logs]:
        assert not any(one in text for one in hidden), text


def test_a_change_replaces_them_all_or_leaves_them(porter, client):
    receiver = porter.receiver()
    made = create(client, receiver.url(), OWN)
    for body in ({"description": "other"}, {"headers": None, "description": "more"}):
        assert change(client, made, body)["headers"] == {name: MASK for name in OWN}
        assert sample(client, receiver, made).headers["x-team"] == OWN["X-Team"]
    assert change(client, made, {"headers": {"X-New": "n"}})["headers"] == {"X-New": MASK}
    got = sample(client, receiver, made).headers
    assert got["x-new"] == "n" and "authorization" not in got and "x-team" not in got
    assert change(client, made, {"headers": {"X-New": "n2"}})["headers"] == {"X-New": MASK}
    assert sample(client, receiver, made).headers["x-new"] == "n2"
    emptied = change(client, made, {"headers": {}})
    assert emptied["headers"] == {} and "x-new" not in sample(client, receiver, made).headers
    assert change(client, made, {"headers": {}})["updated_at"] == emptied["updated_at"]  # Nothing new.


@pytest.mark.parametrize("url", ["https://elsewhere.example/hook", "https://example.com:8443/hook", "https://example.com.elsewhere.example/", "https://sub.example.com/hook"])
def test_a_new_address_does_not_get_what_was_given_to_another(client, url):
    """Or whoever may change a webhook could read its values at an endpoint of his own."""
    made = create(client, "https://example.com/hook", OWN)
    assert faults(client.request("PATCH", f"/webhooks/{made['id']}", json={"url": url})) == {("headers", "required")}
    assert faults(client.request("PATCH", f"/webhooks/{made['id']}", json={"url": url, "headers": None})) == {("headers", "required")}
    assert client.get(f"/webhooks/{made['id']}").json()["url"] == made["url"]
    assert change(client, made, {"url": "https://EXAMPLE.com:443/other"})["headers"] == {name: MASK for name in OWN}
    assert change(client, made, {"url": url, "headers": {"X-New": "n"}})["headers"] == {"X-New": MASK}
    assert change(client, made, {"url": "https://example.com/hook", "headers": {}})["headers"] == {}
    assert change(client, made, {"url": url})["url"] == url  # There is none to keep.


def test_what_is_shown_can_not_be_sent_back(client):
    """Or the value would become asterisks without a word."""
    made = create(client, "https://example.com/", OWN)
    shown = client.get(f"/webhooks/{made['id']}").json()["headers"]
    answer = client.request("PATCH", f"/webhooks/{made['id']}", json={"headers": shown})
    assert faults(answer) == {(f"headers.{name}", "not_allowed") for name in OWN}


@pytest.mark.parametrize("headers, wanted", [
    ({"Host": "a"}, {("headers.Host", "not_allowed")}),
    ({"content-length": "0", "Transfer-Encoding": "chunked"},
     {("headers.content-length", "not_allowed"), ("headers.Transfer-Encoding", "not_allowed")}),
    ({"X-Porter-Signature": "a", "webhook-id": "b", "Traceparent": "c"},
     {("headers.X-Porter-Signature", "not_allowed"), ("headers.webhook-id", "not_allowed"), ("headers.Traceparent", "not_allowed")}),
    ({"Metadata-Flavor": "Google", "X-aws-ec2-metadata-token-ttl-seconds": "60"},
     {("headers.Metadata-Flavor", "not_allowed"), ("headers.X-aws-ec2-metadata-token-ttl-seconds", "not_allowed")}),
    ({"X A": "b", "X:": "c"}, {("headers.X A", "bad_format"), ("headers.X:", "bad_format")}),
    ({"X-A": "a\nHost: b"}, {("headers.X-A", "bad_format")}),
    ({"X-A": ""}, {("headers.X-A", "bad_format")}),
    ({"X-A": "ä"}, {("headers.X-A", "bad_format")}),
    ({"X-A": "a" * 2001}, {("headers.X-A", "bad_format")}),
    ({"X-A": "1", "x-a": "2"}, {("headers.x-a", "not_allowed")}),
    ({f"X-{i}": "a" for i in range(11)}, {("headers", "too_many")}),
    (["X-A: b"], {("headers", "wrong_type")}),
    ({"X-A": 1}, {("headers.X-A", "wrong_type")}),
])
def test_a_bad_header_is_refused_by_name(client, headers, wanted):
    body = {"url": "https://example.com/", "events": ["*"], "headers": headers}
    answer = client.post("/webhooks", json=body)
    assert faults(answer) == wanted
    made = create(client, "https://example.com/")
    assert faults(client.request("PATCH", f"/webhooks/{made['id']}", json={"headers": headers})) == wanted


def test_headers_of_another_webhook_open_nothing(porter, tenant, client):
    """A sealed value belongs to its row: who can write the table can't move secrets to an endpoint of theirs."""
    receiver = porter.receiver()
    made, thief = create(client, "https://example.com/", OWN), create(client, receiver.url())
    with porter.database() as db:
        db.execute("UPDATE webhooks SET headers = (SELECT headers FROM webhooks WHERE id = %s) WHERE id = %s", (parse_id(made["id"]), parse_id(thief["id"])))
    row = client.post(f"/webhooks/{thief['id']}/test").json()
    shown = eventually(lambda: (lambda one: one if one["finished_at"] else None)(
        client.get(f"/webhooks/{thief['id']}/deliveries/{row['id']}").json()), 20, "a finished delivery")
    assert (shown["state"], receiver.matching()) == ("failed", [])


def test_a_secret_that_can_not_be_opened_ends_the_sample_and_nothing_else(porter, client):
    """The key it was sealed with may be gone."""
    receiver = porter.receiver()
    made, other = create(client, receiver.url("/made")), create(client, receiver.url("/other"))
    with porter.database() as db:
        db.execute("UPDATE webhooks SET secret = decode('00', 'hex') || secret WHERE id = %s", (parse_id(made["id"]),))
    row = client.post(f"/webhooks/{made['id']}/test").json()
    shown = eventually(lambda: (lambda one: one if one["finished_at"] else None)(
        client.get(f"/webhooks/{made['id']}/deliveries/{row['id']}").json()), 20, "a finished delivery")
    assert shown["state"] == "failed"
    sample(client, receiver, other)
    assert {got.path for got in receiver.matching()} == {"/other"} and porter.dispatchers[0].is_alive()
