"""The cluster as kubectl shows it: what is applied, what became of every container, and porterctl there."""
import json
import subprocess
import threading
from collections import Counter
from datetime import datetime
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "porter"


def kubectl(*words, check=True, seconds=120, **more):
    done = subprocess.run(["kubectl", "--namespace", NAMESPACE, *words], capture_output=True, text=True, timeout=seconds,
                          check=False, **more)
    if check and done.returncode != 0:
        raise SystemExit(f"kubectl {' '.join(words)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def get(kind, *words):
    return json.loads(kubectl("get", kind, *words, "-o", "json"))


def seconds_between(first, last):
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def ready_after(pod):
    """Seconds from its making to its readiness, None when it is not ready."""
    for one in pod["status"].get("conditions", []):
        if one["type"] == "Ready" and one["status"] == "True":
            return seconds_between(pod["metadata"]["creationTimestamp"], one["lastTransitionTime"])
    return None


def porterctl(*words):
    done = subprocess.run([ROOT / "scripts" / "pod-porterctl", *words], capture_output=True, text=True, timeout=200, check=False)
    if done.returncode != 0:
        raise SystemExit(f"porterctl {' '.join(words)}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def stranger():
    """porterctl in a pod that no NetworkPolicy names: its exit code and what it said."""
    path = str(ROOT / "scripts" / "pod-porterctl")
    maker = SourceFileLoader("pod_porterctl", path).load_module()
    pod = maker.pod_of(get("deployment", "porter-gateway"), ["migrate", "--status"])
    pod["metadata"].update(name="stranger", labels={"app": "stranger"})
    kubectl("create", "-f", "-", input=json.dumps(pod))
    kubectl("wait", "pod/stranger", "--timeout=100s", "--for=jsonpath={.status.containerStatuses[0].state.terminated.exitCode}", check=False)
    ended = get("pod", "stranger")["status"]["containerStatuses"][0]["state"].get("terminated", {})
    said = kubectl("logs", "stranger", "--container", "porterctl").strip()
    kubectl("delete", "pod", "stranger", "--wait=false")
    return ended.get("exitCode"), said


class Endings:
    """Watches the pods: how each container of ours ended."""

    def __init__(self):
        self._codes, self._buffer = {}, ""
        self._watch = subprocess.Popen(["kubectl", "--namespace", NAMESPACE, "get", "pods", "--watch", "-o", "json"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        decoder = json.JSONDecoder()
        for line in self._watch.stdout:
            self._buffer += line
            if line != "}\n":  # One pod's last line.
                continue
            pod, _ = decoder.raw_decode(self._buffer)
            self._buffer = ""
            for one in pod["status"].get("containerStatuses", []):
                ended = one["state"].get("terminated") or one.get("lastState", {}).get("terminated")
                if ended:
                    self._codes[one["containerID"], one["restartCount"]] = (one["name"], ended["exitCode"], ended.get("reason", ""))

    def told(self):
        return Counter(self._codes.values())

    def close(self):
        self._watch.terminate()
        self._watch.wait()


def warnings():
    """What the cluster complained of: reason and text, and how often."""
    found = Counter()
    for one in get("events", "--field-selector", "type=Warning")["items"]:
        who = one["involvedObject"]
        found[f"{who['kind']} {who['name']}: {one['reason']}: {one['message'][:200]}"] += one.get("count") or 1
    return found
