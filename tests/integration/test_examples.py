"""The examples of the OpenAPI document are real: this tells one story to a gateway and compares.

    PORTER_RECORD=1 … pytest integration/test_examples.py      writes services/gateway/openapi/examples.json anew

Ids, times, secrets and cursors are replaced by ones that are always the same."""
import json
import os
import re
from datetime import datetime, timedelta, timezone

import requests

from harness import signatures
from harness.contract import contract
from harness.poll import LOG_S, eventually, logged
from harness.porter import parse_id, uuid7
from harness.process import ROOT

DISPATCHER = {"PORTER_RETRY_SCHEDULE": "1s"}  # It gives up after two attempts.
FILE = ROOT / "services" / "gateway" / "openapi" / "examples.json"
ID = re.compile(r"\b(org|key|usr|vis|loc|con|evac|evt|whk|dlv|req|rpl)_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
FIXED = {"reset": 42, "remaining": 57, "used": 43, "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "X-Porter-Signature": "0" * 64,
         "next_cursor": "AWm0ZBqk9Uqe7wY3", "signature": "0" * 64, "remote": "203.0.113.7:443",
         "dns_us": 310, "connect_us": 8120, "tls_us": 17350, "first_byte_us": 41870, "total_us": 41910,
         "response_headers": "Server: nginx\nDate: Sun, 01 Mar 2026 09:30:00 GMT",
         "request_headers": "Content-Type: application/json\nUser-Agent: Porter-Webhooks/1\nX-Porter-Event: visitor.cancelled\n"
                            f"X-Porter-Attempt: 1\nX-Porter-Signature: {'0' * 64}\n"}
# That of RFC 8037's example.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
"""
# An attempt on a new connection, and one on a kept one: which it is depends on what was sent before.
NEW = {"reused": False, "tls_version": "TLSv1.3",
       "certificate": {"subject": "CN=hooks.example.com", "issuer": "CN=R11, O=Let's Encrypt, C=US", "expires_at": "2026-05-30T09:30:00.000Z"}}
KEPT = {"reused": True, "tls_version": None, "certificate": None, "dns_us": 0, "connect_us": 0, "tls_us": 0}
# What the story causes, and how often.
EVENTS = {"visitor.pre_registered": 4, "visitor.checked_in": 2, "visitor.checked_out": 1, "visitor.cancelled": 2,
          "contractor.created": 2, "contractor.approved": 1, "contractor.rejected": 1,
          "evacuation.activated": 1, "evacuation.ended": 1}


class Story:
    """What was asked and answered, with the same ids and times in every run."""

    def __init__(self, client, watcher):
        self.client, self.watcher, self.ids = client, watcher, {}  # Whoever waits does not use up the story's limit.
        self.kept = {"answer": {}, "events": {}, "problems": {}, "request": {}}

    def ask(self, name, ids=(), query="", body=None, status=None):
        """One operation by its name; its answer is the example of it."""
        pattern, method = next((p, m) for (p, m), one in contract().operations.items() if one["operationId"] == name)
        for one in ids:
            pattern = re.sub(r"\{\w+\}", one, pattern, count=1)
        answer = self.client.request(method, pattern.removeprefix("/api/v1") + query, **({"json": body} if body else {}))
        assert answer.status_code < 300, answer.text
        if body:
            self.kept["request"][name] = self.same(body)
        if answer.content:
            self.kept["answer"][name] = self.same(answer.json())
            return answer.json()
        return None

    def refuse(self, name, answer):
        assert answer.json()["type"].endswith(f"/{name}"), answer.text
        self.kept["problems"][name] = self.same(answer.json())

    def same(self, value, key=None):
        if key in FIXED and value is not None:
            return FIXED[key]
        if key == "attempts":
            return [{**self.same(one), **(KEPT if number else NEW)} for number, one in enumerate(value)]
        if isinstance(value, dict):
            return {name: self.same(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self.same(one) for one in value]
        if isinstance(value, str):
            value = ID.sub(lambda found: self.ids.setdefault(found[0], f"{found[1]}_01jndp8w1qe2v8m5tq2k3x4y{len(self.ids):02}"), value)
            value = re.sub(r"whsec_[A-Za-z0-9+/=_-]+", "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", value)
            value = re.sub(r'W/\\?"[0-9a-f]+\\?"', 'W/"64f3a81d2c9e0"', value)
            return TIME.sub("2026-03-01T09:30:00.000Z", value)
        return value


def at(**more):
    return (datetime.now(timezone.utc) + timedelta(**more)).strftime("%Y-%m-%dT%H:%M:%SZ")


def tell(porter):
    tenant = porter.organization()
    location = tenant.location("Zürich – Hauptsitz", capacity=120)
    client = tenant.client(key=tenant.key(rate_limit=100, name="Reception"))
    receiver = porter.receiver()
    tenant.webhook(receiver.url())
    story = Story(client, tenant.client())
    visitor = story.ask("pre_register_visitor", body={
        "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "phone": "+41445550123",
        "company": "Analytical Engines", "host": {"name": "Luigi Menabrea", "email": "luigi@example.com"},
        "location_id": location, "purpose": "Review of the notes", "expected_at": at(hours=1), "metadata": {"badge_colour": "blue"}})
    second = client.pre_register(location, full_name="Charles Babbage")
    tell_visitors(story, visitor["id"], second["id"])
    tell_contractors(story, location)
    tell_evacuations(story, location)
    tell_webhooks(story)
    receiver.wait(count=1, seconds=20, x_porter_event="visitor.cancelled")  # So that the next webhook does not get it too.
    tell_deliveries(porter, tenant, story, location)
    tell_events(story, visitor["id"], second["id"])
    story.ask("show_rate_limit")
    story.ask("list_locations", query="?limit=1")
    story.ask("show_location", [location])
    tell_problems(porter, tenant, story, visitor["id"])
    for name, count in EVENTS.items():
        bodies = [json.loads(one.body) for one in receiver.wait(count=count, seconds=20, x_porter_event=name)]
        story.kept["events"][name] = story.same(min(bodies, key=lambda event: event["id"]))
    tell_troubles(porter, tenant, story, location)
    tell_signatures(story)
    tell_keys(porter, story)
    return story.kept


def tell_visitors(story, visitor, second):
    story.ask("show_visitor", [visitor])
    story.ask("list_visitors", query="?limit=1&status=expected")
    story.ask("check_in_visitor", [visitor], body={"badge_number": "17"})
    story.ask("check_out_visitor", [visitor], body={"notes": "Left with the plans"})
    story.ask("cancel_visitor", [second], body={"notes": "Ill"})


def tell_contractors(story, location):
    made = story.ask("create_contractor", body={
        "company": "Blitz Elektro GmbH", "contact": {"name": "Bo Funke", "email": "bo@example.com", "phone": "+4930123456"},
        "trade": "electrician", "location_ids": [location], "insurance_expires_at": at(days=200)})
    other = story.client.post("/contractors", json={"company": "Glanz AG"}).json()
    story.ask("approve_contractor", [made["id"]], body={"approved_by": "Grace Hopper", "valid_until": at(days=100)})
    story.ask("reject_contractor", [other["id"]], body={"rejected_by": "Grace Hopper", "reason": "No insurance"})
    story.ask("show_contractor", [made["id"]])
    story.ask("list_contractors", query="?limit=1&status=approved")


def tell_evacuations(story, location):
    guest = story.client.pre_register(location, full_name="Mary Somerville", host={"name": "Luigi Menabrea", "email": "luigi@example.com"})
    story.client.post(f"/visitors/{guest['id']}/check-in")
    made = story.ask("activate_evacuation", body={"location_id": location, "reason": "Smoke on the third floor", "activated_by": "Grace Hopper"})
    story.refuse("state-conflict", story.client.post("/evacuations", json={"location_id": location}))
    story.ask("call_roll", [made["id"]], body={"accounted_for": [guest["id"]], "marked_by": "Marshal 1"})
    story.ask("list_on_site", [made["id"]], query="?accounted_for=true")
    story.ask("end_evacuation", [made["id"]], body={"ended_by": "Grace Hopper"})
    story.ask("show_evacuation", [made["id"]])
    story.ask("list_evacuations", query="?limit=1&status=ended")


def tell_webhooks(story):
    hook = story.ask("create_webhook", body={"url": "https://example.com/porter", "events": ["visitor.checked_in"],
                                             "description": "Opens the door",
                                             "headers": {"Authorization": "Basic cG9ydGVyOmRvb3I="}})
    story.ask("list_webhooks", query="?limit=1")
    story.ask("show_webhook", [hook["id"]])
    story.ask("update_webhook", [hook["id"]], body={"events": ["visitor.checked_in", "visitor.checked_out"], "ordering": "subject",
                                                     "retry_schedule": {"waits_seconds": [5, 60, 3600]}, "max_age_seconds": 86400})
    story.ask("rotate_webhook_secret", [hook["id"]], body={"overlap_seconds": 3600})


def tell_troubles(porter, tenant, story, location):
    """An endpoint only fails, is back, and is gone; another webhook is told of it."""
    answer, client, told = {"status": 503}, tenant.client(), porter.receiver()
    endpoint = porter.receiver(lambda got: (answer["status"], {}, b""))
    hook = tenant.webhook(endpoint.url(), events="visitor.pre_registered").id
    tenant.webhook(told.url(), events="webhook.failing,webhook.disabled,webhook.recovered")
    for name, status in (("webhook.failing", 503), ("webhook.recovered", 204), ("webhook.disabled", 410)):
        answer["status"] = status
        if name == "webhook.failing":  # Five events, two attempts each.
            for number in range(5):
                client.pre_register(location, full_name=f"Guest {number}")
        else:
            client.post(f"/webhooks/{hook}/test")
        event = json.loads(told.wait(count=1, seconds=20, x_porter_event=name)[0].body)
        event["data"]["webhook"]["url"] = "https://hooks.example.com/porter"
        story.kept["events"][name] = story.same(event)


def tell_signatures(story):
    """An endpoint's framework parsed the body and printed it again."""
    hook = story.client.post("/webhooks", json={"url": "https://example.com/porter", "events": ["*"]}).json()
    raw, event, sent_at = b'{"id":"evt_01jndp8w1qe2v8m5tq2k3x4y99","type":"visitor.checked_in"}', "evt_01jndp8w1qe2v8m5tq2k3x4y99", 1772357398
    story.ask("verify_webhook", [hook["id"]], body={
        "headers": {"webhook-id": event, "webhook-timestamp": str(sent_at),
                    "webhook-signature": signatures.standard(raw, hook["secret"], event, sent_at),
                    "X-Porter-Signature": signatures.porter(raw, hook["secret"])},
        "body": json.dumps(json.loads(raw)), "received_at": "2026-03-01T09:30:00.000Z"})


def tell_keys(porter, story):
    file = porter.folder / "signing.pem"
    file.write_text(PUBLIC_KEY)
    gateway = porter.gateway(PORTER_SIGNING_KEYS_FILE=file)
    answer = requests.get(f"{gateway.url}/.well-known/porter-webhooks.json", verify=str(porter.tls / "ca.pem"), timeout=10)
    story.kept["answer"]["show_webhook_keys"] = story.same(answer.json())


def tell_deliveries(porter, tenant, story, location):
    """An endpoint is down for longer than the schedule, and then mended."""
    answer = {"status": 503}
    endpoint = porter.receiver(lambda got: (answer["status"], {}, b"closed for the night" if answer["status"] == 503 else b""))
    hook, earliest = tenant.webhook(endpoint.url(), events="visitor.cancelled").id, uuid7()
    rows = f"/webhooks/{hook}/deliveries"
    guest = story.client.pre_register(location, full_name="Caroline Herschel")
    story.client.post(f"/visitors/{guest['id']}/cancel")
    delivery = eventually(lambda: story.watcher.get(f"{rows}?state=failed").json()["deliveries"], 20, "a failed delivery")[0]["id"]
    story.ask("list_deliveries", [hook], query="?limit=1")
    answer["status"] = 204
    replays = f"/webhooks/{hook}/replays"
    first = story.ask("recover_webhook", [hook], query="?since=2026-03-01T00:00:00Z")["id"]
    eventually(lambda: story.watcher.get(f"{replays}/{first}").json()["state"] == "done", 20, "a replay that is done")
    story.ask("show_replay", [hook, first])
    eventually(lambda: story.watcher.get(f"{rows}/{delivery}").json()["state"] == "delivered", 20, "the recovered delivery")
    story.ask("show_delivery", [hook, delivery])
    story.ask("retry_delivery", [hook, delivery])
    other = story.ask("create_replay", [hook], body={"states": ["failed"], "event_type": "visitor.cancelled", "failure": "timeout"})["id"]
    eventually(lambda: story.watcher.get(f"{replays}/{other}").json()["state"] == "done", 20, "another that is done")
    story.ask("list_replays", [hook], query="?limit=1")
    with porter.database() as db:  # An hour of long ago; and a replay before another that nobody takes: that one waits.
        db.execute("INSERT INTO webhook_hours VALUES (%s, %s, '2026-03-01T09:00Z', 1, 118, 1, 118, 14, 1, 0, '{0,0,31,80,8,2,0,0,0,0,12,0,0}')",
                   (parse_id(tenant.id), parse_id(hook)))
        db.execute("INSERT INTO replays (org_id, id, webhook_id, state, states, next_at, created_at) VALUES (%s, %s, %s, 'queued', '{failed}', 'infinity', now())",
                   (parse_id(tenant.id), earliest, parse_id(hook)))
    story.ask("show_webhook_stats", [hook], query="?since=2026-03-01T09:00:00Z&until=2026-03-01T10:00:00Z")
    last = story.client.post(replays).json()["id"]
    story.ask("cancel_replay", [hook, last])
    story.ask("test_webhook", [hook], body={"event_type": "visitor.checked_in"})


def tell_events(story, visitor, second):
    query = f"?limit=1&subject={visitor}&type=visitor.checked_in"
    event = eventually(lambda: story.watcher.get(f"/events{query}").json()["events"], LOG_S)[0]
    story.ask("list_events", query=query)
    story.ask("show_event", [event["id"]])
    # One that a single webhook listened to: of several, whose id is the first is not known before.
    event = logged(story.watcher, query=f"limit=1&subject={second}&type=visitor.cancelled")[0]
    rows = f"/events/{event['id']}/deliveries"
    eventually(lambda: [one["state"] for one in story.watcher.get(rows).json()["deliveries"]] == ["delivered"], 20, "it is delivered")
    story.ask("list_event_deliveries", [event["id"]])


def tell_problems(porter, tenant, story, visitor):
    client = story.client
    story.refuse("precondition-failed", client.post(f"/visitors/{visitor}/cancel", headers={"If-Match": 'W/"1"'}))
    story.refuse("validation-failed", client.post("/visitors/pre-register", json={"email": "ada", "compnay": "Analytical Engines"}))
    story.refuse("malformed-request", client.post("/visitors/pre-register", data='{"email":', headers={"Content-Type": "application/json"}))
    story.refuse("unsupported-media-type", client.post("/visitors/pre-register", data="email=ada", headers={"Content-Type": "text/plain"}))
    story.refuse("invalid-parameter", client.get("/visitors?limit=0&statsu=expected"))
    story.refuse("invalid-cursor", client.get("/visitors?cursor=x"))
    story.refuse("not-found", client.get("/visitors/vis_01jndp8w1qe2v8m5tq2k3x4y00"))
    story.refuse("not-acceptable", client.get("/visitors", headers={"Accept": "text/csv"}))
    story.refuse("scope-missing", tenant.client(key=tenant.key(scopes="visitors:read")).get("/locations"))
    story.refuse("key-malformed", client.get("/visitors", headers={"X-API-Key": "porter_sk_x"}))
    limited = tenant.client(key=tenant.key(rate_limit=1))
    limited.get("/visitors")
    story.refuse("rate-limited", limited.get("/visitors"))


def test_the_examples_of_the_document_are_what_a_gateway_answers(porter):
    kept = tell(porter)
    text = json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=False) + "\n"
    text = re.sub(r"wait \d+ s", "wait 42 s", text)
    if os.environ.get("PORTER_RECORD"):
        FILE.write_text(text)
    assert json.loads(FILE.read_text()) == json.loads(text), "PORTER_RECORD=1 records them anew"
