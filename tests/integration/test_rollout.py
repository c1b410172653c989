"""Every program is replaced while callers call: none of them is failed, and no event is lost."""
import json
import os
import re
import subprocess
from collections import Counter
from contextlib import contextmanager

import pytest

from harness.fast_receiver import FastReceiver
from harness.load import Load, call
from harness.poll import eventually
from harness.porter import Porter, format_id, parse_id
from harness.process import PRESET, program
from harness.rollout import Manifest, RollOut
from harness.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.once]

REPLICAS = 2
PER_SECOND = int(os.environ.get("ROLLOUT_PER_SECOND", "100"))
CALLERS = 12  # Of these all, by connections that are kept.
RARE_CALLERS, RARE_PER_SECOND = 6, 2  # Theirs are idle for longer than a gateway's last second.


def expand(porter):
    """What a next version's migration may do to every table of ours: a column more. Its programs are not there yet."""
    with porter.database() as db:
        tables = db.execute("SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace"
                            " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1").fetchall()
        for table, in tables:
            db.execute(f"ALTER TABLE {table} ADD COLUMN of_the_next_version text")
        db.execute("INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (9999, '9999_next.sql', '', now())")
    return len(tables)


def created(porter, organization):
    """The ids of all events that were written for callers."""
    with porter.database() as db:
        rows = db.execute("SELECT id FROM events WHERE org_id = %s", (parse_id(organization.id),)).fetchall()
    return {format_id("evt", row[0]) for row in rows}


def calls_to(porter, organization, service):
    """Pre-registrations, each an event; by callers that are always at it, and by some that seldom come."""
    key, location = organization.key().text, organization.location()
    url, ca = f"{service.url}/api/v1/visitors/pre-register", porter.tls / "ca.pem"

    def one(session, number):
        return call(session, "POST", url, ca, key, json={"full_name": "Ольга", "location_id": location})

    return Load(CALLERS, one, PER_SECOND), Load(RARE_CALLERS, one, RARE_PER_SECOND)


class Earlier(Porter):
    """Of programs that an earlier version was built to (`UPGRADE_FROM`: a folder that has bin/), schema and topics included."""

    def __init__(self, servers, folder):
        self.build = folder
        listed = "".join(subprocess.run([f"{folder}/bin/{name}", "--config-docs"], capture_output=True, text=True, check=True).stdout
                         for name in ("gateway", "dispatcher"))
        self.known = set(re.findall(r"`(PORTER_\w+)`", listed))
        super().__init__(servers, preset=folder)  # An absolute path: harness.process.program

    def environment(self, **settings):
        """Without variables that came later."""
        made = super().environment(**settings)
        if self.build == PRESET:
            return made
        return {name: value for name, value in made.items() if not name.startswith("PORTER_") or name in self.known}

    def run_ctl(self, *words, timeout=30, **settings):
        return subprocess.run([program("porterctl", self.build), *words], env=self.environment(**settings), capture_output=True, text=True,
                              timeout=timeout, check=False)

    def become_new(self):
        """What is started from now on is of this tree."""
        self.build = self.preset = PRESET


class Cluster:
    """Two gateways behind a Service, and two dispatchers."""

    def __init__(self, porter, folder):
        self.porter, self.service = porter, Service()
        self.gateways = [self.gateway() for _ in range(REPLICAS)]
        self.dispatchers = [porter.dispatcher() for _ in range(REPLICAS)]
        for gateway in self.gateways:
            self.service.add(gateway.https)
        self.organization, self.receiver = porter.organization(), FastReceiver(porter, folder)
        self.receiver.start(secret=self.organization.webhook(self.receiver.url).secret)

    def gateway(self):
        return self.porter.gateway(PORTER_DRAIN="10s")  # As it is by default: k8s/base counts on it.

    def roll_dispatchers(self):
        self.dispatchers = RollOut(Manifest.of("dispatcher"), self.porter.dispatcher).run(self.dispatchers)

    def roll_gateways(self, **more):
        self.gateways = RollOut(Manifest.of("gateway"), self.gateway, self.service, **more).run(self.gateways)

    def arrivals(self):
        """How often each event came; every signature was right."""
        lines = self.receiver.lines()
        assert all(line["signature_ok"] for line in lines)
        return Counter(json.loads(line["body"])["id"] for line in lines)

    def close(self):
        self.receiver.stop()
        self.service.close()


@pytest.fixture
def cluster(new_porter, tmp_path):
    made = Cluster(new_porter(), tmp_path)
    yield made
    made.close()


@contextmanager
def under_load(cluster, capsys, what):
    """Callers are at it while the block runs. No call may fail, and every event arrives."""
    often, seldom = calls_to(cluster.porter, cluster.organization, cluster.service)
    with often, seldom:
        eventually(lambda: len(often.calls) > PER_SECOND and len(seldom.calls) >= RARE_CALLERS, 30, "callers are at it")
        yield often
        so_far = len(often.calls)
        eventually(lambda: len(often.calls) > so_far + PER_SECOND, 30, "callers go on")
    calls = often.calls + seldom.calls
    events = created(cluster.porter, cluster.organization)
    eventually(lambda: events <= set(cluster.arrivals()), 60, "every event arrived")
    twice = sum(cluster.arrivals().values()) - len(events)
    failed = [one for one in calls if one.status != 201]
    span = max(one.ended for one in calls) - min(one.began for one in calls)
    with capsys.disabled():
        print(f"\n{what}: {len(calls)} calls at {len(calls) / span:.0f}/s, failed {len(failed)}; {len(events)} events, lost 0,"
              f" came once more {twice}")
    assert [(one.status, f"after {one.seconds:.3f} s", one.fault or one.body) for one in failed] == []
    assert cluster.service.refused == 0
    assert len(events) == len(calls)


def test_no_call_fails_and_no_event_is_lost_while_every_program_is_replaced(cluster, capsys):
    with under_load(cluster, capsys, "roll-out"):
        assert expand(cluster.porter) > 20
        cluster.roll_dispatchers()
        cluster.roll_gateways()


@pytest.mark.skipif("UPGRADE_FROM" not in os.environ, reason="scripts/check-upgrade COMMIT runs it, with that commit's programs")
def test_programs_of_an_earlier_version_work_beside_ours_through_the_migration(servers, tmp_path, capsys):
    porter = Earlier(servers, os.environ["UPGRADE_FROM"])
    cluster = Cluster(porter, tmp_path)
    try:
        with under_load(cluster, capsys, "upgrade") as often:
            porter.become_new()
            porter.ctl("topics", "apply")
            assert porter.ctl("migrate")["applied"] > 0
            so_far = len(often.calls)
            eventually(lambda: len(often.calls) > so_far + 2 * PER_SECOND, 30, "the old go on alone with the new schema")
            cluster.roll_dispatchers()
            cluster.roll_gateways()
    finally:
        cluster.close()
        porter.close()
