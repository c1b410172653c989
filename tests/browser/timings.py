"""How soon a screen can be used, with nothing in the browser's cache: median of some loads, to be read, not judged.

    cd tests; ../.deps/venv/bin/pytest -c pytest.ini -s browser/timings.py"""
from statistics import median

from harness.dashboard import Person

from .conftest import sign_in
from .screens import SCREENS, furnish, show

LOADS = 5
NAMES = ("overview", "desk", "keys", "webhooks", "webhook", "evacuation")
# From the start of the navigation: the modules have run, something is painted, the last answer is there.
READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
LAST = "Math.max(...performance.getEntriesByType('resource').filter(one => !one.name.includes('/changes')).map(one => one.responseEnd))"


def test_timings(new_page, porter):
    organization = porter.organization()
    owner, things = Person(porter, organization), furnish(porter, organization)
    page = new_page()
    sign_in(page, owner)
    state = page.context.storage_state()
    for screen in SCREENS:
        if screen.name not in NAMES:
            continue
        found = []
        for _ in range(LOADS):
            fresh = new_page(storage_state=state)
            show(fresh, screen, things)
            found.append([fresh.evaluate(what) for what in (READY, PAINT, LAST)])
            fresh.context.close()
        print("\n{}: scripts run {:.0f} ms, first paint {:.0f} ms, last answer {:.0f} ms".format(
            screen.name, *(median(column) for column in zip(*found))), end="")
