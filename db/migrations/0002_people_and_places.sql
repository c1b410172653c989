-- What the REST API shows: locations, visitors, contractors, evacuations.

-- Search. A row's `words` holds what its lists can be searched for: words of
-- the name, e-mail and company without case and accents, and whole values of
-- some columns. Every word begins with eight characters of the organization's
-- id, so that one index serves all organizations, each in a stretch of its
-- own. (The index narrows; statements also ask for the org_id.)

-- plpgsql, because a session keeps what it has planned of it: a function in SQL
-- that is too large to inline is parsed anew in every statement, which was a
-- third of an insert's time.

-- Text without case and accents: "Åse Żółć-Müller" is "ase zolc-muller". ICU's
-- rules whatever the database's own are; plain ASCII needs none of them.
CREATE FUNCTION porter_fold(t text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(t) = length(t) THEN
        RETURN lower(t COLLATE "C");
    END IF;
    RETURN replace(replace(replace(translate(
        regexp_replace(normalize(lower(t COLLATE "und-x-icu"), NFD),
                       '[\u0300-\u036f]', '', 'g'),
        'øłđıħŧ', 'oldiht'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
END
$$;

-- What puts the words of one organization beside each other.
CREATE FUNCTION porter_word_tag(org_id uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT right(org_id::text, 8)
$$;

-- One word for a whole value: "email=ase@example.com".
CREATE FUNCTION porter_whole(org_id uuid, field text, value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN right(org_id::text, 8) || field || '=' || left(porter_fold(value), 200);
END
$$;

-- The words of a text (at most 50 of at most 60 characters) and the whole
-- values, as an index takes them.
CREATE FUNCTION porter_words(org_id uuid, t text, VARIADIC whole text[])
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    tag CONSTANT text := right(org_id::text, 8);
    words text[] := (string_to_array(regexp_replace(porter_fold(t),
                         '[^[:alnum:]]+', ' ', 'g'), ' '))[1:50];
BEGIN
    words := string_to_array(tag || array_to_string(words, ' ' || tag), ' ');
    RETURN array_to_tsvector(
        array_remove(array_remove(words || whole, tag), NULL));
END
$$;

-- The search for rows that have, for each word of q, a word that begins with
-- it, and the whole values (NULL: not asked for). NULL when nothing is asked.
CREATE FUNCTION porter_search(org_id uuid, q text, VARIADIC whole text[])
RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CAST(string_agg(
               '''' || replace(replace(term, '\', '\\'), '''', '''''')
                    || '''' || weight, ' & ') AS tsquery)
      FROM (SELECT porter_word_tag(org_id) || word AS term, ':*' AS weight
              FROM regexp_split_to_table(porter_fold(coalesce(q, '')),
                                         '[^[:alnum:]]+') AS word
             WHERE word <> ''
            UNION ALL
            SELECT value, '' FROM unnest(whole) AS value
             WHERE value IS NOT NULL) AS terms
$$;

CREATE TABLE locations (
    org_id      uuid NOT NULL REFERENCES organizations (id),
    id          uuid NOT NULL,
    name        text NOT NULL,
    timezone    text NOT NULL,
    line1       text,
    line2       text,
    city        text,
    region      text,
    postal_code text,
    country     text,
    capacity    integer,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX locations_name ON locations (org_id, name, id);

-- No foreign keys: each would lock the organization's and the location's row
-- in every insert, and all visitors of a site share them. Neither is ever
-- deleted, and the insert reads both (libs/store/sql/visitor.sql).
CREATE TABLE visitors (
    org_id         uuid NOT NULL,
    id             uuid NOT NULL,
    status         text NOT NULL CHECK (status IN
                       ('expected', 'checked_in', 'checked_out', 'cancelled', 'no_show')),
    first_name     text,
    last_name      text,
    full_name      text NOT NULL,
    email          text,
    phone          text,
    company        text,
    visitor_type   text,
    host_name      text,
    host_email     text,
    location_id    uuid NOT NULL,
    purpose        text,
    expected_at    timestamptz,
    expected_until timestamptz,
    checked_in_at  timestamptz,
    checked_out_at timestamptz,
    badge_number   text,
    vehicle_plate  text,
    notes          text,
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    words          tsvector NOT NULL GENERATED ALWAYS AS (
                       porter_words(org_id,
                           full_name || ' ' || coalesce(email, '') || ' '
                           || coalesce(company, ''),
                           porter_whole(org_id, 'email', email),
                           porter_whole(org_id, 'company', company),
                           porter_whole(org_id, 'host', host_email))) STORED,
    PRIMARY KEY (org_id, id)
);
-- Lists read one status after the other and merge, so these two serve every
-- combination of statuses, newest first, and the count of who is on site.
CREATE INDEX visitors_status
    ON visitors (org_id, status, created_at DESC, id DESC);
CREATE INDEX visitors_location
    ON visitors (org_id, location_id, status, created_at DESC, id DESC);
-- A short pending list: a long one makes an unlucky insert wait for its merge.
CREATE INDEX visitors_words ON visitors USING gin (words)
    WITH (gin_pending_list_limit = 256);

CREATE TABLE contractors (
    org_id                 uuid NOT NULL REFERENCES organizations (id),
    id                     uuid NOT NULL,
    status                 text NOT NULL CHECK (status IN
                               ('pending', 'approved', 'rejected', 'expired')),
    company                text NOT NULL,
    contact_name           text,
    contact_email          text,
    contact_phone          text,
    trade                  text,
    location_ids           uuid[] NOT NULL DEFAULT '{}',
    insurance_expires_at   timestamptz,
    induction_completed_at timestamptz,
    approved_at            timestamptz,
    approved_by            text,
    valid_until            timestamptz,
    metadata               jsonb NOT NULL DEFAULT '{}',
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    words                  tsvector NOT NULL GENERATED ALWAYS AS (
                               porter_words(org_id,
                                   company || ' ' || coalesce(contact_name, '')
                                   || ' ' || coalesce(contact_email, ''),
                                   porter_whole(org_id, 'company', company)))
                               STORED,
    PRIMARY KEY (org_id, id)
);
-- An organization has thousands of them, not millions: lists walk this one.
CREATE INDEX contractors_created
    ON contractors (org_id, created_at DESC, id DESC);

CREATE TABLE evacuations (
    org_id       uuid NOT NULL REFERENCES organizations (id),
    id           uuid NOT NULL,
    location_id  uuid NOT NULL,
    status       text NOT NULL CHECK (status IN ('active', 'ended')),
    reason       text,
    drill        boolean NOT NULL DEFAULT false,
    activated_at timestamptz NOT NULL,
    activated_by text,
    ended_at     timestamptz,
    on_site      jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, location_id) REFERENCES locations (org_id, id)
);
CREATE UNIQUE INDEX evacuations_one_active ON evacuations (org_id, location_id)
    WHERE status = 'active' AND NOT drill;
