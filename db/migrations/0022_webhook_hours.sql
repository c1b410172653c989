-- What a webhook's endpoint did, by the hour: added to in the transaction that
-- writes the attempts and outcomes themselves, so that each counts once.

-- Who writes at the same time writes into different rows (shard): a writer adds
-- a batch at a time to a row that is nearly always its own. Nothing that is
-- added to is in an index, and pages have room: an addition changes one page.
CREATE TABLE webhook_hours (
    org_id     uuid NOT NULL,
    webhook_id uuid NOT NULL,
    hour       timestamptz NOT NULL,
    shard      smallint NOT NULL,
    delivered  bigint NOT NULL,            -- deliveries that ended so
    failed     bigint NOT NULL,
    attempts_delivered bigint NOT NULL,    -- attempts that began in the hour, by verdict
    attempts_retry     bigint NOT NULL,
    attempts_give_up   bigint NOT NULL,
    attempts_disable   bigint NOT NULL,
    took       bigint[] NOT NULL,          -- attempts by how long they took: libs/store/hours.h
    PRIMARY KEY (org_id, webhook_id, hour, shard)
) WITH (fillfactor = 70);
-- What is older than it is kept?
CREATE INDEX webhook_hours_old ON webhook_hours (hour);
