"""The subscribers of docs/kafka.md and docs/examples/, started as the page says, against the real broker: each shows
an event that came through the gateway, and shows it once however often Kafka has it. A CloudEvents SDK reads our
records too."""
import json
import uuid
from dataclasses import replace
from datetime import datetime

import jsonschema_rs
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from confluent_kafka import Consumer, Producer, TopicPartition

from harness.events import TOPICS, message_class
from harness.poll import eventually, logged
from harness.porter import format_id, uuid7
from harness.process import ROOT
from harness.subscribers import Subscriber

def at_the_end(brokers, group):
    """The group has read everything so far: the shared broker holds what other tests have sent."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group})
    known = consumer.list_topics(timeout=10).topics
    places = [TopicPartition(topic, part) for topic in TOPICS for part in known[topic].partitions]
    for place in places:
        place.offset = consumer.get_watermark_offsets(place, timeout=10)[1]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


@pytest.fixture(scope="module")
def subscribers(porter, servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("subscribers")
    made = {}
    try:
        for language in ("Python", "Node.js", "Java", "C", "kcat"):
            group = f"subscriber-{uuid.uuid4()}"
            at_the_end(servers.kafka.url, group)
            made[language] = Subscriber(language, folder / language, servers.kafka.url, group)
        yield made
    finally:
        for one in made.values():
            one.end()


def again(brokers, record):
    """Kafka has the same record once more, as after a crash of the relay: its new offset."""
    producer, offsets = Producer({"bootstrap.servers": brokers}), []
    producer.produce(record.topic, record.value, record.key, record.partition, headers=record.headers,
                     on_delivery=lambda _, message: offsets.append(message.offset()))
    assert producer.flush(10) == 0
    return offsets[0]


def test_each_subscriber_shows_an_event_of_the_gateway_once(porter, servers, subscribers):
    tenant = porter.organization()
    client, place = tenant.client(), tenant.location()
    visitor = client.pre_register(place, full_name="Zoë Łukasiewicz-O’Brien")
    topics = porter.topics()
    first = topics.of(tenant.id)[0]
    again(servers.kafka.url, first)
    # What is no event stops nobody.
    again(servers.kafka.url, replace(first, value=b"\xff no event", headers={}))
    # Of the same visitor, so on the same partition, behind the duplicate.
    assert client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
    last = topics.of(tenant.id, 3)[2]
    assert [first.headers["ce_type"], last.headers["ce_type"]] == ["visitor.pre_registered", "visitor.checked_in"]
    for language, one in subscribers.items():
        eventually(lambda seen=one: seen.lines(last.headers["ce_id"]), 30, f"{language} shows the check-in")
        shown = one.lines(first.headers["ce_id"])
        assert len(shown) == 1, f"{language}: {shown}"
        assert "visitor.pre_registered" in shown[0] and tenant.id in shown[0], language
        # kcat knows headers alone.
        assert language == "kcat" or "Zoë Łukasiewicz-O’Brien" in shown[0], language


def test_records_without_headers_are_taken_once(porter, servers, subscribers):
    """As they are behind Debezium: the id is that in the value. kcat, which knows headers alone, shows none."""
    tenant = porter.organization()
    tenant.client().pre_register(tenant.location())
    record = porter.topics().of(tenant.id)[0]
    event = record.event

    def send(value):
        return again(servers.kafka.url, replace(record, value=value, headers={}))

    def named(name):
        event.id, event.data.visitor.full_name = format_id("evt", uuid7()), name
        return event.id, event.SerializeToString()

    (first, bare), (last, other) = named("Ada"), named("Grace")
    offsets = [send(value) for value in (bare, bare, b"\xff no event", b"", other)]
    for language, one in subscribers.items():
        if language == "kcat":
            continue
        eventually(lambda seen=one: seen.lines(last), 30, f"{language} shows the last")
        assert [len(one.lines(id)) for id in (first, last)] == [1, 1], language
        for offset in offsets[2:4]:
            assert one.lines(f"unreadable: {record.topic} {record.partition} {offset}"), f"{language}: {offset}"


TRIP = """
const log = console.log;
let tripped = false;
console.log = (...words) => {
  if (!tripped && words.join(" ").includes("Trips")) {
    tripped = true;
    throw new Error("this once");
  }
  log(...words);
};
"""


def test_work_that_fails_once_loses_nothing(porter, servers, tmp_path):
    """In Node.js, where a record comes again when its work throws."""
    group = f"subscriber-{uuid.uuid4()}"
    at_the_end(servers.kafka.url, group)
    (tmp_path / "trip.cjs").write_text(TRIP)
    one = Subscriber("Node.js", tmp_path / "made", servers.kafka.url, group, NODE_OPTIONS=f"--require {tmp_path}/trip.cjs")
    try:
        tenant = porter.organization()
        tenant.client().pre_register(tenant.location(), full_name="Trips over it")
        eventually(lambda: one.lines("this once"), 60, "its work failed")
        eventually(lambda: one.lines(f"{tenant.id} Trips over it"), 60, "it was done after all")
    finally:
        one.end()


def test_a_cloudevents_sdk_reads_our_records(porter):
    tenant = porter.organization()
    visitor = tenant.client().pre_register(tenant.location(), full_name="山田 太郎")
    record = porter.topics().of(tenant.id)[0]
    headers = {name: value.encode() for name, value in record.headers.items()}
    event = from_binary_event(KafkaMessage(headers, record.key.encode(), record.value))
    assert event.get_specversion() == "1.0"
    assert event.get_id().startswith("evt_")
    assert event.get_source() == f"/organizations/{tenant.id}"
    assert event.get_type() == "visitor.pre_registered"
    assert event.get_subject() == visitor["id"]
    assert event.get_dataschema() == "urn:porter:proto:porter.v1.Event"
    assert event.get_datacontenttype() == "application/protobuf"
    assert event.get_time() == datetime.fromisoformat(record.headers["ce_time"])
    inside = message_class("Event").FromString(event.get_data())
    assert inside.id == event.get_id() and inside.data.visitor.full_name == "山田 太郎"


def test_the_asyncapi_document_tells_what_is_there(porter):
    """Headers, key and topic, of an event as it came and as the log gives it again."""
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
    headers = document["components"]["schemas"]["Headers"]
    tenant = porter.organization()
    client = tenant.client()
    client.pre_register(tenant.location())
    topics = porter.topics()
    record = topics.of(tenant.id)[0]
    logged(client)
    assert set(record.headers) | {"porter_again"} == set(headers["properties"])
    jsonschema_rs.validate(headers, record.headers)
    assert porter.ctl("events", "republish", "--since", "1h", "--org", tenant.id)["sent"] == 1
    again = topics.of(tenant.id, 2)[1]
    topics.close()
    jsonschema_rs.validate(headers, again.headers)
    assert again.headers["porter_again"] == "1"
    channel = next(one for one in document["channels"].values() if one["address"] == record.topic)
    assert record.headers["ce_type"] in channel["messages"]
    key = document["components"]["messages"][record.headers["ce_type"]]["bindings"]["kafka"]["key"]
    jsonschema_rs.validate(key, record.key)
