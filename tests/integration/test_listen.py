"""porterctl listen: events of the log as webhooks on a developer's own machine; nothing lost, nothing twice."""
import json
import os
import signal
import subprocess
import threading

import pytest

from harness import poll, signatures
from harness.poll import LOG_S, eventually
from harness.process import free_port, program
from harness.receiver import Receiver
from harness.watch import watch_process

FAILED, USAGE, AWAY = 1, 2, 5


class Listener:
    """porterctl listen as it runs; its lines as they come."""

    def __init__(self, client, folder, *words, key=None, url=None, ca=None, wait=True):
        self.folder = folder
        key_file = folder / "key"
        key_file.write_text((key or client.key) + "\n")
        self.popen = subprocess.Popen(
            [program("porterctl"), "listen", "--url", url or client.base, "--key-file", key_file, "--ca", ca or client.ca, *words],
            env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        watch_process(self.popen.pid)
        self.lines, self.said = [], []
        self.threads = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.popen.stdout, self.lines), (self.popen.stderr, self.said))]
        for thread in self.threads:
            thread.start()
        if wait:
            self.wait_said("listening")

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def wait_said(self, text):
        return eventually(lambda: next((line for line in self.said if text in line), None), 30, f"{text!r} in {self.said}")

    def end(self, seconds=30):
        code = self.popen.wait(seconds)
        for thread in self.threads:
            thread.join(10)
        return code

    def stop(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)
        return self.end()

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.end()


@pytest.fixture
def listen(tmp_path):
    made = []

    def start(client, *words, **more):
        made.append(Listener(client, tmp_path, *map(str, words), **more))
        return made[-1]

    yield start
    for one in made:
        one.kill()


@pytest.fixture
def endpoint():
    """Plain HTTP, as on a developer's machine."""
    made = Receiver(None, is_plain=True)
    yield made
    made.close()


@pytest.fixture
def quiet(new_porter):
    """A gateway alone: what is sent, is sent by porterctl."""
    porter = new_porter()
    porter.gateway()
    return porter


def local(endpoint):
    return f"http://localhost:{endpoint.port}/hook"


def event_ids(received):
    return [r.headers["webhook-id"] for r in received]


def logged(client, count):
    """The ids of the log's events in its order, when there are so many."""
    return [event["id"] for event in poll.logged(client, count)]


def test_an_endpoint_gets_what_a_webhook_gets(porter, listen, endpoint, tmp_path):
    """The same body byte for byte, the same names of headers, and signatures that verify."""
    organization = porter.organization()
    hook = porter.receiver()
    organization.webhook(hook.url())
    client = organization.client()
    secret = tmp_path / "secret"
    secret.write_text("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n")
    listener = listen(client, "--forward-to", local(endpoint), "--secret-file", secret)
    visitor = client.pre_register(organization.location(), notes="Ünï \"cödé\" \u2028")
    [delivered], [got] = hook.wait(), endpoint.wait(seconds=LOG_S)
    text = secret.read_text().strip()
    assert got.body == delivered.body
    assert set(got.headers) == set(delivered.headers) and got.path == "/hook"
    same = set(got.headers) - {"host", "traceparent", "webhook-timestamp", "webhook-signature", "x-porter-signature", "x-porter-delivery"}
    assert {name: got.headers[name] for name in same} == {name: delivered.headers[name] for name in same}
    assert got.headers["x-porter-signature"] == signatures.porter(got.body, text)
    assert got.headers["webhook-signature"] == signatures.standard(got.body, text, got.headers["webhook-id"], got.headers["webhook-timestamp"])
    assert listener.stop() == 0
    [line] = listener.lines
    for part in ("visitor.pre_registered", visitor["id"], got.headers["webhook-id"], "-> 204 in "):
        assert part in line
    assert not any("whsec_" in line for line in listener.said)
    assert any("1 events, 1 answered 2xx, 0 not" in line for line in listener.said)


def test_the_secret_is_made_and_shown_when_none_is_given(quiet, listen, endpoint):
    organization = quiet.organization()
    client = organization.client()
    listener = listen(client, "--forward-to", local(endpoint))
    client.pre_register(organization.location())
    [got] = endpoint.wait(seconds=LOG_S)
    secret = listener.wait_said("signing with").split()[-1]
    assert got.headers["x-porter-signature"] == signatures.porter(got.body, secret)


def test_a_restart_of_the_gateway_loses_and_repeats_nothing(quiet, listen, endpoint):
    organization = quiet.organization()
    client, place = organization.client(), organization.location()
    gateway = quiet.gateways[0]
    listener = listen(client, "--forward-to", local(endpoint))
    for _ in range(3):
        client.pre_register(place)
    endpoint.wait(3, seconds=LOG_S)
    gateway.kill()
    listener.wait_said("the gateway is away")
    gateway.start()
    for _ in range(4):
        client.pre_register(place)
    wanted = logged(client, 7)
    endpoint.wait(7, seconds=LOG_S)
    listener.wait_said("the gateway is back")
    assert listener.stop() == 0
    assert event_ids(endpoint.got) == wanted


def test_a_listener_that_was_killed_goes_on_where_it_was(quiet, listen, endpoint, tmp_path):
    organization = quiet.organization()
    client, place = organization.client(), organization.location()
    words = ["--forward-to", local(endpoint), "--state-file", tmp_path / "state", "--since", "beginning"]
    client.pre_register(place)
    first = listen(client, *words)
    endpoint.wait(seconds=LOG_S)
    # The file is written behind the line.
    eventually(lambda: (tmp_path / "state").exists() and (tmp_path / "state").read_text().strip() == endpoint.got[0].headers["webhook-id"], 10)
    first.kill()
    client.pre_register(place)
    client.pre_register(place)
    wanted = logged(client, 3)
    second = listen(client, *words)
    endpoint.wait(3, seconds=LOG_S)
    assert second.stop() == 0 and event_ids(endpoint.got) == wanted
    assert (tmp_path / "state").read_text() == wanted[-1] + "\n"


def test_it_stops_within_a_page_and_goes_on_there(quiet, listen, endpoint, tmp_path):
    organization = quiet.organization()
    client, place = organization.client(), organization.location()
    for _ in range(3):
        client.pre_register(place)
    wanted = logged(client, 3)
    words = ["--forward-to", local(endpoint), "--since", "beginning", "--state-file", tmp_path / "state", "--count"]
    for count in (1, 2):
        assert listen(client, *words, count, wait=False).end() == 0
    assert event_ids(endpoint.got) == wanted


def test_it_begins_where_it_is_told(quiet, listen, endpoint):
    organization = quiet.organization()
    client, place = organization.client(), organization.location()
    visitor = client.pre_register(place)
    assert client.post(f"/visitors/{visitor['id']}/check-in").status_code == 200
    client.pre_register(place)
    wanted = logged(client, 3)

    def shown(*words):
        listener = listen(client, "--print", "--json", *words, wait=False)
        assert listener.end() == 0
        return [json.loads(line)["id"] for line in listener.lines]

    assert shown("--since", "beginning", "--count", 3) == wanted
    assert shown("--since", "1h", "--count", 3) == wanted
    assert shown("--since", wanted[0], "--count", 2) == wanted[1:]
    assert shown("--since", "beginning", "--types", "visitor.checked_in", "--count", 1) == [wanted[1]]
    # Without --since: what comes from now on, and nothing before.
    listener = listen(client, "--forward-to", local(endpoint))
    client.pre_register(place)
    assert event_ids(endpoint.wait(seconds=LOG_S)) == [logged(client, 4)[3]]
    assert listener.stop() == 0


def test_an_endpoint_that_is_down_is_told_of_and_not_waited_for(quiet, listen):
    organization = quiet.organization()
    client, place = organization.client(), organization.location()
    client.pre_register(place)
    client.pre_register(place)
    logged(client, 2)
    listener = listen(client, "--forward-to", f"http://localhost:{free_port()}/", "--since", "beginning", "--count", 2, wait=False)
    assert listener.end() == 0
    assert len(listener.lines) == 2 and all("-> no answer after" in line for line in listener.lines)
    assert any("2 events, 0 answered 2xx, 2 not" in line for line in listener.said)


def test_a_key_that_is_wrong_or_lacks_the_scope_ends_it(quiet, listen):
    organization = quiet.organization()
    client = organization.client()
    wrong = client.key[:-1] + ("a" if client.key[-1] != "a" else "b")
    for key, says in ((wrong, "401"), (organization.key(scopes="visitors:read").text, "events:read")):
        listener = listen(client, "--print", key=key, wait=False)
        assert listener.end() == FAILED
        assert says in " ".join(listener.said) and key not in " ".join(listener.said)


def test_a_key_that_is_revoked_ends_it(quiet, listen):
    organization = quiet.organization()
    key = organization.key()
    listener = listen(organization.client(key=key), "--print")
    quiet.ctl("key", "revoke", key.id, "--org", organization.id)
    assert listener.end() == FAILED
    assert any("the gateway answered 401" in line for line in listener.said)


def test_a_limit_is_waited_out(quiet, listen, endpoint):
    """The gateway says how long; nothing is lost over it."""
    organization = quiet.organization()
    client, place = organization.client(), organization.location()
    listener = listen(organization.client(key=organization.key(rate_limit=2)), "--forward-to", local(endpoint))
    listener.wait_said("the key's limit is reached")
    client.pre_register(place)
    assert event_ids(endpoint.wait(seconds=LOG_S)) == logged(client, 1)


def test_wrong_words_are_refused(quiet, listen, tmp_path):
    client = quiet.organization().client()
    port = free_port()
    for words, more, code, says in [
            ([], {}, USAGE, "--forward-to URL, or --print"),
            (["--forward-to", "localhost:3000"], {}, USAGE, "--forward-to is a URL"),
            (["--print", "--since", "tomorrow"], {}, USAGE, "is none of"),
            (["--print", "--types", "visitor.vanished"], {}, USAGE, "no type of event"),
            (["--print", "--secret-file", tmp_path / "key"], {}, USAGE, "a secret is whsec_"),
            (["--print"], {"url": client.base.replace("https", "http")}, USAGE, "over HTTPS only"),
            (["--print"], {"ca": "/nowhere"}, USAGE, "--ca"),
            (["--print"], {"url": f"https://localhost:{port}"}, AWAY, "can't be asked")]:
        listener = listen(client, *words, wait=False, **more)
        assert listener.end() == code and says in " ".join(listener.said), (words, listener.said)


def test_a_certificate_that_nobody_vouches_for_is_refused(quiet, listen, tmp_path):
    client = quiet.organization().client()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", tmp_path / "other.key", "-out",
                    tmp_path / "other.pem", "-days", "2"], check=True, capture_output=True)
    listener = listen(client, "--print", ca=tmp_path / "other.pem", wait=False)
    assert listener.end() == AWAY and any("certificate" in line for line in listener.said)
