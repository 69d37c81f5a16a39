package gen

import (
	"math/rand/v2"
	"net/netip"
)

const (
	trunks = 16
	// tick: messages over TCP are sent at multiples of it, so that those of several calls over one connection meet in a segment.
	tick = 20 * ms
	// ahead is how long before its time a message is given to its connection.
	ahead = tick / 2
	// mostCalls is the most calls that one connection has; then the next one is opened.
	mostCalls = 40
)

// trunk is two hosts that speak SIP over TCP with each other. Calls come and go over one connection after the other.
type trunk struct {
	number   int
	r        *rand.Rand
	client   netip.Addr
	server   netip.AddrPort
	carriage carriage
	opened   int
	now      *connection
}

// trunksOf are the trunks of a run.
func trunksOf(cfg *Config) (all [trunks]trunk) {
	for n := range all {
		t := &all[n]
		t.number, t.r = n, source(cfg.Seed, streamTrunks+uint64(n))
		v6 := t.v6()
		c, s := newParty(t.r, caller, n, v6), newParty(t.r, callee, n+50, v6)
		t.client, t.server = c.sip.Addr(), netip.AddrPortFrom(s.sip.Addr(), 5060)
		vlan := uint16(0)
		if n%5 == 0 {
			vlan = low16(200 + n)
		}
		mtuNever := *cfg
		mtuNever.Fragments = 0
		t.carriage = newCarriage(&mtuNever, t.r, vlan, v6)
	}
	return all
}

// v6 says which trunks are IPv6.
func (t *trunk) v6() bool { return t.number%4 == 3 }

// pick is a trunk of an IP version.
func (w *world) pick(r *rand.Rand, v6 bool) *trunk {
	n := r.IntN(trunks / 4 * 3)
	n += n / 3 // 0 1 2 4 5 6 8 …
	if v6 {
		n = 3 + 4*r.IntN(trunks/4)
	}
	return &w.trunks[n]
}

// join gives a call a place on the trunk's connection, or on a new one.
func (t *trunk) join() *connection {
	if t.now == nil || t.now.left == 0 {
		t.now = &connection{
			trunk: t, left: 1 + t.r.IntN(mostCalls), seq: [2]uint32{t.r.Uint32(), t.r.Uint32()},
			client: netip.AddrPortFrom(t.client, low16(30000+t.opened%30000)),
		}
		t.opened++
	}
	t.now.left--
	t.now.open++
	return t.now
}
