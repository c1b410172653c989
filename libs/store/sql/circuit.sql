-- name: circuit_lock
-- What changes the state of a webhook goes one after the other, and so do the
-- events about it.
SELECT id FROM webhooks WHERE org_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: circuit_open
-- $3 now, $4 failures in a row, $5 the first wait, $6 the longest, $7 the news,
-- $8 until when the endpoint wants to be left alone (NULL: it did not say), $9
-- the updated_at of the webhook that the last attempt was made to (NULL: it was
-- none): of one that was changed since, it says nothing. $10 since when it fails.
-- One that opens while it drains waits longer than it did. Only the change is
-- announced; a disabled webhook has no circuit.
WITH opened AS (
    INSERT INTO webhook_circuits AS c (org_id, webhook_id, state, since,
           failing_since, failures, wait_ms, next_at)
    SELECT org_id, id, 'open', $3, $10::timestamptz, $4, least($5 * 2, $6),
           greatest($3::timestamptz + $5 * interval '1 millisecond', $8)
      FROM webhooks
     WHERE org_id = $1 AND id = $2 AND status = 'enabled'
       AND updated_at <= coalesce($9::timestamptz, 'infinity')
    ON CONFLICT (org_id, webhook_id) DO UPDATE
       SET state = 'open', since = excluded.since,
           failing_since = excluded.failing_since, failures = excluded.failures,
           wait_ms = least(greatest(c.wait_ms, $5) * 2, $6),
           next_at = greatest(excluded.since
                              + greatest(c.wait_ms, $5) * interval '1 millisecond',
                              $8)
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

-- name: circuit_doubt
-- How many attempts have failed since the last hour with a success, from $3 on,
-- whichever dispatcher made them; none from before the webhook was last changed
-- (a new URL, enabled again) or last came back, nor of that hour. And when the
-- first hour of them was over (NULL: there is none).
WITH hours AS MATERIALIZED (
    SELECT hour, attempts_delivered AS good,
           attempts_retry + attempts_give_up + attempts_disable AS bad
      FROM webhook_hours
     WHERE org_id = $1 AND webhook_id = $2 AND hour >= $3
)
SELECT coalesce(sum(bad), 0)::bigint,
       min(hour) FILTER (WHERE bad > 0) + interval '1 hour'
  FROM hours
 WHERE hour > greatest((SELECT max(hour) FROM hours WHERE good > 0),
                       (SELECT date_trunc('hour', greatest(updated_at, answered_at), 'UTC')
                          FROM webhooks
                         WHERE org_id = $1 AND id = $2));

-- name: circuit_failed
-- Another failure of an open one, which wants to be left alone until $3 (NULL: it
-- did not say); how long it has been failing.
UPDATE webhook_circuits
   SET failures = failures + 1, next_at = greatest(next_at, $3)
 WHERE org_id = $1 AND webhook_id = $2 AND state = 'open'
RETURNING failing_since, failures;

-- name: circuit_close
-- $3 now, $4 the news, $5: it answers well. What is held goes out from now on.
-- Tells what it was.
WITH before AS (
    SELECT failing_since, failures
      FROM webhook_circuits
     WHERE org_id = $1 AND webhook_id = $2
), closed AS (
    UPDATE webhook_circuits
       SET state = 'draining', since = $3, next_at = $3, failing_since = NULL,
           failures = 0
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'open'
    RETURNING org_id
), answered AS (
    UPDATE webhooks
       SET answered_at = $3
     WHERE org_id = $1 AND id = $2 AND $5 AND EXISTS (SELECT FROM closed)
)
SELECT before.failing_since, before.failures,
       pg_notify('porter_webhooks', $4::text)
  FROM closed, before;

-- name: circuit_let_out
-- What is held for it, if it is enabled and has no circuit, goes out from $3 on.
INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failures, wait_ms,
                              next_at)
SELECT org_id, id, 'draining', $3, 0, 0, $3
  FROM webhooks
 WHERE org_id = $1 AND id = $2 AND status = 'enabled'
   AND EXISTS (SELECT FROM deliveries
                WHERE org_id = $1 AND webhook_id = $2 AND state = 'held')
ON CONFLICT DO NOTHING;

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

-- name: circuit_held
-- How many events are held for it, at most $3.
SELECT count(*)
  FROM (SELECT FROM deliveries
         WHERE org_id = $1 AND webhook_id = $2 AND state = 'held'
         LIMIT $3) AS held;

-- name: circuit_busy
-- Is anything under way to it, or to be tried again? It will be held.
SELECT EXISTS (SELECT FROM deliveries
                WHERE org_id = $1 AND webhook_id = $2 AND state = 'pending');

-- name: circuit_event
-- An event about it and the outbox row, in the transaction of the change; $7:
-- the shard, $8: its bit, for the relays.
WITH event AS (
    INSERT INTO events (org_id, id, type, subject, payload, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
), outbox AS (
    INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type,
                        payload, webhooks_version, created_at)
    SELECT $1, $2, $7, 'webhooks', $4, $3, $5, webhooks_version, $6
      FROM organizations
     WHERE id = $1
)
SELECT pg_notify('porter_outbox', $8::text);

-- name: circuit_sweep
-- The next webhooks behind ($1, $2) for which something is held, at most $3, one
-- step through the index for each; $4 now. Is it gone? An enabled one without a
-- circuit, whose rows nobody would send, drains from now on: is that so? (Its
-- status is read under a lock, or it could be disabled meanwhile.)
WITH RECURSIVE held (org_id, webhook_id, number) AS (
    (SELECT org_id, webhook_id, 1
       FROM deliveries
      WHERE state = 'held' AND (org_id, webhook_id) > ($1, $2)
      ORDER BY org_id, webhook_id, id
      LIMIT 1)
    UNION ALL
    SELECT next.org_id, next.webhook_id, held.number + 1
      FROM held
     CROSS JOIN LATERAL (
        SELECT org_id, webhook_id
          FROM deliveries
         WHERE state = 'held'
           AND (org_id, webhook_id) > (held.org_id, held.webhook_id)
         ORDER BY org_id, webhook_id, id
         LIMIT 1) AS next
     WHERE held.number < $3
), drain AS (
    INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failures,
                                  wait_ms, next_at)
    SELECT w.org_id, w.id, 'draining', $4, 0, 0, $4
      FROM held
     CROSS JOIN LATERAL (
        SELECT org_id, id
          FROM webhooks
         WHERE org_id = held.org_id AND id = held.webhook_id
           AND status = 'enabled'
           AND NOT EXISTS (SELECT FROM webhook_circuits
                            WHERE org_id = held.org_id
                              AND webhook_id = held.webhook_id)
        OFFSET 0
           FOR NO KEY UPDATE) AS w
    ON CONFLICT DO NOTHING
    RETURNING webhook_id
)
SELECT org_id, webhook_id,
       NOT EXISTS (SELECT FROM webhooks
                    WHERE org_id = held.org_id AND id = held.webhook_id),
       webhook_id IN (SELECT webhook_id FROM drain)
  FROM held
 ORDER BY number;

-- name: circuit_count
SELECT count(*) FILTER (WHERE state = 'open'),
       count(*) FILTER (WHERE state = 'draining')
  FROM webhook_circuits;

-- name: circuit_tidy
-- A disabled webhook has no circuit; one that opened while it was being disabled
-- goes.
DELETE FROM webhook_circuits c
 USING webhooks w
 WHERE w.org_id = c.org_id AND w.id = c.webhook_id AND w.status = 'disabled';
