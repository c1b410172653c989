-- name: outbox_lock
SELECT pg_try_advisory_lock(7081, $1::int);

-- name: outbox_unlock
SELECT pg_advisory_unlock(7081, $1::int);

-- name: outbox_presence
-- Shared: every relay holds it at once. Asked again it is held twice, which
-- counts as one.
SELECT pg_try_advisory_lock_shared(7082, 0);

-- name: outbox_relays
SELECT count(*)
  FROM pg_locks
 WHERE locktype = 'advisory' AND classid = 7082 AND objid = 0 AND objsubid = 2
   AND granted
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: outbox_turn
-- $1, $2: the shards, and of each how many rows are away; $3, $4: shard and
-- seq of the rows that are gone; $5: rows of a shard at most; $6: in all; $7:
-- the rows that are away (gone, which the reading sees although the same
-- statement deletes them, or still under way): it takes as many more of each
-- shard and leaves them out. Rows are deleted by their place,
-- each found by one index look-up whatever the planner believes: statistics are
-- always wrong for a table that fills and empties, and a join that reads all of
-- it for each row takes seconds.
WITH gone AS MATERIALIZED (
    SELECT shard::smallint, seq
      FROM unnest($3::bigint[], $4::bigint[]) AS g (shard, seq)
), places AS MATERIALIZED (
    SELECT place.ctid
      FROM gone
     CROSS JOIN LATERAL (
        SELECT o.ctid
          FROM outbox o
         WHERE o.shard = gone.shard AND o.seq = gone.seq
         LIMIT 1) AS place
), deleted AS (
    DELETE FROM outbox
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM places))
)
SELECT o.org_id, o.id, o.shard, o.seq, o.aggregatetype, o.aggregateid, o.type,
       o.payload, o.traceparent, o.request_id, o.webhooks_version, o.created_at
  FROM unnest($1::bigint[], $2::bigint[]) AS own (shard, away)
 CROSS JOIN LATERAL (
    SELECT r.*
      FROM outbox r
     WHERE r.shard = own.shard::smallint
     ORDER BY r.seq
     LIMIT own.away + $5::bigint) AS o
 WHERE o.seq NOT IN (SELECT unnest($7::bigint[]))
 ORDER BY o.shard, o.seq
 LIMIT $6;

-- name: outbox_notify
SELECT pg_notify('porter_outbox', $1::text);

-- name: outbox_depth
SELECT count(*), min(created_at)
  FROM (SELECT created_at FROM outbox LIMIT 100000) AS rows_waiting;
