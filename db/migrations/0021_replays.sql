-- Deliveries that are sent again by the thousand: work of its own, in portions.

-- One that somebody asked for. Where it stands moves in the transaction that
-- makes the portion before it due, so that whoever goes on leaves none out and
-- takes none twice.
CREATE TABLE replays (
    org_id         uuid NOT NULL,
    id             uuid NOT NULL,
    webhook_id     uuid NOT NULL,
    state          text NOT NULL
                   CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    -- Of which deliveries; NULL is any.
    states         text[] NOT NULL,
    event_type     text,
    created_from   timestamptz,
    created_to     timestamptz,
    failure        text,                   -- of the last attempt, in a word
    cursor_id      uuid,                   -- the last delivery that was looked at
    total_count    integer,                -- NULL: not counted (yet)
    looked_count   integer NOT NULL DEFAULT 0,
    replayed_count integer NOT NULL DEFAULT 0,
    reason         text,                   -- why it failed
    next_at        timestamptz,            -- of the next portion; NULL: it has ended
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    CHECK ((next_at IS NULL) = (finished_at IS NOT NULL)),
    PRIMARY KEY (org_id, id)
);
-- Whose next portion is due?
CREATE INDEX replays_next ON replays (next_at) WHERE next_at IS NOT NULL;
-- What goes on for a webhook, and is another before it?
CREATE INDEX replays_going ON replays (org_id, webhook_id, id) WHERE next_at IS NOT NULL;
-- The list, newest first.
CREATE INDEX replays_of_webhook ON replays (org_id, webhook_id, id DESC NULLS LAST);
-- What has ended long ago?
CREATE INDEX replays_ended ON replays (finished_at) WHERE finished_at IS NOT NULL;

-- What is sent again to a webhook and is due: does its endpoint keep up? New
-- deliveries are not in it.
-- On a large log make it beforehand on each partition by hand, CONCURRENTLY and
-- with these very columns: this then takes those.
CREATE INDEX deliveries_again ON deliveries (org_id, webhook_id, due_at)
    WHERE attempts_before > 0 AND due_at IS NOT NULL;
