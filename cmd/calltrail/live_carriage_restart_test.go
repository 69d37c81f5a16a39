package main

import (
	"slices"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A sensor that is killed in mid call and started again meets the connection that carries the calls in its middle. The calls
// go on, flagged, and the BYEs on it end them.
func TestLiveStreamRestart(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		t.Parallel()
		const calls = 5
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, "timers: {settle: 2500ms, checkpoint: 2s}")
		witness := mirror.WatchAll()
		s.begin("postgres")
		load := n.Call(a, b, testnet.Load{Calls: calls, Rate: 50, Talk: 7 * time.Second, Caller: "alice", Callee: "bob", TCP: true})
		testnet.Eventually(t, "interim records", func() bool {
			return s.db.number("SELECT count(DISTINCT call_uid) FROM calltrail.call_record") == calls
		})
		s.process.Kill()
		s.begin("postgres")
		load.Wait(time.Minute)
		rows := s.carried(calls)
		o := testnet.Dissect(t, witness.Stop())
		s.end()
		s.drain()
		ports := map[int]bool{}
		for i := range rows {
			r := &rows[i]
			ports[r.SrcPort] = true
			if !r.Final || r.Disposition != "answered" || r.EndedBy != "caller" || r.Transport != "tcp" || !slices.Equal(r.Flags, []string{"sensor_restart"}) {
				t.Errorf("call %s: %+v, want a final record over tcp with the flag sensor_restart alone, answered, ended by the caller", r.CallID, r)
			}
		}
		if len(ports) != 1 {
			t.Errorf("%d connections, want all calls on one", len(ports))
		}
		none(t, callsFaults(plain(rows), o.Calls))
		none(t, tooMany(plain(rows), o.Streams))
		none(t, s.db.chainFaults())
	})
}
