"""Endpoints that get nothing for now: their events are held, and go out in order when they are back."""
import itertools
import json
import threading

import pytest

from harness.poll import eventually
from harness.porter import Porter, parse_id

FAST = {"PORTER_PROBE_WAIT": "200ms", "PORTER_PROBE_WAIT_MAX": "400ms", "PORTER_HELD_RATE": "1000",
        "PORTER_RETRY_SCHEDULE": "100ms,100ms,100ms"}
NEVER = {"PORTER_PROBE_WAIT": "1h", "PORTER_RETRY_SCHEDULE": "100ms,100ms,100ms"}
IN_A_ROW = 10


class Endpoint:
    """A receiver that is down until it is up, and an organization whose webhook it is."""

    def __init__(self, porter):
        self.porter, self.is_up = porter, threading.Event()
        self.receiver = porter.receiver(lambda r: (204 if self.is_up.is_set() else 500, {}, b""))
        self.organization = porter.organization()
        self.client, self.place = self.organization.client(), self.organization.location()
        self.id = self.organization.webhook(self.receiver.url()).id

    def write(self, count):
        """Visitors, in order."""
        return [self.client.pre_register(self.place)["id"] for _ in range(count)]

    def webhook(self):
        return self.client.get(f"/webhooks/{self.id}").json()

    def patch(self, **changes):
        answer = self.client.request("PATCH", f"/webhooks/{self.id}", json=changes)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, **wanted):
        with self.porter.database() as db:
            cursor = db.execute(
                "SELECT subject, state, attempts, attempts_before, due_at, finished_at, last_status FROM deliveries"
                " WHERE org_id = %s AND webhook_id = %s AND NOT is_test ORDER BY id",
                (parse_id(self.organization.id), parse_id(self.id)))
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def until_rows(self, count, **wanted):
        return eventually(lambda: rows if len(rows := self.rows(**wanted)) == count else None, 30, f"{count} rows {wanted}")

    def until_health(self, health):
        return eventually(lambda: hook if (hook := self.webhook())["health"] == health else None, 30, f"a webhook that is {health}")

    def got(self):
        """Of which visitors it has got events, in order."""
        return [json.loads(r.body)["data"]["visitor"]["id"] for r in self.receiver.matching() if "x-porter-test" not in r.headers]


def porter_with(servers, **settings):
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(**settings)
    return porter


@pytest.fixture(scope="module")
def fast(servers):
    porter = porter_with(servers, **FAST)
    yield porter
    porter.close()


@pytest.fixture(scope="module")
def patient(servers):
    """Where no probe is ever due by itself."""
    porter = porter_with(servers, **NEVER)
    yield porter
    porter.close()


# ---- Disabled ------------------------------------------------------------------------------------

def test_events_of_a_disabled_webhook_are_held_and_go_out_in_order(fast):
    endpoint = Endpoint(fast)
    endpoint.is_up.set()
    first = endpoint.write(1)
    endpoint.receiver.wait(1)
    hook = endpoint.patch(status="disabled")
    assert (hook["health"], hook["failing_since"], hook["next_probe_at"]) == ("ok", None, None)
    visitors = endpoint.write(30)
    held = endpoint.until_rows(30, state="held")
    assert [row["subject"] for row in held] == visitors
    assert {(row["attempts"], row["due_at"], row["finished_at"]) for row in held} == {(0, None, None)}
    assert endpoint.got() == first
    assert endpoint.patch(status="enabled")["health"] == "recovering"
    endpoint.until_rows(31, state="delivered")
    assert sorted(endpoint.got()) == sorted(first + visitors)
    # One worker, many requests at once: in order means that none overtakes by more than a window.
    assert endpoint.got()[0] == first[0]
    live = endpoint.write(1)
    endpoint.until_rows(32, state="delivered")
    assert endpoint.got()[-1:] == live


def test_what_was_held_goes_out_one_by_one_at_a_bounded_rate(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_LANE_WINDOW=1, PORTER_HELD_RATE=50)
    endpoint = Endpoint(porter)
    endpoint.is_up.set()
    endpoint.patch(status="disabled")
    visitors = endpoint.write(120)
    endpoint.until_rows(120, state="held")
    endpoint.patch(status="enabled")
    endpoint.until_rows(120, state="delivered")
    assert endpoint.got() == visitors
    at = [r.at for r in endpoint.receiver.matching()]
    assert at[-1] - at[0] > 119 / 50 * 0.5  # At least as long as the rate says; half, for a first portion that was late.


def test_only_events_that_it_asks_for_are_held(fast):
    endpoint = Endpoint(fast)
    endpoint.is_up.set()
    endpoint.patch(status="disabled", events=["visitor.checked_out"])
    other = fast.receiver()
    endpoint.organization.webhook(other.url())
    endpoint.write(1)
    other.wait(1)
    assert endpoint.rows() == []


# ---- Failing -------------------------------------------------------------------------------------

def test_an_endpoint_that_only_fails_is_given_a_rest_and_loses_nothing(fast):
    endpoint = Endpoint(fast)
    well = fast.receiver()
    endpoint.organization.webhook(well.url())
    before = endpoint.write(IN_A_ROW)
    hook = endpoint.until_health("failing")
    assert hook["failing_since"] and hook["next_probe_at"] and hook["status"] == "enabled"
    visitors = endpoint.write(20)
    well.wait(len(before) + 20)  # The other one is not touched.
    endpoint.until_rows(30, state="held")
    # A single one is tried now and then: the oldest.
    probed = {row["subject"] for row in endpoint.rows() if row["attempts"] > 4}
    eventually(lambda: max(row["attempts"] for row in endpoint.rows()) > 6, 30, "more probes than the schedule has attempts")
    assert endpoint.rows(attempts=0)[-1]["subject"] == visitors[-1] and len(endpoint.rows(attempts=0)) >= 15
    assert probed <= {before[0]}
    endpoint.is_up.set()
    endpoint.until_rows(30, state="delivered")
    assert set(endpoint.got()) == set(before + visitors)
    hook = endpoint.webhook()
    assert (hook["health"], hook["failing_since"], hook["next_probe_at"]) == ("recovering", None, None)
    assert fast.dispatchers[0].metric('porter_circuits_total{event="closed"}') >= 1


def test_an_answer_that_takes_too_long_is_a_failure_too(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_ATTEMPT_TIMEOUT="300ms", **NEVER)
    release = threading.Event()
    endpoint = Endpoint(porter)
    endpoint.receiver.answer = lambda r: (release.wait(20), (204, {}, b""))[1]
    endpoint.write(IN_A_ROW)
    endpoint.until_health("failing")
    release.set()


def test_a_few_failures_open_nothing(patient):
    endpoint = Endpoint(patient)
    count = itertools.count()
    endpoint.receiver.answer = lambda r: (500 if r.headers["x-porter-attempt"] == "1" and next(count) % 2 else 204, {}, b"")
    visitors = endpoint.write(30)
    endpoint.until_rows(30, state="delivered")
    assert set(endpoint.got()) == set(visitors) and endpoint.webhook()["health"] == "ok"


def test_a_sample_that_is_answered_well_ends_the_rest(patient):
    endpoint = Endpoint(patient)
    visitors = endpoint.write(IN_A_ROW + 5)
    endpoint.until_health("failing")
    endpoint.until_rows(len(visitors), state="held")
    assert endpoint.client.post(f"/webhooks/{endpoint.id}/test").status_code == 202
    eventually(lambda: len(endpoint.receiver.matching(x_porter_test="true")) == 1, 30, "a sample")
    assert endpoint.webhook()["health"] == "failing"
    endpoint.is_up.set()
    assert endpoint.client.post(f"/webhooks/{endpoint.id}/test").status_code == 202
    endpoint.until_rows(len(visitors), state="delivered")


def test_a_new_url_is_tried_at_once(patient):
    endpoint = Endpoint(patient)
    visitors = endpoint.write(IN_A_ROW + 5)
    endpoint.until_health("failing")
    endpoint.until_rows(len(visitors), state="held")
    mended = patient.receiver()
    assert endpoint.patch(description="The door.")["health"] == "failing"
    endpoint.patch(url=mended.url())
    endpoint.until_rows(len(visitors), state="delivered")
    mended.wait(len(visitors))


def test_a_webhook_that_is_disabled_meanwhile_is_not_probed(fast):
    endpoint = Endpoint(fast)
    visitors = endpoint.write(IN_A_ROW)
    endpoint.until_health("failing")
    assert endpoint.patch(status="disabled")["health"] == "ok"
    endpoint.until_rows(len(visitors), state="held")
    with fast.database() as db:
        assert db.execute("SELECT count(*) FROM webhook_circuits WHERE webhook_id = %s", (parse_id(endpoint.id),)).fetchone() == (0,)
    endpoint.is_up.set()
    endpoint.patch(status="enabled")
    endpoint.until_rows(len(visitors), state="delivered")


def test_one_that_fails_for_too_long_is_disabled_and_says_why(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(**FAST, PORTER_DISABLE_AFTER="1s")
    endpoint = Endpoint(porter)
    visitors = endpoint.write(IN_A_ROW)
    hook = eventually(lambda: hook if (hook := endpoint.webhook())["status"] == "disabled" else None, 60, "a disabled webhook")
    assert hook["disabled_reason"].startswith("Nothing but failures since 20") and "answered 500" in hook["disabled_reason"]
    assert int(hook["disabled_reason"].split(", ")[1].split()[0]) >= 20
    endpoint.until_rows(len(visitors), state="held")
    with porter.database() as db:
        assert db.execute("SELECT actor, action FROM audit_log WHERE org_id = %s AND action = 'webhook.disabled'",
                          (parse_id(endpoint.organization.id),)).fetchone() == ("dispatcher", "webhook.disabled")
    endpoint.is_up.set()
    endpoint.patch(status="enabled")
    endpoint.until_rows(len(visitors), state="delivered")


def test_what_one_dispatcher_finds_all_heed(new_porter):
    porter = new_porter()
    porter.gateway()
    for _ in range(2):
        porter.dispatcher(**FAST)
    endpoint = Endpoint(porter)
    before = endpoint.write(2 * IN_A_ROW)
    endpoint.until_health("failing")
    visitors = endpoint.write(40)
    endpoint.until_rows(60, state="held")
    assert len(endpoint.rows(attempts=0)) >= 30
    endpoint.is_up.set()
    endpoint.until_rows(60, state="delivered")
    assert set(endpoint.got()) == set(before + visitors)


def test_a_killed_dispatcher_leaves_what_is_held_to_the_next(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(**NEVER)
    endpoint = Endpoint(porter)
    visitors = endpoint.write(IN_A_ROW + 5)
    endpoint.until_health("failing")
    endpoint.until_rows(len(visitors), state="held")
    porter.dispatchers[0].kill()
    endpoint.is_up.set()
    with porter.database() as db:
        db.execute("UPDATE webhook_circuits SET next_at = now()")
    porter.dispatcher(**FAST)
    endpoint.until_rows(len(visitors), state="delivered")


def test_a_secret_that_can_not_be_opened_holds_events_until_it_can(fast):
    endpoint = Endpoint(fast)
    endpoint.is_up.set()
    with fast.database() as db:
        secret, = db.execute("SELECT secret FROM webhooks WHERE id = %s", (parse_id(endpoint.id),)).fetchone()
        db.execute("UPDATE webhooks SET secret = 'x' WHERE id = %s", (parse_id(endpoint.id),))
    visitors = endpoint.write(3)
    endpoint.until_health("failing")
    endpoint.until_rows(3, state="held")
    assert endpoint.got() == []
    sample = endpoint.client.post(f"/webhooks/{endpoint.id}/test").json()
    eventually(lambda: endpoint.client.get(f"/webhooks/{endpoint.id}/deliveries/{sample['id']}").json()["state"] == "failed",
               30, "a sample that failed")
    with fast.database() as db:
        db.execute("UPDATE webhooks SET secret = %s WHERE id = %s", (secret, parse_id(endpoint.id)))
        db.execute("SELECT pg_notify('porter_webhooks', '')")
    endpoint.until_rows(3, state="delivered")
    assert set(endpoint.got()) == set(visitors)


# ---- What people see -----------------------------------------------------------------------------

def test_held_deliveries_are_in_the_log(patient):
    endpoint = Endpoint(patient)
    endpoint.patch(status="disabled")
    endpoint.write(2)
    endpoint.until_rows(2, state="held")
    page = endpoint.client.get(f"/webhooks/{endpoint.id}/deliveries", params={"state": "held"}).json()
    assert [row["state"] for row in page["deliveries"]] == ["held", "held"]
    assert {row["next_attempt_at"] for row in page["deliveries"]} == {None}
