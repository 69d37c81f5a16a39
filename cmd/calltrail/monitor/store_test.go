package monitor

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/postgres"
)

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
