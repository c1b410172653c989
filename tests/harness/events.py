"""Reading the topics as an internal subscriber would: librdkafka and the schema."""
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .poll import Late
from .process import ROOT

TOPICS = ["porter.visitors.v1", "porter.contractors.v1", "porter.evacuations.v1"]


@cache
def message_class(name):
    """The class of a message in proto/porter/v1, made by protoc from the sources."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ["protoc", f"-I{ROOT}/proto", "-I/usr/include", "--include_imports",
             f"--descriptor_set_out={out.name}",
             *map(str, sorted((ROOT / "proto" / "porter" / "v1").glob("*.proto")))], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"porter.v1.{name}"))


@dataclass
class Record:
    topic: str
    partition: int
    offset: int
    key: str
    headers: dict
    value: bytes
    at_ms: int

    @property
    def event(self):
        return message_class("Event").FromString(self.value)


class Topics:
    """A reader of all event topics (or those given) from their beginning."""

    def __init__(self, brokers, topics=None):
        self._consumer = Consumer({
            "bootstrap.servers": brokers, "group.id": f"test-{uuid.uuid4()}",
            "enable.auto.commit": False, "log_level": 0})
        known = self._consumer.list_topics(timeout=10).topics
        self._consumer.assign([
            TopicPartition(topic, partition, OFFSET_BEGINNING)
            for topic in topics or TOPICS if topic in known
            for partition in known[topic].partitions])
        self.seen = []

    def close(self):
        self._consumer.close()

    def poll(self, wait=0.2):
        for message in self._consumer.consume(1000, wait):
            assert not message.error(), message.error()
            headers = {name: value.decode() for name, value in message.headers() or []}
            self.seen.append(Record(
                message.topic(), message.partition(), message.offset(),
                (message.key() or b"").decode(), headers, message.value(),
                message.timestamp()[1]))

    def wait(self, wanted, count=1, seconds=15):
        """The first `count` records for which `wanted(record)` is true, in the order read."""
        until = time.monotonic() + seconds
        while True:
            found = [record for record in self.seen if wanted(record)]
            if len(found) >= count:
                return found[:count]
            if time.monotonic() > until:
                raise Late(f"{len(found)} of {count} records on Kafka after {seconds} s")
            self.poll()

    def of(self, org_id, count=1, seconds=15):
        """An organization's records."""
        return self.wait(lambda record: record.headers.get("porter_org") == org_id, count, seconds)
