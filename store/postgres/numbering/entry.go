package numbering

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// entry is a row of calltrail.numbering: what a table says of one number, or of all that begin with a prefix.
type entry struct {
	line   int    // of the file
	prefix string // "+" and digits
	digits int    // of the whole numbers; 0: any
	// first and last are the range as it was written, of which prefix may be a part; "": it was a number or a prefix.
	first, last string
	facts       [subscriber + 1]string // by column, carrier to subscriber; "": not said
	from, until time.Time              // until is not included; the zero time: not said
}

// parse makes of a row its entries: row, which is the same in each, and the prefixes of pending.
func (r *reader) parse(fields []string, line int) error {
	get := func(c column) string {
		if i := r.at[c]; i >= 0 {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	e := entry{line: line}
	said := false
	for c := carrier; c <= subscriber; c++ {
		e.facts[c] = get(c)
	}
	for _, c := range r.form.facts {
		said = said || e.facts[c] != ""
	}
	if !said {
		return fmt.Errorf("it says nothing of the number: %s: all empty", names(r.form.facts))
	}
	var err error
	if e.from, err = parseTime(get(from), r.zone); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	if e.until, err = parseTime(get(until), r.zone); err != nil {
		return fmt.Errorf("until: %w", err)
	}
	if !e.from.IsZero() && !e.until.IsZero() && !e.from.Before(e.until) {
		return fmt.Errorf("until %s is not after from %s", e.until.Format(time.RFC3339), e.from.Format(time.RFC3339))
	}
	return r.numbers(e, get)
}

// numbers reads of which numbers a row speaks.
func (r *reader) numbers(e entry, get func(column) string) (err error) {
	one, prefix, first, last := get(number), get(numberPrefix), get(rangeFrom), get(rangeTo)
	written := 0
	for _, s := range []string{one, prefix, first + last} {
		if s != "" {
			written++
		}
	}
	switch {
	case written == 0:
		return errors.New("there is no number in it")
	case written > 1:
		return errors.New("it has more than one of a number, a prefix and a range; write a row for each")
	case one != "":
		if e.prefix, err = parseNumber(one, r.prepend); err != nil {
			return fmt.Errorf("number: %w", err)
		}
		e.digits = len(e.prefix) - 1
	case prefix != "":
		if e.prefix, err = parsePrefix(prefix, r.prepend); err != nil {
			return fmt.Errorf("number-prefix: %w", err)
		}
	default:
		return r.span(e, first, last)
	}
	r.row, r.pending = e, append(r.pending, e.prefix)
	return nil
}

// span reads a range that is written from–to, and cuts it into prefixes.
func (r *reader) span(e entry, first, last string) (err error) {
	if e.first, err = parseNumber(first, r.prepend); err != nil {
		return fmt.Errorf("range-from: %w", err)
	}
	if e.last, err = parseNumber(last, r.prepend); err != nil {
		return fmt.Errorf("range-to: %w", err)
	}
	switch {
	case len(e.first) != len(e.last):
		return fmt.Errorf("range-from has %d digits and range-to %d; a range is of numbers of one length", len(e.first)-1, len(e.last)-1)
	case e.first > e.last:
		return errors.New("range-from is after range-to")
	case e.first[1] != e.last[1]:
		return errors.New("the range begins in one country and ends in another")
	}
	e.digits = len(e.first) - 1
	r.row, r.pending = e, cut(r.pending, e.first, e.last)
	return nil
}
