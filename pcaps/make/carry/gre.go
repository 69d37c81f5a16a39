package main

import "encoding/binary"

// gre carries content in GRE with a key for each direction (RFC 2784 section 2.1, RFC 2890 section 2); all says that
// checksum and sequence number are there, too.
//
//	+-+-+-+-+-----------------+-----+-------------------------------+
//	|C| |K|S|    Reserved0    | Ver |         Protocol Type         |
//	+-+-+-+-+-----------------+-----+-------------------------------+
//	|      Checksum (if C)          |       Reserved1 (if C)        |
//	+-------------------------------+-------------------------------+
//	|                          Key (if K)                           |
//	+---------------------------------------------------------------+
//	|                    Sequence Number (if S)                     |
//	+---------------------------------------------------------------+
func gre(r route, up, down uint32, all bool) layer {
	return func(p passage, in content) content {
		b := []byte{0x20, 0}
		if all {
			b[0] |= 0x90
		}
		b = binary.BigEndian.AppendUint16(b, in.etherType)
		if all {
			b = append(b, 0, 0, 0, 0)
		}
		b = binary.BigEndian.AppendUint32(b, pick(p, up, down))
		if all {
			b = binary.BigEndian.AppendUint32(b, low32(int64(p.n)))
		}
		b = append(b, in.b...)
		if all {
			binary.BigEndian.PutUint16(b[4:], checksum(b))
		}
		return r.over(p, protocolGRE, b)
	}
}

// Session and port of the mirror.
const (
	mirrorSession = 77
	mirrorVLAN    = 30
)

// erspan carries a mirrored frame (draft-foschiano-erspan-03 section 4) from a switch to its collector: both directions of
// a call go the same way. Type I has no header behind GRE's; II and III have, after GRE's sequence number.
//
//	+-------+-----------------------+-----+---+-+-------------------+
//	|  Ver  |         VLAN          | COS |En |T|    Session ID     |  type II
//	+-------+---------------+-------+-----+---+-+-------------------+
//	|       Reserved        |                 Index                 |
//	+-----------------------+---------------------------------------+
//
//	+-------+-----------------------+-----+---+-+-------------------+
//	|  Ver  |         VLAN          | COS |BSO|T|    Session ID     |  type III
//	+-------+-----------------------+-----+---+-+-------------------+
//	|                           Timestamp                           |
//	+-------------------------------+-+---------+-----------+-+---+-+
//	|             SGT               |P|   FT    |   Hw ID   |D|Gra|O|
//	+-------------------------------+-+---------+-----------+-+---+-+
//	|                Platform-specific sub-header                   |
//	|                                                               |
//	+---------------------------------------------------------------+
func erspan(kind int) layer {
	return func(p passage, in content) content {
		protocol := []byte{0x88, 0xbe}
		if kind == 3 {
			protocol = []byte{0x22, 0xeb}
		}
		b := append([]byte{0, 0}, protocol...)
		if kind > 1 {
			b[0] = 0x10
			b = binary.BigEndian.AppendUint32(b, low32(int64(p.n)))
			b = binary.BigEndian.AppendUint16(b, low16(kind-1)<<12|mirrorVLAN)
			b = binary.BigEndian.AppendUint16(b, mirrorSession) // COS 0; En or BSO 0; not truncated
		}
		switch kind {
		case 2:
			b = binary.BigEndian.AppendUint32(b, 5) // the port's index
		case 3:
			b = binary.BigEndian.AppendUint32(b, low32(int64(p.n)*200)) // in units of 100 microseconds
			b = append(b, 0, 0, 0, pick[byte](p, 1, 9))                 // an Ethernet frame; D: received or sent; O
			// Platform 5: the switch's id, the port's index, seconds and nanoseconds of the time.
			b = append(b, 5<<2, 0, 0, 5)
			b = binary.BigEndian.AppendUint32(b, low32(int64(p.n)))
		}
		p.up = true
		return outer.over(p, protocolGRE, append(b, in.b...))
	}
}
