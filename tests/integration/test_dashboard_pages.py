"""What the dashboard's first pages show: the audit log, the numbers of a day, and changes as they come."""
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness.dashboard import Person, org_uuid, problem
from harness.poll import LOG_S, eventually
from harness.porter import Client


@pytest.fixture
def owner(porter, organization):
    return Person(porter, organization)


# ---- The audit log ---------------------------------------------------------------------------------

def test_the_log_tells_who_changed_what_and_from_where(owner):
    browser = owner.signed_in(confirmed=True)
    made = browser.post("/v1/webhooks", json={"url": "https://example.com/a", "events": ["*"], "description": "old"}).json()
    changed = browser.request("PATCH", f"/v1/webhooks/{made['id']}", json={"url": "https://example.com/b", "description": "new"})
    browser.request("DELETE", f"/v1/webhooks/{made['id']}")
    key = browser.post("/keys", json={"name": "kiosk", "scopes": ["visitors:read"]}).json()
    browser.delete(f"/keys/{key['id']}")
    rows = browser.get("/audit").json()["entries"]
    assert [row["action"] for row in rows[:5]] == ["key.revoked", "key.created", "webhook.deleted", "webhook.updated", "webhook.created"]
    assert {json.dumps(row["actor"]) for row in rows[:5]} == {json.dumps({"kind": "person", "id": owner.id, "name": owner.name})}
    assert {row["address"] for row in rows[:5]} == {browser.address} and all(row["request_id"] for row in rows[:5])
    update = rows[3]
    assert update["subject"] == made["id"] and update["request_id"] == changed.headers["X-Request-Id"]
    assert update["before"] == {"url": "https://example.com/a", "description": "old"}
    assert update["after"] == {"url": "https://example.com/b", "description": "new"}
    assert rows[4]["before"] is None and rows[4]["after"]["url"] == "https://example.com/a" and rows[2]["before"]["description"] == "new"
    assert rows[1]["after"]["scopes"] == ["visitors:read"]
    assert made["secret"] not in json.dumps(rows) and key["key"] not in json.dumps(rows)


def test_the_log_is_read_page_by_page_and_by_who_did_it(porter, owner):
    browser, other = owner.signed_in(confirmed=True), Person(porter, owner.organization, role="admin")
    for number in range(5):
        browser.post("/keys", json={"name": f"key {number}"})
    other.signed_in()
    seen, query = [], "?limit=2"
    while True:
        page = browser.get(f"/audit{query}").json()
        seen += page["entries"]
        if not page["pagination"]["has_more"]:
            break
        query = f"?limit=2&cursor={page['pagination']['next_cursor']}"
    ids = [row["id"] for row in seen]
    assert ids == sorted(ids, reverse=True) and len(ids) == len(set(ids)) > 7
    mine = browser.get(f"/audit?actor={other.id}").json()["entries"]
    assert [(row["action"], row["actor"]["name"]) for row in mine] == [("session.begun", other.name)]
    assert browser.get(f"/audit?actor={other.id}&cursor={page['pagination']['next_cursor'] or 'x'}").status_code == 400


def test_the_log_of_another_organization_is_not_there(porter, owner):
    stranger = Person(porter, porter.organization())
    stranger.signed_in()
    assert stranger.id not in owner.signed_in().get("/audit").text


# ---- The numbers of a day --------------------------------------------------------------------------

def test_the_overview_counts_what_happened(porter, owner):
    organization, browser = owner.organization, owner.signed_in(confirmed=True)
    receiver = porter.receiver()
    hook = organization.webhook(receiver.url(), events="visitor.checked_in")
    client, location = organization.client(), organization.location()
    here = [client.pre_register(location)["id"] for _ in range(3)]
    for visitor in here[:2]:
        assert client.post(f"/visitors/{visitor}/check-in").status_code == 200
    with porter.database() as db:
        db.execute("UPDATE visitors SET expected_at = now() WHERE org_id = %s", (org_uuid(organization),))

    def shown():
        return browser.get("/overview").json()

    eventually(lambda: shown()["deliveries_24h"]["delivered"] == 2, 20, "both are delivered")
    told = shown()
    assert told["visitors"] == {"expected_today": 1, "on_site": 2}
    assert told["deliveries_24h"] == {"delivered": 2, "failed": 0, "waiting": 0}
    assert len(told["hours"]) == 24
    assert sum(hour["events"] for hour in told["hours"]) == 5 and sum(hour["delivered"] for hour in told["hours"]) == 2
    assert [hour for hour in told["hours"] if hour["delivered"]][-1]["p95_ms"] >= 0 and told["hours"][0]["p50_ms"] is None
    assert told["attention"] == []
    with porter.database() as db:
        db.execute("UPDATE webhooks SET status = 'disabled', disabled_reason = 'It is gone.' WHERE org_id = %s", (org_uuid(organization),))
    assert [(row["kind"], row["subject"]) for row in shown()["attention"]] == [("webhook_disabled", hook.id)]
    for drill, kind in ((True, "drill_active"), (False, "evacuation_active")):
        begun = client.post("/evacuations", json={"location_id": location, "drill": drill}).json()
        assert (kind, begun["id"]) in [(row["kind"], row["subject"]) for row in shown()["attention"]]
    assert Person(porter, porter.organization()).signed_in().get("/overview").json()["visitors"] == {"expected_today": 0, "on_site": 0}


def test_the_list_of_webhooks_has_its_numbers_in_one_answer(porter, owner):
    organization, browser = owner.organization, owner.signed_in(confirmed=True)
    client, location = organization.client(), organization.location()
    good = organization.webhook(porter.receiver().url(), events="visitor.pre_registered")
    bad = organization.webhook(porter.receiver(lambda request: (410, {}, b"")).url(), events="visitor.pre_registered")
    held = organization.webhook(porter.receiver().url(), events="visitor.pre_registered")
    client.request("PATCH", f"/webhooks/{held.id}", json={"status": "disabled"})
    client.pre_register(location)

    def shown():
        return {one.pop("id"): one for one in browser.get("/webhook-numbers").json()["webhooks"]}

    eventually(lambda: shown()[good.id]["attempt_count"] == shown()[bad.id]["attempt_count"] == shown()[held.id]["held_count"] == 1,
               20, "each has something")
    told = shown()
    assert set(told) == {good.id, bad.id, held.id}
    stats = client.get(f"/webhooks/{good.id}/stats").json()["totals"]
    assert told[good.id] == {"attempt_count": 1, "success_per_mille": 1000, "p95_us": stats["p95_us"], "last_failed_hour": None, "held_count": 0}
    failed = client.get(f"/webhooks/{bad.id}/stats").json()["hours"]
    assert told[bad.id]["success_per_mille"] == 0 and [told[bad.id]["last_failed_hour"]] == [hour["hour"] for hour in failed]
    assert told[held.id] == {"attempt_count": 0, "last_failed_hour": None, "held_count": 1}
    assert Person(porter, porter.organization()).signed_in().get("/webhook-numbers").json() == {"webhooks": []}


def test_keys_that_end_soon_are_told_to_who_may_change_them(porter, owner):
    porter.ctl("key", "create", "--org", owner.organization.id, "--name", "door", "--expires", "3d")
    porter.ctl("key", "create", "--org", owner.organization.id, "--name", "later", "--expires", "30d")
    assert [row["name"] for row in owner.signed_in().get("/overview").json()["attention"]] == ["door"]
    assert Person(porter, owner.organization, role="viewer").signed_in().get("/overview").json()["attention"] == []


def test_refusals_for_the_limit_are_counted(new_porter):
    porter = new_porter()
    gateway = porter.gateway()
    owner = Person(porter, porter.organization())
    caller = Client(gateway.url, owner.organization.key(rate_limit=3).text, porter.tls / "ca.pem")
    codes = [caller.get("/locations").status_code for _ in range(5)]
    assert codes == [200] * 3 + [429] * 2
    gateway.stop()
    porter.gateways.clear()
    browser = owner.signed_in(porter.gateway())
    assert browser.get("/overview").json()["rate_limited_24h"] == 2


# ---- Changes ---------------------------------------------------------------------------------------

def test_a_change_is_told_while_somebody_waits(porter, owner):
    browser, client = owner.signed_in(), owner.organization.client()
    location = owner.organization.location()
    start = browser.get("/changes").json()
    assert start["changes"] == []

    def next_of(cursor):
        """The log's end waits for others' long transactions, and a poll for 25 s only."""
        def listen():
            nonlocal cursor
            told = browser.get(f"/changes?since={cursor}", timeout=40).json()
            cursor = told["cursor"]
            return told if told["changes"] else None
        return eventually(listen, LOG_S, "it is told")

    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(next_of, start["cursor"])
        visitor = client.pre_register(location)["id"]
        told = waits.result()
    assert [(row["type"], row["subject"]) for row in told["changes"]] == [("visitor.pre_registered", visitor)]
    webhook = browser.post("/v1/webhooks", json={"url": "https://example.com/x", "events": ["*"]}).json()["id"]
    told = next_of(told["cursor"])
    assert [(row["type"], row["subject"]) for row in told["changes"]] == [("webhook.created", webhook)]


def test_who_waits_hears_nothing_of_others_nor_of_what_he_may_not_see(porter, owner):
    viewer = Person(porter, owner.organization, role="viewer").signed_in()
    cursor = viewer.get("/changes").json()["cursor"]
    stranger = porter.organization()
    stranger.client().pre_register(stranger.location())
    owner.signed_in(confirmed=True).post("/keys", json={"name": "secret plans"})
    mine = owner.organization.client().pre_register(owner.organization.location())["id"]
    seen = []

    def heard():
        nonlocal cursor
        told = viewer.get(f"/changes?since={cursor}", timeout=40).json()
        cursor = told["cursor"]
        seen.extend(told["changes"])
        return mine in str(seen)

    eventually(heard, 60, "his own visitor")
    assert {row["type"] for row in seen} == {"visitor.pre_registered"} and {row["subject"] for row in seen} == {mine}


def test_who_is_signed_out_while_he_waits_hears_nothing_more(new_porter):
    porter = new_porter()
    gateway = porter.gateway()
    owner = Person(porter, porter.organization())
    browser, other = owner.signed_in(), owner.browser()
    cursor, other.cookie = browser.get("/changes").json()["cursor"], browser.cookie
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(other.get, f"/changes?since={cursor}", timeout=40)
        eventually(lambda: "\nporter_http_requests_active 1\n" in gateway.metrics(), 10, "somebody waits")
        assert browser.post("/sign-out").status_code == 204
        assert waits.result().status_code == 401
    assert time.monotonic() - began < 20  # Not only when the waiting was over.


def test_nobody_is_waited_for_who_has_gone(new_porter):
    porter = new_porter()
    gateway = porter.gateway()
    browser = Person(porter, porter.organization()).signed_in()
    cursor, began = browser.get("/changes").json()["cursor"], time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        browser.get(f"/changes?since={cursor}", timeout=2)
    eventually(lambda: "\nporter_http_requests_active 0\n" in gateway.metrics(), 15, "its thread is free")
    assert time.monotonic() - began < 20  # Not only when the waiting was over.


def test_a_cursor_of_another_organization_or_none_is_refused(porter, owner):
    theirs = Person(porter, porter.organization()).signed_in().get("/changes").json()["cursor"]
    browser = owner.signed_in()
    for cursor in (theirs, "nothing", theirs[:-2] + "AA"):
        answer = browser.get(f"/changes?since={cursor}")
        assert answer.status_code == 400 and problem(answer) == "invalid-cursor"


def test_only_so_many_wait_and_the_others_are_answered_at_once(new_porter):
    porter = new_porter()
    gateway = porter.gateway(PORTER_HTTP_THREADS=128)
    owner = Person(porter, porter.organization())
    browser = owner.signed_in()
    cursor = browser.get("/changes").json()["cursor"]
    answers, lock = [], threading.Lock()

    def wait():
        one = owner.browser()
        one.cookie = browser.cookie
        answer = one.get(f"/changes?since={cursor}", timeout=60)
        with lock:
            answers.append(answer)

    threads = [threading.Thread(target=wait) for _ in range(70)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(answers) >= 6, 20, "six are answered at once")
    assert len(answers) == 6 and {tuple(answer.json()["changes"]) for answer in answers} == {()}
    assert browser.get("/v1/visitors").status_code == 200  # The others are served.
    began = time.monotonic()
    gateway.stop()  # Nobody waits for them.
    assert time.monotonic() - began < 8
    for thread in threads:
        thread.join()
    porter.gateways.clear()
