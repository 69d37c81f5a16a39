package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"calltrail/cdr/geo"
	"calltrail/cmd/calltrail/config"
)

// TestGeoScripts runs testdata/geo/*.txtar with databases as old as they say: fresh.mmdb, asn.mmdb and anonymiser.mmdb are a
// day old, older.mmdb two days, nearly.mmdb 59 and old.mmdb 60; future.mmdb will be built in five.
func TestGeoScripts(t *testing.T) {
	now := time.Now()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/geo",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, config.EnvFile+"="+os.DevNull)
			for _, f := range []struct {
				name, from string
				days       int
			}{
				{"fresh.mmdb", "../../pcaps/geo/city.mmdb", 1},
				{"older.mmdb", "../../pcaps/geo/city.mmdb", 2},
				{"nearly.mmdb", "../../pcaps/geo/city.mmdb", 59},
				{"old.mmdb", "../../pcaps/geo/city.mmdb", 60},
				{"future.mmdb", "../../pcaps/geo/city.mmdb", -5},
				{"asn.mmdb", "../../pcaps/geo/asn.mmdb", 1},
				{"anonymiser.mmdb", "../../cdr/geo/testdata/anonymiser.mmdb", 1},
			} {
				database, err := os.ReadFile(f.from)
				if err != nil {
					return err
				}
				// An hour over, so that the age in whole days is the same until the test has ended.
				if err := build(database, now.AddDate(0, 0, -f.days).Add(-time.Hour)); err != nil {
					return fmt.Errorf("%s: %w", f.from, err)
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, f.name), database, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// build makes a database one that was built at a time.
func build(database []byte, at time.Time) error {
	// A uint64 (type 9: extended, less 7) of four octets (MaxMind DB file format, section "Data Field Format").
	key := []byte("build_epoch\x04\x02")
	i := bytes.LastIndex(database, key)
	if i < 0 || i+len(key)+4 > len(database) {
		return fmt.Errorf("no build time of four octets")
	}
	binary.BigEndian.PutUint32(database[i+len(key):], uint32(at.Unix()))
	return nil
}

// What the databases and lists cannot know is said, and who said the rest.
func TestGeoAnswerText(t *testing.T) {
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	latitude, longitude, km := 19.076, 72.8777, uint16(20)
	all := []geoDatabase{{"city", "Places", built}, {"asn", "Systems", built}, {"anonymiser", "Relays\x1b", built}}
	for _, tt := range []struct {
		answer geoAnswer
		want   string
	}{
		{geoAnswer{}, "place no database|system no database|network class not known"},
		{geoAnswer{Databases: all}, "place not known [Places of 2026-11-01]|system not known [Systems of 2026-11-01]|network class not known"},
		{
			geoAnswer{Databases: all, Country: "IN", City: "Mumbai", ASNumber: 64496, Network: "tor", NetworkBy: geo.ByAnonymiser},
			`place Mumbai, IN [Places of 2026-11-01]|system AS64496 [Systems of 2026-11-01]|network tor [Relays\u{1B} of 2026-11-01]`,
		},
		{
			geoAnswer{Databases: all[:1], Latitude: &latitude, Longitude: &longitude, AccuracyKM: &km, Network: "vpn", NetworkBy: geo.ByPrefix},
			"place 19.0760 72.8777 within 20 km [Places of 2026-11-01]|system no database|network vpn [a prefix of geo.networks]",
		},
	} {
		lines := strings.Split(strings.TrimSpace(tt.answer.text()), "\n")[1:] // the first one is the address
		for i := range lines {
			lines[i] = strings.Join(strings.Fields(lines[i]), " ")
		}
		if got := strings.Join(lines, "|"); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
