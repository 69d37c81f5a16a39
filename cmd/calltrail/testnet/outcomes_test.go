package testnet_test

import (
	"testing"

	"calltrail/cmd/calltrail/testnet"
)

// How a call can end, as the proxy's accounting has it.
func TestOutcomes(t *testing.T) {
	n := testnet.New(t)
	alice, proxy, bob := n.Host("alice", "192.0.2.10"), n.Host("proxy", "192.0.2.2"), n.Host("bob", "198.51.100.10")
	kamailio := proxy.Kamailio()
	callee, caller := bob.Baresip(proxy, false), alice.Baresip(proxy, false)
	for _, tt := range []struct {
		name, user string
		code       int
		do         func()
	}{
		{"busy", "bob", 486, func() { callee.Until("CALL_INCOMING"); callee.Do("hangup") }},
		{"cancelled", "bob", 487, func() { caller.Until("CALL_RINGING"); caller.Do("hangup") }},
		{"no answer", "bob", 408, func() {}},
		{"rejected", "barred", 603, func() {}},
		{"not found", "carol", 404, func() {}},
	} {
		caller.Do("dial sip:" + tt.user + "@" + proxy.Addr.String())
		tt.do()
		e := caller.Until("CALL_CLOSED")
		testnet.Eventually(t, tt.name, func() bool { return len(kamailio.Accounts(e.CallID)) > 0 })
		if a := kamailio.Accounts(e.CallID); len(a) != 1 || a[0].Code != tt.code || a[0].Caller != "alice" || a[0].Callee != tt.user {
			t.Errorf("%s: %+v, want code %d", tt.name, a, tt.code)
		}
	}
}
