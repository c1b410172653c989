"""Signatures of the kind v1a: who has the published keys can verify what a dispatcher sent, without any secret."""
import base64
import json
import os
import subprocess

import pytest
import requests
import standardwebhooks.webhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from harness import signatures

WELL_KNOWN = "/.well-known/porter-webhooks.json"


# ---- Keys ------------------------------------------------------------------------------------------------


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def signing(porter, *pems):
    """The setting with these keys in a file."""
    file = porter.folder / f"signing-{os.urandom(4).hex()}.pem"
    file.write_text("".join(pems))
    return {"PORTER_SIGNING_KEYS_FILE": file}


def published(porter, gateway, **headers):
    return requests.get(f"{gateway.url}{WELL_KNOWN}", headers=headers, verify=str(porter.tls / "ca.pem"), timeout=10)


def read_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_signed(jwks, headers, body):
    """What an endpoint in Python does, with another library than ours."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    entries = [one[4:] for one in headers["webhook-signature"].split(" ") if one.startswith("v1a,")]
    for key in jwks["keys"]:
        for entry in entries:
            try:
                Ed25519PublicKey.from_public_bytes(read_base64url(key["x"])).verify(base64.b64decode(entry), signed)
                return True
            except InvalidSignature:
                pass
    return False


# ---- A Porter that signs ----------------------------------------------------------------------------------


class World:
    def __init__(self, porter, key):
        self.porter, self.key = porter, key
        self.gateway = porter.gateway(**signing(porter, public_pem(key)))  # It needs no private one.
        self.dispatcher = porter.dispatcher(**signing(porter, private_pem(key)))
        self.tenant, self.receiver = porter.organization(), porter.receiver()
        self.hook = self.tenant.webhook(self.receiver.url())
        self.client, self.place = self.tenant.client(self.gateway), self.tenant.location()

    def next(self):
        """The request of a new event."""
        made = self.client.pre_register(self.place, full_name="Zoë 山田")
        count = 0
        while True:
            count += 1
            got = self.receiver.wait(count)[-1]
            if made["id"].encode() in got.body:
                return got


@pytest.fixture(scope="module")
def world(servers):
    from harness.porter import Porter  # pylint: disable=import-outside-toplevel
    porter = Porter(servers)
    yield World(porter, Ed25519PrivateKey.generate())
    porter.close()


def test_the_published_key_verifies_what_arrives_and_nothing_else(world):
    got, jwks = world.next(), published(world.porter, world.gateway).json()
    assert is_signed(jwks, got.headers, got.body)
    later = {**got.headers, "webhook-timestamp": str(int(got.headers["webhook-timestamp"]) + 1)}
    assert not is_signed(jwks, later, got.body)
    assert not is_signed(jwks, {**got.headers, "webhook-id": "evt_01hv8z3k2m9q4r5s6t7v8w9x0y"}, got.body)
    assert not is_signed(jwks, got.headers, got.body + b" ")
    other = published(world.porter, world.porter.gateway(**signing(world.porter, public_pem(Ed25519PrivateKey.generate())))).json()
    assert not is_signed(other, got.headers, got.body)


def test_the_secrets_signatures_are_there_as_ever(world):
    got = world.next()
    entries = got.headers["webhook-signature"].split(" ")
    assert [one.split(",")[0] for one in entries] == ["v1", "v1a"]
    assert entries[0] == signatures.standard(got.body, world.hook.secret, got.headers["webhook-id"], got.headers["webhook-timestamp"])
    assert standardwebhooks.webhooks.Webhook(world.hook.secret).verify(got.body, got.headers)["id"] == got.headers["webhook-id"]


def test_the_key_set_is_one_that_others_read(world):
    """As RFC 8037 has it: Node makes a key of it, and of its thumbprint (RFC 7638) the same name."""
    answer = published(world.porter, world.gateway)
    key, = answer.json()["keys"]
    raw = world.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert read_base64url(key["x"]) == raw
    script = """
const { createPublicKey, createHash } = require("crypto");
const jwk = JSON.parse(process.argv[1]);
const key = createPublicKey({ key: jwk, format: "jwk" });
const { crv, kty, x } = jwk;
const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
console.log(key.asymmetricKeyType, kid === jwk.kid);"""
    done = subprocess.run(["node", "-e", script, json.dumps(key)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "ed25519 true", done.stderr


def test_the_key_set_is_for_everybody_and_may_be_kept(world):
    answer = published(world.porter, world.gateway)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = published(world.porter, world.gateway, **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    assert published(world.porter, world.gateway, **{"If-None-Match": 'W/"0"'}).status_code == 200


def test_the_debugger_knows_the_published_keys(world):
    got = world.next()

    def check(**changes):
        answer = world.client.post(f"/webhooks/{world.hook.id}/verify", json={"headers": {**got.headers, **changes}, "body": got.body.decode()}).json()
        return answer["verified"], {one["name"]: one for one in answer["checks"]}["webhook_signature_v1a"]

    verified, found = check()
    assert verified and found["ok"] and found["cure"] is None
    first, last = got.headers["webhook-signature"].split(" ")
    for wrong in (last[:-4], last[:8] + ("A" if last[8] != "A" else "B") + last[9:]):
        verified, found = check(**{"webhook-signature": f"{first} {wrong}"})
        assert not verified and not found["ok"] and found["cure"]


def test_porterctl_verifies_it_with_a_file_of_public_keys(world, tmp_path):
    got = world.next()
    files = {"secret-file": world.hook.secret, "body": got.body.decode(), "headers": json.dumps(got.headers),
             "public-keys": public_pem(world.key)}
    words = ["verify", "--json"]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode())
        words += [f"--{name}", str(tmp_path / name)]
    done = world.porter.run_ctl(*words)
    assert done.returncode == 0 and '"webhook_signature_v1a","ok":true' in done.stdout
    (tmp_path / "public-keys").write_text(public_pem(Ed25519PrivateKey.generate()))
    assert world.porter.run_ctl(*words).returncode == 1
    (tmp_path / "public-keys").write_text("none")
    done = world.porter.run_ctl(*words)
    assert done.returncode == 2 and "--public-keys" in done.stderr


# ---- A change of keys -------------------------------------------------------------------------------------


def test_keys_are_changed_without_a_request_that_nobody_can_verify(new_porter):
    """The new key is published before it signs, the old one for as long as something may be under way."""
    porter, old, new = new_porter(), Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    world = World(porter, old)
    steps = [(private_pem(old), public_pem(new)), (private_pem(new), public_pem(old)), (private_pem(new),)]
    sets = [published(porter, world.gateway).json()]
    for pems in steps:
        # Gateways first: who fetches the keys then has every one that signs.
        gateway = porter.gateway(**signing(porter, *pems))
        sets.append(published(porter, gateway).json())
        world.dispatcher.stop()
        world.dispatcher = porter.dispatcher(**signing(porter, *pems))
        got = world.next()
        assert is_signed(sets[-1], got.headers, got.body) and is_signed(sets[-2], got.headers, got.body)
    assert [len(one["keys"]) for one in sets] == [1, 2, 2, 1]
    assert not is_signed(sets[0], got.headers, got.body)


# ---- Settings -----------------------------------------------------------------------------------------------


def test_without_keys_nothing_changes(porter, organization):
    receiver = porter.receiver()
    organization.webhook(receiver.url())
    organization.client().pre_register(organization.location())
    got, = receiver.wait(1)
    assert "v1a" not in got.headers["webhook-signature"]
    answer = published(porter, porter.gateways[0])
    assert (answer.status_code, answer.json()) == (200, {"keys": []})


@pytest.mark.parametrize("program, content, says", [
    ("dispatcher", public_pem(Ed25519PrivateKey.generate()), "no private key"), ("dispatcher", "", "no PEM"),
    ("gateway", "-----BEGIN CERTIFICATE-----\nMCow\n-----END CERTIFICATE-----\n", "no Ed25519 key"), ("gateway", None, "can't be read")])
def test_a_file_that_holds_no_keys_is_refused_at_the_start(porter, program, content, says):
    keys = {"PORTER_SIGNING_KEYS_FILE": "/nowhere"} if content is None else signing(porter, content)
    with pytest.raises(AssertionError) as refused:
        getattr(porter, program)(**keys)
    assert "PORTER_SIGNING_KEYS_FILE" in str(refused.value) and says in str(refused.value)
