"""Forms tell what the API's rules forbid by themselves, in its words; of what they do not know the API tells."""
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from .conftest import confirm

RULES = "**/dashboard/api/rules"


@dataclass
class Case:
    """A form with something wrong in it."""
    path: str
    opens: str  # The button to press; "": the form stands on the screen.
    values: dict  # By the fields' names.
    send: str
    wrong: str  # The name of the field that is wrong.
    ticks: list = field(default_factory=list)
    unfolds: str = ""


CASES = {
    "pre-register, too long": Case("/desk", "Pre-register", {"full_name": "Ada", "purpose": "x" * 501}, "Pre-register", "purpose"),
    "pre-register, e-mail": Case("/desk", "Pre-register", {"full_name": "Ada", "host_email": "no address"}, "Pre-register", "host_email"),
    "walk-in, badge": Case("/desk", "Walk-in", {"full_name": "Ada", "badge_number": "B" * 61}, "Check in", "badge_number"),
    "check-in, plate": Case("/desk", "Check in Grace Hopper", {"vehicle_plate": "P" * 21}, "Check in", "vehicle_plate"),
    "contractor, missing": Case("/contractors", "Enter a contractor", {"trade": "Roofing"}, "Enter", "company"),
    "contractor, phone": Case("/contractors", "Enter a contractor", {"company": "Dach", "contact_phone": "12"}, "Enter", "contact_phone"),
    "key, missing": Case("/settings/api", "Generate API Key", {}, "Generate API Key", "name"),
    "key, too long": Case("/settings/api", "Generate API Key", {"name": "n" * 201}, "Generate API Key", "name"),
    "invitation, e-mail": Case("/settings/people", "Invite", {"email": "somebody"}, "Make the invitation", "email"),
    "webhook, too long": Case("/settings/webhooks", "Add Webhook", {"url": "https://example.com/", "description": "d" * 501}, "Save", "description",
                              ticks=["visitor.checked_in"]),
    "webhook, age": Case("/settings/webhooks", "Add Webhook", {"url": "https://example.com/", "max_age": "31 d"}, "Save", "max_age",
                         ticks=["visitor.checked_in"], unfolds="Retries and order"),
    "password, too short": Case("/account", "", {"current": "whatever", "new": "elevenchars"}, "Change password", "new"),
}


@pytest.fixture
def sent(page):
    """The requests that change something."""
    found = []
    page.on("request", lambda request: request.method != "GET" and "url-verdict" not in request.url and found.append(request.url))
    return found


def know_rules(page, act):
    """Does something that opens a form, and waits until it has its rules."""
    with page.expect_response(RULES) as answer:
        act()
    answer.value.finished()
    page.locator("form[data-rules=true]").first.wait_for()


def fill(page, case, open_form):
    """The form, filled and sent."""
    page.goto(f"/dashboard{case.path}") if case.opens else None
    open_form(lambda: page.get_by_role("button", name=case.opens, exact=True).first.click() if case.opens else page.goto(f"/dashboard{case.path}"))
    form = page.locator("form", has=page.get_by_role("button", name=case.send, exact=True))
    if case.unfolds:
        form.get_by_text(case.unfolds, exact=True).click()
    for name, value in case.values.items():
        form.locator(f"[name={name}]").fill(value)
    for name in case.ticks:
        form.locator(f"[name='{name}']").check()
    form.get_by_role("button", name=case.send, exact=True).click()
    return form


def told(page, form, name):
    """What stands at the field that is wrong; it has the focus."""
    wrong = form.locator("[aria-invalid=true]")
    expect(wrong).to_have_attribute("name", name)
    expect(wrong).to_be_focused()
    return page.locator(f"#{wrong.get_attribute('aria-describedby').split()[-1]}").inner_text()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_the_rules_forbid_is_told_without_a_request_and_as_the_api_tells_it(page, owner, sent, client, location, case):
    client.pre_register(location, full_name="Grace Hopper")
    page.route(RULES, lambda route: route.fulfill(json={"inputs": {}, "told": {}}))
    form = fill(page, case, lambda act: act())
    if "key" in case.opens.lower():
        confirm(page, owner)  # The API asks for it first.
    by_api = told(page, form, case.wrong)
    assert len(sent) > 0
    page.unroute(RULES)
    sent.clear()
    page.goto("/dashboard/overview")
    form = fill(page, case, lambda act: know_rules(page, act))
    assert told(page, form, case.wrong) == by_api
    assert sent == []


def test_a_visitor_without_a_name_and_a_webhook_without_events_are_told_at_their_fields(page, sent, location):
    page.goto("/dashboard/desk")
    know_rules(page, lambda: page.get_by_role("button", name="Pre-register").click())
    form = page.locator("form")
    expect(form.locator("[name=full_name]")).to_have_attribute("required", "")
    expect(form.locator("[name=company]")).not_to_have_attribute("required", "")
    form.get_by_role("button", name="Pre-register").click()
    assert told(page, form, "full_name") == "is required"
    page.goto("/dashboard/settings/webhooks")
    know_rules(page, lambda: page.get_by_role("button", name="Add Webhook").first.click())
    form.locator("[name=url]").fill("https://example.com/")
    form.get_by_role("button", name="Save").click()
    expect(form.locator("fieldset .fault")).to_have_text("is required")
    assert sent == []


def test_a_key_that_may_do_nothing_is_none_that_may_do_everything(page, sent):
    page.goto("/dashboard/settings/api")
    know_rules(page, lambda: page.get_by_role("button", name="Generate API Key").first.click())
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Nothing chosen")
    form.get_by_label("Everything").uncheck()
    form.get_by_label("Read visitors").uncheck()
    form.get_by_role("button", name="Generate API Key").click()
    expect(form.locator("fieldset .fault")).to_have_text("must have at least 1 entries")
    assert sent == []


def test_what_grows_too_long_is_told_while_it_is_written_and_counted_as_people_count(page, sent):
    page.goto("/dashboard/settings/api")
    know_rules(page, lambda: page.get_by_role("button", name="Generate API Key").first.click())
    name = page.get_by_role("dialog").get_by_label("Name")
    name.fill("🔑" * 200)  # Twice as many for a browser.
    expect(name).not_to_have_attribute("aria-invalid", "true")
    name.press("End")
    name.press("x")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("dialog")).to_contain_text("must have at most 200 characters, not 201")
    name.press("Backspace")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("dialog").get_by_role("button", name="Generate API Key").click()
    page.get_by_role("dialog", name="Confirm that it is you").wait_for()  # The API took it so far.
    assert len(sent) == 1


def test_what_the_rules_can_not_say_the_api_says_at_its_field(page, sent):
    """Where an address leads is in no rule of form."""
    page.goto("/dashboard/settings/webhooks")
    know_rules(page, lambda: page.get_by_role("button", name="Add Webhook").first.click())
    form = page.locator("form")
    form.locator("[name=url]").fill("https://10.0.0.1/events")
    form.locator("[name='visitor.checked_in']").check()
    form.get_by_role("button", name="Save").click()
    assert told(page, form, "url")
    assert len(sent) == 1


def test_without_the_rules_a_form_works(page, client, location):
    page.route(RULES, lambda route: route.abort())
    page.goto("/dashboard/desk")
    page.get_by_role("button", name="Pre-register").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("dialog").get_by_role("button", name="Pre-register").click()
    page.get_by_role("dialog", name="Ada is expected").wait_for()
    assert len(client.get("/visitors").json()["visitors"]) == 1
