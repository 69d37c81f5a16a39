-- Calls made in applications: which application, by what evidence, between whom, how much; and every address of theirs by the
-- time it was used. And the trunks that a call came and left by. What the tables of a sensor pushed out of those calls is told in words.

-- +goose Up
ALTER TABLE calltrail.call_record
    ADD COLUMN app_name         text,
    ADD COLUMN app_confidence   text,
    ADD COLUMN app_evidence     text[],
    ADD COLUMN app_media        text,
    ADD COLUMN app_client_ip    inet,
    ADD COLUMN app_client_port  integer,
    ADD COLUMN app_mapped_ip    inet,
    ADD COLUMN app_mapped_port  integer,
    ADD COLUMN app_peer_ip      inet,
    ADD COLUMN app_peer_port    integer,
    ADD COLUMN app_peer_seen    boolean,
    ADD COLUMN app_relay_ip     inet,
    ADD COLUMN app_relay_port   integer,
    ADD COLUMN app_packets_up   bigint,
    ADD COLUMN app_packets_down bigint,
    ADD COLUMN app_octets_up    bigint,
    ADD COLUMN app_octets_down  bigint,
    ADD COLUMN ingress_peer      text,
    ADD COLUMN ingress_trunk     text,
    ADD COLUMN ingress_interface text,
    ADD COLUMN egress_peer       text,
    ADD COLUMN egress_trunk      text,
    ADD COLUMN egress_interface  text;

COMMENT ON COLUMN calltrail.call_record.ingress_peer IS 'Trunk the call came by into the operator''s network, by own.trunks: the network at its other end';
COMMENT ON COLUMN calltrail.call_record.ingress_trunk IS 'Its name';
COMMENT ON COLUMN calltrail.call_record.ingress_interface IS 'Interface it is bound to';
COMMENT ON COLUMN calltrail.call_record.egress_peer IS 'Trunk the call left by, by own.trunks: the network at its other end';
COMMENT ON COLUMN calltrail.call_record.egress_trunk IS 'Its name';
COMMENT ON COLUMN calltrail.call_record.egress_interface IS 'Interface it is bound to';

COMMENT ON COLUMN calltrail.call_record.app_name IS 'Call in an application: which, by the rules of docs/applications.md; webrtc: one that uses WebRTC, nothing tells which; NULL when as much speaks for one as for another';
COMMENT ON COLUMN calltrail.call_record.app_confidence IS 'Call in an application: how sure app_name is: certain, likely, weak';
COMMENT ON COLUMN calltrail.call_record.app_evidence IS 'Call in an application: the rules of docs/applications.md that hold, for app_name or against it';
COMMENT ON COLUMN calltrail.call_record.app_media IS 'Call in an application: audio, video, unknown';
COMMENT ON COLUMN calltrail.call_record.app_client_ip IS 'Call in an application: address of the end that called the relay, or that sent first';
COMMENT ON COLUMN calltrail.call_record.app_client_port IS 'Its port';
COMMENT ON COLUMN calltrail.call_record.app_mapped_ip IS 'Call in an application: address of the client outside its NAT, as a STUN server told it';
COMMENT ON COLUMN calltrail.call_record.app_mapped_port IS 'Its port';
COMMENT ON COLUMN calltrail.call_record.app_peer_ip IS 'Call in an application: address of the other party; see app_peer_seen';
COMMENT ON COLUMN calltrail.call_record.app_peer_port IS 'Its port';
COMMENT ON COLUMN calltrail.call_record.app_peer_seen IS 'Packets of that party were seen, or it answered; false: a STUN message named the address, and nothing else is known of it';
COMMENT ON COLUMN calltrail.call_record.app_relay_ip IS 'Call in an application: address of the server that carried the media';
COMMENT ON COLUMN calltrail.call_record.app_relay_port IS 'Its port';
COMMENT ON COLUMN calltrail.call_record.app_packets_up IS 'Call in an application: packets with payload from the client; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.app_packets_down IS 'Call in an application: packets with payload to the client; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.app_octets_up IS 'Call in an application: octets of payload from the client; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.app_octets_down IS 'Call in an application: octets of payload to the client; NULL while it is open';
COMMENT ON COLUMN calltrail.call_record.src_ip IS 'Source of the first INVITE''s packet: address. On a trunk (src_role) it is a gateway, not the caller. Of kind tls and app the client; of kind media the end that sent first';
COMMENT ON COLUMN calltrail.call_record.dst_ip IS 'Destination of the first INVITE''s packet: address. Of kind tls, app and media the other end';
COMMENT ON COLUMN calltrail.call_record.duration_ms IS 'From answered_at to ended_at; of kind tls, app and media from started_at; milliseconds';
COMMENT ON COLUMN calltrail.call_record.media IS 'Streams, one entry for each SSRC and direction: [{type, codec, payload_type, ssrc, signalled, observed, location, first_at, last_at, packets, octets, lost, duplicates, jitter_ms, encrypted, direction, cname, foreign}]';

COMMENT ON COLUMN calltrail.endpoint.roles IS 'What for, all that apply. Seen on the wire: caller_signalling, callee_signalling, tls_client, tls_server, hop, media_from_caller, media_to_callee, media_from_callee, media_to_caller, media_source, media_destination (nobody is known to have called), media (an end of a call known by its media alone; or direction unknown), media_foreign (sent into a call without being a party), app_client, app_peer, app_relay, registrant, registrar, message_source, message_destination. Only named in a message: via, contact, media_signalled, app_mapped, app_peer_named';

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

-- Asked by the address first, of which endpoint has an index; a subscriber has few calls among all that used a relay. LATERAL and
-- OFFSET keep it so: without statistics, as right after a bulk load, the planner would read all calls instead.
CREATE FUNCTION calltrail.app_calls_of(of_ip inet, from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.calls
    LANGUAGE sql STABLE ROWS 16 SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.*
      FROM (SELECT DISTINCT e.day, e.record_id
              FROM calltrail.endpoint e
             WHERE e.ip = of_ip AND e.first_at < to_time AND e.last_at >= from_time) used
     CROSS JOIN LATERAL (SELECT * FROM calltrail.calls one WHERE one.day = used.day AND one.record_id = used.record_id OFFSET 0) c
     WHERE c.kind = 'app'
     ORDER BY c.started_at, c.call_uid
$$;

CREATE OR REPLACE FUNCTION calltrail.coverage_remark(subject text, n numeric) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH form AS (
        SELECT to_char($2, 'FM999,999,999,999,999,999,999,999,999') AS num, CASE WHEN $2 = 1 THEN '' ELSE 's' END AS s, CASE WHEN $2 = 1 THEN ' was' ELSE ' were' END AS were
    ), form2 AS (
        SELECT num, s, were || ' pushed out of memory' AS out FROM form
    )
    SELECT CASE
        WHEN $1 IN ('h323', 'mgcp', 'iax2', 'skinny', 'sigtran') THEN
            CASE $1 WHEN 'h323' THEN 'H.323' WHEN 'skinny' THEN 'Skinny' ELSE upper($1) END
            || ' was seen (' || num || ' packet' || s || ') and is not decoded: its calls are not in the log'
        WHEN $1 = 'tls' THEN 'encrypted signalling was seen (' || num || ' packet' || s || ' of TLS): its calls are not in the log, only its connections, as records of kind tls'
        WHEN $1 = 'calls' THEN num || ' call' || s || out || ' (limits.calls): their records are flagged evicted'
        WHEN $1 = 'streams' THEN num || ' RTP stream' || s || ' of one packet' || out || ' (limits.streams)'
        WHEN $1 = 'stream_packets_refused' THEN num || ' packet' || s || ' of new RTP streams found no room (limits.streams) and count in no call'
        WHEN $1 = 'datagrams' THEN num || ' fragmented datagram' || s || out || ' (limits.fragments): what they carried is lost'
        WHEN $1 = 'tcp_connections' THEN num || ' TCP connection' || s || ' with SIP' || out || ' (limits.tcp_streams): a message that was not whole is lost'
        WHEN $1 = 'tls_connections' THEN num || ' TLS connection' || s || out || ' (limits.tls_connections): their records are flagged evicted'
        WHEN $1 = 'sctp_associations' THEN num || ' SCTP association' || s || out || ': a message that was not whole is lost'
        WHEN $1 = 'flows' THEN num || ' conversation' || s || out || ' (limits.flows): a call in an application may be missing, or in two records'
        WHEN $1 = 'app_calls' THEN num || ' call' || s || ' in applications' || out || ' (limits.flows): their records are flagged evicted'
        WHEN $1 = 'media_calls' THEN num || ' call' || s || ' of media alone' || out || ': their records are flagged evicted'
        -- Of a sensor that is newer than this.
        ELSE num || ' of ' || $1 || out
    END FROM form2
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION calltrail.app_calls_of(inet, timestamptz, timestamptz) IS 'Calls in applications that used an address between two times (the second not included), each as calls shows it, in the order in which they began: as client, as the other party, as relay, or as the client''s address outside its NAT; endpoint says which';

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.call_record WHERE kind = 'app') THEN
        RAISE EXCEPTION 'calltrail.call_record holds calls in applications: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.coverage_remark(subject text, n numeric) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH form AS (
        SELECT to_char($2, 'FM999,999,999,999,999,999,999,999,999') AS num, CASE WHEN $2 = 1 THEN '' ELSE 's' END AS s, CASE WHEN $2 = 1 THEN ' was' ELSE ' were' END AS were
    ), form2 AS (
        SELECT num, s, were || ' pushed out of memory' AS out FROM form
    )
    SELECT CASE
        WHEN $1 IN ('h323', 'mgcp', 'iax2', 'skinny', 'sigtran') THEN
            CASE $1 WHEN 'h323' THEN 'H.323' WHEN 'skinny' THEN 'Skinny' ELSE upper($1) END
            || ' was seen (' || num || ' packet' || s || ') and is not decoded: its calls are not in the log'
        WHEN $1 = 'tls' THEN 'encrypted signalling was seen (' || num || ' packet' || s || ' of TLS): its calls are not in the log, only its connections, as records of kind tls'
        WHEN $1 = 'calls' THEN num || ' call' || s || out || ' (limits.calls): their records are flagged evicted'
        WHEN $1 = 'streams' THEN num || ' RTP stream' || s || ' of one packet' || out || ' (limits.streams)'
        WHEN $1 = 'stream_packets_refused' THEN num || ' packet' || s || ' of new RTP streams found no room (limits.streams) and count in no call'
        WHEN $1 = 'datagrams' THEN num || ' fragmented datagram' || s || out || ' (limits.fragments): what they carried is lost'
        WHEN $1 = 'tcp_connections' THEN num || ' TCP connection' || s || ' with SIP' || out || ' (limits.tcp_streams): a message that was not whole is lost'
        WHEN $1 = 'tls_connections' THEN num || ' TLS connection' || s || out || ' (limits.tls_connections): their records are flagged evicted'
        WHEN $1 = 'sctp_associations' THEN num || ' SCTP association' || s || out || ': a message that was not whole is lost'
        -- Of a sensor that is newer than this.
        ELSE num || ' of ' || $1 || out
    END FROM form2
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.app_calls_of(inet, timestamptz, timestamptz);
DROP FUNCTION calltrail.legs_of(uuid);
DROP VIEW calltrail.calls;
ALTER TABLE calltrail.call_record
    DROP COLUMN app_name, DROP COLUMN app_confidence, DROP COLUMN app_evidence, DROP COLUMN app_media,
    DROP COLUMN app_client_ip, DROP COLUMN app_client_port, DROP COLUMN app_mapped_ip, DROP COLUMN app_mapped_port,
    DROP COLUMN app_peer_ip, DROP COLUMN app_peer_port, DROP COLUMN app_peer_seen, DROP COLUMN app_relay_ip,
    DROP COLUMN app_relay_port, DROP COLUMN app_packets_up, DROP COLUMN app_packets_down, DROP COLUMN app_octets_up,
    DROP COLUMN app_octets_down, DROP COLUMN ingress_peer, DROP COLUMN ingress_trunk, DROP COLUMN ingress_interface,
    DROP COLUMN egress_peer, DROP COLUMN egress_trunk, DROP COLUMN egress_interface;
COMMENT ON COLUMN calltrail.call_record.src_ip IS 'Source of the first INVITE''s packet: address. On a trunk (src_role) it is a gateway, not the caller';
COMMENT ON COLUMN calltrail.call_record.dst_ip IS 'Destination of the first INVITE''s packet: address';
COMMENT ON COLUMN calltrail.call_record.duration_ms IS 'From answered_at to ended_at; milliseconds';
COMMENT ON COLUMN calltrail.call_record.media IS 'Streams, one entry for each SSRC and direction: [{type, codec, payload_type, ssrc, signalled, observed, location, first_at, last_at, packets, octets, lost, duplicates, jitter_ms, encrypted, direction}]';
COMMENT ON COLUMN calltrail.endpoint.roles IS 'What for, all that apply. Seen on the wire: caller_signalling, callee_signalling, tls_client, tls_server, hop, media_from_caller, media_to_callee, media_from_callee, media_to_caller, media (direction unknown), registrant, registrar, message_source, message_destination. Only named in a message: via, contact, media_signalled';

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

CREATE FUNCTION calltrail.legs_of(of_group uuid) RETURNS SETOF calltrail.calls
    LANGUAGE sql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.* FROM calltrail.calls c WHERE c.group_uid = of_group ORDER BY c.started_at, c.call_uid
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION calltrail.legs_of(uuid) IS 'The legs of one call, each as calls shows it, in the order in which they began: all that have this group_uid, of every sensor; group_method says how each is known to belong to it';
