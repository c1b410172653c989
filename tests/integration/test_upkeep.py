"""What the gateway does by itself, now and then."""
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from harness.poll import eventually
from harness.porter import parse_id, uuid7

MOVE_MAX = 10_000  # PARTITION_MOVE_MAX of libs/store/partition.h
KEY_OF = {"events": "created_at", "deliveries": "event_at", "attempts": "at"}
ROWS = {
    "events": "(org_id, id, type, subject, payload, created_at) SELECT %s, gen_random_uuid(), 'visitor.cancelled', 'vis_x', 'x', {at}",
    "deliveries": "(org_id, id, event_at, event_id, webhook_id, event_type, subject, state, attempts, body, created_at)"
                  " SELECT %s, gen_random_uuid(), {at}, gen_random_uuid(), gen_random_uuid(), 'visitor.cancelled', 'vis_x', 'failed', 1, 'x', {at}",
    "attempts": "(org_id, delivery_id, number, at, verdict, total_us) SELECT %s, gen_random_uuid(), 1, {at}, 'retry', 1",
}


def partitions(db, table):
    return {name for (name,) in db.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass", (table,))}


def test_a_gateway_makes_the_day_partitions_that_are_missing(new_porter):
    porter = new_porter()
    with porter.database() as db:
        made = {table: partitions(db, table) for table in ("events", "deliveries", "attempts")}
        assert all(len(names) >= 9 for names in made.values()), made  # yesterday, a week, the default
        for names in made.values():
            last = max(name for name in names if not name.endswith("default"))
            db.execute(f"DROP TABLE {last}")
        porter.gateway()
        eventually(lambda: all(partitions(db, table) == names for table, names in made.items()), 15,
                   "the dropped partitions again")


def day_of(db, days):
    """A day from today, as PostgreSQL counts them here: its date and its partitions' ending."""
    return db.execute("SELECT day::text, to_char(day, 'YYYYMMDD')"
                      " FROM (SELECT (now() AT TIME ZONE 'UTC')::date + %s AS day) AS d", (days,)).fetchone()


def add(db, table, day, count):
    """Rows of a day, spread over it from its first moment to its last."""
    at = f"'{day}T00:00:00Z'::timestamptz + (interval '1 day' - interval '1 us') * i / greatest({count} - 1, 1)"
    db.execute(f"INSERT INTO {table} {ROWS[table].format(at=at)} FROM generate_series(0, {count} - 1) AS i", (uuid7(),))


def rows(db, table):
    """Of the whole table, in an order that does not depend on where they lie."""
    return db.execute(f"SELECT t FROM {table} AS t ORDER BY t::text").fetchall()


def places(db, table, day):
    """Which partitions hold the day's rows, and how many."""
    return dict(db.execute(f"SELECT tableoid::regclass::text, count(*) FROM {table}"
                           f" WHERE ({KEY_OF[table]} AT TIME ZONE 'UTC')::date = %s GROUP BY 1", (day,)).fetchall())


def told(gateway):
    return [json.loads(line)["error"] for line in gateway.output().splitlines() if '"partition.held"' in line]


def outside(db, table, day, stamp, count):
    """The day loses its partition, if it has one, and rows of it come."""
    db.execute(f"DROP TABLE IF EXISTS {table}_{stamp}")
    add(db, table, day, count)
    assert places(db, table, day) == {f"{table}_default": count}


@contextmanager
def writers(porter, table, day, count):
    """So many who write rows of the day again and again; gives the list of what became of it."""
    done, stop = [], threading.Event()

    def write():
        with porter.database() as db:
            while not stop.wait(0.005):  # So that the day keeps to what may be moved.
                try:
                    add(db, table, day, 1)
                    done.append(None)
                except psycopg.Error as fault:
                    done.append(fault)

    threads = [threading.Thread(target=write) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.alone
def test_a_gateway_moves_rows_of_the_default_into_partitions_of_their_days_while_others_write(new_porter):
    porter = new_porter()
    with porter.database() as db:
        days = [day_of(db, distance) for distance in (-400, 0, 3)]
        for table in KEY_OF:
            for day, stamp in days:
                outside(db, table, day, stamp, 1000)
        before = {table: rows(db, table) for table in KEY_OF}
        today, stamp = days[1]
        with writers(porter, "deliveries", today, 3) as written:
            gateway = porter.gateway()
            for table in KEY_OF:
                for day, name in days:
                    eventually(lambda t=table, d=day, n=name: set(places(db, t, d)) == {f"{t}_{n}"}, 15, f"{table} of {day} moved")
            so_far = len(written)
            eventually(lambda: len(written) > so_far + 3, 10, "writes after the move")
        assert set(written) == {None}, [fault for fault in written if fault]
        assert places(db, "deliveries", today) == {f"deliveries_{stamp}": 1000 + len(written)}
        for table in KEY_OF:
            assert set(before[table]) <= set(rows(db, table)), table
            assert db.execute(f"SELECT count(*) FROM {table}_default").fetchone() == (0,)
        assert told(gateway) == []


def test_who_waits_for_a_move_finds_the_new_partition(new_porter):
    """A writer and a reader that came while the rows were moved, and were not committed."""
    porter = new_porter()
    with porter.database() as db, porter.database() as mover, ThreadPoolExecutor(2) as others:
        day, stamp = day_of(db, 0)
        outside(db, "events", day, stamp, 20)

        def late(work, *more):
            with porter.database() as mine:
                return work(mine, "events", day, *more)

        with mover.transaction():
            mover.execute("SELECT porter_move_day('events', %s::date)", (day,))
            writer, reader = others.submit(late, add, 1), others.submit(late, places)
            eventually(lambda: db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                          " AND wait_event_type = 'Lock'").fetchone() == (2,), 10, "both wait")
        writer.result(10)
        assert reader.result(10) in ({f"events_{stamp}": 20}, {f"events_{stamp}": 21})
        assert places(db, "events", day) == {f"events_{stamp}": 21}


def test_a_day_with_too_many_rows_in_the_default_stays_and_the_log_says_so(new_porter):
    porter = new_porter()
    with porter.database() as db:
        (over, stamp), (full, name) = day_of(db, 0), day_of(db, 1)
        outside(db, "events", over, stamp, MOVE_MAX + 1)
        outside(db, "events", full, name, MOVE_MAX)
        before, others = rows(db, "events"), partitions(db, "events")
        gateway = porter.gateway()
        eventually(lambda: told(gateway), 20, "a warning")
        assert told(gateway) == [f"events: {over} has {MOVE_MAX + 1} rows in events_default; move them: see db/README.md"]
        assert places(db, "events", over) == {"events_default": MOVE_MAX + 1}
        assert places(db, "events", full) == {f"events_{name}": MOVE_MAX}
        assert partitions(db, "events") == others | {f"events_{name}"}
        assert rows(db, "events") == before


def test_a_day_whose_partition_was_detached_stays_and_the_log_says_so(new_porter):
    porter = new_porter()
    with porter.database() as db:
        day, stamp = day_of(db, 0)
        db.execute(f"ALTER TABLE attempts DETACH PARTITION attempts_{stamp}")
        add(db, "attempts", day, 7)
        gateway = porter.gateway()
        eventually(lambda: told(gateway), 20, "a warning")
        assert told(gateway) == [f"attempts: {day} has 7 rows in attempts_default; move them: see db/README.md"]
        assert places(db, "attempts", day) == {"attempts_default": 7}


def test_who_moves_a_day_by_hand_is_told_why_nothing_was_moved(new_porter):
    porter = new_porter()
    with porter.database() as db, porter.database() as other:
        notices = []
        db.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        day, stamp = day_of(db, 0)
        db.execute("SELECT porter_move_day('attempts', %s::date)", (day,))
        with other.transaction():
            other.execute("SELECT FROM attempts")
            db.execute("SELECT porter_move_day('attempts', %s::date)", (day,))
        assert notices == [f"there is a table attempts_{stamp} already: nothing was moved", "attempts is in use: nothing was moved, try again"]
        with pytest.raises(psycopg.errors.RaiseException, match="visitors has no day partitions"):
            db.execute("SELECT porter_move_day('visitors', %s::date)", (day,))


def test_porterctl_migrate_moves_them_and_warns_while_it_can_not(new_porter):
    porter = new_porter()
    with porter.database() as db, porter.database() as dump:
        day, stamp = day_of(db, 2)
        outside(db, "deliveries", day, stamp, 30)
        before = rows(db, "deliveries")
        with dump.transaction():
            dump.execute("SELECT FROM deliveries")
            done = porter.run_ctl("migrate")
            assert (done.returncode, done.stdout, done.stderr) == (
                0, "the schema is up to date\n",
                f"porterctl: warning: deliveries: {day} has 30 rows in deliveries_default; move them: see db/README.md\n")
            assert places(db, "deliveries", day) == {"deliveries_default": 30}
        done = porter.run_ctl("migrate")
        assert (done.returncode, done.stderr) == (0, "")
        assert places(db, "deliveries", day) == {f"deliveries_{stamp}": 30}
        assert rows(db, "deliveries") == before


@pytest.mark.alone
def test_several_may_move_at_the_same_moment(new_porter):
    porter = new_porter()
    with porter.database() as db, ThreadPoolExecutor(4) as runners:
        days = [day_of(db, distance) for distance in range(-20, 8)]
        for day, stamp in days:
            outside(db, "events", day, stamp, 100)
        before = rows(db, "events")
        ends = list(runners.map(lambda _: porter.run_ctl("migrate"), range(4)))
        assert [end.returncode for end in ends] == [0] * 4
        assert porter.run_ctl("migrate").stderr == ""  # Of a day that two wanted at once both may have thought better.
        assert [places(db, "events", day) for day, _ in days] == [{f"events_{stamp}": 100} for _, stamp in days]
        assert rows(db, "events") == before


def test_making_a_partition_gives_way_to_a_dump_and_is_done_afterwards(new_porter):
    """Whoever reads the table would wait behind it, as long as it waits for the dump."""
    porter = new_porter()
    with porter.database() as db, porter.database() as dump:
        _, stamp = day_of(db, 5)
        db.execute(f"DROP TABLE events_{stamp}")
        with dump.transaction():
            dump.execute("SELECT FROM events")
            done = porter.run_ctl("migrate")
            assert (done.returncode, done.stderr) == (0, "")
            assert f"events_{stamp}" not in partitions(db, "events")
        assert porter.run_ctl("migrate").returncode == 0
        assert f"events_{stamp}" in partitions(db, "events")


def test_a_write_transaction_that_stays_open_shows_in_the_metrics(private_servers, new_porter):
    """Servers of its own: elsewhere other tests' transactions would hold the log too."""
    porter = new_porter(private_servers)
    gateway = porter.gateway()
    tenant = porter.organization()
    client, place = tenant.client(), tenant.location()

    def held():
        return next(float(line.split()[1]) for line in gateway.metrics().splitlines()
                    if line.startswith("porter_event_log_held_seconds "))

    assert held() == 0
    with porter.database() as db:
        with db.transaction():
            db.execute("SELECT pg_current_xact_id()")  # As any write: it takes a number.
            client.pre_register(place)
            assert client.get("/events").json()["events"] == []
            first = eventually(held, 15, "that the log is held back")
            eventually(lambda: held() > first, 15, "that it goes on")
        eventually(lambda: held() == 0, 15, "that it is free again")
        assert len(client.get("/events").json()["events"]) == 1


# ---- Old days ------------------------------------------------------------------------------------

KEEP = {"PORTER_RETENTION_EVENTS": "3d", "PORTER_RETENTION_DELIVERIES": "2d", "PORTER_RETENTION_ATTEMPTS": "1d"}
KEPT = {"events": 3, "deliveries": 2, "attempts": 1}


def with_days(db, table, distances):
    """Partitions, with a row each, of the days so far from today."""
    for distance in distances:
        day, _ = day_of(db, distance)
        db.execute("SELECT porter_ensure_partitions(%s, %s, 1)", (table, day))
        add(db, table, day, 1)


def dropped(gateway):
    return [json.loads(line)["partition"] for line in gateway.output().splitlines() if '"partition.dropped"' in line]


def names_of(db, table, distances):
    return [f"{table}_{day_of(db, distance)[1]}" for distance in distances]


def test_days_that_are_older_than_they_are_kept_are_dropped_the_oldest_first(new_porter):
    porter = new_porter()
    with porter.database() as db:
        for table in KEPT:
            with_days(db, table, range(-9, -1))
        before = {table: partitions(db, table) for table in KEPT}
        gateway = porter.gateway(**KEEP)
        gone = {table: names_of(db, table, range(-9, -days)) for table, days in KEPT.items()}
        eventually(lambda: all(partitions(db, table) == before[table] - set(gone[table]) for table in KEPT), 15, "old days gone")
        assert dropped(gateway) == gone["attempts"] + gone["deliveries"] + gone["events"]
        for table, days in KEPT.items():
            # The day that ends within what is kept stays whole.
            assert set(names_of(db, table, range(-days, 0))) <= partitions(db, table)
            assert len(rows(db, table)) == max(days - 1, 0)


def test_a_day_with_deliveries_that_are_to_be_sent_stays(new_porter):
    porter = new_porter()
    with porter.database() as db:
        with_days(db, "deliveries", [-9, -8, -7])
        day, _ = day_of(db, -8)
        db.execute("UPDATE deliveries SET state = 'pending', due_at = 'infinity' WHERE (event_at AT TIME ZONE 'UTC')::date = %s", (day,))
        gateway = porter.gateway(**KEEP)
        eventually(lambda: len(dropped(gateway)) >= 2, 15, "two days dropped")
        assert dropped(gateway) == names_of(db, "deliveries", [-9, -7])
        assert names_of(db, "deliveries", [-8])[0] in partitions(db, "deliveries")


def test_what_waits_for_room_does_not_keep_its_day(new_porter):
    """Of a day whose time was over a day ago what waits has failed, and says why; what somebody works on keeps the day until it has ended."""
    porter = new_porter()
    org, webhook = uuid7(), uuid7()
    with porter.database() as db:
        with_days(db, "deliveries", [-9, -8, -3, -1])
        for days, waits_for in ((-9, "room"), (-8, "turn"), (-3, "room"), (-1, "room")):
            day, _ = day_of(db, days)
            db.execute("UPDATE deliveries SET state = 'pending', due_at = now() + interval '1 hour', finished_at = NULL, waits_for = %s, org_id = %s, webhook_id = %s"
                       " WHERE (event_at AT TIME ZONE 'UTC')::date = %s", (waits_for, org, webhook, day))
        day, _ = day_of(db, -8)
        db.execute("INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'waits_for', NULL))).*"
                   " FROM deliveries d WHERE (event_at AT TIME ZONE 'UTC')::date = %s", (day,))
        gateway = porter.gateway(**KEEP)
        eventually(lambda: len(dropped(gateway)) == 1, 15, "a day dropped")
        assert dropped(gateway) == names_of(db, "deliveries", [-9])
        left = db.execute("SELECT state, waits_for, due_at IS NULL, finished_at IS NULL, last_failure, last_error FROM deliveries"
                          " WHERE webhook_id = %s ORDER BY event_at, state", (webhook,)).fetchall()
        assert [row[:5] for row in left] == [("failed", None, True, False, "waited_too_long"), ("pending", None, False, True, None), *[("pending", "room", False, True, None)] * 2]
        assert "PORTER_RETENTION_DELIVERIES" in left[0][5]
        assert db.execute("SELECT sum(failed) FROM webhook_hours WHERE webhook_id = %s", (webhook,)).fetchone()[0] == 2
    told = [json.loads(line) for line in gateway.output().splitlines() if '"deliveries.waited_too_long"' in line]
    assert [line["deliveries"] for line in told] == [2]


def test_what_is_held_and_goes_with_its_day_is_told(new_porter):
    porter = new_porter()
    with porter.database() as db:
        with_days(db, "deliveries", [-9, -8, -1])
        db.execute("UPDATE deliveries SET state = 'held' WHERE event_at < now() - interval '7 days' OR event_at > now() - interval '2 days'")
        org, webhook = uuid7(), uuid7()
        db.execute("UPDATE deliveries SET org_id = %s, webhook_id = %s WHERE state = 'held'", (org, webhook))
        gateway = porter.gateway(**KEEP)
        eventually(lambda: len(dropped(gateway)) == 2, 15, "two days dropped")
    told = [json.loads(line) for line in gateway.output().splitlines() if '"deliveries.held_dropped"' in line]
    assert [(parse_id(line["organization"]), parse_id(line["webhook"]), line["deliveries"]) for line in told] == [(org, webhook, 2)]


def test_the_audit_log_is_forgotten_when_it_is_older_than_it_is_kept(new_porter):
    porter = new_porter()
    tenant = porter.organization()
    with porter.database() as db:
        for days in (500, 399, 3):
            db.execute("INSERT INTO audit_log (org_id, id, at, actor, action) VALUES (%s, gen_random_uuid(), now() - %s * interval '1 day', 'x', %s)",
                       (parse_id(tenant.id), days, f"old.{days}"))
        porter.gateway()
        actions = "SELECT action FROM audit_log WHERE action LIKE 'old.%' ORDER BY at"
        eventually(lambda: [row[0] for row in db.execute(actions)] == ["old.399", "old.3"], 15, "the oldest gone")


def test_a_table_in_use_is_left_for_the_next_time(new_porter):
    porter = new_porter()
    with porter.database() as db, porter.database() as reader:
        for table in ("events", "attempts"):
            with_days(db, table, [-9])
        with reader.transaction():
            reader.execute("SELECT count(*) FROM attempts")
            gateway = porter.gateway(**KEEP)
            eventually(lambda: dropped(gateway) == names_of(db, "events", [-9]), 15, "the day of the other table dropped")
        assert names_of(db, "attempts", [-9])[0] in partitions(db, "attempts")


def test_nothing_is_dropped_when_all_is_kept(new_porter):
    porter = new_porter()
    with porter.database() as db:
        for table in KEPT:
            with_days(db, table, [-400])
        before = {table: partitions(db, table) for table in KEPT}
        gateway = porter.gateway(PORTER_RETENTION_EVENTS="3d")
        eventually(lambda: dropped(gateway) == names_of(db, "events", [-400]), 15, "the one that is not kept for ever")
        assert {table: partitions(db, table) for table in ("deliveries", "attempts")} == {
            table: before[table] for table in ("deliveries", "attempts")}


def test_replays_are_forgotten_with_the_deliveries_of_their_time(new_porter):
    porter = new_porter()
    tenant, names = porter.organization(), {"old": (-9, True), "new": (-1, True), "going": (-9, False)}
    with porter.database() as db:
        for name, (distance, ended) in names.items():
            db.execute("INSERT INTO replays (org_id, id, webhook_id, state, states, event_type, created_at, finished_at, next_at)"
                       " SELECT %s, gen_random_uuid(), gen_random_uuid(), 'done', '{failed}', %s, at, CASE WHEN %s THEN at END,"
                       " CASE WHEN NOT %s THEN 'infinity'::timestamptz END FROM (SELECT now() + %s * interval '1 day' AS at) AS t",
                       (parse_id(tenant.id), name, ended, ended, distance))
        porter.gateway(**KEEP)
        eventually(lambda: {row[0] for row in db.execute("SELECT event_type FROM replays")} == {"new", "going"}, 15, "the old one gone")


def test_hours_are_forgotten_when_they_are_older_than_they_are_kept(new_porter):
    porter = new_porter()
    tenant = porter.organization()
    with porter.database() as db:
        for days in (9, 4, 1):
            db.execute("INSERT INTO webhook_hours SELECT %s, gen_random_uuid(), date_trunc('hour', now() - %s * interval '1 day'), 1, %s, 0, 0, 0, 0, 0,"
                       " array_fill(0::bigint, ARRAY[13])", (parse_id(tenant.id), days, days))
        porter.gateway(PORTER_RETENTION_STATS="3d")
        eventually(lambda: [row[0] for row in db.execute("SELECT delivered FROM webhook_hours")] == [1], 15, "old hours gone")
