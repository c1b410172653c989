"""Pictures of every screen (scripts/screenshots), to be looked at: light and dark, on a desk and on a phone."""
import os
from pathlib import Path

import pytest

from harness.dashboard import Person
from harness.process import ROOT

from .conftest import DESK, PHONE, sign_in
from .screens import SCREENS, furnish, show

FOLDER = Path(os.environ.get("PICTURES", ROOT / "build" / "screenshots"))
ONLY = os.environ.get("SCREENS", "").split()


@pytest.mark.timeout(1200)
def test_pictures(new_page, porter):
    organization = porter.organization()
    owner, things = Person(porter, organization), furnish(porter, organization)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for size, viewport in (("desk", DESK), ("phone", PHONE)):
        for scheme in ("light", "dark"):
            page = new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            page.goto("/dashboard/")
            page.get_by_label("Password").wait_for()
            page.screenshot(path=FOLDER / f"sign-in-{size}-{scheme}.png")
            sign_in(page, owner)
            for screen in SCREENS:
                if not ONLY or screen.name in ONLY:
                    show(page, screen, things)
                    page.screenshot(path=FOLDER / f"{screen.name}-{size}-{scheme}.png", full_page=not screen.opens)
