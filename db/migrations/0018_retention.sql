-- Old days go, a partition at a time.

-- Drop the oldest partition of the parent whose day ended by `before`; answers
-- its name, NULL when there is none (or the parent is in use: ask again later).
-- A day of deliveries that are still to be sent stays.
CREATE FUNCTION porter_drop_day(parent text, before timestamptz)
RETURNS text LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
    last CONSTANT date := (before AT TIME ZONE 'UTC')::date - 1;
    name text;
    busy boolean;
BEGIN
    FOR name IN
        SELECT c.relname::text
          FROM pg_inherits i
          JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = parent::regclass
           AND c.relname ~ ('^' || parent || '_[0-9]{8}$')
           AND right(c.relname, 8) <= to_char(last, 'YYYYMMDD')
         ORDER BY c.relname
    LOOP
        -- Everybody else queues behind our waiting, which therefore ends soon.
        EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
        -- Another service was quicker.
        CONTINUE WHEN to_regclass(name) IS NULL;
        IF parent = 'deliveries' THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE due_at IS NOT NULL)', name)
               INTO busy;
            CONTINUE WHEN busy;
        END IF;
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, name);
        EXECUTE format('DROP TABLE %I', name);
        RETURN name;
    END LOOP;
    RETURN NULL;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN NULL;
END
$$;
