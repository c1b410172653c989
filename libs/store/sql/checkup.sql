-- What `porterctl doctor` asks PostgreSQL about itself. Nothing here is a
-- tenant's.

-- name: checkup_server
-- The beginning of this statement is the server's time, which nobody else asks
-- for: here it is held against ours.
SELECT current_setting('server_version_num')::bigint,
       pg_is_in_recovery()
           OR current_setting('default_transaction_read_only')::boolean,
       current_setting('fsync')::boolean
           AND current_setting('full_page_writes')::boolean
           AND current_setting('synchronous_commit') <> 'off',
       current_setting('autovacuum')::boolean
           AND current_setting('track_counts')::boolean,
       (SELECT query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
       (SELECT age(datfrozenxid) FROM pg_database
         WHERE datname = current_database()),
       (SELECT min(xact_start) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid());

-- name: checkup_connections
-- How many may still be opened by this role in this database, and how many may
-- be open at all. A limit of -1 is none; superusers have none.
SELECT CASE WHEN r.rolsuper THEN server.free
            ELSE LEAST(server.free,
                CASE WHEN r.rolconnlimit >= 0
                     THEN r.rolconnlimit - used.by_role END,
                CASE WHEN d.datconnlimit >= 0
                     THEN d.datconnlimit - used.by_database END) END,
       server.most
  FROM pg_roles r, pg_database d,
       (SELECT count(*) AS by_all,
               count(*) FILTER (WHERE usename = current_user) AS by_role,
               count(*) FILTER (WHERE datname = current_database())
                   AS by_database
          FROM pg_stat_activity WHERE datid IS NOT NULL) AS used,
       LATERAL (SELECT current_setting('max_connections')::bigint
                    - current_setting('superuser_reserved_connections')::bigint
                    AS most) AS most,
       LATERAL (SELECT most.most, most.most - used.by_all AS free) AS server
 WHERE r.rolname = current_user AND d.datname = current_database();

-- name: checkup_rights
-- What this role lacks to do all that Porter does: the first few. The days of
-- three tables are made and dropped by who owns them.
SELECT lack
  FROM (SELECT 'a schema to work in' AS lack WHERE current_schema() IS NULL
        UNION ALL
        SELECT format('CREATE on schema %I', current_schema())
         WHERE NOT has_schema_privilege(current_schema(), 'CREATE')
        UNION ALL
        SELECT format('%s on %s', needed, c.oid::regclass)
          FROM pg_class c,
               unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
         WHERE c.relnamespace = to_regnamespace(current_schema()::text)
           AND c.relkind IN ('r', 'p')
           AND NOT has_table_privilege(c.oid, needed)
        UNION ALL
        SELECT format('EXECUTE on %s', f.oid::regprocedure)
          FROM pg_proc f
         WHERE f.pronamespace = to_regnamespace(current_schema()::text)
           AND NOT has_function_privilege(f.oid, 'EXECUTE')
        UNION ALL
        SELECT format('the ownership of %s', c.oid::regclass)
          FROM pg_class c
         WHERE c.relnamespace = to_regnamespace(current_schema()::text)
           AND c.relkind = 'p' AND NOT pg_has_role(c.relowner, 'USAGE')
       ) AS lacks
 LIMIT 5;

-- name: checkup_partitions
-- The days that have no partition, of those from $1 on, $2 of them.
SELECT parent || ' ' || day::text
  FROM unnest(ARRAY['events', 'deliveries', 'attempts']) AS parent,
       generate_series(0, $2::int - 1) AS n,
       LATERAL (SELECT ($1::timestamptz AT TIME ZONE 'UTC')::date + n AS day) AS d
 WHERE to_regclass(parent || '_' || to_char(day, 'YYYYMMDD')) IS NULL
 ORDER BY day, parent;
