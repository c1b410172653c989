"""porterctl erase-subject: what is known of one person is nowhere any more, and everybody else is as before."""
import json
import subprocess
import uuid

import pytest

from harness import dashboard
from harness.poll import LOG_S, eventually
from harness.porter import parse_id
from harness.process import program

USAGE, NOT_FOUND, CONFLICT = 2, 3, 4


class Person:
    """A word and a number that nobody else has, for every field."""

    def __init__(self):
        self.word = f"zqx{uuid.uuid4().hex[:9]}"
        self.digits = str(uuid.uuid4().int)[:11]
        self.marks = [self.word, self.digits]

    def visitor(self, place):
        mail = f"{self.word}@example.com"
        return {"first_name": self.word, "last_name": self.word, "full_name": f"Ada {self.word}", "email": mail, "phone": f"+49{self.digits}",
                "company": self.word, "visitor_type": self.word, "host": {"name": self.word, "email": mail}, "purpose": self.word,
                "vehicle_plate": self.word, "notes": self.word, "metadata": {self.word: self.word}, "location_id": place}

    def contractor(self):
        return {"company": self.word, "contact": {"name": self.word, "email": f"{self.word}@example.com", "phone": f"+49{self.digits}"},
                "trade": self.word, "metadata": {self.word: self.word}}


def echo(received):
    """What was sent comes back: attempts keep a part of it."""
    return 200, {"X-Echo": received.body.decode()[-200:].encode("ascii", "replace").decode()}, received.body


def refuse(received):
    return 500, {"X-Echo": "no"}, received.body


class Story:
    """An organization with an endpoint that echoes, one that refuses, and one whose webhook was deleted after it was called."""

    def __init__(self, porter):
        self.porter, self.tenant = porter, porter.organization()
        self.client, self.place = self.tenant.client(), self.tenant.location()
        self.hooks = [porter.receiver(answer) for answer in (echo, refuse, echo)]
        self.webhooks = [self.tenant.webhook(hook.url()) for hook in self.hooks]
        self.tokens = {}

    def write(self, path, token, **body):
        answer = self.client.post(path, json=body, headers={"Idempotency-Key": token})
        assert answer.status_code in (200, 201), answer.text
        self.tokens[token] = (path, body, answer.status_code)
        return answer.json()

    def visit(self, person):
        visitor = self.write("/visitors/pre-register", f"a{person.word[3:]}", **person.visitor(self.place))
        self.write(f"/visitors/{visitor['id']}/check-in", f"b{person.word[3:]}", badge_number=person.word)
        return visitor["id"]

    def settle(self, events):
        """Every event was sent to every endpoint, and its attempts are written."""
        with self.porter.database() as db:
            eventually(lambda: db.execute(
                "SELECT count(DISTINCT (a.delivery_id)) FROM attempts a WHERE org_id = %s", (parse_id(self.tenant.id),)).fetchone()[0]
                == events * len(self.hooks), 60, "all attempts")
            eventually(lambda: db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0, 30, "an empty outbox")

    def erase(self, subject, *words, **more):
        return self.porter.run_ctl("erase-subject", subject, "--org", self.tenant.slug, *words, **more)


def where_is(porter, person):
    """The tables of whose rows any column holds a mark, as text or as bytes."""
    found = set()
    with porter.database() as db:
        tables = [row[0] for row in db.execute("SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")]
        assert len(tables) > 15
        for table in tables:
            for mark in person.marks:
                if db.execute(f"SELECT 1 FROM {table} AS t WHERE t::text ILIKE %s OR t::text ILIKE %s LIMIT 1",
                              (f"%{mark}%", f"%{mark.encode().hex()}%")).fetchone():
                    found.add(table.split("_20")[0])
    return found


@pytest.fixture
def story(porter):
    return Story(porter)


def test_what_is_known_of_a_visitor_goes_and_another_stays(porter, story):
    gone, stays = Person(), Person()
    ids = [story.visit(person) for person in (gone, stays)]
    evacuation = story.write("/evacuations", "evacuation", location_id=story.place, reason="Rauch")
    story.settle(events=5)
    assert story.client.request("DELETE", f"/webhooks/{story.webhooks[2].id}").status_code == 204
    before = where_is(porter, gone)
    everywhere = {"visitors", "evacuation_people", "events", "deliveries", "attempts"}
    assert before == everywhere == where_is(porter, stays)
    tried = json.loads(story.erase(ids[0], "--dry-run", "--json").stdout)
    assert where_is(porter, gone) == everywhere and not tried["erased"]

    done = story.erase(ids[0], "--yes", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {**said, "erased": False} == tried
    assert [said[name] for name in ("subjects", "evacuation_people", "events", "deliveries", "idempotency")] == [1, 1, 3, 9, 3]
    assert said["attempts"] >= 9
    assert where_is(porter, gone) == set() and where_is(porter, stays) == everywhere

    # Rows stay, and everything still answers.
    shown = story.client.get(f"/visitors/{ids[0]}")
    assert shown.status_code == 200 and shown.json()["full_name"] == "[erased]" and shown.json()["status"] == "checked_in"
    assert shown.json()["email"] is None and shown.json()["metadata"] == {} and shown.json()["checked_in_at"]
    other = story.client.get(f"/visitors/{ids[1]}").json()
    assert other["email"] == f"{stays.word}@example.com" and other["badge_number"] == stays.word
    listed = story.client.get("/visitors").json()["visitors"]
    assert {one["id"] for one in listed} == set(ids)
    assert story.client.get("/visitors", params={"q": gone.word}).json()["visitors"] == []
    assert [one["id"] for one in story.client.get("/visitors", params={"q": stays.word}).json()["visitors"]] == [ids[1]]
    roster = story.client.get(f"/evacuations/{evacuation['id']}").json()["on_site"]
    assert {one["visitor_id"]: one["full_name"] for one in roster} == {ids[0]: "[erased]", ids[1]: f"Ada {stays.word}"}
    # One of the endpoints refuses all: on a slow machine it falls, which is an event too.
    events = lambda: [one for one in story.client.get("/events").json()["events"] if not one["type"].startswith("webhook.")]
    eventually(lambda: len(events()) == 5, LOG_S, "all five are in the log")
    sent = story.client.get(f"/webhooks/{story.webhooks[0].id}/deliveries").json()["deliveries"]
    assert len(sent) == 5

    # A write that comes again is answered from the kept answer.
    for token, (path, body, status) in story.tokens.items():
        again = story.client.post(path, json=body, headers={"Idempotency-Key": token})
        assert again.status_code == status and not any(mark in again.text for mark in gone.marks), again.text
        if token.endswith(stays.word[3:]):
            assert stays.word in again.text
    with porter.database() as db:
        [row] = db.execute("SELECT actor, subject, detail FROM audit_log WHERE org_id = %s AND action = 'subject.erased'",
                           (parse_id(story.tenant.id),)).fetchall()
    assert row[:2] == ("porterctl", ids[0]) and row[2]["events"] == 3
    # Again: there is nothing left to do.
    again = json.loads(story.erase(ids[0], "--yes", "--json").stdout)
    assert not any(number for name, number in again.items() if name not in ("subject", "erased"))


def test_a_repeated_delivery_sends_what_is_left(story):
    """What is still to be sent is signed anew over the erased body."""
    person = Person()
    visitor = story.visit(person)
    story.settle(events=2)
    assert story.erase(visitor, "--yes").returncode == 0
    failed = story.client.get(f"/webhooks/{story.webhooks[0].id}/deliveries").json()["deliveries"][0]
    count = len(story.hooks[0].got)
    assert story.client.post(f"/webhooks/{story.webhooks[0].id}/deliveries/{failed['id']}/retry").status_code in (200, 202)
    eventually(lambda: len(story.hooks[0].got) > count, 60, "the delivery again")
    body = json.loads(story.hooks[0].got[-1].body)
    assert body["data"]["visitor"]["full_name"] == "[erased]" and person.word not in json.dumps(body)


def test_rows_of_the_outbox_are_redacted(new_porter):
    """They wait while Kafka is away, or the relay elsewhere."""
    porter = new_porter()
    porter.gateway(PORTER_RELAY="false")
    organization, person = porter.organization(), Person()
    client = organization.client()
    visitor = client.pre_register(**person.visitor(organization.location()))
    assert where_is(porter, person) == {"visitors", "events", "outbox"}
    assert porter.ctl("erase-subject", visitor["id"], "--org", organization.slug, "--yes")["outbox"] == 1
    assert where_is(porter, person) == set()


def test_a_contractor_is_erased(porter, story):
    gone, stays = Person(), Person()
    made = [story.write("/contractors", f"c{person.word[3:]}", **person.contractor())["id"] for person in (gone, stays)]
    for id, person in zip(made, (gone, stays)):
        story.write(f"/contractors/{id}/approve", f"d{person.word[3:]}", approved_by=person.word, reason=person.word)
    story.settle(events=4)
    assert story.erase(made[0], "--yes").returncode == 0
    assert where_is(porter, gone) == set()
    assert where_is(porter, stays) == {"contractors", "events", "deliveries", "attempts"}
    assert story.client.get(f"/contractors/{made[0]}").json()["company"] == "[erased]"
    assert len(story.client.get("/contractors").json()["contractors"]) == 2


def test_what_the_front_desk_did_is_erased_too(porter, story):
    """The audit log of it has nothing to erase: its rows stay."""
    gone = Person()
    desk = dashboard.Person(porter, story.tenant, role="front_desk").signed_in()
    visitor = desk.post("/v1/visitors/pre-register", json=gone.visitor(story.place), headers={"Idempotency-Key": "a"}).json()["id"]
    contractor = desk.post("/v1/contractors", json=gone.contractor()).json()["id"]
    for path, body in ((f"visitors/{visitor}/check-in", {"badge_number": gone.word, "notes": gone.word}), (f"visitors/{visitor}/check-out", {}),
                       (f"contractors/{contractor}/reject", {"reason": gone.word, "rejected_by": gone.word})):
        assert desk.post(f"/v1/{path}", json=body).status_code == 200
    assert where_is(porter, gone) >= {"visitors", "contractors", "events"} and "audit_log" not in where_is(porter, gone)
    story.settle(events=5)
    for subject in (visitor, contractor):
        assert story.erase(subject, "--yes").returncode == 0
    assert where_is(porter, gone) == set()
    with porter.database() as db:
        [[count]] = db.execute("SELECT count(*) FROM audit_log WHERE subject = ANY (%s) AND action <> 'subject.erased'",
                               ([visitor, contractor],)).fetchall()
    assert count == 5


def test_an_answer_that_no_key_opens_stops_nothing(new_porter):
    porter = new_porter()
    porter.gateway()
    organization, person = porter.organization(), Person()
    client, place = organization.client(), organization.location()
    visitor = client.post("/visitors/pre-register", json=person.visitor(place), headers={"Idempotency-Key": "first"}).json()["id"]
    for token in ("gone", "kept"):
        assert client.post("/evacuations", json={"location_id": organization.location()}, headers={"Idempotency-Key": token}).status_code == 201
    with porter.database() as db:  # Sealed with a key that was taken away too early; of one nothing is given any more.
        db.execute("UPDATE idempotency SET body = set_byte(body, 3, 0) WHERE token <> 'first'")
        db.execute("UPDATE idempotency SET expires_at = now() - interval '1 minute' WHERE token = 'gone'")
    done = porter.run_ctl("erase-subject", visitor, "--org", organization.slug, "--yes", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == CONFLICT and "PORTER_SEAL_KEYS" in done.stderr, done.stderr
    assert (said["subjects"], said["idempotency"], said["unreadable"]) == (1, 1, 1)
    assert where_is(porter, person) == set()
    with porter.database() as db:
        [(detail,)] = db.execute("SELECT detail FROM audit_log WHERE action = 'subject.erased'").fetchall()
    assert (detail["subjects"], detail["unreadable"]) == (1, 1)


def test_nothing_goes_without_a_yes(porter, story):
    person = Person()
    visitor = story.visit(person)
    for answer, code in (("", USAGE), ("y\n", USAGE), ("yes\n", 0)):
        done = subprocess.run([program("porterctl"), "erase-subject", visitor, "--org", story.tenant.slug], env=porter.environment(),
                              input=answer, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code and "will be erased for good" in done.stderr
        assert ("visitors" in where_is(porter, person)) == (code != 0)


def test_only_the_organizations_own_are_found(porter, story):
    visitor = story.client.pre_register(story.place)["id"]
    other = porter.organization()
    assert porter.run_ctl("erase-subject", visitor, "--org", other.slug, "--yes").returncode == NOT_FOUND
    assert story.client.get(f"/visitors/{visitor}").json()["full_name"] != "[erased]"
    assert story.erase("loc_01jd0000000000000000000000", "--yes").returncode == USAGE
