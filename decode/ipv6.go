package decode

import "encoding/binary"

const (
	ipv6Len     = 40 // octets of the IPv6 header
	fragmentLen = 8  // octets of the IPv6 fragment header
)

// maxExtensions is how many IPv6 extension headers are followed. RFC 8200 section 4.1 knows five that can stand before
// UDP, one of them twice.
const maxExtensions = 8

// walkIPv6 reads the IPv6 header at the start of b (RFC 8200 section 3). wireLen is the number of octets from there to
// the end of the frame on the wire.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+---------------+---------------------------------------+
//	|Version| Traffic Class |           Flow Label                  |
//	+-------+---------------+-------+---------------+---------------+
//	|         Payload Length        |  Next Header  |   Hop Limit   |
//	+-------------------------------+---------------+---------------+
//	|                  Source Address (16 octets)                   |
//	+---------------------------------------------------------------+
//	|                Destination Address (16 octets)                |
//	+---------------------------------------------------------------+
func walkIPv6(b []byte, wireLen int, f *Frame) Reason {
	if len(b) < ipv6Len {
		return ShortIP
	}
	if b[0]>>4 != 6 {
		return BadIPHeader
	}
	f.Proto = b[6]
	offset := ipv6Len
	totalLen := ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
	if f.Proto != protoUDP {
		if f.Proto == protoHopByHop && totalLen == ipv6Len {
			return Jumbogram
		}
		var r Reason
		if offset, r = extensionHeaders(b, totalLen, f); r != Datagram {
			return r
		}
	}
	if totalLen > wireLen {
		return BadIPLength
	}
	f.Src.IP = [16]byte(b[8:24])
	f.Dst.IP = [16]byte(b[24:40])
	return walkUDP(b[offset:min(totalLen, len(b))], totalLen-offset, f)
}

// extensionHeaders follows the extension headers after the IPv6 header at the start of b, the first of which f.Proto
// names, and returns the offset of the UDP header behind them, never more than totalLen or len(b). totalLen is the
// packet's length by its header. f.Proto is the last protocol seen.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------+---------------+-------------------------------+
//	|  Next Header  |  Hdr Ext Len  |                               |  options and routing: 8-octet units after the
//	+---------------+---------------+                               +  first 8 octets; AH: 4-octet units less 2
//	|                                                               |
//	+---------------+---------------+-------------------------+---+-+
//	|  Next Header  |   Reserved    |      Fragment Offset    |Res|M|  fragment header, then 4 octets of
//	+---------------+---------------+-------------------------+---+-+  identification
func extensionHeaders(b []byte, totalLen int, f *Frame) (offset int, r Reason) {
	offset = ipv6Len
	for n := 0; f.Proto != protoUDP; n++ {
		var length int
		switch f.Proto {
		case protoHopByHop, protoRouting, protoDestOpts, protoAH, protoFragment:
		default:
			return 0, above[f.Proto]
		}
		switch {
		case n == maxExtensions:
			return 0, TooManyHeaders
		case totalLen < offset+fragmentLen: // no extension header is shorter
			return 0, BadIPLength
		case len(b) < offset+fragmentLen:
			return 0, ShortIP
		case f.Proto == protoFragment:
			// One that is the first and the last is no fragment: RFC 6946, atomic fragments.
			if binary.BigEndian.Uint16(b[offset+2:])&0xfff9 != 0 {
				return 0, Fragment
			}
			length = fragmentLen
		case f.Proto == protoAH:
			length = 4 * (int(b[offset+1]) + 2) // RFC 4302 section 2.2
		default:
			length = 8 * (int(b[offset+1]) + 1)
		}
		f.Proto = b[offset]
		offset += length
		if offset > totalLen {
			return 0, BadIPLength
		}
		if offset > len(b) {
			return 0, ShortIP
		}
	}
	return offset, Datagram
}
