package monitor

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cmd/calltrail/monitor/status"
	"calltrail/decode"
	"calltrail/decode/sip"
	"calltrail/store"
	"calltrail/store/postgres"
	"calltrail/store/spool"
)

var noon = time.Date(2026, 5, 4, 6, 30, 0, 0, time.UTC)

// world is a sensor's state that a test sets.
type world struct {
	now  time.Time
	live pipeline.LiveStats
	sp   spool.Stats
	card capture.NICStats
	free uint64
	disk error
}

func (w *world) sensor() Sensor {
	return Sensor{
		Name:     "edge-1",
		Pipeline: func() pipeline.LiveStats { return w.live },
		NIC: func(tap string) (capture.NICStats, error) {
			if tap == "eth2" {
				return capture.NICStats{}, errors.New("eth2: no such device")
			}
			return w.card, nil
		},
		Spool: func() spool.Stats { return w.sp },
		Disk:  func() (uint64, uint64, error) { return w.free, 1 << 40, w.disk },
		Delivery: []Delivery{{"kafka", func() store.Stats {
			return store.Stats{Items: 7, Retries: 3, Failures: 2, LastError: errors.New("kafka: refused"), LastErrorAt: w.now}
		}}},
		Clock: func() (Clock, bool) {
			return Clock{Synced: true, Source: "chrony", Reference: "192.0.2.1", Stratum: 2, Offset: -3 * time.Millisecond, MaxError: time.Second}, true
		},
		Coverage: func() time.Time { return time.Time{} },
	}
}

func newWorld() *world {
	w := &world{now: noon, free: 1 << 30}
	w.live.Taps = []pipeline.TapStats{
		{Name: "eth1", Packets: 1000, Octets: 200_000, Duplicates: 4, Flows: 20, OneWayFlows: 5, Streams: 6, Capture: capture.LiveStats{Packets: 1010, Drops: 10, Freezes: 1, Up: true, Down: 2500 * time.Millisecond}},
		{Name: "eth2", Capture: capture.LiveStats{Up: true}},
	}
	w.live.Taps[0].Counts[decode.SIP] = 900
	w.live.Taps[0].Counts[decode.BadIPHeader] = 100
	w.live.Taps[0].SIPErrors[sip.ErrCallID] = 3
	w.live.Calls, w.live.OpenCalls = 12, 11
	w.live.Outcomes = map[record.Disposition]uint64{record.Busy: 5}
	w.live.Records = map[record.Kind]uint64{record.KindSIP: 40, "new": 1}
	w.live.Watermark = noon.Add(-1500 * time.Millisecond).UnixNano()
	w.sp = spool.Stats{Last: 100, Acked: 90, Depth: 10, DepthBytes: 5000, Bytes: 1 << 20, Gaps: 1, Failure: errors.New("disk full")}
	w.card = capture.NICStats{Missed: 50, SoftnetDropped: 9}
	return w
}

func (w *world) make(t *testing.T) (*Monitor, *sensor) {
	t.Helper()
	m, s, err := newSensor(Config{Version: "v1", Logger: zerolog.Nop()}, w.sensor(), func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// scrape gathers all values, by name and labels as Prometheus writes them.
func scrape(t *testing.T, m *Monitor) map[string]float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			got[f.GetName()+labels(metric)] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return got
}

func labels(m *dto.Metric) string {
	var parts []string
	for _, l := range m.GetLabel() {
		parts = append(parts, l.GetName()+"="+l.GetValue())
	}
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestSensorMetrics(t *testing.T) {
	m, _ := newWorld().make(t)
	got := scrape(t, m)
	for name, want := range map[string]float64{
		"calltrail_tap_up{tap=eth1}":                                                  1,
		"calltrail_tap_down_seconds_total{tap=eth1}":                                  2.5,
		"calltrail_tap_packets_total{tap=eth1}":                                       1000,
		"calltrail_tap_kernel_packets_total{tap=eth1}":                                1010,
		"calltrail_tap_kernel_dropped_packets_total{tap=eth1}":                        10,
		"calltrail_decode_packets_total{class=decoded,reason=sip,tap=eth1}":           900,
		"calltrail_decode_packets_total{class=dropped,reason=bad_ip_header,tap=eth1}": 100,
		"calltrail_decode_packets_total{class=ignored,reason=stun,tap=eth2}":          0,
		"calltrail_decode_sip_errors_total{kind=call_id,tap=eth1}":                    3,
		"calltrail_streams{tap=eth1}":                                                 6,
		"calltrail_nic_readable{tap=eth1}":                                            1,
		"calltrail_nic_readable{tap=eth2}":                                            0,
		"calltrail_nic_missed_packets_total{tap=eth1}":                                50,
		"calltrail_softnet_dropped_packets_total":                                     9,
		"calltrail_calls_open":                                                        11,
		"calltrail_calls_total{disposition=busy}":                                     5,
		"calltrail_calls_total{disposition=answered}":                                 0,
		"calltrail_records_total{kind=sip}":                                           40,
		"calltrail_records_total{kind=new}":                                           1,
		"calltrail_records_total{kind=coverage}":                                      0,
		"calltrail_watermark_lag_seconds":                                             1.5,
		"calltrail_coverage_last_minute_timestamp_seconds":                            math.NaN(),
		"calltrail_spool_depth_records":                                               10,
		"calltrail_spool_failing":                                                     1,
		"calltrail_disk_free_bytes":                                                   1 << 30,
		"calltrail_disk_left_seconds":                                                 math.NaN(),
		"calltrail_delivery_records_total{target=kafka}":                              7,
		"calltrail_delivery_failures{target=kafka}":                                   2,
		"calltrail_clock_synced{source=chrony}":                                       1,
		"calltrail_clock_offset_seconds":                                              -0.003,
	} {
		value, there := got[name]
		if !there || value != want && !(math.IsNaN(value) && math.IsNaN(want)) {
			t.Errorf("%s is %v (there: %v), want %v", name, value, there, want)
		}
	}
	if _, there := got["calltrail_nic_missed_packets_total{tap=eth2}"]; there {
		t.Error("the counts of a card that cannot be read are given out")
	}
	for name := range got {
		if strings.Contains(name, "192.0.2.1") || strings.Contains(name, "edge-1") {
			t.Errorf("%s has an address or the sensor's name in a label", name)
		}
	}
	// The sum of all outcomes is the number of packets.
	sum := 0.0
	for name, n := range got {
		if strings.HasPrefix(name, "calltrail_decode_packets_total") && strings.Contains(name, "tap=eth1") {
			sum += n
		}
	}
	if sum != 1000 {
		t.Errorf("decoded, ignored and dropped are %v, packets 1000", sum)
	}
}

// A name that Prometheus refuses spoils neither the scrape nor the program.
func TestHostileTapName(t *testing.T) {
	w := newWorld()
	w.live.Taps[0].Name = "eth\xff\"\n"
	m, _ := w.make(t)
	if _, there := scrape(t, m)["calltrail_tap_up{tap=eth?\"\n}"]; !there {
		t.Error("the tap is not there")
	}
}

func TestStatusRecent(t *testing.T) {
	w := newWorld()
	w.sp.Failure = nil
	_, s := w.make(t)
	if d := s.status(); d.Taps[0].PacketsPerSecond != nil || d.Disk.BytesPerSecond != nil || d.RecentSeconds != 0 {
		t.Errorf("rates before anything was sampled: %+v", d)
	}
	// Ten minutes: 100 packets a second, a drop in the first minute, a call pushed out in the last, 1000 octets a second.
	for i := range 61 {
		switch i {
		case 6:
			w.live.Taps[0].Capture.Drops++
		case 60:
			w.live.Dialogs.Evicted, w.card.Missed = 2, 51
		}
		s.sample(w.now)
		w.now = w.now.Add(sampleEvery)
		w.live.Taps[0].Packets += 1000
		w.sp.Bytes += 10_000
	}
	d := s.status()
	tap := d.Taps[0]
	if *tap.PacketsPerSecond != 100 || tap.Total.KernelDrops != 11 || tap.Recent.KernelDrops != 0 || tap.Recent.CardMissed != 1 || tap.Recent.Packets != 30_000 {
		t.Errorf("tap %+v, %v packets a second", tap, *tap.PacketsPerSecond)
	}
	if d.Calls.RecentEvicted != 2 || d.RecentSeconds != 300 {
		t.Errorf("%d calls pushed out in %v s", d.Calls.RecentEvicted, d.RecentSeconds)
	}
	if d.Taps[1].CardError != "eth2: no such device" {
		t.Errorf("card error %q", d.Taps[1].CardError)
	}
	if d.Disk.BytesPerSecond == nil || *d.Disk.BytesPerSecond != 1000 {
		t.Errorf("disk %+v", d.Disk)
	}
	// Records above 90 have waited since the first sample.
	if d.Spool.OldestSeconds != 610 {
		t.Errorf("the oldest record waits for %v s", d.Spool.OldestSeconds)
	}
	w.sp.Acked = 100
	if d := s.status(); d.Spool.OldestSeconds != 0 {
		t.Errorf("nothing waits, and the oldest does for %v s", d.Spool.OldestSeconds)
	}
	if n := len(s.recent.moments); n > 32 {
		t.Errorf("%d moments are kept", n)
	}
}

func TestGrowth(t *testing.T) {
	var g growth
	at, bytes := noon, int64(0)
	step := func(n int, each int64) {
		for range n {
			at, bytes = at.Add(sampleEvery), bytes+each
			g.add(at, bytes)
		}
	}
	step(1, 0)
	step(59, 10_000)
	if _, known := g.perSecond(); known {
		t.Error("known after less than ten minutes")
	}
	step(1, 10_000)
	if r, known := g.perSecond(); !known || r != 1000 {
		t.Errorf("%v, %v; want 1000", r, known)
	}
	step(1, -600_000) // a segment trimmed: neither growth nor time
	step(60, 10_000)
	if r, _ := g.perSecond(); r != 1000 {
		t.Errorf("%v after a trim; want 1000", r)
	}
	// Two days later only the last day counts, and the memory has not grown.
	step(2*8640, 20_000)
	if r, _ := g.perSecond(); r != 2000 || len(g.marks) > 1440 {
		t.Errorf("%v with %d marks; want 2000", r, len(g.marks))
	}
}

func TestBacklog(t *testing.T) {
	var b backlog
	at := noon
	for i := range uint64(10_000) {
		b.add(at, i+1, 0)
		at = at.Add(time.Second)
	}
	if len(b.marks) > backlogMarks {
		t.Fatalf("%d marks", len(b.marks))
	}
	for _, acked := range []uint64{0, 1, 5000, 9000} {
		// Number acked+1 came at second acked.
		is, got := at.Sub(noon.Add(time.Duration(acked)*time.Second)), b.oldest(at, acked)
		if got > is || got < is-time.Minute {
			t.Errorf("acknowledged %d: %v, and it is %v", acked, got, is)
		}
	}
	b.add(at, 10_000, 10_000)
	if len(b.marks) != 0 || b.oldest(at, 10_000) != 0 {
		t.Errorf("%d marks of an empty spool", len(b.marks))
	}
}

func TestStoreMonitor(t *testing.T) {
	lag, held, fail := uint64(75), postgres.Holdings{Newest: noon, Missing: 3, Gaps: 1, Quarantined: 2}, error(nil)
	m, s, err := newStore(Config{Version: "v1", Logger: zerolog.Nop()}, Store{
		Counts:   func() postgres.Counts { return postgres.Counts{Stored: 10, Alarms: 1, Quarantined: 2} },
		Delivery: func() store.Stats { return store.Stats{Items: 12} },
		Lag:      func(context.Context) (uint64, error) { return lag, fail },
		Newest:   func(context.Context) (postgres.Holdings, error) { return held, fail },
	}, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	check := func(want map[string]float64) {
		t.Helper()
		got := scrape(t, m)
		for name, v := range want {
			if value, there := got[name]; !there || value != v && !(math.IsNaN(value) && math.IsNaN(v)) {
				t.Errorf("%s is %v (there: %v), want %v", name, value, there, v)
			}
		}
	}
	nothing := map[string]float64{
		"calltrail_kafka_up": 0, "calltrail_kafka_lag_messages": math.NaN(), "calltrail_postgres_up": 0,
		"calltrail_postgres_newest_row_timestamp_seconds": math.NaN(), "calltrail_postgres_chain_gaps": math.NaN(),
	}
	check(nothing)
	s.ask(t.Context())
	check(map[string]float64{
		"calltrail_store_entries_total{outcome=stored}": 10, "calltrail_store_entries_total{outcome=redelivered}": 0,
		"calltrail_store_alarms_total": 1, "calltrail_delivery_records_total{target=postgres}": 12,
		"calltrail_kafka_up": 1, "calltrail_kafka_lag_messages": 75, "calltrail_postgres_up": 1,
		"calltrail_postgres_newest_row_timestamp_seconds": float64(noon.Unix()), "calltrail_postgres_chain_missing_entries": 3,
		"calltrail_postgres_quarantined_items": 2,
	})
	if d := s.status(); d.Kafka.Lag != 75 || !d.Postgres.Newest.Equal(noon) || d.Failing != "" {
		t.Errorf("%+v", d)
	}
	fail = errors.New("away")
	s.ask(t.Context())
	check(nothing)
	if d := s.status(); d.Kafka.Error != "away" || d.Postgres.Error != "away" {
		t.Errorf("%+v", d)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := NewSensor(Config{}, Sensor{Name: "x"}); err == nil {
		t.Error("a sensor without a pipeline")
	}
	if _, err := NewStore(Config{}, Store{}); err == nil {
		t.Error("a store without counts")
	}
}

// run starts m on a free port; it has ended when the test has.
func run(t *testing.T, cfg Config, build func(Config) (*Monitor, error)) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	addr, done := make(chan string, 1), make(chan error, 1)
	cfg.Listen, cfg.Listening = "127.0.0.1:0", func(a net.Addr) { addr <- a.String() }
	m, err := build(cfg)
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-addr:
		return a
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	return ""
}

func get(t *testing.T, method, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func TestServer(t *testing.T) {
	w := newWorld()
	var health error
	from := w.sensor()
	from.Health = func() error { return health }
	addr := run(t, Config{Version: "v1", Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, from) })
	url := "http://" + addr
	if code, body := get(t, http.MethodGet, url+"/healthz"); code != 503 || body != "the spool cannot be written: disk full\n" {
		t.Errorf("health %d %q", code, body)
	}
	w.sp.Failure = nil
	w.live.Watermark = time.Now().UnixNano()
	if code, body := get(t, http.MethodGet, url+"/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("health %d %q", code, body)
	}
	health = errors.New("the key\ncannot be read")
	if code, body := get(t, http.MethodGet, url+"/healthz"); code != 503 || body != "the key cannot be read\n" {
		t.Errorf("health %d %q", code, body)
	}
	if code, body := get(t, http.MethodGet, url+"/metrics"); code != 200 || !strings.Contains(body, `calltrail_build_info{goversion="go`) || !strings.Contains(body, "process_resident_memory_bytes") {
		t.Errorf("metrics %d %.200q", code, body)
	}
	d, err := status.Ask[status.Sensor](t.Context(), addr)
	if err != nil || d.Sensor != "edge-1" || len(d.Taps) != 2 || d.Clock.Reference != "192.0.2.1" {
		t.Errorf("%+v, %v", d, err)
	}
	for path, want := range map[string]int{"/": 404, "/debug/pprof/": 404, "/debug/vars": 404} {
		if code, _ := get(t, http.MethodGet, url+path); code != want {
			t.Errorf("GET %s gives %d, want %d", path, code, want)
		}
	}
	if code, _ := get(t, http.MethodPost, url+"/status"); code != 405 {
		t.Errorf("POST /status gives %d", code)
	}
	// It answers 431, or closes the connection before all of the request has been sent.
	long, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/status?"+strings.Repeat("x", 64<<10), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(long); err == nil {
		if _ = answer.Body.Close(); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a long request gives %d", answer.StatusCode)
		}
	}
}

// A second program on the same address is told so at once.
func TestAddressInUse(t *testing.T) {
	w := newWorld()
	addr := run(t, Config{Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, w.sensor()) })
	m, err := NewSensor(Config{Listen: addr, Logger: zerolog.Nop()}, w.sensor())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), addr+": address already in use: choose another address") {
		t.Errorf("%v", err)
	}
}

// Nobody can keep more connections open than the server has room for, and one that goes makes room.
func TestConnectionsAreBounded(t *testing.T) {
	w := newWorld()
	addr := run(t, Config{Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, w.sensor()) })
	var held []net.Conn
	for range mostConnections {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		held = append(held, c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := status.Ask[status.Sensor](ctx, addr); err == nil {
		t.Error("an answer beyond the bound")
	}
	_ = held[0].Close()
	if _, err := status.Ask[status.Sensor](t.Context(), addr); err != nil {
		t.Errorf("no answer when there is room again: %v", err)
	}
}
