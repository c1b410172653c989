#!/usr/bin/env python3
"""Subscribes to Porter's events, and does something with each event once.

    pip install confluent-kafka protobuf
    protoc --python_out=. porter-events.proto
    KAFKA_BROKERS=kafka:9092 KAFKA_GROUP=my-system python3 subscriber.py
"""
import os
import signal
import sqlite3
import sys

import porter_events_pb2
from confluent_kafka import Consumer
from google.protobuf.message import DecodeError

TOPICS = ["porter.visitors.v1", "porter.contractors.v1", "porter.evacuations.v1"]

running = True


def stop(_signal, _frame):
    global running
    running = False


def extra():
    """librdkafka's own properties, for TLS and SASL: KAFKA_EXTRA=name=value,name=value."""
    return dict(one.split("=", 1) for one in os.environ.get("KAFKA_EXTRA", "").split(",") if one)


def read(message):
    """None of what is no event: waiting before it would stop the partition."""
    try:
        event = porter_events_pb2.Event.FromString(message.value() or b"")
    except DecodeError:
        return None
    return event if event.id else None


def work(event):
    """What your system does. Types that you do not know may come: let them pass."""
    resource = event.data.WhichOneof("resource")
    name = event.data.visitor.full_name if resource == "visitor" else ""
    print(event.type, event.id, event.organization_id, name, flush=True)


def take(db, message):
    """Record and work in one transaction: an event that was taken before is passed over, also after a crash."""
    event = read(message)
    if event is None:
        print("unreadable:", message.topic(), message.partition(), message.offset(), file=sys.stderr, flush=True)
        return
    with db:
        is_new = db.execute("INSERT OR IGNORE INTO seen (id) VALUES (?)", (event.id,)).rowcount == 1
        if is_new:
            work(event)


def main():
    group = os.environ.get("KAFKA_GROUP", "porter-example-python")
    db = sqlite3.connect(os.environ.get("SEEN_FILE", f"{group}.sqlite"))
    db.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY)")
    consumer = Consumer({
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
        "group.id": group,
        "auto.offset.reset": "earliest",  # A new group begins with the oldest event.
        "enable.auto.offset.store": False,  # Only what was taken counts as read.
        **extra(),
    })
    consumer.subscribe(TOPICS)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while running:
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error():
            print("Kafka:", message.error(), flush=True)
            continue
        take(db, message)
        consumer.store_offsets(message)
    consumer.close()  # Commits what is stored.


if __name__ == "__main__":
    main()
