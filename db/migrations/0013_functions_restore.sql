-- pg_restore sets search_path to nothing, and computes the columns `words` anew:
-- the functions behind them name each other by schema from here on. (SET
-- search_path on the functions would do as well, but each call would pay.)
DO $$
DECLARE
    here CONSTANT text := quote_ident(current_schema());
    one  regprocedure;
BEGIN
    FOR one IN
        SELECT p.oid
          FROM pg_proc p
         WHERE p.pronamespace = current_schema()::regnamespace
           AND p.proname IN ('porter_whole', 'porter_words', 'porter_search')
    LOOP
        EXECUTE regexp_replace(pg_get_functiondef(one),
                               '(?<![a-z_.])porter_fold\(', here || '.porter_fold(', 'g');
    END LOOP;
END
$$;
