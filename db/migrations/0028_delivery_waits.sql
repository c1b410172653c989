-- Rows that are due, but can't be sent now, are not to be read again and again.

-- What a pending row waits for beyond its time: 'turn' (an event of its subject
-- before it is not finished) or 'room' (its endpoint has more than enough
-- waiting). due_at is then when it is looked at again at the latest. NULL: only
-- for its time.
ALTER TABLE deliveries ADD COLUMN waits_for text;

-- Who waited for room, now that there is some? They alone are in it.
-- On a large log make it beforehand on each partition by hand, CONCURRENTLY and
-- with these very columns: this then takes those.
CREATE INDEX deliveries_for_room ON deliveries (org_id, webhook_id, id)
    WHERE waits_for = 'room' AND due_at IS NOT NULL;
