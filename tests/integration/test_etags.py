"""Who polls pays for what changed: ETag and If-None-Match on lists and on what has no version of its own."""
import gzip

import pytest
import requests

from harness.poll import eventually


class Desk:
    def __init__(self, porter):
        self.tenant = porter.organization()
        self.place, self.client = self.tenant.location(), self.tenant.client()

    def ask(self, path, tag=None, method="GET", coding=None, client=None):
        """The answer, and its body as it came."""
        client = client or self.client
        headers = {"X-API-Key": client.key, "Accept-Encoding": coding, "If-None-Match": tag}
        answer = requests.request(method, client.base + "/api/v1" + path, verify=str(client.ca), stream=True, timeout=20,
                                  headers={name: value for name, value in headers.items() if value or name == "Accept-Encoding"})
        return answer, answer.raw.read(decode_content=False)

    def tag(self, path, **more):
        answer, _ = self.ask(path, **more)
        assert answer.status_code == 200
        return answer.headers["ETag"]


@pytest.fixture
def desk(porter):
    made = Desk(porter)
    for _ in range(4):
        made.client.pre_register(made.place, notes="Ünïcode " * 20)
    return made


@pytest.mark.parametrize("path", ["/visitors", "/visitors?limit=2", "/visitors?include=total_count", "/visitors?limit=1&status=cancelled"])
def test_a_page_that_did_not_change_is_not_sent_again(desk, path):
    tag = desk.tag(path)
    for given in (tag, tag.removeprefix("W/"), f'"x", {tag}'):
        answer, body = desk.ask(path, given)
        assert (answer.status_code, body, answer.headers["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in answer.headers and "Link" not in answer.headers
    assert desk.ask(path, 'W/"x"')[0].status_code == 200


def test_whatever_a_page_shows_makes_a_new_tag(desk):
    paths = ("/visitors?status=expected", "/visitors?limit=2", "/visitors?status=checked_in", "/visitors?limit=2&include=total_count")
    first = desk.client.get("/visitors").json()["visitors"][-1]
    before = [desk.tag(path) for path in paths]
    assert len(set(before)) == len(paths)
    assert desk.client.post(f"/visitors/{first['id']}/check-in").status_code == 200
    answers = [desk.ask(path, tag)[0] for path, tag in zip(paths, before)]
    assert [one.status_code for one in answers] == [200, 304, 200, 304]  # The oldest is on no page of two.
    assert answers[0].headers["ETag"] != before[0]
    desk.client.pre_register(desk.place)
    assert desk.ask(paths[1], before[1])[0].status_code == 200
    assert desk.ask(paths[3], before[3])[0].status_code == 200


def test_the_plain_and_the_packed_form_have_one_tag(desk):
    (plain, body), (packed, small) = desk.ask("/visitors"), desk.ask("/visitors", coding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(small) == body
    assert plain.headers["ETag"] == packed.headers["ETag"] and plain.headers["ETag"].startswith('W/"')
    for coding in (None, "gzip"):
        answer, body = desk.ask("/visitors", plain.headers["ETag"], coding=coding)
        assert (answer.status_code, body, answer.headers["Vary"]) == (304, b"", "Accept-Encoding")
        assert "Content-Encoding" not in answer.headers


def test_head_is_told_the_same(desk):
    tag = desk.tag("/visitors?limit=2", method="HEAD")
    assert tag == desk.tag("/visitors?limit=2")
    answer, body = desk.ask("/visitors?limit=2", tag, method="HEAD")
    assert (answer.status_code, body) == (304, b"")


def test_every_gateway_gives_the_same_tag(porter, desk):
    other = desk.tenant.client(gateway=porter.gateway())
    tag = desk.tag("/visitors?limit=2")
    assert desk.ask("/visitors?limit=2", tag, client=other)[0].status_code == 304


def test_who_waits_for_a_delivery_gets_it_when_something_has_become_of_it(new_porter):
    porter = new_porter()
    porter.gateway()
    desk, receiver = Desk(porter), porter.receiver()
    hook = desk.tenant.webhook(receiver.url())
    made = desk.client.post(f"/webhooks/{hook.id}/test")
    path = made.headers["Location"].removeprefix("/api/v1")
    waiting, rows = desk.tag(path), desk.tag(f"/webhooks/{hook.id}/deliveries")
    assert desk.client.get(path, headers={"If-None-Match": waiting}).status_code == 304
    assert desk.ask(f"/webhooks/{hook.id}/deliveries", rows)[0].status_code == 304
    porter.dispatcher()
    eventually(lambda: desk.client.get(path).json()["finished_at"], 15, "a finished delivery")
    done, _ = desk.ask(path, waiting)
    assert done.status_code == 200 and desk.ask(path, done.headers["ETag"])[0].status_code == 304
    assert desk.ask(f"/webhooks/{hook.id}/deliveries", rows)[0].status_code == 200
