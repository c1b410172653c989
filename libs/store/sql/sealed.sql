-- Of all organizations: what a change of the master key goes through. A sealed
-- value begins with its version (1), the length of its key's id, and the id.

-- name: sealed_count
-- How many values are sealed with which key; NULL: with none. Kept answers are
-- counted when $2 says so; those that have expired ($1 is now) are not opened
-- any more.
SELECT CASE WHEN length(head) > 2 AND get_byte(head, 0) = 1
            THEN encode(substr(head, 3, get_byte(head, 1)), 'escape')
       END AS key_id,
       count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 2),
       count(*) FILTER (WHERE kind = 3), count(*) FILTER (WHERE kind = 4),
       count(*) FILTER (WHERE kind = 5), count(*) FILTER (WHERE kind = 6)
  FROM (SELECT 1 AS kind, substr(secret, 1, 34) AS head FROM webhooks
        UNION ALL
        SELECT 2, substr(secret_previous, 1, 34) FROM webhooks
         WHERE secret_previous IS NOT NULL
        UNION ALL
        SELECT 3, substr(headers, 1, 34) FROM webhooks
         WHERE headers IS NOT NULL
        UNION ALL
        SELECT 5, substr(client_certificate, 1, 34) FROM webhooks
         WHERE client_certificate IS NOT NULL
        UNION ALL
        SELECT 6, substr(sealed, 1, 34)
          FROM users, unnest(ARRAY[totp_secret, totp_pending]) AS sealed
         WHERE sealed IS NOT NULL
        UNION ALL
        SELECT 4, substr(body, 1, 34) FROM idempotency
         WHERE $2 AND body IS NOT NULL AND expires_at > $1) AS sealed
 GROUP BY 1
 ORDER BY 1;

-- name: sealed_webhooks
-- A batch in the order of the key, behind the last one seen.
SELECT org_id, id, secret, secret_previous, headers, client_certificate
  FROM webhooks
 WHERE (org_id, id) > ($1, $2)
 ORDER BY org_id, id
 LIMIT 100;

-- name: sealed_webhooks_swap
-- Only what is still as it was read: somebody may have given a new secret. The
-- planner, which must not see how long the arrays are, looks each row up.
UPDATE webhooks AS w
   SET secret = s.secret, secret_previous = s.previous, headers = s.headers,
       client_certificate = s.client
  FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::bytea[]),
              (SELECT $4::bytea[]), (SELECT $5::bytea[]), (SELECT $6::bytea[]),
              (SELECT $7::bytea[]), (SELECT $8::bytea[]),
              (SELECT $9::bytea[]), (SELECT $10::bytea[]))
       AS s(org_id, id, secret_read, previous_read, headers_read, client_read,
            secret, previous, headers, client)
 WHERE w.org_id = s.org_id AND w.id = s.id AND w.secret = s.secret_read
   AND w.secret_previous IS NOT DISTINCT FROM s.previous_read
   AND w.headers IS NOT DISTINCT FROM s.headers_read
   AND w.client_certificate IS NOT DISTINCT FROM s.client_read;

-- name: sealed_answers
-- The same of kept answers. The body comes only when it begins otherwise than
-- what the first key seals ($5).
SELECT org_id, key_id, route, token,
       CASE WHEN substr(body, 1, length($5::bytea)) <> $5::bytea THEN body END
  FROM idempotency
 WHERE (org_id, key_id, route, token) > ($1, $2, $3, $4) AND expires_at > $6
 ORDER BY org_id, key_id, route, token
 LIMIT 100;

-- name: sealed_answers_swap
UPDATE idempotency AS i
   SET body = s.body
  FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::text[]),
              (SELECT $4::text[]), (SELECT $5::bytea[]), (SELECT $6::bytea[]))
       AS s(org_id, key_id, route, token, body_read, body)
 WHERE i.org_id = s.org_id AND i.key_id = s.key_id AND i.route = s.route
   AND i.token = s.token AND i.body = s.body_read;

-- name: sealed_people
-- People's authenticators, likewise.
SELECT org_id, id, totp_secret, totp_pending
  FROM users
 WHERE (org_id, id) > ($1, $2)
 ORDER BY org_id, id
 LIMIT 100;

-- name: sealed_people_swap
UPDATE users AS u
   SET totp_secret = s.totp_secret, totp_pending = s.totp_pending
  FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::bytea[]),
              (SELECT $4::bytea[]), (SELECT $5::bytea[]), (SELECT $6::bytea[]))
       AS s(org_id, id, secret_read, pending_read, totp_secret, totp_pending)
 WHERE u.org_id = s.org_id AND u.id = s.id
   AND u.totp_secret IS NOT DISTINCT FROM s.secret_read
   AND u.totp_pending IS NOT DISTINCT FROM s.pending_read;
