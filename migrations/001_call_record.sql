-- One row for each revision of each call's record (docs/record.md). Scalars are columns, nested names joined by "_";
-- lists of objects are jsonb. NULL is "not known", never an empty text or a zero.

-- +goose Up
COMMENT ON SCHEMA calltrail IS 'Call-detail records, the chains that prove them whole, and what could not be read.';

CREATE TABLE calltrail.call_record (
    day                       date             NOT NULL,
    record_id                 uuid             NOT NULL,
    schema                    text             NOT NULL,
    call_uid                  uuid             NOT NULL,
    revision                  integer          NOT NULL CHECK (revision >= 1),
    final                     boolean          NOT NULL,
    kind                      text             NOT NULL CHECK (kind IN ('sip', 'media', 'app', 'tls')),
    sensor                    text             NOT NULL,
    tap                       text,
    legal_basis               text,
    group_uid                 uuid,
    group_method              text,
    direction                 text,
    caller_raw                text,
    caller_display            text,
    caller_user               text,
    caller_host               text,
    caller_e164               text,
    caller_country            text,
    caller_range_region       text,
    caller_range_carrier      text,
    caller_number_type        text,
    asserted_raw              text,
    asserted_header           text,
    asserted_e164             text,
    asserted_country          text,
    auth_user                 text,
    auth_realm                text,
    privacy                   text,
    callee_raw                text,
    callee_display            text,
    callee_user               text,
    callee_host               text,
    callee_e164               text,
    callee_country            text,
    callee_range_region       text,
    callee_range_carrier      text,
    callee_number_type        text,
    request_uri               text,
    connected_raw             text,
    connected_e164            text,
    redirects                 jsonb,
    sip_call_id               text,
    sip_from_tag              text,
    sip_to_tag                text,
    sip_session_id            text,
    sip_icid                  text,
    sip_transport             text,
    sip_user_agent            text,
    sip_server_agent          text,
    sip_instance_id           text,
    sip_via                   text[],
    sip_contact               text,
    sip_methods               jsonb,
    sip_attempts              jsonb,
    sip_emergency             boolean,
    sip_status                smallint,
    sip_reason                text,
    sip_q850                  smallint,
    src_ip                    inet,
    src_port                  integer          CHECK (src_port BETWEEN 0 AND 65535),
    src_location_country      text,
    src_location_subdivision  text,
    src_location_city         text,
    src_location_latitude     double precision,
    src_location_longitude    double precision,
    src_location_accuracy_km  integer,
    src_location_method       text,
    src_location_of           text,
    src_as_number             bigint,
    src_as_org                text,
    src_network               text,
    src_role                  text,
    dst_ip                    inet,
    dst_port                  integer          CHECK (dst_port BETWEEN 0 AND 65535),
    dst_location_country      text,
    dst_location_subdivision  text,
    dst_location_city         text,
    dst_location_latitude     double precision,
    dst_location_longitude    double precision,
    dst_location_accuracy_km  integer,
    dst_location_method       text,
    dst_location_of           text,
    dst_as_number             bigint,
    dst_as_org                text,
    dst_network               text,
    dst_role                  text,
    src_via_ip                inet,
    src_via_port              integer          CHECK (src_via_port BETWEEN 0 AND 65535),
    path                      jsonb,
    tunnel                    jsonb,
    vlan                      integer[],
    cell_type                 text,
    cell_id                   text,
    started_at                timestamptz      NOT NULL,
    ringing_at                timestamptz,
    answered_at               timestamptz,
    ended_at                  timestamptz,
    ring_ms                   bigint,
    duration_ms               bigint,
    last_seen_at              timestamptz,
    disposition               text             NOT NULL,
    ended_by                  text,
    visibility                text             NOT NULL,
    flags                     text[]           NOT NULL,
    media                     jsonb,
    passport_orig             text,
    passport_dest             text[],
    passport_attest           text,
    passport_origid           text,
    passport_iat              timestamptz,
    passport_verified         boolean,
    indicators                jsonb,
    octets                    jsonb,
    observer_version          text,
    observer_config_hash      text,
    observer_file             text,
    observer_clock_source     text,
    observer_clock_reference  text,
    observer_clock_synced     boolean,
    observer_clock_offset_us  bigint,
    observer_clock_error_us   bigint,
    observer_databases        jsonb,
    observer_ruleset          text,
    received_at               timestamptz      NOT NULL,
    PRIMARY KEY (day, record_id)
) PARTITION BY RANGE (day);

-- Few indexes, each for a question that is asked: every one is paid for by every record.
CREATE INDEX call_record_call_uid ON calltrail.call_record (call_uid);
CREATE INDEX call_record_caller ON calltrail.call_record (caller_e164, started_at) WHERE caller_e164 IS NOT NULL;
CREATE INDEX call_record_callee ON calltrail.call_record (callee_e164, started_at) WHERE callee_e164 IS NOT NULL;
-- Names and short numbers, which have no E.164 form.
CREATE INDEX call_record_caller_user ON calltrail.call_record (caller_user, started_at) WHERE caller_e164 IS NULL AND caller_user IS NOT NULL;
CREATE INDEX call_record_callee_user ON calltrail.call_record (callee_user, started_at) WHERE callee_e164 IS NULL AND callee_user IS NOT NULL;
CREATE INDEX call_record_src_ip ON calltrail.call_record (src_ip, started_at) WHERE src_ip IS NOT NULL;
CREATE INDEX call_record_sip_call_id ON calltrail.call_record (sip_call_id) WHERE sip_call_id IS NOT NULL;
-- Records arrive nearly in the order of their time, so a block range index does, at a thousandth of a tree's size.
CREATE INDEX call_record_started_at ON calltrail.call_record USING brin (started_at) WITH (pages_per_range = 32);

COMMENT ON TABLE calltrail.call_record IS 'Call records: one row for each revision of each observed call leg. Append-only. Ask the view calls for one row a call.';
COMMENT ON COLUMN calltrail.call_record.day IS 'UTC date of started_at, fixed by the sensor; the partition key';
COMMENT ON COLUMN calltrail.call_record.record_id IS 'Identity of this revision: UUIDv8, 48 bits of started_at in milliseconds, then a hash of what was observed';
COMMENT ON COLUMN calltrail.call_record.schema IS 'Format of the record, calltrail.call.v1';
COMMENT ON COLUMN calltrail.call_record.call_uid IS 'Identity of the call leg: the same in all its revisions';
COMMENT ON COLUMN calltrail.call_record.revision IS 'Revision of the call: 1, 2, 3 …';
COMMENT ON COLUMN calltrail.call_record.final IS 'The call had ended when this revision was made';
COMMENT ON COLUMN calltrail.call_record.kind IS 'What was observed: sip, media (RTP without signalling), app (a call in an application), tls (encrypted signalling)';
COMMENT ON COLUMN calltrail.call_record.sensor IS 'Sensor that made the record';
COMMENT ON COLUMN calltrail.call_record.tap IS 'Interface the packets were taken from; NULL when they were read from a capture file';
COMMENT ON COLUMN calltrail.call_record.legal_basis IS 'Legal basis the operator configured for capturing this kind';
COMMENT ON COLUMN calltrail.call_record.group_uid IS 'Joins the legs of one call (forks, both sides of a B2BUA)';
COMMENT ON COLUMN calltrail.call_record.group_method IS 'What the legs were joined by: call_id, session_id, icid, sdp_origin, heuristic';
COMMENT ON COLUMN calltrail.call_record.direction IS 'originating, terminating, on_net, transit or unknown, by the operator''s prefixes, numbers and trunks';
COMMENT ON COLUMN calltrail.call_record.caller_raw IS 'Calling party: the From header as sent, redacted';
COMMENT ON COLUMN calltrail.call_record.caller_display IS 'Calling party: display name of From, unquoted';
COMMENT ON COLUMN calltrail.call_record.caller_user IS 'Calling party: user part of From as sent; of a tel: URI the number';
COMMENT ON COLUMN calltrail.call_record.caller_host IS 'Calling party: host part of From';
COMMENT ON COLUMN calltrail.call_record.caller_e164 IS 'Calling party: number in E.164, +CC…; NULL when the user part is no valid number';
COMMENT ON COLUMN calltrail.call_record.caller_country IS 'Calling party: country of the number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.call_record.caller_range_region IS 'Calling party: region the number''s range was allotted to; not where the telephone is';
COMMENT ON COLUMN calltrail.call_record.caller_range_carrier IS 'Calling party: operator the number''s range was allotted to; portability is not known';
COMMENT ON COLUMN calltrail.call_record.caller_number_type IS 'Calling party: fixed_line, mobile, fixed_line_or_mobile, toll_free, premium_rate, voip, …';
COMMENT ON COLUMN calltrail.call_record.asserted_raw IS 'Identity a network asserted for the caller, as sent, redacted';
COMMENT ON COLUMN calltrail.call_record.asserted_header IS 'Header it came in: pai (P-Asserted-Identity), rpid (Remote-Party-ID), ppi (P-Preferred-Identity)';
COMMENT ON COLUMN calltrail.call_record.asserted_e164 IS 'Asserted number in E.164';
COMMENT ON COLUMN calltrail.call_record.asserted_country IS 'Country of the asserted number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.call_record.auth_user IS 'Username of the (Proxy-)Authorization header';
COMMENT ON COLUMN calltrail.call_record.auth_realm IS 'Realm of the (Proxy-)Authorization header';
COMMENT ON COLUMN calltrail.call_record.privacy IS 'Privacy header (RFC 3323)';
COMMENT ON COLUMN calltrail.call_record.callee_raw IS 'Called party: the To header as sent, redacted';
COMMENT ON COLUMN calltrail.call_record.callee_display IS 'Called party: display name of To, unquoted';
COMMENT ON COLUMN calltrail.call_record.callee_user IS 'Called party: user part of To as sent; of a tel: URI the number';
COMMENT ON COLUMN calltrail.call_record.callee_host IS 'Called party: host part of To';
COMMENT ON COLUMN calltrail.call_record.callee_e164 IS 'Called party: number in E.164, +CC…; NULL when the user part is no valid number';
COMMENT ON COLUMN calltrail.call_record.callee_country IS 'Called party: country of the number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.call_record.callee_range_region IS 'Called party: region the number''s range was allotted to; not where the telephone is';
COMMENT ON COLUMN calltrail.call_record.callee_range_carrier IS 'Called party: operator the number''s range was allotted to; portability is not known';
COMMENT ON COLUMN calltrail.call_record.callee_number_type IS 'Called party: fixed_line, mobile, fixed_line_or_mobile, toll_free, premium_rate, voip, …';
COMMENT ON COLUMN calltrail.call_record.request_uri IS 'Request-URI of the first INVITE, redacted';
COMMENT ON COLUMN calltrail.call_record.connected_raw IS 'Who answered: P-Asserted-Identity of the 2xx, as sent, redacted';
COMMENT ON COLUMN calltrail.call_record.connected_e164 IS 'Number of who answered, in E.164';
COMMENT ON COLUMN calltrail.call_record.redirects IS 'Diversions in order: [{raw, e164, reason, source}]; source: diversion, history_info, 3xx, refer';
COMMENT ON COLUMN calltrail.call_record.sip_call_id IS 'Call-ID';
COMMENT ON COLUMN calltrail.call_record.sip_from_tag IS 'Tag of From';
COMMENT ON COLUMN calltrail.call_record.sip_to_tag IS 'Tag of To, of the branch this leg is';
COMMENT ON COLUMN calltrail.call_record.sip_session_id IS 'Session-ID (RFC 7989)';
COMMENT ON COLUMN calltrail.call_record.sip_icid IS 'icid-value of P-Charging-Vector (RFC 7315)';
COMMENT ON COLUMN calltrail.call_record.sip_transport IS 'udp, tcp, tls, ws, wss, sctp';
COMMENT ON COLUMN calltrail.call_record.sip_user_agent IS 'User-Agent of the caller''s side';
COMMENT ON COLUMN calltrail.call_record.sip_server_agent IS 'Server or User-Agent of the called side';
COMMENT ON COLUMN calltrail.call_record.sip_instance_id IS '+sip.instance of Contact: the device';
COMMENT ON COLUMN calltrail.call_record.sip_via IS 'Via values of the first INVITE, topmost first';
COMMENT ON COLUMN calltrail.call_record.sip_contact IS 'Contact of the first INVITE, redacted';
COMMENT ON COLUMN calltrail.call_record.sip_methods IS 'Requests by method, each transmission once: {"INVITE": 2, …}';
COMMENT ON COLUMN calltrail.call_record.sip_attempts IS 'Final responses that did not end the call (401, 407, a followed 3xx): [{status, at}]';
COMMENT ON COLUMN calltrail.call_record.sip_emergency IS 'The call was to an emergency service; NULL when not known to be';
COMMENT ON COLUMN calltrail.call_record.sip_status IS 'Final response to the INVITE; NULL when none was seen';
COMMENT ON COLUMN calltrail.call_record.sip_reason IS 'Reason phrase of the final response';
COMMENT ON COLUMN calltrail.call_record.sip_q850 IS 'Q.850 cause of a Reason header (RFC 3326)';
COMMENT ON COLUMN calltrail.call_record.src_ip IS 'Source of the first INVITE''s packet: address. On a trunk (src_role) it is a gateway, not the caller';
COMMENT ON COLUMN calltrail.call_record.src_port IS 'Source of the first INVITE''s packet: port';
COMMENT ON COLUMN calltrail.call_record.src_location_country IS 'Source: country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.call_record.src_location_subdivision IS 'Source: ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.call_record.src_location_city IS 'Source: city';
COMMENT ON COLUMN calltrail.call_record.src_location_latitude IS 'Source: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.call_record.src_location_longitude IS 'Source: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.call_record.src_location_accuracy_km IS 'Source: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.call_record.src_location_method IS 'Source: how the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.call_record.src_location_of IS 'Source: whose place it is: endpoint, or last_hop (a gateway, relay or VPN)';
COMMENT ON COLUMN calltrail.call_record.src_as_number IS 'Source: autonomous system number of the address';
COMMENT ON COLUMN calltrail.call_record.src_as_org IS 'Source: name of the autonomous system';
COMMENT ON COLUMN calltrail.call_record.src_network IS 'Source: what the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.call_record.src_role IS 'Source: role by the operator''s configured prefixes: subscriber, trunk, own_sbc, foreign';
COMMENT ON COLUMN calltrail.call_record.dst_ip IS 'Destination of the first INVITE''s packet: address';
COMMENT ON COLUMN calltrail.call_record.dst_port IS 'Destination of the first INVITE''s packet: port';
COMMENT ON COLUMN calltrail.call_record.dst_location_country IS 'Destination: country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.call_record.dst_location_subdivision IS 'Destination: ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.call_record.dst_location_city IS 'Destination: city';
COMMENT ON COLUMN calltrail.call_record.dst_location_latitude IS 'Destination: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.call_record.dst_location_longitude IS 'Destination: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.call_record.dst_location_accuracy_km IS 'Destination: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.call_record.dst_location_method IS 'Destination: how the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.call_record.dst_location_of IS 'Destination: whose place it is: endpoint, or last_hop';
COMMENT ON COLUMN calltrail.call_record.dst_as_number IS 'Destination: autonomous system number of the address';
COMMENT ON COLUMN calltrail.call_record.dst_as_org IS 'Destination: name of the autonomous system';
COMMENT ON COLUMN calltrail.call_record.dst_network IS 'Destination: what the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.call_record.dst_role IS 'Destination: role by the operator''s configured prefixes: subscriber, trunk, own_sbc, foreign';
COMMENT ON COLUMN calltrail.call_record.src_via_ip IS 'Address the caller gave itself in its top Via, when it is not src_ip: inside a NAT';
COMMENT ON COLUMN calltrail.call_record.src_via_port IS 'Port the caller gave itself in its top Via';
COMMENT ON COLUMN calltrail.call_record.path IS 'Hops of the INVITE seen on this tap: [{src {ip, port}, dst {ip, port}, at}]';
COMMENT ON COLUMN calltrail.call_record.tunnel IS 'Tunnels the packet came through, outermost first: [{type, id, src, dst}]';
COMMENT ON COLUMN calltrail.call_record.vlan IS '802.1Q VLAN ids, outermost first';
COMMENT ON COLUMN calltrail.call_record.cell_type IS 'Access type of P-Access-Network-Info (RFC 7315)';
COMMENT ON COLUMN calltrail.call_record.cell_id IS 'Cell of P-Access-Network-Info, as sent';
COMMENT ON COLUMN calltrail.call_record.started_at IS 'First INVITE, or the first packet when there was none';
COMMENT ON COLUMN calltrail.call_record.ringing_at IS 'First 180 to 183 with a To tag; NULL: never rang';
COMMENT ON COLUMN calltrail.call_record.answered_at IS 'First 2xx to the INVITE; NULL: never answered';
COMMENT ON COLUMN calltrail.call_record.ended_at IS 'BYE, or the final response of a call not answered; NULL: open when this revision was made';
COMMENT ON COLUMN calltrail.call_record.ring_ms IS 'From ringing_at to answered_at, or to ended_at of a call not answered; milliseconds';
COMMENT ON COLUMN calltrail.call_record.duration_ms IS 'From answered_at to ended_at; milliseconds';
COMMENT ON COLUMN calltrail.call_record.last_seen_at IS 'Last packet that belonged to the call';
COMMENT ON COLUMN calltrail.call_record.disposition IS 'How it ended: answered, busy, no_answer, cancelled, rejected, redirected, failed, in_progress, unknown';
COMMENT ON COLUMN calltrail.call_record.ended_by IS 'Who ended it: caller, callee, network, timeout, media_timeout, unknown';
COMMENT ON COLUMN calltrail.call_record.visibility IS 'How much the tap saw: full, sip_only, media_only, one_way, encrypted';
COMMENT ON COLUMN calltrail.call_record.flags IS 'What an auditor should know about this record; docs/record.md lists them. Empty: nothing';
COMMENT ON COLUMN calltrail.call_record.media IS 'Streams, one entry for each SSRC and direction: [{type, codec, payload_type, ssrc, signalled, observed, location, first_at, last_at, packets, octets, lost, duplicates, jitter_ms, encrypted, direction}]';
COMMENT ON COLUMN calltrail.call_record.passport_orig IS 'PASSporT (RFC 8225): orig';
COMMENT ON COLUMN calltrail.call_record.passport_dest IS 'PASSporT: dest';
COMMENT ON COLUMN calltrail.call_record.passport_attest IS 'PASSporT: attestation, A, B or C (RFC 8588)';
COMMENT ON COLUMN calltrail.call_record.passport_origid IS 'PASSporT: origid (RFC 8588)';
COMMENT ON COLUMN calltrail.call_record.passport_iat IS 'PASSporT: issued at';
COMMENT ON COLUMN calltrail.call_record.passport_verified IS 'PASSporT: its signature was verified; NULL: not tried';
COMMENT ON COLUMN calltrail.call_record.indicators IS 'Spoofing rules that hold: [{rule, detail}]. Facts to look into, not verdicts';
COMMENT ON COLUMN calltrail.call_record.octets IS 'Original octets of values whose text had to be escaped: [{field, base64}]';
COMMENT ON COLUMN calltrail.call_record.observer_version IS 'Program that made the record: its version';
COMMENT ON COLUMN calltrail.call_record.observer_config_hash IS 'Hash of its configuration';
COMMENT ON COLUMN calltrail.call_record.observer_file IS 'Capture file that was read';
COMMENT ON COLUMN calltrail.call_record.observer_clock_source IS 'Sensor''s clock: what steers it';
COMMENT ON COLUMN calltrail.call_record.observer_clock_reference IS 'Sensor''s clock: its reference';
COMMENT ON COLUMN calltrail.call_record.observer_clock_synced IS 'Sensor''s clock: synchronised when the record was made';
COMMENT ON COLUMN calltrail.call_record.observer_clock_offset_us IS 'Sensor''s clock: offset, microseconds';
COMMENT ON COLUMN calltrail.call_record.observer_clock_error_us IS 'Sensor''s clock: largest error, microseconds';
COMMENT ON COLUMN calltrail.call_record.observer_databases IS 'Databases that were looked up: [{type, built}]';
COMMENT ON COLUMN calltrail.call_record.observer_ruleset IS 'Spoofing rules: their version';
COMMENT ON COLUMN calltrail.call_record.received_at IS 'When the store received this revision, by the database''s clock';

-- +goose Down
DROP TABLE calltrail.call_record;
