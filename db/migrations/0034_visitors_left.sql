-- Who left this location since midnight? By the departure: who came yesterday and
-- left today is found, and who came today and is still here is not read. It holds
-- those who have left alone, so a pre-registration does not pay for it. The
-- location comes first: no other index begins with it, whatever the planner
-- believes. On a large table make it beforehand by hand with CONCURRENTLY: then
-- this finds it.
CREATE INDEX IF NOT EXISTS visitors_left
    ON visitors (location_id, org_id, checked_out_at, id) WHERE status = 'checked_out';
