package geo

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxLines is the most rows of an AccessLines file; a row takes at most two spans of 24 octets, 32 of its own, and its name.
const maxLines = 1 << 20

// maxName is the most octets of a line's name.
const maxName = 128

var lineColumns = []string{"prefix", "latitude", "longitude", "range_m", "date", "name"}

// lines is a table of access networks → where they are: a DSL or fibre pool, a wireless sector, one subscriber's line.
type lines struct {
	prefixes prefixTable[int32] // place in rows, from 1
	rows     []line
}

// line is one row.
type line struct {
	lat, lon int32  // millionths of a degree
	rangeM   uint32 // metres; 0 not known
	day      int32  // days since 1970-01-01; 0 not known
	name     string
}

// parseLines reads an AccessLines file: rows of prefix, latitude, longitude, range_m, date, name. A prefix may be a single address;
// range, date (2026-11-22) and name may be empty. The same prefix twice is an error: one of the rows would be ignored. With one bad
// line nothing is taken; the error names the first of them.
func parseLines(text []byte) (*lines, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace, in.ReuseRecord = '#', len(lineColumns), true, true
	var rows []line
	var prefixes []valued[int32]
	seen := make(map[netip.Prefix]bool)
	var bad badLines
	for n := 0; len(bad) < maxBadLines; n++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if columns := (*csv.ParseError)(nil); errors.As(err, &columns) && errors.Is(err, csv.ErrFieldCount) {
				bad.add(columns.Line, fmt.Errorf("%d columns, want %s", len(row), strings.Join(lineColumns, ",")))
				continue
			}
			return nil, fmt.Errorf("%w: write rows of %s", err, strings.Join(lineColumns, ",")) // what follows cannot be told apart
		}
		if n == 0 && slices.Equal(row, lineColumns) {
			continue
		}
		at, _ := in.FieldPos(0)
		if len(rows) >= maxLines {
			return nil, fmt.Errorf("line %d: it has more than the %d rows this program reads", at, maxLines)
		}
		prefix, l, err := parseLine(row)
		switch {
		case err != nil:
			bad.add(at, err)
		case seen[prefix]:
			bad.add(at, fmt.Errorf("%s is there twice", prefix))
		case len(bad) == 0:
			seen[prefix] = true
			rows = append(rows, l)
			prefixes = append(prefixes, valued[int32]{prefix, int32(len(rows))}) //nolint:gosec // at most maxLines
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	return &lines{prefixes: newPrefixTable(prefixes), rows: slices.Clip(rows)}, nil
}

func parseLine(row []string) (prefix netip.Prefix, l line, err error) {
	if prefix, err = parsePrefix(strings.TrimSpace(row[0])); err != nil {
		return prefix, l, err
	}
	var ok bool
	if l.lat, ok = degrees(strings.TrimSpace(row[1]), 90); !ok {
		return prefix, l, fmt.Errorf("latitude %.64q is not between -90 and 90", row[1])
	}
	if l.lon, ok = degrees(strings.TrimSpace(row[2]), 180); !ok {
		return prefix, l, fmt.Errorf("longitude %.64q is not between -180 and 180", row[2])
	}
	if l.rangeM, err = metres(strings.TrimSpace(row[3])); err != nil {
		return prefix, l, err
	}
	if l.day, err = dayOf(strings.TrimSpace(row[4])); err != nil {
		return prefix, l, err
	}
	l.name = strings.Clone(strings.TrimSpace(row[5])) // the row is one string, used again
	if len(l.name) > maxName || !utf8.ValidString(l.name) || strings.ContainsFunc(l.name, unicode.IsControl) {
		return prefix, l, fmt.Errorf("name %.64q: use at most %d octets of text", row[5], maxName)
	}
	return prefix, l, nil
}

// metres is a radius; empty is 0, not known.
func metres(s string) (uint32, error) {
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("range %.64q is no number of metres", s)
	}
	return uint32(v), nil
}

// dayOf is a date as days since 1970-01-01; empty is 0, not known.
func dayOf(s string) (int32, error) {
	if s == "" {
		return 0, nil
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("date %.64q: write it like 2026-11-22", s)
	}
	return int32(day.Unix() / 86400), nil //nolint:gosec // of a year with four digits
}

// find is the line of an address that is not IPv4 in IPv6 form.
func (t *lines) find(addr netip.Addr) (Place, bool) {
	if t == nil {
		return Place{}, false
	}
	i := t.prefixes.find(addr)
	if i == 0 {
		return Place{}, false
	}
	l := &t.rows[i-1]
	p := placeAt(l.lat, l.lon, l.rangeM, l.day)
	p.Line = l.name
	return p, true
}

// newest is the day of the row that was written last; 0 when no row has one.
func (t *lines) newest() (day int32) {
	for i := range t.rows {
		day = max(day, t.rows[i].day)
	}
	return day
}

// placeAt is a point of a list: millionths of a degree, metres around it and its day, 0 where they are not known.
func placeAt(lat, lon int32, rangeM uint32, day int32) Place {
	latitude, longitude := float64(lat)/1e6, float64(lon)/1e6
	p := Place{Latitude: &latitude, Longitude: &longitude, Dated: dateOf(day)}
	if rangeM != 0 {
		km := uint16(min((uint64(rangeM)+999)/1000, math.MaxUint16))
		p.AccuracyKM = &km
	}
	return p
}

// dateOf is the beginning of a day, UTC; the zero time for 0, which is not known.
func dateOf(day int32) time.Time {
	if day == 0 {
		return time.Time{}
	}
	return time.Unix(int64(day)*86400, 0).UTC()
}
