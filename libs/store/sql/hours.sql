-- name: hours_sum
SELECT hour, sum(delivered)::bigint, sum(failed)::bigint,
       sum(attempts_delivered)::bigint, sum(attempts_retry)::bigint,
       sum(attempts_give_up)::bigint, sum(attempts_disable)::bigint,
       sum(took[1])::bigint, sum(took[2])::bigint, sum(took[3])::bigint,
       sum(took[4])::bigint, sum(took[5])::bigint, sum(took[6])::bigint,
       sum(took[7])::bigint, sum(took[8])::bigint, sum(took[9])::bigint,
       sum(took[10])::bigint, sum(took[11])::bigint, sum(took[12])::bigint,
       sum(took[13])::bigint
  FROM webhook_hours
 WHERE org_id = $1 AND webhook_id = $2 AND hour >= $3 AND hour < $4
 GROUP BY hour
 ORDER BY hour;

-- name: hours_clean
-- What is older than $1, at most $2 rows of all organizations.
DELETE FROM webhook_hours
 WHERE (org_id, webhook_id, hour, shard)
    IN (SELECT org_id, webhook_id, hour, shard FROM webhook_hours
         WHERE hour < $1 ORDER BY hour LIMIT $2);
