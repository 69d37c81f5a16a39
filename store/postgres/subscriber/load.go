package subscriber

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"calltrail/store/postgres"
	"calltrail/store/table"
)

// load stores what a file says, within the transaction of the import:
//
//	look whether this very file is there
//	read the rows that hold for the sessions it tells of
//	fold its events into them
//	note the import, and COPY the new rows
func load(ctx context.Context, tx pgx.Tx, format Format, t *file, problems *Problems) (Result, error) {
	r := Result{File: t.name, Rows: t.rows, Ignored: t.ignored, Columns: t.unknown}
	err := tx.QueryRow(ctx, "SELECT imported_at, file FROM calltrail.assignment_import WHERE sha256 = $1 AND format = $2", t.sha256[:], string(format)).
		Scan(&r.KnownSince, &r.KnownAs)
	if err == nil {
		r.Known = true
		return r, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return r, err
	}
	stored, err := readStored(ctx, tx, t.events)
	if err != nil {
		return r, err
	}
	list := foldAll(stored, t, problems)
	if problems.Err() != nil {
		return r, nil // Import has them
	}
	r.Added = int64(len(list))
	for i := range list {
		if list[i].supersedes != uuid.Nil {
			r.Superseding++
		}
	}
	var id int64
	err = tx.QueryRow(ctx, `INSERT INTO calltrail.assignment_import (sha256, format, file, octets, rows_read, added)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING import_id`, t.sha256[:], string(format), t.name, t.octets, t.rows, r.Added).Scan(&id)
	if err != nil {
		return r, err
	}
	_, err = postgres.CopyInto(ctx, tx, "assignment", []string{
		"assignment_id", "lineage", "supersedes", "address", "ports", "during", "start_seen", "last_seen_at", "inside_address", "inside_port",
		"subscriber", "line", "mac", "client", "session", "source", "import_id", "file_line",
	}, pgx.CopyFromSlice(len(list), func(i int) ([]any, error) { return list[i].values(format, id) }))
	return r, err
}

// foldAll folds the events of a file into what is stored, in the order of its lines.
func foldAll(stored map[key][]assignment, t *file, problems *Problems) []assignment {
	byKey := map[key][]*event{}
	var keys []key // in the order of the file, so that the same file gives the same rows in the same order
	for _, e := range t.events {
		k := e.key()
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], e)
	}
	var list []assignment
	var bad []table.Problem
	for _, k := range keys {
		list = append(list, fold(stored[k], byKey[k], func(line int, reason string) {
			bad = append(bad, table.Problem{File: t.name, Line: line, Reason: reason})
		})...)
	}
	slices.SortStableFunc(bad, func(a, b table.Problem) int { return a.Line - b.Line })
	for _, b := range slices.CompactFunc(bad, func(a, b table.Problem) bool { return a == b }) { // a line may tell of several addresses
		problems.Add(b.File, b.Line, b.Reason)
	}
	return list
}

// sessionsAtOnce bounds one question for stored sessions.
const sessionsAtOnce = 10_000

// readStored reads the rows that hold for the sessions of the events.
func readStored(ctx context.Context, tx pgx.Tx, events []*event) (map[key][]assignment, error) {
	seen := map[string]bool{}
	var names []string
	for _, e := range events {
		if !seen[e.session] {
			seen[e.session] = true
			names = append(names, e.session)
		}
	}
	stored := map[key][]assignment{}
	for part := range slices.Chunk(names, sessionsAtOnce) {
		rows, err := tx.Query(ctx, `SELECT assignment_id, lineage, address, lower(ports), upper(ports) - 1, lower(during), upper(during), start_seen, last_seen_at,
			       inside_address, coalesce(inside_port, 0), coalesce(subscriber, ''), coalesce(line, ''), coalesce(mac::text, ''), coalesce(client, ''), session, coalesce(file_line, 0)
			  FROM calltrail.assignments WHERE session = ANY($1) ORDER BY lower(during), imported_at, assignment_id`, part)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var a assignment
			var first, last *int
			var until *time.Time
			var inside *netip.Addr
			if err := rows.Scan(&a.id, &a.lineage, &a.address, &first, &last, &a.from, &until, &a.startSeen, &a.lastSeen,
				&inside, &a.insidePort, &a.subscriber, &a.circuit, &a.mac, &a.client, &a.session, &a.line); err != nil {
				return nil, err
			}
			if first != nil && last != nil {
				a.ports = ports{true, *first, *last}
			}
			if until != nil {
				a.until = *until
			}
			if inside != nil {
				a.inside = *inside
			}
			stored[a.key()] = append(stored[a.key()], a)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// values are the columns of load's COPY.
func (a *assignment) values(format Format, id int64) ([]any, error) {
	during := pgtype.Range[pgtype.Timestamptz]{
		Lower: pgtype.Timestamptz{Time: a.from, Valid: true}, LowerType: pgtype.Inclusive, UpperType: pgtype.Unbounded, Valid: true,
	}
	if !a.open() {
		during.Upper, during.UpperType = pgtype.Timestamptz{Time: a.until, Valid: true}, pgtype.Exclusive
	}
	var span, inside, supersedes, insidePort, hw any
	if a.ports.some {
		span = pgtype.Range[pgtype.Int4]{
			Lower: pgtype.Int4{Int32: int32(a.ports.first), Valid: true}, LowerType: pgtype.Inclusive, //nolint:gosec // a port
			Upper: pgtype.Int4{Int32: int32(a.ports.last) + 1, Valid: true}, UpperType: pgtype.Exclusive, Valid: true, //nolint:gosec // a port
		}
	}
	if a.inside.IsValid() {
		inside = host(a.inside)
	}
	if a.insidePort != 0 {
		insidePort = int32(a.insidePort) //nolint:gosec // a port
	}
	if a.supersedes != uuid.Nil {
		supersedes = a.supersedes
	}
	if a.mac != "" {
		address, err := net.ParseMAC(a.mac)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", a.line, err)
		}
		hw = address
	}
	return []any{
		a.id, a.lineage, supersedes, a.address, span, during, a.startSeen, a.lastSeen, inside, insidePort,
		known(a.subscriber), known(a.circuit), hw, known(a.client), a.session, string(format), id, int32(a.line), //nolint:gosec // at most MaxOctets
	}, nil
}

// known is NULL for "".
func known(s string) any {
	if s == "" {
		return nil
	}
	return s
}
