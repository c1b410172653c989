"""GET /visitors/{id} (key, window, PostgreSQL) beside the same request without PostgreSQL."""
import tempfile
from pathlib import Path

from bench_admit import KEYS, PATH
from common import (RUNS, SECONDS, System, aim, format_id, keep, make_keys, median, parse_id, rss_mib, say, spread,
                    uuid7, wrk)

VISITORS = 10000


def make_visitors(system, org, count):
    """`count` visitors by SQL; their ids."""
    location = parse_id(org.location())
    ids = [uuid7() for _ in range(count)]
    with system.porter.database() as db:
        db.execute(
            "INSERT INTO visitors (org_id, id, location_id, status, first_name, last_name, full_name,"
            " email, company, host_name, host_email, expected_at, metadata, created_at, updated_at)"
            " SELECT %s, i, %s, 'expected', 'Zoë', 'Müller', 'Zoë Müller', 'zoe@example.org', 'Bäckerei',"
            " 'Ada Lovelace', 'ada@example.org', now(), '{\"badge\":\"blue\"}', now(), now()"
            " FROM unnest(%s::uuid[]) AS i", (parse_id(org.id), location, ids))
        db.execute("ANALYZE visitors")
    return [format_id("vis", each) for each in ids]


def main():
    with System() as system, tempfile.TemporaryDirectory() as folder:
        org = system.porter.organization()
        keys, paths = Path(folder) / "keys", Path(folder) / "paths"
        make_keys(system, org, KEYS, keys)
        ids = make_visitors(system, org, VISITORS)
        paths.write_text("\n".join(f"/api/v1/visitors/{each}" for each in ids) + "\n")
        gateway = system.gateway(PORTER_HTTP_THREADS=256)
        say("warming up …")
        wrk(gateway.url, keys, path=PATH, seconds=4)
        wrk(gateway.url, keys, paths=paths, seconds=2)
        without, with_read = [], []
        for _ in range(RUNS):
            without.append(wrk(gateway.url, keys, path=PATH))
            with_read.append(wrk(gateway.url, keys, paths=paths))
        assert all(run["not_2xx"] == 0 for run in with_read), "some reads failed"
        ratio = median([r["per_second"] for r in with_read]) / median([r["per_second"] for r in without])
        say(f"read: {RUNS} runs of {SECONDS} s, median (min–max)")
        say(f"  without PostgreSQL  req/s {spread([r['per_second'] for r in without])}  p99 ms {spread([r['p99'] for r in without], 1)}")
        say(f"  GET /visitors/{{id}}  req/s {spread([r['per_second'] for r in with_read])}  p99 ms {spread([r['p99'] for r in with_read], 1)}")
        say(f"  with / without: {ratio:.2f} ({aim('read, with / without', ratio, least=0.6)}); gateway resident {rss_mib(gateway.pid):.0f} MiB")
        keep("read", {"without": without, "with": with_read, "ratio": ratio})
