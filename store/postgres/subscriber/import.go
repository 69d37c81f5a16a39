package subscriber

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// File is a file to be imported.
type File struct {
	Name string // without its folder; it is kept
	Data io.Reader
}

// Options say how files are read.
type Options struct {
	Format Format
	// Zone is that of times which name none; nil refuses them.
	Zone *time.Location
}

// Result says what became of a File.
type Result struct {
	File string
	// Known is set when this very file was imported before, at KnownSince as KnownAs: nothing was done.
	Known      bool
	KnownSince time.Time
	KnownAs    string
	// Rows is how many it has, without the header. Of them Ignored tell of no address (Accounting-On, a Start before the address
	// is known).
	Rows, Ignored int64
	// Added is how many rows of calltrail.assignment it made; Superseding of these replace one that was there. The other rows
	// say what others have said already.
	Added, Superseding int64
	// Columns are those that nothing was read from.
	Columns []string
}

// Import reads the files and stores what they say, all or nothing, in one transaction. An error of type *Problems lists all
// lines that are wrong. Imports take turns. The account needs SELECT and INSERT on assignment_import, SELECT on assignments, and
// INSERT on assignment.
func Import(ctx context.Context, c postgres.Config, o Options, files []File) (results []Result, err error) {
	tables, err := readAll(o, files)
	if err != nil {
		return nil, err
	}
	conn, err := postgres.Connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	problems := new(Problems)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('calltrail.assignment', 0))"); err != nil {
			return err
		}
		for _, t := range tables {
			r, err := load(ctx, tx, o.Format, t, problems)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			results = append(results, r)
		}
		return problems.Err()
	})
	if err != nil {
		return nil, wrap("import", err)
	}
	return results, nil
}

// readAll reads the files; every line that is wrong, of any, is in the error.
func readAll(o Options, files []File) ([]*file, error) {
	f := forms[o.Format]
	if f == nil {
		return nil, fmt.Errorf("format %q is not known: radius, dhcp or cgnat is wanted", o.Format)
	}
	problems := new(Problems)
	tables := make([]*file, 0, len(files))
	room := int64(MaxRows)
	for _, file := range files {
		t, err := read(file.Name, file.Data, f, o.Zone, room, problems)
		if err != nil {
			return nil, err
		}
		room -= t.rows
		tables = append(tables, t)
	}
	return tables, problems.Err()
}

// Joined says what Join did.
type Joined struct {
	// Added is how many addresses of records were given an assignment, TakenBack how many had one that holds no more.
	Added, TakenBack int64
}

// Join writes to calltrail.call_subscriber whose each address of the records from the day of since (UTC) on was. Doing it
// again adds nothing. The account needs SELECT on endpoint, assignments and call_subscribers, SELECT and INSERT on call_subscriber.
func Join(ctx context.Context, c postgres.Config, since time.Time) (j Joined, err error) {
	conn, err := postgres.Connect(ctx, c)
	if err != nil {
		return j, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = conn.QueryRow(ctx, "SELECT added, taken_back FROM calltrail.join_subscribers($1::date)", since.UTC().Format(time.DateOnly)).Scan(&j.Added, &j.TakenBack)
	return j, wrap("join", err)
}
