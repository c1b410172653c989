"""Endpoints that speak HTTP/2 (RFC 9113) and do one thing wrong each, frame by frame.

Behaviours for harness.hostile.Hostile; its SSLContext must offer `h2`."""
import functools

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
ACK, END_STREAM, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
OK, EARLY_HINTS = b"\x88", b"\x08\x03103"  # HPACK: ":status 200" by index; ":status" by its name's index and a literal.
INTERNAL_ERROR, REFUSED_STREAM = 2, 7


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def goaway(last, error=0):
    return frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + error.to_bytes(4, "big"))


def reset(stream, error):
    return frame(RESET, 0, stream, error.to_bytes(4, "big"))


class Frames:
    """The other side's frames, in order."""

    def __init__(self, wire):
        self.wire, self.data = wire, b""
        assert self._take(len(PREFACE)) == PREFACE
        wire.send(frame(SETTINGS))

    def _take(self, count):
        while len(self.data) < count:
            self.data += self.wire._more()
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def request(self):
        """Its stream, once it is whole; then whoever waits for it goes on."""
        while True:
            head = self._take(9)
            self._take(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & ACK:
                self.wire.send(frame(SETTINGS, ACK))
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                self.wire.met.set()
                return stream


def each_request(act):
    """act(wire, stream) for every request of a connection."""
    @functools.wraps(act)
    def behave(wire):
        frames = Frames(wire)
        while True:
            act(wire, frames.request())
    return behave


@each_request
def goes_away_at_once(wire, stream):
    """"I took nothing": whoever asked may ask again."""
    wire.send(goaway(0))
    wire.until_gone()


@each_request
def goes_away_after_the_answer(wire, stream):
    wire.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, OK) + goaway(stream))
    wire.until_gone()  # Closed with frames unread it would be a reset, which may overtake the answer.


@each_request
def goes_away_with_the_request(wire, stream):
    """It took it, and ends all the same."""
    wire.send(goaway(stream, INTERNAL_ERROR))
    raise ConnectionError("it has gone away")


@each_request
def resets_the_stream(wire, stream):
    wire.send(reset(stream, INTERNAL_ERROR))


@each_request
def refuses_every_stream(wire, stream):
    wire.send(reset(stream, REFUSED_STREAM))


@each_request
def endless_continuation(wire, stream):
    wire.send(frame(HEADERS, 0, stream, OK))
    wire.flood(frame(CONTINUATION, 0, stream, b"\x00\x01a\x01b" * 1000) for _ in range(1 << 16))


@each_request
def interim_flood(wire, stream):
    wire.flood(frame(HEADERS, END_HEADERS, stream, EARLY_HINTS) for _ in range(1 << 20))


@each_request
def pings_for_ever(wire, stream):
    wire.flood(frame(PING, 0, 0, bytes(8)) for _ in range(1 << 20))


@each_request
def drips_the_body(wire, stream):
    wire.send(frame(HEADERS, END_HEADERS, stream, OK))
    wire.drip(frame(DATA, 0, stream, b"drop"))


@each_request
def speaks_rubbish(wire, stream):
    wire.send(b"\xff" * 4096)
    wire.until_gone()
