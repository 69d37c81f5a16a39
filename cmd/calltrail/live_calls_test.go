package main

import (
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// settleSoon shortens the wait between a call's end and its final record, for the tests' own time. Below the two seconds in
// which late media still counts, the record would come before it.
const settleSoon = "timers: {settle: 2500ms}"

// Telephones call each other through a proxy with real sound, and the sensor's rows, which took the long way through Kafka,
// agree with what tshark saw on the same tap and with the proxy's own accounting, however the calls end.
func TestLiveCalls(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		n := testnet.New(t)
		alice, proxy, bob := n.Host("alice", "192.0.2.10"), n.Host("proxy", "192.0.2.2"), n.Host("bob", "198.51.100.10")
		carol := n.Host("carol", "203.0.113.10") // answers at once
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon)
		witness := mirror.Watch()
		s.begin("kafka")
		store := s.start(nil, "store")
		kamailio := proxy.Kamailio()
		callee, caller := bob.Baresip(proxy, false), alice.Baresip(proxy, false)
		carol.Baresip(proxy, true)

		cases := []struct {
			name, user, disposition, endedBy string
			status                           int
			do                               func()
		}{
			{"answered", "carol", "answered", "caller", 200, func() { caller.Until("CALL_ESTABLISHED"); talk(t, mirror, 200); caller.Do("hangup") }},
			{"answered, callee hangs up", "bob", "answered", "callee", 200, func() {
				callee.Until("CALL_INCOMING")
				callee.Do("accept")
				callee.Until("CALL_ESTABLISHED")
				talk(t, mirror, 200)
				callee.Do("hangup")
			}},
			{"busy", "bob", "busy", "callee", 486, func() { callee.Until("CALL_INCOMING"); callee.Do("hangup") }},
			{"cancelled", "bob", "cancelled", "caller", 487, func() { caller.Until("CALL_RINGING"); caller.Do("hangup") }},
			{"no answer", "bob", "no_answer", "callee", 408, func() {}},
			{"rejected", "barred", "rejected", "callee", 603, func() {}},
			{"not found", "dave", "failed", "callee", 404, func() {}},
		}
		ids := map[string]int{} // Call-ID to case
		for i, tt := range cases {
			caller.Do("dial sip:" + tt.user + "@" + proxy.Addr.String())
			tt.do()
			ids[caller.Until("CALL_CLOSED").CallID] = i
		}
		rows := s.calls(len(cases))
		o := testnet.Dissect(t, witness.Stop())
		none(t, tsharkFaults(rows, o))
		for i := range rows {
			r := &rows[i]
			at, ok := ids[r.CallID]
			if !ok {
				t.Errorf("no telephone made the call %s", r.CallID)
				continue
			}
			tt := cases[at]
			delete(ids, r.CallID)
			if r.Disposition != tt.disposition || r.Status != tt.status || r.EndedBy != tt.endedBy {
				t.Errorf("%s: %s with %d, ended by %s; want %s with %d, ended by %s", tt.name, r.Disposition, r.Status, r.EndedBy, tt.disposition, tt.status, tt.endedBy)
			}
			want := 1 // INVITE
			if tt.status == 200 {
				want = 2 // BYE
			}
			testnet.Eventually(t, "kamailio's accounting of "+tt.name, func() bool { return len(kamailio.Accounts(r.CallID)) >= want })
			for _, fault := range kamailioFaults(r, kamailio.Accounts(r.CallID)) {
				t.Errorf("%s: %s", tt.name, fault)
			}
			if r.Tap != "tap0" || r.Visibility != "full" && tt.status == 200 {
				t.Errorf("%s: seen on %q, visibility %s", tt.name, r.Tap, r.Visibility)
			}
		}
		s.end()
		store.kill()
		if log := s.process.Output(); strings.Contains(log, "alice") || strings.Contains(log, "carol") {
			t.Errorf("the log names a user:\n%s", log)
		}
		c := s.coverage()
		if !c.in("complete") || c.Packets != o.Packets || c.KernelDrops != 0 || c.Duplicates != 0 || c.OneWayFlows != 0 {
			t.Errorf("coverage %+v, want complete with the %d packets of tshark", c, o.Packets)
		}
	})
}

// A thousand calls at a hundred a second, with sound, are a thousand rows, and the kernel drops no packet.
func TestLiveLoad(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		const calls = 1000
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon)
		witness := mirror.Watch()
		s.begin("postgres")
		n.Call(a, b, testnet.Load{Calls: calls, Rate: 100, Talk: time.Second, Caller: "+912225550101", Callee: "+442079460101"}).Wait(time.Minute)
		rows := s.calls(calls)
		if len(rows) != calls {
			t.Errorf("%d rows, want %d", len(rows), calls)
		}
		none(t, hurt(rows))
		streams := testnet.Streams(t, witness.Stop())
		if len(streams) != 2*calls {
			t.Errorf("tshark has %d RTP streams, want %d", len(streams), 2*calls)
		}
		none(t, streamFaults(rows, streams))
		copied := mirror.Copied()
		s.end()
		if c := s.coverage(); !c.in("complete") || c.KernelDrops != 0 || c.Packets != copied {
			t.Errorf("coverage %+v, want complete, no drops and %d packets", c, copied)
		}
	})
}
