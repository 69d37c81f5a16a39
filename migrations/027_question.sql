-- The questions that compliance staff ask, each a function with a bounded time; calltrail.ask finds them in the table question.
-- docs/questions.md says what each answers and what it does not.

-- +goose Up
-- What the questions need and no index had. Each is paid for by the records that its condition is true of, and by no other.
CREATE INDEX call_record_src_asn ON calltrail.call_record (src_as_number, started_at) WHERE src_as_number IS NOT NULL;
CREATE INDEX call_record_dst_asn ON calltrail.call_record (dst_as_number, started_at) WHERE dst_as_number IS NOT NULL;
CREATE INDEX call_record_device ON calltrail.call_record (sip_instance_id, started_at) WHERE sip_instance_id IS NOT NULL;
CREATE INDEX call_record_home_number ON calltrail.call_record (started_at)
    WHERE indicators @> '[{"rule": "foreign_source_home_number"}]' OR indicators @> '[{"rule": "own_number_from_outside"}]';
CREATE INDEX assignment_mac ON calltrail.assignment (mac) WHERE mac IS NOT NULL;
CREATE INDEX watchlist_entry_case ON calltrail.watchlist_entry (case_ref) WHERE case_ref IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION calltrail.redirect_numbers(redirects jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT x.value ->> 'e164'), '{}')
      FROM jsonb_array_elements(CASE WHEN jsonb_typeof($1) = 'array' THEN $1 ELSE '[]' END) AS x
     WHERE x.value ->> 'e164' IS NOT NULL
$$;

-- Squares of a quarter of a degree, counted from the south pole, and in each row from the date line to the east.
CREATE FUNCTION calltrail.place_cell(latitude double precision, longitude double precision) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.floor((latitude + 90) * 4)::integer * 1440 + (pg_catalog.floor((longitude + 180) * 4)::integer % 1440)
$$;
-- +goose StatementEnd

-- Diverted calls are few, so the rest pay nothing. Without a list of what is pending: that would be read by every question. Its condition is written
-- so that it does not also say "redirects IS NOT NULL": without statistics the planner takes the index of that (016), and reads all diverted calls.
CREATE INDEX call_record_redirects ON calltrail.call_record USING gin (calltrail.redirect_numbers(redirects)) WITH (fastupdate = off) WHERE coalesce(redirects, '[]') <> '[]';
CREATE INDEX call_record_place ON calltrail.call_record (calltrail.place_cell(src_location_latitude, src_location_longitude), started_at)
    WHERE src_location_of = 'endpoint' AND src_location_latitude IS NOT NULL AND src_location_longitude IS NOT NULL;

CREATE TYPE calltrail.call_line AS (
    started_at       timestamptz,
    answered_at      timestamptz,
    ended_at         timestamptz,
    duration_ms      bigint,
    kind             text,
    disposition      text,
    sip_status       smallint,
    ended_by         text,
    caller           text,
    asserted         text,
    callee           text,
    connected        text,
    diverted         text[],
    found_as         text[],
    remark           text,
    src_ip           inet,
    src_port         integer,
    src_role         text,
    src_country      text,
    src_as_number    bigint,
    src_as_org       text,
    src_network      text,
    dst_ip           inet,
    dst_port         integer,
    dst_role         text,
    dst_country      text,
    dst_as_number    bigint,
    dst_as_org       text,
    dst_network      text,
    place_country    text,
    place_city       text,
    latitude         double precision,
    longitude        double precision,
    accuracy_km      integer,
    place_method     text,
    place_said_by    text,
    direction        text,
    ingress          text,
    egress           text,
    device           text,
    user_agent       text,
    app              text,
    app_confidence   text,
    indicators       text[],
    flags            text[],
    visibility       text,
    caller_subscriber text[],
    callee_subscriber text[],
    sensor           text,
    call             uuid,
    call_uid         uuid,
    record_id        uuid,
    day              date
);
COMMENT ON TYPE calltrail.call_line IS 'A call leg as answers show it: one line, its newest revision. docs/questions.md says what each column is';
COMMENT ON COLUMN calltrail.call_line.started_at IS 'First INVITE, or the first packet when there was none';
COMMENT ON COLUMN calltrail.call_line.answered_at IS 'When it was answered; NULL: never';
COMMENT ON COLUMN calltrail.call_line.ended_at IS 'When it ended; NULL: open when this revision was made';
COMMENT ON COLUMN calltrail.call_line.duration_ms IS 'From answered_at to ended_at, milliseconds';
COMMENT ON COLUMN calltrail.call_line.kind IS 'sip, media, app, tls';
COMMENT ON COLUMN calltrail.call_line.disposition IS 'How it ended';
COMMENT ON COLUMN calltrail.call_line.sip_status IS 'Final response to the INVITE';
COMMENT ON COLUMN calltrail.call_line.ended_by IS 'Who ended it';
COMMENT ON COLUMN calltrail.call_line.caller IS 'Number that was shown as the caller''s, in E.164, else user@host as sent. Anybody can write it';
COMMENT ON COLUMN calltrail.call_line.asserted IS 'Number that a network asserted for the caller';
COMMENT ON COLUMN calltrail.call_line.callee IS 'Number that was called, else user@host as sent';
COMMENT ON COLUMN calltrail.call_line.connected IS 'Number that answered, where the answer said so';
COMMENT ON COLUMN calltrail.call_line.diverted IS 'Numbers by or to which the call was diverted';
COMMENT ON COLUMN calltrail.call_line.found_as IS 'As what the asked for stands in this call: caller, callee, asserted, connected, diverted, roles of endpoint, certain, possible …';
COMMENT ON COLUMN calltrail.call_line.remark IS 'What a reader should know of why this call is in the answer';
COMMENT ON COLUMN calltrail.call_line.src_ip IS 'Address the first INVITE came from; of a trunk the gateway''s, not the caller''s';
COMMENT ON COLUMN calltrail.call_line.src_port IS 'Its port';
COMMENT ON COLUMN calltrail.call_line.src_role IS 'What the address is to the operator: subscriber, trunk, own_sbc, foreign';
COMMENT ON COLUMN calltrail.call_line.src_country IS 'Country of the address; of a gateway, relay or VPN not the caller''s: place_country is, where it is known';
COMMENT ON COLUMN calltrail.call_line.src_as_number IS 'Autonomous system of the address';
COMMENT ON COLUMN calltrail.call_line.src_as_org IS 'Its name';
COMMENT ON COLUMN calltrail.call_line.src_network IS 'What the network is: hosting, vpn, tor, mobile, isp';
COMMENT ON COLUMN calltrail.call_line.dst_ip IS 'Address the first INVITE went to';
COMMENT ON COLUMN calltrail.call_line.dst_port IS 'Its port';
COMMENT ON COLUMN calltrail.call_line.dst_role IS 'What the address is to the operator';
COMMENT ON COLUMN calltrail.call_line.dst_country IS 'Country of the address';
COMMENT ON COLUMN calltrail.call_line.dst_as_number IS 'Autonomous system of the address';
COMMENT ON COLUMN calltrail.call_line.dst_as_org IS 'Its name';
COMMENT ON COLUMN calltrail.call_line.dst_network IS 'What the network is';
COMMENT ON COLUMN calltrail.call_line.place_country IS 'Caller''s place, as caller_place has it: country. NULL with the next six for gateways, relays, hosting, VPN and Tor';
COMMENT ON COLUMN calltrail.call_line.place_city IS 'Caller''s place: city';
COMMENT ON COLUMN calltrail.call_line.latitude IS 'Caller''s place: latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.call_line.longitude IS 'Caller''s place: longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.call_line.accuracy_km IS 'Caller''s place: radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.call_line.place_method IS 'Caller''s place: how it was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.call_line.place_said_by IS 'Caller''s place: who says so, of pidf_lo and cell: caller or network';
COMMENT ON COLUMN calltrail.call_line.direction IS 'originating, terminating, on_net, transit, unknown';
COMMENT ON COLUMN calltrail.call_line.ingress IS 'Trunk it came in by: network at its other end and name';
COMMENT ON COLUMN calltrail.call_line.egress IS 'Trunk it left by: network at its other end and name';
COMMENT ON COLUMN calltrail.call_line.device IS '+sip.instance of the caller''s Contact';
COMMENT ON COLUMN calltrail.call_line.user_agent IS 'User-Agent of the caller''s side';
COMMENT ON COLUMN calltrail.call_line.app IS 'Call in an application: which';
COMMENT ON COLUMN calltrail.call_line.app_confidence IS 'How sure that is: certain, likely, weak';
COMMENT ON COLUMN calltrail.call_line.indicators IS 'Spoofing rules that hold: facts to look into, not verdicts';
COMMENT ON COLUMN calltrail.call_line.flags IS 'What an auditor should know about the record';
COMMENT ON COLUMN calltrail.call_line.visibility IS 'How much the tap saw: full, sip_only, media_only, one_way, encrypted';
COMMENT ON COLUMN calltrail.call_line.caller_subscriber IS 'Whose line the caller''s addresses were (of kind app the client''s): reference, else line or hardware address. Several: the sources contradict one another';
COMMENT ON COLUMN calltrail.call_line.callee_subscriber IS 'Whose line the callee''s addresses were';
COMMENT ON COLUMN calltrail.call_line.sensor IS 'Sensor that made the record';
COMMENT ON COLUMN calltrail.call_line.call IS 'What the legs of one call have in common: group_uid, else call_uid';
COMMENT ON COLUMN calltrail.call_line.call_uid IS 'Identity of the leg';
COMMENT ON COLUMN calltrail.call_line.record_id IS 'Identity of the revision that is shown: its exact bytes are in record_body';
COMMENT ON COLUMN calltrail.call_line.day IS 'UTC date of started_at';

-- The next few have no SET, so that the planner puts their words into the question that uses them, and leaves partitions out.
-- +goose StatementBegin
CREATE FUNCTION calltrail.row_limit() RETURNS bigint
    LANGUAGE sql STABLE AS $$
    SELECT nullif(pg_catalog.current_setting('calltrail.row_limit', true), '')::bigint
$$;

CREATE FUNCTION calltrail.first_day(from_time timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (from_time AT TIME ZONE 'UTC')::date $$;

CREATE FUNCTION calltrail.check_window(question text, from_time timestamptz, to_time timestamptz, longest interval DEFAULT '1100 days') RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF from_time IS NULL OR to_time IS NULL OR to_time <= from_time OR to_time > from_time + longest OR NOT isfinite(from_time) OR NOT isfinite(to_time) THEN
        RAISE EXCEPTION '%(%, %): a time of more than nothing and at most % is wanted', question, from_time, to_time, longest
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

-- Sensors write an IPv4 address that came within an IPv6 one (::ffff:203.0.113.7) as the IPv4 address it is; so it is asked for.
CREATE FUNCTION calltrail.plain_address(address inet) RETURNS inet
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN address <<= '::ffff:0:0/96' THEN set_masklen('0.0.0.0'::inet + (host(address)::inet - '::ffff:0:0'::inet), masklen(address) - 96) ELSE address END
$$;

CREATE FUNCTION calltrail.number_asked(question text, of_number text, OUT e164 text, OUT named text)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    e164 := translate(of_number, ' -.()', '');
    IF e164 ~ '^\+[1-9][0-9]{1,14}$' THEN
        RETURN;
    END IF;
    e164 := NULL;
    -- sip: before it says that it is meant exactly as it was shown.
    named := regexp_replace(btrim(of_number), '^sip:', '', 'i');
    IF named IS NULL OR named = '' OR named LIKE '+%' OR octet_length(named) > 1024 OR strpos(named, '@') > 0 THEN
        RAISE EXCEPTION '%: % is no number in E.164 (+, country code, at most 15 digits) and no user part of a SIP address (what stands before the @)', question, coalesce(quote_literal(left(of_number, 64)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- An empty answer to a number typed as it is dialled at home would be read as "no calls".
    IF named ~ '^[0-9() .-]{7,}$' THEN
        RAISE WARNING '%: a number without + and country code finds only calls that show it so and whose number could not be read; numbers that could be are asked for in E.164, as +919812345678', question;
    END IF;
END
$$;

-- The newest revision of a call, as the view calls has it, by one look-up in its day. OFFSET 0 keeps that look-up out of the partitions: it would be
-- planned in each of them for all of them, ten thousand times for two years of weeks.
CREATE FUNCTION calltrail.number_records(e164 text, named text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (day date, record_id uuid, call_uid uuid, call uuid, started_at timestamptz, last_at timestamptz, disposition text, found_as text[],
                   caller text, asserted text, callee text, connected text, redirects jsonb)
    LANGUAGE sql STABLE AS $$
    SELECT r.day, r.record_id, r.call_uid, coalesce(r.group_uid, r.call_uid), r.started_at, greatest(r.started_at, r.ended_at, r.last_seen_at), r.disposition,
           pg_catalog.array_remove(ARRAY[
               CASE WHEN r.caller_e164 = e164 OR r.caller_e164 IS NULL AND r.caller_user = named THEN 'caller' END,
               CASE WHEN r.asserted_e164 = e164 THEN 'asserted' END,
               CASE WHEN r.callee_e164 = e164 OR r.callee_e164 IS NULL AND r.callee_user = named THEN 'callee' END,
               CASE WHEN r.connected_e164 = e164 THEN 'connected' END,
               CASE WHEN calltrail.redirect_numbers(r.redirects) @> ARRAY[e164] THEN 'diverted' END], NULL),
           calltrail.party_key(r.caller_e164, r.caller_user, r.caller_host), r.asserted_e164, calltrail.party_key(r.callee_e164, r.callee_user, r.callee_host), r.connected_e164, r.redirects
      FROM (SELECT f.* FROM calltrail.call_record f
             WHERE f.day BETWEEN calltrail.first_day(from_time) AND calltrail.first_day(to_time) AND f.started_at >= from_time AND f.started_at < to_time
               AND (f.caller_e164 = e164 OR f.callee_e164 = e164 OR f.asserted_e164 = e164 OR f.connected_e164 = e164
                    OR coalesce(f.redirects, '[]') <> '[]' AND calltrail.redirect_numbers(f.redirects) @> ARRAY[e164]
                    OR f.caller_e164 IS NULL AND f.caller_user = named OR f.callee_e164 IS NULL AND f.callee_user = named)
            OFFSET 0) r
     WHERE r.record_id = (SELECT b.record_id FROM calltrail.call_record b
                           WHERE b.day = r.day AND b.call_uid = r.call_uid AND b.day BETWEEN calltrail.first_day(from_time) AND calltrail.first_day(to_time)
                           ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
$$;

-- Whom the number talked to, or tried to: one row for each call and other party. The caller's two numbers are one person's.
CREATE FUNCTION calltrail.number_contacts(e164 text, named text, from_time timestamptz, to_time timestamptz, most_calls bigint DEFAULT NULL)
    RETURNS TABLE (contact text, call uuid, call_uid uuid, started_at timestamptz, disposition text)
    LANGUAGE sql STABLE AS $$
    SELECT DISTINCT c.contact, n.call, n.call_uid, n.started_at, n.disposition
      FROM (SELECT * FROM calltrail.number_records(e164, named, from_time, to_time) LIMIT most_calls) n
     CROSS JOIN LATERAL (
           VALUES (n.caller, n.found_as && '{callee,connected,diverted}'), (n.asserted, n.found_as && '{callee,connected,diverted}'),
                  (n.callee, n.found_as && '{caller,asserted,diverted}'), (n.connected, n.found_as && '{caller,asserted,diverted}')) AS c (contact, other)
     WHERE c.other AND c.contact IS NOT NULL AND c.contact IS DISTINCT FROM e164 AND (named IS NULL OR NOT pg_catalog.starts_with(c.contact, named || '@') AND c.contact <> named)
$$;

-- The line of a record, with what the address book of subscribers says of it. The days are the window's, for the planner.
CREATE FUNCTION calltrail.call_line_of(of_day date, of_record uuid, found_as text[], remark text, from_day date, to_day date) RETURNS SETOF calltrail.call_line
    LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT r.started_at, r.answered_at, r.ended_at, r.duration_ms, r.kind, r.disposition, r.sip_status, r.ended_by,
           coalesce(r.caller_e164, r.caller_user || coalesce('@' || r.caller_host, '')), r.asserted_e164,
           coalesce(r.callee_e164, r.callee_user || coalesce('@' || r.callee_host, '')), r.connected_e164, calltrail.redirect_numbers(r.redirects), found_as, remark,
           r.src_ip, r.src_port, r.src_role, r.src_location_country, r.src_as_number, r.src_as_org, r.src_network,
           r.dst_ip, r.dst_port, r.dst_role, r.dst_location_country, r.dst_as_number, r.dst_as_org, r.dst_network,
           CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_country END, CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_city END,
           CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_latitude END, CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_longitude END,
           CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_accuracy_km END, CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_method END,
           CASE WHEN r.src_location_of = 'endpoint' THEN r.src_location_said_by END,
           r.direction, nullif(pg_catalog.concat_ws(' ', r.ingress_peer, r.ingress_trunk), ''), nullif(pg_catalog.concat_ws(' ', r.egress_peer, r.egress_trunk), ''),
           r.sip_instance_id, r.sip_user_agent, r.app_name, r.app_confidence,
           ARRAY(SELECT x.value ->> 'rule' FROM pg_catalog.jsonb_array_elements(r.indicators) WITH ORDINALITY AS x (value, n) ORDER BY x.n), r.flags, r.visibility,
           ARRAY(SELECT DISTINCT coalesce(s.subscriber, s.line, s.mac::text, s.client, 'inside ' || pg_catalog.host(s.inside_address)) FROM calltrail.call_subscribers s
                  WHERE s.record_id = r.record_id AND s.roles && '{caller_signalling,media_from_caller,media_to_caller,app_client,tls_client}' ORDER BY 1),
           ARRAY(SELECT DISTINCT coalesce(s.subscriber, s.line, s.mac::text, s.client, 'inside ' || pg_catalog.host(s.inside_address)) FROM calltrail.call_subscribers s
                  WHERE s.record_id = r.record_id AND s.roles && '{callee_signalling,media_from_callee,media_to_callee,app_peer}' ORDER BY 1),
           r.sensor, coalesce(r.group_uid, r.call_uid), r.call_uid, r.record_id, r.day
      FROM calltrail.call_record r
     WHERE r.day = of_day AND r.record_id = of_record AND r.day BETWEEN from_day AND to_day
$$;

CREATE FUNCTION calltrail.calls_of_number(of_number text, from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked record;
BEGIN
    PERFORM calltrail.check_window('calls_of_number', from_time, to_time);
    SELECT * INTO asked FROM calltrail.number_asked('calls_of_number', of_number);
    RETURN QUERY
    SELECT x.*
      FROM (SELECT n.* FROM calltrail.number_records(asked.e164, asked.named, from_time, to_time) n ORDER BY n.started_at, n.call_uid LIMIT calltrail.row_limit()) n
     CROSS JOIN LATERAL calltrail.call_line_of(n.day, n.record_id, n.found_as, NULL, calltrail.first_day(from_time), calltrail.first_day(to_time)) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

-- Calls that began up to a day before and were not over belong to it: who is on the telephone at that time is being called.
CREATE FUNCTION calltrail.calls_to_victim(victim text, at timestamptz, within interval DEFAULT '10 minutes') RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked     record;
    from_time timestamptz := at - within;
    to_time   timestamptz := at + within;
    early     timestamptz := at - within - interval '24 hours';
BEGIN
    PERFORM calltrail.check_window('calls_to_victim', from_time, to_time, '31 days');
    SELECT * INTO asked FROM calltrail.number_asked('calls_to_victim', victim);
    RETURN QUERY
    SELECT x.*
      FROM (SELECT n.* FROM calltrail.number_records(asked.e164, asked.named, early, to_time) n
             WHERE n.found_as && '{callee,connected,diverted}' AND n.last_at >= from_time
             ORDER BY n.started_at, n.call_uid LIMIT calltrail.row_limit()) n
     CROSS JOIN LATERAL calltrail.call_line_of(n.day, n.record_id, n.found_as,
           CASE WHEN n.started_at < from_time THEN 'began before that time and was not over' END, calltrail.first_day(early), calltrail.first_day(to_time)) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

CREATE FUNCTION calltrail.calls_at_address(address inet, from_time timestamptz, to_time timestamptz, port integer DEFAULT NULL) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked    CONSTANT inet    := calltrail.plain_address(address);
    bits     CONSTANT integer := CASE family(asked) WHEN 4 THEN 32 ELSE 128 END;
    low      CONSTANT inet    := set_masklen(network(asked)::inet, bits);
    high     CONSTANT inet    := set_masklen(broadcast(asked), bits);
    from_day CONSTANT date    := calltrail.first_day(from_time) - 7;
    to_day   CONSTANT date    := calltrail.first_day(to_time);
BEGIN
    PERFORM calltrail.check_window('calls_at_address', from_time, to_time);
    IF asked IS NULL OR masklen(asked) < (CASE family(asked) WHEN 4 THEN 16 ELSE 32 END) THEN
        RAISE EXCEPTION 'calls_at_address: an address, or a network of at least /16 (IPv4) or /32 (IPv6), is wanted, not %', coalesce(address::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT x.*
      FROM (SELECT u.day, u.record_id, array_agg(DISTINCT u.role ORDER BY u.role) AS roles, min(u.first_at) AS first_at, max(u.last_at) AS last_at
              FROM (SELECT e.day, e.record_id, e.call_uid, role.role, e.first_at, e.last_at
                      FROM calltrail.endpoint e CROSS JOIN LATERAL unnest(e.roles) AS role (role)
                     WHERE e.day BETWEEN from_day AND to_day AND (low = high AND e.ip = low OR low <> high AND e.ip BETWEEN low AND high)
                       AND (calls_at_address.port IS NULL OR e.port = calls_at_address.port) AND e.first_at < to_time AND e.last_at >= from_time AND e.call_uid IS NOT NULL
                    OFFSET 0) u
             WHERE u.record_id = (SELECT b.record_id FROM calltrail.call_record b
                                   WHERE b.day = u.day AND b.call_uid = u.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
             GROUP BY u.day, u.record_id
             ORDER BY u.day, u.record_id LIMIT calltrail.row_limit()) u
     CROSS JOIN LATERAL calltrail.call_line_of(u.day, u.record_id, u.roles,
           'used from ' || to_char(u.first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' to ' || to_char(u.last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

CREATE FUNCTION calltrail.calls_of_asn(asn bigint, from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    from_day CONSTANT date := calltrail.first_day(from_time);
    to_day   CONSTANT date := calltrail.first_day(to_time);
BEGIN
    PERFORM calltrail.check_window('calls_of_asn', from_time, to_time);
    RETURN QUERY
    SELECT x.*
      FROM (SELECT r.day, r.record_id, array_remove(ARRAY[CASE WHEN r.src_as_number = asn THEN 'source' END, CASE WHEN r.dst_as_number = asn THEN 'destination' END], NULL) AS found_as
              FROM (SELECT f.day, f.record_id, f.call_uid, f.started_at, f.src_as_number, f.dst_as_number FROM calltrail.call_record f
                     WHERE f.day BETWEEN from_day AND to_day AND f.started_at >= from_time AND f.started_at < to_time AND (f.src_as_number = asn OR f.dst_as_number = asn)
                    OFFSET 0) r
             WHERE r.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = r.day AND b.call_uid = r.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
             ORDER BY r.started_at, r.call_uid LIMIT calltrail.row_limit()) n
     CROSS JOIN LATERAL calltrail.call_line_of(n.day, n.record_id, n.found_as, NULL, from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

CREATE FUNCTION calltrail.foreign_ingress_home_number(from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    from_day CONSTANT date := calltrail.first_day(from_time);
    to_day   CONSTANT date := calltrail.first_day(to_time);
BEGIN
    PERFORM calltrail.check_window('foreign_ingress_home_number', from_time, to_time);
    RETURN QUERY
    SELECT x.*
      FROM (SELECT r.day, r.record_id, r.indicators
              FROM (SELECT f.day, f.record_id, f.call_uid, f.started_at, f.indicators FROM calltrail.call_record f
                     WHERE f.day BETWEEN from_day AND to_day AND f.started_at >= from_time AND f.started_at < to_time
                       AND (f.indicators @> '[{"rule": "foreign_source_home_number"}]' OR f.indicators @> '[{"rule": "own_number_from_outside"}]')
                    OFFSET 0) r
             WHERE r.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = r.day AND b.call_uid = r.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
             ORDER BY r.started_at, r.call_uid LIMIT calltrail.row_limit()) n
     CROSS JOIN LATERAL calltrail.call_line_of(n.day, n.record_id,
           ARRAY(SELECT i.value ->> 'rule' FROM jsonb_array_elements(n.indicators) i WHERE i.value ->> 'rule' IN ('foreign_source_home_number', 'own_number_from_outside') ORDER BY 1), NULL, from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;
-- +goose StatementEnd

-- The register asks for one area within another; the circle of a question is "latitude,longitude,km".
-- +goose StatementBegin
CREATE FUNCTION calltrail.area_parts(area text, OUT latitude double precision, OUT longitude double precision, OUT km double precision)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text[] := regexp_match(area, '^ *([-+]?[0-9]{1,2}(?:\.[0-9]{1,12})?) *, *([-+]?[0-9]{1,3}(?:\.[0-9]{1,12})?) *, *([0-9]{1,3}(?:\.[0-9]{1,6})?) *$');
BEGIN
    latitude := part[1];
    longitude := part[2];
    km := part[3];
    IF part IS NULL OR abs(latitude) > 90 OR abs(longitude) > 180 OR km <= 0 OR km > 500 THEN
        RAISE EXCEPTION 'area %: latitude, longitude (WGS84 degrees) and a radius of at most 500 km are wanted, as 28.5700,77.3200,5', coalesce(quote_literal(left(area, 64)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

-- The haversine formula on a sphere of the Earth's mean radius: wrong by half a per cent at most.
CREATE FUNCTION calltrail.distance_km(lat1 double precision, lon1 double precision, lat2 double precision, lon2 double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT 2 * 6371.0088 * pg_catalog.asin(pg_catalog.sqrt(least(1,
           pg_catalog.power(pg_catalog.sind((lat2 - lat1) / 2), 2) + pg_catalog.cosd(lat1) * pg_catalog.cosd(lat2) * pg_catalog.power(pg_catalog.sind((lon2 - lon1) / 2), 2))))
$$;

CREATE FUNCTION calltrail.area_covers(outer_area text, inner_area text) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT calltrail.distance_km(o.latitude, o.longitude, i.latitude, i.longitude) + i.km <= o.km + 0.000001
      FROM calltrail.area_parts($1) o, calltrail.area_parts($2) i
$$;

-- The squares that a circle may touch, as spans of place_cell: one span a row of squares, two where it crosses the date line.
CREATE FUNCTION calltrail.area_cells(latitude double precision, longitude double precision, km double precision)
    RETURNS TABLE (first_cell integer, last_cell integer)
    LANGUAGE sql IMMUTABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
    WITH reach AS (
        SELECT $3 / 111.19 + 0.01 AS lat
    ), wide AS (
        -- Where the circle comes near a pole it has all longitudes.
        SELECT greatest($1 - r.lat, -90) AS south, least($1 + r.lat, 90) AS north,
               CASE WHEN abs($1) + r.lat >= 89.5 THEN 180 ELSE least(degrees(asin(least(1, sind(r.lat) / cosd($1)))) + 0.01, 180) END AS lon FROM reach r
    ), band AS (
        SELECT g.n * 1440 AS base, floor(($2 - w.lon + 180) * 4)::integer AS west, floor(($2 + w.lon + 180) * 4)::integer AS east
          FROM wide w, generate_series(floor((w.south + 90) * 4)::integer, floor((w.north + 90) * 4)::integer) AS g (n)
    )
    SELECT s.*
      FROM band r CROSS JOIN LATERAL (
           SELECT r.base, r.base + 1439 WHERE r.east - r.west >= 1439
           UNION ALL SELECT r.base + greatest(r.west, 0), r.base + least(r.east, 1439) WHERE r.east - r.west < 1439
           UNION ALL SELECT r.base + r.west + 1440, r.base + 1439 WHERE r.east - r.west < 1439 AND r.west < 0
           UNION ALL SELECT r.base, r.base + r.east - 1440 WHERE r.east - r.west < 1439 AND r.east > 1439) s
$$;

CREATE FUNCTION calltrail.calls_in_radius(area text, from_time timestamptz, to_time timestamptz, accuracy_at_most integer DEFAULT 50) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    circle   record;
    from_day CONSTANT date := calltrail.first_day(from_time);
    to_day   CONSTANT date := calltrail.first_day(to_time);
BEGIN
    PERFORM calltrail.check_window('calls_in_radius', from_time, to_time);
    SELECT * INTO circle FROM calltrail.area_parts(area);
    IF accuracy_at_most IS NULL OR accuracy_at_most < 0 OR accuracy_at_most > 200 THEN
        RAISE EXCEPTION 'calls_in_radius: accuracy_at_most is %, 0 to 200 km are wanted', coalesce(accuracy_at_most::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT x.*
      FROM (SELECT r.day, r.record_id, r.away, r.accuracy, r.away + r.accuracy <= circle.km AS certain
              FROM (SELECT f.*, calltrail.distance_km(circle.latitude, circle.longitude, f.latitude, f.longitude) AS away
                      FROM calltrail.area_cells(circle.latitude, circle.longitude, circle.km + accuracy_at_most) c
                     -- For each span a look-up, and never all records of the time compared with all spans.
                     CROSS JOIN LATERAL (
                           SELECT p.day, p.record_id, p.call_uid, p.started_at, p.src_location_accuracy_km AS accuracy, p.src_location_latitude AS latitude, p.src_location_longitude AS longitude
                             FROM calltrail.call_record p
                            WHERE calltrail.place_cell(p.src_location_latitude, p.src_location_longitude) BETWEEN c.first_cell AND c.last_cell
                              AND p.src_location_of = 'endpoint' AND p.src_location_latitude IS NOT NULL AND p.src_location_longitude IS NOT NULL
                              AND p.day BETWEEN from_day AND to_day AND p.started_at >= from_time AND p.started_at < to_time
                           OFFSET 0) f
                    OFFSET 0) r
             WHERE (r.away <= circle.km OR r.away <= circle.km + r.accuracy) AND coalesce(r.accuracy, 0) <= accuracy_at_most
               AND r.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = r.day AND b.call_uid = r.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
             ORDER BY r.started_at, r.call_uid LIMIT calltrail.row_limit()) n
     CROSS JOIN LATERAL calltrail.call_line_of(n.day, n.record_id, ARRAY[CASE WHEN n.certain THEN 'certain' ELSE 'possible' END],
           round(n.away::numeric, 1) || ' km from the centre, ' || coalesce('known to ' || n.accuracy || ' km', 'how exactly is not known'), from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

-- A device is named by its +sip.instance, with or without <>, or by the hardware address of the line it was on.
CREATE FUNCTION calltrail.calls_of_device(of_device text, from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    from_day CONSTANT date := calltrail.first_day(from_time);
    to_day   CONSTANT date := calltrail.first_day(to_time);
    bare     CONSTANT text := btrim(of_device, ' <>"');
    hardware macaddr;
BEGIN
    PERFORM calltrail.check_window('calls_of_device', from_time, to_time);
    IF bare IS NULL OR bare = '' OR octet_length(bare) > 1024 THEN
        RAISE EXCEPTION 'calls_of_device: a +sip.instance (urn:uuid:…, urn:gsma:imei:…) or a hardware address is wanted, not %', coalesce(quote_literal(left(of_device, 64)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF bare ~* '^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$' THEN
        hardware := bare;
    END IF;
    RETURN QUERY
    SELECT x.*
      FROM (SELECT r.day, r.record_id, array_agg(DISTINCT r.found_as) AS found_as
              FROM (SELECT f.day, f.record_id, f.call_uid, 'device' AS found_as FROM calltrail.call_record f
                     WHERE f.day BETWEEN from_day AND to_day AND f.started_at >= from_time AND f.started_at < to_time AND f.sip_instance_id = ANY (ARRAY[bare, '<' || bare || '>'])
                    UNION ALL
                    SELECT s.day, s.record_id, s.call_uid, unnest(s.roles) FROM calltrail.assignment a CROSS JOIN LATERAL (
                           SELECT * FROM calltrail.call_subscribers h WHERE h.assignment_id = a.assignment_id OFFSET 0) s
                     WHERE a.mac = hardware AND s.day BETWEEN from_day AND to_day AND s.call_uid IS NOT NULL
                    OFFSET 0) r
             WHERE r.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = r.day AND b.call_uid = r.call_uid AND b.day BETWEEN from_day AND to_day
                                     AND b.started_at >= from_time AND b.started_at < to_time
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
             GROUP BY r.day, r.record_id ORDER BY r.day, r.record_id LIMIT calltrail.row_limit()) n
     CROSS JOIN LATERAL calltrail.call_line_of(n.day, n.record_id, n.found_as, NULL, from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

CREATE FUNCTION calltrail.numbers_of_device(of_device text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (number text, shown_as text, calls bigint, legs bigint, first_at timestamptz, last_at timestamptz, addresses inet[], callees bigint, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM calltrail.check_window('numbers_of_device', $2, $3);
    RETURN QUERY
    SELECT v.number, v.shown_as, count(DISTINCT l.call), count(*), min(l.started_at), max(l.started_at), calltrail.sample(l.src_ip ORDER BY l.started_at, l.call_uid), count(DISTINCT l.callee),
           calltrail.sample(l.call_uid ORDER BY l.started_at, l.call_uid)
      FROM calltrail.calls_of_device($1, $2, $3) l
     CROSS JOIN LATERAL (VALUES ('caller', l.caller), ('asserted', l.asserted)) AS v (shown_as, number)
     WHERE v.number IS NOT NULL AND (l.found_as && '{device,caller_signalling,media_from_caller,media_to_caller,app_client}')
     GROUP BY v.number, v.shown_as
     ORDER BY count(*) DESC, v.number, v.shown_as
     LIMIT calltrail.row_limit();
END
$$;

CREATE FUNCTION calltrail.contacts_of_two_numbers(number_a text, number_b text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (contact text, relation text, calls_with_a bigint, calls_with_b bigint, first_with_a timestamptz, last_with_a timestamptz,
                   first_with_b timestamptz, last_with_b timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    a record;
    b record;
BEGIN
    PERFORM calltrail.check_window('contacts_of_two_numbers', $3, $4);
    SELECT * INTO a FROM calltrail.number_asked('contacts_of_two_numbers', $1);
    SELECT * INTO b FROM calltrail.number_asked('contacts_of_two_numbers', $2);
    RETURN QUERY
    WITH talk AS MATERIALIZED (
        SELECT true AS of_a, c.* FROM calltrail.number_contacts(a.e164, a.named, $3, $4) c
        UNION ALL
        SELECT false, c.* FROM calltrail.number_contacts(b.e164, b.named, $3, $4) c
    )
    SELECT t.contact, CASE WHEN bool_and(t.of_a) OR NOT bool_or(t.of_a) THEN 'direct' ELSE 'common' END, count(DISTINCT t.call) FILTER (WHERE t.of_a), count(DISTINCT t.call) FILTER (WHERE NOT t.of_a),
           min(t.started_at) FILTER (WHERE t.of_a), max(t.started_at) FILTER (WHERE t.of_a), min(t.started_at) FILTER (WHERE NOT t.of_a), max(t.started_at) FILTER (WHERE NOT t.of_a),
           calltrail.sample(t.call_uid ORDER BY t.started_at, t.call_uid)
      FROM talk t
     GROUP BY t.contact
    HAVING bool_or(t.of_a) AND bool_or(NOT t.of_a)
        -- The two talked to one another: that is one row, as seen from a.
        OR bool_or(t.of_a) AND (t.contact = b.e164 OR t.contact = b.named OR starts_with(t.contact, b.named || '@'))
     ORDER BY 2 DESC, count(DISTINCT t.call) DESC, t.contact
     LIMIT calltrail.row_limit();
END
$$;

-- Who a call was sent on to, first to last: each once, where it stands first. Diversion has the last diversion on top (RFC 5806),
-- History-Info the first (RFC 7044); 3xx and REFER name where the call was sent after the callee. The Request-URI is where it goes when
-- the To header still names the first callee.
CREATE FUNCTION calltrail.forward_path(caller text, redirects jsonb, callee text, request_uri text, connected text) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(u.party ORDER BY u.place), '{}')
      FROM (SELECT p.party, min(p.place) AS place
              FROM (SELECT $1 AS party, 0::numeric AS place
                    UNION ALL
                    SELECT coalesce(x.value ->> 'e164', x.value ->> 'raw'),
                           CASE x.value ->> 'source' WHEN 'history_info' THEN 1000 + x.n WHEN 'diversion' THEN 2000 - x.n ELSE 5000 + x.n END
                      FROM jsonb_array_elements(CASE WHEN jsonb_typeof($2) = 'array' THEN $2 ELSE '[]' END) WITH ORDINALITY AS x (value, n)
                    UNION ALL
                    SELECT $3, CASE WHEN $2 @> '[{"source": "diversion"}]' OR $2 @> '[{"source": "history_info"}]' THEN 3000 ELSE 500 END
                    UNION ALL
                    SELECT substring($4, '^(?:sips?|tel):(\+[1-9][0-9]{3,14})(?:[@;]|$)'), 4000
                    UNION ALL
                    SELECT $5, 6000) p
             WHERE p.party IS NOT NULL
             GROUP BY p.party) u
$$;

CREATE FUNCTION calltrail.forwarding_chain(of_number text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (call uuid, leg bigint, started_at timestamptz, chain text[], reasons text[], told_by text[], found_as text[], disposition text, src_ip inet, dst_ip inet, sensor text, call_uid uuid)
    LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked    record;
    from_day CONSTANT date := calltrail.first_day($2) - 1;
    to_day   CONSTANT date := calltrail.first_day($3) + 1;
BEGIN
    PERFORM calltrail.check_window('forwarding_chain', $2, $3);
    SELECT * INTO asked FROM calltrail.number_asked('forwarding_chain', $1);
    RETURN QUERY
    WITH own AS MATERIALIZED (
        SELECT n.day, n.record_id, n.call, n.found_as FROM calltrail.number_records(asked.e164, asked.named, $2, $3) n
    ), near AS MATERIALIZED (
        -- The other legs of its calls; at midnight the next day has some.
        SELECT DISTINCT o.call, r.day, r.record_id, r.call_uid
          FROM (SELECT DISTINCT own.call, own.day FROM own) o
         CROSS JOIN LATERAL (
               SELECT g.day, g.record_id, g.call_uid FROM calltrail.call_record g
                WHERE g.group_uid = o.call AND g.day BETWEEN o.day - 1 AND o.day + 1 AND g.day BETWEEN from_day AND to_day OFFSET 0) r
        UNION
        SELECT own.call, own.day, own.record_id, NULL FROM own
    ), legs AS MATERIALIZED (
        SELECT m.call, r.call_uid, r.started_at, r.disposition, r.src_ip, r.dst_ip, r.sensor, r.redirects, calltrail.party_key(r.callee_e164, r.callee_user, r.callee_host) AS callee,
               calltrail.forward_path(calltrail.party_key(r.caller_e164, r.caller_user, r.caller_host), r.redirects, calltrail.party_key(r.callee_e164, r.callee_user, r.callee_host), r.request_uri, r.connected_e164) AS chain,
               (SELECT o.found_as FROM own o WHERE o.record_id = r.record_id) AS found_as
          FROM (SELECT DISTINCT near.call, near.day, near.record_id FROM near
                 WHERE near.call_uid IS NULL OR near.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = near.day AND b.call_uid = near.call_uid AND b.day BETWEEN from_day AND to_day
                                                             ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)) m
         CROSS JOIN LATERAL (SELECT * FROM calltrail.call_record f WHERE f.day = m.day AND f.record_id = m.record_id AND f.day BETWEEN from_day AND to_day OFFSET 0) r
    ), sent_on AS (
        SELECT l.call FROM legs l GROUP BY l.call HAVING bool_or(l.redirects IS NOT NULL) OR count(DISTINCT l.callee) > 1 OR bool_or(cardinality(l.chain) > 2)
    )
    SELECT l.call, row_number() OVER (PARTITION BY l.call ORDER BY l.started_at, l.call_uid), l.started_at, l.chain,
           ARRAY(SELECT coalesce(x.value ->> 'reason', '') FROM jsonb_array_elements(l.redirects) WITH ORDINALITY AS x (value, n) ORDER BY x.n),
           ARRAY(SELECT x.value ->> 'source' FROM jsonb_array_elements(l.redirects) WITH ORDINALITY AS x (value, n) ORDER BY x.n),
           l.found_as, l.disposition, l.src_ip, l.dst_ip, l.sensor, l.call_uid
      FROM legs l
     WHERE l.call IN (SELECT s.call FROM sent_on s)
     ORDER BY min(l.started_at) OVER (PARTITION BY l.call), l.call, l.started_at, l.call_uid
     LIMIT calltrail.row_limit();
END
$$;

-- At most so many numbers are asked, and of each at most so many calls read: a helpline has a million. Rows that are cut say so.
CREATE FUNCTION calltrail.contact_graph(of_number text, from_time timestamptz, to_time timestamptz, most_contacts integer DEFAULT 20, most_calls integer DEFAULT 1000)
    RETURNS TABLE (hop integer, number text, contact text, calls bigint, answered bigint, first_at timestamptz, last_at timestamptz, cut boolean, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked record;
    first text;
    next  text[] := '{}';
    one   record;
BEGIN
    PERFORM calltrail.check_window('contact_graph', $2, $3);
    IF $4 IS NULL OR $4 < 1 OR $4 > 100 OR $5 IS NULL OR $5 < 1 OR $5 > 10000 THEN
        RAISE EXCEPTION 'contact_graph: most_contacts of 1 to 100 and most_calls of 1 to 10000 are wanted, not % and %', coalesce($4::text, 'NULL'), coalesce($5::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO asked FROM calltrail.number_asked('contact_graph', $1);
    first := coalesce(asked.e164, asked.named);
    FOR one IN SELECT * FROM calltrail.contact_edges(array_remove(ARRAY[asked.e164], NULL), asked.named, $2, $3, $4, $5) e ORDER BY e.calls DESC, e.contact LOOP
        hop := 1; number := first; contact := one.contact; calls := one.calls; answered := one.answered; first_at := one.first_at; last_at := one.last_at; cut := one.cut; call_uids := one.call_uids;
        RETURN NEXT;
        IF one.contact LIKE '+%' THEN
            next := next || one.contact;
        END IF;
    END LOOP;
    -- All of them in one search: to plan two years of weeks takes longer than to look up one number in them.
    FOR one IN SELECT e.* FROM calltrail.contact_edges(next, NULL, $2, $3, $4, $5) e
                WHERE e.contact <> first AND (asked.named IS NULL OR split_part(e.contact, '@', 1) <> asked.named)
                ORDER BY array_position(next, e.number), e.calls DESC, e.contact LOOP
        -- Between two of the first hop one row is enough.
        CONTINUE WHEN array_position(next, one.contact) < array_position(next, one.number);
        hop := 2; number := one.number; contact := one.contact; calls := one.calls; answered := one.answered; first_at := one.first_at; last_at := one.last_at; cut := one.cut; call_uids := one.call_uids;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION calltrail.contact_edges(numbers text[], named text, from_time timestamptz, to_time timestamptz, most_contacts integer, most_calls integer)
    RETURNS TABLE (number text, contact text, calls bigint, answered bigint, first_at timestamptz, last_at timestamptz, cut boolean, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH talk AS MATERIALIZED (
        SELECT k.number, c.* FROM unnest($1) AS k (number) CROSS JOIN LATERAL calltrail.number_contacts(k.number, NULL, $3, $4, $6 + 1) c
        UNION ALL
        SELECT $2, c.* FROM calltrail.number_contacts(NULL, $2, $3, $4, $6 + 1) c WHERE $2 IS NOT NULL
    ), whole AS (
        SELECT t.number, count(DISTINCT t.call_uid) AS legs, count(DISTINCT t.contact) AS contacts FROM talk t GROUP BY t.number
    ), ranked AS (
        SELECT t.number, t.contact, count(DISTINCT t.call) AS calls, count(DISTINCT t.call) FILTER (WHERE t.disposition = 'answered') AS answered, min(t.started_at) AS first_at, max(t.started_at) AS last_at,
               calltrail.sample(t.call_uid ORDER BY t.started_at, t.call_uid) AS call_uids, row_number() OVER (PARTITION BY t.number ORDER BY count(DISTINCT t.call) DESC, t.contact) AS place
          FROM talk t GROUP BY t.number, t.contact
    )
    SELECT r.number, r.contact, r.calls, r.answered, r.first_at, r.last_at, w.contacts > $5 OR w.legs > $6, r.call_uids
      FROM ranked r JOIN whole w USING (number) WHERE r.place <= $5;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION calltrail.number_blocks(number_prefix text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (number text, found_as text, calls bigint, legs bigint, answered bigint, others bigint, first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    low      CONSTANT text := translate($1, ' -.()', '');
    high     CONSTANT text := low || repeat('9', 15);
    from_day CONSTANT date := calltrail.first_day($2);
    to_day   CONSTANT date := calltrail.first_day($3);
BEGIN
    PERFORM calltrail.check_window('number_blocks', $2, $3);
    IF low IS NULL OR low !~ '^\+[1-9][0-9]{3,14}$' THEN
        RAISE EXCEPTION 'number_blocks: + and at least four digits of a number in E.164 are wanted, not %', coalesce(quote_literal(left($1, 64)), 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT s.number, s.found_as, count(DISTINCT s.call), count(*), count(*) FILTER (WHERE s.disposition = 'answered'), count(DISTINCT s.other), min(s.started_at), max(s.started_at),
           calltrail.sample(s.call_uid ORDER BY s.started_at, s.call_uid)
      FROM (SELECT v.number, v.found_as, v.other, coalesce(r.group_uid, r.call_uid) AS call, r.call_uid, r.started_at, r.disposition
              FROM (SELECT f.day, f.record_id, f.call_uid, f.group_uid, f.started_at, f.disposition, f.caller_e164, f.asserted_e164, f.callee_e164, f.connected_e164,
                           calltrail.party_key(f.caller_e164, f.caller_user, f.caller_host) AS caller, calltrail.party_key(f.callee_e164, f.callee_user, f.callee_host) AS callee
                      FROM calltrail.call_record f
                     WHERE f.day BETWEEN from_day AND to_day AND f.started_at >= $2 AND f.started_at < $3
                       AND (f.caller_e164 BETWEEN low AND high OR f.asserted_e164 BETWEEN low AND high OR f.callee_e164 BETWEEN low AND high OR f.connected_e164 BETWEEN low AND high)
                    OFFSET 0) r
             CROSS JOIN LATERAL (VALUES ('caller', r.caller_e164, r.callee), ('asserted', r.asserted_e164, r.callee), ('callee', r.callee_e164, r.caller), ('connected', r.connected_e164, r.caller)) AS v (found_as, number, other)
             WHERE starts_with(v.number, low)
               AND r.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = r.day AND b.call_uid = r.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)) s
     GROUP BY s.number, s.found_as
     ORDER BY s.number, s.found_as
     LIMIT calltrail.row_limit();
END
$$;

-- As short_call_bursts, of calls that nobody answered: a range that is dialled to find out which numbers there are fails like this.
CREATE FUNCTION calltrail.failed_bursts(from_time timestamptz, to_time timestamptz, within interval DEFAULT '10 minutes', min_calls integer DEFAULT 20)
    RETURNS TABLE (source inet, sensor text, caller text, calls bigint, legs bigint, failed bigint, rejected bigint, busy bigint, no_answer bigint, callees bigint, callee_sample text[],
                   caller_sample text[], source_sample inet[], as_numbers bigint[], networks text[], first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    span interval;
BEGIN
    PERFORM calltrail.check_pattern('failed_bursts', $1, $2, $3, $4);
    span := make_interval(secs => extract(epoch FROM $3)::double precision);
    RETURN QUERY
    WITH leg AS MATERIALIZED (
        SELECT l.source, l.source_sensor, l.role, l.as_number, l.network, l.caller, l.callee, l.call, l.call_uid, l.started_at, l.disposition
          FROM calltrail.first_legs($1, $2) l
         WHERE l.disposition IN ('failed', 'rejected', 'busy', 'no_answer')
    ), made AS MATERIALIZED (
        SELECT ('at ' || leg.source || ' ' || coalesce(leg.source_sensor, '')) COLLATE "C" AS key, leg.source AS of_source, leg.source_sensor AS of_sensor, NULL::text AS of_caller, leg.*
          FROM leg WHERE leg.source IS NOT NULL AND leg.role IS DISTINCT FROM 'trunk' AND leg.role IS DISTINCT FROM 'own_sbc'
        UNION ALL
        SELECT 'by ' || leg.caller, NULL, NULL, leg.caller, leg.* FROM leg WHERE leg.caller IS NOT NULL
    ), once AS (
        SELECT made.key, min(made.started_at) AS at FROM made GROUP BY made.key, made.call, made.callee
    ), fullest AS (
        SELECT DISTINCT ON (o.key) o.key, o.at, o.n
          FROM (SELECT once.key, once.at, count(*) OVER (PARTITION BY once.key ORDER BY once.at RANGE BETWEEN span PRECEDING AND CURRENT ROW) AS n FROM once) o
         WHERE o.n >= $4
         ORDER BY o.key, o.n DESC, o.at
    )
    SELECT max(m.of_source), max(m.of_sensor), max(m.of_caller), f.n, count(*), count(*) FILTER (WHERE m.disposition = 'failed'), count(*) FILTER (WHERE m.disposition = 'rejected'),
           count(*) FILTER (WHERE m.disposition = 'busy'), count(*) FILTER (WHERE m.disposition = 'no_answer'),
           count(DISTINCT m.callee), calltrail.sample(m.callee ORDER BY m.started_at, m.call_uid), calltrail.sample(m.caller ORDER BY m.started_at, m.call_uid),
           calltrail.sample(m.source ORDER BY m.started_at, m.call_uid), calltrail.sample(m.as_number ORDER BY m.started_at, m.call_uid),
           calltrail.sample(m.network ORDER BY m.started_at, m.call_uid), min(m.started_at), max(m.started_at), calltrail.sample(m.call_uid ORDER BY m.started_at, m.call_uid)
      FROM fullest f JOIN made m ON m.key = f.key AND m.started_at BETWEEN f.at - span AND f.at
     GROUP BY f.key, f.n
     ORDER BY f.n DESC, f.key
     LIMIT calltrail.row_limit();
END
$$;

-- The number's own side of the media, as it was seen on the wire, and who else was at that address. An address that more than a
-- thousand uses have is a server's: it is cut, and says so.
CREATE FUNCTION calltrail.shared_media_address(of_number text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (address inet, sensor text, number text, calls bigint, first_at timestamptz, last_at timestamptz, cut boolean, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked    record;
    from_day CONSTANT date := calltrail.first_day($2);
    to_day   CONSTANT date := calltrail.first_day($3);
    first    CONSTANT date := from_day - 7;
BEGIN
    PERFORM calltrail.check_window('shared_media_address', $2, $3);
    SELECT * INTO asked FROM calltrail.number_asked('shared_media_address', $1);
    RETURN QUERY
    WITH own AS MATERIALIZED (
        SELECT DISTINCT e.ip, CASE WHEN calltrail.is_private_address(e.ip) THEN r.sensor END AS at_sensor
          FROM (SELECT n.* FROM calltrail.number_records(asked.e164, asked.named, $2, $3) n OFFSET 0) n
         CROSS JOIN LATERAL (SELECT p.ip, p.roles FROM calltrail.endpoint p WHERE p.record_id = n.record_id AND p.day = n.day AND p.day BETWEEN from_day AND to_day OFFSET 0) e
         CROSS JOIN LATERAL (SELECT s.sensor FROM calltrail.call_record s WHERE s.day = n.day AND s.record_id = n.record_id AND s.day BETWEEN from_day AND to_day OFFSET 0) r
         WHERE e.roles && CASE WHEN n.found_as && '{caller,asserted}' THEN '{media_from_caller,media_to_caller}'::text[] ELSE '{media_from_callee,media_to_callee}' END
         LIMIT 200
    ), used AS MATERIALIZED (
        SELECT o.ip, o.at_sensor, e.day, e.record_id, e.call_uid, e.roles, e.first_at, e.last_at, count(*) OVER (PARTITION BY o.ip) > 1000 AS cut
          FROM own o
         CROSS JOIN LATERAL (
               SELECT p.day, p.record_id, p.call_uid, p.roles, p.first_at, p.last_at FROM calltrail.endpoint p
                WHERE p.ip = o.ip AND p.day BETWEEN first AND to_day AND p.first_at < $3 AND p.last_at >= $2 AND p.call_uid IS NOT NULL
                  AND p.roles && '{media_from_caller,media_to_caller,media_from_callee,media_to_callee}'
                LIMIT 1001) e
    ), sides AS (
        SELECT u.ip, u.at_sensor, u.cut, u.first_at, u.last_at, u.call_uid, coalesce(r.group_uid, r.call_uid) AS call,
               CASE WHEN u.roles && '{media_from_caller,media_to_caller}' THEN calltrail.party_key(r.caller_e164, r.caller_user, r.caller_host)
                    ELSE coalesce(r.connected_e164, calltrail.party_key(r.callee_e164, r.callee_user, r.callee_host)) END AS number
          FROM used u
         CROSS JOIN LATERAL (SELECT * FROM calltrail.call_record f WHERE f.day = u.day AND f.record_id = u.record_id AND f.day BETWEEN first AND to_day OFFSET 0) r
         WHERE (u.at_sensor IS NULL OR r.sensor = u.at_sensor)
           AND u.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = u.day AND b.call_uid = u.call_uid AND b.day BETWEEN first AND to_day
                               ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
    )
    SELECT s.ip, s.at_sensor, s.number, count(DISTINCT s.call), min(s.first_at), max(s.last_at), bool_or(s.cut), calltrail.sample(s.call_uid ORDER BY s.first_at, s.call_uid)
      FROM sides s
     WHERE s.number IS DISTINCT FROM asked.e164 AND (asked.named IS NULL OR split_part(s.number, '@', 1) IS DISTINCT FROM asked.named)
     GROUP BY s.ip, s.at_sensor, s.number
     ORDER BY s.ip, count(DISTINCT s.call) DESC, s.number
     LIMIT calltrail.row_limit();
END
$$;

-- The ends of an index, in each week: what lies between is not read. Where the first is a revision that a later one has replaced, the next is taken.
CREATE FUNCTION calltrail.first_last_seen(from_time timestamptz, to_time timestamptz, of_number text DEFAULT NULL, address inet DEFAULT NULL)
    RETURNS TABLE (found_as text, first_at timestamptz, first_call_uid uuid, last_at timestamptz, last_call_uid uuid)
    LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    from_day    CONSTANT date := calltrail.first_day($1);
    to_day      CONSTANT date := calltrail.first_day($2);
    asked_e164  text;
    asked_named text;
    asked_ip    CONSTANT inet := calltrail.plain_address($4);
    side        record;
    one_end     CONSTANT text := $one$
        SELECT s.started_at, s.call_uid
          FROM (SELECT r.day, r.record_id, r.call_uid, r.started_at FROM calltrail.call_record r
                 WHERE %s AND r.day BETWEEN $4 AND $5 AND r.started_at >= $6 AND r.started_at < $7 ORDER BY r.started_at %s OFFSET 0) s
         WHERE s.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = s.day AND b.call_uid = s.call_uid AND b.day BETWEEN $4 AND $5
                               ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
         LIMIT 1 $one$;
BEGIN
    PERFORM calltrail.check_window('first_last_seen', $1, $2);
    IF num_nonnulls($3, $4) <> 1 OR $4 IS NOT NULL AND masklen(asked_ip) < (CASE family(asked_ip) WHEN 4 THEN 32 ELSE 128 END) THEN
        RAISE EXCEPTION 'first_last_seen: either of_number or address (one address, no network) is wanted' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF $3 IS NOT NULL THEN
        SELECT n.e164, n.named INTO asked_e164, asked_named FROM calltrail.number_asked('first_last_seen', $3) n;
    END IF;
    -- Each side has an index of its own, and so a statement. The conditions are these texts; what is asked for comes as parameters.
    FOR side IN
        SELECT v.* FROM (VALUES
            ('caller',    'r.caller_e164 = $1',                              asked_e164 IS NOT NULL),
            ('asserted',  'r.asserted_e164 = $1',                            asked_e164 IS NOT NULL),
            ('callee',    'r.callee_e164 = $1',                              asked_e164 IS NOT NULL),
            ('connected', 'r.connected_e164 = $1',                           asked_e164 IS NOT NULL),
            ('caller',    'r.caller_e164 IS NULL AND r.caller_user = $2',    asked_named IS NOT NULL),
            ('callee',    'r.callee_e164 IS NULL AND r.callee_user = $2',    asked_named IS NOT NULL),
            ('source',    'r.src_ip = $3',                                   asked_ip IS NOT NULL)) AS v (name, condition, wanted)
         WHERE v.wanted
    LOOP
        found_as := side.name;
        EXECUTE format(one_end, side.condition, 'ASC') INTO first_at, first_call_uid USING asked_e164, asked_named, asked_ip, from_day, to_day, $1, $2;
        CONTINUE WHEN first_at IS NULL;
        EXECUTE format(one_end, side.condition, 'DESC') INTO last_at, last_call_uid USING asked_e164, asked_named, asked_ip, from_day, to_day, $1, $2;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY
    -- Diverted calls are few, and their index has no times: all of this number's are read.
    SELECT 'diverted', f.began[1], f.uids[1], f.began[cardinality(f.began)], f.uids[cardinality(f.uids)]
      FROM (SELECT array_agg(s.started_at ORDER BY s.started_at, s.call_uid) AS began, array_agg(s.call_uid ORDER BY s.started_at, s.call_uid) AS uids
              FROM (SELECT r.day, r.record_id, r.call_uid, r.started_at FROM calltrail.call_record r
                     WHERE asked_e164 IS NOT NULL AND coalesce(r.redirects, '[]') <> '[]' AND calltrail.redirect_numbers(r.redirects) @> ARRAY[asked_e164]
                       AND r.day BETWEEN from_day AND to_day AND r.started_at >= $1 AND r.started_at < $2 OFFSET 0) s
             WHERE s.record_id = (SELECT b.record_id FROM calltrail.call_record b WHERE b.day = s.day AND b.call_uid = s.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)) f
     WHERE f.began IS NOT NULL
    UNION ALL
    SELECT 'any use', greatest(min(e.first_at), $1), NULL, least(max(e.last_at), $2), NULL
      FROM calltrail.endpoint e WHERE e.ip = asked_ip AND e.day BETWEEN from_day - 7 AND to_day AND e.first_at < $2 AND e.last_at >= $1
    HAVING count(*) > 0;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION calltrail.watchlist_hits_of(of_case text, from_time timestamptz, to_time timestamptz, of_list text DEFAULT NULL)
    RETURNS TABLE (call_at timestamptz, event text, list text, entry_id bigint, kind text, value text, matched text, roles text[], case_ref text, source text, reason text, found_at timestamptz,
                   caller text, callee text, disposition text, call_uid uuid)
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    from_day CONSTANT date := calltrail.first_day($2) - 7;
    to_day   CONSTANT date := calltrail.first_day($3) + 7;
BEGIN
    PERFORM calltrail.check_window('watchlist_hits_of', $2, $3);
    IF $1 IS NULL OR $1 = '' THEN
        RAISE EXCEPTION 'watchlist_hits_of: a case is wanted' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT h.call_at, calltrail.watchlist_kind(h.call_uid, h.role), e.list, e.entry_id, e.kind, e.value, h.matched, h.roles, e.case_ref, e.source, e.reason, h.found_at,
           c.caller, c.callee, c.disposition, h.call_uid
      FROM calltrail.watchlist_entry e
     CROSS JOIN LATERAL (
           SELECT w.day, w.call_uid, min(w.call_at) AS call_at, array_agg(DISTINCT w.role ORDER BY w.role) AS roles, min(w.role) AS role, min(w.matched) AS matched, min(w.found_at) AS found_at
             FROM calltrail.watchlist_hit w
            WHERE w.entry_id = e.entry_id AND w.call_at >= $2 AND w.call_at < $3 AND w.day BETWEEN from_day AND to_day
            GROUP BY w.day, w.call_uid) h
      LEFT JOIN LATERAL (
           SELECT calltrail.party_key(r.caller_e164, r.caller_user, r.caller_host) AS caller, calltrail.party_key(r.callee_e164, r.callee_user, r.callee_host) AS callee, r.disposition
             FROM calltrail.call_record r WHERE r.day = h.day AND r.call_uid = h.call_uid AND r.day BETWEEN from_day AND to_day
            ORDER BY r.final DESC, r.revision DESC, r.received_at DESC, r.record_id DESC LIMIT 1) c ON true
     WHERE e.case_ref = $1 AND ($4 IS NULL OR e.list = $4)
     ORDER BY h.call_at, h.call_uid, e.entry_id
     LIMIT calltrail.row_limit();
END
$$;

-- Two ways in which cases meet: one call has something of both; or somebody who was in a call of the one was in another call, of the other.
-- For the second at most 500 parties are followed, those of the most calls first.
CREATE FUNCTION calltrail.cross_case_hits(of_case text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (other_case text, relation text, value text, calls bigint, first_at timestamptz, last_at timestamptz, lists text[], call_uids uuid[], cut boolean)
    LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    from_day CONSTANT date := calltrail.first_day($2) - 7;
    to_day   CONSTANT date := calltrail.first_day($3) + 7;
    one      record;
    parties  text[];
    too_many boolean;
BEGIN
    PERFORM calltrail.check_window('cross_case_hits', $2, $3);
    IF $1 IS NULL OR $1 = '' THEN
        RAISE EXCEPTION 'cross_case_hits: a case is wanted' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    WITH mine AS MATERIALIZED (
        SELECT DISTINCT h.day, h.call_uid
          FROM calltrail.watchlist_entry e
         CROSS JOIN LATERAL (SELECT w.day, w.call_uid FROM calltrail.watchlist_hit w WHERE w.entry_id = e.entry_id AND w.call_at >= $2 AND w.call_at < $3 AND w.day BETWEEN from_day AND to_day OFFSET 0) h
         WHERE e.case_ref = $1
    )
    SELECT e.case_ref, 'same call', e.value, count(DISTINCT h.call_uid), min(h.call_at), max(h.call_at), array_agg(DISTINCT e.list), calltrail.sample(h.call_uid ORDER BY h.call_at, h.call_uid), false
      FROM mine m
     CROSS JOIN LATERAL (SELECT w.entry_id, w.call_uid, w.call_at FROM calltrail.watchlist_hit w WHERE w.day = m.day AND w.call_uid = m.call_uid AND w.day BETWEEN from_day AND to_day OFFSET 0) h
      JOIN calltrail.watchlist_entry e ON e.entry_id = h.entry_id
     WHERE e.case_ref <> $1
     GROUP BY e.case_ref, e.value
     ORDER BY e.case_ref, e.value
     LIMIT calltrail.row_limit();

    SELECT array_agg(p.party ORDER BY p.n DESC, p.party) FILTER (WHERE p.place <= 500), count(*) > 500 INTO parties, too_many
      FROM (SELECT v.party, count(DISTINCT m.call_uid) AS n, row_number() OVER (ORDER BY count(DISTINCT m.call_uid) DESC, v.party) AS place
              FROM (SELECT DISTINCT h.day, h.call_uid
                      FROM calltrail.watchlist_entry e
                     CROSS JOIN LATERAL (SELECT w.day, w.call_uid FROM calltrail.watchlist_hit w WHERE w.entry_id = e.entry_id AND w.call_at >= $2 AND w.call_at < $3 AND w.day BETWEEN from_day AND to_day OFFSET 0) h
                     WHERE e.case_ref = $1 OFFSET 0) m
             CROSS JOIN LATERAL (
                   SELECT r.caller_e164, r.asserted_e164, r.callee_e164, r.connected_e164 FROM calltrail.call_record r WHERE r.day = m.day AND r.call_uid = m.call_uid AND r.day BETWEEN from_day AND to_day
                    ORDER BY r.final DESC, r.revision DESC, r.received_at DESC, r.record_id DESC LIMIT 1) c
             CROSS JOIN LATERAL (VALUES (c.caller_e164), (c.asserted_e164), (c.callee_e164), (c.connected_e164)) AS v (party)
             WHERE v.party IS NOT NULL
             GROUP BY v.party) p;
    IF parties IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.case_ref, 'same party', s.party, count(DISTINCT s.call_uid), min(s.started_at), max(s.started_at), array_agg(DISTINCT e.list), calltrail.sample(s.call_uid ORDER BY s.started_at, s.call_uid), too_many
      FROM unnest(parties) AS p (party)
     CROSS JOIN LATERAL (
           SELECT p.party, f.day, f.call_uid, f.started_at FROM calltrail.call_record f
            WHERE f.day BETWEEN from_day AND to_day AND f.started_at >= $2 AND f.started_at < $3
              AND (f.caller_e164 = p.party OR f.asserted_e164 = p.party OR f.callee_e164 = p.party OR f.connected_e164 = p.party)
            LIMIT 2000) s
     CROSS JOIN LATERAL (SELECT DISTINCT w.entry_id FROM calltrail.watchlist_hit w WHERE w.day = s.day AND w.call_uid = s.call_uid AND w.day BETWEEN from_day AND to_day) h
      JOIN calltrail.watchlist_entry e ON e.entry_id = h.entry_id
     WHERE e.case_ref <> $1
       AND NOT EXISTS (SELECT FROM calltrail.watchlist_hit own JOIN calltrail.watchlist_entry o ON o.entry_id = own.entry_id
                        WHERE own.day = s.day AND own.call_uid = s.call_uid AND own.day BETWEEN from_day AND to_day AND o.case_ref = $1)
     GROUP BY e.case_ref, s.party
     ORDER BY e.case_ref, s.party
     LIMIT calltrail.row_limit();
END
$$;

CREATE FUNCTION calltrail.app_calls_of_address(address inet, from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked    CONSTANT inet := calltrail.plain_address(address);
    from_day CONSTANT date := calltrail.first_day(from_time) - 7;
    to_day   CONSTANT date := calltrail.first_day(to_time);
BEGIN
    PERFORM calltrail.check_window('app_calls_of_address', from_time, to_time);
    IF asked IS NULL OR masklen(asked) < (CASE family(asked) WHEN 4 THEN 32 ELSE 128 END) THEN
        RAISE EXCEPTION 'app_calls_of_address: one address is wanted, not %', coalesce(address::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT x.*
      FROM (SELECT u.day, u.record_id, array_agg(DISTINCT u.role ORDER BY u.role) AS roles
              FROM (SELECT e.day, e.record_id, e.call_uid, role.role
                      FROM calltrail.endpoint e CROSS JOIN LATERAL unnest(e.roles) AS role (role)
                     WHERE e.day BETWEEN from_day AND to_day AND e.ip = asked AND e.first_at < to_time AND e.last_at >= from_time AND e.call_uid IS NOT NULL
                    OFFSET 0) u
             WHERE u.record_id = (SELECT CASE b.kind WHEN 'app' THEN b.record_id END FROM calltrail.call_record b
                                   WHERE b.day = u.day AND b.call_uid = u.call_uid AND b.day BETWEEN from_day AND to_day
                                   ORDER BY b.final DESC, b.revision DESC, b.received_at DESC, b.record_id DESC LIMIT 1)
             GROUP BY u.day, u.record_id
             ORDER BY u.day, u.record_id LIMIT calltrail.row_limit()) u
     CROSS JOIN LATERAL calltrail.call_line_of(u.day, u.record_id, u.roles, NULL, from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

CREATE FUNCTION calltrail.subscriber_calls(subscriber text, from_time timestamptz, to_time timestamptz) RETURNS SETOF calltrail.call_line
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    from_day CONSTANT date := calltrail.first_day(from_time) - 7;
    to_day   CONSTANT date := calltrail.first_day(to_time);
BEGIN
    PERFORM calltrail.check_window('subscriber_calls', from_time, to_time);
    RETURN QUERY
    SELECT x.*
      FROM (SELECT u.day, u.record_id, array_agg(DISTINCT role.role ORDER BY role.role) AS roles, bool_and(u.inside) AS inside
              FROM calltrail.calls_of_subscriber(subscriber, from_time, to_time) u CROSS JOIN LATERAL unnest(u.roles) AS role (role)
             GROUP BY u.day, u.record_id ORDER BY u.day, u.record_id LIMIT calltrail.row_limit()) u
     CROSS JOIN LATERAL calltrail.call_line_of(u.day, u.record_id, u.roles, CASE WHEN u.inside THEN 'by the address behind the NAT, which another network may use as well' END, from_day, to_day) x
     ORDER BY x.started_at, x.call_uid;
END
$$;

CREATE FUNCTION calltrail.subscribers_common_far_ends(subscribers text[], from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (far_network inet, as_number bigint, as_org text, shared_by text[], calls bigint, first_at timestamptz, last_at timestamptz)
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM calltrail.check_window('subscribers_common_far_ends', $2, $3);
    IF $1 IS NULL OR cardinality($1) NOT BETWEEN 2 AND 100 THEN
        RAISE EXCEPTION 'subscribers_common_far_ends: 2 to 100 subscribers are wanted, not %', coalesce(cardinality($1), 0) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT c.* FROM calltrail.common_far_ends($1, $2, $3) c LIMIT calltrail.row_limit();
END
$$;

CREATE FUNCTION calltrail.coverage_of_window(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS TABLE (sensor text, tap text, minutes bigint, complete bigint, lossy bigint, one_way bigint, absent bigint, complete_share numeric, packets numeric, kernel_drops numeric, nic_missed numeric,
                   softnet_dropped numeric, lost_share numeric, not_decoded jsonb, tls_packets numeric, evicted jsonb, remarks text)
    LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM calltrail.coverage_summary($1, $2, $3, $4)
$$;
-- +goose StatementEnd

-- Look-ups, whatever the statistics say: a partition that was just loaded has none. The window is known when the plan is made.
-- failed_bursts is about all calls of a time and compares lists: it is set as the patterns are (019).
-- +goose StatementBegin
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN
        SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname IN ('calls_of_number', 'calls_to_victim', 'calls_at_address', 'calls_of_asn', 'foreign_ingress_home_number',
            'calls_in_radius', 'calls_of_device', 'numbers_of_device', 'contacts_of_two_numbers', 'forwarding_chain', 'contact_edges', 'contact_graph', 'number_blocks', 'shared_media_address', 'first_last_seen',
            'watchlist_hits_of', 'cross_case_hits', 'app_calls_of_address', 'subscriber_calls', 'subscribers_common_far_ends')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_custom_plan', f);
        EXECUTE format('ALTER FUNCTION %s SET jit = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', f);
        EXECUTE format('ALTER FUNCTION %s SET max_parallel_workers_per_gather = 0', f);
    END LOOP;
END
$$;
-- +goose StatementEnd
ALTER FUNCTION calltrail.first_last_seen(timestamptz, timestamptz, text, inet) SET enable_sort = off;
-- Of a list's hits the calls, and not of all calls those with a hit.
ALTER FUNCTION calltrail.scam_scale(text) SET jit = off;
ALTER FUNCTION calltrail.scam_scale(text) SET enable_seqscan = off;
ALTER FUNCTION calltrail.scam_scale(text) SET enable_hashjoin = off;
ALTER FUNCTION calltrail.scam_scale(text) SET enable_mergejoin = off;
ALTER FUNCTION calltrail.failed_bursts(timestamptz, timestamptz, interval, integer) SET plan_cache_mode = force_custom_plan;
ALTER FUNCTION calltrail.failed_bursts(timestamptz, timestamptz, interval, integer) SET jit = off;
ALTER FUNCTION calltrail.failed_bursts(timestamptz, timestamptz, interval, integer) SET enable_nestloop = off;
ALTER FUNCTION calltrail.failed_bursts(timestamptz, timestamptz, interval, integer) SET work_mem = '64MB';

COMMENT ON FUNCTION calltrail.redirect_numbers(jsonb) IS 'Numbers in E.164 of call_record.redirects';
COMMENT ON FUNCTION calltrail.place_cell(double precision, double precision) IS 'Square of a quarter of a degree a place lies in: the key of the index of places';
COMMENT ON FUNCTION calltrail.row_limit() IS 'Rows a question may give, by the setting calltrail.row_limit, which ask sets to one more than the request allows; NULL: all';
COMMENT ON FUNCTION calltrail.first_day(timestamptz) IS 'UTC date of a time: the day its records have';
COMMENT ON FUNCTION calltrail.check_window(text, timestamptz, timestamptz, interval) IS 'Raises when a question is asked for no time, for an open one, or for more than the longest';
COMMENT ON FUNCTION calltrail.plain_address(inet) IS 'An address or network; of an IPv4-mapped one (::ffff:0:0/96) the IPv4 one';
COMMENT ON FUNCTION calltrail.number_asked(text, text) IS 'How a number that was asked for stands in records: in E.164 when it is written so, without its visual separators; else a user part as sent. Raises when it is neither';
COMMENT ON FUNCTION calltrail.number_records(text, text, timestamptz, timestamptz) IS 'The newest record of each call leg that began between two times (the second not included) and has this number: found_as says where. For the functions below, with their settings';
COMMENT ON FUNCTION calltrail.number_contacts(text, text, timestamptz, timestamptz, bigint) IS 'Whom a number called or was called by, one row for each leg and other party; withheld numbers are nobody. Of at most so many legs; NULL: all';
COMMENT ON FUNCTION calltrail.call_line_of(date, uuid, text[], text, date, date) IS 'The line of one record, with the place of the caller only where it is the caller''s, and the subscribers of its addresses. The last two days bound the look-up';
COMMENT ON FUNCTION calltrail.area_parts(text) IS 'Latitude, longitude and radius of an area "latitude,longitude,km"; raises when it is none';
COMMENT ON FUNCTION calltrail.distance_km(double precision, double precision, double precision, double precision) IS 'Kilometres between two places along the Earth, wrong by half a per cent at most';
COMMENT ON FUNCTION calltrail.area_covers(text, text) IS 'The second area lies within the first';
COMMENT ON FUNCTION calltrail.area_cells(double precision, double precision, double precision) IS 'Spans of place_cell that a circle may touch';
COMMENT ON FUNCTION calltrail.forward_path(text, jsonb, text, text, text) IS 'Parties of a call in the order in which it was sent on, each once';
COMMENT ON FUNCTION calltrail.contact_edges(text[], text, timestamptz, timestamptz, integer, integer) IS 'The contacts with the most calls of each of some numbers, or of one user part, for contact_graph';
COMMENT ON FUNCTION calltrail.calls_of_number(text, timestamptz, timestamptz) IS 'Question: calls that have a number on either side, as shown, asserted, called, connected or diverted';
COMMENT ON FUNCTION calltrail.contacts_of_two_numbers(text, text, timestamptz, timestamptz) IS 'Question: parties that two numbers both talked to or tried to, and whether they talked to one another';
COMMENT ON FUNCTION calltrail.calls_to_victim(text, timestamptz, interval) IS 'Question: calls to a number around a time, those included that had begun before and were not over';
COMMENT ON FUNCTION calltrail.calls_at_address(inet, timestamptz, timestamptz, integer) IS 'Question: calls that used an address, or one of a network, and port between two times';
COMMENT ON FUNCTION calltrail.foreign_ingress_home_number(timestamptz, timestamptz) IS 'Question: calls that came in from abroad, or from outside the operator''s network, and showed a number of the home country or of the operator''s own';
COMMENT ON FUNCTION calltrail.calls_in_radius(text, timestamptz, timestamptz, integer) IS 'Question: calls whose caller was within an area "latitude,longitude,km": certain when the whole circle of accuracy lies in it, else possible. Places known to more than accuracy_at_most km are left out';
COMMENT ON FUNCTION calltrail.calls_of_asn(bigint, timestamptz, timestamptz) IS 'Question: calls from or to an address of an autonomous system';
COMMENT ON FUNCTION calltrail.calls_of_device(text, timestamptz, timestamptz) IS 'Question: calls of one device, by its +sip.instance or by the hardware address of its line';
COMMENT ON FUNCTION calltrail.numbers_of_device(text, timestamptz, timestamptz) IS 'Question: numbers that calls of one device showed';
COMMENT ON FUNCTION calltrail.forwarding_chain(text, timestamptz, timestamptz) IS 'Question: how calls of a number were sent on: one row a leg, with its parties in order';
COMMENT ON FUNCTION calltrail.contact_graph(text, timestamptz, timestamptz, integer, integer) IS 'Question: whom a number was in contact with, and whom those were';
COMMENT ON FUNCTION calltrail.number_blocks(text, timestamptz, timestamptz) IS 'Question: numbers of a block that called or were called, one row for each number and side';
COMMENT ON FUNCTION calltrail.failed_bursts(timestamptz, timestamptz, interval, integer) IS 'Question: sources, and callers as they were shown, with at least min_calls calls within a span that nobody answered: failed, rejected, busy or no answer. The fullest span of each';
COMMENT ON FUNCTION calltrail.shared_media_address(text, timestamptz, timestamptz) IS 'Question: other numbers whose media used an address that this number''s media used';
COMMENT ON FUNCTION calltrail.first_last_seen(timestamptz, timestamptz, text, inet) IS 'Question: first and last call in which a number or an address was seen, for each side';
COMMENT ON FUNCTION calltrail.watchlist_hits_of(text, timestamptz, timestamptz, text) IS 'Question: calls, registrations and messages in which entries of a case were found';
COMMENT ON FUNCTION calltrail.cross_case_hits(text, timestamptz, timestamptz) IS 'Question: other cases whose entries were found in the same calls, or in calls of the same parties';
COMMENT ON FUNCTION calltrail.app_calls_of_address(inet, timestamptz, timestamptz) IS 'Question: calls in applications that used an address';
COMMENT ON FUNCTION calltrail.subscriber_calls(text, timestamptz, timestamptz) IS 'Question: calls of a subscriber through every address they had';
COMMENT ON FUNCTION calltrail.subscribers_common_far_ends(text[], timestamptz, timestamptz) IS 'Question: far addresses and networks that subscribers share';
COMMENT ON FUNCTION calltrail.coverage_of_window(timestamptz, timestamptz, text, text) IS 'Question: what was seen and what was not, for each tap';

INSERT INTO calltrail.question (name, function, description, selectors, masked, needs_pattern, of_request)
SELECT q.name, q.name, q.description || '.', q.selectors::jsonb, q.masked::text[], q.needs_pattern, q.name = 'coverage_of_window'
  FROM (VALUES
    ('calls_of_number', 'Calls with a number on either side', '{"of_number": "number"}', '{caller_subscriber,callee_subscriber}', false),
    ('contacts_of_two_numbers', 'Parties that two numbers both had contact with', '{"number_a": "number", "number_b": "number"}', '{}', false),
    ('calls_to_victim', 'Calls to a number around a time', '{"victim": "number"}', '{caller_subscriber,callee_subscriber}', false),
    ('calls_at_address', 'Calls that used an address and port', '{"address": "address"}', '{caller_subscriber,callee_subscriber}', false),
    ('foreign_ingress_home_number', 'Calls from outside that showed a home number', '{}', '{caller_subscriber,callee_subscriber}', true),
    ('calls_in_radius', 'Calls made within an area', '{"area": "area"}', '{caller_subscriber,callee_subscriber}', false),
    ('calls_of_asn', 'Calls from or to a network (autonomous system)', '{"asn": "asn"}', '{caller_subscriber,callee_subscriber}', false),
    ('calls_of_device', 'Calls of one device', '{"of_device": "device"}', '{caller_subscriber,callee_subscriber}', false),
    ('numbers_of_device', 'Numbers that one device showed', '{"of_device": "device"}', '{}', false),
    ('forwarding_chain', 'How calls of a number were sent on', '{"of_number": "number"}', '{}', false),
    ('contact_graph', 'Contacts of a number, and theirs', '{"of_number": "number"}', '{}', false),
    ('number_blocks', 'Calls of a block of numbers', '{"number_prefix": "number_prefix"}', '{}', false),
    ('failed_bursts', 'Bursts of calls that nobody answered', '{}', '{}', true),
    ('shared_media_address', 'Numbers whose media shares an address with a number''s', '{"of_number": "number"}', '{}', false),
    ('first_last_seen', 'First and last call of a number or address', '{"of_number": "number", "address": "address"}', '{}', false),
    ('watchlist_hits_of', 'Hits of the watchlist entries of a case', '{"of_case": "case"}', '{}', false),
    ('cross_case_hits', 'Other cases that meet this one in calls', '{"of_case": "case"}', '{}', false),
    ('app_calls_of_address', 'Calls in applications of an address', '{"address": "address"}', '{caller_subscriber,callee_subscriber}', false),
    ('subscriber_calls', 'Calls of a subscriber', '{"subscriber": "subscriber"}', '{caller_subscriber,callee_subscriber}', false),
    ('subscribers_common_far_ends', 'Far ends that subscribers share', '{"subscribers": "subscriber"}', '{shared_by}', false),
    ('coverage_of_window', 'What was seen and what was not', '{}', '{}', false),
    ('sources_with_many_numbers', 'Sources that showed many numbers', '{}', '{}', true),
    ('numbers_from_many_countries', 'Numbers shown from many countries in a short time', '{}', '{}', true),
    ('fan_out_to_one_callee', 'Who was called by many at once', '{}', '{}', true),
    ('fan_out_from_one_caller', 'Who called many', '{}', '{}', true),
    ('short_call_bursts', 'Bursts of short calls', '{}', '{}', true),
    ('sequential_numbers', 'Numbers dialled or shown one after the other', '{}', '{}', true)
  ) AS q (name, description, selectors, masked, needs_pattern);
SELECT calltrail.make_wrappers();

-- +goose Down
DELETE FROM calltrail.question;
SELECT calltrail.make_wrappers();
ALTER FUNCTION calltrail.scam_scale(text) RESET jit RESET enable_seqscan RESET enable_hashjoin RESET enable_mergejoin;
DROP FUNCTION calltrail.coverage_of_window(timestamptz, timestamptz, text, text);
DROP FUNCTION calltrail.subscribers_common_far_ends(text[], timestamptz, timestamptz);
DROP FUNCTION calltrail.subscriber_calls(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.app_calls_of_address(inet, timestamptz, timestamptz);
DROP FUNCTION calltrail.cross_case_hits(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.watchlist_hits_of(text, timestamptz, timestamptz, text);
DROP FUNCTION calltrail.first_last_seen(timestamptz, timestamptz, text, inet);
DROP FUNCTION calltrail.shared_media_address(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.failed_bursts(timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.number_blocks(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.contact_graph(text, timestamptz, timestamptz, integer, integer);
DROP FUNCTION calltrail.contact_edges(text[], text, timestamptz, timestamptz, integer, integer);
DROP FUNCTION calltrail.forwarding_chain(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.forward_path(text, jsonb, text, text, text);
DROP FUNCTION calltrail.contacts_of_two_numbers(text, text, timestamptz, timestamptz);
DROP FUNCTION calltrail.numbers_of_device(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.calls_of_device(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.calls_in_radius(text, timestamptz, timestamptz, integer);
DROP FUNCTION calltrail.area_cells(double precision, double precision, double precision);
DROP FUNCTION calltrail.area_covers(text, text);
DROP FUNCTION calltrail.distance_km(double precision, double precision, double precision, double precision);
DROP FUNCTION calltrail.area_parts(text);
DROP FUNCTION calltrail.foreign_ingress_home_number(timestamptz, timestamptz);
DROP FUNCTION calltrail.calls_of_asn(bigint, timestamptz, timestamptz);
DROP FUNCTION calltrail.calls_at_address(inet, timestamptz, timestamptz, integer);
DROP FUNCTION calltrail.calls_to_victim(text, timestamptz, interval);
DROP FUNCTION calltrail.calls_of_number(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.call_line_of(date, uuid, text[], text, date, date);
DROP FUNCTION calltrail.number_contacts(text, text, timestamptz, timestamptz, bigint);
DROP FUNCTION calltrail.number_records(text, text, timestamptz, timestamptz);
DROP FUNCTION calltrail.number_asked(text, text);
DROP FUNCTION calltrail.plain_address(inet);
DROP FUNCTION calltrail.check_window(text, timestamptz, timestamptz, interval);
DROP FUNCTION calltrail.first_day(timestamptz);
DROP FUNCTION calltrail.row_limit();
DROP TYPE calltrail.call_line;
DROP INDEX calltrail.watchlist_entry_case;
DROP INDEX calltrail.assignment_mac;
DROP INDEX calltrail.call_record_place;
DROP INDEX calltrail.call_record_redirects;
DROP INDEX calltrail.call_record_home_number;
DROP INDEX calltrail.call_record_device;
DROP INDEX calltrail.call_record_dst_asn;
DROP INDEX calltrail.call_record_src_asn;
DROP FUNCTION calltrail.place_cell(double precision, double precision);
DROP FUNCTION calltrail.redirect_numbers(jsonb);
