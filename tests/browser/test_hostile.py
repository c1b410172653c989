"""What others wrote stays text, wherever it is shown."""
import re

from playwright.sync_api import expect

from .screens import HOSTILE, until_there

NASTY = [HOSTILE, "{{constructor.constructor('document.title=1')()}}", "javascript:document.title='broken'", "\u202egnp.exe", "&lt;b&gt;", "' onmouseover='x"]


def unbroken(page):
    expect(page).to_have_title(re.compile("– Porter$"))
    assert page.locator("main img, main script, main b:has-text('x')").count() == 0


def test_names_are_text(page, organization):
    client, place = organization.client(), organization.location()
    for name in NASTY:
        visitor = client.pre_register(place, full_name=name[:100], company=name[:100], purpose=name[:100])
        client.post(f"/visitors/{visitor['id']}/check-in", json={"badge_number": name[:20]})
    page.goto("/dashboard/desk?view=checked_in")
    for name in NASTY:
        page.locator(".visitor .name").filter(has_text=name[:100]).wait_for()
    unbroken(page)
    made = client.post("/evacuations", json={"location_id": place, "reason": HOSTILE}).json()
    page.goto(f"/dashboard/evacuations/{made['id']}")
    page.locator(".person strong").filter(has_text=NASTY[0][:100]).wait_for()
    unbroken(page)


def test_what_an_endpoint_answers_is_text(page, porter, organization):
    hook = organization.webhook(porter.receiver(lambda got: (500, {"X-Note": HOSTILE}, HOSTILE.encode())).url(), description=HOSTILE[:100])
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("It did not arrive").wait_for()
    assert page.get_by_label("response body", exact=True).inner_text() == HOSTILE
    assert HOSTILE in page.get_by_label("response headers", exact=True).inner_text()
    unbroken(page)


def test_addresses_are_text(page, organization):
    for path in ("/settings/webhooks/%3Cimg%20src=x%3E", "/desk?view=%3Cscript%3E", "/%3Cscript%3E", "/settings/webhooks/whk_%2e%2e"):
        page.goto(f"/dashboard{path}")
        until_there(page)
        unbroken(page)


def test_nothing_may_become_markup(page, faults):
    """The policy of the page itself: even our own script could not."""
    assert page.evaluate("(() => { try { document.body.innerHTML = '<b>x</b>'; return 'done' } catch (fault) { return fault.name } })()") == "TypeError"
    assert len(faults.seen) == 1 and "TrustedHTML" in faults.seen.pop()
