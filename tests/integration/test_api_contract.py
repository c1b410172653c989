"""What docs/api.md promises to every caller: lists, filters, methods, ids, scopes, tenants, problems."""
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from harness.porter import format_id, parse_id, uuid7
from harness.process import printed
from harness.raw import Wire, trusting

BASE = datetime(2026, 3, 1, 9, 0, tzinfo=timezone.utc)
STATUSES = ["expected", "checked_in", "checked_out", "cancelled", "no_show"]
PEOPLE = [("Zoë Łukasiewicz", "Škoda Auto"), ("Ada Lovelace", "Analytical Engines"), ("José-María O’Brien", "Ünïted Bäckereien AG"),
          ("山田 太郎", "株式会社山田"), ("Anna Straße", None)]
COUNT = 250


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class House:
    """An organization with 250 visitors, whose rows are known here; and a stranger's."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client = self.tenant.client()
        self.places = [self.tenant.location("Nord"), self.tenant.location("Süd")]
        self.rows = [self._row(i) for i in range(COUNT)]
        with porter.database() as db, db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO visitors (org_id, id, status, full_name, email, company, host_email, location_id, expected_at, checked_in_at,"
                " created_at, updated_at) VALUES (%(org)s, %(raw)s, %(status)s, %(full_name)s, %(email)s, %(company)s, %(host_email)s,"
                " %(place)s, %(expected_at)s, %(checked_in_at)s, %(created_at)s, %(created_at)s)", self.rows)
        self.rows.sort(key=lambda row: (row["created_at"], row["raw"].bytes), reverse=True)
        self.ids = [row["id"] for row in self.rows]

    def _row(self, i):
        raw, (name, company) = uuid7(), PEOPLE[i % 5]
        created = BASE + timedelta(minutes=i // 7)  # Seven share each moment: order must not depend on it alone.
        status = STATUSES[i % 5 if i % 3 else 0]
        return {"org": parse_id(self.tenant.id), "raw": raw, "id": format_id("vis", raw), "status": status, "full_name": name,
                "email": f"guest{i % 50}@example.com", "company": company, "host_email": f"host{i % 4}@porter.example",
                "place": parse_id(self.places[i % 2]), "location_id": self.places[i % 2], "created_at": created,
                "expected_at": created + timedelta(days=i % 10),
                "checked_in_at": created + timedelta(hours=1) if status in ("checked_in", "checked_out") else None}

    def list(self, query="", status=200):
        answer = self.client.get(f"/visitors?{query}")
        assert answer.status_code == status, answer.text
        return answer

    def walk(self, query="", limit=200, between=None):
        """All ids, page by page, by next_cursor; `between(page)` runs after each page."""
        ids, cursor, pages = [], None, 0
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            body = self.list(f"limit={limit}&{query}{more}").json()
            ids += [one["id"] for one in body["visitors"]]
            page = body["pagination"]
            assert page["limit"] == limit
            assert page["has_more"] == (page["next_cursor"] is not None)
            pages += 1
            if not page["has_more"]:
                return ids
            assert len(body["visitors"]) == limit
            cursor = page["next_cursor"]
            if between:
                between(pages)


@pytest.fixture(scope="module")
def house(porter):
    return House(porter)


# ---- Pages ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("limit", [1, 2, 7, 49, 50, 100, 125, 199, 200])
def test_pages_of_any_size_give_every_visitor_once_and_in_order(house, limit):
    wanted = house.ids
    if limit == 1:  # One by one through a part.
        assert house.walk("email=guest3%40example.com", 1) == [row["id"] for row in house.rows if row["email"].startswith("guest3@")]
    else:
        assert house.walk("", limit) == wanted


def test_the_default_is_fifty(house):
    body = house.list().json()
    assert len(body["visitors"]) == body["pagination"]["limit"] == 50
    assert list(body) == ["visitors", "pagination"] and "total_count" not in body["pagination"]


def test_the_limit_may_change_on_the_way(house):
    first = house.list("limit=30").json()
    rest = house.list(f"limit=200&cursor={first['pagination']['next_cursor']}").json()
    assert [one["id"] for one in first["visitors"] + rest["visitors"]] == house.ids[:230]


def test_the_last_page_may_be_exactly_full(house):
    assert len(house.list("limit=50&q=ada").json()["visitors"]) == 50
    page = house.list("limit=50&q=ada").json()["pagination"]
    assert page == {"limit": 50, "has_more": False, "next_cursor": None}


def test_new_visitors_between_pages_neither_repeat_nor_hide_any(porter):
    other = House(porter)
    made = []
    ids = other.walk("", 40, between=lambda _: made.extend(other.client.pre_register(other.places[0])["id"] for _ in range(3)))
    assert ids == other.ids and len(made) == 18
    assert other.walk("", 100) == made[::-1] + other.ids


def test_the_link_header_leads_through_all_pages(house):
    url, ids = f"{house.client.base}/api/v1/visitors?limit=60&status=expected&q=a", []
    while url:
        answer = house.client.session.get(url, headers={"X-API-Key": house.client.key}, verify=str(house.client.ca), timeout=20)
        assert answer.status_code == 200, answer.text
        ids += [one["id"] for one in answer.json()["visitors"]]
        link = answer.headers.get("Link")
        assert (link is not None) == answer.json()["pagination"]["has_more"]
        url = re.fullmatch(r'<(https://[^>]+)>; rel="next"', link)[1] if link else None
    assert ids == house.walk("status=expected&q=a") and len(ids) > 60


def test_total_count_counts_what_the_filters_leave(house):
    for query, count in {"": COUNT, "status=no_show": sum(row["status"] == "no_show" for row in house.rows), "q=nobody": 0}.items():
        assert house.list(f"include=total_count&limit=1&{query}").json()["pagination"]["total_count"] == count


def test_locations_and_contractors_have_pages_too(house):
    raw = [uuid7() for _ in range(5)]
    with house.porter.database() as db:
        for i, one in enumerate(raw):
            db.execute("INSERT INTO contractors (org_id, id, status, company, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s)",
                       (parse_id(house.tenant.id), one, "pending" if i % 2 else "approved", f"Firma {i}", BASE, BASE))
    for path, key, count in (("/locations", "locations", 2), ("/contractors", "contractors", 5)):
        seen, cursor = [], ""
        while True:
            body = house.client.get(f"{path}?limit=1{cursor}").json()
            seen += [one["id"] for one in body[key]]
            if not body["pagination"]["has_more"]:
                break
            cursor = f"&cursor={body['pagination']['next_cursor']}"
        assert len(seen) == len(set(seen)) == count
    assert {one["company"] for one in house.client.get("/contractors?status=approved").json()["contractors"]} == {"Firma 0", "Firma 2", "Firma 4"}
    assert [one["company"] for one in house.client.get("/contractors?company=firma%203").json()["contractors"]] == ["Firma 3"]


# ---- Filters -------------------------------------------------------------------------------------

NOON = BASE + timedelta(minutes=17)
FILTERS = {
    "status=checked_in": lambda row: row["status"] == "checked_in",
    "status=checked_in&status=no_show": lambda row: row["status"] in ("checked_in", "no_show"),
    "&".join(f"status={one}" for one in STATUSES): lambda row: True,
    "email=guest7@example.com": lambda row: row["email"] == "guest7@example.com",
    "email=GUEST7@Example.COM": lambda row: row["email"] == "guest7@example.com",
    "email=guest": lambda row: False,
    "host_email=host2@porter.example": lambda row: row["host_email"] == "host2@porter.example",
    "company=Škoda Auto": lambda row: row["company"] == "Škoda Auto",
    "company=株式会社山田": lambda row: row["company"] == "株式会社山田",
    "q=lukas": lambda row: "Łukas" in row["full_name"],
    "q=ZOE": lambda row: "Zoë" in row["full_name"],
    "q=love ada": lambda row: row["full_name"] == "Ada Lovelace",
    "q=backer": lambda row: row["company"] == "Ünïted Bäckereien AG",
    "q=山田": lambda row: "山田" in row["full_name"],
    "q=guest33": lambda row: row["email"].startswith("guest33"),
    "q=ovelace": lambda row: False,
    f"created_from={stamp(NOON)}": lambda row: row["created_at"] >= NOON,
    f"created_to={stamp(NOON)}": lambda row: row["created_at"] < NOON,
    f"created_from={stamp(NOON)}&created_to={stamp(NOON)}": lambda row: False,
    f"created_from={stamp(NOON)}&created_to={stamp(NOON + timedelta(minutes=1))}": lambda row: row["created_at"] == NOON,
    "created_from=2026-03-01T11:17:00+02:00": lambda row: row["created_at"] >= NOON,
    f"expected_from={stamp(BASE + timedelta(days=5))}": lambda row: row["expected_at"] >= BASE + timedelta(days=5),
    f"expected_to={stamp(BASE + timedelta(days=1))}": lambda row: row["expected_at"] < BASE + timedelta(days=1),
    f"checked_in_from={stamp(BASE)}": lambda row: row["checked_in_at"] is not None,
    f"checked_in_to={stamp(NOON + timedelta(hours=1))}": lambda row: row["checked_in_at"] and row["checked_in_at"] < NOON + timedelta(hours=1),
    f"status=expected&q=ada&created_from={stamp(NOON)}": lambda row: row["status"] == "expected" and row["full_name"] == "Ada Lovelace" and row["created_at"] >= NOON,
    "sort=-created_at": lambda row: True,
}


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_gives_exactly_what_it_says(house, query):
    wanted = [row["id"] for row in house.rows if FILTERS[query](row)]
    escaped = "&".join(f"{name}={quote(value, safe='')}" for name, value in (one.split("=", 1) for one in query.split("&")))
    assert house.walk(escaped, 200) == wanted
    if wanted:
        assert house.walk(escaped, 23) == wanted


@pytest.mark.parametrize("place", [0, 1])
def test_the_location_filter_gives_its_visitors(house, place):
    wanted = [row["id"] for row in house.rows if row["location_id"] == house.places[place]]
    assert house.walk(f"location_id={house.places[place]}") == wanted


def test_every_bad_parameter_is_named_at_once(house):
    problem = house.list("limit=0&lmit=5&status=x&created_from=x&status=y&sort=id", 400).json()
    assert [fault["field"] for fault in problem["errors"]] == ["limit", "lmit", "status", "created_from", "status", "sort"]
    assert "limit" in problem["errors"][1]["detail"]  # What was meant.


# ---- Methods and forms ---------------------------------------------------------------------------

def operations():
    lines = printed("--routes", "gateway").splitlines()
    return [line.split("\t")[:4] for line in lines]


OPERATIONS = operations()


def target(house, pattern):
    """A path of the pattern at which there is something."""
    made = {"visitors": house.ids[0], "locations": house.places[0]}
    kind = pattern.split("/")[3] if pattern.startswith("/api") else ""
    if kind == "contractors" and "{" in pattern:
        with house.porter.database() as db:
            found = db.execute("SELECT id FROM contractors WHERE org_id = %s", (parse_id(house.tenant.id),)).fetchone()
        made[kind] = format_id("ctr", found[0] if found else uuid7())
    return pattern.replace("{id}", made.get(kind, "x")).replace("{code}", "not-found")


def send(house, method, path, key="", **more):
    headers = {**({} if key is None else {"X-API-Key": key or house.client.key}), **more.pop("headers", {})}
    return house.client.session.request(method, house.client.base + path, headers=headers, verify=str(house.client.ca), timeout=20, **more)


@pytest.mark.parametrize("pattern", sorted({row[1] for row in OPERATIONS}))
def test_every_address_tells_its_methods(house, pattern):
    path = target(house, pattern)
    methods = {row[0] for row in OPERATIONS if row[1] == pattern}
    # One pattern may cover what another names: /visitors/{id} is also .../pre-register.
    allowed = methods | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}
    options = send(house, "OPTIONS", path, key=None)
    assert options.status_code == 204 and options.content == b""
    assert set(options.headers["Allow"].split(", ")) == allowed
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        answer = send(house, method, path)
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) == allowed
        if method != "HEAD":
            assert answer.json()["type"].endswith("/method-not-allowed")


@pytest.mark.parametrize("pattern", sorted({row[1] for row in OPERATIONS if row[0] == "GET"}))
def test_head_is_get_without_the_body(house, pattern):
    path = target(house, pattern)
    got, head = send(house, "GET", path), send(house, "HEAD", path)
    assert head.status_code == got.status_code and head.content == b""
    mine, its = dict(head.headers), dict(got.headers)
    for name in ("X-Request-Id", "Date", "RateLimit-Remaining", "RateLimit", "RateLimit-Reset", "Server-Timing"):
        mine.pop(name, None), its.pop(name, None)
    if "instance" not in got.text:  # A made-up request id may not have the same length for ever.
        assert mine == its


def test_a_body_must_be_json(house):
    body = {"full_name": "Ada", "location_id": house.places[0]}
    answer = send(house, "POST", "/api/v1/visitors/pre-register", data=body)
    assert answer.status_code == 415 and answer.json()["type"].endswith("/unsupported-media-type")


@pytest.mark.parametrize("pattern", [row[1] for row in OPERATIONS if row[0] == "GET" and row[3] != "uncounted"])
def test_what_is_not_acceptable_is_refused(house, pattern):
    answer = send(house, "GET", target(house, pattern), headers={"Accept": "text/html"})
    assert answer.status_code == 406 and answer.headers["Content-Type"] == "application/problem+json"


def test_get_with_a_content_type_and_no_body_is_fine(house):
    """As the product page's own example sends it."""
    assert send(house, "GET", "/api/v1/visitors", headers={"Content-Type": "application/json"}).status_code == 200


@pytest.mark.parametrize("query, field, detail", [
    ("LIMIT=3", "LIMIT", "LIMIT: there is no such parameter; did you mean 'limit'?"),
    ("colour=red", "colour", "colour: there is no such parameter; send only: limit, cursor, q"),
    ("=x", "", "the query string has a parameter without a name: write name=value")])
def test_a_parameter_that_there_is_not_is_told_what_there_is(house, query, field, detail):
    answer = send(house, "GET", f"/api/v1/locations?{query}")
    assert answer.status_code == 400 and answer.json()["detail"] == detail
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_an_address_without_parameters_says_so(house):
    answer = send(house, "GET", "/api/v1/rate-limit?a=b")
    assert answer.json()["detail"] == "a: this address takes no parameters"


def test_an_unchanged_visitor_is_304(house):
    path = f"/api/v1/visitors/{house.ids[0]}"
    tag = send(house, "GET", path).headers["ETag"]
    for given in (tag, f'"x", {tag}', "*"):
        answer = send(house, "GET", path, headers={"If-None-Match": given})
        assert answer.status_code == 304 and answer.content == b"" and answer.headers["ETag"] == tag
    assert send(house, "GET", path, headers={"If-None-Match": '"x"'}).status_code == 200


# ---- Request ids and fixed headers ---------------------------------------------------------------

@pytest.mark.parametrize("path, key", [("/api/v1/visitors", ""), ("/nowhere", ""), ("/api/v1/visitors", None), ("/docs/errors/not-found", None)])
def test_every_answer_has_its_ids_and_its_guards(house, path, key):
    own = send(house, "GET", path, key, headers={"X-Request-Id": "mine-1 (ä is none)".replace("ä", "a")})
    assert own.headers["X-Request-Id"] == "mine-1 (a is none)"
    made = [send(house, "GET", path, key).headers["X-Request-Id"] for _ in range(2)]
    assert made[0] != made[1] and all(re.fullmatch(r"req_[0-9a-z]{26}", one) for one in made)
    for bad in ("a" * 129, "é".encode()):
        given = send(house, "GET", path, key, headers={"X-Request-Id": bad})
        assert given.headers["X-Request-Id"].startswith("req_")
    assert own.headers["X-Content-Type-Options"] == "nosniff"
    assert own.headers["Cache-Control"] == ("public, max-age=300" if path.startswith("/docs/") else "no-store")
    assert own.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Server" not in own.headers and "Set-Cookie" not in own.headers and "X-Powered-By" not in own.headers
    assert not [name for name in own.headers if name.startswith("Access-Control")]


# ---- Who may do what -----------------------------------------------------------------------------

def test_a_key_opens_what_its_scopes_say_and_nothing_else(house):
    needed = sorted({row[2] for row in OPERATIONS} - {"any", "open"})
    keys = {scope: house.tenant.key(scopes=scope).text for scope in needed}
    for method, pattern, need, _ in OPERATIONS:
        if need in ("any", "open"):
            continue
        for scope, key in keys.items():
            path = target(house, pattern) if method == "GET" else pattern.replace("{id}", "unknown")
            answer = send(house, method, path, key)
            if scope == need:
                assert answer.status_code in (200, 400, 404, 422), (pattern, scope)
            else:
                assert answer.status_code == 403, (pattern, scope)
                assert need in answer.json()["detail"] and answer.json()["type"].endswith("/scope-missing")


def test_the_rate_limit_can_be_asked_with_any_key(house):
    for scope in ("locations:read", "webhooks:write"):
        answer = send(house, "GET", "/api/v1/rate-limit", house.tenant.key(scopes=scope).text)
        assert answer.status_code == 200 and answer.json()["remaining"] == answer.json()["limit"]


def test_open_addresses_ask_for_no_key(house):
    for method, pattern, need, _ in OPERATIONS:
        answer = send(house, method, target(house, pattern), key=None)
        assert answer.status_code == (200 if need == "open" else 401), pattern


def test_one_organization_never_sees_another(house, porter):
    """Every address with an id, and every list, from the stranger's side."""
    stranger = porter.organization()
    key = stranger.key().text
    for method, pattern, need, _ in OPERATIONS:
        if need == "open" or method != "GET":
            continue
        answer = send(house, method, target(house, pattern), key)
        if "{" in pattern:
            assert answer.status_code == 404, pattern
        else:
            assert answer.status_code == 200
            for made in (house.ids[0], house.places[0], house.tenant.id):
                assert made not in answer.text
    for query in (f"location_id={house.places[0]}", "q=ada", "email=guest7@example.com", "company=%C5%A0koda%20Auto", "include=total_count"):
        body = send(house, "GET", f"/api/v1/visitors?{query}", key).json()
        assert body["visitors"] == [] and body["pagination"].get("total_count", 0) == 0
    cursor = house.list("limit=1").json()["pagination"]["next_cursor"]
    assert send(house, "GET", f"/api/v1/visitors?cursor={cursor}", key).json()["type"].endswith("/invalid-cursor")
    answer = send(house, "POST", "/api/v1/visitors/pre-register", key, json={"full_name": "Ada", "location_id": house.places[0]})
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "not_found"


# ---- Problems ------------------------------------------------------------------------------------

def test_the_type_of_every_problem_is_a_page(house):
    docs = printed("--errors-docs", "gateway")
    names = re.findall(r"^### ([a-z-]+)$", docs, re.M)
    assert len(names) >= 20
    for name in names:
        page = send(house, "GET", f"/docs/errors/{name}", key=None)
        assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
        assert f"<code>{name}</code>" in page.text and "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_problems_type_can_be_followed(house):
    for path, key in (("/nowhere", ""), ("/api/v1/visitors?x=1", ""), ("/api/v1/visitors", None)):
        problem = send(house, "GET", path, key).json()
        assert set(problem) >= {"type", "title", "status", "detail", "instance"}
        assert send(house, "GET", problem["type"].removeprefix(house.client.base), key=None).status_code == 200


def test_a_public_url_makes_absolute_types_and_links(new_porter):
    porter = new_porter()
    porter.gateway(PORTER_PUBLIC_URL="https://api.example.com")
    client = porter.organization().client()
    assert client.get("/nowhere").json()["type"] == "https://api.example.com/docs/errors/not-found"


def test_all_faults_of_a_body_are_told_at_once(house):
    answer = house.client.post("/visitors/pre-register", json={
        "first_name": 1, "email": "x", "phone": "y", "location_id": "z", "expected_at": "soon", "colour": "red", "host": {"email": 2, "age": 3}})
    assert answer.status_code == 422
    assert {(fault["field"], fault["code"]) for fault in answer.json()["errors"]} >= {
        ("first_name", "wrong_type"), ("email", "bad_format"), ("phone", "bad_format"), ("location_id", "bad_format"),
        ("colour", "unknown_field"), ("host.email", "wrong_type"), ("host.age", "unknown_field")}
    # Also what only the database knows.
    answer = house.client.post("/visitors/pre-register", json={"location_id": format_id("loc", uuid7()), "colour": "red"})
    assert {(fault["field"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("first_name", "required"), ("location_id", "not_found"), ("colour", "unknown_field")}


def test_a_host_that_is_no_host_gets_no_link(house):
    with Wire(house.porter.gateways[0].https, trusting(house.porter.tls / "ca.pem")) as wire:
        wire.send(f"GET /api/v1/visitors?limit=1 HTTP/1.1\r\nHost: a/b>;x\r\nX-API-Key: {house.client.key}\r\n\r\n".encode())
        assert wire.answer().header("Link").startswith("</api/v1/visitors?")


def test_every_parameter_as_often_as_it_may_be_is_one_request(house):
    many = [("status", "expected"), ("include", "total_count")] * 16
    ones = [(f"{kind}_{end}", "2026-03-01T00:00:00Z") for kind in ("expected", "checked_in", "created") for end in ("from", "to")]
    texts = [("location_id", house.places[0]), ("email", "a@b.de"), ("company", "A"), ("host_email", "a@b.de"), ("q", "a"), ("limit", "5"), ("sort", "created_at")]
    answer = house.client.get("/visitors", params=many + ones + texts)
    assert answer.status_code == 200, answer.text
