"""porterctl topics: what differs is told, settings are altered and nothing else, and the order per key is not broken by the way."""
import json

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from harness.poll import eventually
from harness.porter import on_own_servers

TOPIC, OTHER, DEAD = "porter.visitors.v1", "porter.contractors.v1", "porter.dead-letters.v1"
DAY_MS = 86_400_000


class Kafka:
    def __init__(self, brokers):
        self.admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})

    def set(self, topic, **settings):
        wanted = {name.replace("_", "."): value for name, value in settings.items()}
        entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wanted.items()]
        one = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        list(self.admin.incremental_alter_configs([one]).values())[0].result(20)
        # A broker reads it back a moment after it has answered.
        eventually(lambda: {name: self.settings(topic)[name] for name in wanted} == wanted, 10, f"{topic} has {wanted}")

    def default(self, name, value):
        """What brokers give to new topics that do not say; None: as it was."""
        how = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
        entry = ConfigEntry(name, value, incremental_operation=how)
        broker, = self.admin.list_topics(timeout=10).brokers
        one = ConfigResource(ConfigResource.Type.BROKER, str(broker), incremental_configs=[entry])
        list(self.admin.incremental_alter_configs([one]).values())[0].result(20)

    def settings(self, topic):
        future = self.admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)])
        return {name: entry.value for name, entry in list(future.values())[0].result(20).items()}

    def partitions(self, topic):
        return len(self.admin.list_topics(timeout=10).topics[topic].partitions)


def differences(porter, *words):
    done = porter.run_ctl("topics", "check", *words, "--json")
    rows = {(row["topic"], row["setting"], row["is"], row["wanted"])
            for row in map(json.loads, done.stdout.splitlines()) if "topic" in row}
    assert done.returncode == (4 if rows else 0), done.stderr
    return rows


@pytest.fixture(scope="module")
def porter():
    """On servers of its own."""
    with on_own_servers() as made:
        yield made


@pytest.fixture(scope="module")
def kafka(porter):
    return Kafka(porter.servers.kafka.url)


def test_what_differs_is_told_and_altered(porter, kafka):
    assert differences(porter) == set()
    kafka.set(TOPIC, retention_ms="1000", cleanup_policy="compact", segment_bytes="77777777")
    kafka.set(DEAD, retention_ms=str(8 * DAY_MS))
    wrong = {(TOPIC, "retention.ms", "1000", str(7 * DAY_MS)), (TOPIC, "cleanup.policy", "compact", "delete"),
             (DEAD, "retention.ms", str(8 * DAY_MS), str(30 * DAY_MS))}
    assert differences(porter) == wrong
    told = porter.run_ctl("topics", "apply")
    assert told.returncode == 0 and f"{TOPIC}: retention.ms 1000 -> {7 * DAY_MS}" in told.stderr, told.stderr
    eventually(lambda: differences(porter) == set(), 10, "it is as it should be")
    now = kafka.settings(TOPIC)
    assert now["segment.bytes"] == "77777777", "what else was set stays"
    assert (TOPIC, "min.insync.replicas", "1", "2") in differences(porter, "--min-insync", "2")
    assert porter.ctl("topics", "apply", "--retention-days", "14")["altered"] == 4
    eventually(lambda: differences(porter, "--retention-days", "14") == set(), 10, "it is as was said")
    kafka.admin.delete_topics([TOPIC])[TOPIC].result(20)
    eventually(lambda: (TOPIC, "topic", "missing", "there") in differences(porter, "--retention-days", "14"), 10, "it is missing")
    assert porter.ctl("topics", "apply", "--retention-days", "14") == {"topics": 5, "altered": 0}
    eventually(lambda: differences(porter, "--retention-days", "14") == set(), 10, "it is there again, as was said")


def test_what_brokers_give_to_a_new_topic_is_mended_at_once(porter, kafka):
    porter.ctl("topics", "apply")
    kafka.default("log.cleanup.policy", "compact")
    try:
        kafka.admin.delete_topics([TOPIC])[TOPIC].result(20)
        eventually(lambda: (TOPIC, "topic", "missing", "there") in differences(porter), 10, "it is missing")
        assert porter.ctl("topics", "apply") == {"topics": 5, "altered": 5}, "the four that were there, and the new one"
        eventually(lambda: differences(porter) == set(), 10, "it is as it should be")
        assert kafka.settings(TOPIC)["cleanup.policy"] == "delete"
    finally:
        kafka.default("log.cleanup.policy", None)


def retention_of(kafka, *names):
    return [kafka.settings(name)["retention.ms"] for name in names]


def test_retention_is_not_shortened_by_the_way(porter, kafka):
    """Records would go: of who raised it by hand, at each roll-out."""
    porter.ctl("topics", "apply", "--retention-days", "14")
    kafka.set(TOPIC, retention_ms=str(90 * DAY_MS))
    kafka.set(DEAD, retention_ms=str(60 * DAY_MS))
    kafka.set(OTHER, retention_ms="-1")
    longer = [str(90 * DAY_MS), str(60 * DAY_MS), "-1"]
    for words in (), ("--retention-days", "14"):
        assert differences(porter, *words) == set()
        told = porter.run_ctl("topics", "apply", *words, "--json")
        assert json.loads(told.stdout)["altered"] == 0 and retention_of(kafka, TOPIC, DEAD, OTHER) == longer
    assert f"{TOPIC}: retention.ms {90 * DAY_MS} stays" in told.stderr and "--force" in told.stderr and DEAD not in told.stderr
    assert porter.ctl("topics", "apply", "--force")["altered"] == 0
    assert porter.ctl("topics", "apply", "--retention-days", "14", "--force")["altered"] == 2
    # Of letters nobody has said how long.
    eventually(lambda: retention_of(kafka, TOPIC, DEAD, OTHER) == [str(14 * DAY_MS), longer[1], str(14 * DAY_MS)], 10, "it is as was said")


def test_partitions_are_not_raised_by_the_way(porter, kafka):
    kafka.set(TOPIC, retention_ms="1000", min_insync_replicas="1")
    refused = porter.run_ctl("topics", "apply", "--partitions", "24")
    assert refused.returncode == 4 and "breaks the order per key" in refused.stderr and "docs/kafka.md" in refused.stderr
    assert kafka.partitions(TOPIC) == 12 and kafka.settings(TOPIC)["retention.ms"] == "1000", "nothing was altered"
    fewer = porter.run_ctl("topics", "apply", "--partitions", "6", "--force")
    assert fewer.returncode == 4 and "takes no partitions away" in fewer.stderr
    assert (TOPIC, "partitions", "12", "24") in differences(porter, "--partitions", "24")
    assert porter.ctl("topics", "apply", "--partitions", "24", "--force")["altered"] == 5  # four topics, and how long one keeps records
    eventually(lambda: kafka.partitions(TOPIC) == 24, 10, "24 partitions")
    assert kafka.partitions(DEAD) == 1
    copies = porter.run_ctl("topics", "apply", "--replication", "3")
    assert copies.returncode == 4 and "kafka-reassign-partitions" in copies.stderr
    in_sync = porter.run_ctl("topics", "apply", "--min-insync", "2")
    assert in_sync.returncode == 4 and "nothing could be written" in in_sync.stderr and kafka.settings(TOPIC)["min.insync.replicas"] == "1"
