package record

import (
	"fmt"
	"time"
)

// Time is microseconds since 1970-01-01T00:00:00Z; 0 is unknown. Its JSON is RFC 3339 in UTC with six decimals,
// or null.
type Time int64

// TimeOf is the Time of a packet's timestamp in nanoseconds, cut to the microsecond.
func TimeOf(ns int64) Time { return Time(ns / 1000) }

// IsZero says that the time is unknown.
func (t Time) IsZero() bool { return t == 0 }

// Std is the standard library's form of t, in UTC.
func (t Time) Std() time.Time { return time.UnixMicro(int64(t)).UTC() }

// Day is the UTC date of t, YYYY-MM-DD.
func (t Time) Day() string { return t.Std().Format(time.DateOnly) }

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
	*t = Time(v.UnixMicro())
	return nil
}
