"""Deliveries a second to a fast local HTTPS receiver, beside a bare libcurl-multi loop making the same POSTs
(body, headers, signatures, which the receiver verifies in both). The records are in Kafka before the dispatcher starts."""
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

from common import (RUNS, System, aim, cpu_seconds, format_id, keep, median, parse_id, rss_mib, say, spread,
                    tool, uuid7)
from endpoints import produce
from harness import signatures
from harness.fast_receiver import FastReceiver

EVENTS = 60000
IN_FLIGHT = 64


def statements(dispatcher):
    """All that it asked of PostgreSQL, from its start to the last delivery."""
    return sum(float(line.split()[-1]) for line in dispatcher.metrics().splitlines()
               if re.match(r"porter_db_statements_total", line))


def same_post(system, org, secret, folder):
    """The last delivery's body and headers, signed anew, as files for curl_loop."""
    with system.porter.database() as db:
        body = bytes(db.execute("SELECT body FROM deliveries WHERE org_id = %s ORDER BY id DESC LIMIT 1",
                                (parse_id(org.id),)).fetchone()[0])
    event, now = json.loads(body), int(time.time())
    headers = {
        "Content-Type": "application/json", "User-Agent": "Porter-Webhooks/1", "Expect": "",
        "X-Porter-Signature": signatures.porter(body, secret), "X-Porter-Event": event["type"],
        "X-Porter-Delivery": format_id("dlv", uuid7()), "X-Porter-Attempt": "1", "webhook-id": event["id"],
        "webhook-timestamp": str(now), "webhook-signature": signatures.standard(body, secret, event["id"], now),
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    }
    Path(folder, "body").write_bytes(body)
    Path(folder, "headers").write_text("".join(f"{name}: {value}\n".replace(": \n", ":\n")
                                               for name, value in headers.items()))
    return str(Path(folder, "body")), str(Path(folder, "headers"))


def dispatch_once(system, folder, number):
    org = system.porter.organization()
    receiver = FastReceiver(system.porter, folder)
    try:
        secret = org.webhook(receiver.url).secret
        receiver.start(secret=secret, journal=False)
        produce(system, [org.id], EVENTS)
        before = receiver.stats()
        dispatcher = system.dispatcher(PORTER_KAFKA_GROUP=f"bench-{number}-{time.time_ns()}")
        began = None
        while (count := receiver.stats()["received"] - before["received"]) < EVENTS:
            if count > 0 and began is None:
                began, first, cpu = time.monotonic(), count, cpu_seconds(dispatcher.pid)
            time.sleep(0.1 if count < 0.95 * EVENTS else 0.01)  # Asking costs the two cores something as well.
        took = time.monotonic() - began
        figures = {"per_second": (EVENTS - first) / took, "cpu": cpu_seconds(dispatcher.pid) - cpu,
                   "rss": rss_mib(dispatcher.pid), "statements": statements(dispatcher) / EVENTS}
        system.porter.dispatchers.remove(dispatcher)
        assert dispatcher.stop() == 0
        with system.porter.database() as db:
            done = db.execute("SELECT count(*) FROM deliveries WHERE org_id = %s AND state = 'delivered'",
                              (parse_id(org.id),)).fetchone()[0]
        assert done == EVENTS, f"{done} of {EVENTS} are recorded as delivered"
        bare = json.loads(subprocess.run(
            [tool("curl_loop"), receiver.url, str(system.porter.tls / "ca.pem"), str(EVENTS), str(IN_FLIGHT),
             *same_post(system, org, secret, folder)], capture_output=True, text=True, check=True).stdout)
        assert receiver.stats()["standard_ok"] >= 2 * EVENTS, "the receiver did not verify every request"
        return figures, bare
    finally:
        receiver.stop()


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        pairs = [dispatch_once(system, folder, number) for number in range(RUNS)]
        ours, bare = [p[0] for p in pairs], [p[1] for p in pairs]
        ratio = median([o["per_second"] / b["per_second"] for o, b in pairs])
        say(f"dispatch: {EVENTS:,} events, one endpoint, {RUNS} runs, median (min–max)")
        say(f"  dispatcher       {spread([o['per_second'] for o in ours])}/s   per CPU-s "
            f"{spread([EVENTS / o['cpu'] for o in ours])}   statements per delivery "
            f"{spread([o['statements'] for o in ours], 4)}   resident {spread([o['rss'] for o in ours])} MiB")
        say(f"  bare libcurl     {spread([b['per_second'] for b in bare])}/s   per CPU-s "
            f"{spread([b['posts'] / b['cpu_seconds'] for b in bare])}")
        per_core = median([EVENTS / o["cpu"] / (b["posts"] / b["cpu_seconds"]) for o, b in pairs])
        say(f"  dispatcher / bare: for each CPU-second of its own {per_core:.2f} ({aim('dispatch, dispatcher / bare per CPU-second', per_core, least=0.7)}); "
            f"of the rate, with PostgreSQL and Kafka on the same cores {ratio:.2f} ({aim('dispatch, dispatcher / bare, rate', ratio, least=0.6)}); "
            f"{aim('dispatch, statements per delivery', median([o['statements'] for o in ours]), most=0.05)} statements")
        keep("dispatch", {"dispatcher": ours, "bare": bare, "ratio": ratio, "per_core": per_core})


if __name__ == "__main__":
    main()
