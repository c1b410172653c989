"""Every answer of every gateway under test is held against the OpenAPI document that it serves.

`watch()` puts a hook into requests; harness.raw does the same for bytes sent by hand. An answer that the document
does not allow (status, problem, media type, schema, headers) fails the test that got it. What was seen is kept in
build/openapi-seen/, where harness.seen finds what no test of a whole run has seen."""
import copy
import json
import os
import re
import subprocess
import uuid
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import jsonschema_rs
import requests

from .process import ROOT, program

SEEN = ROOT / "build" / "openapi-seen"
PORTS = set()  # Of gateways: where answers are ours.

# What any answer may carry, beside what the document says.
COMMON = {"content-type", "content-length", "date", "connection", "cache-control", "strict-transport-security",
          "x-content-type-options", "vary", "content-encoding", "keep-alive", "content-security-policy"}
CORS = {"access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
        "access-control-expose-headers", "access-control-max-age", "access-control-allow-credentials",
        "timing-allow-origin"}
# What the listener answers before it knows the address.
EARLY = {400, 403, 404, 405, 408, 413, 431, 500, 501, 503, 505}


class Broken(AssertionError):
    """An answer that the document does not allow."""


def strictly(schema, is_part=False):
    """The same schema, in which nothing may be there that is not named. Of an allOf's parts each names only some."""
    if isinstance(schema, list):
        return [strictly(one, is_part) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strictly(value, key == "allOf") for key, value in schema.items()}
    if not is_part and made.get("type") == "object" and isinstance(made.get("properties"), dict) and "additionalProperties" not in made:
        made["unevaluatedProperties"] = False
    return made


DASHBOARD = "/dashboard/api/"


class Contract:
    def __init__(self, document):
        self.document = document
        self.components = strictly(document["components"])
        self.validators = {}
        self.operations = {}  # (pattern, METHOD) -> operation
        for path, item in document["paths"].items():
            for method, operation in item.items():
                self.operations[path, method.upper()] = operation
        # Literal segments win over names, as in the router.
        self.patterns = sorted(document["paths"], key=lambda path: [part.startswith("{") for part in path.split("/")])
        self.regexes = {path: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for path in self.patterns}
        self.seen = set()

    def find(self, method, path):
        """(pattern, operation): of no address (None, None), of another method (pattern, None)."""
        for pattern in self.patterns:
            if self.regexes[pattern].fullmatch(path):
                return pattern, self.operations.get((pattern, method))
        return None, None

    def resolve(self, part):
        while "$ref" in part:
            _, _, kind, name = part["$ref"].split("/")
            part = self.document["components"][kind][name]
        return part

    def validate(self, schema, value, what):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **strictly(schema),
                     "components": self.components}
            self.validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        for fault in self.validators[key].iter_errors(value):
            where = "/".join(str(step) for step in fault.instance_path)
            raise Broken(f"{what}: at /{where}: {fault.message}")

    def check(self, method, target, status, headers, body, sent=None):
        """`headers` is a list of pairs; `sent` the request's JSON body when there was one."""
        path = unquote(urlsplit(target).path)
        what = f"{method} {path} -> {status}"
        names = {name.lower(): value for name, value in headers}
        problem = None
        if names.get("content-type", "").startswith("application/problem+json") and body:
            problem = json.loads(body)["type"].rsplit("/", 1)[1]
            what += f" {problem}"
        if "x-request-id" not in names:
            raise Broken(f"{what}: no X-Request-Id")
        is_head = method == "HEAD"
        if path.startswith(DASHBOARD):
            self.check_dashboard(what, method, path.removeprefix("/dashboard"), status, names, body)
            return
        pattern, operation = self.find("GET" if is_head else method, path)
        if operation is None:
            self.check_stray(what, method, pattern, status, names, body, is_head)
            return
        responses = operation["responses"]
        if str(status) not in responses:
            raise Broken(f"{what}: {operation['operationId']} documents only {', '.join(responses)}")
        response = self.resolve(responses[str(status)])
        self.seen.add((operation["operationId"], status))
        self.check_headers(what, response, names)
        self.check_body(what, response, names, body, is_head)
        if sent is not None and status < 300:
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                self.validate(content["schema"], sent, f"{what}: the request was accepted, but the document forbids it")

    def check_dashboard(self, what, method, path, status, names, body):
        """It is in no document; but errors are problems, and what is the API's own is answered as the API does."""
        if status >= 400:
            self.check_problem(what, names, body, method == "HEAD")
        _, operation = self.find(method, path)
        if operation and status < 300:
            self.check_body(what, self.resolve(operation["responses"][str(status)]), names, body, False)

    def check_stray(self, what, method, pattern, status, names, body, is_head):
        if method == "OPTIONS" and pattern and status == 204:
            if "allow" not in names or body:
                raise Broken(f"{what}: OPTIONS answers Allow and no body")
            return
        if status not in EARLY or (pattern and status == 404 and method != "GET"):
            raise Broken(f"{what}: there is no such operation")
        if status == 405 and "allow" not in names:
            raise Broken(f"{what}: 405 without Allow")
        self.check_problem(what, names, body, is_head)

    def check_problem(self, what, names, body, is_head):
        if names.get("content-type") != "application/problem+json":
            raise Broken(f"{what}: is no problem but {names.get('content-type')}")
        if not is_head:
            self.validate({"$ref": "#/components/schemas/Problem"}, json.loads(body), what)

    def check_headers(self, what, response, names):
        documented = {name.lower(): self.resolve(one) for name, one in response.get("headers", {}).items()}
        for name, one in documented.items():
            if name not in names:
                if one.get("required"):
                    raise Broken(f"{what}: no {name}")
                continue
            value = names[name]
            if one["schema"]["type"] == "integer":
                value = int(value) if re.fullmatch(r"-?\d+", value) else value
            self.validate(one["schema"], value, f"{what}: {name}")
        stray = set(names) - set(documented) - COMMON - CORS
        if stray:
            raise Broken(f"{what}: undocumented headers {', '.join(sorted(stray))}")

    def check_body(self, what, response, names, body, is_head):
        content = response.get("content", {})
        if not content:
            if body:
                raise Broken(f"{what}: has a body, and none is documented")
            return
        media = names.get("content-type", "").split(";")[0]
        if media not in content:
            raise Broken(f"{what}: {media or 'no type'}, documented is {', '.join(content)}")
        if not is_head and media.endswith("json"):
            self.validate(content[media]["schema"], json.loads(body), what)

    def keep(self):
        """Add what was seen to the whole run's."""
        if self.seen:
            SEEN.mkdir(parents=True, exist_ok=True)
            lines = [f"{name} {status}\n" for name, status in sorted(self.seen)]
            (SEEN / f"{os.getpid()}-{uuid.uuid4().hex[:8]}").write_text("".join(lines))


@lru_cache(maxsize=None)
def contract():
    """That of the build under test, once per process."""
    printed = subprocess.run([program("gateway"), "--openapi"], capture_output=True, text=True, check=True).stdout
    return Contract(json.loads(printed))


def keep():
    if contract.cache_info().currsize:
        contract().keep()


def is_ours(port):
    return port in PORTS


def _json_of(request):
    if request.body and "json" in (request.headers.get("Content-Type") or ""):
        try:
            return json.loads(request.body)
        except ValueError:
            pass
    return None


def watch():
    """From now on every answer that requests gets from a gateway is checked."""
    send = requests.Session.send
    if getattr(send, "is_watching", False):
        return

    def watching(self, request, **more):
        answer = send(self, request, **more)
        if is_ours(urlsplit(request.url).port) and not more.get("stream"):
            contract().check(request.method, request.path_url, answer.status_code, list(answer.headers.items()),
                             answer.content, _json_of(request))
        return answer

    watching.is_watching = True
    requests.Session.send = watching
