"""Idempotency-Key: a request that is sent again is answered again, and carried out once."""
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.gate import Gate
from harness.poll import eventually
from harness.porter import LOCKS_HERE, Client, parse_id

PATH = "/visitors/pre-register"


def token():
    return f"order-{uuid.uuid4().hex}"


class Desk:
    """An organization with a place and a client."""

    def __init__(self, porter, gateway=None):
        self.porter, self.tenant = porter, porter.organization()
        self.place, self.client = self.tenant.location(), self.tenant.client(gateway)

    def body(self, **more):
        return {"full_name": "Zoë Łukasiewicz 山田", "location_id": self.place, **more}

    def send(self, key, client=None, headers=None, **more):
        return (client or self.client).post(PATH, json=self.body(**more), headers={"Idempotency-Key": key, **(headers or {})})

    def at(self, gateway):
        """The same caller on a connection of its own, at another gateway."""
        return Client(gateway.url, self.client.key, self.client.ca)

    def visitors(self):
        with self.porter.database() as db:
            return db.execute("SELECT count(*) FROM visitors WHERE org_id = %s", (parse_id(self.tenant.id),)).fetchone()[0]


@pytest.fixture
def desk(porter):
    return Desk(porter)


def test_a_repeat_gets_the_first_answer_byte_for_byte(desk):
    key = token()
    first, second = desk.send(key), desk.send(key)
    assert first.status_code == second.status_code == 201, second.text
    assert first.content == second.content and desk.visitors() == 1
    assert "Idempotency-Replayed" not in first.headers and second.headers["Idempotency-Replayed"] == "true"
    for name in ("Location", "Content-Type", "ETag"):
        assert first.headers[name] == second.headers[name]
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_the_event_of_a_kept_answer_goes_out_once(desk):
    key = token()
    desk.send(key), desk.send(key)
    with desk.porter.database() as db:
        org = (parse_id(desk.tenant.id),)
        assert db.execute("SELECT count(*) FROM events WHERE org_id = %s", org).fetchone()[0] == 1
        eventually(lambda: db.execute("SELECT count(*) FROM outbox WHERE org_id = %s", org).fetchone()[0] == 0, 15,
                   "an outbox without this row")


def test_the_same_key_with_another_request_is_refused(desk):
    key = token()
    assert desk.send(key).status_code == 201
    for other in (desk.send(key, company="Another AG"), desk.client.post(PATH + "?a=b", json=desk.body(), headers={"Idempotency-Key": key})):
        assert other.status_code == 422 and other.json()["type"].endswith("/idempotency-mismatch"), other.text
    assert desk.visitors() == 1


def test_a_refusal_that_lasts_is_kept_too(desk):
    key = token()
    first, second = desk.send(key, email="no address"), desk.send(key, email="no address")
    assert first.status_code == second.status_code == 422 and first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Content-Type"] == "application/problem+json"
    assert second.json()["instance"] == first.headers["X-Request-Id"]


def test_a_statement_that_fails_is_answered_as_without_a_key(desk):
    stranger = Desk(desk.porter)
    with_key, without = desk.send(token(), location_id=stranger.place), desk.client.post(PATH, json=desk.body(location_id=stranger.place))
    assert with_key.status_code == without.status_code == 422
    assert with_key.json()["errors"] == without.json()["errors"]


def test_keys_of_others_mean_nothing(desk):
    stranger, key = Desk(desk.porter), token()
    second = desk.tenant.client()
    answers = [desk.send(key), stranger.send(key), desk.send(key, client=second)]
    assert [one.status_code for one in answers] == [201] * 3
    assert all("Idempotency-Replayed" not in one.headers for one in answers)
    assert len({one.json()["id"] for one in answers}) == 3


@pytest.mark.parametrize("key", ["a", "x" * 255, '"quoted-string"', "~ !#"])
def test_any_printable_key_will_do(desk, key):
    assert desk.send(key).status_code == 201
    assert desk.send(key).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "naïve".encode(), b"tab\there"])
def test_any_other_key_is_malformed(desk, key):
    answer = desk.send(key)
    assert answer.status_code == 400 and answer.json()["type"].endswith("/malformed-request"), answer.text
    assert desk.visitors() == 0


def test_reads_take_no_notice(desk):
    key = {"Idempotency-Key": token()}
    before = desk.client.get("/visitors", headers=key).json()
    desk.client.pre_register(desk.place)
    after = desk.client.get("/visitors", headers=key)
    assert before["visitors"] == [] and len(after.json()["visitors"]) == 1
    assert "Idempotency-Replayed" not in after.headers


def test_a_repeat_while_the_first_is_under_way_is_told_to_wait(desk):
    key = token()
    with desk.porter.database() as db, ThreadPoolExecutor(1) as pool:
        with db.transaction():
            db.execute("LOCK TABLE visitors IN EXCLUSIVE MODE")
            first = pool.submit(desk.send, key)
            eventually(lambda: db.execute(
                f"SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted AND {LOCKS_HERE}").fetchone()[0] == 1, 10,
                "the first request at the lock")
            second = desk.send(key, client=desk.at(desk.porter.gateways[0]))
            assert second.status_code == 409 and second.json()["type"].endswith("/idempotency-in-progress"), second.text
            assert second.headers["Retry-After"] == "1"
        assert first.result().status_code == 201
    assert desk.send(key).content == first.result().content and desk.visitors() == 1


def test_many_at_once_on_two_gateways_make_one_visitor(new_porter):
    porter = new_porter()
    gateways = [porter.gateway(), porter.gateway()]
    desk = Desk(porter)
    for _ in range(5):
        key, before = token(), desk.visitors()
        start = threading.Barrier(16)

        def send(number):
            start.wait()
            return desk.send(key, client=desk.at(gateways[number % 2]))

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(send, range(16)))
        assert {one.status_code for one in answers} <= {201, 409}
        made = {one.content for one in answers if one.status_code == 201}
        assert len(made) == 1 and desk.visitors() == before + 1
        assert sum("Idempotency-Replayed" not in one.headers for one in answers if one.status_code == 201) == 1
        assert desk.send(key).content in made


def test_a_crash_between_commit_and_answer_loses_neither(new_porter):
    """The commit reaches PostgreSQL, its answer never reaches the gateway, and the gateway is killed."""
    porter = new_porter()
    gate = Gate(porter.environment()["PORTER_DB_URL"])
    gateway = porter.gateway(PORTER_DB_URL=gate.url)
    desk, key = Desk(porter), token()
    gate.swallow(b"COMMIT")
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(desk.send, key)
        assert gate.swallowed.wait(10)
        eventually(lambda: desk.visitors() == 1, 30, "the commit")
        gateway.kill()
        assert lost.exception(timeout=20) is not None
    other = porter.gateway()
    client = desk.at(other)
    again = desk.send(key, client=client)
    assert again.status_code == 201 and again.headers["Idempotency-Replayed"] == "true", again.text
    assert desk.visitors() == 1 and client.get(f"/visitors/{again.json()['id']}").json() == again.json()
    gate.close()


def test_a_crash_before_the_commit_leaves_nothing_and_the_key_free(new_porter):
    porter = new_porter()
    gateway = porter.gateway()
    desk, key = Desk(porter), token()
    with porter.database() as db, ThreadPoolExecutor(1) as pool:
        with db.transaction():
            db.execute("LOCK TABLE idempotency IN EXCLUSIVE MODE")
            lost = pool.submit(desk.send, key)
            eventually(lambda: db.execute(
                f"SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted AND {LOCKS_HERE}").fetchone()[0] == 1, 10,
                "the answer at the lock")
            gateway.kill()
            assert lost.exception(timeout=20) is not None
        eventually(lambda: db.execute(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND {LOCKS_HERE}").fetchone()[0] == 0,
                   15, "the dead gateway's lock to go")
    other = porter.gateway()
    client = desk.at(other)
    assert desk.visitors() == 0
    again = desk.send(key, client=client)
    assert again.status_code == 201 and "Idempotency-Replayed" not in again.headers and desk.visitors() == 1


def test_after_a_day_the_key_is_free_and_its_row_goes(desk):
    key, old = token(), token()
    desk.send(old)
    first = desk.send(key)
    with desk.porter.database() as db:
        org = (parse_id(desk.tenant.id),)
        hours = db.execute("SELECT extract(epoch FROM expires_at - created_at) / 3600 FROM idempotency WHERE org_id = %s", org).fetchone()
        assert float(hours[0]) == 24
        db.execute("UPDATE idempotency SET expires_at = now() - interval '1 second' WHERE org_id = %s", org)
        again = desk.send(key)
        assert again.status_code == 201 and again.json()["id"] != first.json()["id"]
        assert "Idempotency-Replayed" not in again.headers
        other = desk.porter.gateway()  # A gateway begins with the chores.
        eventually(lambda: db.execute("SELECT array_agg(token) FROM idempotency WHERE org_id = %s", org).fetchone()[0] == [key], 15,
                   "the expired row to go")
        other.stop()


def test_what_is_kept_can_not_be_read_in_the_database(desk):
    made = desk.send(token()).json()
    with desk.porter.database() as db:
        body, = db.execute("SELECT body FROM idempotency WHERE org_id = %s", (parse_id(desk.tenant.id),)).fetchone()
    assert made["id"].encode() not in bytes(body) and b"full_name" not in bytes(body)
