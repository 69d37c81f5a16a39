-- Takes every right in the schema from the roles, from the audit's login and from PUBLIC. Only what has a right is touched.
DO $$
DECLARE
    groups name[] := ARRAY['calltrail_sensor_writer', 'calltrail_analyst', 'calltrail_approver', 'calltrail_auditor', 'calltrail_retention'];
    who    record;
BEGIN
    FOR who IN
        WITH grantee AS (
            SELECT oid, quote_ident(rolname) AS name FROM pg_roles WHERE rolname = ANY (groups) OR rolname = calltrail.audit_login()
            UNION ALL SELECT 0, 'PUBLIC'
        ), held AS (
            SELECT 'TABLE ' || c.oid::regclass AS object, a.grantee
              FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            UNION
            SELECT 'TABLE ' || c.oid::regclass, a.grantee
              FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a WHERE c.relnamespace = 'calltrail'::regnamespace
            UNION
            SELECT 'SEQUENCE ' || c.oid::regclass, a.grantee
              FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind = 'S'
            UNION
            SELECT 'ROUTINE ' || p.oid::regprocedure, a.grantee
              FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE p.pronamespace = 'calltrail'::regnamespace
            UNION
            SELECT 'SCHEMA calltrail', a.grantee FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'calltrail'
        )
        SELECT h.object, g.name FROM held h JOIN grantee g ON g.oid = h.grantee ORDER BY 1, 2
    LOOP
        EXECUTE 'REVOKE ALL ON ' || who.object || ' FROM ' || who.name || ' CASCADE';
    END LOOP;
END
$$;
