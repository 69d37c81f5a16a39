package decode

import (
	"encoding/binary"

	"calltrail/decode/reassembly"
)

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
	f.Proto = b[9]
	fragment := binary.BigEndian.Uint16(b[6:])&0x3fff != 0 // more fragments, or an offset; whatever DF says
	if r := above[f.Proto]; r != Datagram && !fragment {
		return r
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
	body, length := b[headerLen:min(totalLen, len(b))], totalLen-headerLen
	switch {
	case fragment:
		return fragmentIPv4(b, body, length, f)
	case f.Proto == protoUDP:
		return walkUDP(body, length, f)
	case f.Proto == protoTCP:
		ends(body, length, tcpLen, f)
		return TCP
	}
	return walkAbove(body, length, f)
}

// mapIPv4 writes the IPv4 address in b as an IPv4-mapped one. Octets are only moved, so either byte order will do: with this
// one a processor has three moves to make.
func mapIPv4(ip *[16]byte, b []byte) {
	binary.LittleEndian.PutUint64(ip[:8], 0)
	binary.LittleEndian.PutUint32(ip[8:], 0xffff0000)
	binary.LittleEndian.PutUint32(ip[12:], binary.LittleEndian.Uint32(b))
}

// isIPv4 says whether ip is an IPv4-mapped address.
func isIPv4(ip *[16]byte) bool {
	return binary.BigEndian.Uint64(ip[:8]) == 0 && binary.BigEndian.Uint32(ip[8:]) == 0xffff
}

// fragmentIPv4 notes the fragment with the IPv4 header at the start of b.
//
//	+-------------------------------+-+-+-+-------------------------+
//	|         Identification        |0|D|M|      Fragment Offset    |  M: more fragments; offset in 8 octets
//	+-------------------------------+-+-+-+-------------------------+
func fragmentIPv4(b, data []byte, length int, f *Frame) Reason {
	field := binary.BigEndian.Uint16(b[6:])
	f.Fragment = reassembly.Fragment{
		Src: f.Src.IP, Dst: f.Dst.IP, ID: uint32(binary.BigEndian.Uint16(b[4:])), Proto: f.Proto,
		Offset: 8 * int(field&0x1fff), More: field&0x2000 != 0, Data: data, Length: length,
	}
	return checkFragment(&f.Fragment)
}

// maxPacket is the most octets that the fragments of a packet carry.
const maxPacket = 1<<16 - 1

// checkFragment returns Fragment, or BadFragment for one that can be no part of any packet.
func checkFragment(p *reassembly.Fragment) Reason {
	if p.Length == 0 || p.More && p.Length%8 != 0 || p.Offset+p.Length > maxPacket {
		return BadFragment
	}
	return Fragment
}
