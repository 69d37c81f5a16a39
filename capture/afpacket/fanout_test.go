//go:build linux && cgo

package afpacket

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"calltrail/capture"
	"calltrail/capture/afpacket/taptest"
)

const workers = 4

// start opens a tap with several workers, all of them read.
func start(t *testing.T) (*taptest.Tap, []*taptest.Reader) {
	t.Helper()
	cfg := taptest.Config()
	cfg.Workers, cfg.RingBytes = workers, 2<<20
	tap := engine.Start(t, cfg)
	var readers []*taptest.Reader
	for i := range workers {
		readers = append(readers, tap.Read(i))
	}
	return tap, readers
}

func passed(t *testing.T, readers []*taptest.Reader) {
	t.Helper()
	for _, r := range readers {
		r.Passed(t)
	}
}

// eachOnce sends packets of many flows in both directions: each comes once, and a flow to one worker.
func eachOnce(t *testing.T, readers []*taptest.Reader) {
	t.Helper()
	const flows, each = 200, 10
	w := taptest.Sender(t, taptest.Wire)
	for n := range uint32(each) {
		for flow := range uint16(flows) {
			w.MustSend(taptest.UDP(10000+flow, 5060, uint32(flow)*each+n, 100))
			w.MustSend(taptest.Reply(5060, 10000+flow, uint32(flow)*each+n, 100))
		}
	}
	passed(t, readers)
	forward, replies := make(map[uint32]int), make(map[uint32]int)
	worker := make(map[uint16]int)
	busy := 0
	for i, r := range readers {
		there := taptest.Numbers(r.Packets(), 5060)
		if len(there) > 0 {
			busy++
		}
		for n, times := range there {
			forward[n] += times
			worker[uint16(n/each)] = i
		}
	}
	for i, r := range readers {
		for flow := range uint16(flows) {
			for n, times := range taptest.Numbers(r.Packets(), 10000+flow) {
				replies[n] += times
				if worker[uint16(n/each)] != i {
					t.Fatalf("flow %d: one direction came to worker %d, the other to %d", flow, worker[uint16(n/each)], i)
				}
			}
		}
	}
	taptest.ExactlyOnce(t, forward, 0, flows*each)
	taptest.ExactlyOnce(t, replies, 0, flows*each)
	if busy != len(readers) {
		t.Errorf("%d of %d workers had something to do", busy, len(readers))
	}
}

// TestGroupZero: 0 is a number like any other. The kernel gives it to the first who asks after it was started.
func TestGroupZero(t *testing.T) {
	taptest.Pair(t)
	control, err := openControl()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(control) }()
	is, err := ask(control, taptest.Seen)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := openSocket(taptest.Config(), is)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if group, err := s.join(0); group != 0 || err != nil {
			t.Fatalf("joined group %d: %v", group, err)
		}
	}
}

func TestWorkers(t *testing.T) {
	taptest.Pair(t)
	tap, readers := start(t)
	other, others := start(t) // on the same interface: a group of its own
	eachOnce(t, readers)
	passed(t, others)
	for _, tap := range []*taptest.Tap{tap, other} {
		var total uint64
		for _, s := range tap.Sources() {
			total += s.LiveStats().Packets
		}
		if total != 4000 {
			t.Errorf("%d packets counted, want 4000", total)
		}
	}
}

func TestWorkersAfterReopening(t *testing.T) {
	taptest.Pair(t)
	tap, readers := start(t)
	taptest.IP(t, "link", "del", taptest.Seen)
	taptest.AddPair(t)
	taptest.Until(t, 2*time.Second, "reopened", func() bool {
		stats := tap.Sources()[0].LiveStats()
		return stats.Up && stats.Reopened == 1
	})
	eachOnce(t, readers)
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	for _, r := range readers {
		r.End(t, time.Second)
	}
}

// TestFragments: the datagram comes put together, whether there are several workers or one. One tap after the other: the
// kernel has one place for fragments for all of them, and takes the second tap's for copies.
func TestFragments(t *testing.T) {
	taptest.Pair(t)
	for _, n := range []int{workers, 1} {
		cfg := taptest.Config()
		cfg.Workers, cfg.RingBytes = n, 2<<20
		tap := engine.Start(t, cfg)
		var readers []*taptest.Reader
		for i := range n {
			readers = append(readers, tap.Read(i))
		}
		w := taptest.Sender(t, taptest.Wire)
		for _, f := range taptest.Fragments(4000, 5060, 77) {
			w.MustSend(f)
		}
		passed(t, readers)
		if err := tap.Close(); err != nil {
			t.Fatal(err)
		}
		var whole []capture.Packet
		for _, r := range readers {
			r.End(t, time.Second)
			whole = append(whole, r.Packets()...)
		}
		if len(whole) != 1 || len(whole[0].Data) != 14+20+1600 || whole[0].Length != 14+20+1600 || taptest.Number(whole[0].Data) != 77 {
			t.Errorf("%d workers: %d packets: %+v", n, len(whole), whole)
		}
	}
}

// TestFlap takes the interface down and up faster than it is looked at: the kernel's word on the socket counts it.
func TestFlap(t *testing.T) {
	taptest.Pair(t)
	tap := engine.Start(t, taptest.Config())
	r := tap.Read(0)
	taptest.IP(t, "link", "set", taptest.Seen, "down")
	taptest.IP(t, "link", "set", taptest.Seen, "up")
	taptest.Until(t, time.Second, "one outage", func() bool { return tap.Sources()[0].LiveStats().Reopened == 1 })
	taptest.Sender(t, taptest.Wire).MustSend(taptest.UDP(4000, 5060, 0, 100))
	r.Passed(t)
	if len(r.Packets()) != 1 {
		t.Errorf("%d packets", len(r.Packets()))
	}
	r.Passed(t)
	if stats := tap.Sources()[0].LiveStats(); stats.Reopened != 1 || !stats.Up {
		t.Errorf("%+v: one outage counted more than once", stats)
	}
}

// TestSameIndex: an interface deleted and made again with the name and the number it had is another one all the same.
func TestSameIndex(t *testing.T) {
	taptest.Need(t)
	made := func() {
		taptest.IP(t, "link", "add", taptest.Wire, "type", "veth", "peer", "name", taptest.Seen, "index", "4711")
		taptest.IP(t, "link", "set", taptest.Wire, "up")
		taptest.IP(t, "link", "set", taptest.Seen, "up")
	}
	made()
	t.Cleanup(func() { taptest.IP(t, "link", "del", taptest.Wire) })
	tap := engine.Start(t, taptest.Config())
	r := tap.Read(0)
	taptest.IP(t, "link", "del", taptest.Wire)
	made()
	taptest.Until(t, 2*time.Second, "reopened", func() bool {
		stats := tap.Sources()[0].LiveStats()
		return stats.Up && stats.Reopened == 1
	})
	taptest.Sender(t, taptest.Wire).MustSend(taptest.UDP(4000, 5060, 0, 100))
	r.Passed(t)
	if n := len(taptest.Numbers(r.Packets(), 5060)); n != 1 {
		t.Errorf("%d packets", n)
	}
}
