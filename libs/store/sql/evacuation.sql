-- part: columns
id AS "id:evac", location_id AS "location_id:loc", status, reason, drill,
       activated_at, activated_by, ended_at, on_site_count, accounted_for_count,
       ended_by, updated_at

-- name: evacuation_list
-- The keys from the index that fits what is asked (the other branch ends before
-- it begins), then the rows. $2 statuses, $3 drill, $4 location, $5..$6 before.
WITH asked AS MATERIALIZED (
    SELECT coalesce($5::timestamptz, 'infinity') AS before_activated,
           coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS before_id
), wanted AS MATERIALIZED (
    SELECT w.status, d.drill
      FROM unnest($2::text[]) AS w (status)
     CROSS JOIN (VALUES (false), (true)) AS d (drill)
     WHERE $3::boolean IS NULL OR d.drill = $3
), hit AS MATERIALIZED (
    SELECT key.activated_at, key.id
      FROM wanted
     CROSS JOIN LATERAL (
        SELECT e.activated_at, e.id
          FROM evacuations e
         WHERE $4::uuid IS NULL
           AND e.org_id = $1 AND e.drill = wanted.drill AND e.status = wanted.status
           AND (e.activated_at, e.id) < ((SELECT before_activated FROM asked),
                                         (SELECT before_id FROM asked))
         ORDER BY e.activated_at DESC, e.id DESC
         LIMIT $7) AS key
    UNION ALL
    SELECT key.activated_at, key.id
      FROM wanted
     CROSS JOIN LATERAL (
        SELECT e.activated_at, e.id
          FROM evacuations e
         WHERE e.org_id = $1 AND e.location_id = $4
           AND e.drill = wanted.drill AND e.status = wanted.status
           AND (e.activated_at, e.id) < ((SELECT before_activated FROM asked),
                                         (SELECT before_id FROM asked))
         ORDER BY e.activated_at DESC, e.id DESC
         LIMIT $7) AS key
     ORDER BY activated_at DESC, id DESC
     LIMIT $7
)
SELECT e.*
  FROM hit
 CROSS JOIN LATERAL (
    SELECT {columns}
      FROM evacuations
     WHERE org_id = $1 AND id = hit.id
    OFFSET 0) AS e
 ORDER BY hit.activated_at DESC, hit.id DESC;

-- name: evacuation_find
SELECT {columns}
  FROM evacuations
 WHERE org_id = $1 AND id = $2;

-- name: evacuation_lock
-- For a change within the same transaction.
SELECT {columns}
  FROM evacuations
 WHERE org_id = $1 AND id = $2
   FOR UPDATE;

-- name: evacuation_active
SELECT {columns}
  FROM evacuations
 WHERE org_id = $1 AND location_id = $2 AND drill = $3 AND status = 'active';

-- part: person
visitor_id AS "visitor_id:vis", full_name, host_name AS "host.name",
           host_email AS "host.email", checked_in_at, accounted_for,
           accounted_for_at, accounted_for_by

-- name: evacuation_roster
-- A roster is a minute old and PostgreSQL knows nothing of it: what reads one
-- is written so that no plan can be worse than a walk over it.
SELECT {person}
  FROM evacuation_people
 WHERE org_id = $1 AND evacuation_id = $2
 ORDER BY full_name, visitor_id
 LIMIT $3;

-- name: evacuation_people
-- By name. $3: found ones, missing ones (NULL: all); $4..$5 after; $6 how many.
SELECT p.*
  FROM (VALUES (false), (true)) AS wanted (accounted_for)
 CROSS JOIN LATERAL (
    SELECT {person}
      FROM evacuation_people
     WHERE org_id = $1 AND evacuation_id = $2
       AND accounted_for = wanted.accounted_for
       AND (full_name, visitor_id) >
           (coalesce($4::text, ''),
            coalesce($5::uuid, '00000000-0000-0000-0000-000000000000'))
     ORDER BY full_name, visitor_id
     LIMIT $6) AS p
 WHERE $3::boolean IS NULL OR wanted.accounted_for = $3
 ORDER BY p.full_name, p."visitor_id:vis"
 LIMIT $6;

-- name: evacuation_insert
-- An evacuation and its roster, all of one moment: whoever's check-in was
-- committed by then. Tells whether the location is the organization's, whether
-- it was inserted (no: one of its kind is active there), and the head count.
WITH place AS (
    SELECT id FROM locations WHERE org_id = $1 AND id = $3
), evacuation AS (
    INSERT INTO evacuations (org_id, id, location_id, status, reason, drill,
        activated_at, activated_by, updated_at, on_site_count)
    SELECT $1, $2, place.id, 'active', $4, $5, $6, $7, $6,
           (SELECT count(*) FROM visitors v
             WHERE v.org_id = $1 AND v.location_id = $3
               AND v.status = 'checked_in')
      FROM place
    ON CONFLICT (org_id, location_id, drill) WHERE status = 'active' DO NOTHING
    RETURNING on_site_count
), person AS (
    INSERT INTO evacuation_people (org_id, evacuation_id, visitor_id, full_name,
        host_name, host_email, checked_in_at)
    SELECT $1, $2, v.id, v.full_name, v.host_name, v.host_email, v.checked_in_at
      FROM evacuation
     CROSS JOIN LATERAL (
        SELECT id, full_name, host_name, host_email, checked_in_at
          FROM visitors
         WHERE org_id = $1 AND location_id = $3 AND status = 'checked_in'
        OFFSET 0) AS v
)
SELECT EXISTS (SELECT FROM place), EXISTS (SELECT FROM evacuation),
       coalesce((SELECT on_site_count FROM evacuation), 0);

-- name: evacuation_end
UPDATE evacuations
   SET status = 'ended', ended_at = $3, ended_by = $4, updated_at = $3
 WHERE org_id = $1 AND id = $2;

-- name: evacuation_strangers
-- Which of the ids were not on site, by their place in the list.
SELECT wanted.place - 1
  FROM unnest($3::uuid[]) WITH ORDINALITY AS wanted (id, place)
 WHERE wanted.id NOT IN (SELECT visitor_id
                           FROM evacuation_people
                          WHERE org_id = $1 AND evacuation_id = $2
                            AND visitor_id = ANY ($3))
 ORDER BY wanted.place;

-- name: evacuation_mark
-- $3: found, $4: missing, $5: when, $6: says who. Who is marked so already stays
-- as marked, and when nobody changes the evacuation does not either. The others:
-- who is found now, who is missing.
WITH marked AS (
    UPDATE evacuation_people
       SET accounted_for = NOT accounted_for,
           accounted_for_at = CASE WHEN NOT accounted_for THEN $5::timestamptz END,
           accounted_for_by = CASE WHEN NOT accounted_for THEN $6::text END
     WHERE org_id = $1 AND evacuation_id = $2
       AND visitor_id = ANY ($3::uuid[] || $4::uuid[])
       AND accounted_for <> (visitor_id = ANY ($3))
    RETURNING visitor_id, accounted_for
), total AS (
    SELECT count(*) AS people, count(*) FILTER (WHERE accounted_for) AS found,
           array_agg(visitor_id) FILTER (WHERE accounted_for) AS found_ids,
           array_agg(visitor_id) FILTER (WHERE NOT accounted_for) AS missing_ids
      FROM marked
)
UPDATE evacuations e
   SET accounted_for_count = accounted_for_count + (2 * total.found - total.people),
       updated_at = $5
  FROM total
 WHERE e.org_id = $1 AND e.id = $2 AND total.people > 0
RETURNING coalesce(total.found_ids, '{}'), coalesce(total.missing_ids, '{}');

-- name: evacuation_event
-- An event about it and the outbox row; behind the lock on the evacuation.
WITH event AS (
    INSERT INTO events (org_id, id, type, subject, payload, request_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
)
INSERT INTO outbox (org_id, id, shard, aggregatetype, aggregateid, type, payload,
                    traceparent, request_id, webhooks_version, created_at)
SELECT $1, $2, $8, 'evacuations', $4, $3, $5, $9, $6, webhooks_version, $7
  FROM organizations
 WHERE id = $1;
