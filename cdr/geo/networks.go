package geo

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// classes of networks, as the record names them.
var classNames = []string{"hosting", "vpn", "tor", "mobile", "isp"}

// Classes by the members of an Anonymous-IP database.
const (
	hosting class = 1 + iota
	vpn
	tor
)

// maxNetworks is the most rows of a Networks file: of prefixes, each takes at most two spans of 24 octets.
const maxNetworks = 1 << 20

// networks is the operator's own knowledge of networks.
type networks struct {
	systems  map[uint32]class
	prefixes prefixTable[class]
}

// parseNetworks reads the Networks file: AS number, prefix or address → class. An AS number may be written "AS64496". The
// same one twice is an error: one of the rows would be ignored.
func parseNetworks(text []byte) (*networks, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace, in.ReuseRecord = '#', 2, true, true
	systems := make(map[uint32]class)
	var prefixes []classed
	seen := make(map[netip.Prefix]bool)
	for n := 0; ; n++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return &networks{systems: systems, prefixes: newPrefixTable(prefixes)}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: write rows of two columns, AS number or prefix, and class", err)
		}
		if n == 0 && (row[0] == "asn" || row[0] == "prefix" || row[0] == "network") && row[1] == "class" {
			continue
		}
		line, _ := in.FieldPos(0)
		if n > maxNetworks {
			return nil, fmt.Errorf("line %d: it has more than the %d rows this program reads", line, maxNetworks)
		}
		i := slices.Index(classNames, strings.TrimSpace(row[1]))
		if i < 0 {
			return nil, fmt.Errorf("line %d: class %.64q is none of %s", line, row[1], strings.Join(classNames, ", "))
		}
		c := class(i + 1) //nolint:gosec // of five
		if strings.ContainsAny(row[0], ".:/") {
			prefix, err := parsePrefix(strings.TrimSpace(row[0]))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			if seen[prefix] {
				return nil, fmt.Errorf("line %d: %s is there twice", line, prefix)
			}
			seen[prefix] = true
			prefixes = append(prefixes, classed{prefix, c})
			continue
		}
		asn, err := parseASN(strings.TrimSpace(row[0]))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if _, twice := systems[asn]; twice {
			return nil, fmt.Errorf("line %d: AS %d is there twice", line, asn)
		}
		systems[asn] = c
	}
}

func parseASN(s string) (uint32, error) {
	number := s
	if len(number) > 2 && strings.EqualFold(number[:2], "AS") {
		number = number[2:]
	}
	asn, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%.64q is not an AS number, and no prefix such as 192.0.2.0/24", s)
	}
	return uint32(asn), nil
}

// parsePrefix reads a prefix, or an address as the prefix that holds it alone: lists of Tor exits are of addresses.
// What is longer than any of them is not looked at: netip's error would hold it whole.
func parsePrefix(s string) (netip.Prefix, error) {
	if len(s) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128") {
		return netip.Prefix{}, fmt.Errorf("%.64q is not a prefix such as 192.0.2.0/24", s)
	}
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%.64q is not an address", s)
		}
		s = netip.PrefixFrom(addr, addr.BitLen()).String()
	}
	prefix, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%.64q is not a prefix such as 192.0.2.0/24", s)
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%.64q: write IPv4 in its own form", s)
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("%.64q is an address within a prefix: write %s", s, prefix.Masked())
	}
	return prefix, nil
}
