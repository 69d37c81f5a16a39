package retention

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Past is a deletion that was made.
type Past struct {
	ID           int64            `json:"run_id"`
	First        time.Time        `json:"first_day"` // UTC
	End          time.Time        `json:"end_day"`   // first day after it
	Deleted      map[string]int64 `json:"deleted"`   // rows, by table
	Held         int64            `json:"held"`      // records that stayed
	Certificates int              `json:"certificates"`
	Notice       int64            `json:"notice_id"` // that announced it
	By           string           `json:"run_by"`    // account of the database
	At           time.Time        `json:"run_at"`
}

// History lists the last deletions, at most limit, the newest first.
func History(ctx context.Context, conn *postgres.Conn, limit int) ([]Past, error) {
	rows, err := conn.Query(ctx, `SELECT run_id, first_day, end_day, deleted, held, certificates, notice_id, run_by, run_at FROM calltrail.retention_run ORDER BY run_id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, postgres.Wrap("list the deletions", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Past, err error) {
		err = row.Scan(&p.ID, &p.First, &p.End, &p.Deleted, &p.Held, &p.Certificates, &p.Notice, &p.By, &p.At)
		return p, err
	})
	return list, postgres.Wrap("list the deletions", err)
}
