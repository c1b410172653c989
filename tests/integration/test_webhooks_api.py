"""Webhooks over the API: make, change, delete them; samples, deliveries, sending again."""
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from harness import signatures
from harness.poll import LOG_S, eventually
from harness.porter import format_id, parse_id, uuid7
from harness.refusals import faults, problem

DISPATCHER = {"PORTER_RETRY_SCHEDULE": "1s"}  # It gives up after two attempts.
URL = "https://example.com/hook"
LIMIT = 100  # WEBHOOKS_PER_ORG_MAX
DAY = 86400


@pytest.fixture
def tenant(porter):
    return porter.organization()


@pytest.fixture
def client(tenant):
    return tenant.client()


def create(client, url=URL, events=("*",), **more):
    answer = client.post("/webhooks", json={"url": url, "events": list(events), **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def audit(porter, tenant):
    with porter.database() as db:
        return db.execute("SELECT action, subject, detail, actor, request_id FROM audit_log WHERE org_id = %s"
                          " ORDER BY at, id", (parse_id(tenant.id),)).fetchall()


def version(porter, tenant):
    with porter.database() as db:
        return db.execute("SELECT webhooks_version FROM organizations WHERE id = %s",
                          (parse_id(tenant.id),)).fetchone()[0]


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def now():
    return datetime.now(timezone.utc)


def stamp(at):
    return at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def finished(client, webhook, delivery, seconds=15):
    """The delivery in full, once it is finished."""
    def asked():
        shown = client.get(f"/webhooks/{webhook}/deliveries/{delivery}").json()
        return shown if shown["finished_at"] else None
    return eventually(asked, seconds, "a finished delivery")


def listed(client, webhook, **params):
    answer = client.get(f"/webhooks/{webhook}/deliveries", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["deliveries"]


# ---- Make, show, list ----------------------------------------------------------------------------------


def test_a_webhook_is_made_and_its_secret_shown_once(porter, tenant, client):
    before = version(porter, tenant)
    answer = client.post("/webhooks", json={
        "url": URL, "events": ["visitor.checked_in"], "description": "Türöffner 開門", "ordering": "subject"})
    made = answer.json()
    assert answer.status_code == 201 and answer.headers["Location"] == f"/api/v1/webhooks/{made['id']}"
    assert made["secret"].startswith("whsec_") and made["secret_overlap_until"] is None
    assert (made["status"], made["ordering"], made["description"]) == ("enabled", "subject", "Türöffner 開門")
    shown = client.get(f"/webhooks/{made['id']}")
    assert "secret" not in shown.json() and shown.json() == {k: v for k, v in made.items() if k != "secret"}
    assert shown.headers["ETag"] == answer.headers["ETag"]
    assert made["secret"] not in client.get("/webhooks").text
    assert version(porter, tenant) > before
    (action, subject, _, actor, request_id), = [row for row in audit(porter, tenant) if row[0].startswith("webhook.")]
    assert (action, subject, request_id) == ("webhook.created", made["id"], answer.headers["X-Request-Id"])
    assert actor.startswith("key_")


def test_etag_spares_an_unchanged_webhook(client):
    made = create(client)
    tag = client.get(f"/webhooks/{made['id']}").headers["ETag"]
    assert client.get(f"/webhooks/{made['id']}", headers={"If-None-Match": tag}).status_code == 304
    client.request("PATCH", f"/webhooks/{made['id']}", json={"description": "new"})
    assert client.get(f"/webhooks/{made['id']}", headers={"If-None-Match": tag}).status_code == 200


def test_events_are_kept_as_named_and_once(client):
    assert create(client, events=["*", "visitor.checked_in"])["events"] == ["*"]
    assert create(client, events=["visitor.checked_in"] * 2)["events"] == ["visitor.checked_in"]


@pytest.mark.parametrize("body, wanted", [
    ({}, {("url", "required"), ("events", "required")}),
    ({"url": None, "events": []}, {("url", "required"), ("events", "required")}),
    ({"url": "ftp://x", "events": ["visitor.flew"], "status": "maybe", "ordering": 1, "secret": "s"},
     {("url", "bad_format"), ("events[0]", "not_allowed"), ("status", "not_allowed"), ("ordering", "wrong_type"),
      ("secret", "unknown_field")}),
    ({"url": "http://example.com:8080/", "events": ["*"]}, {("url", "bad_format")}),
    ({"url": "https://u:p@example.com/", "events": ["*"]}, {("url", "bad_format")}),
    ({"url": "https://example.com:22/", "events": ["*"]}, {("url", "bad_format")}),
    ({"url": "https://10.0.0.1/", "events": ["*"]}, {("url", "not_allowed")}),
    ({"url": "https://0x7f.1/", "events": ["*"]}, {("url", "bad_format")}),
    ({"url": URL, "events": ["*"], "description": "x" * 501}, {("description", "too_long")}),
    ({"url": URL + "x" * 2048, "events": ["*"]}, {("url", "too_long")}),
    ({"url": URL, "events": ["*"] * 50}, {("events", "too_many")}),
    ({"url": URL, "events": ["*"], "id": "whk_1", "disabled_reason": "x"},
     {("id", "not_allowed"), ("disabled_reason", "not_allowed")}),
])
def test_all_faults_of_a_new_webhook_are_told_at_once(client, body, wanted):
    assert faults(client.post("/webhooks", json=body)) == wanted


def test_plain_http_leads_to_loopback_and_only_in_development(porter, client):
    assert create(client, url="http://localhost:8080/hook")["url"] == "http://localhost:8080/hook"
    strict = porter.gateway(PORTER_ENVIRONMENT="production")
    try:
        answer = porter.organization().client(strict).post(
            "/webhooks", json={"url": "http://localhost:8080/hook", "events": ["*"]})
        assert faults(answer) == {("url", "bad_format")}
    finally:
        strict.stop()
        porter.gateways.remove(strict)


def test_an_organization_has_at_most_a_hundred(porter, tenant, client):
    first = create(client)
    with porter.database() as db:
        for _ in range(LIMIT - 2):
            db.execute("INSERT INTO webhooks (org_id, id, url, events, status, secret, created_at, updated_at)"
                       " SELECT org_id, %s, url, events, status, secret, created_at, updated_at FROM webhooks"
                       " WHERE id = %s", (uuid7(), parse_id(first["id"])))
    create(client)
    problem(client.post("/webhooks", json={"url": URL, "events": ["*"]}), 409, "limit-reached")
    assert client.request("DELETE", f"/webhooks/{first['id']}").status_code == 204
    create(client)


def test_the_list_pages_newest_first(client):
    made = [create(client)["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        answer = client.get("/webhooks", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["id"] for one in answer["webhooks"]]
        cursor = answer["pagination"]["next_cursor"]
        if not cursor:
            break
    assert seen == made[::-1]
    problem(client.get("/webhooks?limit=0"), 400, "invalid-parameter")
    problem(client.get("/webhooks?cursor=nonsense"), 400, "invalid-cursor")


# ---- Change, delete -------------------------------------------------------------------------------------


def test_a_change_merges(porter, tenant, client):
    made = create(client, description="one", events=["visitor.checked_in"])
    before = version(porter, tenant)
    answer = client.request("PATCH", f"/webhooks/{made['id']}", json={"events": ["visitor.checked_out"]})
    changed = answer.json()
    assert answer.status_code == 200 and changed["events"] == ["visitor.checked_out"]
    assert {k: changed[k] for k in ("url", "description", "status", "ordering", "created_at")} == {
        k: made[k] for k in ("url", "description", "status", "ordering", "created_at")}
    assert answer.headers["ETag"] == client.get(f"/webhooks/{made['id']}").headers["ETag"]
    assert version(porter, tenant) > before
    assert [row[2] for row in audit(porter, tenant) if row[0] == "webhook.updated"] == [{"fields": ["events"]}]
    changed = client.request("PATCH", f"/webhooks/{made['id']}", json={
        "description": None, "status": "disabled", "ordering": "subject", "url": "https://example.org/"}).json()
    assert (changed["description"], changed["status"], changed["disabled_reason"], changed["ordering"],
            changed["url"]) == (None, "disabled", "Disabled on request.", "subject", "https://example.org/")
    changed = client.request("PATCH", f"/webhooks/{made['id']}", json={"status": "enabled", "url": None}).json()
    assert (changed["status"], changed["disabled_reason"], changed["url"]) == ("enabled", None, "https://example.org/")


def test_a_change_that_changes_nothing_is_none(porter, tenant, client):
    made = create(client)
    before = version(porter, tenant)
    for body in ({}, {"url": URL}, {"status": "enabled", "events": ["*"]}):
        answer = client.request("PATCH", f"/webhooks/{made['id']}", json=body)
        assert answer.status_code == 200 and answer.json()["updated_at"] == made["updated_at"]
    assert version(porter, tenant) == before


def test_all_faults_of_a_change_are_told_at_once(client):
    made = create(client)
    answer = client.request("PATCH", f"/webhooks/{made['id']}", json={
        "url": "gopher://x", "events": ["no"], "created_at": "2026-01-01T00:00:00Z", "evnets": []})
    assert faults(answer) == {("url", "bad_format"), ("events[0]", "not_allowed"), ("created_at", "not_allowed"),
                              ("evnets", "unknown_field")}
    assert faults(client.request("PATCH", f"/webhooks/{made['id']}", json={"events": []})) == {("events", "too_short")}
    problem(client.request("PATCH", f"/webhooks/{made['id']}", data=b"{"), 415, "unsupported-media-type")


@pytest.mark.parametrize("method, action, body", [
    ("PATCH", "", {"description": "mine"}), ("DELETE", "", None), ("POST", "/rotate-secret", None)])
def test_if_match_holds_a_change_back(client, method, action, body):
    made = create(client)
    path = f"/webhooks/{made['id']}"
    old = client.get(path).headers["ETag"]
    new = client.request("PATCH", path, json={"description": "theirs"}).headers["ETag"]
    answer = client.request(method, path + action, json=body, headers={"If-Match": old})
    problem(answer, 412, "precondition-failed")
    assert answer.headers["ETag"] == new
    assert client.request(method, path + action, json=body, headers={"If-Match": new}).status_code in (200, 204)


def test_changes_by_many_are_all_made(client):
    made = create(client)
    fields = [{"description": "a"}, {"ordering": "subject"}, {"events": ["visitor.checked_in"]},
              {"url": "https://example.org/"}]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda body: client.request("PATCH", f"/webhooks/{made['id']}", json=body), fields))
    for answer, body in zip(answers, fields):
        if answer.status_code == 409:  # Three times others were quicker: told, and not done.
            problem(answer, 409, "conflict")
            assert client.request("PATCH", f"/webhooks/{made['id']}", json=body).status_code == 200
    last = client.get(f"/webhooks/{made['id']}").json()
    for body in fields:
        assert last.items() >= body.items()


def test_a_deleted_webhook_is_gone_and_its_log_stays(porter, tenant, client):
    receiver = porter.receiver()
    made = create(client, url=receiver.url())
    client.pre_register(tenant.location())
    receiver.wait(1)
    one, = eventually(lambda: listed(client, made["id"], state="delivered"), 30, "a delivery")
    answer = client.request("DELETE", f"/webhooks/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(client.get(f"/webhooks/{made['id']}"), 404, "not-found")
    for method, path in [("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("POST", "/test"),
                         ("POST", "/recover?since=2026-01-01T00:00:00Z"), ("POST", f"/deliveries/{one['id']}/retry")]:
        body = {} if method == "PATCH" else None
        problem(client.request(method, f"/webhooks/{made['id']}{path}", json=body), 404, "not-found")
    assert [row["id"] for row in listed(client, made["id"])] == [one["id"]]
    assert client.get(f"/webhooks/{made['id']}/deliveries/{one['id']}").json()["attempts"][0]["status"] == 204
    assert ("webhook.deleted", {"url": made["url"]}) in [(row[0], row[2]) for row in audit(porter, tenant)]


# ---- Secrets -------------------------------------------------------------------------------------------


def signed_by(receiver, secret, header="x-porter-signature"):
    got = receiver.matching()[-1]
    return got.headers.get(header) == signatures.porter(got.body, secret)


def test_a_new_secret_overlaps_the_one_before(porter, tenant, client):
    receiver = porter.receiver()
    made = create(client, url=receiver.url())
    at = now()
    answer = client.post(f"/webhooks/{made['id']}/rotate-secret")
    rotated = answer.json()
    assert answer.status_code == 200 and rotated["secret"] != made["secret"]
    assert abs((moment(rotated["secret_overlap_until"]) - at).total_seconds() - DAY) < 30
    place = tenant.location()
    client.pre_register(place)
    got, = receiver.wait(1)
    assert got.headers["x-porter-signature"] == signatures.porter(got.body, rotated["secret"])
    assert got.headers["x-porter-signature-previous"] == signatures.porter(got.body, made["secret"])
    assert got.headers["webhook-signature"].split(" ") == [
        signatures.standard(got.body, secret, got.headers["webhook-id"], got.headers["webhook-timestamp"])
        for secret in (rotated["secret"], made["secret"])]
    # Again and without an overlap: neither of the two signs any more.
    last = client.post(f"/webhooks/{made['id']}/rotate-secret", json={"overlap_seconds": 0}).json()
    assert last["secret_overlap_until"] is None
    client.pre_register(place)
    receiver.wait(2)
    assert signed_by(receiver, last["secret"])
    assert "x-porter-signature-previous" not in receiver.matching()[-1].headers
    assert [row[0] for row in audit(porter, tenant)].count("webhook.secret_rotated") == 2


def test_an_overlap_ends(client):
    made = create(client)
    client.post(f"/webhooks/{made['id']}/rotate-secret", json={"overlap_seconds": 1})
    eventually(lambda: client.get(f"/webhooks/{made['id']}").json()["secret_overlap_until"] is None, 30, "the end")


@pytest.mark.parametrize("body, code", [({"overlap_seconds": 604801}, "out_of_range"),
                                        ({"overlap_seconds": -1}, "out_of_range"),
                                        ({"overlap_seconds": "1"}, "wrong_type"), ({"overlap": 1}, "unknown_field")])
def test_a_bad_overlap_is_told(client, body, code):
    made = create(client)
    assert {one[1] for one in faults(client.post(f"/webhooks/{made['id']}/rotate-secret", json=body))} == {code}
    assert client.post(f"/webhooks/{made['id']}/rotate-secret", json={"overlap_seconds": 604800}).status_code == 200


def test_a_repeated_rotation_with_a_token_shows_the_same_secret(client):
    made = create(client)
    answers = [client.post(f"/webhooks/{made['id']}/rotate-secret", headers={"Idempotency-Key": "rotate-1"})
               for _ in range(2)]
    assert answers[0].json()["secret"] == answers[1].json()["secret"]


def test_a_dry_run_makes_nothing(porter, tenant, client):
    before = version(porter, tenant)
    answer = client.post("/webhooks", json={"url": URL, "events": ["*"]}, headers={"X-Porter-Dry-Run": "true"})
    assert answer.status_code == 201 and client.get("/webhooks").json()["webhooks"] == []
    assert version(porter, tenant) == before


# ---- What is sent ----------------------------------------------------------------------------------------


def test_an_event_arrives_and_the_log_shows_it(porter, tenant, client):
    receiver = porter.receiver(lambda r: (202, {"X-Kept": "yes"}, b"thank you \xff\x00"))
    made = create(client, url=receiver.url(), events=["visitor.pre_registered"])
    visitor = client.pre_register(tenant.location())
    got, = receiver.wait(1)
    row, = eventually(lambda: listed(client, made["id"], state="delivered"), 30, "a delivery")
    assert row == {**row, "id": got.headers["x-porter-delivery"], "webhook_id": made["id"],
                   "event_id": got.headers["webhook-id"], "event_type": "visitor.pre_registered",
                   "subject": visitor["id"], "test": False, "attempt_count": 1, "last_status": 202,
                   "last_error": None, "next_attempt_at": None, "created_at": visitor["created_at"]}
    shown = client.get(f"/webhooks/{made['id']}/deliveries/{row['id']}").json()
    assert shown.items() >= row.items()
    assert shown["body"].encode() == got.body and json.loads(shown["body"])["data"]["visitor"] == visitor
    attempt, = shown["attempts"]
    assert attempt["response_body"] == "thank you ??" and "X-Kept: yes" in attempt["response_headers"]
    assert (attempt["number"], attempt["verdict"], attempt["status"], attempt["failure"]) == (1, "delivered", 202, None)
    assert attempt["total_us"] > 0 and attempt["remote"].startswith("127.0.0.1")


def test_other_events_stop_when_the_list_changes(porter, tenant, client):
    receiver, other = porter.receiver(), porter.receiver()
    made = create(client, url=receiver.url(), events=["visitor.pre_registered"])
    create(client, url=other.url())
    place = tenant.location()
    client.pre_register(place)
    receiver.wait(1)
    client.request("PATCH", f"/webhooks/{made['id']}", json={"events": ["visitor.checked_in"]})
    visitor = client.pre_register(place)
    assert client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
    receiver.wait(1, x_porter_event="visitor.checked_in")
    other.wait(3)
    assert len(receiver.matching(x_porter_event="visitor.pre_registered")) == 1
    client.request("PATCH", f"/webhooks/{made['id']}", json={"status": "disabled"})
    assert client.post(f"/visitors/{visitor['id']}/check-out").status_code == 200
    other.wait(1, x_porter_event="visitor.checked_out")
    client.request("PATCH", f"/webhooks/{made['id']}", json={"events": ["*"], "status": "enabled"})
    client.pre_register(place)
    receiver.wait(2, x_porter_event="visitor.pre_registered")
    assert receiver.matching(x_porter_event="visitor.checked_out") == []


def test_deleting_stops_everything(porter, tenant, client):
    receiver, other = porter.receiver(), porter.receiver()
    made = create(client, url=receiver.url())
    create(client, url=other.url())
    place = tenant.location()
    client.pre_register(place)
    receiver.wait(1), other.wait(1)
    assert client.request("DELETE", f"/webhooks/{made['id']}").status_code == 204
    for _ in range(3):
        client.pre_register(place)
    other.wait(4)
    assert len(receiver.matching()) == 1


def test_a_sample_is_sent_once_and_says_what_came_back(porter, client):
    receiver = porter.receiver(lambda r: (500, {}, b"no"))
    made = create(client, url=receiver.url(), events=["visitor.checked_out"])
    answer = client.post(f"/webhooks/{made['id']}/test", json={"event_type": "contractor.approved"})
    row = answer.json()
    assert answer.status_code == 202 and row["state"] == "pending" and row["test"] is True
    assert answer.headers["Location"] == f"/api/v1/webhooks/{made['id']}/deliveries/{row['id']}"
    shown = finished(client, made["id"], row["id"])
    assert (shown["state"], shown["attempt_count"], shown["last_status"]) == ("failed", 1, 500)
    assert shown["last_error"] == "The endpoint answered 500, it failed: look into its log."
    got, = receiver.matching()
    assert got.headers["x-porter-test"] == "true" and got.headers["x-porter-event"] == "contractor.approved"
    assert json.loads(got.body)["test"] is True
    assert signatures.porter(got.body, made["secret"]) == got.headers["x-porter-signature"]


def test_a_sample_goes_to_a_disabled_webhook_too(porter, client):
    receiver = porter.receiver()
    made = create(client, url=receiver.url(), status="disabled")
    row = client.post(f"/webhooks/{made['id']}/test").json()
    assert row["event_type"] == "visitor.checked_in"
    assert finished(client, made["id"], row["id"])["state"] == "delivered"


@pytest.mark.parametrize("host, address", [("[::1]", "::1"), ("localhost", "127.0.0.1")])
def test_a_sample_goes_where_the_settings_allow(porter, client, host, address):
    """127.0.0.0/8 and ::1 are; who is not, and every spelling of it, is test_ssrf.py's."""
    receiver = porter.receiver(address=address)
    made = create(client, url=f"https://{host}:{receiver.port}/")
    row = client.post(f"/webhooks/{made['id']}/test").json()
    assert finished(client, made["id"], row["id"])["attempts"][0]["verdict"] == "delivered"


@pytest.mark.parametrize("body, code", [({"event_type": "visitor.flew"}, "not_allowed"),
                                        ({"event_type": "*"}, "not_allowed"), ({"type": "x"}, "unknown_field")])
def test_a_sample_of_no_event_is_refused(client, body, code):
    made = create(client)
    assert {one[1] for one in faults(client.post(f"/webhooks/{made['id']}/test", json=body))} == {code}


def failing(porter, tenant, client, count=1):
    """A webhook whose endpoint is down, with so many failed deliveries; and a switch to mend it."""
    state = {"status": 500}
    receiver = porter.receiver(lambda r: (state["status"], {}, b""))
    made = create(client, url=receiver.url())
    place = tenant.location()
    for _ in range(count):
        client.pre_register(place)
    rows = eventually(lambda: (lambda rows: rows if len(rows) == count else None)(
        listed(client, made["id"], state="failed")), 20, "failed deliveries")
    return made, receiver, rows, state


def test_a_failed_delivery_is_sent_again_by_the_whole_schedule(porter, tenant, client):
    made, receiver, (row,), state = failing(porter, tenant, client)
    assert row["attempt_count"] == 2
    answer = client.post(f"/webhooks/{made['id']}/deliveries/{row['id']}/retry")
    again = answer.json()
    assert (answer.status_code, again["state"], again["finished_at"]) == (202, "pending", None)
    shown = finished(client, made["id"], row["id"])
    assert [one["verdict"] for one in shown["attempts"]] == ["retry", "give_up"] * 2
    state["status"] = 204
    client.post(f"/webhooks/{made['id']}/deliveries/{row['id']}/retry")
    shown = finished(client, made["id"], row["id"])
    assert (shown["state"], shown["attempt_count"], shown["last_error"]) == ("delivered", 5, None)
    assert len({got.body for got in receiver.matching()}) == 1
    assert {got.headers["x-porter-delivery"] for got in receiver.matching()} == {row["id"]}
    # One that was delivered may be sent again too.
    assert client.post(f"/webhooks/{made['id']}/deliveries/{row['id']}/retry").status_code == 202
    receiver.wait(6)
    assert [entry[1] for entry in audit(porter, tenant) if entry[0] == "delivery.retried"] == [row["id"]] * 3


def test_a_delivery_that_is_not_finished_is_not_retried(porter, tenant, client):
    receiver = porter.receiver(lambda r: (503, {"Retry-After": "3600"}, b""))
    made = create(client, url=receiver.url())
    client.pre_register(tenant.location())
    row, = eventually(lambda: [one for one in listed(client, made["id"], state="pending") if one["attempt_count"] == 1], 30, "a first attempt")
    assert moment(row["next_attempt_at"]) > now() + timedelta(minutes=50)
    answer = problem(client.post(f"/webhooks/{made['id']}/deliveries/{row['id']}/retry"), 409, "state-conflict")
    assert answer["current"] == {"status": "pending"}


def test_of_two_who_retry_one_is_told(porter, tenant, client):
    made, _, (row,), state = failing(porter, tenant, client)
    state["status"] = 204
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post(
            f"/webhooks/{made['id']}/deliveries/{row['id']}/retry").status_code, range(4)))
    assert set(answers) <= {202, 409} and 202 in answers
    finished(client, made["id"], row["id"])


def test_what_failed_is_recovered(porter, tenant, client):
    """A replay of it: test_replays.py has the rest."""
    made, receiver, rows, state = failing(porter, tenant, client, 3)
    client.post(f"/webhooks/{made['id']}/test")
    eventually(lambda: len(listed(client, made["id"], state="failed")) == 4, 30, "a failed sample")
    state["status"] = 204

    def recovered(since):
        answer = client.post(f"/webhooks/{made['id']}/recover", params={"since": stamp(since)})
        assert answer.status_code == 202 and answer.json()["states"] == ["failed"] and moment(answer.json()["created_from"]) == since
        path = answer.headers["Location"].removeprefix("/api/v1")
        return eventually(lambda: one if (one := client.get(path).json())["state"] == "done" else None, 30, "a replay's end")["replayed_count"]
    oldest = moment(rows[-1]["created_at"])
    assert recovered(now().replace(microsecond=0) + timedelta(hours=1)) == 0
    assert recovered(oldest) == 3
    eventually(lambda: len(listed(client, made["id"], state="delivered")) == 3, 30, "three delivered")
    assert recovered(oldest) == 0  # Samples are left.
    assert [entry[2]["states"] for entry in audit(porter, tenant) if entry[0] == "webhook.replay"] == [["failed"]] * 3
    assert len(receiver.matching()) == 3 * 2 + 1 + 3


@pytest.mark.parametrize("query", ["", "?since=yesterday", "?since=2026-01-01T00:00:00Z&x=1"])
def test_recovery_needs_a_time(client, query):
    made = create(client)
    problem(client.post(f"/webhooks/{made['id']}/recover{query}"), 400, "invalid-parameter")


def test_nothing_is_made_due_for_a_disabled_webhook(porter, tenant, client):
    made, _, (row,), _ = failing(porter, tenant, client)
    client.request("PATCH", f"/webhooks/{made['id']}", json={"status": "disabled"})
    for path in ("recover?since=2026-01-01T00:00:00Z", "replays", f"deliveries/{row['id']}/retry"):
        answer = problem(client.post(f"/webhooks/{made['id']}/{path}"), 409, "state-conflict")
        assert answer["current"]["status"] == "disabled" and "enable it first" in answer["detail"]


# ---- The log's list ---------------------------------------------------------------------------------------

STATES = ["pending", "delivered", "failed", "held"]
TYPES = ["visitor.checked_in", "visitor.checked_out"]


@pytest.fixture
def log(porter, tenant, client):
    """A disabled webhook and 40 deliveries of two days, far from due."""
    made, rows = create(client, status="disabled")["id"], []
    base = now().replace(microsecond=0) - timedelta(days=2)
    with porter.database() as db:
        for n in range(40):
            at, state = base + timedelta(hours=n), STATES[n % 4]
            ident = uuid7()
            rows.append((format_id("dlv", ident), state, TYPES[n // 4 % 2], at))
            db.execute(
                "INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state,"
                " attempts, body, due_at, finished_at, created_at) VALUES (%s, %s, %s, %s, %s, %s, 'vis_1', %s, 1,"
                " '{}', %s, %s, %s)",
                (parse_id(tenant.id), ident, at, uuid7(), parse_id(made), TYPES[n // 4 % 2], state,
                 now() + timedelta(days=9) if state == "pending" else None,
                 at if state in ("delivered", "failed") else None, at))
    return made, sorted(rows, reverse=True), base


def pages(client, webhook, limit, **params):
    seen, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = client.get(f"/webhooks/{webhook}/deliveries", params={"limit": limit, **params, **more})
        assert answer.status_code == 200, answer.text
        seen += [row["id"] for row in answer.json()["deliveries"]]
        cursor = answer.json()["pagination"]["next_cursor"]
        if not cursor:
            assert "Link" not in answer.headers
            return seen
        assert f"/api/v1/webhooks/{webhook}/deliveries?" in answer.headers["Link"]


@pytest.mark.parametrize("limit", [1, 7, 40, 200])
def test_deliveries_page_newest_first(client, log, limit):
    webhook, rows, _ = log
    assert pages(client, webhook, limit) == [row[0] for row in rows]


@pytest.mark.parametrize("limit", [1, 7, 40])
def test_deliveries_page_oldest_first_when_asked(client, log, limit):
    webhook, rows, _ = log
    assert pages(client, webhook, limit, sort="created_at") == [row[0] for row in reversed(rows)]
    wanted = [row[0] for row in reversed(rows) if row[1] in ("pending", "held", "failed")]
    assert pages(client, webhook, limit, sort="created_at", state=["pending", "held", "failed"]) == wanted


def test_deliveries_are_filtered(client, log):
    webhook, rows, base = log
    start, end = base + timedelta(hours=10), base + timedelta(hours=20)
    for params, wanted in [
        ({"state": "failed"}, lambda r: r[1] == "failed"),
        ({"state": ["failed", "held"]}, lambda r: r[1] in ("failed", "held")),
        ({"event_type": TYPES[0]}, lambda r: r[2] == TYPES[0]),
        ({"event_type": TYPES[1], "state": "pending"}, lambda r: r[2] == TYPES[1] and r[1] == "pending"),
        ({"created_from": stamp(start)}, lambda r: r[3] >= start),
        ({"created_from": stamp(start), "created_to": stamp(end)}, lambda r: start <= r[3] < end),
        ({"event_type": "no.such"}, lambda r: False),
    ]:
        assert pages(client, webhook, 3, **params) == [row[0] for row in rows if wanted(row)], params


def test_where_an_event_was_sent(porter, tenant, client):
    receiver, place = porter.receiver(), tenant.location()
    ours = [tenant.webhook(receiver.url(f"/{number}"), "visitor.pre_registered").id for number in range(3)]
    others = porter.organization()
    visitor = client.pre_register(place)["id"]
    client.pre_register(place)  # Another event, that went to the same.
    receiver.wait(2 * len(ours))
    event = eventually(lambda: client.get(f"/events?subject={visitor}").json()["events"], LOG_S)[0]["id"]

    def sent(query=""):
        answer = client.get(f"/events/{event}/deliveries{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    rows = eventually(lambda: rows if len(rows := sent()["deliveries"]) == len(ours) and all(row["state"] == "delivered" for row in rows) else None, 30,
                      "a delivery to each")
    assert {row["webhook_id"] for row in rows} == set(ours) and {row["event_id"] for row in rows} == {event}
    first = sent("?limit=2")
    rest = sent(f"?limit=2&cursor={first['pagination']['next_cursor']}")
    assert [row["id"] for row in first["deliveries"] + rest["deliveries"]] == [row["id"] for row in rows] and not rest["pagination"]["has_more"]
    assert client.request("DELETE", f"/webhooks/{ours[0]}").status_code == 204
    assert len(sent()["deliveries"]) == len(ours), "also those to a webhook that was deleted"
    nobody = tenant.client(key=tenant.key(scopes="events:read"))
    assert nobody.get(f"/events/{event}/deliveries").status_code == 403
    assert others.client().get(f"/events/{event}/deliveries").status_code == 404
    assert client.get(f"/events/{format_id('evt', uuid7())}/deliveries").status_code == 404


def test_a_cursor_belongs_to_its_webhook_and_filters(client, log):
    webhook, _, _ = log
    cursor = client.get(f"/webhooks/{webhook}/deliveries?limit=1").json()["pagination"]["next_cursor"]
    other = create(client)["id"]
    problem(client.get(f"/webhooks/{other}/deliveries", params={"cursor": cursor}), 400, "invalid-cursor")
    problem(client.get(f"/webhooks/{webhook}/deliveries", params={"cursor": cursor, "state": "failed"}), 400,
            "invalid-cursor")
    problem(client.get(f"/webhooks/{webhook}/deliveries?state=lost"), 400, "invalid-parameter")


def test_a_delivery_is_shown_only_below_its_webhook(client, log):
    webhook, rows, _ = log
    other = create(client)["id"]
    assert client.get(f"/webhooks/{webhook}/deliveries/{rows[0][0]}").status_code == 200
    problem(client.get(f"/webhooks/{other}/deliveries/{rows[0][0]}"), 404, "not-found")
    problem(client.get(f"/webhooks/{webhook}/deliveries/dlv_1"), 404, "not-found")


# ---- Who may -------------------------------------------------------------------------------------------------


def test_another_organization_sees_nothing(porter, client, log):
    webhook, rows, _ = log
    stranger = porter.organization().client()
    assert stranger.get("/webhooks").json()["webhooks"] == []
    cursor = client.get(f"/webhooks/{webhook}/deliveries?limit=1").json()["pagination"]["next_cursor"]
    own = create(stranger)["id"]
    problem(stranger.get(f"/webhooks/{own}/deliveries", params={"cursor": cursor}), 400, "invalid-cursor")
    for method, path, body in [
        ("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/rotate-secret", None),
        ("POST", "/test", None), ("POST", "/recover?since=2026-01-01T00:00:00Z", None), ("GET", "/deliveries", None),
        ("GET", f"/deliveries/{rows[0][0]}", None), ("POST", f"/deliveries/{rows[0][0]}/retry", None),
    ]:
        problem(stranger.request(method, f"/webhooks/{webhook}{path}", json=body), 404, "not-found")
    assert client.get(f"/webhooks/{webhook}").status_code == 200


def test_scopes_divide_reading_and_writing(porter, tenant, client):
    made = create(client)["id"]
    reader = tenant.client(key=tenant.key(scopes="webhooks:read"))
    writer = tenant.client(key=tenant.key(scopes="webhooks:write"))
    delivery = format_id("dlv", uuid7())
    replay = format_id("rpl", uuid7())
    reads = [("GET", ""), ("GET", f"/{made}"), ("GET", f"/{made}/deliveries"), ("GET", f"/{made}/deliveries/{delivery}"),
             ("GET", f"/{made}/replays"), ("GET", f"/{made}/stats"), ("GET", f"/{made}/replays/{replay}")]
    writes = [("POST", ""), ("PATCH", f"/{made}"), ("POST", f"/{made}/rotate-secret"), ("POST", f"/{made}/test"),
              ("POST", f"/{made}/recover"), ("POST", f"/{made}/deliveries/{delivery}/retry"), ("POST", f"/{made}/replays"),
              ("POST", f"/{made}/replays/{replay}/cancel"), ("DELETE", f"/{made}")]
    for method, path in writes:
        problem(reader.request(method, f"/webhooks{path}"), 403, "scope-missing")
    for method, path in reads:
        problem(writer.request(method, f"/webhooks{path}"), 403, "scope-missing")
        assert reader.request(method, f"/webhooks{path}").status_code in (200, 404)
    for method, path in writes:
        assert writer.request(method, f"/webhooks{path}").status_code != 403


# ---- porterctl: the same functions ---------------------------------------------------------------------------


def test_porterctl_changes_webhooks_and_sends_again(porter, tenant, client):
    made, _, (row,), state = failing(porter, tenant, client)
    org = ("--org", tenant.id)
    state["status"] = 204
    assert porter.ctl("deliveries", "retry", row["id"], *org) == {"id": row["id"], "retried": True}
    assert finished(client, made["id"], row["id"])["state"] == "delivered"
    changed = porter.ctl("webhook", "update", made["id"], "--events", "visitor.checked_in", "--status", "disabled", *org)
    assert (changed["events"], changed["status"], changed["url"]) == ("visitor.checked_in", "disabled", made["url"])
    assert porter.ctl("webhook", "rotate-secret", made["id"], "--overlap", "60", *org)["secret"] != made["secret"]
    assert client.get(f"/webhooks/{made['id']}").json()["secret_overlap_until"]
    since = ("--since", "2026-01-01T00:00:00Z")
    assert porter.run_ctl("webhook", "recover", made["id"], *since, *org).returncode == 4  # It is disabled.
    assert porter.ctl("webhook", "delete", made["id"], *org)["deleted"]
    problem(client.get(f"/webhooks/{made['id']}"), 404, "not-found")
    assert porter.run_ctl("webhook", "delete", made["id"], *org).returncode == 3
