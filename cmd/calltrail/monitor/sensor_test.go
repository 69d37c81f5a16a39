package monitor

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/decode"
	"calltrail/decode/sip"
	"calltrail/store"
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
		"calltrail_decode_packets_total{class=decoded,reason=stun,tap=eth2}":          0,
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
