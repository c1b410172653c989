"""What was sent, as the log tells it and as the receiver saw it; and writes that make something to send."""
from collections import Counter

from .load import Load, call
from .poll import eventually
from .porter import parse_id


def deliveries(porter, organization):
    """The log's rows as dictionaries, oldest first."""
    with porter.database() as db:
        cursor = db.execute("SELECT * FROM deliveries WHERE org_id = %s ORDER BY created_at, id",
                            (parse_id(organization.id),))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def attempts(porter, organization):
    with porter.database() as db:
        cursor = db.execute("SELECT * FROM attempts WHERE org_id = %s ORDER BY number, at",
                            (parse_id(organization.id),))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def settled(porter, organization, count=1, seconds=15):
    """The organization's deliveries once so many of them are finished."""
    def finished():
        rows = deliveries(porter, organization)
        return rows if sum(row["finished_at"] is not None for row in rows) >= count else None
    return eventually(finished, seconds, f"{count} finished deliveries")


def writing(porter, organization, per_second=100):
    key, location = organization.key().text, organization.location()
    url, ca = f"{porter.gateways[0].url}/api/v1/visitors/pre-register", porter.tls / "ca.pem"
    return Load(4, lambda session, number: call(
        session, "POST", url, ca, key, json={"full_name": "Ольга", "location_id": location}), per_second)


def written(load):
    assert {one.status for one in load.calls} == {201}
    return {one.body["id"] for one in load.calls}


def by_delivery(receiver):
    return Counter(r.headers["x-porter-delivery"] for r in receiver.matching())
