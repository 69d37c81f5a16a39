package sdp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// parseAddr reads an IP address as netip.ParseAddr does, but octets instead of a string, without allocating and
// without zones.
//
//	IPv4address =  b1 3("." decimal-uchar)
//	IPv6address =  as RFC 4291 section 2.2, also with an IPv4 address at its end
func parseAddr(b []byte) (netip.Addr, bool) {
	if bytes.IndexByte(b, ':') >= 0 {
		return parseIPv6(b)
	}
	ip, ok := parseIPv4(b)
	if !ok {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4(ip), true
}

func parseIPv4(b []byte) (ip [4]byte, ok bool) {
	for i := range ip {
		n := 0
		for n < len(b) && b[n] != '.' {
			n++
		}
		v, valid := number(b[:n], 255)
		if !valid || n > 1 && b[0] == '0' || (i < 3) != (n < len(b)) {
			return ip, false
		}
		ip[i] = byte(v) // #nosec G115 -- at most 255
		b = b[min(n+1, len(b)):]
	}
	return ip, true
}

func parseIPv6(b []byte) (netip.Addr, bool) {
	var ip [16]byte
	gap, at := -1, 0 // where "::" stands, and the octets set so far
	if bytes.HasPrefix(b, []byte("::")) {
		gap, b = 0, b[2:]
	}
	for len(b) > 0 {
		if at == 16 {
			return netip.Addr{}, false
		}
		n := 0
		for n < len(b) && b[n] != ':' {
			n++
		}
		if bytes.IndexByte(b[:n], '.') >= 0 { // the last 32 bits in decimal
			v4, ok := parseIPv4(b)
			if !ok || at > 12 || at < 12 && gap < 0 {
				return netip.Addr{}, false
			}
			copy(ip[at:], v4[:])
			at += 4
			break
		}
		group, ok := hexGroup(b[:n])
		if !ok {
			return netip.Addr{}, false
		}
		binary.BigEndian.PutUint16(ip[at:], group)
		at += 2
		if b = b[n:]; len(b) == 0 {
			break
		}
		if b = b[1:]; len(b) == 0 { // a colon at the end
			return netip.Addr{}, false
		}
		if b[0] == ':' {
			if gap >= 0 {
				return netip.Addr{}, false
			}
			gap, b = at, b[1:]
		}
	}
	if at < 16 {
		if gap < 0 {
			return netip.Addr{}, false
		}
		moved := copy(ip[16-(at-gap):], ip[gap:at])
		clear(ip[gap : 16-moved])
	} else if gap >= 0 {
		return netip.Addr{}, false // "::" stands for at least one group
	}
	return netip.AddrFrom16(ip), true
}

func hexGroup(b []byte) (v uint16, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		v = v<<4 | uint16(c)
	}
	return v, len(b) > 0 && len(b) <= 4
}
