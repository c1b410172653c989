"""Nobody waits for another's endpoint."""
import threading

import pytest

HUNG, EVENTS = 45, 10  # More than all slots of the workers together, if each endpoint could take what it likes.


class Hanging:
    """Says nothing until it is told to."""

    def __init__(self, porter):
        self.go_on, self.answered = threading.Event(), []
        self.receiver = porter.receiver(self.answer)

    def answer(self, request):
        self.go_on.wait(60)
        self.answered.append(request)
        return 204, {}, b""


@pytest.fixture
def porter(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s")
    return porter


def test_endpoints_that_hang_delay_nobody_of_another_organization(porter):
    hanging, well = Hanging(porter), porter.receiver()
    theirs, ours = porter.organization(), porter.organization()
    for number in range(HUNG):
        theirs.webhook(hanging.receiver.url(f"/{number}"))
    for number in range(5):
        ours.webhook(well.url(f"/{number}"))
    for organization in (theirs, ours):
        client, place = organization.client(), organization.location()
        for _ in range(EVENTS):
            client.pre_register(place)
    well.wait(5 * EVENTS)
    assert not hanging.answered and hanging.receiver.matching()
    hanging.go_on.set()
    hanging.receiver.wait(HUNG * EVENTS, 60)


def test_endpoints_that_hang_delay_no_other_of_their_own_organization(porter):
    hanging, well = Hanging(porter), porter.receiver()
    organization = porter.organization()
    for number in range(HUNG):
        organization.webhook(hanging.receiver.url(f"/{number}"))
    organization.webhook(well.url())
    client, place = organization.client(), organization.location()
    for _ in range(EVENTS):
        client.pre_register(place)
    well.wait(EVENTS)
    assert not hanging.answered
    hanging.go_on.set()
    hanging.receiver.wait(HUNG * EVENTS, 60)


def test_endpoints_that_stop_answering_delay_nobody(porter):
    """They have shown that they bear much, and now say nothing."""
    turned, well = Hanging(porter), porter.receiver()
    turned.go_on.set()
    theirs, ours = porter.organization(), porter.organization()
    for number in range(4):
        theirs.webhook(turned.receiver.url(f"/{number}"))
    ours.webhook(well.url())
    clients = [(organization.client(), organization.location()) for organization in (theirs, ours)]
    for _ in range(60):
        clients[0][0].pre_register(clients[0][1])
    turned.receiver.wait(240)
    turned.go_on.clear()
    turned.answered.clear()
    for _ in range(120):
        clients[0][0].pre_register(clients[0][1])
    for _ in range(EVENTS):
        clients[1][0].pre_register(clients[1][1])
    well.wait(EVENTS)
    assert not turned.answered
    turned.go_on.set()
    turned.receiver.wait(720, 60)
