"""The front desk, contractors."""
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from harness.dashboard import Person
from harness.porter import parse_id

from .conftest import sign_in


@pytest.fixture
def desk(location, page):
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Front desk").click()
    page.get_by_text("Zürich – Hauptsitz: 0 on site").wait_for()
    return page


def row(page, name):
    return page.get_by_role("listitem").filter(has_text=name)


def test_a_visitor_is_pre_registered_comes_and_leaves(desk, client):
    desk.get_by_role("button", name="Pre-register").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Grace Hopper")
    dialog.get_by_label("Company").fill("Navy")
    dialog.get_by_role("button", name="Pre-register").click()
    shown = desk.get_by_role("dialog", name="Grace Hopper is expected")
    shown.get_by_role("img", name="QR code of this visit").wait_for()
    visit = shown.locator(".secret code").inner_text()
    shown.get_by_role("button", name="Done").click()
    row(desk, "Grace Hopper").wait_for()
    # The desk's scanner types the code.
    desk.get_by_role("searchbox").fill(visit)
    dialog = desk.get_by_role("dialog", name="Check in Grace Hopper")
    dialog.get_by_label("Badge").fill("B-7")
    dialog.get_by_role("button", name="Check in").click()
    desk.get_by_text("Zürich – Hauptsitz: 1 on site").wait_for()
    visitor = client.get(f"/visitors/{visit}").json()
    assert visitor["status"] == "checked_in" and visitor["badge_number"] == "B-7" and visitor["company"] == "Navy"
    desk.get_by_role("button", name="On site").click()
    desk.get_by_role("button", name="Check out Grace Hopper").click()
    desk.get_by_text("Zürich – Hauptsitz: 0 on site").wait_for()
    assert client.get(f"/visitors/{visit}").json()["status"] == "checked_out"


def test_who_came_yesterday_and_left_today_has_left_today(desk, client, porter):
    place = client.get("/locations").json()["locations"][0]["id"]
    visit = client.pre_register(place, full_name="Night Guest")["id"]
    for step in ("check-in", "check-out"):
        assert client.post(f"/visitors/{visit}/{step}").status_code == 200
    with porter.database() as db:
        db.execute("UPDATE visitors SET checked_in_at = checked_in_at - interval '1 day' WHERE id = %s", (parse_id(visit),))
    desk.get_by_role("button", name="Left today").click()
    expect(row(desk, "Night Guest")).to_contain_text("left")


def test_a_visit_is_cancelled(desk, client, location):
    visits = {name: client.pre_register(location, full_name=name)["id"] for name in ("Ada Lovelace", "Alan Turing")}
    desk.reload()
    ask = desk.get_by_role("button", name="Cancel the visit of Ada Lovelace")
    dialog = desk.get_by_role("dialog", name="Cancel this visit?")
    ask.click()
    dialog.get_by_text("Ada Lovelace is no longer expected").wait_for()
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    dialog.wait_for(state="detached")
    assert client.get(f"/visitors/{visits['Ada Lovelace']}").json()["status"] == "expected"
    ask.click()
    dialog.get_by_role("button", name="Cancel the visit").click()
    desk.get_by_text("The visit of Ada Lovelace is cancelled.").wait_for()
    row(desk, "Ada Lovelace").wait_for(state="detached")
    row(desk, "Alan Turing").wait_for()
    assert {name: client.get(f"/visitors/{visit}").json()["status"] for name, visit in visits.items()} == {"Ada Lovelace": "cancelled", "Alan Turing": "expected"}
    # The search, which looks at everybody, says so; nothing can be done to it any more.
    desk.get_by_role("searchbox").fill("lovelace")
    row(desk, "Ada Lovelace").get_by_text("Cancelled").wait_for()
    assert row(desk, "Ada Lovelace").get_by_role("button").count() == 0


def test_a_walk_in_is_one_visitor_however_often_it_is_clicked(desk, client):
    desk.get_by_role("button", name="Walk-in").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Quick Clicker")
    dialog.get_by_role("button", name="Check in").evaluate("button => { button.click(); button.click(); button.click(); }")
    desk.get_by_text("Zürich – Hauptsitz: 1 on site").wait_for()
    assert [one["status"] for one in client.get("/visitors").json()["visitors"]] == ["checked_in"]


def test_a_broken_line_makes_nothing_twice(desk, client):
    """The answer is lost after the work was done; the person presses again."""
    broken = []

    def cut(route):
        if not broken:
            broken.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    desk.route("**/dashboard/api/v1/visitors/pre-register", cut)
    desk.get_by_role("button", name="Pre-register").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Only Once")
    dialog.get_by_role("button", name="Pre-register").click()
    dialog.get_by_text("Porter can’t be reached").wait_for()
    dialog.get_by_role("button", name="Pre-register").click()
    desk.get_by_role("dialog", name="Only Once is expected").wait_for()
    assert broken == [201] and len(client.get("/visitors").json()["visitors"]) == 1


def test_what_is_wrong_stands_at_its_field(desk):
    desk.get_by_role("button", name="Pre-register").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Somebody")
    dialog.get_by_label("Host’s e-mail").fill("no address")
    dialog.get_by_role("button", name="Pre-register").click()
    wrong = dialog.locator("[aria-invalid=true]")
    wrong.wait_for()
    assert wrong.get_attribute("name") == "host_email"
    assert desk.locator(f"#{wrong.get_attribute('aria-describedby').split()[-1]}").inner_text()


def test_search_finds_while_one_types(desk, client, location):
    client.pre_register(location, full_name="Zoë Łukasiewicz", company="Contoso")
    client.pre_register(location, full_name="Mehmet Öztürk")
    desk.get_by_role("searchbox").press_sequentially("luka")
    row(desk, "Zoë Łukasiewicz").wait_for()
    assert row(desk, "Mehmet").count() == 0


def test_times_are_those_of_the_place(desk, new_page, client, location, owner):
    at = datetime.now(timezone.utc).replace(hour=8, minute=30, second=0, microsecond=0) + timedelta(days=30)
    client.pre_register(location, full_name="Early Bird", expected_at=at.isoformat())
    page = new_page(timezone_id="America/New_York")
    sign_in(page, owner)
    page.goto("/dashboard/desk?view=later")
    row(page, "Early Bird").wait_for()
    assert at.astimezone(ZoneInfo("Europe/Zurich")).strftime("%H:%M") in row(page, "Early Bird").inner_text()


def test_a_contractor_is_approved_and_another_rejected(page, client, location):
    for company in ("Blitz Elektro AG", "Dach & Co"):
        assert client.post("/contractors", json={"company": company, "location_ids": [location]}).status_code == 201
    page.get_by_role("link", name="Contractors").click()
    page.get_by_role("button", name="Approve Blitz Elektro AG").click()
    dialog = page.get_by_role("dialog")
    assert "no insurance is on file" in dialog.inner_text()
    dialog.get_by_role("button", name="Approve").click()
    page.get_by_text("Blitz Elektro AG is approved.").wait_for()
    page.get_by_role("button", name="Reject Dach & Co").click()
    page.get_by_role("dialog").get_by_label("Why").fill("No insurance")
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    page.get_by_text("Nobody waits for approval").wait_for()
    found = {one["company"]: (one["status"], one["reason"]) for one in client.get("/contractors").json()["contractors"]}
    assert found == {"Blitz Elektro AG": ("approved", None), "Dach & Co": ("rejected", "No insurance")}


def test_somebody_expected_at_another_location_is_checked_in_where_he_is(desk, client, organization, location):
    other = organization.location(name="Zwolle")
    visit = client.pre_register(other, full_name="Lost Sheep")["id"]
    desk.reload()
    desk.get_by_label("Location").select_option(label="Zürich – Hauptsitz")
    desk.get_by_role("searchbox").fill(visit)
    dialog = desk.get_by_role("dialog", name="Check in Lost Sheep")
    dialog.get_by_text("Expected at Zwolle.").wait_for()
    dialog.get_by_role("button", name="Check in").click()
    desk.get_by_text("Zürich – Hauptsitz: 1 on site").wait_for()
    assert client.get(f"/visitors/{visit}").json()["location_id"] == location


@pytest.mark.parametrize("name, wanted", [("Ada Lovelase", ["checked_in"]), ("Ada Lovelace", ["cancelled", "checked_in"])], ids=["badge", "name"])
def test_a_walk_in_that_is_corrected_is_one_visitor(desk, client, name, wanted):
    """What is wrong is found by the API, in the second of two steps: the page knows no rule."""
    desk.route("**/dashboard/api/rules", lambda route: route.fulfill(json={"inputs": {}, "told": {}}))
    desk.get_by_role("button", name="Walk-in").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Ada Lovelase")
    dialog.get_by_label("Badge").fill("B" * 61)  # A scanner's slip: refused when she is registered already.
    dialog.get_by_role("button", name="Check in").click()
    dialog.locator("[name=badge_number][aria-invalid=true]").wait_for()
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Badge").fill("B-1")
    dialog.get_by_role("button", name="Check in").click()
    desk.get_by_text("Zürich – Hauptsitz: 1 on site").wait_for()
    visitors = client.get("/visitors?sort=created_at").json()["visitors"]
    assert [one["status"] for one in visitors] == wanted and visitors[-1]["full_name"] == name


def test_what_changes_in_the_second_page_of_a_list_is_seen(desk, client, location):
    at = datetime.now(timezone.utc) + timedelta(days=30)
    for n in range(55):
        client.pre_register(location, full_name=f"Guest {n:02}", expected_at=(at + timedelta(minutes=n)).isoformat())
    desk.get_by_role("button", name="Later").click()
    desk.get_by_role("button", name="Show more").click()
    row(desk, "Guest 54").wait_for()
    assert desk.locator("li.visitor").count() == 55
    desk.get_by_role("button", name="Check in Guest 53").click()
    desk.get_by_role("dialog").get_by_role("button", name="Check in").click()
    row(desk, "Guest 53").wait_for(state="detached")
    assert desk.locator("li.visitor").count() == 54
    # Whoever pressed the button of a row that is gone is not at the page's beginning.
    expect(desk.locator("body")).not_to_be_focused()


def test_a_view_that_is_not_there_is_the_first(desk):
    desk.goto("/dashboard/desk?view=typo")
    desk.get_by_text("Nobody else is expected today").wait_for()


def test_who_may_only_look_is_offered_nothing_else(new_page, porter, organization, client, location):
    visit = client.pre_register(location, full_name="Grace Hopper")["id"]
    page = new_page()
    sign_in(page, Person(porter, organization, role="viewer"))
    row(page, "Grace Hopper").wait_for()
    assert page.get_by_role("button", name="Check in Grace Hopper").count() == 0
    page.get_by_role("searchbox").fill(visit)
    page.get_by_text("Grace Hopper: expected.").wait_for()
    page.goto("/dashboard/settings/people")
    page.get_by_role("heading", name="Not for your role").wait_for()


def shifted(new_page, owner, at):
    """A page whose clock is at `at`, and goes on from there."""
    page = new_page()
    page.clock.install(time=at)
    sign_in(page, owner)
    page.goto("/dashboard/desk")
    return page


@pytest.fixture
def nights(client, location):
    """Midnight of the place, with a visit half an hour before it, one of the day before at noon, and one four days before."""
    today = datetime.now(ZoneInfo("Europe/Zurich")).replace(hour=0, minute=0, second=0, microsecond=0)
    night = today + timedelta(days=3)
    for name, before in (("Late Train", timedelta(minutes=30)), ("Noon Guest", timedelta(hours=12)), ("Long Ago", timedelta(hours=60)), ("Early Bird", timedelta(hours=-8))):
        client.pre_register(location, full_name=name, expected_at=(night - before).isoformat())
    return night


def test_who_was_expected_before_midnight_and_comes_after_it_is_on_the_list(new_page, owner, client, nights):
    page = shifted(new_page, owner, nights + timedelta(minutes=10))
    late = row(page, "Late Train")
    expect(late).to_contain_text("was expected yesterday, ")
    expect(late).to_contain_text("23:30 (overdue)")
    row(page, "Early Bird").wait_for()
    assert row(page, "Noon Guest").count() == 0
    page.get_by_role("button", name="Check in Late Train").click()
    page.get_by_role("dialog").get_by_role("button", name="Check in").click()
    page.get_by_text("Zürich – Hauptsitz: 1 on site").wait_for()


@pytest.mark.parametrize("hours, overdue, expected", [(0.2, ["Noon Guest", "Long Ago"], ["Late Train", "Early Bird"]),
                                                      (7, ["Late Train", "Noon Guest", "Long Ago"], ["Early Bird"])], ids=["night", "morning"])
def test_each_visit_that_is_expected_is_in_one_view(new_page, owner, nights, hours, overdue, expected):
    page = shifted(new_page, owner, nights + timedelta(hours=hours))
    names = page.locator("li.visitor .name")
    expect(names).to_have_text(expected)
    page.get_by_role("button", name="Overdue").click()
    expect(names).to_have_text(overdue)
    expect(row(page, "Long Ago")).not_to_contain_text("yesterday")
    page.get_by_role("button", name="Later").click()
    page.get_by_text("Nobody is expected after today").wait_for()


def test_who_is_pre_registered_in_the_last_half_hour_is_expected_today(new_page, owner, nights):
    page = shifted(new_page, owner, nights - timedelta(minutes=10))
    page.get_by_role("button", name="Pre-register").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Expected")).to_have_value((nights - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M"))
    dialog.get_by_label("Name", exact=True).fill("Night Guard")
    dialog.get_by_role("button", name="Pre-register").click()
    page.get_by_role("dialog", name="Night Guard is expected").get_by_role("button", name="Done").click()
    row(page, "Night Guard").wait_for()


def test_a_desk_that_is_left_open_overnight_shows_the_morning(new_page, owner, nights):
    page = shifted(new_page, owner, nights + timedelta(minutes=10))
    row(page, "Late Train").wait_for()
    page.clock.fast_forward("06:00:00")
    expect(page.locator("li.visitor .name")).to_have_text(["Early Bird"])
