"""The dispatcher: retries, verdicts, the log, and what a death or a restart costs."""
import base64
import json
import os
import threading
import time
import uuid

import pytest
import requests
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness import signatures
from harness.deliveries import attempts, by_delivery, deliveries, settled, writing, written
from harness.events import TOPICS, Topics
from harness.poll import eventually
from harness.porter import Porter, format_id, parse_id

TOPIC = "porter.visitors.v1"
DEAD = "porter.dead-letters.v1"


def seal(porter, plain, context):
    """A secret as libs/crypt stores it."""
    name, _, key = porter.environment()["PORTER_SEAL_KEYS"].partition(":")
    nonce = os.urandom(12)
    sealed = AESGCM(base64.b64decode(key)).encrypt(nonce, plain.encode(), context.encode())
    return b"\x01" + bytes([len(name)]) + name.encode() + nonce + sealed


def uncommitted(porter):
    """How many records the group has not committed, over all partitions of visitors; all of a partition
    without a place."""
    consumer = Consumer({"bootstrap.servers": porter.servers.kafka.url, "group.id": f"{porter.name}.{TOPIC}", "log_level": 0})
    try:
        known = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        places = consumer.committed([TopicPartition(TOPIC, number) for number in known], timeout=10)
        lag = 0
        for place in places:
            low, high = consumer.get_watermark_offsets(place, timeout=10)
            lag += high - (place.offset if place.offset >= 0 else low)
        return lag
    finally:
        consumer.close()


def ends(porter):
    """The end of each partition of visitors."""
    consumer = Consumer({"bootstrap.servers": porter.servers.kafka.url, "group.id": "nobody", "log_level": 0})
    try:
        known = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        return [TopicPartition(TOPIC, number, consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=10)[1]) for number in known]
    finally:
        consumer.close()


def places(porter, to=None):
    """What the group has committed of visitors; or sets it back `to` that, while nobody is in the group."""
    consumer = Consumer({"bootstrap.servers": porter.servers.kafka.url, "group.id": f"{porter.name}.{TOPIC}",
                         "log_level": 0})
    try:
        if to is not None:
            consumer.commit(offsets=to, asynchronous=False)
            return to
        known = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        return [TopicPartition(TOPIC, p.partition, p.offset if p.offset >= 0 else
                               consumer.get_watermark_offsets(p, timeout=10)[1])
                for p in consumer.committed([TopicPartition(TOPIC, number) for number in known], timeout=10)]
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def quick(servers):
    """A Porter whose retries come after 1 s, 2 s, 1 s."""
    made = Porter(servers)
    made.gateway()
    made.dispatcher(PORTER_RETRY_SCHEDULE="1s,2s,1s")
    yield made
    made.close()


@pytest.mark.alone
def test_a_503_is_tried_again_on_the_schedule(quick):
    organization = quick.organization()
    receiver = quick.receiver(lambda r: (503 if int(r.headers["x-porter-attempt"]) < 3 else 204, {}, b"busy"))
    organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    got = receiver.wait(3, 30)
    assert [r.headers["x-porter-attempt"] for r in got] == ["1", "2", "3"]
    assert len({r.headers["x-porter-delivery"] for r in got}) == 1
    assert len({r.body for r in got}) == 1
    assert 0.9 <= got[1].at - got[0].at < 2.1 and 1.8 <= got[2].at - got[1].at < 3.2
    row, = settled(quick, organization)
    assert (row["state"], row["attempts"], row["last_status"], row["due_at"]) == ("delivered", 3, 204, None)
    log = attempts(quick, organization)
    assert [(one["number"], one["verdict"], one["status"]) for one in log] == [
        (1, "retry", 503), (2, "retry", 503), (3, "delivered", 204)]


def test_after_the_last_attempt_a_delivery_has_failed(quick):
    organization = quick.organization()
    receiver = quick.receiver(lambda r: (500, {}, b""))
    organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    row, = settled(quick, organization)
    assert (row["state"], row["attempts"], row["last_status"]) == ("failed", 4, 500)
    assert [one["verdict"] for one in attempts(quick, organization)] == ["retry", "retry", "retry", "give_up"]
    assert len(receiver.matching()) == 4


@pytest.mark.alone
def test_retry_after_is_honoured(quick):
    organization = quick.organization()
    receiver = quick.receiver(
        lambda r: (429, {"Retry-After": "4"}, b"") if r.headers["x-porter-attempt"] == "1" else (204, {}, b""))
    organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    first, second = receiver.wait(2, 30)
    assert 3.9 <= second.at - first.at < 6


def test_410_disables_the_webhook(quick):
    organization = quick.organization()
    receiver = quick.receiver(lambda r: (410, {}, b""))
    organization.webhook(receiver.url())
    client, location = organization.client(), organization.location()
    client.pre_register(location)
    row, = eventually(lambda: rows if (rows := deliveries(quick, organization)) and rows[0]["state"] == "held" else None, 15, "a held one")
    assert (row["attempts"], row["attempts_before"], row["last_status"], row["due_at"]) == (1, 1, 410, None)
    assert [(one["verdict"], one["status"]) for one in attempts(quick, organization)] == [("disable", 410)]

    def status():
        with quick.database() as db:
            return db.execute("SELECT status, disabled_reason FROM webhooks WHERE org_id = %s",
                              (parse_id(organization.id),)).fetchone()

    eventually(lambda: status()[0] == "disabled" and "410" in status()[1], 30, "a disabled webhook")
    other = quick.receiver()
    organization.webhook(other.url())
    client.pre_register(location)
    other.wait(1)
    rows = eventually(lambda: rows if len(rows := settled(quick, organization, 1)) == 3 else None, 15, "a row for each")
    assert sorted(row["state"] for row in rows) == ["delivered", "held", "held"]  # Held for the disabled one.
    assert len(receiver.matching()) == 1


@pytest.mark.parametrize("ordering", ["none", "subject"])
def test_what_a_410_refused_goes_out_first_when_the_webhook_is_enabled(quick, ordering):
    organization = quick.organization()
    receiver = quick.receiver(lambda r: (410, {}, b""))
    hook = organization.webhook(receiver.url(), ordering=ordering).id
    client, location = organization.client(), organization.location()
    visitor = client.pre_register(location)["id"]
    eventually(lambda: client.get(f"/webhooks/{hook}").json()["status"] == "disabled", 30, "a disabled webhook")
    for act in ("check-in", "check-out"):
        assert client.post(f"/visitors/{visitor}/{act}").status_code == 200
    eventually(lambda: [row["state"] for row in deliveries(quick, organization)] == ["held"] * 3, 30, "held ones")
    receiver.answer = lambda r: (204, {}, b"")
    assert client.request("PATCH", f"/webhooks/{hook}", json={"status": "enabled"}).status_code == 200
    got = [json.loads(one.body)["type"] for one in receiver.wait(4)]
    assert got == ["visitor.pre_registered"] * 2 + ["visitor.checked_in", "visitor.checked_out"]
    settled(quick, organization, 3)
    assert len(receiver.matching()) == 4


def test_what_somebody_asked_for_and_410_refused_has_failed(quick):
    organization = quick.organization()
    receiver = quick.receiver()
    hook = organization.webhook(receiver.url()).id
    client = organization.client()
    client.pre_register(organization.location())
    row, = settled(quick, organization)
    receiver.answer = lambda r: (410, {}, b"")
    again = f"/webhooks/{hook}/deliveries/{format_id('dlv', row['id'])}/retry"
    assert client.post(again).status_code == 202
    eventually(lambda: deliveries(quick, organization)[0]["state"] == "failed", 30, "a failed one")
    assert client.post(f"/webhooks/{hook}/test").status_code == 202
    eventually(lambda: [one["state"] for one in deliveries(quick, organization)] == ["failed"] * 2, 30, "a failed sample")


def test_a_410_of_an_endpoint_that_it_had_before_disables_nothing(quick):
    organization, other = quick.organization(), quick.receiver()
    asked, go = threading.Event(), threading.Event()
    receiver = quick.receiver(lambda r: (asked.set(), go.wait(20), (410, {}, b""))[2])
    hook = organization.webhook(receiver.url()).id
    client, location = organization.client(), organization.location()
    client.pre_register(location)
    assert asked.wait(20)
    assert client.request("PATCH", f"/webhooks/{hook}", json={"url": other.url()}).status_code == 200
    go.set()
    assert [row["state"] for row in settled(quick, organization)] == ["delivered"]  # By the new one.
    client.pre_register(location)
    other.wait(2)
    assert client.get(f"/webhooks/{hook}").json()["status"] == "enabled"
    other.answer = lambda r: (410, {}, b"")
    client.pre_register(location)
    eventually(lambda: client.get(f"/webhooks/{hook}").json()["status"] == "disabled", 30, "its own 410 disables it")


def test_a_redirect_is_a_failure_and_not_followed(quick):
    organization = quick.organization()
    target = quick.receiver()
    receiver = quick.receiver(lambda r: (302, {"Location": target.url()}, b""))
    organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    receiver.wait(2)
    assert target.matching() == []
    first = attempts(quick, organization)[0]
    assert (first["verdict"], first["status"]) == ("retry", 302)
    assert "redirects are not followed" in first["detail"]


def test_both_secrets_sign_while_a_rotation_overlaps(quick):
    organization = quick.organization()
    receiver = quick.receiver()
    webhook = organization.webhook(receiver.url())
    old = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    with quick.database() as db:
        db.execute("UPDATE webhooks SET secret_previous = %s, secret_overlap_until = now() + interval '1 hour'"
                   " WHERE org_id = %s", (seal(quick, old, webhook.id), parse_id(organization.id)))
    organization.client().pre_register(organization.location())
    got, = receiver.wait(1)
    headers = got.headers
    assert headers["x-porter-signature"] == signatures.porter(got.body, webhook.secret)
    assert headers["x-porter-signature-previous"] == signatures.porter(got.body, old)
    assert headers["webhook-signature"].split(" ") == [
        signatures.standard(got.body, secret, headers["webhook-id"], headers["webhook-timestamp"])
        for secret in (webhook.secret, old)]


def test_the_log_is_what_was_sent(quick):
    organization = quick.organization()
    answer = b"thank you \xff\x00"
    receiver = quick.receiver(lambda r: (202, {"X-Kept": "yes", "Set-Cookie": "token=secret"}, answer))
    webhook = organization.webhook(receiver.url())
    visitor = organization.client().pre_register(organization.location())
    got, = receiver.wait(1)
    row, = settled(quick, organization)
    assert bytes(row["body"]) == got.body
    assert format_id("dlv", row["id"]) == got.headers["x-porter-delivery"]
    assert format_id("evt", row["event_id"]) == got.headers["webhook-id"]
    assert row["webhook_id"] == parse_id(webhook.id)
    assert (row["event_type"], row["subject"]) == ("visitor.pre_registered", visitor["id"])
    assert (row["state"], row["attempts"], row["is_test"], row["last_error"]) == ("delivered", 1, False, None)
    one, = attempts(quick, organization)
    assert (one["number"], one["verdict"], one["status"], one["failure"]) == (1, "delivered", 202, None)
    assert bytes(one["response_body"]) == answer
    assert "x-kept: yes" in one["response_headers"].lower() and "secret" not in one["response_headers"]
    assert one["total_us"] > 0 and one["remote"].startswith("127.0.0.1")


LARGEST_LETTER = 1_000_000  # What our producers send at most; a broker takes 1,048,588 as it comes.


@pytest.mark.parametrize("size, mark, left_out", [(21, 5, None), (LARGEST_LETTER + 10_000, 5, "the value, 1010000 bytes"),
                                                  (10, LARGEST_LETTER + 10_000, "the value, 10 bytes, key and headers")],
                         ids=["small", "large", "large headers"])
def test_what_can_not_be_read_goes_to_the_dead_letters_and_the_partition_goes_on(quick, size, mark, left_out):
    organization = quick.organization()
    receiver = quick.receiver()
    organization.webhook(receiver.url())
    poison, key = b"\xff" + os.urandom(size - 1), f"not an id {uuid.uuid4()}"
    producer = Producer({"bootstrap.servers": quick.servers.kafka.url, "message.max.bytes": 1_048_000})
    partitions = len(producer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions)
    sent = []
    for number in range(partitions):
        producer.produce(TOPIC, poison, key.encode(), partition=number, headers={"mark": b"k" * mark},
                         on_delivery=lambda error, message: sent.append((str(message.partition()), str(message.offset()), error)))
    producer.flush(10)
    assert not [error for *_, error in sent if error]
    client, location = organization.client(), organization.location()
    for _ in range(2 * partitions):
        client.pre_register(location)
    receiver.wait(2 * partitions)
    dead = Topics(quick.servers.kafka.url, [DEAD])
    wanted = {place[:2] for place in sent}

    def letters():
        """Other tests' dispatchers read the topic as well and send letters of their own."""
        return [letter for letter in dead.seen if place_of(letter) in wanted]

    def place_of(letter):
        return letter.headers.get("porter_dead_partition"), letter.headers.get("porter_dead_offset")

    eventually(lambda: dead.poll(0.2) or {place_of(letter) for letter in letters()} == wanted,
               30, "a dead letter for each partition")
    dead.close()
    for letter in letters():
        assert letter.headers["porter_dead_topic"] == TOPIC and letter.headers["porter_dead_reason"]
        assert letter.headers.get("porter_dead_left_out") == left_out
        assert (letter.value or b"") == (b"" if left_out else poison)
        if mark == 5:
            assert letter.key == key and letter.headers["mark"] == "kkkkk"


def test_what_kafka_dropped_unread_is_told(new_porter, private_servers):
    """No dispatcher for longer than the topic's retention: a hole that nobody else would ever notice."""
    porter = new_porter(on=private_servers)
    porter.gateway()
    dispatcher = porter.dispatcher()
    organization, receiver = porter.organization(), porter.receiver()
    organization.webhook(receiver.url())
    client, location = organization.client(), organization.location()
    for _ in range(20):
        client.pre_register(location)
    receiver.wait(20)
    eventually(lambda: uncommitted(porter) == 0, 30, "committed places")
    assert "porter_intake_skipped_records_total 0" in dispatcher.metrics()
    dispatcher.stop()
    was = {place.partition: place.offset for place in ends(porter)}
    for _ in range(20):
        client.pre_register(location)
    eventually(lambda: sum(place.offset for place in ends(porter)) == sum(was.values()) + 20, 30, "20 records")
    # Of partitions of which the group never read anything nobody knows that there was more.
    lost = sum(place.offset - was[place.partition] for place in ends(porter) if was[place.partition] > 0)
    assert lost > 0
    admin = AdminClient({"bootstrap.servers": porter.servers.kafka.url})
    for done in admin.delete_records(ends(porter)).values():
        done.result(20)
    # A gap shows at the first record behind it: each partition gets one.
    gap = {place.partition: place.offset for place in ends(porter)}
    more = 0
    while any(place.offset == gap[place.partition] for place in ends(porter)):
        client.pre_register(location)
        more += 1
    dispatcher.start()
    receiver.wait(20 + more)
    eventually(lambda: f"porter_intake_skipped_records_total {lost}\n" in dispatcher.metrics(), 30, f"{lost} skipped records")
    told = [json.loads(line) for line in dispatcher.output().splitlines() if '"intake.skipped"' in line]
    assert sum(line["to"] - line["from"] for line in told) == lost and {line["topic"] for line in told} == {TOPIC}


def answering_500_first(porter):
    """An organization whose webhook answers 500 to each delivery's first attempt."""
    organization = porter.organization()
    receiver = porter.receiver(lambda r: (500 if r.headers["x-porter-attempt"] == "1" else 204, {}, b""))
    organization.webhook(receiver.url())
    return organization, receiver


def test_a_schema_that_is_behind_loses_no_delivery(new_porter):
    """A dispatcher may be newer than the schema for a while: what PostgreSQL refuses then is not refused for good."""
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_RETRY_SCHEDULE="100ms,100ms,100ms")
    organization, receiver = answering_500_first(porter)
    client, location = organization.client(), organization.location()
    with porter.database() as db:
        db.execute("ALTER TABLE deliveries RENAME COLUMN ordinal TO ordinal_later")
        db.execute("UPDATE schema_migrations SET number = number + 1000 WHERE number = (SELECT max(number) FROM schema_migrations)")
        client.pre_register(location)
        receiver.wait(1)
        eventually(lambda: '"ledger.waiting"' in dispatcher.output(), 30, "a ledger that waits")
        assert requests.get(f"http://127.0.0.1:{dispatcher.private}/readyz", timeout=5).text == "schema: not current; run porterctl migrate\n"
        db.execute("UPDATE schema_migrations SET number = number - 1000 WHERE number = (SELECT max(number) FROM schema_migrations)")
        db.execute("ALTER TABLE deliveries RENAME COLUMN ordinal_later TO ordinal")
    receiver.wait(2)
    row, = settled(porter, organization, seconds=30)
    assert (row["state"], row["attempts"]) == ("delivered", 2)
    assert requests.get(f"http://127.0.0.1:{dispatcher.private}/readyz", timeout=5).status_code == 200


def test_a_due_row_whose_webhook_can_not_be_read_comes_before_its_lease_ends(new_porter):
    porter = new_porter()
    porter.gateway()
    organization, receiver = porter.organization(), porter.receiver()
    organization.webhook(receiver.url())
    known = porter.dispatcher()
    organization.client().pre_register(organization.location())
    settled(porter, organization)
    known.stop()
    with porter.database() as db:
        db.execute("ALTER TABLE webhooks RENAME COLUMN max_age_s TO max_age_later")
        db.execute("UPDATE deliveries SET state = 'pending', due_at = now(), finished_at = NULL, attempts_before = attempts")
        dispatcher = porter.dispatcher()
        eventually(lambda: '"retry.postponed"' in dispatcher.output(), 30, "a claim in vain")
        db.execute("ALTER TABLE webhooks RENAME COLUMN max_age_later TO max_age_s")
    receiver.wait(2, 20)  # The lease is of a minute.


def test_an_attempt_that_can_not_be_stored_costs_only_its_description(new_porter):
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_RETRY_SCHEDULE="100ms,100ms,100ms")
    organization, receiver = answering_500_first(porter)
    with porter.database() as db:
        db.execute("ALTER TABLE attempts ADD CONSTRAINT no_attempt CHECK (number > 2)")
    organization.client().pre_register(organization.location())
    receiver.wait(2)
    row, = settled(porter, organization, seconds=30)
    assert (row["state"], row["attempts"]) == ("delivered", 2)
    assert '"delivery.refused"' in dispatcher.output() and '"outcome.refused"' in dispatcher.output()
    assert "not_stored" not in dispatcher.output()


@pytest.mark.parametrize("count", [16, 17, 60])  # RECORD_HEADERS_MAX is 16.
def test_a_record_with_many_headers_is_delivered_to_a_webhook_that_was_just_changed(quick, count):
    """The last header says that the webhooks changed. LISTEN does not: it may well come later."""
    organization = quick.organization()
    receiver = quick.receiver()
    webhook = organization.webhook(receiver.url(), "visitor.cancelled")
    organization.client().pre_register(organization.location())
    topics = quick.topics()
    record, = topics.of(organization.id)
    topics.close()
    eventually(lambda: uncommitted(quick) == 0, 15, "the record is read, so its organization's webhooks are known")
    with quick.database() as db:
        db.execute("UPDATE webhooks SET events = '{*}' WHERE id = %s", (parse_id(webhook.id),))
        version, = db.execute("UPDATE organizations SET webhooks_version = webhooks_version + 1 WHERE id = %s"
                              " RETURNING webhooks_version", (parse_id(organization.id),)).fetchone()
    producer = Producer({"bootstrap.servers": quick.servers.kafka.url})
    producer.produce(TOPIC, record.value, record.key, partition=record.partition,
                     headers=[(f"x-{number}", b"x") for number in range(count - 1)] + [("porter_webhooks_version", str(version).encode())])
    assert producer.flush(10) == 0
    assert receiver.wait(1)[0].headers["webhook-id"]


def test_phases_of_attempts_are_measured_as_far_as_there_are_any(new_porter):
    porter = new_porter()
    porter.gateway()
    dispatcher, organization, receiver = porter.dispatcher(), porter.organization(), porter.receiver()
    organization.webhook(receiver.url())
    client, place = organization.client(), organization.location()

    def counts():
        return [dispatcher.metric(f'porter_attempt_phase_seconds_count{{phase="{phase}"}}') for phase in ("dns", "connect", "tls", "first_byte")]

    for number, wanted in enumerate([[0, 1, 1, 1], [0, 1, 1, 2]], 1):  # An address needs no name server, a kept connection nothing but an answer.
        client.pre_register(place)
        receiver.wait(number)
        eventually(lambda wanted=wanted: counts()[1:] == wanted[1:], 30, f"{wanted}, not {counts()}")
    took = {line.split()[0]: float(line.split()[1]) for line in dispatcher.metrics().splitlines() if line.startswith("porter_attempt_") and "_sum" in line}
    assert 0 < sum(took[f'porter_attempt_phase_seconds_sum{{phase="{phase}"}}'] for phase in ("connect", "tls", "first_byte")) <= took["porter_attempt_seconds_sum"]
    assert all(dispatcher.metric(f'porter_neighbour_up{{neighbour="{name}"}}') == 1 for name in ("postgresql", "kafka"))
    assert dispatcher.metric('porter_db_connections{state="open"}') > 0


def test_a_slow_endpoint_does_not_delay_another(quick):
    organization = quick.organization()
    go_on, answered = threading.Event(), []

    def slowly(request):
        go_on.wait(60)
        answered.append(request)
        return 204, {}, b""

    slow, fast = quick.receiver(slowly), quick.receiver()
    organization.webhook(slow.url())
    organization.webhook(fast.url())
    client, location = organization.client(), organization.location()
    for _ in range(100):
        client.pre_register(location)
    fast.wait(100)
    assert not answered
    go_on.set()
    slow.wait(100)


def test_a_webhook_made_just_before_a_write_gets_its_event(quick):
    receiver = quick.receiver()
    organization = quick.organization()
    client, location = organization.client(), organization.location()
    for number in range(50):
        if number % 10 == 0:  # An organization has a limited number of webhooks.
            organization = quick.organization()
            client, location = organization.client(), organization.location()
        organization.webhook(receiver.url(f"/{number}"))
        visitor = client.pre_register(location)
        eventually(lambda path=f"/{number}", wanted=visitor["id"]: any(
            r.path == path and wanted in r.body.decode() for r in receiver.matching()),
            30, f"webhook {number} gets its event")


def test_more_than_a_lane_holds_is_delivered_once_each(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_LANE_WINDOW=2, PORTER_LANE_QUEUE=5, PORTER_IN_FLIGHT_MAX=100)
    organization = porter.organization()
    receiver = porter.receiver(lambda r: (time.sleep(0.05), (204, {}, b""))[1])
    organization.webhook(receiver.url())
    with writing(porter, organization, 200) as load:
        eventually(lambda: len(load.calls) >= 300, 30, "300 writes")
    wanted = written(load)
    eventually(lambda: len(by_delivery(receiver)) >= len(wanted), 60, "a webhook for every write")
    rows = settled(porter, organization, len(wanted))
    assert {row["subject"] for row in rows} == wanted
    assert {(row["state"], row["attempts"]) for row in rows} == {("delivered", 1)}
    assert set(by_delivery(receiver).values()) == {1}


@pytest.mark.alone
def test_a_dead_dispatchers_lease_is_taken_over(new_porter):
    porter = new_porter()
    porter.gateway()
    first = porter.dispatcher(PORTER_LEASE="4s", PORTER_ATTEMPT_TIMEOUT="2s")
    organization = porter.organization()
    hang = [True]
    receiver = porter.receiver(lambda r: (time.sleep(1.9 if hang[0] else 0), (204, {}, b""))[1])
    organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    receiver.wait(1)
    eventually(lambda: [row["state"] for row in deliveries(porter, organization)] == ["pending"], 30, "a leased row")
    first.kill()
    hang[0] = False
    began = time.monotonic()
    porter.dispatcher(PORTER_LEASE="4s", PORTER_ATTEMPT_TIMEOUT="2s")
    row, = settled(porter, organization, 1, 20)
    assert time.monotonic() - began < 15
    assert row["state"] == "delivered"
    assert len(by_delivery(receiver)) == 1, "another delivery id"


def test_what_a_dead_owner_had_delivered_is_not_sent_again(new_porter):
    """It died before it committed: the next one reads the records again and finds their rows."""
    porter = new_porter()
    porter.gateway()
    first = porter.dispatcher()
    organization = porter.organization()
    receiver = porter.receiver()
    organization.webhook(receiver.url("/a"))
    organization.webhook(receiver.url("/b"))
    client, location = organization.client(), organization.location()
    client.pre_register(location)
    receiver.wait(2)
    eventually(lambda: uncommitted(porter) == 0, 30, "everything committed")
    before = places(porter)
    for _ in range(300):
        client.pre_register(location)
    receiver.wait(602, 30)
    settled(porter, organization, 602)
    assert first.stop() == 0
    last = client.pre_register(location)  # Nobody had this one.
    places(porter, to=before)
    second = porter.dispatcher()
    eventually(lambda: len([r for r in receiver.matching() if last["id"] in r.body.decode()]) == 2,
               20, "the new event at both")
    eventually(lambda: uncommitted(porter) == 0, 30, "everything committed again")
    assert set(by_delivery(receiver).values()) == {1}
    assert len(receiver.matching()) == 604
    assert second.metric("porter_deliveries_known_total") == 600
    client.pre_register(location)
    receiver.wait(606)


def test_restarts_and_rebalances_send_nothing_twice(new_porter):
    """SIGTERM drains, commits and leaves: partitions move without a record being consumed twice."""
    porter = new_porter()
    porter.gateway()
    dispatchers = [porter.dispatcher(), porter.dispatcher()]
    organization = porter.organization()
    receiver = porter.receiver()
    organization.webhook(receiver.url())
    with writing(porter, organization) as load:
        for dispatcher in dispatchers * 2:
            have = len(load.calls)
            eventually(lambda have=have: len(load.calls) >= have + 100, 30, "100 more writes")
            assert dispatcher.stop() == 0
            have = len(load.calls)
            eventually(lambda have=have: len(load.calls) >= have + 50, 30, "50 more writes")
            dispatcher.start()
    wanted = written(load)
    eventually(lambda: len(by_delivery(receiver)) >= len(wanted), 30, "a webhook for every write")
    settled(porter, organization, len(wanted))
    assert {row["subject"] for row in deliveries(porter, organization)} == wanted
    twice = [d for d, count in by_delivery(receiver).items() if count > 1]
    assert twice == [], f"{len(twice)} of {len(wanted)} sent twice"


def partitions(dispatcher):
    """How many of each topic's it owns."""
    return {line.split('"')[1]: int(line.split()[-1]) for line in dispatcher.metrics().splitlines()
            if line.startswith("porter_intake_partitions{")}


def test_two_dispatchers_share_every_topic_evenly(new_porter):
    porter = new_porter()
    first = porter.dispatcher()
    whole = eventually(lambda: all((now := partitions(first)).values()) and now, 30, "all partitions")
    assert set(whole) == {*TOPICS, "porter.webhooks.v1"}
    second = porter.dispatcher()

    def shares():
        mine, theirs = partitions(first), partitions(second)
        return [(mine[topic], theirs[topic]) for topic in whole
                if mine[topic] + theirs[topic] != whole[topic] or abs(mine[topic] - theirs[topic]) > 1]

    eventually(lambda: shares() == [], 30, "even shares of each topic")
    assert second.stop() == 0
    eventually(lambda: partitions(first) == whole, 30, "all partitions again")


def test_a_death_costs_the_survivor_nothing(new_porter):
    """The group waits for the dead; what the living one does meanwhile must count (see bus/membership.h)."""
    porter = new_porter()
    porter.gateway()
    quick = {"PORTER_LEASE": "4s", "PORTER_ATTEMPT_TIMEOUT": "2s"}
    survivor, victim = porter.dispatcher(**quick), porter.dispatcher(**quick)
    eventually(lambda: all(partitions(victim).values()), 30, "its share of the partitions")
    organization = porter.organization()
    receiver = porter.receiver()
    organization.webhook(receiver.url())

    with writing(porter, organization) as load:
        eventually(lambda: len(by_delivery(receiver)) > 100, 30, "100 webhooks")
        moved = survivor.records()
        eventually(lambda: survivor.records() > moved, 30, "the survivor works")
        victim.kill()
        victim.start(wait=False)  # It joins at once, and the group waits for the end of the dead one's session.
        eventually(victim.ready, 30, "a new member")
        eventually(lambda: all(partitions(victim).values()), 30, "its share again")
    wanted = written(load)
    eventually(lambda: len(by_delivery(receiver)) >= len(wanted), 30, "a webhook for every write")
    eventually(lambda: uncommitted(porter) == 0, 30, "everything committed")
    settled(porter, organization, len(wanted), 60)
    assert survivor.metric("porter_deliveries_known_total") == 0, "it had to read records again"
    twice = [d for d, count in by_delivery(receiver).items() if count > 1]
    assert len(twice) <= 30, f"{len(twice)} of {len(wanted)} sent twice"  # what was under way at the dead one


@pytest.mark.slow
def test_places_are_committed_again_after_kafka_was_away(new_porter, private_servers):
    porter = new_porter(on=private_servers)
    porter.gateway()
    porter.dispatcher()
    porter.dispatcher()
    organization = porter.organization()
    receiver = porter.receiver()
    organization.webhook(receiver.url())
    with writing(porter, organization) as load:
        eventually(lambda: len(load.calls) >= 100, 30, "100 writes")
        private_servers.kafka.kill()
        private_servers.kafka.start()
        have = len(load.calls)
        eventually(lambda: len(load.calls) >= have + 100, 30, "100 more writes")
    wanted = written(load)
    eventually(lambda: len(by_delivery(receiver)) >= len(wanted), 60, "a webhook for every write")
    eventually(lambda: uncommitted(porter) == 0, 30, "everything committed")
