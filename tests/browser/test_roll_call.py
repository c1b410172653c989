"""The roll-call of very many: quick to look through, whole on paper, read to its end on a slow line."""
import re

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, sign_in

COUNT = 1200
NAMES = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Anna Müller", "Ngozi Okafor", "Liam O’Brien", "Ivan Petrov", "Sofia Rossi", "Mehmet Öztürk", "Zoë Łukasiewicz")
# Of the rows: how many are laid out, how many are to be seen at all.
SEEN = """() => { const rows = [...document.querySelectorAll("ul.roll > li")];
  return [rows.filter((row) => row.firstElementChild.checkVisibility({contentVisibilityAuto: true})).length, rows.filter((row) => row.checkVisibility()).length]; }"""
# Rows that come or go, and what is written into them, while somebody types.
WATCH = """() => { window.changes = []; new MutationObserver((found) => changes.push(...found.filter((one) => one.attributeName !== "class").map((one) => one.type)))
  .observe(document.querySelector("ul.roll"), {subtree: true, childList: true, characterData: true, attributes: true}); }"""


@pytest.fixture
def evacuation(client, location):
    for name in NAMES:
        visitor = client.pre_register(location, full_name=name)
        assert client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
    return client.post("/evacuations", json={"location_id": location}).json()


def person(number):
    return {"visitor_id": f"vis_{number:026}", "full_name": f"Visitor {number:04}", "host": None, "checked_in_at": "2026-03-01T09:00:00Z",
            "accounted_for": False, "accounted_for_at": None, "accounted_for_by": None}


def fill(page, evacuation):
    """The answer is ours: of thousands."""
    whole = {**evacuation, "on_site": [person(number) for number in range(COUNT)], "on_site_count": COUNT}
    page.route(f"**/dashboard/api/v1/evacuations/{evacuation['id']}", lambda route: route.fulfill(json=whole))


def test_what_is_searched_for_leaves_nobody_out_on_paper(page, evacuation):
    page.goto(f"/dashboard/evacuations/{evacuation['id']}")
    rows = page.locator("ul.roll > li")
    expect(rows).to_have_count(len(NAMES))
    page.get_by_role("searchbox", name="Find a person").fill("ada")
    expect(rows.filter(visible=True)).to_have_count(1)
    page.emulate_media(media="print")
    expect(rows.filter(visible=True)).to_have_count(len(NAMES))
    for name in NAMES:
        expect(rows.filter(has_text=name)).to_be_visible()
    page.emulate_media(media="screen")
    expect(rows.filter(visible=True)).to_contain_text(["Ada Lovelace"])


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
def test_of_thousands_only_who_is_near_is_laid_out_and_all_are_printed(new_page, owner, evacuation, viewport):
    page = new_page(**({"viewport": viewport} if viewport else {}))
    fill(page, evacuation)
    sign_in(page, owner)
    page.goto(f"/dashboard/evacuations/{evacuation['id']}")
    page.locator("button.person").first.wait_for()  # By their roles so many are looked for too slowly.
    assert page.locator("button.person").first.bounding_box()["height"] >= 60
    laid_out, there = page.evaluate(SEEN)
    assert laid_out < 300 and there == COUNT
    page.evaluate(WATCH)
    page.get_by_role("searchbox", name="Find a person").press_sequentially("1199")
    expect(page.locator("ul.roll > li").filter(visible=True)).to_have_text([re.compile("^Visitor 1199")])
    assert page.evaluate("changes") == []  # No row is made anew for a letter.
    page.emulate_media(media="print")
    assert page.evaluate(SEEN) == [COUNT, COUNT]


def test_who_has_the_roster_is_not_sent_it_again_until_it_changes(page, evacuation, client):
    address = f"/evacuations/{evacuation['id']}"
    page.goto(f"/dashboard{address}")
    page.get_by_label("10 missing").wait_for()
    with page.expect_response(lambda answer: answer.url.endswith(f"/api/v1{address}")) as again:
        pass
    assert again.value.status == 304
    client.post(f"{address}/roll-call", json={"accounted_for": [evacuation["on_site"][0]["visitor_id"]]})
    page.get_by_label("9 missing, 1 of 10 accounted for").wait_for()


def test_a_roster_of_many_pages_comes_on_a_line_slower_than_it_is_looked_at(page, evacuation):
    """Of more people than one answer holds. Each look finds that something has changed."""
    looks, waiting = [], []

    def look(route):
        looks.append(route)
        route.fulfill(json={**evacuation, "on_site": [], "updated_at": f"2026-03-01T09:00:{len(looks):02}.000Z"})

    page.route(f"**/dashboard/api/v1/evacuations/{evacuation['id']}", look)
    page.route("**/on-site?*", lambda route: waiting.append(route))  # Answered when we say so.
    page.clock.install()
    page.goto(f"/dashboard/evacuations/{evacuation['id']}")
    for _ in range(3):
        with page.expect_response(f"**/dashboard/api/v1/evacuations/{evacuation['id']}"):
            page.clock.run_for(5100)
    assert len(looks) >= 3
    assert len(waiting) == 1
    waiting[0].fulfill(json={"on_site": evacuation["on_site"], "pagination": {"has_more": False, "next_cursor": None}})
    page.get_by_label("10 missing").wait_for()


def test_a_mark_outlives_an_answer_from_before_it(page, evacuation, client):
    """The roster of a look that began before the mark and ends after it."""
    address, late = f"**/dashboard/api/v1/evacuations/{evacuation['id']}", []
    page.goto(f"/dashboard/evacuations/{evacuation['id']}")
    page.get_by_label("10 missing").wait_for()
    page.route(address, lambda route: late.append(route))
    with page.expect_request(address):
        pass
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_label("9 missing").wait_for()
    late[0].fulfill(json=evacuation)
    with page.expect_request(address):  # The next look: the one before has been taken in.
        pass
    assert page.get_by_label("9 missing, 1 of 10 accounted for").count() == 1
    assert page.get_by_role("button", name="Ada Lovelace").get_attribute("aria-pressed") == "true"
