"""Lists of visitors: every order, every filter, any page size, whatever happens between the pages."""
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.porter import format_id, parse_id, uuid7

BASE = datetime(2026, 3, 1, 9, 0, tzinfo=timezone.utc)
STATUSES = ["expected", "checked_in", "checked_out", "cancelled", "no_show"]
SORTS = ["created_at", "-created_at", "expected_at", "-expected_at", "checked_in_at", "-checked_in_at"]
NAMES = ["Zoë Müller", "Ada Lovelace", "Åse Żółć", "山田 太郎", "Ali بن سينا"]


def order(rows, sort):
    """As the API promises: by the time, then by id; without the time last, by id."""
    column, down = sort.lstrip("-"), sort.startswith("-")
    timed = sorted((row for row in rows if row[column]), key=lambda row: (row[column], row["id"].bytes), reverse=down)
    return timed + sorted((row for row in rows if not row[column]), key=lambda row: row["id"].bytes, reverse=down)


class House:
    """An organization whose visitors are written by SQL, so that every time may be anything."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client, self.org = self.tenant.client(), parse_id(self.tenant.id)
        self.places = [parse_id(self.tenant.location(name)) for name in ("Nord", "Süd")]
        self.db = porter.database()
        self.rows = {}

    def row(self, created, expected, checked_in, status=0, name=0, place=0):
        at = [None if minutes is None else BASE + timedelta(minutes=minutes) for minutes in (created, expected, checked_in)]
        return {"org": self.org, "id": uuid7(), "created_at": at[0], "expected_at": at[1], "checked_in_at": at[2],
                "status": STATUSES[status], "full_name": NAMES[name], "location_id": self.places[place]}

    def add(self, *rows):
        with self.db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO visitors (org_id, id, status, full_name, location_id, expected_at, checked_in_at, created_at, updated_at)"
                " VALUES (%(org)s, %(id)s, %(status)s, %(full_name)s, %(location_id)s, %(expected_at)s, %(checked_in_at)s,"
                " %(created_at)s, %(created_at)s)", rows)
        self.rows.update({row["id"]: row for row in rows})

    def clear(self):
        self.db.execute("DELETE FROM visitors WHERE org_id = %s", (self.org,))
        self.rows = {}

    def page(self, **query):
        answer = self.client.get(f"/visitors?{urlencode(query, doseq=True)}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def walk(self, between=lambda number: None, **query):
        seen, number, more = [], 0, {}
        while True:
            body = self.page(**query, **more)
            seen += [parse_id(one["id"]) for one in body["visitors"]]
            page = body["pagination"]
            assert page["has_more"] == (page["next_cursor"] is not None) and len(body["visitors"]) <= page["limit"]
            if not page["has_more"]:
                return seen
            more = {"cursor": page["next_cursor"]}
            number += 1
            assert number < 1000, "the list has no end"
            between(number)


@pytest.fixture(scope="module")
def house(porter):
    return House(porter)


@pytest.fixture(scope="module")
def full(porter):
    """Every combination of times that are there, are not, are equal, or are not."""
    made = House(porter)
    made.add(*(made.row(i // 5, i % 7, None if i % 3 else i % 5, i % 5, i % len(NAMES), i % 2) for i in range(180)))
    return made


# ---- Orders --------------------------------------------------------------------------------------

@pytest.mark.parametrize("limit", [1, 7, 60, 179, 180, 200])
@pytest.mark.parametrize("sort", SORTS)
def test_a_list_has_the_order_that_was_asked_for(full, sort, limit):
    if limit == 1:  # One by one through a part.
        wanted = [row for row in full.rows.values() if row["status"] == "no_show"]
        assert full.walk(sort=sort, limit=1, status="no_show") == [row["id"] for row in order(wanted, sort)]
    else:
        assert full.walk(sort=sort, limit=limit) == [row["id"] for row in order(full.rows.values(), sort)]


RANGES = [("created", 9, 20), ("expected", 2, 5), ("checked_in", 1, 4), ("expected", 2, None), ("checked_in", None, 3)]


@pytest.mark.parametrize("what", RANGES, ids=str)
@pytest.mark.parametrize("sort", SORTS)
def test_a_range_of_one_time_goes_with_the_order_of_another(full, sort, what):
    name, since, until = what
    query = {f"{name}_{end}": (BASE + timedelta(minutes=at)).isoformat() for end, at in (("from", since), ("to", until)) if at is not None}

    def fits(row):
        at = row[f"{name}_at"]
        return at is not None and (since is None or at >= BASE + timedelta(minutes=since)) and (until is None or at < BASE + timedelta(minutes=until))

    for more, also in (({}, lambda row: True), ({"location_id": format_id("loc", full.places[1])}, lambda row: row["location_id"] == full.places[1]),
                       ({"q": "lovel"}, lambda row: row["full_name"] == "Ada Lovelace"), ({"status": ["expected", "no_show"]}, lambda row: row["status"] in ("expected", "no_show"))):
        wanted = [row["id"] for row in order([row for row in full.rows.values() if fits(row) and also(row)], sort)]
        assert full.walk(sort=sort, limit=9, **query, **more) == wanted
        total = full.page(limit=1, include="total_count", **query, **more)["pagination"]
        assert (total["total_count"], total["total_is_exact"]) == (len(wanted), True)


def test_a_cursor_belongs_to_its_order(full):
    cursor = full.page(limit=5, sort="expected_at")["pagination"]["next_cursor"]
    for query in ({"sort": "-expected_at"}, {"sort": "checked_in_at"}, {}, {"sort": "expected_at", "status": "expected"}):
        answer = full.client.get(f"/visitors?{urlencode({'cursor': cursor, **query})}")
        assert answer.status_code == 400 and answer.json()["type"].endswith("/invalid-cursor"), query
    assert full.page(limit=7, sort="expected_at", cursor=cursor)["visitors"]


def test_the_order_that_is_meant_when_none_is_said_may_be_said(full):
    first, said = full.page(limit=5), full.page(limit=5, sort="-created_at")
    assert first == said
    cursor = first["pagination"]["next_cursor"]
    assert full.page(limit=5, cursor=cursor) == full.page(limit=5, sort="-created_at", cursor=cursor)
    other = full.client.get(f"/visitors?{urlencode({'cursor': cursor, 'sort': 'created_at'})}")
    assert other.status_code == 400 and other.json()["type"].endswith("/invalid-cursor")


def test_every_altered_cursor_is_refused(full):
    cursor = full.page(limit=5)["pagination"]["next_cursor"]
    for i in range(len(cursor)):
        other = cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1:]
        answer = full.client.get(f"/visitors?{urlencode({'cursor': other})}")
        # The last character may carry bits that mean nothing.
        assert answer.status_code == 400 or i == len(cursor) - 1, i


def test_a_search_without_a_letter_finds_nobody(full):
    for q in ("-", "…", "!?", "' & '", "\\"):
        assert full.page(q=q)["visitors"] == []


# ---- Whatever happens between the pages ----------------------------------------------------------

TIMES = st.one_of(st.none(), st.integers(0, 6))
ROW = st.tuples(st.integers(0, 6), st.integers(0, 6), TIMES, st.integers(0, 4), st.integers(0, 4), st.integers(0, 1))
FILTERS = st.sampled_from([
    ({}, lambda row: True),
    ({"status": ["checked_in", "expected"]}, lambda row: row["status"] in ("checked_in", "expected")),
    ({"location_id": 0}, None),
    ({"q": "mull"}, lambda row: row["full_name"] == "Zoë Müller"),
    ({"expected_from": (BASE + timedelta(minutes=2)).isoformat()}, lambda row: row["expected_at"] and row["expected_at"] >= BASE + timedelta(minutes=2)),
    ({"created_from": (BASE + timedelta(minutes=1)).isoformat(), "created_to": (BASE + timedelta(minutes=5)).isoformat()},
     lambda row: BASE + timedelta(minutes=1) <= row["created_at"] < BASE + timedelta(minutes=5)),
])
# Between two pages: new rows, and a new state (and with it any time but the sorted one) for some that are there.
TURN = st.tuples(st.lists(ROW, max_size=4), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 4), TIMES), max_size=4))


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, max_size=40), sort=st.sampled_from(SORTS), limit=st.integers(1, 12), filters=FILTERS, turns=st.lists(TURN, max_size=8))
def test_who_is_there_throughout_is_seen_exactly_once(house, rows, sort, limit, filters, turns):
    house.clear()
    if rows:
        house.add(*(house.row(*one) for one in rows))
    query, fits = filters
    if "location_id" in query:
        query, fits = {"location_id": format_id("loc", house.places[0])}, lambda row: row["location_id"] == house.places[0]
    column = sort.lstrip("-")
    always = {raw for raw, row in house.rows.items() if fits(row)}
    first = dict(house.rows)

    def between(number):
        if number > len(turns):
            return
        new, changes = turns[number - 1]
        for which, status, at in changes:
            raw = list(first)[which % len(first)]
            row = house.rows[raw]
            row["status"] = STATUSES[status]
            if column != "checked_in_at":  # Else the visitor would move through the list.
                row["checked_in_at"] = None if at is None else BASE + timedelta(minutes=at)
            house.db.execute("UPDATE visitors SET status = %(status)s, checked_in_at = %(checked_in_at)s WHERE org_id = %(org)s AND id = %(id)s", row)
            if not fits(row):
                always.discard(raw)
        if new:
            house.add(*(house.row(*one) for one in new))

    seen = house.walk(between, sort=sort, limit=limit, **query)
    assert len(seen) == len(set(seen)), "somebody was seen twice"
    assert always <= set(seen), "somebody was not seen"
    at = {row["id"]: number for number, row in enumerate(order(house.rows.values(), sort))}
    assert [at[raw] for raw in seen] == sorted(at[raw] for raw in seen), "the order is another"
