"""Every page of the event log, as PostgreSQL ran it for the gateway: an ordered merge of the days' indexes, over few
rows; an event by its id from its own day.

105,000 events of 30 days, 100,000 of them in one organization, with and without statistics."""
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest

from harness.event_rows import WALK, packed
from harness.plans import EVENT_LISTS, PLANNERS, Watched, facts
from harness.porter import Porter, format_id, parse_id, uuid7

MANY, DAYS, PAGE = 100_000, 30, 50
LOG, SUBJECT = "_org_id_txid_id_created_at_idx", "_org_id_subject_txid_id_idx"
FIRST = "2026-01-01"
FIRST_AT = datetime(2026, 1, 1, tzinfo=timezone.utc)
# A transaction for some 170 events, long before the log's end.
SEED = """
    INSERT INTO events (org_id, id, type, subject, payload, txid, created_at)
    SELECT %(org)s, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i || 'x'), 1, 15))::uuid,
           CASE WHEN i %% 50000 = 7 THEN 'contractor.created' ELSE (ARRAY['visitor.pre_registered', 'visitor.checked_in', 'visitor.checked_out'])[1 + i %% 3] END,
           'vis_' || lpad((i / 3)::text, 26, '0'), %(payload)s, (3 + i * 600 / %(count)s)::text::xid8, at
      FROM generate_series(0, %(count)s - 1) AS i
     CROSS JOIN LATERAL (SELECT %(first)s::timestamptz + i * (interval '1 day' * %(days)s / %(count)s) AS at) AS t"""


class Events(Watched):
    """One organization with very many events, and another."""

    def __init__(self, porter):
        super().__init__(porter)
        self.tenant, self.other = porter.organization(), porter.organization()
        with self.database() as db:
            db.execute("SELECT porter_ensure_partitions('events', %s, %s)", (FIRST, DAYS))
            for (name,) in db.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass").fetchall():
                db.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")  # Statistics come when the test says so.
            for one, count in ((self.tenant, MANY), (self.other, MANY // 20)):
                row = {"org": parse_id(one.id), "id": uuid7(), "type": "visitor.cancelled", "subject": format_id("vis", uuid7()), "created_at": FIRST_AT}
                db.execute(SEED, {"org": row["org"], "payload": packed(row), "count": count, "first": f"{FIRST}Z", "days": DAYS})

    def partitions(self):
        """With those that were made ahead from today on, and the default."""
        with self.database() as db:
            return db.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass").fetchone()[0]

    def plans(self, **query):
        return self.ask(f"/events?{urlencode(query, doseq=True)}", EVENT_LISTS)


@pytest.fixture(scope="module")
def seeded(servers):
    porter = Porter(servers)
    yield Events(porter)
    porter.close()


@pytest.fixture(scope="module", params=PLANNERS, ids=" ".join)
def watched(request, seeded):
    return seeded.planned(seeded.tenant, request.param, ["events"])


def deeper(watched, query, body):
    """The page that is three large ones further on."""
    for _ in range(3):
        body = watched.client.get(f"/events?{urlencode({**query, 'limit': 200, 'cursor': body['pagination']['next_cursor']}, doseq=True)}").json()
    return {**query, "cursor": body["pagination"]["next_cursor"]}


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_the_log_in_order_reads_little_more_than_the_page(watched, sort):
    partitions = watched.partitions()
    query = {"sort": sort, "limit": PAGE}
    for _ in range(2):  # Then deep in the log.
        body, plans = watched.plans(**query)
        found = facts(plans)
        assert len(plans) == 1 and len(body["events"]) == PAGE and body["pagination"]["has_more"]
        assert "Merge Append" in found.kinds and not found.kinds & {"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan"}
        rows = found.rows["events"]
        assert found.indexes == {LOG} and found.opened <= partitions and rows <= PAGE + 1 + partitions and found.blocks <= rows + 4 * partitions
        query = deeper(watched, query, body)


def test_behind_an_event_is_the_same(watched):
    partitions = watched.partitions()
    body, _ = watched.plans(limit=200)
    for _ in range(2):
        body, plans = watched.plans(limit=PAGE, after=body["pagination"]["after"])
        found = facts(plans)
        assert len(body["events"]) == PAGE and "Merge Append" in found.kinds and found.indexes == {LOG} and found.rows["events"] <= PAGE + 1 + partitions


FILTERS = {
    "one in fifty thousand": {"type": "contractor.created"}, "nothing": {"type": "evacuation.activated"},
    "every third": {"type": "visitor.checked_in"}, "most": {"type": ["visitor.checked_in", "visitor.checked_out"]},
    "a day": {"created_from": "2026-01-10T00:00:00Z", "created_to": "2026-01-11T00:00:00Z"},
    "from noon to noon": {"created_from": "2026-01-10T12:00:00Z", "created_to": "2026-01-11T12:00:00Z"},
    "from then on": {"created_from": "2026-01-20T12:00:00Z"}, "until then": {"created_to": "2026-01-05T12:00:00Z"},
    "a day of few": {"created_from": "2026-01-10T00:00:00Z", "created_to": "2026-01-11T00:00:00Z", "type": "contractor.created"},
}
DAYS_OPEN = {"a day": 2, "from noon to noon": 3, "a day of few": 2}  # With the default.


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
@pytest.mark.parametrize("what", FILTERS)
def test_a_filter_of_any_width_reads_bounded_rows(watched, what, sort):
    partitions = watched.partitions()
    query = {"sort": sort, "limit": PAGE, **FILTERS[what]}
    for _ in range(3):
        body, plans = watched.plans(**query)
        found = facts(plans)
        assert len(plans) == 1 and (found.opened == 1 or "Merge Append" in found.kinds) and not found.kinds & {"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan"}
        rows = found.rows.get("events", 0)
        assert found.indexes <= {LOG} and found.opened <= DAYS_OPEN.get(what, partitions)
        assert rows <= WALK + partitions and found.blocks <= rows + 4 * partitions
        if not body["pagination"]["has_more"]:
            break
        query["cursor"] = body["pagination"]["next_cursor"]


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
@pytest.mark.parametrize("more", [{}, {"type": "visitor.checked_in"}, {"created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-20T00:00:00Z"}], ids=str)
def test_what_happened_to_one_is_read_from_its_own_index(watched, more, sort):
    partitions = watched.partitions()
    subject = f"vis_{MANY // 6:026}"
    body, plans = watched.plans(sort=sort, limit=PAGE, subject=subject, **more)
    found = facts(plans)
    assert len(body["events"]) == (1 if "type" in more else 3) and not body["pagination"]["has_more"]
    assert len(plans) == 1 and found.indexes == {SUBJECT} and found.rows["events"] <= 3 and found.blocks <= 4 * partitions


def test_few_are_all_found_in_a_bounded_number_of_pages(watched):
    for sort in ("created_at", "-created_at"):
        query, count = {"type": "contractor.created", "limit": 200, "sort": sort}, 0
        for pages in range(1, MANY // WALK + 2):
            body, _ = watched.plans(**query)
            count += len(body["events"])
            if not body["pagination"]["has_more"]:
                break
            query["cursor"] = body["pagination"]["next_cursor"]
        assert count == MANY // 50_000 and not body["pagination"]["has_more"] and pages >= MANY // WALK


def test_an_event_is_read_from_its_own_day(watched):
    one = watched.client.get("/events?limit=200").json()["pagination"]["after"]
    _, plans = watched.ask(f"/events/{one}", ["event_find"])
    found = facts(plans)
    assert len(plans) == 1 and found.indexes == {"_pkey"} and found.rows["events"] == 1 and found.opened <= 4  # A day on each side, and the default.
    assert found.blocks <= 4 * found.opened
