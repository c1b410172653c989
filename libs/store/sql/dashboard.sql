-- What the dashboard shows beyond the API: the audit log, numbers of a day, and
-- whether anything has changed.

-- By stretches of the whole key, so that the planner sees an order and no few
-- rows that it had better sort.

-- part: first
'00000000-0000-0000-0000-000000000000'

-- part: last
'ffffffff-ffff-ffff-ffff-ffffffffffff'

-- name: audit_add
-- With a change whose own statement writes none.
INSERT INTO audit_log (org_id, id, at, actor, action, subject, before, after,
                       detail, request_id, address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9::jsonb, '{}'), $10, $11);

-- name: audit_list
-- Newest first; behind $2 (NULL: from the newest).
SELECT id, at, actor, action, subject, before, after, detail, request_id, address
  FROM audit_log
 WHERE (org_id, id) < ($1, coalesce($2::uuid, {last})) AND (org_id, id) >= ($1, {first})
 ORDER BY org_id DESC, id DESC
 LIMIT $3;

-- name: audit_names
-- Of people and keys.
SELECT id, name FROM users WHERE org_id = $1 AND id = ANY ($2::uuid[])
UNION ALL
SELECT id, name FROM api_keys WHERE org_id = $1 AND id = ANY ($2::uuid[]);

-- name: audit_list_of_actor
SELECT id, at, actor, action, subject, before, after, detail, request_id, address
  FROM audit_log
 WHERE (actor, org_id, id) < ($4, $1, coalesce($2::uuid, {last}))
   AND (actor, org_id, id) >= ($4, $1, {first})
 ORDER BY actor DESC, org_id DESC, id DESC
 LIMIT $3;

-- name: audit_list_about
-- Of actions that begin with this word.
SELECT id, at, actor, action, subject, before, after, detail, request_id, address
  FROM audit_log
 WHERE (split_part(action, '.', 1), org_id, id) < ($4, $1, coalesce($2::uuid, {last}))
   AND (split_part(action, '.', 1), org_id, id) >= ($4, $1, {first})
 ORDER BY split_part(action, '.', 1) DESC, org_id DESC, id DESC
 LIMIT $3;

-- name: audit_after
-- The oldest first, behind one; what pages want to hear of.
SELECT id, at, action, subject
  FROM audit_log
 WHERE (org_id, id) > ($1, $2) AND (org_id, id) <= ($1, {last})
 ORDER BY org_id, id
 LIMIT 50;

-- name: audit_newest
SELECT id
  FROM audit_log
 WHERE (org_id, id) <= ($1, {last}) AND (org_id, id) >= ($1, {first})
 ORDER BY org_id DESC, id DESC
 LIMIT 1;

-- name: dashboard_visitors
-- Today is the day of each visitor's location.
SELECT (SELECT count(*) FROM visitors WHERE org_id = $1 AND status = 'checked_in'),
       (SELECT count(*)
          FROM visitors v
          JOIN locations l ON l.org_id = v.org_id AND l.id = v.location_id
         WHERE v.org_id = $1 AND v.status = 'expected'
           AND v.expected_at BETWEEN $2::timestamptz - interval '26 hours'
                                 AND $2::timestamptz + interval '26 hours'
           AND (v.expected_at AT TIME ZONE l.timezone)::date
               = ($2::timestamptz AT TIME ZONE l.timezone)::date);

-- name: dashboard_deliveries
-- By the hour of their events, of at most $3 rows. How long from the event to
-- the end, in milliseconds.
SELECT date_bin('1 hour', d.event_at, 'epoch') AS hour,
       count(*) FILTER (WHERE d.state = 'delivered'),
       count(*) FILTER (WHERE d.state = 'failed'),
       count(*) FILTER (WHERE d.state IN ('pending', 'held')),
       CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY d.ms)
            FILTER (WHERE d.state = 'delivered') AS bigint),
       CAST(percentile_cont(0.95) WITHIN GROUP (ORDER BY d.ms)
            FILTER (WHERE d.state = 'delivered') AS bigint)
  FROM (SELECT event_at, state,
               extract(epoch FROM finished_at - created_at) * 1000.0 AS ms
          FROM deliveries
         WHERE org_id = $1 AND event_at >= $2 AND NOT is_test
         LIMIT (SELECT $3::bigint)) AS d
 GROUP BY 1;

-- name: dashboard_events
SELECT date_bin('1 hour', e.created_at, 'epoch') AS hour, count(*)
  FROM (SELECT created_at
          FROM events
         WHERE org_id = $1 AND created_at >= $2
         LIMIT (SELECT $3::bigint)) AS e
 GROUP BY 1;

-- name: dashboard_attention
-- What somebody should look at: at most 20 of each.
(SELECT 'webhook_failing', w.id, w.url, c.failing_since
   FROM webhook_circuits c
   JOIN webhooks w ON w.org_id = c.org_id AND w.id = c.webhook_id
  WHERE c.org_id = $1 AND c.state = 'open'
  LIMIT 20)
UNION ALL
(SELECT 'webhook_disabled', id, url, updated_at
   FROM webhooks
  WHERE org_id = $1 AND status = 'disabled'
    AND disabled_reason IS DISTINCT FROM 'Disabled on request.'
  LIMIT 20)
UNION ALL
(SELECT 'key_expiring', id, name, expires_at
   FROM api_keys
  WHERE org_id = $1 AND revoked_at IS NULL AND rotated_to IS NULL
    AND expires_at > $2 AND expires_at < $2::timestamptz + interval '7 days'
  LIMIT 20)
UNION ALL
(SELECT CASE WHEN e.drill THEN 'drill_active' ELSE 'evacuation_active' END, e.id, l.name, e.activated_at
   FROM evacuations e
   JOIN locations l ON l.org_id = e.org_id AND l.id = e.location_id
  WHERE e.org_id = $1 AND e.status = 'active'
  LIMIT 20);
