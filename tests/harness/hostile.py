"""Endpoints that do everything wrong, one thing each: servers that speak bytes, and a name server.

A behaviour is a function of a Wire (one connection). Behaviours that wait do so until the other side has had enough."""
import gzip
import socket
import ssl
import threading

REQUEST_MAX = 1 << 20
DRIP_S = 0.05
BOMB = gzip.compress(bytes(64 << 20))  # 64 KiB on the wire, 64 MiB when somebody unpacks it.


class Wire:
    def __init__(self, sock, met):
        self.sock, self.met, self.head = sock, met, b""

    def request(self):
        """Reads one, whole; then whoever waits for it goes on."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        self.head, body = data.split(b"\r\n\r\n", 1)
        length = next(int(line.split(b":")[1]) for line in self.head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self._more()
        self.met.set()

    def send(self, data):
        self.sock.sendall(data)

    def drip(self, piece):
        """The same again and again, until the other side goes away."""
        while True:
            self.send(piece)
            threading.Event().wait(DRIP_S)

    def flood(self, pieces):
        for piece in pieces:
            self.send(piece)

    def until_gone(self):
        self.met.set()
        while self._more():
            pass

    def reset(self):
        """Ends with a RST."""
        self.met.set()
        raw = self.sock.detach()
        with socket.socket(fileno=raw) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the other side went away")
        return data


class Hostile:
    """Listens on a port of its own; `tls` is the SSLContext of its handshakes, None for none."""

    def __init__(self, behave, tls=None, backlog=16):
        self.behave, self.tls = behave, tls
        self.met = threading.Event()  # A connection came, and what the behaviour waits for.
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/hook"

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _answer(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self.behave(Wire(sock, self.met))
        except (OSError, ssl.SSLError):
            pass  # It has had enough of us, as it should.
        finally:
            self.met.set()
            sock.close()


class Crowded:
    """A port whose queue of connections is full: nobody gets in any more."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self._inside = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))
            self._inside.append(one)

    def close(self):
        for one in [*self._inside, self._listener]:
            one.close()


# ---- Behaviours -------------------------------------------------------------------------------------------------


def answering(head, body=b"", length=None):
    """One answer; `head` is the status and further header lines."""
    lines = [f"HTTP/1.1 {head[0]}", *head[1:]]
    if length is None:
        lines.append(f"Content-Length: {len(body)}")
    elif length:
        lines.append(f"Content-Length: {length}")

    def behave(wire):
        while True:  # Over a kept connection too.
            wire.request()
            wire.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            if length is not None:
                return

    return behave


def silent(wire):
    wire.request()
    wire.until_gone()


def slow(seconds):
    def behave(wire):
        wire.request()
        threading.Event().wait(seconds)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    return behave


def resets_at_once(wire):
    wire.reset()


def closes_in_the_handshake(wire):
    wire.sock.recv(65536)


def never_shakes_hands(wire):
    wire.until_gone()


def speaks_plain(wire):
    wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    wire.until_gone()


def resets_after_the_request(wire):
    wire.request()
    wire.reset()


def closes_after_the_request(wire):
    wire.request()


def half_closes(wire):
    wire.request()
    wire.sock.unwrap()
    wire.until_gone()


def closes_in_the_head(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\nServer: x\r\n")


def resets_in_the_body(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
    wire.reset()


def speaks_ssh(wire):
    wire.request()
    wire.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    wire.until_gone()


def endless_headers(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\n")
    wire.flood(b"X-%d: %s\r\n" % (number, b"a" * 200) for number in range(1 << 20))


def endless_line(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    wire.flood(b"a" * 4096 for _ in range(1 << 16))


def interim_flood(wire):
    wire.request()
    wire.flood(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" for _ in range(1 << 20))


def interim_drip(wire):
    wire.request()
    wire.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def drips_the_head(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\n")
    wire.drip(b"X-Drop: 1\r\n")


def drips_the_body(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    wire.drip(b"drop")


def bad_chunks(wire):
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothing hexadecimal\r\n")
    wire.until_gone()
