package decode

import (
	"encoding/binary"
	"math/bits"

	"calltrail/capture"
	"calltrail/capture/hep"
	"calltrail/decode/tunnel"
)

// FanoutHash returns a hash of the pair of IP addresses in p, the same for both directions, for spreading packets over
// workers so that all packets between two hosts, fragments too, meet the same one; those of SCTP all meet in one. The addresses are those of the
// outermost IP header, behind VLAN tags, MPLS, and PPPoE: fragments of a tunnel show no other, and both directions of a
// tunnel have the same. It has no seed, and gives the same value everywhere. A packet whose addresses cannot be read hashes
// to 0.
func FanoutHash(p *capture.Packet) uint32 {
	offset, etherType := ethernetLen, etherTypeOf(p)
	if etherType != etherIPv4 && etherType != etherIPv6 {
		if p.Link == capture.LinkHEP {
			return fanoutHEP(p.Data)
		}
		var r Reason
		if offset, etherType, r = linkHeader(p, nil); r != Datagram {
			return 0
		}
	}
	b := p.Data[offset:]
	if etherType != etherIPv4 && etherType != etherIPv6 {
		b, etherType = belowIP(etherType, b, max(p.Length, len(p.Data))-offset)
	}
	switch {
	case etherType == etherIPv4 && len(b) >= ipv4Len:
		if b[9] == protoSCTP {
			return sctpHash
		}
		return fanoutIPv4(binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint32(b[16:]))
	case etherType == etherIPv6 && len(b) >= ipv6Len:
		if b[6] == protoSCTP || b[6] == protoFragment && len(b) > ipv6Len && b[ipv6Len] == protoSCTP {
			return sctpHash
		}
		return fanoutIPv6(b[8:24], b[24:40])
	}
	return 0
}

// sctpHash is that of all SCTP: the packets of one association may take several pairs of addresses (RFC 9260 section 6.4), and
// its fragments show no ports. There is little of it beside RTP.
const sctpHash = protoSCTP

// belowIP returns the IP packet behind MPLS and PPPoE, and its EtherType; 0 when there is none.
func belowIP(etherType uint16, b []byte, wireLen int) ([]byte, uint16) {
	for range 2*tunnel.MaxDepth + 1 { // each layer may bring an Ethernet header
		var in tunnel.Inside
		o := tunnel.Closed
		switch etherType {
		case etherIPv4, etherIPv6:
			return b, etherType
		case etherMPLS, etherMPLSMulti:
			in, o = tunnel.ReadMPLS(b, wireLen)
		case etherPPPoE:
			in, o = tunnel.ReadPPPoE(b, wireLen)
		case tunnel.EtherBridged:
			if len(b) < ethernetLen {
				return nil, 0
			}
			offset, behind, r := ethernetLen, binary.BigEndian.Uint16(b[ethernetLen-2:]), Datagram
			if isTag(behind) {
				offset, behind, r = vlanTags(b, offset, behind, nil)
			}
			if r != Datagram {
				return nil, 0
			}
			in = tunnel.Inside{EtherType: behind, Offset: offset, Length: wireLen - offset}
			o = tunnel.Opened
		}
		if o != tunnel.Opened {
			return nil, 0
		}
		b, wireLen, etherType = b[in.Offset:min(in.Offset+in.Length, len(b))], in.Length, in.EtherType
	}
	return nil, 0
}

// fanoutHEP hashes the addresses that a capture agent saw.
func fanoutHEP(b []byte) uint32 {
	var m hep.Message
	if hep.Parse(b, &m) != nil {
		return 0
	}
	src, dst := m.Src.Addr().As16(), m.Dst.Addr().As16()
	if isIPv4(&src) && isIPv4(&dst) {
		return fanoutIPv4(binary.BigEndian.Uint32(src[12:]), binary.BigEndian.Uint32(dst[12:]))
	}
	return fanoutIPv6(src[:], dst[:])
}

func fanoutIPv4(src, dst uint32) uint32 { return fanout(uint64(src), uint64(dst)) }

func fanoutIPv6(src, dst []byte) uint32 {
	return fanout(binary.BigEndian.Uint64(src)*prime1^binary.BigEndian.Uint64(src[8:]),
		binary.BigEndian.Uint64(dst)*prime1^binary.BigEndian.Uint64(dst[8:]))
}

// fanout hashes a pair without order: a sum of what was scattered has none, and unlike the sum of plain addresses keeps
// pairs apart.
func fanout(src, dst uint64) uint32 {
	return uint32(scatter(scatter(src)+scatter(dst)) >> 32)
}

// Odd constants with evenly spread bits: those of xxHash64.
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
)

// scatter spreads every bit of x over the whole word: the two halves of a 128-bit product.
func scatter(x uint64) uint64 {
	hi, lo := bits.Mul64(x^prime1, prime2)
	return hi ^ lo
}
