-- Whose line an address was is written beside a record as it lands; what is learnt later corrects the calls it is about.

-- +goose Up
CREATE TABLE calltrail.assignment_due (
    due_id        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    assignment_id uuid        NOT NULL,
    due_at        timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE calltrail.assignment_due IS 'Assignments that the stored calls of their address and time have not been corrected for yet: written with the assignment, taken away with the correction (calltrail.correct_due), so that a program that dies between the two leaves nothing forgotten.';
COMMENT ON COLUMN calltrail.assignment_due.due_id IS 'Order in which they are taken';
COMMENT ON COLUMN calltrail.assignment_due.assignment_id IS 'Row of assignment';
COMMENT ON COLUMN calltrail.assignment_due.due_at IS 'Since when';

-- What was imported before may have been joined, or not.
INSERT INTO calltrail.assignment_due (assignment_id) SELECT assignment_id FROM calltrail.assignment ORDER BY imported_at;

-- The addresses of a record. Its numbers begin with the time, so this index grows at its end, and six rows share an entry.
CREATE INDEX endpoint_record ON calltrail.endpoint (record_id);

-- A subscriber's calls are few among all: look-ups, whatever the statistics say.
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) SET jit = off;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) SET enable_seqscan = off;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) SET enable_hashjoin = off;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) SET enable_mergejoin = off;

-- +goose StatementBegin
CREATE FUNCTION calltrail.assignments_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO calltrail.assignment_due (assignment_id) SELECT n.assignment_id FROM news n;
    RETURN NULL;
END
$$;

CREATE FUNCTION calltrail.subscribers_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'calltrail.endpoint: addresses are stored in a transaction that is READ COMMITTED, this one is %', upper(current_setting('transaction_isolation'))
            USING HINT = 'With a snapshot from its beginning it would not see the assignments that were committed since.';
    END IF;
    -- Until commit. A correction takes the lock alone for a moment before it looks: so every record is either seen by that
    -- correction or, because the next statement sees what was committed before, finds the assignment here.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('calltrail.call_subscriber', 0));
    IF NOT EXISTS (SELECT FROM calltrail.assignment) THEN
        RETURN NULL;
    END IF;
    -- Many rows have the same address: each is looked up once, for the time that the records use it in.
    INSERT INTO calltrail.call_subscriber (day, record_id, call_uid, ip, port, roles, assignment_id, lineage, holds)
    WITH used AS MATERIALIZED (
        SELECT n.ip, min(n.first_at) AS first_at, max(n.last_at) AS last_at FROM news n GROUP BY n.ip
    ), given AS MATERIALIZED (
        SELECT u.ip, h.assignment_id, h.lineage, h.ports, h.during, masklen(h.address) AS bits
          FROM used u
         CROSS JOIN LATERAL (
               SELECT a.* FROM calltrail.assignment a
                WHERE a.address >>= u.ip AND a.during && tstzrange(u.first_at, u.last_at, '[]')
               OFFSET 0) AS h
         -- As the view assignments has it, but never as a join with the whole table, whatever the statistics say.
         WHERE (SELECT NOT EXISTS (SELECT FROM calltrail.assignment later WHERE later.supersedes = h.assignment_id))
    ), found AS (
        SELECT n.day, n.record_id, n.call_uid, n.ip, n.port, n.roles, g.assignment_id, g.lineage, g.bits,
               max(g.bits) OVER (PARTITION BY n.record_id, n.ip, n.port) AS longest
          FROM given g
          JOIN news n ON n.ip = g.ip
         WHERE g.during && tstzrange(n.first_at, n.last_at, '[]') AND (g.ports IS NULL OR g.ports @> n.port)
    )
    SELECT f.day, f.record_id, f.call_uid, f.ip, f.port, f.roles, f.assignment_id, f.lineage, true FROM found f WHERE f.bits = f.longest;
    RETURN NULL;
END
$$;

CREATE FUNCTION calltrail.correct_subscribers(of_assignments uuid[], OUT added bigint, OUT taken_back bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'correct_subscribers: a transaction that is READ COMMITTED is wanted, this one is %', upper(current_setting('transaction_isolation'));
    END IF;
    -- One at a time: two that run at once would take back what the other has just added.
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.join_subscribers', 0));
    -- Waits for the transactions that are storing records and may not know these assignments. Given back at once: what
    -- lands from now on finds them itself, and does not wait for the correction.
    PERFORM pg_advisory_lock(hashtextextended('calltrail.call_subscriber', 0));
    PERFORM pg_advisory_unlock(hashtextextended('calltrail.call_subscriber', 0));

    -- The inner look-ups stand behind OFFSET 0, so that they stay look-ups: a join would read all records of two years when
    -- the statistics are behind.
    WITH due AS MATERIALIZED (
        SELECT n.address, n.ports, n.during, p.address AS p_address, p.ports AS p_ports, p.during AS p_during, p.assignment_id IS NOT NULL AS has_p,
               ROW (n.address, n.ports, n.subscriber, n.line, n.mac, n.client, n.inside_address)
               IS NOT DISTINCT FROM ROW (p.address, p.ports, p.subscriber, p.line, p.mac, p.client, p.inside_address) AS same
          FROM (SELECT DISTINCT unnest(of_assignments) AS id) u
          JOIN calltrail.assignment n ON n.assignment_id = u.id
          LEFT JOIN calltrail.assignment p ON p.assignment_id = n.supersedes
    ), affected AS (
        -- Where only the time changed, as with the end of a session, or not even that, as with its every Interim-Update, only
        -- the calls in the difference can have another answer.
        SELECT d.address, d.ports, unnest(CASE WHEN d.same THEN (tstzmultirange(d.during) - tstzmultirange(d.p_during)) + (tstzmultirange(d.p_during) - tstzmultirange(d.during))
                                               ELSE tstzmultirange(d.during) END) AS during
          FROM due d
        UNION ALL
        SELECT d.p_address, d.p_ports, d.p_during FROM due d WHERE d.has_p AND NOT d.same
    ), span AS MATERIALIZED (
        SELECT a.address, coalesce(lower(a.ports), 0) AS first_port, coalesce(upper(a.ports) - 1, 65535) AS last_port,
               coalesce(lower(a.during), '-infinity') AS low, coalesce(upper(a.during), 'infinity') AS high,
               masklen(a.address) = CASE family(a.address) WHEN 4 THEN 32 ELSE 128 END AS single,
               set_masklen(a.address, b.bits) AS first_ip, set_masklen(broadcast(a.address), b.bits) AS last_ip
          FROM affected a, LATERAL (SELECT CASE family(a.address) WHEN 4 THEN 32 ELSE 128 END AS bits) b
    ), touched AS MATERIALIZED (
        SELECT DISTINCT ON (t.record_id, t.ip, t.port) t.*
          FROM (
            SELECT e.* FROM span s CROSS JOIN LATERAL (
                   SELECT x.day, x.record_id, x.call_uid, x.ip, x.port, x.roles, x.first_at, x.last_at FROM calltrail.endpoint x
                    WHERE x.ip = s.address AND x.port BETWEEN s.first_port AND s.last_port AND x.first_at < s.high AND x.last_at >= s.low
                   OFFSET 0) e
             WHERE s.single
            UNION ALL
            SELECT e.* FROM span s CROSS JOIN LATERAL (
                   SELECT x.day, x.record_id, x.call_uid, x.ip, x.port, x.roles, x.first_at, x.last_at FROM calltrail.endpoint x
                    WHERE x.ip BETWEEN s.first_ip AND s.last_ip AND x.port BETWEEN s.first_port AND s.last_port AND x.first_at < s.high AND x.last_at >= s.low
                   OFFSET 0) e
             WHERE NOT s.single) t
         ORDER BY t.record_id, t.ip, t.port
    ), found AS MATERIALIZED (
        SELECT e.day, e.record_id, e.call_uid, e.ip, e.port, e.roles, a.assignment_id, a.lineage,
               ROW (a.subscriber, a.line, a.mac, a.client, a.inside_address)::text AS holder
          FROM touched e
         CROSS JOIN LATERAL (
            SELECT h.*, masklen(h.address) AS bits, max(masklen(h.address)) OVER () AS longest
              FROM calltrail.assignment h
             WHERE h.address >>= e.ip AND h.during && tstzrange(e.first_at, e.last_at, '[]') AND (h.ports IS NULL OR h.ports @> e.port)
               AND (SELECT NOT EXISTS (SELECT FROM calltrail.assignment later WHERE later.supersedes = h.assignment_id))
          ) a
         WHERE a.bits = a.longest
    ), held AS MATERIALIZED (
        SELECT s.*
          FROM touched e
         CROSS JOIN LATERAL (
            SELECT c.day, c.record_id, c.call_uid, c.ip, c.port, c.roles, c.assignment_id, c.lineage,
                   ROW (c.subscriber, c.line, c.mac, c.client, c.inside_address)::text AS holder
              FROM calltrail.call_subscribers c
             WHERE c.record_id = e.record_id AND c.ip = e.ip AND c.port = e.port
            OFFSET 0) s
    ), plus AS (
        INSERT INTO calltrail.call_subscriber (day, record_id, call_uid, ip, port, roles, assignment_id, lineage, holds)
        SELECT f.day, f.record_id, f.call_uid, f.ip, f.port, f.roles, f.assignment_id, f.lineage, true
          FROM found f
         WHERE NOT EXISTS (SELECT FROM held h WHERE h.record_id = f.record_id AND h.ip = f.ip AND h.port = f.port AND h.lineage = f.lineage AND h.holder = f.holder)
        RETURNING 1
    ), minus AS (
        INSERT INTO calltrail.call_subscriber (day, record_id, call_uid, ip, port, roles, assignment_id, lineage, holds)
        SELECT h.day, h.record_id, h.call_uid, h.ip, h.port, h.roles, h.assignment_id, h.lineage, false
          FROM held h
         WHERE NOT EXISTS (SELECT FROM found f WHERE f.record_id = h.record_id AND f.ip = h.ip AND f.port = h.port AND f.lineage = h.lineage)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM plus), (SELECT count(*) FROM minus) INTO added, taken_back;
END
$$;

CREATE FUNCTION calltrail.correct_due(most integer, OUT corrected bigint, OUT added bigint, OUT taken_back bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    list bigint[];
    ids  uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.join_subscribers', 0));
    SELECT array_agg(d.due_id), array_agg(d.assignment_id) INTO list, ids
      FROM (SELECT x.due_id, x.assignment_id FROM calltrail.assignment_due x ORDER BY x.due_id LIMIT most) d;
    corrected := coalesce(cardinality(list), 0);
    IF corrected = 0 THEN
        added := 0;
        taken_back := 0;
        RETURN;
    END IF;
    SELECT c.added, c.taken_back INTO added, taken_back FROM calltrail.correct_subscribers(ids) c;
    DELETE FROM calltrail.assignment_due WHERE due_id = ANY (list);
END
$$;

-- As in 017, but a row that says of the call what the one before it said is not written again.
CREATE OR REPLACE FUNCTION calltrail.join_subscribers(since date, OUT added bigint, OUT taken_back bigint)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One at a time: two that run at once would take back what the other has just added.
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.join_subscribers', 0));
    WITH found AS MATERIALIZED (
        SELECT e.day, e.record_id, e.call_uid, e.ip, e.port, e.roles, a.assignment_id, a.lineage,
               ROW (a.subscriber, a.line, a.mac, a.client, a.inside_address)::text AS holder
          FROM calltrail.endpoint e
          CROSS JOIN LATERAL (
            SELECT h.*, masklen(h.address) AS bits, max(masklen(h.address)) OVER () AS longest
              FROM calltrail.assignments h
             WHERE h.address >>= e.ip AND h.during && tstzrange(e.first_at, e.last_at, '[]') AND (h.ports IS NULL OR h.ports @> e.port)
          ) a
         WHERE e.day >= since AND a.bits = a.longest
    ), plus AS (
        INSERT INTO calltrail.call_subscriber (day, record_id, call_uid, ip, port, roles, assignment_id, lineage, holds)
        SELECT f.day, f.record_id, f.call_uid, f.ip, f.port, f.roles, f.assignment_id, f.lineage, true
          FROM found f
         WHERE NOT EXISTS (SELECT FROM calltrail.call_subscribers s
                            WHERE s.record_id = f.record_id AND s.ip = f.ip AND s.port = f.port AND s.lineage = f.lineage
                              AND ROW (s.subscriber, s.line, s.mac, s.client, s.inside_address)::text = f.holder)
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

-- As in 017, but the addresses and the row of each call are looked up.
CREATE OR REPLACE FUNCTION calltrail.common_far_ends(of_subscribers text[], from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (far_network inet, as_number bigint, as_org text, subscribers text[], calls bigint, first_at timestamptz, last_at timestamptz)
    LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
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
         CROSS JOIN LATERAL (
               SELECT x.ip, x.first_at, x.last_at FROM calltrail.endpoint x WHERE x.day = o.day AND x.record_id = o.record_id OFFSET 0) e
         CROSS JOIN LATERAL (
               SELECT x.src_ip, x.src_as_number, x.src_as_org, x.dst_ip, x.dst_as_number, x.dst_as_org
                 FROM calltrail.call_record x WHERE x.day = o.day AND x.record_id = o.record_id OFFSET 0) r
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
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.assignments_landed() IS 'Trigger of assignment: notes that the calls of the new rows'' addresses and times are to be corrected';
COMMENT ON FUNCTION calltrail.subscribers_landed() IS 'Trigger of endpoint: writes to call_subscriber whose each address of the new records was, as it is known now';
COMMENT ON FUNCTION calltrail.correct_subscribers(uuid[]) IS 'Corrects what call_subscriber says of the calls that have an address of these assignments at their time, or had one of a row they supersede: adds what is known now, takes back what holds no more, and changes no row. Waits for the transactions that are storing records; again: adds nothing';
COMMENT ON FUNCTION calltrail.correct_due(integer) IS 'correct_subscribers for the assignments that have been due longest, at most so many, which then are due no more; corrected 0: none was';
COMMENT ON FUNCTION calltrail.join_subscribers(date) IS 'Writes to call_subscriber whose each address of the records from this day on was, as it is known now, and takes back what no longer holds: for all records what correct_subscribers does for those of some assignments. Again: adds nothing';
COMMENT ON TABLE calltrail.call_subscriber IS 'Whose line an address of a record was, as it was known when the record landed: frozen beside it, for every revision. Append-only: what is learnt later is a further row, and this is the history. A row that would say of the call what the last one says is not written. Ask the view call_subscribers for what holds.';
COMMENT ON VIEW calltrail.call_subscribers IS 'Whose line each address of a record was: of call_subscriber what holds, with its assignment as it was known then (calltrail.assignments may know its end by now). Several rows for one address: the sources contradict one another, or it changed hands during the call.';

REVOKE ALL ON FUNCTION calltrail.assignments_landed(), calltrail.subscribers_landed(), calltrail.correct_subscribers(uuid[]), calltrail.correct_due(integer) FROM PUBLIC;

CREATE TRIGGER due AFTER INSERT ON calltrail.assignment REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION calltrail.assignments_landed();
-- In the database, so that no way of storing records can forget it, and in the transaction that stores them. Its name is
-- behind "watched", so that all transactions take the locks of the two in one order.
CREATE TRIGGER whose AFTER INSERT ON calltrail.endpoint REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION calltrail.subscribers_landed();

-- +goose Down
DROP TRIGGER whose ON calltrail.endpoint;
DROP TRIGGER due ON calltrail.assignment;
DROP FUNCTION calltrail.correct_due(integer);
DROP FUNCTION calltrail.correct_subscribers(uuid[]);
DROP FUNCTION calltrail.subscribers_landed();
DROP FUNCTION calltrail.assignments_landed();
DROP TABLE calltrail.assignment_due;
DROP INDEX calltrail.endpoint_record;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) RESET jit;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) RESET enable_seqscan;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) RESET enable_hashjoin;
ALTER FUNCTION calltrail.calls_of_subscriber(text, timestamptz, timestamptz) RESET enable_mergejoin;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION calltrail.common_far_ends(of_subscribers text[], from_time timestamptz, to_time timestamptz)
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

CREATE OR REPLACE FUNCTION calltrail.join_subscribers(since date, OUT added bigint, OUT taken_back bigint)
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
COMMENT ON FUNCTION calltrail.join_subscribers(date) IS 'Writes to call_subscriber whose each address of the records from this day on was, as it is known now, and takes back what no longer holds. Again: adds nothing';
COMMENT ON TABLE calltrail.call_subscriber IS 'Whose line an address of a record was, as it was known when they were joined: frozen beside the record. Append-only: what later imports say is a further row, and this is the history. Ask the view call_subscribers for what holds.';
COMMENT ON VIEW calltrail.call_subscribers IS 'Whose line each address of a record was: of call_subscriber what holds, with its assignment. Several rows for one address: the sources contradict one another, or it changed hands during the call.';
