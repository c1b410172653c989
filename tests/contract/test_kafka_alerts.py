"""The alert of programs that are too old for their certificates in production: when it fires, and before which day."""
import re
import subprocess

import pytest
import yaml

from harness.sources import ROOT

FOLDER = ROOT / "k8s" / "overlays" / "production"
DAY_MIN = 24 * 60


def spec():
    return yaml.safe_load((FOLDER / "kafka-alerts.yaml").read_text())["spec"]


@pytest.mark.parametrize("days, alerts", [(59, set()), (61, {"PorterPodOld"})])
def test_it_tells_of_one_program_that_is_old(tmp_path, days, alerts):
    """Beside one that is as young as the others are after a roll-out."""
    series = 'process_start_time_seconds{{namespace="porter",job="porter-{0}-private",pod="{0}-1"}}'.format
    firing = [{"labels": f'{{alertname="{alert}",namespace="porter",severity="ticket"}}', "value": 1} for alert in alerts]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": spec()["groups"]}))
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "10m", "tests": [{
        "interval": "10m", "promql_expr_test": [{
            "expr": 'group by (alertname, namespace, severity) (ALERTS{alertstate="firing"})', "eval_time": f"{days * DAY_MIN}m", "exp_samples": firing}],
        "input_series": [{"series": series("gateway"), "values": f"0x{62 * 144}"},
                         {"series": series("dispatcher"), "values": f"{40 * 86400}x{62 * 144}"},
                         {"series": series("gateway").replace('"porter"', '"porter-staging"'), "values": f"0x{62 * 144}"}]}]}))
    told = subprocess.run(["promtool", "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_it_comes_while_every_certificate_is_good():
    rule, = spec()["groups"][0]["rules"]
    kafka = list(yaml.safe_load_all((FOLDER / "kafka.yaml").read_text()))[-1]["spec"]
    told_after = int(re.search(r"> (\d+) \* 86400\)$", rule["expr"])[1])
    for authority in ("clusterCa", "clientsCa"):
        assert told_after + 30 <= kafka[authority]["renewalDays"] < kafka[authority]["validityDays"]
    assert rule["annotations"]["runbook_url"] == "docs/kubernetes.md#who-is-who-on-kafka"
    assert "## Who is who on Kafka" in (ROOT / "docs" / "kubernetes.md").read_text()
