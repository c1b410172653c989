-- Facts: the event log (by day) and the outbox that the relay empties into Kafka.

CREATE TABLE events (
    org_id     uuid NOT NULL,
    id         uuid NOT NULL,
    type       text NOT NULL,
    subject    text NOT NULL,              -- vis_…, con_…, evac_…
    payload    bytea NOT NULL,             -- porter.v1.Event
    request_id text,
    -- Readers that follow the log stop below the oldest running transaction,
    -- so a late commit is never skipped.
    txid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX events_follow ON events (org_id, txid, id);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- Column names are those of Debezium's outbox event router (docs/kafka.md).
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
    PRIMARY KEY (org_id, id)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
);
CREATE INDEX outbox_order ON outbox (shard, seq);
