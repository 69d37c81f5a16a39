package main

import (
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A mirror port that sends every frame twice, as one does that mirrors both sides of every port: each packet counts once,
// and the coverage says how many copies there were.
func TestLiveDuplicates(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls = 10
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		tap, clean := n.Namespace("sensor"), n.Namespace("witness")
		mirror, once := n.Mirror(tap, "tap0", n.Twice()), n.Mirror(clean, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon)
		witness := once.Watch()
		s.begin("postgres")
		n.Call(a, b, testnet.Load{Calls: calls, Rate: 10, Talk: time.Second, Caller: "alice", Callee: "bob"}).Wait(time.Minute)
		rows := s.calls(calls)
		o := testnet.Dissect(t, witness.Stop())
		none(t, append(hurt(rows), tsharkFaults(rows, o)...))
		var copies uint64
		for i := range rows {
			for _, m := range rows[i].Media {
				if m.Duplicates != m.Packets {
					t.Errorf("a stream has %d packets and %d duplicates, want as many", m.Packets, m.Duplicates)
				}
				copies += m.Duplicates
			}
		}
		if copied := mirror.Copied(); copied != 2*o.Packets {
			t.Fatalf("the mirror port carried %d packets, want each of %d twice", copied, o.Packets)
		}
		s.end()
		if c := s.coverage(); c.Duplicates != o.Packets || c.Packets != 2*o.Packets {
			t.Errorf("coverage has %d packets and %d duplicates, want %d and %d (RTP rows have %d)", c.Packets, c.Duplicates, 2*o.Packets, o.Packets, copies)
		}
	})
}

// A mirror of one side of one port: what comes back is not seen, and both rows and coverage say so.
func TestLiveOneWay(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls = 10
		withinMinute(20 * time.Second) // the few pairs of hosts are to be judged together
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		tap := n.Namespace("sensor")
		n.Mirror(tap, "tap0", []testnet.Source{{Host: a, Direction: testnet.FromHost}})
		s := newLive(t, tap, engine, []string{"tap0"},
			"timers: {settle: 2500ms, invite_timeout: 5s}") // of these INVITEs no response is seen
		s.begin("postgres")
		n.Call(a, b, testnet.Load{Calls: calls, Rate: 10, Talk: time.Second, Caller: "alice", Callee: "bob"}).Wait(time.Minute)
		rows := s.calls(calls)
		for i := range rows {
			if rows[i].Visibility != "one_way" {
				t.Errorf("visibility %s, want one_way", rows[i].Visibility)
			}
		}
		s.end()
		c := s.coverage()
		if !c.in("one_way") || c.Flows == 0 || c.OneWayFlows != c.Flows {
			t.Errorf("coverage %+v, want one_way, all flows", c)
		}
	})
}

// withinMinute waits, if need be, for a minute that has so much left.
func withinMinute(d time.Duration) {
	if left := time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)); left < d {
		pass(left)
	}
}
