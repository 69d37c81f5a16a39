-- Has every record arrived that the sensor numbered, or is one missing?
SELECT sensor, epoch, 1 AS "first", head_seq AS "last",
       coalesce((SELECT string_agg(first_seq || '-' || last_seq, ', ' ORDER BY first_seq)
                   FROM calltrail.gap g
                  WHERE g.sensor = l.sensor AND g.epoch = l.epoch), 'none') AS "missing",
       e.stored, e.seen_before AS "seen before", e.quarantined
  FROM calltrail.ledger l
  JOIN (SELECT sensor, epoch,
               count(*) FILTER (WHERE outcome = 'stored')      AS stored,
               count(*) FILTER (WHERE outcome = 'duplicate')   AS seen_before,
               count(*) FILTER (WHERE outcome = 'quarantined') AS quarantined
          FROM calltrail.entry GROUP BY sensor, epoch) e USING (sensor, epoch)
 ORDER BY sensor, epoch;
-- Meaning: The numbers from first to last are all there. A second replay goes on counting; its records
-- Meaning: were seen before and are kept once.
