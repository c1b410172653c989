"""An organization with more of everything than one page holds."""
import pytest
from playwright.sync_api import expect

from harness.dashboard import org_uuid

from .keyboard import press_on

MANY = 230  # Locations; a page has 200.


@pytest.fixture
def places(porter, organization, location):
    """Many before ours, and one behind the first page."""
    far = organization.location(name="Zwolle")
    with porter.database() as db:
        db.execute("INSERT INTO locations (org_id, id, name, timezone, city, created_at, updated_at) SELECT %s, gen_random_uuid(), 'Branch ' || lpad(i::text, 3, '0'),"
                   " 'Europe/Zurich', 'Bern', now(), now() FROM generate_series(1, %s) AS i", (org_uuid(organization), MANY))
    return far


def test_a_location_beyond_the_first_page_is_found_and_kept(page, places, client):
    client.pre_register(places, full_name="Grace Hopper")
    page.goto("/dashboard/desk")
    page.get_by_text("Branch 001: 0 on site").wait_for()
    page.get_by_role("button", name="Location: Branch 001").click()
    dialog = page.get_by_role("dialog", name="Choose a location")
    expect(dialog.get_by_role("listitem")).to_have_count(50)
    dialog.get_by_role("button", name="Show more").click()
    expect(dialog.get_by_role("listitem")).to_have_count(100)
    dialog.get_by_role("searchbox").fill("nowhere")
    dialog.get_by_text("No location fits").wait_for()
    dialog.get_by_role("searchbox").fill("zwo")
    dialog.get_by_role("button", name="Zwolle").click()
    page.get_by_text("Zwolle: 0 on site").wait_for()
    page.get_by_text("Grace Hopper").wait_for()
    page.reload()
    page.get_by_text("Zwolle: 0 on site").wait_for()
    page.get_by_role("button", name="Check in Grace Hopper").click()
    page.get_by_role("dialog").get_by_role("button", name="Check in").click()
    page.get_by_text("Zwolle: 1 on site").wait_for()


def test_a_location_is_searched_for_by_keyboard_alone(page, places):
    page.goto("/dashboard/desk")
    chooses = page.get_by_role("button", name="Location: Branch 001")
    press_on(page, chooses)
    dialog = page.get_by_role("dialog", name="Choose a location")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    expect(dialog.get_by_role("listitem")).to_have_count(50)
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    expect(chooses).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("zwo")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    press_on(page, dialog.get_by_role("button", name="Zwolle"))
    page.get_by_text("Zwolle: 0 on site").wait_for()
    expect(page.get_by_role("button", name="Location: Zwolle")).to_be_focused()


def test_what_is_at_a_location_beyond_the_first_page_says_where(page, places, client):
    evacuation = client.post("/evacuations", json={"location_id": places, "drill": True}).json()["id"]
    page.goto("/dashboard/evacuations")
    page.get_by_role("row").filter(has_text="Drill").filter(has_text="Zwolle").wait_for()
    page.goto(f"/dashboard/evacuations/{evacuation}")
    page.get_by_role("heading", name="Drill: Zwolle").wait_for()
    page.goto("/dashboard/contractors")
    page.get_by_role("button", name="Enter a contractor").click()
    form = page.get_by_role("dialog", name="Enter a contractor")
    form.get_by_label("Company").fill("Dachmeister")
    form.get_by_label("Branch 001").uncheck()
    form.get_by_role("button", name="Another location").click()
    chooser = page.get_by_role("dialog", name="Choose a location")
    chooser.get_by_role("searchbox").fill("zwolle")
    chooser.get_by_role("button", name="Zwolle").click()
    expect(form.get_by_label("Zwolle")).to_be_checked()
    form.get_by_role("button", name="Enter", exact=True).click()
    page.get_by_role("row").filter(has_text="Dachmeister").filter(has_text="Zwolle").wait_for()
    assert client.get("/contractors").json()["contractors"][0]["location_ids"] == [places]


def test_people_and_keys_are_read_on(page, porter, organization):
    with porter.database() as db:
        db.execute("INSERT INTO users (org_id, id, email, name, role, created_at) SELECT %s, lpad(to_hex(i), 32, '0')::uuid, gen_random_uuid() || '@x.example',"
                   " 'Ada ' || i, 'viewer', now() FROM generate_series(1, 60) AS i", (org_uuid(organization),))
        db.execute("INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, created_at) SELECT %s, gen_random_uuid(), 'kiosk ' || i,"
                   " sha256(gen_random_uuid()::text::bytea), 'abcd', '{visitors:read}', now() FROM generate_series(1, 60) AS i", (org_uuid(organization),))
    for path, table in (("people", "People"), ("api", "API keys")):
        page.goto(f"/dashboard/settings/{path}")
        rows = page.get_by_role("table", name=table).locator("tbody tr")
        expect(rows).to_have_count(50)
        page.get_by_role("button", name="Show more").click()
        expect(rows).to_have_count(61 if path == "people" else 60)
        expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    page.goto("/dashboard/settings/people")
    page.get_by_role("button", name="Show more").click()
    page.get_by_role("row").filter(has_text="Maja Sjöberg").wait_for()
