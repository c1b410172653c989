"""What waits for longer than its lease is sent by one process at a time."""
import threading
from collections import Counter

import pytest

from harness.deliveries import deliveries
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
