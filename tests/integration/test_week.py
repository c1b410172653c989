"""Days of outage in seconds: the programs' clock is moved on, and all that has to do with days is as it is promised."""
import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from threading import Event

import pytest

from harness.deliveries import attempts
from harness.poll import eventually
from harness.porter import Porter, parse_id

STEPS = ["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out"]
UNWANTED = "Nemo"  # An endpoint never answers well to events about this visitor.
# docs/webhooks.md: the retries, and when a webhook is disabled.
SCHEDULE = [timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30),
            timedelta(hours=1), timedelta(hours=3), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24), timedelta(hours=24)]
JITTER = 0.1
PROBE_WAITS = [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 900, 900)]
PROBE_WAIT_MAX = PROBE_WAITS[-1]
SHORT = {"retry_schedule": {"waits_seconds": [1]}, "max_age_seconds": 600}
FIVE_DAYS, FAILURES_MIN = timedelta(days=5), 20
KEEP = {"PORTER_RETENTION_EVENTS": "90d", "PORTER_RETENTION_DELIVERIES": "30d", "PORTER_RETENTION_ATTEMPTS": "7d"}

LEASE = timedelta(seconds=60)
HURRY = timedelta(seconds=5)  # What a busy machine may add between an answer and its note.


@pytest.fixture
def porter(servers):
    made = Porter(servers, has_clock=True)
    made.gateway(**KEEP)
    made.dispatcher()
    yield made
    made.close()


class Desk:
    """An organization that writes, and the clock it lives by."""

    def __init__(self, porter):
        self.porter, self.clock, self.events, self.visitors, self.hooks = porter, porter.clock, [], [], []
        self.organization = porter.organization()
        self.client, self.place = self.organization.client(), self.organization.location()

    def rows(self, statement, *values):
        with self.porter.database() as db:
            cursor = db.execute(statement, (parse_id(self.organization.id), *values))
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def write(self):
        """Somebody comes; who came before is checked in, who came before that leaves."""
        self.visitors.append(self.client.pre_register(self.place)["id"])
        self.events.append((self.visitors[-1], STEPS[0]))
        for back, (way, kind) in enumerate([("check-in", STEPS[1]), ("check-out", STEPS[2])], 2):
            if len(self.visitors) >= back:
                assert self.client.post(f"/visitors/{self.visitors[-back]}/{way}").status_code == 200
                self.events.append((self.visitors[-back], kind))

    def wake(self):
        """A dispatcher looks each second; we are in a hurry."""
        with self.porter.database() as db:
            db.execute("NOTIFY porter_deliveries")

    def move(self, **by):
        self.clock.move(**by)
        self.wake()

    def until_still(self):
        """Nothing is under way: it would be taken for what a dead dispatcher left when time is moved on. (What waits for
        the event before it is due all the time.)"""
        for hook in self.hooks:
            if hook.is_up.is_set():
                hook.until_delivered()
        eventually(lambda: not self.rows("SELECT 1 FROM deliveries WHERE org_id = %s AND due_at < %s"
                                         " AND (attempts > 0 OR ordinal IS NULL)", self.clock.now() + LEASE),
                   60, "only what waits for longer")

    def fall(self, *hooks):
        """The endpoints of these fail until they are given a rest."""
        for _ in range(4):
            self.write()
        for hook in self.hooks:
            if hook not in hooks:
                hook.until_delivered()
        while any(hook.shown()["health"] != "failing" for hook in hooks):
            before = [len(hook.receiver.matching()) for hook in hooks]
            self.move(minutes=1)
            eventually(lambda n=before: all(len(hook.receiver.matching()) > count or hook.shown()["health"] == "failing"
                                            for hook, count in zip(hooks, n)), 30, "another failure")
        self.move(minutes=15)  # By then what has failed is due, and held.
        self.until_still()

    def pass_by(self, *hooks, **time):
        """At the end of that time each of these endpoints is tried, in vain."""
        self.until_still()
        before = [hook.failures() for hook in hooks]
        self.move(**time)
        eventually(lambda: all(hook.failures() != count for hook, count in zip(hooks, before)), 30, "a failed probe of each")


class Hook:
    """A webhook, and its endpoint, which answers well while it is up, but for the first event of `stumbles` (visitors) once."""

    def __init__(self, desk, is_up=False, **more):
        self.desk, self.is_up, self.good, self.stumbles = desk, Event(), [], set()
        if is_up:
            self.is_up.set()
        self.receiver = desk.porter.receiver(self.answer)
        self.id = desk.organization.webhook(self.receiver.url(), **more).id
        desk.hooks.append(self)

    def answer(self, request):
        body = json.loads(request.body)
        visitor = body["data"]["visitor"]
        if not self.is_up.is_set() or visitor["full_name"] == UNWANTED:
            return 500, {}, b""
        if visitor["id"] in self.stumbles and body["type"] == STEPS[0]:
            self.stumbles.remove(visitor["id"])
            return 500, {}, b""
        self.good.append((visitor["id"], body["type"]))
        return 204, {}, b""

    def shown(self):
        return self.desk.client.get(f"/webhooks/{self.id}").json()

    def change(self, **fields):
        assert self.desk.client.request("PATCH", f"/webhooks/{self.id}", json=fields).status_code == 200

    def rows(self):
        return self.desk.rows("SELECT * FROM deliveries WHERE org_id = %s AND webhook_id = %s ORDER BY id", parse_id(self.id))

    def failures(self):
        """Of the open circuit; None: there is none."""
        rows = self.desk.rows("SELECT failures FROM webhook_circuits WHERE org_id = %s AND webhook_id = %s", parse_id(self.id))
        return rows[0]["failures"] if rows else None

    def until_delivered(self):
        """All that was ever written, each once."""
        eventually(lambda: Counter(self.good) == Counter(self.desk.events), 60, "every event")
        eventually(lambda: {row["state"] for row in self.rows()} == {"delivered"}, 30, "rows that say so")

    def stories(self):
        told = defaultdict(list)
        for visitor, kind in self.good:
            told[visitor].append(kind)
        return told


# ---- Three days ----------------------------------------------------------------------------------

def test_an_event_that_is_never_answered_well_is_tried_by_the_schedule_for_three_days_and_given_up(porter):
    desk = Desk(porter)
    hook = Hook(desk, is_up=True)
    visitor = desk.client.pre_register(desk.place, full_name=UNWANTED)["id"]

    def story():
        row, = [row for row in hook.rows() if row["subject"] == visitor] or [None]
        return row, [one for one in attempts(porter, desk.organization) if row and one["delivery_id"] == row["id"]]

    for number, wait in enumerate(SCHEDULE, 1):
        eventually(lambda n=number: len(story()[1]) == n, 30, f"attempt {number}")
        row, made = story()
        pause = row["due_at"] - made[-1]["at"] - timedelta(microseconds=made[-1]["total_us"])
        assert (1 - JITTER) * wait - timedelta(milliseconds=10) <= pause <= (1 + JITTER) * wait + HURRY, (number, pause)
        assert (row["state"], row["attempts"]) == ("pending", number)
        desk.write()  # So that the endpoint is one that answers, mostly.
        eventually(lambda: Counter(hook.good) == Counter(desk.events), 30, "the others' events")
        eventually(lambda: [one["state"] for one in hook.rows() if one["subject"] != visitor] == ["delivered"] * len(desk.events), 30,
                   "nothing under way")
        desk.clock.move_to(row["due_at"])
        desk.wake()
        eventually(lambda n=number: len(story()[1]) == n + 1, 30, f"attempt {number + 1}")
        assert row["due_at"] <= story()[1][-1]["at"] <= row["due_at"] + 6 * HURRY
    row, made = story()
    assert (row["state"], row["due_at"]) == ("failed", None) and [one["number"] for one in made] == list(range(1, len(SCHEDULE) + 2))
    assert abs(made[-1]["at"] - made[0]["at"] - timedelta(days=3)) < timedelta(hours=10)  # "about"


def test_probes_begin_after_half_a_minute_and_come_more_and_more_seldom(porter):
    desk = Desk(porter)
    hook = Hook(desk)
    for _ in range(5):  # Twelve events.
        desk.write()
    eventually(lambda: hook.shown()["health"] == "failing", 30, "ten failures")
    for wait in PROBE_WAITS:
        told = hook.shown()["next_probe_at"]
        assert wait / 2 < datetime.fromisoformat(told) - desk.clock.now() <= wait
        desk.clock.move_to(datetime.fromisoformat(told))
        eventually(lambda last=told: hook.shown()["next_probe_at"] != last and {row["state"] for row in hook.rows()} == {"held"}, 30, "a probe in vain")


def test_an_endpoint_that_is_down_for_three_days_gets_everything_when_it_is_back(porter):
    desk = Desk(porter)
    well, down, ordered = Hook(desk, is_up=True), Hook(desk), Hook(desk, ordering="subject")
    began = desk.clock.now()
    desk.fall(down, ordered)
    while desk.clock.now() < began + timedelta(days=3):
        desk.pass_by(down, ordered, hours=8)
        desk.write()
        well.until_delivered()  # Nobody else hears of it.
        assert not down.good and not ordered.good
    for hook in (down, ordered):
        assert {row["state"] for row in hook.rows()} <= {"held", "pending"} and hook.shown()["status"] == "enabled"
    desk.until_still()
    ordered.stumbles = set(desk.visitors[4:7])  # What follows could overtake.
    for hook in (down, ordered):
        hook.is_up.set()
    desk.move(seconds=PROBE_WAIT_MAX.total_seconds())
    for hook in (down, ordered):
        hook.until_delivered()
    assert not ordered.stumbles and all(told == STEPS[:len(told)] for told in ordered.stories().values())
    first = down.rows()[0]
    assert first["finished_at"] - first["event_at"] >= timedelta(days=3) - HURRY


# ---- Five days -----------------------------------------------------------------------------------

def test_after_five_days_and_twenty_failures_a_webhook_is_disabled_and_gets_everything_when_it_is_enabled(porter):
    desk = Desk(porter)
    dead = Hook(desk)
    desk.fall(dead)
    since = desk.rows("SELECT failing_since FROM webhook_circuits WHERE org_id = %s")[0]["failing_since"]
    while desk.clock.now() < since + FIVE_DAYS:
        desk.write()
        desk.pass_by(dead, days=1)
    # Long enough, not often enough.
    assert desk.clock.now() >= since + FIVE_DAYS and dead.failures() < FAILURES_MIN - 1
    while dead.failures() < FAILURES_MIN - 1:
        desk.pass_by(dead, seconds=PROBE_WAIT_MAX.total_seconds())
        assert dead.shown()["status"] == "enabled"
    desk.pass_by(dead, seconds=PROBE_WAIT_MAX.total_seconds())
    hook = eventually(lambda: shown if (shown := dead.shown())["status"] == "disabled" else None, 30, "a disabled webhook")
    assert hook["disabled_reason"].startswith(f"Nothing but failures since {since:%Y-%m-%dT%H:%M:%S}") and ", 20 attempts." in hook["disabled_reason"]
    desk.until_still()
    desk.move(days=1)
    desk.write()
    eventually(lambda: [row["state"] for row in dead.rows()] == ["held"] * len(desk.events), 30, "everything held")
    tried = len(dead.receiver.matching())
    dead.is_up.set()
    assert desk.client.request("PATCH", f"/webhooks/{dead.id}", json={"status": "enabled"}).status_code == 200
    dead.until_delivered()
    assert len(dead.receiver.matching()) == tried + len(desk.events)


def test_five_days_and_not_less_disable_a_webhook(porter):
    desk = Desk(porter)
    dead = Hook(desk)
    desk.fall(dead)
    since = desk.rows("SELECT failing_since FROM webhook_circuits WHERE org_id = %s")[0]["failing_since"]
    while dead.failures() < FAILURES_MIN + 5:
        desk.pass_by(dead, hours=1)
    while desk.clock.now() + timedelta(hours=20) < since + FIVE_DAYS:
        desk.pass_by(dead, hours=20)
        assert dead.shown()["status"] == "enabled"
    desk.pass_by(dead, hours=20)
    eventually(lambda: dead.shown()["status"] == "disabled", 30, "a disabled webhook")


def test_one_that_gets_little_and_answers_none_of_it_is_disabled_too(porter):
    """Its circuit closes each time: nothing is held that could be tried."""
    desk = Desk(porter)
    dead = Hook(desk)
    dead.change(**SHORT)
    desk.move(hours=1)  # What fails in the hour of a change does not count.
    began = desk.clock.now()

    def is_closed():
        return dead.shown()["health"] != "failing" or desk.move(minutes=5)

    while dead.shown()["status"] == "enabled":
        assert desk.clock.now() < began + FIVE_DAYS + timedelta(days=3), "it is disabled"
        for _ in range(5):
            desk.client.pre_register(desk.place)
        eventually(lambda: (shown := dead.shown())["health"] == "failing" or shown["status"] == "disabled", 60, "a circuit that opens")
        desk.until_still()
        eventually(is_closed, 60, "a circuit that closes")
        desk.move(days=1)
    assert desk.clock.now() >= began + FIVE_DAYS
    assert dead.shown()["disabled_reason"].startswith("Nothing but failures since ") and not dead.good


def test_one_that_answered_a_sample_meanwhile_is_not_disabled(porter):
    desk = Desk(porter)
    hook = Hook(desk)
    hook.change(**SHORT)
    desk.move(hours=1)
    for day in range(7):
        for _ in range(5):
            desk.client.pre_register(desk.place)
        eventually(lambda: hook.shown()["health"] == "failing", 60, "a circuit that opens")
        desk.until_still()
        if day == 3:
            hook.is_up.set()
            assert desk.client.post(f"/webhooks/{hook.id}/test").status_code == 202
            eventually(lambda: hook.shown()["health"] != "failing", 30, "a circuit that closes")
            hook.is_up.clear()
        eventually(lambda: hook.shown()["health"] != "failing" or desk.move(minutes=5), 60, "a circuit that closes")
        desk.move(days=1)
    assert hook.shown()["status"] == "enabled"


# ---- Months --------------------------------------------------------------------------------------

@pytest.fixture
def days(porter):
    """Of which days a table has partitions."""
    def of(table):
        with porter.database() as db:
            found = db.execute("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                               " WHERE i.inhparent = %s::regclass AND c.relname NOT LIKE '%%_default'", (table,))
            return {name.rsplit("_", 1)[1] for (name,) in found}
    return of


def test_days_are_made_ahead_and_go_when_they_have_been_kept(porter, days):
    desk = Desk(porter)
    hook = Hook(desk, is_up=True)
    began = desk.clock.now()

    def day(number):
        return f"{began + timedelta(days=number):%Y%m%d}"

    # The last moment of a day is kept for so long: the day goes the day after.
    for number, gone in [(0, None), (8, "attempts"), (31, "deliveries"), (91, "events")]:
        desk.clock.move_to(began + timedelta(days=number))
        eventually(lambda n=number: all({day(n), day(n + 6)} <= days(table) for table in ("attempts", "deliveries", "events")), 30,
                   "a week of days")
        eventually(lambda g=gone: g is None or day(0) not in days(g), 30, f"{gone} of the first day gone")
        kept = {8: ["deliveries", "events"], 31: ["events"]}.get(number, [])
        assert all(day(0) in days(table) for table in kept)
        desk.write()
        hook.until_delivered()
    with porter.database() as db:
        for table in ("attempts", "deliveries", "events"):
            assert db.execute(f"SELECT count(*) FROM {table}_default").fetchone() == (0,)
