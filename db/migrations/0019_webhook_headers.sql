-- Headers that a webhook's requests carry besides ours. Their values are secrets:
-- all of them sealed together (libs/crypt), for the dispatcher alone; the names
-- once more, to be shown. NULL and empty: none.
ALTER TABLE webhooks ADD COLUMN headers bytea;
ALTER TABLE webhooks ADD COLUMN header_names text[] NOT NULL DEFAULT '{}';
