"""The front desk, contractors, evacuation."""
import csv
import io
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from .conftest import PHONE, sign_in


@pytest.fixture
def location(organization):
    return organization.location()


@pytest.fixture
def client(organization):
    return organization.client()


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


# ---- Evacuation -----------------------------------------------------------------------------------

@pytest.fixture
def on_site(client, location):
    """Three who are checked in, by name."""
    found = {}
    for name in ("Ada Lovelace", "Alan Turing", "=HYPERLINK(1)"):
        visitor = client.pre_register(location, full_name=name)
        assert client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
        found[name] = visitor["id"]
    return found


def activate(page):
    page.get_by_role("link", name="Evacuation").click()
    button = page.get_by_role("button", name="Activate evacuation")
    button.hover()
    page.mouse.down()
    page.get_by_role("heading", name="Evacuation: Zürich – Hauptsitz").wait_for()
    page.mouse.up()


def test_a_short_press_activates_nothing(page, on_site, client):
    page.get_by_role("link", name="Evacuation").click()
    button = page.get_by_role("button", name="Activate evacuation")
    button.click()
    button.press("Enter")
    button.dblclick()
    page.mouse.down()
    page.get_by_text("Keep holding…").wait_for()
    page.mouse.up()
    page.get_by_text("Press and hold").wait_for()
    page.get_by_text("3 visitors are on site").wait_for()
    assert client.get("/evacuations").json()["evacuations"] == []


def test_the_whole_of_an_evacuation_on_a_phone(new_page, owner, on_site, client):
    page = new_page(viewport=PHONE, has_touch=True)
    sign_in(page, owner)
    page.get_by_role("button", name="Menu").click()
    activate(page)
    person = page.get_by_role("button", name="Ada Lovelace")
    assert person.bounding_box()["height"] >= 60  # Fingers are cold.
    person.click()
    page.get_by_label("2 missing, 1 of 3 accounted for").wait_for()
    # A slip is taken back.
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("3 missing, 0 of 3 accounted for").wait_for()
    for name in ("Ada Lovelace", "Alan Turing"):
        page.get_by_role("button", name=name).click()
    page.get_by_label("1 missing, 2 of 3 accounted for").wait_for()
    page.get_by_role("button", name="End evacuation").click()
    dialog = page.get_by_role("dialog")
    assert "1 person is still missing" in dialog.inner_text()
    dialog.get_by_role("button", name="End evacuation").click()
    dialog.wait_for(state="detached")
    made, = client.get("/evacuations").json()["evacuations"]
    assert made["status"] == "ended" and made["accounted_for_count"] == 2 and made["activated_by"] == "Maja Sjöberg"
    # The report, which no spreadsheet takes for a formula.
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.reader(io.StringIO(open(download.value.path(), encoding="utf-8-sig").read())))
    assert {(line[0], line[3]) for line in rows[1:]} == {("Ada Lovelace", "yes"), ("Alan Turing", "yes"), ("'=HYPERLINK(1)", "no")}


def test_counts_grow_on_every_screen(new_page, page, owner, on_site, client):
    activate(page)
    other = new_page()
    sign_in(other, owner)
    other.goto(page.url)
    other.get_by_label("3 missing, 0 of 3 accounted for").wait_for()
    page.get_by_role("button", name="Alan Turing").click()
    other.get_by_label("2 missing, 1 of 3 accounted for").wait_for()


def test_evacuation_by_keyboard_alone(page, on_site, client):
    page.get_by_role("link", name="Evacuation").focus()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Activate evacuation")
    button.wait_for()
    while not button.evaluate("node => node === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.down(" ")
    page.get_by_role("heading", name="Evacuation: Zürich – Hauptsitz").wait_for()
    page.keyboard.up(" ")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    person = page.get_by_role("button", name="Ada Lovelace")
    while not person.evaluate("node => node === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("2 missing, 1 of 3 accounted for").wait_for()
