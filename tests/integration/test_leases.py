"""What waits for longer than its lease is sent by one process at a time."""
import threading
from collections import Counter
from contextlib import contextmanager

import pytest

from harness.deliveries import by_delivery, deliveries
from harness.poll import eventually

pytestmark = pytest.mark.once

HUNG, EVENTS = 90, 20


def test_what_outlives_its_lease_in_a_lane_is_sent_once(new_porter):
    """Endpoints that do not answer share a quarter of the slots: their jobs wait for longer than they may."""
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_WORKERS=1, PORTER_CONNECT_TIMEOUT="1s", PORTER_ATTEMPT_TIMEOUT="1s", PORTER_LEASE="6s",
                                   PORTER_RETRY_SCHEDULE="1h,1h,1h")
    is_up, good = threading.Event(), Counter()

    def answer(request):
        if is_up.is_set():
            good[request.headers["x-porter-delivery"]] += 1
        else:
            is_up.wait(1.5)
        return 204, {}, b""

    receiver, organization = porter.receiver(answer), porter.organization()
    for number in range(HUNG):
        organization.webhook(receiver.url(f"/{number}"))
    client, place = organization.client(), organization.location()
    for _ in range(EVENTS):
        client.pre_register(place)
    eventually(lambda: dispatcher.metric("porter_retry_claimed_total") > 5 * HUNG, 60, "what waited for too long is claimed again")
    is_up.set()

    def at_rest():
        rows = deliveries(porter, organization)
        return len(rows) == HUNG * EVENTS and all(row["state"] == "delivered" or row["attempts"] > 0 for row in rows)

    eventually(at_rest, 90, "everything was tried")
    assert not (twice := {delivery: count for delivery, count in good.items() if count > 1}), f"{len(twice)} of {len(good)}"


# ---- What came of it can not be written down -----------------------------------------------------------

LEASE = {"seconds": 61}  # PORTER_LEASE, and a second.
HOOKS = 20


class Answering:
    """A Porter whose clock we move, and endpoints that answer when they are told to: one event is under way to each."""

    def __init__(self, porter):
        self.porter, self.go = porter, threading.Event()
        porter.gateway()
        self.dispatcher = porter.dispatcher()
        self.receiver, self.organization = porter.receiver(lambda _: (self.go.wait(60), (204, {}, b""))[1]), porter.organization()
        for number in range(HOOKS):
            self.organization.webhook(self.receiver.url(f"/{number}"))

    def send(self):
        self.organization.client().pre_register(self.organization.location())
        self.receiver.wait(HOOKS)

    def answer(self):
        self.go.set()
        eventually(lambda: f'porter_attempts_total{{verdict="delivered"}} {HOOKS}' in self.dispatcher.metrics(), 30, "answers")

    def rows(self, **wanted):
        return [row for row in deliveries(self.porter, self.organization) if all(row[name] == value for name, value in wanted.items())]

    def is_sent_again(self):
        return any(count > 1 for count in by_delivery(self.receiver).values())

    def until_a_claim_would_come(self):
        eventually(lambda: self.is_sent_again() or '"retry.behind"' in self.dispatcher.output(), 30, "a claim that waits for the recorder")

    def until_delivered_once(self):
        eventually(lambda: len(self.rows(state="delivered")) == HOOKS, 60, "deliveries")
        assert set(by_delivery(self.receiver).values()) == {1}


@contextmanager
def nothing_recorded(porter):
    """While the block runs nobody else writes an attempt; rows alone can be claimed."""
    with porter.database() as db, db.transaction():
        db.execute("LOCK TABLE attempts IN EXCLUSIVE MODE")
        yield


def test_what_was_answered_is_not_sent_again_before_that_is_written_down(new_porter):
    hooks = Answering(new_porter(has_clock=True))
    hooks.send()
    eventually(lambda: len(hooks.rows(state="pending")) == HOOKS, 30, "rows")
    with nothing_recorded(hooks.porter):
        hooks.answer()
        hooks.porter.clock.move(**LEASE)
        hooks.until_a_claim_would_come()
    hooks.until_delivered_once()


def test_a_row_that_comes_late_says_what_came_of_it_meanwhile(new_porter):
    """Written as unfinished it would be due at once."""
    hooks = Answering(new_porter(has_clock=True))
    with nothing_recorded(hooks.porter):
        hooks.send()
        hooks.answer()
        hooks.porter.clock.move(**LEASE)
        # The statement that waits is ended at its deadline: as if PostgreSQL had been away.
        eventually(lambda: "ledger.waiting" in hooks.dispatcher.output(), 40, "rows that could not be written")
        assert hooks.rows() == []
    hooks.until_delivered_once()
    assert f'porter_ledger_rows_total{{state="final"}} {HOOKS}' in hooks.dispatcher.metrics()


def test_a_postgresql_that_was_away_for_longer_than_the_lease_costs_no_repetition(new_porter, private_servers):
    hooks = Answering(new_porter(on=private_servers, has_clock=True))
    hooks.send()
    eventually(lambda: len(hooks.rows(state="pending")) == HOOKS, 30, "rows")
    private_servers.postgres.kill()
    hooks.answer()
    eventually(lambda: "record.waiting" in hooks.dispatcher.output(), 30, "outcomes that can not be written")
    hooks.porter.clock.move(**LEASE)
    private_servers.postgres.start()
    hooks.until_delivered_once()
