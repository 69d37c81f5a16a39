package pipeline_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cmd/callgen/gen"
	"calltrail/decode"
)

// answeredOnly makes calls that are all answered.
func answeredOnly(tb testing.TB) gen.Mix {
	tb.Helper()
	mix, err := gen.ParseMix("answered=1")
	if err != nil {
		tb.Fatal(err)
	}
	return mix
}

// generatedPackets are the packets of a run of callgen.
func generatedPackets(tb testing.TB, change func(*gen.Config)) []capture.Packet {
	tb.Helper()
	cfg := gen.Default()
	change(&cfg)
	var made bytes.Buffer
	if _, err := gen.Write(cfg, &made, io.Discard); err != nil {
		tb.Fatal(err)
	}
	src, err := capture.NewFile(&made, "made.pcap")
	if err != nil {
		tb.Fatal(err)
	}
	return drain(tb, src)
}

// BenchmarkReplayCarriage is BenchmarkReplay for packets that come in other ways: signalling over TCP and in fragments, media in
// tunnels, and the TCP of web servers, which nobody follows.
func BenchmarkReplayCarriage(b *testing.B) {
	signalling := func(c *gen.Config) { c.Calls, c.RTP, c.Background = 10_000, 0, 0 }
	media := func(c *gen.Config) {
		c.Calls, c.RTP, c.Background, c.MediaSeconds, c.Tail, c.Mix = 300, 50, 0, 20, 0, answeredOnly(b)
	}
	in := func(stack ...string) func([]capture.Packet) []capture.Packet {
		return (&wrapper{r: rand.New(rand.NewPCG(1, 1)), stack: stack, vni: 77}).wrapped
	}
	as := func(list []capture.Packet) []capture.Packet { return list }
	for _, c := range []struct {
		name   string
		change func(*gen.Config)
		carry  func([]capture.Packet) []capture.Packet
	}{
		{"web", func(c *gen.Config) { c.Calls, c.RTP, c.Background, c.Web, c.Tail = 100, 0, 0, 3000, 0 }, as},
		{"udp", signalling, as},
		{"tcp", func(c *gen.Config) { signalling(c); c.TCP = 1 }, as},
		{"fragments", func(c *gen.Config) { signalling(c); c.Fragments = 1 }, as},
		{"media", media, as},
		{"media-vlan", media, in("vlan")},
		{"media-vxlan", media, in("vxlan")},
		{"media-gtpu", media, in("gtpu")},
	} {
		b.Run(c.name, func(b *testing.B) {
			list := c.carry(generatedPackets(b, c.change))
			againstBare(b, pcap(list), int64(len(list)))
		})
	}
}

// Ten thousand media packets more take no allocation more, in tunnels neither.
func TestMediaInTunnelsDoesNotAllocate(t *testing.T) {
	list := generatedPackets(t, func(c *gen.Config) {
		c.Calls, c.Rate, c.RTP, c.Background, c.MediaSeconds, c.Tail, c.Mix = 1, 1, 100, 0, 400, 0, answeredOnly(t)
	})
	if len(list) < 12_000 {
		t.Fatalf("%d packets", len(list))
	}
	lookups := benchLookups(t)
	for _, stack := range [][]string{nil, {"vlan"}, {"mpls"}, {"gre"}, {"vxlan"}, {"gtpu"}, {"ipip", "gtpu", "vxlan"}} {
		carried := list
		if stack != nil {
			carried = (&wrapper{r: rand.New(rand.NewPCG(1, 1)), stack: stack, vni: 77}).wrapped(list)
		}
		allocations := func(n int) float64 {
			return testing.AllocsPerRun(3, func() {
				p, err := pipeline.New(pipeline.Config{Workers: 1, Sensor: "test", FinalOnly: true}, lookups, &discard{})
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Run(context.Background(), &packets{list: carried[:n]}); err != nil {
					t.Fatal(err)
				}
				if s := p.Stats(); s.Counts[decode.RTP] < uint64(n)*9/10 {
					t.Fatalf("%v: %d of %d packets are RTP", stack, s.Counts[decode.RTP], n)
				}
			})
		}
		// Batches, timers and the like are a few.
		if few, many := allocations(2_000), allocations(12_000); many-few > 100 {
			t.Errorf("%v: %.0f allocations for 2,000 packets, %.0f for 12,000", stack, few, many)
		} else {
			t.Logf("%v: %.0f allocations for 2,000 packets, %.0f for 12,000", stack, few, many)
		}
	}
}
