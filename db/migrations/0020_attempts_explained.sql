-- An attempt tells how it was made, and by whom it was answered. All of it is
-- NULL for attempts from before, and costs a row nothing then.
ALTER TABLE attempts
    ADD COLUMN reused                 boolean,     -- over a connection kept from before
    ADD COLUMN http_version           text,        -- 1.1, 2 …; NULL: no answer
    -- Of a connection that was new, also when the handshake failed.
    ADD COLUMN tls_version            text,
    ADD COLUMN certificate_subject    text,
    ADD COLUMN certificate_issuer     text,
    ADD COLUMN certificate_expires_at timestamptz,
    ADD COLUMN request_headers        text;        -- as sent; secret ones named only
