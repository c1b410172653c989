"""The alerts of PostgreSQL's backups in production: when they fire, and that docs/backup.md says what to do."""
import re
import subprocess

import pytest
import yaml

from harness.sources import ROOT

RULES = ROOT / "k8s" / "overlays" / "production" / "backup-alerts.yaml"
FAILED, GOOD = "cnpg_collector_last_failed_backup_timestamp", "cnpg_collector_last_available_backup_timestamp"
MISSED, ARCHIVED = "cnpg_pg_stat_archiver_last_failed_time", "cnpg_pg_stat_archiver_last_archived_time"
READY = "cnpg_collector_pg_wal_archive_status"
# Values by the minute, of two days in which all is well: a backup at the start and after a day, WAL each minute.
WELL = {FAILED: "0x2880", GOOD: "1x1440 86400x1440", MISSED: "-1x2880", ARCHIVED: "0+60x2880", READY: "1x2880"}
# Of PostgreSQL in another namespace, whose faults are not ours, nor its backups.
OTHERS = {FAILED: "300000x2880", GOOD: "200000x2880", MISSED: "5+60x2880", ARCHIVED: "0x2880", READY: "40x2880"}


def groups():
    return yaml.safe_load(RULES.read_text())["spec"]["groups"]


def rules():
    return {rule["alert"]: rule for group in groups() for rule in group["rules"]}


def series(changed):
    more = {READY: ',value="ready"'}
    return [{"series": f'{name}{{namespace="{namespace}",pod="porter-db-1"{more.get(name, "")}}}', "values": values}
            for namespace, given in (("porter", {**WELL, **changed}), ("porter-staging", OTHERS)) for name, values in given.items() if values]


@pytest.mark.parametrize("changed, at, alerts", [
    ({}, 2000, set()),
    ({FAILED: "0x1000 60000x1880"}, 1100, {"PorterBackupFailed"}),
    ({GOOD: "1x2880"}, 2300, {"PorterBackupOld"}),
    ({MISSED: "-1x99 6000+60x2780", ARCHIVED: "0+60x99 5999x2780"}, 120, {"PorterWalArchiveFails"}),
    ({MISSED: "5000x2880", ARCHIVED: "4000x2880"}, 200, set()),  # A standby, of when it was the primary.
    ({READY: "40x2880"}, 20, {"PorterWalArchiveWaits"}),
    ({GOOD: "", FAILED: ""}, 60, {"PorterBackupUnwatched"}),
    ({MISSED: "", ARCHIVED: ""}, 60, {"PorterBackupUnwatched"}),
])
def test_each_tells_of_its_own_cause(tmp_path, changed, at, alerts):
    """As Prometheus' own tests of rules see it."""
    firing = [{"labels": f'{{alertname="{alert}",namespace="porter",severity="{rules()[alert]["labels"]["severity"]}"}}', "value": 1} for alert in alerts]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [{
        "interval": "1m", "input_series": series(changed), "promql_expr_test": [{
            "expr": 'group by (alertname, namespace, severity) (ALERTS{alertstate="firing"})', "eval_time": f"{at}m", "exp_samples": firing}]}]}))
    told = subprocess.run(["promtool", "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_page_says_what_to_do_about_each():
    page = (ROOT / "docs" / "backup.md").read_text()
    section = page[page.index("\n## When an alert fires\n"):].split("\n## ")[1]
    assert set(re.findall(r"`(Porter\w+)`", section)) == set(rules())
    for alert, rule in rules().items():
        assert rule["labels"]["severity"] in ("page", "ticket"), alert
        assert rule["annotations"]["runbook_url"] == "docs/backup.md#when-an-alert-fires"
        assert re.fullmatch(r"[A-Z].{20,118}\.", rule["annotations"]["summary"]), alert
