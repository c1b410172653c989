-- A webhook with ordering "subject" gets a subject's events one after the
-- other: an event waits until the one before it is delivered or given up.

-- Where the event stands among those of its subject (Kafka's offset: they
-- share a partition); NULL: it waits for no other.
ALTER TABLE deliveries ADD COLUMN ordinal bigint;

-- Is there one before it that is not finished? Unfinished ones alone are in it.
CREATE INDEX deliveries_ordered ON deliveries (org_id, webhook_id, subject, ordinal)
    WHERE ordinal IS NOT NULL AND finished_at IS NULL;
