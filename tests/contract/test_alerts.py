"""Alerts and dashboards ask for series that exist, and each alert tells a person what to do."""
import re
import subprocess

import pytest
import yaml

from harness.boards import BOARDS, panels, queries
from harness.process import printed
from harness.sources import ROOT

SUFFIXES = ("_bucket", "_count", "_sum")  # Of histograms.
WHERE = ("le", "job", "namespace")  # Labels that Prometheus or a histogram gives.
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
            if label not in WHERE:
                faults += [f"{what}: {name} {label} {word}" for word in words.split("|") if label not in known[base][1] or word not in known[base][1]]
    for labels in re.findall(r"by \(([^)]*)\)", expr):
        first = re.search(r"porter_\w+?(?=_bucket|\b)", expr)
        words = (known[first[0]][1] if first else set()) | set(WHERE)
        faults += [f"{what}: by {label}" for label in re.split(r", *", labels) if label not in words]
    return faults, asked


def test_every_series_and_word_that_an_alert_asks_for_exists():
    found = [faults_of(rule["alert"], rule["expr"]) for rule in rules()]
    assert sum(asked for _, asked in found) > 20 and [fault for faults, _ in found for fault in faults] == []


def test_who_sees_a_fault_is_asked_as_the_alert_asks_whether_there_is_one():
    asked = {rule["alert"]: re.findall('query "([^"]*)"', rule["annotations"].get("description", "")) for rule in rules()}
    for rule in rules():
        assert all(rule["expr"].replace('"', "'") == f"count by (namespace) ({one})" for one in asked[rule["alert"]]), rule["alert"]
    assert {alert for alert, found in asked.items() if found} == {"PorterPostgresAway", "PorterRedisAway", "PorterKafkaAway", "PorterPoolTimeouts"}


def test_dashboards_show_series_that_exist_with_their_units():
    assert len({board["uid"] for board in BOARDS}) == len(BOARDS) == 2
    for board in BOARDS:
        assert len({panel["title"] for panel in board["panels"]}) == len(board["panels"]) > 10
        for panel in board["panels"]:
            assert panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            for target in panel["targets"]:
                assert faults_of(panel["title"], target["expr"]) == ([], target["expr"].count("porter_")), target
                assert target["legendFormat"]


def test_dashboards_show_the_namespaces_that_are_chosen():
    """All of them at first, and what has none."""
    for board in BOARDS:
        chosen, = board["templating"]["list"]
        assert (chosen["name"], chosen["multi"], chosen["includeAll"], chosen["current"]["value"]) == ("namespace", True, True, ["$__all"])
        assert re.fullmatch(chosen["allValue"], "") and re.fullmatch(chosen["allValue"], "porter")
        assert chosen["query"]["query"] == chosen["definition"] == 'label_values(up{job=~"porter-.*"}, namespace)'
    for board, panel in panels():
        for query in queries(board, panel, namespace="porter"):
            assert query.count("porter_") == len(re.findall(r'\bporter_\w+\{namespace=~"porter"[,}]', query)) > 0, query


def test_names_end_in_base_units():
    """Seconds and bytes, never parts or multiples of them, as Prometheus' linter has it; what only grows ends in _total."""
    known = series()
    assert len(known) > 60
    for name, (kind, _) in known.items():
        assert (kind == "counter") == name.endswith("_total"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
        parts = r"(nano|micro|milli|kilo|mega|giga|kibi|mebi|gibi)\w*|minutes?|hours?|days?|ms|us|bits|percent"
        assert not any(re.fullmatch(parts, word) for word in name.split("_")), name


def test_bounds_of_histograms_are_those_of_every_prometheus():
    """Prometheus 3 keeps le="5" as 5.0, so a whole number is asked for in both forms."""
    expressions = [rule["expr"] for rule in rules()]
    expressions += [query for board, panel in panels() for query in queries(board, panel)]
    asked = [found for expr in expressions for found in re.findall(r'\ble\s*(!?=~?)\s*"([^"]*)"', expr)]
    assert asked and [one for one in asked if not re.fullmatch(r"0\.\d+" if one[0] in ("=", "!=") else r"\d+\(\\\\\.0\)\?", one[1])] == []


def hold(folder, alert, *cases):
    """Prometheus' own tester finds that the alert fires, at each pace that it has, or not at all. A case is ({series: values, one each
    15 s}, {when: does it fire})."""
    wanted = [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"] | {
        name: "Seen by 1: a" for name in rule["annotations"] if name == "description"}} for rule in rules() if rule["alert"] == alert]
    page = folder / "test.yaml"
    page.write_text(yaml.safe_dump({"rule_files": [str(ROOT / "monitoring" / "rules.yaml")], "evaluation_interval": "15s", "tests": [
        {"interval": "15s", "input_series": [{"series": name, "values": values} for name, values in series.items()],
         "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": wanted if fires else []} for at, fires in told.items()]}
        for series, told in cases]}))
    done = subprocess.run(["promtool", "test", "rules", page], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_budget_burns_whatever_prometheus_calls_a_bound(tmp_path):
    name, all_of_them = "porter_event_delivered_seconds", "0+1x240"
    hold(tmp_path, "PorterWebhooksSlowBurns",
         *(({f'{name}_bucket{{le="{bound}"}}': quick, f"{name}_count": all_of_them}, {"1h": fires})
           for bound in ("5", "5.0") for quick, fires in (("0+0x240", True), (all_of_them, False))))


@pytest.mark.parametrize("alert, name", [
    ("PorterRecordsSkipped", "porter_intake_skipped_records_total"), ("PorterOutcomesLost", "porter_outcomes_not_stored_total"),
    ("PorterDeadLetters", "porter_intake_dead_letters_total"), ("PorterDeadLetters", "porter_relay_set_aside_total")])
def test_a_loss_that_a_new_process_begins_with_is_told_for_an_hour(tmp_path, alert, name):
    """The first that Prometheus hears of a pod is what it has counted already. A gap of scrapes is no beginning."""
    hold(tmp_path, alert,
         ({f'{name}{{instance="old"}}': "2+0x800", f'{name}{{instance="new"}}': "_x500 3+0x300"},
          {"124m": False, "126m": True, "184m": True, "187m": False}),
         ({name: "2+0x500 3+0x300"}, {"124m": False, "126m": True}),
         ({name: "2+0x300 _x30 2+0x470"}, {"124m": False, "140m": False}))


@pytest.mark.parametrize("alert, name", [("PorterPostgresAway", 'porter_problems_total{instance="a",problem="unavailable"}'),
                                         ("PorterPoolTimeouts", 'porter_db_waits_timed_out_total{instance="a"}')])
def test_one_moment_wakes_nobody(tmp_path, alert, name):
    hold(tmp_path, alert, ({name: "0+0x40 9+0x40"}, {f"{second}s": False for second in range(600, 960, 15)}),
         ({name: "0+0x40 9+1x40"}, {"600s": False, "780s": True}))


def test_every_panel_asks_in_promql(tmp_path):
    """Each query as a rule, which Prometheus' own checker reads."""
    asked = [query for board, panel in panels() for query in queries(board, panel)]
    page = tmp_path / "panels.yaml"
    for made, code in ((asked, 0), (asked + ["sum(rate(porter_requests_total[5m])"], 1)):
        page.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": [
            {"record": f"panel:{number}", "expr": query} for number, query in enumerate(made)]}]}))
        told = subprocess.run(["promtool", "check", "rules", page], capture_output=True, text=True)
        assert told.returncode == code, told.stdout + told.stderr


def test_the_rules_without_an_operator_are_the_same():
    made = subprocess.run([ROOT / "scripts" / "alert-rules"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "monitoring" / "rules.yaml").read_text() == made, "scripts/alert-rules >monitoring/rules.yaml"
    # Nobody's namespace is named there, for no series has one.
    found = [rule for group in yaml.safe_load(made)["groups"] for rule in group["rules"]]
    assert found == [rule | {"expr": rule["expr"].replace('{namespace="porter",', "{")} for rule in rules()] and 'namespace="' not in made


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


def test_runbooks_name_the_commands_that_mend_a_loss():
    there = re.findall(r"^### ([a-z-]+(?: [a-z-]+)?)", (ROOT / "docs" / "porterctl.md").read_text(), re.M)
    named = {path.stem: set(re.findall(r"porterctl ([a-z-]+(?: [a-z-]+)?)", path.read_text())) for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert [(book, one) for book, all_of in named.items() for one in all_of if one not in there and one.split(" ")[0] not in there] == []
    assert {"dead-letters list", "dead-letters show", "dead-letters requeue", "events republish"} <= named["PorterDeadLetters"]
    assert "events republish" in named["PorterRecordsSkipped"]


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
