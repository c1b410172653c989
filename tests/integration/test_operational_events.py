"""Events about webhooks themselves: one for each change of state, told to who asks, and never a reason for the next."""
import json
import threading

import pytest

from harness.events import Topics, message_class
from harness.poll import eventually, logged
from harness.porter import parse_id, porter_with

ATTEMPTS = 12
FAST = {"PORTER_PROBE_WAIT": "200ms", "PORTER_PROBE_WAIT_MAX": "400ms", "PORTER_HELD_RATE": "1000",
        "PORTER_RETRY_SCHEDULE": ",".join(["100ms"] * (ATTEMPTS - 1))}
IN_A_ROW = 10
OPERATIONAL = "webhook.failing,webhook.disabled,webhook.recovered"
PEOPLE = "visitor.pre_registered"
TOPIC = "porter.webhooks.v1"


class Watched:
    """An organization with a webhook whose endpoint answers as `status` says, and one that is told of it."""

    def __init__(self, porter, events=PEOPLE, watches=OPERATIONAL):
        self.porter, self.status = porter, 500
        self.organization = porter.organization()
        self.client, self.place = self.organization.client(), self.organization.location()
        self.receiver = porter.receiver(lambda r: (self.status_of(r), {}, b""))
        self.watcher = porter.receiver()
        self.id = self.organization.webhook(self.receiver.url(), events=events).id
        self.watcher_id = self.organization.webhook(self.watcher.url(), events=watches).id if watches else None

    def status_of(self, request):
        return self.status

    def write(self, count):
        return [self.client.pre_register(self.place)["id"] for _ in range(count)]

    def webhook(self):
        return self.client.get(f"/webhooks/{self.id}").json()

    def told(self, count, seconds=30):
        """The bodies that the watcher has got, once there are so many."""
        return [json.loads(r.body) for r in self.watcher.wait(count, seconds=seconds)]

    def logged(self, kind="webhook"):
        """Types and subjects in the event log, in order."""
        with self.porter.database() as db:
            return db.execute("SELECT type, subject FROM events WHERE org_id = %s AND type LIKE %s ORDER BY id",
                              (parse_id(self.organization.id), f"{kind}.%")).fetchall()

    def rows(self, state):
        with self.porter.database() as db:
            return [row[0] for row in db.execute(
                "SELECT event_type FROM deliveries WHERE org_id = %s AND webhook_id = %s AND state = %s ORDER BY id",
                (parse_id(self.organization.id), parse_id(self.id), state)).fetchall()]

    def until_rows(self, count, state):
        return eventually(lambda: rows if len(rows := self.rows(state)) == count else None, 30,
                          f"{count} {state} rows")


@pytest.fixture(scope="module")
def fast(servers):
    porter = porter_with(servers, **FAST)
    yield porter
    porter.close()


def porter_of(new_porter, dispatchers=1, **settings):
    porter = new_porter()
    porter.gateway()
    for _ in range(dispatchers):
        porter.dispatcher(**FAST, **settings)
    return porter


def types(bodies):
    return [body["type"] for body in bodies]


# ---- What is told --------------------------------------------------------------------------------

def test_who_asks_is_told_that_an_endpoint_fails_and_that_it_is_back(fast):
    watched = Watched(fast)
    watched.write(IN_A_ROW + 5)
    failing, = watched.told(1)
    assert failing["type"] == "webhook.failing" and failing["request_id"] is None
    hook, trouble = failing["data"]["webhook"], failing["data"]["trouble"]
    assert (hook["id"], hook["health"], hook["status"]) == (watched.id, "failing", "enabled")
    assert hook["failing_since"] == trouble["since"] and hook["next_probe_at"]
    assert trouble["status"] == 500 and trouble["failure"] is None and "answered 500" in trouble["detail"]
    assert trouble["failure_count"] >= IN_A_ROW and trouble["held_count"] is None
    watched.until_rows(IN_A_ROW + 5, "held")
    watched.status = 204
    recovered = watched.told(2)[1]
    assert recovered["type"] == "webhook.recovered" and recovered["data"]["webhook"]["health"] == "recovering"
    was = recovered["data"]["trouble"]
    assert was["since"] == trouble["since"] and was["failure_count"] >= trouble["failure_count"] and was["status"] == 204
    assert was["held_count"] == IN_A_ROW + 4 and "answers again" in was["detail"]  # One of them was what was tried.
    watched.until_rows(IN_A_ROW + 5, "delivered")
    assert watched.logged() == [("webhook.failing", watched.id), ("webhook.recovered", watched.id)]


def test_no_secret_and_no_header_value_is_told(fast):
    watched = Watched(fast)
    answer = watched.client.request("PATCH", f"/webhooks/{watched.id}", json={"headers": {"X-Door": "open-sesame"}})
    assert answer.status_code == 200, answer.text
    watched.write(IN_A_ROW)
    watched.told(1)
    body = watched.watcher.matching()[0].body.decode()
    assert "open-sesame" not in body and "whsec_" not in body
    shown = dict(json.loads(body)["data"]["webhook"], next_probe_at=None)
    assert shown["headers"] == {"X-Door": "********"}
    # As the API shows it: the members are the same, and so is what does not move.
    now = dict(watched.webhook(), next_probe_at=None)
    assert set(now) == set(shown) and {name: now[name] for name in ("id", "url", "events", "created_at")} == {
        name: shown[name] for name in ("id", "url", "events", "created_at")}


def test_an_endpoint_that_says_gone_is_told_of_once(fast):
    watched = Watched(fast)
    watched.status = 410
    watched.write(3)
    disabled, = watched.told(1)
    hook, trouble = disabled["data"]["webhook"], disabled["data"]["trouble"]
    assert disabled["type"] == "webhook.disabled" and hook["status"] == "disabled" and hook["disabled_reason"]
    assert trouble["status"] == 410 and "answered 410" in trouble["detail"] and trouble["since"] is None
    assert trouble["held_count"] is not None
    watched.write(1)
    eventually(lambda: "visitor.pre_registered" in watched.rows("held"), 30, "a held event")
    assert watched.logged() == [("webhook.disabled", watched.id)]


def test_one_that_failed_for_too_long_is_told_of(new_porter):
    porter = porter_of(new_porter, PORTER_DISABLE_AFTER="1s")
    watched = Watched(porter)
    watched.write(IN_A_ROW)
    failing, disabled = watched.told(2, seconds=60)
    assert types([failing, disabled]) == ["webhook.failing", "webhook.disabled"]
    trouble = disabled["data"]["trouble"]
    assert trouble["since"] == failing["data"]["trouble"]["since"] and trouble["failure_count"] >= 20
    assert trouble["held_count"] in (IN_A_ROW - 1, IN_A_ROW) and disabled["data"]["webhook"]["disabled_reason"].startswith("Nothing but failures since")


def test_what_people_do_to_a_webhook_is_no_event(fast):
    watched = Watched(fast)
    for status in ("disabled", "enabled"):
        assert watched.client.request("PATCH", f"/webhooks/{watched.id}", json={"status": status}).status_code == 200
    watched.status = 204
    watched.write(1)
    watched.until_rows(1, "delivered")
    assert watched.logged() == []


def test_they_are_on_a_topic_of_their_own_and_in_the_event_log(fast):
    watched = Watched(fast)
    watched.write(IN_A_ROW)
    told, = watched.told(1)
    topics = Topics(fast.servers.kafka.url, [TOPIC])
    record, = topics.of(watched.organization.id)
    topics.close()
    assert (record.topic, record.key, record.headers["ce_type"]) == (TOPIC, watched.id, "webhook.failing")
    assert record.headers["ce_id"] == told["id"] and record.event.data.webhook.id == watched.id
    assert logged(watched.client, query=f"type=webhook.failing&subject={watched.id}") == [told]
    assert watched.client.get(f"/events/{told['id']}").json() == told
    page = watched.client.get("/events", params={"type": "webhook.recovered"}).json()
    assert page["events"] == []


@pytest.mark.parametrize("event_type", OPERATIONAL.split(","))
def test_samples_of_them_can_be_asked_for(fast, event_type):
    watched = Watched(fast, watches=None)
    watched.status = 204
    answer = watched.client.post(f"/webhooks/{watched.id}/test", json={"event_type": event_type})
    assert answer.status_code == 202, answer.text
    body = json.loads(watched.receiver.wait(1)[0].body)
    assert body["type"] == event_type and body["test"] is True and set(body["data"]) == {"webhook", "trouble"}
    assert body["data"]["webhook"]["id"].startswith("whk_") and body["data"]["trouble"]["detail"]


# ---- One for each change -------------------------------------------------------------------------

def test_of_replicas_that_find_the_same_one_tells(new_porter):
    porter = porter_of(new_porter, dispatchers=2)
    watched = Watched(porter)
    with porter.held("SELECT id FROM webhooks WHERE id = %s FOR UPDATE", (parse_id(watched.id),)) as waiting:
        watched.write(8 * IN_A_ROW)
        waiting(2)  # Each has found it by itself.
    watched.told(1)
    watched.until_rows(8 * IN_A_ROW, "held")
    watched.status = 204
    watched.until_rows(8 * IN_A_ROW, "delivered")
    assert types(watched.told(2)) == ["webhook.failing", "webhook.recovered"]
    assert watched.logged() == [("webhook.failing", watched.id), ("webhook.recovered", watched.id)]


def test_a_change_whose_event_can_not_be_written_is_not_made(new_porter):
    """And is made, with its event, when it can be."""
    porter = porter_of(new_porter)
    watched = Watched(porter)
    with porter.database() as db:
        db.execute("CREATE FUNCTION no_event() RETURNS trigger LANGUAGE plpgsql AS"
                   " $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END $$")
        db.execute("CREATE TRIGGER no_event BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.type LIKE 'webhook.%') EXECUTE FUNCTION no_event()")
    watched.write(IN_A_ROW)
    eventually(lambda: "circuits.waiting" in porter.dispatchers[0].tail(200), 30, "a refused change")
    assert watched.webhook()["health"] == "ok" and watched.logged() == []
    with porter.database() as db:
        db.execute("DROP TRIGGER no_event ON outbox")
    assert types(watched.told(1)) == ["webhook.failing"]
    assert watched.webhook()["health"] == "failing" and len(watched.logged()) == 1


# ---- No chains -----------------------------------------------------------------------------------

def test_its_own_event_waits_behind_its_own_breaker(fast):
    watched = Watched(fast, events=f"{PEOPLE},{OPERATIONAL}", watches=None)
    watched.write(IN_A_ROW)
    # Retries count too, so the last of the others may have come after it.
    assert watched.until_rows(IN_A_ROW + 1, "held").count("webhook.failing") == 1
    watched.status = 204
    watched.until_rows(IN_A_ROW + 2, "delivered")
    own = [json.loads(r.body)["type"] for r in watched.receiver.matching(x_porter_event="webhook.failing") +
           watched.receiver.matching(x_porter_event="webhook.recovered")]
    assert own == ["webhook.failing", "webhook.recovered"]
    assert [name for name, _ in watched.logged()] == ["webhook.failing", "webhook.recovered"]


class Pair:
    """Two webhooks that are told of each other, and of what people do until `is_quiet`; their endpoints refuse all that tells
    of a webhook, and what people do until then."""

    def __init__(self, porter):
        self.is_quiet = threading.Event()
        self.first = Watched(porter, events=f"{PEOPLE},{OPERATIONAL}", watches=None)
        self.second = Watched(porter, events=f"{PEOPLE},{OPERATIONAL}", watches=None)
        self.second.organization = self.first.organization
        for one in (self.first, self.second):
            one.status_of = lambda r: 204 if self.is_quiet.is_set() and not r.headers["x-porter-event"].startswith("webhook.") else 500
        self.second.id = self.first.organization.webhook(self.second.receiver.url(), events=f"{PEOPLE},{OPERATIONAL}").id

    def rows(self):
        with self.first.porter.database() as db:
            return db.execute("SELECT state, event_type, count(*) FROM deliveries WHERE org_id = %s GROUP BY 1, 2",
                              (parse_id(self.first.organization.id),)).fetchall()


def test_endpoints_that_refuse_events_about_webhooks_do_not_keep_each_other_going(fast):
    """Each falls, and comes back by what people did. Every event about either is refused by both until its schedule is over:
    12 attempts, of 4 events, by 2: more than a breaker takes. None of these failures is a reason for another event."""
    pair = Pair(fast)
    pair.first.write(IN_A_ROW)
    eventually(lambda: sorted(name for name, _ in pair.first.logged()) == ["webhook.failing"] * 2, 30, "two that fail")
    pair.is_quiet.set()
    eventually(lambda: {state for state, _, _ in pair.rows()} == {"delivered", "failed"}, 60, "an end of all deliveries")
    assert {(state, name.split(".")[0]) for state, name, _ in pair.rows()} == {("delivered", "visitor"), ("failed", "webhook")}
    assert sorted(pair.first.logged()) == sorted((name, hook) for name in ("webhook.failing", "webhook.recovered")
                                                 for hook in (pair.first.id, pair.second.id))


def test_an_endpoint_that_only_refuses_events_about_webhooks_does_not_fail(fast):
    watched = Watched(fast, events=OPERATIONAL, watches=None)
    others = [Watched(fast, watches=None) for _ in range(1)]
    hooks = [watched.organization.webhook(others[0].receiver.url(), events=PEOPLE).id for _ in range(4)]
    watched.write(IN_A_ROW)
    # Four events, refused twelve times each.
    watched.until_rows(4, "failed")
    assert watched.webhook()["health"] == "ok"
    assert sorted(watched.logged()) == sorted(("webhook.failing", hook) for hook in hooks)


def test_an_event_is_of_the_published_schema(fast):
    watched = Watched(fast)
    watched.write(IN_A_ROW)
    watched.told(1)
    with fast.database() as db:
        payload, = db.execute("SELECT payload FROM events WHERE org_id = %s AND type = 'webhook.failing'",
                              (parse_id(watched.organization.id),)).fetchone()
    event = message_class("Event").FromString(payload)
    assert event.data.WhichOneof("resource") == "webhook" and event.data.trouble.status.value == 500


def test_a_refused_event_about_a_webhook_raises_no_doubt(new_porter):
    """An endpoint that refused three of what people do, which is not enough: what it refuses of the others adds nothing."""
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_RETRY_SCHEDULE="100ms,100ms", PORTER_PROBE_WAIT="1h")
    watched, gone = Watched(porter, events=f"{PEOPLE},{OPERATIONAL}", watches=None), porter.receiver(lambda r: (410, {}, b""))
    visitor, = watched.write(1)
    watched.until_rows(1, "failed")
    with porter.database() as db:
        db.execute("UPDATE webhook_hours SET attempts_retry = attempts_retry + %s WHERE webhook_id = %s", (IN_A_ROW, parse_id(watched.id)))
    counts = lambda: watched.client.get(f"/webhooks/{watched.id}/stats").json()["totals"]
    before = counts()
    watched.organization.webhook(gone.url(), events="visitor.checked_in")
    assert watched.client.post(f"/visitors/{visitor}/check-in").status_code == 200
    watched.until_rows(2, "failed")
    after = counts()
    assert (after["attempt_count"], after["failed_count"]) == (before["attempt_count"], 2), "attempts of the other do not count"
    assert watched.webhook()["health"] == "ok" and [name for name, _ in watched.logged()] == ["webhook.disabled"]
