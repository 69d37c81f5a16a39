package decode

import (
	"encoding/binary"

	"calltrail/capture"
	"calltrail/decode/tunnel"
)

// EtherTypes, by IANA's "IEEE 802 Numbers".
const (
	etherIPv4      = tunnel.EtherIPv4
	etherIPv6      = tunnel.EtherIPv6
	etherVLAN      = tunnel.EtherVLAN
	etherQinQ      = tunnel.EtherQinQ
	etherQinQOld   = tunnel.EtherQinQOld
	etherMPLS      = tunnel.EtherMPLS
	etherMPLSMulti = tunnel.EtherMPLSMulti
	etherPPPoEDisc = 0x8863 // RFC 2516: no packets, only how a session begins
	etherPPPoE     = tunnel.EtherPPPoE
)

// Lengths of link headers in octets.
const (
	ethernetLen = 14 // destination, source, EtherType
	sllLen      = 16
	sll2Len     = 20
	familyLen   = 4 // BSD loopback
	tagLen      = 4 // VLAN: tag control information, EtherType
)

// maxTags is how many VLAN tags are followed.
const maxTags = 8

// etherTypeOf returns the EtherType of an Ethernet frame, 0 of anything else. Small enough to be inlined, it lets Walk
// do without linkHeader in the usual case.
func etherTypeOf(p *capture.Packet) uint16 {
	if p.Link != capture.LinkEthernet || len(p.Data) < ethernetLen {
		return 0
	}
	return binary.BigEndian.Uint16(p.Data[12:])
}

// linkHeader reads the link header of p and the VLAN tags after it, whose identifiers it notes in f (nil: nowhere). It returns the
// offset of what follows and its EtherType, and Datagram when it is to be looked at; an etherType of 0 is something
// without an EtherType, never IP.
//
// A frame may be shorter than Ethernet's minimum: a capture of outgoing frames has no padding yet.
func linkHeader(p *capture.Packet, f *Frame) (offset int, etherType uint16, r Reason) {
	offset, etherType, r = untaggedLinkHeader(p)
	if r == Datagram && isTag(etherType) {
		return vlanTags(p.Data, offset, etherType, f)
	}
	return offset, etherType, r
}

// untaggedLinkHeader reads the link header of p alone.
func untaggedLinkHeader(p *capture.Packet) (offset int, etherType uint16, r Reason) {
	b := p.Data
	switch p.Link {
	case capture.LinkEthernet:
		if len(b) < ethernetLen {
			return 0, 0, ShortLink
		}
		return ethernetLen, binary.BigEndian.Uint16(b[12:]), Datagram
	case capture.LinkLinuxSLL:
		// packet type (2), ARPHRD type (2), address length (2), address (8), protocol (2)
		if len(b) < sllLen {
			return 0, 0, ShortLink
		}
		return sllLen, binary.BigEndian.Uint16(b[14:]), Datagram
	case capture.LinkLinuxSLL2:
		// protocol (2), reserved (2), interface (4), ARPHRD type (2), packet type (1), address length (1), address (8)
		if len(b) < sll2Len {
			return 0, 0, ShortLink
		}
		return sll2Len, binary.BigEndian.Uint16(b), Datagram
	case capture.LinkRaw:
		return rawHeader(b)
	case capture.LinkIPv4:
		return 0, etherIPv4, Datagram
	case capture.LinkIPv6:
		return 0, etherIPv6, Datagram
	case capture.LinkNull, capture.LinkLoop:
		return loopbackHeader(b, p.Link)
	case capture.LinkHEP: // no link: see hep.go
	}
	return 0, 0, LinkTypeUnknown
}

// rawHeader tells IPv4 from IPv6 by the version field.
func rawHeader(b []byte) (offset int, etherType uint16, r Reason) {
	if len(b) == 0 {
		return 0, 0, ShortIP
	}
	switch b[0] >> 4 {
	case 4:
		return 0, etherIPv4, Datagram
	case 6:
		return 0, etherIPv6, Datagram
	}
	return 0, 0, BadIPHeader
}

// loopbackHeader reads the address family of a BSD loopback header. LINKTYPE_NULL has it in the byte order of the
// machine that captured; families are small numbers, so the order shows.
func loopbackHeader(b []byte, link capture.LinkType) (offset int, etherType uint16, r Reason) {
	if len(b) < familyLen {
		return 0, 0, ShortLink
	}
	family := binary.BigEndian.Uint32(b)
	if little := binary.LittleEndian.Uint32(b); link == capture.LinkNull && little < family {
		family = little
	}
	switch family {
	case 2: // AF_INET everywhere
		return familyLen, etherIPv4, Datagram
	case 10, 24, 28, 30: // AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin
		return familyLen, etherIPv6, Datagram
	}
	return familyLen, 0, Datagram
}

// isTag says whether an EtherType is that of a VLAN tag.
func isTag(etherType uint16) bool {
	return etherType == etherVLAN || etherType == etherQinQ || etherType == etherQinQOld
}

// vlanTags follows the VLAN tags whose first EtherType was read before offset, and notes their identifiers in f (nil: nowhere). It
// returns the offset and EtherType of what they carry.
//
//	 0                   1
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//	+-----+-+-----------------------+-------------------------------+
//	| PCP |D|    VLAN identifier    |           EtherType           |
//	+-----+-+-----------------------+-------------------------------+
func vlanTags(b []byte, offset int, etherType uint16, f *Frame) (int, uint16, Reason) {
	for tags := 0; isTag(etherType); tags++ {
		if tags == maxTags {
			return 0, 0, TooManyHeaders
		}
		if len(b) < offset+tagLen {
			return 0, 0, ShortLink
		}
		if id := binary.BigEndian.Uint16(b[offset:]) & 0x0fff; id != 0 && f != nil {
			if int(f.VLANs) < len(f.VLAN) {
				f.VLAN[f.VLANs] = id
			}
			f.VLANs++
		}
		etherType = binary.BigEndian.Uint16(b[offset+2:])
		offset += tagLen
	}
	return offset, etherType, Datagram
}
