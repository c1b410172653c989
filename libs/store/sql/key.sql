-- API keys: found, made, listed, replaced, ended; and how often they are used.

-- Lists by stretches of the whole key, so that the planner sees an order and no
-- few rows that it had better sort.

-- part: first
'00000000-0000-0000-0000-000000000000'

-- part: last
'ffffffff-ffff-ffff-ffff-ffffffffffff'

-- part: shown
k.org_id, k.id, k.name, k.hint, array_to_string(k.scopes, ' '), k.rate_limit,
       k.created_at, k.expires_at, k.last_used_at, k.revoked_at, k.created_by, k.creator,
       k.rotated_to,
       (SELECT coalesce(nullif(u.name, ''), u.email) FROM users u
         WHERE u.org_id = k.org_id AND u.id = k.created_by)

-- name: key_find
-- batch: yes
SELECT org_id, id, array_to_string(scopes, ' '), rate_limit, expires_at
  FROM api_keys
 WHERE hash = $1
   AND revoked_at IS NULL
   AND (expires_at IS NULL OR expires_at > $2);

-- name: key_insert
WITH audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, after, request_id, address)
    VALUES ($1, $8, $7, $9, 'key.created', $10,
            jsonb_build_object('name', $3::text, 'scopes', $6::text[], 'rate_limit', $11::bigint,
                               'expires_at', $12::timestamptz), $14, $15)
)
INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, rate_limit, created_at,
                      expires_at, created_by, creator)
VALUES ($1, $2, $3, $4, $5, $6, $11, $7, $12, $13, $9);

-- name: key_list
-- Newest first; behind $2 (NULL: from the newest).
SELECT {shown}
  FROM api_keys k
 WHERE (k.org_id, k.id) < ($1, coalesce($2::uuid, {last})) AND (k.org_id, k.id) >= ($1, {first})
 ORDER BY k.org_id DESC, k.id DESC
 LIMIT $3;

-- name: key_show
SELECT {shown}
  FROM api_keys k
 WHERE k.org_id = $1 AND k.id = $2;

-- name: key_revoke
-- Revoking again leaves the first time and reason, and writes no second line.
WITH revoked AS (
    UPDATE api_keys SET revoked_at = $3, revoked_reason = $4
     WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL
    RETURNING org_id, id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail, request_id, address)
    SELECT org_id, $5, $3, $6, 'key.revoked', $7,
           jsonb_build_object('reason', $4::text), $8, $9
      FROM revoked
)
SELECT hash FROM api_keys WHERE org_id = $1 AND id = $2;

-- name: key_epoch
-- batch: yes
SELECT epoch FROM key_cache_epoch;

-- name: key_epoch_bump
UPDATE key_cache_epoch SET epoch = epoch + 1;

-- name: key_rotate
-- $4..$6 the new key, $7 when the old one ends. The first column tells that it
-- was rotated before: nothing is done then.
WITH old AS (
    SELECT org_id, id, name, scopes, rate_limit, created_by, expires_at, rotated_to,
           least(coalesce(expires_at, 'infinity'), $7::timestamptz) AS ends_at
      FROM api_keys
     WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL
       AND (expires_at IS NULL OR expires_at > $3)
       FOR UPDATE
), made AS (
    INSERT INTO api_keys (org_id, id, name, hash, hint, scopes, rate_limit,
                          created_at, expires_at, created_by, creator)
    SELECT org_id, $4, name, $5, $6, scopes, rate_limit, $3, expires_at, created_by, $9
      FROM old
     WHERE rotated_to IS NULL
), ended AS (
    UPDATE api_keys k
       SET expires_at = old.ends_at, rotated_to = $4
      FROM old
     WHERE k.org_id = old.org_id AND k.id = old.id AND old.rotated_to IS NULL
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail, request_id, address)
    SELECT org_id, $8, $3, $9, 'key.rotated', $10,
           jsonb_build_object('to', $11::text, 'ends_at', ends_at), $12, $13
      FROM old
     WHERE rotated_to IS NULL
)
SELECT rotated_to, name, array_to_string(scopes, ' '), rate_limit, expires_at, ends_at
  FROM old;

-- name: key_touch
-- In the order of the key, so that two gateways never wait for each other.
WITH used AS MATERIALIZED (
    SELECT u.org_id, u.id, u.at
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u (org_id, id, at)
), held AS MATERIALIZED (
    SELECT k.org_id, k.id, used.at
      FROM used
      JOIN api_keys k ON k.org_id = used.org_id AND k.id = used.id
     WHERE k.last_used_at IS NULL OR k.last_used_at < used.at
     ORDER BY k.org_id, k.id
       FOR NO KEY UPDATE OF k
)
UPDATE api_keys k SET last_used_at = held.at
  FROM held
 WHERE k.org_id = held.org_id AND k.id = held.id;

-- name: key_name
-- batch: yes
SELECT name FROM api_keys WHERE org_id = $1 AND id = $2;

-- name: key_hours_add
-- Calls and refusals of the hour, of many keys; in the order of the key, so that
-- two gateways never wait for each other.
INSERT INTO key_hours AS h (org_id, key_id, hour, calls, limited)
SELECT u.org_id, u.id, date_bin('1 hour', u.at, 'epoch'), u.calls, u.limited
  FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::bigint[])
       AS u (org_id, id, at, calls, limited)
 WHERE u.calls > 0 OR u.limited > 0
 ORDER BY u.org_id, u.id
    ON CONFLICT (org_id, hour, key_id)
    DO UPDATE SET calls = h.calls + excluded.calls, limited = h.limited + excluded.limited;

-- name: key_hours_of
-- Since an hour; $3 NULL: of all keys.
SELECT key_id, hour, calls, limited
  FROM key_hours
 WHERE org_id = $1 AND hour >= $2 AND ($3::uuid IS NULL OR key_id = $3);

-- name: key_hours_clean
DELETE FROM key_hours
 WHERE (org_id, hour, key_id) IN (SELECT org_id, hour, key_id FROM key_hours
                                   WHERE hour < $1 ORDER BY hour LIMIT $2);
