"""A thousand endpoints, of which 50 hang until the attempt times out and 50 answer 500: what do the 900 others feel of it?
The same events go to the same 900 endpoints without those 100 beside them, in the same run."""
import json
import tempfile
import time
from datetime import datetime

import requests

from common import RUNS, System, aim, cpu_seconds, keep, median, percentile, rss_mib, say, spread
from endpoints import forget, make_tenants, make_webhooks, produce
from harness.fast_receiver import FastReceiver

TENANTS, WELL_EACH = 100, 9  # Each tenant has one more, that hangs (half of them) or fails.
PER_SECOND, SECONDS = 100, 40  # Events, for the p99: longer than two time-outs.
EVENTS = 24000  # For the throughput: more for those that hang than memory takes (50 × 240 of PORTER_IN_FLIGHT_MAX).
HANG_MS = 17000  # PORTER_ATTEMPT_TIMEOUT is 15 s.
PATIENCE = 120


def receivers(system, folder):
    """Who is well, who hangs, who fails."""
    made = [FastReceiver(system.porter, folder) for _ in range(3)]
    made[0].start()
    for one, what in zip(made[1:], ({"delay_ms": HANG_MS}, {"status": 500})):
        one.start(journal=False)
        requests.post(f"https://localhost:{one.port}/control", json=what, verify=str(system.porter.tls / "ca.pem"), timeout=5)
    return made


def tenants_with(system, gateway, well, bad):
    """`bad`: two receivers, or none."""
    def urls_of(number):
        urls = [f"{well.url}/{number}/{i}" for i in range(WELL_EACH)]
        return urls + [f"{bad[number % 2].url}/{number}"] if bad else urls

    tenants = make_tenants(system, TENANTS)
    make_webhooks(system, gateway, tenants, urls_of)
    return [tenant.id for tenant in tenants]


def until_received(well, count):
    """How many were, at the latest after PATIENCE; and when."""
    until = time.monotonic() + PATIENCE
    while (got := well.stats()["received"]) < count and time.monotonic() < until:
        time.sleep(0.02)
    return got, time.monotonic()


def ages_ms(lines):
    """From the event's moment to its arrival."""
    return [entry["received_at_us"] / 1000 - datetime.fromisoformat(
        json.loads(entry["body"])["created_at"].replace("Z", "+00:00")).timestamp() * 1000 for entry in lines]


def steady(system, orgs, well):
    """Events at a rate that is easily borne; how old they are when the endpoints that are well have them."""
    dispatcher, had = start(system), len(well.lines())
    count = PER_SECOND * SECONDS
    produce(system, orgs, count, PER_SECOND)
    until_received(well, had + count * WELL_EACH)
    figures = stop(system, dispatcher)
    time.sleep(0.2)  # The receiver's log is written by a thread of its own.
    ages = ages_ms(well.lines()[had:])
    return {"received": len(ages) / (count * WELL_EACH), "p50": percentile(ages, 0.5), "p99": percentile(ages, 0.99), **figures}


def flood(system, orgs, well, events=EVENTS):
    """All events are there before the dispatcher is."""
    produce(system, orgs, events)
    had, wanted = well.stats()["received"], events * WELL_EACH
    dispatcher = start(system)
    first, began = until_received(well, had + 1)
    got, ended = until_received(well, had + wanted)
    return {"received": (got - had) / wanted, "per_second": (got - first) / (ended - began), **stop(system, dispatcher)}


def start(system):
    before = cpu_seconds(system.servers.postgres.pid)
    dispatcher = system.dispatcher()
    dispatcher.postgres_before = before
    return dispatcher


def stop(system, dispatcher):
    postgres = cpu_seconds(system.servers.postgres.pid) - dispatcher.postgres_before
    figures = {"rss": rss_mib(dispatcher.pid), "cpu": cpu_seconds(dispatcher.pid), "postgres_cpu": postgres,
               **{name: dispatcher.metric(f"porter_{name}") for name in
                  ("deliveries_in_flight", "deliveries_given_back_total", "retry_claimed_total")}}
    system.porter.dispatchers.remove(dispatcher)
    dispatcher.stop(60)
    forget(system)
    return figures


def one_run(system, gateway, well, bad):
    figures = {}
    for name, beside in (("alone", ()), ("beside", bad)):
        orgs = tenants_with(system, gateway, well, beside)
        figures[name] = {"steady": steady(system, orgs, well), "flood": flood(system, orgs, well)}
        say(f"    {name}: {json.dumps(figures[name])}")
    return figures


def tell(runs):
    def of(name, kind, figure):
        return [run[name][kind][figure] for run in runs]

    ratios = {"p99": [b / a for a, b in zip(of("alone", "steady", "p99"), of("beside", "steady", "p99"))],
              "throughput": [b / a for a, b in zip(of("alone", "flood", "per_second"), of("beside", "flood", "per_second"))]}
    say(f"fairness: {TENANTS * WELL_EACH} endpoints that are well, alone and beside {TENANTS // 2} that hang and {TENANTS // 2} that "
        f"answer 500, {len(runs)} runs, median (min–max)")
    for name in ("alone", "beside"):
        say(f"  {name:7} {PER_SECOND * WELL_EACH}/s: p50 {spread(of(name, 'steady', 'p50'), 1)} ms, p99 {spread(of(name, 'steady', 'p99'), 1)} ms"
            f"   flood: {spread(of(name, 'flood', 'per_second'))}/s   received {min(of(name, 'steady', 'received') + of(name, 'flood', 'received')):.1%}")
        cpu = [run[name]["flood"]["cpu"] + run[name]["flood"]["postgres_cpu"] for run in runs]
        say(f"          CPU of dispatcher and PostgreSQL in the flood: {spread(cpu, 1)} s; given back "
            f"{spread(of(name, 'flood', 'deliveries_given_back_total'))}")
    say(f"  p99, beside / alone: {spread(ratios['p99'], 2)} ({aim('fairness, p99 beside / alone', median(ratios['p99']), most=2)})")
    say(f"  throughput, beside / alone: {spread(ratios['throughput'], 2)} ({aim('fairness, throughput beside / alone', median(ratios['throughput']), least=0.9)})")
    lost = [1 - share for name in ("alone", "beside") for kind in ("steady", "flood") for share in of(name, kind, "received")]
    aim("fairness, not received", max(lost), most=0)
    keep("fairness", {"runs": runs, "p99_ratio": median(ratios["p99"]), "throughput_ratio": median(ratios["throughput"])})


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        gateway = system.gateway()
        well, *bad = receivers(system, folder)
        try:
            orgs = tenants_with(system, gateway, well, ())
            flood(system, orgs, well, EVENTS // 8)  # Kafka's JIT, PostgreSQL's plans.
            tell([one_run(system, gateway, well, bad) for _ in range(RUNS)])
        finally:
            for one in (well, *bad):
                one.stop()


if __name__ == "__main__":
    main()
