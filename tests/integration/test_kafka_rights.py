"""Kafka over TLS with passwords or certificates, and rights, as docs/kafka.md lists them: each program does its work with its own
rights and has no others, subscribers in every language of the page come in, and passwords are changed by the steps of
docs/secrets.md."""
import json
import shutil
import tempfile
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from harness.certificates import Certificate
from harness.events import TOPICS
from harness.poll import eventually
from harness.porter import Porter
from harness.secure_kafka import SecureKafka
from harness.subscribers import Subscriber

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
    return refusal_of(kafka.client(name), topic)


def mutual_refusal(kafka, extra, topic):
    """The same, of who has a certificate, or none."""
    return refusal_of({"bootstrap.servers": kafka.mutual, "log_level": 0, "message.timeout.ms": 5000,
                       **dict(one.split("=") for one in extra.split(","))}, topic)


def refusal_of(properties, topic):
    faults = []
    producer = Producer(properties)
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


def settings_of(language, kafka, name, folder):
    """What the page's program in this language takes to come in as this user with his password."""
    password = kafka.password(name)
    if language == "Node.js":
        return {"KAFKA_CA_FILE": str(kafka.ca), "KAFKA_SASL_MECHANISM": "scram-sha-512", "KAFKA_USER": name, "KAFKA_PASSWORD": password}
    if language == "Java":
        path = folder / "java.properties"
        path.write_text(f"security.protocol=SASL_SSL\nssl.truststore.type=PEM\nssl.truststore.location={kafka.ca}\n"
                        "sasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
                        f'username="{name}" password="{password}";\n')
        return {"KAFKA_PROPERTIES": str(path)}
    return {"KAFKA_EXTRA": kafka.extra(name)}


def test_each_program_has_the_rights_that_it_needs_and_no_others(kafka, porter, tmp_path):
    gateway, dispatcher = users_of_ours(kafka, porter, "a")
    reader = f"reader-{uuid.uuid4()}"
    kafka.user(reader, *[("Read", "topic", topic) for topic in TOPICS], ("Read", "group", reader))
    porter.gateway(**as_user(kafka, gateway))
    porter.dispatcher(**as_user(kafka, dispatcher))
    subscriber = Subscriber("Python", tmp_path / "subscriber", kafka.secure, reader, KAFKA_EXTRA=kafka.extra(reader))
    tenant, receiver = porter.organization(), porter.receiver()
    tenant.webhook(receiver.url())
    tenant.client().pre_register(tenant.location(), full_name="Zoë")
    receiver.wait(1, x_porter_event="visitor.pre_registered")
    eventually(lambda: subscriber.lines(f"{tenant.id} Zoë"), 20, "the subscriber shows it")
    # What a dispatcher can't read it may put aside.
    producer = Producer({"bootstrap.servers": kafka.url})
    producer.produce(TOPICS[0], b"\xff no event", "key")
    assert producer.flush(10) == 0
    eventually(lambda: porter.dispatchers[0].metric("porter_intake_dead_letters_total") == 1, 20, "a dead letter")
    subscriber.end()
    # Nothing else.
    for topic in (TOPICS[0], DEAD):
        assert refusal(kafka, reader, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert refusal(kafka, dispatcher, TOPICS[0]) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert reading_refused(kafka, reader, reader, "porter.webhooks.v1") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert reading_refused(kafka, reader, f"{porter.name}.{TOPICS[0]}", TOPICS[0]) == KafkaError.GROUP_AUTHORIZATION_FAILED
    assert reading_refused(kafka, gateway, gateway, TOPICS[0]) == KafkaError.GROUP_AUTHORIZATION_FAILED


# ---- porterctl doctor --only kafka.rights --------------------------------------------------------

def doctor(porter, services, *words, **settings):
    """What it says of the rights: (state, detail)."""
    done = porter.run_ctl("doctor", "--json", "--only", "kafka.rights", *(["--services", services] if services else []), *words,
                          PORTER_KAFKA_GROUP=porter.name, PORTER_TLS_CERTIFICATE=porter.tls / "server.pem",
                          PORTER_TLS_KEY=porter.tls / "server.key", **settings)
    said, = map(json.loads, done.stdout.splitlines())
    assert done.returncode == (said["state"] == "failed"), done.stderr
    return said["state"], said["detail"]


def all_rights(porter):
    """Of a gateway and a dispatcher, one by one: {(operation, kind, resource): whose}."""
    made = {("Write", "topic", DEAD): "gateway and a dispatcher"}
    for topic in (*TOPICS, "porter.webhooks.v1"):
        made[("Write", "topic", topic)] = "gateway"
        made[("Read", "topic", topic)] = made[("Read", "group", f"{porter.name}.{topic}")] = "dispatcher"
    return made


def committed(reader, places):
    """None while Kafka makes up its mind which broker has the group."""
    try:
        return [(one.topic, one.partition, one.offset) for one in reader.committed(places, timeout=20)]
    except KafkaException as fault:
        assert fault.args[0].code() in (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS), fault
        return None


def all_places(kafka, porter):
    """Where every partition of ours ends, where every group of ours is in it, and which topics there are."""
    topics = kafka.admin.list_topics(timeout=10).topics
    ours = [TopicPartition(topic, number) for topic in topics if not topic.startswith("__") for number in topics[topic].partitions]
    made = {}
    for group in (f"{porter.name}.{topic}" for topic in (*TOPICS, "porter.webhooks.v1", DEAD)):
        reader = Consumer({"bootstrap.servers": kafka.url, "group.id": group, "log_level": 0})
        made[group] = eventually(lambda asker=reader: committed(asker, ours), 30, "a coordinator")
        made["ends"] = [(one.topic, one.partition, reader.get_watermark_offsets(one, timeout=10)) for one in ours]
        reader.close()
    return made


@pytest.fixture
def asked(kafka):
    """A user who has no right yet."""
    yield "asked"
    kafka.take_rights("asked")


def test_the_doctor_names_each_right_that_is_lacking_and_the_line_that_gives_it(kafka, porter, asked):
    """With all but one, for each one. Nothing becomes another for having been asked."""
    needs, mine = all_rights(porter), as_user(kafka, asked)
    kafka.allow(asked, *needs)
    assert refusal_of({"bootstrap.servers": kafka.url}, TOPICS[0]) is None  # So that not all is at 0.
    places = all_places(kafka, porter)
    eventually(lambda: doctor(porter, None, **mine) == ("ok", f"User:{asked} may do what a gateway and a dispatcher has to"), 20, "all rights")
    for right in needs:
        operation, kind, resource = right
        kafka.take_rights(asked, right)
        eventually(lambda: doctor(porter, None, **mine) == ("failed", (
            f"User:{asked} lacks {operation} on {kind} {resource}, for a {needs[right]}:\n"
            f"kafka-acls.sh --bootstrap-server {kafka.secure} --add --allow-principal 'User:{asked}' --operation {operation} "
            f"--{kind} '{resource}'")), 20, f"{right} alone is missing")
        kafka.allow(asked, right)
    assert all_places(kafka, porter) == places


def test_the_doctor_asks_of_a_user_what_his_service_needs(kafka, porter):
    gateway, dispatcher = users_of_ours(kafka, porter, "b")
    of_gateway, of_dispatcher = as_user(kafka, gateway), as_user(kafka, dispatcher)
    for services, mine, user in (("gateway", of_gateway, gateway), ("dispatcher", of_dispatcher, dispatcher)):
        eventually(lambda: doctor(porter, services, **mine) == ("ok", f"User:{user} may do what a {services} has to"), 10, services)
        # Whose user it is nobody has said: no failure, and what to say.
        state, said = doctor(porter, None, **mine)
        assert state == "warning" and f"ask with --services {services}" in said and "lacks" not in said
    state, said = doctor(porter, "gateway", **of_dispatcher)
    assert state == "failed" and said.startswith(f"User:{dispatcher} lacks Write on topic {TOPICS[0]}, ") and "group" not in said
    state, said = doctor(porter, "dispatcher", **of_gateway)
    assert state == "failed" and [f"lacks Read on {kind}" in said for kind in ("topic", "group")] == [True, True]
    assert doctor(porter, "none", **of_gateway)[0] == "skipped"
    assert doctor(porter, "gateway", PORTER_RELAY="false", **of_dispatcher) == ("ok", "a gateway without relay needs none")


def test_the_doctor_names_whoever_has_no_right_at_all(kafka, porter, asked):
    """By his password's name, or by his certificate's; who has no user at all may do everything here."""
    places = all_places(kafka, porter)
    state, said = doctor(porter, None, **as_user(kafka, asked))
    assert state == "failed" and said.count("kafka-acls.sh") == 4
    assert all(f"User:{asked} lacks {operation} on {kind}" in said for operation, kind, _ in all_rights(porter))
    name = f"certified-{uuid.uuid4()}"
    state, said = doctor(porter, "gateway", PORTER_KAFKA_BROKERS=kafka.mutual, PORTER_KAFKA_EXTRA=kafka.mutual_extra(kafka.certificate(name)))
    assert state == "failed" and f"User:CN={name}" in said
    assert doctor(porter, None, PORTER_KAFKA_BROKERS=kafka.url) == ("ok", "User:ANONYMOUS may do what a gateway and a dispatcher has to")
    assert all_places(kafka, porter) == places


def test_the_doctor_makes_no_topic_that_is_missing(kafka, porter, asked):
    topic = "porter.webhooks.v1"
    kafka.allow(asked, *all_rights(porter), ("Create", "topic", ALL))
    kafka.admin.delete_topics([topic])[topic].result(20)
    try:
        eventually(lambda: doctor(porter, None, **as_user(kafka, asked)) == (
            "skipped", f"{topic} is missing: its rights can't be asked for"), 20, "it is missing")
        assert topic not in kafka.admin.list_topics(timeout=10).topics
    finally:
        porter.ctl("topics", "apply")


def test_the_doctor_says_when_it_could_not_ask(kafka, porter, asked):
    state, said = doctor(porter, None, PORTER_KAFKA_BROKERS="127.0.0.1:1")
    assert state == "failed" and said.startswith("could not ask: Kafka: ")
    state, said = doctor(porter, None, **{**as_user(kafka, asked), "PORTER_KAFKA_EXTRA": kafka.extra(asked) + "-not"})
    assert state == "failed" and said.startswith("could not ask: Kafka: ")


def test_subscribers_in_every_language_come_in_with_a_password(kafka, porter, tmp_path):
    """That in C with PLAIN: Debian's librdkafka can't do SCRAM with this Kafka."""
    made = {}
    gateway, _ = users_of_ours(kafka, porter, "a")
    porter.gateway(**as_user(kafka, gateway))
    try:
        for language in ("Python", "Node.js", "Java", "C"):
            name = "reader-plain" if language == "C" else f"reader-{uuid.uuid4()}"
            kafka.user(name, *[("Read", "topic", topic) for topic in TOPICS], ("Read", "group", name))
            made[language] = Subscriber(language, tmp_path / language, kafka.secure, name, **settings_of(language, kafka, name, tmp_path))
        tenant = porter.organization()
        tenant.client().pre_register(tenant.location(), full_name="Zoë")
        for language, one in made.items():
            eventually(lambda seen=one: seen.lines(f"{tenant.id} Zoë"), 60, f"{language} shows it")
    finally:
        for one in made.values():
            one.end()


def test_certificates_let_programs_in(kafka, porter, tmp_path):
    """Where Kafka demands one of everybody: each is the user that it names, and has that one's rights."""
    names = {role: f"{role}-{uuid.uuid4()}" for role in ("gateway", "dispatcher", "reader", "node")}
    kafka.allow(names["gateway"], ("Write", "topic", ALL))
    kafka.allow(names["dispatcher"], ("Read", "topic", ALL), ("Write", "topic", DEAD), ("Read", "group", f"{porter.name}.*"))
    for role in ("reader", "node"):
        kafka.allow(names[role], *[("Read", "topic", topic) for topic in TOPICS], ("Read", "group", names[role]))
    files = {role: kafka.certificate(name) for role, name in names.items()}
    for role, start in (("gateway", porter.gateway), ("dispatcher", porter.dispatcher)):
        start(PORTER_KAFKA_BROKERS=kafka.mutual, PORTER_KAFKA_EXTRA=kafka.mutual_extra(files[role]))
    made = [Subscriber("C", tmp_path / "c", kafka.mutual, names["reader"], KAFKA_EXTRA=kafka.mutual_extra(files["reader"])),
            Subscriber("Node.js", tmp_path / "node", kafka.mutual, names["node"], KAFKA_CA_FILE=str(kafka.ca),
                       KAFKA_CERTIFICATE_FILE=str(files["node"]), KAFKA_KEY_FILE=str(files["node"]))]
    try:
        tenant, receiver = porter.organization(), porter.receiver()
        tenant.webhook(receiver.url())
        tenant.client().pre_register(tenant.location(), full_name="Zoë")
        receiver.wait(1, x_porter_event="visitor.pre_registered")
        for one in made:
            eventually(lambda seen=one: seen.lines(f"{tenant.id} Zoë"), 60, "a subscriber shows it")
    finally:
        for one in made:
            one.end()
    # Rights are those of the name, and whoever has no certificate that counts has none.
    assert mutual_refusal(kafka, kafka.mutual_extra(files["reader"]), TOPICS[0]) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert mutual_refusal(kafka, kafka.mutual_extra(files["gateway"]), TOPICS[0]) is None
    stranger = kafka.certificate(f"stranger-{uuid.uuid4()}", Certificate("Somebody's authority"))
    for extra in (f"security.protocol=ssl,ssl.ca.location={kafka.ca}", kafka.mutual_extra(stranger)):
        assert mutual_refusal(kafka, extra, TOPICS[0]) == KafkaError._MSG_TIMED_OUT


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
    assert refusal_of({"bootstrap.servers": kafka.url}, TOPICS[0]) is None  # A record to be seen.
    for end in ("--count", "1"), ("--to-end",):
        assert porter.ctl_list("events", "tail", "--from", "beginning", *end, **mine)[0]["topic"] == TOPICS[0]
    wrong = {**mine, "PORTER_KAFKA_EXTRA": kafka.extra(name) + "-not"}
    assert porter.run_ctl("topics", "check", **wrong).returncode == 5


def test_the_job_that_makes_the_topics_needs_no_record_of_them(kafka, porter):
    """By a certificate, as on Kubernetes."""
    name = f"migrate-{uuid.uuid4()}"
    kafka.allow(name, *[(right, "topic", ALL) for right in ("Create", "Alter", "Describe_configs", "Alter_configs")])
    mine = {"PORTER_KAFKA_BROKERS": kafka.mutual, "PORTER_KAFKA_EXTRA": kafka.mutual_extra(kafka.certificate(name))}
    kafka.admin.delete_topics(["porter.webhooks.v1"])["porter.webhooks.v1"].result(20)
    eventually(lambda: porter.run_ctl("topics", "check", **mine).returncode == 4, 10, "one is missing")
    assert porter.ctl("topics", "apply", "--retention-days", "14", **mine)["topics"] == 5
    eventually(lambda: porter.run_ctl("topics", "check", "--retention-days", "14", **mine).returncode == 0, 10, "all is well")
    assert mutual_refusal(kafka, mine["PORTER_KAFKA_EXTRA"], TOPICS[0]) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_who_asks_for_the_lag_reads_nothing(kafka, porter):
    """KEDA: where a group is, and where the topic ends."""
    name, topic = f"keda-{uuid.uuid4()}", TOPICS[0]
    kafka.user(name, ("Describe", "topic", ALL), ("Describe", "group", f"{porter.name}.*"))
    places = [TopicPartition(topic, 0)]
    asker = Consumer(kafka.client(name, **{"group.id": f"{porter.name}.{topic}"}))
    try:
        assert eventually(lambda: committed(asker, places), 30, "where the group is") == [(topic, 0, -1001)]
        assert asker.get_watermark_offsets(places[0], timeout=10)[1] >= 0
    finally:
        asker.close()
    assert reading_refused(kafka, name, f"{porter.name}.{topic}", topic) == KafkaError.GROUP_AUTHORIZATION_FAILED
    assert refusal(kafka, name, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED


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
