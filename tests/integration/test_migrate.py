"""porterctl migrate on a database that is in use."""
import hashlib
import subprocess

import psycopg
import pytest

from harness.poll import eventually
from harness.process import program
from harness.sources import ROOT, statements

THERE = 24  # The next one changes webhooks.


@pytest.fixture
def older(new_porter):
    """A database's URL, whose schema is of an older version, and what porterctl is told with it."""
    porter = new_porter()
    name = f"{porter.name}_older"
    with porter.database() as db:
        db.execute(f"CREATE DATABASE {name}")
    url = porter.environment()["PORTER_DB_URL"].replace(porter.name, name)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(statements()["migrate_table"][0])
        for number, file in enumerate(sorted((ROOT / "db" / "migrations").glob("*.sql"))[:THERE], 1):
            db.execute(file.read_text())
            db.execute("INSERT INTO schema_migrations VALUES (%s, %s, %s, now())", (number, file.name, hashlib.sha256(file.read_bytes()).digest()))
    yield url, porter.environment(PORTER_DB_URL=url)


def test_nobody_waits_long_behind_a_migration_that_waits_for_a_dump(older):
    """Whoever comes for a table waits behind him who wants to change it. So he gives way, and comes again."""
    url, environment = older
    with psycopg.connect(url) as dump, psycopg.connect(url, autocommit=True) as others, psycopg.connect(url, autocommit=True) as eye:
        dump.execute("SELECT FROM webhooks")
        others.execute("SET statement_timeout = '5s'")

        def waits():
            return eye.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'webhooks'::regclass").fetchone()[0] > 0

        with subprocess.Popen([program("porterctl"), "migrate"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as migrate:
            try:
                for _ in range(2):
                    eventually(waits, 30, "the migration wants the table")
                    others.execute("SELECT FROM webhooks")  # An error after 5 s.
                assert migrate.poll() is None
            finally:
                dump.rollback()
            said, complaint = migrate.communicate(timeout=60)
    assert (migrate.returncode, complaint) == (0, ""), said
    done = subprocess.run([program("porterctl"), "migrate"], env=environment, capture_output=True, text=True, check=True)
    assert "up to date" in done.stdout
