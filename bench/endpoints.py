"""Many organizations with webhooks, and events of theirs on Kafka, for the benchmarks that need no gateway meanwhile."""
import hashlib
import itertools
import time
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Producer

from common import format_id, make_key, parse_id, uuid7
from harness.porter import Client
from harness.relayed import make_event

POSTERS = 8  # Threads; each organization's webhooks are made one after the other anyway.


class Tenant:
    def __init__(self):
        self.raw, self.key, self.webhooks = uuid7(), make_key(), []
        self.id = format_id("org", self.raw)


def make_tenants(system, count):
    """Organizations with a key each, written by SQL."""
    scopes_of = parse_id(system.porter.organization().key().id)
    tenants = [Tenant() for _ in range(count)]
    raws, hashes = [t.raw for t in tenants], [hashlib.sha256(t.key.encode()).digest() for t in tenants]
    with system.porter.database() as db:
        db.execute("INSERT INTO organizations (id, name, slug, created_at)"
                   " SELECT id, 'bench', 'b-' || id, now() FROM unnest(%s::uuid[]) AS id", (raws,))
        db.execute("INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, rate_limit, created_at)"
                   " SELECT t.org_id, gen_random_uuid(), 'bench', t.hash, 'bench', k.scopes, 100000, now()"
                   " FROM unnest(%s::uuid[], %s::bytea[]) AS t (org_id, hash), api_keys k WHERE k.id = %s", (raws, hashes, scopes_of))
    return tenants


def make_webhooks(system, gateway, tenants, urls_of):
    """For each tenant and its number, those that lead to urls_of(number)."""
    def make(numbered):
        number, tenant = numbered
        client = Client(gateway.url, tenant.key, system.porter.tls / "ca.pem")
        for url in urls_of(number):
            answer = client.post("/webhooks", json={"url": url, "events": ["visitor.pre_registered"]})
            assert answer.status_code == 201, answer.text
            tenant.webhooks.append(answer.json()["id"])
        client.session.close()

    with ThreadPoolExecutor(POSTERS) as posters:
        list(posters.map(make, enumerate(tenants)))


def versions_of(system, org_ids):
    with system.porter.database() as db:
        found = db.execute("SELECT id, webhooks_version FROM organizations WHERE id = ANY (%s)", ([parse_id(one) for one in org_ids],))
        return {format_id("org", raw): version for raw, version in found.fetchall()}


def produce(system, org_ids, count, per_second=None):
    """`count` events, the organizations taking turns, each about another visitor, as the relay would send them; as fast
    as it goes, or at this rate whatever becomes of them."""
    versions = versions_of(system, org_ids)
    producer = Producer({"bootstrap.servers": system.servers.kafka.url, "linger.ms": 20 if per_second is None else 0,
                         "queue.buffering.max.messages": 1000000})
    began = time.monotonic()
    for number, org_id in enumerate(itertools.islice(itertools.cycle(org_ids), count)):
        if per_second:
            time.sleep(max(0, began + number / per_second - time.monotonic()))
        event, headers = make_event(org_id)
        producer.produce("porter.visitors.v1", event.SerializeToString(), event.data.visitor.id,
                         headers={**headers, "porter_webhooks_version": str(versions[org_id])})
        producer.poll(0)
    assert producer.flush(60) == 0


def forget(system):
    """What is not delivered by now never will be: it would disturb who comes next. No dispatcher runs meanwhile."""
    with system.porter.database() as db:
        db.execute("UPDATE deliveries SET state = 'failed', due_at = NULL, finished_at = now() WHERE finished_at IS NULL")
        db.execute("DELETE FROM webhook_circuits")
