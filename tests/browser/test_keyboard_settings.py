"""What else one does now and then, without a mouse: one's own account, keys, webhooks, contractors."""
from playwright.sync_api import expect

from harness.dashboard import PASSWORD, totp
from harness.poll import eventually

from .conftest import sign_in
from .keyboard import confirm_by_hand, go_by, pick, press_on, stays, tab_to, type_over


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
    stays(page)


def test_another_session_is_ended(page, new_page, owner):
    other = new_page()
    sign_in(other, owner)
    page.goto("/dashboard/account")
    press_on(page, page.get_by_role("button", name="Sign out Chrome on Linux"))
    page.get_by_text("That session is signed out").wait_for()
    expect(page.get_by_role("button", name="Sign out Chrome on Linux")).to_have_count(0)
    stays(page)
    assert other.evaluate("fetch('/dashboard/api/session').then(answer => answer.status)") == 401


def test_a_password_is_changed(page, owner):
    page.goto("/dashboard/account")
    tab_to(page, page.get_by_label("Current password"))
    page.keyboard.type(owner.password)
    page.keyboard.press("Tab")
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.type(PASSWORD[::-1])
    page.keyboard.press("Enter")
    page.get_by_text("Your password is changed.").wait_for()
    assert [owner.browser().sign_in(owner, password=one).status_code for one in (owner.password, PASSWORD[::-1])] == [401, 200]


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


def test_a_webhook_is_edited(page, porter, client, organization):
    url = porter.receiver().url()
    hook = organization.webhook(url, events="visitor.checked_in,visitor.checked_out")
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    press_on(page, page.get_by_role("button", name="Edit", exact=True))
    dialog = page.get_by_role("dialog", name="Edit webhook")
    expect(dialog.get_by_label("URL")).to_be_focused()
    press_on(page, dialog.get_by_role("checkbox", name="visitor.checked_out"), "Space")
    press_on(page, dialog.get_by_role("checkbox", name="visitor.pre_registered"), "Space")
    type_over(page, dialog.get_by_label("Description"), "Opens the turnstile")
    press_on(page, dialog.locator("summary", has_text="Retries and order"))
    type_over(page, dialog.get_by_label("Waits between the attempts"), "5 s, 1 min")
    pick(page, dialog.get_by_label("Send", exact=True), "One", "subject")
    press_on(page, dialog.get_by_role("button", name="Save"))
    dialog.wait_for(state="detached")
    page.get_by_role("heading", name="Opens the turnstile", level=1).wait_for()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_focused()
    made = client.get(f"/webhooks/{hook.id}").json()
    assert (made["description"], made["ordering"], made["url"]) == ("Opens the turnstile", "subject", url)
    assert sorted(made["events"]) == ["visitor.checked_in", "visitor.pre_registered"] and made["retry_schedule"] == {"waits_seconds": [5, 60]}


def test_disabling_a_webhook_is_taken_back(page, porter, client, organization):
    hook = organization.webhook(porter.receiver().url())
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    for take_back in (lambda: page.keyboard.press("u"), lambda: press_on(page, page.get_by_role("button", name="Undo"))):
        press_on(page, page.get_by_role("button", name="Disable", exact=True))
        page.get_by_text("It is disabled: it gets no events.").wait_for()
        assert client.get(f"/webhooks/{hook.id}").json()["status"] == "disabled"
        take_back()
        page.get_by_role("button", name="Disable", exact=True).wait_for()
        assert client.get(f"/webhooks/{hook.id}").json()["status"] == "enabled"
        stays(page)


def test_the_audit_log_is_narrowed_to_one_person_and_widened(page, porter, organization, owner):
    organization.client().post(f"/webhooks/{organization.webhook(porter.receiver().url()).id}/rotate-secret", json={})
    go_by(page, "l", "Audit log")
    entries = page.locator(".feed > li")
    by_program = entries.filter(has_text="webhook.secret_rotated")
    by_program.wait_for()
    press_on(page, entries.get_by_role("button", name=owner.name).first)
    expect(by_program).to_have_count(0)
    assert f"actor={owner.id}" in page.url and all(owner.name in text for text in entries.all_inner_texts())
    stays(page)
    press_on(page, page.get_by_role("button", name="Everybody"))
    by_program.wait_for()
    assert "actor=" not in page.url
    stays(page)


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
