-- Which held delivery was tried last, to see whether the endpoint is back? The
-- next probe takes another: it may be one event alone that is refused.
ALTER TABLE webhook_circuits ADD COLUMN probed_id uuid;
