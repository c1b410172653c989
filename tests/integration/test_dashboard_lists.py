"""Lists of the dashboard's own that grow: people and keys, page by page."""
import pytest

from harness.dashboard import Person, org_uuid


@pytest.fixture
def owner(porter, organization):
    return Person(porter, organization)


def pages(browser, path, name, limit):
    """The rows of each page."""
    found, query = [], f"?limit={limit}"
    while query:
        answer = browser.get(f"{path}{query}")
        assert answer.status_code == 200, answer.text
        page = answer.json()["pagination"]
        found.append(answer.json()[name])
        assert page["limit"] == limit and page["has_more"] == (page["next_cursor"] is not None)
        assert page["has_more"] == ('rel="next"' in answer.headers.get("Link", ""))
        query = f"?limit={limit}&cursor={page['next_cursor']}" if page["has_more"] else None
    return found


def add_people(porter, organization, count):
    """Some who came before everybody else."""
    with porter.database() as db:
        db.execute("INSERT INTO users (org_id, id, email, name, role, created_at) SELECT %s, lpad(to_hex(i), 32, '0')::uuid, gen_random_uuid() || '@x.example',"
                   " 'Ada ' || i, 'viewer', now() FROM generate_series(1, %s) AS i", (org_uuid(organization), count))


def test_people_come_page_by_page(porter, owner):
    browser = owner.signed_in()
    add_people(porter, owner.organization, 4)
    found = pages(browser, "/people", "people", 2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert [one["name"] for page in found for one in page] == ["Ada 1", "Ada 2", "Ada 3", "Ada 4", owner.name]
    assert len(browser.get("/people").json()["people"]) == 5
    stranger = Person(porter, porter.organization()).signed_in()
    assert len(stranger.get("/people").json()["people"]) == 1
    cursor = browser.get("/people?limit=2").json()["pagination"]["next_cursor"]
    assert stranger.get(f"/people?limit=2&cursor={cursor}").status_code == 400


def test_who_is_behind_very_many_is_changed_named_and_listed(porter, owner):
    add_people(porter, owner.organization, 1500)
    browser, last = owner.signed_in(), Person(porter, owner.organization, role="front_desk", name="Zoë Last")
    assert browser.request("PATCH", f"/people/{last.id}", json={"role": "admin"}).status_code == 200
    assert browser.get("/people?limit=200").json()["pagination"]["has_more"]
    last.signed_in()
    assert {"kind": "person", "id": last.id, "name": "Zoë Last"} in [row["actor"] for row in browser.get("/audit").json()["entries"]]
    assert last.email in {row["email"] for row in porter.ctl_list("people", "list", "--org", owner.organization.id)}


def test_keys_come_page_by_page_the_newest_first_with_who_made_them(porter, owner):
    browser = owner.signed_in(confirmed=True)
    for number in range(3):
        assert browser.post("/keys", json={"name": f"key {number}"}).status_code == 201
    porter.ctl("key", "create", "--org", owner.organization.id, "--name", "by hand")
    found = pages(browser, "/keys", "keys", 3)
    assert [[one["name"] for one in page] for page in found] == [["by hand", "key 2", "key 1"], ["key 0"]]
    assert [one["created_by_name"] for one in found[0]] == [None, owner.name, owner.name]
    assert browser.get(f"/keys/{found[1][0]['id']}").json()["created_by_name"] == owner.name
    assert browser.get("/keys/key_01jndp8w1qe2v8m5tq2k3x4y00").status_code == 404
    assert browser.get("/keys?limit=0").status_code == 400 and browser.get("/keys?cursor=x").status_code == 400
