-- pgaudit notes a statement that uses a right which the role calltrail_pgaudit holds: reading, changing and deleting in every
-- protected table and partition. Partitions that are made later get the same from calltrail.make_partition.
DO $$
DECLARE
    t regclass;
BEGIN
    IF to_regrole('calltrail_pgaudit') IS NULL THEN
        RETURN;
    END IF;
    FOR t IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity LOOP
        EXECUTE format('GRANT SELECT, UPDATE, DELETE ON %s TO calltrail_pgaudit', t);
    END LOOP;
END
$$;
