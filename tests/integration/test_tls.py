"""TLS at the door: versions, certificates that change while requests run, and an orderly end."""
import os
import select
import signal
import ssl
import threading
import time
from pathlib import Path

import pytest
import requests

from harness.poll import eventually
from harness.porter import make_tls
from harness.raw import NoAnswer, Wire, request, trusting

LIST = "/api/v1/visitors?limit=1"


@pytest.fixture
def tenant(new_porter):
    """An organization on a gateway of its own, whose certificate and life this test may change."""
    porter = new_porter()
    porter.gateway(PORTER_DRAIN="8s", PORTER_HTTP_KEEP_ALIVE="30s")
    return porter.organization()


def context(low=None, high=None, ciphers=None, alpn=None):
    """A client that takes any certificate: which one it was is what tests look at."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    made.minimum_version = low or ssl.TLSVersion.TLSv1_2
    made.maximum_version = high or ssl.TLSVersion.TLSv1_3
    if alpn:
        made.set_alpn_protocols(alpn)
    return made


def served(gateway, **more):
    """The certificate that a new connection sees."""
    with Wire(gateway.https, context(**more)) as wire:
        return wire.socket.getpeercert(True)


def leaf(folder):
    return ssl.PEM_cert_to_DER_cert((folder / "server.pem").read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")


def renew(tenant, number):
    """New files in place of the gateway's, as a renewal puts them: one after the other. The leaf."""
    new, live = make_tls(tenant.porter.folder / f"tls-{number}"), tenant.porter.tls
    for name in ("server.pem", "server.key"):
        os.replace(new / name, live / name)
    return leaf(live)


def events(gateway, name):
    return gateway.output().count(f'"event":"{name}"')


# ---- Versions ------------------------------------------------------------------------------------

@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning", "ignore:.*TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
def test_old_versions_are_refused(porter, version):
    with pytest.raises(ssl.SSLError, match="(?i)version|no.protocols|alert"):
        served(porter.gateways[0], low=version, high=version)


@pytest.mark.parametrize("version, name", [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_new_versions_are_accepted(porter, organization, version, name):
    with Wire(porter.gateways[0].https, context(version, version)) as wire:
        assert wire.socket.version() == name
        wire.send(request("GET", LIST, f"X-API-Key: {organization.key().text}"))
        assert wire.answer().status == 200


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "aNULL", "eNULL", "RC4:3DES"])
def test_weak_ciphers_are_refused(porter, ciphers):
    try:
        weak = context(high=ssl.TLSVersion.TLSv1_2, ciphers=f"{ciphers}:@SECLEVEL=0")
    except ssl.SSLError:
        pytest.skip("this machine's OpenSSL does not have them either")
    with pytest.raises((ssl.SSLError, ConnectionError)), Wire(porter.gateways[0].https, weak):
        pass


def test_http_1_1_is_what_alpn_chooses(porter):
    with Wire(porter.gateways[0].https, context(alpn=["h2", "http/1.1"])) as wire:
        assert wire.socket.selected_alpn_protocol() == "http/1.1"
    with pytest.raises(ssl.SSLError), Wire(porter.gateways[0].https, context(alpn=["h2"])):
        pass


def test_the_certificate_is_one_that_its_authority_vouches_for(porter):
    with Wire(porter.gateways[0].https, trusting(porter.tls / "ca.pem")) as wire:
        wire.send(request("GET", "/docs/errors/not-found"))
        assert wire.answer().status == 200


# ---- Certificates --------------------------------------------------------------------------------

class Callers:
    """Some keep their connection, some open one per request; every request must be answered 200."""

    def __init__(self, tenant, kept=3, fresh=3):
        self.gateway, self.key = tenant.porter.gateways[0], tenant.key()
        self.faults, self.done, self.closed = [], 0, 0
        self._stop, self._lock = threading.Event(), threading.Lock()
        works = [self._keep] * kept + [self._renew] * fresh
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.done >= 20, 30, "callers are under way")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def wait_more(self, count):
        until = self.done + count
        eventually(lambda: self.done >= until or self.faults, 20, f"{count} more answers")

    def _ask(self, wire):
        """True while the connection may be used on."""
        wire.until = time.monotonic() + 20
        wire.send(request("GET", LIST, f"X-API-Key: {self.key.text}"))
        try:
            got = wire.answer()
        except NoAnswer as fault:
            self.faults.append(str(fault))
            return False
        with self._lock:
            self.done += 1
            self.closed += got.closes
        if got.status != 200:
            self.faults.append(got.body)
        return not got.closes

    def _keep(self):
        with Wire(self.gateway.https, context()) as wire:
            while not self._stop.is_set() and self._ask(wire):
                pass

    def _renew(self):
        while not self._stop.is_set():
            with Wire(self.gateway.https, context()) as wire:
                if not self._ask(wire):
                    return


def test_sighup_changes_the_certificate_and_drops_nothing(tenant):
    gateway = tenant.porter.gateways[0]
    old = served(gateway)
    with Callers(tenant) as callers:
        for number in range(3):
            new = renew(tenant, number)
            gateway.signal(signal.SIGHUP)
            eventually(lambda: served(gateway) == new, 30, "the new certificate")
            callers.wait_more(20)
            assert new != old
            old = new
    assert callers.faults == [] and callers.closed == 0
    assert served(gateway, high=ssl.TLSVersion.TLSv1_2) == old


def test_changed_files_are_noticed_without_a_signal(tenant):
    gateway = tenant.porter.gateways[0]
    with Callers(tenant) as callers:
        new = renew(tenant, 0)
        eventually(lambda: served(gateway) == new, 30, "the new certificate")
        callers.wait_more(20)
    assert callers.faults == [] and callers.closed == 0


def test_a_session_of_the_old_certificate_can_be_resumed_or_begun_anew(tenant):
    gateway = tenant.porter.gateways[0]
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = context(version, version)
        with Wire(gateway.https, client) as wire:
            wire.send(request("GET", "/docs/errors/not-found"))
            assert wire.answer().status == 200
            session = wire.socket.session
        new = renew(tenant, version.name)
        gateway.signal(signal.SIGHUP)
        eventually(lambda: served(gateway) == new, 30, "the new certificate")
        with Wire(gateway.https, client, session=session) as wire:
            wire.send(request("GET", "/docs/errors/not-found"))
            assert wire.answer().status == 200


def _garbage(live, _):
    (live / "server.pem").write_text("no certificate\n")


def _empty(live, _):
    (live / "server.key").write_text("")


def _gone(live, _):
    (live / "server.pem").unlink()


def _other_key(live, other):
    os.replace(other / "server.key", live / "server.key")


@pytest.mark.parametrize("spoil", [_garbage, _empty, _gone, _other_key])
def test_a_bad_certificate_keeps_the_old_and_is_logged(tenant, spoil):
    gateway, live = tenant.porter.gateways[0], tenant.porter.tls
    old = served(gateway)
    with Callers(tenant) as callers:
        spoil(live, make_tls(Path(tenant.porter.folder) / "other"))
        gateway.signal(signal.SIGHUP)
        eventually(lambda: events(gateway, "tls.reload_failed") >= 1, 30, "the failure in the log")
        assert served(gateway) == old
        callers.wait_more(20)
        new = renew(tenant, "good")
        gateway.signal(signal.SIGHUP)
        eventually(lambda: served(gateway) == new, 30, "the new certificate")
        callers.wait_more(20)
    assert callers.faults == [] and callers.closed == 0
    assert "PRIVATE KEY" not in gateway.output()


# ---- The end -------------------------------------------------------------------------------------

def readiness(gateway):
    return requests.get(f"http://127.0.0.1:{gateway.private}/readyz", timeout=5).status_code


def test_sigterm_lets_every_request_end(tenant):
    """Clients that heed `Connection: close` lose nothing, and the process ends with 0."""
    gateway = tenant.porter.gateways[0]
    with Callers(tenant, kept=8, fresh=0) as callers:
        gateway.signal(signal.SIGTERM)
        eventually(lambda: readiness(gateway) == 503, 30, "not ready")
        assert gateway.popen.wait(20) == 0
    assert callers.faults == []
    assert callers.closed == 8  # Each was told with its last answer.


def test_a_request_whose_body_is_still_coming_is_waited_for(tenant):
    gateway = tenant.porter.gateways[0]
    body = '{"full_name":"Ada","location_id":"%s"}' % tenant.location()
    data = request("POST", "/api/v1/visitors/pre-register", "Content-Type: application/json",
                   f"X-API-Key: {tenant.key().text}", body=body)
    with Wire(gateway.https, context()) as wire:
        wire.send(data[:-10])
        eventually(lambda: "porter_http_connections 1" in gateway.metrics(), 30, "the request's beginning")
        gateway.signal(signal.SIGTERM)
        eventually(lambda: readiness(gateway) == 503, 30, "not ready")
        # Balancers have had their notice: from here on only the wait for us keeps it up.
        eventually(lambda: '"event":"gateway.draining","requests":1,' in gateway.output(), 30, "the wait for requests")
        assert gateway.popen.poll() is None
        wire.send(data[-10:])
        got = wire.answer()
        assert got.status == 201 and got.closes
    assert gateway.popen.wait(20) == 0


def test_an_idle_connection_does_not_hold_up_the_end(tenant):
    gateway = tenant.porter.gateways[0]
    with Wire(gateway.https, context()) as wire, Wire(gateway.https, context()):
        wire.send(request("GET", "/docs/errors/not-found"))
        assert wire.answer().status == 200
        gateway.signal(signal.SIGTERM)
        assert gateway.popen.wait(20) == 0


def test_a_kept_connection_may_be_used_once_more_after_sigterm(new_porter):
    """One that is closed while its owner sends would cost him the request: it stays, however long it was idle."""
    porter = new_porter()
    gateway = porter.gateway(PORTER_DRAIN="30s", PORTER_HTTP_KEEP_ALIVE="4s")
    # TLS 1.2: nothing comes after the answer (a session's ticket would).
    with Wire(gateway.https, context(high=ssl.TLSVersion.TLSv1_2)) as wire:
        wire.send(request("GET", "/docs/errors/not-found"))
        assert not wire.answer().closes
        gateway.signal(signal.SIGTERM)
        # Longer than it would be kept while threads are scarce.
        assert select.select([wire.socket], [], [], 1)[0] == []
        assert readiness(gateway) == 503
        wire.send(request("GET", "/docs/errors/not-found"))
        got = wire.answer()
        assert got.status == 200 and got.closes
    assert gateway.popen.wait(20) == 0


def listening(pid):
    """Ports on which a process listens, once per socket."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        name = os.readlink(fd)
        if name.startswith("socket:["):
            inodes.add(name[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                found.append(int(words[1].rsplit(":", 1)[1], 16))
    return sorted(found)


def test_there_is_exactly_one_listening_socket_per_server(porter):
    gateway = porter.gateways[0]
    assert listening(gateway.pid) == sorted([gateway.https, gateway.plain, gateway.private])
