-- What a webhook shows to an endpoint that asks who calls (mutual TLS): the
-- certificate with its private key, sealed together, for the dispatcher alone;
-- and what is shown of it. NULL: none.
ALTER TABLE webhooks
    ADD COLUMN client_certificate             bytea,
    ADD COLUMN client_certificate_subject     text,
    ADD COLUMN client_certificate_fingerprint text, -- SHA-256, hex
    ADD COLUMN client_certificate_expires_at  timestamptz;
