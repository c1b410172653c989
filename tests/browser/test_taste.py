"""Colours, paper, and what a key may do."""
import requests
from playwright.sync_api import expect

from .conftest import confirm, sign_in

PAPER = "getComputedStyle(document.documentElement).backgroundColor"


def test_the_colours_are_chosen_and_kept(new_page, owner):
    page = new_page(color_scheme="light")
    sign_in(page, owner)
    light = page.evaluate(PAPER)
    page.get_by_role("button", name="Colours: auto").click()
    page.get_by_role("button", name="Colours: light").click()
    page.get_by_role("button", name="Colours: dark").wait_for()
    dark = page.evaluate(PAPER)
    assert dark != light
    page.reload()
    page.get_by_role("button", name="Colours: dark").wait_for()
    assert page.evaluate(PAPER) == dark
    page.emulate_media(color_scheme="dark")
    page.get_by_role("button", name="Colours: dark").click()
    page.get_by_role("button", name="Colours: auto").wait_for()
    assert page.evaluate(PAPER) == dark  # Now as the system has it.
    page.emulate_media(color_scheme="light")
    assert page.evaluate(PAPER) == light


def test_the_report_of_an_evacuation_is_printed_as_paper(page, organization):
    client, place = organization.client(), organization.location()
    for name in ("Ada Lovelace", "Alan Turing"):
        client.post(f"/visitors/{client.pre_register(place, full_name=name)['id']}/check-in")
    made = client.post("/evacuations", json={"location_id": place, "reason": "Smoke"}).json()
    client.post(f"/evacuations/{made['id']}/roll-call", json={"accounted_for": [made["on_site"][0]["visitor_id"]], "marked_by": "Maja"})
    client.post(f"/evacuations/{made['id']}/end")
    page.goto(f"/dashboard/evacuations/{made['id']}")
    page.get_by_text("found by Maja").wait_for()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
    page.emulate_media(media="print", color_scheme="dark")
    for name in ("Ada Lovelace", "Alan Turing", "Smoke", "found by Maja", "Missing"):
        expect(page.locator("main").get_by_text(name).first).to_be_visible()
    for hidden in (page.locator("nav"), page.get_by_role("button", name="Print"), page.get_by_role("button", name="CSV"), page.get_by_role("link", name="Evacuation")):
        expect(hidden.first).to_be_hidden()
    # No ink for a dark page.
    assert page.evaluate(PAPER) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.person strong')).color.match(/\\d+/g).every(part => part < 100)")


def test_a_key_may_do_what_was_chosen_and_nothing_else(page, porter, owner):
    page.get_by_role("navigation", name="Main").get_by_role("link", name="API", exact=True).click()
    page.get_by_role("button", name="Generate API Key").first.click()
    dialog = page.get_by_role("dialog", name="Generate API Key")
    dialog.get_by_label("Name").fill("Reader")
    dialog.get_by_label("Everything").uncheck()
    expect(dialog.get_by_label("Read visitors", exact=True)).to_be_checked()
    dialog.get_by_label("Read locations").check()
    dialog.get_by_label("Expires").select_option("30")
    dialog.get_by_role("button", name="Generate API Key").click()
    confirm(page, owner)
    shown = page.get_by_role("dialog", name="Your new API key")
    key = shown.get_by_label("API key", exact=True).inner_text()
    shown.get_by_label("I have stored the key").check()
    shown.get_by_role("button", name="Done").click()

    def status(path):
        return requests.get(f"{porter.gateways[0].url}/api/v1/{path}", headers={"X-API-Key": key}, verify=str(porter.tls / "ca.pem"), timeout=20).status_code

    assert [status(path) for path in ("visitors", "locations", "contractors", "webhooks")] == [200, 200, 403, 403]
    page.get_by_role("link", name="Reader").click()
    may = page.locator(".card", has=page.get_by_role("heading", name="May do"))
    expect(may.get_by_role("listitem")).to_have_count(2)
