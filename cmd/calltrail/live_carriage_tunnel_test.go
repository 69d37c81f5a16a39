package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// large are header fields with which an INVITE goes over a line of 1,280 octets in two fragments.
func large() (fields []string) {
	for i := range 12 {
		fields = append(fields, fmt.Sprintf("History-Info: <sip:+4420794601%02d@pbx.example.net?Reason=SIP%%3Bcause%%3D302%%3Btext%%3D%%22Moved%%20Temporarily%%22>;index=1.%d", 10+i, i))
	}
	return fields
}

// INVITEs in fragments, of IPv4 and of IPv6, are read whole. With AF_PACKET the kernel puts IPv4's together, so each is one packet
// of the coverage; with libpcap, and of IPv6, the sensor itself does.
func TestLiveFragments(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls = 5
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		a6, b6 := n.Also(a, "2001:db8:91::10"), n.Also(b, "2001:db8:44::10")
		a.Shrink(1280)
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon)
		witness := mirror.WatchAll()
		s.begin("postgres")
		load := testnet.Load{Calls: calls, Rate: 10, Talk: time.Second, Caller: "four", Callee: "bob", More: large()}
		four := n.Call(a, b, load)
		load.Caller = "six"
		n.Call(a6, b6, load).Wait(time.Minute)
		four.Wait(time.Minute)
		rows := s.carried(2 * calls)
		o := testnet.Dissect(t, witness.Stop())
		none(t, append(hurt(plain(rows)), tsharkFaults(plain(rows), o)...))
		if o.Carriage.Fragments != 2*2*calls || len(by("four", rows)) != calls || len(by("six", rows)) != calls {
			t.Errorf("%d fragments, %d calls over IPv4, %d over IPv6; want %d, and %d of each", o.Carriage.Fragments, len(by("four", rows)), len(by("six", rows)), 4*calls, calls)
		}
		s.end()
		merged := uint64(0)
		if engine == afpacketEngine {
			merged = calls
		}
		if c := s.coverage(); !c.in("complete") || c.Packets != o.Packets-merged || c.KernelDrops != 0 {
			t.Errorf("coverage %+v, want complete with the %d packets of tshark, less %d", c, o.Packets, merged)
		}
	})
}

// Calls through tunnels of many kinds, with the tap where a provider has it: on the line below. They agree with what tshark reads
// inside, sound too, and each row says through what it came. One tunnel is the kernel's, where it has that kind; the others' ends
// are the test's.
func TestLiveTunnels(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls = 3
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon)
		type pair struct{ from, to *testnet.Host }
		pairs := map[string]pair{}
		if from, to, err := n.VXLAN(a, b); err == nil {
			pairs["vxlan"] = pair{from, to}
		} else {
			t.Logf("no calls through the kernel's VXLAN: %v", err)
		}
		for _, tunnel := range testnet.Tunnels {
			from, to := n.Through(tunnel, a, b)
			pairs[tunnel.Name] = pair{from, to}
		}
		witness := mirror.WatchAll()
		s.begin("postgres")
		var under []*testnet.Calls
		for kind, p := range pairs {
			under = append(under, n.Call(p.from, p.to, testnet.Load{Calls: calls, Rate: 10, Talk: 500 * time.Millisecond, Caller: kind, Callee: "bob"}))
		}
		for _, c := range under {
			c.Wait(time.Minute)
		}
		rows := s.carried(calls * len(pairs))
		seen := witness.Stop()
		o := testnet.Dissect(t, seen)
		none(t, append(hurt(plain(rows)), tsharkFaults(plain(rows), o)...))
		for kind := range pairs {
			mine := by(kind, rows)
			if len(mine) != calls {
				t.Errorf("%s: %d calls, want %d", kind, len(mine), calls)
			}
			for i := range mine {
				none(t, layerFaults(&mine[i], throughOf(kind, a, b)))
			}
		}
		s.end()
		// The filter looks behind VLAN tags, and turns away what quotes media there: a side that has hung up is sent some.
		away := uint64(len(testnet.Values(t, seen, "ieee8021ad and icmp", "frame.number")))
		if c := s.coverage(); !c.in("complete") || c.Packets != o.Packets-away || c.KernelDrops != 0 {
			t.Errorf("coverage %+v, want complete with the %d packets of tshark, less %d of ICMP", c, o.Packets, away)
		}
	})
}

// through is what a call's first packet came through.
type through struct {
	vlan   []int
	tunnel []liveTunnel
}

// throughOf is what calls through a tunnel from a to b come through.
func throughOf(kind string, a, b *testnet.Host) (w through) {
	id := func(v uint32) *uint32 { return &v }
	one := liveTunnel{Type: kind, Src: a.Addr.String(), Dst: b.Addr.String()}
	switch kind {
	case "vlan":
		return through{vlan: []int{testnet.VLANID}}
	case "qinq":
		return through{vlan: []int{testnet.OuterVLAN, testnet.VLANID}}
	case "mpls":
		one = liveTunnel{Type: kind, ID: id(testnet.MPLSLabel)}
	case "pppoe":
		one = liveTunnel{Type: kind, ID: id(testnet.Session)}
	case "gre":
		one.ID = id(testnet.Key)
	case "vxlan", "geneve":
		one.ID = id(testnet.VNI)
	case "gtpu":
		one.ID = id(testnet.TEID)
	}
	return through{tunnel: []liveTunnel{one}}
}

func layerFaults(r *carriedRow, want through) (faults []string) {
	if !reflect.DeepEqual(r.VLAN, want.vlan) {
		faults = append(faults, fmt.Sprintf("%s: VLAN %v, want %v", r.CallID, r.VLAN, want.vlan))
	}
	if got, want := written(r.Tunnel), written(want.tunnel); got != want {
		faults = append(faults, fmt.Sprintf("%s: tunnel %s, want %s", r.CallID, got, want))
	}
	return faults
}

func written(tunnels []liveTunnel) string {
	var b strings.Builder
	for _, t := range tunnels {
		fmt.Fprintf(&b, "[%s", t.Type)
		if t.ID != nil {
			fmt.Fprintf(&b, " %d", *t.ID)
		}
		fmt.Fprintf(&b, " %s %s]", t.Src, t.Dst)
	}
	return b.String()
}
