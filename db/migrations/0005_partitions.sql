-- Day partitions are made ahead; a row that finds none goes to …_default, so
-- nothing is lost when nobody made them.

-- Partitions of one table from first_day on, `days` of them; those that exist
-- are left alone. Answers how many were made. A partition is made apart and
-- then attached: CREATE … PARTITION OF would stop all writers of the parent.
CREATE FUNCTION porter_ensure_partitions(parent text, first_day date, days integer)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day  date;
    name text;
    made integer := 0;
BEGIN
    FOR i IN 0 .. days - 1 LOOP
        day := first_day + i;
        name := parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)',
                           name, parent);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                parent, name, day::timestamp AT TIME ZONE 'UTC',
                (day + 1)::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        EXCEPTION
            WHEN check_violation THEN NULL;  -- the default holds rows of that day
            WHEN duplicate_table THEN NULL;  -- another service was quicker
            WHEN unique_violation THEN NULL; -- … at the very same moment
        END;
    END LOOP;
    RETURN made;
END
$$;
