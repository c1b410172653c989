"""Attempts explain themselves: what hostile, odd and badly kept endpoints do, in a word, a sentence with the cure, and facts.

All of them are hit at once by one event and one worker, and other webhooks get theirs meanwhile."""
import json
import os
import random
import re
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import hostile
from harness.certificates import DAY, Certificate, now, shown, weak_key
from harness.hostile import Crowded, Hostile, answering
from harness.poll import eventually
from harness.porter import Porter, parse_id
from harness.process import free_port
from harness.resolver import SILENT, Resolver

CONNECT_S, LIMIT_S = 6, 10
ADDRESS = "127.0.0.1"
PHASES = ("dns_us", "connect_us", "tls_us", "first_byte_us", "total_us")
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a name server of our own needs port 53")


def context(pem, weak=False, oldest=None, newest=None, asks=None, ciphers=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if weak or ciphers:
        made.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    made.minimum_version = oldest or ssl.TLSVersion.TLSv1_2
    made.maximum_version = newest or ssl.TLSVersion.TLSv1_3
    made.load_cert_chain(pem)
    if asks:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(asks)
    return made


class Pki:
    """One trusted root, and everything that can be wrong below it or beside it."""

    def __init__(self, folder):
        self.folder, self.root = folder, Certificate("Trusted Root")
        self.middle = Certificate("Middle CA", self.root)
        other_root = Certificate("Unheard-of Root")
        other_middle = Certificate("Unheard-of Middle", other_root)
        old_middle = Certificate("Old Middle", self.root, None, now() - 9 * DAY, now() - 2 * DAY)
        at = now()
        self.leaves = {
            "good": (Certificate("hooks.test", self.middle, [ADDRESS]), [self.middle]),
            "expired": (Certificate("hooks.test", self.root, [ADDRESS], at - 30 * DAY, at - DAY), []),
            "early": (Certificate("hooks.test", self.root, [ADDRESS], at + DAY), []),
            "host": (Certificate("other.test", self.root, ["a.example.com", "*.b.example.com", "192.0.2.7"]), []),
            "crowd": (Certificate("many.test", self.root, [f"n{number}.example.com" for number in range(100)]), []),
            "self": (Certificate("alone.test", None, [ADDRESS]), []),
            "middle": (Certificate("hooks.test", self.middle, [ADDRESS]), []),
            "unknown": (Certificate("hooks.test", other_middle, [ADDRESS]), [other_middle]),
            "rooted": (Certificate("hooks.test", other_middle, [ADDRESS]), [other_middle, other_root]),
            "weak": (Certificate("weak.test", self.root, [ADDRESS], key=weak_key()), []),
            "purpose": (Certificate("client.test", self.root, [ADDRESS], purpose=ExtendedKeyUsageOID.CLIENT_AUTH), []),
            "authority": (Certificate("old.test", old_middle, [ADDRESS]), [old_middle]),
        }

    def __getitem__(self, name):
        return self.leaves[name][0]

    def context(self, name, **more):
        leaf, chain = self.leaves[name]
        return context(leaf.write(self.folder / f"{name}.pem", chain), **more)


@dataclass
class Case:
    """What an endpoint does, and what its attempt must say; `says` is a pattern over the whole sentence."""
    name: str
    behave: object  # A behaviour; a URL; None: a port where nobody is.
    failure: str
    says: str
    leaf: str = "good"
    status: int = None
    verdict: str = "retry"
    shows: str = "good"  # Whose certificate is in the attempt; None: none.
    tls: str = "TLSv1.3"
    more: dict = field(default_factory=dict)  # Of its SSLContext.
    is_slow: bool = False  # It holds its slot until the time-out.


def status(code, says, *head, verdict="retry"):
    return Case(f"{code}{'+' if head else ''}", answering([f"{code} Said so", *head]), None,
                f"The endpoint answered {code}{says}", status=int(code), verdict=verdict)


def certificate(name, failure, says, behave=hostile.silent, shows="same", **more):
    return Case(f"certificate-{name}", behave, failure, says, leaf=name, shows=name if shows == "same" else shows, **more)


def before(name, behave, failure, says, **more):
    """It ends before there is TLS."""
    return Case(name, behave, failure, says, shows=None, tls=None, **more)


TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
LEAF = re.escape(shown("hooks.test"))
OLD = {"weak": True, "oldest": ssl.TLSVersion.TLSv1, "newest": ssl.TLSVersion.TLSv1_1}

CASES = [
    # --- no connection
    before("nobody-there", None, "connect_refused",
           r"127\.0\.0\.1:\d+ refused the connection: start the server there, or mend the port in the webhook's URL\."),
    before("no-way", "https://127.255.255.255:8443/", "unreachable",  # A broadcast address: the kernel says so at once.
           r"There is no way to 127\.255\.255\.255:8443: check the server's network, and the DNS records of 127\.255\.255\.255\."),
    before("crowded", Crowded, "connect_timeout",
           r"127\.0\.0\.1:\d+ did not take the connection within 6 s: check that the server runs, .*firewall lets us in\.",
           is_slow=True),
    # --- no TLS
    before("resets-at-once", hostile.resets_at_once, "tls_ended",
           r"The endpoint reset the connection within the TLS handshake: check that HTTPS is enabled on this port, .*", leaf=None),
    before("closes-in-the-handshake", hostile.closes_in_the_handshake, "tls_ended",
           r"The endpoint closed the connection within the TLS handshake: check .*", leaf=None),
    before("speaks-plain", hostile.speaks_plain, "tls_plain",
           r"What answers at 127\.0\.0\.1:\d+ does not speak TLS: enable HTTPS there, or mend the port .*", leaf=None),
    before("never-shakes-hands", hostile.never_shakes_hands, "tls_timeout",
           r"The TLS handshake was not over within 6 s: check .*", leaf=None, is_slow=True),
    before("old-protocol", hostile.silent, "tls_protocol",
           r"The endpoint speaks neither TLS 1\.2 nor 1\.3: enable them there\.", more=OLD),
    # --- bad certificates
    certificate("expired", "tls_expired", rf'The certificate "{LEAF}" expired on {TIME}: renew it\.'),
    certificate("early", "tls_not_yet_valid",
                rf'The certificate "{LEAF}" is not valid before {TIME}: install one that is valid now\.'),
    certificate("host", "tls_wrong_host",
                r"The certificate is good for a\.example\.com, \*\.b\.example\.com, 192\.0\.2\.7, not for 127\.0\.0\.1: install one that names 127\.0\.0\.1, .*"),
    certificate("crowd", "tls_wrong_host",
                r"The certificate is good for n0\.example\.com, .*n4\.example\.com, and more, not for 127\.0\.0\.1: .*"),
    certificate("self", "tls_self_signed",
                rf'The certificate "{re.escape(shown("alone.test"))}" is signed by nobody but itself: install one of a public authority\.'),
    certificate("middle", "tls_chain",
                rf'The certificate chain lacks the intermediate "CN=Middle CA, O=Acme", which signed "{LEAF}": have the server send the whole chain .*'),
    certificate("unknown", "tls_unknown_ca",
                r'The certificate chain ends at "CN=Unheard-of Root, O=Acme", which is not trusted here: install a certificate of a public authority\.'),
    certificate("rooted", "tls_unknown_ca", r'The certificate chain ends at "CN=Unheard-of Root, O=Acme", .*'),
    certificate("authority", "tls_expired", rf'The certificate "CN=Old Middle, O=Acme" expired on {TIME}: renew it\.'),
    certificate("weak", "tls_weak",
                r"The endpoint's TLS is too weak \(EE certificate key too weak\): install a certificate with a key of RSA 2048 bits .*",
                more={"weak": True}),
    certificate("purpose", "tls_certificate",
                rf'The certificate "{re.escape(shown("client.test"))}" does not hold \(unsuitable certificate purpose\): install one .*'),
    before("no-shared-cipher", hostile.silent, "tls_handshake",
           r"The TLS handshake failed \(.*handshake failure\): check the TLS settings of the server\.",
           more={"newest": ssl.TLSVersion.TLSv1_2, "ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}),
    Case("asks-for-a-certificate", hostile.silent, "tls_client_certificate",
         r"The endpoint wants a client certificate that it trusts: give the webhook one \(client_certificate\), or ask for none at its URL and verify the signature instead\.",
         more={"asks": True}),
    Case("asks-in-tls-1.2", hostile.silent, "tls_client_certificate", r"The endpoint wants a client certificate that it trusts: .*",
         tls="TLSv1.2", more={"asks": True, "newest": ssl.TLSVersion.TLSv1_2}),
    # --- no answer
    Case("resets-after-the-request", hostile.resets_after_the_request, "ended_silent",
         r"The endpoint had the request, and reset the connection without an answer: look into its log, .*"),
    Case("closes-after-the-request", hostile.closes_after_the_request, "ended_silent",
         r"The endpoint had the request, and closed the connection without an answer: .*"),
    Case("half-closes", hostile.half_closes, "ended_silent",
         r"The endpoint had the request, and closed the connection without an answer: .*"),
    Case("silent", hostile.silent, "timeout",
         r"The endpoint did not answer within 10 s: answer 2xx first, and do the work afterwards\.", is_slow=True),
    Case("interim-flood", hostile.interim_flood, "interim",
         r"The endpoint sent \d{3,} interim answers \(1xx\) and no final one: answer 2xx\."),
    Case("interim-drip", hostile.interim_drip, "interim", r"The endpoint sent \d+ interim answers .*", is_slow=True),
    Case("speaks-ssh", hostile.speaks_ssh, "not_http",
         r"What came from 127\.0\.0\.1:\d+ is no HTTP answer \(.*\): check the port .*"),
    # --- half an answer
    Case("closes-in-the-head", hostile.closes_in_the_head, "ended_short",
         r"The endpoint closed the connection within its answer \(28 bytes of its head and 0 of its body came\): .*", status=200),
    Case("resets-in-the-body", hostile.resets_in_the_body, "ended_short",
         r"The endpoint reset the connection within its answer \(\d+ bytes of its head and 10 of its body came\): .*", status=200),
    Case("cut-short", answering(["200 OK"], b"half of it", length=100), "ended_short",
         r"The endpoint closed the connection within its answer .*", status=200),
    Case("drips-the-head", hostile.drips_the_head, "timeout_answer",
         r"The answer was not whole within 10 s \(\d+ bytes of its head and 0 of its body came\): send a short one, in one go\.",
         status=200, is_slow=True),
    Case("drips-the-body", hostile.drips_the_body, "timeout_answer",
         r"The answer was not whole within 10 s \(\d+ bytes of its head and [1-9]\d* of its body came\): .*", status=200, is_slow=True),
    Case("bad-chunks", hostile.bad_chunks, "not_http", r"What came from .* is no HTTP answer \(.*chunk.*\): .*", status=200),
    # --- too much of it
    Case("endless-headers", hostile.endless_headers, "headers_too_large",
         r"The headers of the answer are larger than what we read: send less than 64 KiB of them\.", status=200),
    Case("endless-line", hostile.endless_line, "headers_too_large", r"The headers of the answer are larger .*", status=200),
    Case("large-body", answering(["200 OK"], b"x" * 100_000), "too_large",
         r"The endpoint answered 200 with a body of more than 64 KiB, and the rest was not read: send a short one, or none\.",
         status=200, verdict="delivered"),
    Case("gzip-bomb", answering(["200 OK", "Content-Encoding: gzip"], hostile.BOMB), None, None, status=200, verdict="delivered"),
    Case("gzip-transfer", answering(["200 OK", "Transfer-Encoding: gzip"], hostile.BOMB, length=0), "encoded",
         r"The endpoint answered 200 with a packed body \(Transfer-Encoding\), which was not read: send it as it is\.",
         status=200, verdict="delivered"),
    Case("gzip-chunked", answering(["500 No", "Transfer-Encoding: gzip, chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (len(hostile.BOMB), hostile.BOMB), length=0), "encoded",
         r"The endpoint answered 500, it failed: look into its log\.", status=500),
    # --- answers
    Case("quick", answering(["204 No Content"]), None, None, status=204, verdict="delivered"),
    Case("late", hostile.slow(LIMIT_S * 0.85), None,
         r"The endpoint answered 200 after 8\.\d s of 10 s: answer first, and do the work afterwards\.",
         status=200, verdict="delivered"),
    status("301",
        r" to https://new\.example\.com/in: update the webhook's URL \(redirects are not followed\)\.", "Location: https://new.example.com/in"),
    status("302", r" and did not say where to: give the webhook its final URL .*"),
    status("400", r", it can't read the request: .*"),
    status("401", r", it does not know us: check the webhook's secret there, .*"),
    status("403", r", it does not let us in: .*"),
    status("404", r", there is nothing at this path: mend the webhook's URL, or the route there\."),
    status("405", r", its path takes GET, HEAD: let it take POST, .*", "Allow: GET, HEAD"),
    status("410", r", it is gone for good: enable the webhook again when it is back\.", verdict="disable"),
    status("413", r", the body is too large for it: let it take larger ones\."),
    status("415", r", it does not take this kind of body: let it take application/json\."),
    status("418", r", it refuses the request: .*"),
    status("429", r" and asked to wait 7200 s: let it take more at once, .*", "Retry-After: 7200"),
    status("500", r", it failed: look into its log\."),
    status("502", r", its proxy got no good answer: .*"),
    status("503", r", it is not available: check that the server runs\."),
    status("504", r", its proxy got no answer in time: .*"),
    status("999", r", which means nothing to us: answer 2xx\."),
]
NAMED = [
    before("unknown-name", "https://unknown.test:8443/", "dns",
           r"The name unknown\.test could not be resolved: check its spelling in the webhook's URL, and its DNS records\."),
    before("silent-names", "https://silent.test:8443/", "dns_timeout", r"The name servers of silent\.test did not answer within 6 s: check its DNS\.",
           is_slow=True),
    before("private-name", "https://private.test:8443/", "refused_address",
           r"The webhook's address (::ffff:)?10\.0\.0\.5 is refused.*private.* private\.test resolved to it: point the name to a public address\."),
]
NAMES = {"silent.test": SILENT, "private.test": ["10.0.0.5"]}


class Story:
    """Every case has a webhook of its own; one event goes to all of them. Others go to a bystander's meanwhile."""

    def __init__(self, porter, pki, cases):
        self.porter, self.pki, self.cases, self.open = porter, pki, cases, []
        self.tenant = porter.organization()
        self.client = self.tenant.client()
        self.bystander = porter.receiver()
        self.webhooks = {case.name: self.webhook(self.url(case), "visitor.pre_registered") for case in cases}
        self.other = self.webhook(self.bystander.url(), "visitor.checked_in")

    def webhook(self, url, event):
        answer = self.client.post("/webhooks", json={"url": url, "events": [event]})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def url(self, case):
        if isinstance(case.behave, str):
            return case.behave
        if case.behave is None:
            return f"https://{ADDRESS}:{free_port()}/"
        if case.behave is Crowded:
            made = Crowded()
            self.open.append(made)
            return f"https://{ADDRESS}:{made.port}/"
        more = dict(case.more)
        if more.pop("asks", None):
            more["asks"] = str(self.pki.folder / "root.pem")
        made = Hostile(case.behave, self.pki.context(case.leaf, **more) if case.leaf else None)
        self.open.append(made)
        return made.url

    def tell(self):
        location = self.tenant.location()
        visitors = [self.client.pre_register(location)]
        for made in self.open:
            if isinstance(made, Hostile):
                assert made.met.wait(20), f"nobody came to {made.url}"
        # All of them are being served now, or were. Whoever else is on this dispatcher gets what is new.
        sent = self.client.post(f"/visitors/{visitors[0]['id']}/check-in")
        assert sent.status_code == 200, sent.text
        self.seen, = self.bystander.wait(1, 20)
        self.deliveries = {name: self.finished_attempt(webhook) for name, webhook in self.webhooks.items()}
        self.beside = self.finished_attempt(self.other)

    def finished_attempt(self, webhook):
        def look():
            one, = self.client.get(f"/webhooks/{webhook}/deliveries").json()["deliveries"]
            shown_one = self.client.get(f"/webhooks/{webhook}/deliveries/{one['id']}").json()
            return shown_one if shown_one["attempts"] else None
        return eventually(look, 20, f"an attempt for {webhook}")

    def close(self):
        for made in self.open:
            made.close()


@pytest.fixture(scope="module")
def story(servers, tmp_path_factory):
    porter = Porter(servers)
    names = None
    if os.geteuid() == 0:
        names = Resolver(f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}", NAMES, "timeout:30 attempts:1")
    pki = Pki(tmp_path_factory.mktemp("pki"))
    (pki.folder / "root.pem").write_text(pki.root.pem)
    trusted = pki.folder / "trusted.pem"
    trusted.write_text((porter.tls / "ca.pem").read_text() + pki.root.pem)
    porter.gateway()
    porter.dispatcher(resolver=names, PORTER_WORKERS=1, PORTER_RETRY_SCHEDULE="1h", PORTER_CONNECT_TIMEOUT=f"{CONNECT_S}s",
                      PORTER_ATTEMPT_TIMEOUT=f"{LIMIT_S}s", PORTER_EGRESS_CA_FILE=trusted)
    made = Story(porter, pki, CASES + (NAMED if names else []))
    made.tell()
    yield made
    made.close()
    porter.close()
    if names:
        names.close()


def check(story, case):
    delivery = story.deliveries[case.name]
    attempt, = delivery["attempts"]
    assert (attempt["verdict"], attempt["failure"], attempt["status"]) == (case.verdict, case.failure, case.status)
    if case.says is None:
        assert attempt["detail"] is None
    else:
        assert re.fullmatch(case.says, attempt["detail"]), attempt["detail"]
    assert delivery["last_error"] == (None if case.verdict == "delivered" else attempt["detail"])
    assert delivery["state"] == {"delivered": "delivered", "retry": "pending", "disable": "held"}[case.verdict]
    assert attempt["certificate"] == (story.pki[case.shows].facts() if case.shows else None)
    assert attempt["tls_version"] == case.tls
    assert attempt["reused"] is False
    reached = [attempt[phase] for phase in PHASES if attempt[phase]]
    assert reached and reached == sorted(reached)
    assert attempt["http_version"] == (None if case.status is None else "1.1")
    assert "X-Porter-Delivery: " + delivery["id"] in attempt["request_headers"].splitlines()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_attempt_says_what_went_wrong_and_what_to_do(story, case):
    check(story, case)


@NEEDS_ROOT
@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.name)
def test_an_attempt_says_what_is_wrong_with_a_name(story, case):
    check(story, case)


def began(attempt):
    return datetime.fromisoformat(attempt["at"].replace("Z", "+00:00"))


def ended(attempt):
    return began(attempt) + timedelta(microseconds=attempt["total_us"])


@pytest.mark.parametrize("case", [case for case in CASES + NAMED if case.is_slow], ids=lambda case: case.name)
def test_who_is_slow_delays_nobody_else(story, case):
    """The only worker delivered what came in while this endpoint held its slot."""
    if case.name not in story.deliveries:
        pytest.skip("a name server of our own needs port 53")
    slow, = story.deliveries[case.name]["attempts"]
    quick, = story.beside["attempts"]
    assert quick["verdict"] == "delivered"
    assert began(slow) < began(quick) and ended(quick) < ended(slow)


def test_dates_are_the_certificates_own(story):
    expired, early = story.pki["expired"], story.pki["early"]
    for name, at in (("expired", expired.ends), ("early", early.begins), ("authority", story.pki["authority"].signer.ends)):
        attempt, = story.deliveries[f"certificate-{name}"]["attempts"]
        assert at.strftime("%Y-%m-%d %H:%M UTC") in attempt["detail"]


def test_a_gzip_bomb_is_kept_as_it_came(story):
    """Four KiB of it, in the row; text in the API is made of what is text."""
    with story.porter.database() as db:
        body, = db.execute("SELECT response_body FROM attempts WHERE delivery_id = %s",
                           (parse_id(story.deliveries["gzip-bomb"]["id"]),)).fetchone()
    assert bytes(body) == hostile.BOMB[:4096]


def test_phases_that_were_not_reached_took_no_time(story):
    def times(name):
        attempt, = story.deliveries[name]["attempts"]
        return [attempt[phase] > 0 for phase in PHASES]

    assert times("crowded") == [True, False, False, False, True]
    assert times("never-shakes-hands") == [True, True, False, False, True]
    assert times("silent") == [True, True, True, False, True]
    assert times("drips-the-body") == [True, True, True, True, True]
    first, = story.deliveries["late"]["attempts"]
    assert LIMIT_S * 0.85 <= first["first_byte_us"] / 1e6 <= first["total_us"] / 1e6


# ---- Good ones ---------------------------------------------------------------------------------------------------


def first_attempt(client, webhook, event):
    """Of the webhook's delivery of this event, when it is there."""
    def look():
        rows = client.get(f"/webhooks/{webhook}/deliveries", params={"event_type": event}).json()["deliveries"]
        if not rows:
            return None
        detail = client.get(f"/webhooks/{webhook}/deliveries/{rows[0]['id']}").json()
        return detail["attempts"][0] if detail["attempts"] else None
    return eventually(look, 20, f"an attempt of {event}")


def two_events(story, receiver):
    webhook = story.client.post("/webhooks", json={"url": receiver.url(), "events": ["visitor.checked_in", "visitor.checked_out"]}).json()["id"]
    visitor = story.client.pre_register(story.tenant.location())
    story.client.post(f"/visitors/{visitor['id']}/check-in")
    first = first_attempt(story.client, webhook, "visitor.checked_in")
    story.client.post(f"/visitors/{visitor['id']}/check-out")
    return first, first_attempt(story.client, webhook, "visitor.checked_out")


def test_a_kept_connection_says_so_and_shows_its_certificate_once(story):
    first, second = two_events(story, story.porter.receiver())
    assert (first["reused"], first["tls_version"]) == (False, "TLSv1.3")
    assert first["certificate"]["subject"] == "CN=localhost" and first["certificate"]["issuer"] == "CN=Porter local authority"
    assert (second["reused"], second["tls_version"], second["certificate"]) == (True, None, None)
    assert (second["dns_us"], second["connect_us"], second["tls_us"]) == (0, 0, 0)


def test_a_resumed_session_shows_its_certificate_too(story):
    """No certificate is sent then, and none verified: it is the session's."""
    first, second = two_events(story, story.porter.receiver(lambda r: (204, {"Connection": "close"}, b"")))
    assert second["reused"] is False and second["tls_us"] > 0
    assert second["certificate"] == first["certificate"] and second["tls_version"] == first["tls_version"]


def test_the_headers_are_those_that_were_sent(story):
    receiver = story.porter.receiver()
    two_events(story, receiver)
    got, = receiver.matching(x_porter_event="visitor.checked_in")
    delivery = got.headers["x-porter-delivery"]
    webhook = next(one["id"] for one in story.client.get("/webhooks?limit=100").json()["webhooks"] if one["url"] == receiver.url())
    attempt, = story.client.get(f"/webhooks/{webhook}/deliveries/{delivery}").json()["attempts"]
    shown_ones = dict(line.split(": ", 1) for line in attempt["request_headers"].splitlines())
    assert {name.lower(): value for name, value in shown_ones.items()} == {
        name: value for name, value in got.headers.items() if name not in ("host", "content-length")}


def test_porterctl_shows_them(story):
    case = next(case for case in CASES if case.name == "certificate-expired")
    delivery = story.deliveries[case.name]
    told, = story.porter.ctl("deliveries", "show", delivery["id"], "--org", story.tenant.id)["attempt_list"]
    attempt, = delivery["attempts"]
    assert told == {**attempt, "status": 0, "response_body": ""}
    text = story.porter.run_ctl("deliveries", "show", delivery["id"], "--org", story.tenant.id).stdout
    assert attempt["detail"] in text and attempt["certificate"]["subject"] in text


def test_porterctl_tests_a_webhook_and_says_what_is_wrong_with_it(story):
    done = story.porter.run_ctl("webhook", "test", story.webhooks["certificate-expired"], "--org", story.tenant.id, "--json")
    assert done.returncode != 0
    assert re.search(rf'The certificate "{LEAF}" expired on {TIME}: renew it\.', json.loads(done.stderr)["detail"])
    shown_one, facts = json.loads(done.stdout), story.pki["expired"].facts()
    assert shown_one == {**shown_one, "delivered": False, "failure": "tls_expired", "tls_version": "TLSv1.3",
                         **{f"certificate_{name}": value for name, value in facts.items()}}
