"""Pre-register (durable: 201 after the commit) beside pgbench running the same SQL statement."""
import re
import subprocess
import tempfile
from pathlib import Path

from common import (CONNECTIONS, ROOT, RUNS, SECONDS, System, aim, format_id, keep, make_keys, median, parse_id,
                    rss_mib, say, spread, uuid7, wait_until, wrk)

BODY = ('{"first_name":"Zoë","last_name":"Müller","email":"zoe@example.org","company":"Bäckerei Süß",'
        '"host":{"name":"Ada Lovelace","email":"ada@example.org"},"purpose":"Interview","location_id":"%s"}')
# What the statement's parameters are for pgbench: constants, but for the ids, which must be new.
VALUES = {
    1: "'{org}'::uuid", 2: "gen_random_uuid()", 3: "'{location}'::uuid", 4: "'Zoë'", 5: "'Müller'",
    6: "'Zoë Müller'", 7: "'zoe@example.org'", 8: "NULL::text", 9: "'Bäckerei Süß'", 10: "NULL::text",
    11: "'Ada Lovelace'", 12: "'ada@example.org'", 13: "'Interview'", 14: "now()",
    15: "NULL::timestamptz", 16: "NULL::text", 17: "NULL::text", 18: "NULL::text", 19: "NULL::text",
    20: "now()", 21: "gen_random_uuid()", 22: "'{visitor}'", 23: "'\\x{payload}'::bytea", 24: "'req_bench'",
    25: "(random() * 15)::smallint", 26: "NULL::text",
}


def statement():
    text = (ROOT / "libs" / "store" / "sql" / "visitor.sql").read_text()
    text = re.search(r"-- name: visitor_insert\n(.*?);", text, re.S).group(1)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))


def pgbench_script(org, location, path):
    known = {"org": parse_id(org.id), "location": parse_id(location),
             "visitor": format_id("vis", uuid7()), "payload": "0a1f" * 160}
    sql = re.sub(r"\$(\d+)", lambda m: VALUES[int(m.group(1))].format(**known), statement())
    Path(path).write_text(" ".join(sql.split()) + ";\n")


def pgbench(system, path):
    done = subprocess.run(
        ["/usr/lib/postgresql/15/bin/pgbench", "-n", "-M", "prepared", "-f", path, "-c", str(CONNECTIONS),
         "-j", "2", "-T", str(SECONDS), system.porter.environment()["PORTER_DB_URL"]],
        capture_output=True, text=True, check=True)
    return float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))


def relayed(system):
    """Both writers' outbox rows go to Kafka beside the run; none of one's is left for the other's."""
    with system.porter.database() as db:
        wait_until(lambda: db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0, 60, "an empty outbox")


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        org = system.porter.organization()
        location = org.location()
        keys, script = Path(folder) / "keys", Path(folder) / "insert.sql"
        make_keys(system, org, 10000, keys)
        pgbench_script(org, location, script)
        gateway = system.gateway(PORTER_HTTP_THREADS=256)
        body = BODY % location
        say("warming up …")
        wrk(gateway.url, keys, path="/api/v1/rate-limit", seconds=4)  # Each key is looked up once, and strangers' look-ups are slowed.
        wrk(gateway.url, keys, path="/api/v1/visitors/pre-register", method="POST", body=body, seconds=3)
        pgbench(system, script)
        ours, theirs = [], []
        for _ in range(RUNS):
            relayed(system)
            ours.append(wrk(gateway.url, keys, path="/api/v1/visitors/pre-register", method="POST", body=body))
            relayed(system)
            theirs.append(pgbench(system, script))
        assert all(run["not_2xx"] == 0 for run in ours), "some writes failed"
        ratio = median([r["per_second"] for r in ours]) / median(theirs)
        say(f"write: {CONNECTIONS} connections, {RUNS} runs of {SECONDS} s, median (min–max)")
        say(f"  pre-register over HTTPS  {spread([r['per_second'] for r in ours])}/s  p99 ms {spread([r['p99'] for r in ours], 1)}")
        say(f"  pgbench, same statement  {spread(theirs)}/s")
        say(f"  gateway / pgbench: {ratio:.2f} ({aim('write, gateway / pgbench', ratio, least=0.8)}); gateway resident {rss_mib(gateway.pid):.0f} MiB")
        keep("write", {"gateway": ours, "pgbench": theirs, "ratio": ratio})
