"""Every process is killed at random moments, again and again, while 16 clients write 10,000 visitors.

Whatever was acknowledged must be on Kafka, in order per subject, and must have been delivered, signed, at
least once. PORTER_CHAOS_WRITES and PORTER_CHAOS_SEED change the run; the seed is printed."""
import itertools
import os
import random
import threading
import time
from collections import Counter

import pytest
import requests

from harness.fast_receiver import FastReceiver
from harness.load import call
from harness.poll import eventually
from harness.porter import format_id, parse_id, uuid7

pytestmark = pytest.mark.once

WRITES = int(os.environ.get("PORTER_CHAOS_WRITES", 10000))
SEED = int(os.environ.get("PORTER_CHAOS_SEED", time.time_ns() % 1_000_000))
CLIENTS = 16
SECONDS = 60 * WRITES / 10000  # how long the writing takes at least, so that there is time for kills
SUBJECTS = 40  # written by SQL with numbered events, for the order per subject
SHARDS = 16


class Killer(threading.Thread):
    """Kills one process after the other at random and brings each back a moment later."""

    def __init__(self, porter):
        super().__init__(daemon=True)
        servers = porter.servers
        self.targets = [*porter.gateways, *porter.dispatchers, servers.redis, servers.postgres, servers.kafka]
        # Kafka and PostgreSQL take seconds to come back; the rest is killed more often.
        self.weights = [4] * (len(self.targets) - 3) + [3, 1, 1]
        self.random, self.halt = random.Random(SEED), threading.Event()
        self.kills, self.fault = Counter(), None

    def run(self):
        try:
            while not self.halt.wait(self.random.uniform(0.3, 1.5)):
                target = self.random.choices(self.targets, self.weights)[0]
                name = getattr(target, "name", None) or target.kind
                target.kill()
                self.kills[name] += 1
                time.sleep(self.random.uniform(0.0, 0.5))  # how long it is away: part of the chaos
                if hasattr(target, "popen"):
                    target.start(wait=False)
                else:
                    target.start()
        except Exception as fault:  # told by the test, not lost in a thread
            self.fault = fault

    def stop(self):
        self.halt.set()
        self.join(60)
        assert self.fault is None, self.fault


def write_visitors(porter, key, location, acknowledged, attempts):
    """16 clients until WRITES are acknowledged; what fails is tried again as a new visitor."""
    numbers, lock = itertools.count(), threading.Lock()
    ca, began = porter.tls / "ca.pem", time.monotonic()

    def run(client):
        session = requests.Session()
        while (number := next(numbers)) < WRITES:
            time.sleep(max(0.0, began + number * SECONDS / WRITES - time.monotonic()))  # a pace, not a wait
            while True:
                gateway = porter.gateways[random.randrange(len(porter.gateways))]
                made = call(session, "POST", f"{gateway.url}/api/v1/visitors/pre-register", ca, key,
                            json={"full_name": f"Чаос {client}", "location_id": location})
                with lock:
                    attempts[made.status] += 1
                if made.status == 201:
                    with lock:
                        acknowledged.add(made.body["id"])
                    break
                assert made.status in (0, 503), f"{made.status} {made.body}"
                session = requests.Session()
                time.sleep(0.02)  # a polite client; nothing depends on it

    threads = [threading.Thread(target=run, args=(i,)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    return threads


def write_numbered(porter, org, subjects, halt, committed):
    """Numbered outbox rows per subject, one after the other, while all goes on."""
    def run():
        number = 0
        while not halt.is_set():
            try:
                with porter.database() as db:
                    while not halt.is_set():
                        for subject in subjects:
                            if committed.get(subject, -1) >= number:
                                continue
                            db.execute(
                                "INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload,"
                                " webhooks_version, created_at) VALUES (%s, %s, %s, 'contractors', %s,"
                                " 'test.numbered', %s, 0, now())",
                                (org, uuid7(), sum(map(ord, subject)) % SHARDS, subject, str(number).encode()))
                            committed[subject] = number
                        number += 1
                        halt.wait(0.05)
            except Exception:  # PostgreSQL was killed: the row may be there or not; go on with the next number
                number += 1
                halt.wait(0.1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def first_numbers(records):
    seen = {}
    for record in records:
        numbers = seen.setdefault(record.key, [])
        if int(record.value) not in numbers:
            numbers.append(int(record.value))
    return seen


def unsettled(porter):
    """What is still to be done: outbox rows, deliveries without an end (also those leased to the dead)."""
    with porter.database() as db:
        return db.execute("SELECT (SELECT count(*) FROM outbox),"
                          " (SELECT count(*) FROM deliveries WHERE finished_at IS NULL)").fetchone()


def logged(porter):
    """Subjects whose delivery is on record as delivered, with its attempt; more than one row a subject is a fault."""
    with porter.database() as db:
        rows = db.execute(
            "SELECT d.subject, count(*), count(DISTINCT d.id) FROM deliveries d JOIN attempts a"
            " ON a.org_id = d.org_id AND a.delivery_id = d.id AND a.verdict = 'delivered'"
            " WHERE d.state = 'delivered' GROUP BY d.subject").fetchall()
    assert all(deliveries == 1 for _, _, deliveries in rows), "two deliveries of one event to one webhook"
    return {parse_id(subject) for subject, _, _ in rows}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_acknowledged_is_lost_whatever_is_killed(new_porter, private_servers, capsys):
    porter = new_porter(on=private_servers)
    for _ in range(2):
        porter.gateway()
        porter.dispatcher(PORTER_LEASE="20s", PORTER_ATTEMPT_TIMEOUT="10s", PORTER_RETRY_SCHEDULE="1s,2s,5s,10s,10s,10s")
    organization = porter.organization()
    receiver = FastReceiver(porter)
    webhook = organization.webhook(receiver.url)
    receiver.start(secret=webhook.secret)
    key, location = organization.key().text, organization.location()
    other = parse_id(porter.organization().id)
    subjects = [format_id("con", uuid7()) for _ in range(SUBJECTS)]

    acknowledged, attempts, committed, halt = set(), Counter(), {}, threading.Event()
    killer = Killer(porter)
    began = time.monotonic()
    threads = write_visitors(porter, key, location, acknowledged, attempts)
    numbered = write_numbered(porter, other, subjects, halt, committed)
    killer.start()
    for thread in threads:
        thread.join(600)
    killer.stop()
    halt.set()
    numbered.join(30)
    assert len(acknowledged) >= WRITES, f"seed {SEED}: {len(acknowledged)} acknowledged, answers {dict(attempts)}"
    for process in porter.gateways + porter.dispatchers:
        if not process.is_alive():
            process.start(wait=False)
    wrote = time.monotonic() - began

    topics = porter.topics()

    def all_on_kafka():
        topics.poll(0.5)
        return acknowledged <= {r.key for r in topics.seen}

    eventually(all_on_kafka, 90, f"seed {SEED}: every acknowledged write on Kafka")
    sent = time.monotonic() - began
    last = {subject: number for subject, number in committed.items()}
    eventually(lambda: topics.poll(0.2) or all(
        str(number).encode() in {r.value for r in topics.seen if r.key == subject}
        for subject, number in last.items()), 60, "every numbered row on Kafka")
    order = first_numbers([r for r in topics.seen if r.key in last])
    assert all(numbers == sorted(numbers) for numbers in order.values()), "out of order on Kafka"

    def all_delivered():
        return acknowledged <= {line["subject"] for line in receiver.lines()}

    eventually(all_delivered, 90, f"seed {SEED}: every acknowledged write delivered", every=0.5)
    delivered = time.monotonic() - began
    eventually(lambda: unsettled(porter) == (0, 0), 60, f"seed {SEED}: no outbox row, no pending delivery", every=0.5)
    settled = time.monotonic() - began
    assert logged(porter) >= {parse_id(subject) for subject in acknowledged}
    lines = [line for line in receiver.lines() if line["subject"] in acknowledged]
    receiver.stop()
    assert all(line["signature_ok"] and line["standard_ok"] for line in lines)
    by_subject = Counter(line["subject"] for line in lines)
    deliveries = {}
    for line in lines:
        deliveries.setdefault(line["subject"], set()).add(line["delivery"])
    assert all(len(ids) == 1 for ids in deliveries.values()), "a duplicate came under another delivery id"
    on_kafka = Counter(r.key for r in topics.seen if r.key in acknowledged)
    with capsys.disabled():
        print(f"\nchaos, seed {SEED}: {len(acknowledged)} writes acknowledged in {wrote:.0f} s, "
              f"on Kafka after {sent:.0f} s, delivered after {delivered:.0f} s, settled after {settled:.0f} s, answers {dict(attempts)}; "
              f"kills {dict(killer.kills)}\n"
              f"  Kafka: lost {len(acknowledged - set(on_kafka))}, duplicated {sum(n - 1 for n in on_kafka.values())}; "
              f"webhooks: lost {len(acknowledged - set(by_subject))}, duplicated {sum(n - 1 for n in by_subject.values())}; "
              f"{len(order)} numbered subjects in order")
