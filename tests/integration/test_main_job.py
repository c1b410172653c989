"""The main job: an API call becomes an event on Kafka and a signed webhook at a customer's URL."""
import json

from harness import signatures
from harness.poll import eventually
from harness.porter import parse_id


def test_a_pre_registration_becomes_a_signed_webhook(porter, organization):
    receiver = porter.receiver()
    webhook = organization.webhook(receiver.url("/hook?x=1"))
    visitor = organization.client().pre_register(
        organization.location(), full_name="Zoë Łukasiewicz", company="Škoda 株式会社")

    got = receiver.wait(1, x_porter_event="visitor.pre_registered")[0]
    event = json.loads(got.body)

    assert event["data"]["visitor"] == visitor
    assert event["organization_id"] == organization.id
    assert event["id"] == got.headers["webhook-id"]
    assert "test" not in event
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "Porter-Webhooks/1"
    assert got.headers["x-porter-attempt"] == "1"
    assert got.headers["x-porter-delivery"].startswith("dlv_")
    assert got.headers["x-porter-signature"] == signatures.porter(got.body, webhook.secret)
    assert signatures.standard(
        got.body, webhook.secret, got.headers["webhook-id"], got.headers["webhook-timestamp"]
    ) in got.headers["webhook-signature"].split(" ")


def test_the_kafka_record_is_what_the_contract_says(porter, organization):
    visitor = organization.client().pre_register(organization.location())
    topics = porter.topics()
    record = topics.of(organization.id)[0]
    topics.close()

    assert record.topic == "porter.visitors.v1"
    assert record.key == visitor["id"]
    event = record.event
    headers = record.headers
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == event.id and event.id.startswith("evt_")
    assert headers["ce_source"] == f"/organizations/{organization.id}"
    assert headers["ce_type"] == event.type == "visitor.pre_registered"
    assert headers["ce_subject"] == visitor["id"] == event.data.visitor.id
    assert headers["ce_time"].endswith("Z")
    assert headers["ce_dataschema"]
    assert headers["content-type"] == "application/protobuf"
    assert headers["porter_org"] == organization.id == event.organization_id
    assert headers["porter_webhooks_version"].isdigit()
    assert event.data.visitor.full_name == visitor["full_name"]


def test_the_callers_trace_reaches_kafka_and_the_webhook(porter, organization):
    receiver = porter.receiver()
    organization.webhook(receiver.url())
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = organization.client().post(
        "/visitors/pre-register",
        json={"full_name": "Ada", "location_id": organization.location()},
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.status_code == 201

    topics = porter.topics()
    record = topics.of(organization.id)[0]
    topics.close()
    assert trace in record.headers["traceparent"]
    assert trace in receiver.wait(1)[0].headers["traceparent"]


def test_the_callers_trace_is_that_of_retries_and_of_the_logs_too(new_porter):
    porter = new_porter()
    gateway = porter.gateway()
    dispatcher = porter.dispatcher(PORTER_RETRY_SCHEDULE="100ms,100ms")
    organization, receiver = porter.organization(), porter.receiver(lambda r: (500, {}, b""))
    organization.webhook(receiver.url())
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    organization.client().post("/visitors/pre-register", json={"full_name": "Ada", "location_id": organization.location()},
                               headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    sent = [request.headers["traceparent"].split("-") for request in receiver.wait(3)]
    assert {(version, one, flags) for version, one, _, flags in sent} == {("00", trace, "01")}
    assert len({span for _, _, span, _ in sent} | {"00f067aa0ba902b7"}) == 4
    assert [line["event"] for line in gateway.logged(trace_id=trace)] == ["request.answered"]
    assert [line["trace_id"] for line in eventually(lambda: dispatcher.logged(event="delivery.failed"), 10, "the end")] == [trace]


def test_only_subscribed_webhooks_of_the_same_organization_are_told(porter, organization):
    stranger = porter.organization()
    receiver = porter.receiver()
    organization.webhook(receiver.url("/all"))
    organization.webhook(receiver.url("/departures"), events="visitor.checked_out")
    stranger.webhook(receiver.url("/stranger"))
    organization.client().pre_register(organization.location())
    stranger.client().pre_register(stranger.location())

    receiver.wait(2)
    assert sorted(one.path for one in receiver.got) == ["/all", "/stranger"]
    for one in receiver.got:
        wanted = organization.id if one.path == "/all" else stranger.id
        assert json.loads(one.body)["organization_id"] == wanted


def test_a_failing_endpoint_is_tried_again_with_the_same_delivery(new_porter):
    quick = new_porter()
    quick.gateway()
    quick.dispatcher(PORTER_RETRY_SCHEDULE="200ms,200ms,200ms")
    tenant = quick.organization()
    answers = iter([500, 503])
    receiver = quick.receiver(lambda _: (next(answers, 204), {}, b""))
    tenant.webhook(receiver.url())
    tenant.client().pre_register(tenant.location())

    got = receiver.wait(3, seconds=15)
    assert [one.headers["x-porter-attempt"] for one in got] == ["1", "2", "3"]
    assert len({one.headers["x-porter-delivery"] for one in got}) == 1
    assert len({one.body for one in got}) == 1

    def delivered():
        with quick.database() as db:
            return db.execute("SELECT state, attempts FROM deliveries").fetchall() == [
                ("delivered", 3)]
    eventually(delivered)


def test_the_delivery_log_holds_the_exact_bytes_that_were_sent(porter, organization):
    receiver = porter.receiver()
    webhook = organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    got = receiver.wait(1)[0]

    def logged():
        with porter.database() as db:
            return db.execute(
                "SELECT body FROM deliveries WHERE state = 'delivered' AND event_id = %s",
                (parse_id(got.headers["webhook-id"]),)).fetchone()
    assert bytes(eventually(logged)[0]) == got.body
    assert webhook.id.startswith("whk_")
