-- name: contractor_list
WITH asked AS MATERIALIZED (
    SELECT porter_search($1::uuid, $4::text,
               porter_whole($1::uuid, 'company', $5::text)) AS search
)
SELECT id AS "id:con", status, company, contact_name AS "contact.name",
       contact_email AS "contact.email", contact_phone AS "contact.phone",
       trade, location_ids AS "location_ids:loc", insurance_expires_at,
       induction_completed_at, approved_at, approved_by, valid_until, metadata,
       created_at, updated_at
  FROM contractors
 WHERE org_id = $1
   AND ($2::text[] IS NULL OR status = ANY ($2))
   AND ($3::uuid IS NULL OR $3 = ANY (location_ids))
   AND ((SELECT search FROM asked) IS NULL
        OR words @@ (SELECT search FROM asked))
   AND (created_at, id) < (coalesce($6::timestamptz, 'infinity'),
                           coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 ORDER BY created_at DESC, id DESC
 LIMIT $8;

-- name: contractor_find
SELECT id AS "id:con", status, company, contact_name AS "contact.name",
       contact_email AS "contact.email", contact_phone AS "contact.phone",
       trade, location_ids AS "location_ids:loc", insurance_expires_at,
       induction_completed_at, approved_at, approved_by, valid_until, metadata,
       created_at, updated_at
  FROM contractors
 WHERE org_id = $1 AND id = $2;

-- name: contractor_insert
INSERT INTO contractors (org_id, id, status, company, contact_name,
    contact_email, contact_phone, trade, location_ids, insurance_expires_at,
    induction_completed_at, approved_at, approved_by, valid_until, metadata,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
        coalesce($15::jsonb, '{}'), $16, $17);
