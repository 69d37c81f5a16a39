-- Which calls were made from London in the hour before the hoax call?
SELECT started_at AS hoax_at
  FROM calltrail.calls
 WHERE caller_e164 = '+912225550100' AND src_location_country <> 'IN' -- found by question 1
 ORDER BY started_at LIMIT 1
\gset
SELECT date_trunc('second', started_at AT TIME ZONE 'Asia/Kolkata') AS "time, IST",
       coalesce(caller_e164, caller_user)                           AS "caller",
       coalesce(callee_e164, callee_user)                           AS "called",
       host(src_ip)                                                 AS "came from",
       disposition                                                  AS "outcome"
  FROM calltrail.calls
 WHERE src_location_country = 'GB' AND src_location_city = 'London'
   AND src_location_of = 'endpoint' -- a relay's or gateway's place is not the caller's
   AND started_at >= :'hoax_at'::timestamptz - interval '1 hour' AND started_at < :'hoax_at'
 ORDER BY started_at;
-- Meaning: The place is that of the address each call came from, IPv4 or IPv6.
