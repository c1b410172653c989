-- The trace (W3C Trace Context) of the request that caused the event: a retry,
-- which is made from the row, belongs to it as the first attempt does. NULL: not
-- known. (Not the header's text: without statistics PostgreSQL takes a text for
-- 32 bytes, and the wider it takes rows to be, the fewer it expects.)
ALTER TABLE deliveries ADD COLUMN trace_id uuid, ADD COLUMN trace_flags smallint;
