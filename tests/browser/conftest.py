"""Fixtures: a real Porter, a real Chromium. A page that breaks its own Content-Security-Policy, throws, or gets an answer of 5xx
fails the test that had it open."""
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from harness.dashboard import Person
from integration.conftest import (  # noqa: F401 (fixtures)
    new_porter, organization, porter, pytest_runtest_makereport, pytest_sessionfinish, pytest_sessionstart, servers)

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 15_000  # On a loaded machine.
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        words = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses to be root's.
        fonts = str(Path(__file__).parent / "fonts.conf")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=words, env={**os.environ, "FONTCONFIG_FILE": fonts})
        yield browser
        browser.close()


@dataclass
class Faults:
    """What no page may do."""
    seen: list = field(default_factory=list)

    def watch(self, page):
        page.on("pageerror", lambda fault: self.seen.append(f"threw: {fault}"))
        page.on("console", lambda said: self._console(said.text))
        page.on("response", lambda answer: answer.status >= 500 and self.seen.append(f"{answer.status} {answer.url}"))

    def _console(self, text):
        if "Content Security Policy" in text or "TrustedHTML" in text or "Refused to" in text:
            self.seen.append(text)


@pytest.fixture
def faults():
    made = Faults()
    yield made
    assert not made.seen, made.seen


@pytest.fixture
def new_page(chromium, porter, faults):  # noqa: F811
    """Pages of browsers of their own: new_page(viewport=…, color_scheme=…)."""
    contexts = []

    def make(**more):
        context = chromium.new_context(**{
            "base_url": porter.gateways[0].url, "ignore_https_errors": True, "viewport": DESK, "locale": "en-GB",
            "timezone_id": "Europe/Zurich", "permissions": ["clipboard-read", "clipboard-write"], **more})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        faults.watch(page)
        return page

    yield make
    for context in contexts:
        context.close()


def sign_in(page, person):
    page.goto("/dashboard/")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    page.locator("nav[aria-label=Main]").wait_for(state="attached")  # A phone hides it behind its button.


def confirm(page, person):
    """The password once more, when the page asks for it."""
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_label("Password").fill(person.password)
    dialog.get_by_role("button", name="Confirm").click()
    dialog.wait_for(state="detached")


@pytest.fixture
def location(organization):  # noqa: F811
    return organization.location()


@pytest.fixture
def client(organization):  # noqa: F811
    return organization.client()


@pytest.fixture
def owner(porter, organization):  # noqa: F811
    return Person(porter, organization)


@pytest.fixture
def page(new_page, owner):
    """A page on which the organization's owner is signed in."""
    made = new_page()
    sign_in(made, owner)
    return made
