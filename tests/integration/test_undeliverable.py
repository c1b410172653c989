"""Events that are too large for webhooks: written down as failed, and in nobody's way."""
import json

import pytest

from harness.deliveries import settled
from harness.poll import eventually, logged
from harness.porter import Porter, parse_id, uuid7

LIMIT = 1 << 20
PEOPLE = 12_000  # Some 900 KB on Kafka, and more than twice as much as JSON.
MANY = 12        # More than a breaker takes.


@pytest.fixture(scope="module")
def small(servers):
    """Where webhooks get 1 MiB at most."""
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(PORTER_WEBHOOK_BODY_MAX=LIMIT, PORTER_RETRY_SCHEDULE="100ms")
    yield porter
    porter.close()


def crowd(porter, organization, place):
    with porter.database() as db, db.cursor() as cursor, cursor.copy(
            "COPY visitors (org_id, id, status, full_name, host_name, location_id, checked_in_at, created_at, updated_at) FROM STDIN") as copy:
        for i in range(PEOPLE):
            copy.write_row((parse_id(organization.id), uuid7(), "checked_in", f"Gast mit einem recht langen Namen {i:06}", "Luigi Menabrea",
                            parse_id(place), "2026-03-01 09:00Z", "2026-03-01 08:00Z", "2026-03-01 09:00Z"))


def drill(client):
    """A large event: of a drill that has ended, so that there may be another."""
    made = client.post("/evacuations", json={"drill": True})
    assert made.status_code == 201, made.text
    assert client.post(f"/evacuations/{made.json()['id']}/end").status_code == 200
    return made.json()["id"]


def test_an_event_that_is_too_large_has_failed_and_stops_nothing(small):
    organization, receiver = small.organization(), small.receiver()
    client, place = organization.client(), organization.location()
    hook = organization.webhook(receiver.url()).id
    ordered = organization.webhook(receiver.url(), ordering="subject").id
    crowd(small, organization, place)
    site = drill(client)
    for _ in range(MANY // 2 - 1):
        drill(client)
    rows = settled(small, organization, 2 * MANY, 60)
    assert {(row["state"], row["attempts"], row["last_failure"], row["last_status"]) for row in rows} == {("failed", 0, "event_too_large", None)}
    assert all(row["finished_at"] and row["due_at"] is None for row in rows)
    assert {row["webhook_id"] for row in rows} == {parse_id(hook), parse_id(ordered)}
    # What is behind them in the partition goes on, in the same organization and about the same evacuation.
    with small.database() as db:
        db.execute("DELETE FROM visitors WHERE org_id = %s", (parse_id(organization.id),))
    client.pre_register(place)
    assert client.post("/evacuations", json={}).status_code == 201
    receiver.wait(4)
    assert {r.headers["x-porter-event"] for r in receiver.matching()} == {"visitor.pre_registered", "evacuation.activated"}
    for one in (hook, ordered):
        assert client.get(f"/webhooks/{one}").json()["health"] == "ok"
    # What people see: a word, a sentence with the cure, and no attempt.
    page = client.get(f"/webhooks/{hook}/deliveries", params={"state": "failed", "limit": 1}).json()
    shown = client.get(f"/webhooks/{hook}/deliveries/{page['deliveries'][0]['id']}").json()
    assert shown["last_failure"] == page["deliveries"][0]["last_failure"] == "event_too_large"
    assert shown["attempt_count"] == 0 and shown["attempts"] == [] and f"a webhook gets {LIMIT} at most" in shown["last_error"]
    assert f"has {len(shown['body'].encode())} bytes" in shown["last_error"] and len(shown["body"].encode()) > LIMIT
    # The event itself can be read.
    log = logged(client, query=f"subject={site}&type=evacuation.activated")
    assert log[0]["data"]["evacuation"]["on_site_count"] == PEOPLE


def test_once_more_may_be_sent_it_can_be_sent_again(new_porter):
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_WEBHOOK_BODY_MAX=LIMIT)
    organization, receiver = porter.organization(), porter.receiver()
    client, place = organization.client(), organization.location()
    hook = organization.webhook(receiver.url(), events="evacuation.activated").id
    crowd(porter, organization, place)
    drill(client)
    row, = settled(porter, organization, 1, 60)
    path = f"/webhooks/{hook}/deliveries"
    delivery = client.get(path).json()["deliveries"][0]["id"]

    def again():
        assert client.post(f"{path}/{delivery}/retry").status_code == 202
        return eventually(lambda: shown if (shown := client.get(f"{path}/{delivery}").json())["finished_at"] else None, 30, "an end")

    shown = again()  # It is still too large, and that is found without an attempt.
    assert (shown["state"], shown["last_failure"], shown["attempt_count"]) == ("failed", "event_too_large", 0)
    dispatcher.stop()
    porter.dispatcher()  # 8 MiB
    assert again()["state"] == "delivered"
    assert json.loads(receiver.wait(1)[0].body)["data"]["evacuation"]["on_site_count"] == PEOPLE


def test_a_large_event_of_many_webhooks_is_written_in_statements_that_end(new_porter):
    """40 MiB in one would take PostgreSQL longer than any statement may, again and again: nothing behind it would ever be written."""
    porter = new_porter()
    porter.gateway()
    porter.dispatcher()
    organization, receiver = porter.organization(), porter.receiver()
    client, place = organization.client(), organization.location()
    with porter.database() as db:
        db.execute("""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (SELECT sum(octet_length(body)) FROM new) > 16 << 20 THEN
                    RAISE EXCEPTION 'too slow' USING ERRCODE = 'query_canceled';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER slow AFTER INSERT ON deliveries REFERENCING NEW TABLE AS new FOR EACH STATEMENT EXECUTE FUNCTION slow()""", prepare=False)
    for number in range(20):
        made = client.post("/webhooks", json={"url": receiver.url(f"/{number}"), "events": ["evacuation.activated"]})
        assert made.status_code == 201, made.text
    crowd(porter, organization, place)
    drill(client)
    rows = settled(porter, organization, 20, 60)
    assert {row["state"] for row in rows} == {"delivered"} and sum(len(row["body"]) for row in rows) > 40 << 20
    assert len(receiver.matching()) == 20
