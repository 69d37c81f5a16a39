package decode

import (
	"encoding/binary"
	"net/netip"

	"calltrail/capture"
)

// Segment returns the TCP segment of a packet that Walk named TCP: the ends of IP, the octets from the TCP header on as
// captured, and how many IP carries from there. It is false for one behind IPv6 extension headers, or cut before TCP.
func Segment(p *capture.Packet, f *Frame) (src, dst netip.Addr, b []byte, length int, ok bool) {
	offset, etherType := ethernetLen, etherTypeOf(p)
	if etherType != etherIPv4 && etherType != etherIPv6 {
		var r Reason
		if offset, etherType, r = linkHeader(p, f); r != Datagram {
			return src, dst, nil, 0, false
		}
	}
	b = p.Data[offset:]
	switch {
	case etherType == etherIPv4 && len(b) >= ipv4Len:
		headerLen, totalLen := 4*int(b[0]&0x0f), int(binary.BigEndian.Uint16(b[2:]))
		if headerLen < ipv4Len || b[9] != protoTCP || totalLen < headerLen || len(b) < headerLen {
			return src, dst, nil, 0, false
		}
		return netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])),
			b[headerLen:max(headerLen, min(totalLen, len(b)))], totalLen - headerLen, true
	case etherType == etherIPv6 && len(b) >= ipv6Len:
		totalLen := ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
		if b[6] != protoTCP {
			return src, dst, nil, 0, false
		}
		return netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])),
			b[ipv6Len:min(totalLen, len(b))], totalLen - ipv6Len, true
	}
	return src, dst, nil, 0, false
}
