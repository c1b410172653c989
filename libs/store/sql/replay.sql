-- part: shown
id AS "id:rpl", webhook_id AS "webhook_id:whk", state, states, event_type,
       created_from, created_to, failure, total_count, looked_count,
       replayed_count, reason, created_at, started_at, finished_at,
       cursor_id AS "delivery_id:dlv"

-- name: replay_insert
-- No row when $11 of the webhook's go on already. (Two at once may pass that:
-- it bounds, nothing depends on the number.)
WITH made AS (
    INSERT INTO replays (org_id, id, webhook_id, state, states, event_type,
                         created_from, created_to, failure, next_at, created_at)
    SELECT $1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, $9
     WHERE (SELECT count(*)
              FROM (SELECT FROM replays
                     WHERE org_id = $1 AND webhook_id = $3
                       AND next_at IS NOT NULL
                     LIMIT $11) AS going) < $11
    RETURNING *
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail,
                           request_id)
    SELECT org_id, $10, $9, $12, 'webhook.replay', $13,
           jsonb_strip_nulls(jsonb_build_object(
               'replay', $15::text, 'states', states, 'event_type', event_type,
               'created_from', created_from, 'created_to', created_to,
               'failure', failure)), $14
      FROM made
)
SELECT {shown}
  FROM made;

-- name: replay_find
SELECT {shown}
  FROM replays
 WHERE org_id = $1 AND webhook_id = $2 AND id = $3;

-- name: replay_list
-- NULLS LAST is the order of the one index that has the webhook before it.
SELECT {shown}
  FROM replays
 WHERE org_id = $1 AND webhook_id = $2
   AND id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY id DESC NULLS LAST
 LIMIT $4;

-- name: replay_cancel
WITH ended AS (
    UPDATE replays
       SET state = 'cancelled', next_at = NULL, finished_at = $4
     WHERE org_id = $1 AND webhook_id = $2 AND id = $3 AND next_at IS NOT NULL
    RETURNING org_id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, request_id)
    SELECT org_id, $5, $4, $6, 'replay.cancelled', $7, $8
      FROM ended
)
SELECT org_id FROM ended;

-- name: replay_take
-- One whose next portion is due; nobody else's until the transaction ends. Of
-- a webhook one after the other: two would be twice the rate.
SELECT r.org_id, r.id, r.webhook_id, r.states, r.event_type, r.created_from,
       r.created_to, r.failure, r.created_at, r.cursor_id,
       r.started_at IS NULL AS is_new,
       CASE w.status WHEN 'enabled' THEN NULL
                     WHEN 'disabled' THEN 'The webhook was disabled.'
                     ELSE 'The webhook was deleted.' END AS obstacle
  FROM replays r
  LEFT JOIN webhooks w ON w.org_id = r.org_id AND w.id = r.webhook_id
 WHERE r.next_at <= $1
   AND NOT EXISTS (SELECT FROM replays p
                    WHERE p.org_id = r.org_id AND p.webhook_id = r.webhook_id
                      AND p.id < r.id AND p.next_at IS NOT NULL)
 ORDER BY r.next_at
 LIMIT 1
   FOR UPDATE OF r SKIP LOCKED;

-- name: replay_backlog
-- How many of what is sent again to a webhook nobody has taken yet, up to $4: are
-- due, or wait for room.
SELECT count(*)
  FROM (SELECT FROM deliveries
         WHERE org_id = $1 AND webhook_id = $2 AND due_at <= $3
           AND attempts_before > 0
         UNION ALL
        SELECT FROM deliveries
         WHERE org_id = $1 AND webhook_id = $2 AND waits_for = 'room'
           AND due_at IS NOT NULL
         LIMIT $4) AS waiting;

-- name: replay_later
UPDATE replays SET next_at = $3 WHERE org_id = $1 AND id = $2;

-- name: replay_fail
UPDATE replays
   SET state = 'failed', reason = $3, next_at = NULL, finished_at = $4,
       started_at = coalesce(started_at, $4)
 WHERE org_id = $1 AND id = $2;

-- part: fits
-- Of what had ended when it was asked for: what ends later is another's matter.
(NOT d.is_test AND d.finished_at <= $8
                AND ($4::text IS NULL OR d.event_type = $4::text)
                AND d.event_at >= coalesce($5::timestamptz, '-infinity')
                AND d.event_at < coalesce($6::timestamptz, 'infinity'))

-- part: next
-- The next $9 of the webhook in these states, by id, and whether each fits but
-- for the failure. So many are looked at and no more: of the times only the
-- days count here, which pick partitions and leave out no row of one.
SELECT key.org_id, key.id, key.event_at, key.fits
      FROM unnest($3::text[]) AS wanted (state)
     CROSS JOIN LATERAL (
        SELECT d.org_id, d.id, d.event_at,
               {fits} AS fits
          FROM deliveries d
         WHERE d.org_id = $1 AND d.webhook_id = $2 AND d.state = wanted.state
           AND d.id > coalesce($7::uuid, '00000000-0000-0000-0000-000000000000')
           AND d.event_at >= date_trunc('day', coalesce($5::timestamptz, '-infinity'), 'UTC')
           AND d.event_at < date_trunc('day', coalesce($6::timestamptz, 'infinity'), 'UTC')
                            + interval '1 day'
         ORDER BY d.id NULLS FIRST
         LIMIT $9) AS key
     ORDER BY key.id
     LIMIT $9

-- name: replay_total
-- NULL when there are more to look at than anybody counts.
WITH look AS MATERIALIZED (
    {next}
)
SELECT CASE WHEN count(*) < $9 THEN count(*) FILTER (WHERE fits) END FROM look;

-- name: replay_count
UPDATE replays SET total_count = $3 WHERE org_id = $1 AND id = $2;

-- name: replay_step
-- Of the next $9 the first $10 that fit become due from $12 on, $13
-- microseconds apart, each with the whole schedule before it; and the replay
-- ($11) stands behind what was looked at. (What ended without an attempt has its
-- word in the row alone; rows of old have it in the attempt.) A row that somebody else retries at
-- this moment is on its way. (An attempt begins at most two minutes before its
-- outcome; the hours only spare the partitions of other days.)
WITH look AS MATERIALIZED (
    {next}
), fit AS MATERIALIZED (
    SELECT d.org_id, d.id, d.event_at, d.finished_at
      FROM unnest(ARRAY(SELECT org_id FROM look WHERE fits),
                  ARRAY(SELECT id FROM look WHERE fits),
                  ARRAY(SELECT event_at FROM look WHERE fits))
           AS k (org_id, id, event_at)
      JOIN deliveries d
        ON d.org_id = k.org_id AND d.id = k.id AND d.event_at = k.event_at
     WHERE $14::text IS NULL
        OR d.last_failure = $14::text
        OR EXISTS (SELECT FROM attempts a
                    WHERE a.org_id = d.org_id AND a.delivery_id = d.id
                      AND a.number = d.attempts AND a.failure = $14::text
                      AND a.at >= d.finished_at - interval '1 hour'
                      AND a.at <= d.finished_at + interval '1 hour')
     ORDER BY d.id
     LIMIT $10
), again AS (
    UPDATE deliveries d
       SET state = 'pending', finished_at = NULL, attempts_before = attempts,
           due_at = $12::timestamptz + mine.number * $13 * interval '1 microsecond'
      FROM unnest(ARRAY(SELECT org_id FROM fit), ARRAY(SELECT id FROM fit),
                  ARRAY(SELECT event_at FROM fit),
                  ARRAY(SELECT finished_at FROM fit))
           WITH ORDINALITY AS mine (org_id, id, event_at, finished_at, number)
     WHERE d.org_id = mine.org_id AND d.id = mine.id
       AND d.event_at = mine.event_at
       AND d.finished_at = mine.finished_at
    RETURNING d.id
), place AS (
    SELECT (SELECT count(*) FROM look) < $9 AND (SELECT count(*) FROM fit) < $10 AS is_end,
           CASE WHEN (SELECT count(*) FROM fit) < $10
                THEN (SELECT id FROM look ORDER BY id DESC LIMIT 1)
                ELSE (SELECT id FROM fit ORDER BY id DESC LIMIT 1) END AS id,
           (SELECT count(*) FROM again) AS replayed
), moved AS (
    UPDATE replays r
       SET state = CASE WHEN place.is_end THEN 'done' ELSE 'running' END,
           cursor_id = coalesce(place.id, r.cursor_id),
           looked_count = r.looked_count
               + (SELECT count(*) FROM look WHERE fits AND id <= place.id),
           replayed_count = r.replayed_count + place.replayed,
           started_at = coalesce(r.started_at, $12),
           finished_at = CASE WHEN place.is_end THEN $12::timestamptz END,
           next_at = CASE WHEN NOT place.is_end
                          THEN $12::timestamptz
                               + place.replayed * $13 * interval '1 microsecond' END
      FROM place
     WHERE r.org_id = $1 AND r.id = $11
    RETURNING place.replayed
)
SELECT replayed,
       CASE WHEN replayed > 0 THEN pg_notify('porter_deliveries', '') END
  FROM moved;

-- name: replay_clean
-- What ended before $1, at most $2 of all organizations.
DELETE FROM replays
 WHERE (org_id, id) IN (SELECT org_id, id FROM replays
                         WHERE finished_at < $1 ORDER BY finished_at LIMIT $2);
