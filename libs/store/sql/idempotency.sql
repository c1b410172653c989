-- name: idempotency_claim
SELECT is_free, body_hash, status, headers, body
  FROM porter_idempotency_claim($1, $2, $3, $4, $5, $6);

-- name: idempotency_keep
-- What is there already has expired: the claim would have found it otherwise.
INSERT INTO idempotency (org_id, key_id, route, token, body_hash, status, headers,
                         body, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (org_id, key_id, route, token) DO UPDATE
   SET body_hash = excluded.body_hash, status = excluded.status,
       headers = excluded.headers, body = excluded.body,
       created_at = excluded.created_at, expires_at = excluded.expires_at;

-- name: idempotency_clean
DELETE FROM idempotency
 WHERE ctid = ANY (ARRAY(
    SELECT ctid
      FROM idempotency
     WHERE expires_at <= $1
     ORDER BY expires_at
     LIMIT $2
       FOR UPDATE SKIP LOCKED));
