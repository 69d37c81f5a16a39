-- A record is never updated. The triggers stop mistakes and ordinary roles; who owns the database can remove them, and
-- the hash chain is what shows that. Retention drops whole partitions, which no row trigger sees.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION calltrail.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Records are never changed. Retention removes whole partitions.';
END
$$;

CREATE FUNCTION calltrail.ledger_only_grows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT NEW.received @> OLD.received OR NEW.head_seq < OLD.head_seq
       OR (NEW.sensor, NEW.epoch) <> (OLD.sensor, OLD.epoch)
       OR (OLD.genesis IS NOT NULL AND NEW.genesis IS DISTINCT FROM OLD.genesis) THEN
        RAISE EXCEPTION 'calltrail.ledger only grows: change of sensor %, epoch % refused', OLD.sensor, OLD.epoch
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.refuse_change() IS 'Trigger of the append-only tables: raises';
COMMENT ON FUNCTION calltrail.ledger_only_grows() IS 'Trigger of the ledger: raises when a received number would be forgotten';

-- Row triggers of a partitioned table are cloned to its partitions, statement triggers are not: calltrail.ensure_partitions
-- gives each partition its TRUNCATE trigger.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.call_record FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.record_body FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.endpoint FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.registration FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.entry FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.quarantine FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON calltrail.ledger FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE ON calltrail.ledger FOR EACH ROW EXECUTE FUNCTION calltrail.ledger_only_grows();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.call_record EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.record_body EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.endpoint EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.registration EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.entry EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.quarantine EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.ledger EXECUTE FUNCTION calltrail.refuse_change();

REVOKE ALL ON SCHEMA calltrail FROM PUBLIC;
REVOKE ALL ON FUNCTION calltrail.refuse_change(), calltrail.ledger_only_grows() FROM PUBLIC;

-- +goose Down
DROP TRIGGER no_truncate ON calltrail.ledger;
DROP TRIGGER no_truncate ON calltrail.quarantine;
DROP TRIGGER no_truncate ON calltrail.entry;
DROP TRIGGER no_truncate ON calltrail.registration;
DROP TRIGGER no_truncate ON calltrail.endpoint;
DROP TRIGGER no_truncate ON calltrail.record_body;
DROP TRIGGER no_truncate ON calltrail.call_record;
DROP TRIGGER only_grows ON calltrail.ledger;
DROP TRIGGER append_only ON calltrail.ledger;
DROP TRIGGER append_only ON calltrail.quarantine;
DROP TRIGGER append_only ON calltrail.entry;
DROP TRIGGER append_only ON calltrail.registration;
DROP TRIGGER append_only ON calltrail.endpoint;
DROP TRIGGER append_only ON calltrail.record_body;
DROP TRIGGER append_only ON calltrail.call_record;
DROP FUNCTION calltrail.ledger_only_grows();
DROP FUNCTION calltrail.refuse_change();
