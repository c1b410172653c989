"""A backup is taken under load, everything is killed, and the backup is restored: what was archived is there, what was not is
lost and told so, and what others know of it (Kafka, Redis, endpoints, callers) breaks nothing."""
import json
import os
import re
import shutil
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import pytest
import requests

from harness.load import Load, call
from harness.poll import eventually
from harness.process import ROOT, program
from harness.servers import Server

PASSED = 5  # Seconds that clocks and Kafka's times may differ by.


def tool(name):
    return sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1]


@pytest.fixture
def archiving(private_servers):
    """Servers whose PostgreSQL archives its WAL; and the archive."""
    archive = private_servers.folder / "wal"
    archive.mkdir(mode=0o777)
    archive.chmod(0o777)
    sql = [tool("psql"), "-q", "-v", "ON_ERROR_STOP=1", private_servers.postgres.url]
    for name, value in (("archive_mode", "on"), ("archive_command", f"test ! -f {archive}/%f && cp %p {archive}/%f")):
        subprocess.run([*sql, "-c", f"ALTER SYSTEM SET {name} = '{value}'"], check=True)
    private_servers.postgres.stop()
    private_servers.postgres.start()
    return private_servers, archive


def back_up(servers, folder):
    subprocess.run([tool("pg_basebackup"), "-D", folder, "-c", "fast", "-d", servers.postgres.url], check=True, timeout=120)
    return folder


def archive_all(porter):
    """What was answered up to here is in the archive."""
    with porter.database() as db:
        last = db.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()[0]
        eventually(lambda: (db.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()[0] or "") >= last, 30, "the archive")


def drill(porter, base, to, *archive):
    env = {**os.environ, "PORTERCTL": program("porterctl"), "DRILL_DATABASE": porter.name,
           "PORTER_SEAL_KEYS": porter.environment()["PORTER_SEAL_KEYS"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run([ROOT / "scripts" / "restore-drill", "--base", base, *archive, "--to", to], env=env, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def subject_of(event):
    return next(iter(event["data"].values()))["id"]


class Callers:
    """Who pre-registers, and what was answered."""

    def __init__(self, tenant):
        self.porter, self.place, self.key = tenant.porter, tenant.location(), tenant.key().text

    def register(self, **headers):
        gateway = self.porter.gateways[0]
        return requests.post(f"{gateway.url}/api/v1/visitors/pre-register", json={"full_name": "Ada", "location_id": self.place},
                             headers={"X-API-Key": self.key, **headers}, verify=str(self.porter.tls / "ca.pem"), timeout=20)

    def registered(self, count):
        return [made.json()["id"] for made in (self.register() for _ in range(count)) if made.status_code == 201]

    def load(self):
        gateway = self.porter.gateways[0]

        def one(session, _):
            return call(session, "POST", f"{gateway.url}/api/v1/visitors/pre-register", self.porter.tls / "ca.pem", self.key,
                        json={"full_name": "Ada", "location_id": self.place})

        return Load(2, one, per_second=100)


class Endpoint:
    """Of two webhooks: one that takes everything, one that fails until it is healed."""

    def __init__(self, porter):
        self.is_healed, self.took = False, []
        self.receiver = porter.receiver(self._answer)

    def _answer(self, received):
        if received.path == "/failing" and not self.is_healed:
            return 503, {}, b""
        self.took.append(received)
        return 204, {}, b""

    def subjects(self, path):
        """Of what it took: {subject: {(delivery, event, body)}}."""
        taken = defaultdict(set)
        for one in list(self.took):
            if one.path == path:
                taken[subject_of(json.loads(one.body))].add((one.headers["x-porter-delivery"], one.headers["webhook-id"], one.body))
        return taken

    def wait(self, path, subjects, seconds=40):
        eventually(lambda: set(subjects) <= set(self.subjects(path)), seconds, f"{path} has the events")


def test_what_was_archived_is_back_and_what_others_know_of_the_rest_breaks_nothing(archiving, new_porter, tmp_path):
    servers, archive = archiving
    porter = new_porter(on=servers)
    gateway, dispatcher = porter.gateway(), porter.dispatcher(PORTER_RETRY_SCHEDULE="1h,1h")
    tenant, endpoint = porter.organization(), Endpoint(porter)
    callers, revoked, hook = Callers(tenant), tenant.key(), tenant.webhook(endpoint.receiver.url("/good"))
    tenant.webhook(endpoint.receiver.url("/failing"))

    # The backup, while calls are answered; then calls that only the archive has.
    with callers.load() as load:
        eventually(lambda: len(load.calls) > 50, 20, "load")
        base = back_up(servers, tmp_path / "base")
        until = len(load.calls) + 50
        eventually(lambda: len(load.calls) > until, 20, "load after the backup")
    assert all(one.status == 201 for one in load.calls)
    kept = [one.body["id"] for one in load.calls]
    endpoint.wait("/good", kept)
    # Events that are in the outbox of the archive's last state, and go to Kafka after it.
    servers.kafka.pause()
    late = callers.registered(3)
    archive_all(porter)
    since = time.time()
    servers.kafka.resume()
    # What will be lost: visitors, a revoke, and a change of the webhooks that their events saw.
    first = callers.register(**{"Idempotency-Key": "lost-and-done-again"})
    porter.ctl("webhook", "update", hook.id, "--org", tenant.id, "--description", "lost")
    porter.ctl("key", "revoke", revoked.id, "--org", tenant.id)
    lost = [first.json()["id"], *callers.registered(4)]
    endpoint.wait("/good", late + lost)
    with porter.database() as db:
        eventually(lambda: db.execute("SELECT count(*) FROM deliveries WHERE state <> 'delivered' AND subject = ANY (%s)", (lost,)).fetchone()[0]
                   == len(lost), 30, "the rows of what waits for the failing endpoint")
    before = {subject_of(json.loads(one.body)): json.loads(one.body)["id"] for one in endpoint.receiver.got}
    for process in (gateway, dispatcher):
        process.kill()
    words = ["deliveries", "rewind", "--since", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since - PASSED))]
    more = {"PORTER_KAFKA_GROUP": porter.name}
    refused = porter.run_ctl(*words, **more)  # Kafka takes the killed dispatcher for alive, for ten seconds.
    assert refused.returncode == 4 and "stop all dispatchers first" in refused.stderr
    servers.postgres.kill()

    said = drill(porter, base, tmp_path_for(servers), "--wal", archive)
    held = int(re.search(r"holds \d+ organizations, (\d+) visitors", said).group(1))
    assert held == len(kept) + len(late) and "it takes writes after" in said and "✓ seals.open" in said, said
    put_in_place(servers)

    # Kafka's places are ahead of the rows that they stand for.
    eventually(lambda: porter.run_ctl(*words, **more).returncode == 0, 30, "the killed dispatcher's membership has ended")
    endpoint.is_healed = True
    porter.gateway()
    porter.dispatcher()
    porter.gateways = porter.gateways[1:]

    client = tenant.client(key=None)
    assert [client.get(f"/visitors/{one}").status_code for one in kept[:3] + kept[-3:] + late] == [200] * 9
    assert [client.get(f"/visitors/{one}").status_code for one in lost] == [404] * len(lost)
    # The attempts that were to be made again are made, also of events whose visitors are lost.
    endpoint.wait("/failing", late + lost)
    # Redis remembers a revoke for a day. A call that is made again is done, as nobody knows of the first.
    assert requests.get(f"{porter.gateways[0].url}/api/v1/visitors", headers={"X-API-Key": revoked.text}, verify=str(porter.tls / "ca.pem"),
                        timeout=20).status_code == 401
    again = callers.register(**{"Idempotency-Key": "lost-and-done-again"})
    assert again.status_code == 201 and again.json()["id"] not in kept + late + lost
    new = callers.registered(3)
    endpoint.wait("/good", new)
    # Whatever came more than once is the same delivery, and the same bytes.
    assert {subject: len(versions) for path in ("/good", "/failing") for subject, versions in endpoint.subjects(path).items()
            if len(versions) != 1} == {}
    one_of_each_on_kafka(porter, tenant, late)
    log_goes_on(client, before, kept, lost, new)
    doctors = porter.run_ctl("doctor", "--only", "config,postgres,redis,kafka,seals", timeout=60, **more, **{
        "PORTER_TLS_CERTIFICATE": porter.tls / "server.pem", "PORTER_TLS_KEY": porter.tls / "server.key"})
    assert doctors.returncode == 0, doctors.stdout


def test_an_archive_of_another_form_is_read_by_a_command_of_its_own(archiving, new_porter, tmp_path):
    servers, archive = archiving
    porter = new_porter(on=servers)
    base = back_up(servers, tmp_path / "base")
    porter.organization()
    archive_all(porter)
    for file in list(archive.iterdir()):
        subprocess.run(["gzip", file], check=True)
        file.with_name(f"{file.name}.gz").chmod(0o644)
    said = drill(porter, base, tmp_path_for(servers), "--restore-command", f"gunzip -c {archive}/%f.gz >%p")
    assert "holds 1 organizations" in said, said


def tmp_path_for(servers):
    return servers.folder / "restored"


def put_in_place(servers):
    """The restored folder becomes PostgreSQL's, on the port and with the password that all know."""
    live = servers.postgres.folder
    shutil.rmtree(live / "data")
    shutil.move(tmp_path_for(servers) / "data", live / "data")
    servers.postgres.start()


def one_of_each_on_kafka(porter, tenant, late):
    """What was in the restored outbox went twice: a subscriber tells it by ce_id."""
    topics, values = porter.topics(), defaultdict(list)
    try:
        for record in topics.of(tenant.id, 1):
            pass
        eventually(lambda: topics.poll() or len([one for one in topics.seen if one.key in late]) >= 2 * len(late), 30, "the second time")
        for record in topics.seen:
            values[record.headers["ce_id"]].append((record.key, record.value))
    finally:
        topics.close()
    assert all(len(set(same)) == 1 for same in values.values())
    assert {key for same in values.values() if len(same) > 1 for key, _ in same} >= set(late)


def log_goes_on(client, before, kept, lost, new):
    """A reader whose place is there goes on behind it; one whose place is lost is told so."""
    page = client.get(f"/events?limit=200&after={before[kept[-1]]}").json()
    assert set(new) <= {subject_of(event) for event in page["events"]}
    refused = client.get(f"/events?after={before[lost[0]]}")
    assert refused.status_code == 400 and "after" in refused.text
