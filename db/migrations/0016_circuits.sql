-- Endpoints that get nothing for now: their events are held, and go out in
-- order when they are back.

-- A row as long as there is something to say about a webhook: that nothing but
-- a probe is sent to it (open), or that what was held is going out (draining).
CREATE TABLE webhook_circuits (
    org_id        uuid NOT NULL,
    webhook_id    uuid NOT NULL,
    state         text NOT NULL CHECK (state IN ('open', 'draining')),
    since         timestamptz NOT NULL,    -- when it came into this state
    failing_since timestamptz,             -- nothing but failures since then; NULL: draining
    failures      integer NOT NULL,        -- attempts that failed since then
    wait_ms       bigint NOT NULL,         -- between the next probe and the one after it
    next_at       timestamptz NOT NULL,    -- of the next probe, or the next portion
    PRIMARY KEY (org_id, webhook_id),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
);
-- Who is to be probed or drained now?
CREATE INDEX webhook_circuits_next ON webhook_circuits (next_at);

-- What is held for a webhook, the oldest first? Held rows alone are in it.
CREATE INDEX deliveries_held ON deliveries (org_id, webhook_id, id) WHERE state = 'held';
