"""Webhooks with a retry schedule and a maximal age of their own."""
import threading

import pytest

from harness.poll import eventually
from harness.porter import Porter, parse_id
from harness.refusals import faults

DEFAULT = 6  # Attempts of the configuration's schedule.
NEVER = {"PORTER_RETRY_SCHEDULE": ",".join(["100ms"] * (DEFAULT - 1)), "PORTER_PROBE_WAIT": "1h"}
HOOK = "https://example.com/hook"


class Endpoint:
    """A webhook whose endpoint is down until it is up."""

    def __init__(self, porter, organization=None, **more):
        self.porter, self.is_up = porter, threading.Event()
        self.receiver = porter.receiver(lambda r: (204 if self.is_up.is_set() else 500, {}, b""))
        self.organization = organization or porter.organization()
        self.client = self.organization.client()
        made = self.client.post("/webhooks", json={"url": self.receiver.url(), "events": ["visitor.pre_registered"], **more})
        assert made.status_code == 201, made.text
        self.id = made.json()["id"]

    def write(self, place, count=1):
        return [self.client.pre_register(place)["id"] for _ in range(count)]

    def patch(self, **changes):
        answer = self.client.request("PATCH", f"/webhooks/{self.id}", json=changes)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, **wanted):
        rows = self.client.get(f"/webhooks/{self.id}/deliveries", params={"sort": "created_at"}).json()["deliveries"]
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def until(self, count=1, **wanted):
        return eventually(lambda: rows if len(rows := self.rows(**wanted)) == count else None, 30, f"{count} deliveries {wanted}")

    def sql(self, statement, *values):
        with self.porter.database() as db:
            db.execute(f"UPDATE deliveries SET {statement} AND webhook_id = %s", (*values, parse_id(self.id)))

    def let_it_be_due(self):
        self.sql("due_at = now() WHERE state = 'pending'")

    def age(self, *subjects):
        """These events happened two hours ago."""
        self.sql("event_at = event_at - interval '2 hours' WHERE subject = ANY (%s)", list(subjects))


@pytest.fixture(scope="module")
def quick(servers):
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(**NEVER)
    yield porter
    porter.close()


@pytest.fixture(scope="module")
def slow(servers):
    """Where nothing is tried again by itself."""
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(PORTER_RETRY_SCHEDULE="1h,1h,1h", PORTER_PROBE_WAIT="1h")
    yield porter
    porter.close()


# ---- The schedule --------------------------------------------------------------------------------

def test_one_has_its_own_schedule_and_another_that_of_the_configuration(quick):
    own = Endpoint(quick, retry_schedule={"waits_seconds": [1]})
    other = Endpoint(quick, own.organization)
    own.write(own.organization.location())
    assert own.until(state="failed")[0]["attempt_count"] == 2
    assert other.until(state="failed")[0]["attempt_count"] == DEFAULT
    first, second = (r.at for r in own.receiver.matching())
    assert second - first >= 0.9  # A second, but for the jitter.


def test_a_new_schedule_counts_from_the_next_attempt_of_what_waits_already(slow):
    endpoint = Endpoint(slow)
    endpoint.write(endpoint.organization.location())
    waits = endpoint.until(state="pending", attempt_count=1)
    endpoint.patch(retry_schedule={"waits_seconds": [5]})
    assert endpoint.rows() == waits  # It is not moved.
    endpoint.let_it_be_due()
    assert endpoint.until(state="failed")[0]["attempt_count"] == 2


def test_without_its_own_schedule_it_follows_the_configuration_again(quick):
    endpoint = Endpoint(quick, retry_schedule={"waits_seconds": [604800]})
    assert endpoint.patch(retry_schedule=None)["retry_schedule"] is None
    endpoint.write(endpoint.organization.location())
    assert endpoint.until(state="failed")[0]["attempt_count"] == DEFAULT


# ---- The age -------------------------------------------------------------------------------------

def test_what_would_be_too_old_at_its_next_attempt_is_given_up(slow):
    endpoint = Endpoint(slow, max_age_seconds=60)
    other = Endpoint(slow, endpoint.organization)
    endpoint.write(endpoint.organization.location())
    row, = endpoint.until(state="failed")
    assert (row["attempt_count"], row["last_status"], row["last_failure"]) == (1, 500, "too_old") and "max_age_seconds" in row["last_error"]
    shown = endpoint.client.get(f"/webhooks/{endpoint.id}/deliveries/{row['id']}").json()
    assert [(one["verdict"], one["status"]) for one in shown["attempts"]] == [("give_up", 500)]
    other.until(state="pending", attempt_count=1)


def test_the_configuration_has_an_age_for_those_without_one(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_RETRY_SCHEDULE="1h", PORTER_DELIVERY_MAX_AGE="10m")
    endpoint = Endpoint(porter)
    own = Endpoint(porter, endpoint.organization, max_age_seconds=86400)
    endpoint.write(endpoint.organization.location())
    assert endpoint.until(state="failed")[0]["last_failure"] == "too_old"
    own.until(state="pending", attempt_count=1)


def test_what_waits_already_is_given_up_when_its_turn_comes(slow):
    endpoint = Endpoint(slow)
    old, = endpoint.write(place := endpoint.organization.location())
    endpoint.until(state="pending", attempt_count=1)
    young, = endpoint.write(place)
    endpoint.until(2, state="pending", attempt_count=1)
    endpoint.age(old)
    endpoint.patch(max_age_seconds=7000)
    endpoint.is_up.set()
    endpoint.let_it_be_due()
    row, = endpoint.until(state="failed")
    assert (row["subject"], row["attempt_count"], row["last_failure"]) == (old, 1, "too_old")
    assert endpoint.until(state="delivered")[0]["subject"] == young


def test_a_first_attempt_is_made_whatever_the_age_and_so_is_one_by_hand(slow):
    endpoint = Endpoint(slow, max_age_seconds=60)
    subject, = endpoint.write(endpoint.organization.location())
    row, = endpoint.until(state="failed", attempt_count=1)
    endpoint.age(subject)
    path = f"/webhooks/{endpoint.id}/deliveries/{row['id']}/retry"
    assert endpoint.client.post(path).status_code == 202
    assert endpoint.until(state="failed", attempt_count=2)[0]["last_failure"] == "too_old"
    endpoint.is_up.set()
    assert endpoint.client.post(path).status_code == 202
    row, = endpoint.until(state="delivered", attempt_count=3)
    assert row["last_failure"] is None and row["last_error"] is None


def test_what_is_held_and_too_old_is_given_up_when_it_would_go_out(slow):
    endpoint = Endpoint(slow, max_age_seconds=3600, status="disabled")
    place = endpoint.organization.location()
    old, young = endpoint.write(place, 3), endpoint.write(place, 2)
    endpoint.until(5, state="held")
    endpoint.age(*old)
    endpoint.is_up.set()
    assert len(endpoint.rows(state="held")) == 5  # Not before.
    endpoint.patch(status="enabled")
    gone = endpoint.until(3, state="failed")
    assert {row["subject"] for row in gone} == set(old)
    assert {(row["attempt_count"], row["last_failure"]) for row in gone} == {(0, "too_old")} and all(row["finished_at"] for row in gone)
    assert {row["subject"] for row in endpoint.until(2, state="delivered")} == set(young)
    assert len(endpoint.receiver.matching()) == 2


def test_what_is_too_old_is_not_what_a_failing_endpoint_is_tried_with(slow):
    endpoint = Endpoint(slow, max_age_seconds=7000)  # More than an hour's wait, less than two hours.
    place = endpoint.organization.location()
    before = endpoint.write(place, 10)
    eventually(lambda: endpoint.client.get(f"/webhooks/{endpoint.id}").json()["health"] == "failing", 30, "an endpoint that fails")
    endpoint.until(10, attempt_count=1)
    endpoint.let_it_be_due()
    endpoint.until(10, state="held")
    young, = endpoint.write(place)
    endpoint.until(11, state="held")
    endpoint.age(*before)
    endpoint.is_up.set()
    tried = len(endpoint.receiver.matching())
    with endpoint.porter.database() as db:
        db.execute("UPDATE webhook_circuits SET next_at = now() WHERE webhook_id = %s", (parse_id(endpoint.id),))
    assert {row["subject"] for row in endpoint.until(10, state="failed")} == set(before)
    assert endpoint.until(state="delivered")[0]["subject"] == young
    assert len(endpoint.receiver.matching()) == tried + 1


# ---- What may be asked for -----------------------------------------------------------------------

WAITS = "retry_schedule.waits_seconds"


@pytest.mark.parametrize("body,want", [
    ({"retry_schedule": {"waits_seconds": []}}, {(WAITS, "required")}),
    ({"retry_schedule": {}}, {(WAITS, "required")}),
    ({"retry_schedule": {"waits_seconds": [0, 1, 604801]}}, {(f"{WAITS}[0]", "out_of_range"), (f"{WAITS}[2]", "out_of_range")}),
    ({"retry_schedule": {"waits_seconds": [1] * 33}}, {(WAITS, "too_many")}),
    ({"retry_schedule": {"waits_seconds": ["5s"]}}, {(f"{WAITS}[0]", "wrong_type")}),
    ({"retry_schedule": [5]}, {("retry_schedule", "wrong_type")}),
    ({"max_age_seconds": 0}, {("max_age_seconds", "out_of_range")}),
    ({"max_age_seconds": 2592001}, {("max_age_seconds", "out_of_range")}),
    ({"max_age_seconds": "1h"}, {("max_age_seconds", "wrong_type")}),
])
def test_what_is_no_schedule_and_no_age_is_refused(quick, body, want):
    client = quick.organization().client()
    assert faults(client.post("/webhooks", json={"url": HOOK, "events": ["*"], **body})) == want
    made = client.post("/webhooks", json={"url": HOOK, "events": ["*"]}).json()
    assert faults(client.request("PATCH", f"/webhooks/{made['id']}", json=body)) == want


def test_they_are_shown_kept_and_given_back(quick):
    organization = quick.organization()
    client = organization.client()
    made = client.post("/webhooks", json={"url": HOOK, "events": ["*"]}).json()
    assert (made["retry_schedule"], made["max_age_seconds"]) == (None, None)
    path, most = f"/webhooks/{made['id']}", {"waits_seconds": [1, 604800] * 16}

    def patch(**changes):
        answer = client.request("PATCH", path, json=changes)
        assert answer.status_code == 200, answer.text
        assert client.get(path).json() == answer.json()
        return answer.json()

    set_ = patch(retry_schedule=most, max_age_seconds=2592000)
    assert (set_["retry_schedule"], set_["max_age_seconds"]) == (most, 2592000)
    assert patch(retry_schedule=most) == set_  # Nothing is new.
    kept = patch(description="The door.")
    assert (kept["retry_schedule"], kept["max_age_seconds"]) == (most, 2592000)
    quick.ctl("webhook", "update", made["id"], "--org", organization.id, "--description", "Both doors.")
    assert (client.get(path).json()["retry_schedule"], client.get(path).json()["max_age_seconds"]) == (most, 2592000)
    back = patch(retry_schedule=None)
    assert (back["retry_schedule"], back["max_age_seconds"]) == (None, 2592000)
    assert patch(max_age_seconds=None)["max_age_seconds"] is None


@pytest.mark.parametrize("keep, most", [("30d", 30 * 86400), ("3d", 3 * 86400), ("90d", 30 * 86400), ("0", None)])
def test_nothing_may_be_tried_for_longer_than_deliveries_are_kept(new_porter, keep, most):
    """A row that is still to be sent keeps its day, and everybody's rows of it."""
    porter = new_porter()
    porter.gateway(PORTER_RETENTION_DELIVERIES=keep)
    client = porter.organization().client()
    make = lambda **more: client.post("/webhooks", json={"url": HOOK, "events": ["*"], **more})
    whole = [86400] * ((most or 32 * 86400) // 86400)
    made = make(retry_schedule={"waits_seconds": whole}, max_age_seconds=most or 2592000)
    assert made.status_code == 201, made.text
    path = f"/webhooks/{made.json()['id']}"
    if most:
        for refused in (make(retry_schedule={"waits_seconds": whole + [1]}), client.request("PATCH", path, json={"retry_schedule": {"waits_seconds": whole + [1]}})):
            assert faults(refused) == {(WAITS, "out_of_range")} and str(most) in refused.text
        assert faults(make(max_age_seconds=most + 1)) == {("max_age_seconds", "out_of_range")}
    else:
        assert make(retry_schedule={"waits_seconds": [604800] * 32}).status_code == 201
    assert client.request("PATCH", path, json={"description": "The door."}).status_code == 200
