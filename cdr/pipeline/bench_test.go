package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"slices"
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

// BenchmarkReplay measures the whole replay, packets to finished records, against the bare read loop: reading the pcap
// and walking its headers. Both run in turn over the same capture in memory; x-bare is the ratio of their processor time.
// The numbers have been looked up before: what a new number costs is in cdr/number's own benchmarks.
//
// Each mix is of one thing, or the dear one would drown the others: a SIP message costs as much as a hundred packets of anything
// else. So the other traffic comes with one call, and the media is of calls of two minutes, which is how long people talk.
func BenchmarkReplay(b *testing.B) {
	mixes := []struct {
		name   string
		change func(*gen.Config)
	}{
		{"other", func(c *gen.Config) { c.Calls, c.Rate, c.RTP, c.Background, c.Tail = 1, 0.05, 0, 600_000, 0 }},
		{"media", func(c *gen.Config) {
			c.Calls, c.RTP, c.Background, c.MediaSeconds, c.Tail, c.Mix = 100, 50, 0, 120, 0, answeredOnly(b)
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

// againstBare measures the replay of a capture of so many packets against the bare read loop. Both run in turn, and x-bare is the
// median of what the pairs give: on a machine that others use too a processor may be half as fast in one second as in the next, and
// both of a pair meet the same one. The times are those of the fastest runs: work takes longer beside other work, never less long.
func againstBare(b *testing.B, pcap []byte, packets int64) {
	b.Helper()
	lookups := benchLookups(b)
	wholeReplay(b, openMade(b, pcap), lookups)
	runtime.GC()
	var ratios []float64
	var bare, whole time.Duration = math.MaxInt64, math.MaxInt64
	var before, after runtime.MemStats
	for b.Loop() {
		start := cpu()
		bareLoop(b, openMade(b, pcap))
		loop := cpu() - start
		runtime.ReadMemStats(&before)
		start = cpu()
		wholeReplay(b, openMade(b, pcap), lookups)
		replay := cpu() - start
		runtime.ReadMemStats(&after)
		bare, whole = min(bare, loop), min(whole, replay)
		ratios = append(ratios, float64(replay)/float64(loop))
	}
	slices.Sort(ratios)
	b.ReportMetric(0, "ns/op") // of both together: it says nothing
	b.ReportMetric(ratios[len(ratios)/2], "x-bare")
	b.ReportMetric(float64(bare)/float64(packets), "bare-ns/packet")
	b.ReportMetric(float64(whole)/float64(packets), "ns/packet")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(packets), "allocs/packet")
}

// bareLoop reads a capture and walks its headers.
func bareLoop(b *testing.B, f *capture.File) {
	b.Helper()
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

// cpu is the processor time that this process has used, on all processors.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func openMade(b *testing.B, pcap []byte) *capture.File {
	b.Helper()
	f, err := capture.NewFile(bytes.NewReader(pcap), "bench")
	if err != nil {
		b.Fatal(err)
	}
	return f
}

func wholeReplay(b *testing.B, src capture.Source, lookups pipeline.Lookups) {
	b.Helper()
	p, err := pipeline.New(pipeline.Config{
		Workers: 1, Sensor: "bench", FinalOnly: true, SIPPorts: []tcp.Ports{{First: 5060, Last: 5060}},
	}, lookups, &discard{})
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Run(context.Background(), src); err != nil {
		b.Fatal(err)
	}
}
