package route

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

var trunkColumns = []string{"name", "peer", "prefix", "interface", "vlan"}

// maxBadLines is how many bad lines an error names; with so many, reading stops.
const maxBadLines = 20

// ParseTrunks reads trunks from CSV: rows of name, peer, prefix, interface and vlan, of which all but the name may be empty,
// a row for each prefix of a trunk. A prefix may be a single address. A first row of these names, and lines that start with
// "#", are skipped. With one bad line nothing is taken; the error names the first of them. [New] checks the rest.
func ParseTrunks(text []byte) ([]Trunk, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace, in.ReuseRecord = '#', len(trunkColumns), true, true
	var trunks []Trunk
	byName := make(map[string]int)
	var bad []string
	fail := func(line int, err error) { bad = append(bad, fmt.Sprintf("line %d: %v", line, err)) }
	prefixes := 0
	for first := true; len(bad) < maxBadLines; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if at := (*csv.ParseError)(nil); errors.As(err, &at) && errors.Is(err, csv.ErrFieldCount) {
				fail(at.Line, fmt.Errorf("%d columns, want %s", len(row), strings.Join(trunkColumns, ",")))
				continue
			}
			return nil, fmt.Errorf("%w: write rows of %s", err, strings.Join(trunkColumns, ",")) // what follows cannot be told apart
		}
		if first && slices.Equal(row, trunkColumns) {
			continue
		}
		line, _ := in.FieldPos(0)
		t, err := parseTrunk(row)
		if err != nil {
			fail(line, err)
			continue
		}
		i, known := byName[t.Name]
		switch {
		case !known && len(trunks) == maxTrunks, prefixes == maxPrefixes:
			return nil, fmt.Errorf("line %d: more than %d trunks or %d prefixes", line, maxTrunks, maxPrefixes)
		case !known:
			byName[t.Name] = len(trunks)
			trunks = append(trunks, t)
		case trunks[i].Peer != t.Peer || trunks[i].Interface != t.Interface || trunks[i].VLAN != t.VLAN:
			fail(line, fmt.Errorf("trunk %q has another peer, interface or VLAN above: write the same in each of its rows", t.Name))
		case len(t.Prefixes) == 0 || len(trunks[i].Prefixes) == 0:
			fail(line, fmt.Errorf("trunk %q has a row without prefix beside another: leave that out", t.Name))
		default:
			trunks[i].Prefixes = append(trunks[i].Prefixes, t.Prefixes...)
		}
		prefixes += len(t.Prefixes)
	}
	switch len(bad) {
	case 0:
	case maxBadLines:
		return nil, fmt.Errorf("%s; the lines behind it were not read", strings.Join(bad, "; "))
	default:
		return nil, errors.New(strings.Join(bad, "; "))
	}
	return trunks, nil
}

func parseTrunk(row []string) (Trunk, error) {
	t := Trunk{Name: strings.TrimSpace(row[0]), Peer: strings.TrimSpace(row[1]), Interface: strings.TrimSpace(row[3])}
	if !isName(t.Name) {
		return t, fmt.Errorf("name %.64q: use 1 to %d octets of text", t.Name, maxName)
	}
	if s := strings.TrimSpace(row[2]); s != "" {
		p, ok := parsePrefix(s)
		if !ok {
			return t, fmt.Errorf("prefix %.64q: write it as 192.0.2.0/24", s)
		}
		t.Prefixes = []netip.Prefix{p}
	}
	if s := strings.TrimSpace(row[4]); s != "" {
		vlan, err := strconv.ParseUint(s, 10, 12)
		if err != nil || vlan == 0 || vlan == 4095 {
			return t, fmt.Errorf("VLAN %.64q: write 1 to 4094, or nothing", s)
		}
		t.VLAN = uint16(vlan)
	}
	return t, nil
}

// parsePrefix reads a prefix or a single address. What is longer than any of them is not looked at: netip's error would hold it whole.
func parsePrefix(s string) (netip.Prefix, bool) {
	if len(s) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128") {
		return netip.Prefix{}, false
	}
	if a, err := netip.ParseAddr(s); err == nil {
		p, err := a.Prefix(a.BitLen())
		return p, err == nil
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// ParseTap reads where a tap is from "eth0=inside".
func ParseTap(s string) (Tap, error) {
	name, nat, ok := strings.Cut(s, "=")
	t := Tap{Name: strings.TrimSpace(name), NAT: NAT(strings.TrimSpace(nat))}
	if !ok || t.Name == "" || !slices.Contains([]NAT{NATNone, NATInside, NATOutside}, t.NAT) {
		return Tap{}, fmt.Errorf("%q: write the tap and where it is, such as eth0=inside, outside or none", s)
	}
	return t, nil
}
