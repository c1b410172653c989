-- Why a delivery failed, in a word, also when there was no attempt to say it:
-- an event too large to be sent, a webhook that is gone. NULL for rows from
-- before, and when there was an answer.
ALTER TABLE deliveries ADD COLUMN last_failure text;
