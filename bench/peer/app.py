"""The peer of bench/run list: what one would otherwise write, FastAPI and asyncpg, made with care.

The same two reads on the same database, behind the same key check and exact window (the gateway's own script in the
same Redis, one call), answering the same JSON. One pool of connections with prepared statements and one of Redis
connections per worker; orjson; no models in the way of the rows."""
import base64
import hashlib
import hmac
import json
import logging
import math
import os
import time
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone

import asyncpg
import orjson
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from redis.asyncio import BlockingConnectionPool, Redis

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
COLUMNS = """id, status, first_name, last_name, full_name, email, phone, company, visitor_type, host_name, host_email, location_id, purpose,
    expected_at, expected_until, checked_in_at, checked_out_at, badge_number, vehicle_plate, notes, metadata, created_at, updated_at"""
STATUSES = ("expected", "checked_in", "checked_out", "cancelled", "no_show")
# The newest of each status from the index that has them in order, merged: the plan that the gateway's statement has.
NEWEST = f"""SELECT {COLUMNS} FROM ({" UNION ALL ".join(
    f"(SELECT * FROM visitors WHERE org_id = $1 AND status = '{status}' AND (created_at, id) < ($2, $3)"
    " ORDER BY created_at DESC, id DESC LIMIT $4)" for status in STATUSES)}) AS v ORDER BY created_at DESC, id DESC LIMIT $4"""
ONE = f"SELECT {COLUMNS} FROM visitors WHERE org_id = $1 AND id = $2"
FAR = datetime(9999, 1, 1, tzinfo=timezone.utc)
log = logging.getLogger("peer")


@asynccontextmanager
async def lifespan(app):
    app.state.db = await asyncpg.create_pool(os.environ["PEER_DB_URL"], min_size=4, max_size=8, init=prepare)
    app.state.redis = Redis(connection_pool=BlockingConnectionPool.from_url(os.environ["PEER_REDIS_URL"], max_connections=16))
    yield
    await app.state.db.close()
    await app.state.redis.aclose()


async def prepare(connection):
    await connection.set_type_codec("jsonb", encoder=orjson.dumps, decoder=orjson.loads, schema="pg_catalog")


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.middleware("http")
async def access_log(request: Request, call_next):
    began, request_id = time.monotonic(), f"req_{uuid.uuid4().hex}"
    response = await call_next(request)
    response.headers["X-Request-Id"] = request_id
    log.info(json.dumps({"request_id": request_id, "method": request.method, "path": request.url.path,
                         "status": response.status_code, "took_us": int((time.monotonic() - began) * 1e6)}))
    return response


async def admitted(request: Request, response: Response):
    """The organization of the key, once the window has let the request in."""
    key = request.headers.get("x-api-key", "")
    if len(key) != 59 or not key.startswith("porter_sk_"):
        raise HTTPException(401)
    digest = hashlib.sha256(key.encode()).hexdigest()
    answer = await request.app.state.redis.evalsha(os.environ["PEER_SCRIPT"], 2, os.environ["PEER_PREFIX"] + digest, "w:" + digest, "1", "0", "", "0")
    code, remaining, reset_ms, _, principal = answer[0]
    if code != 2:
        raise HTTPException(429 if code == 3 else 401)
    words = principal.decode().split(" ")
    headers = {"RateLimit-Limit": words[1], "RateLimit-Remaining": str(remaining), "RateLimit-Reset": str(math.ceil(reset_ms / 1000))}
    return uuid.UUID(words[4]), headers


def text_id(prefix, raw):
    number, letters = raw.int, []
    for _ in range(26):
        letters.append(ALPHABET[number & 31])
        number >>= 5
    return prefix + "".join(reversed(letters))


def raw_id(prefix, text):
    if not text.startswith(prefix) or len(text) != len(prefix) + 26:
        raise HTTPException(404)
    number = 0
    for letter in text[len(prefix):]:
        number = number << 5 | ALPHABET.index(letter)
    return uuid.UUID(int=number)


def moment(at):
    return None if at is None else at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def visitor(row):
    host = None if row["host_name"] is None and row["host_email"] is None else {"name": row["host_name"], "email": row["host_email"]}
    return {
        "id": text_id("vis_", row["id"]), "status": row["status"], "first_name": row["first_name"], "last_name": row["last_name"],
        "full_name": row["full_name"], "email": row["email"], "phone": row["phone"], "company": row["company"], "visitor_type": row["visitor_type"],
        "host": host, "location_id": text_id("loc_", row["location_id"]), "purpose": row["purpose"], "expected_at": moment(row["expected_at"]),
        "expected_until": moment(row["expected_until"]), "checked_in_at": moment(row["checked_in_at"]), "checked_out_at": moment(row["checked_out_at"]),
        "badge_number": row["badge_number"], "vehicle_plate": row["vehicle_plate"], "notes": row["notes"], "metadata": row["metadata"],
        "created_at": moment(row["created_at"]), "updated_at": moment(row["updated_at"])}


def read_cursor(text):
    """Where the page before ended: signed, as the gateway's is."""
    if text is None:
        return None, uuid.UUID(int=2**128 - 1)
    body, mac = text.rsplit(".", 1)
    if not hmac.compare_digest(mac, sign(body)):
        raise HTTPException(400)
    at, raw = orjson.loads(base64.urlsafe_b64decode(body))
    return at, uuid.UUID(raw)


def sign(body):
    return hmac.new(b"peer", body.encode(), hashlib.sha256).hexdigest()


def answer(body, headers):
    return Response(orjson.dumps(body), media_type="application/json", headers=headers)


@app.get("/api/v1/visitors")
async def list_visitors(request: Request, limit: int = 50, cursor: str | None = None, admission=Depends(admitted)):
    org, headers = admission
    at, after = read_cursor(cursor)
    async with request.app.state.db.acquire() as db:
        rows = await db.fetch(NEWEST, org, at or FAR, after, limit + 1)
    has_more, rows = len(rows) > limit, rows[:limit]
    following = None
    if has_more:
        body = base64.urlsafe_b64encode(orjson.dumps([rows[-1]["created_at"], str(rows[-1]["id"])])).decode()
        following = f"{body}.{sign(body)}"
    return answer({"visitors": [visitor(row) for row in rows],
                   "pagination": {"limit": limit, "has_more": has_more, "next_cursor": following}}, headers)


@app.get("/api/v1/visitors/{name}")
async def show_visitor(request: Request, name: str, admission=Depends(admitted)):
    org, headers = admission
    async with request.app.state.db.acquire() as db:
        row = await db.fetchrow(ONE, org, raw_id("vis_", name))
    if row is None:
        raise HTTPException(404)
    return answer(visitor(row), headers)
