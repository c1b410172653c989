-- What was done to keys (to webhooks, evacuations …)? Without it the few changes
-- of settings would have to be looked for among all that happens at front desks.
-- As with the actor's index, the word comes first: no other index begins with it.
-- On a large log make it beforehand by hand with CONCURRENTLY: then this finds it.
CREATE INDEX IF NOT EXISTS audit_log_about
    ON audit_log (split_part(action, '.', 1), org_id, id);
