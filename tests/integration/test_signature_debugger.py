"""Why does a request not verify? POST /webhooks/{id}/verify and porterctl verify, asked about what a dispatcher really sent."""
import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from harness import signatures
from harness.refusals import faults, problem

OURS = ("webhook-", "x-porter-signature")
NAMES = ["headers", "timestamp", "webhook_signature", "x_porter_signature", "body"]


@dataclass
class Sent:
    """A webhook and a request that came from it."""
    tenant: object
    client: object
    id: str
    secret: str
    headers: dict
    body: bytes

    def ask(self, headers=None, body=None, **more):
        given = {"headers": self.headers if headers is None else headers}
        if isinstance(body, bytes):
            given["body_base64"] = base64.b64encode(body).decode()
        else:
            given["body"] = self.body.decode() if body is None else body
        answer = self.client.post(f"/webhooks/{self.id}/verify", json={**given, **more})
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert report["verified"] == all(check["ok"] for check in report["checks"])
        return report["verified"], {check["name"]: check for check in report["checks"]}

    def signed(self, secret, body=None, sent_at=None):
        """The headers that somebody makes who has a secret."""
        body, sent_at = self.body if body is None else body, sent_at or int(time.time())
        return {"webhook-id": self.headers["webhook-id"], "webhook-timestamp": str(sent_at),
                "webhook-signature": signatures.standard(body, secret, self.headers["webhook-id"], sent_at),
                "x-porter-signature": signatures.porter(body, secret)}


@pytest.fixture(scope="module")
def sent(porter):
    tenant, receiver = porter.organization(), porter.receiver()
    webhook = tenant.webhook(receiver.url())
    client = tenant.client()
    client.pre_register(tenant.location(), full_name="Zoë \"山田\"")
    got, = receiver.wait(1)
    return Sent(tenant, client, webhook.id, webhook.secret, got.headers, got.body)


def stamp(**later):
    return (datetime.now(timezone.utc) + timedelta(**later)).isoformat().replace("+00:00", "Z")


# ---- What arrived ----------------------------------------------------------------------------------------


def test_a_request_as_it_arrived_verifies(sent):
    verified, checks = sent.ask()
    assert verified and list(checks) == NAMES
    assert checks["webhook_signature"]["secret"] == checks["x_porter_signature"]["secret"] == "current"
    assert all(check["cure"] is None for check in checks.values())
    # The same as bytes, and with the names as a proxy may write them.
    assert sent.ask(headers={name.upper(): value for name, value in sent.headers.items()}, body=sent.body)[0]


def test_a_recorded_request_is_told_how_old_it_is(sent):
    verified, checks = sent.ask(received_at=stamp(hours=2))
    assert not verified and not checks["timestamp"]["ok"]
    age = int(checks["timestamp"]["reason"].split()[2])
    assert 7190 <= age <= 7500 and "s old" in checks["timestamp"]["reason"] and "Too old" in checks["timestamp"]["cure"]
    assert checks["webhook_signature"]["ok"]  # Nothing else is wrong with it.
    _, checks = sent.ask(received_at=stamp(hours=-2))
    assert "s ahead" in checks["timestamp"]["reason"] and "Too new" in checks["timestamp"]["cure"]
    # Without received_at the request is one of now.
    _, checks = sent.ask(headers=sent.signed(sent.secret, sent_at=int(time.time()) - 400))
    assert not checks["timestamp"]["ok"] and checks["webhook_signature"]["ok"]


@pytest.mark.parametrize("body, says", [
    (lambda b: json.dumps(json.loads(b)), "parsed and printed again"),
    (lambda b: json.dumps(json.loads(b), indent=2, ensure_ascii=False), "parsed and printed again"),
    (lambda b: json.dumps(json.loads(b), sort_keys=True, separators=(",", ":"), ensure_ascii=False), "another order"),
    (lambda b: json.dumps(b.decode()), "a JSON string"),
    (lambda b: b.decode() + "\n", "Line breaks or blanks"),
    (lambda b: b + b"\r\n", "Line breaks or blanks"),
    (lambda b: "\ufeff" + b.decode(), "byte order mark"),
    (lambda b: b.decode("latin-1").encode(), "read as Latin-1"),
    (lambda b: b[:-7], "no JSON"),
    (lambda b: "", "empty"),
], ids=["python", "pretty", "sorted", "quoted", "newline", "crlf", "bom", "latin-1", "cut", "empty"])
def test_what_happened_to_the_body_is_told(sent, body, says):
    verified, checks = sent.ask(body=body(sent.body))
    assert not verified and not checks["body"]["ok"] and says in checks["body"]["reason"]
    assert checks["body"]["cure"] and not checks["webhook_signature"]["ok"]


@pytest.mark.parametrize("name, value, says", [
    ("x-porter-signature", lambda s, b: hmac.new(base64.b64decode(s[6:]), b, hashlib.sha256).hexdigest(), "base64 after whsec_"),
    ("x-porter-signature", lambda s, b: hmac.new(s[6:].encode(), b, hashlib.sha256).hexdigest(), "without whsec_"),
    ("x-porter-signature", lambda s, b: hmac.new(f"{s}\n".encode(), b, hashlib.sha256).hexdigest(), "a line break"),
    ("x-porter-signature", lambda s, b: f"sha256={signatures.porter(b, s)}", "in front of it"),
    ("x-porter-signature", lambda s, b: signatures.porter(b, s).upper(), "capital letters"),
    ("webhook-signature", lambda s, b: "v1," + base64.b64encode(hmac.new(s.encode(), b, hashlib.sha256).digest()).decode(),
     "the body alone"),
    ("webhook-signature", lambda s, b: "v1,c2hvcnQ=", "cut"),
])
def test_how_a_signature_was_made_is_told(sent, name, value, says):
    verified, checks = sent.ask(headers={**sent.headers, name: value(sent.secret, sent.body)})
    check = checks[name.replace("-", "_")]
    assert not verified and not check["ok"] and says in check["reason"] and check["cure"]
    assert checks["body"]["ok"]


def test_headers_that_are_not_there_are_named(sent):
    verified, checks = sent.ask(headers={})
    assert not verified and list(checks) == ["headers", "body"] and not checks["headers"]["ok"]
    _, checks = sent.ask(headers={name: value for name, value in sent.headers.items() if name != "webhook-id"})
    assert "webhook-id" in checks["headers"]["reason"] and checks["x_porter_signature"]["ok"]
    # An endpoint needs one of the two schemes.
    verified, checks = sent.ask(headers={"X-Porter-Signature": sent.headers["x-porter-signature"]})
    assert verified and "played again" in checks["headers"]["reason"]


# ---- What is never told ----------------------------------------------------------------------------------


def test_the_right_signature_is_never_told(sent):
    """Of a body that Porter never sent nobody gets a signature, whatever is asked."""
    body = '{"id":"evt_forged"}'
    now = int(time.time())
    right = [signatures.porter(body.encode(), sent.secret), sent.secret,
             signatures.standard(body.encode(), sent.secret, "evt_forged", now)[3:]]
    for headers in ({}, {"webhook-id": "evt_forged", "webhook-timestamp": str(now), "webhook-signature": "v1,AAAA"},
                    {"x-porter-signature": "0" * 64}):
        answer = sent.client.post(f"/webhooks/{sent.id}/verify", json={"headers": headers, "body": body})
        assert answer.status_code == 200 and not answer.json()["verified"]
        for one in right:
            assert one not in answer.text and one not in str(answer.headers)


def test_another_webhooks_secret_does_not_verify(porter, sent):
    other = sent.tenant.webhook("https://example.com/other").id
    answer = sent.client.post(f"/webhooks/{other}/verify", json={"headers": sent.headers, "body": sent.body.decode()})
    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert not answer.json()["verified"] and checks["webhook_signature"]["secret"] is None
    stranger = porter.organization().client()
    problem(stranger.post(f"/webhooks/{sent.id}/verify", json={"headers": {}}), 404, "not-found")


# ---- Rotation ----------------------------------------------------------------------------------------------


def test_a_rotation_is_told_from_a_wrong_secret(porter, sent):
    hook = sent.client.post("/webhooks", json={"url": "https://example.com/hook", "events": ["*"]}).json()
    asked = Sent(sent.tenant, sent.client, hook["id"], hook["secret"], sent.headers, sent.body)
    new = sent.client.post(f"/webhooks/{hook['id']}/rotate-secret", json={"overlap_seconds": 3600}).json()["secret"]
    verified, checks = asked.ask(headers=asked.signed(hook["secret"]))
    assert verified and checks["webhook_signature"]["secret"] == checks["x_porter_signature"]["secret"] == "previous"
    verified, checks = asked.ask(headers=asked.signed(new))
    assert verified and checks["webhook_signature"]["secret"] == "current"
    # What arrives when the overlap has ended.
    verified, checks = asked.ask(headers=asked.signed(hook["secret"], sent_at=int(time.time()) + 7200), received_at=stamp(hours=2))
    assert not verified and checks["webhook_signature"]["secret"] == "expired" and checks["timestamp"]["ok"]
    assert "overlap has ended" in checks["webhook_signature"]["reason"]
    sent.client.post(f"/webhooks/{hook['id']}/rotate-secret", json={"overlap_seconds": 0})
    verified, checks = asked.ask(headers=asked.signed(hook["secret"]))
    assert not verified and checks["webhook_signature"]["secret"] is None


# ---- Questions that are none -------------------------------------------------------------------------------


@pytest.mark.parametrize("body, expected", [
    ({"headers": {}, "body": "a", "body_base64": "YQ=="}, {("body_base64", "not_allowed")}),
    ({"headers": {}, "body_base64": "a"}, {("body_base64", "bad_format")}),
    ({"headers": {"webhook-id": 1}, "body": "a\r"}, {("headers.webhook-id", "wrong_type"), ("body", "bad_character")}),
    ({"headers": [], "received_at": "yesterday", "secret": "s"},
     {("headers", "wrong_type"), ("received_at", "bad_format"), ("secret", "unknown_field")}),
])
def test_a_question_that_is_none_is_refused(sent, body, expected):
    found = faults(sent.client.post(f"/webhooks/{sent.id}/verify", json=body))
    assert found == expected


def test_asking_changes_nothing(porter, sent):
    def rows():
        with porter.database() as db:
            return db.execute("SELECT (SELECT count(*) FROM audit_log), (SELECT sum(webhooks_version) FROM organizations),"
                              " (SELECT max(updated_at) FROM webhooks)").fetchone()

    before = rows()
    sent.ask()
    assert rows() == before


# ---- porterctl verify --------------------------------------------------------------------------------------


class Saved:
    """A request in files, and porterctl without any setting of a server."""

    def __init__(self, porter, folder, sent):
        self.porter, self.folder = porter, folder
        self.secret = self.write("secret", f"{sent.secret}\n")
        self.body = self.write("body", sent.body)
        self.headers = self.write("headers", "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items()))

    def write(self, name, content):
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def verify(self, *more):
        words = ["--secret-file", self.secret, "--body", self.body, "--headers", self.headers, *more]
        return self.porter.run_ctl("verify", *words, PORTER_DB_URL="", PORTER_SEAL_KEYS="", PORTER_REDIS_URL="")

    def report(self, *more):
        done = self.verify("--json", *more)
        assert done.returncode == (0 if json.loads(done.stdout)["verified"] else 1), done.stderr
        return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.fixture
def saved(porter, sent, tmp_path):
    return Saved(porter, tmp_path, sent)


def test_porterctl_verifies_a_saved_request(saved, sent):
    done = saved.verify()
    assert done.returncode == 0 and "FAILED" not in done.stdout and done.stderr == ""
    assert list(saved.report()) == NAMES
    # As JSON, as lists (Go, PHP), and as curl -v prints it.
    saved.headers = saved.write("object", json.dumps(sent.headers))
    assert saved.verify().returncode == 0
    saved.headers = saved.write("lists", json.dumps({name: [value] for name, value in sent.headers.items()}))
    assert saved.verify().returncode == 0
    saved.headers = saved.write("curl", "> POST /hook HTTP/1.1\n" + "".join(f"> {n}: {v}\n" for n, v in sent.headers.items()) + ">\n")
    assert saved.verify().returncode == 0


def test_porterctl_tells_what_is_wrong_as_the_api_does(saved, sent):
    saved.body = saved.write("printed", json.dumps(json.loads(sent.body)))
    done = saved.verify()
    assert done.returncode == 1 and "parsed and printed again" in done.stdout and "express.raw()" in done.stdout
    assert "webhook_signature, x_porter_signature, body" in done.stderr
    said = saved.report()
    _, asked = sent.ask(body=json.dumps(json.loads(sent.body)))
    said.pop("timestamp"), asked.pop("timestamp")  # A second may have gone by.
    assert said == asked


def test_porterctl_knows_the_secret_before_and_another_time(saved, sent):
    saved.secret = saved.write("rotated", f"whsec_{base64.b64encode(b'n' * 32).decode()}\n{sent.secret}\n")
    assert saved.report()["webhook_signature"]["secret"] == "previous"
    later = saved.report("--at", stamp(minutes=10))
    assert not later["timestamp"]["ok"] and later["webhook_signature"]["ok"]
    saved.secret = saved.write("other", f"whsec_{base64.b64encode(b'n' * 32).decode()}")
    assert not saved.report()["x_porter_signature"]["ok"]


@pytest.mark.parametrize("name, content, says", [
    ("secret", "my secret", "whsec_"), ("secret", "", "no secret"), ("headers", "{", "--headers"), ("body", None, "can't read")])
def test_porterctl_refuses_files_that_are_none(saved, name, content, says):
    setattr(saved, name, saved.write("wrong", content) if content is not None else saved.folder / "absent")
    done = saved.verify()
    assert done.returncode == 2 and says in done.stderr and done.stdout == ""
