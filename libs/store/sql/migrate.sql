-- name: migrate_lock
SELECT pg_advisory_lock(7080);

-- name: migrate_table
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     bytea NOT NULL,
    applied_at timestamptz NOT NULL
);

-- name: migrate_table_exists
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: migrate_applied
SELECT number, name, sha256, applied_at FROM schema_migrations ORDER BY number;

-- name: migrate_note
INSERT INTO schema_migrations (number, name, sha256, applied_at)
VALUES ($1, $2, $3, $4);

-- name: migrate_count
-- How many of ours, by number and text, are applied.
SELECT count(*)
  FROM schema_migrations m
  JOIN unnest($1::bigint[], $2::bytea[]) AS ours (number, sha256)
    ON ours.number = m.number AND ours.sha256 = m.sha256;

-- name: partitions_ensure
-- One day back as well: clocks and late events.
SELECT porter_ensure_partitions(parent,
           ($1::timestamptz AT TIME ZONE 'UTC')::date - 1, $2::int + 1)
  FROM unnest(ARRAY['events', 'deliveries', 'attempts']) AS parent;

-- name: partition_drop
SELECT porter_drop_day($1, $2);

-- name: partition_held
-- What is held of the days of deliveries that are dropped at $1, by webhook, the
-- most first. (Days that stay for what is to be sent are told of each time.)
SELECT org_id, webhook_id, count(*)
  FROM deliveries
 WHERE state = 'held'
   AND event_at < date_trunc('day', $1::timestamptz, 'UTC')
 GROUP BY org_id, webhook_id
 ORDER BY count(*) DESC
 LIMIT $2;

-- name: partitions_held
-- Days of which the defaults hold rows, the fewest first.
SELECT parent, day::text, count(*)
  FROM (SELECT 'events' AS parent, (created_at AT TIME ZONE 'UTC')::date AS day
          FROM events_default
        UNION ALL
        SELECT 'deliveries', (event_at AT TIME ZONE 'UTC')::date
          FROM deliveries_default
        UNION ALL
        SELECT 'attempts', (at AT TIME ZONE 'UTC')::date
          FROM attempts_default) AS held
 GROUP BY parent, day ORDER BY count(*), parent, day
 LIMIT $1::int;

-- name: partition_move
SELECT porter_move_day($1, $2::text::date);
