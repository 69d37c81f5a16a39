package numbering

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a table says of its numbers.
type Kind string

// The kinds of tables.
const (
	// Subscriber is where numbers, or blocks of them, are registered and to whom, from the books of a provider.
	Subscriber Kind = "subscriber"
	// Portability is which operator each number is with now.
	Portability Kind = "portability"
	// Range is to whom a numbering plan allotted ranges. It does not tell where a number is now.
	Range Kind = "range"
)

// Kinds are all of them, in the order of how much they tell.
func Kinds() []Kind { return []Kind{Subscriber, Portability, Range} }

// column is a column of a file, by its place in columns.
type column int

const (
	number column = iota
	numberPrefix
	rangeFrom
	rangeTo
	carrier
	circle
	state
	city
	country
	subscriber
	from
	until
	columnCount
)

// columns are the names of a column: first that of the documentation, then what else is taken for it.
var columns = [columnCount][]string{
	number:       {"number", "e164", "msisdn"},
	numberPrefix: {"number-prefix", "prefix"},
	rangeFrom:    {"range-from", "range-start"},
	rangeTo:      {"range-to", "range-end"},
	carrier:      {"carrier", "operator", "tsp"},
	circle:       {"circle", "lsa"},
	state:        {"state"},
	city:         {"city"},
	country:      {"country"},
	subscriber:   {"subscriber"},
	from:         {"from", "valid-from"},
	until:        {"until", "valid-until"},
}

// form is what a kind of table must and may have.
type form struct {
	numbers []column // at least one of them; from and to of a range go together
	facts   []column // at least one of them, also in each row
}

var forms = map[Kind]form{
	Subscriber:  {[]column{number, rangeFrom}, []column{circle, state, city, country, subscriber}},
	Portability: {[]column{number}, []column{carrier}},
	Range:       {[]column{numberPrefix, rangeFrom}, []column{carrier, circle, state, city, country}},
}

// names lists columns for an error.
func names(list []column) string {
	var s []string
	for _, c := range list {
		s = append(s, columns[c][0])
	}
	return strings.Join(s, ", ")
}

// header is where the columns of a file are; -1: it has none.
type header [columnCount]int

// find finds the columns in the first line of a file; others are left out and named in unknown. The error says what is
// missing or there twice.
func (f form) find(fields []string) (at header, unknown []string, err error) {
	for c := range at {
		at[c] = -1
	}
	for i, field := range fields {
		c, ok := named(field)
		switch {
		case !ok:
			unknown = append(unknown, strings.TrimSpace(field))
		case at[c] >= 0:
			return at, nil, fmt.Errorf("the column %s is there twice", columns[c][0])
		default:
			at[c] = i
		}
	}
	if (at[rangeFrom] < 0) != (at[rangeTo] < 0) {
		return at, nil, errors.New("of the columns range-from and range-to one is missing")
	}
	if !at.any(f.numbers) {
		return at, nil, fmt.Errorf("no column has the numbers: at least one of %s is wanted", names(f.numbers))
	}
	if !at.any(f.facts) {
		return at, nil, fmt.Errorf("no column says anything of the numbers: at least one of %s is wanted", names(f.facts))
	}
	for c := number; c <= rangeFrom; c++ {
		if at[c] >= 0 && !slices.Contains(f.numbers, c) {
			return at, nil, fmt.Errorf("the column %s is not for tables of this kind; its numbers are in %s", columns[c][0], names(f.numbers))
		}
	}
	return at, unknown, nil
}

func (at *header) any(list []column) bool {
	for _, c := range list {
		if at[c] >= 0 {
			return true
		}
	}
	return false
}

// named finds a column by its name, without regard to case; "-", "_" and a space are the same.
func named(field string) (column, bool) {
	field = hyphens.Replace(strings.ToLower(strings.TrimSpace(field)))
	for c, names := range columns {
		if slices.Contains(names, field) {
			return column(c), true
		}
	}
	return 0, false
}

var hyphens = strings.NewReplacer("_", "-", " ", "-")
