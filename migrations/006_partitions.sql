-- Partitions are made ahead by calltrail.ensure_partitions, all tables in step, and never by a DEFAULT partition: that
-- would swallow what belongs elsewhere and block the making of its proper place.

-- +goose Up
CREATE TABLE calltrail.setting (
    only_row       boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    partition_days smallint NOT NULL DEFAULT 7 CHECK (partition_days BETWEEN 1 AND 366)
);
INSERT INTO calltrail.setting DEFAULT VALUES;

COMMENT ON TABLE calltrail.setting IS 'Settings of the database, one row.';
COMMENT ON COLUMN calltrail.setting.only_row IS 'Keeps it one row';
COMMENT ON COLUMN calltrail.setting.partition_days IS 'Days a new partition holds; 7 are ISO weeks, Monday to Sunday. Partitions that are there keep theirs';

CREATE TABLE calltrail.partition (
    first_day  date        PRIMARY KEY,
    end_day    date        NOT NULL CHECK (end_day > first_day),
    created_at timestamptz NOT NULL DEFAULT now(),
    EXCLUDE USING gist (daterange(first_day, end_day) WITH &&)
);

COMMENT ON TABLE calltrail.partition IS 'The spans of days that have partitions: call_record, record_body, endpoint and registration each have one named for first_day.';
COMMENT ON COLUMN calltrail.partition.first_day IS 'First day it holds';
COMMENT ON COLUMN calltrail.partition.end_day IS 'First day after it';
COMMENT ON COLUMN calltrail.partition.created_at IS 'When it was made';

-- +goose StatementBegin
CREATE FUNCTION calltrail.ensure_partitions(from_day date, to_day date) RETURNS integer
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

COMMENT ON FUNCTION calltrail.ensure_partitions(date, date) IS 'Makes the partitions that are missing for the days from the first to the second, both included; returns how many spans it made';
REVOKE ALL ON FUNCTION calltrail.ensure_partitions(date, date) FROM PUBLIC;

-- +goose Down
-- +goose StatementBegin
DO $$
DECLARE
    tab  text;
    span record;
BEGIN
    IF EXISTS (SELECT FROM calltrail.call_record) OR EXISTS (SELECT FROM calltrail.registration) THEN
        RAISE EXCEPTION 'calltrail.call_record or calltrail.registration holds rows: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
    FOR span IN SELECT first_day FROM calltrail.partition LOOP
        FOREACH tab IN ARRAY ARRAY['call_record', 'record_body', 'endpoint', 'registration'] LOOP
            EXECUTE format('DROP TABLE calltrail.%I', tab || '_' || to_char(span.first_day, 'YYYYMMDD'));
        END LOOP;
    END LOOP;
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.ensure_partitions(date, date);
DROP TABLE calltrail.partition;
DROP TABLE calltrail.setting;
