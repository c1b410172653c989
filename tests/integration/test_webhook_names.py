"""Saving a webhook looks its URL's name up: what leads inwards is refused then, and nothing waits for long for a resolver
that does not answer. (That each attempt judges for itself, and that all verdicts agree: test_ssrf.)"""
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.dashboard import Person
from harness.poll import eventually
from harness.porter import Porter
from harness.resolver import SILENT, Resolver

NAMES = f"127.{192 + (os.getpid() >> 8) % 32}.{os.getpid() % 256}.53"
NOWHERE = "its name has no address now"


@pytest.fixture(scope="module")
def resolver():
    made = Resolver(NAMES, {"inside.test": ["10.0.0.5"], "public.test": ["93.184.216.34"], **{f"silent-{n}.test": SILENT for n in range(3)}},
                    options="timeout:10 attempts:1")
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(servers, resolver):
    made = Porter(servers, preset="asan")  # Its threads are the sanitizers' too.
    made.gateway(resolver=resolver, PORTER_WEBHOOK_NAME_WAIT="500ms", PORTER_EGRESS_ALLOW="")
    yield made
    made.close()


def save(client, name):
    return client.post("/webhooks", json={"url": f"https://{name}/hook", "events": ["*"]})


@pytest.mark.parametrize("name, reason, detail", [
    ("inside.test", "address", "the URL's host inside.test leads inwards: The webhook's address 10.0.0.5 is refused (private)."),
    ("public.test", None, "a webhook may have this URL"), ("unknown.test", None, NOWHERE), ("silent-0.test", None, NOWHERE)])
def test_the_verdict_is_that_of_saving(world, name, reason, detail):
    organization = world.organization()
    person = Person(world, organization).signed_in()
    verdict = person.post("/url-verdict", json={"url": f"https://{name}/hook"}).json()
    assert (verdict["allowed"], verdict["reason"]) == (reason is None, reason) and detail in verdict["detail"]
    saved = save(organization.client(), name)
    assert saved.status_code == (422 if reason else 201), saved.text
    if reason:
        assert saved.json()["errors"] == [{"field": "url", "code": "not_allowed", "detail": verdict["detail"]}]


def test_a_resolver_that_is_silent_is_not_waited_for(world, resolver):
    """Its own patience is twenty times as long. Of one organization four lookups are begun, and whoever else saves a name
    that leads inwards is told meanwhile."""
    tenant, other = world.organization(), world.organization().client()
    clients = [tenant.client() for _ in range(8)]
    before, began = resolver.lookups("silent-1.test"), time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(save, client, "silent-1.test") for client in clients]
        eventually(lambda: resolver.lookups("silent-1.test") - before == 4, 10, "lookups under way")
        assert save(other, "inside.test").status_code == 422
        assert [answer.result().status_code for answer in answers] == [201] * 8
    assert resolver.lookups("silent-1.test") - before == 4 and time.monotonic() - began < 8


def test_who_waits_for_a_name_holds_no_connection_to_postgresql(servers, resolver):
    """Not in the transaction of an Idempotency-Key either, nor of a dry run."""
    porter = Porter(servers)
    porter.gateway(resolver=resolver, PORTER_WEBHOOK_NAME_WAIT="4s", PORTER_EGRESS_ALLOW="", PORTER_DB_POOL=1)
    tenant, other = porter.organization(), porter.organization().client()
    clients = [tenant.client() for _ in range(2)]
    person = Person(porter, tenant).signed_in()
    before = resolver.lookups("silent-2.test")
    body = {"url": "https://silent-2.test/hook", "events": ["*"]}
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(client.post, "/webhooks", json=body, headers=headers)
                   for client, headers in zip(clients, ({"Idempotency-Key": "1"}, {"X-Porter-Dry-Run": "true"}))]
        waiting.append(threads.submit(person.post, "/url-verdict", json={"url": body["url"]}, headers={"Idempotency-Key": "2"}))
        eventually(lambda: resolver.lookups("silent-2.test") - before == 3, 10, "three that wait")
        assert other.get("/webhooks").status_code == 200
        assert not any(one.done() for one in waiting)
        assert [one.result().status_code for one in waiting] == [201, 201, 200]
    porter.close()


def test_who_does_not_want_names_looked_up_asks_nobody(servers, resolver):
    porter = Porter(servers)
    before = resolver.lookups("inside.test")
    for settings in ({"PORTER_WEBHOOK_NAME_WAIT": "0"}, {"PORTER_EGRESS_PROXY": "http://proxy.test:3128"}):
        gateway = porter.gateway(resolver=resolver, PORTER_EGRESS_ALLOW="", **settings)
        assert save(porter.organization().client(gateway=gateway), "inside.test").status_code == 201
    assert resolver.lookups("inside.test") == before
    porter.close()
