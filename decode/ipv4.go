package decode

import "encoding/binary"

const ipv4Len = 20 // octets of the IPv4 header without options

// walkIPv4 reads the IPv4 header at the start of b (RFC 791 section 3.1). wireLen is the number of octets from there to
// the end of the frame on the wire.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-------+---------------+-------------------------------+
//	|Version|  IHL  |Type of Service|          Total Length         |
//	+-------+-------+---------------+-----+-------------------------+
//	|         Identification        |Flags|      Fragment Offset    |
//	+---------------+---------------+-----+-------------------------+
//	|  Time to Live |    Protocol   |         Header Checksum       |
//	+---------------+---------------+-------------------------------+
//	|                         Source Address                        |
//	+---------------------------------------------------------------+
//	|                      Destination Address                      |
//	+---------------------------------------------------------------+
func walkIPv4(b []byte, wireLen int, f *Frame) Reason {
	if len(b) < ipv4Len {
		return ShortIP
	}
	headerLen := 4 * int(b[0]&0x0f)
	if b[0]>>4 != 4 || headerLen < ipv4Len {
		return BadIPHeader
	}
	if binary.BigEndian.Uint16(b[6:])&0x3fff != 0 { // more fragments, or an offset
		return Fragment
	}
	f.Proto = b[9]
	if f.Proto != protoUDP {
		return above[f.Proto]
	}
	totalLen := int(binary.BigEndian.Uint16(b[2:]))
	if totalLen < headerLen || totalLen > wireLen {
		return BadIPLength
	}
	if len(b) < headerLen {
		return ShortIP
	}
	mapIPv4(&f.Src.IP, b[12:16])
	mapIPv4(&f.Dst.IP, b[16:20])
	return walkUDP(b[headerLen:min(totalLen, len(b))], totalLen-headerLen, f)
}

// mapIPv4 writes the IPv4 address in b as an IPv4-mapped one.
func mapIPv4(ip *[16]byte, b []byte) {
	binary.BigEndian.PutUint64(ip[:8], 0)
	binary.BigEndian.PutUint64(ip[8:], 0xffff<<32|uint64(binary.BigEndian.Uint32(b)))
}
