package tunnel

import "encoding/binary"

// PortGTPU is the UDP port of GTP-U.
const PortGTPU = 2152

const (
	gtpuLen    = 8
	gtpuExtras = 4    // sequence number, N-PDU number, type of the next extension header: all there when one is
	gtpuGPDU   = 0xff // the message type that carries packets
)

// ReadGTPU reads the header of a GTP-U version 1 G-PDU (3GPP TS 29.281 section 5.1) at the start of a UDP payload, with
// its extension headers (section 5.2). ID is the TEID of the receiver.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-----+--+-+-+-+-+--------------+-------------------------------+
//	| Ver |PT|*|E|S|P| Message Type |            Length             |  Ver 1, PT 1; Length from the 9th octet on
//	+-----+--+-+-+-+-+--------------+-------------------------------+
//	|                              TEID                             |
//	+-------------------------------+---------------+---------------+
//	|        Sequence Number        | N-PDU Number  | Next Ext Type |  if E, S or P
//	+---------------+---------------+---------------+---------------+
//	|  Ext Length   |         contents              | Next Ext Type |  if the type before is not 0; length in 4 octets
//	+---------------+-------------------------------+---------------+
//
// What is inside shows by itself: IP, or the Ethernet frame of a 5G session.
func ReadGTPU(b []byte, wire int) (in Inside, o Outcome) {
	if o = need(b, wire, gtpuLen); o != Opened {
		return in, o
	}
	if b[0]>>4 != 3 || b[1] != gtpuGPDU {
		return in, Closed
	}
	in = Inside{Type: GTPU, HasID: true, ID: binary.BigEndian.Uint32(b[4:])}
	end := gtpuLen + int(binary.BigEndian.Uint16(b[2:]))
	if end > wire {
		return in, Broken
	}
	b = b[:min(end, len(b))]
	offset := gtpuLen
	if b[0]&0x07 != 0 {
		offset += gtpuExtras
		if o = need(b, end, offset); o != Opened {
			return in, o
		}
	}
	if b[0]&0x04 != 0 {
		if offset, o = gtpuExtensions(b, end, offset); o != Opened {
			return in, o
		}
	}
	if o = need(b, end, offset+1); o != Opened {
		return in, o
	}
	if in.EtherType = ipIn(b[offset:], end-offset); in.EtherType == 0 {
		in.EtherType = EtherBridged
	}
	return in, in.open(b, end, offset)
}

// gtpuExtensions skips the extension headers that begin at offset of b; the octet before names the first of them. Each
// has 4 octets at least, so they end where the message does.
func gtpuExtensions(b []byte, end, offset int) (int, Outcome) {
	for b[offset-1] != 0 {
		if o := need(b, end, offset+1); o != Opened {
			return 0, o
		}
		length := 4 * int(b[offset])
		if length == 0 {
			return 0, Closed
		}
		if o := need(b, end, offset+length); o != Opened {
			return 0, o
		}
		offset += length
	}
	return offset, Opened
}
