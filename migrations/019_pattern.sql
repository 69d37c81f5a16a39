-- Patterns over many calls: what no single record shows. Each is a function with a bounded time, and every row it gives names
-- the calls it was made of. docs/patterns.md says what they mean and what they do not prove.

-- +goose Up
-- +goose StatementBegin
-- Without SET and STRICT, so that the planner puts the words into the query instead of calling a function for each row.
CREATE FUNCTION calltrail.source_key(ip inet) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN family(ip) = 6 THEN network(set_masklen(ip, 64))::inet ELSE ip END
$$;

CREATE FUNCTION calltrail.is_private_address(ip inet) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ip <<= ANY ('{10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,fc00::/7,fe80::/10}'::inet[])
$$;

CREATE FUNCTION calltrail.party_key(e164 text, user_part text, host text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN e164 IS NOT NULL THEN e164
                WHEN lower(user_part) NOT IN ('anonymous', 'unknown', 'unavailable', 'restricted', 'private', 'withheld')
                 AND lower(host) IS DISTINCT FROM 'anonymous.invalid' THEN user_part || '@' || coalesce(lower(host), '') END
$$;

CREATE FUNCTION calltrail.number_key(e164 text, user_part text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN e164 IS NOT NULL THEN e164
                WHEN user_part ~ '^[+]?[0-9().-]{2,40}$' THEN translate(user_part, '().-', '') END
$$;

CREATE FUNCTION calltrail.sample_add(sample anyarray, value anyelement) RETURNS anyarray
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $2 IS NULL OR cardinality($1) >= 10 OR $2 = ANY ($1) THEN $1 ELSE $1 || $2 END
$$;
CREATE AGGREGATE calltrail.sample(anyelement) (SFUNC = calltrail.sample_add, STYPE = anyarray, INITCOND = '{}', PARALLEL = SAFE);

-- A row of call_record is wide, and its times stand far behind in it: reading it costs more than all that is done with it after. So it
-- is read once, and not once for the view calls, once for its better revisions and once for the legs before it.
--
-- The functions that use it have enable_nestloop = off: in a partition without statistics (right after a bulk load, and always in the
-- list that WITH makes) the planner expects one row and would compare all with all.
--
-- A server that hunts for somebody tries one after the other, for as long as a call may ring: three minutes (timer C, RFC 3261
-- section 16.6). Both addresses must fit, not the group alone: Session-ID and icid are the caller's own words.
CREATE FUNCTION calltrail.first_legs(from_time timestamptz, to_time timestamptz)
    RETURNS TABLE (call_uid uuid, call uuid, started_at timestamptz, ended_at timestamptz, duration_ms bigint, disposition text, emergency boolean,
                   source inet, source_sensor text, role text, country text, as_number bigint, as_org text, network text,
                   caller text, caller_e164 text, caller_number text, callee text, callee_number text)
    LANGUAGE sql STABLE AS $$
    WITH seen AS MATERIALIZED (
        SELECT r.record_id, r.call_uid, r.group_uid, r.revision, r.final, r.received_at, r.started_at, r.ended_at, r.duration_ms, r.disposition, r.sip_emergency,
               r.src_ip, r.dst_ip, r.sensor, r.src_role, r.src_location_country, r.src_as_number, r.src_as_org, r.src_network,
               r.caller_e164, r.caller_user, r.caller_host, r.callee_e164, r.callee_user, r.callee_host
          FROM calltrail.call_record r
         WHERE r.day BETWEEN ((from_time - interval '3 minutes') AT TIME ZONE 'UTC')::date AND (to_time AT TIME ZONE 'UTC')::date
           AND r.started_at >= from_time - interval '3 minutes' AND r.started_at < to_time
           AND r.kind = 'sip'
    )
    SELECT c.call_uid, coalesce(c.group_uid, c.call_uid), c.started_at, c.ended_at, c.duration_ms, c.disposition, coalesce(c.sip_emergency, false),
           calltrail.source_key(c.src_ip), CASE WHEN calltrail.is_private_address(c.src_ip) THEN c.sensor END,
           c.src_role, c.src_location_country, c.src_as_number, c.src_as_org, c.src_network,
           calltrail.party_key(c.caller_e164, c.caller_user, c.caller_host), c.caller_e164, calltrail.number_key(c.caller_e164, c.caller_user),
           calltrail.party_key(c.callee_e164, c.callee_user, c.callee_host), calltrail.number_key(c.callee_e164, c.callee_user)
      FROM seen c
     WHERE c.started_at >= from_time
       AND NOT EXISTS (
            SELECT FROM seen better
             WHERE better.call_uid = c.call_uid
               AND (better.final, better.revision, better.received_at, better.record_id) > (c.final, c.revision, c.received_at, c.record_id))
       AND NOT EXISTS (
            SELECT FROM seen got
             WHERE got.group_uid = c.group_uid AND got.dst_ip = c.src_ip AND got.call_uid <> c.call_uid
               AND got.started_at BETWEEN c.started_at - interval '3 minutes' AND c.started_at)
$$;

CREATE FUNCTION calltrail.check_pattern(of_function text, from_time timestamptz, to_time timestamptz, within interval, at_least integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF from_time IS NULL OR to_time IS NULL OR to_time <= from_time OR to_time > from_time + interval '744 hours' THEN
        RAISE EXCEPTION '%(%, %): a time of more than nothing and at most 31 days is wanted', of_function, from_time, to_time
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF within IS NULL OR within <= interval '0' OR within > interval '744 hours' THEN
        RAISE EXCEPTION '%: a span of % was given, one of more than nothing and at most 31 days is wanted', of_function, coalesce(within::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF at_least IS NULL OR at_least < 2 THEN
        RAISE EXCEPTION '%: a least number of % was given, 2 or more is wanted', of_function, coalesce(at_least::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

CREATE FUNCTION calltrail.sources_with_many_numbers(from_time timestamptz, to_time timestamptz, min_numbers integer DEFAULT 20)
    RETURNS TABLE (source inet, sensor text, role text, country text, as_number bigint, as_org text, network text, numbers bigint, number_sample text[],
                   callees bigint, calls bigint, legs bigint, answered bigint, first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM calltrail.check_pattern('sources_with_many_numbers', $1, $2, interval '1 hour', $3);
    RETURN QUERY
    WITH leg AS MATERIALIZED (
        SELECT l.source, l.source_sensor, l.role, l.country, l.as_number, l.as_org, l.network, l.caller_number, l.callee, l.call, l.call_uid, l.started_at, l.disposition
          FROM calltrail.first_legs($1, $2) l
         WHERE l.source IS NOT NULL AND l.role IS DISTINCT FROM 'trunk' AND l.role IS DISTINCT FROM 'own_sbc'
    ), found AS (
        SELECT d.source, d.source_sensor
          FROM (SELECT DISTINCT leg.source, leg.source_sensor, leg.caller_number FROM leg WHERE leg.caller_number IS NOT NULL) d
         GROUP BY d.source, d.source_sensor
        HAVING count(*) >= $3
    )
    SELECT l.source, l.source_sensor, max(l.role), max(l.country), max(l.as_number), max(l.as_org), max(l.network),
           count(DISTINCT l.caller_number) AS many, calltrail.sample(l.caller_number ORDER BY l.started_at, l.call_uid), count(DISTINCT l.callee),
           count(DISTINCT l.call), count(*), count(*) FILTER (WHERE l.disposition = 'answered'), min(l.started_at), max(l.started_at),
           calltrail.sample(l.call_uid ORDER BY l.started_at, l.call_uid)
      FROM found f JOIN leg l ON l.source = f.source AND l.source_sensor IS NOT DISTINCT FROM f.source_sensor
     GROUP BY l.source, l.source_sensor
     ORDER BY many DESC, l.source, l.source_sensor;
END
$$;

-- What numbers_from_many_countries and the two fan_out functions have in common: how many different others a key has at once. Each
-- (key, other) is a bar from its first call on, until a span after its last one; where most bars of a key lie above one another
-- is its fullest span. So a key with a million calls costs two sorts, and not a look back from each of them.
CREATE FUNCTION calltrail.fullest_spans(pattern text, from_time timestamptz, to_time timestamptz, within interval, at_least integer)
    RETURNS TABLE (key text, others bigint, other_sample text[], sources bigint, source_sample inet[], countries text[], as_numbers bigint[], networks text[], roles text[],
                   calls bigint, legs bigint, answered bigint, first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    -- In hours and less: a day of a session's time zone may have 23 or 25 hours.
    span interval;
BEGIN
    PERFORM calltrail.check_pattern($1, $2, $3, $4, $5);
    span := make_interval(secs => extract(epoch FROM $4)::double precision);
    RETURN QUERY
    WITH leg AS MATERIALIZED (
        SELECT CASE $1 WHEN 'numbers_from_many_countries' THEN l.caller_e164 WHEN 'fan_out_to_one_callee' THEN l.callee ELSE l.caller END AS key,
               CASE $1 WHEN 'numbers_from_many_countries' THEN l.country WHEN 'fan_out_to_one_callee' THEN l.caller ELSE l.callee END AS other,
               l.source, l.country, l.as_number, l.network, l.role, l.call, l.call_uid, l.started_at, l.disposition
          FROM calltrail.first_legs($2, $3) l
         WHERE CASE $1 WHEN 'numbers_from_many_countries' THEN l.caller_e164 IS NOT NULL AND l.role IS DISTINCT FROM 'trunk' AND l.role IS DISTINCT FROM 'own_sbc'
                       WHEN 'fan_out_to_one_callee' THEN l.callee IS NOT NULL AND NOT l.emergency
                       ELSE l.caller IS NOT NULL END
    ), busy AS (
        SELECT d.key FROM (SELECT DISTINCT leg.key, leg.other FROM leg WHERE leg.other IS NOT NULL) d GROUP BY d.key HAVING count(*) >= $5
    ), step AS (
        SELECT leg.key, leg.started_at, lag(leg.started_at) OVER bar AS before, lead(leg.started_at) OVER bar AS after
          FROM leg JOIN busy USING (key)
         WHERE leg.other IS NOT NULL
        WINDOW bar AS (PARTITION BY leg.key, leg.other ORDER BY leg.started_at)
    ), mark AS (
        SELECT s.key, s.started_at AS at, 1 AS more FROM step s WHERE s.before IS NULL OR s.started_at - s.before > span
        UNION ALL
        SELECT s.key, s.started_at + span, -1 FROM step s WHERE s.after IS NULL OR s.after - s.started_at > span
    ), fullest AS (
        -- Of two marks at one time the beginning counts first: both ends of a span belong to it.
        SELECT DISTINCT ON (m.key) m.key, m.at, m.n
          FROM (SELECT mark.key, mark.at, sum(mark.more) OVER (PARTITION BY mark.key ORDER BY mark.at, mark.more DESC ROWS UNBOUNDED PRECEDING) AS n FROM mark) m
         ORDER BY m.key, m.n DESC, m.at
    ), fullest_from AS (
        SELECT f.key, f.n, min(l.started_at) AS at
          FROM fullest f JOIN leg l ON l.key = f.key AND l.other IS NOT NULL AND l.started_at BETWEEN f.at - span AND f.at
         WHERE f.n >= $5
         GROUP BY f.key, f.n
    )
    SELECT f.key, f.n, calltrail.sample(l.other ORDER BY l.started_at, l.call_uid), count(DISTINCT l.source), calltrail.sample(l.source ORDER BY l.started_at, l.call_uid),
           calltrail.sample(l.country ORDER BY l.started_at, l.call_uid), calltrail.sample(l.as_number ORDER BY l.started_at, l.call_uid),
           calltrail.sample(l.network ORDER BY l.started_at, l.call_uid), calltrail.sample(l.role ORDER BY l.started_at, l.call_uid),
           count(DISTINCT l.call), count(*), count(*) FILTER (WHERE l.disposition = 'answered'),
           min(l.started_at), max(l.started_at), calltrail.sample(l.call_uid ORDER BY l.started_at, l.call_uid)
      FROM fullest_from f JOIN leg l ON l.key = f.key AND l.started_at BETWEEN f.at AND f.at + span
     GROUP BY f.key, f.n
     ORDER BY f.n DESC, f.key;
END
$$;

CREATE FUNCTION calltrail.numbers_from_many_countries(from_time timestamptz, to_time timestamptz, within interval DEFAULT '1 hour', min_countries integer DEFAULT 3)
    RETURNS TABLE (caller text, countries bigint, country_sample text[], sources bigint, source_sample inet[], as_numbers bigint[], networks text[],
                   calls bigint, legs bigint, answered bigint, first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.key, s.others, s.other_sample, s.sources, s.source_sample, s.as_numbers, s.networks, s.calls, s.legs, s.answered, s.first_at, s.last_at, s.call_uids
      FROM calltrail.fullest_spans('numbers_from_many_countries', $1, $2, $3, $4) s
$$;

CREATE FUNCTION calltrail.fan_out_to_one_callee(from_time timestamptz, to_time timestamptz, within interval DEFAULT '10 minutes', min_callers integer DEFAULT 20)
    RETURNS TABLE (callee text, callers bigint, caller_sample text[], sources bigint, source_sample inet[], countries text[], as_numbers bigint[], networks text[], roles text[],
                   calls bigint, legs bigint, answered bigint, first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.* FROM calltrail.fullest_spans('fan_out_to_one_callee', $1, $2, $3, $4) s
$$;

CREATE FUNCTION calltrail.fan_out_from_one_caller(from_time timestamptz, to_time timestamptz, within interval DEFAULT '1 hour', min_callees integer DEFAULT 50)
    RETURNS TABLE (caller text, callees bigint, callee_sample text[], sources bigint, source_sample inet[], countries text[], as_numbers bigint[], networks text[], roles text[],
                   calls bigint, legs bigint, answered bigint, first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.* FROM calltrail.fullest_spans('fan_out_from_one_caller', $1, $2, $3, $4) s
$$;

-- Who made the calls is asked twice: of the source, which may show another number each time, and of the number shown, for the
-- calls that came through a gateway.
CREATE FUNCTION calltrail.short_call_bursts(from_time timestamptz, to_time timestamptz, within interval DEFAULT '10 minutes',
                                            max_duration interval DEFAULT '10 seconds', min_calls integer DEFAULT 20)
    RETURNS TABLE (source inet, sensor text, caller text, calls bigint, legs bigint, answered bigint, cancelled bigint, callees bigint, callee_sample text[],
                   callers bigint, caller_sample text[], source_sample inet[], as_numbers bigint[], networks text[], mean_duration_ms bigint,
                   first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    span interval;
    longest numeric;
BEGIN
    PERFORM calltrail.check_pattern('short_call_bursts', $1, $2, $3, $5);
    IF $4 IS NULL OR $4 <= interval '0' OR $4 > interval '24 hours' THEN
        RAISE EXCEPTION 'short_call_bursts: a longest duration of % was given, one of more than nothing and at most 24 hours is wanted', coalesce($4::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    span := make_interval(secs => extract(epoch FROM $3)::double precision);
    longest := extract(epoch FROM $4) * 1000;
    RETURN QUERY
    WITH leg AS MATERIALIZED (
        SELECT l.source, l.source_sensor, l.role, l.as_number, l.network, l.caller, l.callee, l.call, l.call_uid, l.started_at, l.disposition,
               CASE l.disposition WHEN 'answered' THEN l.duration_ms ELSE (extract(epoch FROM l.ended_at - l.started_at) * 1000)::bigint END AS ms
          FROM calltrail.first_legs($1, $2) l
         WHERE CASE l.disposition WHEN 'answered' THEN l.duration_ms <= longest
                                  WHEN 'cancelled' THEN extract(epoch FROM l.ended_at - l.started_at) * 1000 <= longest END
    ), made AS MATERIALIZED (
        SELECT ('at ' || leg.source || ' ' || coalesce(leg.source_sensor, '')) COLLATE "C" AS key, leg.source AS of_source, leg.source_sensor AS of_sensor, NULL::text AS of_caller, leg.*
          FROM leg WHERE leg.source IS NOT NULL AND leg.role IS DISTINCT FROM 'trunk' AND leg.role IS DISTINCT FROM 'own_sbc'
        UNION ALL
        SELECT 'by ' || leg.caller, NULL, NULL, leg.caller, leg.* FROM leg WHERE leg.caller IS NOT NULL
    ), once AS (
        -- Legs of one call to one callee (a fork, another sensor's view) are one.
        SELECT made.key, min(made.started_at) AS at FROM made GROUP BY made.key, made.call, made.callee
    ), fullest AS (
        SELECT DISTINCT ON (o.key) o.key, o.at, o.n
          FROM (SELECT once.key, once.at, count(*) OVER (PARTITION BY once.key ORDER BY once.at RANGE BETWEEN span PRECEDING AND CURRENT ROW) AS n FROM once) o
         WHERE o.n >= $5
         ORDER BY o.key, o.n DESC, o.at
    )
    SELECT max(m.of_source), max(m.of_sensor), max(m.of_caller), f.n, count(*), count(*) FILTER (WHERE m.disposition = 'answered'), count(*) FILTER (WHERE m.disposition = 'cancelled'),
           count(DISTINCT m.callee), calltrail.sample(m.callee ORDER BY m.started_at, m.call_uid), count(DISTINCT m.caller), calltrail.sample(m.caller ORDER BY m.started_at, m.call_uid),
           calltrail.sample(m.source ORDER BY m.started_at, m.call_uid), calltrail.sample(m.as_number ORDER BY m.started_at, m.call_uid),
           calltrail.sample(m.network ORDER BY m.started_at, m.call_uid), avg(m.ms)::bigint, min(m.started_at), max(m.started_at),
           calltrail.sample(m.call_uid ORDER BY m.started_at, m.call_uid)
      FROM fullest f JOIN made m ON m.key = f.key AND m.started_at BETWEEN f.at - span AND f.at
     GROUP BY f.key, f.n
     ORDER BY f.n DESC, f.key;
END
$$;

-- Two neighbours belong together when some call to the one and some call to the other are at most a step apart. Written down
-- once under its own number and once under the next one, a number meets its neighbour's calls in one list ordered by time; the
-- two calls nearest to one another are next to one another there, so one look at the row before is enough.
CREATE FUNCTION calltrail.sequential_numbers(from_time timestamptz, to_time timestamptz, step interval DEFAULT '10 minutes', min_run integer DEFAULT 10)
    RETURNS TABLE (numbers_of text, source inet, sensor text, caller text, run bigint, first_number text, last_number text, calls bigint, legs bigint, answered bigint,
                   source_sample inet[], as_numbers bigint[], networks text[], first_at timestamptz, last_at timestamptz, call_uids uuid[])
    LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    span interval;
BEGIN
    PERFORM calltrail.check_pattern('sequential_numbers', $1, $2, $3, $4);
    span := make_interval(secs => extract(epoch FROM $3)::double precision);
    RETURN QUERY
    WITH leg AS MATERIALIZED (
        SELECT l.source, l.source_sensor, l.as_number, l.network, l.caller, l.caller_number, l.callee_number, l.call, l.call_uid, l.started_at, l.disposition,
               l.source IS NOT NULL AND l.role IS DISTINCT FROM 'trunk' AND l.role IS DISTINCT FROM 'own_sbc' AS own_source
          FROM calltrail.first_legs($1, $2) l
    ), busy_source AS (
        SELECT leg.source, coalesce(leg.source_sensor, '') AS at_sensor FROM leg WHERE leg.own_source GROUP BY 1, 2 HAVING count(*) >= $4
    ), busy_caller AS (
        SELECT leg.caller FROM leg WHERE leg.caller IS NOT NULL GROUP BY leg.caller HAVING count(*) >= $4
    ), asked AS (
        SELECT k.numbers_of, leg.source AS of_source, leg.source_sensor AS of_sensor, NULL::text AS of_caller, k.number, leg.*
          FROM busy_source b JOIN leg ON leg.source = b.source AND coalesce(leg.source_sensor, '') = b.at_sensor AND leg.own_source
         CROSS JOIN LATERAL (VALUES ('callee', leg.callee_number), ('caller', leg.caller_number)) AS k(numbers_of, number)
        UNION ALL
        SELECT 'callee', NULL, NULL, leg.caller, leg.callee_number, leg.* FROM busy_caller b JOIN leg ON leg.caller = b.caller
    ), used AS MATERIALIZED (
        -- One text for who and for how the number is written, because sorts and joins by one column are the fast ones.
        SELECT (a.numbers_of || length(a.number) || CASE WHEN a.number LIKE '+%' THEN '+' ELSE '-' END || coalesce(' by ' || a.of_caller, ' at ' || a.of_source || ' ' || coalesce(a.of_sensor, ''))) COLLATE "C" AS key,
               ltrim(a.number, '+')::bigint AS n, a.*
          FROM asked a
         WHERE a.number ~ '^[+]?[0-9]{2,18}$'
    ), busy AS (
        SELECT d.key FROM (SELECT DISTINCT used.key, used.n FROM used) d GROUP BY d.key HAVING count(*) >= $4
    ), many AS MATERIALIZED (
        SELECT used.* FROM used JOIN busy USING (key)
    ), pair AS (
        SELECT p.key, p.n, p.upper, lag(p.upper) OVER near AS upper_before, p.started_at - lag(p.started_at) OVER near AS after
          FROM (SELECT many.key, many.n, many.started_at, true AS upper FROM many
                UNION ALL
                SELECT many.key, many.n + 1, many.started_at, false FROM many) p
        WINDOW near AS (PARTITION BY p.key, p.n ORDER BY p.started_at, p.upper)
    ), link AS (
        SELECT DISTINCT pair.key, pair.n FROM pair WHERE pair.upper <> pair.upper_before AND pair.after <= span
    ), run AS (
        -- A link joins a number to the one below it; links without a gap are one run.
        SELECT i.key, min(i.n) - 1 AS first_n, max(i.n) AS last_n
          FROM (SELECT link.key, link.n, link.n - row_number() OVER (PARTITION BY link.key ORDER BY link.n) AS island FROM link) i
         GROUP BY i.key, i.island
        HAVING count(*) + 1 >= $4
    )
    SELECT max(m.numbers_of), max(m.of_source), max(m.of_sensor), max(m.of_caller), r.last_n - r.first_n + 1 AS long,
           (array_agg(m.number ORDER BY m.n))[1], (array_agg(m.number ORDER BY m.n DESC))[1],
           count(DISTINCT m.call), count(*), count(*) FILTER (WHERE m.disposition = 'answered'),
           calltrail.sample(m.source ORDER BY m.started_at, m.call_uid), calltrail.sample(m.as_number ORDER BY m.started_at, m.call_uid),
           calltrail.sample(m.network ORDER BY m.started_at, m.call_uid), min(m.started_at), max(m.started_at), calltrail.sample(m.call_uid ORDER BY m.started_at, m.call_uid)
      FROM run r JOIN many m ON m.key = r.key AND m.n BETWEEN r.first_n AND r.last_n
     GROUP BY r.key, r.first_n, r.last_n
     ORDER BY long DESC, r.key, r.first_n;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.source_key(inet) IS 'What counts as one source of calls: an IPv4 address, or a network of /64 of IPv6, in which a host has as many addresses as it likes';
COMMENT ON FUNCTION calltrail.is_private_address(inet) IS 'The address is private, shared (RFC 6598) or link-local: on another sensor it may be another host''s';
COMMENT ON FUNCTION calltrail.party_key(text, text, text) IS 'What counts as one party: the E.164 number, else user@host; NULL for one who is withheld';
COMMENT ON FUNCTION calltrail.number_key(text, text) IS 'What counts as one number: that in E.164, else a user part that is written as a number, without its visual separators; NULL for names';
COMMENT ON FUNCTION calltrail.sample_add(anyarray, anyelement) IS 'Step of the aggregate sample';
COMMENT ON AGGREGATE calltrail.sample(anyelement) IS 'The first ten different values, without NULL';
COMMENT ON FUNCTION calltrail.first_legs(timestamptz, timestamptz) IS 'The calls by SIP that began between two times (the second not included), one row a leg as calls shows it, without the legs by which a server passed a call on that it had got: those whose source was, at most three minutes before, the destination of another leg of the group. call: the group, else the leg. source_sensor: where the source is a private address. For the functions below, with enable_nestloop off';
COMMENT ON FUNCTION calltrail.check_pattern(text, timestamptz, timestamptz, interval, integer) IS 'Raises when a pattern is asked for in more than 31 days, over a span of nothing or more than 31 days, or with a least number under 2';
COMMENT ON FUNCTION calltrail.sources_with_many_numbers(timestamptz, timestamptz, integer) IS 'Sources that showed at least min_numbers different numbers as the caller''s between two times (the second not included; at most 31 days). A trunk or an own SBC is no source. docs/patterns.md says what it means. Samples are the first ten; calls counts groups, legs what they are made of';
COMMENT ON FUNCTION calltrail.fullest_spans(text, timestamptz, timestamptz, interval, integer) IS 'For the three functions that are named as its first argument: for each key the span with the most different others in it, when they are at least so many';
COMMENT ON FUNCTION calltrail.numbers_from_many_countries(timestamptz, timestamptz, interval, integer) IS 'E.164 numbers shown as the caller''s in calls from the addresses of at least min_countries countries within a span, both its ends included; the fullest span of each number. A trunk or an own SBC is no source. docs/patterns.md says what it means';
COMMENT ON FUNCTION calltrail.fan_out_to_one_callee(timestamptz, timestamptz, interval, integer) IS 'Called parties to whom at least min_callers different callers were shown within a span, both its ends included; the fullest span of each. Withheld callers are no callers, emergency calls are left out. docs/patterns.md says what it means';
COMMENT ON FUNCTION calltrail.fan_out_from_one_caller(timestamptz, timestamptz, interval, integer) IS 'Callers, as they were shown, who called at least min_callees different parties within a span, both its ends included; the fullest span of each. docs/patterns.md says what it means';
COMMENT ON FUNCTION calltrail.short_call_bursts(timestamptz, timestamptz, interval, interval, integer) IS 'Sources, and callers as they were shown, with at least min_calls short calls within a span, both its ends included; the fullest span of each. Short: answered for at most max_duration, or cancelled by the caller at most max_duration after it began. docs/patterns.md says what it means';
COMMENT ON FUNCTION calltrail.sequential_numbers(timestamptz, timestamptz, interval, integer) IS 'Runs of at least min_run numbers without a gap, of one length, each called at most a step of time before or after its neighbour in the run: numbers_of callee, dialled by one source or one caller as shown; numbers_of caller, shown by one source. docs/patterns.md says what it means';

-- +goose Down
DROP FUNCTION calltrail.sequential_numbers(timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.short_call_bursts(timestamptz, timestamptz, interval, interval, integer);
DROP FUNCTION calltrail.fan_out_from_one_caller(timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.fan_out_to_one_callee(timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.numbers_from_many_countries(timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.fullest_spans(text, timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.sources_with_many_numbers(timestamptz, timestamptz, integer);
DROP FUNCTION calltrail.check_pattern(text, timestamptz, timestamptz, interval, integer);
DROP FUNCTION calltrail.first_legs(timestamptz, timestamptz);
DROP AGGREGATE calltrail.sample(anyelement);
DROP FUNCTION calltrail.sample_add(anyarray, anyelement);
DROP FUNCTION calltrail.number_key(text, text);
DROP FUNCTION calltrail.party_key(text, text, text);
DROP FUNCTION calltrail.is_private_address(inet);
DROP FUNCTION calltrail.source_key(inet);
