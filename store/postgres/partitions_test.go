package postgres

import (
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store"
)

// No store ran for longer than partitions are made ahead. The one that comes back makes those of the coming weeks, and those of the weeks
// between when records of them come, in whatever order; so does one that ran on while its machine slept.
func TestPartitionsAfterWeeksWithoutStore(t *testing.T) {
	t.Parallel()
	const away = 10 // weeks
	l, db := opened(t)
	chain := newChain(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	in := func(weeks int) time.Time { return today.AddDate(0, 0, 7*weeks) }
	call := func(n int, at time.Time) store.Item {
		c := chain.sample(n)
		c.RecordID = numbered("away", n)
		c.StartedAt = record.Time(at.Add(12 * time.Hour).UnixMicro())
		c.Day = c.StartedAt.Day()
		return chain.call(c)
	}
	const made = `SELECT count(*) FROM calltrail.partition WHERE first_day <= $1 AND end_day > $1`
	db.want(made, "1", in(weeksAhead))
	for week := weeksAhead + 2; week <= away+weeksAhead; week++ {
		db.want(made, "0", in(week))
	}

	l.now = func() time.Time { return in(away).Add(13 * time.Hour) }
	deliver(t, l, call(1, in(8)), call(2, in(away)))
	for week := away; week <= away+weeksAhead; week++ {
		db.want(made, "1", in(week))
	}
	db.want(made, "1", in(8))
	db.want(made, "0", in(7))
	db.want(made, "0", in(9)) // nothing came of it
	// What is between two that are there, of the same store and of the next one.
	deliver(t, l, call(3, in(9)))
	next := open(t, l.cfg)
	next.now = l.now
	deliver(t, next, call(4, in(7)))
	db.want(`SELECT count(DISTINCT tableoid), count(*) FROM calltrail.call_record`, "4|4")
	db.want(`SELECT count(*) FROM calltrail.quarantine`, "0")
	db.want(`SELECT bool_and(end_day - first_day = 7) FROM calltrail.partition`, "t")
	for week := away + 1; week <= away+weeksAhead; week++ {
		db.want(made, "1", in(week))
	}
}
