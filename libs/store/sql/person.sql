-- People of the dashboard, their sessions, and links by which they come in.

-- Lists by stretches of the whole key, so that the planner sees an order and no
-- few rows that it had better sort.

-- part: first
'00000000-0000-0000-0000-000000000000'

-- part: last
'ffffffff-ffff-ffff-ffff-ffffffffffff'

-- part: shown
id, email, name, role, totp_secret IS NOT NULL, created_at, last_seen_at, disabled_at

-- name: person_account
-- The one spelling of all by which person_by_email finds the same: a password's
-- tries are counted by it. What is one letter is for the database to say.
SELECT lower($1::text);

-- name: person_by_email
-- For signing in: e-mails are unique among all organizations.
SELECT org_id, id, name, role, password_hash, totp_secret, disabled_at IS NOT NULL
  FROM users
 WHERE lower(email) = lower($1);

-- name: person_secrets
-- What a person who is signed in is asked for again.
SELECT password_hash, totp_secret, totp_pending
  FROM users
 WHERE org_id = $1 AND id = $2;

-- name: person_list
-- Those who came first first; behind $2 (NULL: from the first).
SELECT {shown}
  FROM users
 WHERE (org_id, id) > ($1, coalesce($2::uuid, {first})) AND (org_id, id) <= ($1, {last})
 ORDER BY org_id, id
 LIMIT $3;

-- name: person_find
SELECT {shown}
  FROM users
 WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL;

-- name: person_session_find
-- The organization's name is looked up by itself: joined, its id is one more way
-- to the users, and without statistics all of the organization are then read.
-- batch: yes
SELECT s.org_id, s.id, s.user_id, u.role, u.email, u.name,
       (SELECT o.name FROM organizations o WHERE o.id = s.org_id),
       u.totp_secret IS NOT NULL, s.last_seen_at, s.confirmed_until
  FROM sessions s
  JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id
 WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3
   AND u.disabled_at IS NULL;

-- name: person_session_begin
-- The password must still be the one that was checked ($12), and the code's step
-- ($13; 0: there was none) be newer than the last one's: this update waits for
-- others of the same person and then looks again. $11 is the session that the
-- browser had; of the person's own, the oldest beyond $10 go.
WITH who AS (
    UPDATE users
       SET last_seen_at = $5, totp_step = greatest(totp_step, $13)
     WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL AND password_hash = $12
       AND ($13 = 0 OR totp_step < $13)
    RETURNING org_id, id
), before AS (
    DELETE FROM sessions
     WHERE token_hash = $11 AND EXISTS (SELECT FROM who)
), oldest AS (
    DELETE FROM sessions s
     USING who
     WHERE s.org_id = who.org_id AND s.user_id = who.id
       AND s.id IN (SELECT id FROM sessions
                     WHERE org_id = $1 AND user_id = $2
                     ORDER BY id DESC OFFSET $10)
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, address, request_id)
    SELECT org_id, $9, $5, $14, 'session.begun', $15, $7, $16
      FROM who
)
INSERT INTO sessions (org_id, id, user_id, token_hash, created_at, last_seen_at,
                      expires_at, address, user_agent)
SELECT org_id, $3, id, $4, $5, $5, $6, $7, $8
  FROM who
RETURNING id;

-- name: person_session_seen
WITH seen AS (
    UPDATE sessions SET last_seen_at = $3
     WHERE org_id = $1 AND id = $2 AND last_seen_at < $3
    RETURNING org_id, user_id
)
UPDATE users u SET last_seen_at = $3
  FROM seen
 WHERE u.org_id = seen.org_id AND u.id = seen.user_id
   AND (u.last_seen_at IS NULL OR u.last_seen_at < $3);

-- name: person_session_confirm
UPDATE sessions SET confirmed_until = $3
 WHERE org_id = $1 AND id = $2
RETURNING id;

-- name: person_session_end
-- One of the person's own.
WITH gone AS (
    DELETE FROM sessions
     WHERE org_id = $1 AND user_id = $2 AND id = $3
    RETURNING org_id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, address, request_id)
    SELECT org_id, $4, $5, $6, 'session.ended', $7, $8, $9
      FROM gone
)
SELECT org_id FROM gone;

-- name: person_session_end_all
-- But for one ($3; NULL: really all).
DELETE FROM sessions
 WHERE org_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id <> $3);

-- name: person_session_list
SELECT id, created_at, last_seen_at, address, user_agent
  FROM sessions
 WHERE org_id = $1 AND user_id = $2 AND expires_at > $3 AND last_seen_at > $4
 ORDER BY id DESC
 LIMIT $5;

-- name: person_session_clean
DELETE FROM sessions
 WHERE (org_id, id) IN (SELECT org_id, id FROM sessions
                         WHERE expires_at < $1 ORDER BY expires_at LIMIT $2);

-- name: person_insert
INSERT INTO users (org_id, id, email, name, role, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: person_revive
-- Somebody who was removed comes in again.
UPDATE users
   SET name = $3, role = $4, password_hash = $5, disabled_at = NULL,
       totp_secret = NULL, totp_pending = NULL
 WHERE org_id = $1 AND lower(email) = lower($2) AND disabled_at IS NOT NULL
RETURNING id;

-- name: person_password_set
-- $4, unless NULL, is what it must be until now.
-- Links by which he could have chosen one are gone.
WITH changed AS (
    UPDATE users SET password_hash = $3
     WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL
       AND ($4::text IS NULL OR password_hash = $4)
    RETURNING id
), links AS (
    DELETE FROM invitations
     WHERE org_id = $1 AND user_id = $2 AND EXISTS (SELECT FROM changed)
)
SELECT id FROM changed;

-- name: person_invite
-- At most $13 that wait; NULL user: somebody new.
WITH audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, after, address, request_id)
    SELECT $1, $10, $8, $7, $14, $11, $12, $15, $16
     WHERE (SELECT count(*) FROM invitations WHERE org_id = $1 AND expires_at > $8) < $13
)
INSERT INTO invitations (org_id, id, user_id, email, role, name, token_hash, created_by,
                         created_at, expires_at)
SELECT $1, $2, $3, $4, $5, $17, $6, $7, $8, $9
 WHERE (SELECT count(*) FROM invitations WHERE org_id = $1 AND expires_at > $8) < $13
RETURNING id;

-- name: person_invitation_find
SELECT i.org_id, i.id, o.name, i.email, i.role, i.user_id
  FROM invitations i
  JOIN organizations o ON o.id = i.org_id
 WHERE i.token_hash = $1 AND i.expires_at > $2;

-- name: person_invitation_take
DELETE FROM invitations
 WHERE token_hash = $1 AND expires_at > $2
RETURNING org_id, id, email, role, user_id, name;

-- name: person_invitation_list
SELECT id, email, role, created_by, created_at, expires_at, user_id IS NOT NULL
  FROM invitations
 WHERE org_id = $1 AND expires_at > $2
 ORDER BY id DESC
 LIMIT $3;

-- name: person_invitation_delete
WITH gone AS (
    DELETE FROM invitations
     WHERE org_id = $1 AND id = $2
    RETURNING org_id, email, role
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, before, address, request_id)
    SELECT org_id, $3, $4, $5, 'invitation.withdrawn', $6,
           jsonb_build_object('email', email, 'role', role), $7, $8
      FROM gone
)
SELECT org_id FROM gone;

-- name: person_find_by_email
-- In one organization.
SELECT id, name, role, disabled_at IS NOT NULL
  FROM users
 WHERE org_id = $1 AND lower(email) = lower($2);

-- name: audit_note
INSERT INTO audit_log (org_id, id, at, actor, action, subject, before, after, request_id, address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: person_lock
-- Changes of an organization's people come one after the other: so that the
-- last owner can be told.
SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE;

-- part: not_the_last_owner
(role <> 'owner' OR (SELECT count(*) FROM users
                      WHERE org_id = $1 AND role = 'owner' AND disabled_at IS NULL) > 1)

-- name: person_update
-- NULL stays as it is. An owner is changed only when $11 says so. The first
-- column tells that he is there, the second that he was changed. Another role
-- takes back the links that he has made ($8), and those that others, who then
-- might, have made for him.
WITH before AS (
    SELECT name, role FROM users WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL
), changed AS (
    UPDATE users
       SET name = coalesce($3, name), role = coalesce($4, role)
     WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL
       AND ($11 OR role <> 'owner')
       AND (coalesce($4, role) = 'owner' OR {not_the_last_owner})
    RETURNING org_id, name, role
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, before, after, request_id, address)
    SELECT org_id, $5, $6, $7, 'person.changed', $8, to_jsonb(before),
           to_jsonb(changed) - 'org_id', $9, $10
      FROM changed, before
), links AS (
    DELETE FROM invitations
     WHERE org_id = $1 AND (user_id = $2 OR created_by = $8)
       AND EXISTS (SELECT FROM changed, before WHERE changed.role <> before.role)
)
SELECT EXISTS (SELECT FROM before), EXISTS (SELECT FROM changed);

-- name: person_remove
-- The row stays, for the names in the audit log; links that he has made or that
-- were made for him, and nobody has used, are gone.
WITH before AS (
    SELECT name, role, email FROM users WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL
), changed AS (
    UPDATE users
       SET disabled_at = $4, totp_secret = NULL, totp_pending = NULL
     WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL
       AND ($9 OR role <> 'owner') AND {not_the_last_owner}
    RETURNING org_id
), audit AS (
    INSERT INTO audit_log (org_id, id, at, actor, action, subject, before, request_id, address)
    SELECT org_id, $3, $4, $5, 'person.removed', $6, to_jsonb(before), $7, $8
      FROM changed, before
), links AS (
    DELETE FROM invitations
     WHERE org_id = $1 AND (user_id = $2 OR created_by = $6)
       AND EXISTS (SELECT FROM changed)
)
SELECT EXISTS (SELECT FROM before), EXISTS (SELECT FROM changed);

-- name: person_totp_offer
UPDATE users SET totp_pending = $3
 WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL;

-- name: person_totp_take
-- What was offered ($3) is asked for from now on; the code's step ($4) is used.
UPDATE users SET totp_secret = totp_pending, totp_pending = NULL,
                 totp_step = greatest(totp_step, $4)
 WHERE org_id = $1 AND id = $2 AND disabled_at IS NULL AND totp_pending = $3
RETURNING id;

-- name: person_totp_drop
UPDATE users SET totp_secret = NULL, totp_pending = NULL
 WHERE org_id = $1 AND id = $2 AND totp_secret IS NOT NULL
RETURNING id;
