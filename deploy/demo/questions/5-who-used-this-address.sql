-- Who used address 198.51.100.130, port 20000, one second after the hoax call was answered?
SELECT answered_at + interval '1 second' AS used_at
  FROM calltrail.calls
 WHERE caller_e164 = '+912225550100' AND src_location_country <> 'IN' -- found by question 1
 ORDER BY started_at LIMIT 1
\gset
SELECT to_char(e.first_at AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD HH24:MI:SS') ||
       to_char(e.last_at AT TIME ZONE 'Asia/Kolkata', '" to "HH24:MI:SS') AS "used, IST",
       to_char(e.first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') ||
       to_char(e.last_at AT TIME ZONE 'UTC', '" to "HH24:MI:SS')          AS "used, UTC",
       array_to_string(e.roles, ', ')                                     AS "used for",
       coalesce(c.caller_e164, c.caller_user)                             AS "number shown",
       c.asserted_e164                                                    AS "number asserted",
       coalesce(c.callee_e164, c.callee_user)                             AS "called",
       c.sip_call_id                                                      AS "Call-ID"
  FROM calltrail.endpoint e
  JOIN calltrail.calls c USING (day, record_id)
 WHERE e.ip = '198.51.100.130' AND e.port = 20000
   AND e.first_at <= :'used_at' AND e.last_at >= :'used_at'
 ORDER BY e.first_at
\gx
-- Meaning: The hoax call's sound came from there: an address and time of another log lead to the call.
