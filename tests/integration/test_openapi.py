"""Every route of the table, one by one: who may call it, whose things it shows, what it answers to bad requests.

The rows come from `gateway --routes` and the OpenAPI document, so a new route is in these tests when it is in the code."""
import binascii
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.contract import contract
from harness.porter import format_id, uuid7
from harness.poll import LOG_S, eventually
from harness.process import printed
from harness.raw import Wire, trusting

SCOPES = ["visitors:read", "visitors:write", "locations:read", "contractors:read", "contractors:write", "evacuations:read",
          "evacuations:write", "events:read", "webhooks:read", "webhooks:write"]
PREFIXES = {"visitors": "vis", "locations": "loc", "contractors": "con", "evacuations": "evac", "events": "evt",
            "webhooks": "whk", "deliveries": "dlv", "replays": "rpl"}


def routes():
    told = printed("--routes", "gateway")
    return [line.split("\t")[:4] for line in told.splitlines()]


ROUTES = [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in routes()]
SCOPED = [one for one in ROUTES if one.values[2] not in ("open", "any")]
KEYED = [one for one in ROUTES if one.values[2] != "open"]
WITH_ID = [one for one in KEYED if "{" in one.values[1]]


def unknown_key():
    """One of the right form that nobody has."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    body, check = "porter_sk_" + "".join(secrets.choice(letters) for _ in range(43)), ""
    number = binascii.crc32(body.encode())
    for _ in range(6):
        check, number = letters[number % 62] + check, number // 62
    return body + check


def address(pattern, ids=None):
    """A path of the pattern; ids of the collections that are given, else ones that belong to nothing."""
    parts, before = [], ""
    for part in pattern.split("/"):
        if part == "{code}":
            part = "not-found"
        elif part.startswith("{"):
            part = (ids or {}).get(before) or format_id(PREFIXES[before], uuid7())
        parts.append(part)
        before = part
    return "/".join(parts)


def send(world, method, path, key, **more):
    headers = {**({"X-API-Key": key} if key else {}), **more.pop("headers", {})}
    return world.client.session.request(method, world.gateway.url + path, headers=headers,
                                        verify=str(world.client.ca), timeout=20, **more)


class World:
    """One organization with a key of each kind, and the ids of a stranger's things."""

    def __init__(self, porter):
        self.porter, self.gateway = porter, porter.gateways[0]
        self.tenant = porter.organization()
        self.location = self.tenant.location()
        self.all = self.tenant.key().text
        self.client = self.tenant.client()
        self.only = {scope: self.tenant.key(name=scope, scopes=scope).text for scope in SCOPES}
        self.but = {scope: self.tenant.key(name=f"no {scope}", scopes=",".join(s for s in SCOPES if s != scope)).text
                    for scope in SCOPES}
        self.full = self.tenant.key(rate_limit=1).text
        self.tls = trusting(porter.tls / "ca.pem")
        self.stranger = porter.organization()
        self.theirs = self.things_of(self.stranger)
        self.ours = self.things_of(self.tenant)

    def things_of(self, tenant):
        """What can be made through the API or is there: {collection: id}."""
        client, location = tenant.client(), tenant.location()
        for _ in range(3):
            visitor = client.pre_register(location)
        contractor = client.post("/contractors", json={"company": "Blitz Elektro GmbH"}).json()
        webhook = client.post("/webhooks", json={"url": "https://example.com/hook", "events": ["*"]}).json()
        evacuation = client.post("/evacuations", json={"location_id": location}).json()
        events = eventually(lambda: client.get("/events?limit=1").json()["events"], LOG_S)
        return {"locations": location, "evacuations": evacuation["id"], "visitors": visitor["id"], "contractors": contractor["id"],
                "webhooks": webhook["id"], "events": events[0]["id"]}


@pytest.fixture(scope="module")
def world(porter):
    return World(porter)


# ---- Who may ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("method, pattern, scope, counted", SCOPED)
def test_a_route_takes_its_scope_and_no_other(world, method, pattern, scope, counted):
    refused = send(world, method, address(pattern), world.but[scope])
    assert refused.status_code == 403 and scope in refused.json()["detail"]
    assert send(world, method, address(pattern), world.only[scope]).status_code != 403


@pytest.mark.parametrize("method, pattern, scope, counted", KEYED)
def test_a_route_wants_a_key(world, method, pattern, scope, counted):
    assert send(world, method, address(pattern), None).status_code == 401
    assert send(world, method, address(pattern), "porter_sk_x").status_code == 401


@pytest.mark.parametrize("method, pattern, scope, counted", KEYED)
def test_a_counted_route_stops_at_the_limit(world, method, pattern, scope, counted):
    for _ in range(3):
        last = send(world, method, address(pattern), world.full)
    assert (last.status_code == 429) == (counted == "counted")


# ---- Whose -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("method, pattern, scope, counted", WITH_ID)
def test_another_organizations_things_are_not_there(world, method, pattern, scope, counted):
    for ids in (world.theirs, {}):
        body = {} if method in ("POST", "PATCH", "PUT") else None
        operation = contract().operations[pattern, method]
        asked = [contract().resolve(one) for one in operation.get("parameters", [])]
        query = "&".join(f"{one['name']}=2026-01-01T00:00:00Z" for one in asked  # The one kind there is so far.
                         if one["in"] == "query" and one.get("required"))
        answer = send(world, method, f"{address(pattern, ids)}?{query}".rstrip("?"), world.all, **({"json": body} if "requestBody" in operation else {}))
        assert answer.status_code in (404, 422), answer.text
        if answer.status_code == 422:  # Faults of the body are told before the thing is looked for.
            assert operation["requestBody"]["required"]


@pytest.mark.parametrize("method, pattern, scope, counted", [one for one in KEYED if one.values[0] == "GET" and one.values[1].count("/") == 3])
def test_another_organizations_cursor_leads_nowhere(world, method, pattern, scope, counted):
    stranger = world.stranger.client()
    answer = stranger.get(pattern.removeprefix("/api/v1") + "?limit=1")
    cursor = answer.json().get("pagination", {}).get("next_cursor")
    bad = send(world, "GET", f"{pattern}?limit=1&cursor={cursor or 'x'}", world.all)
    assert bad.status_code == 400


# ---- Versions and repeats --------------------------------------------------------------------------

def documenting(status, method=None):
    """The routes that document this status."""
    return [one for one in KEYED if status in contract().operations[one.values[1], one.values[0]]["responses"]
            and method in (None, one.values[0])]


@pytest.mark.parametrize("method, pattern, scope, counted", documenting("304"))
def test_what_one_has_already_is_not_sent_again(world, method, pattern, scope, counted):
    shown = send(world, "GET", address(pattern, world.ours), world.all)
    again = send(world, "GET", address(pattern, world.ours), world.all, headers={"If-None-Match": "*"})
    assert (shown.status_code, again.status_code) in ((200, 304), (404, 404))  # 404: nothing of it is made here.
    if shown.status_code == 200:
        same = send(world, "GET", address(pattern, world.ours), world.all, headers={"If-None-Match": shown.headers["ETag"]})
        assert (same.status_code, same.content) == (304, b"")
    assert shown.status_code == 200 or before_id(pattern) not in world.ours


def before_id(pattern):
    return pattern.rsplit("/{", 1)[0].rsplit("/", 1)[1]


@pytest.mark.parametrize("method, pattern, scope, counted", [
    one for one in documenting("412") if one.values[1].count("{") == 1 and before_id(one.values[1]) in ("visitors", "contractors", "evacuations", "webhooks")])
def test_a_change_of_another_version_is_refused(world, method, pattern, scope, counted):
    body = {"accounted_for": [world.ours["visitors"]]} if pattern.endswith("/roll-call") else {}  # The others need nothing.
    more = {"json": body} if "requestBody" in contract().operations[pattern, method] else {}
    answer = send(world, method, address(pattern, world.ours), world.all, headers={"If-Match": 'W/"1"'}, **more)
    assert answer.status_code == 412 and answer.headers["ETag"]


@pytest.mark.parametrize("method, pattern, scope, counted", documenting("422", "POST"))
def test_a_token_belongs_to_one_request(world, method, pattern, scope, counted):
    token = {"Idempotency-Key": uuid7().hex}
    first = send(world, method, address(pattern), world.all, headers=token, json={"notes": "a"})
    assert first.status_code in (400, 404, 422)
    other = send(world, method, address(pattern), world.all, headers=token, json={"notes": "b"})
    assert other.status_code == 422 and other.json()["type"].endswith("/idempotency-mismatch")


@pytest.mark.parametrize("method, pattern, scope, counted", documenting("409", "POST"))
def test_a_token_that_is_being_worked_on_waits(world, method, pattern, scope, counted):
    token, path = {"Idempotency-Key": uuid7().hex}, address(pattern)
    with world.porter.database() as db, ThreadPoolExecutor(1) as pool:
        with db.transaction():
            db.execute("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE")
            first = pool.submit(send, world, method, path, world.all, headers=token)
            eventually(lambda: db.execute("SELECT 1 FROM pg_locks WHERE relation = 'idempotency'::regclass AND NOT granted").fetchone())
            second = world.tenant.client().session.request(
                method, world.gateway.url + path, headers={"X-API-Key": world.all, **token}, verify=str(world.client.ca), timeout=20)
            assert second.status_code == 409 and second.json()["type"].endswith("/idempotency-in-progress")
        assert first.result().status_code != 409


def test_guesses_are_slowed_on_every_route(world):
    gateway = world.porter.gateway(PORTER_UNKNOWN_KEYS=1)
    for method, pattern, _, _ in (one.values for one in KEYED):
        for _ in range(2):
            answer = world.client.session.request(method, gateway.url + address(pattern), headers={"X-API-Key": unknown_key()},
                                                  verify=str(world.client.ca), timeout=20)
        assert answer.status_code == 429 and answer.json()["type"].endswith("/too-many-unknown-keys")


# ---- Bad requests ----------------------------------------------------------------------------------

@pytest.mark.parametrize("method, pattern, scope, counted", ROUTES)
def test_a_route_refuses_what_it_does_not_take(world, method, pattern, scope, counted):
    operation = contract().operations[pattern, method]
    path, key = address(pattern), world.all
    documented = set(operation["responses"])
    wanted = {
        "406": {"headers": {"Accept": "text/plain"}},
        "415": {"data": b"<a/>", "headers": {"Content-Type": "text/xml"}},
    }
    for status, more in wanted.items():
        if status in operation["responses"]:
            assert str(send(world, method, path, key, **more).status_code) == status
    if "{" not in path and not path.startswith(("/docs", "/api/v1/docs")):
        unknown = send(world, method, path + "?nonsense=1", key)
        assert unknown.status_code == 400 and unknown.json()["errors"][0]["field"] == "nonsense"


@pytest.mark.parametrize("method, pattern, scope, counted", ROUTES)
def test_a_route_refuses_what_can_not_be_read(world, method, pattern, scope, counted):
    """Refused before anybody looks at the address; the document says so of each."""
    rows = [("HTTP/1.1", "No colon here\r\n", 400), ("HTTP/1.1", f"Content-Length: {64 << 20}\r\n", 413),
            ("HTTP/1.1", f"X-Long: {'x' * 70000}\r\n", 431), ("HTTP/1.1", "Transfer-Encoding: gzip\r\n", 501),
            ("HTTP/2.7", "", 505)]
    for version, line, status in rows:
        with Wire(world.gateway.https, world.tls) as wire:
            wire.send(f"{method} {address(pattern)} {version}\r\nHost: localhost\r\nX-API-Key: {world.all}\r\n{line}\r\n".encode())
            assert wire.answer(head=False).status == status, line[:40]
        contract().seen.add((contract().operations[pattern, method]["operationId"], status))


def test_every_route_gives_up_on_a_slow_request(world):
    gateway = world.porter.gateway(PORTER_HTTP_REQUEST="1s", PORTER_HTTP_THREADS=128)
    wires = []
    for method, pattern, _, _ in (one.values for one in ROUTES):
        wire = Wire(gateway.https, world.tls)
        wire.send(f"{method} {address(pattern)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".encode())
        wires.append(wire)
    for wire in wires:
        assert wire.answer().status == 408
        wire.close()


def test_every_route_refuses_plain_http(world):
    for method, pattern, _, _ in (one.values for one in ROUTES):
        answer = world.client.session.request(method, f"http://localhost:{world.gateway.plain}{address(pattern)}", timeout=20)
        assert answer.status_code == 403 and answer.json()["type"].endswith("/https-required")


# ---- The document itself ---------------------------------------------------------------------------

def test_what_is_served_is_what_the_tests_hold_answers_against(world):
    answer = send(world, "GET", "/api/v1/openapi.json", None)
    assert answer.json() == contract().document and answer.headers["Cache-Control"] == "public, max-age=300"
    for path in ("/api/v1/openapi.json", "/api/v1/docs"):
        tag = send(world, "GET", path, None).headers["ETag"]
        assert send(world, "GET", path, None, headers={"If-None-Match": tag}).status_code == 304


def test_the_page_names_every_operation_and_loads_nothing(world):
    page = send(world, "GET", "/api/v1/docs", None)
    for operation in contract().operations.values():
        assert f'id="{operation["operationId"]}"' in page.text
    anchors = set(re.findall(r'id="([^"]+)"', page.text))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= anchors
    assert "<script" not in page.text and not re.search(r'(?:src|@import|url\()', page.text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_list_of_errors_leads_to_each(world):
    page = send(world, "GET", "/docs/errors", None).text
    links = re.findall(r'href="(/docs/errors/[a-z-]+)"', page)
    assert len(links) > 20
    for link in links:
        assert send(world, "GET", link, None).status_code == 200
    assert send(world, "GET", "/docs/errors/nothing", None).status_code == 404
