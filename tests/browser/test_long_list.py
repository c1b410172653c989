"""Thousands of rows: the page holds few of them at a time, whatever was loaded."""
import pytest

from harness.poll import eventually

from .conftest import DESK, PHONE, sign_in
from .long_list import COUNT, fill

ROWS_MAX = 200
MIDDLE = "document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('li.visitor')?.querySelector('.name').textContent.trim()"


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_ten_thousand_rows_are_few_in_the_page(new_page, organization, owner, viewport):
    place = organization.location()
    page = new_page(viewport=viewport)
    fill(page, place)
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


# Counts rows that are put into the page, and looks at the layout after a change of the same frame, which make the browser lay out twice.
COUNTING = """() => {
  const seen = window.seen = {frames: 0, made: 0, madeMost: 0, early: 0};
  let [now, isDirty] = [0, false];
  const {requestAnimationFrame: ask} = window;
  const begin = (time) => {
    if (time === now) return;
    [now, isDirty] = [time, false];
    seen.frames++;
    seen.madeMost = Math.max(seen.madeMost, seen.made);
    seen.made = 0;
  };
  window.requestAnimationFrame = (work) => ask((time) => { begin(time); work(time); });
  for (const name of ["insertBefore", "appendChild", "removeChild", "remove"]) {
    for (const proto of [Node.prototype, Element.prototype].filter((one) => Object.hasOwn(one, name))) {
      const real = proto[name];
      proto[name] = function (...words) {
        isDirty = true;
        if (name[0] !== "r" && words[0].matches?.("li.visitor")) seen.made++;
        return real.apply(this, words);
      };
    }
  }
  const real = Element.prototype.getBoundingClientRect;
  Element.prototype.getBoundingClientRect = function () { seen.early += isDirty; return real.call(this); };
}"""
STEPS = """(part) => new Promise((done) => {
  let left = 60;
  const step = () => {
    if (left-- === 0) return done();
    scrollTo(0, part ? document.documentElement.scrollHeight * (left * part % 1) : scrollY + innerHeight / 3);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
# What is seen of a desk's screen, in fives, and five more.
MADE_MOST = 30


def test_a_frame_makes_few_rows_and_lays_out_once(new_page, organization, owner):
    """Times depend on the machine (timings.py has them); what a frame does, does not."""
    page = new_page()
    fill(page, organization.location())
    sign_in(page, owner)
    page.locator("li.visitor").first.wait_for()
    page.evaluate(COUNTING)
    for part in (0, 0.381966):
        page.evaluate(STEPS, part)
    page.get_by_role("searchbox", name="Search visitors").press_sequentially("Visitor 12")
    seen = page.evaluate("seen")
    assert seen["frames"] >= 120 and seen["madeMost"] > 0
    assert seen["madeMost"] <= MADE_MOST and seen["early"] == 0, seen
