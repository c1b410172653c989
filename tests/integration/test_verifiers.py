"""What the dispatcher sends is taken by the libraries that endpoints verify webhooks with, Standard Webhooks' and Svix's
own from npm and PyPI, and nothing else is: whatever is changed on the way, each of them refuses."""
import base64
import json
import os
import subprocess
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from unittest import mock

import pytest
import standardwebhooks.webhooks
import svix.webhooks

from harness import signatures
from harness.process import ROOT

TOLERANCE_S = 300
STRANGER = "whsec_" + base64.b64encode(b"x" * 32).decode()


# ---- The libraries ---------------------------------------------------------------------------------------


def in_python(library):
    def verdict(secret, headers, body, later_s):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(seconds=later_s)

        with mock.patch.object(standardwebhooks.webhooks, "datetime", Clock):
            try:
                library.Webhook(secret).verify(body, headers)
            except Exception as fault:  # What is no base64 is refused by ValueError.
                return f"{type(fault).__name__}: {fault}"
        return "accepted"
    return verdict


def in_node(name):
    def verdict(secret, headers, body, later_s):
        case = {"library": name, "secret": secret, "headers": headers, "body": base64.b64encode(body).decode(),
                "later_s": later_s}
        done = subprocess.run(["node", ROOT / "tests" / "node" / "verify.cjs"], input=json.dumps(case), text=True,
                              capture_output=True, check=False,
                              env={**os.environ, "NODE_PATH": str(ROOT / ".deps" / "node" / "node_modules")})
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    return verdict


LIBRARIES = {"standardwebhooks of PyPI": in_python(standardwebhooks.webhooks), "svix of PyPI": in_python(svix.webhooks),
             "standardwebhooks of npm": in_node("standardwebhooks"), "svix of npm": in_node("svix")}


@pytest.fixture(params=LIBRARIES)
def verdict(request):
    return LIBRARIES[request.param]


# ---- Two requests, as they arrived -----------------------------------------------------------------------


@dataclass
class Arrived:
    headers: dict
    body: bytes
    secret: str
    old_secret: str = None
    at: float = field(default_factory=time.time)

    def asked(self, verdict, secret=None, later_s=0):
        """By an endpoint's clock that is so much later than when it arrived, however long the tests before took."""
        return verdict(secret or self.secret, self.headers, self.body, later_s + self.at - time.time())

    def with_header(self, name, value):
        return replace(self, headers={**self.headers, name: value})

    def signed_again(self, sent_at, secret):
        """What someone sends who has this secret."""
        signed = signatures.standard(self.body, secret, self.headers["webhook-id"], sent_at)
        return replace(self, headers={**self.headers, "webhook-timestamp": str(sent_at), "webhook-signature": signed})


@pytest.fixture(scope="module")
def arrivals(porter):
    """One request signed by the webhook's only secret, one while a rotation overlaps."""
    tenant, receiver = porter.organization(), porter.receiver()
    webhook = tenant.webhook(receiver.url())
    client, place = tenant.client(), tenant.location()
    client.pre_register(place, full_name="Zoë 'Ünïcode' 山田 🙂", company="A \\ B / \"C\" \u00a0\u200d")
    first, = receiver.wait(1)
    new = porter.ctl("webhook", "rotate-secret", webhook.id, "--org", tenant.id)["secret"]
    client.pre_register(place, full_name="Zoë 山田")
    second = receiver.wait(2)[1]
    return {"one secret": Arrived(first.headers, first.body, webhook.secret),
            "a rotation's overlap": Arrived(second.headers, second.body, new, webhook.secret)}


@pytest.fixture(params=["one secret", "a rotation's overlap"])
def arrived(arrivals, request):
    return arrivals[request.param]


# ---- What they say ---------------------------------------------------------------------------------------


def test_the_libraries_take_what_arrives(arrived, verdict):
    assert arrived.asked(verdict) == "accepted"


def test_during_an_overlap_the_old_secret_is_as_good(arrivals, verdict):
    arrived = arrivals["a rotation's overlap"]
    assert len(arrived.headers["webhook-signature"].split(" ")) == 2
    assert arrived.asked(verdict, arrived.old_secret) == "accepted"


def cut(signatures_, count):
    return " ".join(one[:-count] for one in signatures_.split(" "))


TAMPERED = {
    "the body": lambda a: replace(a, body=a.body.replace(b"Zo", b"Xo")),
    "a body printed again": lambda a: replace(a, body=json.dumps(json.loads(a.body)).encode()),
    "a byte more in the body": lambda a: replace(a, body=a.body + b"\n"),
    "no body": lambda a: replace(a, body=b""),
    "the id": lambda a: a.with_header("webhook-id", "evt_01hv8z3k2m9q4r5s6t7v8w9x0y"),
    "no id": lambda a: a.with_header("webhook-id", ""),
    "the timestamp": lambda a: a.with_header("webhook-timestamp", str(int(a.headers["webhook-timestamp"]) + 1)),
    "no timestamp": lambda a: a.with_header("webhook-timestamp", ""),
    "a timestamp that is none": lambda a: a.with_header("webhook-timestamp", "soon"),
    "a cut signature": lambda a: a.with_header("webhook-signature", cut(a.headers["webhook-signature"], 4)),
    "a signature cut by a character": lambda a: a.with_header("webhook-signature", cut(a.headers["webhook-signature"], 1)),
    "a signature of nothing": lambda a: a.with_header("webhook-signature", "v1,"),
    "no signature": lambda a: a.with_header("webhook-signature", ""),
    "another scheme's name": lambda a: a.with_header(
        "webhook-signature", a.headers["webhook-signature"].replace("v1,", "v0,")),
    "a stranger's signature": lambda a: a.signed_again(int(a.headers["webhook-timestamp"]), STRANGER),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_libraries_refuse_what_was_changed(arrived, verdict, what):
    tampered = TAMPERED[what](arrived)
    assert tampered != arrived
    assert tampered.asked(verdict) != "accepted"


def test_the_libraries_refuse_a_wrong_secret(arrived, verdict):
    assert arrived.asked(verdict, STRANGER) != "accepted"


def test_a_recorded_request_can_not_be_played_again_later(arrived, verdict):
    """Nothing of it is changed: only the endpoint's clock has gone on."""
    assert "too old" in arrived.asked(verdict, later_s=TOLERANCE_S + 60)
    # Its timestamp is signed, so it can't be made younger.
    later = str(int(arrived.headers["webhook-timestamp"]) + TOLERANCE_S)
    assert "No matching" in arrived.with_header("webhook-timestamp", later).asked(verdict, later_s=TOLERANCE_S)


def test_a_request_from_the_future_is_refused(arrived, verdict):
    assert "too new" in arrived.asked(verdict, later_s=-(TOLERANCE_S + 60))
