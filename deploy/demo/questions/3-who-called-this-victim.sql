-- Who called the hoax call's victim, from ten minutes before it to ten minutes after?
SELECT callee_e164 AS victim, started_at AS hoax_at
  FROM calltrail.calls
 WHERE caller_e164 = '+912225550100' AND src_location_country <> 'IN' -- found by question 1
 ORDER BY started_at LIMIT 1
\gset
SELECT to_char(started_at AT TIME ZONE 'Asia/Kolkata', 'HH24:MI:SS') AS "IST",
       date_trunc('second', started_at - :'hoax_at')                 AS "after hoax",
       coalesce(caller_e164, caller_user)                            AS "number shown",
       host(src_ip)                                                  AS "came from",
       concat_ws(', ', src_location_city, src_location_country)      AS "place",
       disposition                                                   AS "outcome",
       make_interval(secs => duration_ms / 1000)                     AS "talked"
  FROM calltrail.calls
 WHERE callee_e164 = :'victim'
   AND started_at BETWEEN :'hoax_at'::timestamptz - interval '10 minutes'
                      AND :'hoax_at'::timestamptz + interval '10 minutes'
 ORDER BY started_at;
-- Meaning: All who rang +911205550170 around the hoax call, the row at 00:00:00; a minus is before it.
