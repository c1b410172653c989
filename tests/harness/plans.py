"""What PostgreSQL did for a statement: auto_explain writes each plan, with what it really read, into the server's log.
The requests of the gateway under watch are the only ones on its database."""
import itertools
import json
import re
from dataclasses import dataclass, field

from .sources import statements

PARTITION = re.compile(r"_(default|\d{8})$")
CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b")


def named(pattern):
    """The names of the statements that are called so."""
    return {name for name in statements() if re.fullmatch(pattern, name)}


def lists():
    """The statements that read a page, or all there is: called a list, or with a limit from outside; and change nothing."""
    return {name for name, (text, _) in statements().items() if not CHANGES.search(text)
            and (re.search(r"_list(_|$)", name) or re.search(r"LIMIT (\$|\(SELECT \$)", text))}


# Whose plans test_visitor_plans.py and test_event_plans.py assert.
VISITOR_LISTS, EVENT_LISTS = named(r"visitor_(walk|gather|count)_\w+"), named(r"event_log_(?!txids)\w+")
# And test_dashboard_plans.py.
DASHBOARD_LISTS = {name for name in lists() if name.startswith(("audit_", "person_", "key_list", "dashboard_", "hours_of_"))}


# With what PostgreSQL may know of the tables, and how it may plan.
PLANNERS = list(itertools.product(["no statistics", "statistics"], ["force_generic_plan", "force_custom_plan"]))


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

    def plan_all(self, mode):
        """Whoever connects from now on plans in this way."""
        with self.porter.database() as db:
            db.execute(f"ALTER DATABASE {self.porter.name} SET plan_cache_mode = {mode}")

    def gateway(self, tenant, mode):
        """Calls go to a new gateway, whose statements are planned in this way."""
        self.plan_all(mode)
        self.client = tenant.client(self.porter.gateway())

    def planned(self, tenant, planner, tables):
        """The same for one of PLANNERS, of which those with statistics come last."""
        self.statistics, mode = planner
        if self.statistics == "statistics":
            with self.database() as db:
                db.execute(f"VACUUM ANALYZE {', '.join(tables)}")
        self.gateway(tenant, mode)
        return self

    def during(self, act, names):
        """What the act answers, and the plans of these statements that were run for it."""
        texts = {statements()[name][0] for name in names}
        before = self.log.stat().st_size
        answer = act()
        with self.log.open("rb") as log:
            log.seek(before)
            text = log.read().decode()
        found = [json.loads(one) for one in re.findall(r"plan:\n\t(\{.*?\n\t\})", text, re.S)]
        return answer, [one["Plan"] for one in found if one["Query Text"] in texts]

    def ask(self, path, names):
        """The body of the answer to a GET, and the plans of these statements."""
        answer, plans = self.during(lambda: self.client.get(path), names)
        assert answer.status_code == 200, answer.text
        return answer.json(), plans


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def passed(node):
    """Rows a node looked at, in all its loops."""
    return node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))


def blocks(plans):
    return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)


@dataclass
class Facts:
    """Of all that ran. A partition counts as its table; an index of one is called by its columns, "_org_id_…_idx"."""
    kinds: set = field(default_factory=set)    # of nodes
    indexes: set = field(default_factory=set)  # that gave something
    rows: dict = field(default_factory=dict)   # {table: rows that were looked at}
    scanned: int = 0                           # of them, by reading a table from end to end
    opened: int = 0                            # tables and partitions
    sorted: int = 0                            # rows that came into the largest sort
    blocks: int = 0

    def add(self, node):
        self.kinds.add(node["Node Type"])
        if node["Node Type"] in ("Sort", "Incremental Sort"):
            self.sorted = max(self.sorted, *(child["Actual Loops"] * child["Actual Rows"] for child in node["Plans"]))
        relation, read = node.get("Relation Name"), passed(node)
        if relation:
            table = PARTITION.sub("", relation)
            self.rows[table] = self.rows.get(table, 0) + read
            self.scanned += read if node["Node Type"] == "Seq Scan" else 0
            self.opened += 1
        if "Index Name" in node and read:
            is_part = relation and PARTITION.search(relation)
            self.indexes.add(node["Index Name"].removeprefix(relation) if is_part else node["Index Name"])


def facts(plans):
    made = Facts(blocks=blocks(plans))
    for plan in plans:
        for node in nodes(plan):
            if node["Actual Loops"]:
                made.add(node)
    return made
