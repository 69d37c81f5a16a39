package tunnel

import (
	"slices"
	"testing"
)

// What is inside: the shortest IPv4 and IPv6 packets, and Ethernet frames with them.
var (
	ip4 = []byte{
		0x45, 0x00, 0x00, 0x14, // version 4, IHL 5; total length 20
		0, 0, 0x40, 0, 0x40, 0xfd, 0, 0, // DF; protocol 253
		192, 0, 2, 1, 198, 51, 100, 2,
	}
	ip6 = append([]byte{
		0x60, 0, 0, 0, 0x00, 0x00, 59, 64, // version 6; payload length 0, no next header
	}, make([]byte, 32)...)
	macs = []byte{
		0x02, 0, 0, 0, 0, 2, // destination
		0x02, 0, 0, 0, 0, 1, // source
	}
	frame4  = slices.Concat(macs, []byte{0x08, 0x00}, ip4)
	frame6  = slices.Concat(macs, []byte{0x86, 0xdd}, ip6)
	tagged  = slices.Concat(macs, []byte{0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8, 0x08, 0x00}, ip4)
	session = slices.Concat(macs, []byte{0x88, 0x64, 0x11, 0x00, 0, 1, 0, 22, 0x00, 0x21}, ip4)
	arp     = slices.Concat(macs, []byte{0x08, 0x06}, make([]byte, 28))
)

// reader is any of the functions that read a header.
type reader func(b []byte, wire int) (Inside, Outcome)

// header is what the table of one protocol has in a row: a header, what follows it, and what must be read.
type header struct {
	name   string
	header []byte
	inside []byte
	want   Inside // but for Offset and Length
	o      Outcome
}

func opened(name string, head, inside []byte, want Inside) header {
	return header{name: name, header: head, inside: inside, want: want}
}

func closed(name string, head, inside []byte) header {
	return header{name: name, header: head, inside: inside, o: Closed}
}

func broken(name string, head, inside []byte) header {
	return header{name: name, header: head, inside: inside, o: Broken}
}

// check reads each header of a table whole, cut anywhere by the snap length, and cut anywhere on the wire.
func check(t *testing.T, read reader, tests []header) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := slices.Concat(tt.header, tt.inside)
			in, o := read(b, len(b))
			if o != tt.o {
				t.Fatalf("outcome %d, want %d", o, tt.o)
			}
			if o != Opened {
				return
			}
			want := tt.want
			want.Offset, want.Length = len(tt.header), len(tt.inside)
			if in != want {
				t.Fatalf("%+v, want %+v", in, want)
			}
			for n := range tt.header {
				if _, o := read(b[:n:n], len(b)); o != Short {
					t.Errorf("%d octets captured: outcome %d, want %d", n, o, Short)
				}
				if _, o := read(b[:n:n], n); o != Broken && o != Closed {
					t.Errorf("%d octets on the wire: outcome %d", n, o)
				}
			}
		})
	}
}

func TestMPLS(t *testing.T) {
	label := []byte{0x00, 0x3e, 0x81, 0x40}                         // label 1000, bottom of the stack, TTL 64
	stack := []byte{0x00, 0x01, 0x00, 0xff, 0xff, 0xff, 0xf3, 0x01} // label 16; label 1048575, bottom
	control := []byte{0x00, 0x00, 0x00, 0x2a}                       // control word, sequence number 42
	is := func(id uint32, etherType uint16) Inside {
		return Inside{Type: MPLS, HasID: true, ID: id, EtherType: etherType}
	}
	sixes := slices.Concat([]byte{0x60, 0, 0, 0, 0, 2}, frame4[6:]) // its destination begins like IPv6
	fours := slices.Concat([]byte{0x45, 0, 0, 20, 0, 2}, frame4[6:])
	zeros := slices.Concat([]byte{0x00, 0x1b, 0x21, 0, 0, 2}, frame4[6:]) // and here like a control word
	deep := slices.Concat(make([]byte, 4*15), label)
	tests := []header{
		opened("IPv4", label, ip4, is(1000, EtherIPv4)),
		opened("IPv6", label, ip6, is(1000, EtherIPv6)),
		opened("two labels", stack, ip4, is(1048575, EtherIPv4)),
		opened("16 labels", deep, ip4, is(1000, EtherIPv4)),
		opened("IPv4 of no length is for IPv4 to refuse", label, with(ip4, 2, 0, 0), is(1000, EtherIPv4)),
		closed("17 labels", append(make([]byte, 4), deep...), ip4),
		closed("associated channel", label, []byte{0x10, 0, 0, 0, 1, 2, 3, 4}),
		closed("ARP in a pseudowire", label, arp),
		closed("ARP behind a control word", append(label, control...), arp),
		broken("nothing inside", label, nil),
		broken("no bottom", make([]byte, 8), nil),
	}
	check(t, ReadMPLS, tests)
	// A frame is known by octets far behind its own beginning, so what is cut there is cut or closed.
	for _, tt := range []header{
		opened("Ethernet", label, frame4, is(1000, EtherBridged)),
		opened("Ethernet with IPv6", label, frame6, is(1000, EtherBridged)),
		opened("Ethernet with tags", label, tagged, is(1000, EtherBridged)),
		opened("Ethernet with PPPoE", label, session, is(1000, EtherBridged)),
		opened("control word", slices.Concat(label, control), frame4, is(1000, EtherBridged)),
		opened("control word, tags", slices.Concat(stack, control), tagged, is(1048575, EtherBridged)),
		opened("destination like IPv4", label, fours, is(1000, EtherBridged)),
		opened("destination like IPv6", label, sixes, is(1000, EtherBridged)),
		opened("destination like a control word", label, zeros, is(1000, EtherBridged)),
		opened("both", slices.Concat(label, control), zeros, is(1000, EtherBridged)),
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := slices.Concat(tt.header, tt.inside)
			want := tt.want
			want.Offset, want.Length = len(tt.header), len(tt.inside)
			if in, o := ReadMPLS(b, len(b)); o != Opened || in != want {
				t.Errorf("%+v, outcome %d; want %+v", in, o, want)
			}
			for n := range len(tt.header) {
				if _, o := ReadMPLS(b[:n:n], len(b)); o != Short {
					t.Errorf("%d octets captured: outcome %d, want %d", n, o, Short)
				}
			}
		})
	}
}

func TestPPPoE(t *testing.T) {
	is := func(etherType uint16) Inside {
		return Inside{Type: PPPoE, HasID: true, ID: 0x1234, EtherType: etherType}
	}
	head := func(length int, ppp ...byte) []byte {
		return append([]byte{
			0x11, 0x00, // version 1, type 1; code 0: session data
			0x12, 0x34, // session
			byte(length >> 8), byte(length), // from the PPP protocol on
		}, ppp...)
	}
	check(t, ReadPPPoE, []header{
		opened("IPv4", head(22, 0x00, 0x21), ip4, is(EtherIPv4)),
		opened("IPv6", head(42, 0x00, 0x57), ip6, is(EtherIPv6)),
		opened("MPLS", head(6, 0x02, 0x81), []byte{0, 0, 0x11, 64}, is(EtherMPLS)),
		opened("compressed protocol, IPv4", head(21, 0x21), ip4, is(EtherIPv4)),
		opened("compressed protocol, IPv6", head(41, 0x57), ip6, is(EtherIPv6)),
		closed("LCP", head(4, 0xc0, 0x21), []byte{9, 1}),
		closed("IPCP", head(4, 0x80, 0x21), []byte{1, 1}),
		closed("multilink", head(4, 0x00, 0x3d), []byte{0xc0, 0}),
		closed("address and control", head(24, 0xff, 0x03, 0x00, 0x21), ip4),
		closed("version 2", with(head(22, 0x00, 0x21), 0, 0x21), ip4),
		closed("code of discovery", with(head(22, 0x00, 0x21), 1, 0xa7), ip4),
		broken("length one too many", head(23, 0x00, 0x21), ip4),
		broken("length 0", head(0, 0x00, 0x21), ip4),
		broken("length 1", head(1, 0x00, 0x21), ip4),
	})
	// Behind the length is padding.
	b := slices.Concat(head(22, 0x00, 0x21), ip4, make([]byte, 10))
	if in, o := ReadPPPoE(b, len(b)); o != Opened || in.Offset != 8 || in.Length != len(ip4) {
		t.Errorf("padded: %+v, outcome %d", in, o)
	}
}

func TestGRE(t *testing.T) {
	is := func(etherType uint16) Inside { return Inside{Type: GRE, EtherType: etherType} }
	keyed := func(etherType uint16) Inside {
		return Inside{Type: GRE, HasID: true, ID: 0x0a0b0c0d, EtherType: etherType}
	}
	checksum, key, seq := []byte{0xba, 0xad, 0, 0}, []byte{0x0a, 0x0b, 0x0c, 0x0d}, []byte{0, 0, 0, 9}
	check(t, ReadGRE, []header{
		opened("IPv4", []byte{0, 0, 0x08, 0x00}, ip4, is(EtherIPv4)),
		opened("IPv6", []byte{0, 0, 0x86, 0xdd}, ip6, is(EtherIPv6)),
		opened("Ethernet", []byte{0, 0, 0x65, 0x58}, frame4, is(EtherBridged)),
		opened("MPLS", []byte{0, 0, 0x88, 0x47}, []byte{0, 0, 0x11, 64}, is(EtherMPLS)),
		opened("checksum", slices.Concat([]byte{0x80, 0, 0x08, 0x00}, checksum), ip4, is(EtherIPv4)),
		opened("key", slices.Concat([]byte{0x20, 0, 0x08, 0x00}, key), ip4, keyed(EtherIPv4)),
		opened("sequence number", slices.Concat([]byte{0x10, 0, 0x08, 0x00}, seq), ip4, is(EtherIPv4)),
		opened("all three", slices.Concat([]byte{0xb0, 0, 0x65, 0x58}, checksum, key, seq), frame4, keyed(EtherBridged)),
		opened("keep-alive: protocol 0", []byte{0, 0, 0, 0}, nil, is(0)),
		closed("routes", []byte{0x40, 0, 0x08, 0x00, 0, 0, 0, 0}, ip4),
		closed("version 2", []byte{0, 2, 0x08, 0x00}, ip4),
		broken("no room for the key", []byte{0x20, 0, 0x08, 0x00, 0, 0}, nil),
	})
}

func TestPPTP(t *testing.T) {
	is := func(etherType uint16) Inside { return Inside{Type: GRE, HasID: true, ID: 0x4321, EtherType: etherType} }
	head := func(length int, ppp ...byte) []byte {
		return append([]byte{
			0x30, 0x01, 0x88, 0x0b, // K, S; version 1, PPP
			byte(length >> 8), byte(length), 0x43, 0x21, // key: payload length, call
			0, 0, 0, 7, // sequence number
		}, ppp...)
	}
	acked := slices.Concat(with(head(24), 1, 0x81), []byte{0, 0, 0, 6}, []byte{0xff, 0x03, 0x00, 0x21})
	check(t, ReadGRE, []header{
		opened("IPv4", head(24, 0xff, 0x03, 0x00, 0x21), ip4, is(EtherIPv4)),
		opened("IPv6", head(44, 0xff, 0x03, 0x00, 0x57), ip6, is(EtherIPv6)),
		opened("no address and control", head(22, 0x00, 0x21), ip4, is(EtherIPv4)),
		opened("compressed protocol", head(21, 0x21), ip4, is(EtherIPv4)),
		opened("acknowledgement", acked, ip4, is(EtherIPv4)),
		closed("acknowledgement alone", []byte{0x20, 0x81, 0x88, 0x0b, 0, 0, 0x43, 0x21, 0, 0, 0, 6}, nil),
		closed("LCP", head(6, 0xff, 0x03, 0xc0, 0x21), []byte{9, 1}),
		closed("compressed and encrypted", head(4, 0x00, 0xfd), []byte{0x90, 1}),
		closed("no key", with(head(22, 0x00, 0x21), 0, 0x10), ip4),
		closed("not PPP", with(head(22, 0x00, 0x21), 2, 0x08, 0x00), ip4),
		closed("wrong control", head(24, 0xff, 0x05, 0x00, 0x21), ip4),
		broken("length one too many", head(23, 0x00, 0x21), ip4),
		broken("length 1", head(1, 0x00, 0x21), ip4),
	})
}

func TestERSPAN(t *testing.T) {
	is := func(hasID bool, etherType uint16) Inside {
		in := Inside{Type: ERSPAN, HasID: hasID, EtherType: etherType}
		if hasID {
			in.ID = 0x0155
		}
		return in
	}
	two := []byte{
		0x10, 0x00, 0x88, 0xbe, 0, 0, 0, 1, // GRE: S
		0x10, 0x64, // version 1, VLAN 100
		0x19, 0x55, // COS 0, En 3, T 0, session 0x155
		0x00, 0x00, 0x00, 0x05, // index
	}
	three := []byte{
		0x10, 0x00, 0x22, 0xeb, 0, 0, 0, 1, // GRE: S
		0x20, 0x64, 0x01, 0x55, // version 2, VLAN 100; session 0x155
		0, 0, 0, 42, // time-stamp
		0x00, 0x00, 0x80, 0x00, // SGT; P 1, FT 0, O 0
	}
	platform := []byte{0x0c, 0, 0, 0, 0, 0, 0, 0}
	check(t, ReadGRE, []header{
		opened("I", []byte{0, 0, 0x88, 0xbe}, frame4, is(false, EtherBridged)),
		opened("II", two, frame4, is(true, EtherBridged)),
		opened("III", three, frame4, is(true, EtherBridged)),
		opened("III, sub-header", slices.Concat(with(three, 19, 0x01), platform), frame4, is(true, EtherBridged)),
		closed("II of version 2", with(two, 8, 0x20), frame4),
		closed("III of version 1", with(three, 8, 0x10), frame4),
		closed("III with a frame of another kind", with(three, 18, 0x80|1<<2), frame4),
		closed("III with IP of version 5", with(three, 18, 0x80|2<<2), []byte{0x55}),
		broken("III without its sub-header", with(three, 19, 0x01), platform[:7]),
	})
	for _, inside := range [][]byte{ip4, ip6} {
		b := slices.Concat(with(three, 18, 0x80|2<<2), inside)
		etherType := uint16(EtherIPv4)
		if inside[0]>>4 == 6 {
			etherType = EtherIPv6
		}
		if in, o := ReadGRE(b, len(b)); o != Opened || in.EtherType != etherType || in.Offset != 20 || in.Length != len(inside) {
			t.Errorf("IP: %+v, outcome %d", in, o)
		}
	}
	// A truncated frame was longer than what is there.
	b := slices.Concat(with(two, 10, 0x1d), frame4[:20])
	if in, o := ReadGRE(b, len(b)); o != Opened || in.Offset != 16 || in.Length <= 1<<16 || in.ID != 0x0155 {
		t.Errorf("T: %+v, outcome %d", in, o)
	}
}

func TestVXLAN(t *testing.T) {
	head := []byte{0x08, 0, 0, 0, 0x12, 0x34, 0x56, 0x00} // I; VNI, reserved
	want := Inside{Type: VXLAN, HasID: true, ID: 0x123456, EtherType: EtherBridged}
	check(t, ReadVXLAN, []header{
		opened("Ethernet", head, frame4, want),
		opened("group policy", with(head, 0, 0x88, 0x08, 0, 9), frame4, want),
		opened("reserved octet", with(head, 7, 1), frame4, want),
		closed("no VNI", with(head, 0, 0x00), frame4),
		closed("next protocol", with(head, 0, 0x0c), frame4),
		closed("RTP", with(head, 0, 0x80), frame4),
	})
}

func TestGeneve(t *testing.T) {
	head := []byte{0x00, 0x00, 0x65, 0x58, 0x12, 0x34, 0x56, 0x00}
	option := []byte{0x01, 0x02, 0x80, 0x01, 0xde, 0xad, 0xbe, 0xef} // class, type, length 1
	is := func(etherType uint16) Inside {
		return Inside{Type: Geneve, HasID: true, ID: 0x123456, EtherType: etherType}
	}
	check(t, ReadGeneve, []header{
		opened("Ethernet", head, frame4, is(EtherBridged)),
		opened("IPv4", with(head, 2, 0x08, 0x00), ip4, is(EtherIPv4)),
		opened("IPv6", with(head, 2, 0x86, 0xdd), ip6, is(EtherIPv6)),
		opened("options", slices.Concat(with(head, 0, 0x02), option), frame4, is(EtherBridged)),
		opened("critical option", slices.Concat(with(head, 0, 0x02, 0x40), option), frame4, is(EtherBridged)),
		opened("63 words of options", slices.Concat(with(head, 0, 0x3f), make([]byte, 252)), frame4, is(EtherBridged)),
		closed("version 1", with(head, 0, 0x40), frame4),
		closed("control packet", with(head, 1, 0x80), frame4),
		broken("options past the end", with(head, 0, 0x3f), frame4),
	})
}

func TestIPIP(t *testing.T) {
	for _, tt := range []struct {
		name  string
		proto uint8
		v4    bool
		want  Inside
	}{
		{"IPv4 in IPv4", 4, true, Inside{Type: IPIP, EtherType: EtherIPv4}},
		{"IPv4 in IPv6", 4, false, Inside{Type: IPIP, EtherType: EtherIPv4}},
		{"IPv6 in IPv4", 41, true, Inside{Type: SixIn4, EtherType: EtherIPv6}},
		{"IPv6 in IPv6", 41, false, Inside{Type: IPIP, EtherType: EtherIPv6}},
	} {
		read := func(b []byte, wire int) (Inside, Outcome) { return ReadIP(tt.proto, tt.v4, b, wire) }
		check(t, read, []header{opened(tt.name, nil, ip4, tt.want)})
	}
	mpls := func(b []byte, wire int) (Inside, Outcome) { return ReadIP(137, true, b, wire) }
	other := func(b []byte, wire int) (Inside, Outcome) { return ReadIP(50, true, b, wire) }
	check(t, mpls, []header{opened("MPLS", []byte{0, 0x3e, 0x81, 64}, ip4, Inside{Type: MPLS, HasID: true, ID: 1000, EtherType: EtherIPv4})})
	check(t, other, []header{closed("ESP", nil, ip4)})
}

func TestL2TP(t *testing.T) {
	is := func(etherType uint16) Inside {
		return Inside{Type: L2TP, HasID: true, ID: 0x0001_0002, EtherType: etherType}
	}
	ids, ppp := []byte{0, 1, 0, 2}, []byte{0xff, 0x03, 0x00, 0x21} // tunnel 1, session 2
	plain := slices.Concat([]byte{0x00, 0x02}, ids)
	length := func(n int) []byte { return slices.Concat([]byte{0x40, 0x02, byte(n >> 8), byte(n)}, ids) }
	everything := slices.Concat(
		[]byte{0x4b, 0x02, 0, 43}, ids, // L, S, O, P
		[]byte{0, 5, 0, 6},          // Ns, Nr
		[]byte{0, 5, 1, 2, 3, 4, 5}, // offset size 5, pad
		ppp)
	check(t, ReadL2TP, []header{
		opened("IPv4", slices.Concat(plain, ppp), ip4, is(EtherIPv4)),
		opened("IPv6", slices.Concat(plain, []byte{0xff, 0x03, 0x00, 0x57}), ip6, is(EtherIPv6)),
		opened("no address and control", slices.Concat(plain, []byte{0x00, 0x21}), ip4, is(EtherIPv4)),
		opened("compressed protocol", slices.Concat(plain, []byte{0x21}), ip4, is(EtherIPv4)),
		opened("length", slices.Concat(length(32), ppp), ip4, is(EtherIPv4)),
		opened("length, sequence numbers, offset", everything, ip4, is(EtherIPv4)),
		closed("control message", slices.Concat([]byte{0xc8, 0x02, 0, 12}, ids, make([]byte, 4)), nil),
		closed("version 3", slices.Concat([]byte{0x00, 0x03}, ids, ppp), ip4),
		closed("LCP", slices.Concat(plain, []byte{0xff, 0x03, 0xc0, 0x21}), []byte{9, 1}),
		broken("length one too many", slices.Concat(length(33), ppp), ip4),
		broken("length less than the header", slices.Concat(length(7), ppp), ip4),
		broken("length without PPP", slices.Concat(length(8), ppp), ip4),
		broken("offset past the end", slices.Concat([]byte{0x02, 0x02}, ids, []byte{0xff, 0xff}, ppp), ip4),
	})
}

func TestGTPU(t *testing.T) {
	is := func(etherType uint16) Inside {
		return Inside{Type: GTPU, HasID: true, ID: 0xcafe0001, EtherType: etherType}
	}
	head := func(flags byte, length int, more ...byte) []byte {
		return append([]byte{flags, 0xff, byte(length >> 8), byte(length), 0xca, 0xfe, 0x00, 0x01}, more...)
	}
	pdcp := []byte{0x01, 0x12, 0x34, 0x00}      // 4 octets, PDCP PDU number; then none
	container := []byte{0x01, 0x10, 0x09, 0xc0} // 4 octets, PDU session container; then a PDCP PDU number
	check(t, ReadGTPU, []header{
		opened("IPv4", head(0x30, 20), ip4, is(EtherIPv4)),
		opened("IPv6", head(0x30, 40), ip6, is(EtherIPv6)),
		opened("Ethernet", head(0x30, len(frame4)), frame4, is(EtherBridged)),
		opened("sequence number", head(0x32, 24, 0, 7, 0, 0), ip4, is(EtherIPv4)),
		opened("N-PDU number", head(0x31, 24, 0, 0, 9, 0), ip4, is(EtherIPv4)),
		opened("a type without E", head(0x32, 24, 0, 7, 0, 0x85), ip4, is(EtherIPv4)),
		opened("E without a type", head(0x34, 24, 0, 0, 0, 0), ip4, is(EtherIPv4)),
		opened("extension header", head(0x34, 28, append([]byte{0, 0, 0, 0xc0}, pdcp...)...), ip4, is(EtherIPv4)),
		opened("two extension headers", head(0x36, 32, slices.Concat([]byte{0, 7, 0, 0x85}, container, pdcp)...), ip4, is(EtherIPv4)),
		closed("extension header of no length", head(0x34, 28, 0, 0, 0, 0xc0, 0, 0, 0, 0), ip4),
		closed("GTP'", head(0x20, 20), ip4),
		closed("version 2", head(0x50, 20), ip4),
		closed("echo request", with(head(0x32, 4, 0, 7, 0, 0), 1, 1), nil),
		closed("end marker", with(head(0x30, 0), 1, 254), nil),
		broken("length one too many", head(0x30, 21), ip4),
		broken("extension header past the end", head(0x34, 28, 0, 0, 0, 0xc0, 0xff, 0, 0, 0), ip4),
		broken("nothing inside", head(0x30, 0), nil),
		broken("no room for the sequence number", head(0x32, 3, 0, 7, 0), nil),
	})
}

// with returns a copy of b with the octets from offset on replaced.
func with(b []byte, offset int, octets ...byte) []byte {
	b = slices.Clone(b)
	copy(b[offset:], octets)
	return b
}
