-- name: contractor_list
-- First the keys, from the index that fits what is asked (the other branches
-- end before they begin), then the rows. An approval that has run out is
-- stored as approved and listed as expired. $2 statuses, $3 location, $4..$5
-- search, company, $6 expires before, $7 now, $8..$9 after. (The walk is apart
-- from what it is asked for, which the planner takes for rare, and has a limit
-- that it can't see, in truth none: it then takes a tenth of what there is, and
-- so does not sort a whole status. Nothing between the two changes the order.)
WITH asked AS MATERIALIZED (
    SELECT porter_search($1::uuid, $4::text,
               porter_whole($1::uuid, 'company', $5::text)) AS search,
           coalesce($8::timestamptz, 'infinity') AS after_created,
           coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS after_id
), hit AS MATERIALIZED (
    SELECT key.created_at, key.id
      FROM unnest(ARRAY['pending', 'approved', 'rejected', 'expired']) AS wanted (status)
     CROSS JOIN LATERAL (
        SELECT c.created_at, c.id
          FROM (SELECT c.*
                  FROM contractors c
                 WHERE (SELECT search FROM asked) IS NULL AND $6::timestamptz IS NULL
                   AND c.org_id = $1 AND c.status = wanted.status
                   AND (c.created_at, c.id) < ((SELECT after_created FROM asked),
                                               (SELECT after_id FROM asked))
                 ORDER BY c.created_at DESC, c.id DESC
                 LIMIT (SELECT NULL::bigint)) AS c
         WHERE CASE WHEN wanted.status = 'approved' AND c.valid_until <= $7::timestamptz
                    THEN 'expired' ELSE wanted.status END = ANY ($2::text[])
           AND ($3::uuid IS NULL OR $3 = ANY (c.location_ids))
         LIMIT $10) AS key
     WHERE wanted.status = ANY ($2)
        OR wanted.status = 'approved' AND 'expired' = ANY ($2)
    UNION ALL
    SELECT key.created_at, key.id
      FROM (SELECT c.*
              FROM contractors c
             WHERE (SELECT search FROM asked) IS NULL AND $6::timestamptz IS NOT NULL
               AND c.org_id = $1
               AND least(c.insurance_expires_at, c.valid_until) < $6
            OFFSET 0) AS key
     WHERE CASE WHEN key.status = 'approved' AND key.valid_until <= $7
                THEN 'expired' ELSE key.status END = ANY ($2)
       AND ($3 IS NULL OR $3 = ANY (key.location_ids))
       AND (key.created_at, key.id) < ((SELECT after_created FROM asked),
                                       (SELECT after_id FROM asked))
    UNION ALL
    SELECT key.created_at, key.id
      FROM (SELECT c.*
              FROM contractors c
             WHERE (SELECT search FROM asked) IS NOT NULL
               AND c.words @@ (SELECT search FROM asked)
            OFFSET 0) AS key
     WHERE key.org_id = $1
       AND ($6 IS NULL
            OR least(key.insurance_expires_at, key.valid_until) < $6)
       AND CASE WHEN key.status = 'approved' AND key.valid_until <= $7
                THEN 'expired' ELSE key.status END = ANY ($2)
       AND ($3 IS NULL OR $3 = ANY (key.location_ids))
       AND (key.created_at, key.id) < ((SELECT after_created FROM asked),
                                       (SELECT after_id FROM asked))
     ORDER BY created_at DESC, id DESC
     LIMIT $10
)
SELECT c.*
  FROM hit
 CROSS JOIN LATERAL (
    SELECT id AS "id:con", status, company, contact_name AS "contact.name",
           contact_email AS "contact.email", contact_phone AS "contact.phone",
           trade, location_ids AS "location_ids:loc", insurance_expires_at,
           induction_completed_at, approved_at, approved_by, valid_until,
           metadata, created_at, updated_at, rejected_at, rejected_by, reason
      FROM contractors
     WHERE org_id = $1 AND id = hit.id
    OFFSET 0) AS c
 ORDER BY hit.created_at DESC, hit.id DESC;

-- name: contractor_find
SELECT id AS "id:con", status, company, contact_name AS "contact.name",
       contact_email AS "contact.email", contact_phone AS "contact.phone",
       trade, location_ids AS "location_ids:loc", insurance_expires_at,
       induction_completed_at, approved_at, approved_by, valid_until, metadata,
       created_at, updated_at, rejected_at, rejected_by, reason
  FROM contractors
 WHERE org_id = $1 AND id = $2;

-- name: contractor_insert
INSERT INTO contractors (org_id, id, status, company, contact_name,
    contact_email, contact_phone, trade, location_ids, insurance_expires_at,
    induction_completed_at, approved_at, approved_by, valid_until, metadata,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
        coalesce($15::jsonb, '{}'), $16, $17);

-- name: contractor_add
-- A new contractor with its event and the outbox row.
WITH org AS (
    SELECT webhooks_version FROM organizations WHERE id = $1
), contractor AS (
    INSERT INTO contractors (org_id, id, status, company, contact_name,
        contact_email, contact_phone, trade, location_ids, insurance_expires_at,
        induction_completed_at, metadata, created_at, updated_at)
    SELECT $1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10,
           coalesce($11::jsonb, '{}'), $12, $12
      FROM org
), event AS (
    INSERT INTO events (org_id, id, type, subject, payload, request_id, created_at)
    SELECT $1, $13, $14, $15, $16, $17, $12
      FROM org
)
INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload,
                    traceparent, request_id, webhooks_version, created_at)
SELECT $1, $13, $18, 'contractors', $15, $14, $16, $19, $17, webhooks_version, $12
  FROM org;

-- name: contractor_change
-- A decision with its event and the outbox row, if nobody was quicker ($3 is
-- the version that was read).
WITH contractor AS (
    UPDATE contractors c
       SET status = $4, approved_at = $5, approved_by = $6, rejected_at = $7,
           rejected_by = $8, reason = $9, valid_until = $10, updated_at = $11
      FROM organizations o
     WHERE o.id = $1 AND c.org_id = $1 AND c.id = $2 AND c.updated_at = $3
    RETURNING o.webhooks_version
), event AS (
    INSERT INTO events (org_id, id, type, subject, payload, request_id, created_at)
    SELECT $1, $12, $13, $14, $15, $16, $11
      FROM contractor
)
INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload,
                    traceparent, request_id, webhooks_version, created_at)
SELECT $1, $12, $17, 'contractors', $14, $13, $15, $18, $16, webhooks_version, $11
  FROM contractor;
