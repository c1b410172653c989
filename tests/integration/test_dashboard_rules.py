"""What forms must obey: the page gets the API's own rules, and the words in which the API tells of them."""
import re

import pytest

from harness.dashboard import Person, problem
from harness.process import ROOT

APP = ROOT / "services" / "dashboard" / "app"
ROLES = ("viewer", "front_desk", "admin", "owner")


@pytest.fixture(scope="module")
def browser(porter):
    return Person(porter, porter.organization()).signed_in()


@pytest.fixture(scope="module")
def rules(browser):
    return browser.get("/rules").json()


def named_in_the_app():
    """The inputs whose bodies forms make."""
    texts = "".join(file.read_text() for file in sorted(APP.rglob("*.js")) if file.name != "form.js")
    return set(re.findall(r"\b([A-Z][A-Za-z]+Input): \(", texts))


def test_each_rule_is_that_of_the_openapi_document(rules, organization):
    schemas = organization.client().get("/openapi.json").json()["components"]["schemas"]
    public = {name: schema for name, schema in schemas.items() if name.endswith("Input")}
    assert len(public) > 10 and public == {name: schema for name, schema in rules["inputs"].items() if name in public}


def test_every_form_has_the_rules_of_what_it_sends(rules):
    named = named_in_the_app()
    assert {"PreRegisterVisitorInput", "CheckInVisitorInput", "CreateContractorInput", "CreateWebhookInput", "UpdateWebhookInput",
            "CreateKeyInput", "CreateInvitationInput"} <= named
    assert named <= set(rules["inputs"])


@pytest.mark.parametrize("path, name, body, field", [
    ("/invitations", "CreateInvitationInput", {"email": "no address", "role": "viewer"}, "email"),
    ("/people/usr_01jndp8w1qe2v8m5tq2k3x4y00", "UpdatePersonInput", {"name": "\t"}, "name"),
    ("/v1/visitors/pre-register", "PreRegisterVisitorInput", {"full_name": "Ada", "phone": "12"}, "phone"),
    ("/v1/contractors", "CreateContractorInput", {"company": "Dach", "trade": "a\tb"}, "trade")])
def test_the_look_of_a_text_is_told_as_the_api_tells_it(porter, organization, rules, path, name, body, field):
    organization.location()
    person = Person(porter, organization)
    patches = path.startswith("/people")
    other = Person(porter, organization, role="viewer")
    path = f"/people/{other.id}" if patches else path
    answer = person.signed_in().request("PATCH" if patches else "POST", path, json=body)
    assert answer.status_code == 422, answer.text
    fault, = answer.json()["errors"]
    assert fault["field"] == field and fault["detail"] == rules["told"][rules["inputs"][name]["properties"][field]["pattern"]]


@pytest.mark.parametrize("method, path", [
    ("POST", "/invitations"), ("POST", "/keys"), ("PUT", "/me"), ("POST", "/me/password"), ("POST", "/url-verdict"), ("POST", "/confirm"),
    ("POST", "/sign-in"), ("POST", "/invitation/look"), ("POST", "/invitations/accept")])
def test_a_body_that_is_required_is_not_left_out(porter, organization, method, path):
    """What is not sent is not empty: nothing nameless is made of it."""
    person = Person(porter, organization)
    answer = person.signed_in(confirmed=True).request(method, path)
    assert answer.status_code == 400 and problem(answer) == "malformed-request", answer.text
    owner = person.signed_in()
    assert owner.get("/session").json()["person"]["name"] == person.name
    assert owner.get("/invitations").json()["invitations"] == owner.get("/keys").json()["keys"] == []


def test_whoever_is_signed_in_gets_them_and_keeps_them(porter, organization, rules):
    assert problem(Person(porter, organization).browser().get("/rules")) == "sign-in-required"
    for role in ROLES:
        browser = Person(porter, organization, role=role).signed_in()
        first = browser.get("/rules")
        assert first.status_code == 200 and first.json() == rules and first.headers["Cache-Control"] == "private, no-cache"
        again = browser.get("/rules", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304 and not again.content and again.headers["Cache-Control"] == "private, no-cache"
    assert browser.get("/rules?name=x").status_code == 400
