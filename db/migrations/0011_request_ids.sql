-- The id of the request that caused an event goes the whole way: with the row
-- of the outbox to Kafka, with the delivery to the endpoint. NULL: none did, or
-- the row is older than the column.
ALTER TABLE outbox ADD COLUMN request_id text;
ALTER TABLE deliveries ADD COLUMN request_id text;
