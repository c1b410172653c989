"""API keys: who made them, how long they live, how they are rotated, and what a bad one is told."""
import binascii
import re
import secrets
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.poll import eventually
from harness.porter import Client, parse_id


def listed(porter, tenant):
    return {row["id"]: row for row in porter.ctl_list("key", "list", "--org", tenant.slug)}


def stamp(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def client_of(porter, tenant, made):
    return Client(porter.gateways[0].url, made["key"], porter.tls / "ca.pem")


# ---- Making --------------------------------------------------------------------------------------

def test_the_list_tells_all_of_a_key_but_the_key(porter, organization):
    porter.ctl("user", "create", "--org", organization.slug, "--email", f"Ada@{organization.slug}.example", "--name", "Ada")
    plain = organization.key(name="kiosk", scopes="visitors:read,visitors:write")
    made = porter.ctl("key", "create", "--org", organization.slug, "--name", "door", "--expires", "90d",
                      "--by", f"ada@{organization.slug}.example", "--rate-limit", "7")
    rows = listed(porter, organization)
    assert rows[plain.id]["scopes"] == ["visitors:read", "visitors:write"] and rows[plain.id]["created_by"] == "porterctl"
    assert rows[plain.id]["expires_at"] is rows[plain.id]["last_used_at"] is rows[plain.id]["rotated_to"] is None
    door = rows[made["id"]]
    assert door["name"] == "door" and door["rate_limit"] == 7 and door["created_by"].startswith("usr_")
    assert timedelta(days=89) < stamp(door["expires_at"]) - datetime.now(timezone.utc) <= timedelta(days=90)
    assert made["key"] not in str(rows) and made["key"].endswith(made["key"][-10:-6] + made["key"][-6:])


@pytest.mark.parametrize("when", ["yesterday", "0d", "-1d", "5000d", "2001-01-01T00:00:00Z", "90", "d"])
def test_an_expiry_is_ahead(porter, organization, when):
    done = porter.run_ctl("key", "create", "--org", organization.slug, "--name", "x", f"--expires={when}")
    assert done.returncode != 0 and listed(porter, organization) == {}


def test_a_user_of_another_organization_made_no_key_here(porter, organization):
    stranger = porter.organization()
    porter.ctl("user", "create", "--org", stranger.slug, "--email", f"eve@{stranger.slug}.example", "--name", "Eve")
    done = porter.run_ctl("key", "create", "--org", organization.slug, "--name", "x", "--by", f"eve@{stranger.slug}.example")
    assert done.returncode != 0 and "no user" in done.stderr


# ---- Expiry --------------------------------------------------------------------------------------

def test_a_key_works_until_it_expires_though_it_is_cached(porter, organization):
    made = porter.ctl("key", "create", "--org", organization.slug, "--name", "short", "--expires", "3s", "--rate-limit", "100000")
    end, client = stamp(made["expires_at"]), client_of(porter, organization, made)
    with porter.database() as db:  # What is shown is all of it.
        assert db.execute("SELECT expires_at FROM api_keys WHERE id = %s", (parse_id(made["id"]),)).fetchone() == (end,)
    assert client.get("/visitors").status_code == 200  # From now on it is in the cache.

    def is_refused():
        asked = datetime.now(timezone.utc)
        answer = client.get("/visitors")
        if answer.status_code == 200:
            assert asked <= end, "let in after its end"
            return False
        assert answer.status_code == 401 and answer.json()["type"].endswith("/key-invalid")
        assert datetime.now(timezone.utc) >= end
        return True

    until = time.monotonic() + 15
    while not is_refused():
        assert time.monotonic() < until


# ---- Rotation ------------------------------------------------------------------------------------

def test_a_rotated_key_and_its_successor_both_work_for_a_while(porter, organization):
    old = organization.key(name="kiosk", scopes="visitors:read", rate_limit=321)
    before = organization.client(key=old)
    assert before.get("/visitors").status_code == 200
    new = porter.ctl("key", "rotate", old.id, "--org", organization.slug, "--overlap", "24h")
    assert new["name"] == "kiosk" and new["scopes"] == ["visitors:read"] and new["rate_limit"] == 321 and new["expires_at"] is None
    after = client_of(porter, organization, new)
    assert before.get("/visitors").status_code == after.get("/visitors").status_code == 200
    assert after.get("/locations").status_code == 403 and after.get("/visitors").headers["RateLimit-Limit"] == "321"
    rows = listed(porter, organization)
    assert rows[old.id]["rotated_to"] == new["id"] and rows[new["id"]]["expires_at"] is None
    assert timedelta(hours=23, minutes=59) < stamp(rows[old.id]["expires_at"]) - datetime.now(timezone.utc) <= timedelta(hours=24)
    # Once more is a mistake; the successor may be rotated.
    again = porter.run_ctl("key", "rotate", old.id, "--org", organization.slug)
    assert again.returncode != 0 and new["id"] in again.stderr and len(listed(porter, organization)) == 2
    assert porter.ctl("key", "rotate", new["id"], "--org", organization.slug)["name"] == "kiosk"


def test_the_old_key_ends_with_the_overlap(porter, organization):
    old = organization.key()
    porter.ctl("key", "rotate", old.id, "--org", organization.slug, "--overlap", "5m")
    with porter.database() as db:  # Five minutes later, for a gateway that has not seen it yet.
        db.execute("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'tests' AND rotated_to IS NOT NULL")
    assert organization.client(key=old).get("/visitors").status_code == 401


def test_without_an_overlap_the_old_key_is_revoked_at_once(porter, organization):
    old = organization.key()
    client = organization.client(key=old)
    assert client.get("/visitors").status_code == 200
    new = porter.ctl("key", "rotate", old.id, "--org", organization.slug, "--overlap", "0")
    assert client.get("/visitors").status_code == 401
    assert client_of(porter, organization, new).get("/visitors").status_code == 200


def test_the_new_key_ends_when_the_old_one_would_have(porter, organization):
    made = porter.ctl("key", "create", "--org", organization.slug, "--name", "x", "--expires", "2h")
    new = porter.ctl("key", "rotate", made["id"], "--org", organization.slug, "--overlap", "24h")
    assert new["expires_at"] == made["expires_at"] == new["old_ends_at"]


def test_only_live_keys_of_the_organization_are_rotated(porter, organization):
    stranger, dead = porter.organization().key(), organization.key()
    porter.ctl("key", "revoke", dead.id, "--org", organization.slug)
    for one in (stranger, dead):
        done = porter.run_ctl("key", "rotate", one.id, "--org", organization.slug)
        assert done.returncode != 0 and "no such live" in done.stderr
    for overlap in ("1m", "nonsense"):
        assert porter.run_ctl("key", "rotate", organization.key().id, "--org", organization.slug, "--overlap", overlap).returncode != 0


# ---- Hints ---------------------------------------------------------------------------------------

def test_a_malformed_key_gets_a_hint_and_an_unknown_or_revoked_one_never(porter, organization):
    key, gone = organization.key(), organization.key()
    porter.ctl("key", "revoke", gone.id, "--org", organization.slug)

    def told(text):
        answer = Client(porter.gateways[0].url, text, porter.tls / "ca.pem").get("/visitors")
        assert answer.status_code == 401
        return answer.json()["type"].rsplit("/", 1)[1], answer.json()["detail"]

    assert told(key.text[:41]) == ("key-malformed", "The API key looks truncated: 41 of 59 characters.")
    assert "too long: 60 characters" in told(key.text + "x")[1]
    assert "at place 20 " in told(key.text[:19] + "-" + key.text[20:])[1]
    swapped = key.text[:-1] + ("a" if key.text[-1] != "a" else "b")
    assert "checksum" in told(swapped)[1]
    unknown = porter.organization().key()
    with porter.database() as db:
        db.execute("DELETE FROM api_keys WHERE hint = %s AND last_used_at IS NULL AND name = 'tests' AND hash = sha256(%s)",
                   (unknown.text[-10:-6], unknown.text.encode()))
    assert told(unknown.text) == told(gone.text) and told(gone.text)[0] == "key-invalid"


# ---- Last used -----------------------------------------------------------------------------------

def test_when_a_key_was_last_used_is_written_at_the_end_and_not_per_request(new_porter):
    porter = new_porter()
    gateway, tenant = porter.gateway(), porter.organization()
    used, idle, before = tenant.key(), tenant.key(), datetime.now(timezone.utc)
    client = tenant.client(key=used)

    def writes():
        with porter.database() as db:
            return db.execute("SELECT xmin::text FROM api_keys WHERE id = %s", (parse_id(used.id),)).fetchone()[0]

    first = writes()
    for _ in range(20):
        assert client.get("/visitors").status_code == 200
    assert writes() == first  # The chores come every 30 s.
    gateway.stop()
    rows = listed(porter, tenant)
    assert before <= stamp(rows[used.id]["last_used_at"]) <= datetime.now(timezone.utc)
    assert rows[idle.id]["last_used_at"] is None


# ---- Guessing ------------------------------------------------------------------------------------

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def guess():
    body, text = "porter_sk_" + "".join(secrets.choice(BASE62) for _ in range(43)), ""
    number = binascii.crc32(body.encode())
    for _ in range(6):
        text, number = BASE62[number % 62] + text, number // 62
    return body + text


def looked_up(gateway):
    return int(float(re.search(r"^porter_admissions_total\{verdict=\"unknown\"\} (\S+)", gateway.metrics(), re.M)[1]))


def test_guessing_is_slowed_before_postgresql_and_known_keys_are_not(new_porter):
    porter = new_porter()
    gateway, tenant = porter.gateway(PORTER_UNKNOWN_KEYS=12), porter.organization()
    known, fresh = tenant.client(), tenant.client()
    assert known.get("/visitors").status_code == 200
    answers = [Client(gateway.url, guess(), known.ca, known.session).get("/visitors") for _ in range(30)]
    assert [one.status_code for one in answers[:12]] == [401] * 12 and answers[-1].status_code == 429
    assert 12 <= looked_up(gateway) <= 14
    slowed = answers[-1]
    assert slowed.json()["type"].endswith("/too-many-unknown-keys") and 1 <= int(slowed.headers["Retry-After"]) <= 5
    assert "RateLimit-Limit" not in slowed.headers
    assert known.get("/visitors").status_code == 200
    # The cache may forget the key: this gateway still knows that it is none of the guesses.
    with porter.database() as db:
        db.execute("UPDATE key_cache_epoch SET epoch = epoch + 1")
    eventually(lambda: looked_up(gateway) and known.get("/visitors").status_code == 200, 30, "the known key")
    # One that nobody here has seen waits with the guesses, and is let in when there is room again.
    eventually(lambda: fresh.get("/visitors").status_code == 200, 30, "the new key to be looked up", every=0.2)


# ---- What is left --------------------------------------------------------------------------------

def test_the_limit_tells_who_used_it(porter, organization):
    key = organization.key(rate_limit=9, name="Tür 1")
    client = organization.client(key=key)
    for _ in range(2):
        client.get("/visitors")
    told = client.get("/rate-limit").json()
    assert {**told, "reset": 60} == {"limit": 9, "remaining": 7, "used": 2, "reset": 60, "window": 60,
                                     "key": {"id": key.id, "name": "Tür 1"}}
    assert client.get("/rate-limit").json()["used"] == 2
