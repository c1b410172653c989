-- Lists of visitors sorted by expected_at and checked_in_at, and by ranges of
-- them. As with created_at: one status after the other, merged; rows without
-- the time lie together at the end, by id. On a large table make them beforehand
-- by hand with CONCURRENTLY: then this finds them there.
CREATE INDEX IF NOT EXISTS visitors_expected
    ON visitors (org_id, status, expected_at, id);
CREATE INDEX IF NOT EXISTS visitors_expected_at_location
    ON visitors (org_id, location_id, status, expected_at, id);
CREATE INDEX IF NOT EXISTS visitors_checked_in
    ON visitors (org_id, status, checked_in_at, id);
CREATE INDEX IF NOT EXISTS visitors_checked_in_at_location
    ON visitors (org_id, location_id, status, checked_in_at, id);

-- In plpgsql, as the others are: planned once a session. And a q without a
-- single letter or digit finds nothing, instead of everything.
CREATE OR REPLACE FUNCTION porter_search(org_id uuid, q text, VARIADIC whole text[])
RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    tag CONSTANT text := right(org_id::text, 8);
    terms text[] := array_remove(whole, NULL);
    search text;
BEGIN
    IF q IS NULL AND terms = '{}' THEN
        RETURN NULL;
    END IF;
    SELECT string_agg('''' || replace(replace(term, '\', '\\'), '''', '''''') || '''' || weight, ' & ')
      INTO search
      FROM (SELECT tag || word AS term, ':*' AS weight
              FROM regexp_split_to_table(porter_fold(coalesce(q, '')), '[^[:alnum:]]+') AS word
             WHERE word <> ''
            UNION ALL
            SELECT value, '' FROM unnest(terms) AS value) AS wanted;
    RETURN CASE WHEN q IS NULL OR porter_fold(q) ~ '[[:alnum:]]' THEN search
                ELSE '''' || tag || '''' END::tsquery;  -- the tag alone is nobody's word
END
$$;
