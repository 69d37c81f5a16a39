-- Policies follow the rights that were given: a role that may read or add rows of a protected table by the list sees and adds
-- them, and nobody else does. Partitions get none: what may be done is done through the parent.
DO $$
DECLARE
    groups name[] := ARRAY['calltrail_sensor_writer', 'calltrail_analyst', 'calltrail_approver', 'calltrail_auditor', 'calltrail_retention'];
    p      record;
BEGIN
    FOR p IN SELECT o.polname, c.relname FROM pg_policy o JOIN pg_class c ON c.oid = o.polrelid
              WHERE c.relnamespace = 'calltrail'::regnamespace AND o.polname LIKE 'listed\_%' LOOP
        EXECUTE format('DROP POLICY %I ON calltrail.%I', p.polname, p.relname);
    END LOOP;
    FOR p IN
        WITH held AS (
            SELECT c.oid, a.grantee, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
            UNION
            SELECT t.attrelid, a.grantee, a.privilege_type FROM pg_attribute t, aclexplode(t.attacl) a
        )
        SELECT c.relname, r.rolname, h.privilege_type
          FROM held h JOIN pg_class c ON c.oid = h.oid JOIN pg_roles r ON r.oid = h.grantee
         WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relrowsecurity AND NOT c.relispartition AND r.rolname = ANY (groups)
           AND h.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
         ORDER BY 1, 2, 3
    LOOP
        EXECUTE format('CREATE POLICY %I ON calltrail.%I FOR %s TO %I %s', 'listed_' || p.rolname || '_' || lower(p.privilege_type), p.relname,
            p.privilege_type, p.rolname, CASE p.privilege_type WHEN 'INSERT' THEN 'WITH CHECK (true)' WHEN 'UPDATE' THEN 'USING (true) WITH CHECK (true)' ELSE 'USING (true)' END);
    END LOOP;
END
$$;
