"""scripts/sizing: its arithmetic by hand, and that docs/scaling.md shows what it prints."""
import json
import re
import subprocess

import pytest

from harness.process import ROOT

SCRIPT = ROOT / "scripts" / "sizing"


def sizing(*words):
    return subprocess.run([SCRIPT, *map(str, words)], capture_output=True, text=True, check=True).stdout


def sized(**given):
    return json.loads(sizing(*[word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)], "--json"))


def test_costs_add_up():
    one = sized(requests=1000, events=100, endpoints=10, per_event=2, nodes=1, cores=1, postgres_cores=1)["needed"]
    assert one["gateway_cores"] == pytest.approx(0.063 + 0.0236)
    assert one["dispatcher_cores"] == pytest.approx(200 * 83e-6)
    assert one["postgres_cores"] == pytest.approx(0.015 + 0.014 + 0.0052)
    assert one["redis_cores"] == pytest.approx(1100 * 10.8e-6)
    assert one["rows_a_day"] == (300 + 400) * 86_400


def test_what_is_full_first_follows_from_what_there_is():
    assert sized(requests=100, events=100, nodes=1, cores=1, postgres_cores=64)["first"] == "gateways and dispatchers"
    assert sized(requests=10000, events=50000, nodes=50, postgres_cores=4, workers=16)["first"] == "PostgreSQL's CPU"
    assert sized(requests=100000, events=0, nodes=50, postgres_cores=64)["first"] == "Redis' one thread"
    # Twice the load, twice as full.
    assert sized(requests=20000, events=100000)["full"]["Redis' one thread"] == pytest.approx(2 * sized()["full"]["Redis' one thread"])


def test_slow_endpoints_take_the_dispatchers_transfers():
    transfers = int(re.search(r"define TRANSFERS_MAX (\d+)", (ROOT / "services" / "dispatcher" / "worker.c").read_text())[1])
    workers = int(re.search(r'"PORTER_WORKERS", CONFIG_UINT, AT\(workers\), 0, "(\d+)"', (ROOT / "services" / "settings" / "dispatcher.c").read_text())[1])
    # What twelve carry at 150 ms, at the most.
    carried = 12 * workers * transfers / 0.150
    assert carried == 16_000 and f"{carried:,.0f} deliveries a second" in (ROOT / "docs" / "scaling.md").read_text()
    full = sized(events=carried)["full"]["dispatchers' transfers"]
    assert full == pytest.approx(1 / 0.6)
    assert sized(events=carried, answer_ms=75)["full"]["dispatchers' transfers"] == pytest.approx(full / 2)
    assert sized(events=carried, workers=2 * workers)["full"]["dispatchers' transfers"] == pytest.approx(full / 2)


def test_the_page_shows_what_the_script_prints():
    page = (ROOT / "docs" / "scaling.md").read_text()
    assert f"```\n{sizing()}```" in page, "scripts/sizing, into docs/scaling.md"
