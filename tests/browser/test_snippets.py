"""What the pages give to copy and to download runs as it stands: with curl, Node, Python and Go, against the running system."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness.poll import eventually

from .test_product_page import generate, settings

LANGUAGES = {"cURL": ("sh", "request.sh"), "JavaScript": ("node", "request.mjs"), "Python": (sys.executable, "request.py")}


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """What Go has compiled: its library, once."""
    return tmp_path_factory.mktemp("go")


@pytest.fixture
def run(porter, tmp_path, kept):
    """run(command, file, text, stdin=""): what it prints. A private certificate authority is the only thing that is told apart."""
    authority = str(porter.tls / "ca.pem")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GOCACHE": str(kept), "GOTOOLCHAIN": "local", "LANG": "C.UTF-8", "CURL_CA_BUNDLE": authority, "NODE_EXTRA_CA_CERTS": authority,
           "REQUESTS_CA_BUNDLE": authority}

    def run_file(command, name, text, stdin="", **more):
        path = tmp_path / name
        path.write_text(text)
        done = subprocess.run([*command, str(path)], input=stdin, env={**env, **more}, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_file


def snippet(place, name):
    place.get_by_role("tab", name=name, exact=True).click()
    return place.get_by_role("tabpanel", name=name, exact=True).locator("pre code").inner_text()


def test_the_snippets_of_a_new_key_get_an_answer(page, porter, owner, client, location, run):
    client.pre_register(location, full_name="Zoë Łukasiewicz")
    shown = generate(page, owner, "Building management")
    key = shown.get_by_label("API key", exact=True).inner_text()
    for name, (command, file) in LANGUAGES.items():
        text = snippet(shown, name)
        assert f"{porter.gateways[0].url}/api/v1/visitors" in text and key in text
        printed = run([command], file, text)
        if name == "cURL":
            assert [one["full_name"] for one in json.loads(printed)["visitors"]] == ["Zoë Łukasiewicz"]
        else:
            assert "Zoë Łukasiewicz" in printed, name
    browser = owner.signed_in()
    made, = (one for one in browser.get("/keys").json()["keys"] if one["name"] == "Building management")
    eventually(lambda: [one["status"] for one in browser.get(f"/keys/{made['id']}/calls").json()["calls"]] == [200] * len(LANGUAGES), 30, "each was answered")


def test_the_download_of_a_new_key_is_an_environment(page, porter, owner, run):
    shown = generate(page, owner, "Zürich: turnstile 7")
    key = shown.get_by_label("API key", exact=True).inner_text()
    assert shown.get_by_role("button", name="Done").is_disabled()
    with page.expect_download() as download:
        shown.get_by_role("button", name="Download as .env").click()
    assert download.value.suggested_filename == "porter-zürich-turnstile-7.env"
    with open(download.value.path(), encoding="utf-8") as file:
        text = file.read()
    assert text == f"PORTER_API_KEY={key}\nPORTER_API_URL={porter.gateways[0].url}/api/v1\n"
    # Whoever has it as a file has kept it.
    assert shown.get_by_role("button", name="Done").is_enabled()
    status = run(["sh"], "try.sh", f'. {download.value.path()}\ncurl -s -o /dev/null -w "%{{http_code}}" -H "X-API-Key: $PORTER_API_KEY" "$PORTER_API_URL/visitors"\n')
    assert status == "200"


def test_the_first_request_has_the_host_and_no_key(page, porter):
    settings(page, "API")
    card = page.locator(".card", has=page.get_by_role("heading", name="A first request"))
    for name in LANGUAGES:
        text = snippet(card, name)
        assert f"{porter.gateways[0].url}/api/v1/visitors" in text and "your_api_key_here" in text and not re.search(r"porter_sk_\w", text)


# ---- Verifying ---------------------------------------------------------------------------------------------

JAVASCRIPT = """
import fs from "fs";
const given = JSON.parse(fs.readFileSync(0));
const [req, rawBody] = [{{headers: given.headers}}, Buffer.from(given.body, "base64")];
{snippet}
console.log(isValid);
"""
PYTHON = """
import base64, json, os, sys
from http.client import HTTPMessage
given = json.load(sys.stdin)
class request:
    body = base64.b64decode(given["body"])
    headers = HTTPMessage()
for name, value in given["headers"].items():
    request.headers[name] = value
{snippet}
print(str(is_valid).lower())
"""
GO = """
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

{snippet}

func main() {{
	var given struct {{
		Headers map[string]string
		Body    []byte
	}}
	if json.NewDecoder(os.Stdin).Decode(&given) != nil {{
		os.Exit(1)
	}}
	fmt.Println(verifyWebhookSignature(given.Body, given.Headers["x-porter-signature"], os.Getenv("PORTER_WEBHOOK_SECRET")))
}}
"""
CHECKS = {"JavaScript": (["node"], "check.mjs", JAVASCRIPT), "Python": ([sys.executable], "check.py", PYTHON), "Go": (["go", "run"], "check.go", GO)}


@pytest.fixture
def arrived(porter, organization, client, location):
    """A real request, with more than ASCII in it, and its secret."""
    receiver = porter.receiver()
    hook = organization.webhook(receiver.url(), events="visitor.pre_registered")
    client.pre_register(location, full_name="Zoë Łukasiewicz", purpose="Führung ☕")
    return receiver.wait(1)[0], hook.secret


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CHECKS)
def test_the_snippets_that_verify_take_what_arrives_and_nothing_else(page, arrived, run, name):
    """PHP's and Ruby's are not run: neither is among what the tests install."""
    command, file, around = CHECKS[name]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    got, secret = arrived
    settings(page, "Webhooks")
    text = around.format(snippet=snippet(page.locator("main"), name))

    def says(body, signature=got.headers["x-porter-signature"], key=secret):
        given = {"headers": {**got.headers, "x-porter-signature": signature}, "body": base64.b64encode(body).decode()}
        return run(command, file, text, json.dumps(given), PORTER_WEBHOOK_SECRET=key).strip()

    assert says(got.body) == "true"
    assert says(got.body + b" ") == "false"
    assert says(got.body, "0" * 64) == "false"
    assert says(got.body, key=f"{secret}x") == "false"
