"""Does Porter's main job before the user's eyes: one call, the event it makes, the webhook that
arrives, and how long each hop took.

    main_job.py RUN_FOLDER HTTPS_PORT
"""
import json
import os
import queue
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from seed import COMPANIES, FIRST, HOSTS, LAST

PATIENCE = 20  # seconds for each thing to arrive
SLOW_S = 0.2  # Usual is a tenth of it.


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


def show(title, text):
    print(f"\n{title}")
    print("\n".join("    " + line for line in text.splitlines()))


def short(value):
    """A JSON object without its empty members, two columns deep."""
    if isinstance(value, dict):
        value = {k: short(v) for k, v in value.items() if v not in (None, "", [], {})}
    return value


def call(run, port, key):
    """The curl call as anybody would type it: its answer, and when it was sent and answered."""
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
    answer, figures, seen = run_curl(
        ["--cacert", f"{run}/tls/ca.pem", url, "-H", "@-", "-H", "Content-Type: application/json",
         "--data-binary", body], f"X-API-Key: {key}\n", f"{run}/log/gateway.log")
    status, ready, began = figures.split()
    if status != "201":
        fail(f"the gateway answered {status}: {answer}", f"{run}/log/gateway.log")
    made = json.loads(answer)
    show(f"   The answer: {status} (null and empty members left out)", json.dumps(short(made), ensure_ascii=False, indent=2))
    # curl's own times tell how long before the answer's first byte the request was sent.
    return made, seen - (float(began) - float(ready)), seen


def run_curl(words, stdin, log):
    """The answer, curl's figures, and when the answer's first bytes came."""
    figures = "%{stderr}%{http_code} %{time_pretransfer} %{time_starttransfer}"
    with subprocess.Popen(["curl", "-sS", "-N", "-w", figures, *words], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as curl:
        curl.stdin.write(stdin.encode())
        curl.stdin.close()
        first = os.read(curl.stdout.fileno(), 65536)
        seen = time.time()
        answer = (first + curl.stdout.read()).decode()
        said = curl.stderr.read().decode()
    if curl.returncode != 0:
        fail(f"curl: {said.strip()}", log)
    return answer, said, seen


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
    report(run, port, key)


def event_about(run, visitor_id):
    """The record on Kafka, found by reading the topics from their beginning."""
    porterctl = Path(__file__).resolve().parents[1] / "porterctl"
    tail = subprocess.Popen([porterctl, "events", "tail", "--from", "beginning", "--json"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        found = Lines(tail.stdout).find(lambda line: line.get("key") == visitor_id)
    finally:
        tail.terminate()
    return found or fail(f"no event about {visitor_id} on Kafka within {PATIENCE} s",
                         f"{run}/log/gateway.log")


def report(run, port, key):
    webhooks_log = f"{run}/log/webhooks.jsonl"
    follow = subprocess.Popen(["tail", "-n", "0", "-F", webhooks_log], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    webhooks = Lines(follow.stdout)
    try:
        visitor, sent, answered = call(run, port, key)
        event = event_about(run, visitor["id"])
        webhook = webhooks.find(lambda line: line.get("event_id") == event["event"]["id"])
        if webhook is None:
            fail(f"no webhook about {visitor['id']} within {PATIENCE} s",
                 f"{run}/log/dispatcher.log")
    finally:
        follow.terminate()
    show("2. The event, as read from Kafka", f"topic {event['topic']}, partition "
         f"{event['partition']}, offset {event['offset']}, key {event['key']}\n"
         + json.dumps(short(event["event"]), ensure_ascii=False, indent=2))
    good = webhook["signature_ok"] and webhook["standard_ok"]
    show("3. The webhook, as the receiver got it",
         f"{webhook['type']} {webhook['event_id']}, {webhook['delivery']}, "
         f"attempt {webhook['attempt']}, answered {webhook['status']}\n"
         f"X-Porter-Signature {word(webhook['signature_ok'])}, "
         f"webhook-signature {word(webhook['standard_ok'])}\n{webhook['body']}")
    if not good:
        fail("a signature is not right", webhooks_log)
    # Cut to its millisecond, which may have begun before the call.
    on_kafka, arrived = max(event["at_ms"] / 1000, sent), webhook["received_at_us"] / 1e6
    show("How long it took (one clock; Kafka tells whole milliseconds only)", "\n".join([
        f"{ms(answered - sent)}  the call: checked, stored durably, answered",
        f"{ms(on_kafka - sent)}  from the call to the record for Kafka",
        f"{ms(arrived - on_kafka)}  from there to the receiver: matched, signed, delivered",
        f"{ms(arrived - sent)}  from the call to the webhook"]))
    if arrived - sent > SLOW_S:
        print("   (Kafka and the dispatcher have only just begun: run scripts/up again to see what is usual)")


def word(good):
    return "verified" if good else "WRONG"


main()
