"""Every SQL statement is one that PostgreSQL takes against the schema our migrations make."""
import re

import psycopg
import pytest

from harness.sources import ROOT, statements
from harness.servers import Server

# Statements that are not about one organization: the relay's and the dispatcher's work queues,
# what is counted for the metrics, a new master key's way through all that is sealed, the schema itself, look-ups by a secret's hash or a globally unique name.
NOT_BY_ORGANIZATION = re.compile(r"outbox|claim|migrat|partition|epoch|lock|key_find|organization|"
                                 r"shard|lease|txid|version|ping|next_due|webhook_changed|idempotency_clean|timezone|sealed_count|person_by_email|person_account|person_lock|checkup|circuit_count")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """An empty database with all migrations applied."""
    folder = tmp_path_factory.mktemp("statements")
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)
    server = Server("postgres", folder).start()
    with psycopg.connect(server.url, autocommit=True) as db:
        for file in sorted((ROOT / "db/migrations").glob("*.sql")):
            db.execute(file.read_text())
        # The table of migrations is made by a statement of ours, not by a migration.
        db.execute(statements()["migrate_table"][0])
        yield db
    server.stop()


def test_every_statement_prepares(database):
    faults = []
    for name, (text, _) in statements().items():
        if name == "migrate_table":
            continue  # It was run; a statement that makes a table can't be prepared.
        try:
            database.execute(f"PREPARE {name} AS {text}")
        except psycopg.Error as fault:
            faults.append(f"{name}: {fault}")
    assert not faults, "\n".join(faults)


def test_a_statement_is_by_organization():
    """Reads and changes of tenants' tables name org_id; the few that may not are listed above."""
    faults = [name for name, (text, _) in statements().items()
              if "org_id" not in text and not NOT_BY_ORGANIZATION.search(name)]
    assert faults == []


# Tables that belong to no organization, or are one: a database that is distributed by org_id has them whole on each node.
# What somebody shows before it is known whose it is: unique in the whole installation, so these tables are whole as well.
LOOKED_UP_ALONE = {("api_keys", "api_keys_hash"), ("invitations", "invitations_token"), ("sessions", "sessions_token"), ("users", "users_email")}
WHOLE = {
    "organizations": "the list that org_id names: everybody refers to it",
    "key_cache_epoch": "one row for the installation",
    "schema_migrations": "of the schema",
}


def test_every_key_of_a_table_holds_the_organization(database):
    """What a database that is distributed by org_id asks of primary keys and unique indexes. Partitions have their parent's."""
    rows = database.execute("""
        SELECT c.relname, i.indexrelid::regclass::text,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnum = ANY (i.indkey::int2[]))
          FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition""").fetchall()
    assert len(rows) > len(WHOLE)
    faults = {(table, index) for table, index, has in rows if not has and table not in WHOLE}
    assert faults == LOOKED_UP_ALONE, faults
    assert {table for table, _, _ in rows} >= set(WHOLE)
