package filter

import "golang.org/x/net/bpf"

// Ports that carry no media, as decode has it: the system ports, mDNS and LLMNR.
const (
	firstMediaPort = 1024
	portMDNS       = 5353
	portLLMNR      = 5355
)

const maxPort = 65535

// transport writes the block that tells what A, the protocol at X, is.
func (b *builder) transport() {
	b.at(atTransport, "the protocol above IP")
	if len(b.tcpPorts) > 0 {
		b.equal(protoTCP, atTCP, next)
	} else {
		b.equal(protoTCP, atDrop, next)
	}
	if b.cfg.Mode == Narrow {
		b.equal(protoUDP, atUDP, atDrop)
		return
	}
	b.equal(protoUDP, atUDP, next)
	for _, proto := range []uint32{protoGRE, protoIPv4, protoIPv6, protoL2TP, protoSCTP, protoMPLS} {
		b.equal(proto, atWhole, next)
	}
	b.jump(atDrop)
}

// tcp writes the block of the TCP header at X: its ports.
func (b *builder) tcp() {
	b.at(atTCP, "TCP with a port of signalling at either end")
	b.ports(b.tcpPorts, atWhole, atDrop)
}

// ports goes to yes when the source or the destination port of the header at X is in the spans, else to no.
func (b *builder) ports(spans []span, yes, no string) {
	destination := b.unique("destination port")
	b.do(load(0, 2))
	b.inSpans(spans, maxPort, yes, destination)
	b.at(destination, "")
	b.do(load(2, 2))
	b.inSpans(spans, maxPort, yes, no)
}

// udpNarrow writes the block of the UDP header at X: its ports. What the datagram holds is no matter, only whether it is cut.
func (b *builder) udpNarrow() {
	b.at(atUDP, "UDP with a SIP or media port at either end")
	b.ports(b.udp, atPayload, atDrop)
	b.at(atPayload, "version 2 in the first two bits: RTP or RTCP")
	b.do(load(8, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xc0})
	b.equal(0x80, atMedia, atWhole)
	b.media()
}

// udpWide writes the block of the UDP header at X.
func (b *builder) udpWide() {
	b.at(atUDP, "UDP with the port of a tunnel at either end, not opened here, or of what is seen and not decoded")
	b.ports(b.cfg.udpSpans(), atWhole, atPayload)
}

// media writes the block of RTP and RTCP, whose datagram is at X, and of what else is to be cut.
func (b *builder) media() {
	b.at(atMedia, "RTCP has a packet type of 192 to 223 where RTP has marker and payload type (RFC 5761 section 4): it is kept whole")
	b.do(load(9, 1))
	b.least(224, "padding", next)
	b.least(192, atWhole, next)
	b.at("padding", "RTP with padding has its count in the last octet: it is kept whole")
	b.do(load(8, 1))
	b.any(0x20, atWhole, next)
	b.at(atCut, "headers are kept, sound is not: UDP, and the RTP header up to the length of its extension")
	b.do(bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: headersKept})
	snap, media := uint32(b.cfg.SnapLength), uint32(b.cfg.MediaSnapLength) //nolint:gosec // checked by New
	b.above(snap, atWhole, next)
	b.above(media, "headers", next)
	b.do(bpf.RetConstant{Val: media})
	b.at("headers", "")
	b.do(bpf.RetA{})
}

// headersKept is how many octets from the UDP header on a cut datagram keeps: 8 of UDP; 12 of RTP's fixed header, 15 CSRC
// identifiers, and 4 in which the extension has its length (RFC 3550 section 5.1); 4 more for TURN's ChannelData header.
const headersKept = 8 + 12 + 15*4 + 4 + 4

// returns writes the two usual ends.
func (b *builder) returns() {
	b.at(atWhole, "passes whole")
	b.do(bpf.RetConstant{Val: uint32(b.cfg.SnapLength)}) //nolint:gosec // checked by New
	b.at(atDrop, "is turned away")
	b.do(bpf.RetConstant{Val: 0})
}
