"""Contractors: create, approve, reject; what their papers are worth, and lists by it."""
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from harness.porter import format_id, parse_id, uuid7
from harness.refusals import faults, problem

NOW = datetime.now(timezone.utc)


def at(days):
    return (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")


class Office:
    """An organization with one location, and who lets contractors in."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client, self.place = self.tenant.client(), self.tenant.location()

    def new(self, **more):
        answer = self.client.post("/contractors", json={"company": "Dvořák Klimatechnik", **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def decide(self, contractor, action, **more):
        return self.client.post(f"/contractors/{contractor['id']}/{action}", **more)

    def show(self, contractor):
        return self.client.get(f"/contractors/{contractor['id']}").json()

    def force(self, contractor, **columns):
        with self.porter.database() as db:
            db.execute(f"UPDATE contractors SET {', '.join(f'{name} = %s' for name in columns)} WHERE org_id = %s AND id = %s",
                       (*columns.values(), parse_id(self.tenant.id), parse_id(contractor["id"])))

    def events(self, contractor):
        with self.porter.database() as db:
            return [row[0] for row in db.execute("SELECT type FROM events WHERE org_id = %s AND subject = %s ORDER BY txid, id",
                                                 (parse_id(self.tenant.id), contractor["id"]))]

    def ids(self, **params):
        answer = self.client.get("/contractors", params=params)
        assert answer.status_code == 200, answer.text
        return [c["id"] for c in answer.json()["contractors"]]


@pytest.fixture(scope="module")
def office(porter):
    return Office(porter)


@pytest.fixture
def own(porter):
    """An office whose lists hold nothing else."""
    return Office(porter)


# ---- Create --------------------------------------------------------------------------------------

def test_a_new_contractor_is_what_was_sent_and_waits(office):
    sent = {"company": "Łukasiewicz & Sønner 空調", "contact": {"name": "Jiří", "email": "jiri@example.com", "phone": "+420224810101"},
            "trade": "hvac", "location_ids": [office.place], "insurance_expires_at": "2099-01-01T00:00:00.000Z".replace("2099", str(NOW.year + 3)),
            "induction_completed_at": "2020-01-01T00:00:00.000Z", "metadata": {"Ausweis": "grün"}}
    answer = office.client.post("/contractors", json=sent)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in sent} == sent
    assert made["status"] == "pending" and made["created_at"] == made["updated_at"]
    assert made["compliance"] == {"status": "compliant", "reasons": [], "expires_at": sent["insurance_expires_at"]}
    assert answer.headers["Location"] == f"/api/v1/contractors/{made['id']}"
    shown = office.client.get(f"/contractors/{made['id']}")
    assert shown.json() == made and shown.headers["ETag"] == answer.headers["ETag"]
    assert office.events(made) == ["contractor.created"]


def test_all_faults_are_told_at_once(office, porter):
    stranger, nobody = porter.organization().location(), format_id("loc", uuid7())
    answer = office.client.post("/contractors", json={
        "contact": {"email": "no", "phone": "1"}, "location_ids": [stranger, office.place, "loc_x", nobody, office.place],
        "insurance_expires_at": "soon", "induction_completed_at": at(1), "trade": "x" * 121, "status": "approved", "companny": "x",
        "valid_until": at(9), "metadata": {str(i): "" for i in range(21)}})
    assert faults(answer) == {
        ("company", "required"), ("contact.email", "bad_format"), ("contact.phone", "bad_format"), ("location_ids[0]", "not_found"),
        ("location_ids[2]", "bad_format"), ("location_ids[3]", "not_found"), ("location_ids[4]", "not_allowed"),
        ("insurance_expires_at", "bad_format"), ("induction_completed_at", "out_of_range"), ("trade", "too_long"),
        ("status", "not_allowed"), ("companny", "unknown_field"), ("valid_until", "not_allowed"), ("metadata", "too_many")}


@pytest.mark.parametrize("field, limit", [("company", 200), ("trade", 120)])
def test_limits_of_texts(office, field, limit):
    assert office.new(**{field: "山" * limit})[field] == "山" * limit
    assert faults(office.client.post("/contractors", json={"company": "x", field: "山" * (limit + 1)})) == {(field, "too_long")}


def test_limits_of_locations(office):
    assert len(office.new(location_ids=[office.tenant.location(f"Lager {n}") for n in range(50)])["location_ids"]) == 50
    assert ("location_ids", "too_many") in faults(office.client.post("/contractors", json={"company": "x", "location_ids": [format_id("loc", uuid7()) for _ in range(51)]}))


def test_what_is_no_request(office):
    problem(office.client.post("/contractors", data=b"{", headers={"Content-Type": "application/json"}), 400, "malformed-request")
    problem(office.client.post("/contractors", data=b"{}"), 415, "unsupported-media-type")
    problem(office.client.post("/contractors"), 400, "malformed-request")
    problem(office.client.post("/contractors", json=[]), 422, "validation-failed")
    problem(office.client.post("/contractors?force=1", json={"company": "x"}), 400, "invalid-parameter")


# ---- Decisions -----------------------------------------------------------------------------------

def test_an_approval_and_its_webhook(office, porter):
    receiver = porter.receiver()
    office.tenant.webhook(receiver.url(), events="contractor.approved")
    made = office.new()
    answer = office.decide(made, "approve", json={"valid_until": at(90), "reason": "Papiere liegen vor", "approved_by": "Aylın"})
    assert answer.status_code == 200, answer.text
    approved = answer.json()
    assert approved == office.show(made)
    assert (approved["status"], approved["reason"], approved["approved_by"]) == ("approved", "Papiere liegen vor", "Aylın")
    assert approved["approved_at"] == approved["updated_at"] >= made["updated_at"] and approved["rejected_at"] is None
    assert approved["valid_until"][:19] == at(90)[:19]
    event = json.loads(receiver.wait(1, x_porter_event="contractor.approved")[0].body)
    assert event["data"] == {"contractor": approved} and event["created_at"] == approved["updated_at"]
    assert office.events(made) == ["contractor.created", "contractor.approved"]


def test_a_rejection_without_and_with_words(office):
    made = office.new()
    rejected = office.decide(made, "reject").json()
    assert rejected["status"] == "rejected" and rejected["reason"] is None and rejected["rejected_by"].startswith("key_")
    assert rejected["rejected_at"] == rejected["updated_at"] and rejected["approved_at"] is None
    assert office.events(made) == ["contractor.created", "contractor.rejected"]
    other = office.new()
    assert office.decide(other, "reject", json={"reason": "Versicherung fehlt"}).json()["reason"] == "Versicherung fehlt"


@pytest.mark.parametrize("action", ["approve", "reject"])
@pytest.mark.parametrize("status", ["pending", "approved", "rejected", "expired"])
def test_a_state_allows_what_it_should_and_tells_itself_when_it_does_not(office, status, action):
    made = office.new()
    office.force(made, status=status)
    before = office.show(made)
    answer = office.decide(made, action)
    if status == "pending" or (status, action) == ("expired", "approve"):
        assert answer.status_code == 200 and answer.json()["status"] == {"approve": "approved", "reject": "rejected"}[action]
    else:
        assert problem(answer, 409, "state-conflict")["current"] == {"status": status, "updated_at": before["updated_at"]}
        assert office.show(made) == before and office.events(made) == ["contractor.created"]


def test_faults_of_decisions(office):
    made = office.new()
    assert faults(office.decide(made, "approve", json={"valid_until": at(-1), "reason": "x" * 501, "approved_by": "a\nb", "rejected_by": "x", "company": "y"})) == {
        ("valid_until", "out_of_range"), ("reason", "too_long"), ("approved_by", "bad_format"), ("rejected_by", "not_allowed"), ("company", "not_allowed")}
    assert faults(office.decide(made, "reject", json={"valid_until": at(1)})) == {("valid_until", "not_allowed")}
    problem(office.client.post(f"/contractors/{made['id']}/approve?x=1"), 400, "invalid-parameter")
    assert office.show(made) == made


def test_of_many_who_decide_one_succeeds(office):
    made, key = office.new(), office.tenant.key()
    clients = [office.tenant.client(key=key) for _ in range(12)]
    gate, answers = threading.Barrier(12), [None] * 12

    def one(i):
        clients[i].get("/rate-limit")
        gate.wait()
        answers[i] = clients[i].post(f"/contractors/{made['id']}/{['approve', 'reject'][i % 2]}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {200, 409}
    assert office.show(made) == won[0].json() and len(office.events(made)) == 2


def test_of_two_who_decide_at_the_same_moment_one_is_told_so(office, porter):
    """Both have read a pending contractor before either of them changes it."""
    made = office.new()
    with ThreadPoolExecutor(2) as pool, porter.held(
            "SELECT 1 FROM contractors WHERE org_id = %s AND id = %s FOR UPDATE", (parse_id(office.tenant.id), parse_id(made["id"]))) as waiting:
        both = [pool.submit(office.tenant.client(key=office.tenant.key()).post, f"/contractors/{made['id']}/{action}") for action in ("approve", "reject")]
        waiting(2)
    assert sorted(one.result().status_code for one in both) == [200, 409]
    assert len(office.events(made)) == 2


def test_if_match_lets_only_the_current_version_change(office):
    made = office.new()
    read = office.client.get(f"/contractors/{made['id']}").headers["ETag"]
    approved = office.decide(made, "approve", headers={"If-Match": read})
    assert approved.status_code == 200 and approved.headers["ETag"] != read
    late = office.decide(made, "reject", headers={"If-Match": read})
    problem(late, 412, "precondition-failed")
    assert late.headers["ETag"] == approved.headers["ETag"]
    assert office.client.get(f"/contractors/{made['id']}", headers={"If-None-Match": approved.headers["ETag"]}).status_code == 304


def test_strangers_and_readers_change_nothing(office, porter):
    made = office.new()
    stranger = porter.organization().client()
    reader = office.tenant.client(key=office.tenant.key(scopes="contractors:read"))
    writer = office.tenant.client(key=office.tenant.key(scopes="contractors:write"))
    for action in ("approve", "reject"):
        problem(stranger.post(f"/contractors/{made['id']}/{action}"), 404, "not-found")
        problem(office.client.post(f"/contractors/{format_id('con', uuid7())}/{action}"), 404, "not-found")
        problem(office.client.post(f"/contractors/{office.place}/{action}"), 404, "not-found")
        problem(reader.post(f"/contractors/{made['id']}/{action}"), 403, "scope-missing")
    problem(reader.post("/contractors", json={"company": "x"}), 403, "scope-missing")
    problem(stranger.get(f"/contractors/{made['id']}"), 404, "not-found")
    problem(writer.get("/contractors"), 403, "scope-missing")
    problem(writer.get(f"/contractors/{made['id']}"), 403, "scope-missing")
    assert office.show(made) == made


# ---- Time ----------------------------------------------------------------------------------------

def test_an_approval_that_runs_out_is_expired_everywhere(own):
    made = own.new(insurance_expires_at=at(365), induction_completed_at=at(-1))
    own.decide(made, "approve", json={"valid_until": at(60)})
    tag = own.client.get(f"/contractors/{made['id']}").headers["ETag"]
    own.force(made, valid_until=NOW - timedelta(hours=1), updated_at=NOW - timedelta(days=1))
    shown = own.client.get(f"/contractors/{made['id']}", headers={"If-None-Match": tag})
    assert shown.status_code == 200 and shown.json()["status"] == "expired"
    assert shown.json()["compliance"]["status"] == "expired" and shown.json()["compliance"]["reasons"] == ["approval_expired"]
    assert own.ids(status="expired") == [made["id"]] and own.ids(status="approved") == []
    assert own.ids(status=["expired", "approved"]) == [made["id"]] == own.ids(q="klima", status="expired")
    assert own.ids(expires_before=at(1), status="expired") == [made["id"]]
    assert problem(own.decide(made, "reject"), 409, "state-conflict")["current"]["status"] == "expired"
    assert faults(own.decide(made, "approve")) == {("valid_until", "required")}
    again = own.decide(made, "approve", json={"valid_until": at(365)}).json()
    assert again["status"] == "approved" and again["compliance"]["status"] == "compliant"


def test_a_version_ends_when_time_makes_another_of_it(own):
    """The warning begins without anybody's doing; a tag from before must not be the answer's."""
    made = own.new(insurance_expires_at=at(365), induction_completed_at=at(-1))
    own.force(made, insurance_expires_at=NOW + timedelta(days=31), updated_at=NOW - timedelta(days=9))
    before = own.client.get(f"/contractors/{made['id']}")
    own.force(made, insurance_expires_at=NOW + timedelta(days=29), updated_at=NOW - timedelta(days=9))
    after = own.client.get(f"/contractors/{made['id']}", headers={"If-None-Match": before.headers["ETag"]})
    assert before.json()["compliance"]["status"] == "compliant"
    assert after.status_code == 200 and after.json()["compliance"]["reasons"] == ["insurance_expiring"]


# ---- Lists ---------------------------------------------------------------------------------------

def test_lists_by_status_place_company_words_and_end(own):
    other = own.tenant.location("Bern")
    a = own.new(company="Åse Elektro", location_ids=[own.place], insurance_expires_at=at(10), contact={"name": "Mia Ōno"})["id"]
    b = own.new(company="Zoë Putz", location_ids=[own.place, other], insurance_expires_at=at(40))["id"]
    c = own.new(company="Åse Elektro", location_ids=[other])["id"]
    own.decide({"id": b}, "approve", json={"valid_until": at(5)})
    own.decide({"id": c}, "reject")
    assert own.ids() == [c, b, a]
    assert own.ids(status="pending") == [a] and own.ids(status=["approved", "rejected"]) == [c, b]
    assert own.ids(location_id=own.place) == [b, a] and own.ids(location_id=other) == [c, b]
    assert own.ids(company="ase elektro") == [c, a] and own.ids(company="ase") == []
    assert own.ids(q="ASE ele") == [c, a] and own.ids(q="ono") == [a] and own.ids(q="ase", status="rejected") == [c]
    assert own.ids(expires_before=at(7)) == [b] and own.ids(expires_before=at(20)) == [b, a] and own.ids(expires_before=at(1)) == []
    assert own.ids(expires_before=at(20), location_id=other) == [b] and own.ids(expires_before=at(20), q="ase") == [a]
    assert own.ids(expires_before=at(20), status="pending") == [a]


@pytest.mark.parametrize("params", [{}, {"status": ["pending", "approved"]}, {"q": "firma"}, {"expires_before": at(500)}, {"company": "Firma"}])
@pytest.mark.parametrize("size", [1, 3, 200])
def test_any_page_size_shows_each_once_whatever_comes_in_between(porter, params, size):
    own = Office(porter)
    there = [own.new(company="Firma", insurance_expires_at=at(30 + i))["id"] for i in range(7)]
    own.decide({"id": there[3]}, "approve")
    seen, cursor = [], None
    while True:
        page = own.client.get("/contractors", params={**params, "limit": size, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["contractors"]) <= size
        seen += [c["id"] for c in page["contractors"]]
        cursor = page["pagination"]["next_cursor"]
        if not page["pagination"]["has_more"]:
            break
        own.new(company="Firma", insurance_expires_at=at(9))
    assert [one for one in seen if one in there] == there[::-1] and len(seen) == len(set(seen))


def test_a_cursor_is_one_lists_and_one_organizations(own, porter):
    for _ in range(2):
        own.new()
    cursor = own.client.get("/contractors", params={"limit": 1}).json()["pagination"]["next_cursor"]
    for client, params in ((porter.organization().client(), {}), (own.client, {"status": "pending"}), (own.client, {"expires_before": at(9)})):
        problem(client.get("/contractors", params={"cursor": cursor, **params}), 400, "invalid-cursor")
    told = problem(own.client.get("/contractors", params={"expires_befor": at(1), "status": "open", "location_id": "x"}), 400, "invalid-parameter")
    assert {fault["field"] for fault in told["errors"]} == {"expires_befor", "status", "location_id"}
