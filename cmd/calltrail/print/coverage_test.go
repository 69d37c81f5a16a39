package print

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// hour is minutes of two taps: eth0 whole but for two minutes nobody spoke of, eth1 with one of each kind.
func hour() (list []CoverageMinute) {
	ten := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, tap := range []string{"eth0", "eth1"} {
		for n := range 60 {
			m := CoverageMinute{
				Sensor: "edge-1", Tap: tap, Minute: ten.Add(time.Duration(n) * time.Minute), State: "complete", SecondsCovered: 60, Events: 1,
				Packets: 1000, Flows: 20,
			}
			switch {
			case tap == "eth0" && (n == 40 || n == 41):
				m = CoverageMinute{Sensor: m.Sensor, Tap: tap, Minute: m.Minute, State: "absent"}
			case tap == "eth1" && n == 42:
				m.State, m.KernelDrops = "lossy", 1204
			case tap == "eth1" && n == 50:
				m.State, m.SecondsCovered, m.Events, m.UnseenRTPPackets = "lossy", 55.014, 2, 1
			case tap == "eth1" && n == 51:
				m.State, m.SecondsCovered, m.DownMS = "lossy", 45, 12500
			case tap == "eth1" && n == 52:
				m.State, m.OneWayFlows = "one_way", 19
			case tap == "eth1" && n == 53:
				m.State, m.SecondsCovered, m.DownMS = "absent", 0, 60000
			}
			list = append(list, m)
		}
	}
	return list
}

func renderCoverage(t *testing.T, f Format, zone *time.Location, gaps bool, list []CoverageMinute) (string, *Coverage) {
	t.Helper()
	var out bytes.Buffer
	c, err := NewCoverage(f, &out, zone, gaps)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if err := c.Print(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String(), c
}

func TestCoverageTable(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		zone       *time.Location
		gaps       bool
		list       []CoverageMinute
	}{
		{"all", `TIME UTC                   SENSOR  TAP   STATE     MINUTES  WHAT WAS MISSED
2026-11-22 10:00 to 10:40  edge-1  eth0  complete  40       -
2026-11-22 10:40 to 10:42  edge-1  eth0  absent    2        no event
2026-11-22 10:42 to 11:00  edge-1  eth0  complete  18       -
2026-11-22 10:00 to 10:42  edge-1  eth1  complete  42       -
2026-11-22 10:42 to 10:43  edge-1  eth1  lossy     1        1,204 packets dropped by the kernel
2026-11-22 10:43 to 10:50  edge-1  eth1  complete  7        -
2026-11-22 10:50 to 10:52  edge-1  eth1  lossy     2        1 RTP packets never seen, down for 12.5 s, seen for 100.014 of 120 s
2026-11-22 10:52 to 10:53  edge-1  eth1  one_way   1        19 of 20 flows one-way
2026-11-22 10:53 to 10:54  edge-1  eth1  absent    1        the tap was down
2026-11-22 10:54 to 11:00  edge-1  eth1  complete  6        -

2 taps, 113 of 120 minutes complete, 3 lossy, 1 one-way, 3 absent
`, time.UTC, false, hour()},
		{"gaps, in India", `TIME IST                   SENSOR  TAP   STATE   MINUTES  WHAT WAS MISSED
2026-11-22 16:10 to 16:12  edge-1  eth0  absent  2        no event

1 tap, 58 of 60 minutes complete, 2 absent
`, IST, true, hour()[:60]},
		{"over midnight", `TIME IST                              SENSOR  TAP   STATE     MINUTES  WHAT WAS MISSED
2026-11-22 23:59 to 2026-11-23 00:01  edge-1  eth0  complete  2        -

1 tap, 2 of 2 minutes complete
`, IST, false, []CoverageMinute{
			{Sensor: "edge-1", Tap: "eth0", Minute: time.Date(2026, 11, 22, 18, 29, 0, 0, time.UTC), State: "complete", Events: 1},
			{Sensor: "edge-1", Tap: "eth0", Minute: time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC), State: "complete", Events: 1},
		}},
		{"nothing", `TIME UTC  SENSOR  TAP  STATE  MINUTES  WHAT WAS MISSED

no such tap is known in this time: nothing is known to have been seen
`, time.UTC, false, nil},
	} {
		got, c := renderCoverage(t, Table, tt.zone, tt.gaps, tt.list)
		if got != tt.want {
			t.Errorf("%s gives\n%s\nwant\n%s", tt.name, got, tt.want)
		}
		if c.Complete() != (tt.name == "over midnight") {
			t.Errorf("%s: complete is %v", tt.name, c.Complete())
		}
	}
}

func TestCoverageRows(t *testing.T) {
	text, _ := renderCoverage(t, CSV, time.UTC, true, hour())
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 8 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(rows[3][:10], " "); got != "edge-1 eth1 2026-11-22 10:42 lossy 60 1 1000 0 0 1204" {
		t.Errorf("a row is %s", got)
	}
	hostileName := []CoverageMinute{{Sensor: "=1+1", Tap: "\x1b[2J", State: "absent"}}
	for _, f := range []Format{CSV, Table} {
		out, _ := renderCoverage(t, f, time.UTC, false, hostileName)
		if bad := dangerous([]byte(out), "\r\n"); bad != "" || strings.HasPrefix(out, "=") || strings.Contains(out, "\n=") {
			t.Errorf("%s lets %q out: %q", f, bad, out)
		}
	}
	text, _ = renderCoverage(t, JSONL, time.UTC, false, hour())
	if n := strings.Count(text, "\n"); n != 120 {
		t.Errorf("%d lines", n)
	}
	first, _, _ := strings.Cut(text, "\n")
	var back CoverageMinute
	if err := json.Unmarshal([]byte(first), &back); err != nil || back != hour()[0] {
		t.Errorf("%s reads back as %+v, %v", first, back, err)
	}
	if _, err := NewCoverage(Auto, new(bytes.Buffer), time.UTC, false); err == nil {
		t.Error("auto is taken")
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := thousands(n); got != want {
			t.Errorf("%d gives %s", n, got)
		}
	}
}
