package monitor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/capture"
	"calltrail/cdr/geo"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/spoof"
	"calltrail/cmd/calltrail/monitor/promtest"
	"calltrail/store"
	"calltrail/store/postgres"
	"calltrail/store/spool"
)

const repository = "../../.."

// A real Prometheus scrapes a sensor and a store, and every alert and every panel has something to go by.
func TestPrometheus(t *testing.T) {
	promtest.Require(t)
	sensor := run(t, Config{Version: "test", Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, replayed(t)) })
	loader := run(t, Config{Version: "test", Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) {
		return NewStore(c, Store{
			Counts:   func() postgres.Counts { return postgres.Counts{Stored: 1} },
			Delivery: func() store.Stats { return store.Stats{Items: 1} },
			Lag:      func(context.Context) (uint64, error) { return 3, nil },
			Newest:   func(context.Context) (postgres.Holdings, error) { return postgres.Holdings{Newest: time.Now()}, nil },
		})
	})
	for _, addr := range []string{sensor, loader} {
		_, text := get(t, "GET", "http://"+addr+"/metrics")
		promtest.Promtool(t, t.TempDir(), text, "check", "metrics")
	}
	promtest.Check(t, repository, promtest.Targets{Sensor: sensor, Store: loader, Agents: true})
}

// The alerts fire when they should, and only then; none is without a case in which it does.
func TestAlerts(t *testing.T) {
	promtest.Require(t)
	cases, err := os.ReadFile(filepath.Join(repository, "deploy", "prometheus", "alerts_test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range promtest.AlertNames(t, repository) {
		if !strings.Contains(string(cases), `alertname="`+name+`"`) {
			t.Errorf("no case of alerts_test.yml has %s fire", name)
		}
	}
	promtest.Promtool(t, filepath.Join(repository, "deploy", "prometheus"), "", "test", "rules", "alerts_test.yml")
}

// replayed is a sensor that has worked through a capture: a real pipeline, a real spool, a real pump.
func replayed(t *testing.T) Sensor {
	t.Helper()
	sp, err := spool.Open(spool.Config{Dir: filepath.Join(t.TempDir(), "spool"), Sensor: "edge-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sp.Close() })
	p := replay(t, filepath.Join(repository, "pcaps", "answered", "capture.pcap"), sp)
	pump, err := store.New(store.Config{Name: "kafka"}, store.SpoolFeed(sp, 0, false), kept{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := pump.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	stats := p.Stats()
	live := pipeline.LiveStats{
		Taps: []pipeline.TapStats{{
			Name: "eth1", Packets: stats.Packets, Counts: stats.Counts, SIPErrors: stats.SIPErrors, Tables: stats.Tables,
			Capture: capture.LiveStats{Packets: stats.Packets, Up: true},
		}},
		Dialogs: stats.Dialogs, Media: stats.Streams, Outcomes: stats.Calls, Watermark: time.Now().UnixNano(),
	}
	return Sensor{
		Name: "edge-1", Spool: sp.Stats, Delivery: []Delivery{{"kafka", pump.Stats}},
		Pipeline: func() pipeline.LiveStats { return live },
		NIC:      func(string) (capture.NICStats, error) { return capture.NICStats{}, nil },
		Disk:     func() (uint64, uint64, error) { return 1 << 30, 1 << 40, nil },
		Clock:    func() (Clock, bool) { return Clock{Synced: true, Source: "kernel"}, true },
		Coverage: time.Now,
		Agents:   func() Agents { return Agents{} },
	}
}

// replay reads a capture to its end and spools its records.
func replay(t *testing.T, path string, sp *spool.Spool) *pipeline.Pipeline {
	t.Helper()
	numbers, err := number.New(number.Config{DefaultRegion: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := spoof.New(spoof.Config{HomeCountry: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	places, err := geo.New(geo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipeline.New(pipeline.Config{Sensor: "edge-1", Version: "test"}, pipeline.Lookups{Numbers: numbers, Places: places, Rules: rules}, spooled{sp})
	if err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenFiles([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }() // read only
	if err := p.Run(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	if err := sp.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

type spooled struct{ *spool.Spool }

func (s spooled) Put(_ pipeline.Meta, body []byte) error {
	_, err := s.Write(body)
	return err
}

// kept is a receiver that takes everything.
type kept struct{}

func (kept) Deliver(context.Context, []store.Item) error { return nil }

// An expression whose metric nobody has is found, and one whose metric is there is not.
func TestMissing(t *testing.T) {
	promtest.Require(t)
	addr := run(t, Config{Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, newWorld().sensor()) })
	s := promtest.Start(t, repository, promtest.Targets{Sensor: addr})
	got := promtest.Missing(t, s, []promtest.Expression{
		{Where: "a metric that is not", Text: "calltrail_tap_upp == bool 0"},
		{Where: "a label that is not", Text: `calltrail_decode_packets_total{reason="sipp"} > bool 0`},
		{Where: "a join without match", Text: "calltrail_tap_up == bool 0 and on (tap) calltrail_calls > bool 0"},
		{Where: "all well", Text: "calltrail_tap_up == bool 0"},
	})
	if len(got) != 3 || got[2].Where != "a join without match" {
		t.Errorf("%d expressions are missing: %+v", len(got), got)
	}
}
