"""The latest calls of a key, as they come."""
import pytest
from playwright.sync_api import expect


@pytest.fixture
def key(organization):
    return organization.key(name="Lobby screen")


@pytest.fixture
def caller(organization, key):
    return organization.client(key=key)


@pytest.fixture
def rows(page, key):
    page.goto(f"/dashboard/settings/api/{key.id}")
    return page.get_by_role("table", name="Calls").locator("tbody tr")


def test_a_call_is_listed_while_one_looks(page, rows, caller):
    page.get_by_text("Each request with this key is listed here within moments").wait_for()
    asked = caller.get("/locations").headers["X-Request-Id"]
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(asked)


def test_a_new_call_leaves_the_later_pages_as_they_are(page, rows, caller):
    ids = [caller.get("/locations").headers["X-Request-Id"] for _ in range(30)]
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(30)
    newest = caller.get("/locations").headers["X-Request-Id"]
    expect(rows).to_have_count(31)
    expect(rows.locator("td:last-child")).to_have_text([newest, *reversed(ids)])
