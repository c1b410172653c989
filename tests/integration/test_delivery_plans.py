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
MODES = list(itertools.product([False, True], ["force_generic_plan", "force_custom_plan"]))


@pytest.fixture(scope="module")
def seeded(servers):
    porter = Porter(servers)
    tenant, webhook = porter.organization(), uuid7()
    with porter.database() as db:
        db.execute("SELECT porter_ensure_partitions('deliveries', '2026-01-01', %s)", (DAYS,))
        for (name,) in db.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'deliveries'::regclass").fetchall():
            db.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")
        db.execute(SEED, {"org": parse_id(tenant.id), "webhook": webhook, "many": MANY, "days": DAYS, "every": EVERY}, prepare=False)
    yield porter, parse_id(tenant.id), webhook
    porter.close()


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: f"{'' if mode[0] else 'no '}statistics {mode[1]}")
def ask(request, seeded):
    """Runs a statement by its name and takes it back; what PostgreSQL did, and how many partitions there are."""
    porter, org, webhook = seeded
    has_statistics, mode = request.param
    with porter.database() as db:
        if has_statistics:
            db.execute("VACUUM ANALYZE deliveries")
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
DUE, HELD, ORDERED, PKEY = "_due_at_idx", "_org_id_webhook_id_id_idx", "_org_id_webhook_id_subject_ordinal_idx", "_pkey"


def test_what_is_due_is_found_by_its_time(ask):
    run, _, _ = ask
    found, days = run("delivery_claim", NOW, LATER, 500, "{}")
    assert found.scanned == 0 and found.indexes == {DUE, PKEY}, found
    assert found.rows["deliveries"] <= 500 * 4 + days and found.blocks <= 500 * 3 * days, found


def test_the_oldest_that_is_held_is_found_at_once(ask):
    run, org, webhook = ask
    found, days = run("delivery_claim_held", org, webhook, LATER)
    assert found.scanned == 0 and found.indexes <= {HELD, ORDERED, PKEY} and HELD in found.indexes, found
    assert found.blocks <= 40 * days, found


def test_a_portion_of_what_is_held_is_found_in_order(ask):
    run, org, webhook = ask
    found, days = run("delivery_release", org, webhook, NOW, 1000, 400)
    assert found.scanned == 0 and found.indexes == {HELD, PKEY} and found.sorted == 0, found
    assert found.blocks <= 400 * 30 + 40 * days, found
