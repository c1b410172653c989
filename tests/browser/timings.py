"""How soon a screen can be used, with nothing in the browser's cache, and how evenly a very long list moves: to be read, not judged.

    cd tests; ../.deps/venv/bin/pytest -c pytest.ini -s browser/timings.py
    PORTER_TEST_PRESET=release …       of the release build"""
import os
from statistics import median

import pytest

from harness.dashboard import Person

from .conftest import DESK, PHONE, sign_in
from .long_list import COUNT, fill
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


# From here on: the time between frames, and what kept the page's thread longer than 50 ms.
WATCH = """() => {
  const seen = window.seen = {gaps: [], long: [], isOn: true};
  new PerformanceObserver((list) => list.getEntries().forEach((one) => seen.long.push(one.duration))).observe({type: "longtask"});
  let before = performance.now();
  const frame = (now) => { seen.gaps.push(now - before); before = now; if (seen.isOn) requestAnimationFrame(frame); };
  requestAnimationFrame((now) => { before = now; requestAnimationFrame(frame); });
}"""
REST = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))"
# A step of each frame: a wheel (a third of a screen), or anywhere at once.
SCROLL = """(jumps) => new Promise((done) => {
  let left = 120;
  const step = () => {
    if (left-- === 0) return done();
    if (jumps) scrollTo(0, document.documentElement.scrollHeight * (left * 0.381966 % 1)); else scrollBy(0, innerHeight / 3);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def busy_ms(cdp):
    return next(one["value"] for one in cdp.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration") * 1000


def watched(page, cdp, what, act):
    """The processor's time of the page's thread is told too: on a busy machine frames are late that cost little."""
    page.evaluate(REST)
    page.evaluate(WATCH)
    before = busy_ms(cdp)
    act()
    page.evaluate(REST)
    cost = busy_ms(cdp) - before
    seen = page.evaluate("() => { seen.isOn = false; return seen; }")
    gaps = sorted(seen["gaps"])
    print("\n  {}: {} frames, median {:.1f} ms, 99 of 100 within {:.1f} ms, longest {:.1f} ms; long tasks: {}, the longest {:.0f} ms; {:.1f} ms of processor a frame".format(
        what, len(gaps), median(gaps), gaps[len(gaps) * 99 // 100], gaps[-1], len(seen["long"]), max(seen["long"], default=0), cost / len(gaps)), end="")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_frames(new_page, organization, owner, viewport):
    place = organization.location()
    page = new_page(viewport=viewport)
    fill(page, place)
    sign_in(page, owner)
    page.locator("li.visitor").first.wait_for()
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    print(f"\n{COUNT} rows, {viewport['width']} px, load of {os.getloadavg()[0]:.1f}", end="")
    watched(page, cdp, "at rest", lambda: page.wait_for_timeout(1000))
    watched(page, cdp, "scrolling", lambda: page.evaluate(SCROLL, False))
    watched(page, cdp, "jumping", lambda: page.evaluate(SCROLL, True))
    page.evaluate("scrollTo(0, 0)")
    search = page.get_by_role("searchbox", name="Search visitors")
    watched(page, cdp, "filtering", lambda: search.press_sequentially("Visitor 12", delay=60))
    watched(page, cdp, "no filter any more", lambda: search.fill(""))
