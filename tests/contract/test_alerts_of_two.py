"""Two installations under one Prometheus, each in its namespace: an alert is of one of them, and says which."""
import re
import subprocess

import pytest
import yaml

from harness.sources import ROOT

OURS, OTHER = "porter", "porter-staging"
FILE = ROOT / "k8s" / "components" / "monitoring" / "alerts.yaml"
GROWS, STAYS = "0+10x280", "0x280"
# By the series that an alert looks at: values, one each 15 s, where it is to fire, and where all is well.
ILL_AND_WELL = {
    'up{job="porter-gateway-private"}': (STAYS, "1x280"),
    'up{job="porter-dispatcher-private"}': (STAYS, "1x280"),
    "porter_requests_total": (GROWS, GROWS),
    "porter_requests_failed_total": (GROWS, STAYS),
    'porter_request_seconds_bucket{le="0.1",route="visitors"}': (STAYS, GROWS),
    'porter_request_seconds_count{route="visitors"}': (GROWS, GROWS),
    'porter_event_delivered_seconds_bucket{le="5"}': (STAYS, GROWS),
    "porter_event_delivered_seconds_count": (GROWS, GROWS),
    **{f'porter_neighbour_up{{neighbour="{name}"}}': (STAYS, "1x280") for name in ("postgresql", "redis", "kafka")},
    'porter_admissions_by_mode_total{mode="local_window"}': (GROWS, STAYS),
    "porter_db_waits_timed_out_total": (GROWS, STAYS),
    'porter_db_connections{state="waiting"}': ("1x280", STAYS),
    "porter_http_connections": ("95x280", "5x280"),
    "porter_http_threads": ("100x280", "100x280"),
    'porter_requests_shed_total{cause="read"}': (GROWS, STAYS),
    "porter_outbox_oldest_seconds": ("9x280", STAYS),
    "porter_event_log_held_seconds": ("60x280", STAYS),
    "porter_intake_lag_records": (GROWS, "5x280"),
    "porter_retry_put_off_total": (GROWS, STAYS),
    "porter_retry_claimed_total": (STAYS, GROWS),
    "porter_intake_skipped_records_total": (GROWS, STAYS),
    "porter_outcomes_not_stored_total": (GROWS, STAYS),
    "porter_intake_dead_letters_total": (GROWS, STAYS),
}


def spec():
    return yaml.safe_load(FILE.read_text())["spec"]


def names():
    return {rule["alert"] for group in spec()["groups"] for rule in group["rules"]}


def labelled(name, **labels):
    base, _, more = name.partition("{")
    return "{}{{{}}}".format(base, ",".join([f'{label}="{text}"' for label, text in labels.items()] + [more.rstrip("}")] * bool(more)))


def in_namespace(namespace, column):
    """Of one process."""
    return {labelled(name, namespace=namespace, pod="a"): values[column] for name, values in ILL_AND_WELL.items()}


def run(folder, rules, series, **told):
    """After an hour, by Prometheus' own tester."""
    (folder / "rules.yaml").write_text(rules)
    (folder / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "15s", "tests": [{
        "interval": "15s", "input_series": [{"series": name, "values": values} for name, values in series.items()], **told}]}))
    done = subprocess.run(["promtool", "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def fires(folder, rules, series, fired):
    """Exactly these: (alert, namespace)."""
    labels = [f'{{alertname="{alert}"' + (f',namespace="{namespace}"}}' if namespace else "}") for alert, namespace in fired]
    run(folder, rules, series, promql_expr_test=[{
        "expr": 'group by (alertname, namespace) (ALERTS{alertstate="firing"})', "eval_time": "1h",
        "exp_samples": [{"labels": one, "value": 1} for one in labels]}])


@pytest.mark.parametrize("ill, well", [(OURS, OTHER), (OTHER, OURS)])
def test_each_alert_is_of_the_one_that_is_ill(tmp_path, ill, well):
    fires(tmp_path, yaml.safe_dump(spec()), in_namespace(ill, 0) | in_namespace(well, 1), {(alert, ill) for alert in names()})


def test_nothing_fires_where_both_are_well(tmp_path):
    fires(tmp_path, yaml.safe_dump(spec()), in_namespace(OURS, 1) | in_namespace(OTHER, 1), set())


GONE = {"PorterGatewaysGone", "PorterDispatchersGone"}


def test_ours_are_missed_though_the_others_are_there(tmp_path):
    """Without pods there is no series that could name the namespace."""
    fires(tmp_path, yaml.safe_dump(spec()), in_namespace(OTHER, 1), {(alert, OURS) for alert in GONE})


def test_without_namespaces_each_fires_too(tmp_path):
    """Docker Compose."""
    rules = (ROOT / "monitoring" / "rules.yaml").read_text()
    for column, wanted in ((0, names()), (1, set())):
        fires(tmp_path, rules, {labelled(name, instance="a"): values[column] for name, values in ILL_AND_WELL.items()}, {(one, "") for one in wanted})
    fires(tmp_path, rules, {}, {(alert, "") for alert in GONE})


SEEN = {"PorterPostgresAway": ['porter_neighbour_up{neighbour="postgresql"}', 'porter_problems_total{problem="unavailable"}'],
        "PorterRedisAway": ['porter_neighbour_up{neighbour="redis"}'], "PorterKafkaAway": ['porter_neighbour_up{neighbour="kafka"}'],
        "PorterPoolTimeouts": ["porter_db_waits_timed_out_total"]}


@pytest.mark.parametrize("alert, name", [(alert, name) for alert, all_of in SEEN.items() for name in all_of])
def test_one_alert_names_all_who_see_the_fault_there(tmp_path, alert, name):
    ill, well = (GROWS, STAYS) if name.split("{")[0].endswith("_total") else (STAYS, "1x280")
    series = {labelled(name, namespace=namespace, pod=pod, instance=f"10.0.0.{number}:9090"): ill if is_ill else well
              for number, (namespace, pod, is_ill) in enumerate([(OURS, "b", True), (OURS, "a", True), (OURS, "c", False), (OTHER, "d", True)])}
    rule, = [rule for group in spec()["groups"] for rule in group["rules"] if rule["alert"] == alert]
    wanted = [{"exp_labels": rule["labels"] | {"namespace": namespace}, "exp_annotations": rule["annotations"] | {"description": says}}
              for namespace, says in ((OURS, "Seen by 2: b a"), (OTHER, "Seen by 1: d"))]
    run(tmp_path, yaml.safe_dump(spec()), series, alert_rule_test=[{"eval_time": "1h", "alertname": alert, "exp_alerts": wanted}])


def test_only_what_is_not_there_is_asked_for_by_a_namespaces_name():
    """Those that k8s/overlays/production puts its own namespace into."""
    naming = {rule["alert"]: rule["expr"] for group in spec()["groups"] for rule in group["rules"] if 'namespace="' in rule["expr"]}
    assert set(naming) == GONE
    assert all(re.match(r'absent\(up\{namespace="porter",', expr) and expr.count('namespace="') == 1 for expr in naming.values())
