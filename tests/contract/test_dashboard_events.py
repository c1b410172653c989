"""The events that the dashboard offers to webhooks, and the bodies that it shows of them, are the program's own."""
import json
import subprocess

import jsonschema_rs
import pytest

from harness.contract import strictly
from harness.process import program
from harness.sources import ROOT

EVENTS = ROOT / "services" / "dashboard" / "app" / "lib" / "events.js"
PRINT = """import(`data:text/javascript,${encodeURIComponent(require("fs").readFileSync(0, "utf8"))}`).then(({EVENTS, exampleOf, wordsOf}) =>
  console.log(JSON.stringify(EVENTS.map((event) => [event.type, {words: wordsOf(event.type), body: JSON.parse(exampleOf(event))}]))));"""


@pytest.fixture(scope="module")
def document():
    return json.loads(subprocess.run([program("gateway"), "--openapi"], capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def offered():
    done = subprocess.run(["node", "-e", PRINT], input=EVENTS.read_text(), capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def shortened(schema):
    """The same, of which anything may be left out: examples show what is worth reading."""
    if isinstance(schema, list):
        return [shortened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: shortened(value) for key, value in schema.items() if not (key == "required" and isinstance(value, list))}


def test_each_event_of_the_program_is_offered_and_no_other(document, offered):
    assert set(offered) == set(document["webhooks"])
    types = document["components"]["schemas"]["CreateWebhookInput"]["properties"]["events"]["items"]["enum"]
    assert set(offered) == set(types) - {"*"}
    assert all(one["words"] and one["words"] != event for event, one in offered.items())


def test_each_body_that_is_shown_is_one(document, offered):
    components = {**document["components"], "schemas": shortened(strictly(document["components"]["schemas"]))}
    faults = {}
    for event, shown in offered.items():
        schema = document["webhooks"][event]["post"]["requestBody"]["content"]["application/json"]["schema"]
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": components}
        found = jsonschema_rs.Draft202012Validator(whole, validate_formats=True).iter_errors(shown["body"])
        faults[event] = [f"{list(fault.instance_path)}: {fault.message[:200]}" for fault in found]
        faults[event] += [f"{name}: it shows nothing of it" for name in ("id", "type", "api_version", "created_at", "organization_id") if name not in shown["body"]]
        assert {event.split(".")[0]} <= set(shown["body"]["data"])
    assert {event: found for event, found in faults.items() if found} == {}
