"""Lists of visitors among a million: each filter and depth beside GET by id; what a page's JSON costs; and a peer.

One caller asks everything in turn (ask.c), so that each way of asking meets the same moments of the
machine, and no request waits for another: the times are those of the answers themselves."""
import json
import random
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from common import RUNS, SECONDS, format_id, keep, make_keys, median, parse_id, say, tool
from million import FIRST, LAST, MillionSystem

LIMIT = 50
KEYS = 3000
ASKS_PER_SECOND = 60  # Of each kind: SECONDS_PER_RUN of 5 gives 300.
IDS_PER_ROUND = 4     # The p99 beside which all stand is made of more.
VARIANTS = 60         # Different values of a filter.
PAGES = (100, 2000, 6000)
AIM = 5.0


# ---- What is asked ----------------------------------------------------------------------------


def days(name, count, length):
    """`count` ranges of `length` days each."""
    def day(number):
        return f"2025-{1 + number // 28:02}-{1 + number % 28:02}T00:00:00Z"
    return [{f"{name}_from": day(first), f"{name}_to": day(first + length)} for first in range(30, 30 + count)]


def plain_kinds(places):
    """{kind: [filter, …]}: what the index of the order knows, and ranges of another time."""
    kinds = {"newest first": [{}]}
    for status in ("expected", "checked_in", "checked_out", "cancelled", "no_show"):
        kinds[f"status={status}"] = [{"status": status}]
    kinds["location_id"] = [{"location_id": place} for place in places]
    kinds["location_id and status"] = [{"location_id": place, "status": "expected"} for place in places]
    for sort in ("created_at", "expected_at", "-expected_at", "checked_in_at", "-checked_in_at"):
        kinds[f"sort={sort}"] = [{"sort": sort}]
    for time in ("expected", "checked_in", "created"):
        kinds[f"{time}_from/to, a day"] = days(time, VARIANTS, 1)
        kinds[f"{time}_from/to, a month"] = days(time, VARIANTS, 28)
    kinds["expected_from/to, sorted by it"] = [{**one, "sort": "expected_at"} for one in days("expected", VARIANTS, 1)]
    kinds["checked_in_from, the last week"] = [{"checked_in_from": "2026-01-08T00:00:00Z"}]
    kinds["expected_to, long ago"] = [{"expected_to": "2024-06-01T00:00:00Z"}]
    return kinds


def word_kinds(some, places):
    """What the index of words is for, from one in a million to everybody."""
    firms = [one["company"] for one in some]
    return {
        "host_email": [{"host_email": one["host_email"]} for one in some],
        "email": [{"email": one["email"]} for one in some],
        "company": [{"company": firm} for firm in firms],
        "q: one letter": [{"q": letter} for letter in "abcdefghijklmnoprstvwz"],
        "q: two letters": [{"q": name[:2]} for name in FIRST + LAST],
        "q: two letters of few": [{"q": two} for two in ("xq", "zq", "qx", "yy", "99", "00")],
        "q: first name": [{"q": name} for name in FIRST],
        "q: last name": [{"q": name} for name in LAST],
        "q: full name": [{"q": one["full_name"]} for one in some],
        "q: rare": [{"q": firm.split()[1]} for firm in firms],
        "q: nearly everybody": [{"q": word} for word in ("gmbh", "com", "example")],
        "q: nobody": [{"q": "xyzzy"}, {"q": "qqqqqq"}],
        "q and a day expected": [{**one, "q": "a"} for one in days("expected", VARIANTS, 1)],
        "q, status, location_id": [{"q": "mü", "status": "checked_out", "location_id": place} for place in places],
    }


def path_of(query):
    return "/api/v1/visitors?" + urlencode({"limit": LIMIT, **query})


def deep_kinds(client):
    """{kind: (query with a cursor, the kind of its first page)}: the same lists further on."""
    kinds = {}
    for name, query in {"newest first": {}, "location_id": None, "status=checked_out": {"status": "checked_out"},
                        "sort=expected_at": {"sort": "expected_at"}, "sort=-checked_in_at": {"sort": "-checked_in_at"},
                        "q: one letter": {"q": "a"}}.items():
        if query is None:
            query = {"location_id": client.places[0]}
        for page, cursor in cursors(client, query).items():
            kinds[f"{name}, page {page}"] = ({**query, "cursor": cursor}, name)
    return kinds


def cursors(client, query):
    """{page: where it begins}, by pages of 200."""
    found, seen, cursor = {}, 0, None
    while seen < (max(PAGES) - 1) * LIMIT:
        answer = client.get("/visitors?" + urlencode({**query, "limit": 200, **({"cursor": cursor} if cursor else {})}))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        seen, cursor = seen + len(body["visitors"]), body["pagination"]["next_cursor"]
        if cursor is None:
            break
        for page in PAGES:
            if seen >= (page - 1) * LIMIT and page not in found:
                found[page] = cursor
    return found


def known(system):
    """Visitors, and all locations, of the large organization."""
    with system.porter.database() as db:
        rows = db.execute("SELECT id, email, company, host_email, full_name, location_id FROM visitors TABLESAMPLE SYSTEM (2) REPEATABLE (7)"
                          " WHERE org_id = %s AND company IS NOT NULL", (parse_id(system.large.id),)).fetchall()
    random.Random(7).shuffle(rows)
    names = ("id", "email", "company", "host_email", "full_name", "location_id")
    some = [dict(zip(names, row)) for row in rows]
    return some, sorted({format_id("loc", one["location_id"]) for one in some})


def write_asks(path, ids, kinds, rounds):
    with open(path, "w", encoding="utf-8") as out:
        for i in range(rounds):
            for j, (kind, queries) in enumerate(kinds.items()):
                if j % (len(kinds) // IDS_PER_ROUND) == 0:
                    out.write(f"id /api/v1/visitors/{ids[(i * IDS_PER_ROUND + j) % len(ids)]}\n")
                out.write(f"{kind.replace(' ', '_')} {path_of(queries[i % len(queries)])}\n")


def ask(system, gateway, keys, asks):
    done = subprocess.run([tool("ask"), gateway.url, system.porter.tls / "ca.pem", keys, asks], capture_output=True, text=True, check=True)
    run = json.loads(done.stdout)
    assert all(kind["failed"] == 0 for kind in run.values()), run
    return run


def main():
    with MillionSystem() as system, tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        keys, asks = folder / "keys", folder / "asks"
        some, places = known(system)
        make_keys(system, system.large, KEYS, keys)
        gateway = system.gateway(PORTER_HTTP_THREADS=64)
        client = system.large.client(gateway)
        client.places = places
        ids = [format_id("vis", one["id"]) for one in some[:3000]]
        kinds = {**plain_kinds(places), **word_kinds(some[:VARIANTS], places)}
        deep = deep_kinds(client)
        kinds.update({kind: [query] for kind, (query, _) in deep.items()})
        write_asks(asks, ids, kinds, 30)
        ask(system, gateway, keys, asks)
        write_asks(asks, ids, kinds, SECONDS * ASKS_PER_SECOND)
        runs = [ask(system, gateway, keys, asks) for _ in range(RUNS)]
        report(runs, kinds, deep)


def report(runs, kinds, deep):
    base = median([run["id"]["p99_us"] for run in runs])
    say(f"GET by id: p50 {median([run['id']['p50_us'] for run in runs])} p99 {base}")
    for kind in kinds:
        name = kind.replace(" ", "_")
        p99 = median([run[name]["p99_us"] for run in runs])
        ratio = median([run[name]["p99_us"] / run["id"]["p99_us"] for run in runs])
        say(f"{kind:40} {median([run[name]['p50_us'] for run in runs]):8,.0f} {p99:8,.0f} {ratio:6.2f} {'over' if ratio > AIM else ''} {runs[0][name]['bytes']}")
    keep("list", {"runs": runs})


if __name__ == "__main__":
    main()
