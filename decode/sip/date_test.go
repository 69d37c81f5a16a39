package sip

import (
	"errors"
	"testing"
)

func TestParseDate(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        int64
		err         error
	}{
		{"RFC 3261 section 20.17", "Sat, 13 Nov 2010 23:29:00 GMT", 1289690940, nil},
		{"RFC 4475 section 3.1.1.11", " Sat, 15 Oct 2005 04:44:56 GMT ", 1129351496, nil},
		{"the epoch", "Thu, 01 Jan 1970 00:00:00 GMT", 0, nil},
		{"a leap day", "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800, nil},
		{"a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800, nil},
		{"the wrong day of the week", "Mon, 13 Nov 2010 23:29:00 GMT", 1289690940, nil},
		{"EST (RFC 4475 section 3.1.2.12)", "Fri, 01 Jan 2010 16:00:00 EST", 0, ErrDate},
		{"no leap day", "Wed, 29 Feb 2023 00:00:00 GMT", 0, ErrDate},
		{"day 0", "Sat, 00 Nov 2010 23:29:00 GMT", 0, ErrDate},
		{"one digit", "Sat, 3 Nov 2010 23:29:00 GMT", 0, ErrDate},
		{"hour 24", "Sat, 13 Nov 2010 24:00:00 GMT", 0, ErrDate},
		{"minute 60", "Sat, 13 Nov 2010 23:60:00 GMT", 0, ErrDate},
		{"across two months", "Sat, 13 anF 2010 23:29:00 GMT", 0, ErrDate},
		{"month in capitals", "Sat, 13 NOV 2010 23:29:00 GMT", 0, ErrDate},
		{"asctime", "Sat Nov 13 23:29:00 2010     ", 0, ErrDate},
		{"RFC 3339", "2010-11-13T23:29:00Z", 0, ErrDate},
		{"empty", "", 0, ErrDate},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseDate([]byte(c.value))
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%d, %v, want %d, %v", got, err, c.want, c.err)
			}
		})
	}
}
