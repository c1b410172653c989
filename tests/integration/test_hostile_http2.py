"""Endpoints that speak HTTP/2 and do it wrong: each costs its own slots and no more, and its attempt says what it did."""
import ssl

import pytest

from harness import hostile_http2 as h2
from harness.certificates import Certificate
from harness.hostile import Hostile
from harness.poll import eventually
from harness.porter import Porter

LIMIT_S = 4
# What it does: the verdict, the word, and the status of its first attempt. Whether HTTP/2's library calls pings a flood
# or time runs out first is a matter of how fast either side is.
CASES = {
    h2.goes_away_at_once: ("retry", "not_http", None),
    h2.goes_away_after_the_answer: ("delivered", None, 200),
    h2.goes_away_with_the_request: ("retry", "ended_silent", None),
    h2.resets_the_stream: ("retry", "not_http", None),
    h2.refuses_every_stream: ("retry", "ended_silent", None),
    h2.endless_continuation: ("retry", "ended_silent", None),
    h2.interim_flood: ("retry", "ended_short", None),
    h2.pings_for_ever: ("retry", {"timeout", "ended_silent"}, None),
    h2.drips_the_body: ("retry", "timeout_answer", 200),
    h2.speaks_rubbish: ("retry", "ended_silent", None),
}


class Story:
    """Each has a webhook of its own; one event goes to all of them, by one worker. Another's goes out meanwhile."""

    def __init__(self, servers, folder):
        self.porter, root = Porter(servers), Certificate("Root")
        trusted = folder / "trusted.pem"
        trusted.write_text((self.porter.tls / "ca.pem").read_text() + root.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Certificate("hooks.test", root, ["127.0.0.1"]).write(folder / "leaf.pem", []))
        context.set_alpn_protocols(["h2"])
        self.porter.gateway()
        self.dispatcher = self.porter.dispatcher(PORTER_WORKERS=1, PORTER_RETRY_SCHEDULE="1h", PORTER_ATTEMPT_TIMEOUT=f"{LIMIT_S}s",
                                                 PORTER_EGRESS_CA_FILE=trusted)
        self.tenant = self.porter.organization()
        self.client, self.place = self.tenant.client(), self.tenant.location()
        self.endpoints = {behave: Hostile(behave, context) for behave in CASES}
        self.webhooks = {behave: self.webhook(one.url, "visitor.pre_registered") for behave, one in self.endpoints.items()}
        self.bystander = self.porter.receiver()
        self.webhook(self.bystander.url(), "visitor.checked_in")
        visitor = self.client.pre_register(self.place)
        for one in self.endpoints.values():
            assert one.met.wait(20)
        assert self.client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
        self.bystander.wait(1, 20)
        self.first = {behave: self.attempt(webhook) for behave, webhook in self.webhooks.items()}

    def webhook(self, url, event):
        answer = self.client.post("/webhooks", json={"url": url, "events": [event]})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def attempt(self, webhook):
        def look():
            one, = self.client.get(f"/webhooks/{webhook}/deliveries").json()["deliveries"]  # Written with others, soon.
            return self.client.get(f"/webhooks/{webhook}/deliveries/{one['id']}").json()["attempts"]
        return eventually(look, 20, f"an attempt for {webhook}")[0]

    def close(self):
        for one in self.endpoints.values():
            one.close()
        self.porter.close()


@pytest.fixture(scope="module")
def story(servers, tmp_path_factory):
    made = Story(servers, tmp_path_factory.mktemp("pki"))
    yield made
    made.close()


@pytest.mark.parametrize("behave", CASES, ids=lambda behave: behave.__name__.replace("_", "-"))
def test_it_is_said_what_it_did(story, behave):
    attempt, (verdict, words, status) = story.first[behave], CASES[behave]
    assert (attempt["verdict"], attempt["status"]) == (verdict, status), attempt["detail"]
    assert attempt["failure"] in words if isinstance(words, set) else attempt["failure"] == words, attempt["detail"]
    assert attempt["total_us"] <= (LIMIT_S + 3) * 1_000_000


def test_nothing_is_left_of_them(story):
    """Their slots are free again, and its memory did not grow by what they sent."""
    eventually(lambda: story.dispatcher.metric("porter_deliveries_in_flight") == 0, 10, "nothing is under way")
    assert story.dispatcher.metric("process_resident_memory_bytes") < 200 << 20
