-- Who may do what: the whole list, one block for each area. Everything was taken away just before; what does not stand here is
-- refused. testdata/matrix.txt shows what it comes to, and a test holds the two together.

-- Everybody: to name things of the schema, and for programs to see that it is the one they know.
GRANT USAGE ON SCHEMA calltrail TO calltrail_sensor_writer, calltrail_analyst, calltrail_approver, calltrail_auditor, calltrail_retention;
GRANT SELECT ON calltrail.schema_version, calltrail.setting TO calltrail_sensor_writer, calltrail_analyst, calltrail_approver, calltrail_auditor, calltrail_retention;

-- Storing records. Of records and addresses the store reads back identities only, to see which were new.
GRANT INSERT, SELECT (day, record_id) ON calltrail.call_record, calltrail.registration, calltrail.message TO calltrail_sensor_writer;
GRANT INSERT ON calltrail.record_body, calltrail.endpoint TO calltrail_sensor_writer;
GRANT SELECT, INSERT ON calltrail.coverage, calltrail.entry TO calltrail_sensor_writer;
GRANT SELECT, INSERT, UPDATE ON calltrail.ledger, calltrail.tap TO calltrail_sensor_writer;
GRANT INSERT, SELECT (id, received_at, sensor, epoch, seq, reason) ON calltrail.quarantine TO calltrail_sensor_writer;
GRANT SELECT ON calltrail.partition, calltrail.gap TO calltrail_sensor_writer;
GRANT EXECUTE ON FUNCTION calltrail.ensure_partitions(date, date) TO calltrail_sensor_writer;

-- Telling whose an address was (calltrail assignments), by the programs that hear it and import it.
GRANT SELECT, INSERT ON calltrail.assignment, calltrail.assignment_import, calltrail.assignment_receipt TO calltrail_sensor_writer;
GRANT SELECT ON calltrail.assignments, calltrail.assignment_due TO calltrail_sensor_writer;
GRANT EXECUTE ON FUNCTION calltrail.correct_due TO calltrail_sensor_writer;

-- Publishing the hits of watchlists (watchlist.alerts_topic) from their queue.
GRANT SELECT, DELETE ON calltrail.watchlist_alert TO calltrail_sensor_writer;
GRANT SELECT ON calltrail.watchlist_hit TO calltrail_sensor_writer;
GRANT SELECT (entry_id, list, case_ref) ON calltrail.watchlist_entry TO calltrail_sensor_writer;
GRANT UPDATE (watchlist_alerts) ON calltrail.setting TO calltrail_sensor_writer;

-- Questions: by these functions and no other way. They ask as the owner, see that the request allows it, and write the audit.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'calltrail'::regnamespace AND (proname = 'ask' OR proname LIKE 'ask\_%') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO calltrail_analyst', f);
    END LOOP;
END
$$;

-- The register of requests. Who may do what with which request is in the functions.
GRANT EXECUTE ON FUNCTION calltrail.register_request, calltrail.open_emergency, calltrail.open_request, calltrail.questions TO calltrail_analyst;
GRANT EXECUTE ON FUNCTION calltrail.approve_request, calltrail.refuse_request, calltrail.raise_rows TO calltrail_approver;
GRANT EXECUTE ON FUNCTION calltrail.close_request TO calltrail_analyst, calltrail_approver;
GRANT EXECUTE ON FUNCTION calltrail.my_requests TO calltrail_analyst, calltrail_approver, calltrail_auditor;
GRANT EXECUTE ON FUNCTION calltrail.read_time TO calltrail_analyst, calltrail_auditor;

-- Overseeing: the register, the audit, the chains and what the taps saw. No record of a call.
GRANT SELECT ON calltrail.request, calltrail.request_event, calltrail.requests, calltrail.question,
    calltrail.audit, calltrail.audit_month, calltrail.audit_emergency TO calltrail_auditor;
GRANT EXECUTE ON FUNCTION calltrail.audit_verify TO calltrail_auditor;
GRANT SELECT ON calltrail.entry, calltrail.ledger, calltrail.gap, calltrail.coverage, calltrail.tap, calltrail.partition,
    calltrail.key, calltrail.deletion_certificate TO calltrail_auditor;

-- Retention and holds. Functions do both, and write the audit.
GRANT EXECUTE ON FUNCTION calltrail.retention_plan, calltrail.give_notice, calltrail.retention_begin, calltrail.retention_finish,
    calltrail.retention_assignments, calltrail.remove_backup TO calltrail_retention;
GRANT EXECUTE ON FUNCTION calltrail.add_hold, calltrail.release_hold TO calltrail_retention, calltrail_approver;
GRANT SELECT ON calltrail.hold, calltrail.hold_release, calltrail.holds TO calltrail_retention, calltrail_approver, calltrail_auditor;
GRANT SELECT ON calltrail.retention_notice, calltrail.retention_run, calltrail.backup_removal TO calltrail_retention, calltrail_auditor;
GRANT SELECT ON calltrail.partition, calltrail.deletion_certificate TO calltrail_retention;

-- The audit's login: to append, and nothing else.
DO $$
DECLARE
    f regprocedure;
BEGIN
    IF to_regrole(quote_ident(calltrail.audit_login())) IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SCHEMA calltrail TO %I', calltrail.audit_login());
        FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'calltrail'::regnamespace AND proname = 'audit_append' LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f, calltrail.audit_login());
        END LOOP;
    END IF;
END
$$;
