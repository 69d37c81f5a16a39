package decode

import (
	"bytes"
	"slices"
	"testing"

	"calltrail/capture"
)

// checkOutcome gives a packet to Walk, Classify and FanoutHash and checks what holds for every packet.
func checkOutcome(t *testing.T, p *capture.Packet) {
	t.Helper()
	before := bytes.Clone(p.Data)
	var f Frame
	r := Walk(p, &f)
	if r == Datagram {
		wire := max(p.Length, len(p.Data))
		if len(f.Payload) > f.PayloadLen || f.PayloadLen > wire || f.PayloadLen > 65535-udpLen || f.Proto != protoUDP {
			t.Fatalf("payload %d of %d in %d of %d octets, protocol %d", len(f.Payload), f.PayloadLen, len(p.Data), wire, f.Proto)
		}
		if len(f.Payload) < f.PayloadLen && len(p.Data) >= wire {
			t.Fatalf("payload %d of %d in a packet that was not cut", len(f.Payload), f.PayloadLen)
		}
		if len(f.Payload) > 0 && !within(f.Payload, p.Data) {
			t.Fatal("the payload is not in the packet")
		}
		if r = Classify(&f); r == Datagram || r.Class() == Dropped && r != ShortPayload {
			t.Fatalf("classified as %v", r)
		}
		if r == ShortPayload && !f.cut() {
			t.Fatal("short payload in a packet that was not cut")
		}
	}
	if r >= NumReasons {
		t.Fatalf("reason %d", r)
	}
	FanoutHash(p)
	if !bytes.Equal(p.Data, before) {
		t.Fatal("the packet was written to")
	}
}

// within says whether part is a piece of whole's memory.
func within(part, whole []byte) bool {
	for i := range whole {
		if &whole[i] == &part[0] {
			return len(part) <= len(whole)-i
		}
	}
	return false
}

func FuzzWalk(f *testing.F) {
	f.Add(uint16(capture.LinkEthernet), onEther(udp4(invite)), 0)
	f.Add(uint16(capture.LinkEthernet), slices.Concat(ether(0x88a8), tag(7, 0x8100), tag(8, 0x0800), udp4(voice[:20])), 160)
	f.Add(uint16(capture.LinkLinuxSLL), append(sll(0x86dd), udp6(receiverReport)...), 0)
	f.Add(uint16(capture.LinkLinuxSLL2), append(sll2(0x0800), udp4(binding)...), 0)
	f.Add(uint16(capture.LinkNull), append([]byte{30, 0, 0, 0}, ipv6(protoDestOpts, slices.Concat(
		[]byte{protoFragment, 0, 1, 4, 0, 0, 0, 0}, []byte{protoUDP, 0, 0, 0, 0, 0, 0, 1}, udp(clientHello)))...), 0)
	f.Add(uint16(capture.LinkRaw), ipv4(protoUDP, make([]byte, 4), udp([]byte("\r\n\r\n"))), 0)
	f.Fuzz(func(t *testing.T, link uint16, b []byte, more int) {
		p := packetOf(capture.LinkType(link), b)
		p.Length += more % 65536
		checkOutcome(t, p)
	})
}
