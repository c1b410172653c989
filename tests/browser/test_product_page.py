"""The product page's own words, done literally: Settings > API, Settings > Webhooks."""
import hashlib
import hmac
import json

import requests
from playwright.sync_api import expect

from .conftest import confirm


def settings(page, name):
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True, level=1).wait_for()


def call(porter, key):
    return requests.get(f"{porter.gateways[0].url}/api/v1/visitors", headers={"X-API-Key": key}, verify=str(porter.tls / "ca.pem"), timeout=20)


def generate(page, owner, name):
    settings(page, "API")
    page.get_by_role("button", name="Generate API Key").first.click()
    dialog = page.get_by_role("dialog", name="Generate API Key")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Generate API Key").click()
    confirm(page, owner)
    return page.get_by_role("dialog", name="Your new API key")


def test_generate_an_api_key_copy_it_and_revoke_it(page, porter, owner):
    shown = generate(page, owner, "Building management")
    key = shown.get_by_label("API key", exact=True).inner_text()
    shown.get_by_role("button", name="Copy key").click()
    shown.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert call(porter, key).status_code == 200
    # The snippets carry the host that really answers, and the key.
    snippet = shown.get_by_label("cURL", exact=True).last.inner_text()
    assert f"{porter.gateways[0].url}/api/v1/visitors" in snippet and key in snippet
    shown.get_by_role("button", name="Done").click()
    # Shown once: it is nowhere now.
    page.get_by_role("link", name="Building management").wait_for()
    assert key not in page.content()
    page.reload()
    page.get_by_role("link", name="Building management").wait_for()
    assert key not in page.content()
    page.get_by_role("button", name="Revoke Building management").click()
    page.get_by_role("dialog", name="Revoke “Building management”?").get_by_role("button", name="Revoke key").click()
    page.get_by_text("is revoked").first.wait_for()
    assert call(porter, key).status_code == 401


def test_a_new_key_is_not_lost_by_a_slip(page, owner):
    shown = generate(page, owner, "Careful")
    for _ in range(5):  # While it is made.
        page.keyboard.press("Escape")
    key = shown.get_by_label("API key", exact=True)
    text = key.inner_text()
    for _ in range(10):
        page.keyboard.press("Escape")
    for _ in range(3):
        page.mouse.click(5, 5)  # Now the focus is nowhere.
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    # What closes it past all that (a phone's gesture back) does not keep it closed.
    page.get_by_role("dialog").evaluate("node => node.close()")
    page.go_back()
    page.wait_for_url("**/desk")
    page.context.clear_cookies()
    assert page.evaluate("fetch('/dashboard/api/session').then(answer => answer.status)") == 401
    expect(key).to_be_visible()
    assert key.inner_text() == text
    assert shown.get_by_role("button", name="Done").is_disabled()
    shown.get_by_label("I have stored the key").check()
    shown.get_by_role("button", name="Done").click()
    shown.wait_for(state="detached")


def test_a_key_is_rotated_with_both_working(page, porter, owner):
    shown = generate(page, owner, "Lobby screen")
    old = shown.get_by_label("API key", exact=True).inner_text()
    shown.get_by_label("I have stored the key").check()
    shown.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Lobby screen").click()
    page.get_by_role("button", name="Rotate").click()
    page.get_by_role("dialog").get_by_role("button", name="Make the new key").click()
    shown = page.get_by_role("dialog", name="The key that follows")
    new = shown.get_by_label("API key", exact=True).inner_text()
    assert new != old and call(porter, old).status_code == 200 and call(porter, new).status_code == 200
    # Who has moved is seen while one waits.
    shown.get_by_label("I have stored the key").check()
    shown.get_by_role("button", name="Done").click()
    page.get_by_text("The old key is still in use, and so is the new one").wait_for()
    page.get_by_text(f"by {owner.name}").wait_for()


def add_webhook(page, url, *events):
    settings(page, "Webhooks")
    page.get_by_role("button", name="Add Webhook").first.click()
    dialog = page.get_by_role("dialog", name="Add Webhook")
    dialog.get_by_label("URL").fill(url)
    for event in events:
        dialog.get_by_role("checkbox", name=event).check()
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Test", exact=True).wait_for()


def test_add_a_webhook_test_it_and_verify_it_with_the_secret_from_the_settings(page, porter, owner):
    receiver = porter.receiver()
    add_webhook(page, receiver.url(), "visitor.checked_in", "visitor.checked_out")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("Your endpoint took it: HTTP 204").wait_for()
    page.get_by_role("button", name="Reveal").click()
    confirm(page, owner)
    secret = page.get_by_label("Secret", exact=True).inner_text()
    got, = receiver.wait(1)
    # As the product page's Python example does it.
    assert hmac.compare_digest(got.headers["x-porter-signature"], hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest())
    event = json.loads(got.body)
    assert event["type"] == "visitor.checked_in" and event["test"] is True
    # The whole exchange is shown.
    assert event["id"] in page.get_by_label("request body", exact=True).inner_text()
    assert got.headers["x-porter-signature"] in page.get_by_label("request headers", exact=True).inner_text()


def test_the_verdict_on_a_url_comes_while_it_is_written(page):
    settings(page, "Webhooks")
    page.get_by_role("button", name="Add Webhook").first.click()
    dialog = page.get_by_role("dialog", name="Add Webhook")
    dialog.get_by_label("URL").fill("https://10.0.0.1/hook")
    dialog.locator(".verdict.bad").wait_for()
    dialog.get_by_label("URL").fill("https://203.0.113.7/hook")
    dialog.locator(".verdict.bad, .verdict.good").wait_for()
    # What is refused on Save is said at the field, and nothing was made.
    dialog.get_by_label("URL").fill("https://10.0.0.1/hook")
    dialog.get_by_role("checkbox", name="visitor.checked_in").check()
    dialog.get_by_role("button", name="Save").click()
    wrong = dialog.locator("[aria-invalid=true]")
    wrong.wait_for()
    assert wrong.get_attribute("name") == "url" and wrong.evaluate("node => node === document.activeElement")


def test_a_webhook_without_events_says_so_where_they_are_chosen(page, porter):
    settings(page, "Webhooks")
    page.get_by_role("button", name="Add Webhook").first.click()
    dialog = page.get_by_role("dialog", name="Add Webhook")
    dialog.get_by_label("URL").fill(porter.receiver().url())
    dialog.get_by_role("button", name="Save").click()
    assert dialog.get_by_role("group", name="Events").get_by_role("alert").inner_text()


def test_a_secret_is_rotated_with_a_countdown(page, porter, owner):
    receiver = porter.receiver()
    add_webhook(page, receiver.url(), "visitor.checked_in")
    page.get_by_role("button", name="Rotate").click()
    page.get_by_role("dialog", name="Rotate the secret").get_by_role("button", name="Make a new secret").click()
    confirm(page, owner)
    secret = page.get_by_label("Secret", exact=True)
    secret.wait_for()
    page.get_by_text("The secret before signs too").wait_for()
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("Your endpoint took it").wait_for()
    got, = receiver.wait(1)
    assert got.headers["x-porter-signature"] == hmac.new(secret.inner_text().encode(), got.body, hashlib.sha256).hexdigest()


def test_what_failed_is_explained_and_sent_again(page, porter, organization):
    answers = iter([(500, {}, b"out of paper"), (204, {}, b"")])
    receiver = porter.receiver(lambda got: next(answers))
    add_webhook(page, receiver.url(), "visitor.pre_registered")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("It did not arrive").wait_for()
    assert page.get_by_label("response body", exact=True).inner_text() == "out of paper"
    page.get_by_role("button", name="Deliveries", exact=True).click()
    page.get_by_role("row").filter(has_text="visitor.pre_registered").get_by_role("link").click()
    page.get_by_role("article", name="Attempt 1").wait_for()
    bar = page.get_by_role("img", name="Time:").get_attribute("aria-label")
    assert "TLS handshake" in bar
    # The sentence is the one that the API has, not a second one.
    client = organization.client()
    path = page.url.split("/settings", 1)[1]
    delivery = client.get(path).json()
    assert page.get_by_text(delivery["attempts"][0]["detail"]).first.is_visible()


def test_the_signature_debugger_says_what_is_wrong(page, porter):
    receiver = porter.receiver()
    add_webhook(page, receiver.url(), "visitor.checked_in")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("Your endpoint took it").wait_for()
    got, = receiver.wait(1)
    page.get_by_role("button", name="Signature debugger").click()
    page.get_by_label("Headers", exact=True).fill(got.headers["x-porter-signature"])
    page.get_by_label("Body", exact=True).fill(got.body.decode())
    page.get_by_role("button", name="Check the signature").click()
    page.get_by_text("It is genuine").wait_for()
    page.get_by_label("Body", exact=True).fill(got.body.decode() + " ")
    page.get_by_role("button", name="Check the signature").click()
    page.get_by_text("It does not verify").wait_for()
    assert page.get_by_text("Do this:").first.is_visible()


def test_disabling_a_webhook_can_be_undone(page, porter, organization):
    add_webhook(page, porter.receiver().url(), "visitor.checked_in")
    hook = page.url.rsplit("/", 1)[1]
    client = organization.client()
    page.get_by_role("button", name="Disable", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Disable", exact=True).wait_for()
    assert client.get(f"/webhooks/{hook}").json()["status"] == "enabled"
