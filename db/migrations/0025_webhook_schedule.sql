-- A webhook's own retry schedule and the age up to which an event is tried
-- again, in seconds; NULL: the configuration's.
ALTER TABLE webhooks ADD COLUMN retry_waits_s bigint[];
ALTER TABLE webhooks ADD COLUMN max_age_s bigint;
