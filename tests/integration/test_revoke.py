"""A revoked key fails from the moment the revoke is answered, on every gateway, Redis or not."""
import subprocess
import time

import pytest

from harness.load import Load, call
from harness.poll import eventually


def revoke_under_load(porter, organization, before=None, during=None, after=None):
    """200 requests/s on two gateways; the key is revoked among them. Calls begun after the answer."""
    key = organization.key(rate_limit=100000)
    ca = porter.tls / "ca.pem"

    def one(session, number):
        gateway = porter.gateways[number % 2]
        return call(session, "GET", f"{gateway.url}/api/v1/locations", ca, key.text)

    with Load(8, one, per_second=200) as load:
        if before:
            before()
        began = time.monotonic()
        eventually(lambda: sum(c.status == 200 for c in load.since(began)) >= 100, 30, "100 good answers")
        if during:
            during()
        porter.ctl("key", "revoke", "--org", organization.id, key.id)
        revoked = time.monotonic()
        eventually(lambda: len(load.since(revoked)) >= 100, 30, "100 calls after the revoke")
        if after:
            after()
            back = time.monotonic()
            eventually(lambda: len(load.since(back)) >= 200, 30, "200 calls after Redis came back")
        late = load.since(revoked)
    assert late and {c.status for c in late} == {401}, sorted({c.status for c in late})
    return load


@pytest.fixture
def two(new_porter, private_servers):
    porter = new_porter(on=private_servers)
    porter.gateway()
    porter.gateway()
    return porter


def test_a_revoked_key_is_refused_at_once_on_both_gateways(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.gateway()
    load = revoke_under_load(porter, porter.organization())
    assert all(c.status in (200, 401) for c in load.calls)


def test_redis_stopped_before_during_and_after_the_revoke(two):
    revoke_under_load(two, two.organization(), before=two.servers.redis.kill)


def test_redis_killed_just_before_the_revoke_and_back_after_it(two):
    redis = two.servers.redis
    revoke_under_load(two, two.organization(), during=redis.kill, after=redis.start)


def test_redis_silent_during_the_revoke_and_back_after_it(two):
    """The cache still holds the key as good when Redis answers again."""
    redis = two.servers.redis
    revoke_under_load(two, two.organization(), during=redis.pause, after=redis.resume)


def test_redis_restarted_from_an_older_snapshot_after_the_revoke(two):
    """The snapshot holds the key as good and knows no tombstone."""
    redis = two.servers.redis

    def snapshot():
        done = subprocess.run(["redis-cli", "-p", str(redis.port), "SAVE"], capture_output=True, text=True,
                              check=True)
        assert "OK" in done.stdout

    def restart():
        redis.kill()
        redis.start()

    revoke_under_load(two, two.organization(), during=snapshot, after=restart)


def test_a_revoked_key_over_its_limit_is_not_taken_for_a_good_one(new_porter):
    """Each gateway remembers that the key was denied; a look at its limit is 401 all the same."""
    porter = new_porter()
    porter.gateway()
    porter.gateway()
    organization = porter.organization()
    key = organization.key(rate_limit=3)
    clients = [organization.client(gateway, key) for gateway in porter.gateways]
    assert [clients[0].get("/locations").status_code for _ in range(3)] == [200] * 3
    assert [client.get("/locations").status_code for client in clients] == [429, 429]
    assert [client.get("/rate-limit").status_code for client in clients] == [200, 200]
    assert [client.get("/locations").status_code for client in clients] == [429, 429]
    porter.ctl("key", "revoke", "--org", organization.id, key.id)
    assert [client.get("/rate-limit").status_code for client in clients] == [401, 401]

    def counted():
        statuses = {client.get("/locations").status_code for client in clients}
        assert statuses <= {401, 429}, statuses
        return statuses == {401}

    eventually(counted, 30, "401 on counted routes too")
