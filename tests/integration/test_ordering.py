"""Webhooks with an order: a subject's events one after the other, other subjects flow on."""
import json
import random
import threading
from collections import defaultdict

import pytest

from harness.poll import eventually
from harness.porter import LOCKS_HERE, parse_id

pytestmark = pytest.mark.once

STEPS = ["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out"]


def event_of(request):
    body = json.loads(request.body)
    return body["data"]["visitor"]["id"], body["type"]


class Desk:
    def __init__(self, porter, answer=None):
        self.porter, self.organization = porter, porter.organization()
        self.receiver = porter.receiver(answer)
        self.client, self.place = self.organization.client(), self.organization.location()
        self.id = self.organization.webhook(self.receiver.url(), ordering="subject").id

    def visit(self, steps=3):
        visitor = self.client.pre_register(self.place)["id"]
        for step in ["check-in", "check-out"][:steps - 1]:
            assert self.client.post(f"/visitors/{visitor}/{step}").status_code == 200
        return visitor

    def accept(self):
        """From now on all is answered well; what comes, as it comes."""
        good = []
        self.receiver.answer = lambda r: (good.append(r), (204, {}, b""))[1]
        return good

    def switch(self, status):
        self.client.request("PATCH", f"/webhooks/{self.id}", json={"status": status})

    def held(self, count):
        """New visitors, whose first events are held: the webhook is disabled."""
        self.switch("disabled")
        visitors = [self.visit(steps=1) for _ in range(count)]
        self.until(count, "held")
        return visitors

    def come_and_go(self, visitors):
        for step in ("check-in", "check-out"):
            for visitor in visitors:
                assert self.client.post(f"/visitors/{visitor}/{step}").status_code == 200

    def states(self):
        with self.porter.database() as db:
            return [state for state, in db.execute("SELECT state FROM deliveries WHERE org_id = %s", (parse_id(self.organization.id),))]

    def until(self, count, state="delivered", seconds=60):
        eventually(lambda: self.states() == [state] * count, seconds, f"{count} deliveries that are {state}")

    def stories(self, accepted):
        """Of each visitor the types of the events that were answered well, in order."""
        told = defaultdict(list)
        for request in accepted:
            visitor, kind = event_of(request)
            told[visitor].append(kind)
        return told


@pytest.fixture
def porter(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_RETRY_SCHEDULE="500ms," * 31 + "500ms", PORTER_PROBE_WAIT="200ms", PORTER_PROBE_WAIT_MAX="200ms")
    return porter


def test_an_event_waits_for_the_one_before_it_and_others_flow_on(porter):
    unlucky, others, good = [], threading.Event(), []

    def answer(request):
        visitor, _ = event_of(request)
        if visitor in unlucky and not others.is_set():
            return 500, {}, b""
        good.append(request)
        return 204, {}, b""

    desk = Desk(porter, answer)
    # Not to be answered well: known before its event can be there.
    desk.switch("disabled")
    unlucky.append(desk.visit())
    lucky = [desk.visit() for _ in range(5)]
    desk.switch("enabled")
    eventually(lambda: len(good) == 5 * len(STEPS), 60, "all events of the others")
    assert {kind for visitor, kind in map(event_of, desk.receiver.matching()) if visitor in unlucky} == {STEPS[0]}
    others.set()
    desk.until(6 * len(STEPS))
    assert dict(desk.stories(good)) == {visitor: STEPS for visitor in unlucky + lucky}


def test_an_event_that_is_given_up_lets_the_next_go(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_RETRY_SCHEDULE="100ms")
    desk = Desk(porter, lambda r: (500 if event_of(r)[1] == STEPS[0] else 204, {}, b""))
    visitor = desk.visit()
    eventually(lambda: sorted(desk.states()) == ["delivered", "delivered", "failed"], 30, "an end for each")
    assert [event_of(r) for r in desk.receiver.matching()] == [(visitor, kind) for kind in [STEPS[0], *STEPS]]


def test_the_order_is_kept_by_many_with_failures_and_a_death(new_porter):
    porter, chance, good = new_porter(), random.Random(7), []
    porter.gateway()
    for _ in range(2):
        # Three in ten fail: once in a while seven of the first ten do, and a circuit opens.
        porter.dispatcher(PORTER_RETRY_SCHEDULE="50ms," * 31 + "50ms", PORTER_LEASE="10s", PORTER_ATTEMPT_TIMEOUT="5s",
                          PORTER_PROBE_WAIT="200ms", PORTER_PROBE_WAIT_MAX="200ms", PORTER_HELD_RATE="1000")

    def answer(request):
        if chance.random() < 0.3:
            return 500, {}, b""
        good.append(request)
        return 204, {}, b""

    desk = Desk(porter, answer)
    visitors = [desk.visit() for _ in range(20)]
    porter.dispatchers[0].kill()
    visitors += [desk.visit() for _ in range(20)]
    desk.until(40 * len(STEPS), seconds=120)
    stories = desk.stories(good)
    assert set(stories) == set(visitors)
    for story in stories.values():
        # What was under way when it died may come twice; never before what it follows.
        assert [kind for n, kind in enumerate(story) if kind not in story[:n]] == STEPS
        assert sorted(story, key=STEPS.index) == story


def test_what_was_held_keeps_its_order_with_what_comes_meanwhile(porter):
    desk = Desk(porter)
    good, visitors = desk.accept(), desk.held(20)
    desk.switch("enabled")
    desk.come_and_go(visitors)
    desk.until(60)
    assert dict(desk.stories(good)) == {visitor: STEPS for visitor in visitors}


def test_what_was_settled_comes_before_what_a_new_partition_brings(porter):
    desk = Desk(porter)
    good, visitors = desk.accept(), desk.held(5)
    with porter.database() as db:  # The records of a topic that has seen more than the new partition will for years.
        db.execute("UPDATE deliveries SET ordinal = ordinal + 1000000000 WHERE org_id = %s", (parse_id(desk.organization.id),))
    assert porter.ctl("deliveries", "settle")["settled"] >= 5
    desk.come_and_go(visitors)
    desk.until(15, "held")
    desk.switch("enabled")
    desk.until(15)
    assert dict(desk.stories(good)) == {visitor: STEPS for visitor in visitors}


# ---- Nobody waits longer than for the one before it ------------------------------------------------

WATCH, KEY = """
    CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(%s);
        NEW.due_at := NEW.due_at + interval '1 hour';
        RETURN NEW;
    END $$;
    CREATE TRIGGER put_off BEFORE UPDATE ON deliveries FOR EACH ROW WHEN (NEW.waits_for = 'turn') EXECUTE FUNCTION put_off()""", 7013


@pytest.fixture
def strict(new_porter):
    """Who is put off for its turn, comes an hour later unless it is woken."""
    porter = new_porter()
    porter.gateway()
    porter.dispatcher()
    with porter.database() as db:
        db.execute(WATCH % KEY, prepare=False)
    return porter


def blocked(db):
    return db.execute(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted AND {LOCKS_HERE}", (KEY,)).fetchone()[0]


class Gate:
    """Answers a subject's first event when it may, all else at once."""

    def __init__(self):
        self.go_on = threading.Event()

    def __call__(self, request):
        if event_of(request)[1] == STEPS[0]:
            self.go_on.wait(30)
        return 204, {}, b""


def test_one_that_is_put_off_while_the_one_before_it_ends_is_woken(strict):
    gate, desk = Gate(), None
    desk = Desk(strict, gate)
    visitor = desk.visit(steps=1)
    desk.receiver.wait(1)
    with strict.database() as db:
        db.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        assert desk.client.post(f"/visitors/{visitor}/check-in").status_code == 200
        eventually(lambda: blocked(db), 30, "a claim that puts the second off")
        gate.go_on.set()
        eventually(lambda: sorted(desk.states()) == ["delivered", "pending"], 8, "an end of the first")
        # Who ended it has looked for the second as well, and found it as it was.
        eventually(lambda: strict.dispatchers[0].metric("porter_deliveries_in_flight") == 0, 8, "nothing under way")
        assert blocked(db)
    desk.until(2, seconds=20)


@pytest.mark.parametrize("change", ["no order", "no webhook"])
def test_what_waits_in_line_goes_on_though_its_webhook_has_no_line_any_more(strict, change):
    gate = Gate()
    desk = Desk(strict, gate)
    desk.visit()
    eventually(lambda: strict.dispatchers[0].metric("porter_retry_put_off_total") == 2, 30, "two that are put off")
    if change == "no order":
        assert desk.client.request("PATCH", f"/webhooks/{desk.id}", json={"ordering": "none"}).status_code == 200
    else:
        assert desk.client.request("DELETE", f"/webhooks/{desk.id}").status_code == 204
    gate.go_on.set()
    eventually(lambda: "pending" not in desk.states(), 20, "an end of all")


@pytest.mark.parametrize("change", ["too old", "no webhook"])
def test_what_stands_behind_one_that_ends_while_it_is_held_goes_on(strict, change):
    gate = Gate()
    desk = Desk(strict, gate)
    key = parse_id(desk.organization.id), parse_id(desk.id)
    desk.visit(steps=2)
    eventually(lambda: strict.dispatchers[0].metric("porter_retry_put_off_total") == 1, 30, "one that is put off")
    with strict.database() as db, db.transaction():
        db.execute("UPDATE deliveries SET state = 'held', due_at = NULL WHERE org_id = %s AND waits_for IS NULL", key[:1])
        if change == "too old":
            db.execute("UPDATE webhooks SET max_age_s = 0 WHERE org_id = %s AND id = %s", key)
            db.execute("INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failures, wait_ms, next_at)"
                       " VALUES (%s, %s, 'draining', now(), 0, 0, now())", key)
    if change == "no webhook":
        assert desk.client.request("DELETE", f"/webhooks/{desk.id}").status_code == 204
        strict.dispatcher()  # Who begins looks through what is held at once.
    second = "delivered" if change == "too old" else "failed"
    eventually(lambda: sorted(desk.states()) == sorted(["failed", second]), 20, "an end of both")
    gate.go_on.set()
