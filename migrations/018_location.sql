-- Where callers are, by whom it is known and since when: the day of a place's list or database, the name of an access line, and
-- whether the caller's own side or a network said it.

-- +goose Up
ALTER TABLE calltrail.call_record
    ADD COLUMN src_location_dated   date,
    ADD COLUMN src_location_line    text,
    ADD COLUMN src_location_said_by text,
    ADD COLUMN dst_location_dated   date,
    ADD COLUMN dst_location_line    text,
    ADD COLUMN stated_location      jsonb;
ALTER TABLE calltrail.registration
    ADD COLUMN src_location_dated date,
    ADD COLUMN src_location_line  text,
    ADD COLUMN dst_location_dated date,
    ADD COLUMN dst_location_line  text;
ALTER TABLE calltrail.message
    ADD COLUMN src_location_dated date,
    ADD COLUMN src_location_line  text,
    ADD COLUMN dst_location_dated date,
    ADD COLUMN dst_location_line  text;

COMMENT ON COLUMN calltrail.call_record.src_location_dated IS 'Source: day of what the place is known by: of the operator''s row of a cell or access line; of method geoip the day the database was built; NULL when neither is known, of pidf_lo, and of records stored before this column was';
COMMENT ON COLUMN calltrail.call_record.src_location_line IS 'Source: name of the access line';
COMMENT ON COLUMN calltrail.call_record.src_location_said_by IS 'Source: who says the place, of methods pidf_lo and cell: caller (its own side, which chooses its words) or network (one that serves it)';
COMMENT ON COLUMN calltrail.call_record.dst_location_dated IS 'Destination: day of what the place is known by: of the operator''s row of a cell or access line; of method geoip the day the database was built; NULL when neither is known, of pidf_lo, and of records stored before this column was';
COMMENT ON COLUMN calltrail.call_record.dst_location_line IS 'Destination: name of the access line';
COMMENT ON COLUMN calltrail.registration.src_location_dated IS 'Source: day of what the place is known by: of the operator''s row of a cell or access line; of method geoip the day the database was built; NULL when neither is known, of pidf_lo, and of records stored before this column was';
COMMENT ON COLUMN calltrail.registration.src_location_line IS 'Source: name of the access line';
COMMENT ON COLUMN calltrail.registration.dst_location_dated IS 'Registrar: day of what the place is known by: of the operator''s row of a cell or access line; of method geoip the day the database was built; NULL when neither is known, of pidf_lo, and of records stored before this column was';
COMMENT ON COLUMN calltrail.registration.dst_location_line IS 'Registrar: name of the access line';
COMMENT ON COLUMN calltrail.message.src_location_dated IS 'Source: day of what the place is known by: of the operator''s row of a cell or access line; of method geoip the day the database was built; NULL when neither is known, of pidf_lo, and of records stored before this column was';
COMMENT ON COLUMN calltrail.message.src_location_line IS 'Source: name of the access line';
COMMENT ON COLUMN calltrail.message.dst_location_dated IS 'Destination: day of what the place is known by: of the operator''s row of a cell or access line; of method geoip the day the database was built; NULL when neither is known, of pidf_lo, and of records stored before this column was';
COMMENT ON COLUMN calltrail.message.dst_location_line IS 'Destination: name of the access line';
COMMENT ON COLUMN calltrail.call_record.stated_location IS 'Place that the caller''s side wrote, where the source has another one: it was not believed, or others know better. {country, subdivision, city, latitude, longitude, accuracy_km, method, of, dated, said_by}';
COMMENT ON COLUMN calltrail.call_record.cell_network_provided IS 'The message says that the network wrote the cell, not the telephone. A telephone can write that, too: relied upon only where src_location_said_by is network';

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
-- +goose StatementEnd

-- The address of a gateway, relay or network that hides its users is somebody's place, but not the caller's.
CREATE VIEW calltrail.caller_place AS
SELECT c.day, c.record_id, c.call_uid, c.kind, c.started_at, c.caller_e164, c.caller_user, c.callee_e164, c.callee_user, c.src_ip,
       c.src_location_country AS country, c.src_location_subdivision AS subdivision, c.src_location_city AS city,
       c.src_location_latitude AS latitude, c.src_location_longitude AS longitude, c.src_location_accuracy_km AS accuracy_km,
       c.src_location_method AS method, c.src_location_dated AS dated, c.src_location_line AS line, c.src_location_said_by AS said_by
  FROM calltrail.calls c
 WHERE c.src_location_of = 'endpoint';

COMMENT ON VIEW calltrail.caller_place IS 'Where the caller was (of kinds app, media and tls: the end that src is), one row for each call of which that is known. A call that came by a gateway, server or relay, or from a hosting, VPN or Tor network, has none: its address is not the caller''s';
COMMENT ON COLUMN calltrail.caller_place.day IS 'UTC date of started_at';
COMMENT ON COLUMN calltrail.caller_place.record_id IS 'Identity of the revision: of calls';
COMMENT ON COLUMN calltrail.caller_place.call_uid IS 'Identity of the call leg';
COMMENT ON COLUMN calltrail.caller_place.kind IS 'What was observed: sip, media, app, tls';
COMMENT ON COLUMN calltrail.caller_place.started_at IS 'When the call began';
COMMENT ON COLUMN calltrail.caller_place.caller_e164 IS 'Calling party: number in E.164';
COMMENT ON COLUMN calltrail.caller_place.caller_user IS 'Calling party: user part as sent';
COMMENT ON COLUMN calltrail.caller_place.callee_e164 IS 'Called party: number in E.164';
COMMENT ON COLUMN calltrail.caller_place.callee_user IS 'Called party: user part as sent';
COMMENT ON COLUMN calltrail.caller_place.src_ip IS 'Source address';
COMMENT ON COLUMN calltrail.caller_place.country IS 'Country, ISO 3166-1 alpha-2';
COMMENT ON COLUMN calltrail.caller_place.subdivision IS 'ISO 3166-2 subdivision, without the country';
COMMENT ON COLUMN calltrail.caller_place.city IS 'City';
COMMENT ON COLUMN calltrail.caller_place.latitude IS 'Latitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.caller_place.longitude IS 'Longitude, WGS84 degrees';
COMMENT ON COLUMN calltrail.caller_place.accuracy_km IS 'Radius around the coordinates, kilometres';
COMMENT ON COLUMN calltrail.caller_place.method IS 'How the place was found: pidf_lo, cell, access_line, geoip';
COMMENT ON COLUMN calltrail.caller_place.dated IS 'Day of the lists row, or that the database was built';
COMMENT ON COLUMN calltrail.caller_place.line IS 'Name of the access line';
COMMENT ON COLUMN calltrail.caller_place.said_by IS 'Who says so, of pidf_lo and cell: caller or network';

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    -- The day of a database is in observer_databases, too.
    IF EXISTS (SELECT FROM calltrail.call_record
                WHERE num_nonnulls(src_location_line, src_location_said_by, dst_location_line, stated_location) > 0
                   OR src_location_method <> 'geoip' AND src_location_dated IS NOT NULL
                   OR dst_location_method <> 'geoip' AND dst_location_dated IS NOT NULL)
       OR EXISTS (SELECT FROM calltrail.registration WHERE num_nonnulls(src_location_line, dst_location_line) > 0
                     OR src_location_method <> 'geoip' AND src_location_dated IS NOT NULL)
       OR EXISTS (SELECT FROM calltrail.message WHERE num_nonnulls(src_location_line, dst_location_line) > 0
                     OR src_location_method <> 'geoip' AND src_location_dated IS NOT NULL) THEN
        RAISE EXCEPTION 'columns that would go hold values: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP VIEW calltrail.caller_place;
DROP FUNCTION calltrail.app_calls_of(inet, timestamptz, timestamptz);
DROP FUNCTION calltrail.legs_of(uuid);
DROP VIEW calltrail.calls;
ALTER TABLE calltrail.call_record
    DROP COLUMN src_location_dated, DROP COLUMN src_location_line, DROP COLUMN src_location_said_by, DROP COLUMN dst_location_dated,
    DROP COLUMN dst_location_line, DROP COLUMN stated_location;
ALTER TABLE calltrail.registration
    DROP COLUMN src_location_dated, DROP COLUMN src_location_line, DROP COLUMN dst_location_dated, DROP COLUMN dst_location_line;
ALTER TABLE calltrail.message
    DROP COLUMN src_location_dated, DROP COLUMN src_location_line, DROP COLUMN dst_location_dated, DROP COLUMN dst_location_line;
COMMENT ON COLUMN calltrail.call_record.cell_network_provided IS 'Cell: the network wrote it, not the telephone; NULL when it does not say so, and it cannot be relied upon';

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
-- +goose StatementEnd
COMMENT ON FUNCTION calltrail.legs_of(uuid) IS 'The legs of one call, each as calls shows it, in the order in which they began: all that have this group_uid, of every sensor; group_method says how each is known to belong to it';
COMMENT ON FUNCTION calltrail.app_calls_of(inet, timestamptz, timestamptz) IS 'Calls in applications that used an address between two times (the second not included), each as calls shows it, in the order in which they began: as client, as the other party, as relay, or as the client''s address outside its NAT; endpoint says which';
