"""porterctl events republish: the log goes to Kafka again, as the relay sent it, and can be gone on with."""
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from harness.deliveries import deliveries, settled
from harness.event_rows import packed
from harness.events import Topics
from harness.poll import eventually, logged
from harness.porter import format_id, parse_id, uuid7
from harness.process import program

# The log does not keep these two; and the last says that a record comes again.
LOST = {"traceparent", "porter_webhooks_version", "porter_again"}


@pytest.fixture
def busy(porter):
    """An organization with five events of three types on two topics, and their records."""
    tenant = porter.organization()
    client, place = tenant.client(), tenant.location()
    for name in ("Zoë Łukasiewicz-O’Brien", "山田 太郎"):
        visitor = client.pre_register(place, full_name=name, metadata={"b": "2", "a": "1", "c": "3"})
        assert client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
    assert client.post("/evacuations", json={"location_id": place}).status_code == 201
    topics = porter.topics()
    logged(client, 5)
    return tenant, topics, topics.of(tenant.id, 5)


def shape(record):
    return (record.topic, record.key, record.partition, record.value,
            {name: value for name, value in record.headers.items() if name not in LOST})


def of(topics, tenant, count):
    """The tenant's records: so many, and what else may be there by then."""
    topics.of(tenant.id, count)
    topics.poll(1)
    return [record for record in topics.seen if record.headers.get("porter_org") == tenant.id]


def test_records_come_again_as_they_were_in_the_order_of_each_subject(porter, busy):
    tenant, topics, before = busy
    told = porter.ctl("events", "republish", "--since", "1h", "--org", tenant.id)
    assert told == {"sent": 5, "refused": 0}
    again = topics.of(tenant.id, 10)[5:]
    assert sorted(map(shape, again), key=str) == sorted(map(shape, before), key=str)
    for key in {record.key for record in before}:
        assert [r.headers["ce_id"] for r in again if r.key == key] == [r.headers["ce_id"] for r in before if r.key == key]
    assert all(record.headers["porter_webhooks_version"] == "0" and "traceparent" not in record.headers for record in again)
    assert all(record.headers["porter_again"] == "1" for record in again)
    topics.close()


def test_only_what_was_asked_for_comes(porter, busy):
    tenant, topics, before = busy
    done = porter.ctl("events", "republish", "--since", "1h", "--org", tenant.slug, "--type", "visitor.checked_in")
    assert done["sent"] == 2
    second = sorted(record.headers["ce_time"] for record in before)[1]
    assert porter.ctl("events", "republish", "--since", second, "--until", second, "--org", tenant.slug)["sent"] == 0
    assert porter.ctl("events", "republish", "--since", second, "--org", tenant.slug)["sent"] == 4
    assert porter.ctl("events", "republish", "--since", "1h", "--until", second, "--org", tenant.slug)["sent"] == 1
    other = porter.organization()
    assert porter.ctl("events", "republish", "--since", "1h", "--org", other.id)["sent"] == 0
    assert len(of(topics, tenant, 12)) == 5 + 2 + 4 + 1
    assert porter.ctl("events", "republish", "--since", "1h")["sent"] >= 5
    assert len(of(topics, tenant, 17)) == 12 + 5
    topics.close()


def test_a_webhook_that_has_an_event_does_not_get_it_again(porter):
    tenant, receiver = porter.organization(), porter.receiver()
    tenant.webhook(receiver.url())
    client, place = tenant.client(), tenant.location()
    client.pre_register(place)
    settled(porter, tenant)
    logged(client)
    tenant.webhook(receiver.url("/younger"))
    assert porter.ctl("events", "republish", "--since", "1h", "--org", tenant.id)["sent"] == 1
    client.pre_register(place)  # Behind it: both are through once each webhook has this.
    rows = settled(porter, tenant, 4)
    assert len(rows) == 4 and len({(row["webhook_id"], row["event_id"]) for row in rows}) == 4
    assert sorted(one.path for one in receiver.got) == ["/hook", "/hook", "/younger", "/younger"] and len(deliveries(porter, tenant)) == 4


def test_what_comes_twice_at_once_goes_out_once(porter):
    """No webhook has any of it yet: the second record finds what became of the first."""
    tenant, receiver, topics = porter.organization(), porter.receiver(), porter.topics()
    client, place = tenant.client(), tenant.location()
    for _ in range(20):
        client.pre_register(place)
    topics.of(tenant.id, 20)
    topics.close()
    logged(client, 20)
    tenant.webhook(receiver.url())
    known = porter.dispatchers[0].metric("porter_deliveries_known_total")
    for _ in range(3):
        assert porter.ctl("events", "republish", "--since", "1h", "--org", tenant.id)["sent"] == 20
    settled(porter, tenant, 20)
    eventually(lambda: porter.dispatchers[0].metric("porter_deliveries_known_total") == known + 40, 30, "all is read")
    assert len(receiver.got) == 20 == len({one.headers["x-porter-delivery"] for one in receiver.got})


def test_a_run_that_was_killed_goes_on_where_it_was(porter, tmp_path):
    tenant, count, page = porter.organization(), 6000, 500
    at = datetime.now(timezone.utc) - timedelta(minutes=10)
    with porter.database() as db, db.cursor().copy(
            "COPY events (org_id, id, type, subject, payload, created_at) FROM STDIN") as copy:
        for number in range(count):
            row = {"org": parse_id(tenant.id), "id": uuid7(), "type": "visitor.checked_in",
                   "subject": format_id("vis", uuid7()), "created_at": at + timedelta(milliseconds=number)}
            copy.write_row((row["org"], row["id"], row["type"], row["subject"], packed(row), row["created_at"]))
    logged(tenant.client(), 200)  # They are of one transaction.
    state = tmp_path / "state"
    words = ["events", "republish", "--since", "1h", "--org", tenant.id, "--state-file", str(state)]
    nowhere = porter.run_ctl(*words[:-1], tmp_path / "no folder" / "state")
    assert nowhere.returncode == 2 and "can't write" in nowhere.stderr and "sent" not in nowhere.stderr, nowhere.stderr
    with subprocess.Popen([program("porterctl"), *words], env=porter.environment(),
                          stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as first:
        eventually(state.exists, 30, "a page is sent")
        first.kill()
    assert re.fullmatch(rf"{tenant.id} \d+ evt_\w+\n", state.read_text())
    done = porter.run_ctl(*words, "--json")
    assert done.returncode == 0 and f"events sent, {tenant.id} at the end" in done.stderr, done.stderr
    assert f'"sent":{count}' not in done.stdout, "it went on"
    topics = porter.topics()
    ids = [record.headers["ce_id"] for record in of(topics, tenant, count)]
    topics.close()
    assert len(set(ids)) == count and len(ids) <= count + page, f"{len(ids)} records"
    assert porter.ctl(*words)["sent"] == 0
    other = porter.run_ctl(*words[:5], porter.organization().id, *words[6:])
    assert other.returncode == 2 and "another organization" in other.stderr
