package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/numbering"
)

// runNumberingImport imports a file and says what became of it.
func runNumberingImport(cmd *cobra.Command, o numbering.Options, path string) error {
	pg, err := numberingDatabase(cmd)
	if err != nil {
		return err
	}
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	r, err := numbering.Import(cmd.Context(), pg, o, numbering.File{Name: filepath.Base(path), Data: f})
	if err != nil {
		return err
	}
	out, name := cmd.OutOrStdout(), print.Visible(filepath.Base(path))
	if r.Known {
		_, err = fmt.Fprintf(out, "%s: nothing added: imported already at %s as %s of %s\n", name, r.KnownSince.UTC().Format(time.RFC3339), print.Visible(r.KnownAs), r.KnownDated)
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %d rows read, %d numbers and blocks added, of %s by %s\n", name, r.Rows, r.Added, o.Dated, print.Visible(o.Source))
	if err == nil && len(r.Columns) > 0 {
		_, err = fmt.Fprintf(out, "%s: columns left out: %s\n", name, print.Visible(strings.Join(r.Columns, ", ")))
	}
	return err
}

// runNumberingStatus lists the imports.
func runNumberingStatus(cmd *cobra.Command, asJSON bool) error {
	pg, err := numberingDatabase(cmd)
	if err != nil {
		return err
	}
	list, err := numbering.Status(cmd.Context(), pg)
	if err != nil {
		return err
	}
	if asJSON {
		if list == nil {
			list = []numbering.Imported{}
		}
		return writeJSON(cmd.OutOrStdout(), list)
	}
	if len(list) == 0 {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "No table was imported: calltrail numbering import adds one.")
		return err
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "KIND\tSOURCE\tDATED\tAGE\tSTATE\tROWS\tFILE\tIMPORTED\tBY\tSHA-256") // kept until Flush, which has the error
	for _, i := range list {
		state := "replaced"
		switch {
		case i.Days < 0:
			state = "to come"
		case i.Holds && i.Changes:
			state = "holds, changes"
		case i.Holds:
			state = "holds"
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%d days\t%s\t%d\t%s\t%s\t%s\t%s\n", i.Kind, print.Visible(i.Source), i.Dated, i.Days, state, i.Rows, print.Visible(i.File),
			moment(i.ImportedAt), print.Visible(i.ImportedBy), i.SHA256)
	}
	return out.Flush()
}

// numberingAnswer is what lookup --json prints.
type numberingAnswer struct {
	Number string                   `json:"number"`
	At     time.Time                `json:"at"`
	Tables []numbering.Registration `json:"tables"`
}

// runNumberingLookup shows what the tables say of a number; the zero time is now.
func runNumberingLookup(cmd *cobra.Command, number string, at time.Time, asJSON bool) error {
	pg, err := numberingDatabase(cmd)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = time.Now()
	}
	a := numberingAnswer{number, at.UTC().Truncate(time.Second), []numbering.Registration{}}
	list, err := numbering.Lookup(cmd.Context(), pg, a.Number, a.At)
	if err != nil {
		return err
	}
	a.Tables = append(a.Tables, list...)
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), a)
	}
	_, err = io.WriteString(cmd.OutOrStdout(), a.text())
	return err
}

// text is the answer for people: a paragraph for each table.
func (a *numberingAnswer) text() string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s at %s\n", a.Number, moment(a.At)) // a Builder never fails
	if len(a.Tables) == 0 {
		b.WriteString("no imported table says anything of it\n")
	}
	for _, g := range a.Tables {
		_, _ = fmt.Fprintf(&b, "\n%s table of %s, %s\n", g.Kind, g.Dated, print.Visible(g.Source))
		geoRow(&b, "place", strings.Join(nonEmpty(g.City, g.State, g.Circle, g.Country), ", "))
		carrier := "operator"
		if g.Kind == numbering.Range {
			carrier = "allotted to"
		}
		geoRow(&b, carrier, g.Carrier)
		geoRow(&b, "subscriber", g.Subscriber)
		switch {
		case g.First != "":
			geoRow(&b, "range", g.First+" to "+g.Last)
		case g.Matched != a.Number:
			geoRow(&b, "range", g.Matched+"…")
		}
		if !g.From.IsZero() {
			geoRow(&b, "from", moment(g.From))
		}
		if !g.Until.IsZero() {
			geoRow(&b, "until", moment(g.Until))
		}
		geoRow(&b, "file", fmt.Sprintf("%s, line %d, imported %s", g.File, g.Line, moment(g.ImportedAt)))
		geoRow(&b, "remark", g.Remark)
	}
	return b.String()
}

func numberingDatabase(cmd *cobra.Command) (postgres.Config, error) {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return postgres.Config{}, err
	}
	if cfg.Postgres.DSN == "" {
		return postgres.Config{}, errors.New("no database is named: set postgres.dsn")
	}
	return postgresConfig(cfg, log)
}
