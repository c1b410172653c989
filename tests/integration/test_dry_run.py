"""X-Porter-Dry-Run: the answer that a write would get, and nothing of it done."""
import uuid

import pytest

from harness.porter import parse_id

PATH = "/visitors/pre-register"
DRY = {"X-Porter-Dry-Run": "true"}


class Desk:
    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.place, self.client = self.tenant.location(), self.tenant.client()

    def send(self, headers=DRY, **more):
        return self.client.post(PATH, json={"full_name": "Ada Lovelace", "location_id": self.place, **more}, headers=headers)

    def rows(self):
        """How many rows of each kind are the organization's."""
        with self.porter.database() as db:
            return {table: db.execute(f"SELECT count(*) FROM {table} WHERE org_id = %s", (parse_id(self.tenant.id),)).fetchone()[0]
                    for table in ("visitors", "events", "outbox", "idempotency")}


NOTHING = {"visitors": 0, "events": 0, "outbox": 0, "idempotency": 0}


@pytest.fixture
def desk(porter):
    return Desk(porter)


def test_the_answer_is_that_of_a_real_write_and_nothing_is_left(desk):
    dry = desk.send()
    assert dry.status_code == 201 and dry.headers["X-Porter-Dry-Run"] == "true", dry.text
    assert desk.rows() == NOTHING
    assert desk.client.get(f"/visitors/{dry.json()['id']}").status_code == 404
    real = desk.send(headers={})
    assert "X-Porter-Dry-Run" not in real.headers
    own = {"id", "created_at", "updated_at", "expected_at"}
    assert {k: v for k, v in dry.json().items() if k not in own} == {k: v for k, v in real.json().items() if k not in own}
    assert dry.headers["Location"].endswith(dry.json()["id"])


def test_all_faults_are_told(desk):
    dry, real = desk.send(email="no address", phone="1"), desk.send(headers={}, email="no address", phone="1")
    assert dry.status_code == 422 and dry.headers["X-Porter-Dry-Run"] == "true"
    assert dry.json()["errors"] == real.json()["errors"] and len(dry.json()["errors"]) == 2


def test_what_only_the_database_knows_is_checked_too(desk):
    elsewhere = Desk(desk.porter)
    dry = desk.send(location_id=elsewhere.place)
    assert dry.status_code == 422 and dry.json()["errors"][0]["field"] == "location_id", dry.text


def test_it_is_counted(desk):
    assert int(desk.send().headers["RateLimit-Remaining"]) == int(desk.send().headers["RateLimit-Remaining"]) + 1


def test_an_idempotency_key_stays_free(desk):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert desk.send(headers={**DRY, **key}).status_code == 201
    assert desk.rows() == NOTHING
    real = desk.send(headers=key)
    assert real.status_code == 201 and "Idempotency-Replayed" not in real.headers
    again = desk.send(headers={**DRY, **key})
    assert again.content == real.content and again.headers["Idempotency-Replayed"] == "true"
    assert desk.send(headers={**DRY, **key}, company="Other").status_code == 422


@pytest.mark.parametrize("value", ["yes", "1", "", "true, true"])
def test_a_bad_value_is_400_and_nothing_is_done(desk, value):
    answer = desk.send(headers={"X-Porter-Dry-Run": value})
    assert answer.status_code == 400 and answer.json()["type"].endswith("/malformed-request"), answer.text
    assert desk.rows() == NOTHING


def test_false_is_a_real_write(desk):
    answer = desk.send(headers={"X-Porter-Dry-Run": "false"})
    assert answer.status_code == 201 and "X-Porter-Dry-Run" not in answer.headers and desk.rows()["visitors"] == 1


def test_reads_take_no_notice(desk):
    answer = desk.client.get("/visitors", headers=DRY)
    assert answer.status_code == 200 and "X-Porter-Dry-Run" not in answer.headers
