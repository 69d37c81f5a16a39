package filter_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/capture/filter"
)

// The configurations that frames are tried with.
var (
	wide = filter.Config{
		Mode: filter.Wide, Link: capture.LinkEthernet, SIPPorts: []filter.Ports{{First: 5060, Last: 5061}},
		TCPPorts:   []filter.Ports{{First: 5071, Last: 5071}, {First: 8088, Last: 8088}},
		SnapLength: 65_535, MediaSnapLength: 192,
	}
	narrow = filter.Config{
		Mode: filter.Narrow, Link: capture.LinkEthernet, SIPPorts: wide.SIPPorts, TCPPorts: wide.TCPPorts,
		MediaPorts: []filter.Ports{{First: 16_384, Last: 32_767}}, Prefixes: prefixes("192.0.2.0/24", "2001:db8:1::/48"),
		SnapLength: 65_535, MediaSnapLength: 192,
	}
)

func programOf(t testing.TB, cfg filter.Config) *filter.Program {
	t.Helper()
	p, err := filter.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// onLink is a configuration for another link type.
func onLink(cfg filter.Config, link capture.LinkType) filter.Config {
	cfg.Link = link
	return cfg
}

// virtual is the machine of x/net, which runs what the kernel would.
func virtual(t testing.TB, p *filter.Program) *bpf.VM {
	t.Helper()
	code, ok := bpf.Disassemble(p.Raw())
	if !ok {
		t.Fatal("the program has instructions that x/net does not know")
	}
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func run(t testing.TB, vm *bpf.VM, frame []byte) int {
	t.Helper()
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The layers that frames are put together from: 192.0.2.1 to 198.51.100.2, or 2001:db8:1::1 to 2001:db8:2::2.

func ether(etherType uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{
		0x02, 0x00, 0x00, 0x00, 0x00, 0x02, // destination, locally administered
		0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // source
	}, etherType)
}

// tag is what follows the EtherType of a VLAN tag: VLAN 7, and the EtherType of what it carries.
func tag(etherType uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{0x00, 0x07}, etherType)
}

func ipv4(proto uint8, options, body []byte) []byte {
	total := 20 + len(options) + len(body)
	return slices.Concat([]byte{
		byte(0x45 + len(options)/4), 0xb8, // version 4, IHL; type of service
		byte(total >> 8), byte(total), // total length
		0x12, 0x34, 0x40, 0x00, // identification, DF, fragment offset 0
		0x40, proto, 0x00, 0x00, // time to live, protocol, header checksum
		192, 0, 2, 1, // source
		198, 51, 100, 2, // destination
	}, options, body)
}

func ipv6(next uint8, body []byte) []byte {
	return slices.Concat([]byte{
		0x6b, 0x80, 0x00, 0x00, // version 6, traffic class, flow label
		byte(len(body) >> 8), byte(len(body)), // payload length
		next, 0x40, // next header, hop limit
		0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // source
		0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // destination
	}, body)
}

func udp(src, dst uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return slices.Concat(b, []byte{0xba, 0xad}, payload) // a wrong checksum: nobody looks
}

// tcp is a segment with 100 octets of data.
func tcp(src, dst uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	return append(b, append([]byte{0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, make([]byte, 100)...)...)
}

// onEther puts an IP packet on Ethernet.
func onEther(ip []byte) []byte {
	if ip[0]>>4 == 6 {
		return append(ether(0x86dd), ip...)
	}
	return append(ether(0x0800), ip...)
}

// udp4 is a frame with a datagram between ports 20000 and 20002.
func udp4(payload []byte) []byte { return onEther(ipv4(17, nil, udp(20_000, 20_002, payload))) }

// udpOn is a frame with a datagram between two ports.
func udpOn(src, dst uint16, payload []byte) []byte {
	return onEther(ipv4(17, nil, udp(src, dst, payload)))
}

// with returns a copy of b with the octets from offset on replaced.
func with(b []byte, offset int, octets ...byte) []byte {
	b = slices.Clone(b)
	copy(b[offset:], octets)
	return b
}

// Payloads as they are on the wire.
var (
	invite = []byte("INVITE sip:bob@example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74bf9\r\nMax-Forwards: 70\r\n" +
		"From: <sip:alice@example.com>;tag=9fxced76sl\r\nTo: <sip:bob@example.com>\r\n" +
		"Call-ID: 3848276298220188511@example.com\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
	voice = append([]byte{
		0x80, 0x00, 0x00, 0x01, // version 2; PCMU; sequence number
		0x00, 0x00, 0x00, 0xa0, // timestamp
		0xde, 0xad, 0xbe, 0xef, // SSRC
	}, bytes.Repeat([]byte{0x7f}, 320)...)
	senderReport = append([]byte{
		0x80, 200, 0x00, 0x06, // version 2, no report blocks; SR; length
		0xde, 0xad, 0xbe, 0xef, // SSRC of sender
	}, make([]byte, 240)...)
	binding = []byte{
		0x00, 0x01, 0x00, 0x04, // STUN binding request, length of the attributes
		0x21, 0x12, 0xa4, 0x42, // magic cookie
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, // transaction ID
		0x80, 0x29, 0x00, 0x00, // ICE-CONTROLLED, empty
	}
	clientHello = []byte{
		22, 0xfe, 0xff, // handshake, DTLS 1.0
		0, 0, 0, 0, 0, 0, 0, 0, // epoch, sequence number
		0x00, 0x01, 0x01, // length, client hello
	}
	channelData = append([]byte{0x40, 0x01, 0x01, 0x4c}, voice...) // channel number, length 332, RTP
	quicShort   = []byte{0x4b, 'Q', 0xf3, 0x55, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	dnsAnswer   = []byte{0x9a, 0x01, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1}
	dhtPing     = []byte("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")
)

// IPv6 extension headers, each of which says that UDP comes next.
var (
	hopByHop = []byte{17, 0, 1, 4, 0, 0, 0, 0}                    // length 0: 8 octets, PadN
	destOpts = []byte{17, 1, 1, 12, 14: 0, 15: 0}                 // length 1: 16 octets, PadN
	routing  = []byte{17, 0, 4, 0, 0, 0, 0, 0}                    // type 4, no segment left
	authHead = []byte{17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 23: 0} // length 4: (4+2)*4 = 24 octets
	atomic   = []byte{17, 0, 0, 0x06, 0, 0, 0, 1}                 // offset 0, reserved bits set, M 0
	fragment = []byte{17, 0, 0x05, 0xa9, 0, 0, 0, 1}              // offset 181, M 1
)
