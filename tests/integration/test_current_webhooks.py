"""What waits for its turn is sent to the webhook as it is then, not as it was when the event came."""
import threading
from collections import Counter

import pytest

from harness.deliveries import deliveries
from harness.poll import eventually
from harness.porter import Porter

EVENTS = 8


@pytest.fixture(scope="module")
def one_by_one(servers):
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(PORTER_LANE_WINDOW=1)
    yield porter
    porter.close()


class Queue:
    """A webhook with events that wait behind one that is under way."""

    def __init__(self, porter):
        self.porter, self.go_on = porter, threading.Event()
        self.receiver = porter.receiver(lambda request: (self.go_on.wait(30), (204, {}, b""))[1])
        self.witness = porter.receiver()
        self.organization = porter.organization()
        self.client, self.place = self.organization.client(), self.organization.location()
        self.id = self.organization.webhook(self.receiver.url()).id
        self.organization.webhook(self.witness.url())
        for _ in range(EVENTS):
            self.client.pre_register(self.place)
        self.receiver.wait(1)
        self.witness.wait(EVENTS)

    def change(self, method, **how):
        answer = self.client.request(method, f"/webhooks/{self.id}", **how)
        assert answer.status_code in (200, 204), answer.text
        # An event that was born after the change is matched with it: then it is known.
        self.client.pre_register(self.place)
        self.witness.wait(EVENTS + 1)
        self.go_on.set()

    def until(self, **wanted):
        """So many deliveries to it in each state."""
        def states():
            return Counter(row["state"] for row in deliveries(self.porter, self.organization)) - Counter(delivered=EVENTS + 1)

        eventually(lambda: states() == Counter(wanted), 30, f"{wanted}, not {states()}")


def test_nothing_more_is_begun_for_a_disabled_webhook(one_by_one):
    queue = Queue(one_by_one)
    queue.change("PATCH", json={"status": "disabled"})
    queue.until(delivered=1, held=EVENTS)
    assert len(queue.receiver.matching()) == 1


def test_nothing_more_is_begun_for_a_deleted_webhook(one_by_one):
    queue = Queue(one_by_one)
    queue.change("DELETE")
    queue.until(delivered=1, failed=EVENTS - 1)
    assert len(queue.receiver.matching()) == 1


def test_what_waits_goes_to_the_new_url(one_by_one):
    queue, moved = Queue(one_by_one), one_by_one.receiver()
    queue.change("PATCH", json={"url": moved.url()})
    queue.until(delivered=EVENTS + 1)
    assert (len(queue.receiver.matching()), len(moved.matching())) == (1, EVENTS)
