"""The dashboards for Grafana, as it would ask Prometheus for them."""
import json

from .process import ROOT

BOARDS = [json.loads(path.read_text()) for path in sorted((ROOT / "k8s" / "components" / "monitoring" / "dashboards").glob("*.json"))]


def panels():
    """(board, panel) of all."""
    return [(board, panel) for board in BOARDS for panel in board["panels"]]


def queries(board, panel, **chosen):
    """A panel's queries with a minute for a rate, and All where nothing is chosen."""
    for target in panel["targets"]:
        query = target["expr"].replace("$__rate_interval", "1m")
        for variable in board["templating"]["list"]:
            query = query.replace(f"${variable['name']}", chosen.get(variable["name"], variable["allValue"]))
        yield query
