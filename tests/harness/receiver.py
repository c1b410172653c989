"""An HTTPS endpoint that keeps what it is sent and answers what the test says."""
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .poll import eventually


@dataclass
class Received:
    path: str
    headers: dict  # Names in lower case.
    body: bytes
    at: float  # time.time()
    client: str = None  # Whom the certificate names that came with it.
    port: int = 0  # Of the caller: tells connections apart.


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


def client_name(connection):
    """The common name of the caller's certificate."""
    shown = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    return dict(part[0] for part in shown["subject"])["commonName"] if shown else None


class Receiver:
    """`answer` takes a Received and gives (status, headers, body); the default is an empty 204. With a `client_ca`
    (PEM) it demands certificates that this one signed, or asks for them."""

    def __init__(self, tls, answer=None, address="127.0.0.1", port=0, is_plain=False, client_ca=None, demands=True):
        self.got = []
        self.answer = answer or (lambda received: (204, {}, b""))
        self._lock = threading.Lock()
        self._server = _Server((address, port), self._handler())
        if not is_plain:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls / "server.pem", tls / "server.key")
            if client_ca:
                context.verify_mode = ssl.CERT_REQUIRED if demands else ssl.CERT_OPTIONAL
                context.load_verify_locations(cadata=client_ca)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path="/hook"):
        return f"https://127.0.0.1:{self.port}{path}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def matching(self, **headers):
        """What carries all these headers: matching(x_porter_event="visitor.checked_in")."""
        wanted = {name.replace("_", "-"): value for name, value in headers.items()}
        with self._lock:
            return [r for r in self.got
                    if all(r.headers.get(name) == value for name, value in wanted.items())]

    def wait(self, count=1, seconds=30, **headers):
        """The first `count` requests that match."""
        def enough():
            found = self.matching(**headers)
            return found if len(found) >= count else None
        return eventually(enough, seconds, f"{count} webhooks {headers or ''}")[:count]

    def _handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                received = Received(
                    self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.time(),
                    client_name(self.connection), self.client_address[1])
                with receiver._lock:
                    receiver.got.append(received)
                status, headers, answer = receiver.answer(received)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler
