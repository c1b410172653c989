"""Many callers at once: threads that send requests and write down what came of each."""
import threading
import time
from dataclasses import dataclass

import requests


@dataclass
class Call:
    began: float  # time.monotonic(), before the first byte is sent
    ended: float
    status: int  # 0: no answer
    headers: dict
    body: dict | None = None
    fault: str = ""  # Why there was no answer.

    @property
    def seconds(self):
        return self.ended - self.began


def call(session, method, url, ca, key, **more):
    began = time.monotonic()
    try:
        answer = session.request(method, url, headers={"X-API-Key": key}, verify=str(ca),
                                 timeout=more.pop("timeout", 20), **more)
    except requests.RequestException as why:
        return Call(began, time.monotonic(), 0, {}, fault=repr(why))
    body = None
    if "json" in answer.headers.get("content-type", ""):
        body = answer.json()
    return Call(began, time.monotonic(), answer.status_code, answer.headers, body)


class Load:
    """`threads` callers, each doing `one(session, number)` -> Call again and again, at most
    `per_second` together (None: as fast as they can), until stop()."""

    def __init__(self, threads, one, per_second=None):
        self.calls, self._lock, self._stop = [], threading.Lock(), threading.Event()
        self._pause = threads / per_second if per_second else 0
        self._one = one
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True)
                         for i in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def since(self, when):
        """Calls that began after `when`."""
        with self._lock:
            return [one for one in self.calls if one.began > when]

    def _run(self, number):
        session = requests.Session()
        due = time.monotonic()
        while not self._stop.is_set():
            made = self._one(session, number)
            with self._lock:
                self.calls.append(made)
            due += self._pause
            self._stop.wait(max(0.0, due - time.monotonic()))


def p99(calls):
    times = sorted(one.seconds for one in calls)
    return times[int(len(times) * 0.99)] if times else 0.0
