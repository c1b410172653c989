"""No key gets more than its limit in any 60 seconds, counted over all gateways; Retry-After is true."""
import itertools
import math
import threading
import time

import pytest
import requests

from harness.load import call

LIMIT = 100
WINDOW = 60.0


@pytest.fixture
def two_gateways(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.gateway()
    return porter


def burst(porter, key, count, connections):
    """`count` requests at once from so many connections, spread over the gateways."""
    calls, lock, barrier = [], threading.Lock(), threading.Barrier(connections)
    numbers = itertools.count()

    def run(connection):
        gateway = porter.gateways[connection % len(porter.gateways)]
        session = requests.Session()
        barrier.wait()
        while next(numbers) < count:
            made = call(session, "GET", f"{gateway.url}/api/v1/locations", porter.tls / "ca.pem", key)
            with lock:
                calls.append(made)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


def most_in_a_window(admitted):
    """The most admissions that surely fell within 60 s: begun and ended inside."""
    return max(sum(1 for other in admitted
                   if one.began <= other.began and other.ended < one.began + WINDOW)
               for one in admitted)


@pytest.mark.slow
def test_exactly_the_limit_in_every_window_and_retry_after_is_true(two_gateways):
    porter = two_gateways
    key = porter.organization().key(rate_limit=LIMIT).text

    first = burst(porter, key, 300, 30)
    admitted = [c for c in first if c.status == 200]
    denied = [c for c in first if c.status == 429]
    assert len(admitted) == LIMIT and len(denied) == 200, [c.status for c in first]
    oldest_began, oldest_ended = min(c.began for c in admitted), min(c.ended for c in admitted)
    for one in denied:
        wait = int(one.headers["Retry-After"])
        assert one.began + wait >= oldest_began + WINDOW - 1, "too late an answer would be untrue"
        assert wait <= math.ceil(WINDOW), wait
        assert one.ended + wait >= oldest_began + WINDOW, "who waits that long must be let in"
        assert wait - 1 <= oldest_ended + WINDOW - one.began, "Retry-After is not rounded up by more than one"
        assert one.headers["RateLimit-Remaining"] == "0"
        assert one.body["status"] == 429

    # Until the oldest admission is 60 s old nothing gets in, and whoever waits as told does.
    ca, url = porter.tls / "ca.pem", f"{porter.gateways[0].url}/api/v1/locations"
    patient = max(denied, key=lambda c: c.ended)
    due = patient.ended + int(patient.headers["Retry-After"])
    calls, session = list(first), requests.Session()
    while time.monotonic() < due:
        calls.append(call(session, "GET", url, ca, key))
        if calls[-1].ended < oldest_began + WINDOW:
            assert calls[-1].status == 429, "let in within the window"
        time.sleep(0.05)  # A pace, not a wait: whatever it is, the claims are the same.
    calls.append(call(session, "GET", url, ca, key))
    assert calls[-1].status == 200, calls[-1].headers

    calls += burst(porter, key, 150, 30)
    assert most_in_a_window([c for c in calls if c.status == 200]) <= LIMIT


def test_answers_tell_limit_remaining_and_reset(porter, organization):
    client = organization.client(key=organization.key(rate_limit=5))
    answers = [client.get("/locations") for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert [a.headers["RateLimit-Remaining"] for a in answers] == ["4", "3", "2", "1", "0", "0"]
    assert all(a.headers["RateLimit-Limit"] == "5" for a in answers)
    assert all(0 < int(a.headers["RateLimit-Reset"]) <= 60 for a in answers)
    assert all("w=60" in a.headers["RateLimit-Policy"] for a in answers)


def test_asking_for_the_limit_uses_nothing_up(porter, organization):
    client = organization.client(key=organization.key(rate_limit=3))
    for _ in range(5):
        assert client.get("/rate-limit").json()["remaining"] == 3
    client.get("/locations")
    assert client.get("/rate-limit").json()["remaining"] == 2


def test_keys_have_windows_of_their_own(porter, organization):
    one, other = (organization.client(key=organization.key(rate_limit=1)) for _ in range(2))
    assert one.get("/locations").status_code == 200
    assert one.get("/locations").status_code == 429
    assert other.get("/locations").status_code == 200


def test_without_redis_the_window_is_kept_in_the_process(new_porter, private_servers):
    porter = new_porter(on=private_servers)
    porter.gateway()
    key = porter.organization().key(rate_limit=LIMIT).text
    private_servers.redis.kill()
    calls = burst(porter, key, 150, 10)
    assert sorted({c.status for c in calls}) == [200, 429]
    assert sum(c.status == 200 for c in calls) == LIMIT
