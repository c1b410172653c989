"""On a phone no control that has the focus lies under what is stuck to the screen's edge (WCAG 2.2, 2.4.11)."""
import pytest
from playwright.sync_api import expect

from harness.dashboard import Person

from .conftest import PHONE, sign_in
from .keyboard import press_on, stays, tab_to
from .screens import SCREENS, furnish, show

STOPS_MAX = 150
# What has the focus, once: null when there is nothing new, or why it is not to be seen. Of what is taller than the room
# between the bars only some must be seen.
LOOK = """() => {
  const it = document.activeElement;
  const ROUND = 5; // What is behind a round corner hides nothing.
  window.looked ??= new WeakSet();
  if (it === document.body || looked.has(it)) return null;
  looked.add(it);
  const isStuck = (node) => node && !node.contains(it) && (["sticky", "fixed"].includes(getComputedStyle(node).position) ? node : isStuck(node.parentElement));
  const {left, right, top, bottom} = it.getBoundingClientRect();
  const along = (from, to) => [from + ROUND, (from + to) / 2, to - ROUND];
  const points = along(left, right).flatMap((x) => along(top, bottom).map((y) => [x, y]));
  const seen = points.map(([x, y]) => document.elementFromPoint(x, y)).map((node) => node === null ? "beyond the edge" : isStuck(node)?.className);
  const hidden = seen.filter(Boolean);
  const isTall = bottom - top > 300;
  return {what: it.outerHTML.slice(0, 120), under: hidden.length > (isTall ? points.length - 1 : 0) ? hidden[0] : null};
}"""


@pytest.fixture(scope="module")
def furnished(porter):
    organization = porter.organization()
    return Person(porter, organization), furnish(porter, organization)


@pytest.fixture
def phone(new_page, furnished):
    page = new_page(viewport=PHONE, reduced_motion="reduce")
    sign_in(page, furnished[0])
    return page


def go_through(page, key):
    """All stops from here to the last: how many, and what is hidden at which."""
    count, faults, idle = 0, [], 0
    while idle < 3 and count < STOPS_MAX:  # At the end the focus leaves the page, and comes in again.
        page.keyboard.press(key)
        found = page.evaluate(LOOK)
        idle = 0 if found else idle + 1
        count += found is not None
        if found and found["under"]:
            faults.append(f"under {found['under']}: {found['what']}")
    return count, faults


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_no_bar_hides_what_has_the_focus(phone, furnished, key):
    faults, stops = [], 0
    for screen in SCREENS:
        show(phone, screen, furnished[1])
        count, found = go_through(phone, key)
        stops += count
        assert count > 0, screen.name
        faults += [f"{screen.name}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    assert stops > 8 * len(SCREENS)


def test_no_bar_hides_it_while_porter_is_away(phone, furnished):
    show(phone, next(one for one in SCREENS if one.name == "contractors"), furnished[1])
    phone.route("**/dashboard/api/**", lambda route: route.abort())
    phone.get_by_text("Porter can’t be reached").wait_for()
    for key in ("Tab", "Shift+Tab"):
        phone.evaluate("window.looked = new WeakSet()")
        count, faults = go_through(phone, key)
        assert count > 8 and not faults, (key, faults)


def test_what_was_just_done_is_said_over_nothing_that_has_the_focus(new_page, owner, client, location):
    for number in range(8):
        client.post(f"/visitors/{client.pre_register(location, full_name=f'Guest {number}')['id']}/check-in")
    page = new_page(viewport=PHONE, reduced_motion="reduce")
    sign_in(page, owner)
    page.goto("/dashboard/desk?view=checked_in")
    press_on(page, page.get_by_role("button", name="Check out Guest 7"))
    toast = page.locator(".toast")
    toast.hover()  # It stays while somebody is at it.
    for key in ("Tab", "Shift+Tab"):
        page.evaluate("window.looked = new WeakSet()")
        count, faults = go_through(page, key)
        assert count > 12 and not faults, (key, faults)
    expect(toast).to_be_visible()


def test_the_menu_hides_nothing_that_has_the_focus(phone):
    menu = phone.get_by_role("button", name="Menu")
    press_on(phone, menu)
    nav = phone.get_by_role("navigation", name="Main")
    tab_to(phone, nav.get_by_role("button", name="Sign out"))
    expect(menu).to_have_attribute("aria-expanded", "true")
    phone.keyboard.press("Tab")
    # Whoever goes on has left it.
    stays(phone)
    expect(nav).to_be_hidden()
    expect(menu).to_have_attribute("aria-expanded", "false")
    assert phone.evaluate(LOOK)["under"] is None


def test_a_way_back_does_not_go_while_it_has_the_focus(new_page, porter, organization, owner):
    hook = organization.webhook(porter.receiver().url())
    page = new_page()
    page.clock.install()
    sign_in(page, owner)
    page.goto(f"/dashboard/settings/webhooks/{hook.id}")
    press_on(page, page.get_by_role("button", name="Disable", exact=True))
    back = page.get_by_role("button", name="Undo")
    tab_to(page, back)
    for _ in range(2):
        page.clock.fast_forward(13_000)
        expect(back).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.clock.fast_forward(13_000)
    expect(back).to_have_count(0)
