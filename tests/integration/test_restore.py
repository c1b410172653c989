"""A logical dump, restored into a new database, has every row that was dumped."""
import subprocess
from pathlib import Path

import psycopg


def tool(name):
    return sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1]


def counts(db, tables):
    return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def test_a_dump_restored_has_every_row_and_finds_it(porter):
    tenant = porter.organization()
    client, place = tenant.client(), tenant.location()
    for name in ("Zoë Łukasiewicz", "Ada Lovelace"):
        client.pre_register(place, full_name=name, email="ada@example.com", company="Ünïted Bäckereien AG")
    client.post("/contractors", json={"company": "Blitz Elektro GmbH"})
    client.post("/evacuations", json={"location_id": place})
    base, copy = porter.environment()["PORTER_DB_URL"].rsplit("/", 1)[0], f"{porter.name}_copy"
    with porter.database() as here, here.transaction():  # The services go on writing: the dump and the counts see the same.
        here.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        snapshot = here.execute("SELECT pg_export_snapshot()").fetchone()[0]
        dump = subprocess.run([tool("pg_dump"), "-O", "--snapshot", snapshot, f"{base}/{porter.name}"], capture_output=True,
                              check=True).stdout
        tables = [row[0] for row in here.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        dumped = counts(here, tables)
    with psycopg.connect(f"{base}/postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {copy}")
    subprocess.run([tool("psql"), "-q", "-v", "ON_ERROR_STOP=1", f"{base}/{copy}"], input=dump, stdout=subprocess.DEVNULL, check=True)
    with psycopg.connect(f"{base}/{copy}", autocommit=True) as there:
        restored = counts(there, tables)
        found = there.execute("SELECT full_name FROM visitors WHERE words @@ porter_search(org_id, 'zoe luka', VARIADIC ARRAY[]::text[])").fetchall()
    assert dumped == restored and restored["visitors"] >= 2 and restored["contractors"] >= 1
    assert found == [("Zoë Łukasiewicz",)]
