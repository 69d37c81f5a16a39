package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"calltrail/store"
)

// Missing returns at most limit gaps on the chains: numbers below a chain's head that have not arrived. Sensors take turns, and
// of one the chains, the newest gap of each first: neither a chain with many that nobody has any more nor a sensor with many
// chains hides another.
// What is missing behind the head nobody knows of until the sensor's next entry, at the latest its coverage event a minute later.
func (l *Loader) Missing(ctx context.Context, limit int) ([]store.Request, error) {
	rows, err := l.pool.Query(ctx, `SELECT sensor, epoch, first_seq, last_seq
		  FROM (SELECT g.*, row_number() OVER (PARTITION BY sensor ORDER BY nth, epoch DESC) AS turn
		          FROM (SELECT g.*, row_number() OVER (PARTITION BY sensor, epoch ORDER BY first_seq DESC) AS nth FROM calltrail.gap g) AS g) AS g
		 ORDER BY turn, sensor LIMIT $1`, limit)
	if err != nil {
		return nil, wrap("look for gaps", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r store.Request, err error) {
		var epoch, first, last int64
		err = row.Scan(&r.Sensor, &epoch, &first, &last)
		r.Epoch, r.First, r.Last = uint64(epoch), uint64(first), uint64(last) //nolint:gosec // the table holds them positive
		return r, err
	})
	return list, wrap("look for gaps", err)
}
