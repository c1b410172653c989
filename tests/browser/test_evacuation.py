"""Evacuation: activated by one gesture, a roll-call by many hands, a report."""
import csv

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, sign_in
from .keyboard import go_by, hold, press_on, stays

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


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


def rows_of(page, download):
    """The report that `download` saves."""
    with page.expect_download() as saved:
        download()
    assert saved.value.suggested_filename.startswith("evacuation-") and saved.value.suggested_filename.endswith(".csv")
    with open(saved.value.path(), encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


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
    rows = rows_of(page, page.get_by_role("button", name="CSV").click)
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
    hold(page, page.get_by_role("button", name="Activate evacuation"), page.get_by_role("heading", name="Evacuation: Zürich – Hauptsitz"))
    assert page.evaluate("document.activeElement.tagName") == "H1"
    press_on(page, page.get_by_role("button", name="Ada Lovelace"))
    page.get_by_label("2 missing, 1 of 3 accounted for").wait_for()


def test_a_slip_is_taken_back_by_keyboard_alone(page, on_site, client):
    evacuation = client.post("/evacuations", json={"location_id": client.get("/locations").json()["locations"][0]["id"]}).json()["id"]
    page.goto(f"/dashboard/evacuations/{evacuation}")

    def found():
        return client.get(f"/evacuations/{evacuation}").json()["accounted_for_count"]

    for take_back in (lambda: page.keyboard.press("u"), lambda: press_on(page, page.get_by_role("button", name="Undo"), "Space")):
        press_on(page, page.get_by_role("button", name="Ada Lovelace"))
        page.get_by_label("2 missing, 1 of 3 accounted for").wait_for()
        assert found() == 1
        take_back()
        page.get_by_label("3 missing, 0 of 3 accounted for").wait_for()
        assert found() == 0
        stays(page)


def test_the_roll_call_stays_while_marks_come(new_page, owner, on_site, page):
    activate(page)
    for name, left in (("Ada Lovelace", 2), ("Alan Turing", 1)):
        with page.expect_response("**/roll-call"):
            page.get_by_role("button", name=name).click()
        page.get_by_label(f"{left} missing").wait_for()
        page.evaluate(TWO_FRAMES)
        assert page.locator("ul.roll > li").count() == 3


def test_a_mark_that_was_not_taken_is_not_said_to_be(page, on_site):
    activate(page)
    page.route("**/roll-call", lambda route: route.abort())
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("status").filter(has_text="Ada Lovelace was not marked.").wait_for()
    page.get_by_label("3 missing, 0 of 3 accounted for").wait_for()
    assert page.get_by_text("Ada Lovelace is accounted for.").count() == 0


def test_a_second_tap_loses_nobody(page, on_site):
    activate(page)
    person = page.get_by_role("button", name="Ada Lovelace")
    person.click()
    page.get_by_label("2 missing, 1 of 3 accounted for").wait_for()
    person.click()
    dialog = page.get_by_role("dialog", name="Not found after all?")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_label("2 missing, 1 of 3 accounted for").wait_for()
    person.click()
    dialog.get_by_role("button", name="Mark as missing").click()
    page.get_by_label("3 missing, 0 of 3 accounted for").wait_for()


def test_an_evacuation_can_begin_during_a_drill(page, on_site, client, location):
    assert client.post("/evacuations", json={"location_id": location, "drill": True}).status_code == 201
    page.get_by_role("link", name="Evacuation").click()
    page.get_by_text("A drill is going on at Zürich – Hauptsitz").wait_for()
    assert page.get_by_label("This is a drill").count() == 0
    activate(page)
    page.get_by_role("link", name="Evacuation").first.click()
    page.get_by_text("An evacuation is going on at Zürich – Hauptsitz").wait_for()
    page.get_by_text("A drill is going on at Zürich – Hauptsitz").wait_for()
    assert page.get_by_role("button", name="Activate evacuation").count() == 0


def test_who_is_anywhere_is_told_of_an_evacuation_until_it_ends(page, on_site, client, location):
    """Also somebody who has been looking at something else since before it began."""
    page.get_by_role("link", name="API", exact=True).click()
    page.get_by_role("heading", name="API").wait_for()
    made = client.post("/evacuations", json={"location_id": location, "reason": "Smoke"}).json()
    alarm = page.get_by_role("alert").filter(has_text="An evacuation is going on at Zürich – Hauptsitz")
    alarm.wait_for()
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("heading", name="Webhooks").wait_for()
    assert "Smoke" in alarm.inner_text() and "0 of 3 accounted for" in alarm.inner_text()
    alarm.get_by_role("link", name="Go to the roll-call").click()
    page.get_by_role("heading", name="Evacuation: Zürich – Hauptsitz").wait_for()
    assert alarm.count() == 0
    page.get_by_role("link", name="Webhooks").click()
    alarm.wait_for()
    client.post(f"/evacuations/{made['id']}/end", json={})
    alarm.wait_for(state="detached")


def test_who_can_not_hold_a_button_is_asked_instead(page, on_site):
    """A voice, a switch, a screen reader: a click without a pointer."""
    page.get_by_role("link", name="Evacuation").click()
    page.get_by_role("button", name="Activate evacuation").evaluate("button => button.click()")
    page.get_by_role("dialog", name="Activate evacuation?").get_by_role("button", name="Activate evacuation").click()
    page.get_by_role("heading", name="Evacuation: Zürich – Hauptsitz").wait_for()


def test_a_drill_from_its_start_to_its_report_by_keyboard_alone(page, on_site, client, location):
    go_by(page, "e", "Evacuation")
    press_on(page, page.get_by_label("This is a drill"), "Space")
    hold(page, page.get_by_role("button", name="Start the drill"), page.get_by_role("heading", name="Drill: Zürich – Hauptsitz"))
    made, = client.get("/evacuations").json()["evacuations"]
    assert made["drill"] and made["status"] == "active" and made["location_id"] == location
    # Whoever looks elsewhere is told, and that it is only one.
    go_by(page, "d", "Front desk")
    page.get_by_role("alert").filter(has_text="A drill is going on at Zürich – Hauptsitz").wait_for()
    press_on(page, page.get_by_role("link", name="Go to the roll-call"))
    for name, left in (("Ada Lovelace", 2), ("Alan Turing", 1)):
        press_on(page, page.get_by_role("button", name=name))
        page.get_by_label(f"{left} missing, {3 - left} of 3 accounted for").wait_for()
    press_on(page, page.get_by_role("button", name="End the drill"))
    dialog = page.get_by_role("dialog", name="End it?")
    press_on(page, dialog.get_by_role("button", name="End the drill"))
    dialog.wait_for(state="detached")
    page.get_by_text("It has ended. The report stays here.").wait_for()
    made, = client.get("/evacuations").json()["evacuations"]
    assert (made["status"], made["accounted_for_count"], made["ended_by"]) == ("ended", 2, "Maja Sjöberg")
    # Nobody can be marked any more, and the report can be had without a mouse.
    assert page.locator("button.person").count() == 0
    rows = rows_of(page, lambda: press_on(page, page.get_by_role("button", name="CSV")))
    assert rows[0] == ["Name", "Host", "Checked in", "Accounted for", "When", "By"]
    assert {(line[0], line[3], line[5]) for line in rows[1:]} == {
        ("Ada Lovelace", "yes", "Maja Sjöberg"), ("Alan Turing", "yes", "Maja Sjöberg"), ("'=HYPERLINK(1)", "no", "")}
    page.evaluate("window.print = () => { window.printed = true; }")
    press_on(page, page.get_by_role("button", name="Print"))
    assert page.evaluate("window.printed")
    # It stays in the history, as what it was.
    go_by(page, "e", "Evacuation")
    row = page.get_by_role("row").filter(has_text="2 of 3")
    row.wait_for()
    assert "Drill" in row.inner_text() and "Ended" in row.inner_text()


def test_the_counts_move_wherever_one_is(page, on_site, client, location):
    """Of a mark nobody is told: those who look elsewhere see it all the same."""
    made = client.post("/evacuations", json={"location_id": location}).json()
    page.get_by_role("link", name="Evacuation").first.click()
    alarm = page.get_by_role("alert").filter(has_text="An evacuation is going on")
    history = page.get_by_role("table", name="Evacuations")
    for found, name in enumerate(("Ada Lovelace", "Alan Turing"), 1):
        client.post(f"/evacuations/{made['id']}/roll-call", json={"accounted_for": [on_site[name]]})
        expect(alarm).to_contain_text(f"{found} of 3 accounted for")
        expect(history).to_contain_text(f"{found} of 3")
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("heading", name="Webhooks").wait_for()
    client.post(f"/evacuations/{made['id']}/roll-call", json={"missing": [on_site["Ada Lovelace"]]})
    expect(alarm).to_contain_text("1 of 3 accounted for")
