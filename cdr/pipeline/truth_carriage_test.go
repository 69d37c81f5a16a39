package pipeline_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cmd/callgen/gen"
	"calltrail/decode"
)

// carriageColumns of callgen's truth are compared here, all others by compare.
var carriageColumns = []string{"transport", "tunnel"}

// generateCarried makes calls that come in every way that callgen knows.
func generateCarried(t testing.TB, calls int, seed uint64) *generated {
	t.Helper()
	cfg := gen.Default()
	cfg.Calls, cfg.Seed = calls, seed
	cfg.TCP, cfg.Fragments, cfg.Tunnels, cfg.Web = 0.35, 0.3, 0.4, 6
	var pcap, truth bytes.Buffer
	totals, err := gen.Write(cfg, &pcap, &truth)
	if err != nil {
		t.Fatal(err)
	}
	return &generated{pcap.Bytes(), readTruth(t, &truth), totals}
}

// Every field of every call that callgen made must be in the records as callgen says, however its packets came: over TCP, in
// fragments, in tunnels, beside web traffic.
func TestCarriedRecordsAgreeWithTruth(t *testing.T) {
	calls := 10_000
	if testing.Short() {
		calls = 2_000
	}
	g := generateCarried(t, calls, 1)
	for _, column := range carriageColumns {
		seen := map[string]int{}
		for _, row := range g.truth {
			seen[kindOf(row[column])]++
		}
		t.Logf("%s: %v", column, seen)
		if len(seen) < 2 {
			t.Errorf("%s: %v", column, seen)
		}
	}
	for _, workers := range []int{1, 3} {
		out, stats := run(t, g.source(t), func(c *pipeline.Config) {
			signallingPorts(c)
			c.Workers, c.FinalOnly = workers, true
		})
		if n := compareCarried(t, g.truth, out.bodies, 20); n != 0 {
			t.Errorf("%d workers: %d differences", workers, n)
		}
		balanceCarried(t, &g.totals, &stats)
	}
}

// kindOf is the tunnel's type, or the whole of a value that is no tunnel.
func kindOf(v string) string {
	kind, _, _ := strings.Cut(v, "/")
	return kind
}

// A wrong truth must be noticed in every column, here too.
func TestFlippedCarriedTruthIsNoticed(t *testing.T) {
	g := generateCarried(t, 300, 7)
	out, _ := run(t, g.source(t), func(c *pipeline.Config) {
		signallingPorts(c)
		c.FinalOnly = true
	})
	if n := compareCarried(t, g.truth, out.bodies, 5); n != 0 {
		t.Fatalf("%d differences before anything was flipped", n)
	}
	for column := range g.truth[0] {
		flipped := false
		for _, row := range g.truth {
			old := row[column]
			if old == "" {
				continue
			}
			wrong := []string{flip(column, old)}
			if column == "tunnel" {
				wrong = flippedTunnels(old)
			}
			for _, row[column] = range wrong {
				if compareCarried(nil, g.truth, out.bodies, 0) == 0 {
					t.Errorf("%s changed from %q to %q: not noticed", column, old, row[column])
				}
			}
			row[column] = old
			flipped = true
			break
		}
		if !flipped {
			t.Errorf("%s: no call has a value", column)
		}
	}
}

// flippedTunnels are a tunnel with each of its parts changed, and none.
func flippedTunnels(v string) []string {
	list := []string{""}
	parts := strings.Split(v, "/")
	for i := range parts {
		changed := append([]string(nil), parts...)
		changed[i] += "1"
		list = append(list, strings.Join(changed, "/"))
	}
	return list
}

// compareCarried holds records to the truth, how the packets came included, and returns how many fields differ.
func compareCarried(t testing.TB, truth []map[string]string, bodies [][]byte, report int) (differences int) {
	plain := make([]map[string]string, len(truth))
	calls := map[string]*record.Call{}
	for _, b := range bodies {
		var c record.Call
		if json.Unmarshal(b, &c) == nil && c.SIP != nil {
			calls[c.SIP.CallID] = &c
		}
	}
	for i, row := range truth {
		plain[i] = maps.Clone(row)
		for _, column := range carriageColumns {
			delete(plain[i], column)
			c := calls[row["call_id"]]
			if c == nil {
				continue // compare says so
			}
			if got := carriageColumn(c, column); got != row[column] {
				differences++
				if t != nil && differences <= report {
					t.Errorf("%s: %s is %q, want %q", row["call_id"], column, got, row[column])
				}
			}
		}
		if c := calls[row["call_id"]]; c != nil && t != nil {
			for _, flag := range c.Flags {
				if strings.HasPrefix(flag, "stream_") || strings.HasPrefix(flag, "fragment_") {
					differences++
					t.Errorf("%s: flag %s of a call that came whole", row["call_id"], flag)
				}
			}
		}
	}
	return differences + compare(t, plain, bodies, report)
}

// carriageColumn is what a record says for a column of how packets came.
func carriageColumn(c *record.Call, column string) string {
	if column == "transport" {
		return c.SIP.Transport
	}
	var list []string
	for i := range c.Tunnel {
		l := &c.Tunnel[i]
		id := ""
		if l.ID != nil {
			id = strconv.FormatUint(uint64(*l.ID), 10)
		}
		list = append(list, strings.Join([]string{l.Type, id, addrText(l.Src), addrText(l.Dst)}, "/"))
	}
	return strings.Join(list, " in ")
}

func addrText(a *netip.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

// balanceCarried holds the sums of a run to what callgen wrote.
func balanceCarried(t *testing.T, want *gen.Totals, got *pipeline.Stats) {
	t.Helper()
	c, n := &got.Carriage, &got.Counts
	for _, e := range []struct {
		what      string
		got, want uint64
	}{
		{"packets", got.Packets, uint64(want.Packets)},
		{"messages", c.Messages, uint64(want.Messages)},
		{"fragments", c.Fragments.Fragments, uint64(want.Fragments)},
		{"fragments that were lost", c.Fragments.Refused + c.Fragments.Bad + c.Fragments.Expired + c.Fragments.Evicted, 0},
		{"gaps, overlaps and resyncs", c.Streams.Gaps + c.Streams.Overlaps + c.Streams.Resyncs, 0},
		{"RTP packets", n[decode.RTP], uint64(want.RTP)},
		{"RTCP packets", n[decode.RTCP], uint64(want.RTCP)},
		{
			"segments and datagrams with SIP", n[decode.SIP] + n[decode.Stream] + n[decode.Fragment] + n[decode.TCP] + n[decode.TLS],
			uint64(want.SIP + want.Segments + want.Fragments + want.TCP + want.Web),
		},
	} {
		if e.got != e.want {
			t.Errorf("%s: %d, want %d", e.what, e.got, e.want)
		}
	}
}
