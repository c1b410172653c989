"""Endpoints that get nothing for now: their events are held, and go out in order when they are back."""
import itertools
import json
import threading
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest

from harness.meanwhile import meanwhile
from harness.poll import eventually
from harness.porter import parse_id, porter_with

FAST = {"PORTER_PROBE_WAIT": "200ms", "PORTER_PROBE_WAIT_MAX": "400ms", "PORTER_HELD_RATE": "1000",
        "PORTER_RETRY_SCHEDULE": "100ms," * 11 + "100ms"}  # Longer than ten failures in a row take, whoever is slow.
SHORT = {**FAST, "PORTER_RETRY_SCHEDULE": "100ms,100ms,100ms"}
NEVER = {"PORTER_PROBE_WAIT": "1h", "PORTER_RETRY_SCHEDULE": FAST["PORTER_RETRY_SCHEDULE"]}
IN_A_ROW = 10
LANE_DOUBT = 3  # Every so many of a dispatcher's own it asks what others saw.


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


def impatient(porter):
    """While the block runs no statement waits for a lock for long: it is ended as the server's own time-out would do later."""
    def cancel(is_over):
        with porter.database() as db:
            while not is_over.wait(0.2):
                db.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

    return meanwhile(cancel)


@pytest.fixture(scope="module")
def fast(servers):
    porter = porter_with(servers, **FAST)
    yield porter
    porter.close()


@pytest.fixture(scope="module")
def hasty(servers):
    """Where what is refused comes to its end soon."""
    porter = porter_with(servers, **SHORT)
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
    # A single one is tried now and then, each time the next: none has its turn again before all have had theirs.
    untried = eventually(lambda: rows if 0 < len(rows := endpoint.rows(attempts=0)) < 18 else None, 30, "a few probes")
    assert [row["subject"] for row in untried] == visitors[20 - len(untried):]
    endpoint.is_up.set()
    endpoint.until_rows(30, state="delivered")
    assert set(endpoint.got()) == set(before + visitors)
    hook = endpoint.webhook()
    assert (hook["health"], hook["failing_since"], hook["next_probe_at"]) == ("recovering", None, None)
    assert fast.dispatchers[0].metric('porter_circuit_events_total{event="closed"}') >= 1


def test_how_many_get_a_rest_is_told(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(**NEVER)
    endpoint = Endpoint(porter)
    endpoint.write(IN_A_ROW)
    endpoint.until_health("failing")
    dispatcher = again(porter, **NEVER)  # It counts when it begins, and from time to time.
    eventually(lambda: dispatcher.metric('porter_circuits{state="open"}') == 1, 30, "one that is open")
    assert dispatcher.metric('porter_circuits{state="draining"}') == 0


def test_one_event_that_is_always_refused_keeps_no_other_back(hasty):
    endpoint = Endpoint(hasty)
    visitors = endpoint.write(IN_A_ROW)
    endpoint.until_health("failing")
    refused = lambda r: json.loads(r.body)["data"]["visitor"]["id"] == visitors[0]
    endpoint.receiver.answer = lambda r: (400 if refused(r) else 204, {}, b"")
    endpoint.until_rows(IN_A_ROW - 1, state="delivered")
    assert [row["subject"] for row in endpoint.until_rows(1, state="failed")] == visitors[:1]


def test_what_is_always_refused_comes_to_an_end_however_often_others_do_well(hasty):
    """Enough of them open the circuit each time that they go out, and another event closes it again."""
    endpoint = Endpoint(hasty)
    endpoint.receiver.answer = lambda r: (400 if json.loads(r.body)["data"]["visitor"]["full_name"] == "Poison" else 204, {}, b"")
    refused = {endpoint.client.pre_register(endpoint.place, full_name="Poison")["id"] for _ in range(IN_A_ROW + 2)}
    well = []

    def failed():
        if endpoint.webhook()["health"] == "failing":
            well.extend(endpoint.write(1))
        return rows if len(rows := endpoint.rows(state="failed")) == len(refused) else None

    assert {row["subject"] for row in eventually(failed, 60, "each has failed")} == refused
    assert {row["subject"] for row in endpoint.until_rows(len(well), state="delivered")} == set(well) != set()


def failed_elsewhere(endpoint):
    """What other dispatchers have written with their attempts: eight failures since a success. Its webhook is older."""
    key = (parse_id(endpoint.organization.id), parse_id(endpoint.id))
    with endpoint.porter.database() as db:
        db.execute("UPDATE webhooks SET updated_at = now() - interval '4 hours' WHERE org_id = %s AND id = %s", key)
        for hours, delivered, retry in ((3, 1, 9), (2, 0, 5), (1, 0, 3)):
            db.execute("INSERT INTO webhook_hours SELECT %s, %s, date_trunc('hour', now()) - %s * interval '1 hour', 1, 0, 0, %s, %s, 0, 0,"
                       " array_fill(0::bigint, ARRAY[13])", (*key, hours, delivered, retry))


def test_failures_that_other_dispatchers_saw_count(patient):
    endpoint = Endpoint(patient)
    failed_elsewhere(endpoint)
    endpoint.write(1)
    endpoint.until_health("failing")
    assert endpoint.rows()[0]["attempts"] < IN_A_ROW


def test_its_five_days_begin_at_the_end_of_the_first_hour_of_nothing_but_failures(patient):
    """As docs/webhooks.md says; the nine failures in the hour of the success are no part of it."""
    endpoint = Endpoint(patient)
    failed_elsewhere(endpoint)
    endpoint.write(1)
    endpoint.until_health("failing")
    with patient.database() as db:
        ends = "SELECT hour + interval '1 hour' FROM webhook_hours WHERE webhook_id = c.webhook_id AND shard = 1 AND attempts_retry = 5"
        (since, end), = db.execute(f"SELECT failing_since, ({ends}) FROM webhook_circuits c WHERE webhook_id = %s", (parse_id(endpoint.id),))
    assert since == end


def test_failures_before_a_new_url_do_not_count(patient):
    endpoint = Endpoint(patient)
    failed_elsewhere(endpoint)
    endpoint.patch(url=endpoint.receiver.url("/new"))
    endpoint.write(1)
    eventually(lambda: any(row["attempts"] > LANE_DOUBT for row in endpoint.rows()), 30, "it is tried on")
    assert endpoint.webhook()["health"] == "ok"


def test_failures_of_an_endpoint_that_it_had_before_give_the_new_one_no_rest(patient):
    """All of them are under way when the URL is changed."""
    endpoint, other, go = Endpoint(patient), patient.receiver(), threading.Event()
    grown = 30  # So many answers in good time let ten be under way at once.
    endpoint.is_up.set()
    endpoint.write(grown)
    endpoint.until_rows(grown, state="delivered")
    endpoint.receiver.answer = lambda r: (go.wait(20), (500, {}, b""))[1]
    endpoint.write(IN_A_ROW)
    eventually(lambda: len(endpoint.receiver.matching()) >= grown + IN_A_ROW, 30, "all under way")
    endpoint.patch(url=other.url())
    go.set()
    endpoint.until_rows(grown + IN_A_ROW, state="delivered")
    assert len(other.matching()) == IN_A_ROW
    with patient.database() as db:
        assert db.execute("SELECT count(*) FROM webhook_circuits WHERE webhook_id = %s", (parse_id(endpoint.id),)).fetchone() == (0,)


def wait_s(hook):
    """From now until it is tried the next time."""
    return (datetime.fromisoformat(hook["next_probe_at"]) - datetime.now(timezone.utc)).total_seconds()


def test_who_wants_to_be_left_alone_is_not_tried_before(fast):
    endpoint = Endpoint(fast)
    endpoint.receiver.answer = lambda r: (503, {"Retry-After": "3600"}, b"")
    endpoint.write(IN_A_ROW)
    assert wait_s(endpoint.until_health("failing")) > 3000
    probed = Endpoint(fast)
    probed.write(IN_A_ROW)
    assert wait_s(probed.until_health("failing")) < 3000
    probed.receiver.answer = endpoint.receiver.answer
    eventually(lambda: wait_s(probed.webhook()) > 3000, 30, "a probe that was told to come later")


def test_what_stands_behind_a_held_event_is_held(patient):
    endpoint = Endpoint(patient)
    endpoint.patch(ordering="subject")
    for visitor in endpoint.write(IN_A_ROW):
        assert endpoint.client.post(f"/visitors/{visitor}/check-in").status_code == 200
    endpoint.until_health("failing")
    assert len(endpoint.until_rows(2 * IN_A_ROW, state="held")) == len(endpoint.rows(due_at=None))


def test_enabling_lets_out_what_is_held_whatever_its_circuit_says(patient):
    endpoint = Endpoint(patient)
    endpoint.patch(status="disabled")
    visitors = endpoint.write(3)
    endpoint.until_rows(3, state="held")
    with patient.database() as db:  # It opened while the webhook was being disabled.
        db.execute("INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failing_since, failures, wait_ms, next_at)"
                   " VALUES (%s, %s, 'open', now(), now(), 10, 3600000, now() + interval '1 hour')",
                   (parse_id(endpoint.organization.id), parse_id(endpoint.id)))
    endpoint.is_up.set()
    endpoint.patch(status="enabled")
    endpoint.until_rows(3, state="delivered")
    assert set(endpoint.got()) == set(visitors)


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


# ---- What nobody speaks for ----------------------------------------------------------------------

CIRCUITS = "SELECT state FROM webhook_circuits WHERE webhook_id = %s"


def circuits(endpoint):
    with endpoint.porter.database() as db:
        return [state for state, in db.execute(CIRCUITS, (parse_id(endpoint.id),))]


@contextmanager
def locked(porter, table):
    """Nobody else writes the table while the block runs."""
    with porter.database() as db, db.transaction():
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield


def again(porter, **settings):
    """Another dispatcher, after the death of the one there was."""
    porter.dispatchers[-1].kill()
    return porter.dispatcher(**settings)


def test_what_was_held_goes_out_though_nobody_heard_that_the_breaker_opened(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(**NEVER)
    endpoint = Endpoint(porter)
    with locked(porter, "webhook_circuits"):  # The news waits here, and dies with the process.
        visitors = endpoint.write(4 * IN_A_ROW)
        eventually(lambda: endpoint.rows(state="held"), 30, "held rows")
        porter.dispatchers[0].kill()
    held = len(endpoint.rows(state="held"))
    assert held and circuits(endpoint) == []
    endpoint.is_up.set()
    porter.dispatcher(**FAST)
    eventually(lambda: not endpoint.rows(state="held"), 30, "nothing that is held")
    eventually(lambda: len(endpoint.rows(state="delivered")) >= held, 30, "deliveries of what was held")
    assert set(endpoint.got()) <= set(visitors)


def test_news_waits_for_postgresql_and_is_told_then(new_porter):
    porter = new_porter()
    porter.gateway()
    # No failure comes after these that could tell it once more.
    porter.dispatcher(**{**NEVER, "PORTER_RETRY_SCHEDULE": "1h,1h"})
    endpoint = Endpoint(porter)
    dispatcher = porter.dispatchers[0]
    with locked(porter, "webhook_circuits"):
        endpoint.write(IN_A_ROW)
        # A statement that waits for too long is ended: as if PostgreSQL were away.
        eventually(lambda: "circuits.waiting" in dispatcher.output(), 40, "a change that could not be written")
    assert endpoint.until_health("failing")["status"] == "enabled"


def test_one_whose_row_somebody_sits_on_keeps_no_other_back(fast):
    locked_out, other = Endpoint(fast), Endpoint(fast)
    with fast.database() as db, db.transaction():
        db.execute("INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failing_since, failures, wait_ms, next_at)"
                   " VALUES (%s, %s, 'open', now(), now(), 1, 1000, now())", (parse_id(locked_out.organization.id), parse_id(locked_out.id)))
        with impatient(fast):
            locked_out.write(IN_A_ROW)
            eventually(lambda: "circuits.waiting" in fast.dispatchers[0].output(), 30, "a change that can not be written")
            other.write(IN_A_ROW)
            other.until_health("failing")
            other.is_up.set()
            other.until_rows(IN_A_ROW, state="delivered")
        assert locked_out.webhook()["health"] == "ok"
        db.execute("DELETE FROM webhook_circuits WHERE webhook_id = %s", (parse_id(locked_out.id),))
    locked_out.until_health("failing")


DISABLER = """SELECT pid, query_start FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'
    AND datname = current_database()"""


def test_one_that_is_gone_and_can_not_be_disabled_yet_keeps_no_outcome_back(fast):
    """Somebody sits on the row of a webhook that answers 410: it gets nothing more, and what comes of others is written down."""
    gone, other = Endpoint(fast), Endpoint(fast)
    gone.receiver.answer = lambda r: (410, {}, b"")
    other.receiver.answer = lambda r: (500 if r.headers["x-porter-attempt"] == "1" else 204, {}, b"")
    with fast.database() as look, fast.database() as db, db.transaction():
        db.execute("SELECT FROM webhooks WHERE id = %s FOR UPDATE", (parse_id(gone.id),))
        gone.write(3)

        def waits():
            return eventually(lambda: look.execute(DISABLER).fetchall(), 30, "who waits to disable it")

        def is_written_meanwhile():
            """A second attempt, which the recorder writes, while the same statement waits (until its deadline)."""
            waiting, count = waits(), len(other.rows()) + 1
            other.write(1)
            other.until_rows(count, state="delivered")
            return waits() == waiting

        eventually(is_written_meanwhile, 60)
        assert gone.webhook()["status"] == "enabled"
        assert {row["state"] for row in gone.rows()} == {"held"}
    eventually(lambda: gone.webhook()["status"] == "disabled", 30, "it is disabled when it can be")
    gone.until_rows(3, state="held")


def test_a_webhook_that_needs_no_circuit_gets_none(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(**NEVER)
    failing, disabled = Endpoint(porter), Endpoint(porter)
    failing.write(IN_A_ROW)
    failing.until_health("failing")
    failing.until_rows(IN_A_ROW, state="held")
    disabled.patch(status="disabled")
    disabled.write(3)
    disabled.until_rows(3, state="held")
    swept = Endpoint(porter)  # By it we know that the sweep has come by: its key is the last.
    swept.patch(status="disabled")
    swept.write(1)
    swept.until_rows(1, state="held")
    swept.is_up.set()
    with porter.database() as db:
        db.execute("UPDATE webhooks SET status = 'enabled' WHERE id = %s", (parse_id(swept.id),))
    again(porter, **NEVER)
    swept.until_rows(1, state="delivered")
    assert circuits(failing) == ["open"] and circuits(disabled) == []
    assert len(failing.rows(state="held")) == IN_A_ROW and len(disabled.rows(state="held")) == 3


def test_what_is_held_for_a_webhook_ends_when_it_is_deleted(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(**NEVER)
    endpoint = Endpoint(porter)
    endpoint.patch(status="disabled")
    endpoint.write(3)
    endpoint.until_rows(3, state="held")
    assert endpoint.client.request("DELETE", f"/webhooks/{endpoint.id}").status_code == 204
    again(porter, **NEVER)
    assert {row["due_at"] for row in endpoint.until_rows(3, state="failed")} == {None}
    with porter.database() as db:
        said = db.execute("SELECT DISTINCT last_error FROM deliveries WHERE webhook_id = %s", (parse_id(endpoint.id),)).fetchall()
        assert db.execute("SELECT sum(failed) FROM webhook_hours WHERE webhook_id = %s", (parse_id(endpoint.id),)).fetchone() == (3,)
    assert said == [("The webhook does not exist any more.",)]
