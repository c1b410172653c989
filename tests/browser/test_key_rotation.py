"""Two keys beside each other, until nobody calls with the old one and it can go."""
import pytest
import requests
from playwright.sync_api import expect

from harness.porter import parse_id


@pytest.fixture
def old(organization):
    return organization.key(name="Lobby screen")


@pytest.fixture
def new(owner, old):
    """The text of the key that follows."""
    answer = owner.signed_in(confirmed=True).post(f"/keys/{old.id}/rotate", json={"overlap_seconds": 86_400})
    assert answer.status_code == 201, answer.text
    return answer.json()["key"]


@pytest.fixture
def status(porter):
    """status(key): what a call with it is answered."""
    return lambda key: requests.get(f"{porter.gateways[0].url}/api/v1/visitors", headers={"X-API-Key": key}, verify=str(porter.tls / "ca.pem"), timeout=20).status_code


@pytest.fixture
def moving(page, old, new):
    page.goto(f"/dashboard/settings/api/{old.id}")
    return page.locator(".card", has=page.get_by_role("heading", name="Moving to the new key"))


def was_used(porter, organization, key, ago):
    with porter.database() as db:
        db.execute("UPDATE api_keys SET last_used_at = now() - %s::interval WHERE org_id = %s AND id = %s", (ago, parse_id(organization.id), parse_id(key.id)))


def test_the_old_key_is_revoked_when_it_is_quiet(page, porter, organization, old, new, moving, status):
    revoke = moving.get_by_role("button", name="Revoke the old key")
    moving.get_by_text("Nobody calls with either just now.").wait_for()
    was_used(porter, organization, old, "1 minute")
    moving.get_by_text("The old key is still in use: nobody has moved yet.").wait_for()
    assert status(new) == 200
    moving.get_by_text("The old key is still in use, and so is the new one: somebody has not moved yet.").wait_for()
    # Until here it would stop somebody: it is not offered.
    assert revoke.count() == 0
    was_used(porter, organization, old, "2 hours")
    moving.get_by_text("The new key is in use, and nobody has called with the old one since 2 hours ago.").wait_for()
    revoke.click()
    dialog = page.get_by_role("dialog", name="Revoke “Lobby screen”?")
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="detached")
    assert organization.client(key=old).get("/locations").status_code == 200
    revoke.click()
    dialog.get_by_role("button", name="Revoke key").click()
    page.get_by_text("“Lobby screen” is revoked").wait_for()
    expect(moving).to_have_count(0)
    assert (status(old.text), status(new)) == (401, 200)
    page.get_by_role("link", name="the new key").click()
    page.get_by_role("button", name="Rotate").wait_for()


def test_an_old_key_that_nobody_ever_called_with_can_go_at_once(page, old, new, moving, status):
    assert status(new) == 200
    moving.get_by_text("nobody has called with the old one at all.").wait_for()
    moving.get_by_role("button", name="Revoke the old key").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    page.get_by_text("“Lobby screen” is revoked").wait_for()
    assert (status(old.text), status(new)) == (401, 200)
