"""Kafka over TLS with passwords and rights, as docs/kafka.md lists them: each program does its work with its own rights and has
no others, and passwords are changed by the steps of docs/secrets.md."""
import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from confluent_kafka import Consumer, KafkaError, Producer

from harness.events import TOPICS
from harness.poll import eventually
from harness.porter import Porter
from harness.process import ROOT, Process
from harness.secure_kafka import SecureKafka

DEAD = "porter.dead-letters.v1"
ALL = "porter.*"


@pytest.fixture(scope="module")
def kafka():
    folder = Path(tempfile.mkdtemp(prefix="porter-test-"))
    made = SecureKafka(folder).start()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def porter(servers, kafka):
    made = Porter(SimpleNamespace(postgres=servers.postgres, redis=servers.redis, kafka=kafka))
    yield made
    made.close()


def as_user(kafka, name):
    return {"PORTER_KAFKA_BROKERS": kafka.secure, "PORTER_KAFKA_EXTRA": kafka.extra(name)}


def users_of_ours(kafka, porter, turn):
    """A gateway's and a dispatcher's, with their rows of the page's table."""
    names = f"gateway-{turn}", f"dispatcher-{turn}"
    kafka.user(names[0], ("Write", "topic", ALL))
    kafka.user(names[1], ("Read", "topic", ALL), ("Write", "topic", DEAD), ("Read", "group", f"{porter.name}.*"))
    return names


def refusal(kafka, name, topic):
    """What Kafka says to this user's record; None when it takes it."""
    faults = []
    producer = Producer(kafka.client(name))
    producer.produce(topic, b"no event", on_delivery=lambda fault, _: faults.append(fault and fault.code()))
    assert producer.flush(20) == 0
    return faults[0]


def reading_refused(kafka, name, group, topic):
    consumer = Consumer(kafka.client(name, **{"group.id": group, "auto.offset.reset": "earliest"}))
    consumer.subscribe([topic])
    try:
        return eventually(lambda: consumer.poll(1), 20, "an answer").error().code()
    finally:
        consumer.close()


class Subscriber:
    """The page's program in Python, as this user."""

    def __init__(self, kafka, name, folder):
        shutil.copytree(ROOT / "docs" / "examples", folder)
        subprocess.run(["protoc", "-I.", "-I/usr/include", "--python_out=.", "porter-events.proto"], cwd=folder, check=True)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "KAFKA_BROKERS": kafka.secure, "KAFKA_GROUP": name,
               "KAFKA_EXTRA": kafka.extra(name), "SEEN_FILE": str(folder / "seen.sqlite")}
        self.log = folder / "log"
        self.process = Process("subscriber", [sys.executable, str(folder / "subscriber.py")], env, self.log, lambda: True).start()

    def shows(self, text):
        return text in self.log.read_text()


def test_each_program_has_the_rights_that_it_needs_and_no_others(kafka, porter, tmp_path):
    gateway, dispatcher = users_of_ours(kafka, porter, "a")
    reader = f"reader-{uuid.uuid4()}"
    kafka.user(reader, *[("Read", "topic", topic) for topic in TOPICS], ("Read", "group", reader))
    porter.gateway(**as_user(kafka, gateway))
    porter.dispatcher(**as_user(kafka, dispatcher))
    subscriber = Subscriber(kafka, reader, tmp_path / "subscriber")
    tenant, receiver = porter.organization(), porter.receiver()
    tenant.webhook(receiver.url())
    tenant.client().pre_register(tenant.location(), full_name="Zoë")
    receiver.wait(1, x_porter_event="visitor.pre_registered")
    eventually(lambda: subscriber.shows(f"{tenant.id} Zoë"), 20, "the subscriber shows it")
    # What a dispatcher can't read it may put aside.
    producer = Producer({"bootstrap.servers": kafka.url})
    producer.produce(TOPICS[0], b"\xff no event", "key")
    assert producer.flush(10) == 0
    eventually(lambda: porter.dispatchers[0].metric("porter_intake_dead_letters_total") == 1, 20, "a dead letter")
    assert subscriber.process.stop() == 0
    # Nothing else.
    for topic in (TOPICS[0], DEAD):
        assert refusal(kafka, reader, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert refusal(kafka, dispatcher, TOPICS[0]) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert reading_refused(kafka, reader, reader, "porter.webhooks.v1") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert reading_refused(kafka, reader, f"{porter.name}.{TOPICS[0]}", TOPICS[0]) == KafkaError.GROUP_AUTHORIZATION_FAILED
    assert reading_refused(kafka, gateway, gateway, TOPICS[0]) == KafkaError.GROUP_AUTHORIZATION_FAILED


def test_an_operator_works_with_the_rights_of_the_page(kafka, porter):
    name = "operator"
    kafka.user(name, *[(right, "topic", ALL) for right in ("Create", "Alter", "Describe_configs", "Alter_configs", "Read", "Write")],
               *[(right, "group", f"{porter.name}.*") for right in ("Read", "Describe")],
               ("Describe", "group", "porter-reader"))
    mine = {**as_user(kafka, name), "PORTER_KAFKA_GROUP": porter.name}
    kafka.admin.delete_topics(["porter.webhooks.v1"])["porter.webhooks.v1"].result(20)
    eventually(lambda: porter.run_ctl("topics", "check", **mine).returncode == 4, 10, "one is missing")
    assert porter.ctl("topics", "apply", "--retention-days", "9", **mine) == {"topics": 5, "altered": 3}
    eventually(lambda: porter.run_ctl("topics", "check", "--retention-days", "9", **mine).returncode == 0, 10, "all is well")
    well = porter.run_ctl("doctor", "--only", "kafka.lag", "--services", "none", **mine)
    assert well.returncode == 0, well.stdout
    assert porter.run_ctl("dead-letters", "list", **mine).returncode == 0
    wrong = {**mine, "PORTER_KAFKA_EXTRA": kafka.extra(name) + "-not"}
    assert porter.run_ctl("topics", "check", **wrong).returncode == 5


def test_passwords_of_kafka_are_changed_while_everything_goes_on(kafka, porter):
    old = users_of_ours(kafka, porter, "a")
    for _ in range(2):
        porter.gateway(**as_user(kafka, old[0]))
    porter.dispatcher(**as_user(kafka, old[1]))
    tenant, receiver = porter.organization(), porter.receiver()
    tenant.webhook(receiver.url())
    clients, place = [tenant.client(gateway) for gateway in porter.gateways], tenant.location()
    made = []

    def call(which):
        made.extend(clients[which].pre_register(place)["id"] for _ in range(20))

    call(0)
    new = users_of_ours(kafka, porter, "b")  # Both are good now.
    for which, gateway in enumerate(porter.gateways):
        gateway.env.update(as_user(kafka, new[0]))
        assert gateway.stop() == 0
        call(1 - which)
        gateway.start()
        call(which)
    porter.dispatchers[0].env.update(as_user(kafka, new[1]))
    assert porter.dispatchers[0].restart()
    call(0)
    for name in old:
        kafka.take_rights(name)
    assert refusal(kafka, old[0], TOPICS[0]) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert reading_refused(kafka, old[1], f"{porter.name}.{TOPICS[0]}", TOPICS[0]) == KafkaError.GROUP_AUTHORIZATION_FAILED
    call(0)
    call(1)
    arrived = receiver.wait(len(made), x_porter_event="visitor.pre_registered")
    assert len(made) == 160 and {json.loads(one.body)["data"]["visitor"]["id"] for one in arrived} == set(made)
