"""Where a webhook may lead: validation (POST, PATCH), the sample (Test) and the delivery of a real event give one
verdict, and who is forbidden is not even connected to.

One address of the machine is allowed here ({home}); all others, 127.0.0.1 and ::1 among them, are not, and a socket that
counts listens at every one of them, at a port ({port}) of each case's own. What validation refuses is put into PostgreSQL,
so that the dispatcher is asked too."""
import os
import re
import socket
import threading
from dataclasses import dataclass
from urllib.parse import unquote

import pytest

from harness.listeners import Listeners
from harness.poll import eventually
from harness.porter import Porter, parse_id
from harness.process import free_port
from harness.resolver import Resolver

pytestmark = pytest.mark.once

NEUTRAL = "https://example.com/"
BATCH = 80  # An organization has at most 100 webhooks.
NET = f"127.{64 + (os.getpid() >> 8) % 128}.{os.getpid() % 256}"  # Runs beside each other have one each.
HOME, NAMES = f"{NET}.7", f"{NET}.53"

# ---- The tables --------------------------------------------------------------------------------------------------------

# A literal address, or what a parser may take for one; userinfo; brackets: known from the URL alone.
REFUSED = [f"https://{host}:{{port}}/hook" for host in """
    127.0.0.1 127.0.0.2 127.255.255.254 0.0.0.0 0.1.2.3
    2130706433 0x7f000001 0X7F000001 017700000001 0x7f.0.0.1 0177.0.0.1 0177.0x0.0.1 127.1 127.0.1 0x7f.1 0 00 127.0.0.01
    127.0.0.1. 127.1. 2130706433. 0x7f000001. 127.0.0.0x1
    [::1] [0:0:0:0:0:0:0:1] [::] [0000:0000:0000:0000:0000:0000:0000:0001]
    [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] [::127.0.0.1] [::7f00:1]
    [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [64:ff9b:1::8.8.8.8]
    [2002:7f00:1::] [2002:a9fe:a9fe::] [2001::1] [2001:0:7f00:1::] [fe80::5efe:127.0.0.1] [2606::5efe:10.0.0.1]
    [::1%25lo] [::1%lo] [fe80::1%25lo] [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [2001:db8::1] [3fff::1] [5f00::1]
    10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 169.254.170.2 100.64.0.1 100.100.100.200
    168.63.129.16 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255 0xa9fea9fe 2852039166 0251.0376.0251.0376 0xa9.0xfe.0xa9.0xfe
    localhost LOCALHOST localhost. a.localhost a.b.LocalHost.
""".split()] + [
    # The first host or the second, whichever a parser takes: one of them is forbidden or both are there.
    "https://127.0.0.1:{port}@{home}:{good}/", "https://{home}:{good}@127.0.0.1:{port}/", "https://user@{home}:{good}/",
    "https://user:secret@{home}:{good}/", "https://:secret@{home}:{good}/", "https://@{home}:{good}/", "https://{home}%40127.0.0.1:{port}/",
    "https://{home}\\@127.0.0.1:{port}/", "https://127.0.0.1:{port}\\@{home}:{good}/", "https://127.0.0.1:{port}#@{home}:{good}/",
    "https://{home}:{good}#@127.0.0.1:{port}/", "https://127.0.0.1%09:{port}/", "https://127.0.0.1%00.hook.test:{port}/",
    "https://%31%32%37.0.0.1:{port}/", "https://127%2e0.0.1:{port}/", "https://①②⑦.⓪.⓪.①:{port}/", "https://127。0。0。1:{port}/",
    "https://ⓛocalhost:{port}/", "https://bücher.test:{good}/", "https://127.0.0.1,hook.test:{port}/", "https://127.0.0.1 :{port}/",
    # Brackets.
    "https://[127.0.0.1]:{port}/", "https://[::1:{port}/", "https://::1:{port}/", "https://[[::1]]:{port}/", "https://[::1]]:{port}/",
    "https://[::1]{port}/", "https://[]:{port}/", "https://[hook.test]:{good}/", "https://[v1.x]:{port}/", "https://[::1]@{home}:{good}/",
    # Neither name nor address.
    "https://256.0.0.1:{port}/", "https://1.2.3.4.5:{port}/", "https://127.0.0.1.1:{port}/", "https://4294967297:{port}/",
    "https://hook.1:{port}/", "https://hook.0x7f:{port}/", "https://127.0.0.1..:{port}/", "https://.:{port}/", "https://08.8.8.8:{port}/",
    # Other protocols and other services' ports.
    "ftp://{home}:{good}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "dict://127.0.0.1:{port}/", "//127.0.0.1:{port}/",
    "https:/127.0.0.1:{port}/", "https:127.0.0.1:{port}/", "https://{home}:25/", "https://{home}:80/", "https://{home}:0/", "https://{home}:65536/",
    "https://{home}:{good}x/", "https://{home}:/", "http://{home}:80/", "http://hook.test:{good}/", "http://10.0.0.1:{port}/",
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://2130706433:{port}/",
]

# Names, by what they mean: whoever saves one is told, and who connects knows.
FORBIDDEN_NAMES = {
    "loopback": ["127.0.0.1"], "loopback-end": ["127.255.255.254"], "beside-home": [f"{NET}.8"], "this-network": ["0.0.0.0"],
    "six": ["::1"], "unspecified": ["::"], "both": ["127.0.0.1", "::1"], "mapped": ["::ffff:127.0.0.1"], "compatible": ["::127.0.0.1"],
    "translated": ["::ffff:0:127.0.0.1"], "nat64": ["64:ff9b::127.0.0.1"], "nat64-metadata": ["64:ff9b::169.254.169.254"],
    "nat64-local": ["64:ff9b:1::7f00:1"], "six-to-four": ["2002:7f00:1::"], "teredo": ["2001:0:7f00:1::"], "isatap": ["2606::5efe:7f00:1"],
    "private-a": ["10.0.0.1"], "private-b": ["172.31.255.254"], "private-c": ["192.168.1.1"], "private-six": ["fd12:3456::1"],
    "metadata": ["169.254.169.254"], "metadata-six": ["fd00:ec2::254"], "metadata-azure": ["168.63.129.16"], "carrier": ["100.100.100.200"],
    "link-local": ["fe80::1"], "site-local": ["fec0::1"], "multicast": ["224.0.0.1"], "multicast-six": ["ff02::1"], "broadcast": ["255.255.255.255"],
    "documentation": ["198.51.100.9"], "documentation-six": ["2001:db8::1"], "benchmark": ["198.18.0.1"], "reserved": ["240.0.0.1"],
    "alias": ["=loopback.test"], "alias-of-alias": ["=alias.test"], "alias-of-localhost": ["=localhost"],
    "127.0.0.1.nip": ["127.0.0.1"], "localhost.evil": ["127.0.0.1"], "2130706433.dns": ["127.0.0.1"], "xn--bse-qla": ["127.0.0.1"],
    "under_score": ["127.0.0.1"], "many": [f"127.0.0.{i}" for i in range(1, 9)],
}
REFUSED_NAMES = [f"https://{name}.test:{{port}}/hook" for name in FORBIDDEN_NAMES] + [
    "https://LOOPBACK.Test:{port}/", "https://loopback.test.:{port}/", "https://loopback.test:0{port}/"]

# What must go on working.
GOOD_HOSTS = ["hook.test", "alias-good.test", "xn--bcher-kva.test", "mixed.test", "mixed-six.test", "rebind.test", "redirect.test"]
GOOD = ["https://{home}:{good}/hook", "https://{home}/", "https://{home}:443/", "https://{home}:8443/", "https://hook.test:{good}/",
        "https://HOOK.Test:{good}/", "https://hook.test.:{good}/", "https://hook.test", "https://hook.test:8443/a?b=c", "https://alias-good.test:{good}/",
        "https://xn--bcher-kva.test:{good}/", "https://hook.test:{good}/a@b?c=https://127.0.0.1/&d=%20", "HTTPS://hook.test:0{good}/",
        "https://mixed.test:{good}/", "https://mixed-six.test:{good}/", "http://{home}:{plain}/"]

# The endpoint is fine and points elsewhere: that is its answer, not our way.
REDIRECTS = [f"https://redirect.test:{{good}}/{status}/{where}" for status in (301, 302, 303, 307, 308)
             for where in ("https://127.0.0.1:{port}/", "http://127.0.0.1:{port}/", "https://%5B::1%5D:{port}/")] + [
    "https://redirect.test:{good}/302/https://loopback.test:{port}/", "https://redirect.test:{good}/302///127.0.0.1:{port}/",
    "https://redirect.test:{good}/302/file:///etc/passwd", "https://redirect.test:{good}/307/gopher://127.0.0.1:{port}/"]


# ---- The world -----------------------------------------------------------------------------------------------------------


@dataclass
class Verdict:
    url: str
    port: int
    id: str
    post: object  # Answers of the API.
    patch: object
    test: dict  # Attempts, and the states of their deliveries.
    event: dict


class World:
    def __init__(self, servers):
        self.listeners = Listeners()
        # Fine when it is saved and when it is first sent to. Its AAAA question is counted apart: the nth lookup gives both of the nth meaning.
        rebind = lambda before: [HOME] if before < 2 else ["127.0.0.1"]
        good = {"hook.test": [HOME], "alias-good.test": ["=hook.test"], "xn--bcher-kva.test": [HOME], "mixed.test": ["127.0.0.1", HOME],
                "mixed-six.test": ["::1", HOME], "rebind.test": rebind, "redirect.test": [HOME], "localhost": ["127.0.0.1"]}
        self.resolver = Resolver(NAMES, {**{f"{name}.test": means for name, means in FORBIDDEN_NAMES.items()}, **good})
        self.porter = Porter(servers, hosts=(HOME, *GOOD_HOSTS))
        allow = {"PORTER_EGRESS_ALLOW": f"{HOME}/32"}
        self.porter.gateway(resolver=self.resolver, **allow)
        self.dispatcher = self.porter.dispatcher(resolver=self.resolver, PORTER_RETRY_SCHEDULE="1h", **allow)
        self.good = self.porter.receiver(answer, address=HOME, port=free_port())
        self.plain = self.porter.receiver(address=HOME, port=free_port(), is_plain=True)
        for port in (443, 8443):
            self.porter.receiver(address=HOME, port=port)
        # Where the same port leads at other addresses.
        for address in ("127.0.0.1", "::1"):
            self.listeners.open(address, self.good.port)

    def url(self, template, port):
        places = {"{port}": port, "{home}": HOME, "{good}": self.good.port, "{plain}": self.plain.port}
        for place, value in places.items():
            template = template.replace(place, str(value))
        return template

    def judge(self, templates):
        """{template: its Verdict}: everybody is asked about every URL."""
        found = {}
        for at in range(0, len(templates), BATCH):
            found.update(self._judge(templates[at:at + BATCH]))
        return found

    def _judge(self, templates):
        tenant = self.porter.organization()
        client, place = tenant.client(), tenant.location()
        spare = create(client, NEUTRAL, status="disabled")
        found = {}
        for template in templates:
            port = self.listeners.open()
            url = self.url(template, port)
            post = client.post("/webhooks", json={"url": url, "events": ["*"]})
            patch = client.request("PATCH", f"/webhooks/{spare}", json={"url": url})
            made = post.json()["id"] if post.status_code == 201 else create(client, NEUTRAL)
            found[template] = Verdict(url, port, made, post, patch, None, None)
        self._store(tenant, {one.id: one.url for one in found.values()})
        for one in found.values():
            client.post(f"/webhooks/{one.id}/test")
        client.pre_register(place)
        for one in found.values():
            one.test, one.event = eventually(lambda one=one: attempts(client, one.id), 60, f"attempts for {one.url}")
        return found

    def _store(self, tenant, urls):
        """Past the API, as an older version or a hand might have."""
        with self.porter.database() as db:
            for made, url in urls.items():
                db.execute("UPDATE webhooks SET url = %s WHERE id = %s", (url, parse_id(made)))
            db.execute("UPDATE organizations SET webhooks_version = webhooks_version + 1 WHERE id = %s", (parse_id(tenant.id),))

    def close(self):
        self.porter.close()
        self.resolver.close()
        self.listeners.close()


def answer(received):
    """/302/https://… sends there."""
    _, status, *where = received.path.split("/", 2)
    return (int(status), {"Location": unquote(where[0])}, b"") if status.isdigit() else (204, {}, b"")


def create(client, url, **more):
    made = client.post("/webhooks", json={"url": url, "events": ["*"], **more})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def attempts(client, webhook):
    """The first attempt of its sample and that of its event, with their deliveries' states; None: not both are there yet."""
    rows = client.get(f"/webhooks/{webhook}/deliveries").json()["deliveries"]
    found = {}
    for row in rows:
        shown = client.get(f"/webhooks/{webhook}/deliveries/{row['id']}").json()
        if shown["attempts"]:
            found[row["test"]] = {**shown["attempts"][0], "state": shown["state"]}
    return (found[True], found[False]) if len(found) == 2 else None


@pytest.fixture(scope="module")
def world(servers):
    try:
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.bind((NAMES, 53))
        probe.close()
    except PermissionError:
        pytest.skip("a name server of its own wants port 53, which this user may not have")
    made = World(servers)
    yield made
    made.close()


@pytest.fixture(scope="module")
def verdicts(world):
    return world.judge(REFUSED + REFUSED_NAMES + GOOD + REDIRECTS)


# ---- The tests -------------------------------------------------------------------------------------------------------------


def test_there_are_enough_of_them():
    assert len(set(REFUSED)) == len(REFUSED) >= 60 and len(set(REFUSED_NAMES)) == len(REFUSED_NAMES)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"])
def test_a_listener_sees_who_comes(world, address):
    """Else "saw nobody" would say nothing."""
    port = world.listeners.open()
    socket.create_connection((address, port)).close()
    eventually(lambda: len(world.listeners.seen[port]) == 1, 10, "one that came")


def is_refused(attempt, sample):
    """By the guard, before anything was connected to; a sample ends, an event comes again."""
    assert attempt["failure"] == "refused_address", attempt
    assert attempt["status"] is None and not attempt["connect_us"] and attempt["http_version"] is None  # `remote` is what was refused.
    assert (attempt["verdict"], attempt["state"]) == (("give_up", "failed") if sample else ("retry", "pending"))


@pytest.mark.parametrize("template", REFUSED)
def test_a_refused_url_is_refused_by_all(world, verdicts, template):
    one = verdicts[template]
    said = set()
    for answered in (one.post, one.patch):
        assert answered.status_code == 422, answered.text
        (fault,) = answered.json()["errors"]
        assert fault["field"] == "url" and fault["code"] in ("bad_format", "not_allowed")
        said.add(fault["detail"])
    message, = said
    for attempt, sample in ((one.test, True), (one.event, False)):
        is_refused(attempt, sample)
        assert message[:120] in attempt["detail"]
    assert world.listeners.seen[one.port] == []


@pytest.mark.parametrize("template", REFUSED_NAMES)
def test_a_name_is_refused_by_the_address_behind_it(world, verdicts, template):
    one = verdicts[template]
    refusal = r"The webhook's address \S+ is refused \([^)]+\)\."
    for answered in (one.post, one.patch):
        assert answered.status_code == 422, answered.text
        (fault,) = answered.json()["errors"]
        assert (fault["field"], fault["code"]) == ("url", "not_allowed")
        assert re.search(f"^the URL's host \\S+ leads inwards: {refusal}", fault["detail"])
    for attempt, sample in ((one.test, True), (one.event, False)):
        is_refused(attempt, sample)
        assert re.search(refusal, attempt["detail"])
    assert world.listeners.seen[one.port] == []


@pytest.mark.parametrize("template", GOOD)
def test_a_good_url_passes_all(world, verdicts, template):
    one = verdicts[template]
    assert (one.post.status_code, one.patch.status_code) == (201, 200)
    for attempt in (one.test, one.event):
        assert (attempt["verdict"], attempt["status"], attempt["state"]) == ("delivered", 204, "delivered"), attempt
        assert attempt["remote"].rsplit(":", 1)[0] == HOME
    assert world.listeners.seen[world.good.port] == []


@pytest.mark.parametrize("template", REDIRECTS)
def test_a_redirect_is_not_followed(world, verdicts, template):
    one = verdicts[template]
    assert (one.post.status_code, one.patch.status_code) == (201, 200)
    status = int(template.split("/")[3])
    for attempt in (one.test, one.event):
        assert (attempt["failure"], attempt["status"]) == (None, status), attempt
        assert attempt["remote"].startswith(HOME)
    assert world.listeners.seen[one.port] == [] and world.listeners.seen[world.good.port] == []


def test_a_name_that_changes_its_meaning_gains_nothing(world):
    """First it is allowed, then it is 127.0.0.1: each lookup is judged by what is connected to."""
    tenant = world.porter.organization()
    client, place = tenant.client(), tenant.location()
    made = create(client, f"https://rebind.test:{world.good.port}/rebound")
    client.post(f"/webhooks/{made}/test")
    eventually(lambda: [got for got in world.good.got if got.path == "/rebound"], 30, "a sample")
    looked_up = world.resolver.lookups("rebind.test")
    world.dispatcher.restart()  # What libcurl keeps of names, it keeps for a minute.
    client.pre_register(place)
    _, event = eventually(lambda: attempts(client, made), 30, "two attempts")
    is_refused(event, False)
    assert "127.0.0.1 is refused (loopback)" in event["detail"]
    assert world.resolver.lookups("rebind.test") > looked_up >= 1
    assert len([got for got in world.good.got if got.path == "/rebound"]) == 1
    assert world.listeners.seen[world.good.port] == []


def test_another_change_is_possible_while_the_url_is_refused(world, verdicts):
    """Who can't be sent to any more can still be disabled."""
    one = verdicts[REFUSED[0]]
    tenant = world.porter.organization()
    client = tenant.client()
    made = create(client, NEUTRAL)
    world._store(tenant, {made: one.url})
    answered = client.request("PATCH", f"/webhooks/{made}", json={"status": "disabled"})
    assert (answered.status_code, answered.json()["status"]) == (200, "disabled")
    assert client.request("PATCH", f"/webhooks/{made}", json={"url": one.url, "status": "disabled"}).status_code == 422


def test_porterctl_has_the_same_judge(world, verdicts):
    one = verdicts["https://127.0.0.1:{port}/hook"]
    message = one.post.json()["errors"][0]["detail"]
    tenant = world.porter.organization()
    more = {"PORTER_EGRESS_ALLOW": f"{HOME}/32"}
    done = world.porter.run_ctl("webhook", "add", "--org", tenant.id, "--url", one.url, **more)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    made = world.porter.ctl("webhook", "add", "--org", tenant.id, "--url", world.url("https://{home}:{good}/", 0), **more)
    done = world.porter.run_ctl("webhook", "update", made["id"], "--org", tenant.id, "--url", one.url, **more)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    done = world.porter.run_ctl("webhook", "add", "--org", tenant.id, "--url", NEUTRAL, PORTER_EGRESS_ALLOW="x")
    assert done.returncode == 2 and "PORTER_EGRESS_ALLOW" in done.stderr


# ---- Through a proxy --------------------------------------------------------------------------------------------------------


class Proxy:
    """Takes note of who is to be reached, and lets nobody pass."""

    def __init__(self, status=b"403 Forbidden"):
        self.status = status
        self.asked, self.heads = [], b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as lines:
                self.asked.append(lines.readline().decode().split()[1])
                while (line := lines.readline()).strip():
                    self.heads += line
                client.sendall(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_a_proxy_gets_names_and_nothing_else_and_the_guard_keeps_literal_addresses(world, new_porter):
    """Also when the environment asks to go past the proxy: then nobody would judge."""
    proxy, port = Proxy(), world.listeners.open()
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(resolver=world.resolver, PORTER_EGRESS_PROXY=proxy.url, no_proxy="*", NO_PROXY="*", PORTER_EGRESS_ALLOW=f"{HOME}/32")
    tenant = porter.organization()
    client = tenant.client()
    named, literal = create(client, f"https://loopback.test:{port}/", headers={"X-Own": "secret"}), create(client, NEUTRAL)
    with porter.database() as db:
        db.execute("UPDATE webhooks SET url = %s WHERE id = %s", (f"https://127.0.0.1:{port}/", parse_id(literal)))
    rows = {made: client.post(f"/webhooks/{made}/test").json()["id"] for made in (named, literal)}

    def attempt(made):
        shown = client.get(f"/webhooks/{made}/deliveries/{rows[made]}").json()
        return shown["attempts"][0] if shown["attempts"] else None
    assert eventually(lambda: attempt(literal), 30)["failure"] == "refused_address"
    assert eventually(lambda: attempt(named), 30)["failure"] not in (None, "refused_address")
    assert proxy.asked == [f"loopback.test:{port}"]
    assert b"X-Own" not in proxy.heads and b"X-Porter" not in proxy.heads  # What is said to the endpoint is said to it alone.
    assert world.listeners.seen[port] == []
    proxy.close()


@pytest.mark.parametrize("status, failure, health", [(b"502 Bad Gateway", "unreachable", "failing"), (b"407 Proxy Authentication Required", "proxy", "ok")])
def test_whom_a_proxy_does_not_reach_is_given_a_rest(world, new_porter, status, failure, health):
    """What the proxy itself refuses says nothing about the endpoint."""
    proxy = Proxy(status)
    porter = new_porter()
    porter.gateway()
    porter.dispatcher(resolver=world.resolver, PORTER_EGRESS_PROXY=proxy.url, PORTER_EGRESS_ALLOW=f"{HOME}/32",
                      PORTER_RETRY_SCHEDULE="100ms,100ms,100ms", PORTER_PROBE_WAIT="1h")
    tenant = porter.organization()
    client, place = tenant.client(), tenant.location()
    made = create(client, f"https://loopback.test:{world.listeners.open()}/")
    for _ in range(10):
        client.pre_register(place)
    eventually(lambda: len(proxy.asked) >= (40 if health == "ok" else 10), 60, "attempts")
    eventually(lambda: client.get(f"/webhooks/{made}").json()["health"] == health, 30, health)
    rows = client.get(f"/webhooks/{made}/deliveries").json()["deliveries"]
    assert {row["last_failure"] for row in rows if row["attempt_count"]} == {failure}
    # By these sums it would be judged hours later.
    assert (client.get(f"/webhooks/{made}/stats").json()["totals"]["attempt_count"] == 0) == (health == "ok")
    proxy.close()
