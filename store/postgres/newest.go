package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Holdings is what a database says of itself to an operator.
type Holdings struct {
	// Newest is when the newest entry was received, by the database's clock; zero: none is there.
	Newest time.Time
	// Missing numbers below the heads of the chains, and the Gaps they stand in (view calltrail.gap).
	Missing, Gaps uint64
	// Quarantined items, counted up to 100,000.
	Quarantined uint64
}

// holdings reads small tables only: the ledger has one row a chain, and is written with every entry.
const holdings = `
SELECT (SELECT max(updated_at) FROM calltrail.ledger),
       (SELECT coalesce(sum(entries), 0)::bigint FROM calltrail.gap),
       (SELECT count(*) FROM calltrail.gap),
       (SELECT count(*) FROM (SELECT FROM calltrail.quarantine LIMIT 100000) AS counted)`

// Holdings asks the loader's database.
func (l *Loader) Holdings(ctx context.Context) (Holdings, error) {
	return scanHoldings(l.pool.QueryRow(ctx, holdings))
}

// ReadHoldings asks the database of c over a connection of its own. It changes nothing, and needs to read three tables.
func ReadHoldings(ctx context.Context, c Config) (Holdings, error) {
	cfg, err := c.poolConfig()
	if err != nil {
		return Holdings{}, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return Holdings{}, connectError(&cfg.ConnConfig.Config, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // nothing was written
	if err := checkSchema(ctx, conn); err != nil {
		return Holdings{}, err
	}
	return scanHoldings(conn.QueryRow(ctx, holdings))
}

func scanHoldings(row pgx.Row) (h Holdings, err error) {
	var newest *time.Time
	if err := row.Scan(&newest, &h.Missing, &h.Gaps, &h.Quarantined); err != nil {
		return Holdings{}, wrap("read what is there", err)
	}
	if newest != nil {
		h.Newest = *newest
	}
	return h, nil
}
