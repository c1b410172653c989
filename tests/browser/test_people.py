"""People, one's own account, the audit log, the overview."""
from playwright.sync_api import expect

from harness.dashboard import PASSWORD, totp

from .conftest import confirm, sign_in


def open_settings(page, name):
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True, level=1).wait_for()


def test_somebody_is_invited_joins_and_is_removed(page, new_page, owner):
    open_settings(page, "People")
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("jorg@example.com")
    dialog.get_by_label("Role").select_option("admin")
    dialog.get_by_role("button", name="Make the invitation").click()
    link = page.get_by_label("Invitation link").inner_text()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("row").filter(has_text="jorg@example.com").wait_for()
    other = new_page()
    other.goto(link[link.index("/dashboard"):])
    other.get_by_label("Your name").fill("Jörg Zimmermann")
    other.get_by_label("Choose a password").fill(PASSWORD)
    other.get_by_role("button", name="Join").click()
    open_settings(other, "People")
    # Only owners touch owners.
    other.get_by_role("row").filter(has_text="Maja Sjöberg").wait_for()
    assert other.get_by_role("button", name="Remove Maja Sjöberg").count() == 0
    page.reload()
    # A password is forgotten: the link ends what was signed in, and lets its owner in with a new one.
    page.get_by_role("button", name="New password for Jörg Zimmermann").click()
    page.get_by_role("button", name="Make the link").click()
    confirm(page, owner)
    link = page.get_by_label("Password link").inner_text()
    page.get_by_role("button", name="Done").click()
    forgetful = new_page()
    forgetful.goto(link[link.index("/dashboard"):])
    forgetful.get_by_label("Choose a password").fill(PASSWORD[::-1])
    forgetful.get_by_role("button", name="Set the password").click()
    open_settings(forgetful, "Webhooks")
    other.get_by_role("heading", name="Sign in to Porter").wait_for()  # By itself: it asks what has changed.
    page.get_by_role("button", name="Remove Jörg Zimmermann").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.get_by_text("can no longer sign in").wait_for()
    forgetful.get_by_role("heading", name="Sign in to Porter").wait_for()


def test_a_link_that_was_used_is_not_asked_for_again_when_the_sign_in_behind_it_fails(page, new_page, owner):
    link = owner.signed_in(confirmed=True).post("/invitations", json={"email": "unlucky@example.com", "role": "viewer"}).json()["link"]
    other = new_page()
    other.route("**/dashboard/api/sign-in", lambda route: route.abort())
    other.goto(link[link.index("/dashboard"):])
    other.get_by_label("Your name").fill("Una Lucky")
    other.get_by_label("Choose a password").fill(PASSWORD)
    other.get_by_role("button", name="Join").click()
    other.get_by_role("heading", name="Sign in to Porter").wait_for()
    other.get_by_text("Your password is set. Sign in with it.").wait_for()
    other.unroute("**/dashboard/api/sign-in")
    other.get_by_label("E-mail").fill("unlucky@example.com")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("navigation", name="Main").wait_for()


def test_a_second_step_is_set_up_and_asked_for(page, owner):
    page.get_by_role("link", name="Maja Sjöberg").click()
    page.get_by_role("button", name="Set up").click()
    confirm(page, owner)
    dialog = page.get_by_role("dialog", name="Second step")
    dialog.get_by_role("img", name="QR code for the authenticator").wait_for()
    dialog.get_by_text("It can’t be scanned").click()
    secret = dialog.locator(".secret code").inner_text()
    dialog.get_by_label("Code", exact=True).fill("000000")
    dialog.get_by_role("button", name="Turn it on").click()
    dialog.locator("[aria-invalid=true], [role=alert]").first.wait_for()
    dialog.get_by_label("Code", exact=True).fill(totp(secret))
    dialog.get_by_role("button", name="Turn it on").click()
    page.get_by_role("button", name="Turn off").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill(owner.email)
    page.get_by_label("Password").fill(owner.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code from your authenticator").fill(totp(secret, step=1))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Account").wait_for()


def test_another_session_is_ended(page, new_page, owner):
    other = new_page()
    sign_in(other, owner)
    page.get_by_role("link", name="Maja Sjöberg").click()
    page.get_by_role("button", name="Sign out Chrome on Linux").click()
    page.get_by_text("That session is signed out").wait_for()
    other.get_by_role("link", name="Contractors").click()
    other.get_by_role("heading", name="Sign in to Porter").wait_for()


def test_the_audit_log_says_who_did_what(page, porter, organization):
    url = porter.receiver().url()
    webhook = organization.webhook(url)
    open_settings(page, "Webhooks")
    page.get_by_role("link", name=url).click()
    page.get_by_role("button", name="Disable", exact=True).click()
    page.get_by_text("It is disabled").wait_for()
    open_settings(page, "Audit log")
    entry = page.get_by_role("listitem").filter(has_text="webhook.").filter(has_text="Maja Sjöberg").first
    entry.wait_for()
    assert "disabled" in entry.inner_text()
    # And what is no member of it: until when the old secret holds.
    organization.client().post(f"/webhooks/{webhook.id}/rotate-secret", json={"overlap_seconds": 3600})
    page.reload()
    expect(page.get_by_role("listitem").filter(has_text="webhook.secret_rotated")).to_contain_text("overlap_until")
    # Only what she did.
    entry.get_by_role("button", name="Maja Sjöberg").click()
    page.get_by_role("button", name="Everybody").wait_for()
    assert page.locator(".feed > li").filter(has_text="program").count() == 0


def test_the_audit_log_tells_of_the_front_desk_and_apart_from_it(page, organization):
    organization.client().pre_register(organization.location(), full_name="Zora Quick")
    page.goto("/dashboard/")
    page.get_by_role("button", name="Cancel the visit of Zora Quick").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the visit").click()
    page.get_by_text("is cancelled").wait_for()
    open_settings(page, "Audit log")
    entry = page.get_by_role("listitem").filter(has_text="Maja Sjöberg cancelled the visit vis_").first
    entry.wait_for()
    assert "expected cancelled" in entry.inner_text() and "visitor.cancelled" in entry.inner_text()
    assert "Zora" not in page.locator(".feed").inner_text()
    page.get_by_label("About").select_option("Sign-ins")
    expect(page.locator(".feed > li").filter(has_text="vis_")).to_have_count(0)
    expect(page.locator(".feed > li").filter(has_text="session.begun").first).to_be_visible()
    page.get_by_label("About").select_option("Visits")
    expect(page.locator(".feed > li")).to_have_count(1)  # It is a key that has pre-registered.


def test_the_overview_counts_and_leads_on(page, organization):
    client, place = organization.client(), organization.location()
    visitor = client.pre_register(place, full_name="Counted Once")
    client.post(f"/visitors/{visitor['id']}/check-in")
    client.post("/evacuations", json={"location_id": place})
    open_settings(page, "Overview")
    page.get_by_role("link", name="1 on site now").wait_for()
    page.get_by_role("link", name="Zürich – Hauptsitz").click()
    page.get_by_label("1 missing, 0 of 1 accounted for").wait_for()
