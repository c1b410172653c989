"""Visitors: check-in, check-out, cancel; one visitor under many hands."""
import json
import threading
from datetime import datetime

import pytest

from harness.porter import format_id, parse_id, uuid7
from harness.refusals import problem

NEXT = {"expected": {"check-in": "checked_in", "cancel": "cancelled"}, "checked_in": {"check-out": "checked_out"}}
ACTIONS = ["check-in", "check-out", "cancel"]
EVENTS = {"check-in": "visitor.checked_in", "check-out": "visitor.checked_out", "cancel": "visitor.cancelled"}
STATUSES = ["expected", "checked_in", "checked_out", "cancelled", "no_show"]


class Desk:
    """An organization with one location, and what its front desk does."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client, self.place = self.tenant.client(), self.tenant.location()

    def new(self, **more):
        return self.client.pre_register(self.place, **more)

    def act(self, visitor, action, **more):
        return self.client.post(f"/visitors/{visitor if isinstance(visitor, str) else visitor['id']}/{action}", **more)

    def show(self, visitor):
        return self.client.get(f"/visitors/{visitor['id']}").json()

    def force(self, visitor, status):
        """A state however it came about."""
        with self.porter.database() as db:
            db.execute("UPDATE visitors SET status = %s WHERE org_id = %s AND id = %s",
                       (status, parse_id(self.tenant.id), parse_id(visitor["id"])))

    def on_site(self):
        return self.client.get(f"/locations/{self.place}").json()["on_site_count"]

    def events(self, visitor):
        with self.porter.database() as db:
            return [row[0] for row in db.execute(
                "SELECT type FROM events WHERE org_id = %s AND subject = %s ORDER BY txid, id",
                (parse_id(self.tenant.id), visitor["id"]))]


@pytest.fixture(scope="module")
def desk(porter):
    return Desk(porter)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# ---- States --------------------------------------------------------------------------------------

def test_a_visit_from_the_door_to_the_door(desk):
    visitor = desk.new()
    before = desk.on_site()
    came = desk.act(visitor, "check-in", json={"badge_number": "0042", "vehicle_plate": "ZH 1234", "notes": "früh"})
    assert came.status_code == 200, came.text
    inside = came.json()
    assert inside == desk.show(visitor)
    assert (inside["status"], inside["badge_number"], inside["vehicle_plate"], inside["notes"]) == ("checked_in", "0042", "ZH 1234", "früh")
    assert inside["checked_in_at"] == inside["updated_at"] and inside["checked_out_at"] is None
    assert moment(inside["updated_at"]) >= moment(visitor["updated_at"])
    assert desk.on_site() == before + 1
    gone = desk.act(visitor, "check-out")
    assert gone.status_code == 200, gone.text
    outside = gone.json()
    assert outside == desk.show(visitor)
    assert {**outside, "status": "", "checked_out_at": "", "updated_at": ""} == {**inside, "status": "", "checked_out_at": "", "updated_at": ""}
    assert outside["status"] == "checked_out" and moment(outside["checked_out_at"]) >= moment(outside["checked_in_at"])
    assert desk.on_site() == before
    assert desk.events(visitor) == ["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_state_allows_what_it_should_and_tells_itself_when_it_does_not(desk, status, action):
    visitor = desk.new()
    desk.force(visitor, status)
    before = desk.show(visitor)
    answer = desk.act(visitor, action)
    if action in NEXT.get(status, {}):
        assert answer.status_code == 200 and answer.json()["status"] == NEXT[status][action]
        assert desk.events(visitor) == ["visitor.pre_registered", EVENTS[action]]
    else:
        told = problem(answer, 409, "state-conflict")
        assert told["current"] == {"status": status, "updated_at": before["updated_at"]}
        assert desk.show(visitor) == before and desk.events(visitor) == ["visitor.pre_registered"]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_change_is_a_signed_webhook(porter, action):
    desk, receiver = Desk(porter), porter.receiver()
    desk.tenant.webhook(receiver.url(), events=EVENTS[action])
    visitor = desk.new()
    if action == "check-out":
        assert desk.act(visitor, "check-in").status_code == 200
    changed = desk.act(visitor, action, headers={"X-Request-Id": f"req-{action}"}).json()
    event = json.loads(receiver.wait(1, x_porter_event=EVENTS[action])[0].body)
    assert event["type"] == EVENTS[action] and event["data"] == {"visitor": changed}
    assert event["created_at"] == changed["updated_at"]
    with porter.database() as db:
        row = db.execute("SELECT request_id FROM events WHERE org_id = %s AND id = %s",
                         (parse_id(desk.tenant.id), parse_id(event["id"]))).fetchone()
    assert row == (f"req-{action}",)


def test_the_events_of_one_visitor_reach_kafka_in_the_order_of_its_states(desk, porter):
    visitors = [desk.new() for _ in range(10)]
    for visitor in visitors:
        assert desk.act(visitor, "check-in").status_code == desk.act(visitor, "check-out").status_code == 200
    topics = porter.topics()
    for visitor in visitors:
        records = topics.wait(lambda record, key=visitor["id"]: record.key == key, 3)
        assert [record.event.type for record in records] == ["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out"]
    topics.close()


# ---- Bodies --------------------------------------------------------------------------------------

def test_a_body_may_be_left_out_or_empty(desk):
    for more in ({}, {"json": {}}, {"data": b"", "headers": {"Content-Type": "application/json"}}, {"json": {"notes": None, "badge_number": ""}}):
        visitor = desk.new(notes="bleibt")
        changed = desk.act(visitor, "check-in", **more)
        assert changed.status_code == 200 and changed.json()["notes"] == "bleibt" and changed.json()["badge_number"] is None


def test_a_visitor_may_check_in_at_another_location(desk):
    other, visitor = desk.tenant.location("Bern"), desk.new()
    changed = desk.act(visitor, "check-in", json={"location_id": other})
    assert changed.status_code == 200 and changed.json()["location_id"] == other
    assert desk.client.get(f"/locations/{other}").json()["on_site_count"] == 1


def test_another_organizations_location_is_no_location(desk, porter):
    stranger = porter.organization().location()
    for place in (stranger, format_id("loc", uuid7())):
        visitor = desk.new()
        told = problem(desk.act(visitor, "check-in", json={"location_id": place}), 422, "validation-failed")
        assert [(fault["field"], fault["code"]) for fault in told["errors"]] == [("location_id", "not_found")]
        assert desk.show(visitor) == visitor and desk.events(visitor) == ["visitor.pre_registered"]


def test_all_faults_of_a_check_in_are_told_at_once(desk):
    visitor = desk.new()
    told = problem(desk.act(visitor, "check-in", json={"badge_number": "x" * 61, "vehicle_plate": 7, "status": "checked_in", "badge": "1"}),
                   422, "validation-failed")
    assert {(fault["field"], fault["code"]) for fault in told["errors"]} == {
        ("badge_number", "too_long"), ("vehicle_plate", "wrong_type"), ("status", "not_allowed"), ("badge", "unknown_field")}
    for action in ("check-out", "cancel"):
        problem(desk.act(visitor, action, json={"badge_number": "1"}), 422, "validation-failed")
    told = problem(desk.act(visitor, "check-in", json={"badge": "1", "location_id": format_id("loc", uuid7())}), 422, "validation-failed")
    assert {(fault["field"], fault["code"]) for fault in told["errors"]} == {("badge", "unknown_field"), ("location_id", "not_found")}
    problem(desk.act(visitor, "check-in", json=[]), 422, "validation-failed")
    problem(desk.act(visitor, "check-in", data=b"{", headers={"Content-Type": "application/json"}), 400, "malformed-request")
    problem(desk.act(visitor, "check-in", data=b"{}"), 415, "unsupported-media-type")
    problem(desk.client.post(f"/visitors/{visitor['id']}/check-in?force=1"), 400, "invalid-parameter")
    assert desk.show(visitor) == visitor


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_can_change_nothing(desk, porter, action):
    visitor = desk.new()
    stranger = porter.organization().client()
    for client, path in ((stranger, visitor["id"]), (desk.client, format_id("vis", uuid7())), (desk.client, "vis_x"), (desk.client, desk.place)):
        problem(client.post(f"/visitors/{path}/{action}"), 404, "not-found")
    reader = desk.tenant.client(key=desk.tenant.key(scopes="visitors:read"))
    problem(reader.post(f"/visitors/{visitor['id']}/{action}"), 403, "scope-missing")
    assert desk.show(visitor) == visitor


# ---- Versions ------------------------------------------------------------------------------------

def test_if_match_lets_only_the_current_version_change(desk):
    visitor = desk.new()
    read = desk.client.get(f"/visitors/{visitor['id']}").headers["ETag"]
    came = desk.act(visitor, "check-in", headers={"If-Match": read})
    assert came.status_code == 200 and came.headers["ETag"] != read
    assert came.headers["ETag"] == desk.client.get(f"/visitors/{visitor['id']}").headers["ETag"]
    late = desk.act(visitor, "check-out", headers={"If-Match": read})
    problem(late, 412, "precondition-failed")
    assert late.headers["ETag"] == came.headers["ETag"] and desk.show(visitor) == came.json()
    assert desk.act(visitor, "check-out", headers={"If-Match": f'"x", {came.headers["ETag"]}'}).status_code == 200


def test_the_version_of_a_new_visitor_is_told_at_once(desk):
    made = desk.client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": desk.place})
    path = f"/visitors/{made.json()['id']}"
    assert made.headers["ETag"] == desk.client.get(path).headers["ETag"]
    came = desk.client.post(f"{path}/check-in", headers={"If-Match": made.headers["ETag"]})
    assert came.status_code == 200 and came.headers["ETag"] != made.headers["ETag"]


def test_a_conflict_tells_the_current_version(desk):
    visitor = desk.new()
    answer = desk.act(visitor, "check-out")
    problem(answer, 409, "state-conflict")
    assert answer.headers["ETag"] == desk.client.get(f"/visitors/{visitor['id']}").headers["ETag"]


def test_a_clock_that_was_set_back_does_not_set_back_a_visitor(desk):
    visitor = desk.new()
    with desk.porter.database() as db:
        ahead = db.execute("UPDATE visitors SET updated_at = updated_at + interval '1 hour' WHERE org_id = %s AND id = %s RETURNING updated_at",
                           (parse_id(desk.tenant.id), parse_id(visitor["id"]))).fetchone()[0]
        changed = desk.act(visitor, "check-in")
        assert changed.status_code == 200
        after = db.execute("SELECT updated_at FROM visitors WHERE org_id = %s AND id = %s",
                           (parse_id(desk.tenant.id), parse_id(visitor["id"]))).fetchone()[0]
    assert after > ahead


# ---- Races ---------------------------------------------------------------------------------------

def race(desk, visitor, actions):
    """Everybody at once, each over a connection of their own that is open already."""
    key = desk.tenant.key()
    clients = [desk.tenant.client(key=key) for _ in actions]
    for client in clients:
        assert client.get("/rate-limit").status_code == 200
    gate, answers = threading.Barrier(len(actions)), [None] * len(actions)

    def one(i):
        gate.wait()
        answers[i] = clients[i].post(f"/visitors/{visitor['id']}/{actions[i]}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("number", range(5))
def test_of_many_who_check_in_one_visitor_one_succeeds(desk, number):
    visitor, before = desk.new(), desk.on_site()
    answers = race(desk, visitor, ["check-in"] * 16)
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            told = problem(answer, 409, "state-conflict")
            assert told["current"] == {"status": "checked_in", "updated_at": won[0].json()["updated_at"]}
    assert desk.events(visitor) == ["visitor.pre_registered", "visitor.checked_in"]
    assert desk.on_site() == before + 1 and desk.show(visitor) == won[0].json()


@pytest.mark.parametrize("number", range(5))
def test_of_check_in_and_cancel_at_once_one_succeeds(desk, number):
    visitor = desk.new()
    answers = race(desk, visitor, ["check-in", "cancel"] * 6)
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {200, 409}
    assert desk.show(visitor) == won[0].json() and len(desk.events(visitor)) == 2


# ---- Text ----------------------------------------------------------------------------------------

LIMITS = {"first_name": 120, "last_name": 120, "full_name": 241, "company": 200, "visitor_type": 60, "purpose": 500, "vehicle_plate": 20, "notes": 2000}


@pytest.mark.parametrize("letter", ["x", "é", "e\u0301", "ש", "山", "🧑‍💼"[0]], ids=ascii)
@pytest.mark.parametrize("field", LIMITS)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(desk, field, letter):
    text = (letter * LIMITS[field])[:LIMITS[field]]
    assert desk.new(**{"full_name": "Ada", field: text})[field] == text
    answer = desk.client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": desk.place, field: text + "x"})
    assert [(one["field"], one["code"]) for one in problem(answer, 422, "validation-failed")["errors"]] == [(field, "too_long")]


@pytest.mark.parametrize("name", ["Zoë", "Zoe\u0308", "שלום עולם", "علي بن سينا", "𝒜𝒹𝒶 🧑‍💼", "山田 太郎", "Ａｄａ"], ids=ascii)
def test_a_name_comes_back_as_it_was_sent_and_is_found(desk, name):
    visitor = desk.new(full_name=name)
    assert visitor["full_name"] == desk.show(visitor)["full_name"] == name
    if any(letter.isalnum() and ord(letter) < 0x10000 for letter in name):
        found = desk.client.get("/visitors", params={"q": name, "limit": 200}).json()["visitors"]
        assert visitor["id"] in [one["id"] for one in found]


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b", "\x7f", "\n"], ids=ascii)
def test_control_characters_are_refused(desk, bad):
    answer = desk.client.post("/visitors/pre-register", json={"full_name": f"A{bad}da", "location_id": desk.place})
    assert answer.status_code in (400, 422), answer.text
