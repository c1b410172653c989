"""What the benchmarks share: a system on release builds, many keys, CPU and memory of processes."""
import binascii
import hashlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("PORTER_TEST_PRESET", "release")
sys.path.insert(0, str(ROOT / "tests"))

from harness.process import program  # noqa: E402
from harness.porter import Organization, Porter, parse_id, uuid7, format_id  # noqa: E402
from harness.servers import Server, Servers  # noqa: E402

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TICKS = os.sysconf("SC_CLK_TCK")
RUNS = int(os.environ.get("RUNS", 5))
SECONDS = int(os.environ.get("SECONDS_PER_RUN", 5))
CONNECTIONS = 32


def tool(name):
    return program(name)


def say(*words):
    print(*words, flush=True)


# ---- A system ---------------------------------------------------------------------------------


class System:
    """Private servers and one Porter on them; `with System() as s:`."""

    def make_servers(self):
        return Servers.temporary()

    def make_porter(self):
        return Porter(self.servers)

    def __enter__(self):
        say("starting PostgreSQL, Redis and Kafka …")
        self.servers = self.make_servers().start()
        self.porter = self.make_porter()
        return self

    def __exit__(self, *_):
        try:
            self.porter.close()
        finally:
            self.servers.stop()

    def gateway(self, **settings):
        return self.porter.gateway(PORTER_LOG_LEVEL="info", **settings)

    def dispatcher(self, **settings):
        return self.porter.dispatcher(PORTER_LOG_LEVEL="info", **settings)


def base62(number, digits):
    text = ""
    for _ in range(digits):
        text = BASE62[number % 62] + text
        number //= 62
    return text


def make_key():
    body = "porter_sk_" + "".join(secrets.choice(BASE62) for _ in range(43))
    return body + base62(binascii.crc32(body.encode()), 6)


def make_keys(system, org, count, path):
    """`count` keys of the product's limit (100 a minute), written by SQL; one a line in `path`."""
    keys = [make_key() for _ in range(count)]
    one = org.key(rate_limit=100)
    with system.porter.database() as db:
        db.execute(
            "INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, rate_limit, created_at)"
            " SELECT org_id, gen_random_uuid(), 'bench', h, 'bench', scopes, 100, created_at"
            " FROM api_keys, unnest(%s::bytea[]) AS h WHERE id = %s",
            ([hashlib.sha256(key.encode()).digest() for key in keys], parse_id(one.id)))
    Path(path).write_text("\n".join(keys) + "\n")
    return keys


# ---- Measuring --------------------------------------------------------------------------------


def pids_of(pid):
    """The process and all below it."""
    found, todo = [], [int(pid)]
    while todo:
        one = todo.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                todo += [int(child) for child in task.read_text().split()]
            except OSError:
                pass
    return found


def cpu_seconds(*pids):
    total = 0
    for pid in {each for root in pids for each in pids_of(root)}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def rss_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def median(values):
    return statistics.median(values)


def spread(values, digits=0):
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def wrk(url, keys, path=None, paths=None, method="GET", body=None, seconds=None, connections=CONNECTIONS):
    """wrk's figures: requests, requests/s, p50 and p99 in ms, sockets in trouble."""
    env = {**os.environ, "KEYS": str(keys), "METHOD": method}
    env.update({k: str(v) for k, v in {"REQUEST_PATH": path, "PATHS": paths, "BODY": body}.items() if v})
    done = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{seconds or SECONDS}s", "--latency",
         "-s", str(ROOT / "bench" / "wrk" / "keys.lua"), url],
        env=env, capture_output=True, text=True, check=True)
    return read_wrk(done.stdout)


def read_wrk(text):
    figures = {"not_2xx": 0, "socket_errors": None}
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in ("50%", "99%"):
            suffix = words[1].lstrip("0123456789.")
            figures["p" + words[0][:-1]] = float(words[1][: -len(suffix)]) * unit[suffix]
        elif "requests in" in line:
            figures["requests"] = int(words[0])
        elif words[0] == "Requests/sec:":
            figures["per_second"] = float(words[1])
        elif line.strip().startswith("Non-2xx"):
            figures["not_2xx"] = int(words[-1])
        elif line.strip().startswith("Socket errors"):
            figures["socket_errors"] = line.strip()
    return figures


def pace(url, ca, keys, per_second, seconds, body=None):
    words = [tool("pace"), url, str(ca), str(keys), str(per_second), str(seconds)]
    done = subprocess.run(words + ([body] if body else []), capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def wait_until(question, seconds, what):
    until = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.01)


MISSED = []


def aim(what, figure, least=None, most=None, digits=2):
    """Its words, for the line that tells the figure; one that is missed is told of at the end, and fails the run."""
    bound = f"≥ {least:.{digits}f}" if most is None else f"≤ {most:.{digits}f}"
    if not (figure >= least if most is None else figure <= most):  # NaN too.
        MISSED.append(f"{what}: {figure:.{digits}f}, aim {bound}")
    return f"aim {bound}"


def keep(name, figures):
    """Beside the printed lines: one JSON file a benchmark, for comparing runs."""
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")


__all__ = [name for name in dir() if not name.startswith("_")]
