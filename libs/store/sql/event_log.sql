-- The event log in its order, (txid, id), and only below the oldest transaction
-- that still runs: a transaction's number is drawn when it first writes, so one
-- that commits later has no event there. Readers may follow; nothing appears
-- behind them.
-- $1 organization, $2 and $3 the place to go on from (its txid and id), $4
-- types, $5 and $6 created from and to, $7 and $8 the days that hold those: they
-- open only their partitions, and count rows nowhere but in events_default,
-- which is as good as empty. $9 events to look at, $10 to answer, $11 bytes to
-- answer, $12 subject.

-- part: upwards
(e.txid, e.id) > (($2::bigint)::text::xid8, $3::uuid)
                   AND e.txid < pg_snapshot_xmin(pg_current_snapshot())

-- One comparison: with two, PostgreSQL may begin at the farther. The oldest
-- running transaction has no row that anybody sees.
-- part: downwards
(e.txid, e.id) < (least(($2::bigint)::text::xid8,
                                   pg_snapshot_xmin(pg_current_snapshot())), $3::uuid)

-- The planner is not to see how many rows it is about: it then takes a tenth of
-- what there is, and so never sorts what an index has in order.
-- The last row may be one that does not fit: it tells how far the log was
-- looked at. ?end: the log is at its end there; else the page is.
-- name: event_log_{way}_{whose}
-- each: way, stretch = asc | {upwards} ; desc | {downwards}
-- each: whose, whom = all | true ; of_subject | e.subject = $12::text
SELECT e.payload, e.txid::text::bigint, e.id, e.fits, e.is_last AND e.number < $9
  FROM (SELECT e.*, row_number() OVER w AS number, lead(e.id) OVER w IS NULL AS is_last,
               sum(e.bytes) OVER (w ROWS UNBOUNDED PRECEDING) - e.bytes AS bytes_before
          FROM (SELECT e.*, CASE WHEN e.fits THEN octet_length(e.payload) ELSE 0 END AS bytes
                  FROM (SELECT e.payload, e.txid, e.id,
                               ($4::text[] IS NULL OR e.type = ANY ($4))
                               AND e.created_at >= coalesce($5::timestamptz, '-infinity')
                               AND e.created_at < coalesce($6::timestamptz, 'infinity') AS fits
                          FROM events e
                         WHERE e.org_id = $1 AND {whom}
                           AND {stretch}
                           AND e.created_at >= coalesce($7::timestamptz, '-infinity')
                           AND e.created_at < coalesce($8::timestamptz, 'infinity')
                         ORDER BY e.txid {way}, e.id {way}
                         LIMIT (SELECT $9::bigint)) AS e) AS e
        WINDOW w AS (ORDER BY e.txid {way}, e.id {way})) AS e
 WHERE (e.fits OR e.is_last) AND e.bytes_before < $11
 ORDER BY e.txid {way}, e.id {way}
 LIMIT $10;

-- name: event_find
-- $3 and $4: the days to look in.
SELECT payload, txid::text::bigint, txid < pg_snapshot_xmin(pg_current_snapshot())
  FROM events
 WHERE org_id = $1 AND id = $2
   AND created_at >= coalesce($3::timestamptz, '-infinity')
   AND created_at < coalesce($4::timestamptz, 'infinity');

-- Reads no table. xmin: the oldest write transaction that still runs, below
-- which the log ends; xmax: behind the latest that has ended. Equal: none that
-- runs has a later one behind it that readers could miss.
-- name: event_log_txids
SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
  FROM pg_current_snapshot() AS s;
