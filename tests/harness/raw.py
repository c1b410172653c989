"""HTTP by hand: exact bytes out, strictly read answers in. What no HTTP library would send."""
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass, field

from . import contract

FIRST_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.[01]\r\n")


class NoAnswer(AssertionError):
    """The connection ended, or the time was over, before a whole answer."""


@dataclass
class Answer:
    status: int
    headers: list  # (name, value), as they came.
    body: bytes
    interim: list = field(default_factory=list)  # Statuses of 1xx answers before it.

    def header(self, name):
        """The only value of the header, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def closes(self):
        return self.header("Connection") == "close"


class Wire:
    """One connection. `tls` is an SSLContext, or None for plain TCP; `source` is the address that it comes from."""

    def __init__(self, port, tls=None, seconds=20, session=None, source=None):
        self.until = time.monotonic() + seconds
        self.socket = socket.create_connection(("127.0.0.1", port), seconds, source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost", session=session)
        self._rest = b""
        self._port, self._asked, self._is_clear = port, [], True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """False when the server has had enough of it."""
        self._note(data)
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def close(self):
        self.socket.close()

    def reset(self):
        """End with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def answer(self, head=False):
        """The next final answer; `head` when it is one to a HEAD."""
        interim = []
        while True:
            got = self._answer(head)
            if got.status >= 200:
                got.interim = interim
                self._check(got)
                return got
            interim.append(got.status)

    def ended(self):
        """True when the server closed and sent nothing more; waits for it."""
        return self._more() == b""

    def _note(self, data):
        """What was asked, while that is plain: one whole request line in each piece."""
        found = FIRST_LINE.match(data)
        if found and b"HTTP/1." not in data[found.end():]:
            self._asked.append((found[1].decode(), found[2].decode()))
        else:
            self._is_clear = False

    def _check(self, got):
        if contract.is_ours(self._port) and self._is_clear and self._asked:
            method, target = self._asked.pop(0)
            contract.contract().check(method, target, got.status, got.headers, got.body)

    def _answer(self, head):
        while b"\r\n\r\n" not in self._rest:
            self._need()
        raw, self._rest = self._rest.split(b"\r\n\r\n", 1)
        lines = raw.decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        assert all(len(one) == 2 for one in headers), headers
        found = Answer(int(status), headers, b"")
        length = int(found.header("Content-Length") or 0)
        if not head and found.status not in (204, 304):
            while len(self._rest) < length:
                self._need()
            found.body, self._rest = self._rest[:length], self._rest[length:]
        return found

    def _need(self):
        more = self._more()
        if not more:
            raise NoAnswer(f"the connection ended after {self._rest[:200]!r}")
        self._rest += more

    def _more(self):
        self.socket.settimeout(max(0.01, self.until - time.monotonic()))
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            raise NoAnswer(f"nothing more came after {self._rest[:200]!r}") from None
        except (ssl.SSLError, ConnectionError):
            return b""


def trusting(ca):
    """A client's SSLContext that believes this authority and no other."""
    return ssl.create_default_context(cafile=str(ca))


def request(method, target, *headers, body=None):
    """The bytes of a well-formed request; with a body, also its Content-Length."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body is not None:
        body = body.encode() if isinstance(body, str) else body
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
