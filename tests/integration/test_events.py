"""The event log: one order for every reader, nothing passed over, nothing twice; filters, bounds, and what is refused."""
import random
import threading
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.event_rows import BYTES, WALK, packed
from harness.poll import LOG_S, eventually
from harness.porter import format_id, parse_id, uuid7

BASE = datetime(2026, 3, 1, tzinfo=timezone.utc)
TYPES = ["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out", "visitor.cancelled", "contractor.created",
         "contractor.approved", "contractor.rejected", "evacuation.activated"]


class Log:
    """An organization, and what of its log was written by SQL: any time, any transaction."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client, self.org = self.tenant.client(), parse_id(self.tenant.id)
        self.place = self.tenant.location()
        self.db = porter.database()

    def row(self, kind="visitor.checked_in", subject=None, created_at=BASE, id=None):
        subject = subject or format_id({"v": "vis", "c": "con", "e": "evac"}[kind[0]], uuid7())
        return {"org": self.org, "id": id or uuid7(), "type": kind, "subject": subject, "created_at": created_at}

    def write(self, *rows, db=None, notes=""):
        for row in rows:  # One after the other: without a transaction of the caller each has its own, and its place.
            (db or self.db).execute("INSERT INTO events (org_id, id, type, subject, payload, created_at) VALUES (%(org)s, %(id)s, %(type)s,"
                                    " %(subject)s, %(payload)s, %(created_at)s)", {**row, "payload": packed(row, notes)})
        return [format_id("evt", row["id"]) for row in rows]

    def clear(self):
        self.db.execute("DELETE FROM events WHERE org_id = %s", (self.org,))

    def stored(self):
        """The ids that are in the log, in its order."""
        return [format_id("evt", row[0]) for row in self.db.execute("SELECT id FROM events WHERE org_id = %s ORDER BY txid, id", (self.org,))]

    def page(self, **query):
        answer = self.client.get(f"/events?{urlencode(query, doseq=True)}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def walk(self, **query):
        """All pages, by cursor."""
        seen, more = [], {}
        while True:
            body = self.page(**query, **more)
            seen += [event["id"] for event in body["events"]]
            if not body["pagination"]["has_more"]:
                return seen
            more = {"cursor": body["pagination"]["next_cursor"]}

    def settle(self):
        """The log ends below the oldest write transaction of the whole cluster: other tests' too."""
        eventually(lambda: self.walk(limit=200) == self.stored(), seconds=LOG_S)


class Poller:
    """Follows the log by `after` alone, as docs/api.md says."""

    def __init__(self, log, **query):
        self.log, self.query, self.after, self.seen = log, query, None, []

    def poll(self, limit):
        body = self.log.page(limit=limit, **self.query, **({"after": self.after} if self.after else {}))
        self.seen += [event["id"] for event in body["events"]]
        self.after = body["pagination"]["after"]
        return body["pagination"]["has_more"]


class Pager:
    """Turns pages by cursor, and goes on behind the last by `after`."""

    def __init__(self, log):
        self.log, self.more, self.seen = log, {}, []

    def poll(self, limit):
        body = self.log.page(limit=limit, **self.more)
        self.seen += [event["id"] for event in body["events"]]
        page = body["pagination"]
        if page["has_more"]:
            self.more = {**self.more, "cursor": page["next_cursor"]}
        elif page["after"]:
            self.more = {"after": page["after"]}
        return page["has_more"]


def drain(reader, wanted):
    """The reader goes on until it has seen as many as there are."""
    def is_there():
        while reader.poll(200):
            pass
        return len(reader.seen) >= len(wanted)
    eventually(is_there, seconds=LOG_S)


@pytest.fixture(scope="module")
def shared(porter):
    return Log(porter)


@pytest.fixture
def log(porter):
    return Log(porter)


def refused(answer, field):
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith("/invalid-parameter") and [fault["field"] for fault in answer.json()["errors"]] == [field]
    return answer.json()["errors"][0]


# ---- What an entry is --------------------------------------------------------------------------------

def test_an_event_is_in_the_log_as_webhooks_get_it(porter, log):
    receiver = porter.receiver()
    log.tenant.webhook(receiver.url())
    visitor = log.client.pre_register(log.place, email="zoe@example.com", metadata={"Ausweis": "grün"})
    assert log.client.post(f"/visitors/{visitor['id']}/check-in", json={"badge_number": "17"}).status_code == 200
    made = log.client.post("/contractors", json={"company": "Łukasiewicz & Sønner"}).json()
    assert log.client.post(f"/contractors/{made['id']}/approve").status_code == 200
    bodies = {one.headers["webhook-id"]: one.body for one in receiver.wait(count=4, seconds=20)}
    log.settle()
    events = log.page()["events"]
    assert [event["type"] for event in events] == ["visitor.pre_registered", "visitor.checked_in", "contractor.created", "contractor.approved"]
    for event in events:
        shown = log.client.get(f"/events/{event['id']}")
        assert shown.status_code == 200 and shown.content == bodies[event["id"]]  # Byte for byte.
        assert shown.json() == event


def test_an_event_never_changes(log):
    one, other = log.write(log.row(), log.row())
    shown = log.client.get(f"/events/{one}")
    tag = shown.headers["ETag"]
    assert tag != log.client.get(f"/events/{other}").headers["ETag"]
    assert log.client.get(f"/events/{one}").headers["ETag"] == tag
    for given in (tag, f'"x", {tag}', "*"):
        again = log.client.get(f"/events/{one}", headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert log.client.get(f"/events/{one}", headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize("days", [-400, -3, 0, 3, 400])
def test_an_event_is_found_whatever_the_clock_said_that_day(log, days):
    """An id's time and created_at come from clocks; here they are far apart."""
    one, behind = log.write(log.row(created_at=datetime.now(timezone.utc) + timedelta(days=days)), log.row())
    assert log.client.get(f"/events/{one}").json()["id"] == one
    log.settle()
    assert [event["id"] for event in log.page(after=one)["events"]] == [behind]


# ---- Pages -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sort", [None, "created_at", "-created_at"])
def test_a_page_ends_where_it_should(log, sort):
    wanted = log.write(*[log.row() for _ in range(7)])
    log.settle()
    wanted = wanted[::-1] if sort == "-created_at" else wanted
    query = {"sort": sort} if sort else {}
    for limit in (1, 6, 7, 8, 200):
        body = log.page(limit=limit, **query)
        page = body["pagination"]
        assert [event["id"] for event in body["events"]] == wanted[:limit]
        assert page["has_more"] == (limit < 7) == (page["next_cursor"] is not None)
        assert page.get("after") == (None if sort == "-created_at" else wanted[:limit][-1])
        assert log.walk(limit=limit, **query) == wanted


def test_the_link_leads_through_the_rest(log):
    ids = log.write(*[log.row("contractor.created" if i % 3 else "visitor.cancelled") for i in range(20)])
    log.settle()
    seen, path = [], f"/events?limit=2&type=contractor.created&type=contractor.approved&after={ids[3]}"
    while path:
        answer = log.client.get(path)
        seen += [event["id"] for event in answer.json()["events"]]
        link = answer.headers.get("Link")
        parts = link and urlsplit(link.split(">")[0][1:])
        path = parts and f"{parts.path.removeprefix('/api/v1')}?{parts.query}"
    assert seen == [one for i, one in enumerate(ids) if i > 3 and i % 3]


def test_an_empty_log_is_followed_from_its_first_event_on(log):
    reader = Poller(log)
    assert not reader.poll(10) and reader.after is None
    first = log.write(log.row())
    drain(reader, first)
    assert not reader.poll(10) and reader.seen == first and reader.after == first[0]
    assert not reader.poll(10) and reader.after == first[0]


def test_a_reader_gets_on_although_nothing_fits(log):
    """What it need not look at again is left out of the next page's work."""
    ids = log.write(*[log.row("visitor.cancelled") for _ in range(5)])
    log.settle()
    reader = Poller(log, type="contractor.approved")
    assert not reader.poll(2) and reader.after == ids[-1]


def test_the_log_backwards_begins_at_its_end_and_is_not_moved_by_what_comes(log):
    ids = log.write(*[log.row() for _ in range(5)])
    log.settle()
    first = log.page(sort="-created_at", limit=2)
    later = log.write(log.row())
    log.settle()
    rest = log.page(sort="-created_at", limit=200, cursor=first["pagination"]["next_cursor"])
    assert [event["id"] for event in first["events"] + rest["events"]] == ids[::-1]
    assert log.page(sort="-created_at", limit=1)["events"][0]["id"] == later[0]


# ---- One order, no gap -------------------------------------------------------------------------------

def test_a_late_commit_is_not_passed_over(log):
    log.settle()
    with log.porter.database() as slow, slow.transaction():
        early = log.write(log.row(), db=slow)
        late = log.write(log.row())  # Committed at once, behind one that is not.
        for sort in ("created_at", "-created_at"):
            assert log.page(sort=sort)["events"] == []
        assert log.client.get(f"/events/{late[0]}").status_code == 200
        # Whoever went on from it would never see the one before it.
        fault = refused(log.client.get(f"/events?after={late[0]}"), "after")
        assert fault["code"] == "not_allowed" and "pagination.after" in fault["detail"]
    log.settle()
    assert log.walk() == early + late
    assert log.page(after=late[0])["events"] == [] and [event["id"] for event in log.page(after=early[0])["events"]] == late


STEPS = st.lists(st.one_of(
    st.tuples(st.just("write"), st.integers(0, 2)), st.tuples(st.just("write"), st.integers(0, 2)), st.tuples(st.just("end"), st.integers(0, 2)),
    st.tuples(st.just("undo"), st.integers(0, 2)), st.tuples(st.just("call"), st.just(0)),
    st.tuples(st.just("read"), st.integers(1, 4)), st.tuples(st.just("read"), st.integers(1, 4))), min_size=4, max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_held_open_two_readers_see_every_event_once_in_one_order(shared, steps):
    shared.clear()
    readers = [Poller(shared), Pager(shared)]
    open_ones = [shared.porter.database() for _ in range(3)]
    try:
        for db in open_ones:
            db.autocommit = False
        for step, number in steps:
            if step == "write":
                shared.write(shared.row(), db=open_ones[number])
            elif step == "end":
                open_ones[number].commit()
            elif step == "undo":
                open_ones[number].rollback()
            elif step == "call":
                shared.client.pre_register(shared.place)
            else:
                for reader in readers:
                    reader.poll(number)
        for db in reversed(open_ones):
            db.commit()
    finally:
        for db in open_ones:
            db.close()
    wanted = shared.stored()
    for reader in readers:
        drain(reader, wanted)
        assert reader.seen == wanted


def test_many_writers_at_once_and_readers_beside_them(log):
    """Transactions of all lengths: some end when many that began later have long been read."""
    chance, done, faults = random.Random(7), threading.Event(), []
    plans = [[(chance.randint(1, 4), chance.random() < 0.2) for _ in range(25)] for _ in range(4)]
    readers = [Poller(log), Pager(log), Poller(log)]

    def guarded(work):
        def run():
            try:
                work()
            except BaseException as fault:  # pylint: disable=broad-exception-caught
                faults.append(fault)
        return threading.Thread(target=run)

    def write_held(plan):
        """Each transaction stays open while the next one writes and ends."""
        with log.porter.database() as held, log.porter.database() as quick:
            held.autocommit = quick.autocommit = False
            for count, is_undone in plan:
                log.write(*[log.row() for _ in range(count)], db=held)
                log.write(log.row(), db=quick)
                quick.commit()
                held.rollback() if is_undone else held.commit()

    def write_calls():
        client = log.tenant.client()
        for _ in range(40):
            client.pre_register(log.place)

    def read(reader, seed):
        size = random.Random(seed)
        mine = Log.__new__(Log)
        mine.__dict__.update(log.__dict__, client=log.tenant.client())  # A session of its own.
        reader.log = mine
        while not done.is_set():
            reader.poll(size.randint(1, 7))

    writers = [guarded(lambda plan=plan: write_held(plan)) for plan in plans] + [guarded(write_calls) for _ in range(3)]
    watchers = [guarded(lambda reader=reader, i=i: read(reader, i)) for i, reader in enumerate(readers)]
    for thread in writers + watchers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in watchers:
        thread.join()
    assert not faults, faults
    wanted = log.stored()
    assert len(wanted) >= 3 * 40 + 4 * 25
    for reader in readers:
        drain(reader, wanted)
        assert reader.seen == wanted


# ---- Filters -----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def mixed(porter):
    """200 events over five days, some of them later in the log than younger ones."""
    log, chance = Log(porter), random.Random(3)
    subjects = [format_id(prefix, uuid7()) for prefix in ("vis", "vis", "vis", "con", "con", "evac")]
    log.rows = []
    for _ in range(50):
        subject = chance.choice(subjects)
        kinds = [kind for kind in TYPES if kind[0] == subject[0]]
        rows = [log.row(chance.choice(kinds), subject, BASE + timedelta(minutes=chance.randint(0, 5 * 1440))) for _ in range(4)]
        log.write(*rows)
        log.rows += rows
    log.subjects = subjects
    order = log.stored()
    log.rows.sort(key=lambda row: order.index(format_id("evt", row["id"])))
    log.settle()
    return log


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(types=st.lists(st.sampled_from(TYPES), max_size=3, unique=True), subject=st.none() | st.integers(0, 5), start=st.none() | st.integers(-100, 7300),
       end=st.none() | st.integers(-100, 7300), after=st.none() | st.integers(0, 199), limit=st.integers(1, 60), is_down=st.booleans())
def test_a_filter_means_what_it_says(mixed, types, subject, start, end, after, limit, is_down):
    if start is not None and end is not None:
        start, end = sorted((start, end))
    moments = [None if minutes is None else BASE + timedelta(minutes=minutes) for minutes in (start, end)]
    query = {"limit": limit, **({"type": types} if types else {}), **({"subject": mixed.subjects[subject]} if subject is not None else {}),
             **{name: at.isoformat().replace("+00:00", "Z") for name, at in zip(("created_from", "created_to"), moments) if at}}
    wanted = [row for i, row in enumerate(mixed.rows)
              if (not types or row["type"] in types) and (subject is None or row["subject"] == mixed.subjects[subject])
              and (not moments[0] or row["created_at"] >= moments[0]) and (not moments[1] or row["created_at"] < moments[1])
              and (is_down or after is None or i > after)]
    if is_down:
        query["sort"], wanted = "-created_at", wanted[::-1]
    elif after is not None:
        query["after"] = format_id("evt", mixed.rows[after]["id"])
    assert mixed.walk(**query) == [format_id("evt", row["id"]) for row in wanted]


def test_few_of_very_many_are_found_page_by_page(log):
    rare = [log.row("contractor.approved") for _ in range(2)]
    crowd = log.row("visitor.cancelled")
    log.write(rare[0])
    log.db.execute("INSERT INTO events (org_id, id, type, subject, payload, created_at) SELECT %(org)s, gen_random_uuid(), %(type)s, %(subject)s,"
                   f" %(payload)s, %(created_at)s FROM generate_series(1, {WALK + WALK // 2})", {**crowd, "payload": packed(crowd)})
    log.write(rare[1])
    wanted = [format_id("evt", row["id"]) for row in rare]
    eventually(lambda: [one["id"] for one in log.page(sort="-created_at", limit=1)["events"]] == [wanted[1]], seconds=LOG_S)
    first = log.page(type="contractor.approved")
    assert [event["id"] for event in first["events"]] == wanted[:1] and first["pagination"]["has_more"]
    reader = Poller(log, type="contractor.approved")
    pages = 1
    while reader.poll(50):
        pages += 1
    assert pages == 2 and reader.seen == wanted
    for sort in ("created_at", "-created_at"):
        assert sorted(log.walk(type="contractor.approved", sort=sort)) == sorted(wanted)


def test_a_page_of_large_events_is_cut_by_bytes(log):
    ids = log.write(*[log.row("visitor.cancelled") for _ in range(4)], notes="x" * (BYTES * 3 // 4))
    log.settle()
    first = log.page()
    assert [event["id"] for event in first["events"]] == ids[:2] and first["pagination"]["has_more"]
    assert first["pagination"]["after"] == ids[1]


# ---- What is refused ---------------------------------------------------------------------------------

def test_an_after_that_leads_nowhere_is_named(log, shared):
    theirs, gone = shared.write(shared.row())[0], log.write(log.row())[0]
    log.clear()  # As an old day is dropped.
    for after in (theirs, gone, format_id("evt", uuid7())):
        fault = refused(log.client.get(f"/events?after={after}"), "after")
        assert fault["code"] == "not_found" and "without after" in fault["detail"]
    for after in ("x", format_id("vis", uuid7()), ""):
        assert refused(log.client.get(f"/events?after={after}"), "after")["code"] == "bad_format"


def test_after_goes_with_the_logs_own_order_only(log):
    one = log.write(log.row())[0]
    fault = refused(log.client.get(f"/events?after={one}&sort=-created_at"), "after")
    assert fault["code"] == "not_allowed" and "sort" in fault["detail"]


def test_a_cursor_belongs_to_its_after_and_its_filters(log, shared):
    ids = log.write(*[log.row() for _ in range(5)])
    log.settle()
    cursor = log.page(limit=2, after=ids[0])["pagination"]["next_cursor"]
    assert [event["id"] for event in log.page(limit=2, after=ids[0], cursor=cursor)["events"]] == ids[3:]
    log.db.execute("DELETE FROM events WHERE org_id = %s AND id = %s", (log.org, parse_id(ids[0])))  # The cursor is further on.
    assert [event["id"] for event in log.page(limit=2, after=ids[0], cursor=cursor)["events"]] == ids[3:]
    said = log.page(limit=2, after=ids[0], sort="created_at", cursor=cursor)  # It is so when left out, too.
    assert [event["id"] for event in said["events"]] == ids[3:]
    for query in ("", f"&after={ids[1]}", f"&after={ids[0]}&type=visitor.checked_in"):
        answer = log.client.get(f"/events?limit=2&cursor={cursor}{query}")
        assert answer.status_code == 400 and answer.json()["type"].endswith("/invalid-cursor"), query
    assert shared.client.get(f"/events?limit=2&after={ids[0]}&cursor={cursor}").status_code == 400


def test_every_bad_parameter_is_named_at_once(log):
    answer = log.client.get("/events?type=visitor.left&subject=loc_x&created_from=x&sort=type&limit=201&aftr=x")
    assert [fault["field"] for fault in answer.json()["errors"]] == ["type", "subject", "created_from", "sort", "limit", "aftr"]
    details = {fault["field"]: fault["detail"] for fault in answer.json()["errors"]}
    assert all(kind in details["type"] for kind in TYPES) and "vis_, con_, evac_ or whk_" in details["subject"] and "'after'" in details["aftr"]


def test_another_organizations_events_are_not_there(log, shared):
    theirs = shared.write(shared.row())[0]
    for one in (theirs, format_id("evt", uuid7()), "x", theirs.replace("evt", "vis")):
        answer = log.client.get(f"/events/{one}")
        assert answer.status_code == 404 and answer.json()["type"].endswith("/not-found")
    log.settle()
    shared.settle()
    assert log.page()["events"] == [] and log.page(sort="-created_at")["events"] == []
