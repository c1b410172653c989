"""Requests of `admit` to gateways that tell a collector of some, all or none of them, beside one whose traces are off.

The figure is the gateway's CPU per request, which depends least on what else the machine does; the thread that encodes and
sends is in it, the collector (it reads the bytes and answers) is not."""
import socketserver
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from bench_admit import KEYS, PATH
from common import RUNS, SECONDS, System, cpu_seconds, keep, make_keys, median, rss_mib, say, spread, wrk
from harness.collector import Silence


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Collector(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


def fates(gateway):
    lines = [line.split() for line in gateway.metrics().splitlines() if line.startswith("porter_trace_spans_total{")]
    return {name.split('"')[1]: int(float(value)) for name, value in lines}


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder, Collector(("127.0.0.1", 0), Handler) as collector:
        threading.Thread(target=collector.serve_forever, args=(0.05,), daemon=True).start()
        there, silence = f"http://127.0.0.1:{collector.server_address[1]}", Silence()
        keys = Path(folder) / "keys"
        make_keys(system, system.porter.organization(), KEYS, keys)
        kinds = {"off": {}, "5 %": {"PORTER_OTLP_ENDPOINT": there, "PORTER_OTLP_SAMPLE": "0.05"}, "all": {"PORTER_OTLP_ENDPOINT": there},
                 "all, to a silent collector": {"PORTER_OTLP_ENDPOINT": silence.url}}
        gateways = {kind: system.gateway(PORTER_HTTP_THREADS=256, **settings) for kind, settings in kinds.items()}
        say("warming up …")
        for gateway in gateways.values():
            wrk(gateway.url, keys, path=PATH, seconds=2)
        seen = {kind: [] for kind in kinds}
        for _ in range(RUNS):
            for kind, gateway in gateways.items():
                before = cpu_seconds(gateway.pid)
                run = wrk(gateway.url, keys, path=PATH)
                seen[kind].append({**run, "cpu_us": (cpu_seconds(gateway.pid) - before) * 1e6 / run["requests"]})
        say(f"tracing: {RUNS} runs of {SECONDS} s, median (min–max)")
        off = median([run["cpu_us"] for run in seen["off"]])
        for kind, runs in seen.items():
            cpu = [run["cpu_us"] for run in runs]
            say(f"  {kind}: CPU µs/request {spread(cpu, 1)}, {median(cpu) / off:.3f} of off; req/s {spread([run['per_second'] for run in runs])}; "
                f"p99 ms {spread([run['p99'] for run in runs], 1)}; resident {rss_mib(gateways[kind].pid):.0f} MiB; {fates(gateways[kind])}")
        keep("tracing", {"runs": seen, "ratio": {kind: median([run["cpu_us"] for run in runs]) / off for kind, runs in seen.items()}})
        collector.shutdown()
        silence.close()
