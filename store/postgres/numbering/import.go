package numbering

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Options say what a file is and how it is read.
type Options struct {
	Kind Kind
	// Source is who gave the table out: at most 128 octets. With the Kind it names a series, in which a later table replaces
	// the earlier ones.
	Source string
	// Dated is the day the table is of, as time.DateOnly writes it.
	Dated string
	// Changes is set when the file has not the whole table, only what changed: the other numbers stay as they were.
	Changes bool
	// Zone is that of times which name none, and of Dated; nil refuses those times, and takes Dated for a day in UTC.
	Zone *time.Location
	// Prepend goes before numbers that have no "+": "+91", or "+" when they have their country code. Empty: they are refused.
	Prepend string
}

// File is a file to be imported. It is read twice: once to see whether all of it is right, and again to store it.
type File struct {
	Name string // without its folder; it is kept
	Data io.ReadSeeker
}

// Result says what became of a File.
type Result struct {
	// Known is set when this very file is what the series had last, or was imported with this date before, at KnownSince as
	// KnownAs of the day KnownDated: nothing was done.
	Known      bool
	KnownSince time.Time
	KnownAs    string
	KnownDated string
	Rows       int64    // of the file, without the header
	Added      int64    // rows of calltrail.numbering
	Columns    []string // those that nothing was read from
}

// checked is what the first reading of a file found.
type checked struct {
	sum        [sha256.Size]byte
	octets     int64
	rows, made int64
	unknown    []string
	holdsFrom  time.Time
}

// Import stores what a file says, all or nothing, in one transaction; an error of type *Problems lists the lines that are
// wrong. Imports take turns. The account needs SELECT and INSERT on numbering_import, and INSERT on numbering.
func Import(ctx context.Context, c postgres.Config, o Options, file File) (r Result, err error) {
	found, err := check(o, file)
	if err != nil {
		return r, err
	}
	conn, err := postgres.Connect(ctx, c)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		r, err = load(ctx, tx, o, file, found)
		return err
	})
	if own, ok := errors.AsType[*fileError](err); ok {
		return Result{}, own.err
	}
	if err != nil {
		return Result{}, postgres.Wrap("import "+file.Name, err)
	}
	return r, nil
}

// check reads the file to its end; every line that is wrong is in the error.
func check(o Options, file File) (checked, error) {
	var found checked
	err := o.Check()
	if err != nil {
		return found, err
	}
	if found.holdsFrom, err = o.holdsFrom(); err != nil {
		return found, err
	}
	bad := new(Problems)
	r, err := newReader(file.Name, file.Data, &o, bad)
	if err != nil {
		return found, err
	}
	for err == nil {
		_, err = r.next()
	}
	if !errors.Is(err, io.EOF) {
		return found, err
	}
	found.sum, found.octets, found.rows = r.rows.SHA256(), r.rows.Octets(), r.rows.Rows()
	found.made, found.unknown = r.made, r.unknown
	return found, bad.Err()
}

// Check says what is wrong with the options, in words for who wrote them.
func (o *Options) Check() error {
	if _, ok := forms[o.Kind]; !ok {
		return fmt.Errorf("kind %.64q is not known: subscriber, portability or range is wanted", o.Kind)
	}
	switch {
	case strings.TrimSpace(o.Source) == "":
		return errors.New("the source is not named")
	case len(o.Source) > 128 || !utf8.ValidString(o.Source) || strings.ContainsFunc(o.Source, unicode.IsControl):
		return fmt.Errorf("the source %.64q is longer than 128 octets, or no plain text", o.Source)
	}
	if err := checkPrepend(o.Prepend); err != nil {
		return fmt.Errorf("%.64q cannot go before numbers: %w", o.Prepend, err)
	}
	_, err := o.holdsFrom()
	return err
}

// holdsFrom is the beginning of the day of the table.
func (o *Options) holdsFrom() (time.Time, error) {
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation(time.DateOnly, o.Dated, zone)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return t, fmt.Errorf("%.64q is no day; write it like 2026-11-01", o.Dated)
	}
	return t.UTC(), nil
}
