package pipeline_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/pipeline"
	"calltrail/decode"
	"calltrail/decode/tcp"
)

// forged is b with another caller in From, of the same length: what someone would have a tap believe.
func forged(b []byte) []byte {
	return bytes.Replace(b, []byte("+912225550101"), []byte("+442079460101"), 1)
}

// Case 7: fragments that overlap with different octets. The first ones win, whichever way the forged ones come, and the record
// says that there were others.
func TestHostileCase7FragmentOverlap(t *testing.T) {
	src6, dst6 := netip.MustParseAddr("2001:db8::10"), netip.MustParseAddr("2001:db8::70")
	for _, c := range []struct {
		name string
		add  func(w *wire, from, to int, more bool, b []byte)
	}{
		{"IPv4", func(w *wire, from, to int, more bool, b []byte) {
			p := newIP(hostileCaller.Addr(), hostileCallee.Addr(), 17, 77, b[from:to])
			flags := uint16(from / 8)
			if more {
				flags |= 0x2000
			}
			binary.BigEndian.PutUint16(p[6:], flags)
			w.ip(p)
		}},
		{"IPv6", func(w *wire, from, to int, more bool, b []byte) {
			h := []byte{17, 0, byte(from >> 8), byte(from), 0, 0, 0, 77}
			if more {
				h[3] |= 1
			}
			w.ip(newIP(src6, dst6, 44, 0, append(h, b[from:to]...)))
		}},
		{"IPv6 behind hop-by-hop and destination options", func(w *wire, from, to int, more bool, b []byte) {
			h := []byte{60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 17, 0, byte(from >> 8), byte(from), 0, 0, 0, 77}
			if more {
				h[19] |= 1
			}
			w.ip(newIP(src6, dst6, 0, 0, append(h, b[from:to]...)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			good := newUDP(5060, 5060, hostile(hostileINVITE, "EXTRA", ""))
			bad := forged(good)
			for _, order := range []string{"before", "within", "again"} {
				var w wire
				switch order {
				case "before": // the end first, then a forged piece over what is there, then the beginning
					c.add(&w, 80, len(good), false, good)
					c.add(&w, 80, 320, true, bad)
					c.add(&w, 0, 80, true, good)
				case "within": // a forged piece that reaches over both
					c.add(&w, 0, 320, true, good)
					c.add(&w, 80, 400, true, bad)
					c.add(&w, 320, len(good), false, good)
				case "again": // the whole forged beginning after the good one
					c.add(&w, 0, 400, true, good)
					c.add(&w, 0, 400, true, bad)
					c.add(&w, 400, len(good), false, good)
				}
				r := w.run(t).call(hostileID)
				if strings.Contains(r.body, "+44") || !strings.Contains(r.body, "+912225550101") || !slices.Contains(r.Flags, "fragment_overlap") {
					t.Errorf("%s: flags %q, %s", order, r.Flags, r.body)
				}
			}
		})
	}
}

// Case 7: TCP segments that overlap with different octets: the first ones win, and the record says that there were others. A
// segment that comes again with the same octets says nothing.
func TestHostileCase7SegmentOverlap(t *testing.T) {
	good := hostile(hostileINVITE, "EXTRA", "")
	bad := forged(good)
	if at := bytes.Index(good, []byte("+912225550101")); at < 120 || at > 280 {
		t.Fatalf("the caller stands at %d, where no segment overlaps", at)
	}
	for _, c := range []struct {
		name    string
		over    []byte
		flagged bool
	}{{"forged", bad, true}, {"the same again", good, false}} {
		t.Run(c.name, func(t *testing.T) {
			var w wire
			w.tcp(hostileCaller, hostileCallee, 0, tcpSYN, nil)
			w.tcp(hostileCaller, hostileCallee, 1+120, 0, good[120:300])
			w.tcp(hostileCaller, hostileCallee, 1+100, 0, c.over[100:350]) // waits, and reaches over what waits
			w.tcp(hostileCaller, hostileCallee, 1, 0, good[:120])          // the gap closes
			w.tcp(hostileCaller, hostileCallee, 1, 0, c.over[:150])        // and behind the message's head
			w.tcp(hostileCaller, hostileCallee, 1+300, 0, good[300:])
			r := w.run(t, signallingPorts).call(hostileID)
			if slices.Contains(r.Flags, "stream_overlap") != c.flagged || slices.Contains(r.Flags, "stream_gap") {
				t.Errorf("flags %q", r.Flags)
			}
			if strings.Contains(r.body, "+44") || !strings.Contains(r.body, "+912225550101") {
				t.Errorf("the forged octets were taken: %s", r.body)
			}
		})
	}
}

// Case 7: IPv6 extension headers, QinQ and GRE hide nothing, and one too many is counted.
func TestHostileCase7Layers(t *testing.T) {
	src6, dst6 := netip.MustParseAddr("2001:db8::10"), netip.MustParseAddr("2001:db8::70")
	datagram := newUDP(5060, 5060, hostile(hostileINVITE, "EXTRA", ""))
	ip4 := newIP(hostileCaller.Addr(), hostileCallee.Addr(), 17, 1, datagram)
	options := func(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} }
	outer := func(proto byte, b []byte) []byte {
		return newIP(netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2"), proto, 1, b)
	}
	qinq := func(outer, inner uint16, b []byte) []byte {
		h := binary.BigEndian.AppendUint16(nil, outer)
		h = binary.BigEndian.AppendUint16(append(h, 0x81, 0), inner)
		return newEthernet(0x88a8, slices.Concat(h, []byte{8, 0}, b))
	}
	many := slices.Concat(bytes.Repeat(options(60), 40), options(17), datagram)
	for _, c := range []struct {
		name  string
		frame []byte
		want  string // tunnels and VLANs of the record, or why there is none
	}{
		{"no layer", newEthernet(0x0800, ip4), "[] []"},
		{"hop-by-hop, routing and destination options", newEthernet(0x86dd, newIP(src6, dst6, 0, 0,
			slices.Concat(options(43), []byte{60, 0, 0, 0, 0, 0, 0, 0}, options(17), datagram))), "[] []"},
		{"atomic fragment (RFC 6946)", newEthernet(0x86dd, newIP(src6, dst6, 44, 0, slices.Concat([]byte{17, 0, 0, 0, 0, 0, 0, 9}, datagram))), "[] []"},
		{"QinQ", qinq(100, 7, ip4), "[] [100 7]"},
		{"GRE", newEthernet(0x0800, outer(47, slices.Concat([]byte{0, 0, 8, 0}, ip4))), "[gre] []"},
		{"GRE with checksum, key and sequence number", newEthernet(0x0800, outer(47, slices.Concat([]byte{0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1}, ip4))), "[gre 7] []"},
		{"GRE within QinQ", qinq(1, 2, outer(47, slices.Concat([]byte{0, 0, 8, 0}, ip4))), "[gre] [1 2]"},
		{"more extension headers than are followed", newEthernet(0x86dd, newIP(src6, dst6, 60, 0, many)), "too_many_headers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w wire
			w.frame(c.frame)
			s := w.run(t)
			if s.stats.Counts[decode.SIP] == 0 {
				if got := s.summary(); got != "1 "+c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				return
			}
			r := s.call(hostileID)
			var tunnels, vlans []string
			for _, h := range r.Tunnel {
				name := h.Type
				if h.ID != 0 {
					name += " " + fmt.Sprint(h.ID)
				}
				tunnels = append(tunnels, name)
			}
			for _, v := range r.VLAN {
				vlans = append(vlans, fmt.Sprint(v))
			}
			if got := "[" + strings.Join(tunnels, " ") + "] [" + strings.Join(vlans, " ") + "]"; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// Case 8: signalling within TLS gives a record that says so, and pretends nothing: no number, no call, nothing of what follows
// the handshake.
func TestHostileCase8TLS(t *testing.T) {
	client, server := netip.MustParseAddrPort("198.51.100.10:49152"), netip.MustParseAddrPort("192.0.2.70:5061")
	hello := helloFor("sip.example.com", "sip/2")
	data := append([]byte{23, 3, 3, 1, 0}, bytes.Repeat([]byte("INVITE sip:"), 24)[:256]...) // application data may look like anything
	var w wire
	w.tcp(client, server, 0, tcpSYN, nil)
	w.tcp(server, client, 0, tcpSYN|0x10, nil)
	w.tcp(client, server, 1, 0, hello)
	w.tcp(server, client, 1, 0, append([]byte{22, 3, 3, 0, 100}, make([]byte, 100)...))
	w.tcp(client, server, 1+uint32(len(hello)), 0, data)
	w.tcp(server, client, 106, 0, data)
	w.tcp(client, server, 1+uint32(len(hello)+len(data)), tcpFIN, nil)
	w.tcp(server, client, 106+uint32(len(data)), tcpFIN, nil)
	s := w.run(t, func(c *pipeline.Config) { c.SIPPorts = []tcp.Ports{{First: 5060, Last: 5061}} })
	if len(s.records) != 1 || s.records[0].Kind != "tls" {
		t.Fatalf("%q, want one record of a connection", s.summary())
	}
	body := s.records[0].body
	for _, want := range []string{`"visibility":"encrypted"`, "sip.example.com"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	if strings.Contains(body, "INVITE") || s.stats.Counts[decode.SIP] != 0 {
		t.Errorf("something encrypted was read as SIP: %s", s.summary())
	}
}

// helloFor is a ClientHello (RFC 8446 section 4.1.2) with SNI and one protocol, in one record.
func helloFor(name, protocol string) []byte {
	vector := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	extension := func(kind uint16, b []byte) []byte {
		return append(binary.BigEndian.AppendUint16(nil, kind), vector(b)...)
	}
	extensions := slices.Concat(
		extension(0, vector(append([]byte{0}, vector([]byte(name))...))),
		extension(43, []byte{2, 3, 4}),
		extension(16, vector(append([]byte{byte(len(protocol))}, protocol...))),
	)
	body := slices.Concat([]byte{3, 3}, make([]byte, 32), []byte{0, 0, 2, 0x13, 0x01, 1, 0}, vector(extensions))
	message := append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	return append([]byte{22, 3, 1}, vector(message)...)
}
