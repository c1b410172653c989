"""What every answer has around it: timing, methods, compression, and who may read it from a browser."""
import gzip
import re

import pytest
import requests

from harness.poll import eventually
from harness.porter import Client

ORIGIN = "https://desk.example"


class Desk:
    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.place, self.client = self.tenant.location(), self.tenant.client()

    def raw(self, method, path, **headers):
        """One request whose body is left as it came."""
        answer = requests.request(method, self.client.base + "/api/v1" + path, verify=str(self.client.ca), stream=True, timeout=20,
                                  headers={"X-API-Key": self.client.key, "Accept-Encoding": None, **headers})
        return answer, answer.raw.read(decode_content=False)


@pytest.fixture(scope="module")
def desk(porter):
    made = Desk(porter)
    for i in range(12):
        made.client.pre_register(made.place, notes="Ünïcode " * 20)
    return made


# ---- Server-Timing -------------------------------------------------------------------------------

def timing(answer):
    found = re.fullmatch(r"auth;dur=(\d+\.\d{3}), limit;dur=(\d+\.\d{3}), db;dur=(\d+\.\d{3})", answer.headers["Server-Timing"])
    assert found, answer.headers["Server-Timing"]
    return [float(one) for one in found.groups()]


def test_the_time_is_told_apart(desk):
    _, limit, db = timing(desk.client.get("/visitors"))
    assert limit > 0 and db > 0
    assert timing(desk.client.get("/visitors?limit=x"))[2] == 0  # Refused before PostgreSQL is asked.
    answer = desk.client.post("/visitors/pre-register", json={"full_name": "A", "location_id": desk.place},
                              headers={"Idempotency-Key": desk.place})
    assert timing(answer)[2] > 0


def test_without_a_key_there_is_nothing_to_tell(desk):
    answer = requests.get(desk.client.base + "/api/v1/visitors", verify=str(desk.client.ca), timeout=20)
    assert answer.status_code == 401 and "Server-Timing" not in answer.headers


# ---- HEAD and OPTIONS ----------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/visitors?limit=3", "/visitors?limit=x", "/rate-limit", "/nowhere"])
@pytest.mark.parametrize("coding", [None, "gzip"])
def test_head_is_get_without_the_body(desk, path, coding):
    get, body = desk.raw("GET", path, **{"Accept-Encoding": coding})
    head, nothing = desk.raw("HEAD", path, **{"Accept-Encoding": coding})
    assert head.status_code == get.status_code and nothing == b""
    own = {"Date", "X-Request-Id", "Server-Timing", "RateLimit", "RateLimit-Remaining", "RateLimit-Reset", "Content-Length"}
    assert {k: v for k, v in head.headers.items() if k not in own} == {k: v for k, v in get.headers.items() if k not in own}
    # A problem and a cursor hold what differs from one request to the next.
    assert abs(int(head.headers["Content-Length"]) - len(body)) <= (8 if coding else 1)


def test_options_needs_no_key_and_is_not_counted(desk):
    before = desk.client.get("/rate-limit").json()["remaining"]
    for path, allowed in (("/visitors", "GET, HEAD, OPTIONS"), ("/visitors/pre-register", "POST, OPTIONS")):
        for key in ({}, {"X-API-Key": desk.client.key}, {"X-API-Key": "nonsense"}):
            answer = requests.options(desk.client.base + "/api/v1" + path, headers=key, verify=str(desk.client.ca), timeout=20)
            assert answer.status_code == 204 and answer.headers["Allow"] == allowed and answer.content == b""
            assert "Access-Control-Allow-Origin" not in answer.headers and "RateLimit-Limit" not in answer.headers
    assert desk.client.get("/rate-limit").json()["remaining"] == before
    nowhere = requests.options(desk.client.base + "/api/v1/nowhere", verify=str(desk.client.ca), timeout=20)
    assert nowhere.status_code == 404


# ---- Methods -------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "STEAL", "get"])
@pytest.mark.parametrize("path", ["/visitors", "/nowhere"])
def test_a_method_that_nothing_takes_is_501(desk, method, path):
    session = requests.Session()
    request = requests.Request("GET", desk.client.base + "/api/v1" + path).prepare()
    request.method = method  # requests would write it in capitals.
    answer = session.send(request, verify=str(desk.client.ca), timeout=20)
    assert answer.status_code == 501 and answer.json()["type"].endswith("/method-not-implemented")


def test_a_method_that_others_take_is_405(desk):
    answer = desk.client.request("DELETE", "/visitors")
    assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD, OPTIONS"


# ---- gzip ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br, gzip;q=0.5", "*", "x-gzip", "deflate, *;q=0.1"])
def test_a_large_answer_is_packed_for_who_takes_it(desk, coding):
    plain, body = desk.raw("GET", "/visitors")
    packed, small = desk.raw("GET", "/visitors", **{"Accept-Encoding": coding})
    assert plain.headers.get("Content-Encoding") is None and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small) == body and len(small) < len(body) / 3
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("coding", [None, "", "br", "gzip;q=0", "gzip;q=0.000, *", "identity", "*;q=0"])
def test_who_does_not_take_it_gets_it_plain(desk, coding):
    answer, body = desk.raw("GET", "/visitors", **{"Accept-Encoding": coding})
    assert "Content-Encoding" not in answer.headers and body.startswith(b'{"visitors"')


def test_a_tiny_answer_is_never_packed(desk):
    answer, body = desk.raw("GET", "/rate-limit", **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers and body.startswith(b"{") and "Vary" not in answer.headers


# ---- CORS ----------------------------------------------------------------------------------------

def preflight(desk, origin=ORIGIN):
    return requests.options(desk.client.base + "/api/v1/visitors", verify=str(desk.client.ca), timeout=20, headers={
        "Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"})


def allowed(answer):
    return answer.headers.get("Access-Control-Allow-Origin")


def test_pages_may_read_only_what_their_own_organization_allows(porter):
    one, other = Desk(porter), Desk(porter)
    page = {"Origin": ORIGIN}
    assert allowed(one.client.get("/visitors", headers=page)) is None and allowed(preflight(one)) is None
    shown = porter.ctl("org", "cors", "--org", one.tenant.slug, "--origins", f"{ORIGIN},http://localhost:3000")
    assert shown["origins"] == [ORIGIN, "http://localhost:3000"]
    eventually(lambda: allowed(one.client.get("/visitors", headers=page)) == ORIGIN, 30, "the origin to be allowed")
    answer = one.client.get("/visitors", headers=page)
    assert "Origin" in answer.headers["Vary"]
    assert {"RateLimit-Remaining", "Retry-After", "X-Request-Id", "ETag", "Link"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    asked = preflight(one)
    assert asked.status_code == 204 and allowed(asked) == ORIGIN and asked.headers["Access-Control-Max-Age"] == "600"
    assert "X-API-Key" in asked.headers["Access-Control-Allow-Headers"] and "GET" in asked.headers["Access-Control-Allow-Methods"]
    # The neighbour's answers stay unreadable, and so do other pages.
    assert allowed(other.client.get("/visitors", headers=page)) is None
    for origin in ("https://desk.example.evil", "http://desk.example", "https://desk.example:444", "null", "https://DESK.example"):
        assert allowed(one.client.get("/visitors", headers={"Origin": origin})) is None and allowed(preflight(one, origin)) is None
    assert allowed(one.client.get("/visitors")) is None
    # A page can read why its key is refused.
    wrong = Client(one.client.base, one.client.key[:-1], one.client.ca).get("/visitors", headers=page)
    assert wrong.status_code == 401 and allowed(wrong) == ORIGIN
    porter.ctl("org", "cors", "--org", one.tenant.slug, "--origins", "none")
    eventually(lambda: allowed(one.client.get("/visitors", headers=page)) is None, 30, "the origin to be gone")


@pytest.mark.parametrize("origin", ["*", "desk.example", "https://desk.example/", "https://Desk.example", "http://desk.example",
                                    "https://desk.example:0", "https://", "https://a b", "https://a.example,,https://b.example"])
def test_a_bad_origin_is_refused(porter, origin):
    done = porter.run_ctl("org", "cors", "--org", porter.organization().slug, "--origins", origin)
    assert done.returncode != 0 and "is no origin" in done.stderr
