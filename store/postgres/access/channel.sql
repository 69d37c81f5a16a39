-- The login that writes the audit, and the owner's way to it. Sent as one statement: what is made up here is never on the wire.
DO $$
DECLARE
    login  text := quote_ident(calltrail.audit_login());
    owner  text := (SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = 'calltrail');
    secret text := gen_random_uuid()::text || gen_random_uuid()::text; -- 244 random bits
    super  boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
BEGIN
    PERFORM set_config('password_encryption', 'scram-sha-256', true);
    IF super THEN
        -- So that no log gets the secret, whatever the server logs.
        PERFORM set_config('log_statement', 'none', true), set_config('log_min_error_statement', 'panic', true), set_config('log_min_duration_statement', '-1', true);
        PERFORM set_config('pgaudit.log', 'none', true);
    END IF;
    IF to_regrole(login) IS NULL THEN
        EXECUTE format('CREATE ROLE %s', login);
    END IF;
    EXECUTE format('ALTER ROLE %s LOGIN NOINHERIT PASSWORD %L', login, secret);
    -- A row of the audit is on the disk before anybody gets an answer, and nobody waits for it for ever.
    EXECUTE format('ALTER ROLE %s SET synchronous_commit = on', login);
    EXECUTE format('ALTER ROLE %s SET statement_timeout = ''30s''', login);
    IF super THEN
        -- What was asked for is personal data, and belongs into the audit and not into the server's log.
        EXECUTE format('ALTER ROLE %s SET log_statement = none', login);
        EXECUTE format('ALTER ROLE %s SET log_min_error_statement = panic', login);
        EXECUTE format('ALTER ROLE %s SET log_min_duration_statement = -1', login);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'calltrail_audit') THEN
        EXECUTE format('CREATE SERVER calltrail_audit FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host ''127.0.0.1'', port ''%s'', dbname %L, connect_timeout ''5'')',
            current_setting('port'), current_database());
        IF owner <> quote_ident(current_user) THEN
            EXECUTE format('ALTER SERVER calltrail_audit OWNER TO %s', owner);
        END IF;
    END IF;
    EXECUTE format('DROP USER MAPPING IF EXISTS FOR %s SERVER calltrail_audit', owner);
    EXECUTE format('CREATE USER MAPPING FOR %s SERVER calltrail_audit OPTIONS (user %L, password %L)', owner, calltrail.audit_login(), secret);
END
$$;
