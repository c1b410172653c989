"""porterctl events tail: what there is or what comes, by nobody's group."""
import json
import signal
import subprocess
import threading

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from harness.events import TOPICS
from harness.poll import eventually
from harness.porter import on_own_servers
from harness.process import program
from harness.watch import watch_process

USAGE, AWAY = 2, 5


@pytest.fixture(scope="module")
def porter():
    """On servers of its own: nobody else's records are there."""
    with on_own_servers() as made:
        yield made


def send(porter, key, topic=TOPICS[0], **where):
    producer = Producer({"bootstrap.servers": porter.servers.kafka.url, "log_level": 0})
    producer.produce(topic, b"no event", key, **where)
    assert producer.flush(20) == 0


class Tail:
    """It runs; keys of what it shows, as they come."""

    def __init__(self, porter, *words):
        self.popen = subprocess.Popen([program("porterctl"), "events", "tail", "--json", *words], env=porter.environment(),
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        watch_process(self.popen.pid)
        self.rows = []
        self.first = self.popen.stderr.readline()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.popen.stdout:
            self.rows.append(json.loads(line))

    def keys(self):
        return [row["key"] for row in self.rows]

    def end(self):
        self.popen.send_signal(signal.SIGINT)
        code = self.popen.wait(20)
        self.thread.join(20)
        return code


def test_what_is_there_is_shown_topic_by_topic_and_that_is_the_end(porter):
    for key, topic in (("vis_1", TOPICS[0]), ("con_1", TOPICS[1]), ("vis_2", TOPICS[0])):
        send(porter, key, topic)
    rows = porter.ctl_list("events", "tail", "--from", "beginning", "--to-end")
    assert {(row["topic"], row["key"]) for row in rows} == {(TOPICS[0], "vis_1"), (TOPICS[0], "vis_2"), (TOPICS[1], "con_1")}
    assert [row["topic"] for row in rows] == sorted((row["topic"] for row in rows), key=TOPICS.index)
    assert len(porter.ctl_list("events", "tail", "--from", "beginning", "--to-end", "--count", "2")) == 2
    assert len(porter.ctl_list("events", "tail", "--from", "beginning", "--count", "3")) == 3
    refused = porter.run_ctl("events", "tail", "--to-end")
    assert refused.returncode == USAGE and "--from beginning" in refused.stderr


def test_from_the_end_all_that_comes_is_shown_and_nothing_of_before(porter):
    send(porter, "before")
    tail = Tail(porter)
    assert tail.first == "reading; ctrl-C ends\n"
    for number in range(12):  # Whichever partition each is in: none may be looked at too late.
        send(porter, f"after-{number}", TOPICS[number % 3], partition=number)
    eventually(lambda: len(tail.rows) == 12, 20, "all that came")
    assert tail.end() == 0 and set(tail.keys()) == {f"after-{number}" for number in range(12)}
    assert {row["topic"] for row in tail.rows} == set(TOPICS)
    known = AdminClient({"bootstrap.servers": porter.servers.kafka.url, "log_level": 0}).list_consumer_groups().result(20)
    assert [group.group_id for group in known.valid] == [], "nobody's places are kept"


def test_a_partition_that_comes_meanwhile_is_read_from_its_first_record(porter):
    tail = Tail(porter)
    porter.ctl("topics", "apply", "--partitions", "13", "--force")
    eventually(lambda: refused_nothing(porter), 20, "the new partition takes records")
    eventually(lambda: "new" in tail.keys(), 30, "it is shown")
    assert tail.end() == 0


def refused_nothing(porter):
    faults = []
    producer = Producer({"bootstrap.servers": porter.servers.kafka.url, "log_level": 0, "message.timeout.ms": 3000})
    producer.produce(TOPICS[0], b"no event", "new", partition=12, on_delivery=lambda fault, _: faults.append(fault))
    return producer.flush(20) == 0 and faults == [None]


def test_without_kafka_it_says_so(porter):
    for words in (), ("--from", "beginning", "--to-end"):
        done = porter.run_ctl("events", "tail", *words, PORTER_KAFKA_BROKERS="127.0.0.1:1")
        assert done.returncode == AWAY and "Kafka: " in done.stderr
