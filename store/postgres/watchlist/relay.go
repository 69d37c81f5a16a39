package watchlist

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"calltrail/store/postgres"
)

// Relay publishes the alerts of watchlists from their queue in the database. It is a loop beside the store, which never waits
// for it: a broker that is away makes the queue longer, and nothing else.
type Relay struct {
	// Postgres is where the queue is. The Relay has a connection of its own.
	Postgres postgres.Config
	// Values adds what was found and when to the alerts, which are personal data.
	Values bool
	// Send publishes alerts in their order; nil means that they are safe there. After an error the same are sent again.
	Send func(ctx context.Context, alerts []Alert) error
	// Every is the wait after the queue was found empty. 0 means 1 s.
	Every  time.Duration
	Logger zerolog.Logger
}

// longestWait bounds the pause after failures, which begins at Every and doubles.
const longestWait = 30 * time.Second

// Run publishes until ctx ends. Its failures are written to the log, with pauses between them; none ends it.
func (r *Relay) Run(ctx context.Context) {
	var conn *pgx.Conn
	defer func() { r.hangUp(ctx, conn) }()
	every := r.Every
	if every == 0 {
		every = time.Second
	}
	wait := every
	for failures := 0; ctx.Err() == nil; {
		n, err := 0, error(nil)
		if conn == nil {
			conn, err = r.begin(ctx)
		}
		if err == nil {
			n, err = publish(ctx, conn, r.Values, r.Send)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			// An outage of days is a line at its beginning and ever fewer after it.
			if failures++; failures&(failures-1) == 0 {
				r.Logger.Warn().Int("failures", failures).Err(err).Msg("alerts of watchlists wait, trying again")
			}
			r.hangUp(ctx, conn)
			conn, wait = nil, min(2*wait, longestWait)
		case failures > 0:
			r.Logger.Info().Int("failures", failures).Msg("alerts of watchlists are published again")
			failures, wait = 0, every
		}
		if err == nil && n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// begin connects and has hits queued from now on.
func (r *Relay) begin(ctx context.Context) (*pgx.Conn, error) {
	conn, err := postgres.Connect(ctx, r.Postgres)
	if err != nil {
		return nil, err
	}
	if _, err := SetAlerts(ctx, conn, true); err != nil {
		r.hangUp(ctx, conn)
		return nil, err
	}
	return conn, nil
}

func (r *Relay) hangUp(ctx context.Context, conn *pgx.Conn) {
	if conn != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // what was published is committed, or is published again
	}
}
