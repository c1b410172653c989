"""The relay: order per subject, shards shared and taken over, nothing skipped."""
import signal
import threading
import time

import pytest
import requests

from harness.events import Topics
from harness.porter import Gateway, format_id, parse_id, uuid7
from harness.poll import eventually

SHARDS = 16


def put(db, org, subject, number):
    """One outbox row as a write makes it; the payload says its number."""
    db.execute(
        "INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload, webhooks_version,"
        " created_at) VALUES (%s, %s, %s, 'visitors', %s, 'visitor.checked_in', %s, 0, now())",
        (org, uuid7(), hash(subject) % SHARDS, subject, str(number).encode()))


def owners(porter):
    """How many shards each live relay holds, from PostgreSQL's own lock table."""
    with porter.database() as db:
        rows = db.execute(
            "SELECT pid, count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " GROUP BY pid").fetchall()
    return sorted(count for _, count in rows)


def in_order(records):
    """First appearances of each subject's numbers, in the order of Kafka."""
    seen = {}
    for record in records:
        numbers = seen.setdefault(record.key, [])
        if (number := int(record.value)) not in numbers:
            numbers.append(number)
    return seen


@pytest.fixture
def two(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.gateway()
    eventually(lambda: owners(porter) == [SHARDS // 2, SHARDS // 2], 30, "two relays share the shards")
    return porter


def test_order_per_subject_survives_a_killed_gateway(two):
    org = parse_id(two.organization().id)
    subjects = [format_id("vis", uuid7()) for _ in range(50)]
    killed = threading.Timer(0.3, two.gateways[0].kill)
    killed.start()
    with two.database() as db:
        for number in range(40):
            for subject in subjects:
                put(db, org, subject, number)
    killed.join()
    records = two.topics().wait(lambda r: r.key in subjects, 50 * 40, 30)
    assert in_order(records) == {subject: list(range(40)) for subject in subjects}
    eventually(lambda: two.database().execute("SELECT count(*) FROM outbox").fetchone()[0] == 0, 30, "empty outbox")


@pytest.mark.alone
def test_a_dead_relays_shards_are_taken_over_within_five_seconds(two):
    two.gateways[0].kill()
    began = time.monotonic()
    eventually(lambda: owners(two) == [SHARDS], 5, "one relay has all shards")
    assert time.monotonic() - began < 5


def test_a_late_commit_is_not_skipped(two):
    """A row with a lower number that commits after higher ones were sent."""
    org = parse_id(two.organization().id)
    late, early = format_id("vis", uuid7()), format_id("vis", uuid7())
    slow = two.database()
    slow.autocommit = False
    put(slow, org, late, 1)
    with two.database() as quick:
        put(quick, org, early, 1)
    topics = two.topics()
    topics.wait(lambda r: r.key == early, 1, 30)
    slow.commit()
    topics.wait(lambda r: r.key == late, 1, 30)


@pytest.mark.alone
def test_relays_that_return_get_their_share_again(two):
    two.gateways[0].kill()
    eventually(lambda: owners(two) == [SHARDS], 5, "one relay has all shards")
    two.gateways[0].start()
    eventually(lambda: owners(two) == [SHARDS // 2, SHARDS // 2], 30, "shared again")


def test_a_frozen_relay_does_not_hold_its_subjects_order_hostage(two):
    """SIGSTOP is no death: locks stay. What it owns waits, the rest flows, and all comes in the end."""
    org = parse_id(two.organization().id)
    two.gateways[0].signal(signal.SIGSTOP)
    try:
        subjects = [format_id("vis", uuid7()) for _ in range(64)]
        with two.database() as db:
            for subject in subjects:
                put(db, org, subject, 1)
        topics = two.topics()
        topics.wait(lambda r: r.key in subjects, 8, 30)
    finally:
        two.gateways[0].signal(signal.SIGCONT)
    topics.wait(lambda r: r.key in subjects, 64, 30)


def test_a_record_that_kafka_never_takes_is_set_aside_and_counted(new_porter):
    porter = new_porter()
    gateway = porter.gateway(PORTER_KAFKA_EXTRA="message.max.bytes=6000")
    org, large, other = parse_id(porter.organization().id), *(format_id("vis", uuid7()) for _ in range(2))
    assert "\nporter_relay_set_aside_total 0\n" in gateway.metrics()
    with porter.database() as db:
        put(db, org, large, "7" * 9000)
        put(db, org, other, 1)
    topics, dead = porter.topics(), Topics(porter.servers.kafka.url, ["porter.dead-letters.v1"])
    topics.wait(lambda r: r.key == other, 1, 30)
    [letter] = dead.wait(lambda r: r.key == large and "porter_dead_topic" in r.headers, 1, 30)
    dead.close()
    assert letter.headers["porter_dead_topic"] == "porter.visitors.v1" and letter.headers["porter_dead_reason"]
    assert letter.headers["porter_dead_left_out"] == "all but the first 4096 of 9000 bytes"
    shown = porter.ctl("dead-letters", "show", f"{letter.partition}:{letter.offset}")
    assert (shown["topic"], shown["was_at"], shown["left_out"]) == ("porter.visitors.v1", None, letter.headers["porter_dead_left_out"])
    assert shown["reason"] == letter.headers["porter_dead_reason"]
    headers = shown["headers"]
    assert headers == {name: text for name, text in letter.headers.items() if not name.startswith("porter_dead_")} and "ce_id" in headers
    assert letter.value and set(letter.value) == set(b"7")
    eventually(lambda: "\nporter_relay_set_aside_total 1\n" in gateway.metrics(), 10, "it is counted, once")


def test_a_gateway_without_a_relay_leaves_the_outbox_alone(new_porter):
    porter = new_porter()
    gateway = porter.gateway(PORTER_RELAY="false")
    organization = porter.organization()
    visitor = organization.client().pre_register(organization.location())
    assert requests.get(f"http://127.0.0.1:{gateway.private}/readyz", timeout=5).json()["status"] == "ready"
    assert owners(porter) == []

    def waiting():
        return [subject for subject, in porter.database().execute("SELECT aggregateid FROM outbox").fetchall()]

    assert waiting() == [visitor["id"]]
    gateway.stop()
    assert waiting() == [visitor["id"]]
    porter.gateway()
    eventually(lambda: waiting() == [], 30, "a relay that takes what waited")
    topics = porter.topics()
    assert topics.of(organization.id)[0].headers["porter_again"] == "1", "it can't know that nobody has sent it"
    topics.close()


def test_a_gateway_that_cannot_start_takes_no_shards(new_porter):
    """Its certificate is not there, or its private port is another's: the relay comes last."""
    porter = new_porter()
    porter.gateway()
    eventually(lambda: owners(porter) == [SHARDS], 30, "one relay has all shards")
    taken = porter.gateways[0].private
    for number, (faults, reason) in enumerate((
            ({"PORTER_TLS_CERTIFICATE": porter.tls / "gone.pem"}, "gone.pem: No such file or directory"),
            ({"PORTER_GATEWAY_PRIVATE_PORT": taken}, f"127.0.0.1 port {taken}: Address already in use"))):
        broken = Gateway(porter, 10 + number, **faults).start(wait=False)
        assert broken.popen.wait(20) == 1
        assert '"event":"gateway.failed"' in broken.output()
        assert reason in broken.output()
        assert "relay." not in broken.output()
    assert owners(porter) == [SHARDS]
