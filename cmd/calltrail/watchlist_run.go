package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cdr/number"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/watchlist"
)

// runWatchlistImport adds a file's entries, all or none.
func runWatchlistImport(cmd *cobra.Command, o watchlistOptions) error {
	cfg, pg, err := watchlistSettings(cmd)
	if err != nil {
		return err
	}
	numbers, err := readNumbers(cfg)
	if err != nil {
		return err
	}
	in, name := cmd.InOrStdin(), "standard input"
	if o.file != "-" {
		file, err := os.Open(o.file)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // only read
		in, name = file, o.file
	}
	entries, err := watchlist.Read(in, watchlist.Format(o.format), o.list, numbers)
	if err != nil {
		return fmt.Errorf("%s:\n%w", name, err)
	}
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	c, err := watchlist.Add(cmd.Context(), conn, entries, o.by)
	if err != nil {
		return err
	}
	return writeChange(cmd.OutOrStdout(), c)
}

// runWatchlistExport writes the entries that are on lists.
func runWatchlistExport(cmd *cobra.Command, o watchlistOptions) error {
	list, err := listed(cmd, watchlist.Query{List: o.list})
	if err != nil {
		return err
	}
	return watchlist.Write(cmd.OutOrStdout(), watchlist.Format(o.format), list)
}

// runWatchlistAdd adds one entry.
func runWatchlistAdd(cmd *cobra.Command, o watchlistOptions) error {
	cfg, pg, err := watchlistSettings(cmd)
	if err != nil {
		return err
	}
	e, err := o.asEntry(cfg)
	if err != nil {
		return err
	}
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	c, err := watchlist.Add(cmd.Context(), conn, []watchlist.Entry{e}, o.by)
	if err != nil {
		return err
	}
	if c.Added == 0 {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "entry %d is on list %s already; nothing was changed\n", c.Entries[0], e.List)
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "entry %d\n", c.Entries[0])
	return cmp.Or(err, writeChange(cmd.OutOrStdout(), c))
}

// runWatchlistRemove removes one entry.
func runWatchlistRemove(cmd *cobra.Command, o watchlistOptions) error {
	cfg, pg, err := watchlistSettings(cmd)
	if err != nil {
		return err
	}
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	if o.entry == 0 {
		reason := o.reason
		o.source = "-" // an entry is found by list, kind and value
		e, err := o.asEntry(cfg)
		if err != nil {
			return err
		}
		if o.entry, err = watchlist.Find(cmd.Context(), conn, e); err != nil {
			return notListed(err)
		}
		o.reason = reason
	}
	c, err := watchlist.Remove(cmd.Context(), conn, o.entry, o.by, o.reason)
	if err != nil {
		return notListed(err)
	}
	return writeChange(cmd.OutOrStdout(), c)
}

func notListed(err error) error {
	if errors.Is(err, watchlist.ErrNotListed) {
		return fmt.Errorf("%w: calltrail watchlist list shows what is", err)
	}
	return err
}

// runWatchlistList shows entries as a table.
func runWatchlistList(cmd *cobra.Command, o watchlistOptions) error {
	list, err := listed(cmd, watchlist.Query{List: o.list, Removed: o.all})
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "ENTRY\tLIST\tKIND\tVALUE\tFOUND\tFROM\tUNTIL\tSOURCE\tCASE\tADDED\tREMOVED") // Flush has the error
	for _, l := range list {
		removed := "-"
		if !l.RemovedAt.IsZero() {
			removed = moment(l.RemovedAt) + " by " + l.RemovedBy + ": " + l.RemovedReason
		}
		_, _ = fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s by %s\t%s\n", l.ID, l.List, l.Kind, print.Visible(l.Value), l.Hits,
			moment(l.From), moment(l.Until), print.Visible(l.Source), print.Visible(cmp.Or(l.Case, "-")), moment(l.AddedAt), print.Visible(l.AddedBy), print.Visible(removed))
	}
	return out.Flush()
}

// runWatchlistMatch searches what is stored, and says after each span of days how far it is.
func runWatchlistMatch(cmd *cobra.Command, o watchlistOptions) error {
	_, pg, err := watchlistSettings(cmd)
	if err != nil {
		return err
	}
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	began, told := time.Now(), time.Now()
	job, err := watchlist.Match(cmd.Context(), conn, watchlist.Scope{List: o.list, Entry: o.entry}, o.by, func(j watchlist.Job) {
		if time.Since(told) < time.Second {
			return
		}
		told = time.Now()
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "back to %s: %d of %d spans of days, %d new hits\n", j.From.Format(time.DateOnly), j.Done, j.Spans, j.Hits) // progress only
	})
	if err != nil {
		if job.ID != 0 {
			return fmt.Errorf("%w; the same command goes on where job %d was", err, job.ID)
		}
		return notListed(err)
	}
	resumed := ""
	if job.Resumed {
		resumed = ", begun before"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "job %d%s: %d entries in %d spans of days, %d new hits, %.1f s\n",
		job.ID, resumed, job.Entries, job.Done, job.Hits, time.Since(began).Seconds())
	return err
}

// watchlistSettings reads the configuration and what it says of the database.
func watchlistSettings(cmd *cobra.Command) (*config.Config, postgres.Config, error) {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return nil, postgres.Config{}, err
	}
	pg, err := postgresConfig(cfg, log)
	return cfg, pg, err
}

func listed(cmd *cobra.Command, q watchlist.Query) ([]watchlist.Listed, error) {
	_, pg, err := watchlistSettings(cmd)
	if err != nil {
		return nil, err
	}
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // only read
	return watchlist.List(cmd.Context(), conn, q)
}

// asEntry is what the command line says, normalised; what is wrong with it is a mistake on the command line.
func (o *watchlistOptions) asEntry(cfg *config.Config) (watchlist.Entry, error) {
	numbers, err := readNumbers(cfg)
	if err != nil {
		return watchlist.Entry{}, err
	}
	e := watchlist.Entry{List: o.list, Kind: watchlist.Kind(o.kind), Value: o.value, Source: o.source, Case: o.ref, Reason: o.reason}
	if e.From, err = watchlist.ParseTime(o.from); err != nil {
		return e, usagef("--from: %w", err)
	}
	if e.Until, err = watchlist.ParseTime(o.until); err != nil {
		return e, usagef("--until: %w", err)
	}
	if e, err = e.Normalise(numbers); err != nil {
		return e, usagef("--%w", err)
	}
	return e, nil
}

// readNumbers reads telephone numbers in the numbering plan of home.region. Digits that are a number only when a "+" is
// thought before them are refused: whoever writes a list can write the sign.
func readNumbers(cfg *config.Config) (watchlist.Numbers, error) {
	book, err := number.New(number.Config{DefaultRegion: cfg.Home.Region, RequirePlus: true})
	if err != nil {
		return nil, err
	}
	return func(written string) (string, bool) {
		info := book.Lookup([]byte(written))
		return info.E164, info.Valid
	}, nil
}

func writeChange(w io.Writer, c watchlist.Change) error {
	_, err := fmt.Fprintf(w, "%d added, %d removed, %d there already\n", c.Added, c.Removed, c.Already)
	for _, list := range slices.Sorted(maps.Keys(c.Versions)) {
		if err == nil {
			_, err = fmt.Fprintf(w, "list %s is at version %d\n", list, c.Versions[list])
		}
	}
	if err == nil && c.Added > 0 {
		_, err = fmt.Fprintln(w, "New records are compared from now on; calltrail watchlist match looks in those that are stored.")
	}
	return err
}

// moment is a time in UTC to the second, "-" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
