package stun

import (
	"encoding/binary"
	"net/netip"
)

// read takes what is wanted of an attribute whose value was captured whole. header is that of the message, with which addresses
// are XORed. The first attribute of a type counts (RFC 8489 section 14); a value that cannot be right is none.
func (m *Message) read(kind uint16, value, header []byte) {
	switch kind {
	case AttrMappedAddress:
		keep(&m.Mapped, plainAddress(value))
	case AttrXORMappedAddress, AttrXORMappedOld:
		if a := xorAddress(value, header); a.IsValid() && !m.xored {
			m.Mapped, m.xored = a, true
		}
	case AttrXORPeerAddress:
		keep(&m.Peer, xorAddress(value, header))
	case AttrXORRelayedAddress:
		keep(&m.Relayed, xorAddress(value, header))
	case AttrResponseOrigin:
		keep(&m.Origin, plainAddress(value))
	case AttrOtherAddress:
		keep(&m.Other, plainAddress(value))
	case AttrRealm:
		keepOctets(&m.Realm, value)
	case AttrUsername:
		keepOctets(&m.Username, value)
	case AttrSoftware:
		keepOctets(&m.Software, value)
	case AttrData:
		if m.Data == nil {
			m.Data, m.DataLen = value, len(value)
		}
	case AttrLifetime:
		if len(value) == 4 && !m.HasLifetime {
			m.Lifetime, m.HasLifetime = binary.BigEndian.Uint32(value), true
		}
	case AttrErrorCode:
		if m.Code == 0 {
			m.Code = errorCode(value)
		}
	case AttrChannelNumber:
		if len(value) == 4 && m.Channel == 0 {
			m.Channel = binary.BigEndian.Uint16(value)
		}
	}
}

// keep sets an address that is not set yet.
func keep(to *netip.AddrPort, a netip.AddrPort) {
	if !to.IsValid() {
		*to = a
	}
}

// keepOctets sets a value that is not set yet.
func keepOctets(to *[]byte, value []byte) {
	if *to == nil {
		*to = value
	}
}

// Address families, RFC 8489 section 14.1.
const (
	familyIPv4 = 0x01
	familyIPv6 = 0x02
)

// plainAddress reads the value of MAPPED-ADDRESS and of what looks like it (RFC 8489 section 14.1). It is not valid when family
// and length do not agree.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|0 0 0 0 0 0 0 0|    Family     |           Port                |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                 Address (32 bits or 128 bits)                 |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func plainAddress(value []byte) netip.AddrPort {
	var zero [16]byte
	return address(value, zero)
}

// xorAddress reads the value of XOR-MAPPED-ADDRESS and of what looks like it (RFC 8489 section 14.2): the port is XORed with the
// first two octets of the cookie, the address with cookie and transaction ID. Where there is no cookie, drafts and [MS-TURN]
// (section 2.2.2.14) take the transaction ID of 16 octets, which stands in the same place.
func xorAddress(value, header []byte) netip.AddrPort {
	return address(value, [16]byte(header[4:headerLen]))
}

// address reads an address whose port and octets are XORed with mask. An IPv4 address that was written as an IPv6 one is given
// as what it is, so that it equals that of the packets it names.
func address(value []byte, mask [16]byte) netip.AddrPort {
	switch {
	case len(value) == 8 && value[1] == familyIPv4:
	case len(value) == 20 && value[1] == familyIPv6:
	default:
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(value[2:]) ^ binary.BigEndian.Uint16(mask[:])
	if value[1] == familyIPv4 {
		var a [4]byte
		for i := range a {
			a[i] = value[4+i] ^ mask[i]
		}
		return netip.AddrPortFrom(netip.AddrFrom4(a), port)
	}
	var a [16]byte
	for i := range a {
		a[i] = value[4+i] ^ mask[i]
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a).Unmap(), port)
}

// errorCode reads the value of ERROR-CODE (RFC 8489 section 14.8). It is 0 when that is no code from 300 to 699.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           Reserved, should be 0         |Class|     Number    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      Reason Phrase (variable)                                ..
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func errorCode(value []byte) uint16 {
	if len(value) < 4 {
		return 0
	}
	class, number := uint16(value[2]&7), uint16(value[3])
	if class < 3 || class > 6 || number > 99 {
		return 0
	}
	return 100*class + number
}

// Credentials are the two user name fragments of an ICE connectivity check (RFC 8445 section 7.2.2), whose USERNAME is the
// receiver's fragment, a colon, and the sender's: local is that of who sent the request, remote the other's. Microsoft's clients
// repeat the request's USERNAME in the response, and pad it with NULs that count in its length, as RFC 3489 had it. ok is false
// for every other USERNAME: a fragment is one or more letters, digits, "+" and "/" (ice-char, RFC 8839 section 5.4). They alias
// what was parsed.
func (m *Message) Credentials() (local, remote []byte, ok bool) {
	name := m.Username
	for len(name) > 0 && name[len(name)-1] == 0 {
		name = name[:len(name)-1]
	}
	colon := -1
	for i, c := range name {
		switch {
		case c == ':' && colon < 0:
			colon = i
		case !isICEChar(c):
			return nil, nil, false
		}
	}
	if colon < 1 || colon == len(name)-1 {
		return nil, nil, false
	}
	return name[colon+1:], name[:colon], true
}

func isICEChar(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
