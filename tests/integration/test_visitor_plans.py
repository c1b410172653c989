"""Every list of visitors, as PostgreSQL ran it for the gateway: by the index that is meant, and over few rows.

120,000 visitors, 100,000 of them in one organization."""
from urllib.parse import urlencode

import pytest

from harness.plans import VISITOR_LISTS, Watched, facts
from harness.porter import Porter, format_id, parse_id

MANY, PAGE = 100_000, 50
# What one page may look at: keys of the order, one too many for each of five statuses, and the rows shown; or the three
# steps of visitor_list.c.
PLAIN_ROWS, STEPS_ROWS = 5 + 2 * (PAGE + 2), 250 + 2 * 1001 + 1000 + 3 * (PAGE + 2) + 15
SEED = """
    INSERT INTO visitors (org_id, id, status, full_name, email, company, host_email, location_id, expected_at, checked_in_at, created_at, updated_at)
    SELECT %(org)s, gen_random_uuid(), (ARRAY['checked_out', 'checked_out', 'expected', 'expected', 'checked_in', 'cancelled', 'no_show'])[1 + i %% 7],
           (ARRAY['Anna', 'Ada', 'Zoë', 'José', 'Åse'])[1 + i %% 5] || ' Muster' || i %% 997, 'guest' || i || '@example.com', 'Firma ' || i %% 5000,
           'host' || i %% 300 || '@porter.example', (%(places)s::uuid[])[1 + i %% %(place_count)s], at + (i %% 30) * interval '1 day',
           CASE WHEN i %% 7 IN (0, 1, 4) THEN at + (i %% 30) * interval '1 day' END, at, at
      FROM generate_series(1, %(count)s) AS i
     CROSS JOIN LATERAL (SELECT timestamptz '2025-01-01' + i * (interval '365 days' / %(count)s) AS at) AS t"""


class Visitors(Watched):
    """One organization with very many visitors, and others."""

    def __init__(self, porter):
        super().__init__(porter)
        self.tenant = porter.organization()
        self.places = [self.tenant.location(f"Haus {i}") for i in range(5)]
        others = [porter.organization() for _ in range(4)]
        with self.database() as db:
            for one, count, places in [(self.tenant, MANY, self.places)] + [(other, 5000, [other.location()]) for other in others]:
                db.execute(SEED, {"org": parse_id(one.id), "count": count, "places": [parse_id(place) for place in places], "place_count": len(places)})
            db.execute("VACUUM ANALYZE visitors")

    def plans(self, query):
        """The answer, and the plans of the statements that read visitors for it."""
        return self.ask(f"/visitors?{urlencode(query, doseq=True)}", VISITOR_LISTS)


def seen(plans):
    """(indexes, rows read from visitors, blocks)"""
    found = facts(plans)
    assert "Seq Scan" not in found.kinds, "a table is read from end to end"
    return {name.removeprefix("visitors_") for name in found.indexes}, found.rows.get("visitors", 0), found.blocks


@pytest.fixture(scope="module")
def seeded(servers):
    porter = Porter(servers)
    yield Visitors(porter)
    porter.close()


@pytest.fixture(scope="module", params=["force_generic_plan", "force_custom_plan"])
def watched(request, seeded):
    seeded.gateway(seeded.tenant, request.param)
    return seeded


SORTS = {f"{sign}{time}_at": index for time, index in (("created", "status"), ("expected", "expected"), ("checked_in", "checked_in")) for sign in ("", "-")}
AT_LOCATION = {"status": "location", "expected": "expected_at_location", "checked_in": "checked_in_at_location"}


@pytest.mark.parametrize("status", [[], ["expected"], ["checked_in", "checked_out"]], ids=str)
@pytest.mark.parametrize("at_location", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_a_list_in_any_order_reads_its_index_and_little_more_than_the_page(watched, sort, at_location, status):
    column = sort.lstrip("-").removesuffix("_at")
    index = AT_LOCATION[SORTS[sort]] if at_location else SORTS[sort]
    query = {"sort": sort, "limit": PAGE, "status": status, **({"location_id": watched.places[2]} if at_location else {})}
    bounds = {f"{column}_from": "2025-02-01T00:00:00Z", f"{column}_to": "2025-12-01T00:00:00Z"}
    for more in ({}, bounds) if not status else ({},):
        body, plans = watched.plans({**query, **more})
        assert len(plans) >= 1 and (len(body["visitors"]) == PAGE or status == ["expected"])
        for _ in range(2):  # Then deep in the list.
            used, rows, read = seen(plans)
            assert used <= {index, "pkey"} and rows <= 2 * PLAIN_ROWS and read <= 4 * PLAIN_ROWS, (used, rows, read)
            if not body["pagination"]["has_more"]:
                break
            for _ in range(3):
                cursor = body["pagination"]["next_cursor"]
                body = watched.client.get(f"/visitors?{urlencode({**query, **more, 'limit': 200, 'cursor': cursor}, doseq=True)}").json()
                if not body["pagination"]["has_more"]:
                    break
            else:
                body, plans = watched.plans({**query, **more, "cursor": body["pagination"]["next_cursor"]})


FILTERS = {
    "one word in a thousand": {"q": "muster77"}, "every second": {"q": "a"}, "nobody": {"q": "xyzzy"}, "two words": {"q": "ada muster9"},
    "e-mail": {"email": "guest4711@example.com"}, "company": {"company": "Firma 4711"}, "host": {"host_email": "host7@porter.example"},
    "a day expected": {"expected_from": "2025-06-01T00:00:00Z", "expected_to": "2025-06-02T00:00:00Z"},
    "a day checked in": {"checked_in_from": "2025-06-01T00:00:00Z", "checked_in_to": "2025-06-02T00:00:00Z"},
    "a day created": {"created_from": "2025-06-01T00:00:00Z", "created_to": "2025-06-02T00:00:00Z"},
    "long ago": {"expected_to": "2025-03-01T00:00:00Z"}, "lately": {"expected_from": "2025-12-01T00:00:00Z"},
    "a day and a word": {"expected_from": "2025-06-01T00:00:00Z", "expected_to": "2025-06-02T00:00:00Z", "q": "ada"},
}


@pytest.mark.parametrize("at_location", [False, True])
@pytest.mark.parametrize("sort", ["-created_at", "expected_at", "-checked_in_at"])
@pytest.mark.parametrize("what", FILTERS)
def test_a_filter_of_any_width_reads_bounded_rows(watched, what, sort, at_location):
    query = {"sort": sort, "limit": PAGE, **FILTERS[what], **({"location_id": watched.places[1]} if at_location else {})}
    for _ in range(3):
        body, plans = watched.plans(query)
        used, rows, read = seen(plans)
        meant = {"status", "location", "expected", "expected_at_location", "checked_in", "checked_in_at_location", "words", "pkey"}
        assert used <= meant and rows <= STEPS_ROWS and read <= 3 * STEPS_ROWS, (used, rows, read)
        if not body["pagination"]["has_more"]:
            break
        query["cursor"] = body["pagination"]["next_cursor"]


@pytest.mark.parametrize("what", ["e-mail", "company", "one word in a thousand", "a day expected", "long ago", "every second"])
def test_pages_that_end_early_lead_to_everybody_all_the_same(watched, what):
    found, query = [], {"limit": 200, "sort": "-created_at", **FILTERS[what]}
    with watched.database() as db:
        conditions = {"e-mail": "email = 'guest4711@example.com'", "company": "company = 'Firma 4711'", "one word in a thousand": "full_name ~ ' Muster77'",
                      "a day expected": "expected_at >= '2025-06-01Z' AND expected_at < '2025-06-02Z'", "long ago": "expected_at < '2025-03-01Z'",
                      "every second": "full_name ~ '^A|^Å'"}
        wanted = [format_id("vis", row[0]) for row in db.execute(
            f"SELECT id FROM visitors WHERE org_id = %s AND {conditions[what]} ORDER BY created_at DESC, id DESC", (parse_id(watched.tenant.id),))]
    for _ in range(400):
        body = watched.client.get(f"/visitors?{urlencode(query)}").json()
        found += [one["id"] for one in body["visitors"]]
        if not body["pagination"]["has_more"] or len(found) > 4000:
            break
        query["cursor"] = body["pagination"]["next_cursor"]
    assert found == wanted[:len(found)] and (len(found) == len(wanted) or len(found) > 4000)


def test_words_that_many_have_are_gathered_once(watched):
    """1,111 visitors of long ago have a word that begins so: too many to gather, and far from the beginning of the list."""
    first, plans = watched.plans({"q": "guest47", "limit": PAGE})
    assert "words" in seen(plans)[0] and first["pagination"]["has_more"]
    again, plans = watched.plans({"q": "guest47", "limit": PAGE})
    used, rows, _ = seen(plans)
    assert used <= {"status", "pkey"} and rows <= 2 * (250 + 1000) + PAGE + 5
    assert again["visitors"] == first["visitors"] and again["pagination"] == first["pagination"]
    for query in ({"q": "guest48"}, {"q": "guest47", "company": "Firma 4711"}):  # Others are not taken for it.
        assert "words" in seen(watched.plans({**query, "limit": PAGE})[1])[0]
    few, plans = watched.plans({"q": "guest477", "limit": PAGE})
    assert "words" in seen(plans)[0] and len(few["visitors"]) == PAGE
    assert "words" in seen(watched.plans({"q": "guest477", "limit": PAGE})[1])[0]  # 111 are gathered again.


def test_a_count_stops_counting(watched):
    for query, exact in (({}, False), ({"q": "a"}, False), ({"expected_from": "2025-02-01T00:00:00Z"}, False), (FILTERS["a day expected"], True), ({"company": "Firma 4711"}, True)):
        body, plans = watched.plans({**query, "limit": 1, "include": "total_count"})
        page = body["pagination"]
        assert page["total_is_exact"] == exact and page["total_count"] <= 10_000
        assert seen(plans)[1] <= STEPS_ROWS + 10_001 + 5
