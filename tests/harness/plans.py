"""What PostgreSQL did for a gateway's requests: auto_explain writes each plan, with what it really read, into the
server's log. The requests of the gateway under watch are the only ones on its database."""
import json
import re


class Watched:
    """A Porter whose every statement PostgreSQL explains."""

    def __init__(self, porter):
        self.porter, self.client = porter, None
        self.log = porter.servers.postgres.folder / "log"
        with porter.database() as db:
            for name, value in {"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on",
                                "auto_explain.log_buffers": "on", "auto_explain.log_timing": "off", "auto_explain.log_format": "json"}.items():
                db.execute(f"ALTER DATABASE {porter.name} SET {name} = '{value}'")

    def database(self):
        """A connection that nobody explains."""
        db = self.porter.database()
        db.execute("SET session_preload_libraries = ''")
        return db

    def gateway(self, tenant, mode):
        """Calls go to a new gateway, whose statements are planned in this way."""
        with self.porter.database() as db:
            db.execute(f"ALTER DATABASE {self.porter.name} SET plan_cache_mode = {mode}")
        self.client = tenant.client(self.porter.gateway())

    def ask(self, path, words):
        """The answer, and the plans of the statements for it that have all of these words."""
        before = self.log.stat().st_size
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        with self.log.open("rb") as log:
            log.seek(before)
            text = log.read().decode()
        found = [json.loads(one) for one in re.findall(r"plan:\n\t(\{.*?\n\t\})", text, re.S)]
        return answer.json(), [one["Plan"] for one in found if all(word in one["Query Text"] for word in words)]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def blocks(plans):
    return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)
