-- Evacuations: the roster is one row a person, so that many marshals mark at
-- once, and a list shows who is missing without reading the others.

ALTER TABLE evacuations
    DROP COLUMN on_site,  -- nothing has written it
    ADD COLUMN on_site_count       integer NOT NULL DEFAULT 0,
    ADD COLUMN accounted_for_count integer NOT NULL DEFAULT 0,
    ADD COLUMN ended_by            text,
    ADD COLUMN updated_at          timestamptz;
UPDATE evacuations SET updated_at = coalesce(ended_at, activated_at);
ALTER TABLE evacuations ALTER COLUMN updated_at SET NOT NULL;

-- A drill never stands in the way of the real thing, nor the other way round.
DROP INDEX evacuations_one_active;
CREATE UNIQUE INDEX evacuations_one_active
    ON evacuations (org_id, location_id, drill) WHERE status = 'active';
-- Lists read drills and others, active and ended ones each in order, and merge.
CREATE INDEX evacuations_status
    ON evacuations (org_id, drill, status, activated_at DESC, id DESC);
CREATE INDEX evacuations_location
    ON evacuations (org_id, location_id, drill, status, activated_at DESC, id DESC);

-- Who was on site, as they were called then: what becomes of the visitor later
-- does not change it.
CREATE TABLE evacuation_people (
    org_id           uuid NOT NULL,
    evacuation_id    uuid NOT NULL,
    visitor_id       uuid NOT NULL,
    full_name        text COLLATE "und-x-icu" NOT NULL, -- as people look it up
    host_name        text,
    host_email       text,
    checked_in_at    timestamptz,
    accounted_for    boolean NOT NULL DEFAULT false,
    accounted_for_at timestamptz,
    accounted_for_by text,
    PRIMARY KEY (org_id, evacuation_id, visitor_id),
    FOREIGN KEY (org_id, evacuation_id) REFERENCES evacuations (org_id, id)
);
CREATE INDEX evacuation_people_name
    ON evacuation_people (org_id, evacuation_id, accounted_for, full_name, visitor_id);
