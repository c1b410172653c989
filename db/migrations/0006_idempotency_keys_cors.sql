-- What the request frame needs: answers that are given again, keys that are
-- rotated and say who made them, origins that browsers may call from.

-- Take the right to run a request with this token, until the transaction ends,
-- or find what was answered to it. The two are statements of their own, so that
-- the second sees what the last holder of the lock committed. `lock` is a hash
-- of the other four. No right: is_free is false. No answer yet: status is null.
CREATE FUNCTION porter_idempotency_claim(
    org uuid, key uuid, to_route text, with_token text, lock bigint, asked_at timestamptz)
RETURNS TABLE (is_free boolean, body_hash bytea, status integer, headers text, body bytea)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock) THEN
        RETURN QUERY SELECT false, NULL::bytea, NULL::integer, NULL::text, NULL::bytea;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT true, i.body_hash, i.status, i.headers, i.body
          FROM idempotency i
         WHERE i.org_id = org AND i.key_id = key AND i.route = to_route
           AND i.token = with_token AND i.expires_at > asked_at;
    IF NOT FOUND THEN
        RETURN QUERY SELECT true, NULL::bytea, NULL::integer, NULL::text, NULL::bytea;
    END IF;
END
$$;

-- creator: as in the audit log (usr_…, or a program's name). rotated_to: the
-- key that takes this one's place.
ALTER TABLE api_keys ADD COLUMN creator text;
ALTER TABLE api_keys ADD COLUMN rotated_to uuid;

-- Origins (`https://host[:port]`) whose pages may call the API; none by default.
ALTER TABLE organizations ADD COLUMN cors_origins text[] NOT NULL DEFAULT '{}';
-- Gateways read the few organizations that have some.
CREATE INDEX organizations_cors ON organizations (id) WHERE cors_origins <> '{}';
