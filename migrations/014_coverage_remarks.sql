-- What was seen and is not in the log: signalling of other protocols than SIP, signalling within TLS, and what full tables
-- pushed out. A minute may be complete and hold all of it, so whoever reads "complete, no record" is told in words.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION calltrail.coverage_remark(subject text, n numeric) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH form AS (
        SELECT to_char($2, 'FM999,999,999,999,999,999,999,999,999') AS num, CASE WHEN $2 = 1 THEN '' ELSE 's' END AS s, CASE WHEN $2 = 1 THEN ' was' ELSE ' were' END AS were
    ), form2 AS (
        SELECT num, s, were || ' pushed out of memory' AS out FROM form
    )
    SELECT CASE
        WHEN $1 IN ('h323', 'mgcp', 'iax2', 'skinny', 'sigtran') THEN
            CASE $1 WHEN 'h323' THEN 'H.323' WHEN 'skinny' THEN 'Skinny' ELSE upper($1) END
            || ' was seen (' || num || ' packet' || s || ') and is not decoded: its calls are not in the log'
        WHEN $1 = 'tls' THEN 'encrypted signalling was seen (' || num || ' packet' || s || ' of TLS): its calls are not in the log, only its connections, as records of kind tls'
        WHEN $1 = 'calls' THEN num || ' call' || s || out || ' (limits.calls): their records are flagged evicted'
        WHEN $1 = 'streams' THEN num || ' RTP stream' || s || ' of one packet' || out || ' (limits.streams)'
        WHEN $1 = 'stream_packets_refused' THEN num || ' packet' || s || ' of new RTP streams found no room (limits.streams) and count in no call'
        WHEN $1 = 'datagrams' THEN num || ' fragmented datagram' || s || out || ' (limits.fragments): what they carried is lost'
        WHEN $1 = 'tcp_connections' THEN num || ' TCP connection' || s || ' with SIP' || out || ' (limits.tcp_streams): a message that was not whole is lost'
        WHEN $1 = 'tls_connections' THEN num || ' TLS connection' || s || out || ' (limits.tls_connections): their records are flagged evicted'
        WHEN $1 = 'sctp_associations' THEN num || ' SCTP association' || s || out || ': a message that was not whole is lost'
        -- Of a sensor that is newer than this.
        ELSE num || ' of ' || $1 || out
    END FROM form2
$$;

CREATE FUNCTION calltrail.coverage_remarks(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS TABLE (
        sensor       text,
        tap          text,
        class        text,
        subject      text,
        count        numeric,
        first_minute timestamptz,
        last_minute  timestamptz,
        remark       text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    one    CONSTANT interval := interval '1 minute';
    others CONSTANT text[]   := ARRAY['h323', 'mgcp', 'iax2', 'skinny', 'sigtran'];
    first  timestamptz;
    after  timestamptz;
BEGIN
    IF from_time IS NULL OR to_time IS NULL OR to_time <= from_time OR to_time - from_time > interval '400 days' THEN
        RAISE EXCEPTION 'coverage_remarks(%, %): a time of more than nothing and at most 400 days is wanted', from_time, to_time
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Every minute that the time touches, as coverage_minutes.
    first := date_bin(one, from_time, timestamptz 'epoch');
    after := date_bin(one, to_time, timestamptz 'epoch');
    IF after < to_time THEN
        after := after + one;
    END IF;

    RETURN QUERY
    WITH event AS MATERIALIZED (
        SELECT c.sensor, c.tap, c.minute, c.to_at, c.ignored, c.decoded, c.evicted
          FROM calltrail.coverage c
         WHERE c.day >= (first AT TIME ZONE 'UTC')::date AND c.day <= (after AT TIME ZONE 'UTC')::date
           AND c.minute >= first AND c.minute < after
           AND (of_sensor IS NULL OR c.sensor = of_sensor) AND (of_tap IS NULL OR c.tap = of_tap)
           AND (c.ignored ?| others OR c.decoded ? 'tls' OR c.evicted IS NOT NULL)
    ), counted AS (
        SELECT e.sensor, e.tap, 'not_decoded' AS class, k.subject, (e.ignored ->> k.subject)::numeric AS n, e.minute
          FROM event e CROSS JOIN unnest(others) AS k(subject) WHERE e.ignored ? k.subject
        UNION ALL
        SELECT e.sensor, e.tap, 'encrypted', 'tls', (e.decoded ->> 'tls')::numeric, e.minute
          FROM event e WHERE e.decoded ? 'tls'
        UNION ALL
        -- What was pushed out is the whole sensor's, and the events that its taps make at one moment all say it: once.
        SELECT e.sensor, NULL, 'evicted', k.key, max(k.value::numeric), e.minute
          FROM event e CROSS JOIN jsonb_each_text(e.evicted) AS k GROUP BY e.sensor, e.minute, e.to_at, k.key
    ), total AS (
        SELECT c.sensor, c.tap, c.class, c.subject, sum(c.n) AS n, min(c.minute) AS first_minute, max(c.minute) AS last_minute
          FROM counted c GROUP BY c.sensor, c.tap, c.class, c.subject HAVING sum(c.n) > 0
    )
    SELECT t.sensor, t.tap, t.class, t.subject, t.n, t.first_minute, t.last_minute, calltrail.coverage_remark(t.subject, t.n)
      FROM total t
     ORDER BY t.sensor, t.tap NULLS LAST, array_position(ARRAY['not_decoded', 'encrypted', 'evicted'], t.class), t.subject;
END
$$;

-- One more column than before, so it is another function.
DROP FUNCTION calltrail.coverage_summary(timestamptz, timestamptz, text, text);
CREATE FUNCTION calltrail.coverage_summary(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS TABLE (
        sensor          text,
        tap             text,
        minutes         bigint,
        complete        bigint,
        lossy           bigint,
        one_way         bigint,
        absent          bigint,
        complete_share  numeric,
        packets         numeric,
        kernel_drops    numeric,
        nic_missed      numeric,
        softnet_dropped numeric,
        lost_share      numeric,
        not_decoded     jsonb,
        tls_packets     numeric,
        evicted         jsonb,
        remarks         text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH said AS MATERIALIZED (
        SELECT * FROM calltrail.coverage_remarks($1, $2, $3, $4)
    ), m AS (
        SELECT m.sensor, m.tap, count(*) AS minutes,
               count(*) FILTER (WHERE m.state = 'complete') AS complete, count(*) FILTER (WHERE m.state = 'lossy') AS lossy,
               count(*) FILTER (WHERE m.state = 'one_way') AS one_way, count(*) FILTER (WHERE m.state = 'absent') AS absent,
               sum(m.packets) AS packets, sum(m.kernel_drops) AS kernel_drops, sum(m.nic_missed) AS nic_missed, sum(m.softnet_dropped) AS softnet_dropped
          FROM calltrail.coverage_minutes($1, $2, $3, $4) m
         GROUP BY m.sensor, m.tap
    )
    SELECT m.sensor, m.tap, m.minutes, m.complete, m.lossy, m.one_way, m.absent,
           -- Cut, not rounded: 1 means all of them.
           trunc(m.complete::numeric / m.minutes, 6),
           m.packets, m.kernel_drops, m.nic_missed, m.softnet_dropped,
           round((m.kernel_drops + m.nic_missed) / nullif(m.packets + m.kernel_drops + m.nic_missed, 0), 6),
           s.not_decoded, s.tls_packets, s.evicted, s.remarks
      FROM m
      LEFT JOIN LATERAL (
          SELECT jsonb_object_agg(r.subject, r.count) FILTER (WHERE r.class = 'not_decoded') AS not_decoded,
                 sum(r.count) FILTER (WHERE r.class = 'encrypted') AS tls_packets,
                 jsonb_object_agg(r.subject, r.count) FILTER (WHERE r.class = 'evicted') AS evicted,
                 string_agg(r.remark, '; ' ORDER BY array_position(ARRAY['not_decoded', 'encrypted', 'evicted'], r.class), r.subject) AS remarks
            FROM said r
           WHERE r.sensor = m.sensor AND (r.tap = m.tap OR r.tap IS NULL)
      ) s ON true
     ORDER BY m.sensor, m.tap
$$;

CREATE OR REPLACE FUNCTION calltrail.coverage_note(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH m AS MATERIALIZED (
        SELECT * FROM calltrail.coverage_minutes($1, $2, $3, $4)
    ), form AS (
        -- One day's times go without their date.
        SELECT CASE WHEN (min(minute) AT TIME ZONE 'UTC')::date = (max(minute) AT TIME ZONE 'UTC')::date THEN 'HH24:MI' ELSE 'YYYY-MM-DD HH24:MI' END AS layout
          FROM m
    ), run AS (
        -- Minutes of one state that follow each other differ from their numbers by the same.
        SELECT state, sensor, tap, min(minute) AS first, max(minute) AS last
          FROM (SELECT m.*, minute - row_number() OVER (PARTITION BY sensor, tap, state ORDER BY minute) * interval '1 minute' AS island FROM m WHERE state <> 'complete') x
         GROUP BY state, sensor, tap, island
    ), shown AS (
        SELECT state, sensor || ' ' || tap || ' ' || to_char(first AT TIME ZONE 'UTC', layout)
                   || CASE WHEN last > first THEN ' to ' || to_char((last + interval '1 minute') AT TIME ZONE 'UTC', layout) ELSE '' END AS text,
               row_number() OVER (PARTITION BY state ORDER BY first, sensor, tap) AS n
          FROM run, form
    ), said AS (
        SELECT state, string_agg(text, ', ' ORDER BY n) FILTER (WHERE n <= 3) || CASE WHEN count(*) > 3 THEN ' and ' || count(*) - 3 || ' more' ELSE '' END AS text
          FROM shown GROUP BY state
    ), counted AS (
        SELECT state, count(*) AS n FROM m WHERE state <> 'complete' GROUP BY state
    ), remarked AS (
        SELECT class, subject, calltrail.coverage_remark(subject, sum(count)) AS text
          FROM calltrail.coverage_remarks($1, $2, $3, $4) GROUP BY class, subject
    )
    SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' to ' || to_char($2 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC: '
        || CASE WHEN NOT EXISTS (SELECT FROM m) THEN 'no tap is known, so nothing is known to have been seen'
           ELSE (SELECT count(*) || CASE count(*) WHEN 1 THEN ' tap, ' ELSE ' taps, ' END FROM (SELECT DISTINCT sensor, tap FROM m) t)
               || (SELECT count(*) FILTER (WHERE state = 'complete') || ' of ' || count(*) || ' minutes complete' FROM m)
               || coalesce((SELECT string_agg('; ' || n || ' ' || replace(state, '_', '-') || ' (' || text || ')', '' ORDER BY array_position(ARRAY['lossy', 'one_way', 'absent'], state))
                              FROM counted JOIN said USING (state)), '')
               || coalesce((SELECT string_agg('; ' || text, '' ORDER BY array_position(ARRAY['not_decoded', 'encrypted', 'evicted'], class), subject) FROM remarked), '')
           END
$$;
-- +goose StatementEnd

-- The planner does not know how many minutes there are events of, takes them for few, and without this looks at all events
-- for each minute: 20 s for three days of four taps that have no statistics yet, and no answer for a month. What is left of such
-- joins then looks dear enough to be compiled, which takes longer than the question.
ALTER FUNCTION calltrail.coverage_minutes(timestamptz, timestamptz, text, text) SET enable_nestloop = off SET jit = off;

COMMENT ON FUNCTION calltrail.coverage_remark(text, numeric) IS 'The words of calltrail.coverage_remarks for a subject and its count';
COMMENT ON FUNCTION calltrail.coverage_remarks(timestamptz, timestamptz, text, text) IS 'What was seen in this time and is not in the log, or not all of it, which does not make a minute lossy. class not_decoded: signalling of subject h323, mgcp, iax2, skinny or sigtran, in packets; encrypted: subject tls, packets of TLS connections with signalling; evicted: what a full table pushed out, by table, of the whole sensor (tap is NULL). first_minute and last_minute are the minutes between which it was seen, remark says it in words';
COMMENT ON FUNCTION calltrail.coverage_summary(timestamptz, timestamptz, text, text) IS 'coverage_minutes added up, one row a tap. complete_share of the minutes: 1 is all; lost_share: kernel_drops and nic_missed of all packets, NULL when there were none; softnet_dropped is of all the host''s interfaces. not_decoded: packets of signalling of other protocols than SIP ({"h323": 1234}), tls_packets: those of encrypted signalling, evicted: what full tables of the whole sensor pushed out, remarks: these three in words; NULL: none';
COMMENT ON FUNCTION calltrail.coverage_note(timestamptz, timestamptz, text, text) IS 'The same in one line, for an answer to carry: "2026-11-22 10:00 to 2026-11-22 11:00 UTC: 2 taps, 118 of 120 minutes complete; 1 lossy (edge-1 eth1 10:02); 1 absent (edge-1 eth0 10:40); H.323 was seen (1,234 packets) and is not decoded: its calls are not in the log". SELECT c.*, n.coverage FROM calltrail.calls c CROSS JOIN calltrail.coverage_note(…, …) AS n(coverage) asks it once';

-- +goose Down
-- +goose StatementBegin
DROP FUNCTION calltrail.coverage_summary(timestamptz, timestamptz, text, text);
CREATE FUNCTION calltrail.coverage_summary(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS TABLE (
        sensor          text,
        tap             text,
        minutes         bigint,
        complete        bigint,
        lossy           bigint,
        one_way         bigint,
        absent          bigint,
        complete_share  numeric,
        packets         numeric,
        kernel_drops    numeric,
        nic_missed      numeric,
        softnet_dropped numeric,
        lost_share      numeric)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.sensor, m.tap, count(*),
           count(*) FILTER (WHERE m.state = 'complete'), count(*) FILTER (WHERE m.state = 'lossy'),
           count(*) FILTER (WHERE m.state = 'one_way'), count(*) FILTER (WHERE m.state = 'absent'),
           -- Cut, not rounded: 1 means all of them.
           trunc(count(*) FILTER (WHERE m.state = 'complete')::numeric / count(*), 6),
           sum(m.packets), sum(m.kernel_drops), sum(m.nic_missed), sum(m.softnet_dropped),
           round((sum(m.kernel_drops) + sum(m.nic_missed)) / nullif(sum(m.packets) + sum(m.kernel_drops) + sum(m.nic_missed), 0), 6)
      FROM calltrail.coverage_minutes($1, $2, $3, $4) m
     GROUP BY m.sensor, m.tap
     ORDER BY m.sensor, m.tap
$$;

CREATE OR REPLACE FUNCTION calltrail.coverage_note(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH m AS MATERIALIZED (
        SELECT * FROM calltrail.coverage_minutes($1, $2, $3, $4)
    ), form AS (
        -- One day's times go without their date.
        SELECT CASE WHEN (min(minute) AT TIME ZONE 'UTC')::date = (max(minute) AT TIME ZONE 'UTC')::date THEN 'HH24:MI' ELSE 'YYYY-MM-DD HH24:MI' END AS layout
          FROM m
    ), run AS (
        -- Minutes of one state that follow each other differ from their numbers by the same.
        SELECT state, sensor, tap, min(minute) AS first, max(minute) AS last
          FROM (SELECT m.*, minute - row_number() OVER (PARTITION BY sensor, tap, state ORDER BY minute) * interval '1 minute' AS island FROM m WHERE state <> 'complete') x
         GROUP BY state, sensor, tap, island
    ), shown AS (
        SELECT state, sensor || ' ' || tap || ' ' || to_char(first AT TIME ZONE 'UTC', layout)
                   || CASE WHEN last > first THEN ' to ' || to_char((last + interval '1 minute') AT TIME ZONE 'UTC', layout) ELSE '' END AS text,
               row_number() OVER (PARTITION BY state ORDER BY first, sensor, tap) AS n
          FROM run, form
    ), said AS (
        SELECT state, string_agg(text, ', ' ORDER BY n) FILTER (WHERE n <= 3) || CASE WHEN count(*) > 3 THEN ' and ' || count(*) - 3 || ' more' ELSE '' END AS text
          FROM shown GROUP BY state
    ), counted AS (
        SELECT state, count(*) AS n FROM m WHERE state <> 'complete' GROUP BY state
    )
    SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' to ' || to_char($2 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC: '
        || CASE WHEN NOT EXISTS (SELECT FROM m) THEN 'no tap is known, so nothing is known to have been seen'
           ELSE (SELECT count(*) || CASE count(*) WHEN 1 THEN ' tap, ' ELSE ' taps, ' END FROM (SELECT DISTINCT sensor, tap FROM m) t)
               || (SELECT count(*) FILTER (WHERE state = 'complete') || ' of ' || count(*) || ' minutes complete' FROM m)
               || coalesce((SELECT string_agg('; ' || n || ' ' || replace(state, '_', '-') || ' (' || text || ')', '' ORDER BY array_position(ARRAY['lossy', 'one_way', 'absent'], state))
                              FROM counted JOIN said USING (state)), '')
           END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.coverage_summary(timestamptz, timestamptz, text, text) IS 'coverage_minutes added up, one row a tap. complete_share of the minutes: 1 is all; lost_share: kernel_drops and nic_missed of all packets, NULL when there were none; softnet_dropped is of all the host''s interfaces';
COMMENT ON FUNCTION calltrail.coverage_note(timestamptz, timestamptz, text, text) IS 'The same in one line, for an answer to carry: "2026-11-22 10:00 to 2026-11-22 11:00 UTC: 2 taps, 118 of 120 minutes complete; 1 lossy (edge-1 eth1 10:02); 1 absent (edge-1 eth0 10:40)". SELECT c.*, n.coverage FROM calltrail.calls c CROSS JOIN calltrail.coverage_note(…, …) AS n(coverage) asks it once';
ALTER FUNCTION calltrail.coverage_minutes(timestamptz, timestamptz, text, text) RESET enable_nestloop RESET jit;
DROP FUNCTION calltrail.coverage_remarks(timestamptz, timestamptz, text, text);
DROP FUNCTION calltrail.coverage_remark(text, numeric);
