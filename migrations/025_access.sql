-- Who may see what (docs/access.md). Rights and policies are given by `calltrail access init` and `calltrail migrate up`, from
-- store/postgres/access/grants.sql, because roles belong to the server and not to a database. Here stands what needs no role:
-- tables that show nothing unless a policy says so, on every partition that is there or will be, and the connection on which
-- an audit row is committed before an answer is given.

-- +goose Up
-- +goose StatementBegin
-- What is protected is everything but the tables named here, so that a new table is protected until somebody decides otherwise.
-- Row security does not bind who owns the tables: the functions that answer run as the owner.
CREATE FUNCTION calltrail.protect() RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    impersonal text[] := ARRAY['schema_version', 'setting', 'partition', 'ledger', 'entry', 'coverage', 'tap', 'key', 'deletion_certificate',
                               'numbering_import', 'assignment_import', 'watchlist_job'];
    unsafe     record;
    changed    integer := 0;
BEGIN
    FOR unsafe IN
        SELECT c.relname
          FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
         WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
           AND coalesce(parent.relname, c.relname) <> ALL (impersonal)
         ORDER BY 1
    LOOP
        EXECUTE format('ALTER TABLE calltrail.%I ENABLE ROW LEVEL SECURITY', unsafe.relname);
        changed := changed + 1;
    END LOOP;
    -- A view asks with the rights of who made it, unless it is told not to: a mistaken grant on a view would show everything.
    FOR unsafe IN
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind = 'v' AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)
         ORDER BY 1
    LOOP
        EXECUTE format('ALTER VIEW calltrail.%I SET (security_invoker = true)', unsafe.relname);
        changed := changed + 1;
    END LOOP;
    -- A body is read anew in each session, and the session says what a backslash in it means: whoever calls a function that runs
    -- as the owner must not choose which patterns it compares with.
    FOR unsafe IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
         WHERE p.pronamespace = 'calltrail'::regnamespace AND p.prosecdef AND NOT coalesce(p.proconfig @> ARRAY['standard_conforming_strings=on'], false)
         ORDER BY 1
    LOOP
        EXECUTE format('ALTER ROUTINE %s SET standard_conforming_strings = on', unsafe.name);
        changed := changed + 1;
    END LOOP;
    RETURN changed;
END
$$;

-- The body of 012, and what is protected in the parent is protected in the partition: a grant on a partition goes past the
-- parent's policies. A partition has none of its own, so that it shows and takes nothing but through its parent.
CREATE OR REPLACE FUNCTION calltrail.make_partition(tab text, first_day date, end_day date) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part    text := tab || '_' || to_char(first_day, 'YYYYMMDD');
    at_time text := CASE tab WHEN 'call_record' THEN 'started_at' WHEN 'registration' THEN 'at' WHEN 'message' THEN 'at' WHEN 'coverage' THEN 'minute' END;
BEGIN
    -- LIKE and ATTACH instead of PARTITION OF: readers and writers of the parent are not locked out.
    EXECUTE format('CREATE TABLE calltrail.%I (LIKE calltrail.%I INCLUDING ALL)', part, tab);
    IF at_time IS NOT NULL THEN
        -- A day is the UTC date of this time, so a question about times need not look into every partition.
        EXECUTE format('ALTER TABLE calltrail.%I ADD CONSTRAINT time_in_days CHECK (%I >= %L::timestamptz AND %I < %L::timestamptz)',
            part, at_time, to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00', at_time, to_char(end_day, 'YYYY-MM-DD') || ' 00:00:00+00');
    END IF;
    IF (SELECT relrowsecurity FROM pg_class WHERE relnamespace = 'calltrail'::regnamespace AND relname = tab) THEN
        EXECUTE format('ALTER TABLE calltrail.%I ENABLE ROW LEVEL SECURITY', part);
        IF to_regrole('calltrail_pgaudit') IS NOT NULL THEN
            EXECUTE format('GRANT SELECT, UPDATE, DELETE ON calltrail.%I TO calltrail_pgaudit', part);
        END IF;
    END IF;
    EXECUTE format('ALTER TABLE calltrail.%I ATTACH PARTITION calltrail.%I FOR VALUES FROM (%L) TO (%L)', tab, part, first_day, end_day);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.%I EXECUTE FUNCTION calltrail.refuse_change()', part);
END
$$;

CREATE FUNCTION calltrail.audit_login() RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ('calltrail_audit_' || left(encode(sha256(convert_to(current_database(), 'UTF8')), 'hex'), 12))::name
$$;

-- A transaction cannot commit a part of itself, so what must stand whatever becomes of the asker's transaction is written by
-- another session: a connection from this server to itself, as a login that may do nothing but append to the audit.
-- The connection gets a name that nobody can foresee: one of the server's name, which the asker had opened before, would be
-- taken instead. It is closed at once, also when the statement fails or is cancelled.
CREATE FUNCTION calltrail.channel(statement text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home   text;
    line   text := 'calltrail ' || gen_random_uuid();
    answer text;
BEGIN
    SELECT quote_ident(n.nspname) INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'dblink';
    IF home IS NULL OR NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'calltrail_audit') THEN
        RAISE EXCEPTION 'the audit cannot be written: its connection is not set up'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'The administrator runs: calltrail access init';
    END IF;
    BEGIN
        EXECUTE format('SELECT %s.dblink_connect($1, $2)', home) USING line, 'calltrail_audit';
    EXCEPTION WHEN others THEN
        RAISE EXCEPTION 'the audit cannot be written: its connection is refused: %', replace(SQLERRM, E'\n', ' ')
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'The administrator runs: calltrail access init';
    END;
    BEGIN
        EXECUTE format('SELECT t.answer FROM %s.dblink($1, $2) AS t (answer text)', home) INTO answer USING line, statement;
    EXCEPTION WHEN query_canceled OR others THEN
        EXECUTE format('SELECT %s.dblink_disconnect($1)', home) USING line;
        RAISE;
    END;
    EXECUTE format('SELECT %s.dblink_disconnect($1)', home) USING line;
    RETURN answer;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.protect() IS 'Switches row security on for every table that may hold personal data, makes views ask with the rights of who uses them, and fixes for functions that run as the owner what a backslash means; returns how many it changed. Only the owner runs it';
COMMENT ON FUNCTION calltrail.audit_login() IS 'Name of the login that writes the audit of this database; it belongs to the server, so it carries the database''s name as a hash';
COMMENT ON FUNCTION calltrail.channel(text) IS 'Runs a statement in another session of this server, as the login that writes the audit, and returns the first column of its first row: what it writes is committed whatever becomes of the caller''s transaction. Only the owner''s functions call it';
REVOKE ALL ON FUNCTION calltrail.protect(), calltrail.channel(text), calltrail.audit_login() FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
SELECT calltrail.protect();

-- +goose Down
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
-- +goose StatementBegin
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT p.polname, c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'calltrail'::regnamespace LOOP
        EXECUTE format('DROP POLICY %I ON calltrail.%I', t.polname, t.relname);
    END LOOP;
    FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'calltrail'::regnamespace AND relkind IN ('r', 'p') AND relrowsecurity ORDER BY 1 LOOP
        EXECUTE format('ALTER TABLE calltrail.%I DISABLE ROW LEVEL SECURITY', t.relname);
    END LOOP;
    FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'calltrail'::regnamespace AND relkind = 'v' LOOP
        EXECUTE format('ALTER VIEW calltrail.%I RESET (security_invoker)', t.relname);
    END LOOP;
    FOR t IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.prosecdef LOOP
        EXECUTE format('ALTER ROUTINE %s RESET standard_conforming_strings', t.name);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.make_partition(tab text, first_day date, end_day date) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part    text := tab || '_' || to_char(first_day, 'YYYYMMDD');
    at_time text := CASE tab WHEN 'call_record' THEN 'started_at' WHEN 'registration' THEN 'at' WHEN 'message' THEN 'at' WHEN 'coverage' THEN 'minute' END;
BEGIN
    -- LIKE and ATTACH instead of PARTITION OF: readers and writers of the parent are not locked out.
    EXECUTE format('CREATE TABLE calltrail.%I (LIKE calltrail.%I INCLUDING ALL)', part, tab);
    IF at_time IS NOT NULL THEN
        -- A day is the UTC date of this time, so a question about times need not look into every partition.
        EXECUTE format('ALTER TABLE calltrail.%I ADD CONSTRAINT time_in_days CHECK (%I >= %L::timestamptz AND %I < %L::timestamptz)',
            part, at_time, to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00', at_time, to_char(end_day, 'YYYY-MM-DD') || ' 00:00:00+00');
    END IF;
    EXECUTE format('ALTER TABLE calltrail.%I ATTACH PARTITION calltrail.%I FOR VALUES FROM (%L) TO (%L)', tab, part, first_day, end_day);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.%I EXECUTE FUNCTION calltrail.refuse_change()', part);
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.channel(text);
DROP FUNCTION calltrail.audit_login();
DROP FUNCTION calltrail.protect();
