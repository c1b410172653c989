"""The product page's examples, cut out of docs/product-page.md and run as they stand: real curl,
Node and Python with requests, against the running system."""
import base64
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.forward import Forward
from harness.porter import HOST
from harness.process import ROOT

INSIDE = Path(__file__).parent / "product" / "inside.py"
PLACEHOLDER = "your_api_key_here"
NAMES = ["Zoë Łukasiewicz-O’Brien", "山田 太郎", "Σωκράτης 👋🏽", "naïve \"quotes\" \\ backslash"]


def example(title):
    """The code block under a heading of the page."""
    page = (ROOT / "docs" / "product-page.md").read_text()
    found = re.search(rf"^### {re.escape(title)}\n```\w+\n(.*?)^```", page, re.M | re.S)
    assert found, f"the page has no example {title!r}"
    return found.group(1)


def halves(title, comment):
    """An example's function, and the part its comment puts into the reader's handler."""
    function, handler = example(title).split(f"{comment} In your webhook handler:\n")
    return function, handler


@pytest.fixture(scope="module")
def organization(porter):
    made = porter.organization()
    client, place = made.client(), made.location()
    for name in NAMES:
        client.pre_register(place, full_name=name)
    return made


@pytest.fixture(scope="module")
def run(porter, organization, tmp_path_factory):
    """Runs a command in a world where the page's host name is our gateway."""
    path = tmp_path_factory.mktemp("s") / "443"
    forward = Forward(path, porter.gateways[0].https)
    authority = str(porter.tls / "ca.pem")
    # How each client is told of a private certificate authority; a public one needs none of it.
    env = {"PATH": os.environ["PATH"], "CURL_CA_BUNDLE": authority, "LANG": "C.UTF-8",
           "NODE_EXTRA_CA_CERTS": authority, "REQUESTS_CA_BUNDLE": authority}

    def run_inside(*command):
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--net", "--mount", sys.executable,
             str(INSIDE), HOST, str(path), *command],
            env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run_inside
    forward.close()


def with_key(text, organization):
    assert PLACEHOLDER in text
    return text.replace(PLACEHOLDER, organization.key().text)


def test_the_curl_example_lists_visitors(run, organization):
    answer = json.loads(run("sh", "-c", with_key(example("cURL — List Visitors"), organization)))
    assert {visitor["full_name"] for visitor in answer["visitors"]} == set(NAMES)


def test_the_javascript_example_lists_visitors(run, organization, tmp_path):
    script = tmp_path / "list.mjs"
    script.write_text(with_key(example("JavaScript — List Visitors"), organization))
    printed = run("node", str(script))
    for name in NAMES[:3]:
        assert name in printed


def test_the_python_example_lists_visitors(run, organization, tmp_path):
    script = tmp_path / "list.py"
    script.write_text(with_key(example("Python — List Visitors"), organization))
    printed = run(sys.executable, str(script))
    for name in NAMES[:3]:
        assert name in printed


# ---- The two verify functions ------------------------------------------------------------------------

NODE_SERVER = """
import readline from "node:readline";
{function}
function handle(req, rawBody, res) {{
{handler}
  return res.status(200).json({{}});
}}
for await (const line of readline.createInterface({{ input: process.stdin }})) {{
  const {{ headers, body }} = JSON.parse(line);
  const res = {{
    status(code) {{ this.code = code; return this; }},
    json() {{ console.log(this.code); }},
  }};
  handle({{ headers }}, Buffer.from(body, "base64"), res);
}}
"""

PYTHON_SERVER = """
import base64, json, os, sys
from http.client import HTTPMessage
{function}
def JsonResponse(answer, status):
    return status

def handle(request):
{handler}
    return 200

for line in sys.stdin:
    given = json.loads(line)
    class request:
        body = base64.b64decode(given["body"])
        headers = HTTPMessage()
    for name, value in given["headers"].items():
        request.headers[name] = value
    print(handle(request))
"""


def node_server(folder):
    function, handler = halves("JavaScript — Verify Webhook Signature", "//")
    script = folder / "server.mjs"
    script.write_text(NODE_SERVER.format(function=function, handler=handler))
    return ["node", str(script)]


def python_server(folder):
    function, handler = halves("Python — Verify Webhook Signature", "#")
    script = folder / "server.py"
    script.write_text(PYTHON_SERVER.format(
        function=function, handler=textwrap.indent(handler, "    ")))
    return [sys.executable, str(script)]


@pytest.fixture(scope="module")
def webhooks(porter, organization):
    """Real requests of the dispatcher, with bodies that are not ASCII, and their secret."""
    receiver = porter.receiver()
    secret = organization.webhook(receiver.url()).secret
    client, place = organization.client(), organization.location()
    for name in NAMES:
        client.pre_register(place, full_name=name, purpose="Führung ☕")
    return receiver.wait(len(NAMES)), secret


def statuses(words, secret, requests):
    """What a handler answers to each request."""
    lines = "".join(
        json.dumps({"headers": headers, "body": base64.b64encode(body).decode()}) + "\n"
        for headers, body in requests)
    done = subprocess.run(words, input=lines, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PORTER_WEBHOOK_SECRET": secret}, check=False)
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


@pytest.mark.parametrize("server", [node_server, python_server])
def test_the_verify_function_takes_what_the_dispatcher_signed(server, webhooks, tmp_path):
    received, secret = webhooks
    real = [(one.headers, one.body) for one in received]
    assert any(byte > 127 for _, body in real for byte in body)
    assert statuses(server(tmp_path), secret, real) == [200] * len(real)


@pytest.mark.parametrize("server", [node_server, python_server])
def test_the_verify_function_refuses_what_was_tampered_with(server, webhooks, tmp_path):
    received, secret = webhooks
    headers, body = received[0].headers, received[0].body
    forged = [(headers, body.replace(b"visitor", b"Visitor", 1)),
              ({**headers, "x-porter-signature": "0" * 64}, body)]
    assert statuses(server(tmp_path), secret, forged) == [401, 401]
    assert statuses(server(tmp_path), secret + "x", [(headers, body)]) == [401]
