"""The dev overlay's pods run, and are replaced while callers call through the Service.    roll.py FOLDER

Runs on the node (scripts/lib/node.sh), with kubectl and its configuration. FOLDER is a copy of the repository's manifests, with the
secrets made. No call may fail (nobody tries again), and every event has to arrive at the receiver."""
import json
import os
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import psycopg
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from harness.load import Call, Load, p99  # noqa: E402
from harness.poll import Late, eventually  # noqa: E402
from harness.porter import format_id, parse_id  # noqa: E402
from pods import Endings, get, kubectl, porterctl, ready_after, stranger, warnings  # noqa: E402

PER_SECOND = int(os.environ.get("ROLLOUT_PER_SECOND", "50"))
CALLERS, RARE_CALLERS, RARE_PER_SECOND = 12, 6, 2  # As in tests/integration/test_rollout.py.
OURS = ("porter-gateway", "porter-dispatcher")
# Of the zone cluster.local; the node asks the cluster's DNS.
API = "https://porter-gateway.porter/api/v1"
RECEIVER = "https://receiver.porter.svc.cluster.local:8444"


def say(text):
    print(f"  {text}", flush=True)


@contextmanager
def timed(what):
    """Says what is done, that it goes on, and how long it took."""
    began, done = time.monotonic(), threading.Event()
    print(f"  {what:58} ", end="", flush=True)

    def go_on():
        while not done.wait(10):
            print(f"{time.monotonic() - began:.0f}s ", end="", flush=True)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    print(f"done, {time.monotonic() - began:.1f} s", flush=True)


class Receiver:
    """Asks the receiver's pod for what it was sent: it keeps the last 10,000."""

    def __init__(self, ca):
        self.arrived, self.unsigned = Counter(), 0
        self._ca, self._after, self._done = ca, 0, threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self):
        session = requests.Session()
        while not self._done.wait(0.5):
            try:
                answer = session.get(f"{RECEIVER}/received", params={"after": self._after}, verify=self._ca, timeout=20)
            except requests.RequestException:
                continue
            for one in answer.json()["received"]:
                self._after = one["seq"]
                self.unsigned += not one["signature_ok"]
                self.arrived[json.loads(one["body"])["id"]] += 1

    def close(self):
        self._done.set()
        self._thread.join()


class Trial:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.secrets = self.folder / "k8s" / "overlays" / "dev" / "secrets"
        self.ca = str(self.secrets / "tls" / "ca.pem")
        self.rows = []
        self.first = None  # When the first roll-out began.

    def come_up(self):
        """All at once, as docs/kubernetes.md says."""
        kubectl("create", "namespace", "porter")
        kubectl("create", "secret", "generic", "authority", f"--from-file=ca.pem={self.ca}")
        kubectl("apply", "--server-side", "--force-conflicts", "-k", str(self.folder / "scripts" / "cluster"))
        with timed("neighbours are ready"):
            for one in ("statefulset/postgres", "statefulset/kafka", "deployment/redis"):
                kubectl("rollout", "status", one, "--timeout=240s", seconds=300)
        with timed("topics and schema (porter-migrate)"):
            kubectl("wait", "--for=condition=complete", "job/porter-migrate", "--timeout=240s", seconds=300)
        for one in OURS:
            with timed(f"{one}: two pods are ready"):
                eventually(lambda one=one: get("deployment", one)["spec"]["replicas"] == 2, 60, "two are asked for")
                kubectl("rollout", "status", f"deployment/{one}", "--timeout=240s", seconds=300)
        for pod in get("pods")["items"]:
            restarts = sum(one["restartCount"] for one in pod["status"]["containerStatuses"])
            if ready_after(pod) is not None:
                self.rows.append((f"first {pod['metadata']['name']}", f"ready after {ready_after(pod):.0f} s, {restarts} restarts"))

    def furnish(self):
        with timed("an organization, by porterctl in pods"):
            slug = "trial"
            org = porterctl("org", "create", "--name", "Trial", "--slug", slug, "--json")
            self.organization = org["id"]
            self.location = porterctl("location", "create", "--org", slug, "--name", "HQ", "--timezone", "Europe/Oslo", "--json")["id"]
            self.key = porterctl("key", "create", "--org", slug, "--name", "trial", "--rate-limit", "100000", "--json")["key"]
            hook = porterctl("webhook", "add", "--org", slug, "--url", f"{RECEIVER}/hook", "--events", "*", "--json")
            kubectl("create", "secret", "generic", "webhook", f"--from-literal=secret={hook['secret']}")
        with timed("the receiver is ready"):
            kubectl("scale", "deployment/receiver", "--replicas=1")
            kubectl("rollout", "status", "deployment/receiver", "--timeout=120s", seconds=150)

    def keep_strangers_out(self):
        with timed("a pod that no policy names reaches nobody"):
            code, said = stranger()
        self.rows.append(("a pod that no policy names", f"porterctl ended with {code}: {said[:150]}"))
        return code == 5  # PostgreSQL is away.

    def created(self):
        """The ids of the events that were written for callers."""
        password = (self.secrets / "db-password").read_text(encoding="utf-8").strip()
        with psycopg.connect(f"postgresql://porter:{password}@postgres.porter/porter") as db:
            rows = db.execute("SELECT id FROM events WHERE org_id = %s", (parse_id(self.organization),)).fetchall()
        return {format_id("evt", row[0]) for row in rows}

    def calls(self):
        def one(session, number):
            began = time.monotonic()
            try:
                answer = session.post(f"{API}/visitors/pre-register", headers={"X-API-Key": self.key}, verify=self.ca, timeout=20,
                                      json={"full_name": "Ольга", "location_id": self.location})
            except requests.RequestException as fault:
                made = Call(began, time.monotonic(), 0, {})
                self.rows.append((f"caller {number} got no answer", f"{self.clock(began)} to {self.clock(made.ended)}: {fault!r}"))
                return made
            if answer.status_code != 201:
                self.rows.append((f"caller {number} was refused", f"{self.clock(began)}, {answer.elapsed.total_seconds():.2f} s: {answer.text[:300]}"))
            return Call(began, time.monotonic(), answer.status_code, answer.headers)

        return Load(CALLERS, one, PER_SECOND), Load(RARE_CALLERS, one, RARE_PER_SECOND)

    def clock(self, when):
        """In s since the first roll-out."""
        return f"{when - self.first:.2f} s" if self.first else "before"

    def roll(self, deployment):
        before = {pod["metadata"]["name"] for pod in self.pods_of(deployment)}
        began = time.monotonic()
        self.first = self.first or began
        with timed(f"kubectl rollout restart deployment/{deployment}"):
            kubectl("rollout", "restart", f"deployment/{deployment}")
            kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=300s", seconds=330)
            eventually(lambda: not before & {pod["metadata"]["name"] for pod in self.pods_of(deployment)}, 120, "the old are gone", every=0.2)
        ready = ", ".join(f"{ready_after(pod):.0f}" for pod in self.pods_of(deployment))
        self.rows.append((f"{deployment} replaced", f"{self.clock(began)} to {self.clock(time.monotonic())}; new pods ready after {ready} s"))

    @staticmethod
    def pods_of(deployment):
        return get("pods", "-l", f"app.kubernetes.io/name={deployment}")["items"]

    def roll_under_load(self):
        receiver, endings = Receiver(self.ca), Endings()
        often, seldom = self.calls()
        with often, seldom:
            with timed(f"{CALLERS + RARE_CALLERS} callers are at it"):
                eventually(lambda: len(often.calls) > 2 * PER_SECOND and len(seldom.calls) >= RARE_CALLERS, 60, "callers are at it")
            for one in reversed(OURS):  # Dispatchers first: docs/kubernetes.md.
                self.roll(one)
            so_far = len(often.calls)
            eventually(lambda: len(often.calls) > so_far + 5 * PER_SECOND, 60, "callers go on")
        events = self.created()
        with timed("what was sent arrives"):
            try:
                eventually(lambda: events <= set(receiver.arrived), 90, "every event arrived", every=0.5)
            except Late:
                pass  # The table says how many did not.
        receiver.close()
        endings.close()
        return self.judge(often.calls + seldom.calls, events, receiver, endings)

    def judge(self, calls, events, receiver, endings):
        failed = Counter(one.status for one in calls if one.status != 201)
        span = max(one.ended for one in calls) - min(one.began for one in calls)
        lost = len(events - set(receiver.arrived))
        twice = sum(receiver.arrived[one] - 1 for one in events & set(receiver.arrived))
        ended = endings.told()
        self.rows += [
            ("calls", f"{len(calls)} in {span:.0f} s ({len(calls) / span:.0f}/s), p99 {p99(calls) * 1000:.0f} ms"),
            ("calls failed", f"{sum(failed.values())} {dict(failed) or ''}"),
            ("events written", f"{len(events)}"),
            ("events received", f"{len(events) - lost}, lost {lost}, once more {twice}, signed wrongly {receiver.unsigned}"),
            ("containers ended", ", ".join(f"{count} {name} with {code}" for (name, code, _), count in sorted(ended.items())) or "none"),
        ]
        codes = [code for name, code, _ in ended if f"porter-{name}" in OURS]
        return not failed and not lost and not receiver.unsigned and len(events) == len(calls) and not any(codes)


def main():
    trial = Trial(sys.argv[1])
    is_well = False
    try:
        trial.come_up()
        trial.furnish()
        is_well = trial.keep_strangers_out() and trial.roll_under_load()
    finally:
        print()
        for what, text in trial.rows:
            say(f"{what:44} {text}")
        for text, count in warnings().items():
            say(f"warning ({count}): {text}")
    return 0 if is_well else 1


sys.exit(main())
