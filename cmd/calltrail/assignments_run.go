package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/subscriber"
)

// runAssignmentsImport imports the files and says of each what became of it.
func runAssignmentsImport(cmd *cobra.Command, o subscriber.Options, paths []string) (err error) {
	pg, err := assignmentsDatabase(cmd)
	if err != nil {
		return err
	}
	files := make([]subscriber.File, 0, len(paths))
	for _, path := range paths {
		f, err := os.Open(path) //nolint:gosec // the operator names it
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it was only read
		files = append(files, subscriber.File{Name: filepath.Base(path), Data: f})
	}
	results, err := subscriber.Import(cmd.Context(), pg, o, files)
	if err != nil {
		return err
	}
	for _, r := range results {
		if err := writeImported(cmd.OutOrStdout(), &r); err != nil {
			return err
		}
	}
	return correctCalls(cmd, pg)
}

// runAssignmentsCorrect corrects the stored calls for the assignments that are still due.
func runAssignmentsCorrect(cmd *cobra.Command) error {
	pg, err := assignmentsDatabase(cmd)
	if err != nil {
		return err
	}
	return correctCalls(cmd, pg)
}

// correctCalls takes what is due, and says how far it is at every tenth part.
func correctCalls(cmd *cobra.Command, pg postgres.Config) error {
	tenth := int64(1)
	c, err := subscriber.Correct(cmd.Context(), pg, func(c subscriber.Corrected) {
		if c.Assignments*10 < c.Due*tenth || c.Assignments >= c.Due {
			return
		}
		tenth = c.Assignments*10/c.Due + 1
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "calls corrected for %d of %d assignments\n", c.Assignments, c.Due) // nobody is there to be told
	})
	if err != nil {
		return fmt.Errorf("the assignments are kept, but not all calls are corrected; calltrail assignments correct goes on with it: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "calls corrected for %d assignments: %d addresses joined, %d taken back\n", c.Assignments, c.Added, c.TakenBack)
	return err
}

// writeImported says in a line what became of a file, and in another which columns were left out.
func writeImported(w io.Writer, r *subscriber.Result) error {
	name := print.Visible(r.File)
	if r.Known {
		_, err := fmt.Fprintf(w, "%s: nothing added: imported already at %s as %s\n", name, r.KnownSince.UTC().Format(time.RFC3339), print.Visible(r.KnownAs))
		return err
	}
	_, err := fmt.Fprintf(w, "%s: %d rows read, %d without an address; %d assignments added, %d of them supersede earlier ones\n", name, r.Rows, r.Ignored, r.Added, r.Superseding)
	if err == nil && len(r.Columns) > 0 {
		_, err = fmt.Fprintf(w, "%s: columns left out: %s\n", name, print.Visible(strings.Join(r.Columns, ", ")))
	}
	return err
}

// runAssignmentsJoin joins the imports with the records, and says how many rows that made.
func runAssignmentsJoin(cmd *cobra.Command, since time.Time) error {
	pg, err := assignmentsDatabase(cmd)
	if err != nil {
		return err
	}
	j, err := subscriber.Join(cmd.Context(), pg, since)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "since %s: %d addresses joined, %d taken back\n", since.Format(time.DateOnly), j.Added, j.TakenBack)
	return err
}

func assignmentsDatabase(cmd *cobra.Command) (postgres.Config, error) {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return postgres.Config{}, err
	}
	if cfg.Postgres.DSN == "" {
		return postgres.Config{}, errors.New("no database is named: set postgres.dsn")
	}
	return postgresConfig(cfg, log)
}
