"""What comes up only when something is shown once, goes wrong or is not there: no violation in it either, light or dark. Dialogs
that one button opens are in screens.py."""
import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from harness.dashboard import Person, totp
from harness.poll import eventually

from .axe import violations
from .conftest import confirm, sign_in
from .screens import rest, until_there

STATES = {}


def state(work):
    """A way into a state, from a page that is signed in. Its name is the work's."""
    STATES[work.__name__] = work
    return work


@pytest.fixture(params=["light", "dark"])
def looked_at(request, new_page):
    """looked_at(): a page of this scheme."""
    return lambda: new_page(color_scheme=request.param, reduced_motion="reduce")


def press(page, name, dialog=None):
    (dialog or page).get_by_role("button", name=name, exact=True).first.click()


def send_wrong(page, button, **fields):
    """Sends the dialog's form; there is a fault at a field, or above the buttons."""
    dialog = page.get_by_role("dialog")
    for label, value in fields.items():
        dialog.get_by_label(re.compile(rf"^{label}( \(optional\))?$")).fill(value)
    press(page, button, dialog)
    dialog.locator("[aria-invalid=true], .fault, [role=alert]").first.wait_for()


@state
def faults_of_a_visitor(page, of):
    page.goto("/dashboard/desk")
    press(page, "Pre-register")
    send_wrong(page, "Pre-register")


@state
def faults_of_a_walk_in(page, of):
    page.goto("/dashboard/desk")
    press(page, "Walk-in")
    send_wrong(page, "Check in", Name="Grace Hopper", Badge="B" * 61)


@state
def faults_of_a_contractor(page, of):
    page.goto("/dashboard/contractors")
    press(page, "Enter a contractor")
    send_wrong(page, "Enter", Company="Blitz", Phone="none")


@state
def faults_of_a_webhook(page, of):
    page.goto("/dashboard/settings/webhooks")
    press(page, "Add Webhook")
    page.get_by_role("dialog").locator("summary", has_text="Client certificate").click()
    send_wrong(page, "Save", URL="https://10.0.0.1/hook")
    page.get_by_role("dialog").locator(".verdict.bad").wait_for()


@state
def faults_of_an_invitation(page, of):
    page.goto("/dashboard/settings/people")
    press(page, "Invite")
    send_wrong(page, "Make the invitation", **{"E-mail": "nobody"})


@state
def a_wrong_password_at_the_confirmation(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.hook}")
    press(page, "Reveal")
    send_wrong(page, "Confirm", Password="not this one, alas")


@state
def a_secret_that_is_revealed_and_rotated(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.hook}")
    press(page, "Reveal")
    confirm(page, of.owner)
    page.get_by_role("button", name="Copy secret").wait_for()
    press(page, "Rotate")
    press(page, "Make a new secret", page.get_by_role("dialog"))
    page.get_by_text("The secret before signs too").wait_for()


@state
def faults_of_a_key(page, of):  # After a confirmation, in the same session.
    page.goto("/dashboard/settings/api")
    press(page, "Generate API Key")
    page.get_by_role("dialog").get_by_label("Everything").uncheck()
    press(page, "Generate API Key", page.get_by_role("dialog"))
    page.get_by_role("dialog").locator("[aria-invalid=true]").wait_for()


@state
def a_key_that_is_shown_once(page, of):
    page.goto("/dashboard/settings/api")
    press(page, "Generate API Key")
    page.get_by_role("dialog").get_by_label("Name").fill("Once")
    press(page, "Generate API Key", page.get_by_role("dialog"))
    page.get_by_role("dialog", name="Your new API key").wait_for()


@state
def a_key_that_is_in_use_and_would_be_revoked(page, of):
    page.get_by_label("I have stored the key").check()
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    page.get_by_role("button", name=f"Revoke {of.key_name}").click()
    page.get_by_role("dialog").get_by_text("It is in use").wait_for()


@state
def a_link_that_is_shown_once(page, of):
    page.goto("/dashboard/settings/people")
    press(page, "Invite")
    page.get_by_role("dialog").get_by_label("E-mail").fill(f"{of.owner.id}@example.com")
    press(page, "Make the invitation", page.get_by_role("dialog"))
    page.get_by_label("Invitation link").wait_for()


@state
def a_second_step(page, of):
    page.goto("/dashboard/account")
    press(page, "Set up")
    page.get_by_role("img", name="QR code for the authenticator").wait_for()
    page.get_by_text("It can’t be scanned").click()


@state
def a_second_step_that_would_be_turned_off(page, of):
    dialog = page.get_by_role("dialog", name="Second step")
    dialog.get_by_label("Code", exact=True).fill(totp(dialog.locator(".secret code").inner_text()))
    press(page, "Turn it on", dialog)
    press(page, "Turn off")
    page.get_by_role("dialog", name="Turn the second step off?").wait_for()


@state
def a_test_that_arrived(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.hook}")
    press(page, "Test")
    page.get_by_text("Your endpoint took it").wait_for()


@state
def a_test_that_did_not(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.broken}")
    press(page, "Test")
    page.get_by_text("It did not arrive").wait_for()


@state
def what_was_given_up(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.broken}?view=undelivered")
    page.get_by_role("button", name="Recover since…").wait_for()


@state
def recovering_it(page, of):
    press(page, "Recover since…")
    page.get_by_role("dialog", name="Recover what failed").wait_for()


@state
def a_signature_that_does_not_verify(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.hook}?view=debug")
    page.get_by_label("Headers", exact=True).fill("0" * 64)
    page.get_by_label("Body", exact=True).fill("{}")
    press(page, "Check the signature")
    page.get_by_text("It does not verify").wait_for()


@state
def filters_that_nothing_fits(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.hook}?view=log&state=held")
    page.get_by_text("Nothing fits these filters").wait_for()


@state
def the_keys(page, of):
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()


@state
def a_toast_with_a_way_back(page, of):
    page.goto(f"/dashboard/settings/webhooks/{of.hook}")
    press(page, "Disable")
    page.get_by_role("button", name="Undo").wait_for()


@state
def a_search_that_finds_nothing(page, of):
    page.goto("/dashboard/desk")
    page.get_by_role("searchbox").fill("nobody of this name")
    page.get_by_text("Nobody fits").wait_for()


@state
def visits_that_are_overdue(page, of):
    page.goto("/dashboard/desk?view=overdue")
    page.get_by_text("(overdue)").first.wait_for()


@state
def one_of_very_many_locations(page, of):
    def many(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "pagination": {"has_more": True, "next_cursor": "none", "limit": 200}})

    page.route("**/dashboard/api/v1/locations?limit=200", many)
    page.goto("/dashboard/desk")
    page.get_by_role("button", name="Location: ").click()
    page.get_by_role("dialog", name="Choose a location").get_by_role("listitem").first.wait_for()


@state
def an_evacuation_that_would_be_activated(page, of):
    page.unroute("**/dashboard/api/v1/locations?limit=200")
    page.goto("/dashboard/evacuations")
    page.get_by_role("button", name="Activate evacuation").evaluate("button => button.click()")
    page.get_by_role("dialog", name="Activate evacuation?").wait_for()


@state
def one_who_would_be_missing_after_all(page, of):
    press(page, "Activate evacuation", page.get_by_role("dialog"))
    person = page.get_by_role("button", name="Ada Lovelace")
    person.click()
    page.get_by_label("0 missing, 1 of 1 accounted for").wait_for()
    person.click()
    page.get_by_role("dialog", name="Not found after all?").wait_for()


@state
def an_evacuation_that_goes_on_elsewhere(page, of):
    page.goto("/dashboard/contractors")
    page.get_by_role("alert").filter(has_text="An evacuation is going on").wait_for()
    until_there(page)


@state
def the_report_of_an_evacuation(page, of):
    page.get_by_role("link", name="Go to the roll-call").click()
    press(page, "End evacuation")
    press(page, "End evacuation", page.get_by_role("dialog"))
    page.get_by_text("Found", exact=True).wait_for()


@state
def a_path_that_is_none(page, of):
    page.goto("/dashboard/nothing/here")
    until_there(page)


@state
def a_thing_that_is_gone(page, of):
    page.goto("/dashboard/settings/webhooks/whk_01jndp8w1qe2v8m5tq2k3x4y00")
    page.get_by_role("alert").wait_for()


@state
def a_screen_that_did_not_come(page, of):
    page.route("**/assets/audit-*.js", lambda route: route.abort())
    page.goto("/dashboard/settings/audit")
    page.get_by_role("heading", name="This page could not be shown").wait_for()


@state
def a_line_that_is_broken(page, of):
    page.goto("/dashboard/contractors")
    page.get_by_text("Nobody waits for approval").wait_for()
    page.context.set_offline(True)
    page.evaluate("document.querySelector('nav a[href$=overview]').click()")
    page.get_by_role("alert").filter(has_text="Porter can’t be reached").wait_for()


@state
def a_session_that_ended_under_a_form(page, of):
    page.context.set_offline(False)
    page.goto("/dashboard/desk")
    press(page, "Pre-register")
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Half Written")
    page.context.clear_cookies()
    press(page, "Pre-register", page.get_by_role("dialog"))
    page.get_by_role("dialog", name="Your session has ended").wait_for()


@state
def a_sign_in_that_is_refused(page, of):
    page.goto("/dashboard/")
    page.get_by_label("E-mail").fill(of.owner.email)
    page.get_by_label("Password").fill("not this one, alas")
    press(page, "Sign in")
    page.get_by_role("alert").wait_for()


@state
def a_start_without_the_database(page, of):
    page.route("**/dashboard/api/session", lambda route: route.fulfill(status=503, content_type="application/problem+json",
               body='{"type":"about:blank","title":"Unavailable","status":503,"detail":"Try again in a moment."}'))
    page.goto("/dashboard/desk")
    page.get_by_text("Try again in a moment.").wait_for()


@state
def an_invitation(page, of):
    link = of.porter.ctl("people", "create", "--org", of.organization.id, "--email", f"to.{of.owner.id}@example.com", "--role", "viewer")["link"]
    page.goto(link[link.index("/dashboard"):])
    page.get_by_label("Your name").wait_for()
    page.get_by_label("Choose a password").fill("short")
    page.get_by_role("button", name="Join").click()
    page.locator("[aria-invalid=true]").first.wait_for()


@state
def an_invitation_that_does_not_work(page, of):
    page.goto("about:blank")
    page.goto(of.owner.link[of.owner.link.index("/dashboard"):])  # It was used.
    page.get_by_role("heading", name="This invitation does not work").wait_for()


class Things:
    """An organization with what the states are about."""

    def __init__(self, porter):
        self.porter, self.organization = porter, porter.organization()
        self.owner = Person(porter, self.organization)
        place, self.key_name = self.organization.location(), "In use"
        client = self.organization.client(key=self.organization.key(name=self.key_name))
        self.hook = self.organization.webhook(porter.receiver().url()).id
        broken = client.post("/webhooks", json={"url": porter.receiver(lambda got: (500, {}, b"out of paper")).url(), "retry_schedule": {"waits_seconds": [1]},
                                                "events": ["visitor.pre_registered"]}).json()
        self.broken = broken["id"]
        client.pre_register(place, full_name="Zoë Łukasiewicz")
        client.pre_register(place, full_name="Night Guest", expected_at=(datetime.now(timezone.utc) - timedelta(days=2)).isoformat())
        client.post(f"/visitors/{client.pre_register(place, full_name='Ada Lovelace')['id']}/check-in")
        eventually(lambda: client.get(f"/webhooks/{self.broken}/deliveries?state=failed").json()["deliveries"], 30, "one is given up")


@pytest.mark.timeout(900)
def test_no_state_has_a_violation(looked_at, porter, faults):
    of, page = Things(porter), looked_at()
    sign_in(page, of.owner)
    found = {}
    for name, work in STATES.items():
        work(page, of)
        rest(page)
        seen = violations(page)
        if seen:
            found[name] = seen
    print(json.dumps(found, indent=1))
    assert not found, found
    assert [fault for fault in faults.seen if not fault.startswith("503 ")] == []
    faults.seen.clear()


EMPTY = {"overview": "Quiet so far", "desk": "No location yet", "contractors": "Nobody waits for approval", "evacuations": "None so far", "settings/api": "No API key yet",
         "settings/webhooks": "No webhook yet", "settings/audit": "Nothing yet"}


def test_no_empty_screen_has_a_violation(looked_at, porter):
    organization = porter.organization()
    page = looked_at()
    sign_in(page, Person(porter, organization))
    # Making the first person is noted already.
    page.route("**/dashboard/api/audit*", lambda route: route.fulfill(json={"entries": [], "pagination": {"has_more": False}}))
    found = {}
    for path, words in EMPTY.items():
        page.goto(f"/dashboard/{path}")
        page.get_by_text(words).wait_for()
        expect(page.locator(".waiting")).to_have_count(0)
        rest(page)
        seen = violations(page)
        if seen:
            found[path] = seen
    assert not found, found


def test_what_is_not_for_ones_role_has_no_violation(looked_at, porter, organization):
    page = looked_at()
    sign_in(page, Person(porter, organization, role="viewer"))
    for path in ("settings/people", "settings/webhooks", "settings/api", "desk"):
        page.goto(f"/dashboard/{path}")
        until_there(page)
        rest(page)
        assert not violations(page), path
