package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// carriedRow is a liveRow with how its signalling was carried.
type carriedRow struct {
	liveRow
	Transport string       `json:"sip_transport"`
	Tunnel    []liveTunnel `json:"tunnel"`
	VLAN      []int        `json:"vlan"`
}

// liveTunnel is an entry of a row's tunnel.
type liveTunnel struct {
	Type, Src, Dst string
	ID             *uint32
}

// carried waits for the final records of so many calls, and returns all calls.
func (s *live) carried(finals int) []carriedRow {
	s.Helper()
	s.calls(finals)
	all := rows[carriedRow](s, "calls r WHERE kind = 'sip' ORDER BY started_at")
	for i := range all {
		all[i].SrcIP, _, _ = strings.Cut(all[i].SrcIP, "/") // an address of IPv6 ends with /128
	}
	return all
}

// plain are rows without their carriage.
func plain(rows []carriedRow) (list []liveRow) {
	for i := range rows {
		list = append(list, rows[i].liveRow)
	}
	return list
}

// by keeps the rows of a caller.
func by(caller string, rows []carriedRow) []carriedRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r carriedRow) bool { return r.Caller != caller })
}

// transportFaults holds rows to the transport of tshark's calls.
func transportFaults(rows []carriedRow, calls []testnet.Call) (faults []string) {
	said := map[string]string{}
	for _, c := range calls {
		said[c.CallID] = c.Transport
	}
	for i := range rows {
		if r := &rows[i]; r.Transport != said[r.CallID] {
			faults = append(faults, fmt.Sprintf("%s: transport %q, tshark: %q", r.CallID, r.Transport, said[r.CallID]))
		}
	}
	return faults
}

// unseen is what the sensor says that it has not seen: octets of TCP on the ports of signalling.
func (s *live) unseen() int {
	s.Helper()
	return s.db.number("SELECT coalesce(sum(unseen_tcp_octets), 0) FROM calltrail.coverage")
}

// Calls over TCP, all on one connection at each hop of a proxy, and calls from a WebSocket client agree with tshark and with the
// proxy's accounting, sound to the packet. Beside them two proxies speak TLS: each connection is a record with the name that
// was asked for and the octets that tshark counts, also the one that is open when the sensor ends.
func TestLiveStreams(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls, sockets = 20, 5
		n := testnet.New(t)
		a, proxy, b := n.Host("a", "192.0.2.10"), n.Host("proxy", "192.0.2.2"), n.Host("b", "198.51.100.10")
		web, edge, core := n.Host("web", "192.0.2.30"), n.Host("edge", "192.0.2.20"), n.Host("core", "203.0.113.70")
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon, `capture: {websocket_ports: ["80"]}`)
		witness := mirror.WatchAll()
		s.begin("postgres")
		kamailio := proxy.Kamailio("WEBSOCKET", "TRUNK=198.51.100.10:5060;transport=tcp")
		load := testnet.Load{Calls: calls + sockets, Rate: 20, Talk: time.Second, Caller: "tcp", Callee: "bob", TCP: true}
		callee := b.Answer(load)
		load.Calls = calls
		over := []*testnet.Process{a.Originate(proxy, 5060, load)}
		load.Calls, load.Caller, load.TCP = sockets, "websocket", false
		over = append(over, web.OriginateWebSocket(proxy, load))
		link := secure(n, edge, core)
		for _, p := range append(over, callee) {
			p.Succeed(time.Minute)
		}
		link.hangUp()
		open := link.connect(t)
		defer func() { _ = open.Close() }()

		rows := s.carried(calls + sockets + 1)
		o := testnet.Dissect(t, witness.Stop())
		own := slices.DeleteFunc(slices.Clone(o.Streams), func(s testnet.Stream) bool { return link.has(s.Src) })
		none(t, slices.Concat(hurt(plain(rows)), callsFaults(plain(rows), o.Calls), streamFaults(plain(rows), own), transportFaults(rows, o.Calls)))
		for caller, want := range map[string]struct{ calls, connections int }{"tcp": {calls, 1}, "websocket": {sockets, 1}} {
			ports := map[int]bool{}
			mine := by(caller, rows)
			for i := range mine {
				ports[mine[i].SrcPort] = true
			}
			if len(mine) != want.calls || len(ports) != want.connections {
				t.Errorf("%s: %d calls on %d connections, want %d on %d", caller, len(mine), len(ports), want.calls, want.connections)
			}
		}
		for i := range rows {
			none(t, kamailioFaults(&rows[i].liveRow, kamailio.Accounts(rows[i].CallID)))
			if got := len(kamailio.Accounts(rows[i].CallID)); got != 2 {
				t.Errorf("%s: kamailio accounts for %d transactions, want INVITE and BYE", rows[i].CallID, got)
			}
		}
		s.end()
		// A little may have come after the witness: acknowledgements on the connection that is open.
		if c := s.coverage(); !c.in("complete") || c.Packets < o.Packets || c.Packets > mirror.Frames() || c.KernelDrops != 0 || s.unseen() != 0 {
			t.Errorf("coverage %+v with %d octets unseen, want complete with %d to %d packets", c, s.unseen(), o.Packets, mirror.Frames())
		}
		none(t, connectionFaults(s.connections(), o.TLS))
	})
}

// The comparisons of the tests of carriage find what differs: each of these changes makes one fault.
func TestLiveCarriageFaults(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	id := uint32(7)
	row := func() carriedRow {
		return carriedRow{
			liveRow: liveRow{CallID: "c", Final: true, Visibility: "full", Disposition: "answered", EndedBy: "caller"}, Transport: "tcp",
			Tunnel: []liveTunnel{{Type: "gre", ID: &id, Src: "192.0.2.10", Dst: "198.51.100.10"}}, VLAN: []int{5},
		}
	}
	calls, want := []testnet.Call{{CallID: "c", Transport: "tcp"}}, through{row().VLAN, row().Tunnel}
	for name, change := range map[string]func(*carriedRow){
		"":          func(*carriedRow) {},
		"transport": func(r *carriedRow) { r.Transport = "udp" },
		"call":      func(r *carriedRow) { r.CallID = "d" },
		"no VLAN":   func(r *carriedRow) { r.VLAN = nil },
		"VLAN":      func(r *carriedRow) { r.VLAN[0]++ },
		"no tunnel": func(r *carriedRow) { r.Tunnel = nil },
		"kind":      func(r *carriedRow) { r.Tunnel[0].Type = "ipip" },
		"session":   func(r *carriedRow) { r.Tunnel[0].ID = nil },
		"outside":   func(r *carriedRow) { r.Tunnel[0].Src, r.Tunnel[0].Dst = r.Tunnel[0].Dst, r.Tunnel[0].Src },
	} {
		r := row()
		change(&r)
		if f := append(transportFaults([]carriedRow{r}, calls), layerFaults(&r, want)...); len(f) != min(len(name), 1) {
			t.Errorf("%s: %d faults %q", name, len(f), f)
		}
	}
	moment := func(d time.Duration) testnet.Moment { return testnet.Moment{Time: at.Add(d)} }
	said := []testnet.TLS{
		{SrcIP: "192.0.2.20", SrcPort: 40000, DstIP: "203.0.113.70", DstPort: 5061, SNI: secureName, Sent: 10, Received: 20, Hello: moment(0), Last: moment(1)},
		{SrcIP: "192.0.2.20", SrcPort: 40001, DstIP: "203.0.113.70", DstPort: 5061, SNI: secureName, Sent: 30, Received: 40, Hello: moment(2), Last: moment(3)},
	}
	connections := func() (list []liveConnection) {
		for i, c := range said {
			list = append(list, liveConnection{
				Final: i == 0, Started: &said[i].Hello.Time, Ended: &said[i].Last.Time, SrcIP: c.SrcIP + "/32", SrcPort: c.SrcPort, DstIP: c.DstIP + "/32", DstPort: c.DstPort,
				Visibility: "encrypted", Name: c.SNI, Up: c.Sent, Down: c.Received,
			})
		}
		list[1].Ended, list[1].Flags = nil, []string{"shutdown"}
		return list
	}
	late := at.Add(time.Second)
	for name, change := range map[string]func([]liveConnection) []liveConnection{
		"":         func(c []liveConnection) []liveConnection { return c },
		"one less": func(c []liveConnection) []liveConnection { return c[:1] },
		"address":  func(c []liveConnection) []liveConnection { c[0].SrcPort++; return c },
		"name":     func(c []liveConnection) []liveConnection { c[0].Name = ""; return c },
		"octets":   func(c []liveConnection) []liveConnection { c[1].Up, c[1].Down = c[1].Down, c[1].Up; return c },
		"start":    func(c []liveConnection) []liveConnection { c[1].Started = &late; return c },
		"end":      func(c []liveConnection) []liveConnection { c[0].Ended = nil; return c },
		"flag":     func(c []liveConnection) []liveConnection { c[1].Flags = nil; return c },
		"final":    func(c []liveConnection) []liveConnection { c[1].Final = true; return c },
		"clear":    func(c []liveConnection) []liveConnection { c[0].Visibility = "full"; return c },
	} {
		if f := connectionFaults(change(connections()), said); len(f) != min(len(name), 1) {
			t.Errorf("TLS, %s: %d faults %q", name, len(f), f)
		}
	}
}
