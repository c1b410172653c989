"""Request -> webhook received, at 100, 1,000 and 1,500 events a second: open loop, so waiting counts. The last is about
what the two cores hold with the client on them.

The visitor's `notes` hold the moment its request was due; the receiver's log says when the webhook was
there. Both ends use this machine's wall clock."""
import json
import tempfile
from pathlib import Path

from common import RUNS, System, aim, cpu_seconds, keep, make_keys, median, pace, percentile, rss_mib, say, wait_until
from harness.fast_receiver import FastReceiver

RATES, WARM, SECONDS = (100, 1000, 1500), 1000, 10
ROUNDS = min(RUNS, 3)
KEYS = 1500  # In steady use: each far below its limit, and known to the cache after the first runs.
BODY = ('{"first_name":"Zoë","last_name":"Müller","email":"zoe@example.org","notes":"%T","location_id":"LOCATION"}')


def received(receiver):
    times = []
    for entry in receiver.lines():
        notes = json.loads(entry["body"])["data"]["visitor"]["notes"]
        if notes and notes.isdigit():
            times.append(entry["received_at_us"] - int(notes))
    return times


def cpu_of(system, receiver, gateway, dispatcher):
    """CPU seconds of each process so far; the client's are not known before its end."""
    servers = system.servers
    return {name: cpu_seconds(pid) for name, pid in {
        "gateway": gateway.pid, "PostgreSQL": servers.postgres.pid, "Redis": servers.redis.pid, "Kafka": servers.kafka.pid,
        "dispatcher": dispatcher.pid, "receiver": receiver.pid}.items()}


def one_rate(system, gateway, dispatcher, keys, location, receiver, per_second):
    had, before = len(receiver.lines()), cpu_of(system, receiver, gateway, dispatcher)
    requests = pace(f"{gateway.url}/api/v1/visitors/pre-register", system.porter.tls / "ca.pem", keys,
                    per_second, SECONDS, BODY.replace("LOCATION", location))
    wanted = requests.get("status_201", 0)
    wait_until(lambda: len(receiver.lines()) >= had + wanted, 30, f"{wanted} webhooks")
    after = cpu_of(system, receiver, gateway, dispatcher)
    times = received(receiver)[had:]
    return {"cpu_us": {name: (after[name] - before[name]) * 1e6 / wanted for name in after}, "per_second": per_second, "requests": requests, "webhooks": len(times),
            **{f"p{share}": percentile(times, share / 100) / 1000 for share in (50, 90, 99, 99.9)},
            "max": max(times) / 1000}


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        org = system.porter.organization()
        location = org.location()
        keys = Path(folder) / "keys"
        make_keys(system, org, KEYS, keys)
        receiver = FastReceiver(system.porter, folder)
        try:
            receiver.start(secret=org.webhook(receiver.url).secret)
            gateway = system.gateway(PORTER_HTTP_THREADS=512)
            dispatcher = system.dispatcher()
            for rate in (200, WARM, WARM):  # Warms keys, plans, and above all Kafka's JIT.
                one_rate(system, gateway, dispatcher, keys, location, receiver, rate)
            figures = [one_rate(system, gateway, dispatcher, keys, location, receiver, rate) for _ in range(ROUNDS) for rate in RATES]
            held = [f for f in figures if f["per_second"] == 1000]
            aims = ", ".join(f"{name} {aim(f'latency at 1,000/s, {name}', median([f[name] for f in held]), most=most, digits=1)}"
                             for name, most in (("p50", 2), ("p99", 10)))
            say(f"latency: request due → webhook received, ms, {ROUNDS} rounds (medians at 1,000/s: {aims})")
            for f in figures:
                say(f"  {f['per_second']:5}/s  p50 {f['p50']:.2f}  p90 {f['p90']:.2f}  p99 {f['p99']:.2f}  p99.9 {f['p99.9']:.2f}  "
                    f"max {f['max']:.1f}   {f['webhooks']:,} webhooks, requests {f['requests']}")
                say("         CPU per event, µs: " + ", ".join(f"{name} {us:.0f}" for name, us in f["cpu_us"].items()))
            say(f"  resident: gateway {rss_mib(gateway.pid):.0f} MiB, dispatcher {rss_mib(dispatcher.pid):.0f} MiB")
            keep("latency", figures)
        finally:
            receiver.stop()
