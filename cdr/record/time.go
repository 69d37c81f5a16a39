package record

import (
	"fmt"
	"time"
)

// Time is microseconds since 1970-01-01T00:00:00Z; 0 is unknown. Its JSON is RFC 3339 in UTC with six decimals, or
// null.
//
// RFC 3339 has four digits for the year and Postgres has no year 0, so a Time beyond the years 1 to 9999 is shown, and
// stored, as the first or last microsecond of them. No packet has such a time: see TimeOf.
type Time int64

const (
	earliest Time = -62135596800000000 // 0001-01-01T00:00:00.000000Z
	latest   Time = 253402300799999999 // 9999-12-31T23:59:59.999999Z
)

// TimeOf is the Time of a packet's timestamp in nanoseconds (1677 to 2262), cut to the microsecond before it. What a
// broken clock says is kept as it says it. The first microsecond of 1970 is that of captures without timestamps: unknown.
func TimeOf(ns int64) Time {
	us := ns / 1000
	if ns%1000 < 0 {
		us--
	}
	return Time(us)
}

// IsZero says that the time is unknown.
func (t Time) IsZero() bool { return t == 0 }

// Std is the standard library's form of t, in UTC, between the years 1 and 9999.
func (t Time) Std() time.Time { return time.UnixMicro(int64(t.clamp())).UTC() }

// Day is the UTC date of t, YYYY-MM-DD.
func (t Time) Day() string { return t.Std().Format(time.DateOnly) }

func (t Time) clamp() Time { return min(max(t, earliest), latest) }

const timeLayout = "2006-01-02T15:04:05.000000Z"

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) { return t.append(nil), nil }

func (t Time) append(b []byte) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.Std().AppendFormat(b, timeLayout)
	return append(b, '"')
}

// UnmarshalJSON implements json.Unmarshaler; it takes null and any RFC 3339 time.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = 0
		return nil
	}
	v, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(b))
	if err != nil {
		return fmt.Errorf("record time %s: %w", b, err)
	}
	*t = Time(v.UnixMicro()).clamp()
	return nil
}
