-- How often each key was used and refused for its limit, by the hour: what the
-- dashboard draws. Gateways add to it each half minute; kept for eight days.
CREATE TABLE key_hours (
    org_id  uuid NOT NULL,
    hour    timestamptz NOT NULL,
    key_id  uuid NOT NULL,
    calls   bigint NOT NULL,
    limited bigint NOT NULL,
    -- In the order in which a day of all keys is read.
    PRIMARY KEY (org_id, hour, key_id)
);
-- The chore that removes what is old.
CREATE INDEX key_hours_hour ON key_hours (hour);
