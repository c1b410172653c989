"""What the programs' /metrics say: in the form that Prometheus' own linter wants, true when something is the matter, and enough
for every panel of the dashboards."""
import signal
import subprocess
import threading
import time
from math import isnan

import pytest

from harness.boards import panels, queries
from harness.meanwhile import meanwhile
from harness.poll import eventually
from harness.porter import on_own_servers
from harness.prometheus import Prometheus

DISPATCHER = {"PORTER_DB_POOL": "2", "PORTER_RETRY_SCHEDULE": "100ms,100ms,100ms", "PORTER_PROBE_WAIT": "1h"}
IN_A_ROW = 10  # Failures, until an endpoint is given a rest.


def value(program, series):
    """Of a series with its labels, as /metrics writes them; None: there is none."""
    found = [line.rpartition(" ")[2] for line in program.metrics().splitlines() if line.rpartition(" ")[0] == series]
    return float(found[0]) if found else None


@pytest.fixture(scope="module")
def mine():
    """A Porter on servers of its own, so that all that is counted is ours."""
    with on_own_servers() as porter:
        porter.gateway()
        porter.dispatcher(**DISPATCHER)
        yield porter


def test_prometheus_linter_has_nothing_to_say(mine):
    for program in (mine.gateways[0], mine.dispatchers[0]):
        text = program.metrics()
        assert "porter_neighbour_up" in text
        linted = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")


def test_each_says_since_when_it_runs(mine):
    """PorterPodOld (k8s/overlays/production/kafka-alerts.yaml) asks for it."""
    for program in (mine.gateways[0], mine.dispatchers[0]):
        program.stop()
        before = time.time()
        program.start()
        assert before <= value(program, "process_start_time_seconds") <= time.time()


def test_an_event_that_waits_for_kafka(mine):
    """Its age and its way to Kafka are in seconds."""
    gateway, tenant = mine.gateways[0], mine.organization()
    client, place = tenant.client(), tenant.location()
    name = "porter_relay_produce_seconds"
    client.pre_register(place)
    eventually(lambda: value(gateway, f"{name}_count") >= 1, 20, "Kafka has one")
    count, slow = value(gateway, f"{name}_count"), value(gateway, f"{name}_sum")
    mine.servers.kafka.pause()
    try:
        client.pre_register(place)
        eventually(lambda: value(gateway, "porter_outbox_oldest_seconds") > 1, 20, "it is a second old")
        assert value(gateway, "porter_outbox_oldest_seconds") < 60
        assert value(gateway, "porter_outbox_rows") == 1
    finally:
        mine.servers.kafka.resume()
    eventually(lambda: value(gateway, f"{name}_count") == count + 1, 60, "Kafka has the other")
    eventually(lambda: value(gateway, "porter_outbox_oldest_seconds") == 0, 20, "none waits")
    # Either it waited for its acknowledgement, or was given up after five seconds and sent again.
    is_again = value(gateway, "porter_relay_failures_total") > 0
    assert is_again or value(gateway, f"{name}_sum") > slow + 0.5
    assert 0 < value(gateway, "porter_relay_last_send_seconds") < 60


def test_a_record_that_waits_on_kafka_for_a_dispatcher(mine):
    """Its time there is what passed since Kafka got it, to the workers."""
    gateway, dispatcher, tenant = mine.gateways[0], mine.dispatchers[0], mine.organization()
    name, receiver = "porter_intake_wait_seconds", mine.receiver()
    tenant.webhook(receiver.url())
    client, place = tenant.client(), tenant.location()
    client.pre_register(place)
    receiver.wait(1)
    eventually(lambda: value(gateway, "porter_outbox_rows") == value(dispatcher, "porter_intake_lag_records") == 0, 20, "nothing is on its way")
    sent = value(gateway, "porter_relay_records_total")
    count, swift, slow = (value(dispatcher, f"{name}{end}") for end in ("_count", '_bucket{le="1"}', "_sum"))
    began = time.monotonic()
    dispatcher.signal(signal.SIGSTOP)
    try:
        client.pre_register(place)
        eventually(lambda: value(gateway, "porter_relay_records_total") == sent + 1, 20, "Kafka has the other")
        then = time.monotonic()
        eventually(lambda: time.monotonic() > then + 1.5, 20, "it lies there")
    finally:
        dispatcher.signal(signal.SIGCONT)
    eventually(lambda: value(dispatcher, f"{name}_count") == count + 1, 30, "the other was taken")
    assert value(dispatcher, f'{name}_bucket{{le="1"}}') == swift
    assert slow + 1.4 < value(dispatcher, f"{name}_sum") < slow + (time.monotonic() - began) + 0.1


def test_windows_of_endpoints_grow_with_their_answers(mine):
    """And one that says it is too much, here by 503, halves them. (How exactly, and in which size each counts: lane_test.c.)"""
    dispatcher, tenant = mine.dispatchers[0], mine.organization()
    series = [f'porter_lane_windows{{size="{size}"}}' for size in ("1", "2-3", "4-7", "8-15", "16-31", "32+")]
    lanes = sum(value(dispatcher, one) for one in series)
    allowed = value(dispatcher, 'porter_lane_window_attempts{state="allowed"}')
    receiver = mine.receiver(lambda got: (503 if b"Halve" in got.body and got.headers["x-porter-attempt"] == "1" else 204, {}, b""))
    tenant.webhook(receiver.url())
    client, place = tenant.client(), tenant.location()

    def window():
        """Of ours, or one more: what the last test's endpoint got may not have been told when we began."""
        return value(dispatcher, 'porter_lane_window_attempts{state="allowed"}') - allowed

    for number in range(1, 17):
        client.pre_register(place)
        receiver.wait(number)
    eventually(lambda: 12 <= window() <= 18, 20, "one more for each quick answer")
    assert sum(value(dispatcher, one) for one in series) == lanes + 1
    client.pre_register(place, full_name="Halve")
    receiver.wait(18)
    eventually(lambda: 1 <= window() <= 10, 20, "half of it, and one more for the answer to the next try")
    eventually(lambda: value(dispatcher, 'porter_lane_window_attempts{state="used"}') == 0, 20, "nothing is under way")


def test_lanes_of_endpoints_that_are_quick_and_slow(mine):
    dispatcher, go_on = mine.dispatchers[0], threading.Event()
    quick, slow = value(dispatcher, 'porter_lanes{pace="quick"}'), value(dispatcher, 'porter_lanes{pace="slow"}')
    tenant = mine.organization()
    for receiver in (mine.receiver(), mine.receiver(lambda _: go_on.wait(60) and (204, {}, b""))):
        tenant.webhook(receiver.url())
    tenant.client().pre_register(tenant.location())
    eventually(lambda: value(dispatcher, 'porter_lanes{pace="slow"}') == slow + 1, 20, "one is slow")
    assert value(dispatcher, 'porter_lanes{pace="quick"}') == quick + 1
    go_on.set()


def test_webhooks_for_which_deliveries_are_held(mine):
    dispatcher, tenant = mine.dispatchers[0], mine.organization()
    tenant.webhook(mine.receiver(lambda _: (500, {}, b"")).url())
    client, place = tenant.client(), tenant.location()
    assert value(dispatcher, "porter_held_webhooks") == 0
    for _ in range(IN_A_ROW + 5):
        client.pre_register(place)
    eventually(lambda: value(dispatcher, "porter_deliveries_held_total") > 0, 30, "some are held")
    eventually(lambda: value(dispatcher, "porter_held_webhooks") == 1, 90, "the look of each minute sees it")


def test_a_dispatcher_without_a_connection_to_spare(mine):
    """Whoever waits for a table has all of them; then PostgreSQL ends."""
    dispatcher, tenant = mine.dispatchers[0], mine.organization()
    tenant.webhook(mine.receiver().url())
    client, place = tenant.client(), tenant.location()
    assert value(dispatcher, "porter_db_statements_total") > 0 and value(dispatcher, "porter_db_batches_total") > 0
    errors = value(dispatcher, "porter_db_errors_total")
    with mine.database() as db, db.transaction():
        db.execute("LOCK TABLE deliveries, webhook_circuits")
        client.pre_register(place)
        eventually(lambda: value(dispatcher, "porter_db_waits_timed_out_total") > 0, 60, "one gets none in time")
    mine.servers.postgres.kill()
    try:
        eventually(lambda: value(dispatcher, "porter_db_errors_total") > errors, 30, "connections that broke")
    finally:
        mine.servers.postgres.start()
    eventually(lambda: value(dispatcher, 'porter_neighbour_up{neighbour="postgresql"}') == 1, 30, "it is back")


def test_every_panel_of_the_dashboards_shows_something(mine, tmp_path):
    prometheus = Prometheus(tmp_path / "prometheus", {
        "porter-gateway": [mine.gateways[0].private], "porter-dispatcher": [mine.dispatchers[0].private]}).start()
    tenant, receiver = mine.organization(), mine.receiver()
    tenant.webhook(receiver.url())
    client, place = tenant.client(), tenant.location()

    def call(is_over):
        with client.session:
            while not is_over.wait(0.05):
                client.pre_register(place)
                client.get("/visitors?limit=never")

    def blank():
        """Queries that say nothing, or no number."""
        empty = []
        for board, panel in panels():
            for query in queries(board, panel):
                found = prometheus.ask("api/v1/query", query=query)
                assert found is not None, f"{panel['title']}: {query} is no query"
                if all(isnan(float(one["value"][1])) for one in found["result"]):
                    empty.append((panel["title"], query))
        return empty

    try:
        with meanwhile(call):
            eventually(lambda: not blank(), 60, "all of them", every=1)
    finally:
        left = blank()
        prometheus.stop()
    assert left == []
