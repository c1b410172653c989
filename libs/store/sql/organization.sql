-- name: organization_insert
INSERT INTO organizations (id, name, slug, created_at) VALUES ($1, $2, $3, $4);

-- name: organization_find
SELECT id FROM organizations WHERE id = $1 OR slug = $2;

-- name: organization_only
-- Two rows tell "several".
SELECT id FROM organizations LIMIT 2;

-- name: user_insert
INSERT INTO users (org_id, id, email, name, role, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: audit_write
INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail, request_id)
VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::jsonb, '{}'), $8);
