"""API keys and webhooks' secrets in the dashboard: shown once, after a confirmation, and gone when revoked."""
import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from harness.dashboard import Person, org_uuid, problem
from harness.poll import eventually, logged
from harness.porter import Client, parse_id

KEY = re.compile(r"porter_sk_[0-9A-Za-z]{49}")


@pytest.fixture
def admin(porter, organization):
    return Person(porter, organization, role="admin")


@pytest.fixture
def browser(admin):
    return admin.signed_in(confirmed=True)


def client(porter, text):
    return Client(porter.gateways[0].url, text, porter.tls / "ca.pem")


def status_of(porter, text):
    return client(porter, text).get("/rate-limit").status_code


def create(browser, **more):
    answer = browser.post("/keys", json={"name": "kiosk – Empfang", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_key_is_made_after_a_confirmation_and_works_at_once(porter, admin):
    browser = admin.signed_in()
    refused = browser.post("/keys", json={"name": "kiosk"})
    assert refused.status_code == 403 and problem(refused) == "confirmation-required"
    assert browser.get("/keys").json()["keys"] == []
    browser.confirm(admin)
    made = create(browser, scopes=["visitors:read", "visitors:write"])
    assert KEY.fullmatch(made["key"]) and made["created_by"] == admin.id and made["rate_limit"] == 100
    assert made["scopes"] == ["visitors:read", "visitors:write"] and made["hint"] == made["key"][-10:-6]
    assert status_of(porter, made["key"]) == 200
    assert client(porter, made["key"]).get("/webhooks").status_code == 403


def test_a_key_without_scopes_has_all_and_one_with_an_end_ends(browser):
    until = (datetime.now(timezone.utc) + timedelta(days=30)).isoformat(timespec="milliseconds")
    made = create(browser, expires_at=until)
    assert len(made["scopes"]) == 10
    assert datetime.fromisoformat(made["expires_at"].replace("Z", "+00:00")) == datetime.fromisoformat(until)


@pytest.mark.parametrize("body, field", [
    ({}, "name"), ({"name": ""}, "name"), ({"name": "a\nb"}, "name"), ({"name": "x", "scopes": ["everything"]}, "scopes[0]"),
    ({"name": "x", "scopes": []}, "scopes"),
    ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"), ({"name": "x", "key": "mine"}, "key")])
def test_a_bad_key_is_refused_by_its_field(browser, body, field):
    answer = browser.post("/keys", json=body)
    assert answer.status_code == 422 and [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_a_key_is_in_no_later_answer_and_in_no_log(porter, admin, browser):
    made = create(browser)
    rotated = browser.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": 300}).json()
    later = "".join(browser.get(path).text for path in ("/keys", f"/keys/{made['id']}", f"/keys/{rotated['id']}", "/session"))
    with porter.database() as db:
        later += str(db.execute("SELECT a::text FROM audit_log a WHERE org_id = %s", (org_uuid(admin.organization),)).fetchall())
        later += str(db.execute("SELECT k::text FROM api_keys k WHERE org_id = %s", (org_uuid(admin.organization),)).fetchall())
    later += porter.gateways[0].log.read_text()
    for text in (made["key"], rotated["key"]):
        assert made["id"] in later and text not in later


def test_sent_again_with_its_idempotency_key_it_is_the_same_key(porter, admin, browser):
    head = {"Idempotency-Key": "one-click"}
    first, second = (browser.post("/keys", json={"name": "kiosk"}, headers=head) for _ in range(2))
    assert first.json() == second.json() and second.headers["Idempotency-Replayed"] == "true"
    assert len(browser.get("/keys").json()["keys"]) == 1
    with porter.database() as db:  # Kept sealed.
        kept = db.execute("SELECT body FROM idempotency WHERE org_id = %s", (org_uuid(admin.organization),)).fetchall()
    assert kept and first.json()["key"].encode() not in bytes(kept[0][0])


def test_a_rotated_key_goes_on_for_its_overlap_and_is_rotated_once(porter, browser):
    made = create(browser, scopes=["visitors:read"])
    answer = browser.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": 300})
    assert answer.status_code == 201 and answer.json()["scopes"] == ["visitors:read"]
    assert status_of(porter, made["key"]) == 200 == status_of(porter, answer.json()["key"])
    old = browser.get(f"/keys/{made['id']}").json()
    assert old["rotated_to"] == answer.json()["id"] and old["expires_at"]
    assert browser.post(f"/keys/{made['id']}/rotate").status_code == 409


def test_a_key_rotated_without_overlap_is_refused_at_once(porter, browser):
    made = create(browser)
    assert status_of(porter, made["key"]) == 200  # Every cache knows it.
    answer = browser.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": 0})
    assert answer.status_code == 201
    assert status_of(porter, made["key"]) == 401 and status_of(porter, answer.json()["key"]) == 200


@pytest.mark.parametrize("overlap", [-1, 1, 299, 604801])
def test_an_overlap_is_none_or_some_minutes_to_a_week(browser, overlap):
    made = create(browser)
    answer = browser.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": overlap})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "overlap_seconds"
    assert browser.get(f"/keys/{made['id']}").json()["rotated_to"] is None


def test_a_revoked_key_is_refused_everywhere_when_that_is_answered(new_porter):
    porter = new_porter()
    gateways = [porter.gateway(), porter.gateway()]
    admin = Person(porter, porter.organization(), role="admin")
    browser = admin.signed_in(gateways[0], confirmed=True)
    made = create(browser)
    clients = [Client(gateway.url, made["key"], porter.tls / "ca.pem") for gateway in gateways]
    assert [one.get("/rate-limit").status_code for one in clients] == [200, 200]
    assert admin.signed_in(gateways[0]).delete(f"/keys/{made['id']}").status_code == 204  # Without a confirmation: it must be quick.
    assert [one.get("/rate-limit").status_code for one in clients] == [401, 401]
    assert browser.get(f"/keys/{made['id']}").json()["revoked_at"]


def test_a_dry_run_of_a_revoke_is_refused_not_carried_out(porter, browser):
    made = create(browser)
    dry = {"X-Porter-Dry-Run": "true"}
    assert browser.delete(f"/keys/{made['id']}", headers=dry).status_code == 400
    assert browser.post(f"/keys/{made['id']}/rotate", headers=dry).status_code == 400
    assert status_of(porter, made["key"]) == 200


def test_keys_of_another_organization_are_not_there(porter, browser):
    other = Person(porter, porter.organization(), role="owner").signed_in(confirmed=True)
    theirs = create(other)
    assert [answer.status_code for answer in (browser.get(f"/keys/{theirs['id']}"), browser.get(f"/keys/{theirs['id']}/calls"),
                                              browser.post(f"/keys/{theirs['id']}/rotate"), browser.delete(f"/keys/{theirs['id']}"))] == [404] * 4
    assert status_of(porter, theirs["key"]) == 200


# ---- What a key is used for ------------------------------------------------------------------------

def test_calls_of_a_key_are_listed_and_counted_by_the_hour(new_porter):
    porter = new_porter()
    gateway = porter.gateway()
    admin = Person(porter, porter.organization(), role="admin")
    browser = admin.signed_in(confirmed=True)
    made = create(browser)
    caller = Client(gateway.url, made["key"], porter.tls / "ca.pem")
    sent = [caller.get("/visitors?limit=3&q=Anna") for _ in range(3)] + [caller.get("/visitors/vis_nobody")]

    def shown(query=""):
        return browser.get(f"/keys/{made['id']}/calls{query}").json()

    eventually(lambda: len(shown()["calls"]) == 4, 10, "calls reach Redis")
    rows = shown()["calls"]
    assert [row["request_id"] for row in rows] == [answer.headers["X-Request-Id"] for answer in reversed(sent)]
    assert {(row["method"], row["path"], row["status"]) for row in rows} == {
        ("GET", "/api/v1/visitors", 200), ("GET", "/api/v1/visitors/vis_nobody", 404)}  # No query: it may name people.
    assert "Anna" not in json.dumps(rows)
    assert all(0 < row["duration_ms"] < 20000 and row["event_id"] is None for row in rows)
    assert [row["status"] for row in shown("?status=404")["calls"]] == [404]
    first = shown("?limit=3")
    assert first["pagination"]["has_more"] and len(first["calls"]) == 3
    rest = shown(f"?limit=3&cursor={first['pagination']['next_cursor']}")
    assert [row["request_id"] for row in rest["calls"]] == [sent[0].headers["X-Request-Id"]] and not rest["pagination"]["has_more"]
    one = browser.get(f"/keys/{made['id']}").json()
    assert [(place["address"], place["calls"]) for place in one["addresses"]] == [("127.0.0.1", 4)]
    gateway.stop()  # Writes what it has counted.
    porter.gateways.clear()
    porter.gateway()
    browser.gateway = porter.gateways[0]
    row = next(key for key in browser.get("/keys").json()["keys"] if key["id"] == made["id"])
    assert row["calls_24h"] == 4 == sum(row["calls"]) and len(row["calls"]) == 24
    assert row["last_used_at"]


def calls_of(browser, made, count):
    """Its calls, the newest first, once so many have reached Redis."""
    def all_there():
        rows = browser.get(f"/keys/{made['id']}/calls?limit=200").json()["calls"]
        assert len(rows) == count
        return rows

    return eventually(all_there, 10, f"{count} calls reach Redis")


def test_each_call_that_writes_an_event_shows_which(porter, admin, browser):
    """Whether or not the relay's short way takes it: all that people and contractors do, and what a building does."""
    made, place = create(browser), admin.organization.location()
    caller = client(porter, made["key"])
    wrote = []

    def do(path, **body):
        answer = caller.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        wrote.append(answer.headers["X-Request-Id"])
        return answer.json()["id"]

    guest, other = (do("/visitors/pre-register", full_name="Ada", location_id=place) for _ in range(2))
    dach, fach = (do("/contractors", company=name) for name in ("Dach AG", "Fach AG"))
    for path in (f"/visitors/{guest}/check-in", f"/visitors/{guest}/check-out", f"/visitors/{other}/cancel",
                 f"/contractors/{dach}/approve", f"/contractors/{fach}/reject"):
        do(path)
    do(f"/evacuations/{do('/evacuations', location_id=place, drill=True)}/end")
    events = {event["request_id"]: event for event in logged(admin.organization.client(), len(wrote))}
    assert {events[one]["type"] for one in wrote} == {
        "visitor.pre_registered", "visitor.checked_in", "visitor.checked_out", "visitor.cancelled", "contractor.created",
        "contractor.approved", "contractor.rejected", "evacuation.activated", "evacuation.ended"}
    shown = {row["request_id"]: row["event_id"] for row in calls_of(browser, made, len(wrote))}
    assert [shown[one] for one in wrote] == [events[one]["id"] for one in wrote]


def test_a_call_that_writes_no_event_shows_none(porter, admin, browser):
    """A refusal, a dry run and a roll-call; and a repeat, which tells again what the first call did."""
    made, place = create(browser), admin.organization.location()
    caller = client(porter, made["key"])
    guest = caller.pre_register(place)["id"]
    once = {"Idempotency-Key": "one-tap"}
    first, again = (caller.post(f"/visitors/{guest}/check-in", headers=once) for _ in range(2))
    assert first.status_code == 200 and again.headers["Idempotency-Replayed"] == "true"
    drill = caller.post("/evacuations", json={"location_id": place, "drill": True}).json()["id"]
    answers = [again, caller.post(f"/visitors/{guest}/cancel"), caller.post(f"/visitors/{guest}/check-out", headers={"X-Porter-Dry-Run": "true"}),
               caller.post(f"/evacuations/{drill}/roll-call", json={"accounted_for": [guest]}), caller.get("/visitors")]
    assert [answer.status_code for answer in answers] == [200, 409, 200, 200, 200]
    shown = {row["request_id"]: row["event_id"] for row in calls_of(browser, made, 3 + len(answers))}
    assert shown[first.headers["X-Request-Id"]] and [shown[answer.headers["X-Request-Id"]] for answer in answers] == [None] * len(answers)


def test_calls_of_several_gateways_are_one_list_by_time(new_porter):
    """Each sends its own on every two seconds; nothing is left out or comes twice where a page ends."""
    porter = new_porter()
    gateways = [porter.gateway(), porter.gateway()]
    browser = Person(porter, porter.organization(), role="admin").signed_in(confirmed=True)
    made = create(browser)
    callers = [Client(gateway.url, made["key"], porter.tls / "ca.pem") for gateway in gateways]
    sent = [callers[i % 2].get("/rate-limit").headers["X-Request-Id"] for i in range(24)]
    assert [row["request_id"] for row in calls_of(browser, made, len(sent))] == sent[::-1]
    paged, cursor = [], ""
    while True:
        page = browser.get(f"/keys/{made['id']}/calls?limit=5{cursor}").json()
        paged += [row["request_id"] for row in page["calls"]]
        if not page["pagination"]["has_more"]:
            break
        cursor = f"&cursor={page['pagination']['next_cursor']}"
    assert paged == sent[::-1]


def test_no_more_than_two_hundred_calls_are_kept(new_porter):
    porter = new_porter()
    porter.gateway()
    admin = Person(porter, porter.organization(), role="admin")
    browser = admin.signed_in(confirmed=True)
    made = create(browser)
    with porter.database() as db:
        db.execute("UPDATE api_keys SET rate_limit = 10000 WHERE id = %s", (parse_id(made["id"]),))
    caller = client(porter, made["key"])
    last = [caller.get("/locations") for _ in range(230)][-1].headers["X-Request-Id"]

    def rows():
        return browser.get(f"/keys/{made['id']}/calls?limit=200").json()

    eventually(lambda: rows()["calls"] and rows()["calls"][0]["request_id"] == last, 20, "the last call is there")
    assert len(rows()["calls"]) == 200 and not rows()["pagination"]["has_more"]


# ---- Webhooks' secrets -----------------------------------------------------------------------------

def test_a_webhook_s_secret_is_shown_after_a_confirmation_and_written_down(porter, admin):
    browser = admin.signed_in()
    made = browser.post("/v1/webhooks", json={"url": "https://example.com/x", "events": ["*"]}).json()
    refused = browser.get(f"/webhooks/{made['id']}/secret")
    assert refused.status_code == 403 and problem(refused) == "confirmation-required" and made["secret"] not in refused.text
    browser.confirm(admin)
    shown = browser.get(f"/webhooks/{made['id']}/secret")
    assert shown.json() == {"secret": made["secret"], "previous_secret_expires_at": None}
    assert shown.headers["Cache-Control"] == "no-store"
    rotated = browser.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()
    again = browser.get(f"/webhooks/{made['id']}/secret").json()
    assert again["secret"] == rotated["secret"] and again["previous_secret_expires_at"] == rotated["secret_overlap_until"]
    with porter.database() as db:
        rows = db.execute("SELECT actor, subject, address FROM audit_log WHERE org_id = %s AND action = 'webhook.secret_shown'",
                          (org_uuid(admin.organization),)).fetchall()
    assert rows == [(admin.id, made["id"], browser.address)] * 2
    other = Person(porter, porter.organization()).signed_in(confirmed=True)
    assert other.get(f"/webhooks/{made['id']}/secret").status_code == 404


@pytest.mark.parametrize("url, reason", [
    ("https://example.com/hook", None), ("https://127.0.0.1:9443/x", None),  # Development allows loopback.
    ("https://10.0.0.1/x", "address"), ("https://169.254.169.254/latest/meta-data", "address"), ("https://[fd00::1]/x", "address"),
    ("http://example.com:8080/x", "scheme"), ("http://example.com/x", "form"), ("https://user:secret@example.com/", "form"), ("ftp://example.com/", "form"), ("nonsense", "form")])
def test_the_verdict_on_a_url_is_that_of_saving_it(browser, url, reason):
    answer = browser.post("/url-verdict", json={"url": url})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["allowed"], answer.json()["reason"]) == (reason is None, reason)
    assert (browser.post("/v1/webhooks", json={"url": url, "events": ["*"]}).status_code == 201) == (reason is None)
