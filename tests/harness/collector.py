"""A collector of traces: takes OTLP over HTTP as OpenTelemetry's own messages read it, and keeps the spans."""
import socket
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Wire
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from .poll import eventually


@dataclass
class Span:
    service: str
    trace: str
    id: str
    parent: str  # "": the first of its trace
    name: str
    kind: str  # "SERVER"
    start: int
    end: int
    error: str | None
    attributes: dict


def value_of(value):
    return getattr(value, value.WhichOneof("value"))


def spans_of(request):
    for ours in request.resource_spans:
        resource = {pair.key: value_of(pair.value) for pair in ours.resource.attributes}
        for span in (span for scope in ours.scope_spans for span in scope.spans):
            attributes = {pair.key: value_of(pair.value) for pair in span.attributes}
            assert len(attributes) == len(span.attributes), f"twice the same key: {span}"
            yield Span(resource["service.name"], span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name,
                       Wire.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"), span.start_time_unix_nano, span.end_time_unix_nano,
                       span.status.message if span.status.code == Status.STATUS_CODE_ERROR else None, attributes)


class Collector:
    """With the `tls` folder of a Porter: an https one."""

    def __init__(self, tls=None):
        self.requests, self.spans, self._lock = [], [], threading.Lock()  # (headers, body) and Spans.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls / "server.pem", tls / "server.key")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def of(self, trace):
        with self._lock:
            return [span for span in self.spans if span.trace == trace]

    def wait(self, trace, count):
        """The spans of a trace, at least so many, in the order of their beginnings."""
        found = eventually(lambda: len(self.of(trace)) >= count and self.of(trace), 20, f"{count} spans of {trace}")
        return sorted(found, key=lambda span: span.start)

    def _handler(self):
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                good = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                if good:
                    with collector._lock:
                        collector.requests.append((dict(self.headers), body))
                        collector.spans += spans_of(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200 if good else 400)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler


class Silence:
    """Takes connections, and never says a word."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self):
        self._socket.close()
