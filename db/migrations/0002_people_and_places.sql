-- What the REST API shows: locations, visitors, contractors, evacuations.

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

CREATE TABLE visitors (
    org_id         uuid NOT NULL REFERENCES organizations (id),
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
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, location_id) REFERENCES locations (org_id, id)
);
CREATE INDEX visitors_created ON visitors (org_id, created_at DESC, id DESC);
CREATE INDEX visitors_status ON visitors (org_id, status, created_at DESC, id DESC);
CREATE INDEX visitors_location ON visitors (org_id, location_id, created_at DESC, id DESC);
CREATE INDEX visitors_on_site ON visitors (org_id, location_id) WHERE status = 'checked_in';

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
    PRIMARY KEY (org_id, id)
);
CREATE INDEX contractors_created ON contractors (org_id, created_at DESC, id DESC);

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
