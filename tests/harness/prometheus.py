"""A Prometheus that watches the programs of a test under the alerts that are shipped, with less patience."""
import re

import requests
import yaml

from .process import ROOT, Process, free_port

RULES = ROOT / "monitoring" / "rules.yaml"
HASTE = 100  # An hour is 36 s, a minute 0.6 s. What is no time span stays as it is.
MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
EVERY = "250ms"  # Of scrapes and evaluations.


def groups():
    return yaml.safe_load(RULES.read_text())["groups"]


def names():
    """Of all alerts, with how fast a budget burns where there are several."""
    return {(rule["alert"], rule["labels"].get("burn")) for group in groups() for rule in group["rules"]}


def hastened(text):
    """"5m" and "10m:30s" in a hundredth of the time."""
    return re.sub(r"(\d+)([smhd])", lambda found: f"{int(found[1]) * MS[found[2]] // HASTE}ms", text)


def hasty(rule):
    def of(query):
        return re.sub(r"\[[^\]]+\]|\boffset \w+", lambda found: hastened(found[0]), query)

    annotations = {name: of(text) for name, text in rule["annotations"].items()}
    return {**rule, "expr": of(rule["expr"]), "annotations": annotations, **({"for": hastened(rule["for"])} if "for" in rule else {})}


class Prometheus(Process):
    """`jobs`: {name: ports on this machine}."""

    def __init__(self, folder, jobs):
        self.port = free_port()
        folder.mkdir()
        rules = {"groups": [{**group, "rules": [hasty(rule) for rule in group["rules"]]} for group in groups()]}
        (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
        (folder / "prometheus.yaml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}, "rule_files": ["rules.yaml"],
            "scrape_configs": [{"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}
                               for name, ports in jobs.items()]}))
        words = ["prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn", "--enable-feature=exemplar-storage"]
        super().__init__("prometheus", words, {"PATH": "/usr/bin:/bin"}, folder / "log", self._is_ready)

    def ask(self, path, **params):
        answer = requests.get(f"http://127.0.0.1:{self.port}/{path}", params=params, timeout=5)
        return answer.json()["data"] if answer.status_code == 200 else None

    def _is_ready(self):
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=1).status_code == 200
        except requests.RequestException:
            return False

    def alerts(self, state=None):
        """Those that fire, or soon will ("firing", "pending"): (name, burn)."""
        found = self.ask("api/v1/alerts")["alerts"]
        return {(one["labels"]["alertname"], one["labels"].get("burn")) for one in found if state in (None, one["state"])}

    def told(self, alert):
        """What each that fires says beside its summary."""
        found = self.ask("api/v1/alerts")["alerts"]
        return [one["annotations"].get("description") for one in found if (one["labels"]["alertname"], one["state"]) == (alert, "firing")]

    def value(self, expr):
        """Of a query with one answer; None without."""
        found = self.ask("api/v1/query", query=expr)["result"]
        return float(found[0]["value"][1]) if found else None
