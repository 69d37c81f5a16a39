package decode

import (
	"encoding/binary"

	"calltrail/decode/reassembly"
)

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
	length := int(binary.BigEndian.Uint16(b[4:]))
	if f.Proto != protoUDP {
		if r := above[f.Proto]; r != Datagram && !isExtension(f.Proto) {
			return r
		}
		if f.Proto == protoHopByHop && length == 0 {
			return Jumbogram
		}
	}
	if ipv6Len+length > wireLen {
		return BadIPLength
	}
	f.Src.IP = [16]byte(b[8:24])
	f.Dst.IP = [16]byte(b[24:40])
	body := b[ipv6Len:min(ipv6Len+length, len(b))]
	if f.Proto == protoUDP {
		return walkUDP(body, length, f)
	}
	return walkExtensions(body, length, f, false)
}

// isExtension says whether a protocol is an IPv6 extension header that is followed.
func isExtension(proto uint8) bool {
	switch proto {
	case protoHopByHop, protoRouting, protoDestOpts, protoAH, protoFragment:
		return true
	}
	return false
}

// walkExtensions follows the IPv6 extension headers at the start of b, the first of which f.Proto names, and reads what
// is behind them. length is the number of octets that there were on the wire; b holds those of them that were captured.
// f.Proto is then the last protocol seen. whole says that fragments were put together to this.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------+---------------+-------------------------------+
//	|  Next Header  |  Hdr Ext Len  |                               |  options and routing: 8-octet units after the
//	+---------------+---------------+                               +  first 8 octets; AH: 4-octet units less 2
//	|                                                               |
//	+---------------+---------------+-------------------------+---+-+
//	|  Next Header  |   Reserved    |      Fragment Offset    |Res|M|  fragment header
//	+---------------+---------------+-------------------------+---+-+
//	|                         Identification                        |
//	+---------------------------------------------------------------+
func walkExtensions(b []byte, length int, f *Frame, whole bool) Reason {
	offset := 0
	for n := 0; isExtension(f.Proto); n++ {
		var headerLen int
		switch {
		case n == maxExtensions:
			return TooManyHeaders
		case length < offset+fragmentLen: // no extension header is shorter
			return BadIPLength
		case len(b) < offset+fragmentLen:
			return ShortIP
		case f.Proto == protoFragment:
			// One that is the first and the last is no fragment: RFC 6946, atomic fragments.
			if binary.BigEndian.Uint16(b[offset+2:])&0xfff9 != 0 {
				return fragmentIPv6(b[offset:], length-offset, f, whole)
			}
			headerLen = fragmentLen
		case f.Proto == protoAH:
			headerLen = 4 * (int(b[offset+1]) + 2) // RFC 4302 section 2.2
		default:
			headerLen = 8 * (int(b[offset+1]) + 1)
		}
		f.Proto = b[offset]
		offset += headerLen
		if offset > length {
			return BadIPLength
		}
		if offset > len(b) {
			return ShortIP
		}
	}
	return walkAbove(b[offset:], length-offset, f)
}

// fragmentIPv6 notes the fragment with the fragment header at the start of b (RFC 8200 section 4.5). One right inside
// of a packet that was itself put together is refused: a sender fragments once, and on that way there is no end to it.
func fragmentIPv6(b []byte, length int, f *Frame, whole bool) Reason {
	if whole {
		return BadFragment
	}
	f.Proto = b[0]
	field := binary.BigEndian.Uint16(b[2:])
	f.Fragment = reassembly.Fragment{
		Src: f.Src.IP, Dst: f.Dst.IP, ID: binary.BigEndian.Uint32(b[4:]), Proto: f.Proto, V6: true,
		Offset: int(field &^ 7), More: field&1 != 0, Data: b[fragmentLen:], Length: length - fragmentLen,
	}
	return checkFragment(&f.Fragment)
}
