package numbering

import (
	"errors"
	"fmt"
	"time"
)

// Times outside of these years are mistakes.
const firstYear, lastYear = 1900, 2200

var errNoZone = errors.New("the time has no zone")

// parseTime reads RFC 3339, or a day or a time that the clocks of zone showed; nil refuses those. A day is its beginning. The
// zero time is that of an empty field.
func parseTime(s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if layout != time.RFC3339 && layout != "2006-01-02 15:04:05Z07:00" {
			if zone == nil {
				return time.Time{}, fmt.Errorf("%w: %.64q; name its zone with --zone, or write it like 2026-11-01T00:00:00+05:30", errNoZone, s)
			}
			if t, err = time.ParseInLocation(layout, s, zone); err != nil {
				return time.Time{}, err
			}
			if err := shownOnce(t, s, layout); err != nil {
				return time.Time{}, err
			}
		}
		if y := t.UTC().Year(); y < firstYear || y > lastYear {
			return time.Time{}, fmt.Errorf("%.64q is not between the years %d and %d", s, firstYear, lastYear)
		}
		return t.UTC().Truncate(time.Microsecond), nil // what Postgres keeps
	}
	return time.Time{}, fmt.Errorf("%.64q is no time; write it like 2026-11-01 or 2026-11-01T00:00:00+05:30", s)
}

// shownOnce refuses what the clocks of the zone showed twice or never, when summer time ended or began.
func shownOnce(t time.Time, s, layout string) error {
	if t.Format(layout) != s {
		return fmt.Errorf("%.64q was never shown by the clocks of %s; write the time with its zone", s, t.Location())
	}
	for _, d := range []time.Duration{-time.Hour, time.Hour} {
		if layout != time.DateOnly && t.Add(d).Format(layout) == t.Format(layout) {
			return fmt.Errorf("%.64q was shown twice by the clocks of %s; write the time with its zone", s, t.Location())
		}
	}
	return nil
}
