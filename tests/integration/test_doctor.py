"""porterctl doctor: what is well is told so, and each check notices what it is there for."""
import base64
import json
import os
import socket
import subprocess
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from harness import certificates
from harness.poll import eventually
from harness.process import free_port, program
from harness.resolver import SILENT, Resolver

NAMES = ["config", "postgres.reach", "postgres.version", "postgres.primary", "postgres.durable", "postgres.migrations", "postgres.rights",
         "postgres.partitions", "postgres.clock", "postgres.connections", "postgres.vacuum", "postgres.transactions", "redis.reach",
         "redis.version", "redis.writes", "redis.memory", "kafka.reach", "kafka.rights", "kafka.topics", "kafka.settings", "kafka.lag", "tls.pair",
         "tls.expiry", "tls.name", "seals.known", "seals.open", "egress.proxy", "egress.names"]


@pytest.fixture
def ill(new_porter):
    """A Porter with nothing running, for a test to spoil."""
    return new_porter(has_clock=True)


def files(porter):
    return {"PORTER_TLS_CERTIFICATE": porter.tls / "server.pem", "PORTER_TLS_KEY": porter.tls / "server.key", "PORTER_KAFKA_GROUP": porter.name}


def examine(porter, only, **settings):
    """What the doctor says: {check: its object}; its exit code must fit."""
    words = ["doctor", "--json"] + (["--only", only] if only else [])
    done = porter.run_ctl(*words, timeout=120, **{**files(porter), **settings})
    said = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    failed = any(row["state"] == "failed" for row in said.values())
    assert done.returncode == (1 if failed else 0), done.stderr
    assert all((row["cure"] is not None) == (row["state"] in ("failed", "warning")) for row in said.values())
    return said


def state(porter, check, **settings):
    row = examine(porter, check, **settings)[check]
    return row["state"], row["detail"]


# ---- All of it -----------------------------------------------------------------------------------

def test_a_whole_porter_is_well(porter):
    organization = porter.organization()
    organization.webhook("https://example.com/hook")
    said = examine(porter, None, PORTER_PUBLIC_URL="https://localhost")
    assert list(said) == NAMES
    # The name server of whoever runs the tests is not ours to judge, and on the Kafka that all tests share are others' records.
    others = ("egress.names", "kafka.lag")
    assert {row["check"]: row["detail"] for row in said.values() if row["state"] != "ok" and row["check"] not in others} == {}


def test_people_get_marks_as_their_terminal_can_show_them(ill):
    for locale, well, bad, arrow in (("C.UTF-8", "✓ config", "✗ postgres.reach", "→"), ("C", "ok   config", "FAIL postgres.reach", "->")):
        done = ill.run_ctl("doctor", "--only", "config,postgres", LC_ALL=locale, PORTER_DB_URL="postgresql://127.0.0.1:1/x", **files(ill))
        assert done.returncode == 1
        assert well in done.stdout and bad in done.stdout and f"{arrow} Start it" in done.stdout, done.stdout
        assert "1 of 12 checks failed, 0 warned, 10 were skipped" in done.stderr


def test_a_warning_counts_only_when_it_is_asked_to(ill):
    words = ["doctor", "--only", "redis.memory"]
    more = {"PORTER_ENVIRONMENT": "production", "PORTER_CLOCK_FILE": "", **files(ill)}
    assert ill.run_ctl(*words, **more).returncode == 0
    assert ill.run_ctl(*words, "--strict", **more).returncode == 1


@pytest.mark.parametrize("words", [["--only", "postgres.nothing"], ["--services", "gatekeeper"]])
def test_what_it_does_not_know_is_refused(ill, words):
    assert ill.run_ctl("doctor", *words, **files(ill)).returncode == 2


def test_a_check_that_hangs_is_ended(ill, tmp_path):
    """A file that never comes to its end; the other checks go on."""
    os.mkfifo(tmp_path / "pem")
    said = examine(ill, "tls.pair,egress.proxy", PORTER_TLS_CERTIFICATE=tmp_path / "pem")
    assert said["tls.pair"]["state"] == "failed" and "no end within" in said["tls.pair"]["detail"]
    assert said["egress.proxy"]["state"] == "ok"


# ---- Configuration -------------------------------------------------------------------------------

def test_every_mistake_of_every_program_is_told_once(ill):
    wrong = {"PORTER_DB_POOL": "many", "PORTER_REDIS_URL": "http://x", "PORTER_KAFKA_EXTRA": "nonsense=1", "PORTER_LOG_LEVL": "info",
             "PORTER_EGRESS_PROXY": "ftp://x", "PORTER_EGRESS_CA_FILE": "/nowhere", "PORTER_HTTP_THREADS": "0", "PORTER_LEASE": "soon",
             "PORTER_SIGNING_KEYS_FILE": "/nowhere", "PORTER_EGRESS_ALLOW": "10.0.0.1",
             "PORTER_TRUSTED_PROXIES": "0.0.0.0/0", "PORTER_TLS_KEY": ""}
    said = examine(ill, "tls", **wrong)  # Also when they were not asked for.
    lines = said["config"]["detail"].splitlines()
    assert said["config"]["state"] == "failed" and said["tls.pair"]["state"] == "skipped"
    assert [name for name in wrong if sum(name in line for line in lines) != 1] == []


# ---- PostgreSQL ----------------------------------------------------------------------------------

def alter(porter, text):
    with porter.database() as db:
        db.execute(text.replace("DB", f"DATABASE {porter.name}"))


@pytest.mark.parametrize("check, spoil, said", [
    ("postgres.primary", "ALTER DB SET default_transaction_read_only = on", "only reads"),
    ("postgres.migrations", "DELETE FROM schema_migrations WHERE number = (SELECT max(number) FROM schema_migrations)", "1 of "),
    ("postgres.migrations", "UPDATE schema_migrations SET sha256 = '\\x00' WHERE number = 2", "0002_people_and_places.sql was applied with another text"),
])
def test_a_database_that_is_not_as_it_should_be_fails(ill, check, spoil, said):
    assert state(ill, check)[0] == "ok"
    alter(ill, spoil)
    assert state(ill, check)[0] == "failed" and said in state(ill, check)[1]


def test_a_database_that_may_forget_fails_in_production(ill):
    alter(ill, "ALTER DB SET synchronous_commit = off")
    assert state(ill, "postgres.durable")[0] == "warning"
    assert state(ill, "postgres.durable", PORTER_ENVIRONMENT="production", PORTER_CLOCK_FILE="")[0] == "failed"


def test_missing_days_and_rows_without_a_day_are_warned_of(ill):
    ill.clock.move(days=6)  # Of the next three days one was made.
    got, said = state(ill, "postgres.partitions")
    assert got == "warning" and "the first is attempts 2" in said
    ill.ctl("migrate")
    assert state(ill, "postgres.partitions")[0] == "ok"
    with ill.database() as db:
        db.execute("INSERT INTO attempts (org_id, delivery_id, number, at, verdict, total_us)"
                   " VALUES (gen_random_uuid(), gen_random_uuid(), 1, '2001-01-01', 'retry', 1)")
    assert "2001-01-01 has 1 rows" in state(ill, "postgres.partitions")[1]


def test_clocks_that_differ_are_noticed(ill):
    assert state(ill, "postgres.clock")[0] == "ok"
    ill.clock.move(seconds=5)
    assert state(ill, "postgres.clock")[0] == "warning"
    ill.clock.move(seconds=55)
    got, said = state(ill, "postgres.clock")
    assert got == "failed" and "behind ours" in said


def test_a_transaction_that_stays_open_is_noticed(ill):
    with ill.database() as db, db.transaction():
        db.execute("SELECT 1")
        assert state(ill, "postgres.transactions")[0] == "ok"
        ill.clock.move(minutes=11)
        assert state(ill, "postgres.transactions")[0] == "warning"
    # What others have open for a moment is as old by this clock.
    eventually(lambda: state(ill, "postgres.transactions")[0] == "ok", 20, "none")


@contextmanager
def lesser_role(porter, more=""):
    """The settings by which a role without rights connects."""
    name, password = f"r_{os.urandom(6).hex()}", os.urandom(12).hex()
    alter(porter, f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {more}")
    address = porter.environment()["PORTER_DB_URL"].split("@")[1]
    yield name, {"PORTER_DB_URL": f"postgresql://{name}:{password}@{address}"}
    alter(porter, f"DROP OWNED BY {name}")
    alter(porter, f"DROP ROLE {name}")


def test_a_role_that_lacks_rights_is_told_which(ill):
    with lesser_role(ill) as (name, url):
        alter(ill, f"GRANT SELECT ON schema_migrations TO {name}")
        got, said = state(ill, "postgres.rights", **url)
        assert got == "failed" and "SELECT on" in said
        alter(ill, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
        got, said = state(ill, "postgres.rights", **url)
        assert got == "failed" and "CREATE on schema public" in said and "the ownership of" in said and "SELECT" not in said
        alter(ill, f"GRANT porter TO {name}")
        assert state(ill, "postgres.rights", **url)[0] == "ok"


def test_few_connections_that_are_left_are_noticed(ill):
    for limit, expected in ((40, "ok"), (20, "warning"), (5, "failed")):
        with lesser_role(ill, f"CONNECTION LIMIT {limit}") as (_, url):
            assert state(ill, "postgres.connections", **url)[0] == expected


def test_servers_that_are_set_up_wrongly_are_noticed(private_servers, new_porter):
    porter = new_porter(on=private_servers)
    assert state(porter, "postgres.vacuum")[0] == "ok"
    with porter.database() as db:
        db.execute("ALTER SYSTEM SET autovacuum = off")
        db.execute("SELECT pg_reload_conf()")
        eventually(lambda: db.execute("SHOW autovacuum").fetchone()[0] == "off", 10, "autovacuum is off")
    assert state(porter, "postgres.vacuum")[0] == "failed"
    # The same servers, spoiled in their other ways.
    redis(private_servers, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    assert state(porter, "redis.memory") == ("failed", "maxmemory-policy is allkeys-lru")
    redis(private_servers, "CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1")
    assert state(porter, "redis.writes")[0] == "failed" and state(porter, "redis.reach")[0] == "ok"
    kafka_is_examined(porter, private_servers)


def redis(servers, *words):
    done = subprocess.run(["redis-cli", "-p", str(servers.redis.port), *words], capture_output=True, text=True, check=True)
    assert "ERR" not in done.stdout, done.stdout


# ---- Kafka ---------------------------------------------------------------------------------------

def kafka_is_examined(porter, servers):
    admin = AdminClient({"bootstrap.servers": servers.kafka.url})

    def change(**settings):
        entries = [ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()]
        entry = ConfigResource("TOPIC", "porter.visitors.v1", incremental_configs=entries)
        list(admin.incremental_alter_configs([entry]).values())[0].result(20)

    def becomes(expected, words=""):  # A broker confirms a change before it tells it to others.
        eventually(lambda: state(porter, "kafka.settings")[0] == expected, 30, f"kafka.settings: {expected}")
        assert words in state(porter, "kafka.settings")[1]

    assert state(porter, "kafka.settings")[0] == "ok"
    assert "has 1 copies" in state(porter, "kafka.settings", PORTER_ENVIRONMENT="production")[1]
    change(retention_ms="3600000")
    becomes("warning", "porter.visitors.v1 keeps records for 0.0 days")
    change(cleanup_policy="compact")
    becomes("failed")
    change(retention_ms="-1", cleanup_policy="delete")
    becomes("ok")
    assert state(porter, "kafka.lag") == ("ok", "0 records wait")
    records_that_nobody_read(porter, admin)
    list(admin.delete_topics(["porter.contractors.v1"]).values())[0].result(20)
    eventually(lambda: state(porter, "kafka.topics")[0] == "failed", 20, "the topic is gone")
    assert "porter.contractors.v1 is missing" in state(porter, "kafka.topics")[1]


def records_that_nobody_read(porter, admin):
    """First none is read; then one is, and the next is dropped before it is."""
    brokers = porter.servers.kafka.url
    producer = Producer({"bootstrap.servers": brokers})
    for _ in range(2):
        producer.produce("porter.visitors.v1", b"x", partition=0)
    assert producer.flush(20) == 0
    got, said = state(porter, "kafka.lag")
    assert got == "warning" and "2 records of porter.visitors.v1 wait, and no dispatcher read any" in said
    reader = Consumer({"bootstrap.servers": brokers, "group.id": f"{porter.name}.porter.visitors.v1"})
    reader.commit(offsets=[TopicPartition("porter.visitors.v1", 0, 1)], asynchronous=False)
    assert state(porter, "kafka.lag") == ("ok", "1 records wait")
    reader.close()
    list(admin.delete_records([TopicPartition("porter.visitors.v1", 0, 2)]).values())[0].result(20)
    got, said = state(porter, "kafka.lag")
    assert got == "failed" and "dropped 1 records of porter.visitors.v1" in said


def test_neighbours_that_are_away_fail(ill):
    said = examine(ill, "redis,kafka", PORTER_REDIS_URL="redis://127.0.0.1:1", PORTER_KAFKA_BROKERS="127.0.0.1:1")
    assert {name for name, row in said.items() if row["state"] == "failed"} == {"redis.reach", "kafka.reach"}
    assert {row["state"] for row in said.values()} == {"failed", "skipped"}


# ---- Certificates and keys -----------------------------------------------------------------------

def test_a_certificate_that_is_not_good_is_noticed(ill, tmp_path):
    def of(one, other=None):
        one.write(tmp_path / "pem")
        (other or one).write(tmp_path / "key")
        return {row["check"]: row["state"] for row in examine(
            ill, "tls", PORTER_TLS_CERTIFICATE=tmp_path / "pem", PORTER_TLS_KEY=tmp_path / "key",
            PORTER_PUBLIC_URL="https://api.example.com:8443/x").values()}

    def made(days, name="api.example.com"):
        now = certificates.now()
        return certificates.Certificate(name, hosts=[name], begins=now - 90 * certificates.DAY, ends=now + days * certificates.DAY)

    assert of(made(60)) == {"tls.pair": "ok", "tls.expiry": "ok", "tls.name": "ok"}
    assert of(made(60, "*.example.com"))["tls.name"] == "ok"
    assert of(made(60, "api.example.org"))["tls.name"] == "failed"
    assert of(made(10))["tls.expiry"] == "warning"
    assert of(made(-1))["tls.expiry"] == "failed"
    assert of(made(60), made(60)) == {"tls.pair": "failed", "tls.expiry": "ok", "tls.name": "skipped"}
    gone = examine(ill, "tls", PORTER_TLS_CERTIFICATE="/nowhere")
    assert gone["tls.pair"]["state"] == "failed" and "No such file" in gone["tls.pair"]["detail"]


def test_keys_that_open_nothing_are_noticed(ill):
    assert state(ill, "seals.open") == ("ok", "nothing is sealed yet")
    ill.organization().webhook("https://example.com/hook")
    assert state(ill, "seals.open") == ("ok", "opened the secrets of 1 webhooks")
    other = base64.b64encode(os.urandom(32)).decode()
    said = examine(ill, "seals", PORTER_SEAL_KEYS=f"new:{other}")
    assert said["seals.known"]["state"] == "failed" and '"test" seals values' in said["seals.known"]["detail"]
    assert said["seals.open"]["state"] == "skipped"
    # Of the same name, and another: only an attempt to open tells.
    said = examine(ill, "seals", PORTER_SEAL_KEYS=f"test:{other}")
    assert said["seals.known"]["state"] == "ok" and said["seals.open"]["state"] == "failed"
    assert other not in json.dumps(said)


# ---- The way out ---------------------------------------------------------------------------------

def test_a_proxy_that_is_away_fails(ill):
    with socket.create_server(("127.0.0.1", 0)) as there:
        assert state(ill, "egress.proxy", PORTER_EGRESS_PROXY=f"http://user:password@127.0.0.1:{there.getsockname()[1]}")[0] == "ok"
    got, said = state(ill, "egress.proxy", PORTER_EGRESS_PROXY=f"http://user:password@127.0.0.1:{free_port()}")
    assert got == "failed" and "refused" in said and "password" not in said
    assert state(ill, "egress.names", PORTER_EGRESS_PROXY="http://127.0.0.1:1") == ("ok", "the proxy looks names up")


def test_name_servers_that_say_nothing_fail(ill):
    names = Resolver("127.0.2.7", {"known.test": ["192.0.2.1"], "mute.test": SILENT}, options="timeout:1 attempts:1")
    try:
        for name, code, said in (("known.test", 0, "know of known.test"), ("other.test", 0, "know nothing of other.test"), ("mute.test", 1, "mute.test: ")):
            done = subprocess.run(names.words(program("porterctl"), "doctor", "--only", "egress.names", "--look-up", name),
                                  env=ill.environment(**files(ill)), capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == code and said in done.stdout, done.stdout + done.stderr
    finally:
        names.close()
