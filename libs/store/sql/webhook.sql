-- name: webhook_targets
-- One row with no webhook when the organization has none.
SELECT o.webhooks_version, w.id, w.url, w.events, w.status = 'enabled',
       w.ordering = 'subject', w.secret, w.secret_previous,
       w.secret_overlap_until
  FROM organizations o
  LEFT JOIN webhooks w ON w.org_id = o.id
 WHERE o.id = $1;

-- name: webhook_lock
-- Changes of an organization's webhooks go one after the other.
SELECT o.webhooks_version
  FROM organizations o
 WHERE o.id = $1
   FOR NO KEY UPDATE;

-- name: webhook_total
SELECT count(*) FROM webhooks WHERE org_id = $1;

-- name: webhook_insert
WITH audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject)
    VALUES ($1, $9, $8, $10, 'webhook.created', $11)
)
INSERT INTO webhooks (org_id, id, url, description, events, status, ordering,
                      secret, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 'enabled', $6, $7, $8, $8);

-- name: webhook_version_bump
WITH version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id = $1
)
SELECT pg_notify('porter_webhooks', $2::text);

-- name: webhook_list
SELECT id AS "id:whk", url, description, events, status, disabled_reason,
       ordering, created_at, updated_at
  FROM webhooks
 WHERE org_id = $1
 ORDER BY id DESC;

-- name: webhook_disable
-- Twice is once: only the change is announced and written down.
WITH changed AS (
    UPDATE webhooks SET status = 'disabled', disabled_reason = $3, updated_at = $4
     WHERE org_id = $1 AND id = $2 AND status = 'enabled'
    RETURNING org_id
), version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id IN (SELECT org_id FROM changed)
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail)
    SELECT org_id, $5, $4, 'dispatcher', 'webhook.disabled', $6,
           jsonb_build_object('reason', $3::text)
      FROM changed
)
SELECT pg_notify('porter_webhooks', $7::text) FROM changed;
