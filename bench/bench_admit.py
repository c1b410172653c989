"""Authenticated, limited requests over keep-alive HTTPS without PostgreSQL, beside nginx + Lua.

The request is GET /api/v1/visitors/{id} with an id of the wrong form: it passes TLS, the key check
and the window (it is counted), and is answered 404 before any database. The peer does the same look-up
and window with the gateway's own script in the same Redis, and writes a like answer."""
import re
import subprocess
import tempfile
from pathlib import Path

from common import (CONNECTIONS, ROOT, RUNS, SECONDS, System, aim, cpu_seconds, keep, make_keys, median,
                    rss_mib, say, spread, wait_until, wrk)
from harness.process import free_port, port_is_free

KEYS = 30000
PATH = "/api/v1/visitors/vis_none"


def redis_cli(system, *words):
    done = subprocess.run(["redis-cli", "-u", system.porter.environment()["PORTER_REDIS_URL"], *words],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def cache_prefix(system):
    """`k:<life>:` as the gateway wrote it."""
    for line in redis_cli(system, "--scan", "--pattern", "k:*").splitlines():
        if found := re.match(r"(k:[^:]+:)", line):
            return found.group(1)
    raise AssertionError("the gateway has cached no key")


def start_nginx(system, folder):
    script = (ROOT / "services" / "gateway" / "admit.lua").read_text()
    url = system.porter.environment()["PORTER_REDIS_URL"]
    host, port, number = re.match(r"redis://([^:/]+):(\d+)/(\d+)", url).groups()
    sha = redis_cli(system, "SCRIPT", "LOAD", script)
    https = free_port()
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / name).mkdir()
    text = (ROOT / "bench" / "nginx" / "nginx.conf.in").read_text()
    for name, value in {
        "dir": folder, "here": ROOT / "bench" / "nginx", "redis_host": host, "redis_port": port,
        "redis_number": number, "script_sha": sha, "key_prefix": cache_prefix(system), "port": https,
        "certificate": system.porter.tls / "server.pem", "key": system.porter.tls / "server.key",
    }.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(text)
    nginx = subprocess.Popen(["nginx", "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"])
    wait_until(lambda: not port_is_free(https), 10, "nginx")
    return nginx, f"https://localhost:{https}"


def measure(url, keys, server_pid, redis_pid):
    before, redis_before = cpu_seconds(server_pid), cpu_seconds(redis_pid)
    run = wrk(url, keys, path=PATH)
    server = cpu_seconds(server_pid) - before
    redis = cpu_seconds(redis_pid) - redis_before
    return {**run, "server_cpu": server, "redis_cpu": redis,
            "per_cpu": run["requests"] / server, "per_cpu_all": run["requests"] / (server + redis)}


def report(name, runs):
    say(f"  {name:8} req/s {spread([r['per_second'] for r in runs])}   "
        f"per CPU-s of the server {spread([r['per_cpu'] for r in runs])}, "
        f"with Redis {spread([r['per_cpu_all'] for r in runs])}   p99 ms {spread([r['p99'] for r in runs], 1)}")


def limited(gateway):
    return sum(float(line.split()[-1]) for line in gateway.metrics().splitlines()
               if line.startswith("porter_admit") and 'limited"' in line)


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        org = system.porter.organization()
        keys = Path(folder) / "keys"
        make_keys(system, org, KEYS, keys)
        gateway = system.gateway(PORTER_HTTP_THREADS=256)
        redis = system.servers.redis.pid
        say(f"warming up {KEYS:,} keys …")
        wrk(gateway.url, keys, path=PATH, seconds=5)
        nginx_dir = Path(folder) / "nginx"
        nginx_dir.mkdir()
        nginx, nginx_url = start_nginx(system, nginx_dir)
        try:
            wrk(nginx_url, keys, path=PATH, seconds=2)
            ours, theirs = [], []
            for _ in range(RUNS):
                theirs.append(measure(nginx_url, keys, nginx.pid, redis))
                ours.append(measure(gateway.url, keys, gateway.pid, redis))
        finally:
            nginx.terminate()
            nginx.wait()
        assert limited(gateway) == 0, "some requests were over the limit: more keys are needed"
        say(f"admit: {CONNECTIONS} connections, {RUNS} runs of {SECONDS} s, median (min–max)")
        report("gateway", ours)
        report("nginx", theirs)
        ratios = {
            "per_cpu": median([r["per_cpu"] for r in ours]) / median([r["per_cpu"] for r in theirs]),
            "per_cpu_with_redis": median([r["per_cpu_all"] for r in ours]) / median([r["per_cpu_all"] for r in theirs]),
            "per_second": median([r["per_second"] for r in ours]) / median([r["per_second"] for r in theirs]),
        }
        say(f"  gateway / nginx: requests per CPU-second {ratios['per_cpu']:.2f} "
            f"(with Redis' share {ratios['per_cpu_with_redis']:.2f}; {aim('admit, per CPU-second with Redis', ratios['per_cpu_with_redis'], least=1.2)}), "
            f"requests per second {ratios['per_second']:.2f}")
        say(f"  gateway resident {rss_mib(gateway.pid):.0f} MiB (256 threads)")
        keep("admit", {"gateway": ours, "nginx": theirs, "ratios": ratios})
