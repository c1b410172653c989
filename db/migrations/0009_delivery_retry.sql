-- Sending again, and looking for what was sent.

-- How many of the attempts were made before somebody asked to send it again:
-- the schedule counts from there.
ALTER TABLE deliveries ADD COLUMN attempts_before integer NOT NULL DEFAULT 0;

-- Lists of one webhook read each state in order, at most a page of it. The
-- type is in the index so that rare ones are found without reading the rows.
CREATE INDEX deliveries_of_webhook
    ON deliveries (org_id, webhook_id, state, id DESC, event_type);
DROP INDEX deliveries_webhook;
