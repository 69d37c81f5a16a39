package tunnel

import "encoding/binary"

// UDP ports of VXLAN.
const (
	PortVXLAN      = 4789
	PortVXLANLinux = 8472 // what Linux used before there was one, and what its overlays still do
)

const vxlanLen = 8

// ReadVXLAN reads a VXLAN header (RFC 7348 section 5) at the start of a UDP payload. ID is the VNI.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-----------------------------------------------+
//	|G|R|R|R|I|R|R|R|            Reserved                           |  I 1
//	+-+-+-+-+-+-+-+-+-------------------------------+---------------+
//	|                VXLAN Network Identifier       |   Reserved    |
//	+-----------------------------------------------+---------------+
//
// G is the group policy extension (draft-smith-vxlan-group-policy), which uses reserved octets only. VXLAN-GPE, on a
// port of its own, is not read.
func ReadVXLAN(b []byte, wire int) (in Inside, o Outcome) {
	if o = need(b, wire, vxlanLen); o != Opened {
		return in, o
	}
	if b[0]&0x7f != 0x08 {
		return in, Closed
	}
	in = Inside{Type: VXLAN, HasID: true, ID: binary.BigEndian.Uint32(b[4:]) >> 8, EtherType: EtherBridged}
	return in, in.open(b, wire, vxlanLen)
}
