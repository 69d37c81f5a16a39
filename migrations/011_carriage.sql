-- How signalling was carried: a TLS connection's outside, the parts of a cell's identity, the transport and tunnels of a
-- registration; the values that a message contradicts itself with; and the legs of one call, found by their group.

-- +goose Up
ALTER TABLE calltrail.call_record
    ADD COLUMN cell_mcc              text,
    ADD COLUMN cell_mnc              text,
    ADD COLUMN cell_area             text,
    ADD COLUMN cell_ci               text,
    ADD COLUMN cell_network_provided boolean,
    ADD COLUMN passport_reason       text,
    ADD COLUMN tls_server_name       text,
    ADD COLUMN tls_alpn              text[],
    ADD COLUMN tls_version           text,
    ADD COLUMN tls_packets_up        bigint,
    ADD COLUMN tls_packets_down      bigint,
    ADD COLUMN tls_octets_up         bigint,
    ADD COLUMN tls_octets_down       bigint,
    ADD COLUMN sip_conflicting       jsonb;

COMMENT ON COLUMN calltrail.call_record.cell_type IS 'P-Access-Network-Info (RFC 7315): access type, such as 3GPP-E-UTRAN-FDD';
COMMENT ON COLUMN calltrail.call_record.cell_id IS 'P-Access-Network-Info: cell, or of another network the access node, as sent';
COMMENT ON COLUMN calltrail.call_record.cell_mcc IS 'Cell: mobile country code';
COMMENT ON COLUMN calltrail.call_record.cell_mnc IS 'Cell: mobile network code, two or three digits';
COMMENT ON COLUMN calltrail.call_record.cell_area IS 'Cell: location area code (GSM, UMTS) or tracking area code (LTE, 5G), hexadecimal as sent';
COMMENT ON COLUMN calltrail.call_record.cell_ci IS 'Cell: cell identity, hexadecimal as sent: of GSM within its area, of UMTS, LTE (ECI) and 5G (NCI) within the network';
COMMENT ON COLUMN calltrail.call_record.cell_network_provided IS 'Cell: the network wrote it, not the telephone; NULL when it does not say so, and it cannot be relied upon';
COMMENT ON COLUMN calltrail.call_record.passport_reason IS 'PASSporT: what passport_verified rests on, or why it was not checked';
COMMENT ON COLUMN calltrail.call_record.tls_server_name IS 'TLS connection: name the client asked for (SNI)';
COMMENT ON COLUMN calltrail.call_record.tls_alpn IS 'TLS connection: protocols the client offered (ALPN), in its order';
COMMENT ON COLUMN calltrail.call_record.tls_version IS 'TLS connection: highest version the client offered; the server may have chosen a lower one';
COMMENT ON COLUMN calltrail.call_record.tls_packets_up IS 'TLS connection: TCP segments with payload from client (src) to server (dst); NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.tls_packets_down IS 'TLS connection: TCP segments with payload from server to client; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.tls_octets_up IS 'TLS connection: octets of TCP payload from client to server; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.tls_octets_down IS 'TLS connection: octets of TCP payload from server to client; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.sip_conflicting IS 'All values of header fields that a message of the call had several of: {call_id: [], from: [], to: [], cseq: [], content_length: []}; NULL when none had';

CREATE INDEX call_record_group_uid ON calltrail.call_record (group_uid) WHERE group_uid IS NOT NULL;

ALTER TABLE calltrail.registration ADD COLUMN transport text, ADD COLUMN tunnel jsonb;
COMMENT ON COLUMN calltrail.registration.transport IS 'udp, tcp, tls, ws, wss, sctp';
COMMENT ON COLUMN calltrail.registration.tunnel IS 'Tunnels the packet came through, outermost first: [{type, id, src, dst}]';

-- As 007 has it: a view's columns are those its table had when it was made, so it is made again with the new ones.
CREATE OR REPLACE VIEW calltrail.calls AS
SELECT r.*
  FROM calltrail.call_record r
 WHERE NOT EXISTS (
    SELECT
      FROM calltrail.call_record better
     WHERE better.day = r.day
       AND better.call_uid = r.call_uid
       AND (better.final, better.revision, better.received_at, better.record_id) > (r.final, r.revision, r.received_at, r.record_id)
 );

-- +goose StatementBegin
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT a.attname, col_description(a.attrelid, a.attnum) AS text
          FROM pg_attribute a
         WHERE a.attrelid = 'calltrail.call_record'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN calltrail.calls.%I IS %L', col.attname, col.text);
    END LOOP;
END
$$;

CREATE FUNCTION calltrail.legs_of(of_group uuid) RETURNS SETOF calltrail.calls
    LANGUAGE sql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.* FROM calltrail.calls c WHERE c.group_uid = of_group ORDER BY c.started_at, c.call_uid
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION calltrail.legs_of(uuid) IS 'The legs of one call, each as calls shows it, in the order in which they began: all that have this group_uid, of every sensor; group_method says how each is known to belong to it';

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.call_record WHERE kind = 'tls' OR num_nonnulls(cell_mcc, cell_mnc, cell_area, cell_ci, passport_reason, sip_conflicting) > 0)
       OR EXISTS (SELECT FROM calltrail.registration WHERE num_nonnulls(transport, tunnel) > 0) THEN
        RAISE EXCEPTION 'columns that would go hold values: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.legs_of(uuid);
DROP VIEW calltrail.calls;
DROP INDEX calltrail.call_record_group_uid;
ALTER TABLE calltrail.registration DROP COLUMN transport, DROP COLUMN tunnel;
ALTER TABLE calltrail.call_record
    DROP COLUMN cell_mcc, DROP COLUMN cell_mnc, DROP COLUMN cell_area, DROP COLUMN cell_ci, DROP COLUMN cell_network_provided,
    DROP COLUMN passport_reason, DROP COLUMN tls_server_name, DROP COLUMN tls_alpn, DROP COLUMN tls_version,
    DROP COLUMN tls_packets_up, DROP COLUMN tls_packets_down, DROP COLUMN tls_octets_up, DROP COLUMN tls_octets_down,
    DROP COLUMN sip_conflicting;
COMMENT ON COLUMN calltrail.call_record.cell_type IS 'Access type of P-Access-Network-Info (RFC 7315)';
COMMENT ON COLUMN calltrail.call_record.cell_id IS 'Cell of P-Access-Network-Info, as sent';

CREATE VIEW calltrail.calls AS
SELECT r.*
  FROM calltrail.call_record r
 WHERE NOT EXISTS (
    SELECT
      FROM calltrail.call_record better
     WHERE better.day = r.day
       AND better.call_uid = r.call_uid
       AND (better.final, better.revision, better.received_at, better.record_id) > (r.final, r.revision, r.received_at, r.record_id)
 );

COMMENT ON VIEW calltrail.calls IS 'One row for each call leg: its newest revision (final before interim, then the highest, then the last received). The columns are those of call_record.';

-- +goose StatementBegin
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT a.attname, col_description(a.attrelid, a.attnum) AS text
          FROM pg_attribute a
         WHERE a.attrelid = 'calltrail.call_record'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN calltrail.calls.%I IS %L', col.attname, col.text);
    END LOOP;
END
$$;
-- +goose StatementEnd
