package numbering

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Registration is what one table says of a number at a time: a row of calltrail.registration_of. Empty texts and zero times
// are what it does not say.
type Registration struct {
	Kind       Kind      `json:"kind"`
	Source     string    `json:"source"`
	Dated      string    `json:"dated"` // day of the table
	Carrier    string    `json:"carrier,omitempty"`
	Circle     string    `json:"circle,omitempty"`
	State      string    `json:"state,omitempty"`
	City       string    `json:"city,omitempty"`
	Country    string    `json:"country,omitempty"`
	Subscriber string    `json:"subscriber,omitempty"`
	Matched    string    `json:"matched"`                // number or prefix that answered
	First      string    `json:"first_number,omitempty"` // of a range that was written from–to
	Last       string    `json:"last_number,omitempty"`
	From       time.Time `json:"from,omitzero"`
	Until      time.Time `json:"until,omitzero"` // not included
	File       string    `json:"file"`
	Line       int       `json:"line"` // of the file
	ImportedAt time.Time `json:"imported_at"`
	Remark     string    `json:"remark,omitempty"`
}

// Lookup returns what each source says of a number (E.164) at a time; the zero time is now. At most a few rows; none when no
// table has the number. The account needs SELECT on numbering and numbering_import.
func Lookup(ctx context.Context, c postgres.Config, number string, at time.Time) (list []Registration, err error) {
	conn, err := postgres.Connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, `SELECT kind, source, dated::text, coalesce(carrier, ''), coalesce(circle, ''), coalesce(state, ''), coalesce(city, ''), coalesce(country, ''),
		       coalesce(subscriber, ''), matched, coalesce(first_number, ''), coalesce(last_number, ''), valid_from, valid_until, file, file_line, imported_at, coalesce(remark, '')
		  FROM calltrail.registration_of($1, coalesce($2, now()))`, number, moment(at))
	if err != nil {
		return nil, postgres.Wrap("look a number up", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (g Registration, err error) {
		var from, until *time.Time
		err = row.Scan(&g.Kind, &g.Source, &g.Dated, &g.Carrier, &g.Circle, &g.State, &g.City, &g.Country,
			&g.Subscriber, &g.Matched, &g.First, &g.Last, &from, &until, &g.File, &g.Line, &g.ImportedAt, &g.Remark)
		if from != nil {
			g.From = from.UTC()
		}
		if until != nil {
			g.Until = until.UTC()
		}
		g.ImportedAt = g.ImportedAt.UTC()
		return g, err
	})
	return list, postgres.Wrap("look a number up", err)
}
