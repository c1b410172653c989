"""Who left today, at the front desk: by when they left, whenever they came."""
from datetime import datetime, timedelta, timezone

import pytest

from harness.dashboard import Person, problem
from harness.porter import parse_id


@pytest.fixture
def owner(porter, organization):
    return Person(porter, organization)


def ago(**more):
    return datetime.now(timezone.utc) - timedelta(**more)


def visit(porter, client, place, name, came, left=None):
    """A visitor who came and left at these times; None: is still there."""
    id = client.pre_register(place, full_name=name)["id"]
    for step in ("check-in", "check-out")[:1 if left is None else 2]:
        assert client.post(f"/visitors/{id}/{step}").status_code == 200
    with porter.database() as db:
        db.execute("UPDATE visitors SET checked_in_at = %s, checked_out_at = %s WHERE id = %s", (came, left, parse_id(id)))
    return id


def path(place, since, **more):
    words = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/departures?location_id={place}&from={since.strftime('%Y-%m-%dT%H:%M:%SZ')}{words}"


def names(browser, *words, **more):
    answer = browser.get(path(*words, **more))
    assert answer.status_code == 200, answer.text
    return [one["full_name"] for one in answer.json()["visitors"]]


def test_who_came_the_day_before_has_left_today(porter, owner):
    client, place, other = owner.organization.client(), owner.organization.location(), owner.organization.location()
    midnight = ago(hours=10)
    for name, came, left in (("Overnight", ago(hours=20), ago(hours=3)), ("Today", ago(hours=5), ago(hours=4)), ("Yesterday", ago(hours=30), ago(hours=11)),
                             ("Still here", ago(hours=1), None), ("Long guest", ago(days=40), ago(minutes=1))):
        visit(porter, client, place, name, came, left)
    visit(porter, client, other, "Elsewhere", ago(hours=2), ago(hours=1))
    client.pre_register(place, full_name="Expected")
    browser = Person(porter, owner.organization, role="viewer").signed_in()
    assert names(browser, place, midnight) == ["Long guest", "Overnight", "Today"]
    assert names(browser, other, midnight) == ["Elsewhere"]
    assert names(browser, place, ago(hours=12)) == ["Long guest", "Overnight", "Today", "Yesterday"]
    # As the API shows them.
    shown = browser.get(path(place, midnight)).json()["visitors"][1]
    assert shown == client.get(f"/visitors/{shown['id']}").json()


def test_they_come_page_by_page_also_of_one_moment(porter, owner):
    client, place, left, since = owner.organization.client(), owner.organization.location(), ago(hours=1), ago(hours=3)
    made = [visit(porter, client, place, f"Guest {number}", ago(hours=2), left) for number in range(5)]
    browser, found, more = owner.signed_in(), [], {}
    while True:
        page = browser.get(path(place, since, limit=2, **more)).json()
        found += [one["id"] for one in page["visitors"]]
        if not page["pagination"]["has_more"]:
            break
        # One who leaves meanwhile is at the beginning, and moves nobody.
        visit(porter, client, place, "Late", ago(hours=2), ago(minutes=1))
        more = {"cursor": page["pagination"]["next_cursor"]}
    assert found == sorted(made, reverse=True)
    assert problem(browser.get(path(place, ago(hours=4), **more))) == "invalid-cursor"


def test_it_is_of_the_organization_and_says_what_it_needs(porter, owner):
    stranger = porter.organization()
    place = stranger.location()
    visit(porter, stranger.client(), place, "Stranger", ago(hours=2), ago(hours=1))
    browser = owner.signed_in()
    assert names(browser, place, ago(hours=3)) == []
    for lacks in (f"/departures?location_id={place}", "/departures?from=2026-03-01T00:00:00Z", "/departures?location_id=x&from=2026-03-01T00:00:00Z"):
        assert problem(browser.get(lacks)) == "invalid-parameter"
    assert browser.get("/departures", cookie=None).status_code == 401
