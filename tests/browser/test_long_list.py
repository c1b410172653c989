"""Thousands of rows: the page holds few of them at a time, whatever was loaded."""
import pytest

from harness.poll import eventually

from .conftest import DESK, PHONE, sign_in

COUNT = 10_000
ROWS_MAX = 200
MIDDLE = "document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('li.visitor')?.querySelector('.name').textContent.trim()"


def visitor(number, place):
    return {"id": f"vis_{number:026}", "status": "expected", "full_name": f"Visitor {number}", "company": "Contoso " * (number % 12), "host": None,
            "location_id": place, "expected_at": None, "checked_in_at": None, "checked_out_at": None, "badge_number": None}


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_ten_thousand_rows_are_few_in_the_page(new_page, organization, owner, viewport):
    """The answer is ours: a person would press "Show more" two hundred times."""
    place = organization.location()
    answer = {"visitors": [visitor(number, place) for number in range(COUNT)], "pagination": {"has_more": False}}
    page = new_page(viewport=viewport)
    page.route("**/dashboard/api/v1/visitors?*", lambda route: route.fulfill(json=answer))
    sign_in(page, owner)
    rows = page.get_by_role("list", name="Visitors").locator("li.visitor")
    rows.first.wait_for()

    def seen():
        assert rows.count() <= ROWS_MAX
        return page.evaluate("""() => [...document.querySelectorAll('li.visitor')].filter(node => {
            const box = node.getBoundingClientRect(); return box.top < innerHeight && box.bottom > 0; }).length""")

    tall = page.evaluate("document.documentElement.scrollHeight")
    assert tall > COUNT * 40
    for part in (0.3, 0.7, 0.1, 0.99):
        page.evaluate("part => scrollTo(0, document.documentElement.scrollHeight * part)", part)
        eventually(lambda: page.evaluate(MIDDLE), 10, "rows where one looks")
        assert seen() > 3
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.get_by_role("listitem").filter(has_text=f"Visitor {COUNT - 1}").wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("listitem").filter(has_text="Visitor 0").first.wait_for()
    # What is done to a row deep in the list is done to this one.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    number = eventually(lambda: page.evaluate(MIDDLE), 10, "a row in the middle")
    page.get_by_role("button", name=f"Check in {number}", exact=True).click()
    page.get_by_role("dialog", name=f"Check in {number}").wait_for()
