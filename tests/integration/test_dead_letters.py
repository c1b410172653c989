"""porterctl dead-letters: what a dispatcher could not read, and what Kafka did not take, told and sent again."""
import base64
import uuid

import pytest
from confluent_kafka import Producer

from harness.events import Topics
from harness.poll import eventually

TOPIC = "porter.visitors.v1"
DEAD = "porter.dead-letters.v1"


def produce(porter, topic, key, value, headers):
    """(partition, offset) of a new record."""
    producer = Producer({"bootstrap.servers": porter.servers.kafka.url, "partitioner": "murmur2_random"})  # As ours.
    places = []
    producer.produce(topic, value, key, headers=headers, on_delivery=lambda _, m: places.append((m.partition(), m.offset())))
    assert producer.flush(10) == 0
    return places[0]


def letters_of(porter, key):
    """On a Kafka of its own: all others' letters are few."""
    return [row for row in porter.ctl_list("dead-letters", "list", "--limit", "1000") if row["key"] == key]


def shown_of(porter, key):
    """Where others may write any number meanwhile: its place is read from the topic."""
    dead = Topics(porter.servers.kafka.url, [DEAD])
    [letter] = dead.wait(lambda r: r.key == key, 1, 30)
    dead.close()
    return porter.ctl("dead-letters", "show", f"{letter.partition}:{letter.offset}")


def test_a_record_that_a_dispatcher_could_not_read_is_listed_shown_and_sent_again(porter):
    key, poison = f"no id {uuid.uuid4()}", b"\xff\x00\x01 no event"
    partition, offset = produce(porter, TOPIC, key, poison, [("mark", b"a"), ("topic", b"theirs"), ("mark", b"b")])
    shown = shown_of(porter, key)
    assert (shown["topic"], shown["was_at"], shown["left_out"]) == (TOPIC, f"{partition}:{offset}", None) and shown["reason"]
    assert base64.b64decode(shown["value_base64"]) == poison and shown["event"] is None
    assert shown["headers"] == {"mark": "b", "topic": "theirs"} and shown["key"] == key
    assert porter.ctl("dead-letters", "requeue", shown["letter"]) == {"requeued": 1, "left": 0}
    topics = Topics(porter.servers.kafka.url, [TOPIC])
    first, again = topics.wait(lambda r: r.key == key, 2)
    topics.close()
    assert (again.value, again.headers, again.partition) == (first.value, {**first.headers, "porter_again": "1"}, partition)
    assert again.offset > offset


def letter(porter, key, value, of_bytes):
    """One as a relay makes it: (partition, offset)."""
    less = [("porter_dead_left_out", f"all but the first {len(value)} of {of_bytes} bytes".encode())] if len(value) < of_bytes else []
    return produce(porter, DEAD, key, value, [
        ("porter_dead_topic", TOPIC.encode()), ("porter_dead_reason", b"too large"), *less, ("ce_id", b"evt_x")])


def test_all_letters_that_are_whole_are_sent_again_once(new_porter, private_servers):
    """A dispatcher runs, and writes a new letter of each."""
    porter = new_porter(on=private_servers)
    porter.dispatcher()
    partition, offset = letter(porter, "head", b"the head", 2_000_000)
    whole = [f"whole {number}" for number in range(5)]
    for key in whole:
        letter(porter, key, b"all of it", 9)
    [row] = letters_of(porter, "head")
    assert row["letter"] == f"{partition}:{offset}" and row["reason"] == "too large"
    assert row["left_out"] == "all but the first 8 of 2000000 bytes"
    done = porter.run_ctl("dead-letters", "requeue", row["letter"])
    assert done.returncode == 4 and "events republish" in done.stderr
    assert porter.ctl("dead-letters", "requeue", "--since", "1h") == {"requeued": 5, "left": 1}
    eventually(lambda: all(len(letters_of(porter, key)) == 2 for key in whole), 30, "a new letter of each")
    topics = Topics(porter.servers.kafka.url, [TOPIC])
    records = topics.wait(lambda r: True, 5)
    topics.poll()
    assert sorted(r.key for r in topics.seen) == whole
    assert all(r.value == b"all of it" and r.headers == {"ce_id": "evt_x", "porter_again": "1"} for r in records)
    topics.close()


def test_letters_of_older_versions_are_read_too(porter):
    """A dispatcher's began with other names, a relay's ended with them."""
    place = [("topic", TOPIC.encode()), ("partition", b"3"), ("offset", b"71"), ("reason", b"no event")]
    relays = [("porter_dead_topic", TOPIC.encode()), ("porter_dead_reason", b"too large")]
    old = {"dispatcher": [*place, ("mark", b"a")], "less": [*place, ("left_out", b"the value, 9 bytes"), ("mark", b"a")],
           "relay": [("mark", b"a"), *relays, ("porter_dead_bytes", b"9")], "head": [("mark", b"a"), *relays, ("porter_dead_bytes", b"900")]}
    names = {who: f"{who} {uuid.uuid4()}" for who in old}
    for who, headers in old.items():
        produce(porter, DEAD, names[who], b"all of it", headers)
    rows = {who: shown_of(porter, key) for who, key in names.items()}
    assert {who: (row["topic"], row["was_at"], row["reason"], row["left_out"]) for who, row in rows.items()} == {
        "dispatcher": (TOPIC, "3:71", "no event", None), "less": (TOPIC, "3:71", "no event", "the value, 9 bytes"),
        "relay": (TOPIC, None, "too large", None), "head": (TOPIC, None, "too large", "all but the first 9 of 900 bytes")}
    assert all(row["headers"] == {"mark": "a"} for row in rows.values())
    for who in ("dispatcher", "relay"):
        assert porter.ctl("dead-letters", "requeue", rows[who]["letter"]) == {"requeued": 1, "left": 0}
    topics = Topics(porter.servers.kafka.url, [TOPIC])
    again = topics.wait(lambda r: r.key in names.values(), 2)
    topics.close()
    assert all(r.value == b"all of it" and r.headers == {"mark": "a", "porter_again": "1"} for r in again)


@pytest.mark.parametrize("words, code, told", [
    (("show", "0:999999999"), 3, "no record"), (("show", "97:0"), 3, "no record"), (("show", "x"), 2, "0:17"),
    (("requeue",), 2, "--since"), (("requeue", "0:1", "--since", "1h"), 2, "--since")])
def test_what_is_no_letter_is_told(porter, words, code, told):
    done = porter.run_ctl("dead-letters", *words)
    assert done.returncode == code and told in done.stderr, done.stderr
