package tunnel

import (
	"encoding/binary"
	"slices"
	"testing"

	"calltrail/decode/fuzzbound"
)

func TestReads(t *testing.T) {
	tests := []struct {
		name      string
		etherType uint16
		b         []byte
		length    int // 0: all of b
		want      bool
	}{
		{"IPv4", EtherIPv4, ip4, 0, true},
		{"IPv6", EtherIPv6, ip6, 0, true},
		{"IPv4 is no IPv6", EtherIPv6, ip4, 0, false},
		{"IHL 4", EtherIPv4, with(ip4, 0, 0x44), 0, false},
		{"IPv4 length one too many", EtherIPv4, with(ip4, 3, 21), 0, false},
		{"IPv4 length 19", EtherIPv4, with(ip4, 3, 19), 0, false},
		{"IPv6 length one too many", EtherIPv6, with(ip6, 5, 1), 0, false},
		{"IPv4, its length cut", EtherIPv4, ip4[:3], 20, true},
		{"IPv6, its length cut", EtherIPv6, ip6[:5], 40, true},
		{"IPv4 in 19 octets", EtherIPv4, ip4[:3], 19, false},
		{"IPv6 in 39 octets", EtherIPv6, ip6[:5], 39, false},
		{"nothing", EtherIPv4, nil, 20, false},
		{"Ethernet, IPv4", EtherBridged, frame4, 0, true},
		{"Ethernet, IPv6", EtherBridged, frame6, 0, true},
		{"Ethernet, tags", EtherBridged, tagged, 0, true},
		{"Ethernet, PPPoE", EtherBridged, session, 0, true},
		{"Ethernet, MPLS", EtherBridged, slices.Concat(macs, []byte{0x88, 0x47, 0, 0, 0x11, 64}), 0, true},
		{"Ethernet, ARP", EtherBridged, arp, 0, false},
		{"Ethernet cut before IP", EtherBridged, frame4[:14], len(frame4), false},
		{"Ethernet cut in IP", EtherBridged, frame4[:15], len(frame4), true},
		{"nine tags", EtherBridged, slices.Concat(macs, slices.Repeat([]byte{0x81, 0x00, 0, 1}, 9), []byte{0x08, 0x00}, ip4), 0, false},
		{"MPLS alone", EtherMPLS, []byte{0, 0, 0x11, 64}, 0, false},
	}
	for _, tt := range tests {
		if tt.length == 0 {
			tt.length = len(tt.b)
		}
		if got := Reads(tt.etherType, tt.b, tt.length); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestNames(t *testing.T) {
	for kind := MPLS; kind <= GTPU; kind++ {
		if kind.String() == "" {
			t.Errorf("tunnel %d has no name", kind)
		}
	}
	if Type(0).String() != "" || (GTPU+1).String() != "" {
		t.Error("what is no tunnel has a name")
	}
}

// readers are all there are.
var readers = []reader{
	ReadMPLS, ReadPPPoE, ReadGRE, ReadVXLAN, ReadGeneve, ReadL2TP, ReadGTPU,
	func(b []byte, wire int) (Inside, Outcome) { return ReadIP(4, true, b, wire) },
	func(b []byte, wire int) (Inside, Outcome) { return ReadIP(137, false, b, wire) },
}

// FuzzRead gives octets to every reader: what is inside must be inside.
func FuzzRead(f *testing.F) {
	for _, b := range [][]byte{
		{0x00, 0x3e, 0x81, 0x40, 0x45},
		{0x11, 0, 0, 1, 0, 2, 0x00, 0x21},
		{0xb0, 0, 0x65, 0x58},
		{0x30, 0x81, 0x88, 0x0b},
		{0x10, 0, 0x88, 0xbe},
		{0x10, 0, 0x22, 0xeb},
		{0x08, 0, 0, 0},
		{0x3f, 0, 0x65, 0x58},
		{0x4b, 0x02},
		{0x36, 0xff},
	} {
		f.Add(slices.Concat(b, make([]byte, 16), frame4), 0)
	}
	f.Fuzz(func(t *testing.T, b []byte, more int) {
		fuzzbound.Check(t, len(b), func() {
			for _, read := range readers {
				read(b, len(b)+more&0xffff)
			}
		})
		wire := len(b) + more&0xffff
		for i, read := range readers {
			in, o := read(b, wire)
			if o > Broken || o == Short && wire == len(b) {
				t.Fatalf("reader %d: outcome %d of %d octets, %d on the wire", i, o, len(b), wire)
			}
			if o != Opened {
				continue
			}
			if in.Offset < 0 || in.Offset > len(b) || in.Length < 0 || in.Length > wire-in.Offset && in.Length != maxFrame {
				t.Fatalf("reader %d: %+v of %d octets, %d on the wire", i, in, len(b), wire)
			}
			Reads(in.EtherType, b[in.Offset:], in.Length)
		}
	})
}

func TestReadersAllocateNothing(t *testing.T) {
	b := slices.Concat([]byte{0x00, 0x3e, 0x81, 0x40}, frame4)
	if n := testing.AllocsPerRun(100, func() {
		for _, read := range readers {
			binary.BigEndian.PutUint16(b, 0x003e)
			if in, o := read(b, len(b)); o == Opened {
				Reads(in.EtherType, b[in.Offset:], in.Length)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
