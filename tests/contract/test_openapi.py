"""The OpenAPI document is whole, and nothing in it is only documented."""
import json
import os
import subprocess

import jsonschema_rs
import pytest

from harness.process import program
from harness.sources import ROOT

HTTP = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    return json.loads(printed("--openapi"))


def printed(option):
    return subprocess.run([program("gateway"), option], capture_output=True, text=True, check=True).stdout


def operations(document):
    return [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]


def test_the_linter_finds_nothing(document, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    done = subprocess.run(["node", ROOT / "tests" / "node" / "openapi.cjs", file], capture_output=True, text=True, check=False,
                          env={**os.environ, "NODE_PATH": str(ROOT / ".deps" / "node" / "node_modules")})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_schema_is_one(document):
    for name, schema in document["components"]["schemas"].items():
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": document["components"]}
        jsonschema_rs.Draft202012Validator(whole), name


def test_the_document_has_the_operations_of_the_routes(document):
    routes = {tuple(line.split("\t")[:2]) for line in printed("--routes").splitlines()}
    assert {(method.upper(), path) for path, method, _ in operations(document)} == routes


def test_every_operation_declares_what_it_takes_and_answers(document):
    """A row of a resource's table that lacks .params, .rules, .answer or the like (services/gateway/routes.h)."""
    faults = []
    for path, method, one in operations(document):
        success = next(status for status in one["responses"] if status.startswith("2"))
        if success != "204" and "content" not in one["responses"][success]:
            faults.append(f"{method} {path}: no .answer, .schema or .list_name")
        if "415" in one["responses"] and "requestBody" not in one:
            faults.append(f"{method} {path}: OP_BODY without .rules")
        if method == "get" and "/{" not in path and "list" in one["operationId"] and "text/html" not in str(one["responses"][success]):
            if not any(p.get("name") == "limit" for p in one["parameters"]):
                faults.append(f"{method} {path}: a list without .params")
    assert faults == []


def test_every_reference_leads_somewhere_and_every_part_is_used(document):
    text = json.dumps(document)
    for kind, parts in document["components"].items():
        for name in parts:
            if kind != "securitySchemes":
                assert f'"#/components/{kind}/{name}"' in text, f"{kind}/{name} is not used"


def test_every_field_of_an_object_is_described(document):
    faults = [f"{name}.{field}" for name, schema in document["components"]["schemas"].items()
              for field, one in schema.get("properties", {}).items()
              if "description" not in one and "$ref" not in one and not name.endswith("Answer")]
    assert faults == [], "say what it is, above the field in proto/ or in openapi/schemas.json"


def test_a_problem_says_its_status_in_a_way_that_makers_of_clients_can_join(document):
    """Of an allOf with an integer and a const openapi-python-client makes nothing."""
    names = {part["$ref"].rsplit("/", 1)[1]: status for _, _, one in operations(document)
             for status, part in one["responses"].items() if "$ref" in part}
    assert len(names) > 10
    for name, status in names.items():
        (content,) = document["components"]["responses"][name]["content"].values()
        _, more = content["schema"]["allOf"]
        assert more["properties"]["status"] == {"type": "integer", "minimum": int(status), "maximum": int(status)}, name


def test_every_answer_and_every_body_has_an_example(document):
    """tests/integration/test_examples.py records them. The document is its own example."""
    lacking = []
    for _, _, one in operations(document):
        parts = [one.get("requestBody", {})] + [part for status, part in one["responses"].items() if status < "3"]
        lacking += [one["operationId"] for part in parts for media, content in part.get("content", {}).items()
                    if media == "application/json" and "example" not in content]
    assert set(lacking) == {"show_openapi"}, "tell it in the story of test_examples.py"


def test_every_example_is_valid(document):
    count = 0
    for path, method, one in operations(document):
        parts = [one.get("requestBody", {})] + [part for part in one["responses"].values()]
        for part in parts:
            for content in part.get("content", {}).values():
                if "example" in content:
                    whole = {**content["schema"], "components": document["components"]}
                    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(content["example"])
                    count += 1
    for response in document["components"]["responses"].values():
        for content in response["content"].values():
            for example in content.get("examples", {}).values():
                whole = {**content["schema"], "components": document["components"]}
                jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(example["value"])
                count += 1
    assert count > 30
