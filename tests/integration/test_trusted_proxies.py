"""Who calls, behind proxies that the gateway trusts: they say it, and nobody else can."""
import random

import pytest

from harness.dashboard import From, Person
from harness.nginx import Door
from harness.poll import eventually
from harness.porter import Client, Porter, parse_id
from harness.raw import Wire, request, trusting
from integration.test_keys import guess

PROXY, INNER, STRANGER = "127.77.0.1", "127.77.0.2", "127.78.0.1"
TRUSTED = "127.77.0.0/16, 2001:db8:77::/48"
GUESSES = 6


@pytest.fixture(scope="module")
def porter(servers):
    """The first gateway trusts; the second has no proxies."""
    made = Porter(servers)
    made.gateway(PORTER_TRUSTED_PROXIES=TRUSTED, PORTER_UNKNOWN_KEYS=GUESSES)
    made.gateway()
    yield made
    made.close()


def an_address():
    """Of a caller out there that no other test has: tries are counted by address."""
    return ".".join(["198", *(str(random.randint(1, 254)) for _ in range(3))])


def through(peer, lines=(), key="none", gateway=None):
    """An API client whose connections come from there, with these lines of X-Forwarded-For."""
    porter, gateway = gateway
    client = Client(gateway.url, key, porter.tls / "ca.pem")
    client.session.mount("https://", From(peer))
    client.session.headers["X-Forwarded-For"] = ", ".join(lines)
    return client


def browser(person, caller, peer=PROXY, **more):
    return person.browser(address=peer, page=(("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-For", caller)), **more)


# ---- The rule, by the log ------------------------------------------------------------------------

def logged(porter, gateway, peer, *lines):
    """Such a request's caller in the log, and its proxy, if there was one."""
    with Wire(gateway.https, trusting(porter.tls / "ca.pem"), source=peer) as wire:
        wire.send(request("GET", "/api/v1/visitors", "Connection: close", *lines))
        asked = wire.answer().header("X-Request-Id")
    (line,) = eventually(lambda: gateway.logged(event="request.refused", request_id=asked), 10, "the line of the request")
    return line["remote"], line.get("proxy")


CALLERS = [
    # The connection is a stranger's: he is the caller, whatever he says.
    (STRANGER, ["X-Forwarded-For: 203.0.113.1"], STRANGER),
    (STRANGER, [f"X-Forwarded-For: {PROXY}"], STRANGER),
    (STRANGER, ["X-Forwarded-For: 203.0.113.1", f"X-Forwarded-For: {PROXY}"], STRANGER),
    # A proxy's: whom it names, and nobody further left.
    (PROXY, [], PROXY),
    (PROXY, ["X-Forwarded-For: 203.0.113.1"], "203.0.113.1"),
    (PROXY, ["x-forwarded-for: 10.0.0.1, 203.0.113.1:4711"], "203.0.113.1"),
    (PROXY, ["X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 203.0.113.1", f"X-Forwarded-For: {INNER}"], "203.0.113.1"),
    (PROXY, ["X-Forwarded-For: 203.0.113.1, [2001:db8:77::1]:443"], "203.0.113.1"),
    (PROXY, ["X-Forwarded-For: ::ffff:203.0.113.1"], "203.0.113.1"),
    (PROXY, ["X-Forwarded-For: [2001:DB8::1]:443"], "2001:db8::1"),
    # What is no address ends the search.
    (PROXY, ["X-Forwarded-For: 203.0.113.1, unknown"], PROXY),
    (PROXY, [f"X-Forwarded-For: 203.0.113.1,, {INNER}"], INNER),
    # No other header is read.
    (PROXY, ["Forwarded: for=203.0.113.1", "X-Real-IP: 203.0.113.1", "X_Forwarded_For: 203.0.113.1", "True-Client-IP: 203.0.113.1"], PROXY),
]


@pytest.mark.parametrize("peer, lines, caller", CALLERS)
def test_the_caller_is_whom_the_proxies_name(porter, peer, lines, caller):
    gateway = porter.gateways[0]
    assert logged(porter, gateway, peer, *lines) == (caller, peer if peer != caller else None)


def test_without_the_setting_no_header_is_read(porter):
    gateway = porter.gateways[1]
    for peer, lines, _ in CALLERS:
        assert logged(porter, gateway, peer, *lines) == (peer, None)


def test_a_head_that_can_not_be_read_names_nobody(porter):
    gateway = porter.gateways[0]
    assert logged(porter, gateway, PROXY, "X-Forwarded-For: 203.0.113.1", "Host: twice") == (PROXY, None)


@pytest.mark.parametrize("source, is_trusted", [(PROXY, True), (STRANGER, False)])
def test_behind_a_real_door_the_caller_is_whose_connection_came_to_it(porter, organization, source, is_trusted):
    """nginx ends TLS, opens it anew, and adds whom it sees to what the caller sent."""
    gateway, caller = porter.gateways[0], f"127.80.0.{random.randint(1, 254)}"
    door = Door(porter, gateway, source).start()
    try:
        client = Client(door.url, organization.key().text, porter.tls / "ca.pem")
        client.session.mount("https://", From(caller))
        made = client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": organization.location()},
                           headers={"X-Forwarded-For": f"203.0.113.1, {INNER}"})
        assert made.status_code == 201, made.text
    finally:
        door.stop()
    (line,) = eventually(lambda: gateway.logged(request_id=made.headers["X-Request-Id"], event="request.answered"), 10, "the line of the request")
    assert (line["remote"], line.get("proxy")) == ((caller, source) if is_trusted else (source, None))


# ---- What is counted by address ------------------------------------------------------------------

def test_guesses_are_slowed_by_caller_and_not_by_proxy(porter):
    gateway, guesser, other = (porter, porter.gateways[0]), an_address(), an_address()

    def codes(peer, *lines, count):
        return [through(peer, lines, guess(), gateway).get("/visitors").status_code for _ in range(count)]

    assert codes(PROXY, guesser, count=3 * GUESSES).count(429) >= GUESSES
    assert codes(INNER, guesser, count=1) == codes(PROXY, guesser, PROXY, count=1) == [429]
    # He may say before what he likes,
    assert [codes(PROXY, an_address(), guesser, count=1) for _ in range(3)] == 3 * [[429]]
    # and nobody else waits for him.
    assert codes(PROXY, other, count=2) == [401, 401]
    assert codes(STRANGER, guesser, count=1) == [401]


def test_who_is_no_proxy_can_not_guess_under_many_addresses(porter):
    gateway = (porter, porter.gateways[0])
    source = f"127.79.0.{random.randint(1, 254)}"
    said = [through(source, [an_address()], guess(), gateway).get("/visitors").status_code for _ in range(3 * GUESSES)]
    assert said.count(429) >= GUESSES


def test_who_tries_to_sign_in_keeps_only_himself_from_it(porter, organization):
    owner, caller = Person(porter, organization), an_address()

    def attempt(number):
        # Another account each time, and another address to the left.
        return browser(owner, f"{an_address()}, {caller}").post("/sign-in", json={"email": f"{number}-{owner.email}", "password": "wrong password!"})

    tries, answer = 0, attempt(0)
    while tries < 100 and not (answer.status_code == 429 and int(answer.headers["Retry-After"]) > 2):  # Else the next may well be let in.
        tries += answer.status_code == 401
        answer = attempt(tries)
    assert answer.status_code == 429 and tries >= 60
    assert browser(owner, caller, INNER).sign_in(owner).status_code == 429
    assert browser(owner, caller, STRANGER).sign_in(owner).status_code == 200, "what a stranger says is not read"
    assert browser(owner, an_address()).sign_in(owner).status_code == 200


# ---- What is shown -------------------------------------------------------------------------------

def test_sessions_the_log_of_changes_and_a_keys_calls_show_the_caller(porter, organization):
    owner, caller = Person(porter, organization), an_address()
    page = browser(owner, caller)
    assert page.sign_in(owner).status_code == 200
    page.confirm(owner)
    (session,) = page.get("/sessions").json()["sessions"]
    assert session["address"] == caller
    made = page.post("/keys", json={"name": "kiosk", "scopes": ["visitors:read"]}).json()
    assert {(row["action"], row["address"]) for row in page.get("/audit").json()["entries"]} >= {("session.begun", caller), ("key.created", caller)}
    kiosk = an_address()
    assert through(PROXY, ["10.0.0.1", kiosk], made["key"], (porter, porter.gateways[0])).get("/visitors").status_code == 200
    (call,) = eventually(lambda: page.get(f"/keys/{made['id']}/calls").json()["calls"], 10, "the call reaches Redis")
    assert call["address"] == kiosk
    assert [place["address"] for place in page.get(f"/keys/{made['id']}").json()["addresses"]] == [kiosk]


def test_a_change_by_a_key_is_the_callers(porter, organization):
    caller = an_address()
    client = through(PROXY, [caller], organization.key().text, (porter, porter.gateways[0]))
    made = client.post("/webhooks", json={"url": "https://example.com/a", "events": ["*"]}).json()
    with porter.database() as db:
        assert db.execute("SELECT address FROM audit_log WHERE action = 'webhook.created' AND subject = %s", (made["id"],)).fetchall() == [(caller,)]


def test_a_key_that_came_in_plain_text_was_the_callers(porter, organization):
    key, caller = organization.key(), an_address()
    with Wire(porter.gateways[0].plain, source=PROXY) as wire:
        wire.send(request("GET", "/api/v1/visitors", f"X-API-Key: {key.text}", f"X-Forwarded-For: {caller}"))
        assert wire.answer().status == 403
    with porter.database() as db:
        rows = db.execute("SELECT address FROM audit_log WHERE org_id = %s AND action = 'key.revoked'", (parse_id(organization.id),)).fetchall()
    assert rows == [(caller,)]
