-- Which minutes of which tap are complete, lossy, one-way or absent: functions, since the minutes of which there is no
-- event are no rows anywhere. They read with the rights of who asks, and times without a zone are the session's.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION calltrail.coverage_minutes(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
    RETURNS TABLE (
        sensor                 text,
        tap                    text,
        minute                 timestamptz,
        state                  text,
        seconds_covered        numeric,
        events                 integer,
        packets                bigint,
        octets                 bigint,
        duplicates             bigint,
        kernel_drops           bigint,
        ring_freezes           bigint,
        nic_missed             bigint,
        softnet_dropped        bigint,
        down_ms                bigint,
        reopened               bigint,
        unseen_tcp_octets      bigint,
        unseen_one_sided_calls bigint,
        unseen_rtp_packets     bigint,
        flows                  bigint,
        one_way_flows          bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    one     CONSTANT interval := interval '1 minute';
    -- A tap from which nothing came for longer than this is held to have been taken away.
    gone    CONSTANT interval := interval '400 days';
    largest CONSTANT numeric  := 9223372036854775807; -- sums stop here; the counts of a true minute are far from it
    first   timestamptz;
    after   timestamptz;
BEGIN
    IF from_time IS NULL OR to_time IS NULL OR to_time <= from_time OR to_time - from_time > interval '400 days' THEN
        RAISE EXCEPTION 'coverage_minutes(%, %): a time of more than nothing and at most 400 days is wanted', from_time, to_time
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    first := date_bin(one, from_time, timestamptz 'epoch');
    after := date_bin(one, to_time, timestamptz 'epoch');
    IF after < to_time THEN
        after := after + one;
    END IF;

    RETURN QUERY
    WITH known AS (
        SELECT t.sensor, t.tap
          FROM calltrail.tap t
         WHERE t.first_minute < after AND t.last_minute >= first - gone
           AND (of_sensor IS NULL OR t.sensor = of_sensor) AND (of_tap IS NULL OR t.tap = of_tap)
    ), seen AS (
        SELECT c.sensor, c.tap, c.minute,
               count(*)::integer AS events,
               bool_and(c.state = 'down') AS down,
               bool_or(c.state IN ('lossy', 'down')) OR sum(c.kernel_drops) > 0 OR sum(c.nic_missed) > 0
                   OR sum(c.softnet_dropped) > 0 OR sum(c.down_ms) > 0 OR sum(c.reopened) > 0 AS lossy,
               bool_or(c.state = 'one_way') AS one_way,
               -- Events may meet, overlap or leave a hole; what they say beyond their minute does not count.
               range_agg(tstzrange(c.from_at, c.to_at) * tstzrange(c.minute, c.minute + one)) AS listened,
               least(sum(c.packets), largest)::bigint AS packets,
               least(sum(c.octets), largest)::bigint AS octets,
               least(sum(c.duplicates), largest)::bigint AS duplicates,
               least(sum(c.kernel_drops), largest)::bigint AS kernel_drops,
               least(sum(c.ring_freezes), largest)::bigint AS ring_freezes,
               least(sum(c.nic_missed), largest)::bigint AS nic_missed,
               least(sum(c.softnet_dropped), largest)::bigint AS softnet_dropped,
               least(sum(c.down_ms), largest)::bigint AS down_ms,
               least(sum(c.reopened), largest)::bigint AS reopened,
               least(sum(c.unseen_tcp_octets), largest)::bigint AS unseen_tcp_octets,
               least(sum(c.unseen_one_sided_calls), largest)::bigint AS unseen_one_sided_calls,
               least(sum(c.unseen_rtp_packets), largest)::bigint AS unseen_rtp_packets,
               least(sum(c.flows), largest)::bigint AS flows,
               least(sum(c.one_way_flows), largest)::bigint AS one_way_flows
          FROM calltrail.coverage c
         -- The day is told so that partitions of other days are not even opened.
         WHERE c.day >= (first AT TIME ZONE 'UTC')::date AND c.day <= (after AT TIME ZONE 'UTC')::date
           AND c.minute >= first AND c.minute < after
           AND (of_sensor IS NULL OR c.sensor = of_sensor) AND (of_tap IS NULL OR c.tap = of_tap)
         GROUP BY c.sensor, c.tap, c.minute
    )
    SELECT k.sensor, k.tap, m.minute,
           CASE
               WHEN s.events IS NULL OR s.down THEN 'absent'
               WHEN s.lossy OR NOT s.listened @> tstzrange(m.minute, m.minute + one) THEN 'lossy'
               WHEN s.one_way THEN 'one_way'
               ELSE 'complete'
           END,
           CASE WHEN s.events IS NULL THEN 0 ELSE
               trunc(greatest(0, coalesce((SELECT sum(extract(epoch FROM upper(r) - lower(r))) FROM unnest(s.listened) r), 0) - s.down_ms / 1000.0), 3)
           END,
           coalesce(s.events, 0), coalesce(s.packets, 0), coalesce(s.octets, 0), coalesce(s.duplicates, 0), coalesce(s.kernel_drops, 0),
           coalesce(s.ring_freezes, 0), coalesce(s.nic_missed, 0), coalesce(s.softnet_dropped, 0), coalesce(s.down_ms, 0),
           coalesce(s.reopened, 0), coalesce(s.unseen_tcp_octets, 0), coalesce(s.unseen_one_sided_calls, 0),
           coalesce(s.unseen_rtp_packets, 0), coalesce(s.flows, 0), coalesce(s.one_way_flows, 0)
      FROM known k
     CROSS JOIN generate_series(first, after - one, one) AS m(minute)
      LEFT JOIN seen s ON s.sensor = k.sensor AND s.tap = k.tap AND s.minute = m.minute
     ORDER BY 1, 2, 3;
END
$$;

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

CREATE FUNCTION calltrail.coverage_note(from_time timestamptz, to_time timestamptz, of_sensor text DEFAULT NULL, of_tap text DEFAULT NULL)
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

COMMENT ON FUNCTION calltrail.coverage_minutes(timestamptz, timestamptz, text, text) IS 'One row for each minute that the time touches and each tap known then (of one sensor or tap, when they are given), also for minutes without any event, in order. State: complete (events cover the whole minute, nothing was lost, both directions were seen), lossy (packets were lost, or the minute is covered in part: seconds_covered says how much), one_way (traffic of one direction only), absent (no event, or the tap was down all the time). The counts are sums over the minute''s events. A tap is known from its first event until 400 days after its last';
COMMENT ON FUNCTION calltrail.coverage_summary(timestamptz, timestamptz, text, text) IS 'coverage_minutes added up, one row a tap. complete_share of the minutes: 1 is all; lost_share: kernel_drops and nic_missed of all packets, NULL when there were none; softnet_dropped is of all the host''s interfaces';
COMMENT ON FUNCTION calltrail.coverage_note(timestamptz, timestamptz, text, text) IS 'The same in one line, for an answer to carry: "2026-11-22 10:00 to 2026-11-22 11:00 UTC: 2 taps, 118 of 120 minutes complete; 1 lossy (edge-1 eth1 10:02); 1 absent (edge-1 eth0 10:40)". SELECT c.*, n.coverage FROM calltrail.calls c CROSS JOIN calltrail.coverage_note(…, …) AS n(coverage) asks it once';

-- +goose Down
DROP FUNCTION calltrail.coverage_note(timestamptz, timestamptz, text, text);
DROP FUNCTION calltrail.coverage_summary(timestamptz, timestamptz, text, text);
DROP FUNCTION calltrail.coverage_minutes(timestamptz, timestamptz, text, text);
