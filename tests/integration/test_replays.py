"""Finished deliveries that are sent again, many at a time: which ones, once each, and in nobody's way."""
import signal
import threading
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from harness.deliveries import by_delivery
from harness.poll import eventually
from harness.porter import Porter, format_id, parse_id, uuid7
from harness.refusals import problem

TRIED = 12  # How often each was tried before.
OLDEST = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=40)
ROWS = """
    INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state, attempts, body, finished_at, created_at)
    SELECT %(org)s, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '8' || substr(md5(n || %(hook)s::text), 1, 3) || '8'
                     || substr(md5(n || 'x' || %(hook)s::text), 1, 15))::uuid,
           at, gen_random_uuid(), %(hook)s, 'visitor.checked_in', 'vis_1', 'failed', %(tried)s, '{}', at, at
      FROM generate_series(1, %(count)s) AS n
     CROSS JOIN LATERAL (SELECT now() - (%(count)s + 10 - n) * interval '1 second' AS at) AS t"""


class Outage:
    """A webhook whose endpoint was down for long, and is well again."""

    def __init__(self, porter, answer=None, count=0):
        self.porter = porter
        self.receiver = porter.receiver(answer)
        self.organization = porter.organization()
        self.client = self.organization.client()
        self.id = self.organization.webhook(self.receiver.url()).id
        if count:
            with porter.database() as db:
                db.execute(ROWS, {"org": parse_id(self.organization.id), "hook": parse_id(self.id), "count": count, "tried": TRIED})

    def row(self, at, state="failed", kind="visitor.checked_in", failure=None, is_test=False, unsent=None):
        """A finished delivery with its last attempt, or `unsent` for a reason; its id."""
        made = uuid7()
        with self.porter.database() as db:
            db.execute("INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state, is_test, attempts, body,"
                       " finished_at, created_at, last_failure) VALUES (%s, %s, %s, %s, %s, %s, 'vis_1', %s, %s, %s, '{}', %s, %s, %s)",
                       (parse_id(self.organization.id), made, at, uuid7(), parse_id(self.id), kind, state, is_test, 0 if unsent else TRIED, at, at, unsent))
            for number, word in () if unsent else ((TRIED - 1, "dns"), (TRIED, failure)):
                db.execute("INSERT INTO attempts (org_id, delivery_id, number, at, verdict, failure, total_us) VALUES (%s, %s, %s, %s, 'retry', %s, 1)",
                           (parse_id(self.organization.id), made, number, at - timedelta(seconds=1), word))
        return format_id("dlv", made)

    def ask(self, body=None):
        answer = self.client.post(f"/webhooks/{self.id}/replays", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def show(self, replay):
        return self.client.get(f"/webhooks/{self.id}/replays/{replay['id']}").json()

    def until(self, replay, seconds=60, **wanted):
        def asked():
            shown = self.show(replay)
            return shown if all(shown[name] == value for name, value in wanted.items()) else None
        return eventually(asked, seconds, f"a replay with {wanted}")

    def rows(self):
        with self.porter.database() as db:
            return db.execute("SELECT id, state, attempts, attempts_before, due_at FROM deliveries WHERE org_id = %s AND webhook_id = %s",
                              (parse_id(self.organization.id), parse_id(self.id))).fetchall()

    def until_delivered(self, count, seconds=60):
        def delivered():
            rows = self.rows()
            return rows if sum(row[1] == "delivered" for row in rows) == count else None
        return eventually(delivered, seconds, f"{count} delivered")


@pytest.fixture(scope="module")
def quick(servers):
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(PORTER_HELD_RATE=1000)
    yield porter
    porter.close()


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


# ---- Which ones ----------------------------------------------------------------------------------

FITS = {
    "failed, unless told otherwise": ({}, {"old", "unsent", "timeout", "out", "new"}),
    "delivered": ({"states": ["delivered"]}, {"delivered"}),
    "both": ({"states": ["failed", "delivered"]}, {"old", "unsent", "timeout", "out", "new", "delivered"}),
    "of a type": ({"event_type": "visitor.checked_out"}, {"out"}),
    "since a time": ({"created_from": stamp(OLDEST + timedelta(hours=20))}, {"timeout", "out", "new"}),
    "before a time": ({"created_to": stamp(OLDEST + timedelta(hours=20))}, {"old", "unsent"}),
    "between": ({"created_from": stamp(OLDEST + timedelta(hours=20)), "created_to": stamp(OLDEST + timedelta(hours=22))}, {"timeout", "out"}),
    "whose last attempt timed out": ({"failure": "timeout"}, {"timeout"}),
    "an attempt before the last is not asked": ({"failure": "dns"}, set()),
    "the same, of all states": ({"failure": "timeout", "states": ["failed", "delivered"], "event_type": "visitor.checked_in"}, {"timeout"}),
    "that ended without an attempt": ({"failure": "too_old"}, {"unsent"}),
    "none": ({"failure": "no-such-word"}, set()),
}


@pytest.mark.parametrize("what", FITS)
def test_what_fits_is_sent_again_and_nothing_else(quick, what):
    body, wanted = FITS[what]
    outage, hour = Outage(quick), timedelta(hours=1)
    names = {outage.row(OLDEST): "old", outage.row(OLDEST + 20 * hour, failure="timeout"): "timeout",
             outage.row(OLDEST + 21 * hour, kind="visitor.checked_out"): "out", outage.row(OLDEST + 22 * hour, failure="connect_refused"): "new",
             outage.row(OLDEST + 23 * hour, state="delivered"): "delivered", outage.row(OLDEST + 23 * hour, is_test=True, failure="timeout"): "sample",
             outage.row(OLDEST + 19 * hour, kind="visitor.cancelled", unsent="too_old"): "unsent"}
    done = outage.until(outage.ask(body), state="done")
    assert done["replayed_count"] == len(wanted)
    if "failure" not in body:
        assert done["total_count"] == done["looked_count"] == len(wanted)
    if wanted:
        outage.receiver.wait(len(wanted))
    eventually(lambda: all(row[4] is None for row in outage.rows()), 30, "nothing left to send")
    assert {names[one]: count for one, count in by_delivery(outage.receiver).items()} == dict.fromkeys(wanted, 1)


def test_more_than_one_portion_looks_at_is_gone_through_to_the_end(quick):
    """What does not fit is passed over, thousands at a time."""
    outage = Outage(quick, count=2500)
    last = outage.row(datetime.now(timezone.utc) - timedelta(seconds=1), failure="timeout")
    done = outage.until(outage.ask({"failure": "timeout"}), state="done")
    assert (done["total_count"], done["looked_count"], done["replayed_count"], done["delivery_id"]) == (2501, 2501, 1, last)
    outage.receiver.wait(1)


def test_what_ends_after_it_was_asked_for_is_none_of_its(new_porter):
    """Who asks for what has failed does not ask for what will."""
    porter = new_porter()
    porter.gateway()
    outage = Outage(porter, count=30)
    replay = outage.ask()
    late = outage.row(datetime.now(timezone.utc) + timedelta(seconds=2))
    porter.dispatcher()
    done = outage.until(replay, state="done")
    assert (done["total_count"], done["looked_count"], done["replayed_count"]) == (30, 30, 30)
    assert [format_id("dlv", row[0]) for row in outage.until_delivered(30) if row[1] == "failed"] == [late]


# ---- What people see -----------------------------------------------------------------------------

def test_a_replay_tells_how_far_it_is(new_porter):
    porter = new_porter()
    porter.gateway()
    outage = Outage(porter, count=500)
    answer = outage.client.post(f"/webhooks/{outage.id}/replays", json={"created_from": stamp(OLDEST)})
    replay = answer.json()
    assert answer.status_code == 202 and answer.headers["Location"] == f"/api/v1/webhooks/{outage.id}/replays/{replay['id']}"
    assert replay["id"].startswith("rpl_") and (replay["state"], replay["states"], replay["total_count"], replay["looked_count"]) == ("queued", ["failed"], None, 0)
    assert (replay["started_at"], replay["finished_at"], replay["delivery_id"], replay["reason"]) == (None, None, None, None)
    porter.dispatcher(PORTER_HELD_RATE=100)
    seen = []
    done = eventually(lambda: (seen.append(shown := outage.show(replay)), shown if shown["state"] == "done" else None)[1], 60, "its end")
    assert done["finished_at"] >= done["started_at"] >= done["created_at"] and done["delivery_id"].startswith("dlv_")
    assert (done["total_count"], done["looked_count"], done["replayed_count"]) == (500, 500, 500)
    counts = [one["replayed_count"] for one in seen]
    assert counts == sorted(counts) and {200, 400} & set(counts) and {one["state"] for one in seen} <= {"queued", "running", "done"}
    outage.until_delivered(500)
    assert set(by_delivery(outage.receiver).values()) == {1}
    with porter.database() as db:
        action, detail = db.execute("SELECT action, detail FROM audit_log WHERE org_id = %s AND action LIKE '%%replay%%'", (parse_id(outage.organization.id),)).fetchone()
    assert action == "webhook.replay" and detail["replay"] == replay["id"] and detail["states"] == ["failed"]


def test_replays_are_listed_newest_first(quick):
    outage = Outage(quick)
    made = [outage.until(outage.ask(), state="done")["id"] for _ in range(3)]
    page = outage.client.get(f"/webhooks/{outage.id}/replays?limit=2").json()
    assert [one["id"] for one in page["replays"]] == made[:0:-1] and page["pagination"]["has_more"]
    page = outage.client.get(f"/webhooks/{outage.id}/replays", params={"cursor": page["pagination"]["next_cursor"]}).json()
    assert [one["id"] for one in page["replays"]] == made[:1]


def test_another_organization_sees_no_replay(quick):
    outage, stranger = Outage(quick), Outage(quick)
    replay = outage.until(outage.ask(), state="done")
    for hook in (outage.id, stranger.id):
        problem(stranger.client.get(f"/webhooks/{hook}/replays/{replay['id']}"), 404, "not-found")
        problem(stranger.client.post(f"/webhooks/{hook}/replays/{replay['id']}/cancel"), 404, "not-found")
    for method, path in (("GET", "replays"), ("POST", "replays"), ("POST", "recover?since=2026-01-01T00:00:00Z")):
        problem(stranger.client.request(method, f"/webhooks/{outage.id}/{path}"), 404, "not-found")
    assert stranger.client.get(f"/webhooks/{stranger.id}/replays").json()["replays"] == []


@pytest.mark.parametrize("body", [{"states": ["pending"]}, {"states": "failed"}, {"event_type": "no.such"}, {"created_from": "yesterday"},
                                  {"failure": "two\nlines"}, {"state": "done"}, {"replayed_count": 7}, {"created_at": "2026-03-01T08:30:00Z"}])
def test_a_filter_that_is_none_is_refused(quick, body):
    outage = Outage(quick)
    problem(outage.client.post(f"/webhooks/{outage.id}/replays", json=body), 422, "validation-failed")


def test_at_most_ten_of_a_webhook_go_on(new_porter):
    porter = new_porter()
    porter.gateway()
    outage, other = Outage(porter), Outage(porter)
    made = [outage.ask() for _ in range(10)]
    problem(outage.client.post(f"/webhooks/{outage.id}/replays"), 409, "limit-reached")
    other.ask()
    assert outage.client.post(f"/webhooks/{outage.id}/replays/{made[4]['id']}/cancel").json()["state"] == "cancelled"
    outage.ask()


# ---- Once each -----------------------------------------------------------------------------------

@pytest.mark.parametrize("step", ["replaying", "replayed"])
def test_a_replay_outlives_a_dispatcher_that_is_killed(new_porter, step):
    porter = new_porter()
    porter.gateway()
    outage = Outage(porter, count=1000)
    quick = {"PORTER_HELD_RATE": "100", "PORTER_LEASE": "8s", "PORTER_ATTEMPT_TIMEOUT": "4s"}
    victim = porter.dispatcher(**quick, CRASH_AT=f"{step}:3")
    replay = outage.ask()
    eventually(lambda: not victim.is_alive(), 60, f"a death at {step}")
    assert victim.popen.returncode == -signal.SIGKILL
    assert outage.show(replay)["replayed_count"] == {"replaying": 400, "replayed": 600}[step]
    porter.dispatcher(**quick)
    done = outage.until(replay, state="done", seconds=90)
    assert (done["total_count"], done["looked_count"], done["replayed_count"]) == (1000, 1000, 1000)
    rows = outage.until_delivered(1000, 90)
    # Begun anew once, and with one attempt: what was under way at the death may have had one more that nobody wrote down.
    assert {(row[2], row[3]) for row in rows} == {(TRIED + 1, TRIED)}
    counts = by_delivery(outage.receiver)
    assert len(counts) == 1000 and sum(counts.values()) <= 1000 + 64


def test_one_that_is_as_it_was_is_not_sent_again(quick):
    outage = Outage(quick, count=3)
    replay = outage.ask()
    outage.until(replay, state="done")
    path = f"/webhooks/{outage.id}/replays/{replay['id']}"
    tag = outage.client.get(path).headers["ETag"]
    again = outage.client.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 304 and again.content == b""


def test_two_at_once_on_one_webhook_send_each_once(quick):
    outage = Outage(quick, count=3000)
    one, two = outage.ask(), outage.ask({"states": ["failed", "delivered"]})
    assert outage.show(two)["state"] == "queued"
    first, second = outage.until(one, state="done"), outage.until(two, state="done")
    assert second["started_at"] >= first["finished_at"]
    assert first["replayed_count"] == 3000 and second["replayed_count"] == 0
    outage.until_delivered(3000)
    assert set(by_delivery(outage.receiver).values()) == {1} and len(by_delivery(outage.receiver)) == 3000


def test_two_dispatchers_share_the_replays(new_porter):
    porter = new_porter()
    porter.gateway()
    for _ in range(2):
        porter.dispatcher(PORTER_HELD_RATE=200)
    outages = [Outage(porter, count=800) for _ in range(3)]
    replays = [outage.ask() for outage in outages]
    for outage, replay in zip(outages, replays):
        assert outage.until(replay, state="done")["replayed_count"] == 800
        assert {(row[2], row[3]) for row in outage.until_delivered(800)} == {(TRIED + 1, TRIED)}


def test_a_cancelled_one_stops_where_it_is(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_HELD_RATE=20)
    outage = Outage(porter, count=2000)
    replay = outage.ask()
    eventually(lambda: outage.show(replay)["replayed_count"] > 0, 30, "a first portion")
    cancelled = outage.client.post(f"/webhooks/{outage.id}/replays/{replay['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled") and cancelled.json()["finished_at"]
    count = cancelled.json()["replayed_count"]
    again = problem(outage.client.post(f"/webhooks/{outage.id}/replays/{replay['id']}/cancel"), 409, "state-conflict")
    assert again["current"]["status"] == "cancelled"
    outage.until_delivered(count)
    later = outage.ask({"created_to": stamp(OLDEST)})  # The next of the webhook, and nothing of the first came since.
    outage.until(later, state="done", replayed_count=0)
    assert outage.show(replay) == cancelled.json()
    assert Counter(row[1] for row in outage.rows()) == {"delivered": count, "failed": 2000 - count}


@pytest.mark.parametrize("method, body, word", [("PATCH", {"status": "disabled"}, "disabled"), ("DELETE", None, "deleted")])
def test_one_whose_webhook_gets_nothing_any_more_fails_and_says_why(new_porter, method, body, word):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_HELD_RATE=20)
    outage = Outage(porter, count=2000)
    replay = outage.ask()
    eventually(lambda: outage.show(replay)["replayed_count"] > 0, 30, "a first portion")
    outage.client.request(method, f"/webhooks/{outage.id}", json=body)
    failed = outage.until(replay, state="failed")
    assert failed["reason"] == f"The webhook was {word}." and failed["replayed_count"] < 2000 and failed["finished_at"]


# ---- In nobody's way -----------------------------------------------------------------------------

def test_a_large_one_keeps_no_new_event_waiting(new_porter):
    """20,000 at the ordinary rate; what happens meanwhile is delivered long before its end, to this webhook and to others."""
    porter = new_porter()
    porter.gateway()
    porter.dispatcher()
    outage, other = Outage(porter, count=20_000), Outage(porter)
    replay = outage.ask()
    outage.until(replay, state="running", total_count=20_000)
    for one in (outage, other):
        place = one.organization.location()
        new = {one.client.pre_register(place)["id"] for _ in range(50)}
        def arrived():
            with porter.database() as db:
                rows = db.execute("SELECT subject FROM deliveries WHERE webhook_id = %s AND state = 'delivered' AND subject = ANY (%s)",
                                  (parse_id(one.id), list(new))).fetchall()
            return {row[0] for row in rows} == new
        eventually(arrived, 60, "the new events")
    shown = outage.show(replay)
    assert shown["state"] == "running" and 0 < shown["looked_count"] < 20_000
    assert outage.client.post(f"/webhooks/{outage.id}/replays/{replay['id']}/cancel").status_code == 200


def test_an_endpoint_that_is_behind_gets_no_more(new_porter):
    """What waits for it stays bounded, however many there are to send."""
    porter, release = new_porter(), threading.Event()
    porter.gateway()
    outage = Outage(porter, lambda r: (release.wait(60), (204, {}, b""))[1], count=2000)
    porter.dispatcher(PORTER_HELD_RATE=100, PORTER_LANE_WINDOW=1, PORTER_LANE_QUEUE=10, PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s")
    replay = outage.ask()

    def looks():
        with porter.database() as db:
            return db.execute("SELECT next_at, replayed_count FROM replays WHERE org_id = %s", (parse_id(outage.organization.id),)).fetchone()

    def stands(times=3):
        """The same number at several looks one after the other."""
        seen = {}
        def again():
            at, count = looks()
            seen.setdefault(count, set()).add(at)
            return count if len(seen[count]) > times else None
        return eventually(again, 60, "a replay that waits")
    count = stands()
    assert 200 <= count <= 600, count  # A portion is 200: what is due and in the lane, and one more at the most.
    release.set()
    assert outage.until(replay, state="done", seconds=120)["replayed_count"] == 2000


# ---- porterctl -----------------------------------------------------------------------------------

def test_porterctl_waits_and_tells_how_far_it_is(quick):
    outage = Outage(quick, count=3000)
    done = quick.run_ctl("deliveries", "retry", "--webhook", outage.id, "--state", "failed", "--org", outage.organization.id, "--json", timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"state":"done"' in done.stdout and '"replayed_count":3000' in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) >= 2 and lines[-1].endswith(": done, 3000 of 3000 looked at, 3000 due") and all(line.startswith("rpl_") for line in lines)
    outage.until_delivered(3000)
    listed = quick.ctl_list("replay", "list", "--webhook", outage.id, "--org", outage.organization.id)
    assert [one["state"] for one in listed] == ["done"]


def test_porterctl_need_not_wait_and_cancels(new_porter):
    porter = new_porter()
    porter.gateway()
    outage = Outage(porter, count=10)
    org = ("--org", outage.organization.id)
    made = porter.ctl("deliveries", "retry", "--webhook", outage.id, "--failure", "timeout", "--created-from", "2026-01-01T00:00:00Z", "--no-wait", *org)
    assert made["state"] == "queued" and outage.show(made)["failure"] == "timeout"
    assert porter.ctl("webhook", "recover", outage.id, "--since", "2026-01-01T00:00:00Z", "--no-wait", *org)["state"] == "queued"
    assert porter.ctl("replay", "cancel", made["id"], "--webhook", outage.id, *org)["state"] == "cancelled"
    assert porter.run_ctl("replay", "cancel", made["id"], "--webhook", outage.id, *org).returncode == 4
    for words in ([], ["--webhook", outage.id, "--state", "held"], ["--webhook", outage.id, "--event", "no.such"], ["--webhook", outage.id, "--created-to", "now"]):
        assert porter.run_ctl("deliveries", "retry", *words, *org).returncode == 2
