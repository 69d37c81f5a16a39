-- Whose line an address was: what RADIUS, DHCP and carrier NAT say they gave to whom and when, each as imported; and what of
-- that was joined with the calls.

-- +goose Up
CREATE TABLE calltrail.assignment_import (
    import_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    format      text        NOT NULL CHECK (format IN ('radius', 'dhcp', 'cgnat')),
    file        text        NOT NULL,
    octets      bigint      NOT NULL CHECK (octets >= 0),
    rows_read   bigint      NOT NULL CHECK (rows_read >= 0),
    added       bigint      NOT NULL CHECK (added >= 0),
    imported_by text        NOT NULL DEFAULT session_user,
    imported_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (sha256, format)
);

COMMENT ON TABLE calltrail.assignment_import IS 'Files that were imported with calltrail assignments import, each once. Append-only.';
COMMENT ON COLUMN calltrail.assignment_import.import_id IS 'Number of the import';
COMMENT ON COLUMN calltrail.assignment_import.sha256 IS 'SHA-256 of the file''s octets';
COMMENT ON COLUMN calltrail.assignment_import.format IS 'radius, dhcp, cgnat: what it was read as';
COMMENT ON COLUMN calltrail.assignment_import.file IS 'Name it had, without its folder';
COMMENT ON COLUMN calltrail.assignment_import.octets IS 'Its size';
COMMENT ON COLUMN calltrail.assignment_import.rows_read IS 'Its rows, without the header';
COMMENT ON COLUMN calltrail.assignment_import.added IS 'Rows of assignment it added; several rows of a file may tell of one session';
COMMENT ON COLUMN calltrail.assignment_import.imported_by IS 'Account of the database that imported it';
COMMENT ON COLUMN calltrail.assignment_import.imported_at IS 'When, by the database''s clock';

CREATE TABLE calltrail.assignment (
    assignment_id  uuid        PRIMARY KEY,
    lineage        uuid        NOT NULL,
    supersedes     uuid        REFERENCES calltrail.assignment,
    address        inet        NOT NULL CHECK (address = network(address)::inet AND (family(address) = 6 OR masklen(address) = 32)),
    ports          int4range   CHECK (NOT isempty(ports) AND ports <@ int4range(0, 65536)),
    during         tstzrange   NOT NULL CHECK (NOT isempty(during) AND lower(during) IS NOT NULL AND lower_inc(during) AND NOT upper_inc(during)),
    start_seen     boolean     NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    inside_address inet        CHECK (masklen(inside_address) = CASE family(inside_address) WHEN 4 THEN 32 ELSE 128 END),
    inside_port    integer     CHECK (inside_port BETWEEN 0 AND 65535),
    subscriber     text,
    line           text,
    mac            macaddr,
    client         text,
    session        text,
    source         text        NOT NULL CHECK (source IN ('radius', 'dhcp', 'cgnat', 'manual')),
    import_id      bigint      REFERENCES calltrail.assignment_import,
    file_line      integer     CHECK (file_line >= 1),
    imported_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (subscriber IS NOT NULL OR line IS NOT NULL OR mac IS NOT NULL OR client IS NOT NULL OR inside_address IS NOT NULL)
);

-- "Who used this address at this time": both in one index, so that neither the years of an address nor the addresses of an
-- hour are read. A B-tree on (address, begin) would have to walk back over all sessions an address ever had, since any of
-- them may still be open. The ports of an address at one time are few: they are looked at in the rows.
CREATE INDEX assignment_use ON calltrail.assignment USING gist (address inet_ops, during);
CREATE INDEX assignment_inside ON calltrail.assignment USING gist (inside_address inet_ops, during) WHERE inside_address IS NOT NULL;
CREATE INDEX assignment_subscriber ON calltrail.assignment (subscriber, lower(during)) WHERE subscriber IS NOT NULL;
CREATE INDEX assignment_session ON calltrail.assignment (session) WHERE session IS NOT NULL;
CREATE INDEX assignment_supersedes ON calltrail.assignment (supersedes) WHERE supersedes IS NOT NULL;

COMMENT ON TABLE calltrail.assignment IS 'An address, or ports of one, given to a subscriber for a time, as the source says. Append-only: what is learnt later (the end of a session) is a further row that supersedes the first. Ask the view assignments for what holds.';
COMMENT ON COLUMN calltrail.assignment.assignment_id IS 'Identity: UUIDv8, a hash of all that the row says, so that the same row is there once';
COMMENT ON COLUMN calltrail.assignment.lineage IS 'The first row of those that supersede one another; its own identity when it is the first';
COMMENT ON COLUMN calltrail.assignment.supersedes IS 'Row that this one replaces; NULL: none';
COMMENT ON COLUMN calltrail.assignment.address IS 'Address; of IPv6 the prefix that was delegated. With inside_address it is the public one';
COMMENT ON COLUMN calltrail.assignment.ports IS 'Ports of it that were given; NULL: all';
COMMENT ON COLUMN calltrail.assignment.during IS 'From when, up to and without when; no end: none is known';
COMMENT ON COLUMN calltrail.assignment.start_seen IS 'Its beginning is known; false: it is the first that was heard of a session that had begun before';
COMMENT ON COLUMN calltrail.assignment.last_seen_at IS 'Last time the source spoke of it: what a session without an end is sure of';
COMMENT ON COLUMN calltrail.assignment.inside_address IS 'Address behind the carrier''s NAT; NULL: no NAT';
COMMENT ON COLUMN calltrail.assignment.inside_port IS 'Port behind it, of a single translation; NULL: any';
COMMENT ON COLUMN calltrail.assignment.subscriber IS 'Reference of the subscriber in the provider''s books (RADIUS User-Name); NULL: the source does not know, inside_address may';
COMMENT ON COLUMN calltrail.assignment.line IS 'Line or circuit (RADIUS NAS-Port-Id)';
COMMENT ON COLUMN calltrail.assignment.mac IS 'Hardware address of the subscriber''s device';
COMMENT ON COLUMN calltrail.assignment.client IS 'Calling-Station-Id that is no hardware address, or DHCP client identifier';
COMMENT ON COLUMN calltrail.assignment.session IS 'What rows that tell of one session have in common: of radius the access server, Acct-Session-Id and User-Name, of the others the address, its holder and the beginning, each after a vertical bar';
COMMENT ON COLUMN calltrail.assignment.source IS 'radius, dhcp, cgnat, manual';
COMMENT ON COLUMN calltrail.assignment.import_id IS 'File it came with; NULL: manual';
COMMENT ON COLUMN calltrail.assignment.file_line IS 'Line of that file that told it last';
COMMENT ON COLUMN calltrail.assignment.imported_at IS 'When it came, by the database''s clock';

CREATE VIEW calltrail.assignments AS
SELECT a.*
  FROM calltrail.assignment a
 WHERE NOT EXISTS (SELECT FROM calltrail.assignment later WHERE later.supersedes = a.assignment_id);

COMMENT ON VIEW calltrail.assignments IS 'The assignments that hold: those of calltrail.assignment that no later one supersedes. The columns are those of assignment.';

CREATE TABLE calltrail.call_subscriber (
    day           date        NOT NULL,
    record_id     uuid        NOT NULL,
    call_uid      uuid,
    ip            inet        NOT NULL,
    port          integer     NOT NULL CHECK (port BETWEEN 0 AND 65535),
    roles         text[]      NOT NULL,
    assignment_id uuid        NOT NULL REFERENCES calltrail.assignment,
    lineage       uuid        NOT NULL,
    holds         boolean     NOT NULL,
    joined_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (record_id, ip, port, assignment_id, joined_at)
);

CREATE INDEX call_subscriber_call_uid ON calltrail.call_subscriber (call_uid);
CREATE INDEX call_subscriber_assignment ON calltrail.call_subscriber (assignment_id);
CREATE INDEX call_subscriber_day ON calltrail.call_subscriber USING brin (day) WITH (pages_per_range = 32);

COMMENT ON TABLE calltrail.call_subscriber IS 'Whose line an address of a record was, as it was known when they were joined: frozen beside the record. Append-only: what later imports say is a further row, and this is the history. Ask the view call_subscribers for what holds.';
COMMENT ON COLUMN calltrail.call_subscriber.day IS 'Day of the record';
COMMENT ON COLUMN calltrail.call_subscriber.record_id IS 'Record that names the address';
COMMENT ON COLUMN calltrail.call_subscriber.call_uid IS 'Call of that record; NULL for a registration';
COMMENT ON COLUMN calltrail.call_subscriber.ip IS 'Address, as endpoint has it';
COMMENT ON COLUMN calltrail.call_subscriber.port IS 'Port, as endpoint has it';
COMMENT ON COLUMN calltrail.call_subscriber.roles IS 'What for, as endpoint has it';
COMMENT ON COLUMN calltrail.call_subscriber.assignment_id IS 'Assignment of that address and port at that time';
COMMENT ON COLUMN calltrail.call_subscriber.lineage IS 'lineage of that assignment: the newest row of one lineage is what holds';
COMMENT ON COLUMN calltrail.call_subscriber.holds IS 'false: what was joined before is taken back, because a later import says that the session had ended, or that a longer prefix was somebody else''s';
COMMENT ON COLUMN calltrail.call_subscriber.joined_at IS 'When they were joined, by the database''s clock';

CREATE VIEW calltrail.call_subscribers AS
SELECT s.day, s.record_id, s.call_uid, s.ip, s.port, s.roles, a.subscriber, a.line, a.mac, a.client, a.inside_address, a.source, a.during, s.assignment_id, s.lineage, s.joined_at
  FROM calltrail.call_subscriber s
  JOIN calltrail.assignment a USING (assignment_id)
 WHERE s.holds
   AND NOT EXISTS (
    SELECT
      FROM calltrail.call_subscriber later
     WHERE later.record_id = s.record_id AND later.ip = s.ip AND later.port = s.port AND later.lineage = s.lineage
       AND (later.joined_at, later.assignment_id) > (s.joined_at, s.assignment_id)
 );

COMMENT ON VIEW calltrail.call_subscribers IS 'Whose line each address of a record was: of call_subscriber what holds, with its assignment. Several rows for one address: the sources contradict one another, or it changed hands during the call.';

-- +goose StatementBegin
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT v.oid::regclass AS view, a.attname, coalesce(col_description('calltrail.call_subscriber'::regclass, s.attnum), col_description('calltrail.assignment'::regclass, b.attnum)) AS text
          FROM pg_class v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
          LEFT JOIN pg_attribute s ON s.attrelid = 'calltrail.call_subscriber'::regclass AND s.attname = a.attname AND v.relname = 'call_subscribers'
          LEFT JOIN pg_attribute b ON b.attrelid = 'calltrail.assignment'::regclass AND b.attname = a.attname
         WHERE v.oid IN ('calltrail.assignments'::regclass, 'calltrail.call_subscribers'::regclass)
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', col.view, col.attname, col.text);
    END LOOP;
END
$$;

-- $1 address, $2 port, $3 time.
CREATE FUNCTION calltrail.who_used(of_ip inet, of_port integer, at timestamptz)
    RETURNS TABLE (subscriber text, line text, mac macaddr, client text, inside_address inet, inside_port integer, address inet, ports int4range,
                   valid_from timestamptz, valid_until timestamptz, source text, assignment_id uuid, remark text)
    LANGUAGE sql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
    WITH hit AS (
        SELECT a.*
          FROM calltrail.assignments a
         WHERE a.address >>= $1 AND a.during @> $3 AND (a.ports IS NULL OR $2 IS NULL OR a.ports @> $2)
    ), best AS MATERIALIZED (
        SELECT * FROM hit WHERE masklen(hit.address) = (SELECT max(masklen(h.address)) FROM hit h)
    ), named AS (
        -- A NAT often knows only the address behind it; whose that was, RADIUS or DHCP knows.
        SELECT b.assignment_id, b.address, b.ports, b.during, b.start_seen, b.last_seen_at, b.inside_address, b.inside_port, b.source,
               coalesce(b.subscriber, i.subscriber) AS subscriber, coalesce(b.line, i.line) AS line, coalesce(b.mac, i.mac) AS mac,
               coalesce(b.client, i.client) AS client, i.source AS inside_source
          FROM best b
          LEFT JOIN LATERAL (
            SELECT n.* FROM calltrail.assignments n
             WHERE b.subscriber IS NULL AND n.address >>= b.inside_address AND n.during @> $3 AND n.source <> 'cgnat'
               AND (n.ports IS NULL OR b.inside_port IS NULL OR n.ports @> b.inside_port)
          ) i ON true
    )
    SELECT n.subscriber, n.line, n.mac, n.client, n.inside_address, n.inside_port, n.address, n.ports, lower(n.during), upper(n.during), n.source, n.assignment_id,
           nullif(concat_ws('; ',
               CASE WHEN count(*) OVER () > 1 THEN
                   CASE WHEN (SELECT count(DISTINCT (h.subscriber, h.line, h.mac, h.client, h.inside_address)) FROM named h) = 1 THEN 'one of ' || count(*) OVER () || ' assignments to the same holder'
                        WHEN $2 IS NULL AND n.ports IS NOT NULL THEN 'one of ' || count(*) OVER () || ' assignments: the address was shared by its ports, and no port was given'
                        ELSE 'one of ' || count(*) OVER () || ' assignments that overlap at this time: the sources do not agree, or an end is missing' END END,
               CASE WHEN NOT n.start_seen THEN 'its beginning was not seen' END,
               CASE WHEN upper_inf(n.during) THEN 'no end is known, last heard of at ' || to_char(n.last_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' END,
               -- The end of a session that gets lost leaves it open for ever.
               CASE WHEN upper_inf(n.during) AND EXISTS (
                   SELECT FROM calltrail.assignments o
                    WHERE o.address = n.address AND o.during && tstzrange(lower(n.during), $3, '(]') AND lower(o.during) > lower(n.during)
                      AND (o.ports IS NULL OR n.ports IS NULL OR o.ports && n.ports)
               ) THEN 'the address was given out again since: it may have ended before' END,
               CASE WHEN n.inside_source IS NOT NULL THEN 'the subscriber is that of the inside address, by ' || n.inside_source END
           ), '')
      FROM named n
     ORDER BY upper_inf(n.during), lower(n.during) DESC, n.subscriber, n.assignment_id
$$;

CREATE FUNCTION calltrail.public_of(of_inside inet, of_port integer, at timestamptz)
    RETURNS TABLE (address inet, ports int4range, inside_port integer, subscriber text, valid_from timestamptz, valid_until timestamptz, source text, assignment_id uuid)
    LANGUAGE sql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.address, a.ports, a.inside_port, a.subscriber, lower(a.during), upper(a.during), a.source, a.assignment_id
      FROM calltrail.assignments a
     WHERE a.inside_address = $1 AND a.during @> $3 AND (a.inside_port IS NULL OR $2 IS NULL OR a.inside_port = $2)
     ORDER BY lower(a.during), a.address, a.ports, a.assignment_id
$$;

CREATE FUNCTION calltrail.assignments_of(of_subscriber text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (address inet, ports int4range, during tstzrange, inside_address inet, inside_port integer, line text, mac macaddr, source text, assignment_id uuid)
    LANGUAGE sql STABLE ROWS 32 SET search_path = pg_catalog, pg_temp AS $$
    WITH own AS MATERIALIZED (
        SELECT a.* FROM calltrail.assignments a
         WHERE a.subscriber = $1 AND lower(a.during) < $3 AND a.during && tstzrange($2, $3)
    )
    SELECT o.address, o.ports, o.during, o.inside_address, o.inside_port, o.line, o.mac, o.source, o.assignment_id FROM own o
    UNION ALL
    -- What a NAT gave to an address of the subscriber without knowing whose that was.
    SELECT n.address, n.ports, n.during * o.during, n.inside_address, n.inside_port, o.line, o.mac, n.source, n.assignment_id
      FROM own o
      JOIN calltrail.assignments n ON n.inside_address <<= o.address AND n.during && (o.during * tstzrange($2, $3))
     WHERE n.subscriber IS NULL AND o.source <> 'cgnat' AND (o.ports IS NULL OR n.inside_port IS NULL OR o.ports @> n.inside_port)
     ORDER BY 3, 1, 2, 9
$$;

CREATE FUNCTION calltrail.calls_of_subscriber(of_subscriber text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (started_at timestamptz, ended_at timestamptz, kind text, disposition text, caller_raw text, callee_raw text, ip inet, port integer, roles text[],
                   inside boolean, assignment_id uuid, call_uid uuid, record_id uuid, day date)
    LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    WITH held AS MATERIALIZED (
        -- Between the first and the last address of a prefix: endpoint's B-tree answers that, and not <<=.
        SELECT set_masklen(network(a.address)::inet, b.bits) AS low, set_masklen(broadcast(a.address), b.bits) AS high, a.ports,
               a.during * tstzrange($2, $3) AS during, false AS inside, a.assignment_id
          FROM calltrail.assignments_of($1, $2, $3) a, LATERAL (SELECT CASE family(a.address) WHEN 4 THEN 32 ELSE 128 END AS bits) b
        UNION ALL
        SELECT a.inside_address, a.inside_address, int4range(a.inside_port, a.inside_port, '[]'), a.during * tstzrange($2, $3), true, a.assignment_id
          FROM calltrail.assignments_of($1, $2, $3) a WHERE a.inside_address IS NOT NULL
    ), used AS (
        SELECT DISTINCT ON (e.record_id, e.ip, e.port) e.day, e.record_id, e.ip, e.port, e.roles, h.inside, h.assignment_id
          FROM held h
          JOIN calltrail.endpoint e ON e.ip BETWEEN h.low AND h.high
           AND e.first_at < coalesce(upper(h.during), 'infinity') AND e.last_at >= lower(h.during)
           -- Port 0, which is no port: the record names none, and then it is in nobody's block.
           AND (h.ports IS NULL OR h.ports @> e.port)
           -- With a longer prefix of somebody else's it is theirs.
           AND NOT EXISTS (
             SELECT FROM calltrail.assignments longer
              WHERE family(e.ip) = 6 AND NOT h.inside AND longer.address >>= e.ip AND longer.during && tstzrange(e.first_at, e.last_at, '[]')
                AND longer.address << (SELECT m.address FROM calltrail.assignment m WHERE m.assignment_id = h.assignment_id)
                AND longer.subscriber IS DISTINCT FROM $1)
         WHERE NOT isempty(h.during)
         ORDER BY e.record_id, e.ip, e.port, h.inside, lower(h.during), h.assignment_id
    )
    SELECT c.started_at, c.ended_at, c.kind, c.disposition, c.caller_raw, c.callee_raw, u.ip, u.port, u.roles, u.inside, u.assignment_id, c.call_uid, c.record_id, c.day
      FROM used u
      JOIN calltrail.calls c USING (day, record_id)
     ORDER BY c.started_at, c.call_uid, u.ip, u.port
$$;

CREATE FUNCTION calltrail.common_far_ends(of_subscribers text[], from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (far_network inet, as_number bigint, as_org text, subscribers text[], calls bigint, first_at timestamptz, last_at timestamptz)
    LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    WITH asked AS (
        SELECT DISTINCT unnest($1) AS subscriber
    ), own AS MATERIALIZED (
        SELECT s.subscriber, c.day, c.record_id, c.call_uid, c.ip
          FROM asked s CROSS JOIN LATERAL calltrail.calls_of_subscriber(s.subscriber, $2, $3) c
    ), far AS MATERIALIZED (
        SELECT DISTINCT o.subscriber, o.call_uid, e.ip, e.first_at, e.last_at,
               CASE e.ip WHEN r.src_ip THEN r.src_as_number WHEN r.dst_ip THEN r.dst_as_number END AS as_number,
               CASE e.ip WHEN r.src_ip THEN r.src_as_org WHEN r.dst_ip THEN r.dst_as_org END AS as_org
          FROM (SELECT DISTINCT own.subscriber, own.day, own.record_id, own.call_uid FROM own) o
          JOIN calltrail.endpoint e USING (day, record_id)
          JOIN calltrail.call_record r USING (day, record_id)
         WHERE NOT EXISTS (SELECT FROM own WHERE own.subscriber = o.subscriber AND own.record_id = o.record_id AND own.ip = e.ip)
    ), spans AS (
        SELECT f.ip AS net, f.* FROM far f
        UNION ALL
        SELECT network(set_masklen(f.ip, CASE family(f.ip) WHEN 4 THEN 24 ELSE 48 END))::inet, f.* FROM far f
    )
    SELECT s.net, max(s.as_number), max(s.as_org), array_agg(DISTINCT s.subscriber ORDER BY s.subscriber), count(DISTINCT s.call_uid), min(s.first_at), max(s.last_at)
      FROM spans s
     GROUP BY s.net
    HAVING count(DISTINCT s.subscriber) > 1
     ORDER BY count(DISTINCT s.subscriber) DESC, masklen(s.net) < CASE family(s.net) WHEN 4 THEN 32 ELSE 128 END, count(DISTINCT s.call_uid) DESC, s.net
$$;

CREATE FUNCTION calltrail.join_subscribers(since date, OUT added bigint, OUT taken_back bigint)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One at a time: two that run at once would take back what the other has just added.
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.join_subscribers', 0));
    WITH found AS MATERIALIZED (
        SELECT e.day, e.record_id, e.call_uid, e.ip, e.port, e.roles, a.assignment_id, a.lineage
          FROM calltrail.endpoint e
          CROSS JOIN LATERAL (
            SELECT h.assignment_id, h.lineage, masklen(h.address) AS bits, max(masklen(h.address)) OVER () AS longest
              FROM calltrail.assignments h
             WHERE h.address >>= e.ip AND h.during && tstzrange(e.first_at, e.last_at, '[]') AND (h.ports IS NULL OR h.ports @> e.port)
          ) a
         WHERE e.day >= since AND a.bits = a.longest
    ), plus AS (
        INSERT INTO calltrail.call_subscriber (day, record_id, call_uid, ip, port, roles, assignment_id, lineage, holds)
        SELECT f.day, f.record_id, f.call_uid, f.ip, f.port, f.roles, f.assignment_id, f.lineage, true
          FROM found f
         WHERE NOT EXISTS (SELECT FROM calltrail.call_subscribers s
                            WHERE s.record_id = f.record_id AND s.ip = f.ip AND s.port = f.port AND s.assignment_id = f.assignment_id)
        RETURNING 1
    ), minus AS (
        INSERT INTO calltrail.call_subscriber (day, record_id, call_uid, ip, port, roles, assignment_id, lineage, holds)
        SELECT s.day, s.record_id, s.call_uid, s.ip, s.port, s.roles, s.assignment_id, s.lineage, false
          FROM calltrail.call_subscribers s
         WHERE s.day >= since
           AND NOT EXISTS (SELECT FROM found f WHERE f.record_id = s.record_id AND f.ip = s.ip AND f.port = s.port AND f.lineage = s.lineage)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM plus), (SELECT count(*) FROM minus) INTO added, taken_back;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.who_used(inet, integer, timestamptz) IS 'Whose an address and port was at a time, of IPv6 by the longest prefix: every assignment that says so, never one of several, with a remark when they contradict one another, when an end or a beginning is not known, or when the subscriber is that of the address behind a NAT. Port NULL: any. One look-up in an index';
COMMENT ON FUNCTION calltrail.public_of(inet, integer, timestamptz) IS 'The other way round: the public addresses and ports that an address (and port; NULL: any) behind a carrier''s NAT had at a time';
COMMENT ON FUNCTION calltrail.assignments_of(text, timestamptz, timestamptz) IS 'Every address a subscriber had between two times (the second not included), those too that a NAT gave to an address of theirs';
COMMENT ON FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) IS 'Calls between two times that used an address and port while it was this subscriber''s, whichever address that was; a row for each call and address. inside: it is the address behind the NAT, which another network may use as well';
COMMENT ON FUNCTION calltrail.common_far_ends(text[], timestamptz, timestamptz) IS 'Addresses, and networks (/24 of IPv4, /48 of IPv6), that calls of at least two of these subscribers have at the other end, the most shared first. calls: legs with it; AS number and name where the records have them';
COMMENT ON FUNCTION calltrail.join_subscribers(date) IS 'Writes to call_subscriber whose each address of the records from this day on was, as it is known now, and takes back what no longer holds. Again: adds nothing';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.assignment_import FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.assignment FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.call_subscriber FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.assignment_import EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.assignment EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.call_subscriber EXECUTE FUNCTION calltrail.refuse_change();

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.assignment) THEN
        RAISE EXCEPTION 'calltrail.assignment holds assignments: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.join_subscribers(date);
DROP FUNCTION calltrail.common_far_ends(text[], timestamptz, timestamptz);
DROP FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.assignments_of(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.public_of(inet, integer, timestamptz);
DROP FUNCTION calltrail.who_used(inet, integer, timestamptz);
DROP VIEW calltrail.call_subscribers;
DROP TABLE calltrail.call_subscriber;
DROP VIEW calltrail.assignments;
DROP TABLE calltrail.assignment;
DROP TABLE calltrail.assignment_import;
