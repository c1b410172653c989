"""What the gateway does by itself, now and then."""
from harness.poll import eventually


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
