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
