"""Requests no honest client sends. Each is a row: exact bytes, and what must come of them. Runs on
the sanitizers' build when there is one (build/asan), and says which build it was."""
import hashlib
import json
import re
import zlib
from dataclasses import dataclass

import pytest
import requests

from harness.poll import eventually
from harness.porter import Porter, format_id, parse_id, uuid7
from harness.process import SANITIZED
from harness.raw import NoAnswer, Wire, trusting

BODY_MAX = 64 * 1024  # Smaller than by default, to be over it cheaply.
REPORTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|Assertion .* failed|WARNING: ThreadSan")
# What an answer may hold; a header of another name is one that a request has brought in.
HEADERS = {
    "date", "content-length", "connection", "content-type", "x-request-id", "allow", "link", "location",
    "x-content-type-options", "cache-control", "strict-transport-security", "www-authenticate", "etag",
    "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit", "ratelimit-policy",
    "content-security-policy", "retry-after", "server-timing", "vary", "content-encoding", "idempotency-replayed",
    "x-porter-dry-run"}
PRE_REGISTER = "/api/v1/visitors/pre-register"


@dataclass
class Row:
    name: str
    data: bytes  # "@KEY@" and the like are filled in by the fixture `world`.
    status: int | None  # None: whatever comes, if anything does; the client is gone.
    problem: str | None = None
    plain: bool = False
    leave: str = ""  # How the client goes before an answer: "close" or "reset".
    detail: str = ""  # What the problem's detail must say.


def get(target, *headers, method="GET", key="@KEY@", version="HTTP/1.1"):
    lines = [f"{method} {target} {version}", "Host: localhost"]
    lines += [f"X-API-Key: {key}"] if key is not None else []
    return text("\r\n".join([*lines, *headers]) + "\r\n\r\n")


def post(body, *headers, kind="application/json", length="@LENGTH@", target=PRE_REGISTER):
    more = [f"Content-Type: {kind}"] if kind else []
    more += [f"Content-Length: {length}"] if length else []
    return get(target, *more, *headers, method="POST") + text(body)


def visitor(**fields):
    return json.dumps({"full_name": "Ada", "location_id": "@LOCATION@", **fields})


def member(raw):
    """A good body with one more member, as written."""
    return text('{"full_name":"Ada","location_id":"@LOCATION@",') + text(raw) + b"}"


def chunked(raw, *headers):
    return post(raw, "Transfer-Encoding: chunked", *headers, length=None)


def text(data):
    return data.encode("latin-1") if isinstance(data, str) else data


GOOD = '{"full_name":"Ada"}'
HEX = f"{len(GOOD):x}"

# ---- JSON that is none ---------------------------------------------------------------------------
BROKEN = {
    "only blanks": " \r\n\t ", "one brace": "{", "no end": '{"full_name":"Ada"', "two ends": GOOD + "}",
    "two documents": GOOD + GOOD, "text after it": GOOD + " x", "comma at the end": '{"full_name":"Ada",}',
    "comma at the start": '{,"full_name":"Ada"}', "two commas": '{"full_name":"Ada",,"company":"B"}',
    "no comma": '{"full_name":"Ada" "company":"B"}', "no colon": '{"full_name" "Ada"}', "two colons": '{"a"::1}',
    "no value": '{"full_name":}', "single quotes": "{'full_name':'Ada'}", "bare name": '{full_name:"Ada"}',
    "number as name": '{1:"Ada"}', "comment": '{"full_name":"Ada"/* x */}', "line comment": '{}//x',
    "NaN": '{"metadata":NaN}', "Infinity": '{"metadata":-Infinity}', "hex": '{"metadata":0x10}',
    "leading zero": '{"metadata":01}', "plus": '{"metadata":+1}', "dot at the end": '{"metadata":1.}',
    "dot at the start": '{"metadata":.1}', "half an exponent": '{"metadata":1e}', "minus alone": '{"metadata":-}',
    "65 bits": '{"metadata":18446744073709551616}', "400 digits": '{"metadata":' + "9" * 400 + "}",
    "huge exponent": '{"metadata":1e999999999}', "True": '{"metadata":True}', "nul": '{"metadata":nul}',
    "undefined": '{"metadata":undefined}', "raw newline": '{"full_name":"A\nda"}', "raw tab": '{"full_name":"A\tda"}',
    "raw NUL": '{"full_name":"A\0da"}', "NUL after it": GOOD + "\0", "NUL before it": "\0" + GOOD,
    "escaped NUL": '{"full_name":"A\\u0000da"}', "escaped NUL in a name": '{"full\\u0000name":"Ada"}',
    "bad escape": '{"full_name":"\\x41"}', "short \\u": '{"full_name":"\\u12"}', "letters in \\u": '{"full_name":"\\u12g4"}',
    "escape at the end": '{"full_name":"Ada\\', "high surrogate": '{"full_name":"\\ud800"}',
    "low surrogate": '{"full_name":"\\udc00"}', "surrogates turned": '{"full_name":"\\udc00\\ud800"}',
    "two highs": '{"full_name":"\\ud800\\ud800"}', "surrogate in UTF-8": b'{"full_name":"\xed\xa0\x80"}',
    "Latin-1": b'{"full_name":"Zo\xeb"}', "overlong slash": b'{"full_name":"\xc0\xaf"}',
    "overlong NUL": b'{"full_name":"\xc0\x80"}', "beyond U+10FFFF": b'{"full_name":"\xf4\x90\x80\x80"}',
    "0xFF": b'{"full_name":"\xff\xfe"}', "cut-off UTF-8": b'{"full_name":"\xe2\x82"}',
    "byte order mark": b"\xef\xbb\xbf" + text(GOOD), "UTF-16": GOOD.encode("utf-16"), "UTF-32": GOOD.encode("utf-32"),
    "same name twice": '{"full_name":"Ada","full_name":"Bob"}',
    "same name twice, escaped": '{"full_name":"Ada","full\\u005fname":"Bob"}',
    "33 deep": "[" * 33 + "]" * 33, "33 objects deep": '{"a":' * 33 + "1" + "}" * 33,
    "1,000 deep": "[" * 1000 + "]" * 1000, "30,000 deep": "[" * 30000 + "]" * 30000,
    "60,000 deep without an end": "[" * 60000, "XML": "<visitor>Ada</visitor>", "a form": "full_name=Ada",
    "a gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "text without an end": '{"full_name":"Ada',
}
# ---- JSON of the wrong shape ---------------------------------------------------------------------
SHAPES = {
    "array": "[]", "array of visitors": "[" + visitor() + "]", "text": '"Ada"', "number": "1", "null": "null",
    "true": "true", "empty object": "{}", "32 deep": "[" * 32 + "]" * 32,
    "an unknown field": member('"x":1'), "__proto__": member('"__proto__":{"a":1}'), "a misspelt field": member('"fist_name":"A"'),
    "field in capitals": member('"Company":"B"'), "a read-only id": member('"id":"vis_0"'),
    "a read-only status": member('"status":"checked_in"'), "another organization": member('"organization_id":"org_x"'),
    "an empty name": member('"":"x"'), "a name of 40 KB": member('"' + "n" * 40000 + '":1'),
    "300 unknown fields": member(",".join(f'"x{i}":{i}' for i in range(300))),
    "markup as a name": member('"<script>alert(1)</script>":1'), "CRLF in a name": member('"a\\r\\nSet-Cookie: a=b":1'),
    "full_name a number": visitor(full_name=1), "full_name null": visitor(full_name=None),
    "full_name a list": visitor(full_name=["Ada"]), "full_name an object": visitor(full_name={}),
    "full_name true": visitor(full_name=True), "full_name empty": visitor(full_name=""),
    "both names empty": visitor(full_name="", first_name=""), "full_name blank": visitor(full_name="  "), "full_name too long": visitor(full_name="A" * 242),
    "full_name with a line break": visitor(full_name="A\nB"), "full_name with an escape": visitor(full_name="A\x1b[31m"),
    "full_name DEL": visitor(full_name="A\x7f"), "email a number": visitor(email=1), "email no @": visitor(email="ada"),
    "email with CRLF": visitor(email="a@b.c\r\nBcc: x@y.z"), "phone letters": visitor(phone="+41abc"),
    "phone a number": visitor(phone=41791234567), "host a text": visitor(host="Bob"), "host a list": visitor(host=[]),
    "host.name a number": visitor(host={"name": 1}), "host unknown": visitor(host={"x": 1}),
    "metadata a list": visitor(metadata=[]), "metadata a text": visitor(metadata="x"),
    "metadata a number inside": visitor(metadata={"a": 1}), "metadata nested": visitor(metadata={"a": {"b": "c"}}),
    "metadata 21 keys": visitor(metadata={str(i): "x" for i in range(21)}), "metadata long key": visitor(metadata={"k" * 41: "x"}),
    "metadata long value": visitor(metadata={"k": "x" * 501}), "expected_at a number": visitor(expected_at=1767225600),
    "expected_at negative": visitor(expected_at=-1), "expected_at huge": visitor(expected_at=9223372036854775807),
    "expected_at real": visitor(expected_at=1.5), "expected_at no time": visitor(expected_at="tomorrow"),
    "expected_at no zone": visitor(expected_at="2026-12-01T10:00:00"), "expected_at no such day": visitor(expected_at="2026-02-30T10:00:00Z"),
    "expected_at year 0": visitor(expected_at="0000-01-01T00:00:00Z"), "expected_at year 10000": visitor(expected_at="10000-01-01T00:00:00Z"),
    "expected_at far ahead": visitor(expected_at="2999-01-01T00:00:00Z"), "location_id a number": visitor(location_id=1),
    "location_id no id": visitor(location_id="here"), "location_id another kind": visitor(location_id="@VISITOR@"),
    "location_id upper case": visitor(location_id="@LOCATION_UPPER@"), "location_id SQL": visitor(location_id="' OR 1=1 --"),
    "location_id unknown": visitor(location_id="@NOWHERE@"), "location_id a stranger's": visitor(location_id="@STRANGE_LOCATION@"),
    "notes too long": visitor(notes="n" * 2001),
}
# ---- Heads that break HTTP -----------------------------------------------------------------------
H = "Host: localhost\r\n"
K = "X-API-Key: @KEY@\r\n"
PATH = "GET /api/v1/visitors HTTP/1.1\r\n"
HEADS = {
    "bare LF": "GET /api/v1/visitors HTTP/1.1\nHost: localhost\n\n",
    "bare LF after the request line": "GET /api/v1/visitors HTTP/1.1\n" + H + "\r\n",
    "bare LF in one header": PATH + "Host: localhost\nX-API-Key: @KEY@\r\n\r\n", "bare CR": PATH + "Host: local\rhost\r\n\r\n",
    "folded header": PATH + H + "X-A: 1\r\n 2\r\n\r\n", "folded with a tab": PATH + H + "X-A: 1\r\n\t2\r\n\r\n",
    "fold first": PATH + " X-A: 1\r\n" + H + "\r\n", "blank before the colon": PATH + H + "X-API-Key : @KEY@\r\n\r\n",
    "no colon": PATH + H + "X-API-Key @KEY@\r\n\r\n", "no name": PATH + H + ": x\r\n\r\n",
    "name with a blank": PATH + H + "X A: 1\r\n\r\n", "name with UTF-8": PATH + H + "X-\xc3\xa9: 1\r\n\r\n",
    "name with NUL": PATH + H + "X-\0: 1\r\n\r\n", "value with NUL": PATH + H + "X-A: \0\r\n\r\n",
    "value with BEL": PATH + H + "X-A: \a\r\n\r\n", "no Host": PATH + K + "\r\n", "two Hosts": PATH + H + H + "\r\n",
    "two Hosts that differ": PATH + H + "Host: other\r\n\r\n", "empty line first": "\r\n" + PATH + H + K + "\r\n",
    "blank first": " " + PATH + H + "\r\n", "two blanks": "GET  /api/v1/visitors HTTP/1.1\r\n" + H + "\r\n",
    "tabs for blanks": "GET\t/api/v1/visitors\tHTTP/1.1\r\n" + H + "\r\n", "blank at the end": "GET /api/v1/visitors HTTP/1.1 \r\n" + H + "\r\n",
    "no version": "GET /api/v1/visitors\r\n\r\n", "blank in the target": "GET /api/v1/visitors?q=a b HTTP/1.1\r\n" + H + "\r\n",
    "http in small letters": "GET /api/v1/visitors http/1.1\r\n" + H + "\r\n", "no request line": H + "\r\n",
    "raw UTF-8 in the target": "GET /api/v1/visitors?q=\xc3\xa9 HTTP/1.1\r\n" + H + "\r\n",
    "raw 0xFF in the target": "GET /\xff HTTP/1.1\r\n" + H + "\r\n", "fragment": "GET /api/v1/visitors#x HTTP/1.1\r\n" + H + "\r\n",
    "absolute form": "GET https://localhost/api/v1/visitors HTTP/1.1\r\n" + H + K + "\r\n",
    "absolute form, other host": "GET http://evil.example/api/v1/visitors HTTP/1.1\r\n" + H + K + "\r\n",
    "authority form": "CONNECT localhost:443 HTTP/1.1\r\n" + H + "\r\n", "asterisk": "OPTIONS * HTTP/1.1\r\n" + H + "\r\n",
    "no slash": "GET api/v1/visitors HTTP/1.1\r\n" + H + "\r\n",
    "bad escape in the path": "GET /api/v1/%zz HTTP/1.1\r\n" + H + "\r\n", "half an escape": "GET /api/v1/visitors% HTTP/1.1\r\n" + H + "\r\n",
    "NUL in the path": "GET /api/v1/visitors%00 HTTP/1.1\r\n" + H + K + "\r\n", "CRLF in the path": "GET /api/v1/visitors%0d%0aX-A:%201 HTTP/1.1\r\n" + H + "\r\n",
    "encoded slash": "GET /api/v1%2Fvisitors HTTP/1.1\r\n" + H + K + "\r\n", "encoded slash, small": "GET /api/v1/visitors%2f@VISITOR@ HTTP/1.1\r\n" + H + K + "\r\n",
    "Latin-1 in the path": "GET /api/v1/visitors/%FF%FE HTTP/1.1\r\n" + H + K + "\r\n",
    "overlong UTF-8 in the path": "GET /api/v1/visitors/%C0%AF HTTP/1.1\r\n" + H + K + "\r\n",
    "a TLS ClientHello inside": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "SSH": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "zeros": b"\0" * 64 + b"\r\n\r\n", "0xFF only": b"\xff" * 64 + b"\r\n\r\n",
}
METHODS = {
    "TRACE": "TRACE /api/v1/visitors HTTP/1.1\r\n" + H + K + "\r\n", "an invented method": "STEAL /api/v1/visitors HTTP/1.1\r\n" + H + "\r\n",
    "in small letters": "get /api/v1/visitors HTTP/1.1\r\n" + H + "\r\n", "of 5,000": "G" * 5000 + " / HTTP/1.1\r\n" + H + "\r\n",
    "PRI": "PRI / HTTP/1.1\r\n" + H + "\r\n", "PROPFIND": "PROPFIND /api/v1/visitors HTTP/1.1\r\n" + H + K + "\r\n",
}
# ---- Framing in which two servers could see two requests -----------------------------------------
FRAMING = {
    "length and chunked": post(visitor(), "Transfer-Encoding: chunked"),
    "chunked and length": chunked("0\r\n\r\n", "Content-Length: 5"),
    "good chunks and length": chunked(f"@CHUNK@\r\n{visitor()}\r\n0\r\n\r\n", "Content-Length: 5"),
    "HTTP/1.0 and good chunks": chunked(f"@CHUNK@\r\n{visitor()}\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "two lengths": post(visitor(), "Content-Length: @LENGTH@"), "two lengths that differ": post(visitor(), "Content-Length: 3"),
    "lengths as a list": post(visitor(), length="@LENGTH@, @LENGTH@"), "length with a plus": post(visitor(), length="+@LENGTH@"),
    "length negative": post(visitor(), length="-1"), "length hex": post(visitor(), length="0x13"), "length real": post(visitor(), length="@LENGTH@.0"),
    "length with a blank": post(visitor(), length="1 9"), "length empty": post(visitor(), "Content-Length:", length=None),
    "length of 64 bits": post(visitor(), length="18446744073709551616"), "length of 100 digits": post(visitor(), length="9" * 100),
    "length -0": post(visitor(), length="-0"), "length in full-width digits": post(visitor(), length="\xef\xbc\x91"),
    "length on GET twice": get("/api/v1/visitors", "Content-Length: 0", "Content-Length: 0"),
    "HTTP/1.0 and chunked": post(visitor(), "Transfer-Encoding: chunked", length=None).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "length behind 64 headers": get("/api/v1/visitors", *[f"X-{i}: 1" for i in range(62)]) [:-2] + b"Content-Length: 3\r\n\r\nabc",
}
CHUNKS = {
    "no size": "\r\n" + GOOD + "\r\n0\r\n\r\n", "size g": f"g\r\n{GOOD}\r\n0\r\n\r\n", "size 0x13": f"0x{HEX}\r\n{GOOD}\r\n0\r\n\r\n",
    "size -1": f"-1\r\n{GOOD}\r\n0\r\n\r\n", "size +13": f"+{HEX}\r\n{GOOD}\r\n0\r\n\r\n", "blank before the size": f" {HEX}\r\n{GOOD}\r\n0\r\n\r\n",
    "size over 64 bits": f"1{'0' * 16}\r\n{GOOD}\r\n0\r\n\r\n", "size 2^31": f"80000000\r\n{GOOD}\r\n0\r\n\r\n", "size 2^63-1": f"7{'f' * 15}\r\n{GOOD}\r\n0\r\n\r\n", "size 2^63": f"8{'0' * 15}\r\n{GOOD}\r\n0\r\n\r\n",
    "size 2^64-1": f"{'f' * 16}\r\n{GOOD}\r\n0\r\n\r\n", "70 digits": f"{'0' * 68}{HEX}\r\n{GOOD}\r\n0\r\n\r\n",
    "bare LF after the size": f"{HEX}\n{GOOD}\r\n0\r\n\r\n", "bare LF after the data": f"{HEX}\r\n{GOOD}\n0\r\n\r\n",
    "data longer than the size": f"3\r\n{GOOD}\r\n0\r\n\r\n", "no CRLF after the data": f"{HEX}\r\n{GOOD}0\r\n\r\n",
    "bare LF in an extension": f"{HEX};a\n{GOOD}\r\n0\r\n\r\n", "negative end": f"{HEX}\r\n{GOOD}\r\n-0\r\n\r\n",
}
OVER = "a" * 20000


def rows():
    """The whole table."""
    yield from (Row(f"JSON: {name}", post(body), 400, "malformed-request") for name, body in BROKEN.items())
    yield from (Row(f"body: {name}", post(body), 422, "validation-failed") for name, body in SHAPES.items())
    yield from (Row(f"head: {name}", text(raw), 400, "malformed-request") for name, raw in HEADS.items())
    yield from (Row(f"method: {name}", text(raw), 501, "method-not-implemented") for name, raw in METHODS.items())
    yield from (Row(f"head, plain: {name}", text(raw), 400, "malformed-request", plain=True)
                for name, raw in list(HEADS.items())[:8])
    yield from (Row(f"framing: {name}", raw, 431 if "64 headers" in name else 400,
                    "headers-too-large" if "64 headers" in name else "malformed-request") for name, raw in FRAMING.items())
    yield from (Row(f"chunks: {name}", chunked(raw), 400, "malformed-request") for name, raw in CHUNKS.items())
    yield from (Row(f"coding {one}", post(GOOD, f"Transfer-Encoding: {one}", length=None), 501, "unsupported-encoding")
                for one in ("gzip", "gzip, chunked", "chunked, chunked", "chunked;q=1", "xchunked", "identity", "chunked,", "\x0bchunked"[1:] + " x"))
    yield Row("good chunks are fine", chunked(f"@CHUNK@\r\n{visitor()}\r\n0\r\n\r\n"), 201)
    yield Row("coding twice", chunked("0\r\n\r\n", "Transfer-Encoding: chunked"), 501, "unsupported-encoding")
    yield from sizes()
    yield from versions()
    yield from media()
    yield from addresses()
    yield from parameters()
    yield from keys()
    yield from reflections()
    yield from partings()


def sizes():
    big = Row("", b"", 431, "headers-too-large")
    for name, data in {
            "URI": get("/api/v1/visitors?q=" + OVER), "path": get("/" + OVER), "header": get("/api/v1/visitors", "X-A: " + OVER),
            "header's name": get("/api/v1/visitors", OVER + ": 1"), "key": get("/api/v1/visitors", key=OVER),
            "request id": get("/api/v1/visitors", "X-Request-Id: " + OVER), "65 headers": get("/api/v1/visitors", *["A: b"] * 63),
            "5,000 headers": get("/api/v1/visitors", *["A: b"] * 5000), "head without an end": text(PATH) + b"X-A: " + b"a" * 200000,
            "request line without an end": b"GET /" + b"a" * 200000}.items():
        yield Row(f"too large: {name}", data, big.status, big.problem)
    for name, data in {
            "body": post("x" * (BODY_MAX + 1)), "announced only": post("", length=str(BODY_MAX + 1)),
            "announced 2^53": post("", length=str(2 ** 53)), "body of 300 KB": post("x" * 300000),
            "one chunk": chunked(f"{BODY_MAX + 1:x}\r\n" + "x" * (BODY_MAX + 1) + "\r\n0\r\n\r\n"),
            "many chunks": chunked(("400\r\n" + "x" * 1024 + "\r\n") * 65 + "0\r\n\r\n"),
            "100,000 deep": post("[" * 100000 + "]" * 100000)}.items():
        yield Row(f"too large: {name}", data, 413, "body-too-large")
    yield Row("exactly as large as allowed, of blanks", post(" " * BODY_MAX), 400, "malformed-request")
    yield Row("too large with 100-continue", post("", "Expect: 100-continue", length="999999"), 413, "body-too-large")


def versions():
    for version in ("HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/3", "HTTP/11", "HTTP/1.10", "HTTP/1.1.1", "HTTP/", "HTTP/01.1"):
        yield Row(f"version {version}", get("/api/v1/visitors", version=version), 505, "unsupported-version")
    yield Row("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", 505, "unsupported-version")
    yield Row("HTTP/1.0 works", get("/api/v1/visitors", version="HTTP/1.0"), 200)
    yield Row("HTTP/1.0 without a Host", text("GET /api/v1/visitors HTTP/1.0\r\n" + K + "\r\n"), 200)
    yield Row("upgrade to h2c is ignored", get("/api/v1/visitors", "Upgrade: h2c", "Connection: Upgrade", "HTTP2-Settings: AA"), 200)
    yield Row("upgrade to a WebSocket is ignored", get("/api/v1/visitors", "Upgrade: websocket", "Connection: Upgrade",
                                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"), 200)


def media():
    for kind in ("text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/xml",
                 "application/jsonx", "application/json,text/plain", "application", "/", "application/ json", "*/*", "application/problem+json"):
        yield Row(f"media type {kind}", post(visitor(), kind=kind), 415, "unsupported-media-type")
    yield Row("no media type", post(visitor(), kind=None), 415, "unsupported-media-type")
    yield Row("two media types", post(visitor(), "Content-Type: text/plain"), 415, "unsupported-media-type")
    yield Row("a gzipped body", post(visitor(), "Content-Encoding: gzip"), 415, "unsupported-media-type")
    yield Row("another charset", post(visitor(), kind="application/json; charset=utf-16"), 415, "unsupported-media-type")
    yield Row("UTF-8 said", post(visitor(), kind='Application/JSON ; charset="UTF-8"'), 201)
    yield Row("no body at all", post("", length="0"), 400, "malformed-request")
    yield Row("neither length nor chunked", post("", length=None), 400, "malformed-request")
    for accept in ("text/html", "application/xml", "application/json;q=0", "image/*", "application", "application/json;q=0.0, text/html"):
        yield Row(f"Accept {accept}", get("/api/v1/visitors", f"Accept: {accept}"), 406, "not-acceptable")
    for accept in ("*/*", "application/json", "APPLICATION/JSON", "text/html, application/*;q=0.1", ""):
        yield Row(f"Accept {accept!r}, said after another, is fine", get("/api/v1/visitors", "Accept: text/csv", f"Accept: {accept or '*/*'}"), 200)
        yield Row(f"Accept {accept!r} is fine", get("/api/v1/visitors", f"Accept: {accept}"), 200)


def addresses():
    for target in ("/", "/api", "/api/v1", "/api/v1/", "/api/v2/visitors", "/api/v1/Visitors", "/api/v1/visitors/", "//api/v1/visitors",
                   "/api//v1/visitors", "/api/v1/visitors//", "/api/v1/../v1/visitors", "/api/v1/./visitors", "/../../etc/passwd",
                   "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/visitors/..", "/api/v1/visitors/%2e%2e", "/api/v1/visitors/%252e%252e",
                   "/api/v1/visitors%2520", "/api/v1/visitors;a=b", "/api/v1/%2576isitors", "/api/v1%5Cvisitors", "/api/v1/visitors%5C@VISITOR@", "/metrics", "/healthz", "/readyz", "/.env", "/.git/config",
                   "/docs/errors/", "/docs/errors/nothing", "/docs/errors/..", "/docs/errors/%3Cscript%3E", "/favicon.ico"):
        yield Row(f"no such address: {target}", get(target), 404, "not-found")
    yield Row("an escaped letter is the letter", get("/api/v1/%76isitors"), 200)
    for one in ("@STRANGE_VISITOR@", "@NOBODY@", "vis_", "vis_0", "@LOCATION@", "@VISITOR_UPPER@", "@VISITOR@x", "vis_" + "z" * 26, "vis_" + "i" * 26,
                "vis_" + "0" * 26, "vis_" + "7" * 26, "'%20OR%201=1--", "0", "-1", "%C3%A9", "a" * 10000, "*", "%25", "@VISITOR@%20", "@VISITOR@%2520"):
        yield Row(f"no such visitor: {one[:40]}", get(f"/api/v1/visitors/{one}"), 404, "not-found")
    yield Row("a stranger's location", get("/api/v1/locations/@STRANGE_LOCATION@"), 404, "not-found")
    yield Row("a stranger's contractor", get("/api/v1/contractors/@STRANGE_CONTRACTOR@"), 404, "not-found")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        yield Row(f"{method} on a list", get("/api/v1/visitors", "Content-Length: 0", method=method), 405, "method-not-allowed")
        if method != "POST":
            yield Row(f"{method} on pre-register", get(PRE_REGISTER, method=method), 405, "method-not-allowed")
    yield Row("method override is ignored", get("/api/v1/visitors/@VISITOR@", "X-HTTP-Method-Override: DELETE"), 200)
    yield Row("rewritten URL is ignored", get("/api/v1/visitors", "X-Original-URL: /metrics", "X-Rewrite-URL: /metrics"), 200)
    yield Row("GET with a body", get("/api/v1/visitors", "Content-Type: application/json", "Content-Length: 2") + b"{}", 200)


def parameters():
    for query in ("limit=0", "limit=201", "limit=-1", "limit=1.5", "limit=1e2", "limit=0x10", "limit=%2B1", "limit=", "limit", "limit=1%20", "limit=" + "9" * 400,
                  "limit=18446744073709551617", "limit=1&limit=1", "limit[]=1", "LIMIT=1", "limt=1", "x=1", "=1", "=", "status=x", "status=", "status=EXPECTED",
                  "status=expected,cancelled", "status=expected&status=x", "location_id=x", "location_id=@VISITOR@", "email=a", "email=" + "a" * 255,
                  "q=", "q=" + "a" * 201, "q=%0a", "q=a%1b", "q=a&q=b", "sort=id", "sort=created_at;drop%20table%20visitors", "sort=-created_at&sort=-created_at",
                  "include=everything", "include=", "created_from=yesterday", "created_from=2026-01-01", "created_from=2026-01-01T00:00:00+02:00",
                  "created_from=2026-13-01T00:00:00Z", "created_to=99999-01-01T00:00:00Z", "__proto__=1", "api_key=@KEY@", "%3Cscript%3E=1", "a%0d%0ab=1"):
        yield Row(f"parameter {query[:50]}", get(f"/api/v1/visitors?{query}"), 400, "invalid-parameter")
    for query in ("q=%FF", "q=%C0%AF", "q=%ED%A0%80", "q=%", "q=%4", "q=%zz", "q=%00", "%FF=1", "%00=1", "&".join(f"a{i}=1" for i in range(500))):
        yield Row(f"query {query[:30]}", get(f"/api/v1/visitors?{query}"), 400, "malformed-request")
    for query in ("", "&", "&&limit=1&", "q=a%26b%3Dc", "q=%F0%9F%98%80", "q=%27%3B%20DROP%20TABLE%20visitors%3B--", "q=%25", "q=%5C", "q=%3A%2A%26%7C!%28", "q=%27"):
        yield Row(f"query {query!r} is fine", get(f"/api/v1/visitors?{query}"), 200)
    for name, cursor in {"nonsense": "x", "empty": "", "long": "A" * 5000, "padded": "@CURSOR@%3D%3D", "cut off": "@CURSOR_CUT@", "one bit off": "@CURSOR_BIT@",
                         "all zero": "A" * 56, "of another filter": "@CURSOR_FILTERED@", "of another list": "@CURSOR_CONTRACTORS@", "not base64": "!!!!",
                         "a stranger's": "@CURSOR_STRANGE@", "twice itself": "@CURSOR@@CURSOR@", "an offset": "100", "JSON": "%7B%22id%22%3A1%7D"}.items():
        yield Row(f"cursor {name}", get(f"/api/v1/visitors?cursor={cursor}"), 400,
                  "invalid-parameter" if name in ("empty", "long") else "invalid-cursor")
    yield Row("cursor and a filter it was not made for", get("/api/v1/visitors?cursor=@CURSOR@&status=expected"), 400, "invalid-cursor")
    yield Row("two cursors", get("/api/v1/visitors?cursor=@CURSOR@&cursor=@CURSOR@"), 400, "invalid-parameter")
    yield Row("a parameter on one visitor", get("/api/v1/visitors/@VISITOR@?x=1"), 400, "invalid-parameter")
    yield Row("a parameter on pre-register", post(visitor(), target=PRE_REGISTER + "?x=1"), 400, "invalid-parameter")


def keys():
    for name, key in {
            "none": "", "short": "porter_sk_", "no prefix": "x" * 59, "other prefix": "porter_pk_" + "a" * 49, "capitals": "@KEY_UPPER@", "a letter more": "@KEY@a",
            "a letter less": "@KEY_CUT@", "last letter changed": "@KEY_TYPO@", "quoted": '"@KEY@"', "Bearer": "Bearer @KEY@", "two": "@KEY@, @KEY@", "a dash in it": "porter_sk_" + "-" * 49,
            "UTF-8": "porter_sk_" + "\xc3\xa9" * 24 + "a", "0xFF": "\xff" * 59, "SQL": "' OR 1=1; DROP TABLE api_keys --", "10,000 letters": "porter_sk_" + "a" * 10000,
            "a format": "%s%n%x" * 10, "zeros": "porter_sk_" + "0" * 49}.items():
        yield Row(f"key malformed: {name}", get("/api/v1/visitors", key=key), 401, "key-malformed")
    yield Row("key twice", get("/api/v1/visitors", "X-API-Key: @KEY@"), 401, "key-malformed")
    yield Row("two keys", get("/api/v1/visitors", "x-api-key: @STRANGE_KEY@"), 401, "key-malformed")
    yield Row("no key", get("/api/v1/visitors", key=None), 401, "key-missing")
    yield Row("key in Authorization", get("/api/v1/visitors", "Authorization: Bearer @KEY@", key=None), 401, "key-missing", detail="not in Authorization")
    yield Row("key in a cookie", get("/api/v1/visitors", "Cookie: X-API-Key=@KEY@", key=None), 401, "key-missing")
    yield Row("key unknown", get("/api/v1/visitors", key="@KEY_UNKNOWN@"), 401, "key-invalid")
    yield Row("key revoked", get("/api/v1/visitors", key="@KEY_REVOKED@"), 401, "key-invalid")
    yield Row("key expired", get("/api/v1/visitors", key="@KEY_EXPIRED@"), 401, "key-invalid")
    yield Row("key without the scope", get("/api/v1/visitors", key="@KEY_NARROW@"), 403, "scope-missing", detail="visitors:read")
    yield Row("scope before existence", get("/api/v1/visitors/@NOBODY@", key="@KEY_NARROW@"), 403, "scope-missing")
    yield Row("key before existence", get("/api/v1/visitors/@NOBODY@", key="@KEY_UNKNOWN@"), 401, "key-invalid")
    yield Row("key before parameters", get("/api/v1/visitors?x=1", key=None), 401, "key-missing")


def reflections():
    """Answered well, and nothing of the request stands where it could do harm."""
    for name, header in {
            "request id with quotes": 'X-Request-Id: a"b\\c<script>', "request id of 129": "X-Request-Id: " + "a" * 129, "request id UTF-8": "X-Request-Id: \xc3\xa9",
            "request id empty": "X-Request-Id:", "request id with %0d%0a": "X-Request-Id: a%0d%0aSet-Cookie: a=b", "traceparent long": "traceparent: " + "0" * 500,
            "traceparent version ff": "traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "traceparent zeros": f"traceparent: 00-{'0' * 32}-{'0' * 16}-00",
            "traceparent markup": "traceparent: <script>", "forwarded": "X-Forwarded-For: 127.0.0.1", "forwarded host": "X-Forwarded-Host: evil.example",
            "cookies": "Cookie: " + "a=b; " * 200, "range": "Range: bytes=0-18446744073709551615", "origin": "Origin: https://evil.example",
            "if-none-match": 'If-None-Match: "' + "a" * 5000, "authorization": "Authorization: Basic AAAA", "empty name's value": "X-A:"}.items():
        yield Row(f"header {name}", get("/api/v1/visitors?limit=1", header), 200)
        yield Row(f"header {name}, with a problem", get("/api/v1/visitors/nothing", header), 404, "not-found")
    yield Row("request id with a CR", get("/api/v1/visitors", "X-Request-Id: a\rSet-Cookie: a=b"), 400, "malformed-request")
    yield Row("request id with a NUL", get("/api/v1/visitors", "X-Request-Id: a\0b"), 400, "malformed-request")
    for host in ("evil.example", "a'><script>", "localhost:99999999", "[::1]:8443", "a/b", "localhost,evil", "%0d%0aX: y", "\xc3\xa9", "", "a" * 5000):
        yield Row(f"Host {host[:20]!r}", get("/api/v1/visitors?limit=1").replace(b"Host: localhost", b"Host: " + text(host)), 200)


def partings():
    """Clients that go, at every stage, and ones that send what comes next too soon."""
    full = post(visitor())
    cuts = {"nothing sent": 0, "one byte": 1, "in the request line": 15, "after the request line": full.index(b"\r\n") + 2, "in a header": 60,
            "before the empty line": full.index(b"\r\n\r\n") + 2, "after the head": full.index(b"\r\n\r\n") + 4, "in the body": len(full) - 5}
    for leave in ("close", "reset"):
        for name, at in cuts.items():
            yield Row(f"{leave} {name}", full[:at], None, leave=leave)
        yield Row(f"{leave} in the chunk's size", chunked("1"), None, leave=leave)
        yield Row(f"{leave} in a chunk", chunked("ff\r\n{"), None, leave=leave)
        whole = visitor()
        yield Row(f"{leave} before the last chunk", chunked(f"@CHUNK@\r\n{whole}\r\n"), None, leave=leave)
        yield Row(f"{leave} in the last chunk", chunked(f"@CHUNK@\r\n{whole}\r\n0"), None, leave=leave)
        yield Row(f"{leave} after 100-continue", post("", "Expect: 100-continue", length="100"), None, leave=leave)
        yield Row(f"{leave} before the answer", get("/api/v1/visitors?limit=200"), None, leave=leave)
        yield Row(f"{leave} after 20 pipelined", get("/api/v1/visitors?limit=200") * 20, None, leave=leave)
        yield Row(f"{leave} plain", full[:60], None, leave=leave, plain=True)
    full = post(visitor(), length="200")
    for name, cut in {"line": 5, "head": 60, "body": len(full) - 5}.items():
        yield Row(f"wait in the {name}", full[:cut], 408, "request-timeout")
    yield Row("wait before the last chunk", chunked(f"@CHUNK@\r\n{visitor()}\r\n"), 408, "request-timeout")


TABLE = list(rows())


class World:
    """What the marks in the table stand for."""

    def __init__(self, porter):
        self.porter, self.gateway = porter, porter.gateways[0]
        self.tls = trusting(porter.tls / "ca.pem")
        mine, strange = porter.organization(), porter.organization()
        self.mine = mine
        client, stranger = mine.client(), strange.client()
        place, elsewhere = mine.location(), strange.location()
        mine.location()  # A second: it must be named.
        here = client.pre_register(place)["id"]
        for _ in range(2):
            client.pre_register(place)
            alien = stranger.pre_register(elsewhere)["id"]
        self._contractor(mine), self._contractor(mine)
        revoked, expired = mine.key(), mine.key()
        porter.ctl("key", "revoke", "--org", mine.id, revoked.id)
        with porter.database() as db:
            db.execute("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE hash = %s",
                       (hashlib.sha256(expired.text.encode()).digest(),))
        cursor = self._cursor(client, "/visitors?limit=1")
        key = client.key
        self.marks = {
            "KEY": key, "KEY_CUT": key[:-1], "KEY_TYPO": key[:-1] + ("a" if key[-1] != "a" else "b"), "KEY_UPPER": key.upper(),
            "KEY_UNKNOWN": unknown_key(), "KEY_REVOKED": revoked.text, "KEY_EXPIRED": expired.text,
            "KEY_NARROW": mine.key(scopes="locations:read").text, "STRANGE_KEY": stranger.key,
            "LOCATION": place, "LOCATION_UPPER": place.upper(), "NOWHERE": format_id("loc", uuid7()), "STRANGE_LOCATION": elsewhere,
            "VISITOR": here, "VISITOR_UPPER": here.upper(), "NOBODY": format_id("vis", uuid7()), "STRANGE_VISITOR": alien,
            "STRANGE_CONTRACTOR": self._contractor(strange), "CURSOR": cursor, "CURSOR_CUT": cursor[:-1],
            "CURSOR_BIT": cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:],
            "CURSOR_FILTERED": self._cursor(client, "/visitors?limit=1&status=expected"),
            "CURSOR_CONTRACTORS": self._cursor(client, "/contractors?limit=1"),
            "CURSOR_STRANGE": self._cursor(stranger, "/visitors?limit=1"),
            "CHUNK": f"{len(visitor()) - len('@LOCATION@') + len(place):x}"}
        self.secrets = [text(one) for name, one in self.marks.items() if name.startswith(("KEY", "STRANGE_KEY"))]
        self.created = self.visitors()

    def fill(self, data):
        for name, value in self.marks.items():
            data = data.replace(f"@{name}@".encode(), text(value))
        length = len(data.split(b"\r\n\r\n", 1)[-1])
        return data.replace(b"@LENGTH@", str(length).encode())

    def visitors(self):
        with self.porter.database() as db:
            return db.execute("SELECT count(*) FROM visitors").fetchone()[0]

    def _contractor(self, tenant):
        raw = uuid7()
        with self.porter.database() as db:
            db.execute("INSERT INTO contractors (org_id, id, status, company, created_at, updated_at)"
                       " VALUES (%s, %s, 'pending', 'ACME', now(), now())", (parse_id(tenant.id), raw))
        return format_id("ctr", raw)

    @staticmethod
    def _cursor(client, path):
        return client.get(path).json()["pagination"]["next_cursor"]


def unknown_key():
    """Of the right form, and nobody's."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    front = "porter_sk_" + "q" * 43
    number, check = zlib.crc32(front.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = letters[digit] + check
    return front + check


@pytest.fixture(scope="module")
def world(servers):
    print(f"hostile requests run on the build '{SANITIZED}'")
    porter = Porter(servers, preset=SANITIZED)
    porter.gateway(PORTER_HTTP_REQUEST="2s", PORTER_HTTP_BODY_MAX=BODY_MAX, PORTER_HTTP_THREADS=16)
    yield World(porter)
    porter.close()


def is_well(gateway):
    assert gateway.is_alive(), gateway.tail()
    assert requests.get(f"http://127.0.0.1:{gateway.private}/healthz", timeout=20).status_code == 200


def check_answer(world, row, got):
    """What holds of every answer."""
    assert {name.lower() for name, _ in got.headers} <= HEADERS
    assert got.header("X-Request-Id") and got.header("X-Content-Type-Options") == "nosniff"
    whole = got.body + repr(got.headers).encode()
    for secret in world.secrets:
        assert secret not in whole, "a key is in the answer"
    if row.problem is None:
        assert got.status < 300
        return
    assert got.header("Content-Type") == "application/problem+json"
    problem = got.json
    assert set(problem) <= {"type", "title", "status", "detail", "instance", "errors"}
    assert problem["type"].endswith(f"/docs/errors/{row.problem}")
    assert problem["status"] == got.status
    assert problem["instance"] == got.header("X-Request-Id")
    assert problem["title"] and row.detail in problem["detail"] and problem["detail"]
    for fault in problem.get("errors", []):
        assert set(fault) == {"field", "code", "detail"}


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_hostile(world, row):
    if not world.gateway.is_alive():
        world.gateway.start()  # The row that ended it has failed; this one is about itself.
    data = world.fill(row.data)
    port = world.gateway.plain if row.plain else world.gateway.https
    with Wire(port, None if row.plain else world.tls) as wire:
        wire.send(data)
        if row.leave:
            getattr(wire, row.leave)()
        else:
            got = wire.answer()
            assert got.status == row.status, got.body[:500]
            check_answer(world, row, got)
            if got.status == 201:
                world.created += 1
            if got.status in (408, 413, 431, 501, 505):
                assert got.closes
    is_well(world.gateway)


def test_strangers_and_nobody_are_told_apart_by_nothing(world):
    def answer(mark):
        with Wire(world.gateway.https, world.tls) as wire:
            wire.send(world.fill(get(f"/api/v1/visitors/@{mark}@", "X-Request-Id: same")))
            got = wire.answer()
            body = got.body.replace(text(world.marks[mark]), b"what was asked for")
            return got.status, body, sorted(name for name, _ in got.headers)
    assert answer("STRANGE_VISITOR") == answer("NOBODY")


def test_a_revoked_an_expired_and_an_unknown_key_are_told_apart_by_nothing(world):
    def answer(mark):
        with Wire(world.gateway.https, world.tls) as wire:
            wire.send(world.fill(get("/api/v1/visitors", "X-Request-Id: same", key=f"@{mark}@")))
            got = wire.answer()
            return got.status, got.body, sorted(name for name, _ in got.headers)
    assert answer("KEY_REVOKED") == answer("KEY_EXPIRED") == answer("KEY_UNKNOWN")


def test_pipelined_requests_are_answered_in_order(world):
    with Wire(world.gateway.https, world.tls) as wire:
        wire.send(world.fill(b"".join(get("/api/v1/rate-limit", f"X-Request-Id: n{i}") for i in range(50))))
        assert [wire.answer().header("X-Request-Id") for _ in range(50)] == [f"n{i}" for i in range(50)]


def test_what_follows_a_refused_head_is_not_served(world):
    """Smuggling needs a server that goes on behind a request that two servers read in two ways."""
    follow = get("/api/v1/visitors", "X-Request-Id: smuggled")
    for name in ("length and chunked", "two lengths", "HTTP/1.0 and chunked"):
        with Wire(world.gateway.https, world.tls) as wire:
            wire.send(world.fill(FRAMING[name].split(b"\r\n\r\n")[0] + b"\r\n\r\n" + follow))
            got = wire.answer()
            assert got.status == 400 and got.closes
            with pytest.raises(NoAnswer):
                wire.answer()


def test_what_follows_a_body_that_was_refused_is_not_served(world):
    for start in (chunked("zz\r\n"), post("", length=str(BODY_MAX + 1))):
        with Wire(world.gateway.https, world.tls) as wire:
            wire.send(world.fill(start + get("/api/v1/visitors", "X-Request-Id: smuggled")))
            got = wire.answer()
            assert got.status in (400, 413) and got.closes
            with pytest.raises(NoAnswer):
                wire.answer()


def test_who_sends_much_too_much_still_gets_the_answer(world):
    """Clients that send all before they read would see a reset instead, if the gateway hung up at once."""
    answer = requests.post(f"{world.gateway.url}/api/v1/visitors/pre-register", data=b"x" * (8 << 20), verify=world.porter.tls / "ca.pem",
                           headers={"X-API-Key": world.mine.key().text, "Content-Type": "application/json"}, timeout=30)
    assert answer.status_code == 413 and answer.json()["type"].endswith("/body-too-large")


def test_a_kept_connection_stays_good_after_refused_requests(world):
    """A fault in a request that was read whole costs its sender nothing but that request."""
    bad = [post("{"), post(visitor(x=1)), get("/nowhere"), get("/api/v1/visitors", key=None), get("/api/v1/visitors?x=1"),
           get("/api/v1/visitors", method="DELETE"), post(visitor(), kind="text/plain")]
    with Wire(world.gateway.https, world.tls) as wire:
        for data in bad:
            wire.send(world.fill(data))
            assert 400 <= wire.answer().status < 500
            wire.send(world.fill(get("/api/v1/visitors?limit=1")))
            assert wire.answer().status == 200


def test_headers_of_one_request_do_not_live_on_in_the_next(world):
    with Wire(world.gateway.https, world.tls) as wire:
        wire.send(world.fill(get("/api/v1/visitors", "X-Request-Id: first")))
        assert wire.answer().status == 200
        wire.send(world.fill(get("/api/v1/visitors", key=None)))
        got = wire.answer()
        assert got.status == 401 and got.header("X-Request-Id") != "first"
        assert got.header("RateLimit-Limit") is None


def test_after_all_this_nothing_is_broken(world):
    """Last in this file: what the rows before must not have left behind."""
    assert world.visitors() == world.created, "a request that was refused, or cut off, was carried out"
    eventually(lambda: re.search(r"^porter_http_connections 0$", world.gateway.metrics(), re.M), 30, "no thread is held")
    assert re.search(r"^porter_http_requests_active 0$", world.gateway.metrics(), re.M)
    log = world.gateway.output()
    for secret in world.secrets:
        assert secret.decode() not in log, "a key is in the log"
    for line in log.splitlines():
        assert json.loads(line)["event"], line
    assert "request.failed" not in log
    assert world.gateway.stop() == 0
    assert not REPORTS.search(world.gateway.output())
