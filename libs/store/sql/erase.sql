-- What is known of one person, taken out of the rows that hold it. Each says
-- how many rows it is about; with `dry` it changes none of them.

-- name: erase_visitor
-- $3: now, so that a change which has read the visitor before is refused; $4:
-- dry. Is it there, and is there something left of it?
WITH found AS (
    SELECT full_name <> '[erased]' OR metadata <> '{}'
           OR num_nonnulls(first_name, last_name, email, phone, company,
                           visitor_type, host_name, host_email, purpose,
                           badge_number, vehicle_plate, notes) > 0 AS is_left
      FROM visitors
     WHERE org_id = $1 AND id = $2
), erased AS (
    UPDATE visitors v
       SET full_name = '[erased]', first_name = NULL, last_name = NULL,
           email = NULL, phone = NULL, company = NULL, visitor_type = NULL,
           host_name = NULL, host_email = NULL, purpose = NULL,
           badge_number = NULL, vehicle_plate = NULL, notes = NULL,
           metadata = '{}', updated_at = greatest(v.updated_at, $3)
      FROM found
     WHERE v.org_id = $1 AND v.id = $2 AND found.is_left AND NOT $4
)
SELECT is_left FROM found;

-- name: erase_contractor
WITH found AS (
    SELECT company <> '[erased]' OR metadata <> '{}'
           OR num_nonnulls(contact_name, contact_email, contact_phone, trade,
                           approved_by, rejected_by, reason) > 0 AS is_left
      FROM contractors
     WHERE org_id = $1 AND id = $2
), erased AS (
    UPDATE contractors c
       SET company = '[erased]', contact_name = NULL, contact_email = NULL,
           contact_phone = NULL, trade = NULL, approved_by = NULL,
           rejected_by = NULL, reason = NULL, metadata = '{}',
           updated_at = greatest(c.updated_at, $3)
      FROM found
     WHERE c.org_id = $1 AND c.id = $2 AND found.is_left AND NOT $4
)
SELECT is_left FROM found;

-- name: erase_rosters
-- The evacuations that the visitor was on site of. Rosters have no index by
-- visitor; an organization has few evacuations, and each is asked by its key.
WITH person AS MATERIALIZED (
    SELECT p.*
      FROM (SELECT id FROM evacuations WHERE org_id = $1 OFFSET 0) AS e
     CROSS JOIN LATERAL (
        SELECT evacuation_id,
               full_name <> '[erased]'
               OR num_nonnulls(host_name, host_email) > 0 AS is_left
          FROM evacuation_people
         WHERE org_id = $1 AND evacuation_id = e.id AND visitor_id = $2
        OFFSET 0) AS p
), erased AS (
    UPDATE evacuation_people p
       SET full_name = '[erased]', host_name = NULL, host_email = NULL
      FROM person
     WHERE p.org_id = $1 AND p.evacuation_id = person.evacuation_id
       AND p.visitor_id = $2 AND person.is_left AND NOT $3
)
SELECT evacuation_id, is_left FROM person;

-- name: erase_outbox_read
-- Of one subject, in its shard, behind $4.
SELECT seq, payload
  FROM outbox
 WHERE org_id = $1 AND shard = $2 AND aggregateid = $3 AND seq > $4
 ORDER BY seq
 LIMIT 20;

-- name: erase_outbox
UPDATE outbox o
   SET payload = n.payload
  FROM unnest($3::bigint[], $4::bytea[]) AS n (seq, payload)
 WHERE o.org_id = $1 AND o.shard = $2 AND o.seq = n.seq;

-- name: erase_events_read
-- Of one subject, behind the place ($3, $4).
SELECT id, created_at, payload, txid::text::bigint
  FROM events
 WHERE org_id = $1 AND subject = $2
   AND (txid, id) > (($3::bigint)::text::xid8, $4::uuid)
 ORDER BY txid, id
 LIMIT 20;

-- name: erase_events
UPDATE events e
   SET payload = n.payload
  FROM unnest($2::uuid[], $3::timestamptz[], $4::bytea[])
       AS n (id, created_at, payload)
 WHERE e.org_id = $1 AND e.id = n.id AND e.created_at = n.created_at;

-- name: erase_deliveries_read
-- Of these events, whatever became of their webhooks: a delivery's id begins
-- with the time that its event's id begins with ($4 to $5), so the key finds
-- them. ?place: of the event in the list.
SELECT d.id, d.event_at, d.body, e.place - 1
  FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[])
       WITH ORDINALITY AS e (id, at, first_id, last_id, place)
 CROSS JOIN LATERAL (
    SELECT id, event_at, body
      FROM deliveries
     WHERE org_id = $1 AND id >= e.first_id AND id <= e.last_id
       AND event_at = e.at AND event_id = e.id
    OFFSET 0) AS d;

-- name: erase_deliveries
UPDATE deliveries d
   SET body = n.body,
       last_error = CASE WHEN d.last_error IS NOT NULL THEN '[erased]' END
  FROM unnest($2::uuid[], $3::timestamptz[], $4::bytea[])
       AS n (id, event_at, body)
 WHERE d.org_id = $1 AND d.id = n.id AND d.event_at = n.event_at;

-- name: erase_attempts
-- What endpoints answered may hold anything that was sent to them. $3: dry.
WITH attempt AS MATERIALIZED (
    SELECT delivery_id, number, at
      FROM attempts
     WHERE org_id = $1 AND delivery_id = ANY ($2::uuid[])
       AND (response_body <> convert_to('[erased]', 'UTF8')
            OR response_headers <> '[erased]' OR detail <> '[erased]')
), erased AS (
    UPDATE attempts a
       SET response_body = CASE WHEN a.response_body IS NOT NULL
                                THEN convert_to('[erased]', 'UTF8') END,
           response_headers = CASE WHEN a.response_headers IS NOT NULL
                                   THEN '[erased]' END,
           detail = CASE WHEN a.detail IS NOT NULL THEN '[erased]' END
      FROM attempt
     WHERE a.org_id = $1 AND a.delivery_id = attempt.delivery_id
       AND a.number = attempt.number AND a.at = attempt.at AND NOT $3
)
SELECT count(*) FROM attempt;

-- name: erase_answers_read
-- Kept answers of the organization, behind ($2, $3, $4). Last: is it still given,
-- at $5?
SELECT key_id, route, token, body, expires_at > $5
  FROM idempotency
 WHERE org_id = $1 AND (key_id, route, token) > ($2, $3, $4)
   AND body IS NOT NULL
 ORDER BY key_id, route, token
 LIMIT 20;

-- name: erase_answer
UPDATE idempotency
   SET body = $6
 WHERE org_id = $1 AND key_id = $2 AND route = $3 AND token = $4 AND body = $5;
