"""Evacuations: the roster that is frozen, the roll-call, the end; drills beside the real thing."""
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.fast_receiver import FastReceiver
from harness.poll import eventually
from harness.porter import format_id, parse_id, uuid7
from harness.refusals import faults, problem


class Site:
    """An organization with one location, and who is there."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client, self.place = self.tenant.client(), self.tenant.location()

    def come(self, name="Ada Lovelace", place=None, **more):
        """Somebody who has checked in."""
        visitor = self.client.pre_register(place or self.place, full_name=name, **more)
        answer = self.client.post(f"/visitors/{visitor['id']}/check-in")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def crowd(self, count, name="Gast {:06}"):
        """Many who have checked in, by SQL."""
        with self.porter.database() as db, db.cursor() as cursor, cursor.copy(
                "COPY visitors (org_id, id, status, full_name, host_name, location_id, checked_in_at, created_at, updated_at) FROM STDIN") as copy:
            for i in range(count):
                copy.write_row((parse_id(self.tenant.id), uuid7(), "checked_in", name.format(i), "Luigi Menabrea",
                                parse_id(self.place), "2026-03-01 09:00Z", "2026-03-01 08:00Z", "2026-03-01 09:00Z"))

    def activate(self, status=201, **body):
        answer = self.client.post("/evacuations", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def call(self, evacuation, action, **more):
        return self.client.post(f"/evacuations/{evacuation['id']}/{action}", **more)

    def roll(self, evacuation, **body):
        answer = self.call(evacuation, "roll-call", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def show(self, evacuation):
        return self.client.get(f"/evacuations/{evacuation['id']}").json()

    def people(self, evacuation, **params):
        answer = self.client.get(f"/evacuations/{evacuation['id']}/on-site", params=params)
        assert answer.status_code == 200, answer.text
        return [one["visitor_id"] for one in answer.json()["on_site"]]

    def ids(self, **params):
        answer = self.client.get("/evacuations", params=params)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["evacuations"]]

    def events(self, evacuation):
        with self.porter.database() as db:
            return [row[0] for row in db.execute("SELECT type FROM events WHERE org_id = %s AND subject = %s ORDER BY txid, id",
                                                 (parse_id(self.tenant.id), evacuation["id"]))]


@pytest.fixture
def site(porter):
    return Site(porter)


def summary(evacuation):
    return {name: value for name, value in evacuation.items() if name != "on_site"}


# ---- Activate ------------------------------------------------------------------------------------

def test_the_roster_is_everybody_who_is_on_site_and_stays_so(site):
    other = site.tenant.location("Bern")
    zoe = site.come("Zoë Łukasiewicz 山田", host={"name": "Luigi", "email": "luigi@example.com"})
    ada = site.come("Ada Lovelace")
    gone = site.come("Gone Already")
    site.client.post(f"/visitors/{gone['id']}/check-out")
    site.client.pre_register(site.place, full_name="Not Yet Here")
    site.come("Else Where", place=other)
    answer = site.client.post("/evacuations", json={"location_id": site.place, "reason": "Rauch im 3. Stock – 煙", "activated_by": "Aylın"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"/api/v1/evacuations/{made['id']}"
    assert [one["visitor_id"] for one in made["on_site"]] == [ada["id"], zoe["id"]]
    assert made["on_site"][1] == {"visitor_id": zoe["id"], "full_name": zoe["full_name"], "host": zoe["host"], "checked_in_at": zoe["checked_in_at"],
                                  "accounted_for": False, "accounted_for_at": None, "accounted_for_by": None}
    assert (made["status"], made["drill"], made["reason"], made["activated_by"]) == ("active", False, "Rauch im 3. Stock – 煙", "Aylın")
    assert (made["on_site_count"], made["accounted_for_count"], made["ended_at"], made["ended_by"]) == (2, 0, None, None)
    assert made["activated_at"] == made["updated_at"] and made["location_id"] == site.place
    # What becomes of them later changes nothing.
    site.client.post(f"/visitors/{ada['id']}/check-out")
    site.come("Too Late")
    shown = site.client.get(f"/evacuations/{made['id']}")
    assert shown.json() == made and shown.headers["ETag"] == answer.headers["ETag"]
    assert site.client.get(f"/evacuations/{made['id']}", headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert site.ids() == [made["id"]] and site.client.get("/evacuations").json()["evacuations"] == [summary(made)]


def test_an_empty_request_is_enough_where_there_is_one_location(site):
    answer = site.client.post("/evacuations")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["location_id"] == site.place and made["on_site"] == [] and made["on_site_count"] == 0
    assert made["activated_by"].startswith("key_") and made["reason"] is None and made["drill"] is False


def test_an_activation_and_its_end_reach_webhook_and_kafka(site, porter):
    receiver = porter.receiver()
    site.tenant.webhook(receiver.url(), events="evacuation.activated,evacuation.ended")
    ada = site.come()
    made = site.activate()
    event = json.loads(receiver.wait(1, x_porter_event="evacuation.activated")[0].body)
    assert event["data"] == {"evacuation": made} and event["created_at"] == made["activated_at"]
    site.roll(made, accounted_for=[ada["id"]], marked_by="Marshal 1")
    ended = site.call(made, "end", json={"ended_by": "Aylın"})
    assert ended.status_code == 200, ended.text
    last = json.loads(receiver.wait(1, x_porter_event="evacuation.ended")[0].body)
    assert last["data"] == {"evacuation": ended.json()} and last["created_at"] == ended.json()["ended_at"]
    assert last["data"]["evacuation"]["on_site"][0]["accounted_for_by"] == "Marshal 1"
    records = porter.topics().wait(lambda one: one.key == made["id"], 2)
    assert [one.headers["ce_type"] for one in records] == ["evacuation.activated", "evacuation.ended"]
    assert {one.topic for one in records} == {"porter.evacuations.v1"} and records[0].event.data.evacuation.on_site[0].visitor_id == ada["id"]
    assert site.events(made) == ["evacuation.activated", "evacuation.ended"]


def test_one_real_one_and_one_drill_at_a_place_at_a_time(site):
    other = site.tenant.location("Bern")
    drill = site.activate(location_id=site.place, drill=True)
    real = site.activate(location_id=site.place)
    elsewhere = site.activate(location_id=other)
    for body, active in (({}, real), ({"drill": True}, drill)):
        answer = site.client.post("/evacuations", json={"location_id": site.place, **body})
        told = problem(answer, 409, "state-conflict")
        assert told["current"] == {"id": active["id"], "status": "active", "updated_at": active["updated_at"]} and active["id"] in told["detail"]
    assert site.call(real, "end").status_code == 200
    again = site.activate(location_id=site.place)
    assert site.ids(status="active") == [again["id"], elsewhere["id"], drill["id"]] and site.ids(status="ended") == [real["id"]]


def test_of_many_who_activate_one_does(site):
    for _ in range(3):
        site.come()
    key, gate, answers = site.tenant.key(), threading.Barrier(12), [None] * 12

    def one(i):
        client = site.tenant.client(key=key)
        client.get("/rate-limit")
        gate.wait()
        answers[i] = client.post("/evacuations", json={"reason": f"{i}"})

    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {201, 409}
    assert site.ids() == [won[0]["id"]] and site.show(won[0]) == won[0] and len(won[0]["on_site"]) == 3
    assert site.events(won[0]) == ["evacuation.activated"]


def test_who_was_let_in_before_is_on_the_roster_whatever_happens_beside_it(site):
    """Check-ins go on while it is activated: each that was answered before is there, none is there twice."""
    known, stop, key = [], threading.Event(), site.tenant.key()

    def come():
        client = site.tenant.client(key=key)
        while not stop.is_set():
            visitor = client.pre_register(site.place)
            if client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200:
                known.append(visitor["id"])

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for wanted in (10, 25, 40):
            eventually(lambda: len(known) >= wanted, 30, f"{wanted} check-ins")
            before = set(known)
            made = site.activate(drill=True)
            roster = [one["visitor_id"] for one in made["on_site"]]
            assert before <= set(roster) and len(roster) == len(set(roster)) == made["on_site_count"]
            assert site.people(made, limit=200) == roster == [one["visitor_id"] for one in site.show(made)["on_site"]]
            site.call(made, "end")
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_faults_of_an_activation(site, porter):
    assert faults(site.client.post("/evacuations", json={"location_id": "loc_x", "reason": "x" * 501, "drill": "yes", "activated_by": "a\nb", "status": "ended", "reson": "x"})) == {
        ("location_id", "bad_format"), ("reason", "too_long"), ("drill", "wrong_type"), ("activated_by", "bad_format"), ("status", "not_allowed"), ("reson", "unknown_field")}
    for stranger in (porter.organization().location(), format_id("loc", uuid7())):
        assert faults(site.client.post("/evacuations", json={"location_id": stranger})) == {("location_id", "not_found")}
        assert faults(site.client.post("/evacuations", json={"location_id": stranger, "drill": 1})) == {
            ("location_id", "not_found"), ("drill", "wrong_type")}
    problem(site.client.post("/evacuations?drill=true", json={}), 400, "invalid-parameter")
    problem(site.client.post("/evacuations", data=b"{", headers={"Content-Type": "application/json"}), 400, "malformed-request")
    problem(site.client.post("/evacuations", data=b"[]", headers={"Content-Type": "application/json"}), 422, "validation-failed")
    site.tenant.location("Bern")
    assert faults(site.client.post("/evacuations", json={})) == {("location_id", "required")} == faults(site.client.post("/evacuations"))
    assert site.ids() == []


@pytest.mark.parametrize("field, limit", [("reason", 500), ("activated_by", 200)])
def test_limits_of_texts(site, field, limit):
    assert site.activate(drill=True, **{field: "山" * limit})[field] == "山" * limit
    assert faults(site.client.post("/evacuations", json={field: "山" * (limit + 1)})) == {(field, "too_long")}


def test_a_dry_run_and_a_token(site):
    site.come()
    tried = site.client.post("/evacuations", json={}, headers={"X-Porter-Dry-Run": "true"})
    assert tried.status_code == 201 and tried.json()["on_site_count"] == 1 and site.ids() == [] and site.events(tried.json()) == []
    first, again = (site.client.post("/evacuations", json={}, headers={"Idempotency-Key": "fire-1"}) for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.content == again.content and again.headers["Idempotency-Replayed"] == "true"
    assert site.events(first.json()) == ["evacuation.activated"]
    refused = site.client.post("/evacuations", json={}, headers={"Idempotency-Key": "fire-2"})
    assert problem(refused, 409, "state-conflict")["current"]["id"] == first.json()["id"]
    ended = [site.call(first.json(), "end", headers={"Idempotency-Key": "out-1"}) for _ in range(2)]
    assert ended[0].status_code == 200 and ended[0].content == ended[1].content


# ---- Roll-call -----------------------------------------------------------------------------------

def test_marks_and_counts(site):
    a, b, c = (site.come(name)["id"] for name in ("Ada", "Bo", "Cy"))
    made = site.activate()
    assert site.people(made, accounted_for="false") == [a, b, c] and site.people(made, accounted_for="true") == []
    after = site.roll(made, accounted_for=[c, a], marked_by="Marshal 1")
    assert after["accounted_for_count"] == 2 and after["updated_at"] > made["updated_at"] and "on_site" not in after
    assert site.people(made, accounted_for="false") == [b] and site.people(made, accounted_for="true") == [a, c] and site.people(made) == [a, b, c]
    first = site.show(made)
    assert [(one["accounted_for"], one["accounted_for_by"]) for one in first["on_site"]] == [(True, "Marshal 1"), (False, None), (True, "Marshal 1")]
    assert {first["on_site"][0]["accounted_for_at"], first["on_site"][2]["accounted_for_at"]} == {after["updated_at"]}
    assert summary(first) == after
    # Said again by somebody else: nothing new, and the evacuation is no other version.
    same = site.call(made, "roll-call", json={"accounted_for": [a]})
    assert same.json() == after and site.show(made) == first
    swapped = site.roll(made, accounted_for=[b], missing=[a])
    assert swapped["accounted_for_count"] == 2
    people = site.show(made)["on_site"]
    assert [one["accounted_for"] for one in people] == [False, True, True] and people[0]["accounted_for_at"] is None
    assert people[1]["accounted_for_by"].startswith("key_")
    assert site.events(made) == ["evacuation.activated"]


def test_faults_of_marks_and_nothing_is_half_done(site):
    a, b = site.come("A")["id"], site.come("B")["id"]
    late = format_id("vis", uuid7())
    made = site.activate()
    later = site.come("Later")["id"]
    answer = site.call(made, "roll-call", json={"accounted_for": [a, "x", a, later], "missing": [late, b, a], "marked_by": " ", "accounted_by": "x"})
    assert faults(answer) == {("accounted_for[1]", "bad_format"), ("accounted_for[2]", "not_allowed"), ("missing[2]", "not_allowed"),
                              ("marked_by", "bad_format"), ("accounted_by", "unknown_field")}
    answer = site.call(made, "roll-call", json={"accounted_for": [a, later], "missing": [late, b]})
    assert faults(answer) == {("accounted_for[1]", "not_found"), ("missing[0]", "not_found")}
    for empty in ({}, {"accounted_for": []}, {"accounted_for": [], "missing": []}, {"marked_by": "x"}):
        assert ("accounted_for", "required") in faults(site.call(made, "roll-call", json=empty))
    problem(site.call(made, "roll-call"), 400, "malformed-request")
    problem(site.call(made, "roll-call", json=[]), 422, "validation-failed")
    assert site.show(made) == made


def test_limits_of_marks(site):
    site.crowd(501)
    made = site.activate()
    people = [one["visitor_id"] for one in made["on_site"]]
    assert faults(site.call(made, "roll-call", json={"accounted_for": people})) == {("accounted_for", "too_many")}
    assert site.roll(made, accounted_for=people[:500])["accounted_for_count"] == 500
    assert faults(site.call(made, "roll-call", json={"missing": people})) == {("missing", "too_many")}
    assert site.roll(made, missing=people[:500])["accounted_for_count"] == 0
    assert site.roll(made, accounted_for=people[:1], marked_by="山" * 200)["accounted_for_count"] == 1
    assert faults(site.call(made, "roll-call", json={"accounted_for": people[:1], "marked_by": "山" * 201})) == {("marked_by", "too_long")}


def test_many_marshals_mark_at_once(site):
    site.crowd(60)
    made, key = site.activate(), site.tenant.key()
    people, gate, answers = site.people(made, limit=200), threading.Barrier(6), []

    def marshal(i):
        client = site.tenant.client(key=key)
        gate.wait()
        for person in people[i::6] + people[(i + 1) % 6::6]:  # Everybody is found by two of them.
            answers.append(client.post(f"/evacuations/{made['id']}/roll-call", json={"accounted_for": [person], "marked_by": f"m{i}"}).status_code)

    threads = [threading.Thread(target=marshal, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = site.show(made)
    assert answers == [200] * 120 and shown["accounted_for_count"] == 60 == sum(one["accounted_for"] for one in shown["on_site"])
    assert max(one["accounted_for_at"] for one in shown["on_site"]) == shown["updated_at"]


# ---- End -----------------------------------------------------------------------------------------

def test_what_has_ended_stays(site):
    a = site.come()["id"]
    made = site.activate()
    ended = site.call(made, "end").json()
    assert ended["status"] == "ended" and ended["ended_at"] == ended["updated_at"] > made["updated_at"] and ended["ended_by"].startswith("key_")
    assert ended == site.show(made) and ended["on_site"] == made["on_site"]
    for action, body in (("end", None), ("roll-call", {"accounted_for": [a]})):
        told = problem(site.call(made, action, **({"json": body} if body else {})), 409, "state-conflict")
        assert told["current"] == {"status": "ended", "updated_at": ended["updated_at"]}
    assert site.show(made) == ended and site.events(made) == ["evacuation.activated", "evacuation.ended"]
    assert faults(site.call(made, "end", json={"ended_by": "x" * 201, "reason": "y"})) == {("ended_by", "too_long"), ("reason", "not_allowed")}


def test_nobody_marks_what_ends_at_the_same_moment(site, porter):
    a = site.come()["id"]
    made = site.activate()
    with ThreadPoolExecutor(2) as pool, porter.held(
            "SELECT 1 FROM evacuations WHERE org_id = %s AND id = %s FOR UPDATE", (parse_id(site.tenant.id), parse_id(made["id"]))) as waiting:
        end = pool.submit(site.tenant.client().post, f"/evacuations/{made['id']}/end")
        waiting(1)
        mark = pool.submit(site.tenant.client().post, f"/evacuations/{made['id']}/roll-call", json={"accounted_for": [a]})
        waiting(2)
    assert end.result().status_code == 200
    problem(mark.result(), 409, "state-conflict")
    assert site.show(made) == end.result().json() and site.people(made, accounted_for="false") == [a]


def test_if_match_lets_only_the_current_version_change(site):
    a = site.come()["id"]
    made = site.activate()
    read = site.client.get(f"/evacuations/{made['id']}").headers["ETag"]
    marked = site.call(made, "roll-call", json={"accounted_for": [a]}, headers={"If-Match": read})
    assert marked.status_code == 200 and marked.headers["ETag"] != read
    for action, body in (("roll-call", {"missing": [a]}), ("end", {})):
        late = site.call(made, action, json=body, headers={"If-Match": read})
        problem(late, 412, "precondition-failed")
        assert late.headers["ETag"] == marked.headers["ETag"]
    assert site.call(made, "end", headers={"If-Match": marked.headers["ETag"]}).status_code == 200


def test_strangers_and_readers_change_nothing(site, porter):
    a = site.come()["id"]
    made = site.activate()
    stranger = porter.organization().client()
    reader = site.tenant.client(key=site.tenant.key(scopes="evacuations:read"))
    writer = site.tenant.client(key=site.tenant.key(scopes="evacuations:write"))
    for action, body in (("end", {}), ("roll-call", {"accounted_for": [a]})):
        problem(stranger.post(f"/evacuations/{made['id']}/{action}", json=body), 404, "not-found")
        problem(site.client.post(f"/evacuations/{format_id('evac', uuid7())}/{action}", json=body), 404, "not-found")
        problem(reader.post(f"/evacuations/{made['id']}/{action}", json=body), 403, "scope-missing")
    problem(reader.post("/evacuations", json={}), 403, "scope-missing")
    for path in ("", "/on-site"):
        problem(stranger.get(f"/evacuations/{made['id']}{path}"), 404, "not-found")
        problem(writer.get(f"/evacuations/{made['id']}{path}"), 403, "scope-missing")
    assert stranger.get("/evacuations").json()["evacuations"] == [] and site.show(made) == made


# ---- Lists and large rosters -----------------------------------------------------------------------

def test_lists_by_status_place_and_drill(site):
    other = site.tenant.location("Bern")
    a = site.activate(location_id=site.place)
    site.call(a, "end")
    b = site.activate(location_id=other, drill=True)
    c = site.activate(location_id=site.place)
    d = site.activate(location_id=site.place, drill=True)
    site.call(d, "end")
    a, b, c, d = (one["id"] for one in (a, b, c, d))
    assert site.ids() == [d, c, b, a] == site.ids(status=["active", "ended"])
    assert site.ids(status="active") == [c, b] and site.ids(status="ended") == [d, a]
    assert site.ids(location_id=site.place) == [d, c, a] and site.ids(location_id=other) == [b]
    assert site.ids(drill="true") == [d, b] and site.ids(drill="false") == [c, a]
    assert site.ids(drill="true", status="ended", location_id=site.place) == [d] and site.ids(drill="false", location_id=other) == []
    told = problem(site.client.get("/evacuations", params={"drill": "yes", "status": "over", "location": "x"}), 400, "invalid-parameter")
    assert {fault["field"] for fault in told["errors"]} == {"drill", "status", "location"}


@pytest.mark.parametrize("size", [1, 2, 3, 200])
def test_any_page_size_shows_each_once_whatever_comes_in_between(site, size):
    there = []
    for i in range(6):
        there.append(site.activate(drill=i % 2 == 0)["id"])
        site.call({"id": there[-1]}, "end")
    seen, cursor = [], None
    while True:
        page = site.client.get("/evacuations", params={"limit": size, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["id"] for one in page["evacuations"]]
        cursor = page["pagination"]["next_cursor"]
        if not cursor:
            break
        site.call(site.activate(drill=True), "end")
    assert [one for one in seen if one in there] == there[::-1] and len(seen) == len(set(seen))


def test_pages_of_people_while_they_are_marked(site):
    site.crowd(23, "Gast {:02}")
    site.crowd(3, "Gast 11")  # The same name: order by id.
    made = site.activate()
    roster = [one["visitor_id"] for one in made["on_site"]]
    assert [one["full_name"] for one in made["on_site"]] == sorted(one["full_name"] for one in made["on_site"])
    for params in ({}, {"accounted_for": "true"}):
        seen, cursor = [], None
        while True:
            page = site.client.get(f"/evacuations/{made['id']}/on-site", params={"limit": 4, **params, **({"cursor": cursor} if cursor else {})}).json()
            seen += [one["visitor_id"] for one in page["on_site"]]
            cursor = page["pagination"]["next_cursor"]
            if not cursor:
                break
            site.roll(made, accounted_for=roster[len(seen) - 2:len(seen) + 2])
        if not params:
            assert seen == roster
    site.roll(made, accounted_for=roster)
    assert site.people(made, accounted_for="false", limit=200) == [] and site.people(made, accounted_for="true", limit=200) == roster
    cursor = site.client.get(f"/evacuations/{made['id']}/on-site", params={"limit": 1}).json()["pagination"]["next_cursor"]
    again = site.activate(drill=True)
    for evacuation, params in ((again, {}), (made, {"accounted_for": "true"})):
        problem(site.client.get(f"/evacuations/{evacuation['id']}/on-site", params={"cursor": cursor, **params}), 400, "invalid-cursor")


def test_a_very_large_roster_is_whole_in_pages_and_its_event_fits_into_kafka(site, porter):
    site.crowd(12_000, "Gast mit einem recht langen Namen {:06}")
    receiver = FastReceiver(porter)
    receiver.start(secret=site.tenant.webhook(receiver.url, events="evacuation.activated").secret)
    made = site.activate()
    shown = len(made["on_site"])
    assert made["on_site_count"] == 12_000 and 5_000 < shown < 12_000
    assert site.show(made) == made
    seen, cursor = [], None
    while cursor or not seen:
        page = site.client.get(f"/evacuations/{made['id']}/on-site", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["visitor_id"] for one in page["on_site"]]
        cursor = page["pagination"]["next_cursor"]
    assert len(seen) == len(set(seen)) == 12_000 and seen[:shown] == [one["visitor_id"] for one in made["on_site"]]
    record = porter.topics().wait(lambda one: one.key == made["id"])[0]
    assert len(record.event.data.evacuation.on_site) == shown and len(record.value) < 1_000_000
    got, = eventually(receiver.lines, what="a webhook that our own receiver takes")
    receiver.stop()
    assert (got["status"], got["signature_ok"]) == (200, True) and 1 << 20 < len(got["body"].encode()) < 8 << 20
    last = seen[-1]
    assert site.roll(made, accounted_for=[last])["accounted_for_count"] == 1 and site.people(made, accounted_for="true") == [last]
