-- part: hours_sums
coalesce(sum(delivered), 0)::bigint, coalesce(sum(failed), 0)::bigint,
coalesce(sum(attempts_delivered), 0)::bigint,
coalesce(sum(attempts_retry), 0)::bigint,
coalesce(sum(attempts_give_up), 0)::bigint,
coalesce(sum(attempts_disable), 0)::bigint,
coalesce(sum(took[1]), 0)::bigint, coalesce(sum(took[2]), 0)::bigint,
coalesce(sum(took[3]), 0)::bigint, coalesce(sum(took[4]), 0)::bigint,
coalesce(sum(took[5]), 0)::bigint, coalesce(sum(took[6]), 0)::bigint,
coalesce(sum(took[7]), 0)::bigint, coalesce(sum(took[8]), 0)::bigint,
coalesce(sum(took[9]), 0)::bigint, coalesce(sum(took[10]), 0)::bigint,
coalesce(sum(took[11]), 0)::bigint, coalesce(sum(took[12]), 0)::bigint,
coalesce(sum(took[13]), 0)::bigint

-- name: hours_sum
SELECT hour, {hours_sums}
  FROM webhook_hours
 WHERE org_id = $1 AND webhook_id = $2 AND hour >= $3 AND hour < $4
 GROUP BY hour
 ORDER BY hour;

-- name: hours_of_all
-- Of each webhook: its sums from $2 on, how many events are held for it, up to $3,
-- and the last hour in which an attempt failed.
SELECT w.id, sums.*, held.*
  FROM webhooks w
 CROSS JOIN LATERAL (
    SELECT {hours_sums},
           max(hour) FILTER (WHERE attempts_retry + attempts_give_up
                                   + attempts_disable > 0)
      FROM webhook_hours
     WHERE org_id = w.org_id AND webhook_id = w.id AND hour >= $2) AS sums
 CROSS JOIN LATERAL (
    SELECT count(*)
      FROM (SELECT FROM deliveries
             WHERE org_id = w.org_id AND webhook_id = w.id AND state = 'held'
             LIMIT $3) AS few) AS held
 WHERE w.org_id = $1
 ORDER BY w.id;

-- name: hours_clean
-- What is older than $1, at most $2 rows of all organizations.
DELETE FROM webhook_hours
 WHERE (org_id, webhook_id, hour, shard)
    IN (SELECT org_id, webhook_id, hour, shard FROM webhook_hours
         WHERE hour < $1 ORDER BY hour LIMIT $2);
