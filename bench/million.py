"""A million visitors of 200 organizations, one of them large: made once a data folder, by SQL, and kept."""
import hashlib
import os
import shutil
import threading
import time
import uuid
from pathlib import Path

from common import Organization, Porter, ROOT, Server, Servers, System, format_id, say

ORGANIZATIONS, VISITORS, OF_LARGE = 200, 1_000_000, 400_000
PLACES_OF_LARGE, PLACES = 20, 2
FOLDER = Path(os.environ.get("BENCH_DATA", ROOT / "build" / "bench" / "million"))
DATABASE = "porter_million"
NOW = "2026-01-15 09:00:00+00"  # The data set's: the visits end about here.

FIRST = ("Anna Ada Åse Zoë José Lukas Marie Jan Sofia Paul Emma Noah Mia Ben Lea Tim Ida Max Eva Tom Ella Leo Nora Finn Lina Jonas "
         "Clara Felix Alma Emil Greta Anton Romy Theo Frida Oskar Marta Karl Helene Hugo Amelie Jakob Olivia David Laura Simon Julia "
         "Philipp Sarah Moritz Hannah Jannik Nele Erik Pia Fabian Charlotte Julian Johanna Niklas").split()
LAST = ("Müller Schmidt Weber Fischer Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Braun "
        "Zimmermann Krüger Hartmann Lange Werner Krause Lehmann Köhler Herrmann Walter König Mayer Huber Kaiser Fuchs Peters Lang "
        "Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann").split()
FIRMS = "Bau Druck Technik Reinigung Logistik Beratung Energie Medien Pharma Software Transport Elektro Garten Metall".split()

ORGANIZE = """
    INSERT INTO organizations (id, name, slug, webhooks_version, created_at)
    SELECT org_id, 'Million ' || n, 'million-' || n, 0, %(now)s FROM unnest(%(orgs)s::uuid[]) WITH ORDINALITY AS o (org_id, n)"""
LOCATE = """
    INSERT INTO locations (org_id, id, name, timezone, city, country, created_at, updated_at)
    SELECT org_id, md5('loc' || org_id || p)::uuid, 'Haus ' || p, 'Europe/Berlin', 'Berlin', 'DE', %(now)s, %(now)s
      FROM unnest(%(orgs)s::uuid[]) WITH ORDINALITY AS o (org_id, n)
     CROSS JOIN LATERAL generate_series(0, CASE WHEN n = 1 THEN %(places_of_large)s ELSE %(places)s END - 1) AS p"""
# Two years of visitors, spread by a hash of their number; what is to come is expected, today's are on site.
FILL = """
    INSERT INTO visitors (org_id, id, status, first_name, last_name, full_name, email, phone, company, visitor_type, host_name, host_email,
                          location_id, purpose, expected_at, expected_until, checked_in_at, checked_out_at, badge_number, metadata, created_at, updated_at)
    SELECT org, (lpad(to_hex((extract(epoch FROM created) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3)
                 || '8' || substr(md5(i::text), 4, 15))::uuid,
           status, first, last, first || ' ' || last, lower(porter_fold(first || '.' || last)) || h %% 99991 || '@example.' || (ARRAY['com', 'org', 'de'])[1 + h %% 3],
           '+4930' || 1000000 + h %% 8999999, CASE WHEN h %% 10 < 8 THEN (%(firms)s::text[])[1 + firm %% 14] || ' ' || firm || ' GmbH' END,
           (ARRAY['guest', 'interview', 'delivery', NULL])[1 + h %% 4], 'Ada Lovelace ' || host, 'host' || host || '@porter.example',
           md5('loc' || org || h %% places)::uuid, CASE WHEN h %% 3 = 0 THEN 'Wartung der Aufzüge im dritten Stock' END,
           expected, expected + interval '2 hours',
           CASE WHEN status IN ('checked_in', 'checked_out') THEN expected + h %% 40 * interval '1 minute' END,
           CASE WHEN status = 'checked_out' THEN expected + h %% 300 * interval '1 minute' END,
           CASE WHEN status = 'checked_in' THEN 'B' || h %% 500 END,
           CASE WHEN h %% 2 = 0 THEN jsonb_build_object('badge', 'blue', 'floor', (h %% 9)::text) ELSE '{}' END, created, created
      FROM generate_series(%(from)s::bigint, %(to)s::bigint - 1) AS i
     CROSS JOIN LATERAL (SELECT (hashint8extended(i, 7) & 2147483647)::bigint AS h) AS one
     CROSS JOIN LATERAL (SELECT (%(orgs)s::uuid[])[CASE WHEN i %% 5 < 2 THEN 1 ELSE 2 + h / 7 %% (%(org_count)s - 1) END] AS org,
                                CASE WHEN i %% 5 < 2 THEN %(places_of_large)s ELSE %(places)s END AS places,
                                (%(first)s::text[])[1 + h / 11 %% %(first_count)s] AS first,
                                (%(last)s::text[])[1 + h / 1009 %% %(last_count)s] AS last,
                                h / 31 %% 20000 AS firm, h / 37 %% 2000 AS host,
                                %(now)s::timestamptz - (%(all)s - i) * (interval '730 days' / %(all)s) AS created) AS two
     CROSS JOIN LATERAL (SELECT created + (h / 41 %% 30) * interval '1 day' + (h / 43 %% 600) * interval '1 minute' AS expected) AS three
     CROSS JOIN LATERAL (SELECT CASE WHEN h / 47 %% 12 = 0 THEN 'cancelled' WHEN expected > %(now)s THEN 'expected'
                                     WHEN h / 47 %% 12 = 1 THEN 'no_show' WHEN expected > %(now)s::timestamptz - interval '8 hours' THEN 'checked_in'
                                     ELSE 'checked_out' END AS status) AS four"""


def org_ids():
    return [uuid.UUID(int=uuid.uuid5(uuid.NAMESPACE_URL, f"million {n}").int) for n in range(ORGANIZATIONS)]


def words():
    return {"orgs": org_ids(), "org_count": ORGANIZATIONS, "now": NOW, "all": VISITORS, "places_of_large": PLACES_OF_LARGE, "places": PLACES,
            "first": FIRST, "first_count": len(FIRST), "last": LAST, "last_count": len(LAST), "firms": FIRMS}


def recipe():
    """What the data set is made of: another recipe makes another data set."""
    text = "".join(path.read_text() for path in sorted((ROOT / "db" / "migrations").glob("*.sql")))
    return hashlib.sha256(f"{text}{ORGANIZE}{LOCATE}{FILL}{words()}".encode()).hexdigest()


class MillionSystem(System):
    """A system whose PostgreSQL keeps the data set from run to run; Redis and Kafka are new each time."""

    def make_servers(self):
        stamp = FOLDER / "recipe"
        if FOLDER.exists() and not (stamp.exists() and stamp.read_text() == recipe()):
            say(f"{FOLDER} is of another recipe, or was not finished: it is made anew")
            Server("postgres", FOLDER).stop()
            shutil.rmtree(FOLDER)
        FOLDER.mkdir(parents=True, exist_ok=True)
        servers = Servers.temporary()
        servers.use_postgres(Server("postgres", FOLDER))
        return servers

    def make_porter(self):
        return Porter(self.servers, name=DATABASE)

    def __enter__(self):
        super().__enter__()
        if not (FOLDER / "recipe").exists():
            fill(self.porter)
            (FOLDER / "recipe").write_text(recipe())
        with self.porter.database() as db:
            db.execute("DELETE FROM api_keys")  # Of earlier runs.
        self.large = Organization(self.porter, known_id=format_id("org", org_ids()[0]))
        return self


def run_beside(porter, statements):
    """Each on a connection of its own."""
    failed = []

    def run(statement, values):
        try:
            with porter.database() as db:
                db.execute("SET synchronous_commit = off")
                db.execute("SET maintenance_work_mem = '512MB'")
                db.execute(statement, values)
        except Exception as fault:  # pylint: disable=broad-except
            failed.append(fault)

    threads = [threading.Thread(target=run, args=each) for each in statements]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def fill(porter):
    """The rows first, the indexes after them: so it takes a minute or two."""
    began = time.monotonic()
    say(f"filling {VISITORS:,} visitors of {ORGANIZATIONS} organizations into {FOLDER} (once) …")
    with porter.database() as db:
        db.execute(ORGANIZE, words())
        db.execute(LOCATE, words())
        indexes = db.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'visitors' AND indexname <> 'visitors_pkey'").fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
    step = VISITORS // 2
    run_beside(porter, [(FILL, {**words(), "from": first, "to": first + step}) for first in (0, step)])
    say(f"  rows: {time.monotonic() - began:.0f} s")
    # The GIN index takes about as long as all others.
    gin = [text for _, text in indexes if "gin" in text]
    others = "; ".join(text for _, text in indexes if "gin" not in text)
    run_beside(porter, [(text, None) for text in [*gin, others]])
    with porter.database() as db:
        db.execute("VACUUM ANALYZE visitors")
        db.execute("CHECKPOINT")
    say(f"  with indexes: {time.monotonic() - began:.0f} s")
