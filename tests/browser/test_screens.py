"""What holds on every screen: axe finds nothing, nothing sticks out, and it is light to load."""
import pytest

from harness.dashboard import Person

from .axe import violations
from .conftest import DESK, PHONE, sign_in
from .screens import SCREENS, furnish, show

FIRST_LOAD_MAX = 60 * 1024


@pytest.fixture(scope="module")
def furnished(porter):
    """An organization with something on every screen, and its owner."""
    organization = porter.organization()
    return Person(porter, organization), furnish(porter, organization)


def faults_of(page):
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return violations(page) + ([f"{wide} px stick out"] if wide > 0 else [])


@pytest.mark.parametrize("viewport, scheme", [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")],
                         ids=["desk-light", "desk-dark", "phone-light", "phone-dark"])
def test_no_screen_has_a_violation_or_sticks_out(new_page, furnished, viewport, scheme):
    owner, things = furnished
    page = new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, owner)
    faults = {}
    for screen in SCREENS:
        show(page, screen, things)
        found = faults_of(page)
        if found:
            faults[screen.name] = found
    assert not faults, faults


def test_the_sign_in_has_no_violation(new_page):
    page = new_page()
    page.goto("/dashboard/")
    page.get_by_label("Password").wait_for()
    assert not violations(page)


def test_the_first_load_of_each_screen_is_light(new_page, furnished):
    """Script and style as they come over the line, with nothing in the cache."""
    owner, things = furnished
    page = new_page()
    sign_in(page, owner)
    state = page.context.storage_state()
    for screen in SCREENS:
        if screen.opens:
            continue
        fresh = new_page(storage_state=state)
        show(fresh, screen, things)
        loaded = fresh.evaluate("performance.getEntriesByType('resource').filter(one => one.name.includes('/assets/'))"
                                ".map(one => [one.name, one.encodedBodySize])")
        fresh.context.close()
        assert len(loaded) > 5 and all(size > 0 for _, size in loaded), loaded
        assert sum(size for _, size in loaded) <= FIRST_LOAD_MAX, (screen.name, sorted(loaded, key=lambda one: -one[1]))


def test_right_to_left_sticks_out_nowhere(new_page, furnished):
    owner, things = furnished
    page = new_page(viewport=PHONE)
    sign_in(page, owner)
    for screen in SCREENS:
        show(page, screen, things)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate("Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)") == 0, screen.name
