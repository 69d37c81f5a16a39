package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/spoof"
	"calltrail/cmd/callgen/gen"
	"calltrail/decode"
	"calltrail/decode/tcp"
)

// discard counts records and keeps none.
type discard struct{ n int }

func (d *discard) Put(pipeline.Meta, []byte) error { d.n++; return nil }

// cpu is the processor time this process has used, on all processors.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReplay measures the whole replay, packets to finished records, against the bare read loop: reading the pcap
// and walking its headers. Both run in turn over the same capture in memory; x-bare is the ratio of their processor time.
// The numbers have been looked up before: what a new number costs is in cdr/number's own benchmarks.
func BenchmarkReplay(b *testing.B) {
	mixes := []struct {
		name   string
		change func(*gen.Config)
	}{
		{"other", func(c *gen.Config) { c.Calls, c.RTP, c.Background, c.Tail = 100, 0, 3000, 0 }},
		{"media", func(c *gen.Config) {
			c.Calls, c.RTP, c.Background, c.MediaSeconds, c.Tail = 600, 50, 0, 20, 0
			c.Mix = gen.Mix{}
			mix, err := gen.ParseMix("answered=1")
			if err != nil {
				b.Fatal(err)
			}
			c.Mix = mix
		}},
		{"signalling", func(c *gen.Config) { c.Calls, c.RTP, c.Background = 20_000, 0, 0 }},
		{"all", func(c *gen.Config) { c.Calls = 5_000 }},
	}
	for _, mix := range mixes {
		b.Run(mix.name, func(b *testing.B) {
			cfg := gen.Default()
			mix.change(&cfg)
			var pcap bytes.Buffer
			totals, err := gen.Write(cfg, &pcap, io.Discard)
			if err != nil {
				b.Fatal(err)
			}
			againstBare(b, pcap.Bytes(), totals.Packets)
		})
	}
}

// benchLookups have looked up nothing yet.
func benchLookups(tb testing.TB) pipeline.Lookups {
	tb.Helper()
	numbers, err := number.New(number.Config{DefaultRegion: "IN"})
	if err != nil {
		tb.Fatal(err)
	}
	rules, err := spoof.New(spoof.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return pipeline.Lookups{Numbers: numbers, Rules: rules}
}

// againstBare measures the replay of a capture of so many packets against the bare read loop.
func againstBare(b *testing.B, pcap []byte, packets int64) {
	b.Helper()
	var bare, whole time.Duration
	var before, after runtime.MemStats
	var allocated, bareAllocated uint64
	lookups := benchLookups(b)
	wholeReplay(b, pcap, lookups)
	runtime.GC()
	for b.Loop() {
		runtime.ReadMemStats(&before)
		start := cpu()
		bareLoop(b, pcap)
		bare += cpu() - start
		runtime.ReadMemStats(&after)
		bareAllocated += after.Mallocs - before.Mallocs

		runtime.ReadMemStats(&before)
		start = cpu()
		wholeReplay(b, pcap, lookups)
		whole += cpu() - start
		runtime.ReadMemStats(&after)
		allocated += after.Mallocs - before.Mallocs
	}
	each := float64(packets) * float64(b.N)
	b.ReportMetric(float64(whole)/float64(bare), "x-bare")
	b.ReportMetric(float64(bare)/each, "bare-ns/packet")
	b.ReportMetric(float64(whole)/each, "ns/packet")
	b.ReportMetric(float64(allocated)/each, "allocs/packet")
	b.ReportMetric(float64(bareAllocated)/each, "bare-allocs/packet")
}

func wholeReplay(b *testing.B, pcap []byte, lookups pipeline.Lookups) {
	p, err := pipeline.New(pipeline.Config{
		Workers: 1, Sensor: "bench", FinalOnly: true, SIPPorts: []tcp.Ports{{First: 5060, Last: 5060}},
	}, lookups, &discard{})
	if err != nil {
		b.Fatal(err)
	}
	src, err := capture.NewFile(bytes.NewReader(pcap), "bench")
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Run(context.Background(), src); err != nil {
		b.Fatal(err)
	}
}

func bareLoop(b *testing.B, pcap []byte) {
	f, err := capture.NewFile(bytes.NewReader(pcap), "bench")
	if err != nil {
		b.Fatal(err)
	}
	var p capture.Packet
	var frame decode.Frame
	for {
		if err := f.Next(&p); err != nil {
			if !errors.Is(err, io.EOF) {
				b.Fatal(err)
			}
			return
		}
		decode.Walk(&p, &frame)
	}
}
