"""What else one does now and then, without a mouse: people, one's own account, keys, webhooks, contractors."""
from playwright.sync_api import expect

from harness.dashboard import PASSWORD, token_of, totp
from harness.poll import eventually

from .conftest import sign_in
from .keyboard import go_by, press_on, type_over


def confirm_by_hand(page, person):
    expect(page.get_by_role("dialog", name="Confirm that it is you").get_by_label("Password")).to_be_focused()
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")


def test_somebody_is_invited_and_removed(page, owner):
    go_by(page, "p", "People")
    press_on(page, page.get_by_role("button", name="Invite"))
    dialog = page.get_by_role("dialog", name="Invite somebody")
    expect(dialog.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("jorg@example.com")
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Role")).to_be_focused()
    page.keyboard.type("Ad")  # As one chooses in a list.
    expect(dialog.get_by_label("Role")).to_have_value("admin")
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


def test_a_second_step_is_set_up(page, owner):
    page.goto("/dashboard/account")
    press_on(page, page.get_by_role("button", name="Set up"))
    confirm_by_hand(page, owner)
    dialog = page.get_by_role("dialog", name="Second step")
    expect(dialog.get_by_label("Code", exact=True)).to_be_focused()
    press_on(page, dialog.get_by_text("It can’t be scanned"))
    secret = dialog.locator(".secret code").inner_text()
    type_over(page, dialog.get_by_label("Code", exact=True), totp(secret))
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    page.get_by_role("button", name="Turn off").wait_for()
    # The button that was pressed is gone; one is not thrown out of the page.
    expect(page.locator("body")).not_to_be_focused()


def test_another_session_is_ended(page, new_page, owner):
    other = new_page()
    sign_in(other, owner)
    page.goto("/dashboard/account")
    press_on(page, page.get_by_role("button", name="Sign out Chrome on Linux"))
    page.get_by_text("That session is signed out").wait_for()
    assert other.evaluate("fetch('/dashboard/api/session').then(answer => answer.status)") == 401


def test_a_key_is_rotated(page, owner, organization):
    key = organization.key(name="Lobby screen")
    go_by(page, "k", "API")
    press_on(page, page.get_by_role("link", name="Lobby screen"))
    press_on(page, page.get_by_role("button", name="Rotate"))
    dialog = page.get_by_role("dialog", name="Rotate “Lobby screen”")
    press_on(page, dialog.get_by_role("button", name="Make the new key"))
    confirm_by_hand(page, owner)
    shown = page.get_by_role("dialog", name="The key that follows")
    press_on(page, shown.get_by_label("I have stored the key"), "Space")
    press_on(page, shown.get_by_role("button", name="Done"))
    shown.wait_for(state="detached")
    page.get_by_role("heading", name="Moving to the new key").wait_for()
    assert organization.client(key=key).get("/visitors").status_code == 200


def test_what_was_given_up_is_sent_again_and_recovered(page, porter, client, location):
    state = {"status": 500}
    receiver = porter.receiver(lambda got: (state["status"], {}, b""))
    hook = client.post("/webhooks", json={"url": receiver.url(), "events": ["visitor.pre_registered"], "retry_schedule": {"waits_seconds": [1]}}).json()["id"]

    def failed():
        return client.get(f"/webhooks/{hook}/deliveries?state=failed").json()["deliveries"]

    for count in (1, 2):
        client.pre_register(location)
        eventually(lambda count=count: len(failed()) == count, 30, "it is given up")
    state["status"] = 204
    page.goto(f"/dashboard/settings/webhooks/{hook}")
    press_on(page, page.get_by_role("button", name="Deliveries", exact=True))
    press_on(page, page.get_by_role("button", name="Retry").first)
    page.locator("tbody tr").get_by_text("Delivered", exact=True).wait_for()
    press_on(page, page.get_by_role("button", name="Undelivered", exact=True))
    press_on(page, page.get_by_role("button", name="Recover since…"))
    press_on(page, page.get_by_role("dialog", name="Recover what failed").get_by_role("button", name="Send them again"))
    page.get_by_text("Nothing is undelivered").wait_for()
    eventually(lambda: not failed(), 20, "all arrived")


def test_a_signature_is_checked(page, porter, client, organization):
    receiver = porter.receiver()
    hook = organization.webhook(receiver.url())
    client.post(f"/webhooks/{hook.id}/test", json={})
    got, = receiver.wait(1)
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    press_on(page, page.get_by_role("button", name="Signature debugger"))
    type_over(page, page.get_by_label("Headers", exact=True), got.headers["x-porter-signature"])
    page.keyboard.press("Tab")
    page.keyboard.insert_text(got.body.decode())
    press_on(page, page.get_by_role("button", name="Check the signature"))
    page.get_by_text("It is genuine").wait_for()
    type_over(page, page.get_by_label("Body", exact=True), "{}")
    press_on(page, page.get_by_role("button", name="Check the signature"))
    page.get_by_text("It does not verify").wait_for()


def test_a_webhook_is_disabled_enabled_and_deleted(page, porter, client, organization):
    hook = organization.webhook(porter.receiver().url())
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    press_on(page, page.get_by_role("button", name="Disable", exact=True))
    page.get_by_text("It is disabled: it gets no events.").wait_for()
    assert client.get(f"/webhooks/{hook.id}").json()["status"] == "disabled"
    press_on(page, page.get_by_role("button", name="Enable", exact=True).first)
    page.get_by_role("button", name="Disable", exact=True).wait_for()
    assert client.get(f"/webhooks/{hook.id}").json()["status"] == "enabled"
    press_on(page, page.get_by_role("button", name="Delete", exact=True))
    dialog = page.get_by_role("dialog", name="Delete this webhook?")
    press_on(page, dialog.get_by_role("button", name="Delete webhook"))
    page.get_by_text("No webhook yet").wait_for()
    assert client.get(f"/webhooks/{hook.id}").status_code == 404


def test_a_contractor_is_rejected(page, client, location):
    assert client.post("/contractors", json={"company": "Dach & Co", "location_ids": [location]}).status_code == 201
    go_by(page, "c", "Contractors")
    press_on(page, page.get_by_role("button", name="Reject Dach & Co"))
    dialog = page.get_by_role("dialog", name="Reject Dach & Co?")
    expect(dialog.get_by_label("Why")).to_be_focused()
    page.keyboard.type("No insurance")
    page.keyboard.press("Enter")
    page.get_by_text("Dach & Co is rejected.").wait_for()
    one, = client.get("/contractors").json()["contractors"]
    assert (one["status"], one["reason"]) == ("rejected", "No insurance")
