package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

const (
	heldTime = 3 * time.Second // how long the sensor does not read
	downTime = 2 * time.Second // how long its tap is down
	reopen   = 2 * time.Second // how soon it must see again
)

// A sensor that does not read for three seconds loses what its ring cannot hold, and says how much: all that was sent to
// the tap is either in its packets or in its drops.
func TestLiveStoppedReader(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		t.Parallel()
		none(t, stoppedReader(t, engine, ""))
		t.Logf("fault 17: a reader stopped for %v", heldTime)
	})
}

// Its control: a sensor that does not count what its ring had no room for.
func TestLiveStoppedReaderIsNoticed(t *testing.T) {
	t.Parallel()
	faults := stoppedReader(t, afpacketEngine, breached(t, "calltrail/capture/afpacket.breach=silent-drops"))
	if len(faults) == 0 {
		t.Error("drops that are not counted were not noticed")
	}
	t.Logf("%q", faults)
}

// stoppedReader stops a sensor for a while, built as program says, and returns what its coverage says wrongly.
func stoppedReader(t *testing.T, engine, program string) (faults []string) {
	t.Helper()
	const calls = 60
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	tap := n.Namespace("sensor")
	mirror := n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, engine, []string{"tap0"}, settleSoon, "capture: {ring_bytes: 1MiB}")
	if program != "" {
		s.program = program
	}
	witness := mirror.Watch()
	s.begin("postgres")
	load := n.Call(a, b, testnet.Load{Calls: calls, Rate: 60, Talk: 8 * time.Second, Caller: "alice", Callee: "bob"})
	established(t, mirror, calls)
	s.process.Signal(syscall.SIGSTOP)
	held := mirror.Copied()
	pass(heldTime)
	during := mirror.Copied() - held
	s.process.Signal(syscall.SIGCONT)
	load.Wait(time.Minute)
	s.calls(calls)
	witness.Stop() // it saw every packet: they all came to the interface
	copied := mirror.Copied()
	s.end()
	c := s.coverage()
	t.Logf("%d packets came, %d of them in %v without a reader: %d taken, %d dropped", copied, during, heldTime, c.Packets, c.KernelDrops)
	if c.KernelDrops == 0 || c.KernelDrops > during {
		faults = append(faults, fmt.Sprintf("%d drops, want some, and no more than the %d packets that came meanwhile", c.KernelDrops, during))
	}
	if got := c.Packets + c.KernelDrops; got != copied {
		faults = append(faults, fmt.Sprintf("%d packets and %d drops are %d, want the %d that came", c.Packets, c.KernelDrops, got, copied))
	}
	if c.in("complete") {
		faults = append(faults, "the coverage says complete")
	}
	return faults
}

// pass lets time pass: what is tested is that it does.
func pass(d time.Duration) { <-time.NewTimer(d).C }

// A tap that goes down, or away, and comes back is open again within two seconds, and the coverage says for how long
// nothing could be seen.
func TestLiveInterface(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		for _, tt := range []struct {
			name       string
			down, back func(*testnet.Mirror)
		}{
			{"down and up", (*testnet.Mirror).Down, (*testnet.Mirror).Up},
			{"gone and back", (*testnet.Mirror).Unplug, (*testnet.Mirror).Plug},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				n := testnet.New(t)
				a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
				tap := n.Namespace("sensor")
				mirror := n.Mirror(tap, "tap0", n.Once())
				s := newLive(t, tap, engine, []string{"tap0"}, settleSoon)
				s.begin("postgres")
				call := func(user string) *testnet.Calls {
					return n.Call(a, b, testnet.Load{Calls: 5, Rate: 5, Talk: 500 * time.Millisecond, Caller: user, Callee: "bob"})
				}
				call("before").Wait(time.Minute)
				s.calls(5)

				tt.down(mirror)
				pass(downTime)
				tt.back(mirror)
				pass(reopen)
				witness := mirror.Watch()
				after := call("after")
				after.Wait(time.Minute)
				rows := callsOf(s.calls(10), "after")
				streams := testnet.Streams(t, witness.Stop())
				none(t, append(hurt(rows), streamFaults(rows, streams)...))
				if len(rows) != 5 || len(streams) != 10 {
					t.Errorf("%d rows and %d streams after the interface came back, want 5 and 10", len(rows), len(streams))
				}
				s.end()
				c := s.coverage()
				down := time.Duration(c.DownMS) * time.Millisecond
				t.Logf("down for %v, reopened %d times", down, c.Reopened)
				// Who polls may notice the beginning a little late, and the end.
				if down < downTime-200*time.Millisecond || down > downTime+reopen {
					t.Errorf("down for %v, want %v and at most %v more", down, downTime, reopen)
				}
				if c.Reopened == 0 || c.in("complete") {
					t.Errorf("coverage %+v, want it reopened, and not complete", c)
				}
			})
		}
	})
}

// callsOf keeps the rows of a caller.
func callsOf(rows []liveRow, caller string) (kept []liveRow) {
	for i := range rows {
		if rows[i].Caller == caller {
			kept = append(kept, rows[i])
		}
	}
	return kept
}
