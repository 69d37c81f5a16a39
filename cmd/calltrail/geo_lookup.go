package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cdr/geo"
)

// geoAnswer is what lookup says: as JSON these members, named as in the record where it has them.
type geoAnswer struct {
	IP          netip.Addr    `json:"ip"`
	Country     string        `json:"country,omitempty"`
	Subdivision string        `json:"subdivision,omitempty"`
	City        string        `json:"city,omitempty"`
	Latitude    *float64      `json:"latitude,omitempty"`
	Longitude   *float64      `json:"longitude,omitempty"`
	AccuracyKM  *uint16       `json:"accuracy_km,omitempty"`
	ASNumber    uint32        `json:"as_number,omitempty"`
	ASOrg       string        `json:"as_org,omitempty"`
	Network     string        `json:"network,omitempty"`
	NetworkBy   string        `json:"network_by,omitempty"` // prefix, anonymiser, asn
	AccessLine  *geoLine      `json:"access_line,omitempty"`
	Databases   []geoDatabase `json:"databases"`
}

// geoLine is what the list of access lines says; it counts for an address that is a subscriber's.
type geoLine struct {
	Name       string  `json:"name,omitempty"`
	Latitude   float64 `json:"latitude"`
	Longitude  float64 `json:"longitude"`
	AccuracyKM *uint16 `json:"accuracy_km,omitempty"`
	Dated      string  `json:"dated,omitempty"`
}

// lineOf is what db's list says of addr, nil when that is nothing.
func lineOf(db *geo.DB, addr netip.Addr) *geoLine {
	p, ok := db.Line(addr)
	if !ok {
		return nil
	}
	l := &geoLine{Name: p.Line, Latitude: *p.Latitude, Longitude: *p.Longitude, AccuracyKM: p.AccuracyKM}
	if !p.Dated.IsZero() {
		l.Dated = p.Dated.Format(time.DateOnly)
	}
	return l
}

// text is the line for people.
func (l *geoLine) text() string {
	s := strings.TrimPrefix(fmt.Sprintf("%s, %.4f %.4f", l.Name, l.Latitude, l.Longitude), ", ")
	if l.AccuracyKM != nil {
		s += fmt.Sprintf(" within %d km", *l.AccuracyKM)
	}
	if l.Dated == "" {
		return s + " [geo.access_lines]"
	}
	return s + " [geo.access_lines, row of " + l.Dated + "]"
}

// geoDatabase is a database that was asked.
type geoDatabase struct {
	Kind  string    `json:"kind"`
	Type  string    `json:"type"`
	Built time.Time `json:"built"`
}

// runGeoLookup prints what the configured databases know of addr.
func runGeoLookup(cmd *cobra.Command, addr netip.Addr, asJSON bool) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	g := geoConfig(cfg)
	if g.City+g.ASN+g.Anonymiser+g.Networks+g.AccessLines == "" {
		return errors.New("no database is configured: set geo.city and geo.asn")
	}
	db, err := geo.New(g)
	if err != nil {
		return err
	}
	p := db.Lookup(addr)
	if db.Stats().BadRecords > 0 {
		return fmt.Errorf("a database has a damaged record for %s: see calltrail geo status, and import a new one", addr)
	}
	a := geoAnswer{
		IP: addr, Country: p.Country, Subdivision: p.Subdivision, City: p.City, Latitude: p.Latitude, Longitude: p.Longitude,
		AccuracyKM: p.AccuracyKM, ASNumber: p.ASNumber, ASOrg: p.ASOrg, Network: p.Network, NetworkBy: p.NetworkBy,
		Databases: []geoDatabase{}, AccessLine: lineOf(db, addr),
	}
	for _, b := range db.Builds() {
		a.Databases = append(a.Databases, geoDatabase{b.Kind.String(), b.Type, b.Built})
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), a)
	}
	_, err = io.WriteString(cmd.OutOrStdout(), a.text())
	return err
}

// text is the answer for people, with who said it in brackets.
func (a *geoAnswer) text() string {
	var b strings.Builder
	geoRow(&b, "address", a.IP.String())
	place := strings.Join(nonEmpty(a.City, a.Subdivision, a.Country), ", ")
	if a.Latitude != nil && a.Longitude != nil {
		place = strings.TrimPrefix(fmt.Sprintf("%s, %.4f %.4f", place, *a.Latitude, *a.Longitude), ", ")
		if a.AccuracyKM != nil {
			place += fmt.Sprintf(" within %d km", *a.AccuracyKM)
		}
	}
	geoRow(&b, "place", a.said(place, geo.KindCity.String()))
	if a.AccessLine != nil {
		geoRow(&b, "access line", a.AccessLine.text())
	}
	system := ""
	if a.ASNumber != 0 {
		system = strings.TrimSpace(fmt.Sprintf("AS%d %s", a.ASNumber, a.ASOrg))
	}
	geoRow(&b, "system", a.said(system, geo.KindASN.String()))
	by := map[string]string{
		geo.ByPrefix: "[a prefix of geo.networks]", geo.ByASN: "[the AS number in geo.networks]",
	}[a.NetworkBy]
	switch {
	case a.NetworkBy == geo.ByAnonymiser:
		geoRow(&b, "network", a.said(a.Network, geo.KindAnonymiser.String()))
	case a.Network != "":
		geoRow(&b, "network", a.Network+" "+by)
	default:
		geoRow(&b, "network", "class not known")
	}
	return b.String()
}

// said is a value with the database of a kind that said it.
func (a *geoAnswer) said(value, kind string) string {
	for _, d := range a.Databases {
		if d.Kind == kind {
			if value == "" {
				value = "not known"
			}
			return fmt.Sprintf("%s [%s of %s]", value, d.Type, d.Built.Format(time.DateOnly))
		}
	}
	return "no database"
}

func nonEmpty(all ...string) (out []string) {
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
