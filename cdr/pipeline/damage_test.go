package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cmd/callgen/gen"
	"calltrail/decode"
)

// A file cut at any octet gives what was in it up to there: the calls whose final record was due by then have the final
// records that the whole file gives.
func TestTruncatedFile(t *testing.T) {
	lengths := 200
	if testing.Short() {
		lengths = 20
	}
	cfg := gen.Default()
	cfg.Calls, cfg.Seed, cfg.Rate = 150, 31, 2 // over more than a minute
	var made bytes.Buffer
	if _, err := gen.Write(cfg, &made, io.Discard); err != nil {
		t.Fatal(err)
	}
	src, err := capture.NewFile(&made, "made.pcap")
	if err != nil {
		t.Fatal(err)
	}
	list := drain(t, src)
	file := pcap(list)
	whole, _ := replay(t, &packets{list: list}, nil)
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 2))
	compared := 0
	all := finals(t, whole.bodies)
	for range lengths {
		n := 24 + r.IntN(len(file)-24)
		src, err := capture.NewFile(bytes.NewReader(file[:n]), "cut.pcap")
		if err != nil {
			t.Fatal(err)
		}
		out := &collected{}
		p, err := pipeline.New(pipeline.Config{Workers: 1 + n%3, Sensor: "test", Version: "test"}, lookups, out)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(context.Background(), src); err != nil && !errors.Is(err, capture.ErrDamaged) {
			t.Fatalf("%d octets: %v", n, err)
		}
		s := p.Stats()
		if s.Packets != s.Counts.Total() {
			t.Errorf("%d octets: %d packets, and %d in the counts", n, s.Packets, s.Counts.Total())
		}
		if s.Packets == 0 {
			continue
		}
		got := finals(t, out.bodies)
		end := record.TimeOf(list[s.Packets-1].Time)
		for key, want := range all {
			if want.due > end {
				continue
			}
			compared++
			if !bytes.Equal(got[key].body, want.body) {
				t.Errorf("%d octets, %s: the record differs%s", n, key, firstDifference(got[key].body, want.body))
			}
		}
	}
	t.Logf("%d lengths, %d final records compared", lengths, compared)
	if compared < lengths {
		t.Error("next to nothing was compared")
	}
}

// final is a final record without its observer, and the packet time by which it has been made.
type final struct {
	body []byte
	due  record.Time
}

// finals are the final records by call and revision.
func finals(t *testing.T, bodies [][]byte) map[string]final {
	t.Helper()
	found := map[string]final{}
	for _, body := range bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != record.KindSIP || !c.Final {
			continue
		}
		// Ten seconds after the end; a BYE that nobody answers is waited for as long as it is sent again, 32 s.
		after := 10 * time.Second
		if slices.Contains(c.Flags, "bye_unanswered") {
			after = 33 * time.Second
		}
		seen, _, _ := bytes.Cut(body, []byte(`,"observer":`))
		found[fmt.Sprintf("%s revision %d", c.SIP.CallID, c.Revision)] = final{seen, c.EndedAt + record.Time(after.Microseconds())}
	}
	return found
}

// Octets of SIP messages changed at random: nothing panics, every packet is in the sums, every record can be read, and
// keeps within its bounds.
func TestCorruptSignalling(t *testing.T) {
	seeds := 2000
	if testing.Short() {
		seeds = 200
	}
	if text := os.Getenv("CALLTRAIL_BAD_CAPTURES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("CALLTRAIL_BAD_CAPTURES is %q, must be a number", text)
		}
		seeds = n
	}
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	var cases [][]capture.Packet
	for _, path := range captures(t) {
		if list := signalling(packetsOf(t, path)); len(list) > 0 {
			cases = append(cases, list)
		}
	}
	slices.SortFunc(cases, func(a, b []capture.Packet) int { return int(a[0].Time - b[0].Time) })
	t.Logf("fault 15: %d captures with changed octets", seeds)
	var before runtime.MemStats
	goroutines := runtime.NumGoroutine()
	defer func() {
		var after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&after)
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("%d goroutines, %d before", n, goroutines)
		}
		if after.HeapAlloc > before.HeapAlloc+(16<<20) {
			t.Errorf("%d MiB on the heap, %d after the first of the captures", after.HeapAlloc>>20, before.HeapAlloc>>20)
		}
	}()
	for seed := range seeds {
		if seed == 100 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		list := slices.Clone(cases[seed%len(cases)])
		corrupt(r, list)
		out := &collected{}
		p, err := pipeline.New(pipeline.Config{Workers: 1, Sensor: "test", Version: "test"}, lookups, out)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(context.Background(), &packets{list: list}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if s := p.Stats(); s.Packets != uint64(len(list)) || s.Packets != s.Counts.Total() {
			t.Errorf("seed %d: %d packets, %d read, %d in the counts", seed, len(list), s.Packets, s.Counts.Total())
		}
		for _, body := range out.bodies {
			if !json.Valid(body) || bytes.IndexByte(body, '\n') >= 0 || len(body) > record.MaxRecord {
				t.Errorf("seed %d: no record: %.200q", seed, body)
			}
		}
	}
}

// corrupt changes a few octets of the SIP in some of the packets. The packets get memory of their own.
func corrupt(r *rand.Rand, list []capture.Packet) {
	const odd = "\x00\r\n\t \"<>@:;=,%\\\xff"
	for range 1 + r.IntN(4) {
		p := &list[r.IntN(len(list))]
		p.Data = bytes.Clone(p.Data)
		var f decode.Frame
		sip := p.Data
		if decode.Walk(p, &f) == decode.Datagram {
			sip = f.Payload // aliases p.Data
		}
		if len(sip) == 0 {
			continue
		}
		for range 1 + r.IntN(6) {
			at := r.IntN(len(sip))
			switch r.IntN(4) {
			case 0:
				sip[at] ^= 1 << r.IntN(8)
			case 1:
				sip[at] = byte(r.IntN(256))
			case 2:
				sip[at] = odd[r.IntN(len(odd))]
			case 3: // a piece from elsewhere
				from := r.IntN(len(sip))
				copy(sip[at:], sip[from:min(len(sip), from+r.IntN(40))])
			}
		}
	}
}
