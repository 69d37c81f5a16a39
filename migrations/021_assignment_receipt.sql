-- What came live: by whom and when a row of assignment was told over the network, where no file was imported.

-- +goose Up
CREATE TABLE calltrail.assignment_receipt (
    assignment_id uuid        PRIMARY KEY REFERENCES calltrail.assignment,
    via           text        NOT NULL CHECK (via IN ('radius', 'ipfix', 'syslog')),
    sender        inet        NOT NULL,
    received_at   timestamptz NOT NULL
);

COMMENT ON TABLE calltrail.assignment_receipt IS 'Where the rows of assignment that came live came from (calltrail assignments listen); those of files have import_id. Append-only.';
COMMENT ON COLUMN calltrail.assignment_receipt.assignment_id IS 'Row of assignment';
COMMENT ON COLUMN calltrail.assignment_receipt.via IS 'radius, ipfix, syslog: the protocol that told it';
COMMENT ON COLUMN calltrail.assignment_receipt.sender IS 'Address that told it last, as the packet had it';
COMMENT ON COLUMN calltrail.assignment_receipt.received_at IS 'When, by the clock of the host that listened';
COMMENT ON COLUMN calltrail.assignment.import_id IS 'File it came with; NULL: manual, or live, and then assignment_receipt says from whom';
COMMENT ON COLUMN calltrail.assignment.session IS 'What rows that tell of one session have in common, each after a vertical bar: of radius the access server, Acct-Session-Id and User-Name; of a NAT that was listened to the protocol, its address and the translation; of the others the address, its holder and the beginning';

-- Accounting-On ends the open sessions of one access server: all of a beginning of session, compared octet by octet.
CREATE INDEX assignment_open_radius ON calltrail.assignment (session text_pattern_ops) WHERE source = 'radius' AND upper_inf(during);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.assignment_receipt FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.assignment_receipt EXECUTE FUNCTION calltrail.refuse_change();

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.assignment_receipt) THEN
        RAISE EXCEPTION 'calltrail.assignment_receipt holds receipts: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP INDEX calltrail.assignment_open_radius;
DROP TABLE calltrail.assignment_receipt;
COMMENT ON COLUMN calltrail.assignment.import_id IS 'File it came with; NULL: manual';
COMMENT ON COLUMN calltrail.assignment.session IS 'What rows that tell of one session have in common: of radius the access server, Acct-Session-Id and User-Name, of the others the address, its holder and the beginning, each after a vertical bar';
