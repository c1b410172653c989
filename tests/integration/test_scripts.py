"""scripts/up chooses its ports once, and never one port for two names."""
import subprocess

import pytest

from harness.process import ROOT

DEFAULTS = {"https": 8443, "plain": 8080, "gateway_private": 9090, "dispatcher_private": 9091,
            "receiver": 8444, "postgres": 25432, "redis": 26379, "kafka": 29092}
CHOOSE = """
source "$ROOT/scripts/lib/common.sh"
source "$ROOT/scripts/lib/run.sh"
RUN=$1
port_is_open() { [[ " $TAKEN " == *" $1 "* ]]; }
choose_ports
"""


def choose(folder, taken=(), **overrides):
    words = {"PATH": "/usr/bin:/bin", "ROOT": str(ROOT), "TAKEN": " ".join(map(str, taken))}
    words |= {name: str(port) for name, port in overrides.items()}
    subprocess.run(["bash", "-c", CHOOSE, "choose", str(folder)], env=words, check=True)
    rows = [line.split() for line in (folder / "ports").read_text().splitlines()]
    ports = {name: int(port) for name, port in rows}
    assert ports.keys() == DEFAULTS.keys() and len(rows) == len(DEFAULTS)
    used = [*ports.values(), ports["kafka"] + 1]
    assert len(set(used)) == len(used), "one port for two names"
    assert not set(used) & set(taken)
    return ports


def test_free_ports_are_the_defaults(tmp_path):
    assert choose(tmp_path) == DEFAULTS


def test_taken_defaults_are_stepped_over_without_a_clash(tmp_path):
    choose(tmp_path, [*DEFAULTS.values(), 29093])


def test_one_taken_default_moves_no_other_name(tmp_path):
    ports = choose(tmp_path, [8443, 9090])
    assert {n for n in ports if ports[n] != DEFAULTS[n]} == {"https", "gateway_private"}


def test_kafka_needs_the_port_after_its_own_too(tmp_path):
    assert choose(tmp_path, [29093])["kafka"] == 29094


@pytest.mark.parametrize("name", ["UP_HTTPS_PORT", "UP_KAFKA_PORT"])
def test_a_port_asked_for_goes_before_a_default(tmp_path, name):
    assert choose(tmp_path, **{name: 9091})[name.split("_")[1].lower()] == 9091


def test_a_second_run_keeps_the_ports_of_the_first(tmp_path):
    assert choose(tmp_path, [8443, 9090]) == choose(tmp_path)


def test_a_remembered_clash_is_mended(tmp_path):
    (tmp_path / "ports").write_text("gateway_private 9092\ndispatcher_private 9092\n")
    assert choose(tmp_path)["gateway_private"] == 9092
