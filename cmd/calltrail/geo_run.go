package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cdr/geo"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
)

// oldAfter is the age from which a database is old.
const oldAfter = 60 * 24 * time.Hour

// geoConfig is the part of the configuration that cdr/geo knows.
func geoConfig(cfg *config.Config) geo.Config {
	return geo.Config{
		City: cfg.Geo.City, ASN: cfg.Geo.ASN, Anonymiser: cfg.Geo.Anonymiser, Networks: cfg.Geo.Networks, Cells: cfg.Geo.Cells,
		AccessLines: cfg.Geo.AccessLines,
	}
}

// geoFile is what status says of one database: as JSON these members.
type geoFile struct {
	Path        string     `json:"path"`
	Kind        string     `json:"kind,omitempty"` // city, asn, anonymiser, cells, access_lines; of a configured one what it is configured as
	Type        string     `json:"type,omitempty"`
	Description string     `json:"description,omitempty"`
	Built       *time.Time `json:"built,omitempty"`
	AgeDays     *int       `json:"age_days,omitempty"`
	IPVersion   int        `json:"ip_version,omitempty"`
	Networks    int        `json:"networks,omitempty"`
	Rows        int        `json:"rows,omitempty"` // of a list
	Size        int64      `json:"size,omitempty"` // octets
	SHA256      string     `json:"sha256,omitempty"`
	Alert       string     `json:"alert,omitempty"`
}

// runGeoStatus prints what the databases are. An alert is the last line of its database and status 1.
func runGeoStatus(cmd *cobra.Command, paths []string, asJSON bool) error {
	var files []geoFile
	if len(paths) > 0 {
		for _, path := range paths {
			files = append(files, geoFile{Path: path})
		}
	} else {
		cfg, err := loadConfig(cmd)
		if err != nil {
			return err
		}
		if files = configuredDatabases(geoConfig(cfg)); len(files) == 0 {
			return errors.New("no database is configured: set geo.city and geo.asn, or name a FILE")
		}
	}
	now, alert := time.Now(), false
	for i := range files {
		files[i].inspect(now)
		alert = alert || files[i].Alert != ""
	}
	if err := writeGeoStatus(cmd.OutOrStdout(), files, asJSON); err != nil {
		return err
	}
	if alert {
		return errReported
	}
	return nil
}

// configuredDatabases are the databases that cfg names.
func configuredDatabases(cfg geo.Config) (files []geoFile) {
	for _, f := range []geoFile{
		{Path: cfg.City, Kind: geo.KindCity.String()},
		{Path: cfg.ASN, Kind: geo.KindASN.String()},
		{Path: cfg.Anonymiser, Kind: geo.KindAnonymiser.String()},
		{Path: cfg.Cells, Kind: geo.KindCells.String()},
		{Path: cfg.AccessLines, Kind: geo.KindLines.String()},
	} {
		if f.Path != "" {
			files = append(files, f)
		}
	}
	return files
}

// inspect fills in what the file is.
func (f *geoFile) inspect(now time.Time) {
	is, err := geo.Inspect(f.Path)
	if err != nil {
		f.Alert = err.Error()
		return
	}
	age := int(now.Sub(is.Built) / (24 * time.Hour))
	want, list := f.Kind, is.Type == geo.ListType
	f.Kind, f.Type, f.Description = is.Kind.String(), is.Type, is.Description
	if !is.Built.IsZero() {
		f.Built, f.AgeDays = &is.Built, &age
	}
	f.IPVersion, f.Networks, f.Size, f.SHA256 = is.IPVersion, is.Networks, is.Size, is.SHA256
	if list {
		f.Networks, f.Rows = 0, is.Networks
	}
	switch {
	case want != "" && want != f.Kind:
		f.Alert = fmt.Sprintf("configured as geo.%s, but it is a database of kind %s: correct the configuration", want, f.Kind)
	case list: // cells and lines stay where they are
	case now.Sub(is.Built) >= oldAfter:
		f.Alert = fmt.Sprintf("built %s; addresses have changed hands since: import a new one", daysAgo(age))
	case is.Built.After(now):
		f.Alert = "built in the future, by the clock of this host: set the clock"
	}
}

func writeGeoStatus(w io.Writer, files []geoFile, asJSON bool) error {
	if asJSON {
		return writeJSON(w, struct {
			Databases []geoFile `json:"databases"`
		}{files})
	}
	var b strings.Builder
	for i, f := range files {
		if i > 0 {
			b.WriteByte('\n')
		}
		geoRow(&b, "file", f.Path)
		if f.Type != "" {
			geoRow(&b, "kind", f.Kind)
			geoRow(&b, "type", f.Type)
			geoRow(&b, "description", f.Description)
			f.content(&b)
			geoRow(&b, "size", fmt.Sprintf("%d octets", f.Size))
			geoRow(&b, "SHA-256", f.SHA256)
		}
		geoRow(&b, "ALERT", f.Alert)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// content is how much a file holds and of when.
func (f *geoFile) content(b *strings.Builder) {
	switch {
	case f.Type == geo.ListType && f.Built != nil:
		geoRow(b, "newest row", f.Built.Format(time.DateOnly)+", "+daysAgo(*f.AgeDays))
	case f.Built != nil:
		geoRow(b, "built", f.Built.Format("2006-01-02 15:04 UTC")+", "+daysAgo(*f.AgeDays))
	}
	if f.Type == geo.ListType {
		geoRow(b, "rows", strconv.Itoa(f.Rows))
		return
	}
	geoRow(b, "networks", fmt.Sprintf("%d, %s", f.Networks, ipVersions(f.IPVersion)))
}

func daysAgo(n int) string {
	if n == 1 {
		return "1 day ago"
	}
	return fmt.Sprintf("%d days ago", n)
}

func ipVersions(ip int) string {
	if ip == 4 {
		return "IPv4 only"
	}
	return "IPv4 and IPv6"
}

// geoRow writes a name and what it is, if it is anything.
func geoRow(b *strings.Builder, name, value string) {
	if value != "" {
		_, _ = fmt.Fprintf(b, "%-12s %s\n", name, print.Visible(value)) // a Builder never fails
	}
}

func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// maxSums is the most a file of checksums may hold.
const maxSums = 1 << 20

// runGeoImport puts a database in place and says what it is.
func runGeoImport(cmd *cobra.Command, path, sums string, o geo.ImportOptions) error {
	if sums != "" {
		text, err := readSums(sums)
		if err != nil {
			return err
		}
		if o.SHA256, err = geo.ParseSums(text, filepath.Base(path)); err != nil {
			return fmt.Errorf("--sha256-file %s: %w", sums, err)
		}
	}
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	got, err := geo.Import(path, geoConfig(cfg), o)
	if err != nil {
		return err
	}
	did := "imported"
	switch {
	case got.Same:
		did = "there already"
	case got.Damaged:
		did = "imported, over a file that could not be read"
	case got.Before.Path != "":
		did = "imported, over another"
		if !got.Before.Built.IsZero() {
			did = "imported, over one built on " + got.Before.Built.Format(time.DateOnly)
		}
	}
	checked := got.SHA256 + ", as it should be"
	if o.SHA256 == "" {
		checked = got.SHA256 + ", not compared with anything"
	}
	var b strings.Builder
	geoRow(&b, "file", got.Path)
	if got.Type == geo.ListType {
		geoRow(&b, "kind", got.Kind.String())
		geoRow(&b, "rows", strconv.Itoa(got.Networks))
	} else {
		geoRow(&b, "type", got.Type)
		geoRow(&b, "built", got.Built.Format("2006-01-02 15:04 UTC"))
		geoRow(&b, "networks", fmt.Sprintf("%d, %s", got.Networks, ipVersions(got.IPVersion)))
	}
	geoRow(&b, "SHA-256", checked)
	geoRow(&b, "done", did)
	_, err = io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}

func readSums(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("--sha256-file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSums {
		return "", fmt.Errorf("--sha256-file %s: it is no regular file of at most %d octets", path, maxSums)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator's choice
	if err != nil {
		return "", fmt.Errorf("--sha256-file: %w", err)
	}
	return string(text), nil
}
