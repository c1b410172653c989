"""Alerts and dashboards ask for series that exist, and each alert tells a person what to do."""
import json
import re
import subprocess

import yaml

from harness.process import printed
from harness.sources import ROOT

SUFFIXES = ("_bucket", "_count", "_sum")  # Of histograms.
BOARDS = sorted((ROOT / "k8s" / "components" / "monitoring" / "dashboards").glob("*.json"))
REACHING = ROOT / "docs" / "runbooks" / "reaching.md"
PARTS = ["## What it means", "## How to look", "## Cure"]


def rules():
    page = yaml.safe_load((ROOT / "k8s" / "components" / "monitoring" / "alerts.yaml").read_text())
    return [rule for group in page["spec"]["groups"] for rule in group["rules"]]


def series():
    """What the programs say of each of their series: kind, and the words that its label takes."""
    known = {}
    for name, kind, words in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", printed("--metrics-docs", "gateway", "dispatcher"), re.M):
        known[name] = (kind, known.get(name, (kind, set()))[1] | set(re.findall(r"`([^`]+)`", words)))  # Both may have one.
    return known


def histogram_of(name):
    return next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), None)


def faults_of(what, expr):
    """Series and words that this asks for and nobody has; and how many it asks for."""
    known, faults, asked = series(), [], 0
    page = (ROOT / "docs" / "metrics.md").read_text()
    for name, chosen in re.findall(r"\b(porter_\w+)(?:\{([^}]*)\})?", expr):
        asked += 1
        base = name if name in known else histogram_of(name)
        if base not in known or (base != name and known[base][0] != "histogram") or f"`{base}`" not in page:
            faults.append(f"{what}: {name}")
            continue
        for label, words in re.findall(r'(\w+)!?=~?"([^"]*)"', chosen):
            if label not in ("le", "job"):
                faults += [f"{what}: {name} {label} {word}" for word in words.split("|") if label not in known[base][1] or word not in known[base][1]]
    for labels in re.findall(r"by \(([^)]*)\)", expr):
        words = known[re.search(r"porter_\w+?(?=_bucket|\b)", expr)[0]][1] | {"le"}
        faults += [f"{what}: by {label}" for label in re.split(r", *", labels) if label not in words]
    return faults, asked


def test_every_series_and_word_that_an_alert_asks_for_exists():
    found = [faults_of(rule["alert"], rule["expr"]) for rule in rules()]
    assert sum(asked for _, asked in found) > 20 and [fault for faults, _ in found for fault in faults] == []


def test_dashboards_show_series_that_exist_with_their_units():
    boards = [json.loads(path.read_text()) for path in BOARDS]
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    for board in boards:
        assert len({panel["title"] for panel in board["panels"]}) == len(board["panels"]) > 10
        for panel in board["panels"]:
            assert panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            for target in panel["targets"]:
                assert faults_of(panel["title"], target["expr"]) == ([], target["expr"].count("porter_")), target
                assert target["legendFormat"]


def test_names_end_in_base_units():
    """Seconds and bytes, never parts or multiples of them, as Prometheus' linter has it; what only grows ends in _total."""
    known = series()
    assert len(known) > 60
    for name, (kind, _) in known.items():
        assert (kind == "counter") == name.endswith("_total"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
        parts = r"(nano|micro|milli|kilo|mega|giga|kibi|mebi|gibi)\w*|minutes?|hours?|days?|ms|us|bits|percent"
        assert not any(re.fullmatch(parts, word) for word in name.split("_")), name


def test_every_panel_asks_in_promql(tmp_path):
    """Each query as a rule, which Prometheus' own checker reads."""
    queries = [target["expr"] for path in BOARDS for panel in json.loads(path.read_text())["panels"] for target in panel["targets"]]
    page = tmp_path / "panels.yaml"
    for made, code in ((queries, 0), (queries + ["sum(rate(porter_requests_total[5m])"], 1)):
        page.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": [
            {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")} for number, query in enumerate(made)]}]}))
        told = subprocess.run(["promtool", "check", "rules", page], capture_output=True, text=True)
        assert told.returncode == code, told.stdout + told.stderr


def test_the_rules_without_an_operator_are_the_same():
    made = subprocess.run([ROOT / "scripts" / "alert-rules"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "monitoring" / "rules.yaml").read_text() == made, "scripts/alert-rules >monitoring/rules.yaml"
    assert [rule for group in yaml.safe_load(made)["groups"] for rule in group["rules"]] == rules()


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    books = {path.stem: path for path in (ROOT / "docs" / "runbooks").glob("Porter*.md")}
    assert {path.name for path in (ROOT / "docs" / "runbooks").iterdir()} - {path.name for path in books.values()} == {REACHING.name}
    assert {rule["alert"] for rule in rules()} == set(books)
    for rule in rules():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    for name, path in books.items():
        text = path.read_text()
        assert text.startswith(f"# {name}\n") and re.findall("^## .*", text, re.M) == PARTS, name
        assert "](reaching.md)" in text[:text.index("## How to look")], name
        assert re.search(r"## How to look\n```sh\n.+\n```\n\n## Cure\n\S", text, re.S), name


def test_there_is_a_way_to_type_each_command_wherever_porter_runs():
    commands = {line.split()[0] for path in (ROOT / "docs" / "runbooks").glob("Porter*.md")
                for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.S) for line in block.splitlines()} - {"kubectl"}
    head, _, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in REACHING.read_text().splitlines() if line.startswith("|")]
    assert head[1:] == ["`scripts/up`", "`docker compose`", "Kubernetes"] and all(all(row) and len(row) == 4 for row in rows)
    assert {re.match(r"`(\w+)", row[0])[1] for row in rows if row[0] != "logs"} == commands


def test_every_alert_says_how_bad_it_is_and_what_is_the_matter():
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert re.fullmatch(r"[A-Z].{20,118}\.", rule["annotations"]["summary"]), rule["alert"]
    page = (ROOT / "docs" / "slo.md").read_text()
    assert set(re.findall(r"\(runbooks/(Porter\w+)\.md\)", page)) == {rule["alert"] for rule in rules()}


def test_what_runbooks_have_people_type_is_there():
    checks = set(re.findall(r"^\| `(\w+(?:\.\w+)?)` \|", (ROOT / "docs" / "doctor.md").read_text(), re.M))
    known, asked = series(), 0
    for path in (ROOT / "docs" / "runbooks").glob("*.md"):
        text = path.read_text()
        for names in re.findall(r"doctor --only (\S+)", text):
            assert set(names.split(",")) <= checks, (path.name, names)
        for name in re.findall(r"\b(porter_\w+)", text):
            asked += 1
            assert any(one.startswith(name) for one in known), (path.name, name)
    assert asked > 20
