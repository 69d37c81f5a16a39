-- What the taps saw and missed, minute by minute, so that "no record" can be told from "no call".

-- +goose Up
CREATE TABLE calltrail.coverage (
    day                       date        NOT NULL,
    record_id                 uuid        NOT NULL,
    schema                    text        NOT NULL,
    kind                      text        NOT NULL CHECK (kind = 'coverage'),
    sensor                    text        NOT NULL,
    tap                       text        NOT NULL,
    minute                    timestamptz NOT NULL,
    from_at                   timestamptz NOT NULL,
    to_at                     timestamptz NOT NULL CHECK (to_at >= from_at),
    state                     text        NOT NULL,
    down_ms                   bigint      NOT NULL CHECK (down_ms >= 0),
    reopened                  bigint      NOT NULL CHECK (reopened >= 0),
    packets                   bigint      NOT NULL CHECK (packets >= 0),
    octets                    bigint      NOT NULL CHECK (octets >= 0),
    decoded                   jsonb,
    ignored                   jsonb,
    dropped                   jsonb,
    duplicates                bigint      NOT NULL CHECK (duplicates >= 0),
    kernel_drops              bigint      NOT NULL CHECK (kernel_drops >= 0),
    ring_freezes              bigint      NOT NULL CHECK (ring_freezes >= 0),
    nic_missed                bigint      NOT NULL CHECK (nic_missed >= 0),
    softnet_dropped           bigint      NOT NULL CHECK (softnet_dropped >= 0),
    unseen_tcp_octets         bigint      NOT NULL CHECK (unseen_tcp_octets >= 0),
    unseen_one_sided_calls    bigint      NOT NULL CHECK (unseen_one_sided_calls >= 0),
    unseen_rtp_packets        bigint      NOT NULL CHECK (unseen_rtp_packets >= 0),
    flows                     bigint      NOT NULL CHECK (flows >= 0),
    one_way_flows             bigint      NOT NULL CHECK (one_way_flows >= 0),
    evicted                   jsonb,
    records_first             bigint      NOT NULL CHECK (records_first >= 0),
    records_last              bigint      NOT NULL CHECK (records_last >= 0),
    head_epoch                bigint      NOT NULL CHECK (head_epoch >= 0),
    head_seq                  bigint      NOT NULL CHECK (head_seq >= 0),
    head_hash                 text        NOT NULL,
    head_key_id               text        NOT NULL,
    head_signature            text        NOT NULL,
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
    received_at               timestamptz NOT NULL,
    PRIMARY KEY (day, record_id)
) PARTITION BY RANGE (day);

CREATE INDEX coverage_tap ON calltrail.coverage (sensor, tap, minute);

COMMENT ON TABLE calltrail.coverage IS 'What one tap of a sensor saw in one minute, and what it missed; after a restart several rows for one minute. Append-only. Ask calltrail.coverage_minutes which minutes are whole.';
COMMENT ON COLUMN calltrail.coverage.day IS 'UTC date of minute; the partition key';
COMMENT ON COLUMN calltrail.coverage.record_id IS 'Identity of the event';
COMMENT ON COLUMN calltrail.coverage.schema IS 'Format of the event, calltrail.coverage.v1';
COMMENT ON COLUMN calltrail.coverage.kind IS 'coverage';
COMMENT ON COLUMN calltrail.coverage.sensor IS 'Sensor that made the event';
COMMENT ON COLUMN calltrail.coverage.tap IS 'Interface';
COMMENT ON COLUMN calltrail.coverage.minute IS 'Start of the minute, packet time';
COMMENT ON COLUMN calltrail.coverage.from_at IS 'From when on the tap was listened to in this minute';
COMMENT ON COLUMN calltrail.coverage.to_at IS 'Until when; the counts are of this time';
COMMENT ON COLUMN calltrail.coverage.state IS 'The sensor''s verdict on this time: complete, lossy (packets were lost, or the tap was down for a part), one_way (traffic of one direction only), down (nothing could be seen)';
COMMENT ON COLUMN calltrail.coverage.down_ms IS 'Time in which the interface was down or had no socket, milliseconds';
COMMENT ON COLUMN calltrail.coverage.reopened IS 'How often the socket was made again';
COMMENT ON COLUMN calltrail.coverage.packets IS 'Packets taken from the ring';
COMMENT ON COLUMN calltrail.coverage.octets IS 'Octets of these packets as they were on the wire';
COMMENT ON COLUMN calltrail.coverage.decoded IS 'Packets handed on to a parser, by what they are: {"sip": 12, …}; decoded, ignored and dropped add up to packets';
COMMENT ON COLUMN calltrail.coverage.ignored IS 'Packets for which there is no use, by reason';
COMMENT ON COLUMN calltrail.coverage.dropped IS 'Packets that could not be read, by reason';
COMMENT ON COLUMN calltrail.coverage.duplicates IS 'Copies made by a mirror port, counted once in everything else';
COMMENT ON COLUMN calltrail.coverage.kernel_drops IS 'Packets the kernel had no room for in the ring';
COMMENT ON COLUMN calltrail.coverage.ring_freezes IS 'How often the ring was full';
COMMENT ON COLUMN calltrail.coverage.nic_missed IS 'Packets the card had no room for (rx_missed_errors)';
COMMENT ON COLUMN calltrail.coverage.softnet_dropped IS 'Packets the host dropped before any socket, of all its interfaces (softnet_stat): not to be added up over taps';
COMMENT ON COLUMN calltrail.coverage.unseen_tcp_octets IS 'Estimate: octets of TCP on SIP ports that the other end acknowledged and the tap did not see';
COMMENT ON COLUMN calltrail.coverage.unseen_one_sided_calls IS 'Estimate: calls of which the signalling of one side only was seen';
COMMENT ON COLUMN calltrail.coverage.unseen_rtp_packets IS 'Estimate: RTP packets missing from many streams at the same time, lost on the way to the tap';
COMMENT ON COLUMN calltrail.coverage.flows IS 'Pairs of hosts that began to exchange signalling or media';
COMMENT ON COLUMN calltrail.coverage.one_way_flows IS 'Of these the ones of which only one direction was seen';
COMMENT ON COLUMN calltrail.coverage.evicted IS 'What tables that were full pushed out, by table, of the whole sensor';
COMMENT ON COLUMN calltrail.coverage.records_first IS 'First number on the chain given since the coverage event before, of the whole sensor; 0: none';
COMMENT ON COLUMN calltrail.coverage.records_last IS 'Last such number; 0: none';
COMMENT ON COLUMN calltrail.coverage.head_epoch IS 'Head of the chain just before this event: its epoch';
COMMENT ON COLUMN calltrail.coverage.head_seq IS 'Head of the chain: the last number given, 0 before the first';
COMMENT ON COLUMN calltrail.coverage.head_hash IS 'Head of the chain: hash of the entry of that number, or what entry 1 is chained to; lower-case hex';
COMMENT ON COLUMN calltrail.coverage.head_key_id IS 'Sensor''s public key: first 16 hex digits of its SHA-256';
COMMENT ON COLUMN calltrail.coverage.head_signature IS 'Ed25519 signature of the head, base64; docs/record.md says of which octets';
COMMENT ON COLUMN calltrail.coverage.observer_version IS 'Program that made the event: its version';
COMMENT ON COLUMN calltrail.coverage.observer_config_hash IS 'Hash of its configuration';
COMMENT ON COLUMN calltrail.coverage.observer_file IS 'Capture file that was read';
COMMENT ON COLUMN calltrail.coverage.observer_clock_source IS 'Sensor''s clock: what steers it';
COMMENT ON COLUMN calltrail.coverage.observer_clock_reference IS 'Sensor''s clock: its reference';
COMMENT ON COLUMN calltrail.coverage.observer_clock_synced IS 'Sensor''s clock: synchronised when the event was made';
COMMENT ON COLUMN calltrail.coverage.observer_clock_offset_us IS 'Sensor''s clock: offset, microseconds';
COMMENT ON COLUMN calltrail.coverage.observer_clock_error_us IS 'Sensor''s clock: largest error, microseconds';
COMMENT ON COLUMN calltrail.coverage.observer_databases IS 'Databases that were looked up: [{type, built}]';
COMMENT ON COLUMN calltrail.coverage.observer_ruleset IS 'Spoofing rules: their version';
COMMENT ON COLUMN calltrail.coverage.received_at IS 'When the store received it, by the database''s clock';

-- Which taps there are to be asked about. It follows from coverage, but a look through every partition for the distinct
-- names would cost each question seconds; the loader keeps it in the transaction that stores the events.
CREATE TABLE calltrail.tap (
    sensor       text        NOT NULL,
    tap          text        NOT NULL,
    first_minute timestamptz NOT NULL,
    last_minute  timestamptz NOT NULL CHECK (last_minute >= first_minute),
    PRIMARY KEY (sensor, tap)
);

COMMENT ON TABLE calltrail.tap IS 'Every tap that a coverage event ever came from, updated with the events in one transaction. Only grows.';
COMMENT ON COLUMN calltrail.tap.sensor IS 'Sensor';
COMMENT ON COLUMN calltrail.tap.tap IS 'Interface';
COMMENT ON COLUMN calltrail.tap.first_minute IS 'First minute there is an event of';
COMMENT ON COLUMN calltrail.tap.last_minute IS 'Last such minute';

-- +goose StatementBegin
CREATE FUNCTION calltrail.tap_only_grows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.first_minute > OLD.first_minute OR NEW.last_minute < OLD.last_minute OR (NEW.sensor, NEW.tap) <> (OLD.sensor, OLD.tap) THEN
        RAISE EXCEPTION 'calltrail.tap only grows: change of sensor %, tap % refused', OLD.sensor, OLD.tap
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION calltrail.tap_only_grows() IS 'Trigger of calltrail.tap: raises when a tap''s time would become shorter';
REVOKE ALL ON FUNCTION calltrail.tap_only_grows() FROM PUBLIC;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.coverage FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.coverage EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON calltrail.tap FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE ON calltrail.tap FOR EACH ROW EXECUTE FUNCTION calltrail.tap_only_grows();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.tap EXECUTE FUNCTION calltrail.refuse_change();

-- The making of one table's partition is a function of its own now, so that the spans that are there can be given theirs.
-- +goose StatementBegin
CREATE FUNCTION calltrail.make_partition(tab text, first_day date, end_day date) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part    text := tab || '_' || to_char(first_day, 'YYYYMMDD');
    at_time text := CASE tab WHEN 'call_record' THEN 'started_at' WHEN 'registration' THEN 'at' WHEN 'coverage' THEN 'minute' END;
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

CREATE OR REPLACE FUNCTION calltrail.ensure_partitions(from_day date, to_day date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    width   integer;
    day     date := from_day;
    lower_d date;
    upper_d date;
    existing calltrail.partition;
    tab     text;
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

        FOREACH tab IN ARRAY ARRAY['call_record', 'record_body', 'endpoint', 'registration', 'coverage'] LOOP
            PERFORM calltrail.make_partition(tab, lower_d, upper_d);
        END LOOP;
        INSERT INTO calltrail.partition (first_day, end_day) VALUES (lower_d, upper_d);
        made := made + 1;
        day := upper_d;
    END LOOP;
    RETURN made;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.make_partition(text, date, date) IS 'Makes one table''s partition for the days from the first up to, and without, the second; calltrail.ensure_partitions calls it';
COMMENT ON TABLE calltrail.partition IS 'The spans of days that have partitions: call_record, record_body, endpoint, registration and coverage each have one named for first_day.';
REVOKE ALL ON FUNCTION calltrail.make_partition(text, date, date) FROM PUBLIC;

SELECT calltrail.make_partition('coverage', first_day, end_day) FROM calltrail.partition ORDER BY first_day;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.coverage) THEN
        RAISE EXCEPTION 'calltrail.coverage holds rows: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.ensure_partitions(from_day date, to_day date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    width   integer;
    day     date := from_day;
    lower_d date;
    upper_d date;
    existing calltrail.partition;
    tab     text;
    part    text;
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

        FOREACH tab IN ARRAY ARRAY['call_record', 'record_body', 'endpoint', 'registration'] LOOP
            part := tab || '_' || to_char(lower_d, 'YYYYMMDD');
            -- LIKE and ATTACH instead of PARTITION OF: readers and writers of the parent are not locked out.
            EXECUTE format('CREATE TABLE calltrail.%I (LIKE calltrail.%I INCLUDING ALL)', part, tab);
            IF tab IN ('call_record', 'registration') THEN
                -- A day is the UTC date of this time, so a question about times need not look into every partition.
                EXECUTE format('ALTER TABLE calltrail.%I ADD CONSTRAINT time_in_days CHECK (%I >= %L::timestamptz AND %I < %L::timestamptz)',
                    part,
                    CASE tab WHEN 'call_record' THEN 'started_at' ELSE 'at' END, to_char(lower_d, 'YYYY-MM-DD') || ' 00:00:00+00',
                    CASE tab WHEN 'call_record' THEN 'started_at' ELSE 'at' END, to_char(upper_d, 'YYYY-MM-DD') || ' 00:00:00+00');
            END IF;
            EXECUTE format('ALTER TABLE calltrail.%I ATTACH PARTITION calltrail.%I FOR VALUES FROM (%L) TO (%L)', tab, part, lower_d, upper_d);
            EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.%I EXECUTE FUNCTION calltrail.refuse_change()', part);
        END LOOP;
        INSERT INTO calltrail.partition (first_day, end_day) VALUES (lower_d, upper_d);
        made := made + 1;
        day := upper_d;
    END LOOP;
    RETURN made;
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.make_partition(text, date, date);
COMMENT ON TABLE calltrail.partition IS 'The spans of days that have partitions: call_record, record_body, endpoint and registration each have one named for first_day.';
DROP TABLE calltrail.tap;
DROP FUNCTION calltrail.tap_only_grows();
DROP TABLE calltrail.coverage;
