-- Log-in, log-out and changes of contact, as their REGISTER and its response showed them.

-- +goose Up
CREATE TABLE calltrail.registration (
    day                       date             NOT NULL,
    record_id                 uuid             NOT NULL,
    schema                    text             NOT NULL,
    kind                      text             NOT NULL CHECK (kind = 'registration'),
    sensor                    text             NOT NULL,
    tap                       text,
    event                     text             NOT NULL,
    at                        timestamptz      NOT NULL,
    aor_raw                   text,
    aor_display               text,
    aor_user                  text,
    aor_host                  text,
    aor_e164                  text,
    aor_country               text,
    aor_range_region          text,
    aor_range_carrier         text,
    aor_number_type           text,
    contact                   text,
    expires_s                 bigint,
    status                    smallint         NOT NULL,
    auth_user                 text,
    auth_realm                text,
    user_agent                text,
    call_id                   text             NOT NULL,
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
    vlan                      integer[],
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

CREATE INDEX registration_aor ON calltrail.registration (aor_user, at);

COMMENT ON TABLE calltrail.registration IS 'SIP registrations: log-in, log-out and changes of contact, accepted or refused. Append-only.';
COMMENT ON COLUMN calltrail.registration.day IS 'UTC date of at; the partition key';
COMMENT ON COLUMN calltrail.registration.record_id IS 'Identity of the record';
COMMENT ON COLUMN calltrail.registration.schema IS 'Format of the record, calltrail.registration.v1';
COMMENT ON COLUMN calltrail.registration.kind IS 'registration';
COMMENT ON COLUMN calltrail.registration.sensor IS 'Sensor that made the record';
COMMENT ON COLUMN calltrail.registration.tap IS 'Interface the packets were taken from; NULL when they were read from a capture file';
COMMENT ON COLUMN calltrail.registration.event IS 'login, logout, change, refused';
COMMENT ON COLUMN calltrail.registration.at IS 'Time of the response';
COMMENT ON COLUMN calltrail.registration.aor_raw IS 'Address of record: the To header as sent, redacted';
COMMENT ON COLUMN calltrail.registration.aor_display IS 'Address of record: display name, unquoted';
COMMENT ON COLUMN calltrail.registration.aor_user IS 'Address of record: user part as sent';
COMMENT ON COLUMN calltrail.registration.aor_host IS 'Address of record: host part';
COMMENT ON COLUMN calltrail.registration.aor_e164 IS 'Address of record: number in E.164; NULL when the user part is no valid number';
COMMENT ON COLUMN calltrail.registration.aor_country IS 'Address of record: country of the number, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.registration.aor_range_region IS 'Address of record: region the number''s range was allotted to';
COMMENT ON COLUMN calltrail.registration.aor_range_carrier IS 'Address of record: operator the number''s range was allotted to';
COMMENT ON COLUMN calltrail.registration.aor_number_type IS 'Address of record: fixed_line, mobile, …';
COMMENT ON COLUMN calltrail.registration.contact IS 'Contact, redacted (push tokens above all)';
COMMENT ON COLUMN calltrail.registration.expires_s IS 'Granted time, seconds; NULL when refused or not said';
COMMENT ON COLUMN calltrail.registration.status IS 'Status code of the response';
COMMENT ON COLUMN calltrail.registration.auth_user IS 'Username of the Authorization header';
COMMENT ON COLUMN calltrail.registration.auth_realm IS 'Realm of the Authorization header';
COMMENT ON COLUMN calltrail.registration.user_agent IS 'User-Agent of the REGISTER';
COMMENT ON COLUMN calltrail.registration.call_id IS 'Call-ID of the REGISTER';
COMMENT ON COLUMN calltrail.registration.src_ip IS 'Source of the REGISTER''s packet: address';
COMMENT ON COLUMN calltrail.registration.src_port IS 'Source: port';
COMMENT ON COLUMN calltrail.registration.src_location_country IS 'Source: country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.registration.src_location_subdivision IS 'Source: ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.registration.src_location_city IS 'Source: city';
COMMENT ON COLUMN calltrail.registration.src_location_latitude IS 'Source: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.registration.src_location_longitude IS 'Source: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.registration.src_location_accuracy_km IS 'Source: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.registration.src_location_method IS 'Source: how the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.registration.src_location_of IS 'Source: whose place it is: endpoint, last_hop';
COMMENT ON COLUMN calltrail.registration.src_as_number IS 'Source: autonomous system number';
COMMENT ON COLUMN calltrail.registration.src_as_org IS 'Source: name of the autonomous system';
COMMENT ON COLUMN calltrail.registration.src_network IS 'Source: what the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.registration.src_role IS 'Source: role by the operator''s configured prefixes';
COMMENT ON COLUMN calltrail.registration.dst_ip IS 'Registrar: address';
COMMENT ON COLUMN calltrail.registration.dst_port IS 'Registrar: port';
COMMENT ON COLUMN calltrail.registration.dst_location_country IS 'Registrar: country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.registration.dst_location_subdivision IS 'Registrar: ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.registration.dst_location_city IS 'Registrar: city';
COMMENT ON COLUMN calltrail.registration.dst_location_latitude IS 'Registrar: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.registration.dst_location_longitude IS 'Registrar: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.registration.dst_location_accuracy_km IS 'Registrar: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.registration.dst_location_method IS 'Registrar: how the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.registration.dst_location_of IS 'Registrar: whose place it is: endpoint, last_hop';
COMMENT ON COLUMN calltrail.registration.dst_as_number IS 'Registrar: autonomous system number';
COMMENT ON COLUMN calltrail.registration.dst_as_org IS 'Registrar: name of the autonomous system';
COMMENT ON COLUMN calltrail.registration.dst_network IS 'Registrar: what the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.registration.dst_role IS 'Registrar: role by the operator''s configured prefixes';
COMMENT ON COLUMN calltrail.registration.vlan IS '802.1Q VLAN ids, outermost first';
COMMENT ON COLUMN calltrail.registration.octets IS 'Original octets of values whose text had to be escaped: [{field, base64}]';
COMMENT ON COLUMN calltrail.registration.observer_version IS 'Program that made the record: its version';
COMMENT ON COLUMN calltrail.registration.observer_config_hash IS 'Hash of its configuration';
COMMENT ON COLUMN calltrail.registration.observer_file IS 'Capture file that was read';
COMMENT ON COLUMN calltrail.registration.observer_clock_source IS 'Sensor''s clock: what steers it';
COMMENT ON COLUMN calltrail.registration.observer_clock_reference IS 'Sensor''s clock: its reference';
COMMENT ON COLUMN calltrail.registration.observer_clock_synced IS 'Sensor''s clock: synchronised when the record was made';
COMMENT ON COLUMN calltrail.registration.observer_clock_offset_us IS 'Sensor''s clock: offset, microseconds';
COMMENT ON COLUMN calltrail.registration.observer_clock_error_us IS 'Sensor''s clock: largest error, microseconds';
COMMENT ON COLUMN calltrail.registration.observer_databases IS 'Databases that were looked up: [{type, built}]';
COMMENT ON COLUMN calltrail.registration.observer_ruleset IS 'Spoofing rules: their version';
COMMENT ON COLUMN calltrail.registration.received_at IS 'When the store received it, by the database''s clock';

-- +goose Down
DROP TABLE calltrail.registration;
