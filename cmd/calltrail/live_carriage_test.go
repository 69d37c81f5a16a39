package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
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

// secureName is whom TLS asks for.
const secureName = "core.example.net"

// secureLink is two proxies that speak TLS to each other, each with a telephone on its own host, so that no SIP is in the clear.
type secureLink struct {
	edge, core *testnet.Host
	proxy      *testnet.Proxy // at the edge
	phones     [2]*testnet.Host
	calls      []*testnet.Process
	trust      *x509.CertPool
}

// secure makes calls over a connection of TLS.
func secure(n *testnet.Net, edge, core *testnet.Host) *secureLink {
	l := &secureLink{edge: edge, core: core, phones: [2]*testnet.Host{n.Also(edge, "192.0.2.21"), n.Also(core, "203.0.113.71")}}
	definition, trust := core.TLSConfig(secureName)
	l.trust = trust
	core.Kamailio(definition, "TRUNK="+l.phones[1].Addr.String()+":5060")
	definition, _ = edge.TLSConfig("edge.example.net")
	l.proxy = edge.Kamailio(definition, "TRUNK="+core.Addr.String()+":5061;transport=tls", "SERVER_NAME="+secureName)
	load := testnet.Load{Calls: 3, Rate: 5, Talk: 500 * time.Millisecond, Caller: "hidden", Callee: "bob"}
	callee := l.phones[1].Answer(load)
	l.calls = []*testnet.Process{l.phones[0].Originate(edge, 5060, load), callee}
	return l
}

// has says whether an address is that of a telephone behind TLS.
func (l *secureLink) has(address string) bool {
	return address == l.phones[0].Addr.String() || address == l.phones[1].Addr.String()
}

// hangUp waits for the end of the calls and closes the connection.
func (l *secureLink) hangUp() {
	for _, p := range l.calls {
		p.Succeed(time.Minute)
	}
	l.proxy.Signal(syscall.SIGTERM)
	<-l.proxy.Ended()
}

// connect makes another connection, which stays open.
func (l *secureLink) connect(t *testing.T) net.Conn {
	t.Helper()
	conn, err := l.edge.Dial("tcp", net.JoinHostPort(l.core.Addr.String(), "5061"))
	if err != nil {
		t.Fatal(err)
	}
	secured := tls.Client(conn, &tls.Config{ServerName: secureName, RootCAs: l.trust, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(t.Context()); err != nil {
		t.Fatalf("TLS to kamailio: %v", err)
	}
	return secured
}

// liveConnection is a row of a TLS connection.
type liveConnection struct {
	Final      bool       `json:"final"`
	Started    *time.Time `json:"started_at"`
	Ended      *time.Time `json:"ended_at"`
	SrcIP      string     `json:"src_ip"`
	SrcPort    int        `json:"src_port"`
	DstIP      string     `json:"dst_ip"`
	DstPort    int        `json:"dst_port"`
	Visibility string     `json:"visibility"`
	Flags      []string   `json:"flags"`
	Name       string     `json:"tls_server_name"`
	Version    string     `json:"tls_version"`
	Up         uint64     `json:"tls_octets_up"`
	Down       uint64     `json:"tls_octets_down"`
}

func (s *live) connections() []liveConnection {
	s.Helper()
	return rows[liveConnection](s, "calls r WHERE kind = 'tls' ORDER BY started_at")
}

// connectionFaults holds rows of TLS connections to tshark's: the last one was open when the sensor ended, the others were closed.
func connectionFaults(rows []liveConnection, said []testnet.TLS) (faults []string) {
	if len(rows) != len(said) {
		return []string{fmt.Sprintf("%d rows of TLS connections, tshark has %d", len(rows), len(said))}
	}
	for i, c := range said {
		r := &rows[i]
		got := fmt.Sprintf("%s %d to %s %d, %s, %d octets up, %d down", r.SrcIP, r.SrcPort, r.DstIP, r.DstPort, r.Name, r.Up, r.Down)
		want := fmt.Sprintf("%s/32 %d to %s/32 %d, %s, %d octets up, %d down", c.SrcIP, c.SrcPort, c.DstIP, c.DstPort, c.SNI, c.Sent, c.Received)
		if strings.ReplaceAll(got, "/32", "") != strings.ReplaceAll(want, "/32", "") || c.SNI != secureName {
			faults = append(faults, fmt.Sprintf("TLS: the row has %s; tshark %s", got, want))
		}
		faults = append(faults, apart("TLS started_at", r.Started, c.Hello.Time, nearTshark)...)
		last := i == len(said)-1
		if r.Final == last || slices.Contains(r.Flags, "shutdown") != last || r.Visibility != "encrypted" {
			faults = append(faults, fmt.Sprintf("TLS: connection %d of %d: final %v, flags %q, visibility %s", i+1, len(said), r.Final, r.Flags, r.Visibility))
		}
		if !last {
			faults = append(faults, apart("TLS ended_at", r.Ended, c.Last.Time, nearTshark)...)
		}
	}
	return faults
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
