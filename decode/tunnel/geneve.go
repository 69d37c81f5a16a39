package tunnel

import "encoding/binary"

// PortGeneve is the UDP port of Geneve.
const PortGeneve = 6081

const geneveLen = 8

// ReadGeneve reads a Geneve header with its options (RFC 8926 section 3.4) at the start of a UDP payload. ID is the VNI.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---+-----------+-+-+-----------+-------------------------------+
//	|Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |  Ver 0; Opt Len in 4 octets; O: control packet
//	+---+-----------+-+-+-----------+---------------+---------------+
//	|        Virtual Network Identifier (VNI)       |    Reserved   |
//	+-----------------------------------------------+---------------+
//	|                    Variable-Length Options                    |
//	+---------------------------------------------------------------+
func ReadGeneve(b []byte, wire int) (in Inside, o Outcome) {
	if o = need(b, wire, geneveLen); o != Opened {
		return in, o
	}
	if b[0]>>6 != 0 || b[1]&0x80 != 0 {
		return in, Closed
	}
	in = Inside{
		Type: Geneve, HasID: true, ID: binary.BigEndian.Uint32(b[4:]) >> 8,
		EtherType: binary.BigEndian.Uint16(b[2:]),
	}
	return in, in.open(b, wire, geneveLen+4*int(b[0]&0x3f))
}
