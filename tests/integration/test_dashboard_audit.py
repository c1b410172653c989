"""What people do at the front desk is in the audit log: who, what, before and after, by which request. What keys do is not."""
import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.dashboard import Person, problem
from harness.poll import LOG_S, eventually
from harness.porter import parse_id

MARK = f"zqx{uuid.uuid4().hex[:9]}"


@pytest.fixture
def owner(porter, organization):
    return Person(porter, organization)


@pytest.fixture
def desk(porter, owner):
    """Somebody who may do nothing but what the front desk does."""
    return Person(porter, owner.organization, role="front_desk", name="Ngozi Okafor").signed_in()


def done(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()


def rows_of(porter, organization):
    """All that happened in it, the oldest first, but signing in."""
    with porter.database() as db:
        return db.execute("SELECT actor, action, subject, before, after, detail, request_id, address FROM audit_log"
                          " WHERE org_id = %s AND split_part(action, '.', 1) IN ('visitor', 'contractor', 'evacuation') ORDER BY id",
                          (parse_id(organization.id),)).fetchall()


def pre_register(caller, place, path="/v1/visitors/pre-register", **more):
    return caller.post(path, json={"full_name": f"Ada {MARK}", "email": f"{MARK}@example.com", "location_id": place, **more})


def test_each_step_of_a_visit_has_its_row(porter, owner, desk):
    place, other = owner.organization.location(), owner.organization.location()
    made = pre_register(desk, place, notes=MARK)
    visitor = done(made, 201)["id"]
    came = desk.post(f"/v1/visitors/{visitor}/check-in", json={"badge_number": MARK, "location_id": other})
    left = desk.post(f"/v1/visitors/{visitor}/check-out")
    second = done(pre_register(desk, place), 201)["id"]
    ended = desk.post(f"/v1/visitors/{second}/cancel", json={"notes": MARK})
    for answer in (came, left, ended):
        done(answer)
    shown = [row for row in owner.signed_in().get("/audit?about=visitor").json()["entries"]][::-1]
    assert [row["action"] for row in shown] == ["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out",
                                                "visitor.pre_registered", "visitor.cancelled"]
    assert [row["subject"] for row in shown] == [visitor] * 3 + [second] * 2
    assert {row["actor"]["name"] for row in shown} == {"Ngozi Okafor"} and {row["address"] for row in shown} == {desk.address}
    here, there = {"location_id": place}, {"location_id": other}
    assert [(row["before"], row["after"]) for row in shown] == [
        (None, {"status": "expected", **here}),
        ({"status": "expected", **here}, {"status": "checked_in", **there}),
        ({"status": "checked_in", **there}, {"status": "checked_out", **there}),
        (None, {"status": "expected", **here}),
        ({"status": "expected", **here}, {"status": "cancelled", **here})]
    assert [shown[at]["request_id"] for at in (0, 1, 2, 4)] == [answer.headers["X-Request-Id"] for answer in (made, came, left, ended)]
    assert [shown[at]["detail"].get("fields") for at in (0, 1, 2, 4)] == [None, ["badge_number"], [], ["notes"]]
    # What tells who somebody is stands in no row: erasing him has nothing to do here.
    assert MARK not in json.dumps(shown)


def test_decisions_on_contractors_have_theirs(porter, owner, desk):
    made = [done(desk.post("/v1/contractors", json={"company": MARK, "contact": {"name": MARK}}), 201)["id"] for _ in range(2)]
    until = (datetime.now(timezone.utc) + timedelta(days=90)).strftime("%Y-%m-%dT00:00:00.000Z")
    done(desk.post(f"/v1/contractors/{made[0]}/approve", json={"valid_until": until, "reason": MARK}))
    done(desk.post(f"/v1/contractors/{made[1]}/reject", json={"reason": MARK}))
    shown = owner.signed_in().get("/audit?about=contractor").json()["entries"][::-1]
    waits = {"status": "pending", "valid_until": None}
    assert [(row["action"], row["subject"], row["before"], row["after"]) for row in shown] == [
        ("contractor.created", made[0], None, waits), ("contractor.created", made[1], None, waits),
        ("contractor.approved", made[0], waits, {"status": "approved", "valid_until": until}),
        ("contractor.rejected", made[1], waits, {"status": "rejected", "valid_until": None})]
    assert MARK not in json.dumps(shown) and all(row["request_id"] for row in shown)


def test_an_evacuation_can_be_accounted_for(porter, owner, desk):
    """Who was found when, and who was missing after all: each roll-call that changed something, with how many were found then."""
    place = owner.organization.location()
    here = [done(pre_register(desk, place), 201)["id"] for _ in range(3)]
    for visitor in here:
        done(desk.post(f"/v1/visitors/{visitor}/check-in"))
    evacuation = done(desk.post("/v1/evacuations", json={"location_id": place, "reason": MARK}), 201)["id"]
    roll = f"/v1/evacuations/{evacuation}/roll-call"
    found = desk.post(roll, json={"accounted_for": here[:2], "marked_by": MARK})
    done(desk.post(roll, json={"accounted_for": here[:2]}))  # They are already.
    done(desk.post(roll, json={"accounted_for": here[1:], "missing": here[:1]}))
    done(desk.post(f"/v1/evacuations/{evacuation}/end"))
    shown = owner.signed_in().get("/audit?about=evacuation").json()["entries"][::-1]
    assert [row["action"] for row in shown] == ["evacuation.activated", "evacuation.roll_called", "evacuation.roll_called", "evacuation.ended"]
    assert {row["subject"] for row in shown} == {evacuation} and shown[1]["request_id"] == found.headers["X-Request-Id"]

    def state(status, count):
        return {"status": status, "drill": False, "location_id": place, "on_site_count": 3, "accounted_for_count": count}

    assert [(row["before"], row["after"]) for row in shown] == [
        (None, state("active", 0)), (state("active", 0), state("active", 2)), (state("active", 2), state("active", 2)),
        (state("active", 2), state("ended", 2))]
    assert {name: sorted(ids) for name, ids in shown[1]["detail"].items()} == {"accounted_for": sorted(here[:2])}
    assert shown[2]["detail"] == {"accounted_for": here[2:], "missing": here[:1]}
    assert MARK not in json.dumps(shown)


def test_what_keys_do_is_not_in_it(porter, owner):
    organization, place = owner.organization, owner.organization.location()
    client = organization.client()
    visitor = done(pre_register(client, place, "/visitors/pre-register"), 201)["id"]
    done(client.post(f"/visitors/{visitor}/check-in"))
    evacuation = done(client.post("/evacuations", json={"location_id": place}), 201)["id"]
    done(client.post(f"/evacuations/{evacuation}/roll-call", json={"accounted_for": [visitor]}))
    done(client.post(f"/evacuations/{evacuation}/end"))
    done(client.post(f"/visitors/{visitor}/check-out", headers={"Idempotency-Key": "out"}))
    contractor = done(client.post("/contractors", json={"company": "x"}), 201)["id"]
    done(client.post(f"/contractors/{contractor}/approve"))
    assert rows_of(porter, organization) == []


def test_what_was_not_done_is_not_in_it(porter, owner, desk):
    """A refusal, a dry run; and a repeat is done once."""
    place = owner.organization.location()
    visitor = done(pre_register(desk, place), 201)["id"]
    assert problem(desk.post(f"/v1/visitors/{visitor}/check-out")) == "state-conflict"
    assert problem(desk.post(f"/v1/visitors/{visitor}/check-in", json={"badge_number": 7})) == "validation-failed"
    dry = desk.post(f"/v1/visitors/{visitor}/check-in", headers={"X-Porter-Dry-Run": "true"})
    assert done(dry)["status"] == "checked_in" and dry.headers["X-Porter-Dry-Run"] == "true"
    for _ in range(2):
        done(desk.post(f"/v1/visitors/{visitor}/check-in", headers={"Idempotency-Key": "in"}))
    assert [row[1] for row in rows_of(porter, owner.organization)] == ["visitor.pre_registered", "visitor.checked_in"]


def test_without_its_row_nothing_is_done(porter, owner, desk):
    """The row and the change are one transaction."""
    place = owner.organization.location()
    visitor = done(pre_register(desk, place), 201)["id"]
    with porter.database() as db:
        db.execute("ALTER TABLE audit_log ADD CONSTRAINT no_more CHECK (action <> 'visitor.checked_in') NOT VALID")
    try:
        assert desk.post(f"/v1/visitors/{visitor}/check-in").status_code >= 400
        assert done(desk.get(f"/v1/visitors/{visitor}"))["status"] == "expected"
    finally:
        with porter.database() as db:
            db.execute("ALTER TABLE audit_log DROP CONSTRAINT no_more")
    done(desk.post(f"/v1/visitors/{visitor}/check-in"))
    assert [row[1] for row in rows_of(porter, owner.organization)] == ["visitor.pre_registered", "visitor.checked_in"]


def test_it_is_asked_for_by_who_or_by_what(porter, owner, desk):
    browser = owner.signed_in(confirmed=True)
    place = owner.organization.location()
    for number in range(3):
        done(browser.post("/keys", json={"name": f"key {number}"}), 201)
        done(pre_register(desk, place), 201)
    first = browser.get("/audit?about=key&limit=2").json()
    rest = browser.get(f"/audit?about=key&limit=2&cursor={first['pagination']['next_cursor']}").json()
    assert [row["after"]["name"] for page in (first, rest) for row in page["entries"]][:3] == ["key 2", "key 1", "key 0"]
    assert {row["action"] for row in first["entries"] + rest["entries"]} == {"key.created"} and not rest["pagination"]["has_more"]
    assert problem(browser.get(f"/audit?about=key&actor={owner.id}")) == "invalid-parameter"
    assert problem(browser.get("/audit?about=name")) == "invalid-parameter"
    assert browser.get(f"/audit?about=visitor&cursor={first['pagination']['next_cursor']}").status_code == 400


def test_changes_tell_of_it_once(porter, owner, desk):
    """By the event; who may read the audit log does not hear it twice."""
    browser, place = owner.signed_in(), owner.organization.location()
    since = browser.get("/changes").json()["cursor"]
    visitor = done(pre_register(desk, place), 201)["id"]
    heard = []

    def listen():
        nonlocal since
        answer = browser.get(f"/changes?since={since}", timeout=40).json()
        since = answer["cursor"]
        heard.extend(answer["changes"])
        return heard

    eventually(listen, LOG_S, "it is told")
    done(desk.post(f"/v1/visitors/{visitor}/check-in"))
    eventually(lambda: "visitor.checked_in" in {one["type"] for one in listen()}, LOG_S, "the next is told")
    assert [one["type"] for one in heard if one["type"].startswith("visitor.")] == ["visitor.pre_registered", "visitor.checked_in"]
