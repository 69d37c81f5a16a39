package status

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
)

var update = flag.Bool("update", false, "write the golden screens of testdata/ anew")

var (
	noon = time.Date(2026, 5, 4, 6, 30, 0, 0, time.UTC) // 12:00 IST
	ist  = time.FixedZone("IST", 5*3600+1800)
)

// well is a host with sensor and store where nothing is wrong.
func well() *Report {
	return &Report{
		At: noon,
		Sensor: Part[Sensor]{From: "127.0.0.1:9465", Expected: true, Value: &Sensor{
			Sensor: "edge-1", Version: "v1.2.3", At: noon, Started: noon.Add(-76*time.Hour - 5*time.Minute),
			RecentSeconds: 300,
			Taps: []Tap{
				{
					Name: "eth1", Up: true, PacketsPerSecond: new(12_345.6), OctetsPerSecond: new(9.2 * 1024 * 1024), SIPPerSecond: new(1234.5), TCPStreams: 900,
					Total:  Seen{Packets: 9_000_000, KernelDrops: 17, CardMissed: 4},
					Recent: Seen{Packets: 3_000_000, Duplicates: 1200, Flows: 840, OneWayFlows: 10},
				},
				{Name: "eth2", Up: true, PacketsPerSecond: new(0.4), OctetsPerSecond: new(90.0), Recent: Seen{Packets: 120}},
			},
			Calls:          Calls{Open: 1234, InMemory: 1300, Records: 45_678},
			LagSeconds:     new(0.42),
			CoverageMinute: new(noon.Add(-time.Minute)),
			Spool:          &Spool{Last: 45_678, Acked: 45_678, Bytes: 1_288_490_188},
			Disk:           &Disk{FreeBytes: 412 << 30, TotalBytes: 500 << 30, BytesPerSecond: new(24_000.0)},
			Delivery:       []Delivery{{Name: "kafka", Items: 45_678}},
			Clock:          &Clock{Synced: true, Source: "chrony", Reference: "ntp1.example.net", Stratum: 2, OffsetSeconds: -12e-6, ErrorSeconds: 1.4e-3},
		}},
		Store: Part[Store]{From: "127.0.0.1:9466", Expected: true, Value: &Store{
			Version: "v1.2.3", At: noon, Started: noon.Add(-90 * time.Second), Stored: 45_600, Duplicates: 3,
			Delivery: Delivery{Name: "postgres", Items: 45_603},
		}},
		Kafka:    Part[Kafka]{From: "calltrail.records.v1", Expected: true, Value: &Kafka{Lag: 75}},
		Postgres: Part[Postgres]{From: "postgres calltrail@db1:5432/calltrail", Expected: true, Value: &Postgres{Newest: new(noon.Add(-2 * time.Second))}},
	}
}

// trouble is the same host with everything wrong at a time, and hostile names.
func trouble() *Report {
	r := well()
	s := r.Sensor.Value
	s.Taps[0].Up = false
	s.Taps[0].Recent.KernelDrops, s.Taps[0].Recent.CardMissed = 17, 3
	s.Taps[1].Recent.Flows, s.Taps[1].Recent.OneWayFlows = 40, 36
	for i := range 5 {
		s.Taps = append(s.Taps, Tap{Name: fmt.Sprintf("tap%d", i), Up: true})
	}
	s.Taps[6].Up = false
	s.Calls.Evicted, s.Calls.RecentEvicted = 12, 12
	s.LagSeconds, s.CoverageMinute = new(95.0), new(noon.Add(-26*time.Hour))
	s.Spool = &Spool{Last: 46_000, Acked: 45_000, Depth: 1000, DepthBytes: 3_145_728, Bytes: 1_288_490_188, OldestSeconds: 4000, Gaps: 1, Failure: "no space left for the spool"}
	s.Disk.FreeBytes = 2 << 30
	s.Delivery[0].Failures, s.Delivery[0].LastError = 41, "kafka: kafka1:9092: connection refused\x1b[2J: is the broker running? (kafka.brokers)"
	s.Clock.Synced = false
	s.Failing = s.Fails()
	v := r.Store.Value
	v.Alarms, v.Quarantined, v.Delivery.Failures, v.Delivery.LastError = 1, 4, 2, "postgres: db1:5432: connection refused"
	r.Kafka = Part[Kafka]{From: "t", Expected: true, Error: "not reachable: kafka1:9092: connection refused: is the broker running? (kafka.brokers)"}
	r.Postgres.Value = &Postgres{Missing: 20, Gaps: 2, Quarantined: 4}
	return r
}

func TestScreens(t *testing.T) {
	edge := well()
	edge.Store = Part[Store]{From: "127.0.0.1:9466", Error: "not reachable: 127.0.0.1:9466: connection refused"}
	edge.Kafka, edge.Postgres = Part[Kafka]{}, Part[Postgres]{}
	fresh := edge.Sensor.Value
	*fresh = Sensor{Sensor: "edge-1", Version: "devel", At: noon, Started: noon.Add(-3 * time.Second), Taps: []Tap{{Name: "eth1", Up: true}}, Disk: &Disk{FreeBytes: 1 << 40}}
	alone := well()
	alone.Sensor.Value.Delivery, alone.Sensor.Value.Spool.Depth, alone.Store = nil, 45_678, Part[Store]{From: "127.0.0.1:9466"}
	alone.Kafka, alone.Postgres = Part[Kafka]{}, Part[Postgres]{}
	gone := &Report{
		At:       noon,
		Sensor:   Part[Sensor]{From: "127.0.0.1:9465", Expected: true, Error: "not reachable: 127.0.0.1:9465: connection refused"},
		Store:    Part[Store]{Expected: false},
		Kafka:    Part[Kafka]{Expected: true, Error: "not reachable: no answer within 3s"},
		Postgres: Part[Postgres]{},
	}
	for _, tt := range []struct {
		name     string
		report   *Report
		problems int
	}{
		{"well", well(), 0},
		{"trouble", trouble(), 19},
		{"edge", edge, 0},
		{"alone", alone, 0},
		{"gone", gone, 2},
		{"nothing", &Report{At: noon}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.report.Judge()
			if n := len(tt.report.Problems); n != tt.problems {
				t.Errorf("%d problems, want %d:\n%s", n, tt.problems, strings.Join(tt.report.Problems, "\n"))
			}
			var out bytes.Buffer
			if err := tt.report.WriteTable(&out, ist); err != nil {
				t.Fatal(err)
			}
			golden(t, tt.name+".txt", out.Bytes())
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if len(lines) > 23 {
				t.Errorf("%d lines do not fit under 24 with a prompt", len(lines))
			}
			for _, l := range lines {
				if w := uniseg.StringWidth(l); w > columns {
					t.Errorf("%d columns: %s", w, l)
				}
			}
			if i := bytes.IndexFunc(out.Bytes(), func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
				t.Errorf("octet %#x reaches the terminal", out.Bytes()[i])
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// What is written as JSON is read back as it was: programs may rely on all of it.
func TestJSON(t *testing.T) {
	for _, r := range []*Report{well(), trouble(), {At: noon}} {
		r.Judge()
		var out bytes.Buffer
		if err := r.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		var back Report
		d := json.NewDecoder(bytes.NewReader(out.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&back); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := back.WriteJSON(&again); err != nil || again.String() != out.String() {
			t.Errorf("%v: got\n%s\nwant\n%s", err, again.String(), out.String())
		}
	}
}

// Each fault alone is found, and named once.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(*Sensor, *Report)
		want string
	}{
		{"tap down", func(s *Sensor, _ *Report) { s.Taps[1].Up = false }, "eth2 is down"},
		{"drops", func(s *Sensor, _ *Report) { s.Taps[0].Recent.KernelDrops = 1 }, "the kernel dropped 1 packets in 5m"},
		{"card", func(s *Sensor, _ *Report) { s.Taps[0].Recent.CardMissed = 1 }, "the card missed 1 packets"},
		{"one way", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Flows, s.Taps[1].Recent.OneWayFlows = 10, 5 }, "eth2 sees one direction only (50.0% of flows)"},
		{"few flows", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Flows, s.Taps[1].Recent.OneWayFlows = 9, 9 }, ""},
		{"below half", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Flows, s.Taps[1].Recent.OneWayFlows = 100, 49 }, ""},
		{"gaps in TCP", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage.TCPGaps = 10 }, "eth2: 10 gaps in TCP streams in 5m: does the mirror port lose packets?"},
		{"few gaps", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage.TCPGaps = 9 }, ""},
		{"gaps in few of the streams", func(s *Sensor, _ *Report) { s.Taps[0].Recent.Carriage.TCPGaps, s.Taps[0].TCPStreams = 10, 1001 }, ""},
		{"TCP pushed out", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage.TCPEvicted = 1 }, "eth2: 1 TCP connections were pushed out in 5m: raise limits.tcp_streams"},
		{"TLS pushed out", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage.TLSEvicted = 1 }, "raise limits.tls_connections"},
		{"pieces pushed out", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage.PiecesEvicted = 1 }, "eth2: 1 pieces of TCP or SCTP were pushed out in 5m"},
		{"pushed out long ago", func(s *Sensor, _ *Report) {
			s.Taps[1].Total.Carriage = Carriage{TCPGaps: 99, TCPEvicted: 1, TLSEvicted: 1, PiecesEvicted: 1, DatagramsLost: 99}
		}, ""},
		{"fragments", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage = Carriage{Datagrams: 90, DatagramsLost: 10} }, "eth2: 10.0% of fragmented datagrams lost: see mirror port"},
		{"few fragments", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage = Carriage{DatagramsLost: 9} }, ""},
		{"most fragments come", func(s *Sensor, _ *Report) { s.Taps[1].Recent.Carriage = Carriage{Datagrams: 91, DatagramsLost: 10} }, ""},
		{"behind", func(s *Sensor, _ *Report) { s.LagSeconds = new(31.0) }, "the work is 31 s behind the clock"},
		{"evicted", func(s *Sensor, _ *Report) { s.Calls.RecentEvicted = 1 }, "raise limits.calls"},
		{"evicted long ago", func(s *Sensor, _ *Report) { s.Calls.Evicted = 1 }, ""},
		{"no coverage", func(s *Sensor, _ *Report) { s.CoverageMinute = new(noon.Add(-4 * time.Minute)) }, "the last coverage event is of 4m ago"},
		{"spool", func(s *Sensor, _ *Report) { s.Spool.Failure = "disk full" }, "the spool cannot be written: disk full"},
		{"damage", func(s *Sensor, _ *Report) { s.Spool.Gaps = 2 }, "2 damaged places"},
		{"waits", func(s *Sensor, _ *Report) { s.Spool.Depth, s.Spool.OldestSeconds = 5, 601 }, "5 records wait, the oldest for 10m 1s"},
		{"waits briefly", func(s *Sensor, _ *Report) { s.Spool.Depth, s.Spool.OldestSeconds = 5, 599 }, ""},
		{"the spool is the end", func(s *Sensor, _ *Report) { s.Delivery, s.Spool.Depth, s.Spool.OldestSeconds = nil, 5, 601 }, ""},
		{"disk", func(s *Sensor, _ *Report) { s.Disk.FreeBytes = 24_000 * 86400 * 6 }, "full in 6.0 days"},
		{"disk not known", func(s *Sensor, _ *Report) { s.Disk = &Disk{FreeBytes: 1} }, ""},
		{"delivery", func(s *Sensor, _ *Report) { s.Delivery[0].Failures, s.Delivery[0].LastError = 1, "refused" }, "delivery to kafka fails, attempt 1: refused"},
		{"unsynced", func(s *Sensor, _ *Report) { s.Clock.Synced = false }, "not synchronised"},
		{"offset", func(s *Sensor, _ *Report) { s.Clock.OffsetSeconds = -0.11 }, "the clock is 0.1 s off"},
		{"no taps", func(s *Sensor, _ *Report) { s.Taps = nil }, "no tap"},
		{"health", func(s *Sensor, _ *Report) { s.Failing = "stuck" }, "stuck"},
		{"store away", func(_ *Sensor, r *Report) { r.Store = Part[Store]{Expected: true, Error: "not reachable: x"} }, "store: not reachable: x"},
		{"no store here", func(_ *Sensor, r *Report) { r.Store = Part[Store]{Error: "not reachable: x"} }, ""},
		{"lag", func(_ *Sensor, r *Report) { r.Kafka.Value.Lag = 100_001 }, "100,001 messages behind"},
		{"gaps", func(_ *Sensor, r *Report) { r.Postgres.Value.Missing, r.Postgres.Value.Gaps = 2, 1 }, "2 records are missing in 1 gaps"},
		{"alarm", func(_ *Sensor, r *Report) { r.Store.Value.Quarantined, r.Store.Value.Alarms = 1, 1 }, "1 items do not agree"},
		{"quarantine", func(_ *Sensor, r *Report) { r.Store.Value.Quarantined = 1 }, "1 items were put into quarantine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := well()
			tt.make(r.Sensor.Value, r)
			if r.Sensor.Value.Failing == "" {
				r.Sensor.Value.Failing = r.Sensor.Value.Fails()
			}
			r.Judge()
			switch {
			case tt.want == "" && len(r.Problems) > 0:
				t.Errorf("%q, want nothing", r.Problems)
			case tt.want != "" && (len(r.Problems) != 1 || !strings.Contains(r.Problems[0], tt.want)):
				t.Errorf("%q, want one line with %q", r.Problems, tt.want)
			}
		})
	}
}

func TestUnits(t *testing.T) {
	for got, want := range map[string]string{
		span(0): "0 s", span(35e-6): "35 µs", span(0.012): "12 ms", span(0.42): "0.4 s", span(-0.11): "-0.1 s", span(12.4): "12 s",
		span(59.7): "1m", span(306): "5m 6s", span(7200): "2h", span(273_900): "3d 4h", span(1e300): "11574074074d 1h",
		count(0): "0", count(999): "999", count(1000): "1,000", count(1234567): "1,234,567",
		octets(512): "512 B", octets(1536): "1.5 KiB", octets(1047552): "1023 KiB", octets(1048300): "1.0 MiB", octets(412 << 30): "412 GiB",
		percent(1, 3): "33.3%", percent(0, 0): "-", rate(nil): "-", rate(new(0.0)): "0", rate(new(0.42)): "0.4", rate(new(12345.6)): "12,346",
		reachable("0.0.0.0:1"): "127.0.0.1:1", reachable("[::]:1"): "[::1]:1", reachable(":1"): "127.0.0.1:1", reachable("192.0.2.1:1"): "192.0.2.1:1",
		clockTime(noon, noon, ist): "12:00:00", clockTime(noon.AddDate(0, 0, -1), noon, ist): "2026-05-03 12:00:00",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (Seen{CardMissed: 5}).Minus(Seen{CardMissed: 9}); got != (Seen{}) {
		t.Errorf("a card that began anew gives %+v", got)
	}
	all := Carriage{1, 2, 3, 4, 5, 6, 7, 8}
	if got := (Seen{Carriage: Carriage{3, 6, 9, 12, 15, 18, 21, 24}}).Minus(Seen{Carriage: Carriage{2, 4, 6, 8, 10, 12, 14, 16}}); got != (Seen{Carriage: all}) {
		t.Errorf("what was added is %+v", got)
	}
}
