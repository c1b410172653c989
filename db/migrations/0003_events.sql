-- Facts: the event log (by day) and the outbox that the relay empties into Kafka.

CREATE TABLE events (
    org_id     uuid NOT NULL,
    id         uuid NOT NULL,
    type       text NOT NULL,
    subject    text NOT NULL,              -- vis_…, con_…, evac_…
    payload    bytea NOT NULL,             -- porter.v1.Event
    request_id text,
    -- The order in which readers may follow the log: (txid, id), and only
    -- below the oldest running transaction, so that a late commit is never
    -- passed over. No index of its own: a reader goes back by the longest a
    -- transaction may last in the key (ids begin with their time) and sorts.
    txid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- Column names are those of Debezium's outbox event router (docs/kafka.md).
-- Rows live for milliseconds: one index, which is the order of sending and the
-- name for deleting; vacuum comes by count, not by share.
CREATE TABLE outbox (
    org_id           uuid NOT NULL,
    id               uuid NOT NULL,        -- the event's
    shard            smallint NOT NULL,    -- by subject; one relay owns a shard
    seq              bigint GENERATED ALWAYS AS IDENTITY,
    aggregatetype    text NOT NULL,        -- visitors, contractors, evacuations
    aggregateid      text NOT NULL,        -- the subject: Kafka's key
    type             text NOT NULL,
    payload          bytea NOT NULL,       -- porter.v1.Event: Kafka's value
    traceparent      text,
    webhooks_version bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (shard, seq, org_id)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
);
