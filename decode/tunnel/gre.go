package tunnel

import "encoding/binary"

// Flags of a GRE header, in its first 16 bits.
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
	greVersion  = 0x0007
)

// Protocol types of GRE that are no EtherTypes of packets.
const (
	grePPP       = 0x880b // version 1
	greERSPAN    = 0x88be // types I and II
	greERSPANIII = 0x22eb
)

const greLen = 4

// ReadGRE reads a GRE header (RFC 2784 section 2.1, RFC 2890 section 2), IP protocol 47, and the header of ERSPAN
// behind it. ID is the key, when there is one.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-----------------+-----+-------------------------------+
//	|C|R|K|S|    Reserved0    | Ver |         Protocol Type         |  Ver 0, R 0
//	+-+-+-+-+-----------------+-----+-------------------------------+
//	|      Checksum (if C)          |       Reserved1 (if C)        |
//	+-------------------------------+-------------------------------+
//	|                          Key (if K)                           |
//	+---------------------------------------------------------------+
//	|                    Sequence Number (if S)                     |
//	+---------------------------------------------------------------+
//
// Version 1 is PPTP's: see pptp.go. R stands for a list of routes (RFC 1701), which nobody uses: it is not read.
func ReadGRE(b []byte, wire int) (in Inside, o Outcome) {
	if o = need(b, wire, greLen); o != Opened {
		return in, o
	}
	flags, protocol := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	switch {
	case flags&greVersion == 1:
		return readPPTP(b, wire, flags, protocol)
	case flags&(greRouting|greVersion) != 0:
		return in, Closed
	}
	in = Inside{Type: GRE, EtherType: protocol}
	offset := greLen
	if flags&greChecksum != 0 {
		offset += 4
	}
	if flags&greKey != 0 {
		if o = need(b, wire, offset+4); o != Opened {
			return in, o
		}
		in.ID, in.HasID = binary.BigEndian.Uint32(b[offset:]), true
		offset += 4
	}
	if flags&greSequence != 0 {
		offset += 4
	}
	switch protocol {
	case greERSPAN, greERSPANIII:
		return readERSPAN(b, wire, offset, flags, protocol)
	}
	return in, in.open(b, wire, offset)
}
