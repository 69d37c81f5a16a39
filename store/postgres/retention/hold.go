package retention

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Hold is a legal hold: what it names is not deleted, whatever its age.
type Hold struct {
	ID       int64      `json:"hold_id"`
	Case     string     `json:"case_ref"`
	Kind     string     `json:"kind"`  // one of Kinds
	Value    string     `json:"value"` // empty of kind window
	From     *time.Time `json:"from_time"`
	To       *time.Time `json:"to_time"` // not included
	Reason   string     `json:"reason"`
	PlacedBy string     `json:"placed_by"`
	PlacedAt time.Time  `json:"placed_at"`
	// Of a hold that was released.
	ReleaseReason string     `json:"release_reason,omitempty"`
	ReleasedBy    string     `json:"released_by,omitempty"`
	ReleasedAt    *time.Time `json:"released_at,omitempty"`
}

// Kinds are what a hold may name.
func Kinds() []string {
	return []string{"number", "number_prefix", "address", "subscriber", "call", "window"}
}

// AddHold places a hold and returns its number.
func AddHold(ctx context.Context, conn *postgres.Conn, h Hold) (id int64, err error) {
	err = conn.QueryRow(ctx, `SELECT calltrail.add_hold($1, $2, nullif($3, ''), $4, $5, $6)`, h.Case, h.Kind, h.Value, h.From, h.To, h.Reason).Scan(&id)
	return id, postgres.Wrap("place the hold", err)
}

// ReleaseHold ends a hold. The next Run deletes what only it held.
func ReleaseHold(ctx context.Context, conn *postgres.Conn, id int64, reason string) error {
	_, err := conn.Exec(ctx, `SELECT calltrail.release_hold($1, $2)`, id, reason)
	return postgres.Wrap("release the hold", err)
}

// Holds lists them in the order of their numbers; all: those that were released, too.
func Holds(ctx context.Context, conn *postgres.Conn, all bool) ([]Hold, error) {
	rows, err := conn.Query(ctx, `SELECT hold_id, case_ref, kind, coalesce(value, ''), from_time, to_time, reason, placed_by, placed_at,
		coalesce(release_reason, ''), coalesce(released_by, ''), released_at FROM calltrail.holds WHERE $1 OR released_at IS NULL ORDER BY hold_id`, all)
	if err != nil {
		return nil, postgres.Wrap("list the holds", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Hold, err error) {
		err = row.Scan(&h.ID, &h.Case, &h.Kind, &h.Value, &h.From, &h.To, &h.Reason, &h.PlacedBy, &h.PlacedAt, &h.ReleaseReason, &h.ReleasedBy, &h.ReleasedAt)
		return h, err
	})
	return list, postgres.Wrap("list the holds", err)
}
