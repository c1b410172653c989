-- Who uses Porter: organizations, their people, their API keys, what they did.
-- Every primary key contains org_id, so tables can be distributed by it.

CREATE TABLE organizations (
    id               uuid PRIMARY KEY,
    name             text NOT NULL,
    slug             text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    -- Bumped by every change of the organization's webhooks; events carry it,
    -- so the dispatcher knows whether its cached list is new enough.
    webhooks_version bigint NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL
);

CREATE TABLE users (
    org_id        uuid NOT NULL REFERENCES organizations (id),
    id            uuid NOT NULL,
    email         text NOT NULL,
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('owner', 'admin', 'front_desk', 'viewer')),
    password_hash text,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE api_keys (
    org_id         uuid NOT NULL REFERENCES organizations (id),
    id             uuid NOT NULL,
    name           text NOT NULL,
    hash           bytea NOT NULL,           -- SHA-256 of the key; the key itself is nowhere
    hint           text NOT NULL,            -- its last four characters before the checksum
    scopes         text[] NOT NULL,
    rate_limit     integer NOT NULL DEFAULT 100 CHECK (rate_limit BETWEEN 1 AND 100000),
    created_by     uuid,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    revoked_reason text,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- One row. A revoke that can't reach Redis bumps it; gateways trust the key
-- cache only under the epoch they have read within the last two seconds.
CREATE TABLE key_cache_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    bigint NOT NULL
);
INSERT INTO key_cache_epoch (epoch) VALUES (1);

CREATE TABLE audit_log (
    org_id     uuid NOT NULL,
    id         uuid NOT NULL,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,   -- usr_…, key_…, or a program's name
    action     text NOT NULL,   -- key.revoked, webhook.created …
    subject    text,
    detail     jsonb NOT NULL DEFAULT '{}',
    request_id text,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE idempotency (
    org_id       uuid NOT NULL,
    key_id       uuid NOT NULL,
    route        text NOT NULL,
    token        text NOT NULL,
    body_hash    bytea NOT NULL,
    status       integer,
    headers      text,
    body         bytea,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (org_id, key_id, route, token)
);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);
