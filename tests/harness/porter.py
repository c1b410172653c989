"""A whole Porter for tests: its database, its gateways and dispatchers, and its organizations."""
import base64
import json
import os
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import requests

from . import contract
from .clock import Clock
from .events import Topics
from .poll import eventually
from .process import PRESET, ROOT, Process, free_port, program
from .receiver import Receiver
from .servers import Servers

HOST = "yourapp.portervisitors.com"  # What the product page's examples call.
# Of the rows of pg_locks, which has those of every test's database.
LOCKS_HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"


def make_tls(folder, *names):
    """A certificate for localhost, HOST and these: ca.pem, server.pem, server.key."""
    subprocess.run([ROOT / "scripts" / "lib" / "tls", folder, HOST, *names], check=True)
    return Path(folder)


class Gateway(Process):
    """With a harness.resolver.Resolver: names mean what that one says, and are looked up."""

    def __init__(self, porter, number, resolver=None, **settings):
        self.https, self.plain, self.private = free_port(), free_port(), free_port()
        contract.PORTS |= {self.https, self.plain}
        env = porter.environment(**{
            "PORTER_HTTPS_ADDRESS": "127.0.0.1", "PORTER_HTTPS_PORT": self.https,
            "PORTER_PLAIN_PORT": self.plain, "PORTER_GATEWAY_PRIVATE_PORT": self.private,
            "PORTER_TLS_CERTIFICATE": porter.tls / "server.pem",
            "PORTER_TLS_KEY": porter.tls / "server.key", "PORTER_HTTP_THREADS": 64,
            "PORTER_WEBHOOK_NAME_WAIT": "10s" if resolver else "0",  # Else this machine's resolver would be asked.
            **settings})
        words = [program("gateway", porter.preset)]
        super().__init__(f"gateway-{number}", resolver.words(*words) if resolver else words, env,
                         porter.folder / f"gateway-{number}.log", self._is_ready)

    @property
    def url(self):
        return f"https://localhost:{self.https}"

    def metrics(self):
        return requests.get(f"http://127.0.0.1:{self.private}/metrics", timeout=5).text

    def _is_ready(self):
        return answers(f"http://127.0.0.1:{self.private}/readyz")


class Dispatcher(Process):
    """With a harness.resolver.Resolver: names mean what that one says."""

    def __init__(self, porter, number, resolver=None, **settings):
        self.private = free_port()
        env = porter.environment(**{
            "PORTER_KAFKA_GROUP": porter.name, "PORTER_DISPATCHER_PRIVATE_PORT": self.private,
            "PORTER_EGRESS_CA_FILE": porter.tls / "ca.pem", **settings})
        words = [program("dispatcher", porter.preset)]
        super().__init__(f"dispatcher-{number}", resolver.words(*words) if resolver else words, env,
                         porter.folder / f"dispatcher-{number}.log", self._is_ready)

    def metrics(self):
        return requests.get(f"http://127.0.0.1:{self.private}/metrics", timeout=5).text

    def metric(self, name):
        """A series without labels, since it started."""
        return next(int(float(line.split()[1])) for line in self.metrics().splitlines()
                    if line.startswith(f"{name} "))

    def records(self):
        """How many records it has consumed."""
        return self.metric("porter_intake_records_total")

    def _is_ready(self):
        return answers(f"http://127.0.0.1:{self.private}/readyz")


def answers(url):
    try:
        return requests.get(url, timeout=1).status_code == 200
    except requests.RequestException:
        return False


@dataclass
class Client:
    """A caller of the API with one key, over a kept connection."""
    base: str
    key: str
    ca: Path
    session: requests.Session = field(default_factory=requests.Session)

    def request(self, method, path, **more):
        headers = {"X-API-Key": self.key, **more.pop("headers", {})}
        return self.session.request(method, f"{self.base}/api/v1{path}", headers=headers,
                                    verify=str(self.ca), timeout=more.pop("timeout", 20), **more)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def pre_register(self, location_id, **visitor):
        """A new visitor, as the API answers it."""
        body = {"full_name": "Zoë Łukasiewicz-O’Brien 山田", "location_id": location_id, **visitor}
        answer = self.post("/visitors/pre-register", json=body)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        return answer.json()


@dataclass
class Key:
    id: str
    text: str


@dataclass
class Webhook:
    id: str
    secret: str


# Every type of event but the operational ones.
WHAT_PEOPLE_DO = ",".join(["visitor.pre_registered", "visitor.checked_in", "visitor.checked_out", "visitor.cancelled", "contractor.created",
                           "contractor.approved", "contractor.rejected", "evacuation.activated", "evacuation.ended"])


class Organization:
    """One tenant, made through porterctl; its locations by SQL (no program makes them yet). With an
    id: one that is there."""

    def __init__(self, porter, name="Ünïted Bäckereien AG", known_id=None):
        self.porter = porter
        if known_id:
            self.id = known_id
            return
        self.slug = f"t-{uuid.uuid4().hex[:12]}"
        self.id = porter.ctl("org", "create", "--name", name, "--slug", self.slug)["id"]

    def key(self, rate_limit=100000, name="tests", scopes=None):
        more = ["--scopes", scopes] if scopes else []
        made = self.porter.ctl("key", "create", "--org", self.id, "--name", name,
                               "--rate-limit", str(rate_limit), *more)
        return Key(made["id"], made["key"])

    def webhook(self, url, events=WHAT_PEOPLE_DO, **more):
        """A new webhook; operational events go only to who asks for them, so that who counts is not surprised."""
        words = [word for name, value in more.items() for word in (f"--{name}", str(value))]
        made = self.porter.ctl("webhook", "add", "--org", self.id, "--url", url,
                               "--events", events, *words)
        return Webhook(made["id"], made["secret"])

    def client(self, gateway=None, key=None):
        gateway = gateway or self.porter.gateways[0]
        key = key or self.key()
        return Client(gateway.url, key.text, self.porter.tls / "ca.pem")

    def location(self, name="Zürich – Hauptsitz", capacity=None):
        """A new location's id."""
        raw = uuid7()
        with self.porter.database() as db:
            db.execute(
                "INSERT INTO locations (org_id, id, name, timezone, city, country, capacity,"
                " created_at, updated_at) VALUES (%s, %s, %s, 'Europe/Zurich', 'Zürich', 'CH', %s,"
                " now(), now())", (parse_id(self.id), raw, name, capacity))
        return format_id("loc", raw)


class Porter:
    """Lives in a database of its own on servers that others may share. `preset` says which build
    its services are of ("asan": with sanitizers); `name` a database that may be there already;
    `hosts` whom the certificate is for besides localhost; `has_clock`: its time is `clock`'s."""

    def __init__(self, servers, preset=PRESET, name=None, hosts=(), has_clock=False):
        self.servers, self.preset = servers, preset
        self.name = name or f"porter_{uuid.uuid4().hex[:12]}"
        self.folder = Path(tempfile.mkdtemp(prefix="porter-test-"))
        self.tls = make_tls(self.folder / "tls", *hosts)
        self.clock = Clock(self.folder / "clock") if has_clock else None
        self.gateways, self.dispatchers, self._receivers = [], [], []
        self._seal = "test:" + base64.b64encode(os.urandom(32)).decode()
        self._server_url = servers.postgres.url.rsplit("/", 1)[0]
        self._redis = f"{servers.redis.url}/{uuid.uuid4().int % 255 + 1}"
        with psycopg.connect(f"{self._server_url}/postgres", autocommit=True) as db:
            if db.execute("SELECT FROM pg_database WHERE datname = %s", (self.name,)).rowcount == 0:
                db.execute(f"CREATE DATABASE {self.name}")
        self.ctl("topics", "apply")
        self.ctl("migrate")

    # ---- Processes --------------------------------------------------------------------------------

    def environment(self, **settings):
        """The services' variables over a clean environment."""
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder),
            "PORTER_DB_URL": f"{self._server_url}/{self.name}", "PORTER_REDIS_URL": self._redis,
            "PORTER_KAFKA_BROKERS": self.servers.kafka.url, "PORTER_SEAL_KEYS": self._seal,
            "PORTER_ENVIRONMENT": "development", "PORTER_LOG_LEVEL": "debug",
            # Tests write rows of any day.
            "PORTER_RETENTION_EVENTS": "0", "PORTER_RETENTION_DELIVERIES": "0", "PORTER_RETENTION_ATTEMPTS": "0",
            "PORTER_RETENTION_STATS": "0",
            "PORTER_EGRESS_ALLOW": "127.0.0.0/8,::1/128",
            "PORTER_DRAIN": "3s",  # Tests leave connections open, and would be waited for.
        }
        if self.clock:
            env["PORTER_CLOCK_FILE"] = str(self.clock.path)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        if self.preset == "tsan":
            env["LD_PRELOAD"] = str(ROOT / "build" / "tsan" / "bin" / "libporter_tsan_threads.so")
            env.setdefault("TSAN_OPTIONS", f"suppressions={ROOT}/tests/tsan.supp")
        return {**env, **{name: str(value) for name, value in settings.items()}}

    def gateway(self, **settings):
        """A new, ready gateway (the first one that clients call unless told otherwise)."""
        made = Gateway(self, len(self.gateways), **settings).start()
        self.gateways.append(made)
        return made

    def dispatcher(self, wait=True, **settings):
        made = Dispatcher(self, len(self.dispatchers), **settings).start(wait)
        self.dispatchers.append(made)
        return made

    def close(self):
        """Everything stops; a service that does not end well is told of."""
        faults = []
        for process in self.gateways + self.dispatchers:
            was_alive = process.is_alive()
            try:
                code = process.stop()
                if was_alive and code != 0:
                    faults.append(f"{process.name} ended with {code}:\n{process.tail()}")
            except AssertionError as fault:
                faults.append(str(fault))
        for receiver in self._receivers:
            receiver.close()
        assert not faults, "\n".join(faults)

    # ---- What tests use ---------------------------------------------------------------------------

    def run_ctl(self, *words, timeout=30, **settings):
        """porterctl as a person runs it: the finished process."""
        return subprocess.run([program("porterctl"), *words], env=self.environment(**settings),
                              capture_output=True, text=True, timeout=timeout, check=False)

    def ctl_list(self, *words, **settings):
        """porterctl … --json: the objects it answers, one a line."""
        done = self.run_ctl(*words, "--json", **settings)
        assert done.returncode == 0, f"porterctl {words}: {done.returncode} {done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def ctl(self, *words, **settings):
        """The same for a command that answers at most one."""
        answers = self.ctl_list(*words, **settings)
        return answers[-1] if answers else None

    def organization(self, **more):
        return Organization(self, **more)

    def receiver(self, answer=None, **where):
        made = Receiver(self.tls, answer, **where)
        self._receivers.append(made)
        return made

    def topics(self):
        return Topics(self.servers.kafka.url)

    def held(self, statement, values):
        """Rows that this SELECT … FOR UPDATE locks are held by nobody else while the block runs; it is
        given a function that waits until so many of the services' statements wait for locks."""
        return _held(self, statement, values)

    @property
    def database_url(self):
        return f"{self._server_url}/{self.name}"

    def database(self):
        return psycopg.connect(self.database_url, autocommit=True)


def porter_with(servers, **settings):
    """One with a gateway, and a dispatcher of these settings."""
    porter = Porter(servers)
    porter.gateway()
    porter.dispatcher(**settings)
    return porter


@contextmanager
def _held(porter, statement, values):
    def waiting(count):
        with porter.database() as db:
            eventually(lambda: db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                          " AND wait_event_type = 'Lock'").fetchone()[0] >= count, 10, f"{count} wait for a lock")

    with porter.database() as db, db.transaction():
        assert db.execute(statement, values).fetchone()
        yield waiting


# ---- Ids: prefix_ + Crockford base32 of a UUID ------------------------------------------------------

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def parse_id(text):
    number = 0
    for letter in text.rsplit("_", 1)[1]:
        number = number * 32 + ALPHABET.index(letter)
    return uuid.UUID(int=number)


def format_id(prefix, raw):
    number, letters = raw.int, []
    for _ in range(26):
        letters.append(ALPHABET[number % 32])
        number //= 32
    return f"{prefix}_{''.join(reversed(letters))}"


def uuid7():
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | (7 << 76)
    return uuid.UUID(int=number & ~(3 << 62) | (2 << 62))


@contextmanager
def on_own_servers():
    """A Porter whose servers nobody else has."""
    servers = Servers.temporary().start()
    porter = Porter(servers)
    yield porter
    porter.close()
    servers.stop()
