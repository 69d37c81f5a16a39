package postgres

import (
	"context"
	"testing"
	"time"

	"calltrail/store"
)

// BenchmarkDeliver loads calls of about two kilobytes into the real server, and reports records a second.
func BenchmarkDeliver(b *testing.B) {
	l, _ := opened(b)
	chain := newChain(b)
	const batch = 1000
	items := make([]store.Item, 0, batch)
	octets := 0
	n := 0
	b.ReportAllocs()
	var spent time.Duration
	for b.Loop() {
		b.StopTimer()
		items = append(items[:0], chain.calls(n, batch)...)
		n += batch
		octets = len(items[0].Body)
		b.StartTimer()
		began := time.Now()
		if err := l.Deliver(context.Background(), items); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(began)
	}
	b.ReportMetric(float64(n)/spent.Seconds(), "records/s")
	b.ReportMetric(float64(octets), "octets/record")
}

// BenchmarkExamine is the loader's own share: checking hashes, reading the record, naming its addresses.
func BenchmarkExamine(b *testing.B) {
	chain := newChain(b)
	item := chain.calls(1, 1)[0]
	now := time.Now()
	b.SetBytes(int64(len(item.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if e := examine(item, now); e.reason != "" {
			b.Fatal(e.reason, e.detail)
		}
	}
}
