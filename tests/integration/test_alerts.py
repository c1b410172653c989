"""Every alert fires when what it tells of is the matter, not before, and no longer than that. The tests go in their order:
each causes faults in the same Porter, watched by a Prometheus with the shipped alerts."""
import re
import socket
import threading
import time
from collections import namedtuple
from contextlib import ExitStack

import psycopg
import pytest
import requests
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from harness.meanwhile import meanwhile
from harness.poll import eventually
from harness.porter import Client, Porter
from harness.prometheus import Prometheus, names
from harness.relayed import make_event
from harness.servers import Servers

pytestmark = pytest.mark.alone  # It may be slow for nobody else's reasons.

TOPIC = "porter.visitors.v1"
THREADS, CALLERS = 16, 15  # More than nine tenths of the threads, and than requests under way or connections to PostgreSQL.
GATEWAY = {"PORTER_HTTP_THREADS": THREADS, "PORTER_IN_FLIGHT_MAX": 8, "PORTER_DB_POOL": 2}
DISPATCHER = {"PORTER_IN_FLIGHT_MAX": 100, "PORTER_LANE_QUEUE": 2, "PORTER_ATTEMPT_TIMEOUT": "50s", "PORTER_LEASE": "100s"}


class World(namedtuple("World", "servers porter gateway dispatcher prometheus organization client place fired")):
    def fire(self, *wanted):
        """Do all of these, at each pace at which a budget burns?"""
        firing = self.prometheus.alerts("firing")
        self.fired.update(firing)
        missing = {one for one in names() if one[0] in wanted} - firing
        assert not missing, f"{missing} do not fire; firing {firing}, all {self.prometheus.alerts()}"
        return True

    def fires(self, *wanted, seconds=30):
        eventually(lambda: self.fire(*wanted), seconds, f"{wanted} fire", every=0.2)

    def names(self, alert, *programs):
        """One alert, however many see the fault; it says who."""
        wanted = [f"Seen by {len(programs)}:", *sorted(f"127.0.0.1:{one.private}" for one in programs)]

        def is_told():
            told = self.prometheus.told(alert)
            assert [re.split(r" (?=127)", one) for one in told] == [wanted], (alert, told)
            return True

        eventually(is_told, 30, f"{alert} says {wanted}", every=0.2)

    def ends(self, *wanted, seconds=30):
        eventually(lambda: not set(wanted) & {name for name, _ in self.prometheus.alerts()}, seconds, f"{wanted} end", every=0.2)

    def callers(self, count, act):
        """So many call again and again, a little apart when they are refused, while the block runs. They begin within two seconds."""
        turns = iter(range(count))

        def call(is_over):
            client = self.another_client()
            is_over.wait(2 * next(turns) / count)
            with client.session:
                while not is_over.is_set():
                    try:
                        answer = act(client)
                        is_over.wait(0.1 if answer.status_code < 400 else 1)
                    except requests.RequestException:
                        is_over.wait(0.1)

        return meanwhile(*[call] * count)

    def another_client(self):
        """The same key, over a connection of its own."""
        return Client(self.client.base, self.client.key, self.client.ca)

    def pre_register(self, client=None):
        return (client or self.client).post("/visitors/pre-register", json={"full_name": "Zoë Müller", "location_id": self.place})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    servers = Servers.temporary().start()
    porter = Porter(servers)
    gateway, dispatcher = porter.gateway(**GATEWAY), porter.dispatcher(**DISPATCHER)
    prometheus = Prometheus(tmp_path_factory.mktemp("alerts") / "prometheus", {
        "porter-gateway": [gateway.private], "porter-dispatcher": [dispatcher.private]}).start()
    organization, well = porter.organization(), porter.receiver()
    organization.webhook(well.url())
    yield World(servers, porter, gateway, dispatcher, prometheus, organization, organization.client(), organization.location(), set())
    prometheus.stop()
    porter.close()
    servers.stop()


@pytest.fixture(scope="module")
def open_transaction(world):
    """From the first test that asks for it, until somebody ends it."""
    with psycopg.connect(world.porter.database_url) as db:
        db.execute("CREATE TABLE held (n integer)")
        yield db


def test_nothing_fires_while_all_is_well(world):
    with world.callers(2, world.pre_register):
        eventually(lambda: (world.prometheus.value("sum(porter_event_delivered_seconds_count)") or 0) > 20, 30, "deliveries are seen")
        # Longer than the most patient alert waits.
        eventually(lambda: (world.prometheus.value("count_over_time(up{job='porter-gateway'}[1m])") or 0) > 8 / 0.25, 30, "a while is seen")
        assert world.prometheus.alerts() == set()


def test_a_table_that_is_locked(world):
    """Who waits for it takes all connections to PostgreSQL, then all that the gateway works on at once."""
    with world.callers(CALLERS, lambda client: client.get("/visitors?limit=1")):
        with world.porter.database() as db, db.transaction():
            db.execute("LOCK TABLE visitors")
            world.fires("PorterPoolWaits", "PorterPoolTimeouts", "PorterCallsShed", "PorterApiErrorsBurn")
            world.names("PorterPoolTimeouts", world.gateway)
    world.ends("PorterPoolWaits", "PorterPoolTimeouts", "PorterCallsShed")


def test_a_table_that_is_locked_now_and_then(world, open_transaction):
    def lock(is_over):
        with world.porter.database() as db:
            while not is_over.is_set():
                with db.transaction():
                    db.execute("LOCK TABLE visitors")
                    is_over.wait(0.2)

    with meanwhile(lock), world.callers(5, lambda client: client.get("/visitors?limit=1")):
        world.fires("PorterApiSlowBurns")


def test_connections_that_say_nothing(world):
    """Each is soon closed, and there are always more."""
    with ExitStack() as stack:
        def connect_and_look():
            for _ in range(8):
                stack.enter_context(socket.create_connection(("127.0.0.1", world.gateway.https)))
            return world.fire("PorterConnectionsFull")

        eventually(connect_and_look, 30, "it fires", every=0.1)
    world.ends("PorterConnectionsFull")


def test_redis_away(world):
    with world.callers(2, world.pre_register):
        world.servers.redis.kill()
        world.fires("PorterRedisAway", "PorterLimiterAlone")
        world.names("PorterRedisAway", world.gateway)
        world.servers.redis.start()
        world.ends("PorterRedisAway", "PorterLimiterAlone")


def test_kafka_away(world):
    world.servers.kafka.pause()
    world.pre_register()
    world.fires("PorterKafkaAway", "PorterOutboxWaits")
    world.names("PorterKafkaAway", world.gateway, world.dispatcher)
    world.servers.kafka.resume()
    world.ends("PorterKafkaAway", "PorterOutboxWaits", seconds=60)


def test_a_transaction_that_stays_open(world, open_transaction):
    """It has been since some tests."""
    world.fires("PorterEventLogHeld", seconds=60)
    open_transaction.rollback()
    world.ends("PorterEventLogHeld")


def ends_of(world):
    """Where each partition of the topic ends."""
    consumer = Consumer({"bootstrap.servers": world.servers.kafka.url, "group.id": "looks"})
    count = len(consumer.list_topics(TOPIC, 10).topics[TOPIC].partitions)
    found = [TopicPartition(TOPIC, number, consumer.get_watermark_offsets(TopicPartition(TOPIC, number), 10)[1]) for number in range(count)]
    consumer.close()
    return found


def test_no_dispatcher_and_what_comes_of_it(world):
    world.dispatcher.stop()
    before = sum(place.offset for place in ends_of(world))
    for _ in range(100):
        assert world.pre_register().status_code == 201
    world.fires("PorterDispatchersGone", "PorterProcessDown")
    eventually(lambda: sum(place.offset for place in ends_of(world)) >= before + 100, 30, "they are on Kafka")
    admin = AdminClient({"bootstrap.servers": world.servers.kafka.url})
    for done in admin.delete_records(ends_of(world)).values():
        done.result(20)
    producer = Producer({"bootstrap.servers": world.servers.kafka.url})
    for partition in range(12):
        producer.produce(TOPIC, b"\xff", partition=partition)
    assert producer.flush(20) == 0
    began = time.monotonic()
    for _ in range(60):
        assert world.pre_register().status_code == 201
    eventually(lambda: time.monotonic() - began > 6.5, 10, "they have waited for more than is promised")
    world.dispatcher.start()
    world.fires("PorterRecordsSkipped", "PorterDeadLetters", "PorterWebhooksSlowBurns")
    world.ends("PorterDispatchersGone", "PorterProcessDown")


def test_endpoints_that_hang_and_outcomes_that_nobody_takes(world):
    go_on = threading.Event()
    organization, hanging = world.porter.organization(), world.porter.receiver(lambda _: go_on.wait(60) and (204, {}, b""))
    organization.webhook(hanging.url())
    client, place = organization.client(), organization.location()
    with world.porter.database() as db:
        db.execute("ALTER TABLE deliveries ADD CONSTRAINT no_delivery CHECK (state <> 'delivered') NOT VALID")
        assert world.pre_register().status_code == 201
        world.fires("PorterOutcomesLost")
        db.execute("ALTER TABLE deliveries DROP CONSTRAINT no_delivery")
    with world.callers(1, lambda _: client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": place})):
        world.fires("PorterRowsPutOff")
    go_on.set()
    world.ends("PorterRowsPutOff")


def events(world):
    """To run beside a test: a thousand a second."""
    def produce(is_over):
        producer = Producer({"bootstrap.servers": world.servers.kafka.url, "linger.ms": 5})
        while not is_over.wait(0.05):
            for event, headers in (make_event(world.organization.id) for _ in range(50)):
                producer.produce(TOPIC, event.SerializeToString(), event.data.visitor.id, headers=headers)
            producer.poll(0)
        producer.flush(20)

    return produce


def test_postgresql_away(world):
    """Without it dispatchers take only as much as they may have in memory."""
    world.servers.postgres.kill()
    try:
        world.fires("PorterPostgresAway", seconds=60)
        world.names("PorterPostgresAway", world.gateway, world.dispatcher)
        with meanwhile(events(world)):
            world.fires("PorterPostgresAway", "PorterLagGrows", seconds=60)
    finally:
        world.servers.postgres.start()
    world.ends("PorterPostgresAway", "PorterLagGrows", seconds=60)


def test_no_gateway(world):
    """Then the dispatcher alone can tell that Kafka is away: once its session is over it has no partitions, so no lag."""
    world.gateway.stop()
    world.fires("PorterGatewaysGone")
    world.servers.kafka.pause()
    try:
        eventually(lambda: world.prometheus.value("sum(porter_intake_partitions)") == 0, 60, "its session is over")
        assert world.prometheus.value("sum(porter_intake_lag_records)") == 0
        world.fires("PorterKafkaAway")
        world.names("PorterKafkaAway", world.dispatcher)
    finally:
        world.servers.kafka.resume()
    world.ends("PorterKafkaAway", seconds=60)
    world.gateway.start()
    world.ends("PorterGatewaysGone")


def test_every_alert_was_fired(world):
    assert world.fired == names()
