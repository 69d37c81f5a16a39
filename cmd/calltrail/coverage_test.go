package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
)

func TestCoverageWindow(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 30, 40, 5, time.UTC)
	for _, tt := range []struct {
		name, from, to, zone string
		want                 string // from, to; or the error
	}{
		{"default", "", "", "UTC", "2026-11-22T09:28:00Z 2026-11-22T10:28:00Z"},
		{"an hour before", "", "2026-11-22 10:00", "UTC", "2026-11-22T09:00:00Z 2026-11-22T10:00:00Z"},
		{"until two minutes ago", "2026-11-22", "", "UTC", "2026-11-22T00:00:00Z 2026-11-22T10:28:00Z"},
		{"in India", "2026-11-22 10:00", "2026-11-22 10:00:30", "IST", "2026-11-22T04:30:00Z 2026-11-22T04:30:30Z"},
		{"by its name", "2026-11-22", "2026-11-23", "Asia/Kolkata", "2026-11-21T18:30:00Z 2026-11-22T18:30:00Z"},
		{"its own zone wins", "2026-11-22T10:00:00+05:30", "2026-11-22T05:00:00Z", "Asia/Kolkata", "2026-11-22T04:30:00Z 2026-11-22T05:00:00Z"},
		{"backwards", "2026-11-23", "2026-11-22", "UTC", "--from 2026-11-23T00:00:00Z is not before --to 2026-11-22T00:00:00Z; write the earlier time first"},
		{"nothing", "2026-11-22", "2026-11-22", "UTC", "--from 2026-11-22T00:00:00Z is not before --to 2026-11-22T00:00:00Z; write the earlier time first"},
		{"too long", "2025-01-01", "2026-11-22", "UTC", "from 2025-01-01T00:00:00Z to 2026-11-22T00:00:00Z is more than 400 days; ask for them in parts"},
		{"no time", "yesterday", "", "UTC", `--from: "yesterday" is no time; write it like 2026-11-22T10:00:00+05:30, or "2026-11-22 10:00" in the zone of --zone`},
		{"no zone", "", "", "Bombay", `--zone: "Bombay" is not known; write UTC, IST or a name such as Asia/Kolkata`},
	} {
		var o coverageOptions
		err := o.window(tt.from, tt.to, tt.zone, now)
		got := o.query.From.UTC().Format(time.RFC3339) + " " + o.query.To.UTC().Format(time.RFC3339)
		if err != nil {
			got = err.Error()
			if _, usage := errors.AsType[*usageError](err); !usage {
				t.Errorf("%s: %v is no mistake on the command line", tt.name, err)
			}
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// The window is said as it was understood, in both zones.
func TestCoverageSaysItsWindow(t *testing.T) {
	for zone, want := range map[string]string{
		"UTC":          "2026-11-22 10:00:00 to 2026-11-22 11:00:00 UTC",
		"Asia/Kolkata": "2026-11-22 10:00:00 to 2026-11-22 11:00:00 IST, which is 2026-11-22 04:30:00 to 2026-11-22 05:30:00 UTC",
	} {
		var o coverageOptions
		if err := o.window("2026-11-22 10:00", "2026-11-22 11:00", zone, time.Now()); err != nil || o.asked() != want {
			t.Errorf("%q, want %q (%v)", o.asked(), want, err)
		}
	}
}

func TestIncompleteIsStatusThree(t *testing.T) {
	if got := exitCode(errIncomplete); got != exitDamaged {
		t.Errorf("status %d", got)
	}
	if !errors.Is(errIncomplete, errReported) {
		t.Error("it would be reported once more")
	}
}

// Times are of the zone asked for, and names and words reach no terminal as orders.
func TestRemarksAreWritten(t *testing.T) {
	var b strings.Builder
	if err := writeRemarks(&b, nil, time.UTC); err != nil || b.Len() != 0 {
		t.Errorf("without remarks: %q, %v", b.String(), err)
	}
	ten := time.Date(2026, 11, 22, 18, 29, 0, 0, time.UTC)
	err := writeRemarks(&b, []postgres.CoverageRemark{
		{Sensor: "edge-1", Tap: "eth0", FirstMinute: ten, LastMinute: ten, Remark: "MGCP was seen"},
		{Sensor: "\x1b[2J", FirstMinute: ten, LastMinute: ten.Add(time.Hour), Remark: "3 of a\nb"},
	}, print.IST)
	const want = "\nedge-1 eth0, 2026-11-22 23:59 to 2026-11-23 00:00: MGCP was seen\n" +
		`\u{1B}[2J, 2026-11-22 23:59 to 2026-11-23 01:00: 3 of a\u{A}b` + "\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n got %q\nwant %q", err, b.String(), want)
	}
}
