package testnet_test

import (
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// Two telephones call through the proxy: what the witness on the mirror port, the proxy's accounting and the counters say
// is the same. The live tests hold the sensor to these.
func TestWitnesses(t *testing.T) {
	n := testnet.New(t)
	alice, proxy, bob := n.Host("alice", "192.0.2.10"), n.Host("proxy", "192.0.2.2"), n.Host("bob", "198.51.100.10")
	sensor := n.Namespace("sensor")
	mirror := n.Mirror(sensor, "tap0", n.Once())
	witness := mirror.Watch()
	kamailio := proxy.Kamailio()
	callee, caller := bob.Baresip(proxy, true), alice.Baresip(proxy, false)

	caller.Do("dial sip:bob@" + proxy.Addr.String())
	e := caller.Until("CALL_ESTABLISHED")
	before := mirror.Copied()
	testnet.Eventually(t, "RTP", func() bool { return mirror.Copied() > before+100 })
	caller.Do("hangup")
	callee.Until("CALL_CLOSED")
	testnet.Eventually(t, "the accounting of the BYE", func() bool { return len(kamailio.Accounts(e.CallID)) >= 2 })

	o := testnet.Dissect(t, witness.Stop())
	if o.Packets != mirror.Copied() {
		t.Errorf("tshark sees %d packets, %d were mirrored", o.Packets, mirror.Copied())
	}
	if len(o.Calls) != 1 || len(o.Streams) != 2 {
		t.Fatalf("tshark sees %d calls and %d streams, want 1 and 2", len(o.Calls), len(o.Streams))
	}
	c := o.Calls[0]
	if c.CallID != e.CallID || c.Status != 200 || c.ByeFrom != "caller" {
		t.Errorf("tshark's call: %+v", c)
	}
	accounts := kamailio.Accounts(e.CallID)
	for _, x := range []struct {
		what          string
		tshark, proxy time.Time
	}{
		{"INVITE", c.Invite.Time, accounts[0].Began}, {"200", c.Answer.Time, accounts[0].At}, {"BYE", c.End.Time, accounts[1].Began},
	} {
		if d := x.proxy.Sub(x.tshark).Abs(); d > 50*time.Millisecond {
			t.Errorf("%s: %v apart", x.what, d)
		}
	}
}

// A load of sipp calls, mirrored: what the programs sent is what the witness saw.
func TestLoad(t *testing.T) {
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	mirror := n.Mirror(n.Namespace("sensor"), "tap0", n.Once())
	witness := mirror.Watch()
	const calls = 20
	n.Call(a, b, testnet.Load{Calls: calls, Rate: 20, Talk: time.Second, Caller: "alice", Callee: "bob"}).Wait(testnet.Patience)
	path := witness.Stop()
	streams := testnet.Streams(t, path)
	var rtp uint64
	for _, s := range streams {
		rtp += s.Packets
	}
	// INVITE, 180, 200, ACK, BYE, 200.
	if want := mirror.Copied() - 6*calls; rtp != want || len(streams) != 2*calls {
		t.Errorf("%d streams with %d packets, want %d with %d", len(streams), rtp, 2*calls, want)
	}
	if o := testnet.Dissect(t, path); len(o.Calls) != calls || len(o.Streams) != 2*calls || o.SIPPackets != 6*calls {
		t.Errorf("%d calls and %d streams, want %d and %d", len(o.Calls), len(o.Streams), calls, 2*calls)
	}
}
