-- Lists of visitors (libs/store/visitor_list.c chooses among these statements).
-- $1 organization, $2 statuses, $3 location, $4..$7 search, e-mail, company,
-- host, $8..$13 ranges: expected, checked in, created.

-- part: asked
asked AS MATERIALIZED (
    SELECT CASE WHEN coalesce($4::text, $5::text, $6::text, $7::text) IS NOT NULL
           THEN porter_search($1::uuid, $4,
                    porter_whole($1, 'email', $5), porter_whole($1, 'company', $6),
                    porter_whole($1, 'host', $7)) END AS search
)

-- Is the visitor v what is asked for, when it has the words?
-- part: fits_with_words
v.status = ANY ($2::text[])
       AND ($3::uuid IS NULL OR v.location_id = $3)
       AND ($8::timestamptz IS NULL OR v.expected_at >= $8)
       AND ($9::timestamptz IS NULL OR v.expected_at < $9)
       AND ($10::timestamptz IS NULL OR v.checked_in_at >= $10)
       AND ($11::timestamptz IS NULL OR v.checked_in_at < $11)
       AND ($12::timestamptz IS NULL OR v.created_at >= $12)
       AND ($13::timestamptz IS NULL OR v.created_at < $13)

-- part: fits
{fits_with_words}
       AND ((SELECT search FROM asked) IS NULL OR v.words @@ (SELECT search FROM asked))

-- part: columns
v.id AS "id:vis", v.status, v.first_name, v.last_name, v.full_name, v.email,
       v.phone, v.company, v.visitor_type, v.host_name AS "host.name",
       v.host_email AS "host.email", v.location_id AS "location_id:loc",
       v.purpose, v.expected_at, v.expected_until, v.checked_in_at,
       v.checked_out_at, v.badge_number, v.vehicle_plate, v.notes, v.metadata,
       v.created_at, v.updated_at

-- part: stretch_set
(v.{key}, v.id) {beyond} (coalesce($14::timestamptz, '{start}'), $15::uuid)
               AND v.{key} {until} coalesce($18::timestamptz, '{end}')

-- part: stretch_unset
v.{key} IS NULL AND v.id {beyond} $15::uuid AND $14::timestamptz IS NULL AND $18::timestamptz IS NULL

-- part: walked
v.org_id = $1 AND {place} AND {stretch}
            ORDER BY v.{key} {way}, v.id {way}
            LIMIT $17

-- The walk: along the index that has the order of the list, from where the
-- last page ended ($14, $15), over at most $17 rows, until $16 fit. The last of
-- the $17 (?end) says how far it came. Each status has a stretch of the index
-- of its own; they are merged as they are read. Only keys are carried until it
-- is known which rows are shown. ($17 is never NULL: without a limit that it
-- knows PostgreSQL would rather sort a whole status.)
-- "set" are the visitors that have the time, up to its other bound ($18);
-- "unset", behind them, those that have not, by id. (One comparison of both
-- columns begins the stretch: with two, PostgreSQL may begin at the farther.)
-- name: visitor_walk_{key}_{way}_{part}_{where}
-- each: key = created_at ; expected_at ; checked_in_at
-- each: way, beyond, until, start, end = desc | < | >= | infinity | -infinity ; asc | > | < | -infinity | infinity
-- each: part, stretch = set | {stretch_set} ; unset | {stretch_unset}
-- each: where, place = anywhere | $3::uuid IS NULL ; at_location | v.location_id = $3::uuid
WITH {asked}
SELECT {columns}, hit.fits AS "?fits", hit.number = $17 AS "?end"
  FROM (SELECT passed.*
          FROM (SELECT v.{key}, v.id, {fits} AS fits,
                       row_number() OVER (ORDER BY v.{key} {way}, v.id {way}) AS number
                  FROM ((SELECT * FROM visitors v WHERE v.status = 'expected' AND 'expected' = ANY ($2) AND {walked})
                        UNION ALL
                        (SELECT * FROM visitors v WHERE v.status = 'checked_in' AND 'checked_in' = ANY ($2) AND {walked})
                        UNION ALL
                        (SELECT * FROM visitors v WHERE v.status = 'checked_out' AND 'checked_out' = ANY ($2) AND {walked})
                        UNION ALL
                        (SELECT * FROM visitors v WHERE v.status = 'cancelled' AND 'cancelled' = ANY ($2) AND {walked})
                        UNION ALL
                        (SELECT * FROM visitors v WHERE v.status = 'no_show' AND 'no_show' = ANY ($2) AND {walked})) AS v
                 ORDER BY v.{key} {way}, v.id {way}
                 LIMIT $17) AS passed
         WHERE passed.fits OR passed.number = $17
         LIMIT $16) AS hit
 CROSS JOIN LATERAL (
    SELECT * FROM visitors WHERE org_id = $1 AND id = hit.id OFFSET 0) AS v
 ORDER BY hit.{key} {way}, hit.id {way};

-- Or the visitors of a narrow range of another time, or with some words, all of
-- them, at most $14: the list is then sorted here. (CTEs, so that the plan does
-- not depend on how few they may be.)
-- part: in_range
v.org_id = $1 AND v.status = wanted.status AND {place}
           AND v.{key} >= coalesce({since}, '-infinity'::timestamptz)
           AND v.{key} < coalesce({until}, 'infinity'::timestamptz)

-- part: looked_by_time
looked AS MATERIALIZED (
    SELECT v.id, v.created_at, v.expected_at, v.checked_in_at, {fits} AS fits
      FROM unnest($2::text[]) AS wanted (status)
     CROSS JOIN LATERAL (
        SELECT * FROM visitors v WHERE {in_range} AND {few} OFFSET 0) AS v
     LIMIT $14
)

-- Of a range the index alone tells whether there are too many: no row is read.
-- part: looked_if_few
seen AS MATERIALIZED (
    SELECT count(*)
      FROM (SELECT
              FROM unnest($2::text[]) AS wanted (status)
             CROSS JOIN LATERAL (
                SELECT FROM visitors v WHERE {in_range} OFFSET 0) AS v
             LIMIT $14) AS near
), {looked_by_time}

-- part: looked_by_words
looked AS MATERIALIZED (
    SELECT v.id, v.created_at, v.expected_at, v.checked_in_at,
           v.org_id = $1 AND {fits_with_words} AS fits
      FROM (SELECT * FROM visitors v
             WHERE v.words @@ (SELECT search FROM asked)
            OFFSET 0) AS v
     LIMIT $14
), seen AS MATERIALIZED (
    SELECT count(*) FROM looked
)

-- $15 the column that sorts, $16 descending?, $17, $18 after, $19 rows. One row
-- at least: ?seen tells how many there are; $14 are too many to tell.
-- part: gather
WITH {asked}, {looked}, hit AS (
    SELECT s.*
      FROM (SELECT s.id, CASE $15::bigint WHEN 0 THEN s.created_at WHEN 1 THEN s.expected_at
                         ELSE s.checked_in_at END AS at
              FROM looked s
             WHERE s.fits AND (SELECT count FROM seen) < $14) AS s
     WHERE CASE WHEN $18::uuid IS NULL THEN true
                WHEN s.at IS NULL AND $17::timestamptz IS NOT NULL THEN true
                WHEN s.at IS NULL THEN CASE WHEN $16::boolean THEN s.id < $18 ELSE s.id > $18 END
                WHEN $17 IS NULL THEN false
                WHEN $16 THEN (s.at, s.id) < ($17, $18)
                ELSE (s.at, s.id) > ($17, $18) END
     ORDER BY s.at IS NULL, CASE WHEN $16 THEN s.at END DESC, CASE WHEN $16 THEN s.id END DESC,
              s.at, s.id
     LIMIT $19
)
SELECT {columns}, seen.count AS "?seen"
  FROM seen
  LEFT JOIN hit ON true
  LEFT JOIN LATERAL (
    SELECT * FROM visitors WHERE org_id = $1 AND id = hit.id OFFSET 0) AS v ON true
 ORDER BY hit.at IS NULL, CASE WHEN $16 THEN hit.at END DESC, CASE WHEN $16 THEN hit.id END DESC,
          hit.at, hit.id

-- part: count
WITH {asked}, {looked}
SELECT count(*) FILTER (WHERE fits), count(*) FROM looked

-- name: visitor_gather_by_{key}_{where}
-- each: looked, few = {looked_if_few} | (SELECT count FROM seen) < $14
-- each: key, since, until = created_at | $12 | $13 ; expected_at | $8 | $9 ; checked_in_at | $10 | $11
-- each: where, place = anywhere | $3::uuid IS NULL ; at_location | v.location_id = $3::uuid
{gather};

-- name: visitor_count_by_{key}_{where}
-- each: looked, few = {looked_by_time} | true
-- each: key, since, until = created_at | $12 | $13 ; expected_at | $8 | $9 ; checked_in_at | $10 | $11
-- each: where, place = anywhere | $3::uuid IS NULL ; at_location | v.location_id = $3::uuid
{count};

-- name: visitor_gather_by_words
-- each: looked = {looked_by_words}
{gather};

-- name: visitor_count_by_words
-- each: looked = {looked_by_words}
{count};

-- name: dashboard_left
-- Who left location $2 since $3, the latest first; behind ($4, $5).
SELECT {columns}
  FROM visitors v
 WHERE v.location_id = $2 AND v.org_id = $1 AND v.status = 'checked_out'
   AND (v.checked_out_at, v.id)
       < (coalesce($4::timestamptz, 'infinity'),
          coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
   AND v.checked_out_at >= $3::timestamptz
 ORDER BY v.checked_out_at DESC, v.id DESC
 LIMIT $6;
