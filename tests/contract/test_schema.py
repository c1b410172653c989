"""The contract on Kafka: the schema is tidy and breaks no reader of the last release; the AsyncAPI document is whole and
current."""
import json
import os
import re
import shutil
import subprocess

import jsonschema_rs
import pytest

from harness.process import program
from harness.sources import ROOT

MODULES = ROOT / ".deps" / "node" / "node_modules"
RELEASED = ROOT / "proto" / "released.binpb"


def buf(*words):
    done = subprocess.run([MODULES / ".bin" / "buf", *words], capture_output=True, text=True, check=False,
                          env={**os.environ, "BUF_CACHE_DIR": str(ROOT / "build" / "buf")})
    return done.returncode, done.stdout + done.stderr


def test_the_schema_is_tidy():
    assert buf("lint", ROOT / "proto") == (0, "")


def test_the_schema_breaks_no_reader_of_the_last_release():
    assert buf("breaking", ROOT / "proto", "--against", RELEASED) == (0, "")


@pytest.mark.parametrize("before, after, told", [
    ("  string type = 2;", "  string type = 9;", '"2"'), ("  string id = 1;", "  bytes id = 1;", "changed type"),
    ("  Visitor visitor = 1;", "", "deleted")])
def test_a_change_that_breaks_readers_is_found(tmp_path, before, after, told):
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    file = tmp_path / "proto" / "porter" / "v1" / "event.proto"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    code, said = buf("breaking", tmp_path / "proto", "--against", RELEASED)
    assert code != 0 and told in said, said


def test_the_asyncapi_document_is_what_the_schema_and_the_topics_make():
    told = subprocess.run([ROOT / "scripts" / "kafka-asyncapi", program("porterctl")], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "asyncapi.json").read_text() == told, (
        "scripts/kafka-asyncapi build/dev/bin/porterctl >docs/asyncapi.json")


def test_the_asyncapi_document_names_the_headers_that_dead_letters_have():
    named = json.loads((ROOT / "docs" / "asyncapi.json").read_text())["components"]["schemas"]["DeadLetterHeaders"]["properties"]
    written = re.findall(r'^#define DEAD_\w+ "(\w+)"', (ROOT / "libs" / "bus" / "dead_letter.h").read_text(), re.M)
    assert written and list(named) == written


def test_the_asyncapi_document_is_whole():
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
    rules = json.loads((MODULES / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json").read_text())
    faults = [f"{list(fault.instance_path)}: {fault.message[:200]}" for fault in jsonschema_rs.validator_for(rules).iter_errors(document)]
    assert faults == []

    def references(node):
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            for value in node.values():
                yield from references(value)

    for reference in references(document):
        at = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]
