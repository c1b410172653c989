"""One request's id the whole way: answer, logs, event log, Kafka, webhook, deliveries."""
import json

import pytest

from harness.poll import eventually
from harness.porter import Porter, parse_id


def lines(process, **wanted):
    """The lines that a service logged with these fields."""
    logged = [json.loads(line) for line in process.output().splitlines() if line.startswith("{")]
    return [line for line in logged if all(line.get(name) == value for name, value in wanted.items())]


@pytest.fixture(scope="module")
def quick(servers):
    """A Porter that gives a delivery up after two attempts."""
    made = Porter(servers)
    made.gateway()
    made.dispatcher(PORTER_RETRY_SCHEDULE="100ms")
    yield made
    made.close()


@pytest.fixture
def tenant(quick):
    return quick.organization()


def caused(tenant, client, visitor, step, request_id):
    """The answer to a write of either way to Kafka: a first event is handed to the relay, a later one read by it."""
    path, body = {
        "pre-register": ("/visitors/pre-register", {"full_name": "Ada", "location_id": tenant.location()}),
        "check-in": (f"/visitors/{visitor}/check-in", None),
    }[step]
    return client.post(path, json=body, headers={"X-Request-Id": request_id})


@pytest.mark.parametrize("step", ["pre-register", "check-in"])
def test_a_requests_id_goes_the_whole_way(quick, tenant, step):
    receiver = quick.receiver(lambda got: (500 if got.path == "/broken" else 204, {}, b""))
    client = tenant.client()
    visitor = client.pre_register(tenant.location())["id"]
    webhooks = {name: tenant.webhook(receiver.url(f"/{name}")) for name in ("well", "broken")}
    request_id = "my-trace-42"

    answer = caused(tenant, client, visitor, step, request_id)
    assert answer.ok and answer.headers["X-Request-Id"] == request_id

    topics = quick.topics()
    record = topics.wait(lambda r: r.headers.get("porter_org") == tenant.id
                         and r.headers.get("porter_request_id") == request_id)[0]
    topics.close()
    assert record.event.request_id == request_id
    event = parse_id(record.event.id)
    with quick.database() as db:
        assert db.execute("SELECT request_id FROM events WHERE org_id = %s AND id = %s",
                          (parse_id(tenant.id), event)).fetchone() == (request_id,)

    sent = receiver.wait(3, x_porter_request_id=request_id)
    assert sorted(one.path for one in sent) == ["/broken", "/broken", "/well"]
    assert {one.headers["x-porter-attempt"] for one in sent} == {"1", "2"}
    for one in sent:
        assert one.headers["webhook-id"] == record.event.id
        assert json.loads(one.body)["request_id"] == request_id

    for name, state in (("well", "delivered"), ("broken", "failed")):
        listed = eventually(lambda hook=webhooks[name].id, end=state: [
            one for one in client.get(f"/webhooks/{hook}/deliveries?state={end}").json()["deliveries"]
            if one["event_id"] == record.event.id], 10, f"the {state} delivery")
        assert [one["request_id"] for one in listed] == [request_id]
        shown = client.get(f"/webhooks/{webhooks[name].id}/deliveries/{listed[0]['id']}").json()
        assert shown["request_id"] == request_id
        assert quick.ctl("deliveries", "show", shown["id"], "--org", tenant.id)["request_id"] == request_id

    assert [line["status"] for line in lines(quick.gateways[0], event="request.answered", request_id=request_id)
            if line.get("org") == tenant.id] == [answer.status_code]
    failed = eventually(lambda: lines(quick.dispatchers[0], event="delivery.failed", delivery=shown["id"]))
    assert [(line["request_id"], line["status"]) for line in failed] == [(request_id, 500)]


def test_a_sample_carries_the_id_of_the_request_that_asked_for_it(quick, tenant):
    receiver = quick.receiver()
    client, webhook = tenant.client(), tenant.webhook(receiver.url())
    answer = client.post(f"/webhooks/{webhook.id}/test", headers={"X-Request-Id": "my-trace-42"})
    assert answer.status_code == 202 and answer.json()["request_id"] == "my-trace-42"
    sent = receiver.wait(1)[0]
    assert sent.headers["x-porter-request-id"] == json.loads(sent.body)["request_id"] == "my-trace-42"


def test_what_no_request_caused_has_no_id(quick, tenant):
    receiver = quick.receiver()
    webhook = tenant.webhook(receiver.url())
    made = quick.ctl("webhook", "test", webhook.id, "--org", tenant.id)
    sent = receiver.wait(1)[0]
    assert "x-porter-request-id" not in sent.headers and json.loads(sent.body)["request_id"] is None
    shown = tenant.client().get(f"/webhooks/{webhook.id}/deliveries/{made['delivery_id']}").json()
    assert shown["request_id"] is None
