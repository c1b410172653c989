"""Does Porter's main job before the user's eyes: one call, the event it makes, the webhook that
arrives, and how long each hop took.

    main_job.py RUN_FOLDER HTTPS_PORT
"""
import json
import queue
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import datetime
from pathlib import Path

from seed import COMPANIES, FIRST, HOSTS, LAST

PATIENCE = 20  # seconds for each thing to arrive


def fail(what, log=None):
    print(f"\nFAILED: {what}", file=sys.stderr)
    if log:
        print(f"---- the end of {log}", file=sys.stderr)
        print("\n".join(Path(log).read_text(errors="replace").splitlines()[-15:]), file=sys.stderr)
    sys.exit(1)


class Lines:
    """Lines of a growing source, each with the time we saw it."""

    def __init__(self, stream):
        self._queue = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            self._queue.put(line)

    def find(self, wanted):
        """The first JSON line that `wanted` likes, or None when patience is over."""
        until = time.monotonic() + PATIENCE
        while (left := until - time.monotonic()) > 0:
            try:
                line = json.loads(self._queue.get(timeout=left))
            except queue.Empty:
                break
            except ValueError:
                continue
            if isinstance(line, dict) and wanted(line):
                return line
        return None


def ms(seconds):
    return f"{seconds * 1000:8.1f} ms"


def seconds_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def show(title, text):
    print(f"\n{title}")
    print("\n".join("    " + line for line in text.splitlines()))


def short(value):
    """A JSON object without its empty members, two columns deep."""
    if isinstance(value, dict):
        value = {k: short(v) for k, v in value.items() if v not in (None, "", [], {})}
    return value


def call(run, port, key):
    """The curl call as anybody would type it; its answer and curl's own times."""
    number = int(time.time())
    host = HOSTS[number % len(HOSTS)]
    visitor = {
        "first_name": FIRST[number % len(FIRST)], "last_name": LAST[number // 7 % len(LAST)],
        "company": COMPANIES[number % (len(COMPANIES) - 1)],
        "host": {"name": host[0], "email": host[1]}, "location_id": location(run, port, key),
        "purpose": "Führung & Kaffee",
    }
    url = f"https://localhost:{port}/api/v1/visitors/pre-register"
    body = json.dumps(visitor, ensure_ascii=False)
    show("1. The call", f"curl --cacert {run}/tls/ca.pem {url} \\\n  -H 'X-API-Key: {key[:14]}…' "
         f"-H 'Content-Type: application/json' \\\n  -d '{body}'")
    done = subprocess.run(
        ["curl", "-sS", "--cacert", f"{run}/tls/ca.pem", url, "-H", "@-",
         "-H", "Content-Type: application/json", "--data-binary", body,
         "-w", "\n%{http_code} %{time_pretransfer} %{time_total}"],
        input=f"X-API-Key: {key}\n", capture_output=True, text=True, check=False)
    ended = time.time()
    if done.returncode != 0:
        fail(f"curl: {done.stderr.strip()}", f"{run}/log/gateway.log")
    answer, _, figures = done.stdout.rpartition("\n")
    status, ready, total = figures.split()
    if status != "201":
        fail(f"the gateway answered {status}: {answer}", f"{run}/log/gateway.log")
    made = json.loads(answer)
    show(f"   The answer, {status}", json.dumps(short(made), ensure_ascii=False, indent=2))
    took = float(total) - float(ready)
    # When the request was on its way: the TLS handshake is curl's, not Porter's.
    return made, ended - took, took


def location(run, port, key):
    """The first of the organization's locations, asked of the API."""
    request = urllib.request.Request(f"https://localhost:{port}/api/v1/locations?limit=1",
                                     headers={"X-API-Key": key})
    trust = ssl.create_default_context(cafile=f"{run}/tls/ca.pem")
    try:
        with urllib.request.urlopen(request, context=trust, timeout=PATIENCE) as answer:
            return json.load(answer)["locations"][0]["id"]
    except OSError as fault:
        return fail(f"GET /locations: {fault}", f"{run}/log/gateway.log")


def main():
    run, port = sys.argv[1:]
    key = (Path(run) / "secrets" / "api-key").read_text().strip()
    here = Path(__file__).resolve().parents[1]
    tail = subprocess.Popen([here / "porterctl", "events", "tail", "--json"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    try:
        report(run, port, key, tail)
    finally:
        tail.terminate()


def report(run, port, key, tail):
    events = Lines(tail.stdout)
    webhooks_log = f"{run}/log/receiver.log"
    webhooks_stream = subprocess.Popen(["tail", "-n", "0", "-F", webhooks_log], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    webhooks = Lines(webhooks_stream.stdout)
    try:
        visitor, sent, took = call(run, port, key)
        event = events.find(lambda line: line.get("key") == visitor["id"])
        if event is None:
            fail(f"no event about {visitor['id']} on Kafka within {PATIENCE} s",
                 f"{run}/log/gateway.log")
        webhook = webhooks.find(lambda line: line.get("webhook_id") == event["event"]["id"])
        if webhook is None:
            fail(f"no webhook about {visitor['id']} within {PATIENCE} s",
                 f"{run}/log/dispatcher.log")
    finally:
        webhooks_stream.terminate()
    show("2. The event, as read from Kafka", f"topic {event['topic']}, partition "
         f"{event['partition']}, offset {event['offset']}, key {event['key']}\n"
         + json.dumps(short(event["event"]), ensure_ascii=False, indent=2))
    show("3. The webhook, as the receiver got it", json.dumps(webhook, ensure_ascii=False, indent=2))
    if not webhook.get("verified"):
        fail("its signature is not right", webhooks_log)
    on_kafka, arrived = event["at_ms"] / 1000, seconds_of(webhook["at"])
    show("How long it took (the services' own clocks)", "\n".join([
        f"{ms(took)}  the call: TLS bytes in, checked, stored, answered",
        f"{ms(on_kafka - sent)}  from the call to the record on Kafka",
        f"{ms(arrived - on_kafka)}  from Kafka to the receiver: matched, signed, delivered",
        f"{ms(arrived - sent)}  from the call to the webhook"]))


main()
