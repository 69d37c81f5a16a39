package kafka

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"calltrail/store"
)

// The lag is what the group has not committed: all before it has read anything, none when it has committed everything,
// and another group's reading does not count.
func TestLag(t *testing.T) {
	c := topics(t, 2)
	ctx := within(t)
	want := func(group string, n uint64) {
		t.Helper()
		got, err := Lag(ctx, c, group)
		if err != nil || got != n {
			t.Errorf("group %s is %d behind (%v), want %d", group, got, err, n)
		}
	}
	group := c.RecordsTopic
	want(group, 0)
	p := publisher(t, c)
	for _, sensor := range []string{"edge-1", "edge-2", "edge-3"} {
		if err := p.Deliver(ctx, entries(sensor, 10)); err != nil {
			t.Fatal(err)
		}
	}
	want(group, 30)

	feed := consumer(t, ConsumerConfig{Config: c, Group: group, MaxItems: 12, UntilHead: true, Logger: zerolog.Nop()})
	read := 0
	for read < 30 {
		b, err := feed.Fetch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want(group, uint64(30-read)) // fetched is not committed
		if err := feed.Ack(ctx, b); err != nil {
			t.Fatal(err)
		}
		read += len(b.Items)
		want(group, uint64(30-read))
	}
	want(group+".other", 30)
}

func TestLagOfNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lag(ctx, Config{}, "x"); err == nil || !store.Permanent(err) {
		t.Errorf("without brokers: %v", err)
	}
	c := server(t)
	c.RecordsTopic = "calltrail.no.such.topic"
	if _, err := Lag(within(t), c, "x"); err == nil {
		t.Error("a topic that is not there has a lag")
	}
}
