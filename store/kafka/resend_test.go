package kafka

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/postgres"
	"calltrail/store/spool"
)

// Records that expired in the topic before a store read them are asked for on the resend topic, and the sensor's spool answers.
// Without its answer the gap stays: that is the control.
func TestExpiredRecordsAreSentAgain(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	cluster := kafkatest.Start(t, kafkatest.Options{Properties: map[string]string{"log.retention.check.interval.ms": "200", "log.initial.task.delay.ms": "200"}})
	c := Config{Brokers: cluster.Addresses()}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if _, err := Init(ctx, c, Topics{Partitions: 1, Replication: 1}); err != nil {
		t.Fatal(err)
	}

	// The sensor: 300 records on its spool, of which Kafka had the first 200 long ago.
	sp, err := spool.Open(spool.Config{Dir: t.TempDir(), Sensor: "edge-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close() //nolint:errcheck // a test's
	const calls, expired = 300, 200
	bodies := callEntries(t, "edge-1", calls)
	deliver := func(from, to int) {
		t.Helper()
		for _, item := range bodies[from:to] {
			if _, _, err := sp.Append(item.Body); err != nil {
				t.Fatal(err)
			}
		}
		p, err := store.New(store.Config{Name: "kafka"}, store.SpoolFeed(sp, 0, false), publisher(t, c), zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	deliver(0, expired)
	began := time.Now()
	setRetention(t, c, "1")
	for earliest(t, c) != expired {
		select {
		case <-ctx.Done():
			t.Fatalf("the records did not expire: the topic begins at %d", earliest(t, c))
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Logf("expired after %v", time.Since(began).Round(100*time.Millisecond))
	setRetention(t, c, "600000")
	deliver(expired, calls)

	loader, err := postgres.Open(ctx, postgres.Config{DSN: dsn, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close()
	feed := consumer(t, ConsumerConfig{Config: c})
	p, err := store.New(store.Config{Name: "postgres"}, feed, loader, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Run(run) // it ends with run
	}()
	defer func() { stop(); <-ended }()
	inquiry := store.Inquiry{Pause: time.Second, Missing: loader.Missing, Log: zerolog.Nop(), Ask: func(ctx context.Context, r []store.Request) error { return Ask(ctx, c, r) }}
	go inquiry.Run(run) //nolint:errcheck // it ends with run

	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	state := func() string {
		var gap, entries, records int
		err := db.QueryRowContext(ctx, "SELECT (SELECT coalesce(sum(entries), 0) FROM calltrail.gap), (SELECT count(*) FROM calltrail.entry), (SELECT count(*) FROM calltrail.call_record)").Scan(&gap, &entries, &records)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d missing, %d entries, %d records", gap, entries, records)
	}
	until := func(want string, limit time.Duration) string {
		deadline := time.Now().Add(limit)
		for state() != want && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond)
		}
		return state()
	}
	gone := fmt.Sprintf("%d missing, %d entries, %d records", expired, calls-expired, calls-expired)
	if got := until(gone, 30*time.Second); got != gone {
		t.Fatalf("behind the gap: %s, want %s", got, gone)
	}
	// The control: asked twice with nobody to answer, the gap is still there.
	asked := latest(t, c, ResendTopic)
	for latest(t, c, ResendTopic) == asked {
		select {
		case <-ctx.Done():
			t.Fatal("nothing was asked for")
		case <-time.After(100 * time.Millisecond):
		}
	}
	if got := state(); got != gone {
		t.Fatalf("without an answer: %s, want %s", got, gone)
	}

	requests, err := NewRequests(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close() //nolint:errcheck // a test's
	answer := store.Answer{Spool: sp, Log: zerolog.Nop(), Requests: requests.Next, Open: func(ctx context.Context) (store.Sink, func(), error) {
		p, err := NewPublisher(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		return p, p.Close, nil
	}}
	go answer.Run(run) //nolint:errcheck // it ends with run
	began = time.Now()
	whole := fmt.Sprintf("0 missing, %d entries, %d records", calls, calls)
	if got := until(whole, time.Minute); got != whole {
		t.Errorf("a minute after the sensor can answer: %s, want %s", got, whole)
	}
	t.Logf("whole after %v", time.Since(began).Round(100*time.Millisecond))
}

func setRetention(t *testing.T, c Config, ms string) {
	t.Helper()
	client, transport, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	answer, err := client.IncrementalAlterConfigs(within(t), &kafkago.IncrementalAlterConfigsRequest{Resources: []kafkago.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafkago.ResourceTypeTopic, ResourceName: RecordsTopic,
		Configs: []kafkago.IncrementalAlterConfigsRequestConfig{{Name: retention, Value: ms, ConfigOperation: kafkago.ConfigOperationSet}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Resources {
		if r.Error != nil {
			t.Fatal(r.Error)
		}
	}
}

func earliest(t *testing.T, c Config) int64 {
	t.Helper()
	return offset(t, c, RecordsTopic, kafkago.FirstOffsetOf(0))
}

func latest(t *testing.T, c Config, topic string) int64 {
	t.Helper()
	return offset(t, c, topic, kafkago.LastOffsetOf(0))
}

func offset(t *testing.T, c Config, topic string, ask kafkago.OffsetRequest) int64 {
	t.Helper()
	client, transport, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	answer, err := client.ListOffsets(within(t), &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: {ask}}})
	if err != nil {
		t.Fatal(err)
	}
	p := answer.Topics[topic][0]
	if p.Error != nil {
		t.Fatal(p.Error)
	}
	return max(p.FirstOffset, p.LastOffset)
}

func TestParseRequest(t *testing.T) {
	want := store.Request{Sensor: "edge-1", Epoch: 1780000000000000, First: 17, Last: 20}
	got, err := parseRequest([]byte(`{"sensor":"edge-1","epoch":1780000000000000,"first":17,"last":20}`))
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, text := range []string{
		"", "null", "{}", `{"sensor":"edge-1","first":0,"last":1}`, `{"sensor":"edge-1","first":2,"last":1}`, `{"sensor":"","first":1,"last":1}`, `{"sensor":"edge-1","first":-1,"last":1}`,
		`{"sensor":"edge-1","first":1,"last":1}` + strings.Repeat(" ", maxRequestOctets),
	} {
		if got, err := parseRequest([]byte(text)); err == nil {
			t.Errorf("%.60q is %+v", text, got)
		}
	}
}
