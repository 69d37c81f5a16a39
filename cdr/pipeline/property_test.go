package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/decode"
	"calltrail/store/faults/control"
)

// manyInterim makes calls give interim records early and often.
func manyInterim(c *pipeline.Config) { c.Dialog.Checkpoint = time.Second }

// traffic is what the properties are tried on.
func traffic(t *testing.T) map[string][]capture.Packet {
	t.Helper()
	calls := 1500
	if testing.Short() {
		calls = 300
	}
	made := drain(t, generate(t, calls, 3).source(t))
	return map[string][]capture.Packet{
		"callgen":            made,
		"own captures":       ownPackets(t),
		"equal times":        coarse(made),
		"out of order":       shuffled(made),
		"two interfaces":     interfaces(coarse(made)),
		"no clock":           timeless(made),
		"no clock, one pair": timeless(slices.Repeat(signalling(packetsOf(t, captures(t)["answered"])), 1200)),
	}
}

// coarse cuts times to 10 ms: a clock that ticks slowly gives many packets the same time.
func coarse(list []capture.Packet) []capture.Packet {
	list = slices.Clone(list)
	for i := range list {
		list[i].Time -= list[i].Time % 10e6
	}
	return list
}

// timeless gives all packets the same time, as files do that were made from text.
func timeless(list []capture.Packet) []capture.Packet {
	list = slices.Clone(list)
	for i := range list {
		list[i].Time = 0
	}
	return list
}

// signalling is the SIP among packets.
func signalling(list []capture.Packet) (sip []capture.Packet) {
	var f decode.Frame
	for i := range list {
		switch decode.Walk(&list[i], &f) {
		case decode.Datagram:
			if decode.Classify(&f) == decode.SIP {
				sip = append(sip, list[i])
			}
		case decode.TCP, decode.SCTP, decode.Fragment:
			sip = append(sip, list[i])
		default:
		}
	}
	return sip
}

// shuffled lets packets overtake each other, as several queues of a card do.
func shuffled(list []capture.Packet) []capture.Packet {
	list = slices.Clone(list)
	r := rand.New(rand.NewPCG(5, 5))
	for i := range list {
		j := min(len(list)-1, i+r.IntN(4))
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// interfaces spreads packets over two taps.
func interfaces(list []capture.Packet) []capture.Packet {
	list = slices.Clone(list)
	r := rand.New(rand.NewPCG(6, 6))
	for i := range list {
		list[i].Tap = uint16(r.IntN(2))
	}
	return list
}

// The records, interim ones too, do not depend on the number of workers.
func TestWorkersGiveTheSameRecords(t *testing.T) {
	for name, list := range traffic(t) {
		t.Run(name, func(t *testing.T) { sameForAllWorkers(t, list) })
	}
}

// The same on captures of others, damaged ones among them.
func TestWorkersGiveTheSameRecordsOfSharedCaptures(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(sharedFolder(t), "*.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		t.Run(filepath.Base(path), func(t *testing.T) { sameForAllWorkers(t, packetsOf(t, path)) })
	}
}

// The control of fault 16: the sums without those of all workers but the first, and the traffic without one packet.
func TestMissingCountsAreNoticed(t *testing.T) {
	list := drain(t, generate(t, 100, 3).source(t))
	mend := pipeline.FirstWorker()
	control.Noticed(t, "what other workers saw is not counted", func(t testing.TB) { sameForAllWorkers(t, list) })
	mend()
	want, _ := replay(t, &packets{list: list}, manyInterim)
	found := 0
	for i := range 20 {
		at := i * len(list) / 20
		got, _ := replay(t, &packets{list: slices.Delete(slices.Clone(list), at, at+1)}, manyInterim)
		if !bytes.Equal(lines(observed(t, got.bodies)), lines(observed(t, want.bodies))) {
			found++
		}
	}
	if found < 15 {
		t.Errorf("one packet less changed the records %d times of 20", found)
	}
}

func sameForAllWorkers(t testing.TB, list []capture.Packet) {
	t.Helper()
	var want [][]byte
	var stats pipeline.Stats
	for _, workers := range []int{1, 2, 3, 8} {
		out, s := replay(t, &packets{list: list}, func(c *pipeline.Config) {
			manyInterim(c)
			c.Workers = workers
		})
		got := observed(t, out.bodies)
		if workers == 1 {
			want, stats = got, s
			t.Logf("%d records, %d of them interim", len(got), bytes.Count(lines(got), []byte(`"final":false`)))
			continue
		}
		same(t, fmt.Sprintf("%d workers", workers), got, want)
		if s.Counts != stats.Counts || s.Packets != stats.Packets || s.Dialogs != stats.Dialogs || s.Streams != stats.Streams {
			t.Errorf("%d workers: sums differ:\n got %+v\nwant %+v", workers, s, stats)
		}
	}
}

// A capture cut into files anywhere, packets of one moment in two of them, gives the records of the whole.
func TestPiecesGiveTheRecordsOfTheWhole(t *testing.T) {
	list := drain(t, generate(t, 200, 11).source(t))
	out, _ := replay(t, &packets{list: list}, manyInterim)
	want := observed(t, out.bodies)
	if n := bytes.Count(lines(want), []byte(`"final":false`)); n < 50 {
		t.Fatalf("%d interim records: next to none", n)
	}
	r := rand.New(rand.NewPCG(1, 1))
	const rounds = 12
	t.Logf("fault 16: %d times cut into pieces", rounds)
	for round := range rounds {
		dir := t.TempDir()
		var paths []string
		for from := 0; from < len(list); {
			to := min(len(list), from+1+r.IntN(len(list)/4))
			paths = append(paths, filepath.Join(dir, fmt.Sprintf("%03d.pcap", len(paths))))
			if err := os.WriteFile(paths[len(paths)-1], pcap(list[from:to]), 0o644); err != nil {
				t.Fatal(err)
			}
			from = to
		}
		src, err := capture.OpenFiles(paths)
		if err != nil {
			t.Fatal(err)
		}
		out, stats := replay(t, src, func(c *pipeline.Config) {
			manyInterim(c)
			c.Workers = 1 + round%3
		})
		if err := src.Close(); err != nil {
			t.Fatal(err)
		}
		if damage := src.Damage(); len(damage) > 0 {
			t.Fatal(damage)
		}
		if stats.Packets != uint64(len(list)) {
			t.Errorf("%d pieces: %d packets, want %d", len(paths), stats.Packets, len(list))
		}
		same(t, fmt.Sprintf("%d pieces", len(paths)), observed(t, out.bodies), want)
	}
}

// A mirror port that shows each packet twice changes this and nothing else, the jitter least of all: each RTP stream has as
// many duplicates more as packets and duplicates. Copies of signalling are counted once, and reported.
func TestMirroredPackets(t *testing.T) {
	for _, after := range []int64{0, 30_000} { // nanoseconds
		for name, list := range map[string][]capture.Packet{
			"callgen": drain(t, generate(t, 400, 12).source(t)), "own captures": ownPackets(t),
		} {
			t.Run(fmt.Sprintf("%s, %d ns later", name, after), func(t *testing.T) {
				var twice []capture.Packet
				for _, p := range list {
					twice = append(twice, p)
					p.Time += after
					twice = append(twice, p)
				}
				slices.SortStableFunc(twice, func(a, b capture.Packet) int { return int(a.Time - b.Time) })
				final := func(c *pipeline.Config) { c.FinalOnly = true }
				once, before := replay(t, &packets{list: list}, final)
				mirrored, stats := replay(t, &packets{list: twice}, final)
				if stats.Packets != 2*before.Packets || stats.Records != before.Records {
					t.Errorf("%d packets and %d records, want %d and %d", stats.Packets, stats.Records, 2*before.Packets, before.Records)
				}
				same(t, "mirrored", withoutCopies(t, mirrored.bodies, true), withoutCopies(t, once.bodies, false))
				if stats.Counts[decode.SIP] != before.Counts[decode.SIP] {
					t.Errorf("%d packets with signalling, %d without the copies", stats.Counts[decode.SIP], before.Counts[decode.SIP])
				}
			})
		}
	}
}

// withoutCopies writes records as they would be without a mirror port; mirrored says that there was one. The record_id is made
// anew.
func withoutCopies(t *testing.T, bodies [][]byte, mirrored bool) (list [][]byte) {
	t.Helper()
	for _, body := range bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind == record.KindRegistration || c.Kind == record.KindMessage {
			list = append(list, body)
			continue
		}
		if c.SIP != nil { // reading a record loses their order
			slices.SortFunc(c.SIP.Methods, func(a, b record.Method) int { return strings.Compare(a.Name, b.Name) })
		}
		if mirrored {
			for i := range c.Media {
				if m := &c.Media[i]; m.Duplicates != nil {
					*m.Duplicates = (*m.Duplicates - *m.Packets) / 2
				}
			}
		}
		list = append(list, c.Append(nil))
	}
	return observed(t, list)
}
