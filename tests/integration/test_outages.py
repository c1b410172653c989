"""Neighbours that go away: who goes on, who says so, and that nothing is lost."""
import json
import subprocess
import time
from datetime import datetime, timedelta

import pytest
import requests

from harness.load import Load, call, p99
from harness.poll import eventually


@pytest.fixture
def fragile(new_porter, private_servers):
    porter = new_porter(on=private_servers)
    porter.gateway()
    porter.dispatcher()
    return porter


def reading(porter, key):
    url, ca = f"{porter.gateways[0].url}/api/v1/visitors?limit=5", porter.tls / "ca.pem"
    return lambda session, number: call(session, "GET", url, ca, key)


def writing(porter, key, location):
    url, ca = f"{porter.gateways[0].url}/api/v1/visitors/pre-register", porter.tls / "ca.pem"
    return lambda session, number: call(
        session, "POST", url, ca, key, json={"full_name": "Ægir Ørsted", "location_id": location})


def wait_calls(load, count, seconds=20):
    """`count` more calls than now."""
    have = len(load.calls)
    eventually(lambda: len(load.calls) >= have + count, seconds, f"{count} more calls")
    return load.calls[have:have + count]


@pytest.mark.alone
def test_redis_stopped_under_load_costs_no_request(fragile):
    key = fragile.organization().key().text
    with Load(8, reading(fragile, key), per_second=200) as load:
        wait_calls(load, 100)
        quiet = wait_calls(load, 600)
        fragile.servers.redis.kill()
        without = wait_calls(load, 600)
        fragile.servers.redis.start()
        back = wait_calls(load, 600)
    assert {c.status for c in load.calls} == {200}
    assert p99(without) < 10 * max(p99(quiet), 0.005), (p99(quiet), p99(without))
    assert p99(back) < 10 * max(p99(quiet), 0.005), (p99(quiet), p99(back))


def test_redis_away_and_back_are_each_logged_once(fragile):
    gateway, client = fragile.gateways[0], fragile.organization().client()

    def said(event):
        assert client.get("/rate-limit").status_code == 200
        return gateway.output().count(f'"event":"{event}"')

    assert said("redis.away") == 0
    fragile.servers.redis.kill()
    eventually(lambda: said("redis.away") == 1, 30, "the outage in the log")
    fragile.servers.redis.start()
    eventually(lambda: said("redis.back") == 1, 30, "the return in the log")
    assert said("redis.away") == 1
    line = next(line for line in gateway.output().splitlines() if '"redis.away"' in line)
    assert "redis: " in line and '"level":"warn"' in line, line


def test_a_redis_that_is_full_lets_nobody_in_who_is_not_to_be(fragile):
    """It evicts nothing and takes nothing more: each gateway counts alone, and a revoke is known at once."""
    organization, redis = fragile.organization(), fragile.servers.redis
    few, gone = organization.key(rate_limit=5), organization.key()
    clients = {key.id: organization.client(key=key) for key in (few, gone)}
    assert [clients[one].get("/visitors").status_code for one in clients] == [200, 200]
    for name, value in (("maxmemory-policy", "noeviction"), ("maxmemory", "1")):
        subprocess.run(["redis-cli", "-p", str(redis.port), "CONFIG", "SET", name, value], check=True, capture_output=True)
    said = [clients[few.id].get("/visitors").status_code for _ in range(12)]
    assert said == sorted(said) and 4 <= said.count(200) <= 5 and set(said) == {200, 429}
    assert clients[gone.id].get("/visitors").status_code == 200
    fragile.ctl("key", "revoke", gone.id, "--org", organization.id)
    assert clients[gone.id].get("/visitors").status_code == 401
    assert 'porter_admissions_by_mode_total{mode="local_window"} 0' not in fragile.gateways[0].metrics()


def test_a_refused_redis_password_is_logged_without_a_request(new_porter):
    porter = new_porter()
    wrong = porter.servers.redis.url.replace("redis://", "redis://:not-the-password@") + "/1"
    gateway = porter.gateway(PORTER_REDIS_URL=wrong)
    eventually(lambda: '"event":"redis.away"' in gateway.output(), 30, "the refusal in the log")
    assert "AUTH" in gateway.output() and "not-the-password" not in gateway.output()


def test_redis_silent_under_load_costs_no_request(fragile):
    key = fragile.organization().key().text
    with Load(8, reading(fragile, key), per_second=200) as load:
        wait_calls(load, 200)
        fragile.servers.redis.pause()
        wait_calls(load, 600)
        fragile.servers.redis.resume()
        wait_calls(load, 200)
    assert {c.status for c in load.calls} == {200}


def test_kafka_stopped_writes_go_on_and_events_arrive_after(fragile):
    organization = fragile.organization()
    receiver = fragile.receiver()
    organization.webhook(receiver.url())
    key, location = organization.key().text, organization.location()
    with Load(4, writing(fragile, key, location), per_second=100) as load:
        wait_calls(load, 50)
        fragile.servers.kafka.kill()
        wait_calls(load, 200)
        fragile.servers.kafka.start()
        wait_calls(load, 50)
    assert {c.status for c in load.calls} == {201}
    wanted = {c.body["id"] for c in load.calls}
    topics = fragile.topics()
    topics.wait(lambda r: r.key in wanted, len(wanted), 60)
    got = eventually(
        lambda: {r.headers["x-porter-delivery"]: r for r in receiver.matching()}
        if len({r.headers["x-porter-delivery"] for r in receiver.matching()}) >= len(wanted) else None,
        60, "a webhook for every write")
    assert len(got) == len(wanted)


def test_intake_says_that_kafka_is_back_when_it_is(fragile):
    def said(event):
        lines = [json.loads(line) for line in fragile.dispatchers[0].output().splitlines()]
        return [datetime.fromisoformat(line["time"]) for line in lines if line["event"] == f"intake.{event}"]

    assert said("waiting") == []
    fragile.servers.kafka.kill()
    eventually(lambda: said("waiting"), 30, "the outage in the log")
    fragile.servers.kafka.start()
    eventually(lambda: said("resumed"), 30, "the return in the log")
    away = said("resumed")[0] - said("waiting")[0]
    assert away > timedelta(seconds=1), f"back after {away}: Kafka does not start so quickly"


def test_postgresql_stopped_answers_503_and_heals(fragile):
    organization = fragile.organization()
    key, location = organization.key().text, organization.location()
    with Load(4, writing(fragile, key, location), per_second=100) as load:
        wait_calls(load, 50)
        fragile.servers.postgres.kill()
        eventually(lambda: load.calls[-1].status == 503, 30, "a 503")
        refused = wait_calls(load, 50)
        fragile.servers.postgres.start()
        eventually(lambda: load.calls[-1].status == 201, 30, "a 201 again")
    assert {c.status for c in refused} == {503}
    assert all(int(c.headers["Retry-After"]) >= 1 and c.body["status"] == 503 for c in refused)
    assert {c.status for c in load.calls} <= {201, 503}
    wanted = {c.body["id"] for c in load.calls if c.status == 201}
    fragile.topics().wait(lambda r: r.key in wanted, len(wanted), 30)


def readiness(gateway):
    answer = requests.get(f"http://127.0.0.1:{gateway.private}/readyz", timeout=20)
    return answer.status_code, answer.json()


def test_a_gateway_that_was_ready_stays_so_without_its_neighbours(fragile):
    """All lose PostgreSQL at once: a Service without pods would refuse connections, where each answers 503."""
    gateway, client = fragile.gateways[0], fragile.organization().client()
    assert client.get("/visitors").status_code == 200
    fragile.servers.redis.kill()
    fragile.servers.kafka.kill()
    assert gateway._is_ready()
    fragile.servers.postgres.kill()
    code, said = eventually(lambda: readiness(gateway) if readiness(gateway)[1]["postgresql"] == "down" else None, 30, "it is missed")
    assert (code, said["status"], said["schema"]) == (200, "degraded", "current")
    answer = client.get("/visitors")
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1
    fragile.servers.postgres.start()
    eventually(lambda: readiness(gateway)[1]["postgresql"] == "up", 30, "it is back")
    fragile.servers.redis.start()
    fragile.servers.kafka.start()


def test_a_postgresql_that_says_nothing_keeps_nobody_waiting_who_asks_for_readiness(fragile):
    gateway = fragile.gateways[0]
    fragile.servers.postgres.pause()
    try:
        eventually(lambda: readiness(gateway)[1]["postgresql"] == "down", 60, "it is missed")
        begun = time.monotonic()
        assert readiness(gateway)[0] == 200 and time.monotonic() - begun < 2  # The kubelet waits for five.
    finally:
        fragile.servers.postgres.resume()


def test_a_gateway_that_never_was_ready_is_not_before_it_knows_the_schema(fragile):
    """And one whose schema is gone is ready no more."""
    gateway = fragile.gateways[0]
    with fragile.database() as db:
        db.execute("ALTER TABLE schema_migrations RENAME TO away")
        eventually(lambda: readiness(gateway)[0] == 503, 30, "not ready")
        assert readiness(gateway)[1]["schema"] == "not current"
        db.execute("ALTER TABLE away RENAME TO schema_migrations")
    eventually(gateway._is_ready, 30, "ready again")
    assert gateway.stop() == 0
    fragile.servers.postgres.kill()
    gateway.start(wait=False)
    code, said = eventually(lambda: not_ready(gateway), 30, "an answer")
    assert (code, said["status"], said["schema"]) == (503, "unready", "unknown")
    fragile.servers.postgres.start()
    eventually(gateway._is_ready, 30, "ready")


def not_ready(gateway):
    """None while it does not listen."""
    try:
        return readiness(gateway)
    except requests.ConnectionError:
        return None


def ask_ready(process, **more):
    done = subprocess.run([*process.words, "--ready"], env={**process.env, **more}, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["gateways", "dispatchers"])
def test_a_program_asks_its_running_twin_whether_it_is_ready(fragile, kind):
    """What a container's health check runs: its image has no other program."""
    process = getattr(fragile, kind)[0]
    code, said = ask_ready(process, PORTER_PRIVATE_ADDRESS="0.0.0.0")
    assert code == 0 and "ready" in said, said
    fragile.servers.postgres.kill()
    if kind == "gateways":
        eventually(lambda: '"postgresql":"down"' in ask_ready(process)[1], 30, "it is missed")
        assert ask_ready(process)[0] == 0
    else:
        code, said = ask_ready(process)
        assert code == 1 and "/readyz: answers 503" in said and "postgres" in said, said
    process.kill()
    code, said = ask_ready(process)
    assert code == 1 and "nobody listens" in said, said
