"""What the dashboard asks for, as PostgreSQL runs it: by the index that is meant, and over few rows, whatever it believes of the tables.

One organization with very much of everything among others, with and without statistics."""
import itertools

import psycopg
import pytest

from harness.plans import DASHBOARD_LISTS, facts
from harness.porter import Porter, parse_id, uuid7
from harness.sources import statements

LOG, OTHERS, PEOPLE, KEYS, SESSIONS, DELIVERIES, HOURS, WEBHOOKS, VISITORS = 60_000, 300, 200, 20_000, 20, 60_000, 24, 20, 60_000
TAKEN = 51
BASE = "(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i || 'x'), 1, 15))::uuid"
SPREAD = "generate_series(1, %(count)s) AS i CROSS JOIN LATERAL (SELECT now() - interval '10 days' * (%(count)s - i) / %(count)s AS at) AS t"
SEEDS = {
    "audit_log": (LOG, f"""
        INSERT INTO audit_log (org_id, id, at, actor, action, subject)
        SELECT %(org)s, {BASE}, at, CASE WHEN i %% 100 = 0 THEN 'usr_rare' ELSE 'key_' || i %% 7 END,
               CASE WHEN i %% 100 = 1 THEN 'key.created' ELSE 'visitor.checked_in' END, 'whk_1' FROM {SPREAD}"""),
    "users": (PEOPLE, "INSERT INTO users (org_id, id, email, name, role, created_at) SELECT %(org)s, gen_random_uuid(), i || %(org)s::text || '@example.com',"
                      " 'Ada', 'viewer', now() FROM generate_series(1, %(count)s) AS i"),
    "api_keys": (KEYS, "INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, created_by, created_at) SELECT %(org)s, gen_random_uuid(), 'kiosk',"
                       " sha256((%(org)s::text || i)::bytea), 'abcd', '{visitors:read}', (SELECT id FROM users WHERE org_id = %(org)s LIMIT 1), now()"
                       " FROM generate_series(1, %(count)s) AS i"),
    "sessions": (SESSIONS, "INSERT INTO sessions (org_id, id, user_id, token_hash, created_at, last_seen_at, expires_at, address)"
                           " SELECT org_id, gen_random_uuid(), id, sha256((id::text || i)::bytea), now(), now(), now() + interval '1 day', '::1'"
                           " FROM users CROSS JOIN generate_series(1, %(count)s) AS i WHERE org_id = %(org)s"),
    "invitations": (PEOPLE, "INSERT INTO invitations (org_id, id, email, role, name, token_hash, created_by, created_at, expires_at)"
                            " SELECT %(org)s, gen_random_uuid(), 'x@example.com', 'viewer', '', sha256((%(org)s::text || i)::bytea), 'porterctl', now(),"
                            " now() + interval '1 day' FROM generate_series(1, %(count)s) AS i"),
    "key_hours": (HOURS, "INSERT INTO key_hours (org_id, key_id, hour, calls, limited) SELECT %(org)s, gen_random_uuid(),"
                         " date_trunc('hour', now()) - i * interval '1 hour', 1, 0 FROM generate_series(1, 10 * %(count)s) AS i"),
    "deliveries": (DELIVERIES, f"""
        INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state, attempts, body, finished_at, created_at)
        SELECT %(org)s, {BASE}, at, gen_random_uuid(), %(org)s, 'visitor.checked_in', 'vis_1', CASE WHEN i %% 40 = 0 THEN 'held' ELSE 'delivered' END,
               1, '', CASE WHEN i %% 40 > 0 THEN at END, at FROM {SPREAD}"""),
    # The first has those deliveries.
    "webhooks": (WEBHOOKS, "INSERT INTO webhooks (org_id, id, url, events, status, secret, created_at, updated_at)"
                           " SELECT %(org)s, CASE WHEN i = 1 THEN %(org)s ELSE gen_random_uuid() END, 'https://x.example', '{*}', 'enabled', '', now(), now()"
                           " FROM generate_series(1, %(count)s) AS i"),
    "webhook_hours": (HOURS, "INSERT INTO webhook_hours (org_id, webhook_id, hour, shard, delivered, failed, attempts_delivered, attempts_retry,"
                             " attempts_give_up, attempts_disable, took) SELECT org_id, id, date_trunc('hour', now()) - i * interval '1 hour', 0, 1, 0, 1, 0, 0, 0,"
                             " array_fill(1, ARRAY[13]) FROM webhooks CROSS JOIN generate_series(0, 10 * %(count)s) AS i WHERE org_id = %(org)s"),
    # The first location has nearly all of the visitors, of whom nearly all have left.
    "locations": (3, "INSERT INTO locations (org_id, id, name, timezone, created_at, updated_at) SELECT %(org)s,"
                     " CASE WHEN i = 1 THEN %(org)s ELSE gen_random_uuid() END, 'Haus ' || i, 'UTC', now(), now() FROM generate_series(1, %(count)s) AS i"),
    "visitors": (VISITORS, f"""
        INSERT INTO visitors (org_id, id, location_id, status, full_name, created_at, updated_at, expected_at, checked_in_at, checked_out_at)
        SELECT %(org)s, {BASE}, CASE WHEN i %% 50 = 0 THEN (SELECT id FROM locations WHERE org_id = %(org)s ORDER BY name DESC LIMIT 1) ELSE %(org)s END,
               CASE WHEN i %% 10 = 0 THEN 'expected' ELSE 'checked_out' END, 'Ada ' || i, at, at, at,
               CASE WHEN i %% 10 > 0 THEN at - i %% 3 * interval '1 day' END, CASE WHEN i %% 10 > 0 THEN at END FROM {SPREAD}"""),
    "events": (DELIVERIES, f"""
        INSERT INTO events (org_id, id, type, subject, payload, created_at)
        SELECT %(org)s, {BASE}, 'visitor.checked_in', 'vis_1', '', at FROM {SPREAD}"""),
}
# Each of the others has some.
NEIGHBOURS = [
    "INSERT INTO users (org_id, id, email, name, role, created_at) SELECT o.id, gen_random_uuid(), gen_random_uuid() || '@x.example', 'Eve', 'viewer', now()"
    " FROM organizations o CROSS JOIN generate_series(1, 30)",
    "INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, created_at) SELECT o.id, gen_random_uuid(), 'kiosk', sha256((o.id::text || i)::bytea), 'abcd',"
    " '{visitors:read}', now() FROM organizations o CROSS JOIN generate_series(900001, 900030) AS i",
    "INSERT INTO invitations (org_id, id, email, role, name, token_hash, created_by, created_at, expires_at) SELECT o.id, gen_random_uuid(), 'x@example.com',"
    " 'viewer', '', sha256((o.id::text || i)::bytea), 'x', now(), now() + interval '1 day' FROM organizations o CROSS JOIN generate_series(1001, 1030) AS i",
    "INSERT INTO key_hours (org_id, key_id, hour, calls, limited) SELECT o.id, gen_random_uuid(), date_trunc('hour', now()) - i * interval '1 hour', 1, 0"
    " FROM organizations o CROSS JOIN generate_series(500, 700) AS i",
]
MODES = list(itertools.product([False, True], ["force_generic_plan", "force_custom_plan"]))


@pytest.fixture(scope="module")
def seeded(servers):
    porter = Porter(servers)
    big, small = porter.organization(), porter.organization()
    with porter.database() as db:
        for table in ("deliveries", "events"):
            db.execute("SELECT porter_ensure_partitions(%s, (now() - interval '11 days')::date, 13)", (table,))
        for name, in db.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", (f"^({'|'.join(SEEDS)})",)).fetchall():
            db.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")
        for org, share in ((big, 1), (small, 10)):
            for count, statement in SEEDS.values():
                db.execute(statement, {"org": parse_id(org.id), "count": max(count // share, 1)}, prepare=False)
        db.execute("INSERT INTO organizations (id, name, slug, created_at) SELECT gen_random_uuid(), 'o', 'many-' || i, now()"
                   " FROM generate_series(1, %s) AS i", (OTHERS,))
        for statement in NEIGHBOURS:
            db.execute(statement)
    yield porter, parse_id(big.id)
    porter.close()


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: f"{'' if mode[0] else 'no '}statistics {mode[1]}")
def ask(request, seeded):
    """Runs a statement by its name; what PostgreSQL did."""
    porter, org = seeded
    has_statistics, mode = request.param
    if has_statistics:
        with porter.database() as db:
            db.execute(f"VACUUM ANALYZE {', '.join(SEEDS)}")

    def run(name, *values, first=org):
        with porter.database() as db, db.transaction(force_rollback=True):
            db.execute(f"SET LOCAL plan_cache_mode = {mode}")
            db.execute(f"PREPARE asked AS {statements()[name][0]}")
            words = ", ".join(["%s"] * (len(values) + 1))
            plan, = psycopg.ClientCursor(db).execute(
                f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE asked ({words})", (first, *values)).fetchone()
        return facts([plan[0]["Plan"]])

    def value(statement):
        with porter.database() as db:
            return db.execute(statement, (org,)).fetchone()[0]

    return run, value


def test_the_audit_log_is_read_from_its_end(ask):
    run, value = ask
    middle = value("SELECT id FROM audit_log WHERE org_id = %s ORDER BY id OFFSET 30000 LIMIT 1")
    for before in (None, middle):
        found = run("audit_list", before, TAKEN)
        assert found.indexes == {"audit_log_pkey"} and found.rows["audit_log"] <= TAKEN and found.sorted == 0
        found = run("audit_list_of_actor", before, TAKEN, "usr_rare")
        assert found.indexes == {"audit_log_actor"} and found.rows["audit_log"] <= TAKEN and found.sorted == 0
        found = run("audit_list_about", before, TAKEN, "key")
        assert found.indexes == {"audit_log_about"} and found.rows["audit_log"] <= TAKEN and found.sorted == 0
    found = run("audit_after", middle)
    assert found.indexes == {"audit_log_pkey"} and found.rows["audit_log"] <= 50 and found.sorted == 0
    found = run("audit_newest")
    assert found.indexes == {"audit_log_pkey"} and found.rows["audit_log"] == 1


def test_who_left_is_found_by_the_departure(ask):
    run, value = ask
    place = value("SELECT id FROM locations WHERE id = %s")
    at = value("SELECT checked_out_at FROM visitors WHERE org_id = %s AND status = 'checked_out' ORDER BY checked_out_at OFFSET 30000 LIMIT 1")
    day = value("SELECT now() - interval '9 days' FROM organizations WHERE id = %s")
    last = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    for after in ((None, None), (at, last)):
        found = run("dashboard_left", place, day, *after, TAKEN)
        assert found.indexes == {"visitors_left"} and found.rows["visitors"] == TAKEN and found.sorted == 0
    found = run("dashboard_left", place, at, at, last, TAKEN)  # One moment, at its last page.
    assert found.indexes == {"visitors_left"} and found.rows["visitors"] <= TAKEN and found.blocks <= 2 * TAKEN


def test_people_are_those_of_the_organization(ask):
    run, value = ask
    middle = value("SELECT id FROM users WHERE org_id = %s ORDER BY id OFFSET 100 LIMIT 1")
    for after in (None, middle):
        found = run("person_list", after, TAKEN)
        assert found.indexes == {"users_pkey"} and found.rows["users"] <= TAKEN and found.sorted == 0
    found = run("person_find", middle)
    assert found.indexes == {"users_pkey"} and found.rows["users"] == 1
    found = run("person_invitation_list", "now()", 200)
    assert found.rows["invitations"] <= PEOPLE + 30 and found.scanned == 0


def test_keys_are_read_from_the_newest_with_who_made_them(ask):
    run, value = ask
    middle = value("SELECT id FROM api_keys WHERE org_id = %s ORDER BY id OFFSET 1000 LIMIT 1")
    for before in (None, middle):
        found = run("key_list", before, TAKEN)
        assert found.indexes == {"api_keys_pkey", "users_pkey"} and found.rows["api_keys"] <= TAKEN and found.sorted == 0
        assert found.rows["users"] <= TAKEN
    found = run("key_show", middle)
    assert found.indexes == {"api_keys_pkey", "users_pkey"} and found.rows["api_keys"] == found.rows["users"] == 1


def test_the_names_of_a_page_are_looked_up_by_their_ids(ask):
    run, value = ask
    ids = [value(f"SELECT id FROM {table} WHERE org_id = %s ORDER BY id OFFSET {at} LIMIT 1") for table in ("users", "api_keys") for at in range(3)]
    found = run("audit_names", ids)
    assert found.indexes == {"api_keys_pkey", "users_pkey"} and found.rows["users"] <= 6 and found.rows["api_keys"] <= 6 and found.scanned == 0


def test_sessions_are_those_of_the_person(ask):
    run, value = ask
    person = value("SELECT user_id FROM sessions WHERE org_id = %s LIMIT 1")
    found = run("person_session_list", person, "2020-01-01", "2020-01-01", 20)
    assert found.indexes == {"sessions_user"} and found.rows["sessions"] <= SESSIONS


def test_a_request_s_session_is_one_row(ask):
    """By the token alone: no organization is known yet. The person is the last of the organization, so reading all shows."""
    run, value = ask
    token = value("SELECT token_hash FROM sessions WHERE org_id = %s ORDER BY user_id DESC LIMIT 1")
    found = run("person_session_find", "2020-01-01", "2020-01-01", first=token)
    assert found.indexes >= {"sessions_token", "users_pkey"} and found.rows["sessions"] == found.rows["users"] == 1


def test_a_day_s_numbers_come_from_two_days_and_are_bounded(ask):
    run, value = ask
    since = value("SELECT now() - interval '23 hours' FROM organizations WHERE id = %s")
    day = DELIVERIES // 10
    for name, table in (("dashboard_deliveries", "deliveries"), ("dashboard_events", "events")):
        found = run(name, since, 100_000)
        assert found.rows[table] <= 2.2 * day, f"{name} {found}"
        found = run(name, since, 1000)
        assert found.rows[table] <= 1000 + 2 * day
    found = run("key_hours_of", since, None)
    assert found.rows["key_hours"] <= HOURS and found.scanned == 0


def test_the_numbers_of_webhooks_are_their_own_hours(ask):
    """Whose hours are many: only those of the day are read, and held events up to a bound."""
    run, value = ask
    since = value("SELECT date_trunc('hour', now()) - interval '23 hours' FROM organizations WHERE id = %s")
    found = run("hours_of_all", since, 1000)
    assert "webhook_hours_pkey" in found.indexes and found.rows["webhook_hours"] <= WEBHOOKS * HOURS and found.scanned == 0
    assert 1000 <= found.rows["deliveries"] <= 1100


def test_every_list_of_the_dashboard_is_asked_for_above():
    assert DASHBOARD_LISTS == {"audit_list", "audit_list_of_actor", "audit_list_about", "person_list", "key_list", "person_session_list", "person_invitation_list",
                               "dashboard_deliveries", "dashboard_events", "dashboard_left", "hours_of_all"}
