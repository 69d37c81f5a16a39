package subscriber

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/postgres"
)

// Live stores what sources say while they say it. One goroutine uses it. It connects when it has something to store, and again
// after an error.
type Live struct {
	cfg  postgres.Config
	conn *pgx.Conn
}

// Stored says what became of events.
type Stored struct {
	// Added is how many rows of calltrail.assignment they made; Superseding of these replace one that was there. Events that say
	// what is known make none.
	Added, Superseding int64
}

// NewLive makes a Live of the database that c names. It does not connect yet.
func NewLive(c postgres.Config) *Live { return &Live{cfg: c} }

// Close ends the connection.
func (l *Live) Close(ctx context.Context) error {
	if l.conn == nil {
		return nil
	}
	conn := l.conn
	l.conn = nil
	return conn.Close(ctx)
}

// refusedError is an error of the rows themselves.
type refusedError struct{ error }

// Unstorable says that Postgres refuses the rows themselves, so that the same events will be refused again.
func Unstorable(err error) bool {
	_, ok := errors.AsType[refusedError](err)
	return ok
}

// Store keeps what the events say, all or nothing, in one transaction. After an error it is not known whether they were kept: the
// same events again add nothing that is there. It takes turns with imports. The account needs SELECT on assignments, and INSERT on
// assignment and assignment_receipt. Events must pass Check.
func (l *Live) Store(ctx context.Context, events []Event) (s Stored, err error) {
	if l.conn == nil || l.conn.IsClosed() {
		if l.conn, err = postgres.Connect(ctx, l.cfg); err != nil {
			return s, err
		}
	}
	err = pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('calltrail.assignment', 0))"); err != nil {
			return err
		}
		s, err = storeLive(ctx, tx, events)
		return err
	})
	if err != nil {
		pg, answered := errors.AsType[*pgconn.PgError](err)
		err = wrap("store assignments", err)
		if answered && len(pg.Code) == 5 && (pg.Code[:2] == "22" || pg.Code[:2] == "23") { // data exception, constraint violation
			return Stored{}, refusedError{err}
		}
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = l.Close(closing) // the error before it says what happened
		return Stored{}, err
	}
	return s, nil
}

// storeLive folds the events into what is stored, then ends the sessions that are over: one by one, and those of access servers that began anew.
func storeLive(ctx context.Context, tx pgx.Tx, events []Event) (s Stored, err error) {
	var sessions []*event
	for i := range events {
		if events[i].Kind != Restart && events[i].Kind != Closed {
			sessions = append(sessions, events[i].internal(i+1))
		}
	}
	stored, err := readStored(ctx, tx, sessions)
	if err != nil {
		return s, err
	}
	byKey := map[key][]*event{}
	var keys []key
	for _, e := range sessions {
		if byKey[e.key()] == nil {
			keys = append(keys, e.key())
		}
		byKey[e.key()] = append(byKey[e.key()], e)
	}
	var rows []assignment
	for _, k := range keys {
		if list := byKey[k]; events[list[0].line-1].Via == ByRADIUS {
			rows = append(rows, foldRADIUS(stored[k], list)...)
		} else {
			rows = append(rows, foldNAT(stored[k], list)...)
		}
	}
	if s, err = copyLive(ctx, tx, rows, events); err != nil {
		return s, err
	}
	for i := range events {
		var names []string
		switch events[i].Kind {
		case Restart:
			names, err = ofServer(ctx, tx, &events[i])
		case Closed:
			names = []string{events[i].Session}
		case Began, Alive, Ended:
			continue
		}
		if err != nil {
			return s, err
		}
		ended, err := endSessions(ctx, tx, names, &events[i], i+1)
		if err != nil {
			return s, err
		}
		more, err := copyLive(ctx, tx, ended, events)
		if err != nil {
			return s, err
		}
		s.Added, s.Superseding = s.Added+more.Added, s.Superseding+more.Superseding
	}
	return s, nil
}

// ofServer names the open sessions of the access server that began anew: those that were not heard of since.
func ofServer(ctx context.Context, tx pgx.Tx, e *Event) ([]string, error) {
	// Names of sessions that begin with this one's, and end in the separator: the next octet is behind all of them.
	behind := e.Session[:len(e.Session)-1] + string(rune(e.Session[len(e.Session)-1]+1))
	rows, err := tx.Query(ctx, `SELECT session FROM calltrail.assignments
		 WHERE source = 'radius' AND upper_inf(during) AND session ~>=~ $1 AND session ~<~ $2 AND lower(during) < $3 AND last_seen_at <= $3`, e.Session, behind, e.At)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// endSessions ends what is open of sessions. One that was heard of after the event goes on, unless the event is its own Stop.
func endSessions(ctx context.Context, tx pgx.Tx, names []string, e *Event, line int) ([]assignment, error) {
	events := make([]*event, 0, len(names))
	for _, name := range names {
		events = append(events, &event{assignment: assignment{session: name}})
	}
	stored, err := readStored(ctx, tx, events)
	if err != nil {
		return nil, err
	}
	var list []assignment
	for _, open := range stored {
		for _, a := range open {
			if !a.open() || !a.from.Before(e.At) || e.Kind == Restart && a.lastSeen.After(e.At) {
				continue
			}
			a.supersedes, a.until, a.line = a.id, e.At.UTC().Truncate(time.Microsecond), line
			a.lastSeen = a.until
			a.identify()
			list = append(list, a)
		}
	}
	return list, nil
}

// copyLive writes rows, each with its receipt.
func copyLive(ctx context.Context, tx pgx.Tx, rows []assignment, events []Event) (s Stored, err error) {
	if len(rows) == 0 {
		return s, nil
	}
	_, err = postgres.CopyInto(ctx, tx, "assignment", []string{
		"assignment_id", "lineage", "supersedes", "address", "ports", "during", "start_seen", "last_seen_at", "inside_address", "inside_port",
		"subscriber", "line", "mac", "client", "session", "source",
	}, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
		source := CGNAT
		if events[rows[i].line-1].Via == ByRADIUS {
			source = RADIUS
		}
		values, err := rows[i].values(source, 0)
		if err != nil {
			return nil, err
		}
		return values[:16], nil // neither import_id nor file_line
	}))
	if err != nil {
		return s, fmt.Errorf("copy assignments: %w", err)
	}
	_, err = postgres.CopyInto(ctx, tx, "assignment_receipt", []string{"assignment_id", "via", "sender", "received_at"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			e := &events[rows[i].line-1]
			return []any{rows[i].id, string(e.Via), host(e.Sender.Unmap().WithZone("")), e.Received}, nil
		}))
	if err != nil {
		return s, fmt.Errorf("copy receipts: %w", err)
	}
	s.Added = int64(len(rows))
	for i := range rows {
		if rows[i].supersedes != uuid.Nil {
			s.Superseding++
		}
	}
	return s, nil
}
