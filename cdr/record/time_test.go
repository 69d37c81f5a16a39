package record

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestTime(t *testing.T) {
	for _, tt := range []struct {
		name      string
		time      Time
		json, day string
	}{
		{"unknown", 0, `null`, "1970-01-01"},
		{"ordinary", TimeOf(1_700_000_000_123_456_789), `"2023-11-14T22:13:20.123456Z"`, "2023-11-14"},
		{"last moment of a day", TimeOf(1_700_006_399_999_999_999), `"2023-11-14T23:59:59.999999Z"`, "2023-11-14"},
		{"less than a microsecond", TimeOf(999), `null`, "1970-01-01"},
		{"before 1970, cut to the microsecond before", TimeOf(-1), `"1969-12-31T23:59:59.999999Z"`, "1969-12-31"},
		{"earliest packet", TimeOf(math.MinInt64), `"1677-09-21T00:12:43.145224Z"`, "1677-09-21"},
		{"latest packet", TimeOf(math.MaxInt64), `"2262-04-11T23:47:16.854775Z"`, "2262-04-11"},
		{"first that can be written", earliest, `"0001-01-01T00:00:00.000000Z"`, "0001-01-01"},
		{"before it", earliest - 1, `"0001-01-01T00:00:00.000000Z"`, "0001-01-01"},
		{"wildly before it", math.MinInt64, `"0001-01-01T00:00:00.000000Z"`, "0001-01-01"},
		{"last that can be written", latest, `"9999-12-31T23:59:59.999999Z"`, "9999-12-31"},
		{"after it", latest + 1, `"9999-12-31T23:59:59.999999Z"`, "9999-12-31"},
		{"wildly after it", math.MaxInt64, `"9999-12-31T23:59:59.999999Z"`, "9999-12-31"},
	} {
		b, err := json.Marshal(tt.time)
		if err != nil || string(b) != tt.json || tt.time.Day() != tt.day {
			t.Errorf("%s: %s, day %s, %v; want %s, day %s", tt.name, b, tt.time.Day(), err, tt.json, tt.day)
		}
		var back Time
		if err := json.Unmarshal(b, &back); err != nil || back != tt.time.clamp() {
			t.Errorf("%s: %s reads as %d, %v", tt.name, b, back, err)
		}
	}
}

func TestTimeFromOthers(t *testing.T) {
	for in, want := range map[string]Time{
		`"2023-11-15T03:43:20.123456+05:30"`: 1_700_000_000_123_456,
		`"2023-11-14T22:13:20Z"`:             1_700_000_000_000_000,
		`"0000-01-01T00:00:00+23:59"`:        earliest,
		`"9999-12-31T23:59:59-23:59"`:        latest,
	} {
		var got Time
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{`1700000000`, `""`, `"2023-11-14 22:13:20"`, `"2023-02-30T00:00:00Z"`, `"now"`} {
		if err := json.Unmarshal([]byte(in), new(Time)); err == nil {
			t.Errorf("%s was read as a time", in)
		}
	}
}

// Whatever the time, ids are well formed and sort by it.
func TestRecordIDTime(t *testing.T) {
	var last uuid.UUID
	for _, at := range []Time{0, 1_000, 1_700_000_000_000_000, latest} {
		id := recordID(at, []byte("x"))
		if id.Version() != 8 || id.Variant() != uuid.RFC4122 || at > 0 && id.String() <= last.String() {
			t.Errorf("%d: %s after %s", at, id, last)
		}
		last = id
	}
	for _, at := range []Time{-1, math.MinInt64} {
		if got := recordID(at, []byte("x")); got != recordID(0, []byte("x")) {
			t.Errorf("%d: %s, not of 1970", at, got)
		}
	}
	if recordID(math.MaxInt64, nil) != recordID(latest, nil) {
		t.Error("a wild time wraps round")
	}
	if want := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC); !latest.Std().Equal(want) {
		t.Errorf("latest is %v", latest.Std())
	}
}
