"""The main road without a mouse."""
from playwright.sync_api import expect

from .keyboard import go_by, pick, press_on, stays, type_over


def test_from_the_sign_in_to_a_tested_webhook(new_page, porter, owner):
    receiver = porter.receiver()
    page = new_page()
    page.goto("/dashboard/")
    page.get_by_label("E-mail").wait_for()
    assert page.evaluate("document.activeElement.name") == "email"
    page.keyboard.type(owner.email)
    page.keyboard.press("Tab")
    page.keyboard.type(owner.password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Front desk").wait_for()
    # The skip link is the first stop.
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.get_by_role("heading", name="Webhooks", exact=True).wait_for()
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_focused()
    add = page.get_by_role("button", name="Add Webhook").first
    press_on(page, add)
    dialog = page.get_by_role("dialog", name="Add Webhook")
    type_over(page, dialog.get_by_label("URL"), receiver.url())
    press_on(page, dialog.get_by_role("checkbox", name="visitor.checked_out"), "Space")
    press_on(page, dialog.get_by_role("button", name="Save"))
    press_on(page, page.get_by_role("button", name="Test", exact=True))
    page.get_by_text("Your endpoint took it").wait_for()
    assert receiver.wait(1)[0].headers["x-porter-event"] == "visitor.checked_out"


def test_a_dialog_keeps_the_focus_and_gives_it_back(page):
    page.get_by_role("link", name="Webhooks").click()
    add = page.get_by_role("button", name="Add Webhook").first
    add.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert add.evaluate("node => node === document.activeElement")


def test_the_keys_are_listed_and_do_nothing_while_one_writes(page, organization):
    organization.location()
    page.reload()
    page.get_by_role("heading", name="Front desk").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("gw?")
    assert page.get_by_role("searchbox").input_value() == "gw?"
    assert page.get_by_role("heading", name="Front desk").is_visible()


def test_a_key_is_made_copied_and_revoked(page, owner, porter):
    go_by(page, "k", "API")
    press_on(page, page.get_by_role("button", name="Generate API Key").first)
    dialog = page.get_by_role("dialog", name="Generate API Key")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type("By hand")
    press_on(page, dialog.get_by_label("Everything"), "Space")
    press_on(page, dialog.get_by_label("Read locations"), "Space")
    press_on(page, dialog.get_by_role("button", name="Generate API Key"))
    expect(page.get_by_role("dialog", name="Confirm that it is you").get_by_label("Password")).to_be_focused()
    page.keyboard.type(owner.password)
    page.keyboard.press("Enter")
    shown = page.get_by_role("dialog", name="Your new API key")
    press_on(page, shown.get_by_role("button", name="Copy key"))
    shown.get_by_text("Copied").first.wait_for()
    press_on(page, shown.get_by_role("button", name="Done"))
    shown.wait_for(state="detached")
    press_on(page, page.get_by_role("button", name="Revoke By hand"))
    press_on(page, page.get_by_role("dialog").get_by_role("button", name="Revoke key"))
    page.get_by_text("is revoked").first.wait_for()


def test_a_secret_is_revealed_and_rotated(page, owner, organization, porter):
    hook = organization.webhook(porter.receiver().url())
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    press_on(page, page.get_by_role("button", name="Reveal"))
    page.get_by_role("dialog", name="Confirm that it is you").wait_for()
    page.keyboard.type(owner.password)
    page.keyboard.press("Enter")
    secret = page.get_by_label("Secret", exact=True)
    expect(secret).to_have_text(hook.secret)
    press_on(page, page.get_by_role("button", name="Rotate"))
    press_on(page, page.get_by_role("dialog").get_by_role("button", name="Make a new secret"))
    expect(secret).not_to_have_text(hook.secret)


def test_a_visitor_comes_and_leaves(page, organization):
    organization.location()
    page.reload()
    press_on(page, page.get_by_role("button", name="Pre-register"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Grace Hopper")
    page.keyboard.press("Enter")
    press_on(page, page.get_by_role("dialog", name="Grace Hopper is expected").get_by_role("button", name="Done"))
    press_on(page, page.get_by_role("button", name="Check in Grace Hopper"))
    expect(page.get_by_role("dialog").get_by_label("Badge")).to_be_focused()
    page.keyboard.type("B-7")
    page.keyboard.press("Enter")
    page.get_by_text("1 on site").first.wait_for()
    press_on(page, page.get_by_role("button", name="On site"), "Space")
    press_on(page, page.get_by_role("button", name="Check out Grace Hopper"))
    page.get_by_text("0 on site").first.wait_for()
    page.get_by_text("Nobody is on site").wait_for()
    stays(page)  # The button is gone, and the list with it.
    press_on(page, page.get_by_role("button", name="Walk-in"))
    page.get_by_role("dialog", name="Walk-in").wait_for()
    page.keyboard.type("Alan Turing")
    page.keyboard.press("Enter")
    page.get_by_text("1 on site").first.wait_for()


def test_visits_are_cancelled_to_the_last(page, client, location):
    visits = [client.pre_register(location, full_name=name)["id"] for name in ("Ada Lovelace", "Alan Turing")]
    page.reload()
    for at, name in enumerate(("Ada Lovelace", "Alan Turing")):
        cancel = page.get_by_role("button", name=f"Cancel the visit of {name}")
        press_on(page, cancel)
        dialog = page.get_by_role("dialog", name="Cancel this visit?")
        dialog.wait_for()
        page.keyboard.press("Escape")  # A slip cancels nothing.
        dialog.wait_for(state="detached")
        expect(cancel).to_be_focused()
        assert client.get(f"/visitors/{visits[at]}").json()["status"] == "expected"
        page.keyboard.press("Enter")
        press_on(page, dialog.get_by_role("button", name="Cancel the visit"))
        page.get_by_text(f"The visit of {name} is cancelled.").wait_for()
        cancel.wait_for(state="detached")
        stays(page)
        assert client.get(f"/visitors/{visits[at]}").json()["status"] == "cancelled"
    page.get_by_text("Nobody else is expected today").wait_for()
    stays(page)


def test_the_location_is_chosen_and_one_works_there(page, organization, client, location):
    other = organization.location(name="Zwolle")
    visits = {where: client.pre_register(where, full_name=name)["id"] for where, name in ((location, "Ada Lovelace"), (other, "Grace Hopper"))}
    page.reload()
    pick(page, page.get_by_label("Location"), "Zü", location)
    page.get_by_role("button", name="Check in Ada Lovelace").wait_for()
    pick(page, page.get_by_label("Location"), "Zw", other)
    page.get_by_text("Zwolle: 0 on site").wait_for()
    expect(page.get_by_role("button", name="Check in Ada Lovelace")).to_have_count(0)
    expect(page.get_by_label("Location")).to_be_focused()
    press_on(page, page.get_by_role("button", name="Check in Grace Hopper"))
    expect(page.get_by_role("dialog").get_by_label("Badge")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_text("Zwolle: 1 on site").wait_for()
    made = client.get(f"/visitors/{visits[other]}").json()
    assert (made["status"], made["location_id"]) == ("checked_in", other)
    assert client.get(f"/visitors/{visits[location]}").json()["status"] == "expected"


def test_a_contractor_is_entered_and_approved(page, organization):
    organization.location()
    go_by(page, "c", "Contractors")
    press_on(page, page.get_by_role("button", name="Enter a contractor").first)
    page.get_by_role("dialog").get_by_label("Company").wait_for()
    page.keyboard.type("Blitz Elektro AG")
    page.keyboard.press("Enter")
    press_on(page, page.get_by_role("button", name="Approve Blitz Elektro AG"))
    press_on(page, page.get_by_role("dialog").get_by_role("button", name="Approve"))
    page.get_by_text("Blitz Elektro AG is approved.").wait_for()
