"""Coming in and going out."""
import re

import pytest

from harness.dashboard import PASSWORD, Person
from harness.porter import parse_id

from .conftest import sign_in


def test_who_follows_an_invitation_is_in(new_page, porter, organization):
    email = "Anna.Invited@example.com"
    link = porter.ctl("people", "create", "--org", organization.id, "--email", email, "--role", "front_desk")["link"]
    page = new_page()
    page.goto(link[link.index("/dashboard"):])
    page.get_by_role("heading", name="Join Ünïted Bäckereien AG").wait_for()
    assert "token" not in page.url.split("#")[0]
    page.get_by_label("Your name").fill("Anna Müller")
    page.get_by_label("Choose a password").fill("short")
    page.get_by_role("button", name="Join").click()
    fault = page.locator("[aria-invalid=true]")
    fault.wait_for()
    assert fault.get_attribute("name") == "password" and page.locator(".fault").inner_text()
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.get_by_role("heading", name="Front desk").wait_for()
    assert page.get_by_role("link", name="Anna Müller").is_visible()
    # The role sees what it may do, and nothing else.
    assert page.get_by_role("link", name="Contractors").count() == 1 and page.get_by_role("link", name="Audit log").count() == 0


def test_a_wrong_password_is_told_and_keeps_what_was_written(new_page, owner):
    page = new_page()
    page.goto("/dashboard/settings/webhooks")
    page.get_by_label("E-mail").fill(owner.email)
    page.get_by_label("Password").fill("wrong password, alas")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").filter(has_text="do not fit together").wait_for()
    assert page.get_by_label("E-mail").input_value() == owner.email
    page.get_by_label("Password").fill(owner.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Webhooks", exact=True).wait_for()  # Where the person wanted to go.


def test_a_session_that_ended_elsewhere_leads_to_the_sign_in(page, porter, owner):
    with porter.database() as db:
        db.execute("DELETE FROM sessions WHERE org_id = %s", (parse_id(owner.organization.id),))
    # A request of the page's own may be first to find out: then there is no link any more.
    page.evaluate("document.querySelector('nav a[href$=contractors]')?.click()")
    page.get_by_role("heading", name="Sign in to Porter").wait_for()


def test_a_page_that_rests_finds_out_that_its_session_ended(new_page, porter, owner):
    owner.organization.location()
    page = new_page()
    sign_in(page, owner)
    page.get_by_text("0 on site").first.wait_for()
    with porter.database() as db:
        db.execute("DELETE FROM sessions WHERE org_id = %s", (parse_id(owner.organization.id),))
    page.get_by_role("heading", name="Sign in to Porter").wait_for()
    assert page.get_by_role("link", name="Contractors").count() == 0


def test_sign_out_leaves_nothing_to_see(page):
    page.get_by_role("link", name="Contractors").click()
    page.get_by_role("heading", name="Contractors").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in to Porter").wait_for()
    page.go_back()
    page.wait_for_url("**/desk")
    page.get_by_role("heading", name="Sign in to Porter").wait_for()


def test_another_organization_is_not_to_be_seen(new_page, porter, page):
    other = porter.organization(name="Another")
    stranger = Person(porter, other)
    seen = new_page()
    sign_in(seen, stranger)
    seen.get_by_text("No location yet").wait_for()


def test_what_is_written_outlives_the_session(page, porter, organization, owner):
    organization.location()
    page.reload()
    page.get_by_role("button", name="Pre-register").click()
    form = page.get_by_role("dialog", name="Pre-register a visitor")
    form.get_by_label("Name", exact=True).fill("Half Written")
    with porter.database() as db:
        db.execute("DELETE FROM sessions WHERE org_id = %s", (parse_id(organization.id),))
    form.get_by_role("button", name="Pre-register").click()
    again = page.get_by_role("dialog", name="Your session has ended")
    again.get_by_label("Password").fill(owner.password)
    again.get_by_role("button", name="Sign in", exact=True).click()
    again.wait_for(state="detached")
    assert form.get_by_label("Name", exact=True).input_value() == "Half Written"
    form.get_by_role("button", name="Pre-register").click()
    page.get_by_role("dialog", name="Half Written is expected").wait_for()


def test_a_start_without_the_database_says_so_and_goes_on(page, faults):
    answers = []

    def refuse(route):
        if answers:
            route.continue_()
        else:
            answers.append(503)
            route.fulfill(status=503, content_type="application/problem+json",
                          body='{"type":"about:blank","title":"Unavailable","status":503,"detail":"Try again in a moment."}')

    page.route("**/dashboard/api/session", refuse)
    page.reload()
    page.get_by_text("Try again in a moment.").wait_for()
    page.get_by_role("heading", name="Front desk").wait_for()  # By itself.
    assert [fault for fault in faults.seen if not fault.startswith("503 ")] == []
    faults.seen.clear()


def end_sessions(porter, organization):
    with porter.database() as db:
        db.execute("DELETE FROM sessions WHERE org_id = %s", (parse_id(organization.id),))


@pytest.mark.parametrize("path, label, text", [("settings/webhooks/{hook}?view=debug", "Body", '{"id":"evt_1"}'), ("evacuations", "Reason", "Smoke on the second floor"),
                                               ("account", "Current password", "what it was before")], ids=["debugger", "reason", "account"])
def test_what_is_written_on_a_screen_outlives_the_session(page, porter, organization, owner, path, label, text):
    """Something that the page asks by itself finds out."""
    organization.location()
    hook = organization.webhook(porter.receiver().url()).id
    page.goto(f"/dashboard/{path.format(hook=hook)}")
    field = page.get_by_label(re.compile(rf"^{label}( \(optional\))?$"))
    field.fill(text)
    end_sessions(porter, organization)
    again = page.get_by_role("dialog", name="Your session has ended")
    again.wait_for(timeout=40_000)
    again.get_by_label("Password").fill(owner.password)
    again.get_by_role("button", name="Sign in", exact=True).click()
    again.wait_for(state="detached")
    assert field.input_value() == text


def test_what_was_written_and_taken_back_is_nothing_to_keep(page, porter, organization):
    organization.location()
    page.goto("/dashboard/evacuations")
    field = page.get_by_label("Reason (optional)")
    field.fill("Smoke")
    field.fill("")
    end_sessions(porter, organization)
    page.get_by_role("heading", name="Sign in to Porter").wait_for(timeout=40_000)
