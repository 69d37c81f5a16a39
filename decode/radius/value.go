package radius

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"layeh.com/radius"
)

// address reads an address of n octets; the invalid one when value has another length.
func address(value radius.Attribute, n int) netip.Addr {
	if len(value) != n {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(value)
	return a
}

// prefix6 reads the value of RFC 3162 section 2.3 and RFC 4818 section 3, the invalid prefix when it has no legal form:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|   Reserved    | Prefix-Length |  Prefix, as many octets as are
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  wanted
func prefix6(value radius.Attribute) netip.Prefix {
	network, err := radius.IPv6Prefix(value)
	if err != nil {
		return netip.Prefix{}
	}
	a, ok := netip.AddrFromSlice(network.IP.To16())
	ones, bits := network.Mask.Size()
	if !ok || bits != 8*net.IPv6len || a.Is4In6() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, ones)
}

// text makes an attribute's value text that Postgres takes: what is no UTF-8, and control characters, as \xff.
func text(value []byte) string {
	s := string(value)
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) {
			for i := range n {
				b.WriteString(`\x`)
				if s[i] < 0x10 {
					b.WriteByte('0')
				}
				b.WriteString(strconv.FormatUint(uint64(s[i]), 16))
			}
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
