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
                    traceparent, request_id, webhooks_version, created_at)
SELECT $1, $21, $25, 'visitors', $22, 'visitor.pre_registered', $23, $26, $24,
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
                    traceparent, request_id, webhooks_version, created_at)
SELECT $1, $12, $17, 'visitors', $14, $13, $15, $18, $16, webhooks_version, $11
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
