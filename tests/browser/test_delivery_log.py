"""The log of a webhook's deliveries: its filters, which are in the address."""
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from harness.poll import eventually

from .keyboard import pick, press_on, stays, tab_to

ARRIVED, FAILED = "visitor.pre_registered", "visitor.checked_in"


@pytest.fixture
def hook(porter, client, location):
    """One delivery arrived, one of another event was given up."""
    receiver = porter.receiver(lambda got: (500 if got.headers["x-porter-event"] == FAILED else 204, {}, b""))
    made = client.post("/webhooks", json={"url": receiver.url(), "events": [ARRIVED, FAILED], "retry_schedule": {"waits_seconds": [1]}}).json()["id"]
    visitor = client.pre_register(location, full_name="Ada Lovelace")
    client.post(f"/visitors/{visitor['id']}/check-in")
    eventually(lambda: {one["state"] for one in client.get(f"/webhooks/{made}/deliveries").json()["deliveries"]} == {"delivered", "failed"}, 30, "both have ended")
    return made


@pytest.fixture
def log(page, hook):
    page.goto(f"/dashboard/settings/webhooks/{hook}?view=log")
    shows(page, ARRIVED, FAILED)
    return page


def shows(page, *events):
    rows = page.get_by_role("table", name="Deliveries").locator("tbody tr")
    if events:
        expect(rows).to_have_count(len(events))
        assert sorted(rows.locator("td:nth-child(2) > code").all_inner_texts()) == sorted(events)
    else:
        page.get_by_text("Nothing fits these filters").wait_for()


def outlives(page, words, *events):
    """What is chosen stands in the address, and the page that is loaded anew shows the same."""
    page.wait_for_url(lambda url: words in url)
    shows(page, *events)
    page.reload()
    shows(page, *events)


def test_the_state_is_chosen(log):
    log.get_by_label("State").select_option(label="Failed")
    outlives(log, "state=failed", FAILED)
    expect(log.get_by_label("State")).to_have_value("failed")
    log.get_by_label("State").select_option(label="Delivered")
    outlives(log, "state=delivered", ARRIVED)
    log.get_by_label("State").select_option(label="Held")
    outlives(log, "state=held")
    # The way back leads through what was chosen before.
    log.get_by_role("button", name="Clear").click()
    shows(log, ARRIVED, FAILED)
    assert "state=" not in log.url and log.get_by_role("button", name="Clear").count() == 0


def test_the_event_is_chosen_and_more_narrows_it(log):
    log.get_by_label("Event", exact=True).select_option(ARRIVED)
    outlives(log, f"event_type={ARRIVED}", ARRIVED)
    expect(log.get_by_label("Event", exact=True)).to_have_value(ARRIVED)
    log.get_by_label("State").select_option(label="Failed")
    outlives(log, "state=failed")


def test_the_time_is_chosen(log):
    now = datetime.now()

    def at(days):
        return (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")

    for label, name, days, events in (("From", "from", -2, [ARRIVED, FAILED]), ("To", "to", -1, []), ("To", "to", 2, [ARRIVED, FAILED]), ("From", "from", 1, [])):
        log.get_by_label(label, exact=True).fill(at(days))
        log.get_by_label(label, exact=True).dispatch_event("change")
        outlives(log, f"{name}={at(days)}".replace(":", "%3A"), *events)
        expect(log.get_by_label(label, exact=True)).to_have_value(at(days))
    log.get_by_role("button", name="Clear").click()
    shows(log, ARRIVED, FAILED)
    expect(log.get_by_label("From", exact=True)).to_have_value("")


def test_the_filters_by_keyboard_alone(log):
    pick(log, log.get_by_label("State"), "Fa", "failed")
    outlives(log, "state=failed", FAILED)
    pick(log, log.get_by_label("Event", exact=True), ARRIVED, ARRIVED)
    outlives(log, f"event_type={ARRIVED}")
    press_on(log, log.get_by_role("button", name="Clear"))
    shows(log, ARRIVED, FAILED)
    stays(log)
    end = log.get_by_label("To", exact=True)
    tab_to(log, end)
    for _ in range(6):  # Day, month and so on, in the order of whatever country: this year's first days.
        log.keyboard.press("ArrowUp")
        log.keyboard.press("ArrowRight")
    chosen = end.input_value()
    assert datetime.fromisoformat(chosen) < datetime.now()
    outlives(log, f"to={chosen}".replace(":", "%3A"))
    press_on(log, log.get_by_role("button", name="Clear"))
    expect(end).to_have_value("")
    shows(log, ARRIVED, FAILED)
    stays(log)
    press_on(log, log.get_by_role("button", name="Refresh"))
    shows(log, ARRIVED, FAILED)
