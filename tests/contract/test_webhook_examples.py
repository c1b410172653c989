"""The code in docs/webhooks.md is right: it takes what Porter signs and nothing else."""
import base64
import json
import re
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness import signatures
from harness.sources import ROOT

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
BODY = '{"id":"evt_1","data":{"visitor":{"full_name":"Zoë 山田"}}}'.encode()
NOW = 1_772_000_000
PAGE = (ROOT / "docs" / "webhooks.md").read_text()


def headers(secret=SECRET, sent_at=NOW, body=BODY):
    standard = signatures.standard(body, secret, "evt_1", sent_at)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(sent_at),
            "webhook-signature": f"v1,AAAA {standard}",
            "x-porter-signature": signatures.porter(body, secret)}


# What arrives, and whether each of the two schemes may take it.
CASES = {
    "as sent": (headers(), True, True),
    "another secret": (headers(secret="whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="), False, False),
    "another body": (headers(body=b"{}"), False, False),
    "only one of the two": ({"x-porter-signature": headers()["x-porter-signature"]}, True, False),
    "a time that is none": ({**headers(), "webhook-timestamp": "soon"}, True, False),
    "a time beyond all": ({**headers(), "webhook-timestamp": "9" * 5000}, True, False),
    "an hour old": (headers(sent_at=NOW - 3600), True, False),
}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize("case", CASES)
def test_the_python_code(case):
    given, porter_ok, standard_ok = CASES[case]
    names = {}
    for block in blocks("python"):
        exec(block, names)  # pylint: disable=exec-used
    assert names["verify_webhook_signature"](BODY, given["x-porter-signature"], SECRET) is porter_ok
    assert names["verify_standard_webhook"](BODY, given, SECRET, NOW) is standard_ok


@pytest.mark.parametrize("case", CASES)
def test_the_javascript_code(case, tmp_path):
    given, porter_ok, standard_ok = CASES[case]
    simple, standard, _ = blocks("js")
    call = f"""
const [body, headers, secret, now] = [
  Buffer.from({json.dumps(BODY.decode())}), {json.dumps(given)}, {json.dumps(SECRET)}, {NOW}];
console.log(JSON.stringify([
  verifyWebhookSignature(body, headers["x-porter-signature"], secret),
  verifyStandardWebhook(body, headers, secret, now)]));
"""
    script = tmp_path / "verify.mjs"
    script.write_text(simple + standard.replace('import crypto from "crypto";\n', "") + call)
    done = subprocess.run(["node", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [porter_ok, standard_ok]


KEY, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def jwk(key):
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).decode().rstrip("=")}


def public(sent_at=NOW, body=BODY):
    signed = base64.b64encode(KEY.sign(f"evt_1.{sent_at}.".encode() + body)).decode()
    return {"webhook-id": "evt_1", "webhook-timestamp": str(sent_at), "webhook-signature": f"v1,AAAA v1a,{signed}"}


@pytest.mark.parametrize("given, keys, is_right", [
    (public(), [KEY], True), (public(), [STRANGER, KEY], True), (public(), [STRANGER], False), (public(), [], False),
    (public(body=b"{}"), [KEY], False), (public(sent_at=NOW - 3600), [KEY], False),
    ({**public(), "webhook-timestamp": str(NOW + 1)}, [KEY], False), ({**public(), "webhook-signature": "v1a,AAAA"}, [KEY], False),
    (headers(), [KEY], False), ({}, [KEY], False)])
def test_the_javascript_code_for_public_keys(given, keys, is_right, tmp_path):
    script = tmp_path / "verify.mjs"
    script.write_text(blocks("js")[2] + f"""
console.log(verifyPublicSignature(Buffer.from({json.dumps(BODY.decode())}), {json.dumps(given)},
  {json.dumps({"keys": [jwk(key) for key in keys]})}, {NOW}));""")
    done = subprocess.run(["node", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) is is_right


def test_the_page_tells_the_schedule_that_is_the_default():
    table = (ROOT / "services/settings/dispatcher.c").read_text()
    schedule = re.search(r'"PORTER_RETRY_SCHEDULE".*?"([\dsmh,]+)"', table, re.S).group(1)
    told = re.search(r"At once, then after (.*?) more", PAGE).group(1)
    units = {"s": "s", "min": "m", "h": "h"}
    assert [n + units[u] for n, u in re.findall(r"(\d+) (s|min|h)\b", told)] == schedule.split(",")
