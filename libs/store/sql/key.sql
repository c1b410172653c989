-- name: key_find
-- batch: yes
SELECT org_id, id, array_to_string(scopes, ' '), rate_limit, expires_at
  FROM api_keys
 WHERE hash = $1
   AND revoked_at IS NULL
   AND (expires_at IS NULL OR expires_at > $2);

-- name: key_insert
WITH audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject)
    VALUES ($1, $8, $7, $9, 'key.created', $10)
)
INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, rate_limit, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $11, $7);

-- name: key_list
SELECT org_id, id, name, hint, array_to_string(scopes, ' '), rate_limit,
       created_at, expires_at, last_used_at, revoked_at
  FROM api_keys
 WHERE org_id = $1
 ORDER BY id DESC;

-- name: key_revoke
-- Revoking again leaves the first time and reason, and writes no second line.
WITH revoked AS (
    UPDATE api_keys SET revoked_at = $3, revoked_reason = $4
     WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL
    RETURNING org_id, id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail)
    SELECT org_id, $5, $3, $6, 'key.revoked', $7,
           jsonb_build_object('reason', $4::text)
      FROM revoked
)
SELECT hash FROM api_keys WHERE org_id = $1 AND id = $2;

-- name: key_epoch
-- batch: yes
SELECT epoch FROM key_cache_epoch;

-- name: key_epoch_bump
UPDATE key_cache_epoch SET epoch = epoch + 1;
