package geo

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxCells is the most rows of a Cells file; a row takes 32 octets of memory.
const maxCells = 4 << 20

// maxBadLines is how many bad lines an error names; with so many, reading stops.
const maxBadLines = 20

var cellColumns = []string{"mcc", "mnc", "area", "ci", "lat", "lon", "range_m", "date"}

// cells is a table of mobile cells → coordinates, sorted, so that a look-up is a binary search.
type cells []cell

// cell is one row. The identity comes first.
type cell struct {
	area     uint64 // mcc, mnc with its number of digits (405-25 and 405-025 are two networks), and area, as areaKey has them
	ci       uint64
	lat, lon int32  // millionths of a degree
	rangeM   uint32 // metres; 0 not known
	day      int32  // days since 1970-01-01; 0 not known
}

func (c *cell) compare(o *cell) int {
	if c.area != o.area {
		return cmp.Compare(c.area, o.area)
	}
	return cmp.Compare(c.ci, o.ci)
}

// parseCells reads a Cells file: rows of mcc, mnc, area, ci, lat, lon, range_m, date. Area and cell identity are decimal,
// or hexadecimal after 0x; range and date (2026-11-22) may be empty. Of rows of one cell the newest counts, of one day the
// last. With one bad line nothing is taken; the error names the first of them.
func parseCells(text []byte) (cells, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace, in.ReuseRecord = '#', len(cellColumns), true, true
	var table cells
	var bad badLines
	for n := 0; len(bad) < maxBadLines; n++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if columns := (*csv.ParseError)(nil); errors.As(err, &columns) && errors.Is(err, csv.ErrFieldCount) {
				bad.add(columns.Line, fmt.Errorf("%d columns, want %s", len(row), strings.Join(cellColumns, ",")))
				continue
			}
			return nil, fmt.Errorf("%w: write rows of %s", err, strings.Join(cellColumns, ",")) // what follows cannot be told apart
		}
		if n == 0 && slices.Equal(row, cellColumns) {
			continue
		}
		line, _ := in.FieldPos(0)
		if len(table) >= maxCells {
			return nil, fmt.Errorf("line %d: it has more than the %d rows this program reads", line, maxCells)
		}
		c, err := parseCell(row)
		if err != nil {
			bad.add(line, err)
			continue
		}
		if len(bad) == 0 {
			table = append(table, c)
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(table, func(a, b cell) int {
		if order := a.compare(&b); order != 0 {
			return order
		}
		return cmp.Compare(a.day, b.day)
	})
	kept := table[:0]
	for i := range table {
		if i+1 == len(table) || table[i].compare(&table[i+1]) != 0 {
			kept = append(kept, table[i])
		}
	}
	return slices.Clip(kept), nil
}

// badLines collects what is wrong with a file, for one line of error.
type badLines []string

func (b *badLines) add(line int, err error) {
	*b = append(*b, fmt.Sprintf("line %d: %v", line, err))
}

func (b badLines) err() error {
	switch len(b) {
	case 0:
		return nil
	case maxBadLines:
		return fmt.Errorf("%s; the lines behind it were not read", strings.Join(b, "; "))
	}
	return errors.New(strings.Join(b, "; "))
}

func parseCell(row []string) (c cell, err error) {
	network, ok := networkKey(row[0], row[1])
	if !ok {
		return c, fmt.Errorf("%.64q, %.64q are no mobile country code of 3 digits and network code of 2 or 3", row[0], row[1])
	}
	area, errArea := strconv.ParseUint(row[2], 0, 24) // a tracking area code of 5G has 24 bits
	if errArea != nil || !isWhole(row[2]) {
		return c, fmt.Errorf("area %.64q is no number below %d", row[2], 1<<24)
	}
	c.area = areaKey(network, area)
	if c.ci, err = strconv.ParseUint(row[3], 0, 36); err != nil || !isWhole(row[3]) { // an NCI of 5G has 36 bits
		return c, fmt.Errorf("cell identity %.64q is no number below %d", row[3], uint64(1)<<36)
	}
	if c.lat, ok = degrees(row[4], 90); !ok {
		return c, fmt.Errorf("latitude %.64q is not between -90 and 90", row[4])
	}
	if c.lon, ok = degrees(row[5], 180); !ok {
		return c, fmt.Errorf("longitude %.64q is not between -180 and 180", row[5])
	}
	if c.rangeM, err = metres(row[6]); err != nil {
		return c, err
	}
	if c.day, err = dayOf(row[7]); err != nil {
		return c, err
	}
	return c, nil
}

// isWhole: decimal digits, or hexadecimal ones after 0x. Other forms of Go's numbers (octal, underscores) are refused.
func isWhole(s string) bool {
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		return digits != "" && !strings.Contains(digits, "_")
	}
	return s == "0" || s != "" && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// degrees are millionths of a degree, at most limit degrees. (NaN compares false.)
func degrees(s string, limit float64) (int32, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(math.Abs(v) <= limit) {
		return 0, false
	}
	return int32(math.Round(v * 1e6)), true
}

// networkKey puts the codes of a network together. A network code of one digit, as tables of numbers write it, has two.
func networkKey(mcc, mnc string) (uint64, bool) {
	if len(mnc) == 1 {
		mnc = "0" + mnc
	}
	if len(mcc) != 3 || len(mnc) != 2 && len(mnc) != 3 || strings.Trim(mcc+mnc, "0123456789") != "" {
		return 0, false
	}
	country, _ := strconv.ParseUint(mcc, 10, 16) // digits, as just seen
	network, _ := strconv.ParseUint(mnc, 10, 16)
	return country<<16 | network<<4 | uint64(len(mnc)), true
}

// areaKey puts the key of a network and an area of at most 24 bits together.
func areaKey(network, area uint64) uint64 { return network<<24 | area }

// find looks a cell up by what P-Access-Network-Info has: digits of the network, hexadecimal digits of area and cell.
func (t cells) find(mcc, mnc, area, ci string) (Place, bool) {
	if len(t) == 0 || len(mnc) < 2 {
		return Place{}, false
	}
	network, ok := networkKey(mcc, mnc)
	if !ok {
		return Place{}, false
	}
	a, err := strconv.ParseUint(area, 16, 24)
	if err != nil {
		return Place{}, false
	}
	key := cell{area: areaKey(network, a)}
	if key.ci, err = strconv.ParseUint(ci, 16, 36); err != nil {
		return Place{}, false
	}
	i, found := slices.BinarySearchFunc(t, key, func(a, b cell) int { return a.compare(&b) })
	if !found {
		return Place{}, false
	}
	return t[i].place(), true
}

func (c *cell) place() Place { return placeAt(c.lat, c.lon, c.rangeM, c.day) }

// newest is the day of the row that was measured last; 0 when no row has one.
func (t cells) newest() (day int32) {
	for i := range t {
		day = max(day, t[i].day)
	}
	return day
}
