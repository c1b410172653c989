"""People come, change and go, without a mouse."""
import pytest
from playwright.sync_api import expect

from harness.dashboard import PASSWORD, Person, token_of

from .keyboard import confirm_by_hand, go_by, pick, press_on, stays

NEW = PASSWORD[::-1]


@pytest.fixture
def jorg(porter, organization):
    return Person(porter, organization, role="front_desk", name="Jörg Zimmermann")


def follow(page, link):
    page.goto(link[link.index("/dashboard"):])


def known(owner, email):
    """What the API says of somebody."""
    return next((one for one in owner.signed_in().get("/people").json()["people"] if one["email"] == email), None)


def test_somebody_is_invited_and_removed(page, owner):
    go_by(page, "p", "People")
    press_on(page, page.get_by_role("button", name="Invite"))
    dialog = page.get_by_role("dialog", name="Invite somebody")
    expect(dialog.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("jorg@example.com")
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Role")).to_be_focused()
    pick(page, dialog.get_by_label("Role"), "Ad", "admin")
    press_on(page, dialog.get_by_role("button", name="Make the invitation"))
    shown = page.get_by_role("dialog", name="Invitation for jorg@example.com")
    press_on(page, shown.get_by_role("button", name="Copy link"))
    shown.get_by_text("Copied").first.wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    press_on(page, shown.get_by_role("button", name="Done"))
    shown.wait_for(state="detached")
    person = "Jörg Zimmermann"
    joined = owner.browser().post("/invitations/accept", json={"token": token_of(link), "name": person, "password": PASSWORD})
    assert joined.status_code == 204, joined.text
    page.reload()
    press_on(page, page.get_by_role("button", name=f"Remove {person}"))
    press_on(page, page.get_by_role("dialog", name=f"Remove {person}?").get_by_role("button", name="Remove"))
    page.get_by_text(f"{person} can no longer sign in.").wait_for()
    page.get_by_role("row").filter(has_text=person).get_by_text("Removed").wait_for()
    stays(page)


def test_an_invitation_is_accepted_by_its_link(new_page, porter, organization, owner):
    email = "anna.invited@example.com"
    link = porter.ctl("people", "create", "--org", organization.id, "--email", email, "--role", "front_desk")["link"]
    page = new_page()
    follow(page, link)
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type("Anna Müller")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Choose a password")).to_be_focused()
    page.keyboard.type("short")
    page.keyboard.press("Enter")
    # What is wrong is where one writes on.
    expect(page.locator("[name=password][aria-invalid=true]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Front desk").wait_for()
    made = known(owner, email)
    assert (made["name"], made["role"]) == ("Anna Müller", "front_desk")
    press_on(page, page.get_by_role("link", name="Anna Müller"))
    page.get_by_role("heading", name="Account").wait_for()


def test_a_new_password_is_made_possible_and_set(page, new_page, owner, jorg):
    go_by(page, "p", "People")
    asks = page.get_by_role("button", name=f"New password for {jorg.name}")
    press_on(page, asks)
    press_on(page, page.get_by_role("dialog").get_by_role("button", name="Make the link"))
    confirm_by_hand(page, owner)
    shown = page.get_by_role("dialog", name=f"A new password for {jorg.name}")
    press_on(page, shown.get_by_role("button", name="Copy link"))
    shown.get_by_text("Copied").first.wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    press_on(page, shown.get_by_role("button", name="Done"))
    expect(asks).to_be_focused()
    other = new_page()
    follow(other, link)
    expect(other.get_by_label("Choose a password")).to_be_focused()
    other.keyboard.type(NEW)
    other.keyboard.press("Enter")
    other.get_by_role("heading", name="Front desk").wait_for()
    assert [owner.browser().sign_in(jorg, password=one).status_code for one in (jorg.password, NEW)] == [401, 200]


def test_somebody_gets_another_role(page, owner, jorg):
    go_by(page, "p", "People")
    changes = page.get_by_role("button", name=f"Change {jorg.name}")
    press_on(page, changes)
    dialog = page.get_by_role("dialog", name=f"Change {jorg.name}")
    expect(dialog.get_by_label("Name")).to_be_focused()
    pick(page, dialog.get_by_label("Role"), "Vi", "viewer")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Save")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    page.get_by_role("row").filter(has_text=jorg.name).get_by_text("Viewer").wait_for()
    expect(changes).to_be_focused()
    assert known(owner, jorg.email)["role"] == "viewer" and jorg.signed_in().get("/people").status_code == 403
