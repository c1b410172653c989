-- part: rows
INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id,
        event_type, subject, state, is_test, attempts, due_at, last_status,
        last_error, body, finished_at, created_at, request_id, ordinal)
    SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject,
           state, is_test <> 0, attempts, due_at, last_status, last_error, body,
           finished_at, created_at, request_id, ordinal
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[],
                  $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[],
                  $10::bigint[], $11::timestamptz[], $12::bigint[],
                  $13::text[], $14::bytea[], $15::timestamptz[],
                  $16::timestamptz[], $17::text[], $18::bigint[])
           AS r (org_id, id, event_at, event_id, webhook_id, event_type, subject,
                 state, is_test, attempts, due_at, last_status, last_error, body,
                 finished_at, created_at, request_id, ordinal)

-- part: attempt_columns
org_id, delivery_id, number, at, verdict, status, failure, detail, remote,
        dns_us, connect_us, tls_us, first_byte_us, total_us, response_headers,
        response_body, reused, http_version, tls_version, certificate_subject,
        certificate_issuer, certificate_expires_at, request_headers

-- part: attempt_values
a.org_id, a.delivery_id, a.number, a.at, a.verdict, a.status, a.failure,
       a.detail, a.remote, a.dns_us, a.connect_us, a.tls_us, a.first_byte_us,
       a.total_us, a.response_headers, a.response_body, a.reused <> 0,
       a.http_version, a.tls_version, a.certificate_subject,
       a.certificate_issuer, a.certificate_expires_at, a.request_headers

-- part: attempts
unnest($19::uuid[], $20::uuid[], $21::bigint[], $22::timestamptz[],
                  $23::text[], $24::bigint[], $25::text[], $26::text[],
                  $27::text[], $28::bigint[], $29::bigint[], $30::bigint[],
                  $31::bigint[], $32::bigint[], $33::text[], $34::bytea[],
                  $35::bigint[], $36::text[], $37::text[], $38::text[],
                  $39::text[], $40::timestamptz[], $41::text[])
           AS a ({attempt_columns})

-- name: delivery_insert_new
-- batch: yes
-- For rows of which none is there yet, as a rule all: no look at the keys
-- first and no provisional row for each. One that is there fails it whole, and
-- delivery_insert sorts them out.
WITH row AS (
    {rows}
)
INSERT INTO attempts ({attempt_columns})
SELECT {attempt_values}
  FROM {attempts};

-- name: delivery_insert
-- batch: yes
WITH row AS (
    {rows}
    ON CONFLICT DO NOTHING
    RETURNING org_id, id
), attempt AS (
    INSERT INTO attempts ({attempt_columns})
    SELECT {attempt_values}
      FROM {attempts}
      JOIN row ON row.org_id = a.org_id AND row.id = a.delivery_id
    ON CONFLICT DO NOTHING
)
SELECT org_id, id FROM row;

-- name: delivery_record
-- $9 and $10 are the earliest and latest event_at: no other day is opened.
WITH done AS (
    UPDATE deliveries d
       SET state = r.state, attempts = greatest(d.attempts, r.attempts),
           due_at = r.due_at, finished_at = r.finished_at,
           last_status = CASE WHEN r.attempts > d.attempts
                              THEN r.last_status ELSE d.last_status END,
           last_error = CASE WHEN r.attempts > d.attempts
                             THEN r.last_error
                             ELSE coalesce(r.last_error, d.last_error) END
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[],
                  $5::bigint[], $6::timestamptz[], $7::bigint[], $8::text[],
                  $11::timestamptz[])
           AS r (org_id, id, event_at, state, attempts, due_at, last_status,
                 last_error, finished_at)
     WHERE d.org_id = r.org_id AND d.id = r.id AND d.event_at = r.event_at
       AND d.event_at >= $9 AND d.event_at <= $10
       AND d.finished_at IS NULL
)
INSERT INTO attempts ({attempt_columns})
SELECT {attempt_values}
  FROM unnest($12::uuid[], $13::uuid[], $14::bigint[], $15::timestamptz[],
              $16::text[], $17::bigint[], $18::text[], $19::text[],
              $20::text[], $21::bigint[], $22::bigint[], $23::bigint[],
              $24::bigint[], $25::bigint[], $26::text[], $27::bytea[],
              $28::bigint[], $29::text[], $30::text[], $31::text[],
              $32::text[], $33::timestamptz[], $34::text[])
       AS a ({attempt_columns})
ON CONFLICT DO NOTHING;

-- name: delivery_known
-- Numbers, from 1, of the keys whose rows are there. $4 and $5 as above.
SELECT r.number
  FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY
       AS r (org_id, id, event_at, number)
  JOIN deliveries d
    ON d.org_id = r.org_id AND d.id = r.id AND d.event_at = r.event_at
 WHERE d.event_at >= $4 AND d.event_at <= $5;

-- part: its_turn
-- (The time only spares the partitions of later days: clocks may differ.)
(d.ordinal IS NULL OR NOT EXISTS (
            SELECT FROM deliveries p
             WHERE p.event_at < d.event_at + interval '1 day'
               AND p.org_id = d.org_id AND p.webhook_id = d.webhook_id
               AND p.subject = d.subject AND p.ordinal < d.ordinal
               AND p.ordinal IS NOT NULL AND p.finished_at IS NULL))

-- part: picked
-- The rows that a CTE of this name has keys of, in its order. They go through
-- arrays because the planner takes those for short: it then looks each row up
-- in its own day. By a LIMIT it can't see, it would read every day whole.
unnest(ARRAY(SELECT org_id FROM picked), ARRAY(SELECT id FROM picked),
              ARRAY(SELECT event_at FROM picked))
           WITH ORDINALITY AS mine (org_id, id, event_at, number)
     WHERE d.org_id = mine.org_id AND d.id = mine.id
       AND d.event_at = mine.event_at

-- part: claimed
d.org_id, d.id, d.event_at, d.event_id, d.webhook_id, d.event_type,
          d.subject, d.state, d.is_test, d.attempts, d.due_at, d.last_status,
          d.last_error, d.finished_at, d.created_at, d.attempts_before,
          d.request_id, d.body

-- name: delivery_claim
-- In the order in which they became due. (What is due is pending. To say so
-- would let the planner look for the word in the index of the lists, all of it.)
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries d
     WHERE due_at <= $1 AND webhook_id <> ALL ($4::uuid[])
       AND {its_turn}
     ORDER BY due_at
     LIMIT $3
       FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE deliveries d
       SET due_at = $2
      FROM {picked}
    RETURNING {claimed}, mine.number
)
SELECT * FROM taken ORDER BY number;

-- name: delivery_claim_held
-- The oldest that is held for the webhook, leased until $3: a probe.
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries d
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'held' AND {its_turn}
     ORDER BY id
     LIMIT 1
       FOR UPDATE SKIP LOCKED
)
UPDATE deliveries d
   SET state = 'pending', due_at = $3
  FROM {picked}
RETURNING {claimed};

-- name: delivery_release
-- The next $5 that are held for the webhook, the oldest first, due from $3 on,
-- $4 microseconds apart, each with the whole schedule before it; how many.
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'held'
     ORDER BY id
     LIMIT $5
       FOR UPDATE SKIP LOCKED
), again AS (
    UPDATE deliveries d
       SET state = 'pending', attempts_before = attempts,
           due_at = $3::timestamptz + mine.number * $4 * interval '1 microsecond'
      FROM {picked}
    RETURNING d.id
), total AS (
    SELECT count(*) AS released FROM again
)
SELECT released,
       CASE WHEN released > 0 THEN pg_notify('porter_deliveries', '') END
  FROM total;

-- name: delivery_claim_next
SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL;

-- name: delivery_test
WITH row AS (
    INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id,
        event_type, subject, state, is_test, attempts, due_at, body, created_at,
        request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', true, 0, $8, $9, $10, $11)
)
SELECT pg_notify('porter_deliveries', '');

-- name: delivery_list
SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject, state,
       is_test, attempts, due_at, last_status, last_error, finished_at,
       created_at, attempts_before, request_id
  FROM deliveries
 WHERE org_id = $1
   AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY id DESC
 LIMIT $3;

-- name: delivery_list_of_webhook_{which}_{way}
-- First the keys, at most a page of each state, then the rows. $3 the last one
-- seen, $4 states, $5 type, $6 and $7 the event's time. NULLS LAST is the order
-- of the one index that has webhook and state before it. (A type of its own:
-- the index tells types only to a comparison that stands alone.)
-- each: which, what = any | $5::text IS NULL ; of_type | d.event_type = $5::text
-- each: way, beyond, edge, order, nulls = down | < | ffffffff-ffff-ffff-ffff-ffffffffffff | DESC | LAST ; up | > | 00000000-0000-0000-0000-000000000000 | ASC | FIRST
WITH hit AS MATERIALIZED (
    SELECT key.id, key.event_at
      FROM unnest($4::text[]) AS wanted (state)
     CROSS JOIN LATERAL (
        SELECT d.id, d.event_at
          FROM deliveries d
         WHERE d.org_id = $1 AND d.webhook_id = $2 AND d.state = wanted.state
           AND d.id {beyond} coalesce($3::uuid, '{edge}')
           AND {what}
           AND d.event_at >= coalesce($6::timestamptz, '-infinity')
           AND d.event_at < coalesce($7::timestamptz, 'infinity')
         ORDER BY d.id {order} NULLS {nulls}
         LIMIT $8) AS key
     ORDER BY key.id {order}
     LIMIT $8
)
SELECT row.*
  FROM hit
 CROSS JOIN LATERAL (
    SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject,
           state, is_test, attempts, due_at, last_status, last_error,
           finished_at, created_at, attempts_before, request_id
      FROM deliveries
     WHERE org_id = $1 AND id = hit.id AND event_at = hit.event_at
    OFFSET 0) AS row
 ORDER BY hit.id {order};

-- name: delivery_any_of_webhook
SELECT EXISTS (SELECT 1 FROM deliveries WHERE org_id = $1 AND webhook_id = $2);

-- name: delivery_find
SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject, state,
       is_test, attempts, due_at, last_status, last_error, finished_at,
       created_at, attempts_before, request_id, body
  FROM deliveries
 WHERE org_id = $1 AND id = $2;

-- name: delivery_retry
-- Only of the version that was read ($4: when it was finished).
WITH again AS (
    UPDATE deliveries
       SET state = 'pending', due_at = $5, finished_at = NULL,
           attempts_before = attempts
     WHERE org_id = $1 AND id = $2 AND event_at = $3 AND finished_at = $4
    RETURNING org_id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, request_id)
    SELECT org_id, $6, $5, $7, 'delivery.retried', $8, $9
      FROM again
)
SELECT pg_notify('porter_deliveries', '') FROM again;

-- name: delivery_recover
-- A batch of what failed up to now ($4) of events since $3, the oldest first
-- (in the order of the lists' index).
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'failed'
       AND event_at >= $3 AND finished_at <= $4 AND NOT is_test
     ORDER BY id NULLS FIRST
     LIMIT $5
       FOR UPDATE SKIP LOCKED
), again AS (
    UPDATE deliveries d
       SET state = 'pending', finished_at = NULL, attempts_before = attempts,
           due_at = $4 + mine.number * interval '1 microsecond'
      FROM {picked}
    RETURNING d.id
), total AS (
    SELECT count(*) AS recovered FROM again
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail,
                           request_id)
    SELECT $1, $6, $4, $7, 'webhook.recovered', $8,
           jsonb_build_object('since', $3::timestamptz, 'count', recovered), $9
      FROM total
     WHERE recovered > 0
)
SELECT recovered, pg_notify('porter_deliveries', '') FROM total;

-- name: attempt_list
SELECT org_id, delivery_id, number, at, verdict, status, failure, detail,
       remote, dns_us, connect_us, tls_us, first_byte_us, total_us,
       response_headers, response_body, reused, http_version, tls_version,
       certificate_subject, certificate_issuer, certificate_expires_at,
       request_headers
  FROM attempts
 WHERE org_id = $1 AND delivery_id = $2
 ORDER BY number, at;
