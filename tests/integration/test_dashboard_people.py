"""Who may do what in the dashboard, and what people change of themselves and of each other."""
import json
import subprocess
import uuid

import pytest

from harness.dashboard import PASSWORD, Browser, Person, org_uuid, problem, token_of, totp
from harness.process import program

ROLES = ["viewer", "front_desk", "admin", "owner"]


def routes():
    """(method, path, least role or "open", needs a confirmation) of every operation behind the dashboard's door."""
    printed = subprocess.run([program("gateway"), "--dashboard-routes"], capture_output=True, text=True, check=True).stdout
    return [(method, path, role, confirmed == "confirmed")
            for method, path, role, confirmed, *_ in (line.split("\t") for line in printed.splitlines())]


def scopes():
    """{(method, path): scope} of the API's operations that take a key."""
    printed = subprocess.run([program("gateway"), "--routes"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in printed.splitlines()]
    return {(method, path): scope for method, path, scope, *_ in rows if scope != "open"}


# ---- Roles and routes ------------------------------------------------------------------------------

def test_every_operation_that_takes_a_key_is_mirrored_and_nothing_else():
    mirrored = {(method, path.removeprefix("/dashboard")) for method, path, *_ in routes() if path.startswith("/dashboard/api/v1/")}
    assert mirrored == set(scopes()) - {("GET", "/api/v1/rate-limit")}


def test_the_role_that_a_mirrored_operation_needs_follows_from_its_scope():
    desk = {"visitors:write", "contractors:write", "evacuations:write"}
    for method, path, role, _ in routes():
        if path.startswith("/dashboard/api/v1/"):
            scope = scopes()[method, path.removeprefix("/dashboard")]
            wanted = "viewer" if scope.endswith(":read") or scope == "any" else "front_desk" if scope in desk else "admin"
            assert role == wanted, f"{method} {path}: {scope}"


def test_what_is_open_is_only_the_way_in():
    assert {path for _, path, role, _ in routes() if role == "open"} == {
        "/dashboard/api/sign-in", "/dashboard/api/invitation/look", "/dashboard/api/invitations/accept"}


@pytest.fixture(scope="module")
def people(porter):
    organization = porter.organization()
    return {role: Person(porter, organization, role=role).signed_in(confirmed=True) for role in ROLES}


CHANGES_WHO_ASKS = {("POST", "/dashboard/api/sign-out"), ("DELETE", "/dashboard/api/me/totp")}  # Asked by somebody of their own.


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method, path, least, confirmed", routes(), ids=lambda value: str(value))
def test_each_role_reaches_its_routes_and_no_other(porter, people, role, method, path, least, confirmed):
    """With ids of nothing and without a body: who may is told what is wrong with that, who may not is told so."""
    browser = people[role]
    if (method, path) in CHANGES_WHO_ASKS:
        browser = Person(porter, porter.organization(), role=role).signed_in(confirmed=True)
    target = path.removeprefix("/dashboard/api")
    for part in ("{id}", "{delivery_id}"):
        target = target.replace(part, "nothing")
    query = "?since=nothing" if path.endswith("/changes") else ""  # Answers at once.
    answer = browser.request(method, target + query)
    may = least == "open" or ROLES.index(role) >= ROLES.index(least)
    assert (answer.status_code == 403 and problem(answer) == "role-not-allowed") == (not may), f"{answer.status_code} {answer.text}"
    assert answer.status_code < 500
    if least != "open":
        nobody = Browser(browser.gateway, browser.ca).request(method, target + query)
        assert nobody.status_code == 401 and problem(nobody) == "sign-in-required"


@pytest.mark.parametrize("method, path", [(method, path) for method, path, _, confirmed in routes() if confirmed])
def test_what_needs_a_confirmation_says_so(porter, organization, method, path):
    answer = Person(porter, organization).signed_in().request(method, path.removeprefix("/dashboard/api").replace("{id}", "nothing"))
    assert answer.status_code == 403 and problem(answer) == "confirmation-required"


def test_secrets_and_new_keys_need_a_confirmation():
    assert {path for _, path, _, confirmed in routes() if confirmed} == {
        "/dashboard/api/keys", "/dashboard/api/keys/{id}/rotate", "/dashboard/api/webhooks/{id}/secret", "/dashboard/api/me/totp",
        "/dashboard/api/v1/webhooks/{id}/rotate-secret",
        "/dashboard/api/people/{id}/reset-password"}


def test_a_new_role_counts_with_the_next_request(porter, organization):
    owner, desk = Person(porter, organization).signed_in(), Person(porter, organization, role="viewer")
    theirs = desk.signed_in()
    body = {"full_name": "Ada", "location_id": organization.location()}
    assert theirs.post("/v1/visitors/pre-register", json=body).status_code == 403
    assert owner.request("PATCH", f"/people/{desk.id}", json={"role": "front_desk"}).json()["role"] == "front_desk"
    assert theirs.post("/v1/visitors/pre-register", json=body).status_code == 201
    assert owner.request("PATCH", f"/people/{desk.id}", json={"role": "viewer"}).status_code == 200
    assert theirs.post("/v1/visitors/pre-register", json=body).status_code == 403


# ---- People ----------------------------------------------------------------------------------------

def test_an_administrator_invites_and_sees_who_waits(porter, organization):
    admin = Person(porter, organization, role="admin").signed_in()
    email = f"Neu.{uuid.uuid4().hex[:8]}@example.com"
    made = admin.post("/invitations", json={"email": email, "role": "front_desk"})
    assert made.status_code == 201 and "/dashboard/#/invitation?token=" in made.json()["link"]
    rows = admin.get("/invitations").json()["invitations"]
    assert [(row["id"], row["email"], row["role"], row["kind"]) for row in rows] == [(made.json()["id"], email, "front_desk", "invitation")]
    assert token_of(made.json()["link"]) not in json.dumps(rows)
    answer = admin.post("/invitations/accept", json={"token": token_of(made.json()["link"]), "name": "Neu", "password": PASSWORD})
    assert answer.status_code == 204 and admin.get("/invitations").json()["invitations"] == []
    assert {row["email"]: row["role"] for row in admin.get("/people").json()["people"]}[email] == "front_desk"
    assert admin.post("/invitations", json={"email": email.upper(), "role": "viewer"}).status_code == 409


def test_a_withdrawn_invitation_is_worth_nothing(porter, organization):
    admin = Person(porter, organization, role="admin").signed_in()
    made = admin.post("/invitations", json={"email": "x@example.com", "role": "viewer"}).json()
    other = Person(porter, porter.organization()).signed_in()
    assert other.delete(f"/invitations/{made['id']}").status_code == 404
    assert admin.delete(f"/invitations/{made['id']}").status_code == 204
    assert admin.post("/invitations/accept", json={"token": token_of(made["link"]), "name": "X", "password": PASSWORD}).status_code == 404


def test_only_an_owner_makes_changes_or_removes_an_owner(porter, organization):
    owner, admin = Person(porter, organization), Person(porter, organization, role="admin")
    theirs = admin.signed_in()
    answers = [theirs.post("/invitations", json={"email": "x@example.com", "role": "owner"}),
               theirs.request("PATCH", f"/people/{admin.id}", json={"role": "owner"}),
               theirs.request("PATCH", f"/people/{owner.id}", json={"role": "viewer"}),
               theirs.request("PATCH", f"/people/{owner.id}", json={"name": "Eve"}), theirs.delete(f"/people/{owner.id}")]
    assert [(answer.status_code, problem(answer)) for answer in answers] == [(403, "role-not-allowed")] * 5
    assert owner.signed_in().request("PATCH", f"/people/{admin.id}", json={"role": "owner"}).status_code == 200


def test_an_organization_keeps_an_owner(porter, organization):
    first, second = Person(porter, organization), Person(porter, organization)
    browser = first.signed_in()
    assert browser.request("PATCH", f"/people/{second.id}", json={"role": "admin"}).status_code == 200
    assert browser.request("PATCH", f"/people/{first.id}", json={"role": "admin"}).status_code == 409
    assert browser.delete(f"/people/{first.id}").status_code == 409
    assert browser.get("/session").json()["person"]["role"] == "owner"


def test_two_owners_who_remove_each_other_leave_one(porter, organization):
    """The second waits for the first, and then looks again."""
    from concurrent.futures import ThreadPoolExecutor
    for _ in range(3):
        tenant = porter.organization()
        pair = [Person(porter, tenant), Person(porter, tenant)]
        browsers = [one.signed_in() for one in pair]
        with ThreadPoolExecutor(2) as pool:
            codes = list(pool.map(lambda i: browsers[i].delete(f"/people/{pair[1 - i].id}").status_code, range(2)))
        assert codes.count(204) == 1, codes
        with porter.database() as db:
            assert db.execute("SELECT count(*) FROM users WHERE org_id = %s AND role = 'owner' AND disabled_at IS NULL",
                              (org_uuid(tenant),)).fetchone() == (1,)


def test_who_is_removed_is_out_at_once_and_can_be_invited_again(porter, organization):
    owner, other = Person(porter, organization).signed_in(), Person(porter, organization, role="admin")
    theirs = other.signed_in()
    assert owner.delete(f"/people/{other.id}").status_code == 204
    assert theirs.get("/session").status_code == 401
    assert problem(other.browser().sign_in(other)) == "sign-in-refused"
    row = next(row for row in owner.get("/people").json()["people"] if row["id"] == other.id)
    assert row["disabled_at"] and row["name"] == other.name
    link = owner.post("/invitations", json={"email": other.email, "role": "viewer"}).json()["link"]
    assert owner.post("/invitations/accept", json={"token": token_of(link), "name": "Ada", "password": "another one here"}).status_code == 204
    assert other.browser().sign_in(other).status_code == 401
    assert other.browser().sign_in(other, password="another one here").json()["person"]["role"] == "viewer"


def test_links_of_who_is_removed_are_gone(porter, organization):
    owner, other = Person(porter, organization).signed_in(), Person(porter, organization, role="admin")
    link = other.signed_in().post("/invitations", json={"email": "door@example.com", "role": "admin"}).json()["link"]
    assert owner.post("/invitation/look", json={"token": token_of(link)}).status_code == 200
    assert owner.delete(f"/people/{other.id}").status_code == 204
    assert owner.post("/invitation/look", json={"token": token_of(link)}).status_code == 404


@pytest.mark.parametrize("fate", ["another role", "a password of his own", "removed"])
def test_a_link_for_somebody_does_not_outlive_what_he_was(porter, organization, fate):
    owner, desk = Person(porter, organization).signed_in(confirmed=True), Person(porter, organization, role="front_desk")
    admin = Person(porter, organization, role="admin").signed_in(confirmed=True)
    link = token_of(admin.post(f"/people/{desk.id}/reset-password").json()["link"])
    assert owner.request("PATCH", f"/people/{desk.id}", json={"name": "Another Name"}).status_code == 200
    assert owner.post("/invitation/look", json={"token": link}).status_code == 200
    if fate == "another role":
        assert owner.request("PATCH", f"/people/{desk.id}", json={"role": "owner"}).status_code == 200
    elif fate == "removed":
        assert owner.delete(f"/people/{desk.id}").status_code == 204
    else:
        assert desk.signed_in(confirmed=True).post("/me/password", json={"current": desk.password, "new": "one that I like better"}).status_code == 204
    assert owner.post("/invitation/look", json={"token": link}).status_code == 404
    assert owner.post("/invitations/accept", json={"token": link, "password": "one of somebody else"}).status_code == 404


def test_who_has_another_role_has_made_no_links(porter, organization):
    owner, other = Person(porter, organization).signed_in(), Person(porter, organization, role="admin")
    link = other.signed_in().post("/invitations", json={"email": "again@example.com", "role": "admin"}).json()["link"]
    assert owner.request("PATCH", f"/people/{other.id}", json={"role": "viewer"}).status_code == 200
    assert owner.post("/invitations/accept", json={"token": token_of(link), "password": "back again as before", "name": "A"}).status_code == 404


def test_an_administrator_gives_somebody_a_new_password_but_no_owner(porter, organization):
    owner, desk = Person(porter, organization), Person(porter, organization, role="front_desk")
    admin = Person(porter, organization, role="admin").signed_in(confirmed=True)
    theirs = desk.signed_in()
    made = admin.post(f"/people/{desk.id}/reset-password")
    assert made.status_code == 201 and made.json()["kind"] == "password_reset"
    assert theirs.get("/session").status_code == 200
    assert admin.post("/invitations/accept", json={"token": token_of(made.json()["link"]), "password": "a new one altogether"}).status_code == 204
    assert theirs.get("/session").status_code == 401
    assert desk.browser().sign_in(desk, password="a new one altogether").json()["person"]["role"] == "front_desk"
    refused = admin.post(f"/people/{owner.id}/reset-password")
    assert refused.status_code == 403 and problem(refused) == "role-not-allowed"
    stranger = Person(porter, porter.organization())
    assert admin.post(f"/people/{stranger.id}/reset-password").status_code == 404


def test_nobody_touches_people_of_another_organization(porter, organization):
    stranger, owner = Person(porter, porter.organization()), Person(porter, organization).signed_in()
    assert owner.request("PATCH", f"/people/{stranger.id}", json={"role": "viewer"}).status_code == 404
    assert owner.delete(f"/people/{stranger.id}").status_code == 404
    assert stranger.id not in owner.get("/people").text
    # And an e-mail that is somebody's elsewhere is not told of: the link fails when it is used.
    link = owner.post("/invitations", json={"email": stranger.email, "role": "viewer"})
    assert link.status_code == 201
    used = owner.post("/invitations/accept", json={"token": token_of(link.json()["link"]), "name": "Eve", "password": "another one here"})
    assert used.status_code == 409
    assert stranger.browser().sign_in(stranger).status_code == 200


# ---- Oneself ---------------------------------------------------------------------------------------

def test_a_new_password_ends_the_other_sessions(porter, organization):
    person = Person(porter, organization)
    here, there = person.signed_in(), person.signed_in()
    wrong = here.post("/me/password", json={"current": "wrong password!", "new": "a new one altogether"})
    assert wrong.status_code == 403 and problem(wrong) == "confirmation-refused"
    short = here.post("/me/password", json={"current": PASSWORD, "new": "elevenchars"})
    assert short.status_code == 422 and short.json()["errors"][0]["field"] == "new"
    assert there.get("/session").status_code == 200
    assert here.post("/me/password", json={"current": PASSWORD, "new": "a new one altogether"}).status_code == 204
    assert here.get("/session").status_code == 200 and there.get("/session").status_code == 401
    assert person.browser().sign_in(person).status_code == 401
    assert person.browser().sign_in(person, password="a new one altogether").status_code == 200


def test_a_person_changes_his_name(porter, organization):
    browser = Person(porter, organization, role="viewer").signed_in()
    assert browser.request("PUT", "/me", json={"name": "Åse"}).json()["person"]["name"] == "Åse"
    assert browser.get("/session").json()["person"]["name"] == "Åse"


# ---- Authenticators --------------------------------------------------------------------------------

@pytest.fixture
def person(porter, organization):
    return Person(porter, organization)


def _with_totp(person):
    """(a browser, the secret): the authenticator is set up; the code of this step is used, so that the next one is good for a while."""
    browser = person.signed_in(confirmed=True)
    offered = browser.post("/me/totp").json()
    assert offered["uri"] == f"otpauth://totp/Porter:{person.email.replace('@', '%40')}?secret={offered['secret']}&issuer=Porter"
    assert browser.post("/me/totp/confirm", json={"code": totp(offered["secret"])}).status_code == 204
    return browser, offered["secret"]


def test_an_authenticator_is_asked_for_after_the_password(person):
    browser, secret = _with_totp(person)
    assert browser.get("/session").json()["person"]["totp_enabled"] is True
    assert problem(person.browser().sign_in(person)) == "code-required"
    assert problem(person.browser().sign_in(person, password="wrong password!")) == "sign-in-refused"
    assert problem(person.browser().sign_in(person, password="wrong password!", code=totp(secret))) == "sign-in-refused"
    assert problem(person.browser().sign_in(person, code="000000" if totp(secret) != "000000" else "111111")) == "sign-in-refused"
    assert person.browser().sign_in(person, code=totp(secret, step=1)).status_code == 200


def test_a_code_is_taken_once(person):
    _, secret = _with_totp(person)
    code = totp(secret, step=1)
    assert person.browser().sign_in(person, code=code).status_code == 200
    assert problem(person.browser().sign_in(person, code=code)) == "sign-in-refused"
    assert problem(person.browser().sign_in(person, code=totp(secret))) == "sign-in-refused"  # Older than one that was taken.


def test_a_code_from_far_away_is_none(person):
    _, secret = _with_totp(person)
    for step in (-4, 4):
        assert problem(person.browser().sign_in(person, code=totp(secret, step=step))) == "sign-in-refused"


def test_nothing_is_asked_for_until_the_first_code_was_right(person):
    browser = person.signed_in(confirmed=True)
    secret = browser.post("/me/totp").json()["secret"]
    assert person.browser().sign_in(person).status_code == 200
    wrong = browser.post("/me/totp/confirm", json={"code": totp(secret, step=40)})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "code"
    assert person.browser().sign_in(person).status_code == 200


def test_an_authenticator_is_taken_off_with_a_confirmation(person):
    browser, _ = _with_totp(person)
    other = person.browser()
    other.cookie = browser.cookie
    assert browser.delete("/me/totp").status_code == 204
    assert person.browser().sign_in(person).status_code == 200


def test_the_secret_is_sealed_and_sealed_anew_with_a_new_master_key(porter, person):
    _, secret = _with_totp(person)
    import base64
    import os
    raw = base64.b32decode(secret)
    new = "new-3:" + base64.b64encode(os.urandom(32)).decode()
    both = {"PORTER_SEAL_KEYS": f"{new},{porter._seal}"}

    def stored():
        with porter.database() as db:
            return bytes(db.execute("SELECT totp_secret FROM users WHERE email = %s", (person.email,)).fetchone()[0])

    before = stored()
    assert raw not in before and secret.encode() not in before
    assert next(row for row in porter.ctl_list("secrets", "status", **both) if row["key_id"] == "test")["authenticators"] >= 1
    assert porter.ctl("secrets", "rewrap", **both)["unreadable"] == 0
    assert stored() != before and b"new-3" in stored()[:8]
    gateway = porter.gateway(**both)  # What only the new key opens is opened.
    assert person.browser(gateway).sign_in(person, code=totp(secret, step=1)).status_code == 200
    assert porter.ctl("secrets", "rewrap", PORTER_SEAL_KEYS=f"{porter._seal},{new}")["unreadable"] == 0
