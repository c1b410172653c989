"""What the dispatcher asks for again and again, as PostgreSQL runs it: due, held and ordered deliveries are found by indexes in
which they are almost alone, however long the log is.

120,000 deliveries of ten days, of which 3,000 are due or held, with and without statistics."""
import itertools

import psycopg
import pytest

from harness.plans import facts
from harness.porter import Porter, parse_id, uuid7
from harness.sources import statements

MANY, DAYS, EVERY = 120_000, 10, 40
SEED = """
    INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state, attempts, body, due_at, finished_at,
                            created_at, ordinal)
    SELECT %(org)s, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i || 'x'), 1, 15))::uuid,
           at, gen_random_uuid(), %(webhook)s, 'visitor.checked_in', 'vis_' || i / 3,
           CASE i %% %(every)s WHEN 0 THEN 'held' WHEN 1 THEN 'pending' WHEN 2 THEN 'pending' ELSE 'delivered' END, 1, '{}',
           CASE WHEN i %% %(every)s IN (1, 2) THEN at END, CASE WHEN i %% %(every)s > 2 THEN at END, at,
           CASE WHEN i %% 2 = 0 THEN i END
      FROM generate_series(0, %(many)s - 1) AS i
     CROSS JOIN LATERAL (SELECT '2026-01-01Z'::timestamptz + i * (interval '1 day' * %(days)s / %(many)s) AS at) AS t"""
REPLAYS, GOING = 20_000, 5
SEED_REPLAYS = """
    INSERT INTO replays (org_id, id, webhook_id, state, states, next_at, created_at, finished_at)
    SELECT %(org)s, gen_random_uuid(), %(webhook)s, CASE WHEN i <= %(going)s THEN 'queued' ELSE 'done' END, '{failed}',
           CASE WHEN i <= %(going)s THEN '2026-01-01Z'::timestamptz END, '2026-01-01Z', CASE WHEN i > %(going)s THEN '2026-01-01Z'::timestamptz END
      FROM generate_series(1, %(many)s) AS i"""
MODES = list(itertools.product([False, True], ["force_generic_plan", "force_custom_plan"]))


@pytest.fixture(scope="module")
def seeded(servers):
    porter = Porter(servers)
    tenant, webhook = porter.organization(), uuid7()
    with porter.database() as db:
        db.execute("SELECT porter_ensure_partitions('deliveries', '2026-01-01', %s)", (DAYS,))
        for (name,) in db.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'deliveries'::regclass").fetchall():
            db.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")
        db.execute("INSERT INTO webhooks (org_id, id, url, events, status, secret, created_at, updated_at, max_age_s)"
                   " VALUES (%s, %s, 'https://example.com/', '{*}', 'enabled', '', now(), now(), 8640000)", (parse_id(tenant.id), webhook))
        db.execute(SEED, {"org": parse_id(tenant.id), "webhook": webhook, "many": MANY, "days": DAYS, "every": EVERY}, prepare=False)
        db.execute("ALTER TABLE replays SET (autovacuum_enabled = off)")
        db.execute(SEED_REPLAYS, {"org": parse_id(tenant.id), "webhook": webhook, "many": REPLAYS, "going": GOING}, prepare=False)
    yield porter, parse_id(tenant.id), webhook
    porter.close()


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: f"{'' if mode[0] else 'no '}statistics {mode[1]}")
def ask(request, seeded):
    """Runs a statement by its name and takes it back; what PostgreSQL did, and how many partitions there are."""
    porter, org, webhook = seeded
    has_statistics, mode = request.param
    with porter.database() as db:
        if has_statistics:
            db.execute("VACUUM ANALYZE deliveries, replays")
        days, = db.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'deliveries'::regclass").fetchone()

    def run(name, *values):
        with porter.database() as db, db.transaction(force_rollback=True):
            db.execute(f"SET LOCAL plan_cache_mode = {mode}")
            db.execute(f"PREPARE asked AS {statements()[name][0]}")
            words = ", ".join(["%s"] * len(values))
            plan, = psycopg.ClientCursor(db).execute(  # EXECUTE takes no parameters from outside.
                f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE asked ({words})", values).fetchone()
        return facts([plan[0]["Plan"]]), days

    return run, org, webhook


NOW, LATER = "2026-02-01T00:00:00Z", "2026-02-01T00:01:00Z"
NOBODY = "00000000-0000-0000-0000-000000000000"
DUE, HELD, ORDERED, PKEY = "_due_at_idx", "_org_id_webhook_id_id_idx", "_org_id_webhook_id_subject_ordinal_idx", "_pkey"
ROOM = "_org_id_webhook_id_id_idx1"
WEBHOOK, OF_STATE = "webhooks_pkey", "_org_id_webhook_id_state_id_event_type_idx"


def test_what_is_due_is_found_by_its_time(ask):
    run, _, _ = ask
    found, days = run("delivery_claim", NOW, LATER, 500, "{}", 1000, 1 << 30)
    assert found.scanned == 0 and found.indexes <= {DUE, PKEY, ORDERED} and {DUE, PKEY} <= found.indexes, found
    assert found.rows["deliveries"] <= 1000 * 4 + 4 * days and found.blocks <= 1000 * 3 * days, found


def test_what_has_no_room_is_looked_at_up_to_a_bound_and_put_off(ask):
    run, _, webhook = ask
    found, days = run("delivery_claim", NOW, LATER, 500, f"{{{webhook}}}", 1000, 1 << 30)
    assert found.scanned == 0 and found.indexes == {DUE, PKEY}, found
    assert found.rows["deliveries"] <= 1000 * 3 + 2 * days and found.blocks <= 1000 * 2 * days, found


def test_what_waited_for_room_is_found_at_once(ask):
    run, org, webhook = ask
    found, days = run("delivery_room", org, webhook, NOW, 256)
    assert found.scanned == 0 and found.indexes <= {ROOM, PKEY} and found.blocks <= 5 * days, found


def test_who_waits_for_room_is_found_a_step_each(ask):
    run, _, _ = ask
    found, days = run("delivery_room_seekers", NOBODY, NOBODY, 64)
    assert found.scanned == 0 and found.indexes <= {ROOM} and found.blocks <= 10 * days, found


def test_of_days_that_go_only_what_is_due_is_looked_at(ask):
    """Two days of ten; of their 24,000 rows 1,200 are due, and none waits."""
    run, _, _ = ask
    found, _ = run("delivery_end_waiting", "2026-01-03T12:00:00Z", 2000, NOW, "Why.", "waited_too_long", 7)
    assert found.scanned == 0 and found.indexes == {DUE}, found
    assert found.rows["deliveries"] <= 1200 and found.blocks <= 2 * 1200, found


def test_the_next_of_a_line_is_found_at_once(ask):
    run, org, webhook = ask
    found, days = run("delivery_wake", f"{{{org}}}", f"{{{webhook}}}", "{vis_0}", NOW)
    assert found.scanned == 0 and found.indexes <= {ORDERED, PKEY} and found.blocks <= 6 * days, found


def test_the_oldest_that_is_held_is_found_at_once(ask):
    run, org, webhook = ask
    found, days = run("delivery_claim_held", org, webhook, LATER, NOW, None)
    assert found.scanned == 0 and found.indexes <= {HELD, ORDERED, PKEY, WEBHOOK} and HELD in found.indexes, found
    assert found.blocks <= 40 * days, found


def test_a_portion_of_what_is_held_is_found_in_order(ask):
    run, org, webhook = ask
    found, days = run("delivery_release", org, webhook, NOW, 1000, 400, None, "too_old", "Too old.", 7)
    assert found.scanned == 0 and found.indexes == {HELD, PKEY, WEBHOOK} and found.sorted == 0, found
    assert found.blocks <= 400 * 30 + 40 * days, found


def test_webhooks_with_something_held_are_found_a_step_each(ask):
    run, _, _ = ask
    found, days = run("circuit_sweep", NOBODY, NOBODY, 64, NOW)
    assert found.scanned <= 1 and HELD in found.indexes and found.indexes <= {HELD, WEBHOOK, "webhook_circuits_pkey"}, found
    assert found.rows["deliveries"] <= 4 * days and found.blocks <= 20 * days, found


# ---- Replays -------------------------------------------------------------------------------------

OF_WEBHOOK, AGAIN, LOOK, PORTION = "_org_id_webhook_id_state_id_event_type_idx", "_org_id_webhook_id_due_at_idx", 1000, 400
ANY, NONE = ["failed", "delivered"], None
FILTERS = {"all": (NONE, NONE, NONE), "from the middle of a day": (NONE, "2026-01-05T12:00:00Z", NONE), "of a type that there is not": ("no.such", NONE, NONE),
           "a failure": (NONE, NONE, "timeout")}


@pytest.mark.parametrize("what", FILTERS)
def test_a_portion_of_a_replay_looks_at_so_many_and_no_more(ask, what):
    run, org, webhook = ask
    kind, since, failure = FILTERS[what]
    found, days = run("replay_step", org, webhook, ANY, kind, since, None, None, NOW, LOOK, PORTION, uuid7(), NOW, 5000, failure)
    assert found.scanned == 0 and OF_WEBHOOK in found.indexes and found.indexes <= {OF_WEBHOOK, PKEY}, found
    # What is looked at, each of it once more by its key, and what becomes due; each day gives a row of each state to the merge.
    assert found.rows["deliveries"] <= 2 * LOOK + 2 * PORTION + 2 * days, found
    assert found.blocks <= LOOK * 8 + PORTION * 60 + 80 * days, found


def test_what_a_replay_has_before_it_is_counted_up_to_a_limit(ask):
    run, org, webhook = ask
    found, days = run("replay_total", org, webhook, ANY, None, None, None, None, NOW, LOOK)
    assert found.scanned == 0 and found.indexes == {OF_WEBHOOK}, found
    assert found.rows["deliveries"] <= 2 * LOOK + 2 * days and found.blocks <= LOOK * 4 + 20 * days, found


def test_whether_an_endpoint_keeps_up_is_seen_at_once(ask):
    run, org, webhook = ask
    found, days = run("replay_backlog", org, webhook, NOW, PORTION)
    assert found.scanned == 0 and found.indexes <= {AGAIN, ROOM} and found.blocks <= 6 * days, found


def test_the_next_replay_is_found_however_many_there_were(ask):
    run, _, _ = ask
    found, _ = run("replay_take", NOW)
    assert found.scanned == 0 and found.indexes <= {"replays_next", "replays_going", "webhooks_pkey"}, found
    assert found.rows["replays"] <= 2 * GOING * GOING and found.blocks <= 40, found


# ---- Numbers -------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def hours(seeded):
    """Of a year, in many shards, beside those of others."""
    porter, org, webhook = seeded
    with porter.database() as db:
        db.execute("ALTER TABLE webhook_hours SET (autovacuum_enabled = off)")
        for hook, count in ((webhook, 8760), (uuid7(), 2000)):
            db.execute("INSERT INTO webhook_hours SELECT %s, %s, '2026-01-01Z'::timestamptz + n * interval '1 hour', shard, 1, 1, 1, 1, 1, 1,"
                       " array_fill(1::bigint, ARRAY[13]) FROM generate_series(0, %s) AS n, generate_series(1, 4) AS shard", (org, hook, count))


def test_hours_are_summed_over_the_rows_of_their_span(ask, hours):
    run, org, webhook = ask
    found, _ = run("hours_sum", org, webhook, "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z")
    assert found.scanned == 0 and found.indexes == {"webhook_hours_pkey"}, found
    assert found.rows["webhook_hours"] <= 2 * 168 * 4 and found.blocks <= 168 * 4 * 2, found


def test_old_hours_are_found_by_their_age(ask, hours):
    run, _, _ = ask
    found, _ = run("hours_clean", "2026-01-02T00:00:00Z", 1000)
    assert found.scanned == 0 and found.indexes == {"webhook_hours_old", "webhook_hours_pkey"}, found


def test_what_waits_is_counted_up_to_a_limit(ask):
    run, org, webhook = ask
    found, days = run("delivery_waiting", org, webhook, PORTION)
    assert found.scanned == 0 and found.indexes <= {OF_WEBHOOK, HELD}, found
    assert found.rows["deliveries"] <= 2 * (PORTION + days) and found.blocks <= PORTION * 8 + 20 * days, found


def test_what_is_held_is_counted_by_an_index(ask):
    run, org, webhook = ask
    found, _ = run("circuit_held", org, webhook, 10_000)
    assert found.scanned == 0 and found.indexes <= {HELD, OF_STATE} and found.rows["deliveries"] <= 2 * MANY // EVERY, found


def test_that_something_waits_is_found_at_once(ask):
    run, org, webhook = ask
    found, days = run("circuit_busy", org, webhook)
    assert found.scanned == 0 and found.blocks <= 40 * days, found
