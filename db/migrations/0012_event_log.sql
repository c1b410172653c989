-- The event log by its own order, for GET /events. 0003 wanted no index for it:
-- a reader was to go back by the longest a transaction may last, and sort. But
-- the time in an id is a gateway's clock, and clocks are set back and differ,
-- so no such span is always long enough; and a busy span is too much to sort.
-- created_at, the last column, picks no rows of a page: it lets the bounds that
-- open only some days count for this index as they do for the primary key,
-- which the planner may else take, and sort all it gives.
-- On a large log make both beforehand on each partition by hand, CONCURRENTLY
-- and with these very columns: this then takes those.
CREATE INDEX events_log ON events (org_id, txid, id, created_at);
-- What happened to one visitor, contractor or evacuation: a handful of a log
-- that may have millions since.
CREATE INDEX events_subject ON events (org_id, subject, txid, id);
