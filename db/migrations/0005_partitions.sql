-- Day partitions are made ahead; a row that finds none goes to …_default, so
-- nothing is lost when nobody made them.

-- Partitions of one table from first_day on, `days` of them; those that exist
-- are left alone. Answers how many were made.
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
        IF to_regclass(name) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    name, parent, day::timestamp AT TIME ZONE 'UTC',
                    (day + 1)::timestamp AT TIME ZONE 'UTC');
                made := made + 1;
            EXCEPTION
                WHEN check_violation THEN NULL;  -- the default already holds rows of that day
                WHEN duplicate_table THEN NULL;  -- another service was quicker
            END;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
