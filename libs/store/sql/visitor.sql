-- name: visitor_insert
-- batch: yes
-- The visitor, its event and the outbox row. Nothing at all when the location
-- is not the organization's. No row is locked.
WITH place AS (
    SELECT o.webhooks_version
      FROM organizations o
      JOIN locations l ON l.org_id = o.id
     WHERE o.id = $1 AND l.id = $3
), visitor AS (
    INSERT INTO visitors (org_id, id, location_id, status, first_name, last_name,
        full_name, email, phone, company, visitor_type, host_name, host_email,
        purpose, expected_at, expected_until, badge_number, vehicle_plate, notes,
        metadata, created_at, updated_at)
    SELECT $1, $2, $3, 'expected', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
           $14, $15, $16, $17, $18, coalesce($19::jsonb, '{}'), $20, $20
      FROM place
), event AS (
    INSERT INTO events (org_id, id, type, subject, payload, request_id, created_at)
    SELECT $1, $21, 'visitor.pre_registered', $22, $23, $24, $20
      FROM place
)
INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload,
                    traceparent, webhooks_version, created_at)
SELECT $1, $21, $25, 'visitors', $22, 'visitor.pre_registered', $23, $26,
       webhooks_version, $20
  FROM place
RETURNING seq, webhooks_version;

-- name: visitor_change
-- A visitor's new state with its event and the outbox row, if nobody was
-- quicker ($3 is the version that was read). Nothing at all, too, when the
-- location is not the organization's. The outbox row is numbered behind the
-- lock on the visitor: events of one visitor keep the order of its states.
WITH place AS (
    SELECT o.webhooks_version
      FROM organizations o
      JOIN locations l ON l.org_id = o.id
     WHERE o.id = $1 AND l.id = $4
), visitor AS (
    UPDATE visitors v
       SET location_id = $4, status = $5, checked_in_at = $6,
           checked_out_at = $7, badge_number = $8, vehicle_plate = $9,
           notes = $10, updated_at = $11
      FROM place
     WHERE v.org_id = $1 AND v.id = $2 AND v.updated_at = $3
    RETURNING place.webhooks_version
), event AS (
    INSERT INTO events (org_id, id, type, subject, payload, request_id, created_at)
    SELECT $1, $12, $13, $14, $15, $16, $11
      FROM visitor
)
INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload,
                    traceparent, webhooks_version, created_at)
SELECT $1, $12, $17, 'visitors', $14, $13, $15, $18, webhooks_version, $11
  FROM visitor;

-- name: visitor_find
-- batch: yes
SELECT id AS "id:vis", status, first_name, last_name, full_name, email, phone,
       company, visitor_type, host_name AS "host.name",
       host_email AS "host.email", location_id AS "location_id:loc", purpose,
       expected_at, expected_until, checked_in_at, checked_out_at, badge_number,
       vehicle_plate, notes, metadata, created_at, updated_at
  FROM visitors
 WHERE org_id = $1 AND id = $2;

-- name: visitor_list
-- First the keys, from the index that fits what is asked (the other branches
-- end before they begin), then the rows. The first two read each status in
-- order, at most a page of it. The third may use nothing but the index of
-- words (OFFSET 0 keeps the other conditions out). $2 statuses, $3 location, $4..$7 search, e-mail,
-- company, host; $8..$13 expected, checked in, created; $14, $15 after.
WITH asked AS MATERIALIZED (
    SELECT porter_search($1::uuid, $4::text,
               porter_whole($1::uuid, 'email', $5::text),
               porter_whole($1::uuid, 'company', $6::text),
               porter_whole($1::uuid, 'host', $7::text)) AS search,
           coalesce($12::timestamptz, '-infinity') AS created_from,
           coalesce($13::timestamptz, 'infinity') AS created_to,
           coalesce($14::timestamptz, 'infinity') AS after_created,
           coalesce($15::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS after_id
), hit AS MATERIALIZED (
    SELECT key.created_at, key.id
      FROM unnest($2::text[]) AS wanted (status)
     CROSS JOIN LATERAL (
        SELECT v.created_at, v.id
          FROM visitors v
         WHERE $3::uuid IS NULL AND (SELECT search FROM asked) IS NULL
           AND v.org_id = $1 AND v.status = wanted.status
           AND (v.created_at, v.id) < ((SELECT after_created FROM asked),
                                       (SELECT after_id FROM asked))
           AND v.created_at >= (SELECT created_from FROM asked)
           AND v.created_at < (SELECT created_to FROM asked)
           AND ($8::timestamptz IS NULL OR v.expected_at >= $8)
           AND ($9::timestamptz IS NULL OR v.expected_at < $9)
           AND ($10::timestamptz IS NULL OR v.checked_in_at >= $10)
           AND ($11::timestamptz IS NULL OR v.checked_in_at < $11)
         ORDER BY v.created_at DESC, v.id DESC
         LIMIT $16) AS key
    UNION ALL
    SELECT key.created_at, key.id
      FROM unnest($2::text[]) AS wanted (status)
     CROSS JOIN LATERAL (
        SELECT v.created_at, v.id
          FROM visitors v
         WHERE $3::uuid IS NOT NULL AND (SELECT search FROM asked) IS NULL
           AND v.org_id = $1 AND v.location_id = $3 AND v.status = wanted.status
           AND (v.created_at, v.id) < ((SELECT after_created FROM asked),
                                       (SELECT after_id FROM asked))
           AND v.created_at >= (SELECT created_from FROM asked)
           AND v.created_at < (SELECT created_to FROM asked)
           AND ($8::timestamptz IS NULL OR v.expected_at >= $8)
           AND ($9::timestamptz IS NULL OR v.expected_at < $9)
           AND ($10::timestamptz IS NULL OR v.checked_in_at >= $10)
           AND ($11::timestamptz IS NULL OR v.checked_in_at < $11)
         ORDER BY v.created_at DESC, v.id DESC
         LIMIT $16) AS key
    UNION ALL
    SELECT key.created_at, key.id
      FROM (SELECT v.*
              FROM visitors v
             WHERE (SELECT search FROM asked) IS NOT NULL
               AND v.words @@ (SELECT search FROM asked)
            OFFSET 0) AS key
     WHERE key.org_id = $1 AND key.status = ANY ($2)
       AND ($3::uuid IS NULL OR key.location_id = $3)
       AND (key.created_at, key.id) < ((SELECT after_created FROM asked),
                                       (SELECT after_id FROM asked))
       AND key.created_at >= (SELECT created_from FROM asked)
       AND key.created_at < (SELECT created_to FROM asked)
       AND ($8::timestamptz IS NULL OR key.expected_at >= $8)
       AND ($9::timestamptz IS NULL OR key.expected_at < $9)
       AND ($10::timestamptz IS NULL OR key.checked_in_at >= $10)
       AND ($11::timestamptz IS NULL OR key.checked_in_at < $11)
     ORDER BY created_at DESC, id DESC
     LIMIT $16
)
SELECT v.*
  FROM hit
 CROSS JOIN LATERAL (
    SELECT id AS "id:vis", status, first_name, last_name, full_name, email,
           phone, company, visitor_type, host_name AS "host.name",
           host_email AS "host.email", location_id AS "location_id:loc",
           purpose, expected_at, expected_until, checked_in_at, checked_out_at,
           badge_number, vehicle_plate, notes, metadata, created_at, updated_at
      FROM visitors
     WHERE org_id = $1 AND id = hit.id
    OFFSET 0) AS v
 ORDER BY hit.created_at DESC, hit.id DESC;

-- name: visitor_count
-- Parameters as visitor_list's first thirteen.
WITH asked AS MATERIALIZED (
    SELECT porter_search($1::uuid, $4::text,
               porter_whole($1::uuid, 'email', $5::text),
               porter_whole($1::uuid, 'company', $6::text),
               porter_whole($1::uuid, 'host', $7::text)) AS search
)
SELECT sum(part.found)::bigint
  FROM (SELECT count(*) AS found
          FROM visitors v
         WHERE (SELECT search FROM asked) IS NULL
           AND v.org_id = $1 AND v.status = ANY ($2::text[])
           AND ($3::uuid IS NULL OR v.location_id = $3)
           AND ($8::timestamptz IS NULL OR v.expected_at >= $8)
           AND ($9::timestamptz IS NULL OR v.expected_at < $9)
           AND ($10::timestamptz IS NULL OR v.checked_in_at >= $10)
           AND ($11::timestamptz IS NULL OR v.checked_in_at < $11)
           AND ($12::timestamptz IS NULL OR v.created_at >= $12)
           AND ($13::timestamptz IS NULL OR v.created_at < $13)
        UNION ALL
        SELECT count(*)
          FROM (SELECT *
                  FROM visitors
                 WHERE (SELECT search FROM asked) IS NOT NULL
                   AND words @@ (SELECT search FROM asked)
                OFFSET 0) AS v
         WHERE v.org_id = $1 AND v.status = ANY ($2::text[])
           AND ($3::uuid IS NULL OR v.location_id = $3)
           AND ($8::timestamptz IS NULL OR v.expected_at >= $8)
           AND ($9::timestamptz IS NULL OR v.expected_at < $9)
           AND ($10::timestamptz IS NULL OR v.checked_in_at >= $10)
           AND ($11::timestamptz IS NULL OR v.checked_in_at < $11)
           AND ($12::timestamptz IS NULL OR v.created_at >= $12)
           AND ($13::timestamptz IS NULL OR v.created_at < $13)) AS part;
