"""Deliveries a second to a fast local HTTPS receiver, beside a bare libcurl-multi loop posting the same
bodies to the same receiver. The records are in Kafka before the dispatcher starts."""
import json
import re
import subprocess
import tempfile
import time

from confluent_kafka import Producer

from common import (RUNS, System, cpu_seconds, format_id, keep, median, parse_id, rss_mib, say, spread,
                    tool, uuid7)
from harness.events import message_class
from harness.fast_receiver import FastReceiver

EVENTS = 60000
IN_FLIGHT = 64


def produce(system, org, count):
    """`count` events of one organization, each about another visitor, as the relay would send them."""
    event_class = message_class("Event")
    with system.porter.database() as db:
        version = db.execute("SELECT webhooks_version FROM organizations WHERE id = %s",
                             (parse_id(org.id),)).fetchone()[0]
    producer = Producer({"bootstrap.servers": system.servers.kafka.url, "linger.ms": 20,
                         "queue.buffering.max.messages": 1000000})
    for _ in range(count):
        event = event_class()
        event.id, event.type, event.api_version = format_id("evt", uuid7()), "visitor.pre_registered", "v1"
        event.organization_id = org.id
        event.created_at.GetCurrentTime()
        visitor = event.data.visitor
        visitor.id, visitor.full_name, visitor.company = format_id("vis", uuid7()), "Zoë Müller", "Bäckerei Süß"
        visitor.email, visitor.host.name = "zoe@example.org", "Ada Lovelace"
        visitor.created_at.GetCurrentTime()
        producer.produce("porter.visitors.v1", event.SerializeToString(), visitor.id, headers={
            "ce_specversion": "1.0", "ce_id": event.id, "ce_type": event.type, "ce_subject": visitor.id,
            "content-type": "application/protobuf", "porter_org": org.id,
            "porter_webhooks_version": str(version)})
        producer.poll(0)
    assert producer.flush(60) == 0


def statements(dispatcher):
    """The ledger's and the recorder's."""
    found = [float(line.split()[-1]) for line in dispatcher.metrics().splitlines()
             if re.match(r"porter_(ledger|record)_batches_total", line)]
    return sum(found)


def dispatch_once(system, folder, number):
    org = system.porter.organization()
    receiver = FastReceiver(system.porter, folder)
    try:
        receiver.start(secret=org.webhook(receiver.url).secret, journal=False)
        produce(system, org, EVENTS)
        before = receiver.stats()
        dispatcher = system.dispatcher(PORTER_KAFKA_GROUP=f"bench-{number}-{time.time_ns()}")
        began = None
        while (count := receiver.stats()["received"] - before["received"]) < EVENTS:
            if count > 0 and began is None:
                began, first, cpu = time.monotonic(), count, cpu_seconds(dispatcher.pid)
            time.sleep(0.01)
        took = time.monotonic() - began
        figures = {"per_second": (EVENTS - first) / took, "cpu": cpu_seconds(dispatcher.pid) - cpu,
                   "rss": rss_mib(dispatcher.pid), "statements": statements(dispatcher) / EVENTS}
        system.porter.dispatchers.remove(dispatcher)
        assert dispatcher.stop() == 0
        with system.porter.database() as db:
            done, size = db.execute("SELECT count(*) FILTER (WHERE state = 'delivered'), max(length(body))"
                                    " FROM deliveries WHERE org_id = %s", (parse_id(org.id),)).fetchone()
        assert done == EVENTS, f"{done} of {EVENTS} are recorded as delivered"
        bare = json.loads(subprocess.run(
            [tool("curl_loop"), receiver.url, str(system.porter.tls / "ca.pem"), str(EVENTS), str(IN_FLIGHT),
             str(size)], capture_output=True, text=True, check=True).stdout)
        return figures, bare
    finally:
        receiver.stop()


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        pairs = [dispatch_once(system, folder, number) for number in range(RUNS)]
        ours, bare = [p[0] for p in pairs], [p[1] for p in pairs]
        ratio = median([o["per_second"] / b["per_second"] for o, b in pairs])
        say(f"dispatch: {EVENTS:,} events, one endpoint, {RUNS} runs, median (min–max)")
        say(f"  dispatcher       {spread([o['per_second'] for o in ours])}/s   per CPU-s "
            f"{spread([EVENTS / o['cpu'] for o in ours])}   statements per delivery "
            f"{spread([o['statements'] for o in ours], 4)}   resident {spread([o['rss'] for o in ours])} MiB")
        say(f"  bare libcurl     {spread([b['per_second'] for b in bare])}/s   per CPU-s "
            f"{spread([b['posts'] / b['cpu_seconds'] for b in bare])}")
        say(f"  dispatcher / bare: {ratio:.2f} (aim ≥ 0.60)")
        keep("dispatch", {"dispatcher": ours, "bare": bare, "ratio": ratio})


if __name__ == "__main__":
    main()
