package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A sensor that does not read for three seconds loses segments of the one connection that carries all calls. It finds the next
// message of it again: the calls after are whole. A call that lacks something shows it, and the coverage says how much is unseen.
func TestLiveStreamGap(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		t.Parallel()
		const calls, rate = 130, 20
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		other, silent := n.Host("other", "203.0.113.10"), n.Host("silent", "203.0.113.20")
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon, "capture: {ring_bytes: 1MiB}")
		witness := mirror.WatchAll()
		s.begin("postgres")
		// Reports of RTCP, kept whole, fill the ring in less than a second.
		full, enough := context.WithCancel(t.Context())
		defer enough()
		filled := make(chan error, 1)
		load := n.Call(a, b, testnet.Load{Calls: calls, Rate: rate, Talk: 500 * time.Millisecond, Caller: "alice", Callee: "bob", TCP: true})
		talk(t, mirror, 500) // ten calls are over, or nearly
		s.process.Signal(syscall.SIGSTOP)
		stopped := time.Now()
		go func() {
			_, err := other.Send(full, testnet.Traffic{Rate: 2000, Count: 1 << 20, Datagram: func(i int) (netip.Addr, netip.AddrPort, []byte) {
				return netip.Addr{}, netip.AddrPortFrom(silent.Addr, 5061), senderReport(i)
			}})
			filled <- err
		}()
		pass(heldTime)
		enough()
		if err := <-filled; err != nil {
			t.Fatal(err)
		}
		s.process.Signal(syscall.SIGCONT)
		again := time.Now()
		load.Wait(time.Minute)
		seen := witness.Stop()
		o := testnet.Dissect(t, seen)
		s.whole(again, o.Calls)
		s.end()
		s.drain()
		all := rows[liveRow](s, "calls r WHERE kind = 'sip'")
		kept := map[string]*liveRow{}
		for i := range all {
			kept[all[i].CallID] = &all[i]
		}
		missing, lacking, equal, after := 0, 0, 0, 0
		for _, c := range o.Calls {
			r := kept[c.CallID]
			late := c.Invite.After(again.Add(time.Second))
			var faults []string
			if r != nil {
				faults = callsFaults([]liveRow{*r}, []testnet.Call{c})
			}
			if late {
				after++
			}
			switch {
			case r == nil && late:
				t.Errorf("%s: no row, and it began after the sensor read again", c.CallID)
			case r == nil:
				missing++
			case len(faults) == 0 && !shows(r):
				equal++
			case late:
				t.Errorf("%s began after the sensor read again: %q, %+v", c.CallID, faults, *r)
			case shows(r):
				lacking++
			default:
				t.Errorf("%s does not show that it lacks something: %q, %+v", c.CallID, faults, *r)
			}
		}
		// The ring has held what came first. The connection says exactly what it has not.
		sent := 0
		meanwhile := fmt.Sprintf("tcp.port == 5060 and frame.time_epoch >= %f and frame.time_epoch <= %f", epoch(stopped), epoch(again))
		for _, n := range testnet.Values(t, seen, meanwhile, "tcp.len") {
			sent += int(n)
		}
		c, unseen := s.coverage(), s.unseen()
		t.Logf("%d packets dropped, %d octets unseen of %d sent meanwhile: %d calls whole (%d after), %d show that they lack something, %d missing",
			c.KernelDrops, unseen, sent, equal, after, lacking, missing)
		if missing+lacking == 0 || after == 0 {
			t.Error("nothing was lost, or all: this shows nothing")
		}
		if !slices.Contains(c.StatesOfTime, "lossy") || c.KernelDrops == 0 || unseen < sent/2 || unseen > sent {
			t.Errorf("coverage %+v with %d octets unseen, want lossy with drops, and most of %d octets", c, unseen, sent)
		}
		if s.db.number("SELECT count(*) FROM calltrail.calls WHERE 'stream_gap' = ANY (flags)") == 0 {
			t.Error("no call has the flag stream_gap")
		}
	})
}

// whole waits until the calls that began after a moment have their final records.
func (s *live) whole(after time.Time, calls []testnet.Call) {
	s.Helper()
	want := map[string]bool{}
	for _, c := range calls {
		if c.Invite.After(after.Add(time.Second)) {
			want[c.CallID] = true
		}
	}
	testnet.Eventually(s, "the calls after", func() bool {
		got := 0
		for _, id := range s.db.ask(fmt.Sprintf("SELECT sip_call_id FROM calltrail.calls WHERE final AND started_at > to_timestamp(%d)", after.Unix())) {
			if want[id] {
				got++
			}
		}
		return got == len(want)
	})
}

// epoch is the seconds since 1970, as tshark has them.
func epoch(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// shows says whether a row says that its call was not seen whole.
func shows(r *liveRow) bool {
	return !r.Final || len(r.Flags) > 0 || r.Visibility != "full" || r.EndedBy == "timeout"
}

// senderReport is a sender report of RTCP (RFC 3550 section 6.4.1) with as many blocks as it can have and an extension.
func senderReport(i int) []byte {
	const words = 340
	b := make([]byte, 4*words)
	b[0], b[1] = 0x80|31, 200
	binary.BigEndian.PutUint16(b[2:], words-1)
	binary.BigEndian.PutUint32(b[4:], uint32(i))
	return b
}
