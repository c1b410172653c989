-- name: webhook_targets
-- One row with no webhook when the organization has none.
SELECT o.webhooks_version, w.id, w.url, w.events, w.status = 'enabled',
       w.ordering = 'subject', w.secret, w.secret_previous,
       w.secret_overlap_until, coalesce(c.state = 'open', false), w.headers,
       w.client_certificate, w.client_certificate_expires_at,
       array_to_string(w.retry_waits_s, ','), w.max_age_s, w.updated_at
  FROM organizations o
  LEFT JOIN webhooks w ON w.org_id = o.id
  LEFT JOIN webhook_circuits c ON c.org_id = w.org_id AND c.webhook_id = w.id
 WHERE o.id = $1;

-- name: webhook_secrets
SELECT secret, secret_previous, secret_overlap_until
  FROM webhooks
 WHERE org_id = $1 AND id = $2;

-- name: webhook_lock
-- Changes of an organization's webhooks go one after the other.
SELECT o.webhooks_version
  FROM organizations o
 WHERE o.id = $1
   FOR NO KEY UPDATE;

-- name: webhook_total
SELECT count(*) FROM webhooks WHERE org_id = $1;

-- name: webhook_insert
WITH audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, request_id, address, after)
    VALUES ($1, $9, $8, $10, 'webhook.created', $11, $13, $22,
            jsonb_build_object('url', $3::text, 'description', $4::text, 'events', $5::text[],
                               'status', CASE WHEN $12 THEN 'enabled' ELSE 'disabled' END,
                               'ordering', $6::text))
)
INSERT INTO webhooks (org_id, id, url, description, events, status,
                      disabled_reason, ordering, secret, created_at, updated_at,
                      headers, header_names, client_certificate,
                      client_certificate_subject, client_certificate_fingerprint,
                      client_certificate_expires_at, retry_waits_s, max_age_s)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $12 THEN 'enabled' ELSE 'disabled' END,
        CASE WHEN NOT $12 THEN 'Disabled on request.' END, $6, $7, $8, $8,
        $14, $15, $16, $17, $18, $19, $20::bigint[], $21);

-- name: webhook_version_bump
WITH version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id = $1
)
SELECT pg_notify('porter_webhooks', $2::text);

-- part: shown
w.id AS "id:whk", w.url, w.description, w.events, w.status, w.disabled_reason,
       w.ordering, w.created_at, w.updated_at,
       CASE c.state WHEN 'open' THEN 'failing' WHEN 'draining' THEN 'recovering'
                    ELSE 'ok' END AS health,
       c.failing_since,
       CASE c.state WHEN 'open' THEN c.next_at END AS next_probe_at,
       (SELECT jsonb_object_agg(name, '********')
          FROM unnest(w.header_names) AS name) AS headers,
       w.client_certificate_subject AS "client_certificate.subject",
       w.client_certificate_fingerprint AS "client_certificate.fingerprint",
       w.client_certificate_expires_at AS "client_certificate.expires_at",
       to_jsonb(w.retry_waits_s) AS "retry_schedule.waits_seconds",
       w.max_age_s AS max_age_seconds

-- part: with_circuit
page w
  LEFT JOIN LATERAL (
    SELECT state, failing_since, next_at
      FROM webhook_circuits
     WHERE org_id = w.org_id AND webhook_id = w.id
    OFFSET 0) AS c ON true

-- name: webhook_list
-- Newest first; $2 is the last one seen, $4 now.
WITH page AS MATERIALIZED (
    SELECT *
      FROM webhooks
     WHERE org_id = $1
       AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     ORDER BY id DESC
     LIMIT $3
)
SELECT {shown},
       CASE WHEN w.secret_overlap_until > $4 THEN w.secret_overlap_until
       END AS secret_overlap_until
  FROM {with_circuit}
 ORDER BY w.id DESC;

-- name: webhook_find
WITH page AS MATERIALIZED (
    SELECT * FROM webhooks WHERE org_id = $1 AND id = $2
)
SELECT {shown},
       CASE WHEN w.secret_overlap_until > $3 THEN w.secret_overlap_until
       END AS secret_overlap_until
  FROM {with_circuit};

-- name: webhook_update
-- Of a change that comes second ($3 is the version that was read) nothing is
-- done. $6 NULL: the events stay; $17 NULL: the headers; $18 false:
-- the client certificate. $11 to $15: the audit
-- log's and the news.
-- Enabled again, what was held meanwhile goes out; a new URL is probed now.
WITH before AS (
    SELECT url, description, events, status, ordering FROM webhooks WHERE org_id = $1 AND id = $2
), changed AS (
    UPDATE webhooks
       SET url = $4, description = $5, events = coalesce($6::text[], events),
           status = CASE WHEN $7 THEN 'enabled' ELSE 'disabled' END,
           disabled_reason = CASE WHEN $7 THEN NULL
                                  WHEN status = 'disabled' THEN disabled_reason
                                  ELSE 'Disabled on request.' END,
           ordering = $8, updated_at = $9,
           headers = CASE WHEN $17::text[] IS NULL THEN headers ELSE $16 END,
           header_names = coalesce($17::text[], header_names),
           client_certificate = CASE WHEN $18 THEN $19
                                     ELSE client_certificate END,
           client_certificate_subject = CASE WHEN $18 THEN $20
                                             ELSE client_certificate_subject END,
           client_certificate_fingerprint =
               CASE WHEN $18 THEN $21 ELSE client_certificate_fingerprint END,
           client_certificate_expires_at =
               CASE WHEN $18 THEN $22 ELSE client_certificate_expires_at END,
           retry_waits_s = $23::bigint[], max_age_s = $24
     WHERE org_id = $1 AND id = $2 AND updated_at = $3
    RETURNING org_id, url, description, events, status, ordering
), drain AS (
    INSERT INTO webhook_circuits (org_id, webhook_id, state, since, failures,
                                  wait_ms, next_at)
    SELECT org_id, $2, 'draining', $9, 0, 0, $9
      FROM changed, before
     WHERE $7 AND before.status = 'disabled'
    ON CONFLICT (org_id, webhook_id) DO UPDATE
       SET state = 'draining', since = excluded.since, failing_since = NULL,
           failures = 0, next_at = excluded.next_at
), probe AS (
    UPDATE webhook_circuits c
       SET next_at = $9
      FROM changed, before
     WHERE c.org_id = changed.org_id AND c.webhook_id = $2
       AND $7 AND c.state = 'open' AND before.url <> $4
), no_circuit AS (
    DELETE FROM webhook_circuits c
     USING changed
     WHERE c.org_id = changed.org_id AND c.webhook_id = $2 AND NOT $7
), version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id IN (SELECT org_id FROM changed)
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail,
                           request_id, address, before, after)
    SELECT org_id, $11, $9, $12, 'webhook.updated', $13,
           jsonb_build_object('fields', $10::text[]), $14, $25,
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(before))
             WHERE key = ANY ($10)),
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(changed) - 'org_id')
             WHERE key = ANY ($10))
      FROM changed, before
)
SELECT pg_notify('porter_webhooks', $15::text) FROM changed;

-- name: webhook_rotate
-- The secret becomes the one before, which signs too until $5 (NULL: no more).
WITH changed AS (
    UPDATE webhooks
       SET secret_previous = CASE WHEN $5::timestamptz IS NOT NULL
                                  THEN secret END,
           secret_overlap_until = $5, secret = $4, updated_at = $6
     WHERE org_id = $1 AND id = $2 AND updated_at = $3
    RETURNING org_id
), version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id IN (SELECT org_id FROM changed)
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail,
                           request_id, address)
    SELECT org_id, $7, $6, $8, 'webhook.secret_rotated', $9,
           jsonb_build_object('overlap_until', $5::timestamptz), $10, $12
      FROM changed
)
SELECT pg_notify('porter_webhooks', $11::text) FROM changed;

-- name: webhook_delete
-- Its deliveries stay in the log; those under way end when they come due.
WITH changed AS (
    DELETE FROM webhooks
     WHERE org_id = $1 AND id = $2 AND updated_at = $3
    RETURNING org_id, url, description, events, status, ordering
), version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id IN (SELECT org_id FROM changed)
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail,
                           request_id, address, before)
    SELECT org_id, $5, $4, $6, 'webhook.deleted', $7,
           jsonb_build_object('url', url), $8, $10, to_jsonb(changed) - 'org_id'
      FROM changed
)
SELECT pg_notify('porter_webhooks', $9::text) FROM changed;

-- name: webhook_disable
-- Twice is once: only the change is announced and written down. $8 the updated_at of
-- the webhook that the attempt was made to that says so: see circuit_open. Tells
-- since when it failed, and how often.
WITH before AS (
    SELECT failing_since, failures
      FROM webhook_circuits
     WHERE org_id = $1 AND webhook_id = $2 AND state = 'open'
), changed AS (
    UPDATE webhooks SET status = 'disabled', disabled_reason = $3,
                        updated_at = greatest($4, updated_at + interval '1 microsecond')
     WHERE org_id = $1 AND id = $2 AND status = 'enabled'
       AND updated_at <= coalesce($8::timestamptz, 'infinity')
    RETURNING org_id
), no_circuit AS (
    DELETE FROM webhook_circuits c
     USING changed
     WHERE c.org_id = changed.org_id AND c.webhook_id = $2
), version AS (
    UPDATE organizations SET webhooks_version = webhooks_version + 1
     WHERE id IN (SELECT org_id FROM changed)
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, detail)
    SELECT org_id, $5, $4, 'dispatcher', 'webhook.disabled', $6,
           jsonb_build_object('reason', $3::text)
      FROM changed
)
SELECT before.failing_since, before.failures,
       pg_notify('porter_webhooks', $7::text)
  FROM changed
  LEFT JOIN before ON true;
