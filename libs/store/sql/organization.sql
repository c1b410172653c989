-- name: organization_insert
INSERT INTO organizations (id, name, slug, created_at) VALUES ($1, $2, $3, $4);

-- name: organization_find
SELECT id FROM organizations WHERE id = $1 OR slug = $2;

-- name: organization_only
-- Two rows tell "several".
SELECT id FROM organizations LIMIT 2;

-- name: organization_next
SELECT id FROM organizations WHERE id > $1 ORDER BY id LIMIT 1;

-- name: user_insert
INSERT INTO users (org_id, id, email, name, role, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: user_find
SELECT id FROM users WHERE org_id = $1 AND lower(email) = lower($2);

-- name: audit_write
INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail, request_id)
VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::jsonb, '{}'), $8);

-- name: audit_clean
-- What is older than $1, at most $2 rows of all organizations.
DELETE FROM audit_log
 WHERE (org_id, id) IN (SELECT org_id, id FROM audit_log
                         WHERE at < $1 ORDER BY at LIMIT $2);

-- name: organization_cors_set
WITH changed AS (
    UPDATE organizations SET cors_origins = $2 WHERE id = $1
    RETURNING id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail)
    SELECT id, $3, $4, $5, 'organization.cors_set', $6,
           jsonb_build_object('origins', to_jsonb($2::text[]))
      FROM changed
)
SELECT id FROM changed;

-- name: organization_cors_list
-- batch: yes
SELECT origin.text, o.id
  FROM organizations o
 CROSS JOIN LATERAL unnest(o.cors_origins) AS origin (text)
 WHERE o.cors_origins <> '{}'
 LIMIT 100000;
