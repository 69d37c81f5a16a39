-- Which calls showed an Indian number although they came from abroad?
SELECT date_trunc('second', started_at AT TIME ZONE 'Asia/Kolkata')      AS "time, IST",
       date_trunc('second', started_at AT TIME ZONE 'UTC')               AS "time, UTC",
       caller_e164                                                       AS "number shown",
       caller_display                                                    AS "name shown",
       asserted_e164                                                     AS "number asserted",
       coalesce(callee_e164, callee_user)                                AS "called",
       concat_ws(', ', disposition, duration_ms / 1000 || ' s')          AS "outcome",
       host(src_ip) || ' port ' || src_port                              AS "came from",
       concat_ws(', ', src_location_city, src_location_country)          AS "place",
       concat_ws(', ', src_as_org, 'AS' || src_as_number, src_network)   AS "network",
       (SELECT string_agg(indicator->>'rule', ', ')
          FROM jsonb_array_elements(indicators) AS indicator)            AS "indicators"
  FROM calltrail.calls
 WHERE caller_country = 'IN' AND src_location_country <> 'IN'
 ORDER BY started_at
\gx
-- Meaning: The victim saw a Mumbai number. The call came from a hosting company in Amsterdam, whose
-- Meaning: gateway said it was yet another number, of London.
