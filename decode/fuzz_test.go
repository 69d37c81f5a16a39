package decode

import (
	"bytes"
	"slices"
	"testing"

	"calltrail/capture"
	"calltrail/decode/tunnel"

	"calltrail/decode/fuzzbound"
)

// checkOutcome gives a packet to Walk, and what it finds to Resume, Classify, ClassifySegment and FanoutHash, and checks
// what holds for every packet.
func checkOutcome(t *testing.T, p *capture.Packet) {
	t.Helper()
	before := bytes.Clone(p.Data)
	var f Frame
	r := Walk(p, &f)
	checkFrame(t, r, &f, p)
	for range 4 { // as if each fragment were the whole of a packet
		if r != Fragment {
			break
		}
		r = Resume(f.Fragment.Data, &f)
		checkFrame(t, r, &f, p)
	}
	FanoutHash(p)
	if !bytes.Equal(p.Data, before) {
		t.Fatal("the packet was written to")
	}
}

// checkFrame checks what was found in a packet.
func checkFrame(t *testing.T, r Reason, f *Frame, p *capture.Packet) {
	t.Helper()
	if r >= NumReasons || int(f.Tunnels) > len(f.Tunnel) {
		t.Fatalf("reason %d, %d tunnels", r, f.Tunnels)
	}
	payload, length := f.Payload, f.PayloadLen
	switch r {
	case Datagram:
		if p.Link != capture.LinkHEP && (f.Proto != protoUDP || length > 65535-udpLen) {
			t.Fatalf("protocol %d, payload of %d", f.Proto, length)
		}
		if c := Classify(f); c == Datagram || c.Class() == Dropped && c != ShortPayload || c == ShortPayload && !f.cut() {
			t.Fatalf("classified as %v, payload %d of %d", c, len(payload), length)
		}
	case TCP, SCTP:
		if c := ClassifySegment(f); c != TCP && c != H323 && c != Skinny || f.Proto != protoTCP && f.Proto != protoSCTP {
			t.Fatalf("classified as %v, protocol %d", c, f.Proto)
		}
	case Fragment:
		payload, length = f.Fragment.Data, f.Fragment.Length
		if g := &f.Fragment; g.Offset < 0 || g.Offset+length > maxPacket || length == 0 || g.More && length%8 != 0 || g.Offset == 0 && !g.More {
			t.Fatalf("%+v", g)
		}
	default:
		return
	}
	wire := max(p.Length, len(p.Data))
	mirrored := slices.ContainsFunc(f.Tunnel[:f.Tunnels], func(h tunnel.Header) bool { return h.Type == tunnel.ERSPAN })
	if len(payload) > length || length > wire && !mirrored {
		t.Fatalf("%v: %d of %d in %d of %d octets", r, len(payload), length, len(p.Data), wire)
	}
	if len(payload) < length && len(p.Data) >= wire && !mirrored {
		t.Fatalf("%v: %d of %d in a packet that was not cut", r, len(payload), length)
	}
	if len(payload) > 0 && !within(payload, p.Data) {
		t.Fatal("the payload is not in the packet")
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
	v4, frame := udp4(invite), onEther(udp4(invite))
	for _, b := range [][]byte{
		append(ether(0x8847), mplsLabel(16, v4)...),
		append(ether(0x8847), mplsLabel(16, controlWord(frame))...),
		append(ether(0x8864), pppoe(5, []byte{0x00, 0x21}, v4)...),
		over4(protoGRE, gre(0xb0, 0x6558, 7, frame)),
		over4(protoGRE, pptp(7, v4)),
		over4(protoGRE, gre(0, 0x88be, 0, frame)),
		over4(protoGRE, erspan2(7, frame)),
		over4(protoGRE, erspan3(7, frame)),
		toPort(4789, vxlan(7, frame)),
		toPort(6081, geneve(7, 0x6558, frame)),
		toPort(1701, l2tp(7, v4)),
		toPort(2152, gtpu(7, v4)),
		onEther(nested(2, v4)),
		over4(protoIPv6, udp6(invite)),
		onEther(fragmented(udp6(invite), 64, 1)[0]),
		onEther(nested(1, fragmented(v4, 64, 1)[1])),
		onEther(ipv4(protoTCP, nil, tcpOf(1024, portH225, []byte{3, 0, 0, 20, 8, 2, 0, 1, 5}))),
		onEther(ipv4(protoUDP, nil, udpPorts(2427, 2727, []byte("CRCX 1 aaln/1@gw MGCP 1.0\r\n")))),
		onEther(ipv4(protoUDP, nil, udpPorts(4569, 4569, []byte{0x80, 1, 0, 2, 0, 0, 0, 3, 0, 0, 6, 1}))),
	} {
		f.Add(uint16(capture.LinkEthernet), b, 0)
	}
	f.Add(uint16(capture.LinkHEP), hepOf(src4.AddrPort(), dst4.AddrPort(), protoUDP, 1, 7, invite), 0)
	f.Fuzz(func(t *testing.T, link uint16, b []byte, more int) {
		p := packetOf(capture.LinkType(link), b)
		p.Length += more % 65536
		fuzzbound.Check(t, len(b), func() {
			var f Frame
			if Walk(p, &f) == Datagram {
				Classify(&f)
			}
		})
		checkOutcome(t, p)
	})
}
