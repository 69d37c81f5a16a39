package kafka

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
	"calltrail/store/spool"
)

// topics makes the topics of one test on the real broker, which deploy/dev/up starts and names in .dev/env.
func topics(tb testing.TB, partitions int) Config {
	tb.Helper()
	c := server(tb)
	suffix := fmt.Sprintf(".test.%016x", rand.Uint64())
	c.RecordsTopic, c.ResendTopic = RecordsTopic+suffix, ResendTopic+suffix
	reports, err := Init(context.Background(), c, Topics{Partitions: partitions, Replication: 1})
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range reports {
		if !r.Created {
			tb.Fatalf("topic %s was there", r.Name)
		}
	}
	tb.Cleanup(func() {
		client, transport, err := c.client()
		if err != nil {
			tb.Fatal(err)
		}
		defer transport.CloseIdleConnections()
		if _, err := client.DeleteTopics(context.Background(), &kafkago.DeleteTopicsRequest{Topics: []string{c.RecordsTopic, c.ResendTopic}}); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func server(tb testing.TB) Config {
	tb.Helper()
	brokers := os.Getenv("CALLTRAIL_KAFKA_BROKERS")
	if brokers == "" {
		const why = "CALLTRAIL_KAFKA_BROKERS is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	return Config{Brokers: strings.Split(brokers, ",")}
}

func publisher(tb testing.TB, c Config) *Publisher {
	tb.Helper()
	p, err := NewPublisher(within(tb), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return p
}

func consumer(tb testing.TB, c ConsumerConfig) *Consumer {
	tb.Helper()
	r, err := NewConsumer(within(tb), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Error(err)
		}
	})
	return r
}

// within bounds a test's waiting.
func within(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	tb.Cleanup(cancel)
	return ctx
}

// entries makes n chained entries of one sensor.
func entries(sensor string, n int) []store.Item {
	items := make([]store.Item, n)
	prev := spool.Genesis(sensor, nil)
	for i := range items {
		body := fmt.Appendf(nil, `{"sensor":%q,"n":%d,"zero":"\u0000","bytes":"%s"}`, sensor, i, "\xff\x00")
		e := spool.Entry{Sensor: sensor, Epoch: 1780000000000000, Seq: uint64(i) + 1, Prev: prev, Leaf: sha256.Sum256(body), Body: body}
		e.Hash = spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf)
		prev = e.Hash
		items[i] = store.Item{Entry: e}
	}
	return items
}
