"""Every other list, and what a GET by id reads, as PostgreSQL ran it: by the index that is meant, and over few rows.

One organization has very many of each, another some; with and without statistics."""
from urllib.parse import urlencode

import pytest

from harness.plans import DASHBOARD_LISTS, EVENT_LISTS, PLANNERS, VISITOR_LISTS, Watched, facts, lists
from harness.porter import Porter, format_id, parse_id, uuid7

PAGE, DAYS, FIRST = 50, 20, "2026-01-01"
TAKEN = PAGE + 1  # One more tells whether there are more.
CONTRACTORS, LOCATIONS, DELIVERIES, EVACUATIONS, PEOPLE, VISITORS, ORGANIZATIONS = 20_000, 3000, 60_000, 20_000, 2000, 20_000, 10_000
REPLAYS = 10_000
WEBHOOKS = 100  # The most that an organization may have (WEBHOOKS_PER_ORG_MAX).
ROSTERS, ATTEMPTS, ON_SITE = 10, 3, VISITORS // 200
BIG = ["organizations", "api_keys", "locations", "visitors", "contractors", "webhooks", "webhook_circuits", "deliveries", "attempts", "evacuations", "evacuation_people", "replays"]
ID = "(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i || %(org)s::text), 1, 3) || '8' || substr(md5(i || 'x'), 1, 15))::uuid"
EACH = """
      FROM generate_series(1, %(count)s) AS i
     CROSS JOIN LATERAL (SELECT %(first)s::timestamptz + i * (interval '1 day' * %(days)s / (%(count)s + 1)) AS at) AS t"""
SEEDS = {
    "locations": f"""
    INSERT INTO locations (org_id, id, name, timezone, city, created_at, updated_at)
    SELECT %(org)s, {ID}, 'Haus ' || lpad(i::text, 6, '0'), 'Europe/Zurich', CASE WHEN i %% 300 = 7 THEN 'Bern' ELSE 'Zürich' END, at, at {EACH}""",
    "visitors": f"""
    INSERT INTO visitors (org_id, id, status, full_name, location_id, expected_at, checked_in_at, created_at, updated_at)
    SELECT %(org)s, {ID}, CASE WHEN i %% 2 = 0 THEN 'checked_in' ELSE 'checked_out' END, 'Ada ' || i, l.id, at, at, at, at {EACH}
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM locations WHERE org_id = %(org)s) AS l ON l.number = 1 + i %% 200""",
    "contractors": f"""
    INSERT INTO contractors (org_id, id, status, company, contact_email, location_ids, insurance_expires_at, valid_until, created_at, updated_at)
    SELECT %(org)s, {ID}, (ARRAY['pending', 'approved', 'approved', 'approved', 'rejected', 'expired'])[1 + i %% 6], 'Firma ' || i / 20,
           'c' || i || '@example.com', ARRAY[(%(places)s::uuid[])[1 + i %% 5]], at + interval '40 years',
           CASE WHEN i %% 24 = 1 THEN at ELSE at + interval '30 years' END, at, at {EACH}""",
    "webhooks": f"""
    INSERT INTO webhooks (org_id, id, url, events, status, secret, created_at, updated_at)
    SELECT %(org)s, {ID}, 'https://example.com/' || i, ARRAY['*'], 'disabled', 'sealed', at, at {EACH}""",
    "webhook_circuits": """
    INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failures, wait_ms, next_at)
    SELECT org_id, id, 'open', created_at, 0, 0, 'infinity' FROM webhooks WHERE org_id = %(org)s""",
    "deliveries": f"""
    INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state, attempts, due_at, last_status, body, finished_at, created_at)
    SELECT %(org)s, {ID}, at, gen_random_uuid(), %(webhook)s, CASE WHEN i %% 20000 = 7 THEN 'contractor.created' ELSE 'visitor.checked_in' END,
           'vis_' || lpad(i::text, 26, '0'), CASE WHEN i %% 50 = 0 THEN 'failed' ELSE 'delivered' END, {ATTEMPTS}, NULL, 200, '', at, at {EACH}""",
    "attempts": f"""
    INSERT INTO attempts (org_id, delivery_id, number, at, verdict, status, total_us)
    SELECT org_id, id, number, event_at, 'delivered', 200, 1 FROM deliveries CROSS JOIN generate_series(1, {ATTEMPTS}) AS number
     WHERE org_id = %(org)s""",
    "evacuations": f"""
    INSERT INTO evacuations (org_id, id, location_id, status, drill, activated_at, ended_at, updated_at)
    SELECT %(org)s, {ID}, (%(places)s::uuid[])[1 + i %% 5], 'ended', i %% 3 > 0, at, at, at {EACH}""",
    "evacuation_people": f"""
    INSERT INTO evacuation_people (org_id, evacuation_id, visitor_id, full_name, accounted_for)
    SELECT %(org)s, e.id, {ID}, 'Ada ' || i %% 977, i %% 4 = 0 {EACH}
     CROSS JOIN (SELECT id FROM evacuations WHERE org_id = %(org)s ORDER BY id LIMIT {ROSTERS}) AS e""",
    "replays": f"""
    INSERT INTO replays (org_id, id, webhook_id, state, states, created_at, finished_at)
    SELECT %(org)s, {ID}, CASE WHEN i %% 2 = 0 THEN %(webhook)s ELSE gen_random_uuid() END, 'done', '{{failed}}', at, at {EACH}""",
}
COUNTS = {"locations": LOCATIONS, "visitors": VISITORS, "contractors": CONTRACTORS, "webhooks": WEBHOOKS, "webhook_circuits": 0, "deliveries": DELIVERIES,
          "attempts": 0, "evacuations": EVACUATIONS, "evacuation_people": PEOPLE, "replays": REPLAYS}
NEW_ORGANIZATIONS = """
    INSERT INTO organizations (id, name, slug, created_at, cors_origins)
    SELECT gen_random_uuid(), 'o', 'many-' || i, %(first)s, CASE WHEN i %% 1000 = 0 THEN ARRAY['https://a.example'] ELSE '{}' END
      FROM generate_series(1, %(count)s) AS i"""
# Each of them has a few.
OTHERS = {
    "api_keys": """
    INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, created_at)
    SELECT o.id, gen_random_uuid(), 'key', sha256((o.id || i::text)::bytea), 'abcd', ARRAY['visitors:read'], now()
      FROM organizations o CROSS JOIN generate_series(1, 3) AS i""",
    "webhooks": """
    INSERT INTO webhooks (org_id, id, url, events, status, secret, created_at, updated_at)
    SELECT o.id, gen_random_uuid(), 'https://example.com/' || i, ARRAY['*'], 'disabled', 'sealed', now(), now()
      FROM organizations o CROSS JOIN generate_series(1, 3) AS i WHERE slug LIKE 'many-%'""",
    "webhook_circuits": """
    INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failures, wait_ms, next_at)
    SELECT org_id, id, 'open', created_at, 0, 0, 'infinity' FROM webhooks""",
}


class Lists(Watched):
    """One organization with very many of everything, and others."""

    def __init__(self, porter):
        super().__init__(porter)
        self.tenant, self.other = porter.organization(), porter.organization()
        self.places = [parse_id(self.tenant.location(f"Haus {i}")) for i in range(5)]
        with self.database() as db:
            for table in ("deliveries", "attempts"):
                db.execute("SELECT porter_ensure_partitions(%s, %s, %s)", (table, FIRST, DAYS))
            for name, in db.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", (f"^({'|'.join(BIG)})",)).fetchall():
                db.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")  # Statistics come when the test says so.
            db.execute(NEW_ORGANIZATIONS, {"first": FIRST, "count": ORGANIZATIONS})
            for statement in OTHERS.values():
                db.execute(statement)
            for one, share in ((self.tenant, 1), (self.other, 20)):
                for table, statement in SEEDS.items():
                    self.seed(db, table, statement, one, COUNTS[table] // share)
            # PostgreSQL does so by itself, sooner or later; statistics it does not make then.
            db.execute("SELECT gin_clean_pending_list('contractors_words')")
            self.webhook, self.evacuation = (db.execute(statement, (parse_id(self.tenant.id),)).fetchone()[0] for statement in (
                "SELECT webhook_id FROM deliveries WHERE org_id = %s LIMIT 1", "SELECT evacuation_id FROM evacuation_people WHERE org_id = %s LIMIT 1"))

    def seed(self, db, table, statement, tenant, count):
        org = parse_id(tenant.id)
        webhook = db.execute("SELECT max(id::text)::uuid FROM webhooks WHERE org_id = %s", (org,)).fetchone()[0]
        values = {"org": org, "count": count, "first": f"{FIRST}Z", "days": DAYS, "places": self.places, "webhook": webhook}
        if table == "evacuations" and tenant is not self.tenant:
            values["places"] = [row[0] for row in db.execute("SELECT id FROM locations WHERE org_id = %s LIMIT 5", (org,))]
        db.execute(statement, values, prepare=False)

    def partitions(self, table):
        """With those that were made ahead from today on, and the default."""
        with self.database() as db:
            return db.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", (table,)).fetchone()[0]

    def any_id(self, table, prefix):
        with self.database() as db:
            return format_id(prefix, db.execute(f"SELECT id FROM {table} WHERE org_id = %s ORDER BY id OFFSET 70 LIMIT 1", (parse_id(self.tenant.id),)).fetchone()[0])

    def pages(self, path, query, names, noun):
        """(rows of the page, facts) of a first page, and of one that is three large ones further on."""
        body, plans = self.ask(f"{path}?{urlencode({'limit': PAGE, **query}, doseq=True)}", names)
        assert plans, names
        yield body, facts(plans)
        for _ in range(3):
            if not body["pagination"]["has_more"]:
                return
            body = self.client.get(f"{path}?{urlencode({'limit': 200, **query, 'cursor': body['pagination']['next_cursor']}, doseq=True)}").json()
        if body["pagination"]["has_more"]:
            body, plans = self.ask(f"{path}?{urlencode({'limit': PAGE, **query, 'cursor': body['pagination']['next_cursor']}, doseq=True)}", names)
            assert plans and body[noun]
            yield body, facts(plans)


@pytest.fixture(scope="module")
def seeded(servers):
    porter = Porter(servers)
    yield Lists(porter)
    porter.close()


@pytest.fixture(scope="module", params=PLANNERS, ids=" ".join)
def watched(request, seeded):
    return seeded.planned(seeded.tenant, request.param, BIG)


def well(found, indexes, rows, sort=0):
    """By these indexes and no other, over at most so many rows of each table, of which at most so many are put in order."""
    assert found.scanned == 0 and found.indexes == set(indexes), found
    assert found.rows.keys() == rows.keys() and all(found.rows[table] <= most for table, most in rows.items()), found
    assert found.sorted <= sort, found


# ---- Contractors ---------------------------------------------------------------------------------

STATUSES = 4
# Query, index, rows that the page and the filter leave to look at, and to put in order: each status' part of the page.
CONTRACTOR_LISTS = {
    "all": ({}, "status", STATUSES * TAKEN, STATUSES * TAKEN),
    "one status": ({"status": "pending"}, "status", TAKEN, TAKEN),
    "two": ({"status": ["approved", "rejected"]}, "status", 3 * TAKEN, 2 * TAKEN),
    "expired": ({"status": "expired"}, "status", 16 * TAKEN, 2 * TAKEN),  # Of the approved one in twelve has run out.
    "a location": ({"location_id": 2}, "status", STATUSES * 6 * TAKEN, STATUSES * TAKEN),
    "a company": ({"company": "Firma 77"}, "words", 20, 20),
    "a word": ({"q": "c4711"}, "words", 11, 11),
    "two words": ({"q": "firma c4711"}, "words", 11, 11),
    "papers that end": ({"expires_before": "2026-01-10T00:00:00Z"}, "expires", CONTRACTORS // 24, CONTRACTORS // 24),
    "a word and papers": ({"q": "c4711", "expires_before": "2099-01-10T00:00:00Z"}, "words", 11, 11),
}


@pytest.mark.parametrize("what", CONTRACTOR_LISTS)
def test_contractors(watched, what):
    query, index, rows, sort = CONTRACTOR_LISTS[what]
    if "location_id" in query:
        query = {"location_id": format_id("loc", watched.places[query["location_id"]])}
    blocks = []
    for _ in range(2):  # On a connection that is new the first one reads the catalog too.
        blocks.append([])
        for body, found in watched.pages("/contractors", query, ["contractor_list"], "contractors"):
            assert body["contractors"]
            well(found, {f"contractors_{index}", "contractors_pkey"}, {"contractors": rows + TAKEN}, sort)
            blocks[-1].append(found.blocks)
    assert all(min(same) <= 4 * (rows + TAKEN) for same in zip(*blocks)), blocks


# ---- Locations -----------------------------------------------------------------------------------

# Each of them begins with organization, location and status: who is on site is counted in the index.
COUNTING = {"visitors_location", "visitors_expected_at_location", "visitors_checked_in_at_location"}


@pytest.mark.parametrize("query, rows, shown", [({}, TAKEN, PAGE), ({"q": "bern"}, LOCATIONS + 5, LOCATIONS // 300)], ids=str)
def test_locations(watched, query, rows, shown):
    """A word is looked for in every name: a few thousand at most. (PostgreSQL takes them for a handful, and sorts them, until it
    knows better.)"""
    most = (max(rows, LOCATIONS + 5), LOCATIONS + 5) if watched.statistics == "no statistics" else (rows, 0)
    for body, found in watched.pages("/locations", query, ["location_list"], "locations"):
        assert len(body["locations"]) == shown
        counting = found.indexes & COUNTING
        assert len(counting) == (1 if any(one["on_site_count"] for one in body["locations"]) else 0)
        well(found, {"locations_name", *counting}, {"locations": most[0], "visitors": TAKEN * ON_SITE}, most[1])


# ---- Webhooks and deliveries ---------------------------------------------------------------------


def test_webhooks(watched):
    for body, found in watched.pages("/webhooks", {}, ["webhook_list"], "webhooks"):
        assert len(body["webhooks"]) == PAGE
        well(found, {"webhooks_pkey", "webhook_circuits_pkey"}, {"webhooks": WEBHOOKS, "webhook_circuits": PAGE + 1}, WEBHOOKS + PAGE + 1)
        assert found.blocks <= 2 * WEBHOOKS + 4 * PAGE


STATES = 4
DELIVERIES_OF_WEBHOOK = [f"delivery_list_of_webhook_{which}_{way}" for which in ("any", "of_type") for way in ("down", "up")]
OF_WEBHOOK, PKEY = "_org_id_webhook_id_state_id_event_type_idx", "_pkey"
DELIVERY_LISTS = {
    "all": ({}, TAKEN * STATES), "those that failed": ({"state": "failed"}, TAKEN), "two states": ({"state": ["failed", "delivered"]}, TAKEN * 2),
    "a day": ({"created_from": "2026-01-05T00:00:00Z", "created_to": "2026-01-06T00:00:00Z"}, TAKEN * 2),
    "most": ({"event_type": "visitor.checked_in"}, TAKEN * STATES), "few": ({"event_type": "contractor.created"}, DELIVERIES // 20_000),
    "nothing": ({"event_type": "evacuation.ended"}, 0),
    "oldest first": ({"sort": "created_at"}, TAKEN * STATES),
    "what was not delivered, oldest first": ({"state": ["pending", "held", "failed"], "sort": "created_at"}, TAKEN * 3),
    "few, oldest first": ({"event_type": "contractor.created", "sort": "created_at"}, DELIVERIES // 20_000),
}


@pytest.mark.parametrize("what", DELIVERY_LISTS)
def test_deliveries_of_a_webhook(watched, what):
    query, rows = DELIVERY_LISTS[what]
    partitions = watched.partitions("deliveries")
    for body, found in watched.pages(f"/webhooks/{format_id('whk', watched.webhook)}/deliveries", query, DELIVERIES_OF_WEBHOOK, "deliveries"):
        assert body["deliveries"] or what == "nothing"
        if what.startswith("few") or what == "nothing":  # An index that gives less than half a row to each of its loops seems to give none.
            assert found.indexes <= {OF_WEBHOOK, PKEY}
        else:
            assert found.indexes == {OF_WEBHOOK, PKEY}
        # Each partition gives one row of each state to the merge; then each row of the page is read.
        well(found, found.indexes, {"deliveries": rows + STATES * partitions + TAKEN}, STATES * TAKEN)
        if what.startswith("few") or what == "nothing":
            assert found.blocks <= 4 * STATES * partitions + DELIVERIES // 50  # The webhook's index is read, not its rows.
        else:
            assert found.blocks <= 4 * (rows + STATES * partitions + TAKEN)


def test_a_webhook_that_is_gone_may_have_deliveries(watched):
    """As they are asked for when there is no such webhook."""
    answer, plans = watched.during(lambda: watched.client.get(f"/webhooks/{format_id('whk', uuid7())}/deliveries"), ["delivery_any_of_webhook"])
    found = facts(plans)
    assert answer.status_code == 404 and len(plans) == 1
    well(found, [], {"deliveries": 0})
    assert found.blocks <= 4 * watched.partitions("deliveries")


def test_deliveries_of_an_event(watched):
    """As they are asked for once the event is found: three days are opened, and only what is of the event's millisecond is read."""
    with watched.database() as db:
        raw, at = db.execute("SELECT event_id, event_at FROM deliveries WHERE org_id = %s ORDER BY id LIMIT 1 OFFSET 5000", (parse_id(watched.tenant.id),)).fetchone()
        db.execute("INSERT INTO events (org_id, id, type, subject, payload, created_at) VALUES (%s, %s, 'visitor.checked_in', 'vis_1', '', %s)"
                   " ON CONFLICT DO NOTHING", (parse_id(watched.tenant.id), raw, at))
    _, plans = watched.during(lambda: watched.client.get(f"/events/{format_id('evt', raw)}/deliveries"), ["delivery_list_of_event"])
    found = facts(plans)
    well(found, found.indexes, {"deliveries": 10})
    assert len(plans) == 1 and found.indexes <= {PKEY} and found.opened <= 4


def test_deliveries_of_an_organization(watched):
    """As porterctl lists them."""
    _, plans = watched.during(lambda: watched.porter.ctl_list("deliveries", "list", "--org", watched.tenant.id, "--limit", str(PAGE)), ["delivery_list"])
    found = facts(plans)
    well(found, {PKEY}, {"deliveries": PAGE + watched.partitions("deliveries")})
    assert "Merge Append" in found.kinds


def test_replays_of_a_webhook(watched):
    for body, found in watched.pages(f"/webhooks/{format_id('whk', watched.webhook)}/replays", {}, ["replay_list"], "replays"):
        assert len(body["replays"]) == PAGE
        well(found, {"replays_of_webhook"}, {"replays": TAKEN})


# ---- Evacuations ---------------------------------------------------------------------------------

PARTS = 4  # Drills and others, active and ended.
EVACUATION_LISTS = {"all": {}, "ended": {"status": "ended"}, "drills": {"drill": "true"}, "ended, no drills": {"status": "ended", "drill": "false"},
                    "at a location": {"location_id": 1}, "drills at a location": {"location_id": 1, "drill": "true"}}


@pytest.mark.parametrize("what", EVACUATION_LISTS)
def test_evacuations(watched, what):
    query = dict(EVACUATION_LISTS[what])
    index = "location" if "location_id" in query else "status"
    if "location_id" in query:
        query["location_id"] = format_id("loc", watched.places[1])
    for body, found in watched.pages("/evacuations", query, ["evacuation_list"], "evacuations"):
        assert len(body["evacuations"]) == PAGE
        well(found, {f"evacuations_{index}", "evacuations_pkey"}, {"evacuations": PARTS * TAKEN + TAKEN}, PARTS * TAKEN)
        assert found.blocks <= 4 * (PARTS * TAKEN + TAKEN)


@pytest.mark.parametrize("query", [{}, {"accounted_for": "true"}, {"accounted_for": "false"}], ids=str)
def test_people_on_site(watched, query):
    for body, found in watched.pages(f"/evacuations/{format_id('evac', watched.evacuation)}/on-site", query, ["evacuation_people"], "on_site"):
        assert len(body["on_site"]) == PAGE
        well(found, {"evacuation_people_name"}, {"evacuation_people": 2 * TAKEN}, 2 * TAKEN)
        assert found.blocks <= 4 * (2 * TAKEN)


def test_a_roster(watched):
    """All of it, put in order: the index has the found apart from the missing. Others' rosters are not read."""
    body, plans = watched.ask(f"/evacuations/{format_id('evac', watched.evacuation)}", ["evacuation_roster"])
    assert body["on_site"]
    found = facts(plans)
    assert found.indexes <= {"evacuation_people_name", "evacuation_people_pkey"}
    well(found, found.indexes, {"evacuation_people": PEOPLE}, PEOPLE)


# ---- What is asked by id --------------------------------------------------------------------------

BY_ID = {
    "visitor": ("/visitors/{}", "visitors", "vis", "visitor_find"), "location": ("/locations/{}", "locations", "loc", "location_find"),
    "contractor": ("/contractors/{}", "contractors", "con", "contractor_find"), "evacuation": ("/evacuations/{}", "evacuations", "evac", "evacuation_find"),
    "webhook": ("/webhooks/{}", "webhooks", "whk", "webhook_find"),
}


@pytest.mark.parametrize("what", BY_ID)
def test_by_id(watched, what):
    path, table, prefix, name = BY_ID[what]
    _, plans = watched.ask(path.format(watched.any_id(table, prefix)), [name])
    assert plans
    for plan in plans:
        found = facts([plan])
        counting = found.indexes & COUNTING if what == "location" else set()
        rows = {table: 1, **({"visitors": ON_SITE} if what == "location" else {"webhook_circuits": 1} if what == "webhook" else {})}
        well(found, {f"{table}_pkey", *counting, *(f"{other}_pkey" for other in rows if other == "webhook_circuits")}, rows)
        assert found.blocks <= 4 * sum(rows.values()) + 4


def test_a_delivery_and_its_attempts(watched):
    """An id does not tell the day: each partition's index is asked."""
    delivery = watched.any_id("deliveries", "dlv")
    path = f"/webhooks/{format_id('whk', watched.webhook)}/deliveries/{delivery}"
    for name, table, rows in (("delivery_find", "deliveries", 1), ("attempt_list", "attempts", ATTEMPTS)):
        body, plans = watched.ask(path, [name])
        found, partitions = facts(plans), watched.partitions(table)
        assert len(plans) == 1 and len(body["attempts"]) == ATTEMPTS
        well(found, {PKEY}, {table: rows}, ATTEMPTS)
        assert found.opened <= partitions and found.blocks <= 4 * partitions


# ---- Lists that are not the API's -----------------------------------------------------------------


def test_keys_of_an_organization(watched):
    """As porterctl lists them: all, and nobody else's."""
    keys, plans = watched.during(lambda: watched.porter.ctl_list("key", "list", "--org", watched.other.id), ["key_list"])
    assert len(keys) == 3
    well(facts(plans), {"api_keys_pkey"}, {"api_keys": 3, "users": 0}, 3)


def test_organizations_that_browsers_may_call(watched):
    """As every gateway reads them when a page asks, and every few seconds from then on. (That they are few PostgreSQL must know.)"""
    client = watched.tenant.client(watched.porter.gateway())
    _, plans = watched.during(lambda: client.get("/locations?limit=1", headers={"Origin": "https://a.example"}), ["organization_cors_list"])
    found = facts(plans)
    assert len(plans) == 1 and found.rows["organizations"] <= ORGANIZATIONS + 2
    if watched.statistics == "statistics":
        well(found, {"organizations_cors"}, {"organizations": ORGANIZATIONS // 1000})


# ---- None is forgotten ----------------------------------------------------------------------------

HERE = {"contractor_list", "location_list", "webhook_list", *DELIVERIES_OF_WEBHOOK, "delivery_list", "delivery_list_of_event", "evacuation_list", "evacuation_people",
        "evacuation_roster", "attempt_list", "key_list", "organization_cors_list", "replay_list"}
ELSEWHERE = {"replay_total", "replay_backlog", "delivery_waiting", "circuit_held"}  # test_delivery_plans.py
WHOLE = {"partitions_held", "partition_held"}  # Once an hour, of tables that are empty as a rule, and of days that are dropped.


def test_every_list_has_its_plan_asserted():
    """A new one fails here until a test above, or of visitors', events' or the dashboard's plans, asks for it."""
    assert VISITOR_LISTS and EVENT_LISTS
    assert lists() == HERE | ELSEWHERE | WHOLE | VISITOR_LISTS | EVENT_LISTS | DASHBOARD_LISTS
