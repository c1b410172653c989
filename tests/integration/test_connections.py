"""Clients that hold connections must not keep others out. No times are measured here, only whether
everyone who behaves is answered; how fast, the benchmarks tell."""
import re
import threading
import time

import pytest
import requests

from harness.poll import eventually
from harness.raw import NoAnswer, Wire, request, trusting

LIST = "/api/v1/visitors?limit=1"


class Scene:
    """A gateway of few threads, and connections to it of several kinds."""

    def __init__(self, porter, **settings):
        self.gateway = porter.gateway(**settings)
        self.tls = trusting(porter.tls / "ca.pem")
        self.tenant = porter.organization()
        self.key = self.tenant.key().text
        self.wires = []

    def wire(self, tls=True, seconds=60):
        made = Wire(self.gateway.https, self.tls if tls else None, seconds)
        self.wires.append(made)
        return made

    def ask(self, wire):
        wire.send(request("GET", LIST, f"X-API-Key: {self.key}"))
        return wire.answer()

    def idle(self):
        """A kept connection after its first answer."""
        wire = self.wire()
        assert self.ask(wire).status == 200
        return wire

    def slow(self):
        """A head that is never finished."""
        wire = self.wire()
        wire.send(b"GET /api/v1/visitors HTTP/1.1\r\nHost: loc")
        return wire

    def connections(self):
        return int(re.search(r"^porter_http_connections (\d+)$", self.gateway.metrics(), re.M)[1])

    def close(self):
        for wire in self.wires:
            wire.close()


@pytest.fixture
def scene(new_porter):
    made = []

    def make(**settings):
        made.append(Scene(new_porter(), **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def callers(scene, count, each):
    """Normal clients: `each` requests over a connection that is kept while the server keeps it."""
    statuses, faults, lock = [], [], threading.Lock()

    def run():
        try:
            wire = None
            for _ in range(each):
                wire = wire or Wire(scene.gateway.https, scene.tls, 60)
                got = scene.ask(wire)
                with lock:
                    statuses.append(got.status)
                if got.closes:
                    wire.close()
                    wire = None
        except (OSError, NoAnswer) as fault:
            faults.append(repr(fault))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert faults == []
    assert statuses == [200] * (count * each)


def test_idle_and_slow_connections_do_not_keep_others_out(scene):
    """More than three quarters of the threads are held, so the server sheds what only waits."""
    scene = scene(PORTER_HTTP_THREADS=256, PORTER_HTTP_KEEP_ALIVE="120s", PORTER_HTTP_REQUEST="20s")
    for _ in range(150):
        scene.idle()
    for _ in range(60):
        scene.slow()
    callers(scene, count=20, each=20)
    assert requests.get(f"http://127.0.0.1:{scene.gateway.private}/healthz", timeout=10).status_code == 200


def test_below_three_quarters_connections_are_kept(scene):
    scene = scene(PORTER_HTTP_THREADS=32, PORTER_HTTP_KEEP_ALIVE="120s")
    wires = [scene.idle() for _ in range(20)]
    assert not any(scene.ask(wire).closes for wire in wires)


def test_from_three_quarters_on_answers_end_their_connection(scene):
    scene = scene(PORTER_HTTP_THREADS=32, PORTER_HTTP_KEEP_ALIVE="120s")
    wires = [scene.wire() for _ in range(26)]
    eventually(lambda: scene.connections() == 26, 30, "26 connections")
    got = scene.ask(wires[0])
    assert got.status == 200 and got.closes and wires[0].ended()


def test_more_clients_than_threads_are_all_served(scene):
    """With every thread held by idle connections, the idle ones go (a tenth of 20 s)."""
    scene = scene(PORTER_HTTP_THREADS=16, PORTER_HTTP_KEEP_ALIVE="20s", PORTER_HTTP_REQUEST="8s")
    for _ in range(11):
        scene.idle()
    for _ in range(5):
        scene.slow()
    eventually(lambda: scene.connections() == 16, 30, "all threads are held")
    callers(scene, count=24, each=5)


def test_silent_connections_are_shed(scene):
    """TCP without TLS, and TLS without a request: a first head has its time, no more."""
    scene = scene(PORTER_HTTP_THREADS=16, PORTER_HTTP_REQUEST="4s")
    for _ in range(8):
        scene.wire(tls=False)
    for _ in range(8):
        scene.wire(tls=False).send(b"\x16\x03\x01")
    callers(scene, count=8, each=5)
    eventually(lambda: scene.connections() == 0, 30, "the silent ones are gone")


@pytest.mark.parametrize("drip", [b"", b"X"], ids=["silence", "a byte now and then"])
def test_a_slow_head_is_cut_at_its_deadline(scene, drip):
    scene = scene(PORTER_HTTP_REQUEST="2s", PORTER_HTTP_KEEP_ALIVE="120s")
    wire = scene.slow()
    stop = threading.Event()

    def send():
        while not stop.wait(0.3) and wire.send(drip):
            pass

    sender = threading.Thread(target=send, daemon=True)
    if drip:
        sender.start()
    try:
        got = wire.answer()
        assert got.status == 408 and got.closes
        assert got.json["type"].endswith("/request-timeout")
    except NoAnswer as fault:
        assert drip and "ended" in str(fault)  # Cut while it was sending: the answer may be lost.
    stop.set()
    eventually(lambda: scene.connections() == 0, 30, "the connection is gone")


def test_a_slow_body_is_cut_at_its_deadline(scene):
    scene = scene(PORTER_HTTP_REQUEST="2s", PORTER_HTTP_KEEP_ALIVE="120s")
    wire = scene.wire()
    wire.send(request("POST", "/api/v1/visitors/pre-register", f"X-API-Key: {scene.key}",
                      "Content-Type: application/json", "Content-Length: 1000"))
    stop = threading.Event()
    sender = threading.Thread(target=lambda: [wire.send(b" ") for _ in iter(lambda: stop.wait(0.3), True)], daemon=True)
    sender.start()
    got = wire.answer()
    stop.set()
    assert got.status == 408 and got.closes
    eventually(lambda: scene.connections() == 0, 30, "the connection is gone")


def test_a_reader_that_takes_nothing_is_cut(scene):
    """Its answers fill every buffer on the way; then the write has its deadline."""
    scene = scene(PORTER_HTTP_REQUEST="2s")
    for _ in range(20):
        scene.tenant.client(gateway=scene.gateway).pre_register(_location(scene), notes="n" * 2000)
    wire = scene.wire()
    wire.socket.settimeout(5)
    data = request("GET", "/api/v1/visitors?limit=200", f"X-API-Key: {scene.key}") * 50
    for _ in range(40):
        if not wire.send(data):
            break
    eventually(lambda: scene.connections() == 0, 30, "the connection is gone")


def _location(scene):
    if not hasattr(scene, "place"):
        scene.place = scene.tenant.location()
    return scene.place


def test_an_idle_connection_ends_after_the_keep_alive_time(scene):
    scene = scene(PORTER_HTTP_KEEP_ALIVE="1s")
    wire = scene.idle()
    began = time.monotonic()
    assert wire.ended()
    assert time.monotonic() - began >= 0.5
    eventually(lambda: scene.connections() == 0, 30, "the thread is free")
