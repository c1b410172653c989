"""What a webhook's endpoint did, as sums tell it: the same as its deliveries and attempts, whoever died meanwhile."""
import json
import signal
import threading
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from harness.deliveries import attempts, settled, writing, written
from harness.poll import eventually
from harness.porter import parse_id
from harness.refusals import problem

DISPATCHER = {"PORTER_RETRY_SCHEDULE": "100ms,100ms", "PORTER_PROBE_WAIT": "1h"}
QUICK = {"PORTER_LEASE": "3s", "PORTER_ATTEMPT_TIMEOUT": "1s", "PORTER_RETRY_SCHEDULE": "100ms,100ms", "PORTER_IN_FLIGHT_MAX": 100,
         "PORTER_PROBE_WAIT": "200ms", "PORTER_PROBE_WAIT_MAX": "200ms"}
SLOTS = [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000]
HOUR = timedelta(hours=1)


def stats(client, webhook, **params):
    answer = client.get(f"/webhooks/{webhook}/stats", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


def of_hour(at):
    return at.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)


def told(shown):
    """The counts alone."""
    return {name: shown[name] for name in shown if name.endswith("_count")}


def counted(porter, organization):
    """{hour: counts}, from the rows themselves."""
    by_hour = {}
    for row in attempts(porter, organization):
        by_hour.setdefault(of_hour(row["at"]), Counter())[row["verdict"]] += 1
    with porter.database() as db:
        for state, at in db.execute("SELECT state, finished_at FROM deliveries WHERE org_id = %s AND finished_at IS NOT NULL", (parse_id(organization.id),)):
            by_hour.setdefault(of_hour(at), Counter())[f"ended {state}"] += 1
    return {hour: {"delivered_count": c["ended delivered"], "failed_count": c["ended failed"], "succeeded_count": c["delivered"],
                   "retry_count": c["retry"], "give_up_count": c["give_up"], "disable_count": c["disable"],
                   "attempt_count": c["delivered"] + c["retry"] + c["give_up"] + c["disable"]} for hour, c in by_hour.items()}


def check(porter, organization, shown):
    wanted = counted(porter, organization)
    assert {moment(hour["hour"]): told(hour) for hour in shown["hours"]} == wanted
    assert {name: shown["totals"][name] for name in told(shown["totals"])} == {
        name: sum(hour[name] for hour in wanted.values()) for name in told(shown["totals"])}


def slot_of(us):
    return max(i for i, ms in enumerate(SLOTS) if us >= ms * 1000)


# ---- The same as the list ------------------------------------------------------------------------

def test_the_numbers_are_those_of_the_list(porter):
    """Successes, retries, failures, and a sample, which is none."""
    first, never = set(), set()

    def answer(request):
        subject = json.loads(request.body)["data"]["visitor"]["id"]
        bad = subject in never or subject in first and request.headers["x-porter-attempt"] == "1"
        return (500 if bad else 204), {}, b""

    organization, receiver = porter.organization(), porter.receiver(answer)
    client, place, hook = organization.client(), organization.location(), organization.webhook(receiver.url(), events="visitor.checked_in").id
    guests = [client.pre_register(place)["id"] for _ in range(40)]
    first.update(guests[5:40:7])
    never.update(guests[3:40:20])
    for guest in guests:
        assert client.post(f"/visitors/{guest}/check-in").status_code == 200
    rows = settled(porter, organization, 40)
    sample = client.post(f"/webhooks/{hook}/test").json()["id"]
    eventually(lambda: client.get(f"/webhooks/{hook}/deliveries/{sample}").json()["finished_at"], 20, "a sample")
    listed = [row for row in client.get(f"/webhooks/{hook}/deliveries", params={"limit": 200}).json()["deliveries"] if not row["test"]]
    shown = stats(client, hook)
    totals = shown["totals"]
    assert Counter(row["state"] for row in listed) == {"delivered": totals["delivered_count"], "failed": totals["failed_count"]}
    assert totals["failed_count"] == len(never) == 2 and totals["delivered_count"] == 38
    assert totals["attempt_count"] == sum(row["attempt_count"] for row in listed) == 40 + len(first) + 2 * len(never)
    assert (totals["succeeded_count"], totals["retry_count"], totals["give_up_count"], totals["disable_count"]) == (38, len(first) + 4, 2, 0)
    assert totals["success_per_mille"] == 38 * 1000 // totals["attempt_count"]
    took = sorted(row["total_us"] for row in attempts(porter, organization) if row["delivery_id"] != parse_id(sample))
    for name, share in (("p50_us", 50), ("p95_us", 95)):
        wanted = took[max(-(-len(took) * share // 100) - 1, 0)]
        assert slot_of(totals[name] - 1) == slot_of(wanted), (totals[name], wanted)
    assert sum(hour["attempt_count"] for hour in shown["hours"]) == totals["attempt_count"] and len(rows) == 40
    assert (shown["pending_count"], shown["held_count"], shown["oldest_waiting_at"]) == (0, 0, None)
    with porter.database() as db:  # No row is written for each delivery.
        sums, = db.execute("SELECT count(*) FROM webhook_hours WHERE webhook_id = %s", (parse_id(hook),)).fetchone()
    assert sums <= 2 * len(shown["hours"]) + 2


def test_one_that_is_sent_again_counts_again(porter):
    state = {"status": 500}
    organization, receiver = porter.organization(), porter.receiver(lambda r: (state["status"], {}, b""))
    client, hook = organization.client(), organization.webhook(receiver.url()).id
    client.pre_register(organization.location())
    row, = settled(porter, organization)
    state["status"] = 204
    before = told(stats(client, hook)["totals"])
    assert client.post(f"/webhooks/{hook}/replays").status_code == 202
    eventually(lambda: client.get(f"/webhooks/{hook}/deliveries").json()["deliveries"][0]["state"] == "delivered", 30, "a delivery")
    after = told(stats(client, hook)["totals"])
    assert (before["failed_count"], before["delivered_count"], before["attempt_count"]) == (1, 0, 3)
    assert (after["failed_count"], after["delivered_count"], after["attempt_count"]) == (1, 1, 4)


def test_what_was_held_until_it_was_too_old_has_failed(porter):
    organization, receiver = porter.organization(), porter.receiver()
    client, place, hook = organization.client(), organization.location(), organization.webhook(receiver.url()).id
    assert client.request("PATCH", f"/webhooks/{hook}", json={"status": "disabled", "max_age_seconds": 1}).status_code == 200
    last = [client.pre_register(place) for _ in range(3)][-1]
    eventually(lambda: stats(client, hook)["held_count"] == 3, 20, "three that are held")
    eventually(lambda: datetime.now(timezone.utc) - moment(last["created_at"]) > timedelta(seconds=1.1), 20, "too old")
    assert client.request("PATCH", f"/webhooks/{hook}", json={"status": "enabled"}).status_code == 200
    assert {row["state"] for row in settled(porter, organization, 3)} == {"failed"} and not receiver.got
    shown = stats(client, hook)
    check(porter, organization, shown)
    assert (shown["totals"]["failed_count"], shown["totals"]["attempt_count"]) == (3, 0)


@pytest.mark.parametrize("step", ["unwritten:5", "written:5", "unrecorded:3", None])
def test_each_is_counted_once_whoever_dies(new_porter, step):
    """Two dispatchers, of which one is killed at this step, or at any."""
    porter = new_porter()
    porter.gateway()
    organization = porter.organization()
    # One in three fails at first. Seven of a dispatcher's first ten may be among them, and its circuit opens: it is soon tried again.
    receiver = porter.receiver(lambda r: (500 if r.headers["x-porter-attempt"] == "1" and hash(r.headers["x-porter-delivery"]) % 3 == 0 else 204, {}, b""))
    hook = organization.webhook(receiver.url()).id
    victim = porter.dispatcher(wait=step is None, **QUICK, **({"CRASH_AT": step} if step else {}))  # It may be there before it is ready.
    with writing(porter, organization, 60) as load:
        eventually(lambda: len(load.calls) >= 60, 30, "60 writes")
        if step:
            eventually(lambda: not victim.is_alive(), 60, f"a death at {step}")
        else:
            porter.dispatcher(**QUICK)
            eventually(lambda: len(load.calls) >= 150, 30, "150 writes")
            victim.kill()
        porter.dispatcher(**QUICK)
        so_far = len(load.calls)
        eventually(lambda: len(load.calls) >= so_far + 50, 30, "50 more writes")
    assert victim.popen.returncode == -signal.SIGKILL
    settled(porter, organization, len(written(load)), 120)
    client = organization.client()
    eventually(lambda: check(porter, organization, stats(client, hook)) is None, 20, "the numbers of the rows")
    assert stats(client, hook)["totals"]["delivered_count"] + stats(client, hook)["totals"]["failed_count"] == len(written(load))


# ---- What waits ----------------------------------------------------------------------------------

def test_what_waits_is_told(porter):
    release = threading.Event()
    organization, receiver = porter.organization(), porter.receiver(lambda r: (release.wait(20), (204, {}, b""))[1])
    client, place, hook = organization.client(), organization.location(), organization.webhook(receiver.url()).id
    oldest = client.pre_register(place)["created_at"]
    eventually(lambda: stats(client, hook)["pending_count"] == 1, 20, "one that is under way")
    assert abs(moment(stats(client, hook)["oldest_waiting_at"]) - moment(oldest)) < timedelta(seconds=10)
    release.set()
    eventually(lambda: stats(client, hook)["pending_count"] == 0, 20, "none")
    assert client.request("PATCH", f"/webhooks/{hook}", json={"status": "disabled"}).status_code == 200
    for _ in range(3):
        client.pre_register(place)
    shown = eventually(lambda: one if (one := stats(client, hook))["held_count"] == 3 else None, 20, "three that are held")
    assert (shown["pending_count"], shown["totals"]["delivered_count"]) == (0, 1) and shown["oldest_waiting_at"]


def test_very_many_that_wait_are_not_counted_to_the_end(new_porter):
    porter = new_porter()
    porter.gateway()
    organization = porter.organization()
    client, hook = organization.client(), organization.webhook("https://127.0.0.1:1024/").id
    with porter.database() as db:
        db.execute("INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id, event_type, subject, state, attempts, body, created_at)"
                   " SELECT %s, gen_random_uuid(), now(), gen_random_uuid(), %s, 'visitor.checked_in', 'vis_1', 'held', 0, '{}', now()"
                   " FROM generate_series(1, 10005)", (parse_id(organization.id), parse_id(hook)))
    assert stats(client, hook)["held_count"] == 10000


# ---- Which hours ---------------------------------------------------------------------------------

@pytest.fixture
def day(porter):
    """A webhook with so many attempts in each hour of a day, in two shards."""
    organization = porter.organization()
    hook = organization.webhook("https://127.0.0.1:1024/").id
    with porter.database() as db:
        db.execute("INSERT INTO webhook_hours SELECT %s, %s, '2026-03-01Z'::timestamptz + n * interval '1 hour', shard, n, 0, n, 0, 0, 0,"
                   " ARRAY[0, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] FROM generate_series(1, 23) AS n, generate_series(1, 2) AS shard",
                   (parse_id(organization.id), parse_id(hook)))
    return organization.client(), hook


@pytest.mark.parametrize("since, until, first, last", [
    ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", 1, 23), ("2026-03-01T05:59:59Z", "2026-03-01T07:00:00Z", 5, 6),
    ("2026-03-01T05:00:00Z", "2026-03-01T07:00:01Z", 5, 7), (None, "2026-03-02T00:00:00Z", 1, 23), ("2026-02-10T00:00:00Z", "2026-03-01T02:00:00Z", 1, 1)])
def test_whole_hours_are_told(day, since, until, first, last):
    client, hook = day
    shown = stats(client, hook, **({"since": since} if since else {}), until=until)
    assert [moment(hour["hour"]).hour for hour in shown["hours"]] == list(range(first, last + 1))
    assert [hour["attempt_count"] for hour in shown["hours"]] == [2 * n for n in range(first, last + 1)]
    assert shown["totals"]["delivered_count"] == sum(2 * n for n in range(first, last + 1))
    assert (shown["totals"]["p50_us"], shown["totals"]["p95_us"], shown["totals"]["success_per_mille"]) == (7500, 9750, 1000)
    assert moment(shown["since"]) <= moment(since or "2026-03-01T00:00:00Z") and moment(shown["until"]) >= moment(until)


def test_an_hour_in_which_nothing_was_says_so(day):
    client, hook = day
    shown = stats(client, hook, since="2026-04-01T00:00:00Z", until="2026-04-02T00:00:00Z")
    assert shown["hours"] == [] and shown["totals"]["attempt_count"] == 0
    assert (shown["totals"]["p50_us"], shown["totals"]["p95_us"], shown["totals"]["success_per_mille"]) == (None, None, None)


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-03-02T00:00:00Z&until=2026-03-02T00:00:00Z", "since=2027-01-01T00:00:00Z&until=2026-01-01T00:00:00Z",
                                   "since=2026-01-01T00:00:00Z&until=2026-02-01T01:00:00Z", "hours=3"])
def test_a_span_that_is_none_is_refused(day, query):
    client, hook = day
    problem(client.get(f"/webhooks/{hook}/stats?{query}"), 400, "invalid-parameter")
    assert client.get(f"/webhooks/{hook}/stats?since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z").status_code == 200


def test_another_organization_sees_no_numbers(porter, day):
    _, hook = day
    stranger = porter.organization()
    problem(stranger.client().get(f"/webhooks/{hook}/stats"), 404, "not-found")
    own = stranger.webhook("https://127.0.0.1:1024/").id
    with porter.database() as db:  # The same webhook's id in another organization's rows.
        db.execute("UPDATE webhook_hours SET webhook_id = %s WHERE webhook_id = %s", (parse_id(own), parse_id(hook)))
    assert stats(stranger.client(), own, since="2026-03-01T00:00:00Z", until="2026-03-02T00:00:00Z")["hours"] == []
