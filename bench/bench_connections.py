"""A quiet client's answer times: alone, and beside 2,000 idle keep-alive and 500 slow-header connections."""
import socket
import ssl
import tempfile
import threading
import time
from pathlib import Path

from bench_admit import PATH
from common import RUNS, System, aim, keep, make_keys, median, pace, rss_mib, say, spread

IDLE, SLOW = 2000, 500
PER_SECOND, SECONDS = 200, 5


def connect(port, context):
    raw = socket.create_connection(("127.0.0.1", port), timeout=20)
    return context.wrap_socket(raw, server_hostname="localhost")


def open_idle(port, context, count):
    """Connections that have had one answer and then say nothing."""
    request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    held = []
    for _ in range(count):
        one = connect(port, context)
        one.sendall(request)
        assert one.recv(4096).startswith(b"HTTP/1.1 401"), "an answer was due"
        held.append(one)
    return held


class Slow:
    """Connections that send a head one byte a second; those the server ends are opened anew."""

    def __init__(self, port, context, count):
        self.port, self.context = port, context
        self.held = [self._begin() for _ in range(count)]
        self.replaced = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()

    def _begin(self):
        one = connect(self.port, self.context)
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        return one

    def _drip(self):
        while not self._stop.wait(1.0):
            for i, one in enumerate(self.held):
                try:
                    one.sendall(b"a")
                except OSError:
                    try:
                        self.held[i] = self._begin()
                        self.replaced += 1
                    except OSError:
                        pass

    def close(self):
        self._stop.set()
        self._thread.join()
        for one in self.held:
            one.close()


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        org = system.porter.organization()
        keys = Path(folder) / "keys"
        make_keys(system, org, 3000, keys)
        gateway = system.gateway(PORTER_HTTP_THREADS=4096, PORTER_HTTP_KEEP_ALIVE="10m")
        ca = system.porter.tls / "ca.pem"
        context = ssl.create_default_context(cafile=str(ca))
        at_start = rss_mib(gateway.pid)

        def quiet():
            return pace(gateway.url + PATH, ca, keys, PER_SECOND, SECONDS)

        quiet()
        alone = [quiet() for _ in range(RUNS)]
        say(f"opening {IDLE} idle and {SLOW} slow connections …")
        began = time.monotonic()
        idle = open_idle(gateway.https, context, IDLE)
        with_idle = rss_mib(gateway.pid)
        slow = Slow(gateway.https, context, SLOW)
        say(f"  opened in {time.monotonic() - began:.1f} s")
        crowded = [quiet() for _ in range(RUNS)]
        slow.close()
        for one in idle:
            one.close()
        ratio = median([r["p99_us"] for r in crowded]) / median([r["p99_us"] for r in alone])
        say(f"connections: one client at {PER_SECOND}/s, {RUNS} runs of {SECONDS} s, median (min–max)")
        say(f"  alone    p50 µs {spread([r['p50_us'] for r in alone])}  p99 µs {spread([r['p99_us'] for r in alone])}")
        say(f"  crowded  p50 µs {spread([r['p50_us'] for r in crowded])}  p99 µs {spread([r['p99_us'] for r in crowded])}")
        say(f"  p99 crowded / alone: {ratio:.2f} ({aim('connections, p99 crowded / alone', ratio, most=3)}); slow connections ended by the server and opened anew: {slow.replaced}")
        say(f"  resident: {at_start:.0f} MiB with 4,096 threads and no connection, "
            f"{(with_idle - at_start) / IDLE * 1000:.0f} MiB more per 1,000 idle connections")
        keep("connections", {"alone": alone, "crowded": crowded, "ratio": ratio, "rss_start": at_start, "rss_idle": with_idle})
