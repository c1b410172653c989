"""What people wrote from right to left, or with signs that turn the direction of what follows, reorders nothing beside it."""
import json
import re

import pytest

from harness.dashboard import Person

from .conftest import sign_in
from .screens import SCREENS, furnish, rest, show

# What is written into each text of each answer, at its end. Our own words have neither Hebrew nor Greek.
SUFFIXES = {
    "right-to-left": " אבג",
    "breaks-out": " \u2069\u202eαβγ\u2029\u2069\u202eδε",
}
WRITTEN = {"full_name", "name", "company", "trade", "purpose", "badge_number", "description", "reason", "notes", "activated_by", "ended_by",
           "accounted_for_by", "last_error", "disabled_reason", "text"}
# Goes through each line of each block: signs of ours stand from left to right, and what was written stands between its neighbours.
RUNS_BACK = r"""() => {
  const theirs = /[\u0370-\u03ff\u0590-\u05ff\u202a-\u202e\u2066-\u2069\u2028\u2029]/;
  const parts = /[\u0370-\u03ff\u0590-\u05ff\u202a-\u202e\u2066-\u2069\u2028\u2029][\u0370-\u03ff\u0590-\u05ff\u202a-\u202e\u2066-\u2069\u2028\u2029\s]*|\S/g;
  const blockOf = (node) => ["inline", "contents"].includes(getComputedStyle(node).display) ? blockOf(node.parentElement) : node;
  const blocks = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const block = blockOf(node.parentElement);
    blocks.set(block, [...blocks.get(block) ?? [], node]);
  }
  const boxOf = (node, {index, 0: text}) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + text.length);
    const [box, line] = [range.getBoundingClientRect(), range.getClientRects()[0]];
    return !line || box.height < 1.5 * line.height ? box : {width: 1}; // It goes on in another line, which begins anew.
  };
  const runsBack = (nodes) => {
    const boxes = nodes.flatMap((node) => [...node.data.matchAll(parts)].map((part) => boxOf(node, part))).filter((box) => box.width > 0);
    const middle = (box) => box.top + box.height / 2;
    return boxes.some((box, at) => at > 0 && Math.abs(middle(box) - middle(boxes[at - 1])) < box.height / 2 && box.left < boxes[at - 1].right - 1.5);
  };
  return [...blocks].filter(([, nodes]) => nodes.some((node) => theirs.test(node.data)) && runsBack(nodes))
    .map(([block, nodes]) => `${block.tagName}.${block.className}: ${nodes.map((node) => node.data).join("").trim().slice(0, 120)}`);
}"""


def with_suffix(value, suffix, key=""):
    if isinstance(value, dict):
        return {name: with_suffix(one, suffix, name) for name, one in value.items()}
    if isinstance(value, list):
        return [with_suffix(one, suffix, key) for one in value]
    return value + suffix if isinstance(value, str) and key in WRITTEN else value


def write_everywhere(page, suffix):
    """Each text that somebody wrote ends like this, whichever answer it comes with."""
    def rewrite(route):
        answer = route.fetch()
        if "json" not in answer.headers.get("content-type", ""):
            route.fulfill(response=answer)
            return
        route.fulfill(response=answer, body=json.dumps(with_suffix(answer.json(), suffix)))

    page.route(re.compile(r"/dashboard/api/(?!changes)"), rewrite)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("suffix", SUFFIXES.values(), ids=SUFFIXES.keys())
def test_nothing_beside_what_was_written_is_reordered(new_page, porter, suffix):
    organization = porter.organization()
    owner, things = Person(porter, organization), furnish(porter, organization)
    page = new_page(reduced_motion="reduce")
    sign_in(page, owner)
    write_everywhere(page, suffix)
    faults = {}

    def look(name):
        found = page.evaluate(RUNS_BACK)
        if found:
            faults[name] = found

    for screen in SCREENS:
        show(page, screen, things, is_exact=False)
        look(screen.name)
    # What is said at the edge, and what asks.
    page.goto("/dashboard/desk?view=checked_in")
    page.get_by_role("button", name="Check out Anna Müller").click()
    page.get_by_role("status").filter(has_text="has left").wait_for()
    rest(page)
    look("toast")
    page.goto(f"/dashboard/evacuations/{things.evacuation}")
    page.locator(".person[aria-pressed=true]").first.click()
    page.get_by_role("dialog", name="Not found after all?").wait_for()
    rest(page)
    look("not found after all")
    page.unroute_all(behavior="ignoreErrors")  # Screens go on asking.
    assert not faults, json.dumps(faults, ensure_ascii=True, indent=1)
