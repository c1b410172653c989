"""The dashboard's door: who comes in, how long he stays, and whose page may ask."""
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.dashboard import COOKIE, PASSWORD, Browser, Person, an_address, org_uuid, problem, token_of
from harness.porter import parse_id


@pytest.fixture
def owner(porter, organization):
    return Person(porter, organization)


# ---- Signing in -----------------------------------------------------------------------------------

def test_a_person_signs_in_and_out(owner):
    browser = owner.browser()
    assert problem(browser.get("/session")) == "sign-in-required"
    answer = browser.sign_in(owner)
    assert answer.status_code == 200
    who = answer.json()
    assert who == browser.get("/session").json()
    assert who["person"] == {"id": owner.id, "email": owner.email, "name": owner.name, "role": "owner", "totp_enabled": False}
    assert who["organization"] == {"id": owner.organization.id, "name": "Ünïted Bäckereien AG"}
    assert who["confirmed_until"] is None and who["api_version"] == "v1"
    old = browser.cookie
    out = browser.post("/sign-out")
    assert out.status_code == 204 and browser.cookie is None
    assert problem(browser.get("/session", cookie=old)) == "sign-in-required"


def test_an_email_is_the_same_in_any_case(owner):
    assert owner.browser().post("/sign-in", json={"email": owner.email.upper(), "password": PASSWORD}).status_code == 200


def test_the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(owner):
    browser = owner.browser()
    said = browser.sign_in(owner).headers["Set-Cookie"]
    words = [word.strip() for word in said.split(";")]
    assert re.fullmatch(COOKIE + "=[A-Za-z0-9_-]{43}", words[0])
    assert set(words[1:]) == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=604800"}
    gone = browser.post("/sign-out").headers["Set-Cookie"]
    assert gone.startswith(f"{COOKIE}=; ") and "Max-Age=0" in gone


def test_no_answer_of_the_dashboard_is_kept_anywhere(owner):
    browser = owner.signed_in()
    for answer in (browser.get("/session"), browser.get("/v1/visitors"), owner.browser().get("/session")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_is_stored_as_a_hash_and_logged_nowhere(porter, owner):
    browser = owner.signed_in()
    with porter.database() as db:
        rows = db.execute("SELECT s::text FROM sessions s WHERE org_id = %s", (org_uuid(owner.organization),)).fetchall()
        users = db.execute("SELECT u::text FROM users u WHERE org_id = %s", (org_uuid(owner.organization),)).fetchall()
    assert rows and browser.cookie not in str(rows) and PASSWORD not in str(users) and "$scrypt$ln=15,r=8,p=1$" in str(users)
    log = porter.gateways[0].log.read_text()
    assert owner.id in log and browser.cookie not in log and PASSWORD not in log


def test_a_sign_in_gives_a_new_token_and_ends_the_one_before(owner):
    """Nobody can plant a session: what a browser shows when it signs in is not what it has afterwards."""
    browser = owner.signed_in()
    planted = browser.cookie
    assert browser.sign_in(owner).status_code == 200
    assert browser.cookie != planted
    assert browser.get("/session").status_code == 200
    assert browser.get("/session", cookie=planted).status_code == 401
    made_up = "A" * 43
    fresh = owner.browser()
    fresh.cookie = made_up
    assert fresh.sign_in(owner).status_code == 200 and fresh.cookie != made_up
    assert fresh.get("/session", cookie=made_up).status_code == 401


def test_two_cookies_of_the_name_are_none(owner):
    browser = owner.signed_in()
    twice = {"Cookie": f"{COOKIE}={browser.cookie}; {COOKIE}={browser.cookie}"}
    assert browser.get("/session", cookie=None, headers=twice).status_code == 401
    among = {"Cookie": f"theme=dark; {COOKIE}={browser.cookie}; porter_session=x"}
    assert browser.get("/session", cookie=None, headers=among).status_code == 200


# ---- Nobody learns who has an account --------------------------------------------------------------

def test_an_unknown_account_and_a_wrong_password_are_answered_alike(owner):
    bodies = [{"email": owner.email, "password": "wrong password!"}, {"email": f"no-{owner.email}", "password": "wrong password!"}]
    answers = [owner.browser().post("/sign-in", json=body) for body in bodies]
    shown = []
    for answer in answers:
        assert answer.status_code == 401 and "Set-Cookie" not in answer.headers
        told = answer.json()
        del told["instance"]
        shown.append((told, sorted(set(answer.headers) - {"Date"}), answer.headers["Content-Length"]))
    assert shown[0] == shown[1] and shown[0][0]["type"].endswith("/sign-in-refused")


def test_an_unknown_account_takes_the_work_of_a_known_one(owner):
    """The median of several each, against each other: a missing scrypt would be tens of times quicker."""
    def took(email):
        began = time.monotonic()
        assert owner.browser().post("/sign-in", json={"email": email, "password": "wrong password!"}).status_code == 401
        return time.monotonic() - began

    known, unknown = [], []
    for _ in range(9):
        known.append(took(owner.email))
        unknown.append(took(f"no-{owner.email}"))
    ratio = sorted(known)[4] / sorted(unknown)[4]
    assert 1 / 3 < ratio < 3, f"{known} {unknown}"


def test_tries_are_slowed_and_the_answer_says_how_long(owner):
    """Ten wrong ones at once; then one a minute, by the second. Also for who is not there, and the right password as well."""
    for email in (owner.email, f"no-{owner.email}"):
        began = time.monotonic()
        answers = [owner.browser().post("/sign-in", json={"email": email, "password": "wrong password!"}) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert problem(answers[10]) == "too-many-sign-ins"
        assert 59 - (time.monotonic() - began) <= int(answers[10].headers["Retry-After"]) <= 60
    slowed = owner.browser().sign_in(owner)
    assert slowed.status_code == 429 and "Set-Cookie" not in slowed.headers


def test_all_spellings_of_an_account_are_counted_as_one(porter, owner):
    """PostgreSQL makes more letters small than ASCII has: a Kelvin sign is a k to it, so a password is tried for the same person."""
    person = Person(porter, owner.organization, email=owner.email.replace("Maja.", "kiki."))
    spellings = [person.email, person.email.upper(), person.email.replace("k", "\N{KELVIN SIGN}", 1), person.email.replace("k", "\N{KELVIN SIGN}", 2)]
    with porter.database() as db:
        assert {db.execute("SELECT lower(%s)", (one,)).fetchone()[0] for one in spellings} == {person.email}
    assert person.browser().post("/sign-in", json={"email": spellings[2], "password": PASSWORD}).status_code == 200
    codes = [person.browser().post("/sign-in", json={"email": spellings[i % 4], "password": "wrong password!"}).status_code for i in range(11)]
    assert codes == [401] * 10 + [429]


def test_tries_at_once_are_no_way_around(owner):
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: owner.browser().post(
            "/sign-in", json={"email": owner.email, "password": "wrong password!"}).status_code, range(16)))
    assert codes.count(401) == 10 and codes.count(429) == 6


def test_an_address_that_tries_many_accounts_is_slowed(owner):
    """Sixty at once, then one each ten seconds."""
    address, began, tries, answer = an_address(), time.monotonic(), 0, None
    while tries < 100:
        answer = owner.browser(address=address).post("/sign-in", json={"email": f"{tries}-{owner.email}", "password": "wrong password!"})
        if answer.status_code == 429 and int(answer.headers["Retry-After"]) > 2:
            break  # Else the next may well be let in.
        tries += answer.status_code == 401
    assert 60 <= tries <= 60 + (time.monotonic() - began) / 10
    assert problem(answer) == "too-many-sign-ins" and 1 <= int(answer.headers["Retry-After"]) <= 10
    assert owner.browser(address=address).sign_in(owner).status_code == 429
    assert owner.browser().sign_in(owner).status_code == 200


def test_right_passwords_use_nothing_up(owner):
    assert [owner.browser().sign_in(owner).status_code for _ in range(12)] == [200] * 12


# ---- How long a session lives ----------------------------------------------------------------------

def _age(porter, browser_person, column, interval):
    with porter.database() as db:
        db.execute(f"UPDATE sessions SET {column} = {column} - %s::interval WHERE org_id = %s",
                   (interval, org_uuid(browser_person.organization)))


@pytest.mark.parametrize("column, interval, status", [
    ("expires_at", "6 days 23 hours", 200), ("expires_at", "7 days", 401),
    ("last_seen_at", "11 hours 59 minutes", 200), ("last_seen_at", "12 hours", 401)])
def test_a_session_ends_in_time(porter, owner, column, interval, status):
    browser = owner.signed_in()
    _age(porter, owner, column, interval)
    assert browser.get("/sessions").status_code == status


def test_use_keeps_a_session_and_the_page_alone_does_not(porter, owner):
    browser = owner.signed_in()

    def seen():
        with porter.database() as db:
            return db.execute("SELECT now() - last_seen_at < '1 hour' FROM sessions WHERE org_id = %s",
                              (org_uuid(owner.organization),)).fetchone()[0]

    by_itself = {"Porter-Background": "1"}
    _age(porter, owner, "last_seen_at", "2 hours")
    assert browser.get("/session").status_code == 200 and not seen()
    for path in ("/v1/visitors", "/v1/evacuations", "/overview", "/keys"):
        assert browser.get(path, headers=by_itself).status_code == 200 and not seen()
    assert browser.get("/v1/visitors", headers={"Porter-Background": "0"}).status_code == 200 and seen()
    _age(porter, owner, "last_seen_at", "2 hours")
    assert browser.get("/v1/visitors").status_code == 200 and seen()
    _age(porter, owner, "last_seen_at", "2 hours")  # What changes something is somebody's doing, whatever it says.
    assert browser.request("PUT", "/me", json={"name": "Maja"}, headers=by_itself).status_code == 200 and seen()


def test_the_end_of_a_session_counts_at_once_everywhere(new_porter):
    porter = new_porter()
    first, second = porter.gateway(), porter.gateway()
    person = Person(porter, porter.organization())
    here, there = person.signed_in(first), person.signed_in(second)
    rows = here.get("/sessions").json()["sessions"]
    assert len(rows) == 2 and [row["current"] for row in rows].count(True) == 1
    other = next(row["id"] for row in rows if not row["current"])
    assert here.get("/session", cookie=there.cookie).status_code == 200  # Both gateways know it.
    assert here.delete(f"/sessions/{other}").status_code == 204
    for gateway in (first, second):
        assert Browser(gateway, porter.tls / "ca.pem").get("/session", cookie=there.cookie).status_code == 401
    assert here.get("/session").status_code == 200


def test_nobody_ends_the_session_of_another(porter, owner):
    other = Person(porter, owner.organization)
    theirs = other.signed_in()
    victim = theirs.get("/sessions").json()["sessions"][0]["id"]
    assert owner.signed_in().delete(f"/sessions/{victim}").status_code == 404
    assert theirs.get("/session").status_code == 200


def test_a_person_has_twenty_sessions_and_the_oldest_goes(owner):
    first = owner.signed_in()
    last = [owner.signed_in() for _ in range(20)][-1]
    assert first.get("/session").status_code == 401
    assert len(last.get("/sessions").json()["sessions"]) == 20


# ---- Whose page ------------------------------------------------------------------------------------

OURS = "https://localhost:{port}"
FOREIGN = [
    {}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "https://localhost"},
    {"Origin": "http://localhost:{port}"}, {"Origin": OURS + ".evil.example"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": OURS},  # What the browser says counts, whatever Origin is.
    {"Sec-Fetch-Site": "same-origin, cross-site"},
]


def _filled(headers, gateway):
    return {name: value.replace("{port}", str(gateway.https)) for name, value in headers.items()}


@pytest.mark.parametrize("page", FOREIGN, ids=str)
def test_a_foreign_page_changes_nothing(porter, owner, page):
    """A form, a fetch, a script without the headers: with the cookie as if the browser had sent it all the same."""
    browser = owner.signed_in()
    foreign = Browser(porter.gateways[0], porter.tls / "ca.pem", page=_filled(page, porter.gateways[0]))
    foreign.cookie = browser.cookie
    location = owner.organization.location()
    form = foreign.request("POST", "/v1/visitors/pre-register", data="full_name=Eve",
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
    fetched = foreign.post("/v1/visitors/pre-register", json={"full_name": "Eve", "location_id": location})
    for answer in (form, fetched, foreign.post("/sign-out"), foreign.sign_in(owner)):
        assert answer.status_code == 403 and problem(answer) == "cross-site"
    assert browser.get("/v1/visitors").json()["visitors"] == []


def test_our_own_page_may_without_fetch_metadata(porter, owner):
    gateway = porter.gateways[0]
    old = Browser(gateway, porter.tls / "ca.pem", page=_filled({"Origin": OURS}, gateway))
    assert old.sign_in(owner).status_code == 200
    assert old.post("/sign-out").status_code == 204


@pytest.mark.parametrize("site, status", [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)])
def test_a_foreign_page_reads_nothing(owner, site, status):
    browser = owner.signed_in()
    assert browser.get("/v1/visitors", headers={"Sec-Fetch-Site": site}).status_code == status


def test_no_other_origin_is_let_in_by_cors(porter, owner):
    """An organization's origins are for its keys; the dashboard has none."""
    origin = f"https://{owner.organization.slug}.example"
    porter.ctl("org", "cors", "--org", owner.organization.id, "--origins", origin)
    browser = owner.signed_in()
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for answer in (browser.get("/v1/visitors", headers={"Origin": origin}), browser.request("OPTIONS", "/v1/visitors", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


# ---- Two doors, two ways to show who one is --------------------------------------------------------

def test_a_key_opens_nothing_of_the_dashboard(owner):
    key = owner.organization.key()
    browser = owner.browser()
    for path in ("/v1/visitors", "/session", "/sessions", "/invitations"):
        answer = browser.get(path, headers={"X-API-Key": key.text})
        assert answer.status_code == 401 and problem(answer) == "sign-in-required", path
        assert answer.headers["WWW-Authenticate"] == "Session"


def test_a_cookie_opens_nothing_of_the_api(owner):
    browser = owner.signed_in()
    answer = browser.session.get(f"{browser.gateway.url}/api/v1/visitors", verify=str(browser.ca), timeout=20,
                                 headers={"Cookie": f"{COOKIE}={browser.cookie}", "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 401 and problem(answer) == "key-missing"


def test_a_person_never_reaches_another_organization(porter, owner):
    other = Person(porter, porter.organization())
    visitor = owner.organization.client().pre_register(owner.organization.location())["id"]
    assert owner.signed_in().get(f"/v1/visitors/{visitor}").status_code == 200
    stranger = other.signed_in()
    assert stranger.get(f"/v1/visitors/{visitor}").status_code == 404
    assert stranger.get("/v1/visitors").json()["visitors"] == []
    assert stranger.post(f"/v1/visitors/{visitor}/check-in").status_code == 404


def test_what_a_person_does_is_his_in_log_and_event(porter, owner):
    browser = owner.signed_in()
    webhook = browser.post("/v1/webhooks", json={"url": "https://example.com/x", "events": ["*"]})
    assert webhook.status_code == 201, webhook.text
    location = owner.organization.location()
    evacuation = browser.post("/v1/evacuations", json={"location_id": location, "drill": True})
    assert evacuation.status_code == 201 and evacuation.json()["activated_by"] == owner.id
    with porter.database() as db:
        actors = db.execute("SELECT DISTINCT actor FROM audit_log WHERE org_id = %s AND action = 'webhook.created'",
                            (org_uuid(owner.organization),)).fetchall()
    assert actors == [(owner.id,)]


# ---- Confirmations ---------------------------------------------------------------------------------

def test_a_confirmation_needs_the_password_and_ends(porter, owner):
    browser = owner.signed_in()
    wrong = browser.post("/confirm", json={"password": "wrong password!"})
    assert wrong.status_code == 403 and problem(wrong) == "confirmation-refused"
    assert browser.get("/session").json()["confirmed_until"] is None
    assert browser.confirm(owner).json()["confirmed_until"] == browser.get("/session").json()["confirmed_until"] is not None
    _age(porter, owner, "confirmed_until", "5 minutes")
    assert browser.get("/session").json()["confirmed_until"] is None


def test_a_stolen_session_can_not_try_passwords_for_long(owner):
    browser = owner.signed_in()
    codes = [browser.post("/confirm", json={"password": "wrong password!"}).status_code for _ in range(11)]
    assert codes == [403] * 10 + [429]
    assert owner.browser().sign_in(owner).status_code == 200  # Others' tries do not keep him out.


# ---- Links -----------------------------------------------------------------------------------------

def test_a_link_is_used_once(porter, organization):
    person = Person(porter, organization, role="viewer")
    body = {"token": token_of(person.link), "name": "Eve", "password": "another password"}
    assert person.browser().post("/invitations/accept", json=body).status_code == 404
    assert person.browser().post("/invitation/look", json={"token": token_of(person.link)}).status_code == 404
    assert person.browser().sign_in(person).status_code == 200


def test_a_link_at_once_makes_one_person(porter, organization):
    made = porter.ctl("people", "create", "--org", organization.id, "--email", f"x@{organization.slug}.example")
    body = {"token": token_of(made["link"]), "name": "Ada", "password": PASSWORD}

    def accept(_):
        return Browser(porter.gateways[0], porter.tls / "ca.pem").post("/invitations/accept", json=body).status_code

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(accept, range(6)))
    assert sorted(codes) == [204] + [404] * 5


def test_a_link_is_over_in_time_and_never_stored(porter, organization):
    made = porter.ctl("people", "create", "--org", organization.id, "--email", f"x@{organization.slug}.example", "--role", "owner")
    token = token_of(made["link"])
    browser = Browser(porter.gateways[0], porter.tls / "ca.pem")
    assert browser.post("/invitation/look", json={"token": token}).json() == {
        "organization": "Ünïted Bäckereien AG", "email": f"x@{organization.slug}.example", "role": "owner", "kind": "invitation"}
    with porter.database() as db:
        assert token not in str(db.execute("SELECT i::text FROM invitations i").fetchall())
        db.execute("UPDATE invitations SET expires_at = expires_at - interval '7 days' WHERE org_id = %s", (parse_id(organization.id),))
    assert browser.post("/invitation/look", json={"token": token}).status_code == 404
    assert browser.post("/invitations/accept", json={"token": token, "name": "Eve", "password": PASSWORD}).status_code == 404
    assert token not in porter.gateways[0].log.read_text()


def test_no_address_takes_a_link_s_token(porter, organization):
    """Addresses stand in the logs of whatever is in front of us, for longer than a link lives."""
    token = token_of(porter.ctl("people", "create", "--org", organization.id, "--email", f"x@{organization.slug}.example")["link"])
    browser = Browser(porter.gateways[0], porter.tls / "ca.pem")
    in_address = [browser.get(f"/invitation?token={token}"), browser.get(f"/invitation/look?token={token}"),
                  browser.post(f"/invitation/look?token={token}", json={"token": token}), browser.post(f"/invitations/accept?token={token}")]
    assert [answer.status_code for answer in in_address] == [404, 405, 400, 400]
    assert browser.post("/invitation/look", json={"token": token}).status_code == 200
    foreign = browser.post("/invitation/look", json={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403 and problem(foreign) == "cross-site"


def test_a_weak_password_is_refused_and_the_link_stays(porter, organization):
    made = porter.ctl("people", "create", "--org", organization.id, "--email", f"x@{organization.slug}.example")
    browser = Browser(porter.gateways[0], porter.tls / "ca.pem")
    body = {"token": token_of(made["link"]), "name": "Ada", "password": "elevenchars"}
    refused = browser.post("/invitations/accept", json=body)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "password"
    assert browser.post("/invitations/accept", json=body | {"password": "twelve chars"}).status_code == 204


def test_a_new_password_by_link_ends_all_sessions(porter, owner):
    browser = owner.signed_in()
    made = porter.ctl("people", "reset-password", "--org", owner.organization.id, "--email", owner.email)
    assert browser.get("/session").status_code == 200  # The link alone does nothing.
    fresh = "a new one altogether"
    assert owner.browser().post("/invitations/accept", json={"token": token_of(made["link"]), "password": fresh}).status_code == 204
    assert browser.get("/session").status_code == 401
    assert owner.browser().sign_in(owner).status_code == 401
    assert owner.browser().sign_in(owner, password=fresh).status_code == 200


# ---- Without Redis ---------------------------------------------------------------------------------

def test_without_redis_people_come_in_and_tries_are_still_counted(new_porter):
    porter = new_porter()
    porter.gateway(PORTER_REDIS_URL="redis://127.0.0.1:1")
    person = Person(porter, porter.organization())
    assert person.signed_in().get("/v1/visitors").status_code == 200
    codes = [person.browser().post("/sign-in", json={"email": person.email, "password": "wrong password!"}).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]


def test_two_gateways_count_tries_together(new_porter):
    porter = new_porter()
    gateways = [porter.gateway(), porter.gateway()]
    person = Person(porter, porter.organization())
    codes = [person.browser(gateways[i % 2]).post("/sign-in", json={"email": person.email, "password": "wrong password!"}).status_code
             for i in range(11)]
    assert codes == [401] * 10 + [429]


def test_a_person_who_asks_too_much_waits(owner):
    """Six hundred at once, then ten a second."""
    cookie = owner.signed_in().cookie

    def ask(count):
        browser = owner.browser()  # A connection of its own.
        browser.cookie = cookie
        return [browser.get("/session") for _ in range(count)]

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = sum(pool.map(ask, [120] * 8), [])
    limited = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert 600 <= len(answers) - len(limited) <= 600 + 10 * (time.monotonic() - began)
    assert problem(limited[0]) == "rate-limited" and limited[0].headers["Retry-After"] == "1"
