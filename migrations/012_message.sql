-- That a SIP MESSAGE was sent, from whom to whom and when: never its text.

-- +goose Up
CREATE TABLE calltrail.message (
    day                      date             NOT NULL,
    record_id                uuid             NOT NULL,
    schema                   text             NOT NULL,
    kind                     text             NOT NULL CHECK (kind = 'message'),
    sensor                   text             NOT NULL,
    tap                      text,
    legal_basis              text,
    at                       timestamptz      NOT NULL,
    caller_raw               text,
    caller_display           text,
    caller_user              text,
    caller_host              text,
    caller_e164              text,
    caller_country           text,
    caller_range_region      text,
    caller_range_carrier     text,
    caller_number_type       text,
    asserted_raw             text,
    asserted_header          text,
    asserted_e164            text,
    asserted_country         text,
    callee_raw               text,
    callee_display           text,
    callee_user              text,
    callee_host              text,
    callee_e164              text,
    callee_country           text,
    callee_range_region      text,
    callee_range_carrier     text,
    callee_number_type       text,
    request_uri              text,
    call_id                  text             NOT NULL,
    transport                text             NOT NULL,
    user_agent               text,
    status                   smallint,
    src_ip                   inet,
    src_port                 integer          CHECK (src_port BETWEEN 0 AND 65535),
    src_location_country     text,
    src_location_subdivision text,
    src_location_city        text,
    src_location_latitude    double precision,
    src_location_longitude   double precision,
    src_location_accuracy_km integer,
    src_location_method      text,
    src_location_of          text,
    src_as_number            bigint,
    src_as_org               text,
    src_network              text,
    src_role                 text,
    dst_ip                   inet,
    dst_port                 integer          CHECK (dst_port BETWEEN 0 AND 65535),
    dst_location_country     text,
    dst_location_subdivision text,
    dst_location_city        text,
    dst_location_latitude    double precision,
    dst_location_longitude   double precision,
    dst_location_accuracy_km integer,
    dst_location_method      text,
    dst_location_of          text,
    dst_as_number            bigint,
    dst_as_org               text,
    dst_network              text,
    dst_role                 text,
    tunnel                   jsonb,
    vlan                     integer[],
    flags                    text[]           NOT NULL,
    octets                   jsonb,
    observer_version         text,
    observer_config_hash     text,
    observer_file            text,
    observer_clock_source    text,
    observer_clock_reference text,
    observer_clock_synced    boolean,
    observer_clock_offset_us bigint,
    observer_clock_error_us  bigint,
    observer_databases       jsonb,
    observer_ruleset         text,
    received_at              timestamptz      NOT NULL,
    PRIMARY KEY (day, record_id)
) PARTITION BY RANGE (day);

-- The questions are those of calls: a number, or else a name, and a time.
CREATE INDEX message_caller ON calltrail.message (caller_e164, at) WHERE caller_e164 IS NOT NULL;
CREATE INDEX message_callee ON calltrail.message (callee_e164, at) WHERE callee_e164 IS NOT NULL;
CREATE INDEX message_caller_user ON calltrail.message (caller_user, at) WHERE caller_e164 IS NULL AND caller_user IS NOT NULL;
CREATE INDEX message_callee_user ON calltrail.message (callee_user, at) WHERE callee_e164 IS NULL AND callee_user IS NOT NULL;

COMMENT ON TABLE calltrail.message IS 'SIP messages (RFC 3428): that one was sent, from whom to whom and when, never its text. Append-only.';
COMMENT ON COLUMN calltrail.message.day IS 'UTC date of at; the partition key';
COMMENT ON COLUMN calltrail.message.record_id IS 'Identity of the event';
COMMENT ON COLUMN calltrail.message.schema IS 'Format of the event, calltrail.message.v1';
COMMENT ON COLUMN calltrail.message.kind IS 'message';
COMMENT ON COLUMN calltrail.message.sensor IS 'Sensor that made the event';
COMMENT ON COLUMN calltrail.message.tap IS 'Interface the packets were taken from; NULL when they were read from a capture file';
COMMENT ON COLUMN calltrail.message.legal_basis IS 'Legal basis the operator configured for capturing messages; NULL in replay';
COMMENT ON COLUMN calltrail.message.at IS 'Time of the request';
COMMENT ON COLUMN calltrail.message.caller_raw IS 'Sender: the From header as sent, redacted';
COMMENT ON COLUMN calltrail.message.caller_display IS 'Sender: display name of From, unquoted';
COMMENT ON COLUMN calltrail.message.caller_user IS 'Sender: user part of From as sent; of a tel: URI the number';
COMMENT ON COLUMN calltrail.message.caller_host IS 'Sender: host part of From';
COMMENT ON COLUMN calltrail.message.caller_e164 IS 'Sender: number in E.164, +CC…; NULL when the user part is no valid number';
COMMENT ON COLUMN calltrail.message.caller_country IS 'Sender: country of the number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.message.caller_range_region IS 'Sender: region the number''s range was allotted to; not where the telephone is';
COMMENT ON COLUMN calltrail.message.caller_range_carrier IS 'Sender: operator the number''s range was allotted to; portability is not known';
COMMENT ON COLUMN calltrail.message.caller_number_type IS 'Sender: fixed_line, mobile, fixed_line_or_mobile, toll_free, premium_rate, voip, …';
COMMENT ON COLUMN calltrail.message.asserted_raw IS 'Identity a network asserted for the sender, as sent, redacted';
COMMENT ON COLUMN calltrail.message.asserted_header IS 'Header it came in: pai (P-Asserted-Identity), rpid (Remote-Party-ID), ppi (P-Preferred-Identity)';
COMMENT ON COLUMN calltrail.message.asserted_e164 IS 'Asserted number in E.164';
COMMENT ON COLUMN calltrail.message.asserted_country IS 'Country of the asserted number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.message.callee_raw IS 'Recipient: the To header as sent, redacted';
COMMENT ON COLUMN calltrail.message.callee_display IS 'Recipient: display name of To, unquoted';
COMMENT ON COLUMN calltrail.message.callee_user IS 'Recipient: user part of To as sent; of a tel: URI the number';
COMMENT ON COLUMN calltrail.message.callee_host IS 'Recipient: host part of To';
COMMENT ON COLUMN calltrail.message.callee_e164 IS 'Recipient: number in E.164, +CC…; NULL when the user part is no valid number';
COMMENT ON COLUMN calltrail.message.callee_country IS 'Recipient: country of the number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.message.callee_range_region IS 'Recipient: region the number''s range was allotted to; not where the telephone is';
COMMENT ON COLUMN calltrail.message.callee_range_carrier IS 'Recipient: operator the number''s range was allotted to; portability is not known';
COMMENT ON COLUMN calltrail.message.callee_number_type IS 'Recipient: fixed_line, mobile, fixed_line_or_mobile, toll_free, premium_rate, voip, …';
COMMENT ON COLUMN calltrail.message.request_uri IS 'Request-URI, redacted';
COMMENT ON COLUMN calltrail.message.call_id IS 'Call-ID';
COMMENT ON COLUMN calltrail.message.transport IS 'udp, tcp, tls, ws, wss, sctp';
COMMENT ON COLUMN calltrail.message.user_agent IS 'User-Agent of the request';
COMMENT ON COLUMN calltrail.message.status IS 'Status code of the final response; NULL when none was seen';
COMMENT ON COLUMN calltrail.message.src_ip IS 'Source of the request''s packet: address';
COMMENT ON COLUMN calltrail.message.src_port IS 'Source: port';
COMMENT ON COLUMN calltrail.message.src_location_country IS 'Source: country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.message.src_location_subdivision IS 'Source: ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.message.src_location_city IS 'Source: city';
COMMENT ON COLUMN calltrail.message.src_location_latitude IS 'Source: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.message.src_location_longitude IS 'Source: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.message.src_location_accuracy_km IS 'Source: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.message.src_location_method IS 'Source: how the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.message.src_location_of IS 'Source: whose place it is: endpoint, last_hop';
COMMENT ON COLUMN calltrail.message.src_as_number IS 'Source: autonomous system number';
COMMENT ON COLUMN calltrail.message.src_as_org IS 'Source: name of the autonomous system';
COMMENT ON COLUMN calltrail.message.src_network IS 'Source: what the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.message.src_role IS 'Source: role by the operator''s configured prefixes';
COMMENT ON COLUMN calltrail.message.dst_ip IS 'Destination: address';
COMMENT ON COLUMN calltrail.message.dst_port IS 'Destination: port';
COMMENT ON COLUMN calltrail.message.dst_location_country IS 'Destination: country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.message.dst_location_subdivision IS 'Destination: ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.message.dst_location_city IS 'Destination: city';
COMMENT ON COLUMN calltrail.message.dst_location_latitude IS 'Destination: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.message.dst_location_longitude IS 'Destination: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.message.dst_location_accuracy_km IS 'Destination: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.message.dst_location_method IS 'Destination: how the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.message.dst_location_of IS 'Destination: whose place it is: endpoint, last_hop';
COMMENT ON COLUMN calltrail.message.dst_as_number IS 'Destination: autonomous system number';
COMMENT ON COLUMN calltrail.message.dst_as_org IS 'Destination: name of the autonomous system';
COMMENT ON COLUMN calltrail.message.dst_network IS 'Destination: what the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.message.dst_role IS 'Destination: role by the operator''s configured prefixes';
COMMENT ON COLUMN calltrail.message.tunnel IS 'Tunnels the packet came through, outermost first: [{type, id, src, dst}]';
COMMENT ON COLUMN calltrail.message.vlan IS '802.1Q VLAN ids, outermost first';
COMMENT ON COLUMN calltrail.message.flags IS 'What a reader must know of how the event was seen; see docs/record.md';
COMMENT ON COLUMN calltrail.message.octets IS 'Original octets of values whose text had to be escaped: [{field, base64}]';
COMMENT ON COLUMN calltrail.message.observer_version IS 'Program that made the event: its version';
COMMENT ON COLUMN calltrail.message.observer_config_hash IS 'Hash of its configuration';
COMMENT ON COLUMN calltrail.message.observer_file IS 'Capture file that was read';
COMMENT ON COLUMN calltrail.message.observer_clock_source IS 'Sensor''s clock: what steers it';
COMMENT ON COLUMN calltrail.message.observer_clock_reference IS 'Sensor''s clock: its reference';
COMMENT ON COLUMN calltrail.message.observer_clock_synced IS 'Sensor''s clock: synchronised when the event was made';
COMMENT ON COLUMN calltrail.message.observer_clock_offset_us IS 'Sensor''s clock: offset, microseconds';
COMMENT ON COLUMN calltrail.message.observer_clock_error_us IS 'Sensor''s clock: largest error, microseconds';
COMMENT ON COLUMN calltrail.message.observer_databases IS 'Databases that were looked up: [{type, built}]';
COMMENT ON COLUMN calltrail.message.observer_ruleset IS 'Spoofing rules: their version';
COMMENT ON COLUMN calltrail.message.received_at IS 'When the store received it, by the database''s clock';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.message FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.message EXECUTE FUNCTION calltrail.refuse_change();

-- +goose StatementBegin
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

-- The tables are asked of the catalogue now, so that the next one needs no copy of this function.
CREATE OR REPLACE FUNCTION calltrail.ensure_partitions(from_day date, to_day date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    width   integer;
    day     date := from_day;
    lower_d date;
    upper_d date;
    existing calltrail.partition;
    made    integer := 0;
BEGIN
    IF from_day IS NULL OR to_day IS NULL OR from_day > to_day OR to_day - from_day > 3700 THEN
        RAISE EXCEPTION 'ensure_partitions(%, %): a span of one day to ten years is wanted', from_day, to_day
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- One maker at a time; the others then find the work done.
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.ensure_partitions', 0));
    SELECT partition_days INTO STRICT width FROM calltrail.setting;

    WHILE day <= to_day LOOP
        SELECT * INTO existing FROM calltrail.partition p WHERE p.first_day <= day AND p.end_day > day;
        IF FOUND THEN
            day := existing.end_day;
            CONTINUE;
        END IF;

        -- Spans are counted from Monday, 5 January 1970, and cut where a neighbour of another width begins or ends.
        lower_d := date '1970-01-05' + (floor((day - date '1970-01-05')::numeric / width)::integer * width);
        upper_d := lower_d + width;
        SELECT greatest(lower_d, max(p.end_day)) INTO lower_d FROM calltrail.partition p WHERE p.end_day <= day;
        SELECT least(upper_d, min(p.first_day)) INTO upper_d FROM calltrail.partition p WHERE p.first_day > day;

        PERFORM calltrail.make_partition(t.name, lower_d, upper_d)
           FROM (SELECT c.relname::text AS name
                   FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
                  WHERE c.relnamespace = 'calltrail'::regnamespace AND pg_get_partkeydef(c.oid) = 'RANGE (day)'
                  ORDER BY 1) AS t;
        INSERT INTO calltrail.partition (first_day, end_day) VALUES (lower_d, upper_d);
        made := made + 1;
        day := upper_d;
    END LOOP;
    RETURN made;
END
$$;
-- +goose StatementEnd

COMMENT ON TABLE calltrail.partition IS 'The spans of days that have partitions: each table that is partitioned by day has one named for first_day.';

SELECT calltrail.make_partition('message', first_day, end_day) FROM calltrail.partition ORDER BY first_day;

COMMENT ON COLUMN calltrail.endpoint.call_uid IS 'Call of that record; NULL for a registration or a message';
COMMENT ON COLUMN calltrail.endpoint.roles IS 'What for, all that apply. Seen on the wire: caller_signalling, callee_signalling, tls_client, tls_server, hop, media_from_caller, media_to_callee, media_from_callee, media_to_caller, media (direction unknown), registrant, registrar, message_source, message_destination. Only named in a message: via, contact, media_signalled';

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.message) THEN
        RAISE EXCEPTION 'calltrail.message holds rows: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
-- The functions may stay as they are: they make the partitions of the tables there are.
DROP TABLE calltrail.message;
COMMENT ON TABLE calltrail.partition IS 'The spans of days that have partitions: call_record, record_body, endpoint, registration and coverage each have one named for first_day.';
COMMENT ON COLUMN calltrail.endpoint.call_uid IS 'Call of that record; NULL for a registration';
COMMENT ON COLUMN calltrail.endpoint.roles IS 'What for, all that apply. Seen on the wire: caller_signalling, callee_signalling, hop, media_from_caller, media_to_callee, media_from_callee, media_to_caller, media (direction unknown), registrant, registrar. Only named in a message: via, contact, media_signalled';
