-- What an evidence bundle is made of: for one request, every revision of every record that its selectors and window cover, with its exact
-- octets and its place on its sensor's chain. It is a question like the others: asked through ask, audited before it is released.

-- +goose Up
-- From a record to the next signed head of its sensor; a minute of a tap has one row.
CREATE INDEX coverage_head ON calltrail.coverage (sensor, head_epoch, head_seq);

-- +goose StatementBegin
-- The calls a request covers, each with the days in which its records are. Each selector is looked for by the question that people ask for it,
-- so that a bundle and an answer cannot differ. A pattern names up to ten calls in a row of its answer: those are its evidence. URIs have no
-- index: they read the records of the window.
CREATE FUNCTION calltrail.calls_of_request(of_request text, from_time timestamptz, to_time timestamptz) RETURNS TABLE (call_uid uuid, from_day date, to_day date)
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    first    CONSTANT date := calltrail.first_day($2);
    last     CONSTANT date := calltrail.first_day($3);
    most     CONSTANT bigint := calltrail.row_limit();
    answers  text;
    s        record;
BEGIN
    FOR s IN SELECT e.one ->> 'type' AS type, e.one ->> 'value' AS value, (e.one ->> 'port')::integer AS port
               FROM calltrail.request r, jsonb_array_elements(r.selectors) AS e(one) WHERE r.request_id = $1 LOOP
        CASE s.type
        WHEN 'number' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.calls_of_number(s.value, $2, $3) c;
        WHEN 'address' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.calls_at_address(s.value::inet, $2, $3, s.port) c;
        WHEN 'subscriber' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.subscriber_calls(s.value, $2, $3) c;
        WHEN 'device' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.calls_of_device(s.value, $2, $3) c;
        WHEN 'asn' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.calls_of_asn(s.value::bigint, $2, $3) c;
        WHEN 'area' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.calls_in_radius(s.value, $2, $3) c;
        WHEN 'case' THEN
            -- Its question stops at so many hits, and several may be of one call or of none: calls behind them would be left out, and nobody would know.
            PERFORM set_config('calltrail.row_limit', '', true);
            RETURN QUERY SELECT h.call_uid, min(calltrail.first_day(h.call_at)) - 7, max(calltrail.first_day(h.call_at)) + 1
              FROM calltrail.watchlist_hits_of(s.value, $2, $3) h WHERE h.call_uid IS NOT NULL GROUP BY h.call_uid LIMIT most;
            PERFORM set_config('calltrail.row_limit', coalesce(most::text, ''), true);
        WHEN 'call' THEN
            RETURN QUERY SELECT s.value::uuid, first - 7, last;
        WHEN 'pattern' THEN
            SELECT q.function INTO answers FROM calltrail.question q WHERE q.name = s.value AND q.needs_pattern;
            IF answers IS NULL THEN
                RAISE EXCEPTION 'the pattern % of the request is no question any more', quote_literal(left(s.value, 64)) USING ERRCODE = 'invalid_parameter_value';
            END IF;
            -- A pattern compares all calls of its time, and not by look-ups.
            PERFORM set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true), set_config('enable_seqscan', 'on', true);
            RETURN QUERY EXECUTE format('SELECT u.uid::uuid, $3, $4 FROM calltrail.%I(from_time => $1, to_time => $2) a CROSS JOIN LATERAL to_jsonb(a) AS j
                CROSS JOIN LATERAL (SELECT j ->> ''call_uid'' WHERE j ? ''call_uid'' UNION ALL
                    SELECT x FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(j -> ''call_uids'') = ''array'' THEN j -> ''call_uids'' ELSE ''[]'' END) AS x) AS u (uid)', answers)
                USING $2, $3, first - 1, last;
            PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true);
        WHEN 'number_prefix' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.call_record c
              WHERE c.day BETWEEN first AND last AND c.started_at >= $2 AND c.started_at < $3
                AND (c.caller_e164 BETWEEN s.value AND s.value || repeat('9', 15) AND starts_with(c.caller_e164, s.value) OR c.callee_e164 BETWEEN s.value AND s.value || repeat('9', 15) AND starts_with(c.callee_e164, s.value)
                  OR c.asserted_e164 BETWEEN s.value AND s.value || repeat('9', 15) AND starts_with(c.asserted_e164, s.value) OR c.connected_e164 BETWEEN s.value AND s.value || repeat('9', 15) AND starts_with(c.connected_e164, s.value))
              LIMIT calltrail.row_limit();
        WHEN 'uri' THEN
            RETURN QUERY SELECT c.call_uid, c.day, c.day FROM calltrail.call_record c
              WHERE c.day BETWEEN first AND last AND c.started_at >= $2 AND c.started_at < $3
                AND s.value IN (calltrail.sip_uri_key(c.caller_raw), calltrail.sip_uri_key(c.callee_raw), calltrail.sip_uri_key(c.asserted_raw), calltrail.sip_uri_key(c.request_uri))
              LIMIT calltrail.row_limit();
        ELSE
            RAISE EXCEPTION 'a selector of type % names no calls; ask that question, and register a request for the calls it shows', s.type USING ERRCODE = 'invalid_parameter_value';
        END CASE;
    END LOOP;
END
$$;

-- A proof of a record goes from its entry to the next head that its sensor signed. Neighbours are disclosed by their leaves only. Each row
-- carries the leaves up to the next row of the answer or to the coverage event with that head, whichever comes first: so a minute with a
-- thousand records of the answer has its leaves once.
CREATE FUNCTION calltrail.of_request(request_id text, from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (sensor text, epoch bigint, seq bigint, prev_hash text, leaf text, hash text, record_id uuid, call_uid uuid, revision integer,
                   body text, after text, event text, subscribers jsonb)
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT c.call_uid, min(c.from_day) AS from_day, max(c.to_day) AS to_day FROM calltrail.calls_of_request($1, $2, $3) c GROUP BY c.call_uid
    ), rows AS MATERIALIZED (
        SELECT e.sensor, e.epoch, e.seq, e.leaf, e.hash, r.day, r.record_id, r.call_uid, r.revision,
               lead(e.seq) OVER (PARTITION BY e.sensor, e.epoch ORDER BY e.seq) AS next_seq
          FROM found u
         -- In its own days, or each call would be looked for in all weeks of the window. It may have begun before, and be covered because it was not over.
         CROSS JOIN LATERAL (
               SELECT f.day, f.record_id, f.call_uid, f.revision FROM calltrail.call_record f
                WHERE f.call_uid = u.call_uid AND f.day BETWEEN u.from_day AND u.to_day AND f.day BETWEEN calltrail.first_day($2) - 7 AND calltrail.first_day($3)
                  AND f.started_at < $3 AND coalesce(f.ended_at, f.last_seen_at, f.started_at) >= $2
               OFFSET 0) r
          JOIN calltrail.entry e ON e.record_id = r.record_id AND e.outcome = 'stored'
         LIMIT calltrail.row_limit()
    ), proved AS (
        SELECT w.*, h.day AS event_day, h.record_id AS event_id, h.event_seq,
               CASE WHEN h.event_seq < coalesce(w.next_seq, h.event_seq + 1) THEN h.event_seq ELSE w.next_seq - 1 END AS to_seq
          FROM rows w
          LEFT JOIN LATERAL (
            SELECT v.day, v.record_id, x.seq AS event_seq
              FROM calltrail.coverage v
              JOIN calltrail.entry x ON x.record_id = v.record_id AND x.sensor = w.sensor AND x.epoch = w.epoch AND x.outcome = 'stored'
             WHERE v.sensor = w.sensor AND v.day BETWEEN w.day AND w.day + 3 AND v.head_epoch = w.epoch AND v.head_seq >= w.seq
             ORDER BY v.head_seq, x.seq LIMIT 1) h ON h.event_seq - w.seq <= 500000
    )
    SELECT p.sensor, p.epoch, p.seq,
           encode(coalesce((SELECT b.hash FROM calltrail.entry b WHERE b.sensor = p.sensor AND b.epoch = p.epoch AND b.seq = p.seq - 1),
                           (SELECT l.genesis FROM calltrail.ledger l WHERE l.sensor = p.sensor AND l.epoch = p.epoch AND p.seq = 1)), 'hex'),
           encode(p.leaf, 'hex'), encode(p.hash, 'hex'), p.record_id, p.call_uid, p.revision,
           (SELECT translate(encode(b.body, 'base64'), E'\n', '') FROM calltrail.record_body b WHERE b.day = p.day AND b.record_id = p.record_id),
           (SELECT translate(encode(string_agg(x.leaf, ''::bytea ORDER BY x.seq), 'base64'), E'\n', '') FROM calltrail.entry x
             WHERE x.sensor = p.sensor AND x.epoch = p.epoch AND x.seq > p.seq AND x.seq <= p.to_seq HAVING count(*) = p.to_seq - p.seq),
           CASE WHEN p.to_seq = p.event_seq THEN
             (SELECT translate(encode(b.body, 'base64'), E'\n', '') FROM calltrail.record_body b WHERE b.day = p.event_day AND b.record_id = p.event_id) END,
           (SELECT jsonb_agg(jsonb_build_object('ip', host(s.ip), 'port', s.port, 'roles', s.roles, 'subscriber', s.subscriber, 'line', s.line, 'mac', s.mac,
                   'client', s.client, 'inside_address', host(s.inside_address), 'source', s.source) ORDER BY s.ip, s.port, s.assignment_id)
              FROM calltrail.call_subscribers s WHERE s.record_id = p.record_id)
      FROM proved p
     ORDER BY p.sensor, p.epoch, p.seq;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Look-ups, as in the questions (027): a request may cover a hundred thousand calls, and the planner, which is told a hundred, shall not read
-- all records of the window for them.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOREACH f IN ARRAY ARRAY['calltrail.calls_of_request(text, timestamptz, timestamptz)', 'calltrail.of_request(text, timestamptz, timestamptz)']::regprocedure[] LOOP
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

COMMENT ON FUNCTION calltrail.calls_of_request(text, timestamptz, timestamptz) IS 'The calls that a request''s selectors cover between two times, with the days its records lie in; a row for each time one is found';
COMMENT ON FUNCTION calltrail.of_request(text, timestamptz, timestamptz) IS 'Question: the records a request covers, every revision: exact octets (base64), place on the chain, and the leaves and coverage event that prove it. What calltrail export makes a bundle of';

INSERT INTO calltrail.question (name, function, description, selectors, masked, needs_pattern, of_request)
VALUES ('of_request', 'of_request', 'Everything a request covers, with its proofs, for an evidence bundle (calltrail export).', '{}', '{subscribers}', false, true);
SELECT calltrail.make_wrappers();

-- +goose Down
DELETE FROM calltrail.question WHERE name = 'of_request';
SELECT calltrail.make_wrappers();
DROP FUNCTION calltrail.of_request(text, timestamptz, timestamptz);
DROP FUNCTION calltrail.calls_of_request(text, timestamptz, timestamptz);
DROP INDEX calltrail.coverage_head;
