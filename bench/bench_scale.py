"""Deliveries a second when they go to 1, 100 and 10,000 endpoints, each beside a bare libcurl-multi loop making the same POSTs
to the same URLs; then what 10,000 deliveries in memory cost.

An endpoint is a webhook: what the dispatcher keeps a lane, a window and a breaker for. Here each has a URL and an organization
of its own; all of them lead to one receiver on one port, so that both sides share its connections."""
import json
import subprocess
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import requests

from bench_dispatch import IN_FLIGHT, same_post
from common import RUNS, System, aim, cpu_seconds, keep, median, rss_mib, say, spread, tool, wait_until
from endpoints import forget, make_tenants, make_webhooks, produce
from harness.fast_receiver import FastReceiver

COUNTS = (1, 100, 10000)
EVENTS = 40000
HELD = 10000  # PORTER_IN_FLIGHT_MAX
SLOW_MS = 10000  # Less than PORTER_ATTEMPT_TIMEOUT.
MIB = 1 << 20


class Endpoints:
    def __init__(self, system, gateway, receiver, folder, count):
        self.count, self.urls = count, Path(folder) / f"urls-{count}"
        tenants = make_tenants(system, count)
        make_webhooks(system, gateway, tenants, lambda number: [f"{receiver.url}/{count}/{number}"])
        self.orgs = [tenant.id for tenant in tenants]
        self.urls.write_text("".join(f"{receiver.url}/{count}/{number}\n" for number in range(count)))


def received(receiver):
    return receiver.stats()["received"]


def dispatch(system, receiver, endpoints):
    produce(system, endpoints.orgs, EVENTS)
    had, dispatcher = received(receiver), system.dispatcher()
    wait_until(lambda: received(receiver) > had, 60, "a first delivery")
    first, began, cpu = received(receiver), time.monotonic(), cpu_seconds(dispatcher.pid)
    while received(receiver) < had + EVENTS:
        time.sleep(0.02)
    took = time.monotonic() - began
    figures = {"per_second": (had + EVENTS - first) / took, "cpu_us": (cpu_seconds(dispatcher.pid) - cpu) / EVENTS * 1e6,
               "given_back": dispatcher.metric("porter_deliveries_given_back_total"), "rss": rss_mib(dispatcher.pid)}
    end(system, dispatcher)
    return figures


def end(system, dispatcher):
    system.porter.dispatchers.remove(dispatcher)
    assert dispatcher.stop(60) == 0
    forget(system)


def bare(system, receiver, endpoints, folder):
    post = same_post(system, SimpleNamespace(id=endpoints.orgs[0]), "whsec_" + 43 * "A" + "=", folder)
    done = subprocess.run([tool("curl_loop"), f"@{endpoints.urls}", str(system.porter.tls / "ca.pem"), str(EVENTS), str(IN_FLIGHT), *post],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["per_second"]


def answer_after(system, receiver, ms):
    requests.post(f"https://localhost:{receiver.port}/control", json={"delay_ms": ms}, verify=str(system.porter.tls / "ca.pem"),
                  timeout=5).raise_for_status()


def memory(system, receiver, endpoints):
    """A dispatcher that knows all endpoints, with nothing to do; then with as much as it takes in."""
    had, dispatcher = received(receiver), system.dispatcher()
    produce(system, endpoints.orgs, endpoints.count, per_second=500)
    wait_until(lambda: received(receiver) == had + endpoints.count, 60, "one delivery each")
    wait_until(lambda: in_flight(dispatcher) == 0, 30, "an end")
    idle = rss_mib(dispatcher.pid)
    answer_after(system, receiver, SLOW_MS)
    produce(system, endpoints.orgs, 2 * HELD)
    wait_until(lambda: in_flight(dispatcher) >= HELD, 60, "a full memory")
    time.sleep(2)  # It must not grow on.
    figures = {"idle": idle, "full": rss_mib(dispatcher.pid), "in_flight": in_flight(dispatcher), "body": body_bytes(system)}
    figures["bytes"] = (figures["full"] - idle) * MIB / figures["in_flight"]
    answer_after(system, receiver, 0)
    dispatcher.kill()  # It would wait for the slow ones.
    system.porter.dispatchers.remove(dispatcher)
    forget(system)
    return figures


def in_flight(dispatcher):
    return dispatcher.metric("porter_deliveries_in_flight")


def body_bytes(system):
    with system.porter.database() as db:
        return db.execute("SELECT max(length(body)) FROM deliveries").fetchone()[0]


def tell(figures, full):
    say(f"scale: {EVENTS:,} events, one delivery each, {RUNS} runs, median (min–max)")
    for count in COUNTS:
        ours = [one["dispatcher"] for one in figures[count]]
        say(f"  {count:6,} endpoints: {spread([one['per_second'] for one in ours])}/s, {spread([one['cpu_us'] for one in ours])} µs of CPU each, "
            f"given back {spread([one['given_back'] for one in ours])}; bare {spread([one['bare'] for one in figures[count]])}/s; "
            f"dispatcher / bare {spread([one['dispatcher']['per_second'] / one['bare'] for one in figures[count]], 2)}")
    ratio = {count: median([one["dispatcher"]["per_second"] / one["bare"] for one in figures[count]]) for count in COUNTS}
    flat = ratio[COUNTS[-1]] / ratio[1]
    say(f"  ratio at {COUNTS[-1]:,} / ratio at 1: {flat:.2f} ({aim(f'scale, ratio at {COUNTS[-1]:,} / at 1', flat, least=0.8)})")
    say(f"  memory: {full['idle']:.0f} MiB idle, {full['full']:.0f} MiB with {full['in_flight']:,} deliveries in memory "
        f"(bodies of {full['body']} bytes): {full['bytes']:,.0f} bytes each")
    keep("scale", {"runs": figures, "ratio": ratio, "memory": full})


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        gateway, receiver = system.gateway(), FastReceiver(system.porter, folder)
        try:
            receiver.start(journal=False)
            made = {count: Endpoints(system, gateway, receiver, folder, count) for count in COUNTS}
            dispatch(system, receiver, made[1])  # Kafka's JIT, PostgreSQL's plans.
            figures = {count: [] for count in COUNTS}
            for _ in range(RUNS):
                for count in COUNTS:
                    figures[count].append({"dispatcher": dispatch(system, receiver, made[count]),
                                           "bare": bare(system, receiver, made[count], folder)})
                    say(f"    {count:,}: {json.dumps(figures[count][-1])}")
            tell(figures, memory(system, receiver, made[COUNTS[-1]]))
        finally:
            receiver.stop()


if __name__ == "__main__":
    main()
