-- Lists of one webhook have an index whose order nobody else has: the primary
-- key gives ids in order too, and where one webhook has most of the deliveries
-- the planner took that, and read all of the others' and all other states.
-- NULLS LAST is what only this index and its statements say.
-- On a large log make it beforehand on each partition by hand, CONCURRENTLY and
-- with these very columns: this then takes those.
CREATE INDEX deliveries_of_webhook_by_id
    ON deliveries (org_id, webhook_id, state, id DESC NULLS LAST, event_type);
DROP INDEX deliveries_of_webhook;
