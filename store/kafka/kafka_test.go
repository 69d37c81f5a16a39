package kafka

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// drain reads a feed that has an end, acknowledging each batch unless told otherwise, and returns its items by sensor.
func drain(tb testing.TB, c *Consumer, ack bool) map[string][]store.Item {
	tb.Helper()
	ctx := within(tb)
	got := map[string][]store.Item{}
	for {
		batch, err := c.Fetch(ctx)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			tb.Fatal(err)
		}
		if len(batch.Items) == 0 || len(batch.Items) > c.cfg.MaxItems {
			tb.Fatalf("a batch of %d items", len(batch.Items))
		}
		for _, i := range batch.Items {
			got[i.Sensor] = append(got[i.Sensor], i)
		}
		if !ack {
			continue
		}
		if err := c.Ack(ctx, batch); err != nil {
			tb.Fatal(err)
		}
	}
}

func wantEntries(tb testing.TB, got, want []store.Item) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Fault != "" || !reflect.DeepEqual(got[i].Entry, want[i].Entry) {
			tb.Fatalf("entry %d\n got %+v (%s)\nwant %+v", i, got[i].Entry, got[i].Fault, want[i].Entry)
		}
	}
}

// Bytes, headers and each sensor's order survive; a feed with an end ends; a second feed of the group has nothing more.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := topics(t, 3)
	p := publisher(t, c)
	sensors := map[string][]store.Item{"edge-1": entries("edge-1", 2500), "edge-2": entries("edge-2", 700), "edge-3": entries("edge-3", 1)}
	for _, items := range sensors {
		if err := p.Deliver(within(t), items); err != nil {
			t.Fatal(err)
		}
	}
	if p.Published() != 3201 {
		t.Errorf("published %d", p.Published())
	}
	cfg := ConsumerConfig{Config: c, Group: c.RecordsTopic, MaxItems: 300, UntilHead: true}
	got := drain(t, consumer(t, cfg), true)
	for sensor, want := range sensors {
		wantEntries(t, got[sensor], want)
	}
	if o := got["edge-1"][7].Origin; !strings.HasPrefix(o, c.RecordsTopic+"/") || !strings.Contains(o, "@") {
		t.Errorf("origin %q", o)
	}
	if rest := drain(t, consumer(t, cfg), true); len(rest) != 0 {
		t.Errorf("the group read again what it had acknowledged: %d sensors", len(rest))
	}
}

// What was fetched and not acknowledged comes again; what is delivered again is there twice, for the store to drop.
func TestAtLeastOnce(t *testing.T) {
	t.Parallel()
	c := topics(t, 1)
	p := publisher(t, c)
	items := entries("edge-1", 20)
	for range 2 {
		if err := p.Deliver(within(t), items); err != nil {
			t.Fatal(err)
		}
	}
	cfg := ConsumerConfig{Config: c, Group: c.RecordsTopic, UntilHead: true}
	for _, ack := range []bool{false, true} {
		reader, err := NewConsumer(within(t), cfg)
		if err != nil {
			t.Fatal(err)
		}
		wantEntries(t, drain(t, reader, ack)["edge-1"], append(slices.Clone(items), items...))
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEmptyTopicEnds(t *testing.T) {
	t.Parallel()
	c := topics(t, 4)
	if got := drain(t, consumer(t, ConsumerConfig{Config: c, Group: c.RecordsTopic, UntilHead: true}), true); len(got) != 0 {
		t.Error("an empty topic yielded entries")
	}
}

// A feed without an end waits, and yields what comes.
func TestFollow(t *testing.T) {
	t.Parallel()
	c := topics(t, 1)
	p := publisher(t, c)
	reader := consumer(t, ConsumerConfig{Config: c, Group: c.RecordsTopic})
	items := entries("edge-1", 3)
	for i := range items {
		if err := p.Deliver(within(t), items[i:i+1]); err != nil {
			t.Fatal(err)
		}
		batch, err := reader.Fetch(within(t))
		if err != nil {
			t.Fatal(err)
		}
		wantEntries(t, batch.Items, items[i:i+1])
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := reader.Fetch(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing more came: %v", err)
	}
}

// Requests are cut before they outgrow what a broker takes.
func TestLargeBatch(t *testing.T) {
	t.Parallel()
	c := topics(t, 1)
	items := entries("edge-1", 60)
	for i := range items {
		items[i].Body = slices.Repeat([]byte{byte(i)}, 64<<10)
	}
	if err := publisher(t, c).Deliver(within(t), items); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, drain(t, consumer(t, ConsumerConfig{Config: c, Group: c.RecordsTopic, UntilHead: true}), true)["edge-1"], items)
}

// A message that is no entry is handed on with what is wrong, in its place.
func TestFaultyHeaders(t *testing.T) {
	t.Parallel()
	c := topics(t, 1)
	p := publisher(t, c)
	client, transport, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	good := message(&entries("edge-1", 1)[0].Entry, time.Now())
	bare := kafkago.Record{Time: time.Now(), Value: kafkago.NewBytes([]byte("bare"))}
	if _, err := client.Produce(within(t), &kafkago.ProduceRequest{
		Topic: c.RecordsTopic, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(bare, good),
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.Deliver(within(t), entries("edge-1", 1)); err != nil {
		t.Fatal(err)
	}
	got := drain(t, consumer(t, ConsumerConfig{Config: c, Group: c.RecordsTopic, UntilHead: true}), true)
	if len(got["edge-1"]) != 2 || len(got[""]) != 1 || string(got[""][0].Body) != "bare" || got[""][0].Origin != c.RecordsTopic+"/0@0" ||
		!strings.Contains(got[""][0].Fault, "header sensor is missing") {
		t.Errorf("got %+v", got)
	}
}

func TestItemFaults(t *testing.T) {
	t.Parallel()
	base := func() kafkago.Message {
		r := message(&entries("edge-1", 1)[0].Entry, time.Now())
		return kafkago.Message{Topic: "t", Headers: slices.Clone(r.Headers)}
	}
	cases := []struct {
		name, fault string
		change      func(*kafkago.Message)
	}{
		{"nothing", "", func(*kafkago.Message) {}},
		{"another header", "", func(m *kafkago.Message) {
			m.Headers = append(m.Headers, kafkago.Header{Key: "trace"}, kafkago.Header{Key: "trace"})
		}},
		{"no sensor", "header sensor is missing", func(m *kafkago.Message) { m.Headers = m.Headers[1:] }},
		{"sensor twice", "header sensor is there twice", func(m *kafkago.Message) { m.Headers = append(m.Headers, m.Headers[0]) }},
		{"epoch of letters", "header epoch is not a number", func(m *kafkago.Message) { m.Headers[1].Value = []byte("x") }},
		{"negative number", "header seq is not a number", func(m *kafkago.Message) { m.Headers[2].Value = []byte("-1") }},
		{"number beyond 64 bits", "header seq is not a number", func(m *kafkago.Message) { m.Headers[2].Value = []byte("18446744073709551616") }},
		{"short hash", "header leaf is not a SHA-256 in hex", func(m *kafkago.Message) { m.Headers[4].Value = []byte("00") }},
		{"hash of letters", "header hash is not a SHA-256 in hex", func(m *kafkago.Message) { m.Headers[5].Value = []byte(strings.Repeat("z", 64)) }},
	}
	for _, c := range cases {
		m := base()
		c.change(&m)
		if got := item(&m).Fault; got != c.fault {
			t.Errorf("%s: fault %q, want %q", c.name, got, c.fault)
		}
	}
}

func TestInitChangesNothing(t *testing.T) {
	t.Parallel()
	c := topics(t, 3)
	same := Topics{Partitions: 3, Replication: 1}
	for _, ask := range []struct {
		topics Topics
		want   []string
	}{
		{same, nil},
		{
			Topics{Partitions: 6, Replication: 1, Retention: time.Hour},
			[]string{"partitions is 3, not 6", "retention.ms is 604800000, not 3600000"},
		},
		{same, nil},
	} {
		reports, err := Init(within(t), c, ask.topics)
		if err != nil || len(reports) != 2 || reports[0].Created || !reflect.DeepEqual(reports[0].Differences, ask.want) || reports[1].Differences != nil {
			t.Errorf("reports %+v, %v; want %q", reports, err, ask.want)
		}
	}
}

func TestClearErrors(t *testing.T) {
	t.Parallel()
	nobody := Config{Brokers: []string{"127.0.0.1:9"}}
	const refused = "kafka: 127.0.0.1:9: connection refused: is the broker running? (kafka.brokers)"
	missing := func(t *testing.T) Config {
		c := server(t)
		c.RecordsTopic = "calltrail.not.there"
		return c
	}
	cases := []struct {
		name      string
		do        func(*testing.T) error
		want      string
		permanent bool
	}{
		{"publisher, nobody there", func(t *testing.T) error { _, err := NewPublisher(within(t), nobody); return err }, refused, false},
		{"consumer, nobody there", func(t *testing.T) error { _, err := NewConsumer(within(t), ConsumerConfig{Config: nobody}); return err }, refused, false},
		{"init, nobody there", func(t *testing.T) error { _, err := Init(within(t), nobody, Topics{}); return err }, refused, false},
		{"no broker named", func(t *testing.T) error { _, err := NewPublisher(within(t), Config{}); return err }, "kafka: no broker is named: set kafka.brokers", true},
		{
			"publisher, no topic", func(t *testing.T) error { _, err := NewPublisher(within(t), missing(t)); return err },
			"kafka: look for topic calltrail.not.there: the topic does not exist: run calltrail kafka init", true,
		},
		{
			"consumer, no topic", func(t *testing.T) error {
				_, err := NewConsumer(within(t), ConsumerConfig{Config: missing(t)})
				return err
			},
			"kafka: look for topic calltrail.not.there: the topic does not exist: run calltrail kafka init", true,
		},
		{"more replicas than brokers", func(t *testing.T) error {
			c := missing(t)
			c.ResendTopic = "calltrail.not.there.either"
			_, err := Init(within(t), c, Topics{Replication: 30})
			return err
		}, "there are fewer than 30 brokers to hold its 30 replicas: start more, or ask for fewer (kafka.replication)", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.do(t)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("\n got %v\nwant %s", err, c.want)
			}
			var p interface{ Permanent() bool }
			if !errors.As(err, &p) || p.Permanent() != c.permanent {
				t.Errorf("%v: permanent is not %v", err, c.permanent)
			}
		})
	}
}
