package geo

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

const someCells = `# cells of a test, at sea
mcc,mnc,area,ci,lat,lon,range_m,date
404,10,4660,22136,18.5,71.25,1500,2026-10-01
404,10,4660,22137,18.5,71.25,,
404,010,4660,22136,-18.5,-71.25,1,2026-10-02
405,5,0x1234,0x123456789,0,0,65535000,2026-10-03
404,10,1,1,1,1,100,2026-10-05
404,10,1,1,2,2,200,2026-10-07
404,10,1,1,3,3,300,2026-10-06
404,10,1,2,1,1,100,2026-10-05
404,10,1,2,2,2,200,2026-10-05
404,10,16777215,68719476735,90,180,4294967295,
`

func TestCells(t *testing.T) {
	db := newDB(t, Config{Cells: textFile(t, "cells.csv", someCells)})
	for _, tt := range []struct{ mcc, mnc, area, ci, want string }{
		{"404", "10", "1234", "5678", "18.500000,71.250000 2 km 2026-10-01"},
		{"404", "10", "1234", "5679", "18.500000,71.250000"},
		{"404", "010", "1234", "5678", "-18.500000,-71.250000 1 km 2026-10-02"}, // another network
		{"404", "10", "1234", "0005678", "18.500000,71.250000 2 km 2026-10-01"},
		{"405", "05", "1234", "123456789", "0.000000,0.000000 65535 km 2026-10-03"},
		{"404", "10", "1", "1", "2.000000,2.000000 1 km 2026-10-07"}, // the newest
		{"404", "10", "1", "2", "2.000000,2.000000 1 km 2026-10-05"}, // the last of a day
		{"404", "10", "FFFFFF", "fffffffff", "90.000000,180.000000 65535 km"},
		{"404", "11", "1234", "5678", "none"},
		{"405", "10", "1234", "5678", "none"},
		{"404", "10", "1235", "5678", "none"},
		{"404", "10", "1234", "5677", "none"},
		{"404", "1", "1234", "5678", "none"},
		{"404", "10", "", "5678", "none"},
		{"404", "10", "1234", "", "none"},
		{"404", "10", "1234", "xyz", "none"},
		{"404", "10", "1000000", "5678", "none"},
		{"", "", "", "", "none"},
	} {
		got := "none"
		if p, ok := db.Cell(tt.mcc, tt.mnc, tt.area, tt.ci); ok {
			got = fmt.Sprintf("%.6f,%.6f", *p.Latitude, *p.Longitude)
			if p.AccuracyKM != nil {
				got += fmt.Sprintf(" %d km", *p.AccuracyKM)
			}
			if !p.Dated.IsZero() {
				got += p.Dated.Format(" 2006-01-02")
			}
		}
		if got != tt.want {
			t.Errorf("%s-%s area %s cell %s: %s, want %s", tt.mcc, tt.mnc, tt.area, tt.ci, got, tt.want)
		}
	}
	if _, ok := newDB(t, Config{}).Cell("404", "10", "1234", "5678"); ok {
		t.Error("a cell is found without a table")
	}
}

func TestBadCells(t *testing.T) {
	const good = "404,10,1,2,18.5,71.25,1500,2026-10-01"
	for _, tt := range []struct{ row, want string }{
		{"40,10,1,2,18.5,71.25,,", `"40", "10" are no mobile country code`},
		{"404,1000,1,2,18.5,71.25,,", "network code"},
		{"404,1x,1,2,18.5,71.25,,", "network code"},
		{"404,,1,2,18.5,71.25,,", "network code"},
		{"404,10,16777216,2,18.5,71.25,,", `area "16777216" is no number below 16777216`},
		{"404,10,-1,2,18.5,71.25,,", "area"},
		{"404,10,1_0,2,18.5,71.25,,", "area"},
		{"404,10,010,2,18.5,71.25,,", "area"},
		{"404,10,,2,18.5,71.25,,", "area"},
		{"404,10,1,68719476736,18.5,71.25,,", "cell identity"},
		{"404,10,1,0x,18.5,71.25,,", "cell identity"},
		{"404,10,1,2,90.1,71.25,,", `latitude "90.1"`},
		{"404,10,1,2,NaN,71.25,,", "latitude"},
		{"404,10,1,2,18.5,-180.1,,", "longitude"},
		{"404,10,1,2,18.5,east,,", "longitude"},
		{"404,10,1,2,18.5,71.25,-5,", "range"},
		{"404,10,1,2,18.5,71.25,,01.10.2026", `date "01.10.2026"`},
		{"404,10,1,2,18.5,71.25,", "7 columns, want mcc,mnc"},
	} {
		table, err := parseCells([]byte("\n" + good + "\n" + tt.row + "\n" + good + "\n"))
		if table != nil || err == nil || !strings.Contains(err.Error(), "line 3: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v beside %v, want an error of line 3 with %q", tt.row, table, err, tt.want)
		}
	}
	_, err := parseCells([]byte(good + strings.Repeat("\n404,10,x,2,1,1,,", maxBadLines+3)))
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") || !strings.HasSuffix(err.Error(), "line 21: area \"x\" is no number below 16777216; the lines behind it were not read") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want lines 2 to 21 and that it read no more, in one line", err)
	}
	if _, err := parseCells([]byte(good + "\n\"404")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an open quote: %v", err)
	}
}

// A file with a mistake changes nothing.
func TestCellsAreKeptWhenTheNewFileIsBad(t *testing.T) {
	path := textFile(t, "cells.csv", someCells)
	db := newDB(t, Config{Cells: path})
	if err := os.WriteFile(path, []byte("404,10,4660,22136,0,0,,\nbad\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Reload(); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Fatalf("error %v, want one of line 2", err)
	}
	if p, ok := db.Cell("404", "10", "1234", "5678"); !ok || *p.Latitude != 18.5 {
		t.Errorf("place %v, %v, want that of the first file", p, ok)
	}
}

func FuzzParseCells(f *testing.F) {
	for _, seed := range []string{someCells, "404,10,1,2,1e400,inf,,", "404,10,0x_1,2,1,1,,", "\"404\",\"1\"\n", "404,10,1,2,1,1,5,0001-01-01"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzbound.CheckList(t, len(text), func() { _, _ = parseCells(text) })
		table, err := parseCells(text)
		if err != nil && table != nil {
			t.Error("cells beside an error")
		}
		for i := range table {
			p := table[i].place()
			if math.Abs(*p.Latitude) > 90 || math.Abs(*p.Longitude) > 180 {
				t.Errorf("cell %d is at %v, %v", i, *p.Latitude, *p.Longitude)
			}
			if i > 0 && table[i-1].compare(&table[i]) >= 0 {
				t.Errorf("cell %d is not after the one before", i)
			}
		}
	})
}

func BenchmarkCells(b *testing.B) {
	var text strings.Builder
	for i := range 1_000_000 {
		_, _ = fmt.Fprintf(&text, "404,%02d,%d,%d,18.5,71.25,1500,2026-10-01\n", i%80, i%65000+1, i+1)
	}
	file := []byte(text.String())
	b.Run("parse_1M", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parseCells(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	table, err := parseCells(file)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.find("404", "04", "3E9", "1388")
		}
	})
}
