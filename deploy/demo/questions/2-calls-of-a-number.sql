-- Which calls did +442079460101 make and receive?
SELECT date_trunc('second', started_at AT TIME ZONE 'Asia/Kolkata') AS "time, IST",
       CASE caller_e164 WHEN '+442079460101' THEN 'made' ELSE 'received' END AS "call",
       CASE caller_e164 WHEN '+442079460101' THEN coalesce(callee_e164, callee_user)
                        ELSE coalesce(caller_e164, caller_user) END AS "other party",
       concat_ws(', ', src_location_city, src_location_country)     AS "called from",
       disposition                                                  AS "outcome",
       make_interval(secs => duration_ms / 1000)                    AS "talked"
  FROM calltrail.calls
 WHERE caller_e164 = '+442079460101' OR callee_e164 = '+442079460101'
 ORDER BY started_at;
-- Meaning: Every call of the number in both directions, also those that nobody answered.
