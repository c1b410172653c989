"""Passwords are changed by the steps of docs/secrets.md while calls are answered: two of each are good for a while, and programs
are restarted one after the other. None of what callers ask for fails, and the old password is of no more use."""
import subprocess
import threading
from urllib.parse import urlsplit

import psycopg
import pytest
import requests

from harness.poll import eventually

NAMES = ("porter_old", "porter_new")


class Front:
    """A balancer of two gateways: a caller is led to one that is not being restarted."""

    def __init__(self, porter, tenant):
        self.porter, self.up, self.answers = porter, list(porter.gateways), []
        self.key, self.place, self.lock = tenant.key().text, tenant.location(), threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(i,), daemon=True) for i in range(3)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _call(self, number):
        while not self._stop.is_set():
            with self.lock:
                gateway = self.up[number % len(self.up)]
            made = requests.post(f"{gateway.url}/api/v1/visitors/pre-register", json={"full_name": "Ada", "location_id": self.place},
                                 headers={"X-API-Key": self.key}, verify=str(self.porter.tls / "ca.pem"), timeout=20)
            self.answers.append(made.status_code)

    def more(self, count):
        until = len(self.answers) + count
        eventually(lambda: len(self.answers) >= until, 30, f"{count} more answers")

    def restart_all(self, **settings):
        """Each in turn, out of the balancer meanwhile; then the dispatcher."""
        for gateway in self.porter.gateways:
            with self.lock:
                self.up.remove(gateway)
            gateway.env.update(settings)
            assert gateway.restart()
            with self.lock:
                self.up.append(gateway)
            self.more(10)
        dispatcher, = self.porter.dispatchers
        dispatcher.env.update(settings)
        dispatcher.restart()


@pytest.fixture
def scene(private_servers, new_porter):
    porter = new_porter(on=private_servers)
    url = urlsplit(porter.environment()["PORTER_DB_URL"])
    with porter.database() as db:
        for name in NAMES:  # Whoever signs in is the owner from there on, so that what he makes is the owner's.
            db.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE porter")
            db.execute(f"ALTER ROLE {name} SET role = porter")
    redis(private_servers, "CONFIG", "SET", "requirepass", "redis_old")
    settings = {name: {"PORTER_DB_URL": f"postgresql://porter_{name}:porter_{name}@{url.hostname}:{url.port}{url.path}",
                       "PORTER_REDIS_URL": f"redis://:redis_{name}@127.0.0.1:{private_servers.redis.port}/1"} for name in ("old", "new")}
    for _ in range(2):
        porter.gateway(**settings["old"])
    porter.dispatcher(**settings["old"])
    return porter, settings


def redis(servers, *words, password=None):
    done = subprocess.run(["redis-cli", "-p", str(servers.redis.port), *(["-a", password] if password else []), *words],
                          capture_output=True, text=True, check=True)
    assert "OK" in done.stdout, done.stdout
    return done.stdout


def test_passwords_of_postgresql_and_redis_are_changed_while_everything_goes_on(scene):
    porter, settings = scene
    servers, tenant, receiver = porter.servers, porter.organization(), porter.receiver()
    tenant.webhook(receiver.url())
    with Front(porter, tenant) as front:
        front.more(20)
        redis(servers, "ACL", "SETUSER", "default", ">redis_new", password="redis_old")  # Both are good now.
        front.restart_all(**settings["new"])
        with porter.database() as db:
            left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'porter_old'"
            eventually(lambda: db.execute(left).fetchone()[0] == 0, 20, "nobody uses the old role")
            db.execute("ALTER ROLE porter_old NOLOGIN")
        redis(servers, "ACL", "SETUSER", "default", "<redis_old", password="redis_new")
        front.more(30)
    assert set(front.answers) == {201}
    receiver.wait(len(front.answers), x_porter_event="visitor.pre_registered")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(settings["old"]["PORTER_DB_URL"], connect_timeout=5)
    refused = porter.run_ctl("doctor", "--only", "redis.reach", "--services", "none", PORTER_REDIS_URL=settings["old"]["PORTER_REDIS_URL"])
    assert refused.returncode == 1
    for gateway in porter.gateways:
        assert '"redis.away"' not in gateway.output(), gateway.tail()
    # What the new role made (a day) is the owner's, or the next change would find a role that can't go.
    with psycopg.connect(settings["new"]["PORTER_DB_URL"], autocommit=True) as db:
        assert db.execute("SELECT porter_ensure_partitions('attempts', '2031-01-01', 1)").fetchone()[0] == 1
    with porter.database() as db:
        assert db.execute("SELECT count(*) FROM pg_class WHERE relowner = ANY (SELECT oid FROM pg_roles WHERE rolname = ANY (%s))",
                          (list(NAMES),)).fetchone()[0] == 0
        db.execute("DROP ROLE porter_old")
