-- Where numbers are registered and with which operator: tables that somebody gave out at a date, each as imported. A number
-- itself tells neither: it tells the range it was allotted from, and people move and take their numbers along.

-- +goose Up
CREATE TABLE calltrail.numbering_import (
    import_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('subscriber', 'portability', 'range')),
    source      text        NOT NULL CHECK (source <> '' AND octet_length(source) <= 128),
    dated       date        NOT NULL,
    holds_from  timestamptz NOT NULL,
    complete    boolean     NOT NULL,
    file        text        NOT NULL,
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    octets      bigint      NOT NULL CHECK (octets >= 0),
    rows_read   bigint      NOT NULL CHECK (rows_read >= 0),
    added       bigint      NOT NULL CHECK (added >= rows_read),
    imported_by text        NOT NULL DEFAULT session_user,
    imported_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (sha256, kind, source, dated)
);

CREATE INDEX numbering_import_series ON calltrail.numbering_import (source, kind, holds_from, import_id);

COMMENT ON TABLE calltrail.numbering_import IS 'Tables of numbers that were imported with calltrail numbering import. Append-only. Those of one source and kind are one series, in which a later table replaces the earlier ones from its date on.';
COMMENT ON COLUMN calltrail.numbering_import.import_id IS 'Number of the import';
COMMENT ON COLUMN calltrail.numbering_import.kind IS 'subscriber (where numbers are registered, and to whom), portability (which operator numbers are with now), range (to whom a numbering plan allotted ranges)';
COMMENT ON COLUMN calltrail.numbering_import.source IS 'Who gave the table out, as the operator named it';
COMMENT ON COLUMN calltrail.numbering_import.dated IS 'Day the table is of, as the operator named it';
COMMENT ON COLUMN calltrail.numbering_import.holds_from IS 'Beginning of that day in the zone of the import: from then on the table replaces the earlier ones of its series';
COMMENT ON COLUMN calltrail.numbering_import.complete IS 'The whole table: what is not in it holds no more. false: changes, which replace only what is said of the numbers they name';
COMMENT ON COLUMN calltrail.numbering_import.file IS 'Name the file had, without its folder';
COMMENT ON COLUMN calltrail.numbering_import.sha256 IS 'SHA-256 of the file''s octets';
COMMENT ON COLUMN calltrail.numbering_import.octets IS 'Its size';
COMMENT ON COLUMN calltrail.numbering_import.rows_read IS 'Its rows, without the header';
COMMENT ON COLUMN calltrail.numbering_import.added IS 'Rows of numbering it made: a range that is no prefix makes several';
COMMENT ON COLUMN calltrail.numbering_import.imported_by IS 'Account of the database that imported it';
COMMENT ON COLUMN calltrail.numbering_import.imported_at IS 'When, by the database''s clock';

-- No foreign key: checked for each of ten million rows it would double the time of an import. The rows of an import come in
-- its transaction and from nowhere else, and neither table forgets.
CREATE TABLE calltrail.numbering (
    prefix       text        NOT NULL CHECK (prefix ~ '^\+[1-9][0-9]{0,14}$'),
    digits       smallint    CHECK (digits BETWEEN 1 AND 15 AND digits >= length(prefix) - 1),
    import_id    bigint      NOT NULL,
    file_line    integer     NOT NULL CHECK (file_line >= 1),
    first_number text,
    last_number  text,
    carrier      text,
    circle       text,
    state        text,
    city         text,
    country      text,
    subscriber   text,
    valid_from   timestamptz,
    valid_until  timestamptz,
    CHECK (num_nulls(first_number, last_number) IN (0, 2)),
    CHECK (valid_from < valid_until),
    CHECK (num_nonnulls(carrier, circle, state, city, country, subscriber) > 0)
);

-- A number is looked for by each of its prefixes: a B-tree answers the fifteen in one scan, and unlike an index of ranges it
-- is filled at the speed of COPY.
CREATE INDEX numbering_prefix ON calltrail.numbering (prefix);
CREATE INDEX numbering_subscriber ON calltrail.numbering (subscriber) WHERE subscriber IS NOT NULL;

COMMENT ON TABLE calltrail.numbering IS 'What the imported tables say of numbers, a row for each number or block. Append-only: later tables are further rows, and what an older one said stays. Ask registration_of for what holds at a time.';
COMMENT ON COLUMN calltrail.numbering.prefix IS '"+" and the digits that the number, or all numbers of the block, begin with';
COMMENT ON COLUMN calltrail.numbering.digits IS 'Digits of the whole numbers it is about; NULL: any that are more than the prefix has';
COMMENT ON COLUMN calltrail.numbering.import_id IS 'Import it came with (numbering_import)';
COMMENT ON COLUMN calltrail.numbering.file_line IS 'Line of the file; several rows have one when its range is no prefix';
COMMENT ON COLUMN calltrail.numbering.first_number IS 'Of a range that was written from–to: its first number, of which this row may be a part';
COMMENT ON COLUMN calltrail.numbering.last_number IS 'Of a range that was written from–to: its last number';
COMMENT ON COLUMN calltrail.numbering.carrier IS 'Operator: of kind portability the one that has the number, of kind range the one the range was allotted to';
COMMENT ON COLUMN calltrail.numbering.circle IS 'Licensed service area (telecom circle) it is registered in';
COMMENT ON COLUMN calltrail.numbering.state IS 'State';
COMMENT ON COLUMN calltrail.numbering.city IS 'City';
COMMENT ON COLUMN calltrail.numbering.country IS 'Country, as the table writes it';
COMMENT ON COLUMN calltrail.numbering.subscriber IS 'Reference of the subscriber in the provider''s books, as assignment.subscriber has it';
COMMENT ON COLUMN calltrail.numbering.valid_from IS 'From when, as the table says; NULL: it does not';
COMMENT ON COLUMN calltrail.numbering.valid_until IS 'Up to and without when, as the table says; NULL: it does not';

-- +goose StatementBegin
-- $1 prefixes, $2 digits of the number, $3 time, $4 what was imported until then.
CREATE FUNCTION calltrail.numbering_at(of_prefixes text[], of_digits integer, at timestamptz, known_at timestamptz)
    RETURNS TABLE (kind text, source text, dated date, carrier text, circle text, state text, city text, country text, subscriber text, matched text,
                   first_number text, last_number text, valid_from timestamptz, valid_until timestamptz, file text, file_line integer, import_id bigint, imported_at timestamptz, remark text)
    LANGUAGE sql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
    WITH hit AS MATERIALIZED (
        SELECT n.*, i.kind, i.source, i.dated, i.holds_from, i.file, i.imported_at,
               -- From when on the row is what its source says of this prefix: what ends is known to have been before.
               coalesce(n.valid_from, CASE WHEN n.valid_until IS NOT NULL THEN '-infinity' ELSE i.holds_from END) <= $3 AS speaks
          FROM calltrail.numbering n
          JOIN calltrail.numbering_import i ON i.import_id = n.import_id AND i.imported_at <= coalesce($4, 'infinity')
         WHERE n.prefix = ANY ($1) AND (n.digits IS NULL AND length(n.prefix) <= $2 OR n.digits = $2)
    ), series AS MATERIALIZED (
        SELECT s.source, s.kind, newest.holds_from, newest.import_id,
               EXISTS (SELECT FROM calltrail.numbering_import i
                        WHERE i.source = s.source AND i.kind = s.kind AND i.holds_from <= $3 AND i.imported_at <= coalesce($4, 'infinity')) AS begun
          FROM (SELECT DISTINCT hit.source, hit.kind FROM hit) s
          LEFT JOIN LATERAL (
            SELECT i.holds_from, i.import_id FROM calltrail.numbering_import i
             WHERE i.source = s.source AND i.kind = s.kind AND i.holds_from <= $3 AND i.complete AND i.imported_at <= coalesce($4, 'infinity')
             ORDER BY i.holds_from DESC, i.import_id DESC LIMIT 1
          ) newest ON true
    ), said AS MATERIALIZED (
        -- Of one prefix the newest table that speaks; what was before the newest whole table is forgotten at that time.
        SELECT h.*, rank() OVER (PARTITION BY h.source, h.kind, h.prefix, h.speaks ORDER BY h.holds_from DESC, h.import_id DESC) AS age,
               s.begun
          FROM hit h JOIN series s USING (source, kind)
         WHERE s.import_id IS NULL OR (h.holds_from, h.import_id) >= (s.holds_from, s.import_id)
    ), holding AS (
        -- The longest prefix; of equal ones the narrower range, of which it may be a part.
        SELECT d.*, rank() OVER (PARTITION BY d.source, d.kind
                                 ORDER BY length(d.prefix) DESC, coalesce(substr(d.last_number, 2)::bigint - substr(d.first_number, 2)::bigint, 0)) AS place
          FROM said d
         WHERE d.speaks AND d.age = 1 AND (d.valid_until IS NULL OR $3 < d.valid_until)
    ), nearest AS (
        -- When no table is as old as that, the first one after it, unless it says since when.
        SELECT d.*, rank() OVER (PARTITION BY d.source, d.kind
                                 ORDER BY d.holds_from, d.import_id DESC, length(d.prefix) DESC, coalesce(substr(d.last_number, 2)::bigint - substr(d.first_number, 2)::bigint, 0)) AS place
          FROM said d
         WHERE NOT d.speaks AND NOT d.begun
           AND NOT EXISTS (SELECT FROM holding h WHERE h.source = d.source AND h.kind = d.kind)
    ), answer AS (
        SELECT holding.*, false AS after FROM holding WHERE holding.place = 1
        UNION ALL
        SELECT nearest.*, true FROM nearest WHERE nearest.place = 1 AND nearest.valid_from IS NULL
    )
    SELECT a.kind, a.source, a.dated, a.carrier, a.circle, a.state, a.city, a.country, a.subscriber, a.prefix,
           a.first_number, a.last_number, a.valid_from, a.valid_until, a.file, a.file_line, a.import_id, a.imported_at,
           nullif(concat_ws('; ',
               CASE WHEN a.kind = 'range' THEN 'to whom the range was allotted: the number may have been ported since' END,
               CASE WHEN a.after THEN 'the table is of a later day than was asked for, and does not say since when' END,
               CASE WHEN count(*) OVER (PARTITION BY a.source, a.kind) > 1
                    THEN 'one of ' || count(*) OVER (PARTITION BY a.source, a.kind) || ' rows that this table has of it' END
           ), '')
      FROM answer a
     ORDER BY array_position(ARRAY['subscriber', 'portability', 'range'], a.kind), a.source, a.file_line
$$;

CREATE FUNCTION calltrail.registration_of(of_number text, at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL)
    RETURNS TABLE (kind text, source text, dated date, carrier text, circle text, state text, city text, country text, subscriber text, matched text,
                   first_number text, last_number text, valid_from timestamptz, valid_until timestamptz, file text, file_line integer, import_id bigint, imported_at timestamptz, remark text)
    LANGUAGE sql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.*
      FROM (SELECT translate($1, ' -.()', '') AS e164) n,
           LATERAL calltrail.numbering_at(ARRAY(SELECT left(n.e164, k) FROM generate_series(2, least(length(n.e164), 16)) k), length(n.e164) - 1, $2, $3) r
     WHERE n.e164 ~ '^\+[1-9][0-9]{1,14}$'
$$;

CREATE FUNCTION calltrail.subscriber_numbers(of_subscriber text, at timestamptz DEFAULT now())
    RETURNS TABLE (number text, last_number text, kind text, source text, dated date, carrier text, circle text, state text, city text, country text,
                   valid_from timestamptz, valid_until timestamptz, file text, file_line integer, import_id bigint, remark text)
    LANGUAGE sql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT coalesce(r.first_number, r.matched), r.last_number, r.kind, r.source, r.dated, r.carrier, r.circle, r.state, r.city, r.country,
           r.valid_from, r.valid_until, r.file, r.file_line, r.import_id, r.remark
      FROM (SELECT DISTINCT n.prefix, coalesce(n.digits, 15) AS digits FROM calltrail.numbering n WHERE n.subscriber = $1) p
     CROSS JOIN LATERAL calltrail.numbering_at(ARRAY[p.prefix], p.digits, $2, NULL) r
     WHERE r.subscriber = $1
     ORDER BY 1, 4, 14
$$;

CREATE FUNCTION calltrail.call_registrations(of_call uuid)
    RETURNS TABLE (role text, number text, kind text, source text, dated date, carrier text, circle text, state text, city text, country text, subscriber text,
                   valid_from timestamptz, valid_until timestamptz, file text, file_line integer, import_id bigint, remark text)
    LANGUAGE sql STABLE ROWS 8 SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.role, s.number, r.kind, r.source, r.dated, r.carrier, r.circle, r.state, r.city, r.country, r.subscriber,
           r.valid_from, r.valid_until, r.file, r.file_line, r.import_id, r.remark
      FROM calltrail.calls c
     CROSS JOIN LATERAL (
           VALUES (1, 'caller', c.caller_e164), (2, 'asserted', c.asserted_e164), (3, 'callee', c.callee_e164), (4, 'connected', c.connected_e164)
           UNION ALL SELECT 5, d.role, d.number FROM calltrail.watchlist_diverted(c.redirects) d) AS s (place, role, number)
      LEFT JOIN LATERAL calltrail.registration_of(s.number, c.started_at) r ON true
     WHERE c.call_uid = $1 AND s.number IS NOT NULL
     ORDER BY s.place, s.number, array_position(ARRAY['subscriber', 'portability', 'range'], r.kind), r.source, r.file_line
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.numbering_at(text[], integer, timestamptz, timestamptz) IS 'What holds of the prefixes of a number with so many digits at a time: the body of registration_of';
COMMENT ON FUNCTION calltrail.registration_of(text, timestamptz, timestamptz) IS 'Where a number (E.164, with its +) was registered at a time and with which operator: what each source and kind of table says, never one of several, with its day, file and line. Within one, the longest prefix (of equal ones the narrower range) and the newest table that speaks of that time. known_at: only what was imported until then. One look-up in an index';
COMMENT ON FUNCTION calltrail.subscriber_numbers(text, timestamptz) IS 'Numbers, and blocks from number to last_number, that the tables say were this subscriber''s at a time. The reference is that of assignment.subscriber';
COMMENT ON FUNCTION calltrail.call_registrations(uuid) IS 'registration_of the caller, asserted, callee, connected and diverting numbers of a call, when it began; a number that no table has is one row with nothing but itself';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.numbering_import FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.numbering FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.numbering_import EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.numbering EXECUTE FUNCTION calltrail.refuse_change();

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.numbering_import) THEN
        RAISE EXCEPTION 'calltrail.numbering holds imported tables: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.call_registrations(uuid);
DROP FUNCTION calltrail.subscriber_numbers(text, timestamptz);
DROP FUNCTION calltrail.registration_of(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.numbering_at(text[], integer, timestamptz, timestamptz);
DROP TABLE calltrail.numbering;
DROP TABLE calltrail.numbering_import;
