"""Kafka's records lie in the volume that is mounted for them, in the official image and in our stand-in for it."""
import os
import subprocess

import pytest
import yaml

from harness.sources import ROOT

START = ROOT / "scripts" / "images" / "servers" / "kafka"
JAVA = """#!/bin/bash
while (($# > 0)); do
    case $1 in
    random-uuid) echo an-id ;;
    format) echo formats ;;
    kafka.Kafka) echo starts; cat "$2" ;;
    esac
    shift
done
"""


def compose():
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["kafka"]
    return service["environment"]["KAFKA_LOG_DIRS"], [one.split(":")[1] for one in service["volumes"]]


def dev():
    documents = yaml.safe_load_all((ROOT / "k8s" / "overlays" / "dev" / "neighbours.yaml").read_text())
    pod = next(one for one in documents if one["metadata"]["name"] == "kafka" and one["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    container, = pod["containers"]
    folder = next(one["value"] for one in container["env"] if one["name"] == "KAFKA_LOG_DIRS")
    return folder, [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "data"]


@pytest.mark.parametrize("of", [compose, dev])
def test_records_are_in_the_volume(of):
    folder, mounted = of()
    assert any(f"{folder}/".startswith(f"{place}/") for place in mounted), folder


@pytest.mark.parametrize("name", ["data", "data/logs"])
def test_the_stand_in_takes_the_folder_that_it_is_given(tmp_path, name):
    (tmp_path / "java").write_text(JAVA)
    (tmp_path / "java").chmod(0o755)
    folder = tmp_path / name
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path), "KAFKA_NODE_ID": "1", "KAFKA_LOG_DIRS": str(folder)}

    def start():
        return subprocess.run([START], env=env, capture_output=True, text=True, check=True).stdout.splitlines()

    first = start()
    assert first[:2] == ["formats", "starts"] and [line for line in first if line.startswith("log.dirs")] == [f"log.dirs={folder}"]
    folder.mkdir(parents=True)
    (folder / "meta.properties").write_text("")
    assert start()[0] == "starts"
