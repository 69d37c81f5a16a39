package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"calltrail/capture"
)

// chunk is one chunk of a HEPv3 message, of vendor 0.
func chunk(kind uint16, value ...byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0, 0}, kind)
	return append(binary.BigEndian.AppendUint16(b, uint16(6+len(value))), value...)
}

// hepOf is what an agent sends of a SIP message between two ends.
func hepOf(src, dst netip.AddrPort, proto, kind byte, vlan uint16, payload []byte) []byte {
	var b []byte
	family, srcChunk, dstChunk := byte(2), uint16(3), uint16(4)
	if src.Addr().Is6() {
		family, srcChunk, dstChunk = 10, 5, 6
	}
	b = append(b, chunk(1, family)...)
	b = append(b, chunk(2, proto)...)
	b = append(b, chunk(srcChunk, src.Addr().AsSlice()...)...)
	b = append(b, chunk(dstChunk, dst.Addr().AsSlice()...)...)
	b = append(b, chunk(7, byte(src.Port()>>8), byte(src.Port()))...)
	b = append(b, chunk(8, byte(dst.Port()>>8), byte(dst.Port()))...)
	b = append(b, chunk(9, 0x65, 0, 0, 0)...)
	b = append(b, chunk(10, 0, 0, 0, 1)...)
	b = append(b, chunk(11, kind)...)
	if vlan != 0 {
		b = append(b, chunk(0x12, byte(vlan>>8), byte(vlan))...)
	}
	b = append(b, chunk(15, payload...)...)
	return append(binary.BigEndian.AppendUint16([]byte("HEP3"), uint16(6+len(b))), b...)
}

func TestWalkHEP(t *testing.T) {
	for _, tt := range []struct {
		name     string
		src, dst Endpoint
		proto    byte
		vlan     uint16
	}{
		{"UDP", src4, dst4, protoUDP, 0},
		{"TCP, IPv6", src6, dst6, protoTCP, 0},
		{"SCTP, VLAN", src4, dst4, protoSCTP, 7},
	} {
		b := hepOf(tt.src.AddrPort(), tt.dst.AddrPort(), tt.proto, 1, tt.vlan, invite)
		p := packetOf(capture.LinkHEP, b)
		f := Frame{VLAN: [2]uint16{9, 9}, VLANs: 2, Tunnels: 3}
		r := Walk(p, &f)
		if r != Datagram || f.Src != tt.src || f.Dst != tt.dst || f.Proto != tt.proto || !bytes.Equal(f.Payload, invite) || f.PayloadLen != len(invite) {
			t.Errorf("%s: %v, %v > %v, protocol %d, payload %d of %d", tt.name, r, f.Src.AddrPort(), f.Dst.AddrPort(), f.Proto, len(f.Payload), f.PayloadLen)
		}
		if f.VLAN != [2]uint16{tt.vlan} || int(f.VLANs) != min(1, int(tt.vlan)) || f.Tunnels != 0 {
			t.Errorf("%s: VLANs %v, %d; %d tunnels", tt.name, f.VLAN, f.VLANs, f.Tunnels)
		}
		if Classify(&f) != SIP {
			t.Errorf("%s: not SIP", tt.name)
		}
		for n := range b {
			if r := Walk(packetOf(capture.LinkHEP, b[:n:n]), &f); r != BadHEP {
				t.Errorf("%s: cut to %d octets: %v", tt.name, n, r)
			}
		}
	}
	var f Frame
	for kind, want := range map[byte]Reason{1: Datagram, 5: OtherProtocol, 100: OtherProtocol} {
		if r := Walk(packetOf(capture.LinkHEP, hepOf(src4.AddrPort(), dst4.AddrPort(), protoUDP, kind, 0, invite)), &f); r != want {
			t.Errorf("type %d: %v, want %v", kind, r, want)
		}
	}
}

// A message from an agent goes to the worker that has the packets between the same ends.
func TestFanoutHashOfHEP(t *testing.T) {
	for _, tt := range []struct {
		src, dst Endpoint
		ip       []byte
	}{{src4, dst4, udp4(hello)}, {src6, dst6, udp6(hello)}} {
		want := FanoutHash(packetOf(capture.LinkRaw, tt.ip))
		there := FanoutHash(packetOf(capture.LinkHEP, hepOf(tt.src.AddrPort(), tt.dst.AddrPort(), protoUDP, 1, 0, invite)))
		back := FanoutHash(packetOf(capture.LinkHEP, hepOf(tt.dst.AddrPort(), tt.src.AddrPort(), protoUDP, 1, 0, invite)))
		if there != want || back != want {
			t.Errorf("%v: there %#x, back %#x, want %#x", tt.src.AddrPort(), there, back, want)
		}
	}
	if got := FanoutHash(packetOf(capture.LinkHEP, []byte("HEP3"))); got != 0 {
		t.Errorf("%#x", got)
	}
}

func TestHEPAllocatesNothing(t *testing.T) {
	p := packetOf(capture.LinkHEP, hepOf(src6.AddrPort(), dst6.AddrPort(), protoUDP, 1, 7, invite))
	var f Frame
	if n := testing.AllocsPerRun(100, func() { Walk(p, &f); FanoutHash(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
