-- name: location_list
SELECT l.id AS "id:loc", l.name, l.timezone,
       l.line1 AS "address.line1", l.line2 AS "address.line2",
       l.city AS "address.city", l.region AS "address.region",
       l.postal_code AS "address.postal_code", l.country AS "address.country",
       l.capacity, l.created_at, l.updated_at,
       (SELECT count(*) FROM visitors v
         WHERE v.org_id = l.org_id AND v.location_id = l.id
           AND v.status = 'checked_in') AS on_site_count
  FROM locations l
 WHERE l.org_id = $1
   AND ($5::text IS NULL
        OR porter_words(l.org_id, l.name || ' ' || coalesce(l.city, ''),
                        VARIADIC ARRAY[]::text[])
           @@ porter_search($1, $5, VARIADIC ARRAY[]::text[]))
   AND (l.name, l.id) > (coalesce($2::text, ''),
                         coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
 ORDER BY l.name, l.id
 LIMIT $4;

-- name: location_find
-- batch: yes
SELECT l.id AS "id:loc", l.name, l.timezone,
       l.line1 AS "address.line1", l.line2 AS "address.line2",
       l.city AS "address.city", l.region AS "address.region",
       l.postal_code AS "address.postal_code", l.country AS "address.country",
       l.capacity, l.created_at, l.updated_at,
       (SELECT count(*) FROM visitors v
         WHERE v.org_id = l.org_id AND v.location_id = l.id
           AND v.status = 'checked_in') AS on_site_count
  FROM locations l
 WHERE l.org_id = $1 AND l.id = $2;

-- name: location_only
-- Two rows tell "several".
SELECT id FROM locations WHERE org_id = $1 LIMIT 2;

-- name: location_insert
INSERT INTO locations (org_id, id, name, timezone, line1, line2, city, region,
                       postal_code, country, capacity, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12);

-- name: timezone_known
-- All of IANA's begin with a capital. Debian lists them again below posix/ and
-- right/, and the machine's own zone; Factory is IANA's word for none.
SELECT FROM pg_timezone_names
 WHERE name = $1 AND name ~ '^[A-Z]' AND name <> 'Factory';

-- name: location_missing
-- Which of the ids are no location of the organization, by their place.
SELECT wanted.place - 1
  FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place)
 WHERE NOT EXISTS (SELECT FROM locations l
                    WHERE l.org_id = $1 AND l.id = wanted.id)
 ORDER BY wanted.place;
