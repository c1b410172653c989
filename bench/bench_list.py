"""Lists of visitors among a million: each filter and depth beside GET by id; what a page's JSON costs; and a peer.

One caller asks everything in turn (ask.c), so that each way of asking meets the same moments of the
machine, and no request waits for another: the times are those of the answers themselves."""
import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench_admit import cache_prefix, redis_cli
from common import (ROOT, RUNS, SECONDS, aim, cpu_seconds, format_id, keep, make_keys, median, parse_id, say, spread, tool,
                    wait_until, wrk)
from harness.porter import Client
from harness.process import free_port, port_is_free
from million import FIRST, LAST, MillionSystem

LIMIT = 50
KEYS = 12000
PEER = ROOT / "bench" / "peer"
ASKS_PER_SECOND = 60  # Of each kind: SECONDS_PER_RUN of 5 gives 300.
IDS_PER_ROUND = 4     # The p99 beside which all stand is made of more.
VARIANTS = 60         # Different values of a filter.
PAGES = (100, 2000, 6000)
AIM = 5.0
DEEP_AIM = 1.5  # "Flat": a page of any depth beside the first.


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


# ---- What a page's JSON costs ----------------------------------------------------------------------


def encode(client, folder):
    """Microseconds of CPU for writing a page of 50 visitors, by the gateway's own code."""
    page = folder / "page.json"
    page.write_bytes(client.get(f"/visitors?limit={LIMIT}").content)
    return float(subprocess.run([tool("encode"), page, "20000"], capture_output=True, text=True, check=True).stdout)


def load(url, keys, server, system, **what):
    """wrk's figures, and the CPU of a request: the server's own, and PostgreSQL's and Redis' with it."""
    neighbours = (system.servers.postgres.pid, system.servers.redis.pid)
    before, around = cpu_seconds(server), cpu_seconds(*neighbours)
    run = wrk(url, keys, **what)
    assert run["not_2xx"] == 0, f"some were refused: {run}"
    own, theirs = cpu_seconds(server) - before, cpu_seconds(*neighbours) - around
    return {**run, "own_us": 1e6 * own / run["requests"], "all_us": 1e6 * (own + theirs) / run["requests"]}


# ---- The peer --------------------------------------------------------------------------------------


def peer_python():
    """A virtual environment of its own, made once."""
    venv, wanted = ROOT / "build" / "bench" / "peer-venv", PEER / "requirements.txt"
    stamp = venv / "requirements"
    if not (stamp.exists() and stamp.read_text() == wanted.read_text()):
        say("installing the peer's packages (once) …")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "-q", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    return venv / "bin" / "python"


@contextmanager
def started_peer(system, folder):
    """Two worker processes, as the machine has two cores; TLS with the same certificate."""
    # The gateway keeps a key for a minute and fills it anew; the peer only looks: what is there stays.
    redis_cli(system, "EVAL", "for _, k in ipairs(redis.call('KEYS', 'k:*')) do redis.call('PERSIST', k) end", "0")
    script = redis_cli(system, "SCRIPT", "LOAD", (ROOT / "services" / "gateway" / "admit.lua").read_text())
    settings = system.porter.environment()
    env = {**os.environ, "PEER_DB_URL": settings["PORTER_DB_URL"], "PEER_REDIS_URL": settings["PORTER_REDIS_URL"],
           "PEER_SCRIPT": script, "PEER_PREFIX": cache_prefix(system)}
    port = free_port()
    with open(folder / "peer.log", "wb") as log:
        peer = subprocess.Popen(
            [peer_python(), "-m", "uvicorn", "app:app", "--app-dir", PEER, "--port", str(port), "--workers", "2", "--loop", "uvloop",
             "--http", "httptools", "--no-access-log", "--log-level", "warning", "--backlog", "4096",
             "--ssl-certfile", system.porter.tls / "server.pem", "--ssl-keyfile", system.porter.tls / "server.key"],
            env=env, stdout=log, stderr=log)
    try:
        wait_until(lambda: not port_is_free(port), 20, "the peer")
        yield peer, f"https://localhost:{port}"
    finally:
        peer.terminate()
        peer.wait(20)


def compare(system, gateway, keys, client, ids, folder):
    """Both, alternating, on the same paths; {what: {who: [run, …]}}."""
    paths = folder / "paths"
    paths.write_text("".join(f"/api/v1/visitors/{each}\n" for each in ids))
    asks = {"list": {"path": path_of({})}, "show": {"paths": paths}}
    wrk(gateway.url, keys, path=path_of({}), seconds=3)  # Every key is in the cache.
    runs = {what: {"gateway": [], "peer": []} for what in asks}
    with started_peer(system, folder) as (peer, url):
        same_answers(client, url, ids)
        wrk(url, keys, path=path_of({}), seconds=3)
        for _ in range(RUNS):
            for what, how in asks.items():
                runs[what]["gateway"].append(load(gateway.url, keys, gateway.pid, system, **how))
                runs[what]["peer"].append(load(url, keys, peer.pid, system, **how))
    return runs


def same_answers(client, url, ids):
    other = Client(url, client.key, client.ca)
    for path in (f"/visitors?limit={LIMIT}", f"/visitors/{ids[0]}"):
        ours, theirs = client.get(path).json(), other.get(path).json()
        for page in (ours, theirs):
            page.get("pagination", {}).pop("next_cursor", None)  # Each signs its own.
        assert ours == theirs, f"the peer answers something else to {path}"


# ---- All of it -------------------------------------------------------------------------------------


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
        say("walking to the deep pages …")
        deep = deep_kinds(client)
        kinds.update({kind: [query] for kind, (query, _) in deep.items()})
        say(f"asking {len(kinds)} kinds of lists in turn …")
        write_asks(asks, ids, kinds, 30)
        ask(system, gateway, keys, asks)
        write_asks(asks, ids, kinds, SECONDS * ASKS_PER_SECOND)
        runs = [ask(system, gateway, keys, asks) for _ in range(RUNS)]
        over = report(runs, kinds, deep)
        say("beside the peer …")
        peers = compare(system, gateway, keys, client, ids, folder)
        share = report_peers(peers, encode(client, folder))
        keep("list", {"runs": runs, "over": over, "peers": peers, "encode_share": share})


def report(runs, kinds, deep):
    """One line a kind; the kinds that are over the aim."""
    def p99(kind):
        return median([run[kind.replace(" ", "_")]["p99_us"] for run in runs])

    def ratio(kind):
        return median([run[kind.replace(" ", "_")]["p99_us"] / run["id"]["p99_us"] for run in runs])

    say(f"list: {RUNS} runs, one caller; medians of the runs' p50 and p99 in µs; p99 / p99 of GET by id (aim ≤ {AIM:.0f})")
    say(f"  {'GET by id':40} {median([run['id']['p50_us'] for run in runs]):8,.0f} {p99('id'):8,.0f}")
    over = [kind for kind in kinds if ratio(kind) > AIM]
    for kind in kinds:
        times = p99(kind) / p99(deep[kind][1]) if kind in deep else 0
        depth = f"  {times:.2f} × its first page's p99 ({aim(f'list, {kind} / its first page', times, most=DEEP_AIM, digits=1)})" if kind in deep else ""
        say(f"  {kind:40} {median([run[kind.replace(' ', '_')]['p50_us'] for run in runs]):8,.0f} {p99(kind):8,.0f} {ratio(kind):6.2f}"
            f"{' over' if kind in over else ''}{depth}")
    for kind in over:
        aim(f"list, {kind}", ratio(kind), most=AIM, digits=1)
    say(f"  {len(kinds) - len(over)} of {len(kinds)} within the aim")
    return over


def report_peers(peers, encode_us):
    for what, who in peers.items():
        for name, runs in who.items():
            say(f"  {what:5} {name:8} req/s {spread([r['per_second'] for r in runs])}  p99 ms {spread([r['p99'] for r in runs], 1)}"
                f"  CPU µs a request {spread([r['own_us'] for r in runs])}, with PostgreSQL and Redis {spread([r['all_us'] for r in runs])}")
        say(f"  {what:5} gateway / peer: {ratio_of(who, 'per_second'):.1f} × the requests per second, "
            f"{1 / ratio_of(who, 'own_us'):.1f} × per CPU-second of the server, {1 / ratio_of(who, 'all_us'):.1f} × with PostgreSQL's and Redis'")
    whole = median([run["all_us"] for run in peers["list"]["gateway"]])
    say(f"  writing a page as JSON: {encode_us:.0f} µs of {whole:.0f} µs CPU a request with PostgreSQL and Redis: "
        f"{encode_us / whole:.0%} ({aim('list, share of writing JSON', encode_us / whole, most=0.25)}); of the gateway's own {encode_us / median([r['own_us'] for r in peers['list']['gateway']]):.0%}")
    return encode_us / whole


def ratio_of(who, figure):
    return median([run[figure] for run in who["gateway"]]) / median([run[figure] for run in who["peer"]])


if __name__ == "__main__":
    main()
