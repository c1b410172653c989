-- part: rows
INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id,
        event_type, subject, state, is_test, attempts, due_at, last_status,
        last_error, body, finished_at, created_at, request_id, ordinal,
        last_failure, trace_id, trace_flags, attempts_before)
    SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject,
           state, is_test <> 0, attempts, due_at, last_status, last_error, body,
           finished_at, created_at, request_id, ordinal, last_failure,
           nullif(trace_id, '00000000-0000-0000-0000-000000000000'), trace_flags,
           CASE state WHEN 'held' THEN attempts ELSE 0 END
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[],
                  $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[],
                  $10::bigint[], $11::timestamptz[], $12::bigint[],
                  $13::text[], $14::bytea[], $15::timestamptz[],
                  $16::timestamptz[], $17::text[], $18::bigint[], $44::text[],
                  $45::uuid[], $46::bigint[])
           AS r (org_id, id, event_at, event_id, webhook_id, event_type, subject,
                 state, is_test, attempts, due_at, last_status, last_error, body,
                 finished_at, created_at, request_id, ordinal, last_failure,
                 trace_id, trace_flags)

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

-- part: counts
-- (What tells nothing about the endpoint names no webhook here: it does not count.)
webhook_id <> '00000000-0000-0000-0000-000000000000'

-- part: written
-- What came to be: of a row that was there, and of its attempts, nothing.
ended AS (
    SELECT org_id, webhook_id, finished_at AS at, state
      FROM row
     WHERE finished_at IS NOT NULL AND NOT is_test
), tried AS (
    SELECT a.org_id, hook.webhook_id, a.at, a.verdict, a.total_us
      FROM attempt a
      JOIN hook USING (org_id, delivery_id, number)
     WHERE {counts}
)

-- part: only_ended
-- What came to be of rows that were not tried.
ended AS (
    SELECT org_id, webhook_id, finished_at AS at, state
      FROM done
     WHERE finished_at IS NOT NULL AND NOT is_test
), tried AS (
    SELECT org_id, webhook_id, at, state AS verdict, 0::bigint AS total_us
      FROM ended
     WHERE false
)

-- part: counted
-- Each end and attempt once, in the order of the key: two who meet in a row
-- wait for each other, never in a ring. The bounds are those of
-- libs/store/hours.c.
INSERT INTO webhook_hours AS h (org_id, webhook_id, hour, shard, delivered,
           failed, attempts_delivered, attempts_retry, attempts_give_up,
           attempts_disable, took)
    SELECT org_id, webhook_id, hour, (SELECT n FROM shard),
           count(*) FILTER (WHERE slot IS NULL AND word = 'delivered'),
           count(*) FILTER (WHERE slot IS NULL AND word = 'failed'),
           count(*) FILTER (WHERE slot IS NOT NULL AND word = 'delivered'),
           count(*) FILTER (WHERE slot IS NOT NULL AND word = 'retry'),
           count(*) FILTER (WHERE slot IS NOT NULL AND word = 'give_up'),
           count(*) FILTER (WHERE slot IS NOT NULL AND word = 'disable'),
           ARRAY[count(*) FILTER (WHERE slot = 0), count(*) FILTER (WHERE slot = 1),
                 count(*) FILTER (WHERE slot = 2), count(*) FILTER (WHERE slot = 3),
                 count(*) FILTER (WHERE slot = 4), count(*) FILTER (WHERE slot = 5),
                 count(*) FILTER (WHERE slot = 6), count(*) FILTER (WHERE slot = 7),
                 count(*) FILTER (WHERE slot = 8), count(*) FILTER (WHERE slot = 9),
                 count(*) FILTER (WHERE slot = 10), count(*) FILTER (WHERE slot = 11),
                 count(*) FILTER (WHERE slot = 12)]
      FROM (SELECT org_id, webhook_id, date_trunc('hour', at, 'UTC') AS hour,
                   state AS word, NULL::integer AS slot
              FROM ended
             UNION ALL
            SELECT org_id, webhook_id, date_trunc('hour', at, 'UTC'), verdict,
                   width_bucket(total_us, ARRAY[5000, 10000, 20000, 50000,
                       100000, 200000, 500000, 1000000, 2000000, 5000000,
                       10000000, 20000000]::bigint[])
              FROM tried) AS one
     GROUP BY org_id, webhook_id, hour
     ORDER BY org_id, webhook_id, hour
    ON CONFLICT (org_id, webhook_id, hour, shard) DO UPDATE
       SET delivered = h.delivered + excluded.delivered,
           failed = h.failed + excluded.failed,
           attempts_delivered = h.attempts_delivered + excluded.attempts_delivered,
           attempts_retry = h.attempts_retry + excluded.attempts_retry,
           attempts_give_up = h.attempts_give_up + excluded.attempts_give_up,
           attempts_disable = h.attempts_disable + excluded.attempts_disable,
           took = ARRAY[h.took[1] + excluded.took[1], h.took[2] + excluded.took[2],
                        h.took[3] + excluded.took[3], h.took[4] + excluded.took[4],
                        h.took[5] + excluded.took[5], h.took[6] + excluded.took[6],
                        h.took[7] + excluded.took[7], h.took[8] + excluded.took[8],
                        h.took[9] + excluded.took[9], h.took[10] + excluded.took[10],
                        h.took[11] + excluded.took[11], h.took[12] + excluded.took[12],
                        h.took[13] + excluded.took[13]]

-- name: delivery_insert_new
-- batch: yes
-- For rows of which none is there yet, as a rule all: no look at the keys
-- first and no provisional row for each. One that is there fails it whole, and
-- delivery_insert sorts them out. (Rows of sums are the writing thread's own:
-- that a transaction is shared holds nobody up.)
WITH row AS (
    {rows}
), shard AS (
    SELECT $43::bigint AS n
), ended AS (
    SELECT org_id, webhook_id, finished_at AS at, state
      FROM unnest($1::uuid[], $5::uuid[], $8::text[], $9::bigint[],
                  $15::timestamptz[])
           AS r (org_id, webhook_id, state, is_test, finished_at)
     WHERE finished_at IS NOT NULL AND is_test = 0
), tried AS (
    SELECT org_id, webhook_id, at, verdict, total_us
      FROM unnest($19::uuid[], $42::uuid[], $22::timestamptz[], $23::text[],
                  $32::bigint[])
           AS a (org_id, webhook_id, at, verdict, total_us)
     WHERE {counts}
), counted AS (
    {counted}
)
INSERT INTO attempts ({attempt_columns})
SELECT {attempt_values}
  FROM {attempts};

-- name: delivery_insert
-- batch: yes
WITH row AS (
    {rows}
    ON CONFLICT DO NOTHING
    RETURNING org_id, id, webhook_id, state, is_test, finished_at
), attempt AS (
    INSERT INTO attempts ({attempt_columns})
    SELECT {attempt_values}
      FROM {attempts}
      JOIN row ON row.org_id = a.org_id AND row.id = a.delivery_id
    ON CONFLICT DO NOTHING
    RETURNING org_id, delivery_id, number, at, verdict, total_us
), shard AS (
    SELECT $43::bigint AS n
), hook (org_id, delivery_id, number, webhook_id) AS (
    SELECT DISTINCT * FROM unnest($19::uuid[], $20::uuid[], $21::bigint[], $42::uuid[])
), {written}, counted AS (
    {counted}
)
SELECT org_id, id FROM row;

-- name: delivery_record
-- $9 and $10 are the earliest and latest event_at: no other day is opened.
-- $35 are the leases under which it was tried. Who has lost his lease to
-- another says nothing more about the row, but that it was delivered. What is
-- held after an attempt was a probe, or its endpoint is gone (410): that uses up
-- nothing of its schedule. Who asked for it (delivery_claim) has his answer with
-- an attempt.
WITH row AS (
    UPDATE deliveries d
       SET state = r.state, attempts = greatest(d.attempts, r.attempts),
           attempts_before = CASE WHEN r.state = 'held'
                                  THEN d.attempts_before
                                       + greatest(r.attempts - d.attempts, 0)
                                  ELSE d.attempts_before END,
           due_at = r.due_at, finished_at = r.finished_at,
           waits_for = CASE WHEN r.state = 'pending' AND r.attempts <= d.attempts
                            THEN d.waits_for END,
           last_status = CASE WHEN r.attempts > d.attempts
                              THEN r.last_status ELSE d.last_status END,
           last_error = CASE WHEN r.attempts > d.attempts
                             THEN r.last_error
                             ELSE coalesce(r.last_error, d.last_error) END,
           last_failure = CASE WHEN r.attempts > d.attempts
                               THEN r.last_failure
                               ELSE coalesce(r.last_failure, d.last_failure) END
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[],
                  $5::bigint[], $6::timestamptz[], $7::bigint[], $8::text[],
                  $11::timestamptz[], $37::text[], $38::timestamptz[])
           AS r (org_id, id, event_at, state, attempts, due_at, last_status,
                 last_error, finished_at, last_failure, lease)
     WHERE d.org_id = r.org_id AND d.id = r.id AND d.event_at = r.event_at
       AND d.event_at >= $9 AND d.event_at <= $10
       AND d.finished_at IS NULL
       AND (d.due_at = r.lease OR r.state = 'delivered')
    RETURNING d.org_id, d.webhook_id, d.state, d.is_test, d.finished_at
), attempt AS (
    INSERT INTO attempts ({attempt_columns})
    SELECT {attempt_values}
      FROM unnest($12::uuid[], $13::uuid[], $14::bigint[], $15::timestamptz[],
                  $16::text[], $17::bigint[], $18::text[], $19::text[],
                  $20::text[], $21::bigint[], $22::bigint[], $23::bigint[],
                  $24::bigint[], $25::bigint[], $26::text[], $27::bytea[],
                  $28::bigint[], $29::text[], $30::text[], $31::text[],
                  $32::text[], $33::timestamptz[], $34::text[])
           AS a ({attempt_columns})
    ON CONFLICT DO NOTHING
    RETURNING org_id, delivery_id, number, at, verdict, total_us
), shard AS (
    SELECT $36::bigint AS n
), hook (org_id, delivery_id, number, webhook_id) AS (
    SELECT DISTINCT *
      FROM unnest($12::uuid[], $13::uuid[], $14::bigint[], $35::uuid[])
), {written}
{counted};

-- name: delivery_known
-- Numbers, from 1, of the keys whose rows are there. $4 and $5 as above.
SELECT r.number
  FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY
       AS r (org_id, id, event_at, number)
  JOIN deliveries d
    ON d.org_id = r.org_id AND d.id = r.id AND d.event_at = r.event_at
 WHERE d.event_at >= $4 AND d.event_at <= $5;

-- part: before_it
-- (The time only spares the partitions of later days: clocks may differ.)
FROM deliveries p
             WHERE p.event_at < d.event_at + interval '1 day'
               AND p.org_id = d.org_id AND p.webhook_id = d.webhook_id
               AND p.subject = d.subject AND p.ordinal < d.ordinal
               AND p.ordinal IS NOT NULL AND p.finished_at IS NULL

-- part: its_turn
(d.ordinal IS NULL OR NOT EXISTS (SELECT {before_it}))

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
          d.request_id, d.last_failure, d.body, d.ordinal, d.trace_id,
          d.trace_flags, coalesce(d.waits_for = 'nothing', false) AS is_asked

-- name: delivery_claim
-- In the order in which they became due: $5 are looked at, at most $3 taken, with
-- $6 bytes of bodies (or one). Who can't be sent now is not looked at again for a
-- while, longer the longer it waits: until there is room ($4: whose lanes have
-- none; delivery_room) or the one before it ends (delivery_wake). What somebody
-- asked for (a sample, a retry by hand) does not wait for room: it says so itself
-- ('nothing'). Behind one that is held all are held. Rows without a number tell how
-- many were put off, and in which lines (subject NULL: in none). (What is due is
-- pending. To say so would let the planner look for the word in the index of the
-- lists, all of it.)
WITH seen AS MATERIALIZED (
    SELECT org_id, id, event_at, due_at, octet_length(body) AS size,
           CASE WHEN webhook_id IN (SELECT unnest($4::uuid[]))
                     AND d.waits_for IS DISTINCT FROM 'nothing' THEN 'room'
                WHEN ordinal IS NULL THEN 'nothing'
                ELSE coalesce((SELECT CASE p.state WHEN 'held' THEN 'held' ELSE 'turn' END
                                 {before_it}
                                ORDER BY p.ordinal
                                LIMIT 1), 'nothing') END AS waits_for
      FROM deliveries d
     WHERE due_at <= $1
     ORDER BY due_at
     LIMIT $5
       FOR UPDATE SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM (SELECT org_id, id, event_at, due_at,
                   sum(size) OVER (ORDER BY due_at, org_id, id
                                    ROWS UNBOUNDED PRECEDING) - size AS bytes
              FROM seen
             WHERE waits_for = 'nothing') AS ready
     WHERE bytes < $6
     ORDER BY due_at, org_id, id
     LIMIT $3
), taken AS (
    UPDATE deliveries d
       SET due_at = $2,
           waits_for = CASE d.waits_for WHEN 'nothing' THEN 'nothing' END
      FROM {picked}
    RETURNING {claimed}, mine.number
), rest AS MATERIALIZED (
    SELECT org_id, id, event_at, waits_for
      FROM seen
     WHERE waits_for <> 'nothing'
), put_off AS (
    UPDATE deliveries d
       SET state = CASE r.waits_for WHEN 'held' THEN 'held' ELSE d.state END,
           waits_for = nullif(r.waits_for, 'held'),
           due_at = CASE WHEN r.waits_for <> 'held'
                         THEN $1::timestamptz
                              + CASE r.waits_for
                                WHEN 'turn'
                                THEN least(greatest($1::timestamptz - d.created_at,
                                                    interval '1 second'),
                                           interval '1 minute')
                                ELSE least(greatest($1::timestamptz - d.created_at,
                                                    interval '30 seconds'),
                                           interval '1 hour') END END
      FROM unnest(ARRAY(SELECT org_id FROM rest), ARRAY(SELECT id FROM rest),
                  ARRAY(SELECT event_at FROM rest),
                  ARRAY(SELECT waits_for FROM rest))
           AS r (org_id, id, event_at, waits_for)
     WHERE d.org_id = r.org_id AND d.id = r.id AND d.event_at = r.event_at
    RETURNING d.org_id, d.webhook_id,
              CASE WHEN d.waits_for = 'turn' THEN d.subject END AS subject
), passed AS (
    SELECT org_id, webhook_id, subject, count(*) AS rows
      FROM put_off
     GROUP BY org_id, webhook_id, subject
)
SELECT taken.*, passed.*
  FROM taken
  FULL JOIN passed ON false
 ORDER BY number;

-- name: delivery_room
-- The next $4 of the webhook that wait for room are due at $3; how many.
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries
     WHERE org_id = $1 AND webhook_id = $2 AND waits_for = 'room'
       AND due_at IS NOT NULL
     ORDER BY id
     LIMIT $4
       FOR UPDATE SKIP LOCKED
), again AS (
    UPDATE deliveries d
       SET due_at = $3, waits_for = NULL
      FROM {picked}
    RETURNING 1
)
SELECT count(*) FROM again;

-- name: delivery_room_seekers
-- The next webhooks behind ($1, $2) with something that waits for room, at most
-- $3, one step through the index for each.
WITH RECURSIVE seeker (org_id, webhook_id, number) AS (
    (SELECT org_id, webhook_id, 1
       FROM deliveries
      WHERE waits_for = 'room' AND due_at IS NOT NULL
        AND (org_id, webhook_id) > ($1, $2)
      ORDER BY org_id, webhook_id, id
      LIMIT 1)
    UNION ALL
    SELECT next.org_id, next.webhook_id, seeker.number + 1
      FROM seeker
     CROSS JOIN LATERAL (
        SELECT org_id, webhook_id
          FROM deliveries
         WHERE waits_for = 'room' AND due_at IS NOT NULL
           AND (org_id, webhook_id) > (seeker.org_id, seeker.webhook_id)
         ORDER BY org_id, webhook_id, id
         LIMIT 1) AS next
     WHERE seeker.number < $3
)
SELECT org_id, webhook_id FROM seeker ORDER BY number;

-- name: delivery_wake
-- The first of each line (organization, webhook, subject) that is not finished is
-- due at $4, if it waits for its turn. (In the order of keys: two who wake the
-- same wait for each other, never in a ring.)
WITH picked AS MATERIALIZED (
    SELECT first.org_id, first.id, first.event_at
      FROM unnest($1::uuid[], $2::uuid[], $3::text[])
           AS line (org_id, webhook_id, subject)
     CROSS JOIN LATERAL (
        SELECT org_id, id, event_at, waits_for
          FROM deliveries
         WHERE org_id = line.org_id AND webhook_id = line.webhook_id
           AND subject = line.subject AND ordinal IS NOT NULL
           AND finished_at IS NULL
         ORDER BY ordinal
         LIMIT 1) AS first
     WHERE first.waits_for = 'turn'
     ORDER BY first.org_id, first.id
)
UPDATE deliveries d
   SET due_at = $4, waits_for = NULL
  FROM {picked}
   AND d.waits_for = 'turn' AND d.due_at IS NOT NULL;

-- name: delivery_settle
-- What is to be delivered in order and is not finished stands before all that Kafka
-- brings from now on, whatever its offset is. (One statement, else a line would be
-- in no order for a moment; said twice it says the same.)
UPDATE deliveries
   SET ordinal = ordinal - (1::bigint << 40)
 WHERE ordinal IS NOT NULL AND finished_at IS NULL;

-- part: may_be_tried
org_id = $1 AND webhook_id = $2 AND state = 'held' AND {its_turn}
       AND event_at >= coalesce($4::timestamptz
           - (SELECT coalesce(w.max_age_s * 1000, $5::bigint)
                FROM webhooks w
               WHERE w.org_id = $1 AND w.id = $2) * interval '1 millisecond',
           '-infinity')

-- name: delivery_claim_held
-- One that is held for the webhook and, now ($4), not too old ($5: the most, in
-- milliseconds, unless the webhook says it), leased until $3: a probe. The oldest
-- behind the one that was tried last, or the oldest of all when there is none: it
-- may be this one event alone that the endpoint refuses.
WITH behind AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries d
     WHERE {may_be_tried}
       AND id > coalesce((SELECT c.probed_id
                            FROM webhook_circuits c
                           WHERE c.org_id = $1 AND c.webhook_id = $2),
                         '00000000-0000-0000-0000-000000000000')
     ORDER BY id
     LIMIT 1
       FOR UPDATE SKIP LOCKED
), first AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries d
     WHERE {may_be_tried} AND NOT EXISTS (SELECT FROM behind)
     ORDER BY id
     LIMIT 1
       FOR UPDATE SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT * FROM behind UNION ALL SELECT * FROM first
), noted AS (
    UPDATE webhook_circuits c
       SET probed_id = picked.id
      FROM picked
     WHERE c.org_id = $1 AND c.webhook_id = $2
)
UPDATE deliveries d
   SET state = 'pending', due_at = $3
  FROM {picked}
RETURNING {claimed};

-- name: delivery_release
-- The next $5 that are held for the webhook, the oldest first, due from $3 on,
-- $4 microseconds apart, each where it was in its schedule (one that its endpoint
-- always refuses comes to an end, however often others do well); but what is too
-- old ($6: the most, in milliseconds, unless the webhook says it) has failed: $7
-- and $8 say why, $9 is the shard that counts it. How many are due, how many
-- were held, and of what subjects with an order something has failed: what stands
-- behind that is to be woken (delivery_wake).
WITH edge AS MATERIALIZED (
    SELECT coalesce($3::timestamptz - coalesce(max_age_s * 1000, $6::bigint)
                    * interval '1 millisecond', '-infinity') AS oldest
      FROM webhooks
     WHERE org_id = $1 AND id = $2
), picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'held'
     ORDER BY id
     LIMIT $5
       FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE deliveries d
       SET state = CASE WHEN d.event_at < edge.oldest THEN 'failed' ELSE 'pending' END,
           due_at = CASE WHEN d.event_at >= edge.oldest
                         THEN $3::timestamptz
                              + mine.number * $4 * interval '1 microsecond' END,
           finished_at = CASE WHEN d.event_at < edge.oldest THEN $3::timestamptz END,
           last_failure = CASE WHEN d.event_at < edge.oldest THEN $7
                               ELSE last_failure END,
           last_error = CASE WHEN d.event_at < edge.oldest THEN $8
                             ELSE last_error END
      FROM edge, {picked}
    RETURNING d.org_id, d.webhook_id, d.state, d.is_test, d.finished_at,
              CASE WHEN d.ordinal IS NOT NULL AND d.state = 'failed'
                   THEN d.subject END AS line
), shard AS (
    SELECT $9::bigint AS n
), {only_ended}, counted AS (
    {counted}
), total AS (
    SELECT count(*) FILTER (WHERE state = 'pending') AS released,
           count(*) AS taken,
           array_agg(DISTINCT line) FILTER (WHERE line IS NOT NULL) AS lines
      FROM done
)
SELECT released, taken, lines,
       CASE WHEN taken > 0 THEN pg_notify('porter_deliveries', '') END
  FROM total;

-- name: delivery_end_held
-- The next $3 that are held for the webhook end: they failed at $4, because of
-- $5, in a word $6, counted in the shard $7; how many, and of what subjects with
-- an order: what stands behind them is to be woken (delivery_wake).
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'held'
     ORDER BY id
     LIMIT $3
       FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE deliveries d
       SET state = 'failed', finished_at = $4, last_error = $5,
           last_failure = $6
      FROM {picked}
    RETURNING d.org_id, d.webhook_id, d.state, d.is_test, d.finished_at,
              CASE WHEN d.ordinal IS NOT NULL THEN d.subject END AS line
), shard AS (
    SELECT $7::bigint AS n
), {only_ended}, counted AS (
    {counted}
)
SELECT count(*), array_agg(DISTINCT line) FILTER (WHERE line IS NOT NULL),
       CASE WHEN count(*) > 0 THEN pg_notify('porter_deliveries', '') END
  FROM done;

-- name: delivery_end_waiting
-- Of the days that ended before $1 the next $2 that wait for room, or for their
-- turn, have failed at $3, because of $4, in a word $5, counted in the shard $6;
-- how many. (Nobody works on these, and their day can't go before them. Days are
-- bound by event_at, so younger ones are not read.)
WITH picked AS MATERIALIZED (
    SELECT org_id, id, event_at
      FROM deliveries
     WHERE event_at < date_trunc('day', $1::timestamptz, 'UTC')
       AND due_at IS NOT NULL AND waits_for <> 'nothing'
     ORDER BY due_at
     LIMIT $2
       FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE deliveries d
       SET state = 'failed', due_at = NULL, waits_for = NULL, finished_at = $3,
           last_error = $4, last_failure = $5
      FROM {picked}
    RETURNING d.org_id, d.webhook_id, d.state, d.is_test, d.finished_at
), shard AS (
    SELECT $6::bigint AS n
), {only_ended}, counted AS (
    {counted}
)
SELECT count(*) FROM done;

-- name: delivery_claim_next
SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL;

-- name: delivery_test
WITH row AS (
    INSERT INTO deliveries (org_id, id, event_at, event_id, webhook_id,
        event_type, subject, state, is_test, attempts, due_at, body, created_at,
        request_id, trace_id, trace_flags, waits_for)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', true, 0, $8, $9, $10, $11,
            $12, $13, 'nothing')
)
SELECT pg_notify('porter_deliveries', '');

-- name: delivery_list
-- (By a limit that it sees, the planner may believe that there are not many more
-- rows than those, and sort all of them.)
SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject, state,
       is_test, attempts, due_at, last_status, last_error, finished_at,
       created_at, attempts_before, request_id, last_failure
  FROM deliveries
 WHERE org_id = $1
   AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY id DESC
 LIMIT (SELECT $3::bigint);

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
           finished_at, created_at, attempts_before, request_id, last_failure
      FROM deliveries
     WHERE org_id = $1 AND id = hit.id AND event_at = hit.event_at
    OFFSET 0) AS row
 ORDER BY hit.id {order};

-- name: delivery_list_of_event
-- Their ids are of the event's millisecond (id_pair): $3 and $4 are the bounds of
-- those, $5 the last one seen. $6 and $7 are around its time: no other day is
-- opened. (The hidden limit: see delivery_list.)
SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject, state,
       is_test, attempts, due_at, last_status, last_error, finished_at,
       created_at, attempts_before, request_id, last_failure
  FROM deliveries
 WHERE org_id = $1
   AND id > coalesce($5::uuid, $3) AND id <= $4
   AND event_at >= $6 AND event_at < $7
   AND event_id = $2
 ORDER BY id
 LIMIT (SELECT $8::bigint);

-- name: delivery_waiting
-- How many are to be sent, and held, up to $3 of each; the oldest of both.
WITH waiting AS MATERIALIZED (
    SELECT wanted.state, key.id, key.event_at
      FROM unnest(ARRAY['pending', 'held']) AS wanted (state)
     CROSS JOIN LATERAL (
        SELECT d.id, d.event_at
          FROM deliveries d
         WHERE d.org_id = $1 AND d.webhook_id = $2 AND d.state = wanted.state
         ORDER BY d.id NULLS FIRST
         LIMIT $3) AS key
)
SELECT count(*) FILTER (WHERE state = 'pending'),
       count(*) FILTER (WHERE state = 'held'),
       (SELECT event_at FROM waiting ORDER BY id LIMIT 1)
  FROM waiting;

-- name: delivery_any_of_webhook
SELECT EXISTS (SELECT 1 FROM deliveries WHERE org_id = $1 AND webhook_id = $2);

-- name: delivery_find
SELECT org_id, id, event_at, event_id, webhook_id, event_type, subject, state,
       is_test, attempts, due_at, last_status, last_error, finished_at,
       created_at, attempts_before, request_id, last_failure, body
  FROM deliveries
 WHERE org_id = $1 AND id = $2;

-- name: delivery_retry
-- Only of the version that was read ($4: when it was finished).
WITH again AS (
    UPDATE deliveries
       SET state = 'pending', due_at = $5, finished_at = NULL,
           attempts_before = attempts, waits_for = 'nothing'
     WHERE org_id = $1 AND id = $2 AND event_at = $3 AND finished_at = $4
    RETURNING org_id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, request_id, address)
    SELECT org_id, $6, $5, $7, 'delivery.retried', $8, $9, $10
      FROM again
)
SELECT pg_notify('porter_deliveries', '') FROM again;

-- name: attempt_list
SELECT org_id, delivery_id, number, at, verdict, status, failure, detail,
       remote, dns_us, connect_us, tls_us, first_byte_us, total_us,
       response_headers, response_body, reused, http_version, tls_version,
       certificate_subject, certificate_issuer, certificate_expires_at,
       request_headers
  FROM attempts
 WHERE org_id = $1 AND delivery_id = $2 AND number <= $3
 ORDER BY number, at;
