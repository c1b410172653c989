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


def test_a_write_transaction_that_stays_open_shows_in_the_metrics(private_servers, new_porter):
    """Servers of its own: elsewhere other tests' transactions would hold the log too."""
    porter = new_porter(private_servers)
    gateway = porter.gateway()
    tenant = porter.organization()
    client, place = tenant.client(), tenant.location()

    def held():
        return next(int(line.split()[1]) for line in gateway.metrics().splitlines()
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
