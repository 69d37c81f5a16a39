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
	return nil
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
