-- When did a webhook whose endpoint only failed last answer well to a probe or a
-- sample? What failed before counts no more. NULL: never. (An attempt that is no
-- sample counts in webhook_hours; but later than this is written, and a sample
-- counts nowhere else.)
ALTER TABLE webhooks ADD COLUMN answered_at timestamptz;
