"""The five main screens look as they did: pictures beside those in baselines/, made smaller so that a letter's edge does not count
and what is out of place does. What tells of a moment, an id or a number of this run is covered.

After a change that is meant, look at scripts/screenshots, then: PORTER_RECORD=1 scripts/test browser -- -k baselines"""
import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from harness.dashboard import Person
from harness.porter import parse_id
from harness.process import ROOT

from .conftest import DESK, PHONE, sign_in
from .screens import SCREENS, furnish, show

BASELINES = Path(__file__).parent / "baselines"
FOUND = ROOT / "build" / "baselines"  # What a test that failed saw.
MAIN = ("overview", "desk", "evacuation", "keys", "webhooks")
SMALLER = 4
UNLIKE = 32  # Of 255, in one colour of one point.
MOST = 0.015  # Of the points.
COVERED = "time, canvas, code, output, svg.spark, .uplot, .number, [data-moving], td, dd, .tile strong"


def picture(page):
    shot = page.screenshot(animations="disabled", caret="hide", mask=[page.locator(COVERED)], mask_color="#888888")
    whole = Image.open(io.BytesIO(shot)).convert("RGB")
    return whole.resize((whole.width // SMALLER, whole.height // SMALLER), Image.Resampling.BOX)


def unlike(one, other):
    """Which part of the points."""
    if one.size != other.size:
        return 1.0
    bands = ImageChops.difference(one, other).split()
    strongest = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return sum(strongest.histogram()[UNLIKE:]) / (one.width * one.height)


@pytest.fixture(scope="module")
def furnished(porter):
    organization = porter.organization()
    owner, things = Person(porter, organization), furnish(porter, organization)
    with porter.database() as db:  # The gateway writes it each half minute: in time for the picture, or not.
        db.execute("UPDATE api_keys SET last_used_at = now() WHERE org_id = %s", (parse_id(organization.id),))
    return owner, things


@pytest.mark.parametrize("size, viewport, scheme", [("desk", DESK, "light"), ("phone", PHONE, "dark")], ids=["desk", "phone"])
def test_the_main_screens_look_as_they_did(new_page, furnished, size, viewport, scheme):
    owner, things = furnished
    page = new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, owner)
    faults = []
    for screen in (one for one in SCREENS if one.name in MAIN):
        show(page, screen, things)
        name = f"{screen.name}-{size}-{scheme}.png"
        seen = picture(page)
        if os.environ.get("PORTER_RECORD"):
            BASELINES.mkdir(exist_ok=True)
            seen.save(BASELINES / name, optimize=True)
        part = unlike(seen, Image.open(BASELINES / name).convert("RGB"))
        print(f"{name}: {part:.2%}")
        if part > MOST:
            FOUND.mkdir(parents=True, exist_ok=True)
            seen.save(FOUND / name)
            faults.append(f"{name}: {part:.1%} of the points differ; see {(FOUND / name).relative_to(ROOT)}")
    assert not faults, faults
