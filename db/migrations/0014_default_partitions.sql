-- Rows that lie in …_default get the partition of their day after all.

CREATE FUNCTION porter_partition_key(parent text)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT attname::text
      FROM pg_partitioned_table
      JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
     WHERE partrelid = parent::regclass
$$;

-- As before, but it gives way. ATTACH locks the default, where readers are
-- nearly always: while we wait for one, everybody else waits behind us. So we
-- wait for a moment only (there is a week for it), and not at all for a day
-- whose rows the default holds. And the parent's lock, which stops neither
-- readers nor writers, comes first: no two of us make the same table.
CREATE OR REPLACE FUNCTION porter_ensure_partitions(parent text, first_day date, days integer)
RETURNS integer LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
    key    CONSTANT text := porter_partition_key(parent);
    day    date;
    begins timestamptz;
    ends   timestamptz;
    name   text;
    held   boolean;
    made   integer := 0;
BEGIN
    FOR i IN 0 .. days - 1 LOOP
        day := first_day + i;
        begins := day::timestamp AT TIME ZONE 'UTC';
        ends := (day + 1)::timestamp AT TIME ZONE 'UTC';
        name := parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= $1 AND %I < $2)',
                       parent || '_default', key, key)
           INTO held USING begins, ends;
        CONTINUE WHEN held; -- porter_move_day
        BEGIN
            EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
            CONTINUE WHEN to_regclass(name) IS NOT NULL; -- another service was quicker
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)',
                           name, parent);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                parent, name, begins, ends);
            made := made + 1;
        EXCEPTION
            WHEN check_violation THEN NULL; -- a row of that day came right now
            WHEN lock_not_available THEN EXIT;
        END;
    END LOOP;
    RETURN made;
END
$$;

-- Make the partition of a day whose rows the default holds, with those rows in
-- it. To be called for few rows, in a transaction of its own: nobody reads or
-- writes the parent meanwhile.
--
-- ATTACH alone would lock the default so, and readers ask it nearly always. The
-- parent is locked in its place because a writer that has chosen the default
-- already, and waits for it, would be refused: its row belongs elsewhere now.
-- Who waits for the parent chooses after us. With it nobody but a vacuum can be
-- in the default, so that it is the one lock we wait for, and nobody waits for
-- us in a ring. Everybody else queues behind our waiting, which therefore ends
-- soon; the rows stay where they are then.
CREATE FUNCTION porter_move_day(parent text, day date)
RETURNS void LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
    name   CONSTANT text := parent || '_' || to_char(day, 'YYYYMMDD');
    begins CONSTANT timestamptz := day::timestamp AT TIME ZONE 'UTC';
    ends   CONSTANT timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
    key    CONSTANT text := porter_partition_key(parent);
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION '% has no day partitions', parent;
    END IF;
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
    -- Another service was quicker, or somebody detached the day and kept it.
    IF to_regclass(name) IS NOT NULL THEN
        RAISE NOTICE 'there is a table % already: nothing was moved', name;
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *)'
                   ' INSERT INTO %I SELECT * FROM moved',
                   parent || '_default', key, key, name) USING begins, ends;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   parent, name, begins, ends);
EXCEPTION
    WHEN lock_not_available THEN
        RAISE NOTICE '% is in use: nothing was moved, try again', parent;
END
$$;
