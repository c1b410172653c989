-- People of the dashboard: what they sign in with, their sessions, and links by
-- which they come in. Tokens are nowhere: only their SHA-256 is stored.

ALTER TABLE users
    ADD COLUMN last_seen_at timestamptz,
    ADD COLUMN disabled_at  timestamptz,
    -- Both sealed as webhooks' secrets are; the second waits for its first code.
    ADD COLUMN totp_secret  bytea,
    ADD COLUMN totp_pending bytea,
    -- The step of the last code that was taken: none is taken twice.
    ADD COLUMN totp_step    bigint NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    org_id          uuid NOT NULL,
    id              uuid NOT NULL,
    user_id         uuid NOT NULL,
    token_hash      bytea NOT NULL,
    created_at      timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    confirmed_until timestamptz,
    address         text NOT NULL,
    user_agent      text,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);
-- Each request of the dashboard: whose session is it?
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
-- A person's own list, and the end of all of them.
CREATE INDEX sessions_user ON sessions (org_id, user_id, id);
-- The chore that removes those that are over.
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- One-time links: for somebody new, or (user_id) to set a new password.
CREATE TABLE invitations (
    org_id     uuid NOT NULL REFERENCES organizations (id),
    id         uuid NOT NULL,
    user_id    uuid,
    email      text NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'admin', 'front_desk', 'viewer')),
    name       text NOT NULL,
    token_hash bytea NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);

-- What a change was about, and from where it was asked for.
ALTER TABLE audit_log
    ADD COLUMN before  jsonb,
    ADD COLUMN after   jsonb,
    ADD COLUMN address text;
-- What did this person or key do?
CREATE INDEX audit_log_actor ON audit_log (actor, org_id, id);
