"""Every SQL statement is one that PostgreSQL takes against the schema our migrations make."""
import re

import psycopg
import pytest

from harness.sources import ROOT, statements
from harness.servers import Server

# Statements that are not about one organization: the relay's and the dispatcher's work queues,
# a new master key's way through all that is sealed, the schema itself, look-ups by a secret's hash or a globally unique name.
NOT_BY_ORGANIZATION = re.compile(r"outbox|claim|migrat|partition|epoch|lock|key_find|organization|"
                                 r"shard|lease|txid|version|ping|next_due|webhook_changed|idempotency_clean|timezone|sealed_count")


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
