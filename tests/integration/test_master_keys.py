"""Secrets at rest: which master key seals what, and its change while everything goes on."""
import base64
import json
import os
import subprocess
import threading
import time

import pytest

from harness import signatures
from harness.poll import eventually
from harness.porter import parse_id
from harness.process import program
from harness.refusals import problem
from harness.sources import statements

OK, FAILED, AWAY = 0, 1, 5


def new_key(name):
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def sealing(*keys):
    """The setting in which the first seals."""
    return {"PORTER_SEAL_KEYS": ",".join(keys)}


@pytest.fixture
def two_keys(new_porter):
    """A Porter whose secrets are sealed with an old key; and the old and the new one."""
    porter = new_porter()
    return porter, porter._seal, new_key("new-2")


def status(porter, **keys):
    return {row["key_id"]: row for row in porter.ctl_list("secrets", "status", **keys)}


def counts(row):
    assert row["sealed_headers"] == 0
    return row["secrets"], row["previous_secrets"], row["kept_answers"]


def stored(porter, organization):
    with porter.database() as db:
        return db.execute("SELECT id, secret, secret_previous, updated_at FROM webhooks WHERE org_id = %s ORDER BY id",
                          (parse_id(organization.id),)).fetchall()


def made(client, count):
    """So many webhooks, over the API: {id: secret}."""
    answers = [client.post("/webhooks", json={"url": "https://example.com/hook", "events": ["*"]}).json() for _ in range(count)]
    return {answer["id"]: answer["secret"] for answer in answers}


def test_status_counts_what_each_key_seals(two_keys):
    porter, old, new = two_keys
    tenant = porter.organization()
    hooks = [tenant.webhook(f"https://example.com/{i}") for i in range(3)]
    porter.ctl("webhook", "rotate-secret", hooks[0].id, "--org", tenant.id)
    porter.ctl("webhook", "rotate-secret", hooks[1].id, "--org", tenant.id, **sealing(new, old))
    porter.ctl("webhook", "rotate-secret", hooks[2].id, "--org", tenant.id, "--overlap", "0", **sealing(new, old))
    said = status(porter, **sealing(new, old, new_key("spare")))
    assert list(said) == ["new-2", "test", "spare"]
    assert counts(said["new-2"]) == (2, 0, 0) and said["new-2"]["seals"] and said["new-2"]["known"]
    assert counts(said["test"]) == (1, 2, 0) and said["test"]["known"] and not said["test"]["seals"]
    assert counts(said["spare"]) == (0, 0, 0) and said["spare"]["known"]
    # Without the old key it is told that something still needs it.
    assert status(porter, **sealing(new))["test"]["known"] is False


def test_a_gateway_says_at_its_start_what_each_key_seals(two_keys):
    porter, old, new = two_keys
    tenant = porter.organization()
    hooks = [tenant.webhook(f"https://example.com/{i}") for i in range(2)]
    porter.ctl("webhook", "rotate-secret", hooks[0].id, "--org", tenant.id, **sealing(new, old))

    def told(gateway):
        lines = [json.loads(line) for line in gateway.output().splitlines() if '"secrets.' in line]
        return {(one["event"], one["level"], one["key_id"], one["secrets"], one["previous_secrets"]) for one in lines}

    for keys, level, event in ((sealing(new, old), "info", "secrets.sealed"), (sealing(new), "warn", "secrets.key_unknown")):
        gateway = porter.gateway(**keys)
        wanted = {("secrets.sealed", "info", "new-2", 1, 0), (event, level, "test", 1, 1)}
        eventually(lambda: told(gateway) == wanted, 10, f"{wanted}")


def test_rewrapping_changes_the_seal_and_nothing_else(two_keys):
    porter, old, new = two_keys
    tenants, first = [porter.organization() for _ in range(2)], porter.gateway(**sealing(old))
    secrets = {tenant.id: made(tenant.client(first), count) for tenant, count in zip(tenants, (100, 61))}  # More than a batch.
    before = [row for tenant in tenants for row in stored(porter, tenant)]
    assert porter.ctl("secrets", "rewrap", **sealing(new, old)) == {
        "key_id": "new-2", "rewrapped": 161, "changed_meanwhile": 0, "unreadable": 0}
    after = [row for tenant in tenants for row in stored(porter, tenant)]
    assert [(row[0], row[3]) for row in before] == [(row[0], row[3]) for row in after]  # ETags stay.
    assert all(a[1] != b[1] and b[1].startswith(b"\x01\x05new-2") for a, b in zip(before, after))
    # Again there is nothing to do, and the old key may go.
    assert porter.ctl("secrets", "rewrap", **sealing(new, old))["rewrapped"] == 0
    assert counts(status(porter, **sealing(new, old))["test"]) == (0, 0, 0)
    assert [row[1] for tenant in tenants for row in stored(porter, tenant)] == [row[1] for row in after]
    # The secrets are the same: another seal of a row would not open in its place.
    gateway = porter.gateway(**sealing(new))
    for tenant in tenants:
        client = tenant.client(gateway)
        for hook, secret in list(secrets[tenant.id].items())[::20]:
            headers = {"x-porter-signature": signatures.porter(b'{"id":1}', secret)}
            assert client.post(f"/webhooks/{hook}/verify", json={"headers": headers, "body": '{"id":1}'}).json()["verified"]


LAST = "SELECT id FROM webhooks ORDER BY org_id DESC, id DESC LIMIT 1 FOR UPDATE"


def rewrapping(porter, **keys):
    return subprocess.Popen([program("porterctl"), "secrets", "rewrap"], env=porter.environment(**keys), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_what_was_broken_off_goes_on(two_keys):
    porter, old, new = two_keys
    tenants, first = [porter.organization() for _ in range(2)], porter.gateway(**sealing(old))
    for tenant in tenants:
        made(tenant.client(first), 80)
    with porter.held(LAST, ()) as waiting:
        broken_off = rewrapping(porter, **sealing(new, old))
        waiting(1)  # For a row of the second batch.
        broken_off.kill()
        broken_off.communicate()
        with porter.database() as db:  # Its statement would wait on and be carried out.
            mine = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            db.execute(f"SELECT pg_terminate_backend(pid) {mine}")
            eventually(lambda: db.execute(f"SELECT {mine}").rowcount == 0, 10, "its end")
    said = status(porter, **sealing(new, old))
    assert (counts(said["new-2"]), counts(said["test"])) == ((100, 0, 0), (60, 0, 0))
    assert porter.ctl("secrets", "rewrap", **sealing(new, old))["rewrapped"] == 60


def test_who_waits_for_more_than_two_seconds_is_told_how_far_it_is(two_keys):
    porter, old, new = two_keys
    tenant = porter.organization()
    tenant.webhook("https://example.com/1")
    with porter.held(LAST, ()) as waiting:
        slow = rewrapping(porter, **sealing(new, old))
        waiting(1)
        began = time.monotonic()
        eventually(lambda: time.monotonic() > began + 3, 10, "three seconds")
    out, said = slow.communicate()
    assert slow.returncode == OK and "looked at 1 of 1" in said and "looked at" not in out


def test_what_no_known_key_opens_is_left_and_told(two_keys):
    porter, old, new = two_keys
    tenant = porter.organization()
    good, bad = tenant.webhook("https://example.com/1"), tenant.webhook("https://example.com/2")
    foreign = new_key("foreign")
    porter.ctl("webhook", "rotate-secret", bad.id, "--org", tenant.id, "--overlap", "0", **sealing(foreign, old))
    before = dict((row[0], row[1]) for row in stored(porter, tenant))
    done = porter.run_ctl("secrets", "rewrap", "--json", **sealing(new, old))
    assert done.returncode == FAILED and bad.id in done.stderr and "no seal key is named foreign" in done.stderr
    assert '"rewrapped":1' in done.stdout and '"unreadable":1' in done.stdout
    after = dict((row[0], row[1]) for row in stored(porter, tenant))
    assert after[parse_id(bad.id)] == before[parse_id(bad.id)] and after[parse_id(good.id)] != before[parse_id(good.id)]
    # With its key as well it is whole.
    assert porter.ctl("secrets", "rewrap", **sealing(new, old, foreign))["rewrapped"] == 1


def test_a_rotation_that_comes_between_is_never_put_back(two_keys):
    """The batch was read; then a new secret is there; the swap must leave it alone, and the next walk takes it."""
    porter, old, new = two_keys
    tenant = porter.organization()
    hook = tenant.webhook("https://example.com/1")
    (_, before, _, _), = stored(porter, tenant)
    secret = porter.ctl("webhook", "rotate-secret", hook.id, "--org", tenant.id)["secret"]
    (_, rotated, _, _), = stored(porter, tenant)
    change = "UPDATE webhooks SET secret = %s, secret_previous = %s WHERE id = %s"
    answers = []
    with porter.database() as db:
        db.execute(change, (before, None, parse_id(hook.id)))
        with db.transaction():
            db.execute(change, (rotated, before, parse_id(hook.id)))
            rewrap = threading.Thread(target=lambda: answers.append(porter.ctl("secrets", "rewrap", **sealing(new, old))))
            rewrap.start()
            with porter.database() as other:
                eventually(lambda: other.execute("SELECT FROM pg_stat_activity WHERE datname = current_database()"
                                                 " AND wait_event_type = 'Lock'").rowcount, 10, "the swap, waiting for the row")
    rewrap.join()
    assert answers == [{"key_id": "new-2", "rewrapped": 1, "changed_meanwhile": 0, "unreadable": 0}]
    client, body = tenant.client(porter.gateway(**sealing(new))), '{"id":1}'
    for text, which in ((secret, "current"), (hook.secret, "previous")):
        asked = client.post(f"/webhooks/{hook.id}/verify", json={
            "headers": {"x-porter-signature": signatures.porter(body.encode(), text)}, "body": body}).json()
        assert asked["verified"] and asked["checks"][1]["secret"] == which


def test_answers_that_are_kept_are_given_again_after_the_old_key_is_gone(two_keys):
    porter, old, new = two_keys
    tenant = porter.organization()
    first = porter.gateway(**sealing(old))
    client = tenant.client(first)
    hook = {"url": "https://example.com/hook", "events": ["*"]}
    kept = [(f"token-{i}", client.post("/webhooks", json=hook, headers={"Idempotency-Key": f"token-{i}"}).json()) for i in range(3)]
    assert counts(status(porter, **sealing(new, old))["test"]) == (3, 0, 3)
    assert porter.ctl("secrets", "rewrap", **sealing(new, old))["rewrapped"] == 6
    assert counts(status(porter, **sealing(new, old))["test"]) == (0, 0, 0)
    first.stop()
    again = tenant.client(porter.gateway(**sealing(new)), key=type("Key", (), {"text": client.key}))
    for token, answer in kept:
        assert again.post("/webhooks", json=hook, headers={"Idempotency-Key": token}).json() == answer


def test_a_master_key_is_changed_while_everything_goes_on(two_keys):
    """Both services know both keys; secrets rotate and events are sent while all is sealed anew; then the old key is gone."""
    porter, old, new = two_keys
    tenant, receiver = porter.organization(), porter.receiver()
    both = sealing(new, old)
    hooks = [tenant.webhook(receiver.url(f"/{i}")) for i in range(20)]
    secrets = {f"/{i}": [hook.secret] for i, hook in enumerate(hooks)}
    gateway, dispatcher = porter.gateway(**both), porter.dispatcher(**both)
    client, place = tenant.client(gateway), tenant.location()
    is_over, faults = threading.Event(), []

    def rotate():
        number = 0
        while not is_over.is_set():
            i = number % len(hooks)
            answer = client.post(f"/webhooks/{hooks[i].id}/rotate-secret", json={"overlap_seconds": 3600})
            if answer.status_code != 200:
                faults.append(answer.text)
                return
            secrets[f"/{i}"].append(answer.json()["secret"])
            number += 1

    rotating = threading.Thread(target=rotate)
    rotating.start()
    try:
        for _ in range(5):
            done = porter.run_ctl("secrets", "rewrap", "--json", **both)
            assert done.returncode in (OK, 4), done.stderr  # 4: rows that changed again and again.
            client_2 = tenant.client(gateway)
            client_2.pre_register(place)
    finally:
        is_over.set()
        rotating.join()
    assert not faults and all(len(one) > 1 for one in secrets.values())
    porter.ctl("secrets", "rewrap", **both)
    assert counts(status(porter, **both)["test"]) == (0, 0, 0)
    receiver.wait(5 * len(hooks))
    for process in (gateway, dispatcher):
        assert process.stop() == 0
    # Only the new key is left.
    only = sealing(new)
    porter.dispatcher(**only)
    last = tenant.client(porter.gateway(**only)).pre_register(place)
    got = eventually(lambda: found if len(found := [r for r in receiver.matching() if last["id"].encode() in r.body]) >= len(hooks) else None,
                     30, "the last event at every webhook")
    for one in got:
        latest, before = secrets[one.path][-1], secrets[one.path][-2]
        assert one.headers["x-porter-signature"] == signatures.porter(one.body, latest)
        assert one.headers["x-porter-signature-previous"] == signatures.porter(one.body, before)
    # And what came in between was signed by a secret of its webhook, each time.
    for one in receiver.matching():
        assert one.headers["x-porter-signature"] in {signatures.porter(one.body, secret) for secret in secrets[one.path]}


def test_a_list_that_was_begun_goes_on_after_the_change(two_keys):
    porter, old, new = two_keys
    tenant = porter.organization()
    first = tenant.client(porter.gateway(**sealing(old)))
    ids = list(made(first, 3))
    cursor = first.get("/webhooks?limit=1").json()["pagination"]["next_cursor"]
    key = type("Key", (), {"text": first.key})
    for keys in (sealing(old, new), sealing(new, old)):
        page = tenant.client(porter.gateway(**keys), key).get(f"/webhooks?limit=1&cursor={cursor}").json()
        assert [hook["id"] for hook in page["webhooks"]] == [ids[1]]
    cursor = page["pagination"]["next_cursor"]
    problem(tenant.client(porter.gateway(**sealing(new_key("stranger"))), key).get(f"/webhooks?limit=1&cursor={cursor}"), 400, "invalid-cursor")


@pytest.mark.parametrize("knows", ["no statistics", "statistics"])
@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
def test_a_batch_is_read_and_swapped_by_the_primary_key(new_porter, knows, mode):
    """However many rows there are: a batch reads a hundred of them."""
    porter, none = new_porter(), "00000000-0000-0000-0000-000000000000"
    with porter.database() as db:
        db.execute("ALTER TABLE webhooks SET (autovacuum_enabled = off); ALTER TABLE idempotency SET (autovacuum_enabled = off)")
        org = parse_id(porter.organization().id)
        db.execute("INSERT INTO webhooks (org_id, id, url, events, status, secret, created_at, updated_at) SELECT %s, gen_random_uuid(),"
                   " 'https://example.com', '{*}', 'disabled', 'sealed', now(), now() FROM generate_series(1, 20000)", (org,))
        db.execute("INSERT INTO idempotency (org_id, key_id, route, token, body_hash, body, created_at, expires_at) SELECT %s,"
                   " gen_random_uuid(), 'r', i::text, '', 'sealed', now(), now() + interval '1 day' FROM generate_series(1, 20000) AS i", (org,))
        if knows == "statistics":
            db.execute("ANALYZE webhooks, idempotency")
        db.execute(f"SET plan_cache_mode = {mode}")
        hooks, keys = (db.execute(f"SELECT array_agg({one}) FROM (SELECT {one} FROM {table} LIMIT 100) AS t").fetchone()[0]
                       for one, table in (("id", "webhooks"), ("key_id", "idempotency")))
        many = {name: f"array_fill({value}, ARRAY[100])" for name, value in
                {"org": f"'{org}'::uuid", "bytes": "'sealed'::bytea", "text": "'r'::text"}.items()}
        values = {
            "sealed_webhooks": f"'{none}', '{none}'",
            "sealed_webhooks_swap": f"{many['org']}, '{{{','.join(map(str, hooks))}}}', {', '.join([many['bytes']] * 8)}",
            "sealed_answers": f"'{none}', '{none}', '', '', 'x', now()",
            "sealed_answers_swap": f"{many['org']}, '{{{','.join(map(str, keys))}}}', {', '.join([many['text']] * 2)}, {', '.join([many['bytes']] * 2)}",
        }
        for name, given in values.items():
            db.execute(f"PREPARE {name} AS {statements()[name][0]}")
            plan = "\n".join(row[0] for row in db.execute(f"EXPLAIN EXECUTE {name}({given})"))
            assert "_pkey" in plan and "Seq Scan" not in plan and "Sort" not in plan, f"{name}\n{plan}"


def test_the_headers_of_webhooks_are_sealed_anew_too(two_keys):
    porter, old, new = two_keys
    tenant, receiver = porter.organization(), porter.receiver()
    client = tenant.client(porter.gateway())
    hook = client.post("/webhooks", json={"url": receiver.url(), "events": ["*"], "headers": {"Authorization": "Bearer door"}}).json()
    assert porter.gateways[0].stop() == 0
    both = sealing(new, old)
    assert status(porter, **both)["test"]["sealed_headers"] == 1
    porter.ctl("secrets", "rewrap", **both)
    assert [status(porter, **both)[key]["sealed_headers"] for key in ("test", "new-2")] == [0, 1]
    only = sealing(new)
    porter.dispatcher(**only)
    client = tenant.client(porter.gateway(**only))
    client.pre_register(tenant.location())
    got, = receiver.wait(1)
    assert got.headers["authorization"] == "Bearer door"
    assert got.headers["x-porter-signature"] == signatures.porter(got.body, hook["secret"])


def test_without_postgresql_it_says_so(two_keys):
    porter, _, _ = two_keys
    done = porter.run_ctl("secrets", "status", PORTER_DB_URL="postgresql://127.0.0.1:1/none")
    assert done.returncode == AWAY
