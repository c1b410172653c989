"""Saving a webhook looks its URL's name up: what leads inwards is refused then, and nothing waits for long for a resolver
that does not answer. (That each attempt judges for itself, and that all verdicts agree: test_ssrf.)"""
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.dashboard import Person
from harness.porter import Porter
from harness.resolver import SILENT, Resolver

NAMES = f"127.{192 + (os.getpid() >> 8) % 32}.{os.getpid() % 256}.53"
NOWHERE = "its name has no address now"


@pytest.fixture(scope="module")
def resolver():
    made = Resolver(NAMES, {"inside.test": ["10.0.0.5"], "public.test": ["93.184.216.34"], "silent.test": SILENT})
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(servers, resolver):
    made = Porter(servers)
    made.gateway(resolver=resolver, PORTER_WEBHOOK_NAME_WAIT="500ms", PORTER_EGRESS_ALLOW="")
    yield made
    made.close()


def save(client, name):
    return client.post("/webhooks", json={"url": f"https://{name}/hook", "events": ["*"]})


@pytest.mark.parametrize("name, reason, detail", [
    ("inside.test", "address", "the URL's host inside.test leads inwards: The webhook's address 10.0.0.5 is refused (private)."),
    ("public.test", None, "a webhook may have this URL"), ("unknown.test", None, NOWHERE), ("silent.test", None, NOWHERE)])
def test_the_verdict_is_that_of_saving(world, name, reason, detail):
    organization = world.organization()
    person = Person(world, organization).signed_in()
    verdict = person.post("/url-verdict", json={"url": f"https://{name}/hook"}).json()
    assert (verdict["allowed"], verdict["reason"]) == (reason is None, reason) and detail in verdict["detail"]
    saved = save(organization.client(), name)
    assert saved.status_code == (422 if reason else 201), saved.text
    if reason:
        assert saved.json()["errors"] == [{"field": "url", "code": "not_allowed", "detail": verdict["detail"]}]


def test_a_resolver_that_is_silent_is_not_waited_for(world):
    """Its own patience is ten times as long; and more of them than there may be lookups are all answered."""
    organization = world.organization()
    began = time.monotonic()
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda _: save(organization.client(), "silent.test").status_code, range(40)))
    assert answers == [201] * 40
    assert time.monotonic() - began < 4


def test_who_does_not_want_names_looked_up_asks_nobody(servers, resolver):
    porter = Porter(servers)
    porter.gateway(resolver=resolver, PORTER_WEBHOOK_NAME_WAIT="0", PORTER_EGRESS_ALLOW="")
    before = resolver.lookups("inside.test")
    assert save(porter.organization().client(), "inside.test").status_code == 201
    assert resolver.lookups("inside.test") == before
    porter.close()
