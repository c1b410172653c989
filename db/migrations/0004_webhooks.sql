-- Who is told, what was sent, how it went.

CREATE TABLE webhooks (
    org_id          uuid NOT NULL REFERENCES organizations (id),
    id              uuid NOT NULL,
    url             text NOT NULL,
    description     text,
    events          text[] NOT NULL,       -- event types; '*' is all
    status          text NOT NULL CHECK (status IN ('enabled', 'disabled')),
    disabled_reason text,
    ordering        text NOT NULL DEFAULT 'none' CHECK (ordering IN ('none', 'subject')),
    secret          bytea NOT NULL,        -- sealed (libs/crypt)
    secret_previous bytea,                 -- sealed; both sign until secret_overlap_until
    secret_overlap_until timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- One row per (event, webhook): id is derived from the two (libs/base/id.h),
-- event_at is the event's time, so the key makes the pair unique.
CREATE TABLE deliveries (
    org_id      uuid NOT NULL,
    id          uuid NOT NULL,
    event_at    timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    webhook_id  uuid NOT NULL,
    event_type  text NOT NULL,
    subject     text NOT NULL,
    state       text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'held')),
    is_test     boolean NOT NULL DEFAULT false,
    attempts    integer NOT NULL,          -- how many were made
    -- When any process may take the row: now for a new one, later for a retry,
    -- the end of the lease while one works on it, NULL when it is finished.
    due_at      timestamptz,
    last_status integer,                   -- HTTP status of the last attempt
    last_error  text,                      -- one sentence, NULL after success
    body        bytea NOT NULL,            -- the exact bytes that are signed and sent
    finished_at timestamptz,
    created_at  timestamptz NOT NULL,
    CHECK (CASE state WHEN 'pending' THEN due_at IS NOT NULL
                      WHEN 'held' THEN true
                      ELSE due_at IS NULL END),
    PRIMARY KEY (org_id, id, event_at)
) PARTITION BY RANGE (event_at);
-- Only unfinished rows are in it: few, however long the log is.
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_webhook ON deliveries (org_id, webhook_id, id DESC);
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;

CREATE TABLE attempts (
    org_id           uuid NOT NULL,
    delivery_id      uuid NOT NULL,
    number           integer NOT NULL,
    at               timestamptz NOT NULL,
    verdict          text NOT NULL,        -- delivered, retry, give_up, disable
    status           integer,              -- HTTP status, NULL when there was none
    failure          text,                 -- timeout, connect, tls …; NULL when answered
    detail           text,
    remote           text,
    dns_us           integer,
    connect_us       integer,
    tls_us           integer,
    first_byte_us    integer,
    total_us         integer NOT NULL,
    response_headers text,
    response_body    bytea,                -- the first 4 KiB
    PRIMARY KEY (org_id, delivery_id, number, at)
) PARTITION BY RANGE (at);
CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;
