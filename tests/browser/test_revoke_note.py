"""What depends on a key is said before it is revoked."""
import pytest
import requests

from harness.dashboard import From, an_address
from harness.poll import eventually
from harness.porter import parse_id

from .test_product_page import settings


@pytest.fixture
def asked(page):
    """asked(name): the question before the key of this name is revoked."""
    def ask(name):
        settings(page, "API")
        page.get_by_role("button", name=f"Revoke {name}").click()
        return page.get_by_role("dialog", name=f"Revoke “{name}”?")

    return ask


def test_a_key_that_is_in_use_says_how_much_since_when_and_from_where(asked, porter, organization, owner):
    key, places = organization.key(name="Lobby screen"), {an_address(): 2, an_address(): 1}
    for address, count in places.items():
        session = requests.Session()
        session.mount("https://", From(address))
        for _ in range(count):
            answer = session.get(f"{porter.gateways[0].url}/api/v1/visitors", headers={"X-API-Key": key.text}, verify=str(porter.tls / "ca.pem"), timeout=20)
            assert answer.status_code == 200
    browser = owner.signed_in()
    eventually(lambda: browser.get(f"/keys/{key.id}").json()["calls_24h"] == 3, 60, "the calls are counted", every=0.5)
    dialog = asked("Lobby screen")
    note = dialog.locator(".note.warn")
    note.get_by_text("It is in use: 3 calls in the last 24 hours, the last one").wait_for()
    note.get_by_text("rotate it instead").wait_for()
    for address, count in places.items():
        row = dialog.get_by_role("listitem").filter(has_text=address)
        assert f"{count} call{'s' * (count > 1)}," in row.inner_text()
    assert dialog.get_by_role("listitem").count() == 2


def test_a_key_that_nobody_uses_says_so(asked, organization):
    organization.key(name="Never")
    asked("Never").get_by_text("It was never used: nothing depends on it.").wait_for()


def test_a_key_that_was_used_long_ago_says_what_may_still_need_it(asked, porter, organization):
    key = organization.key(name="Monthly")
    with porter.database() as db:
        db.execute("UPDATE api_keys SET last_used_at = now() - interval '3 days' WHERE org_id = %s AND id = %s", (parse_id(organization.id), parse_id(key.id)))
    dialog = asked("Monthly")
    dialog.get_by_text("It was last used 3 days ago and made no call in the last 24 hours.").wait_for()
    assert dialog.get_by_text("Called from").count() == 0
