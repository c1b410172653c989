-- name: circuit_open
-- $3 now, $4 failures in a row, $5 the first wait, $6 the longest, $7 the news.
-- One that opens while it drains waits longer than it did. Only the change is
-- announced; a disabled webhook has no circuit.
WITH opened AS (
    INSERT INTO webhook_circuits AS c (org_id, webhook_id, state, since,
           failing_since, failures, wait_ms, next_at)
    SELECT org_id, id, 'open', $3, $3, $4, least($5 * 2, $6),
           $3::timestamptz + $5 * interval '1 millisecond'
      FROM webhooks
     WHERE org_id = $1 AND id = $2 AND status = 'enabled'
    ON CONFLICT (org_id, webhook_id) DO UPDATE
       SET state = 'open', since = excluded.since,
           failing_since = excluded.failing_since, failures = excluded.failures,
           wait_ms = least(greatest(c.wait_ms, $5) * 2, $6),
           next_at = excluded.since
                     + greatest(c.wait_ms, $5) * interval '1 millisecond'
     WHERE c.state = 'draining'
    RETURNING org_id
)
SELECT pg_notify('porter_webhooks', $7::text) FROM opened;

-- name: circuit_probe
-- Whose next probe is due at $1. The one after it is set before anybody
-- probes: a prober that dies costs one wait. $2 the longest wait.
WITH due AS MATERIALIZED (
    SELECT org_id, webhook_id
      FROM webhook_circuits
     WHERE next_at <= $1 AND state = 'open'
     ORDER BY next_at
     LIMIT $3
       FOR UPDATE SKIP LOCKED
)
UPDATE webhook_circuits c
   SET next_at = $1::timestamptz + c.wait_ms * interval '1 millisecond',
       wait_ms = least(c.wait_ms * 2, $2)
  FROM due
 WHERE c.org_id = due.org_id AND c.webhook_id = due.webhook_id
RETURNING c.org_id, c.webhook_id;

-- name: circuit_failed
-- Another failure of an open one; how long it has been failing.
UPDATE webhook_circuits
   SET failures = failures + 1
 WHERE org_id = $1 AND webhook_id = $2 AND state = 'open'
RETURNING failing_since, failures;

-- name: circuit_close
-- $3 now, $4 the news. What is held goes out from now on.
WITH closed AS (
    UPDATE webhook_circuits
       SET state = 'draining', since = $3, next_at = $3, failing_since = NULL,
           failures = 0
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'open'
    RETURNING org_id
)
SELECT pg_notify('porter_webhooks', $4::text) FROM closed;

-- name: circuit_drain
-- One that drains and is due; nobody else's until the transaction ends.
SELECT org_id, webhook_id, since
  FROM webhook_circuits
 WHERE next_at <= $1 AND state = 'draining'
 ORDER BY next_at
 LIMIT 1
   FOR UPDATE SKIP LOCKED;

-- name: circuit_later
UPDATE webhook_circuits SET next_at = $3
 WHERE org_id = $1 AND webhook_id = $2;

-- name: circuit_end
DELETE FROM webhook_circuits
 WHERE org_id = $1 AND webhook_id = $2;
