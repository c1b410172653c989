-- Contractors' decisions, and an index for each of their lists.

ALTER TABLE contractors
    ADD COLUMN rejected_at timestamptz,
    ADD COLUMN rejected_by text,
    ADD COLUMN reason      text;
-- Lists read one status after the other and merge, as those of visitors.
CREATE INDEX contractors_status
    ON contractors (org_id, status, created_at DESC, id DESC);
CREATE INDEX contractors_expires
    ON contractors (org_id, least(insurance_expires_at, valid_until));
CREATE INDEX contractors_words ON contractors USING gin (words);
DROP INDEX contractors_created;
