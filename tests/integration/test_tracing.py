"""Traces by OTLP: one tree from the caller to the last attempt, as a collector reads it; and nobody who waits for a collector."""
import http.client
import os
import ssl
import threading
import time

import pytest

from harness import openmetrics
from harness.collector import Collector, Silence
from harness.poll import eventually, logged
from harness.porter import Porter, parse_id
from harness.process import ROOT, free_port
from harness.prometheus import Prometheus

SECRET_PATH = "/hook/T0ken-in-the-path"


@pytest.fixture(scope="module")
def collector():
    made = Collector()
    yield made
    made.close()


def traced(porter, collector, **settings):
    settings = {"PORTER_OTLP_ENDPOINT": collector.url, "PORTER_OTLP_HEADERS": "x-tenant=forty%2Dtwo", **settings}
    porter.gateway(**settings)
    porter.dispatcher(PORTER_RETRY_SCHEDULE="100ms,100ms", **settings)
    return porter


@pytest.fixture(scope="module")
def tracing(servers, collector):
    made = traced(Porter(servers), collector)
    yield made
    made.close()


def traceparent(flags="01"):
    """(the header, its trace, its span) of a caller."""
    trace, span = os.urandom(16).hex(), os.urandom(8).hex()
    return f"00-{trace}-{span}-{flags}", trace, span


def test_one_tree_from_the_caller_to_the_last_attempt(tracing, collector):
    tenant = tracing.organization()
    answers = iter([(503, {}, b"")])
    receiver = tracing.receiver(lambda _: next(answers, (204, {}, b"")))
    webhook = tenant.webhook(receiver.url(SECRET_PATH))
    key = tenant.key()
    client, location = tenant.client(key=key), tenant.location()
    # Its first event is handed to the relay, the second is read by it: both are told alike.
    visitor = client.pre_register(location)["id"]
    receiver.wait(2)
    for path, body, route in ((f"/visitors/{visitor}/check-in", None, "/api/v1/visitors/{id}/check-in"),
                              ("/visitors/pre-register", {"full_name": "Ada", "location_id": location}, "/api/v1/visitors/pre-register")):
        header, trace, caller = traceparent()
        answers, before = iter([(503, {}, b"")]), len(receiver.got)
        answer = client.post(path, json=body, headers={"traceparent": header})
        assert answer.ok, answer.text
        sent = receiver.wait(before + 2)[before:]
        spans = collector.wait(trace, 5)
        by_kind = {kind: [span for span in spans if span.kind == kind] for kind in ("SERVER", "PRODUCER", "CONSUMER", "CLIENT")}
        assert {kind: len(found) for kind, found in by_kind.items()} == {"SERVER": 1, "PRODUCER": 1, "CONSUMER": 1, "CLIENT": 2}
        (server,), (send,), (process,) = by_kind["SERVER"], by_kind["PRODUCER"], by_kind["CONSUMER"]
        first, second = sorted(by_kind["CLIENT"], key=lambda span: span.attributes["porter.attempt"])

        assert [server.parent, send.parent, process.parent, first.parent, second.parent] == [caller, server.id, send.id, process.id, process.id]
        assert len({span.id for span in spans}) == 5 and all(span.start <= span.end for span in spans)
        assert [span.service for span in (server, send, process, first, second)] == ["porter-gateway"] * 2 + ["porter-dispatcher"] * 3
        assert [one.headers["traceparent"] for one in sent] == [f"00-{trace}-{span.id}-01" for span in (first, second)]

        assert (server.name, server.error) == (f"POST {route}", None)
        assert server.attributes.items() >= {"http.request.method": "POST", "http.route": route, "http.response.status_code": answer.status_code,
                                             "porter.request_id": answer.headers["X-Request-Id"], "porter.organization_id": tenant.id}.items()
        event = {"porter.event_id": sent[0].headers["webhook-id"], "porter.event_type": sent[0].headers["x-porter-event"],
                 "porter.organization_id": tenant.id, "porter.request_id": answer.headers["X-Request-Id"]}
        kafka = {"messaging.system": "kafka", "messaging.destination.name": "porter.visitors.v1"}
        assert send.name == "send porter.visitors.v1" and send.attributes.items() >= {**event, **kafka}.items()
        assert process.name == "process porter.visitors.v1" and process.attributes.items() >= {**event, **kafka, "porter.deliveries": 1}.items()

        delivery = {**event, "porter.webhook_id": webhook.id, "porter.delivery_id": sent[0].headers["x-porter-delivery"],
                    "server.address": "127.0.0.1", "server.port": receiver.port}
        assert first.attributes.items() >= {**delivery, "http.response.status_code": 503, "error.type": "503", "porter.verdict": "retry"}.items()
        assert second.attributes.items() >= {**delivery, "http.response.status_code": 204, "http.request.resend_count": 1, "porter.verdict": "delivered"}.items()
        assert (first.error, second.error) == ("503", None) and "error.type" not in second.attributes
        assert 0 < first.attributes["porter.first_byte_us"] <= (first.end - first.start) / 1000
    told = b"".join(body for _, body in collector.requests)
    for secret in (key.text, webhook.secret, SECRET_PATH, "Zoë"):
        assert secret.encode() not in told
    assert {headers["x-tenant"] for headers, _ in collector.requests} == {"forty-two"}


def test_a_caller_without_a_trace_begins_one(tracing, collector):
    tenant = tracing.organization()
    receiver = tracing.receiver()
    tenant.webhook(receiver.url())
    tenant.client().pre_register(tenant.location())
    version, trace, span, flags = receiver.wait(1)[0].headers["traceparent"].split("-")
    spans = collector.wait(trace, 4)
    assert (version, flags) == ("00", "03")  # Sampled, and random enough to be sampled by its end.
    assert [one.parent for one in spans if one.kind == "SERVER"] == [""]
    assert [one.id for one in spans if one.kind == "CLIENT"] == [span]


def test_what_fails_is_told_in_a_word(tracing, collector):
    tenant = tracing.organization()
    tenant.webhook(f"https://127.0.0.1:{free_port()}/")
    header, trace, _ = traceparent()
    client = tenant.client()
    answer = client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": tenant.location()}, headers={"traceparent": header})
    assert answer.status_code == 201
    attempt = next(span for span in collector.wait(trace, 4) if span.kind == "CLIENT")
    assert attempt.error == attempt.attributes["error.type"] == "connect_refused"
    header, trace, _ = traceparent()
    assert client.get("/visitors/vis_00000000000000000000000000", headers={"traceparent": header}).status_code == 404
    (server,) = collector.wait(trace, 1)
    assert (server.error, server.attributes["porter.problem"]) == (None, "not-found")


def test_a_sample_belongs_to_who_asked_for_it(tracing, collector):
    tenant, receiver = tracing.organization(), tracing.receiver()
    webhook = tenant.webhook(receiver.url())
    client = tenant.client()
    header, dry, _ = traceparent()
    assert client.post(f"/webhooks/{webhook.id}/test", headers={"traceparent": header, "X-Porter-Dry-Run": "true"}).ok
    header, trace, caller = traceparent()
    assert client.post(f"/webhooks/{webhook.id}/test", headers={"traceparent": header}).status_code == 202
    server, sample, attempt = collector.wait(trace, 3)
    assert [span.kind for span in (server, sample, attempt, *collector.of(dry))] == ["SERVER", "PRODUCER", "CLIENT", "SERVER"]
    assert [server.parent, sample.parent, attempt.parent] == [caller, server.id, sample.id]
    assert sample.attributes["porter.event_id"] == attempt.attributes["porter.event_id"]
    assert receiver.wait(1)[0].headers["traceparent"] == f"00-{trace}-{attempt.id}-01"


def test_a_record_without_a_trace_begins_one_of_its_events_id(tracing, collector):
    tenant = tracing.organization()
    client = tenant.client()
    client.pre_register(tenant.location())
    event = logged(client)[0]["id"]
    assert tracing.ctl("events", "republish", "--since", "1h", "--org", tenant.id)["sent"] == 1
    process = collector.wait(parse_id(event).hex, 1)[0]
    assert (process.kind, process.parent, process.attributes["porter.event_id"]) == ("CONSUMER", "", event)


def exemplars(program, name=None):
    """Of a histogram, or of all of them."""
    return [one for family, found in openmetrics.read(program).items() if name in (None, family) for one in found.exemplars.values()]


@pytest.fixture
def alone(private_servers, collector):
    """On servers of its own: elsewhere other tests' records are the last of a bucket too."""
    made = traced(Porter(private_servers), collector)
    yield made
    made.close()


def test_histograms_show_recorded_traces_as_exemplars(alone, collector, tmp_path):
    gateway, dispatcher, tenant = alone.gateways[0], alone.dispatchers[0], alone.organization()
    prometheus = Prometheus(tmp_path / "prometheus", {"porter-gateway": [gateway.private], "porter-dispatcher": [dispatcher.private]}).start()
    receiver = alone.receiver()
    tenant.webhook(receiver.url())
    client, location, began = tenant.client(), tenant.location(), time.time()
    unrecorded, hidden, _ = traceparent("00")
    recorded, trace, _ = traceparent("01")
    for header in (recorded, unrecorded):
        assert client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": location}, headers={"traceparent": header}).ok
    receiver.wait(2)
    spans = {span.kind: span for span in collector.wait(trace, 4)}
    names = {"porter_request_seconds": gateway, "porter_intake_wait_seconds": dispatcher, "porter_attempt_seconds": dispatcher,
             "porter_event_delivered_seconds": dispatcher}
    shown = {name: next(one for one in exemplars(program, name) if one.trace == trace) for name, program in names.items()}
    assert all(began - 1 < one.at < time.time() + 1 for one in shown.values())
    for name, span in (("porter_request_seconds", spans["SERVER"]), ("porter_attempt_seconds", spans["CLIENT"])):
        assert 0 < shown[name].value <= (span.end - span.start) / 1e9 + 0.05, name  # The span ends behind it.
    for program in (gateway, dispatcher):
        found = exemplars(program)
        assert found and hidden not in {one.trace for one in found}
        eventually(lambda found=found: all(collector.of(one.trace) for one in found), 20, "the collector has them all")

    def stored(name):
        answer = prometheus.ask("api/v1/query_exemplars", query=f"{name}_bucket", start=began - 1, end=time.time() + 1)
        return {one["labels"]["trace_id"] for series in answer or [] for one in series["exemplars"]}

    for name in names:
        eventually(lambda name=name: trace in stored(name), 20, f"Prometheus has that of {name}")
    prometheus.stop()


def test_plain_text_has_no_exemplars(tracing):
    for program in (tracing.gateways[0], tracing.dispatchers[0]):
        for accept in ("*/*", "text/plain", "application/openmetrics-text; version=0.0.1"):
            answer = openmetrics.fetch(program, accept)
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert "trace_id" not in answer.text and "# EOF" not in answer.text and "# TYPE process_cpu_seconds_total counter" in answer.text


def test_every_attribute_is_documented(collector):
    """After the tests above."""
    page = (ROOT / "docs" / "tracing.md").read_text()
    used = {key for span in collector.spans for key in span.attributes}
    assert len(used) > 30 and {key for key in used if f"`{key}`" not in page} == set()


def test_what_is_not_sampled_is_not_told(new_porter):
    porter = new_porter()
    collector = Collector(porter.tls)  # Topics are shared: another's dispatcher reads these records too, and this one others'.
    traced(porter, collector, PORTER_OTLP_SAMPLE="0", PORTER_OTLP_CA_FILE=porter.tls / "ca.pem")
    tenant = porter.organization()
    receiver = porter.receiver()
    tenant.webhook(receiver.url())
    client, location = tenant.client(), tenant.location()
    client.pre_register(location)
    refused, _, _ = traceparent("00")
    sampled, trace, _ = traceparent("01")
    for header in (refused, sampled):
        client.post("/visitors/pre-register", json={"full_name": "Ada", "location_id": location}, headers={"traceparent": header})
    receiver.wait(3)
    assert sorted(one.headers["traceparent"][-2:] for one in receiver.got) == ["00", "01", "02"]
    assert {one.trace for one in exemplars(porter.gateways[0])} == {trace}
    for process in porter.gateways + porter.dispatchers:
        process.stop()  # Whatever is left is sent by then.
    assert [span.trace for span in collector.spans if span.attributes.get("porter.organization_id") == tenant.id] == [trace] * 4
    collector.close()


def test_no_trace_is_an_example_where_none_is_told(new_porter):
    """A caller's trace may be recorded elsewhere: here nobody would find it."""
    porter = new_porter()
    gateway = porter.gateway()
    header, _, _ = traceparent("01")
    assert porter.organization().client().get("/visitors", headers={"traceparent": header}).ok
    assert openmetrics.read(gateway)["porter_request_seconds"].samples["_count", '{route="list_visitors"}'] == 1
    assert exemplars(gateway) == []


def ask(gateway, ca, count, done):
    connection = http.client.HTTPSConnection("localhost", gateway.https, context=ssl.create_default_context(cafile=str(ca)), timeout=20)
    for _ in range(count):
        connection.request("GET", "/docs/errors")
        answer = connection.getresponse()
        answer.read()
        done.append(answer.status)
    connection.close()


def fates(gateway):
    lines = [line.split() for line in gateway.metrics().splitlines() if line.startswith("porter_trace_spans_total{")]
    return {name.split('"')[1]: int(float(value)) for name, value in lines}


def resident(gateway):
    return next(float(line.split()[1]) for line in gateway.metrics().splitlines() if line.startswith("process_resident_memory_bytes "))


@pytest.mark.parametrize("how", ["silent", "gone"])
def test_nobody_waits_for_a_collector(new_porter, how):
    """More requests than the queue (2,048 spans) has room for, all answered; what has no room is dropped and counted."""
    silence = Silence()
    url = silence.url
    if how == "gone":
        silence.close()
    porter = new_porter()
    gateway = porter.gateway(PORTER_OTLP_ENDPOINT=url)
    done, before = [], resident(gateway)
    threads = [threading.Thread(target=ask, args=(gateway, porter.tls / "ca.pem", 700, done)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [200] * 2800
    found = fates(gateway)
    # What was given up made room for as many.
    assert how == "silent" or [line["error"] for line in gateway.logged(event="trace.collector_away")][0].startswith("no answer: ")
    assert found["sent"] == 0 and 2800 - 2048 - found["lost"] <= found["full"] <= 2800 - 2048
    assert resident(gateway) < 3 * before  # Sanitizers keep what was freed for a while.
    assert gateway.stop() == 0  # In time, too.
    silence.close()
