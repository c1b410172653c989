"""Start-up tells every mistake of the configuration at once, also those that no single variable's form shows."""
import subprocess

import pytest

from harness.process import program

WRONG = {
    "PORTER_DB_URL": "mysql://db.example.com", "PORTER_SEAL_KEYS": "no-colon", "PORTER_KAFKA_EXTRA": "linger.milliseconds=1",
    "PORTER_DB_POOL": "many", "PORTER_LOG_LEVL": "info",
}
OWN = {
    "gateway": {"PORTER_REDIS_URL": "http://redis.example.com", "PORTER_EGRESS_ALLOW": "10.0.0.1", "PORTER_HTTP_THREADS": "0",
                "PORTER_TRUSTED_PROXIES": "10.0.0.0/8, 10.0.0.1", "PORTER_OTLP_ENDPOINT": "collector:4318", "PORTER_OTLP_SAMPLE": "10%"},
    "dispatcher": {"PORTER_EGRESS_ALLOW": "10.0.0.0/8, 10.0.0/8,fd00::/129", "PORTER_RETRY_SCHEDULE": "5s,soon", "PORTER_LEASE": "2s",
                   "PORTER_ATTEMPT_TIMEOUT": "3s", "PORTER_EGRESS_PROXY": "socks5://u:proxy-password@proxy.example.com",
                   "PORTER_IN_FLIGHT_BYTES": "8388608", "PORTER_EGRESS_CA_FILE": "/nowhere/ca.pem", "PORTER_OTLP_HEADERS": "otlp-password"},
}
TOLD = {"gateway": {"PORTER_REDIS_URL", "PORTER_EGRESS_ALLOW", "PORTER_HTTP_THREADS", "PORTER_TLS_CERTIFICATE", "PORTER_TLS_KEY",
                    "PORTER_TRUSTED_PROXIES", "PORTER_OTLP_ENDPOINT", "PORTER_OTLP_SAMPLE"},
        "dispatcher": {"PORTER_EGRESS_ALLOW", "PORTER_EGRESS_PROXY", "PORTER_EGRESS_CA_FILE", "PORTER_RETRY_SCHEDULE", "PORTER_LEASE", "PORTER_IN_FLIGHT_BYTES",
                       "PORTER_OTLP_HEADERS"}}


def start(name, **settings):
    return subprocess.run([program(name)], env=settings, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("name", OWN)
def test_every_mistake_is_told_at_once(name):
    done = start(name, **WRONG, **OWN[name])
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert {one for one in {*WRONG, *TOLD[name]} if one not in said} == set(), said
    assert "no-colon" not in said and "mysql://" not in said and "proxy-password" not in said and "otlp-password" not in said  # What may be secret is not shown.


def test_every_range_that_is_none_is_named():
    done = start("dispatcher", PORTER_DB_URL="postgresql://x/y", PORTER_SEAL_KEYS="a:" + 43 * "A" + "=", PORTER_EGRESS_ALLOW=OWN["dispatcher"]["PORTER_EGRESS_ALLOW"])
    said = done.stdout + done.stderr
    assert done.returncode == 2 and "10.0.0/8" in said and "fd00::/129" in said, said


@pytest.mark.parametrize("value, said", [
    ("", None), ("10.0.0.0/8,fd00::/8 , 192.0.2.1/32", None), ("10.0.0.1", '"10.0.0.1" is not a range such as 10.0.0.0/8'),
    ("10.0.0.0/33, proxy.example.com", '"10.0.0.0/33", "proxy.example.com" is not'), ("10.0.0.0/8, 0.0.0.0/0", '"0.0.0.0/0" is everybody'),
    ("::/0", "is everybody"), (",".join(33 * ["10.0.0.0/8"]), "more than 32")])
def test_proxies_are_networks_and_never_everybody(value, said):
    done = start("gateway", PORTER_DB_POOL="x", PORTER_TRUSTED_PROXIES=value)
    told = [line for line in (done.stdout + done.stderr).splitlines() if "PORTER_TRUSTED_PROXIES" in line]
    assert done.returncode == 2 and len(told) == (said is not None) and (said or "") in "".join(told), told


@pytest.mark.parametrize("value, said", [
    (None, None), ("/nowhere/ca.pem", "No such file"), (__file__, "no certificate"), ("/", "can't be read")])
def test_a_file_of_authorities_must_hold_some(value, said):
    """Or every webhook would fail, one by one."""
    more = {} if value is None else {"PORTER_EGRESS_CA_FILE": value}
    done = start("dispatcher", PORTER_DB_URL="postgresql://127.0.0.1:1/none", PORTER_SEAL_KEYS="a:" + 43 * "A" + "=", PORTER_LEASE="x", **more)
    told = done.stdout + done.stderr
    assert done.returncode == 2 and "PORTER_LEASE" in told
    assert ("PORTER_EGRESS_CA_FILE" in told) == (value is not None) and (said or "") in told, told


@pytest.mark.parametrize("words", [["gateway"], ["dispatcher"], ["porterctl", "migrate", "--status"]])
@pytest.mark.parametrize("environment, size, said", [
    ("production", 8, "is for tests"), ("development", 7, "has not 8 bytes"), ("development", None, "No such file"), ("development", 8, None)])
def test_only_in_development_a_file_may_move_the_clock(words, environment, size, said, tmp_path):
    path = tmp_path / "clock"
    if size is not None:
        path.write_bytes(bytes(size))
    env = {"PORTER_DB_URL": "postgresql://127.0.0.1:1/none", "PORTER_SEAL_KEYS": "a:" + 43 * "A" + "=", "PORTER_DB_POOL": "x",
           "PORTER_ENVIRONMENT": environment, "PORTER_CLOCK_FILE": str(path)}
    done = subprocess.run([program(words[0]), *words[1:]], env=env, capture_output=True, text=True, timeout=20, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 2 and "PORTER_DB_POOL" in told, told
    assert ("PORTER_CLOCK_FILE" in told) == (said is not None) and (said or "") in told, told


@pytest.mark.parametrize("value, is_one", [
    ("http://proxy:3128", True), ("https://u:p@proxy.example.com", True), ("socks5h://10.0.0.1:1080", True), ("", True),
    ("socks5://proxy:1080", False), ("socks4a://proxy", False), ("proxy:3128", False), ("http://", False), ("ftp://proxy", False)])
def test_a_proxy_is_one_that_looks_names_up(value, is_one):
    done = start("dispatcher", PORTER_DB_URL="postgresql://127.0.0.1:1/none", PORTER_SEAL_KEYS="a:" + 43 * "A" + "=", PORTER_LEASE="x", PORTER_EGRESS_PROXY=value)
    assert ("PORTER_EGRESS_PROXY" in done.stdout + done.stderr) == (not is_one)
