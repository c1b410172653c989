"""Nobody waits for another's endpoint."""
import threading
import time

import pytest

from harness.poll import eventually

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


def test_what_waits_for_endpoints_that_hang_does_not_take_the_memory_from_others(new_porter):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s", PORTER_IN_FLIGHT_MAX=HUNG * EVENTS // 3)
    hanging, well = Hanging(porter), porter.receiver()
    theirs, ours = [porter.organization() for _ in range(5)], porter.organization()
    for number in range(HUNG):
        theirs[number % 5].webhook(hanging.receiver.url(f"/{number}"))
    ours.webhook(well.url())
    for organization in (*theirs, ours):
        client, place = organization.client(), organization.location()
        for _ in range(EVENTS):
            client.pre_register(place)
    well.wait(EVENTS)
    given_back = "porter_deliveries_given_back_total"
    eventually(lambda: porter.dispatchers[0].metric(given_back) > 0, 10, "room made by lanes that say nothing")
    assert not hanging.answered
    hanging.go_on.set()
    hanging.receiver.wait(HUNG * EVENTS, 60)


def test_newcomers_that_hang_delay_no_newcomer_of_another_organization(porter):
    """As many as all slots for those who have not answered yet, of every worker."""
    hanging, well = Hanging(porter), porter.receiver()
    theirs, ours = porter.organization(), porter.organization()
    for number in range(100):
        theirs.webhook(hanging.receiver.url(f"/{number}"))
    for number in range(6):
        ours.webhook(well.url(f"/{number}"))
    client, place = theirs.client(), theirs.location()
    client.pre_register(place)
    hanging.receiver.wait(40)
    client, place = ours.client(), ours.location()
    client.pre_register(place)
    well.wait(6)
    assert not hanging.answered
    hanging.go_on.set()


def test_an_organization_whose_endpoints_hang_leaves_memory_to_others(new_porter):
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_IN_FLIGHT_MAX=400, PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s")
    hanging, well = Hanging(porter), porter.receiver()
    theirs, ours = porter.organization(), porter.organization()
    for number in range(30):
        theirs.webhook(hanging.receiver.url(f"/{number}"))
    ours.webhook(well.url())
    client, place = theirs.client(), theirs.location()
    for _ in range(30):
        client.pre_register(place)
    eventually(lambda: dispatcher.metric("porter_deliveries_in_flight") >= 300, 30, "as much as one may have")
    client, place = ours.client(), ours.location()
    for number in range(1, EVENTS + 1):
        client.pre_register(place)
        well.wait(number)
    assert not hanging.answered
    hanging.go_on.set()


def test_an_organization_with_slow_endpoints_leaves_claims_to_others(new_porter):
    """Due rows are taken in the order in which they became due: hundreds of theirs are before ours."""
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_IN_FLIGHT_MAX=400, PORTER_LANE_QUEUE=200, PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s")
    hanging, well = Hanging(porter), porter.receiver()
    theirs, ours = porter.organization(), porter.organization()
    for number in range(6):
        theirs.webhook(hanging.receiver.url(f"/{number}"), ordering="subject")
    ours.webhook(well.url(), ordering="subject")
    client, place = theirs.client(), theirs.location()
    for _ in range(60):
        client.pre_register(place)
    eventually(lambda: dispatcher.metric("porter_retry_claimed_total") >= 50, 30, "as many claims as one may have")
    client, place = ours.client(), ours.location()
    for number in range(1, EVENTS + 1):
        client.pre_register(place)
        well.wait(number)
    assert not hanging.answered
    hanging.go_on.set()


def test_what_waits_for_a_slow_endpoint_is_taken_a_few_at_a_time(new_porter):
    """Not all that is due whenever there is room for some: nearly all of it would be claimed only to be given back."""
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_LANE_QUEUE=4)
    never = threading.Event()
    slow = porter.receiver(lambda _: never.wait(1.2) or (204, {}, b""))
    organization = porter.organization()
    organization.webhook(slow.url())
    client, place = organization.client(), organization.location()
    for _ in range(100):
        client.pre_register(place)
    slow.wait(2)
    eventually(lambda: dispatcher.metric("porter_retry_put_off_total") > 60, 30, "most wait for room")
    before = dispatcher.metric("porter_deliveries_given_back_total")
    had = len(slow.matching())
    slow.wait(had + 6, 30)
    assert dispatcher.metric("porter_deliveries_given_back_total") - before <= 4 * 6


# ---- What has no room is left alone ----------------------------------------------------------------

def test_claims_come_to_rest_however_many_lanes_are_full(new_porter):
    """Each of 300 endpoints says nothing and has more than its lane may hold."""
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_WORKERS=1, PORTER_LANE_QUEUE=1, PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s")
    hanging = Hanging(porter)
    for organization in [porter.organization() for _ in range(3)]:
        client, place = organization.client(), organization.location()
        for number in range(100):
            made = client.post("/webhooks", json={"url": hanging.receiver.url(f"/{number}"), "events": ["visitor.pre_registered"]})
            assert made.status_code == 201, made.text
        for _ in range(4):
            client.pre_register(place)

    def rests():
        before = dispatcher.metric("porter_retry_claimed_total")
        time.sleep(1)
        return before > 0 and dispatcher.metric("porter_retry_claimed_total") == before

    eventually(rests, 20, "a second without a claim")
    assert not hanging.answered
    hanging.go_on.set()


def test_what_somebody_asks_for_does_not_stand_behind_the_backlog(new_porter):
    """A sample and a retry by hand are the next to go, however many wait for the endpoint."""
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_LANE_QUEUE=4, PORTER_LANE_WINDOW=1, PORTER_ATTEMPT_TIMEOUT="50s", PORTER_LEASE="100s")
    turns = threading.Semaphore(1)
    receiver = porter.receiver(lambda _: (turns.acquire(timeout=40), (204, {}, b""))[1])
    organization = porter.organization()
    hook = organization.webhook(receiver.url()).id
    client, place = organization.client(), organization.location()
    client.pre_register(place)
    first, = receiver.wait(1)
    log = f"/webhooks/{hook}/deliveries"
    eventually(lambda: client.get(f"{log}?state=delivered").json()["deliveries"], 30, "one that can be sent again")
    for _ in range(100):
        client.pre_register(place)
    receiver.wait(2)
    eventually(lambda: dispatcher.metric("porter_retry_put_off_total") > 60, 30, "most wait for room")
    before = dispatcher.metric("porter_retry_claimed_total")
    assert client.post(f"/webhooks/{hook}/test").status_code == 202
    assert client.post(f"{log}/{first.headers['x-porter-delivery']}/retry").status_code == 202
    eventually(lambda: dispatcher.metric("porter_retry_claimed_total") >= before + 2, 30, "both are taken all the same")
    turns.release(3)
    told = receiver.wait(5)[2:]
    assert any("x-porter-test" in one.headers for one in told), [one.headers for one in told]
    assert first.headers["x-porter-delivery"] in [one.headers["x-porter-delivery"] for one in told]
    turns.release(200)


def test_what_waits_for_room_is_taken_as_there_is_some(new_porter):
    """Not all of it each time that a little of it fits."""
    porter, count = new_porter(), 300
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_LANE_QUEUE=4, PORTER_LANE_WINDOW=1)
    receiver = porter.receiver(lambda r: (time.sleep(0.02), (204, {}, b""))[1])
    organization = porter.organization()
    organization.webhook(receiver.url())
    client, place = organization.client(), organization.location()
    for _ in range(count):
        client.pre_register(place)
    receiver.wait(count, 60)
    assert dispatcher.metric("porter_deliveries_given_back_total") < 5 * count
