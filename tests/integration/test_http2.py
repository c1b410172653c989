"""Endpoints that offer HTTP/2 are spoken to by it, and connections are kept and used again: as the endpoint sees it, and
as the metrics say."""
import re

import pytest

from harness.nginx import Nginx
from harness.poll import eventually

BURST = 40


@pytest.fixture
def endpoint(porter):
    made = []

    def start(http2):
        made.append(Nginx(porter, http2).start())
        return made[-1]
    yield start
    for one in made:
        one.stop()


def counted(dispatcher, name):
    """{protocol: value} of a metric."""
    found = re.findall(rf'^{name}\{{protocol="(\w+)"\}} (\d+)', dispatcher.metrics(), re.M)
    return {protocol: int(value) for protocol, value in found}


def growth(dispatcher, before):
    after = [counted(dispatcher, name) for name in ("porter_attempt_answers_total", "porter_attempt_connections_reused_total")]
    return [{protocol: now[protocol] - then[protocol] for protocol in now} for now, then in zip(after, before or [{k: 0 for k in a} for a in after])]


def deliver(porter, nginx):
    """One, and when that is done a burst; what the endpoint saw of it."""
    tenant = porter.organization()
    tenant.webhook(nginx.url)
    client, place = tenant.client(), tenant.location()
    client.pre_register(place)
    eventually(lambda: len(nginx.came()) == 1, 30, "a first one")
    for _ in range(BURST):
        client.pre_register(place)
    eventually(lambda: len(nginx.came()) == BURST + 1, 60, "the burst")
    return nginx.came()


@pytest.mark.parametrize("http2, protocol, label", [(True, "HTTP/2.0", "http2"), (False, "HTTP/1.1", "http1")])
def test_an_endpoint_gets_the_protocol_it_offers_and_connections_are_kept(porter, endpoint, http2, protocol, label):
    dispatcher, other = porter.dispatchers[0], {"http1": "http2", "http2": "http1"}[label]
    before = growth(dispatcher, None)
    came = deliver(porter, endpoint(http2))
    assert {one[0] for one in came} == {protocol}
    assert len({one[2] for one in came}) == BURST + 1
    connections = len({one[1] for one in came})
    assert connections == 1 if http2 else connections < BURST
    eventually(lambda: growth(dispatcher, before)[0][label] == BURST + 1, 30, "all counted")
    answers, reused = growth(dispatcher, before)
    assert (answers[label] - reused[label], answers[other], reused[other]) == (connections, 0, 0)


def test_it_can_be_switched_off(new_porter, endpoint):
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(PORTER_EGRESS_HTTP2="false")
    nginx = Nginx(porter, True).start()
    try:
        assert {one[0] for one in deliver(porter, nginx)} == {"HTTP/1.1"}
    finally:
        nginx.stop()
