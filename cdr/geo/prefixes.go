package geo

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// prefixTable tells the class of the longest prefix that an address is in. The prefixes are laid flat when the table is
// made: beginnings of spans in which one class holds, in order, so that a look-up is one binary search of an array and
// allocates nothing, however the prefixes lie in each other. The zero value holds none.
type prefixTable struct {
	v4, v6 []span // IPv4 in IPv6 is looked for in v4 alone: ::/0 says nothing of it
}

// span begins at an address and ends where the next one begins: 24 octets.
type span struct {
	hi, lo uint64 // the address, of IPv4 in its IPv6 form
	class  class
}

// class is a class of networks: 0 none, else its place in classNames, from 1.
type class uint8

func (c class) String() string {
	if c == 0 || int(c) > len(classNames) {
		return ""
	}
	return classNames[c-1]
}

type classed struct {
	prefix netip.Prefix // masked
	class  class
}

func newPrefixTable(prefixes []classed) (t prefixTable) {
	var v4, v6 []classed
	for _, p := range prefixes {
		if p.prefix.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return prefixTable{v4: spans(v4), v6: spans(v6)}
}

// spans sweeps over the prefixes in order of their first addresses. Those open at one time lie in each other; where one
// ends, the one around it holds again.
func spans(prefixes []classed) []span {
	// Of two with one first address the outer comes first. (netip's own order of prefixes is the same; Addr.Compare says it.)
	slices.SortFunc(prefixes, func(a, b classed) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	type opened struct {
		last  span // its last address
		class class
	}
	var out []span
	var open []opened
	begin := func(at span, c class) {
		at.class = c
		if n := len(out); n > 0 && out[n-1].hi == at.hi && out[n-1].lo == at.lo {
			out[n-1] = at // the outer one's span here is empty
			return
		}
		out = append(out, at)
	}
	closeBefore := func(at *span) {
		for len(open) > 0 {
			top := open[len(open)-1]
			if at != nil && !top.last.before(*at) {
				return
			}
			open = open[:len(open)-1]
			var around class
			if len(open) > 0 {
				around = open[len(open)-1].class
			}
			if after, ok := top.last.next(); ok {
				begin(after, around)
			}
		}
	}
	for _, p := range prefixes {
		first, last := ends(p.prefix)
		closeBefore(&first)
		open = append(open, opened{last: last, class: p.class})
		begin(first, p.class)
	}
	closeBefore(nil)
	return slices.Clip(out)
}

// ends are the first and the last address of a masked prefix.
func ends(p netip.Prefix) (first, last span) {
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	first, last = at(p.Addr()), at(p.Addr())
	if bits < 64 {
		last.hi |= ^uint64(0) >> bits
		last.lo = ^uint64(0)
	} else {
		last.lo |= ^uint64(0) >> (bits - 64) // of 64 and more 0
	}
	return first, last
}

func at(addr netip.Addr) span {
	b := addr.As16()
	return span{hi: binary.BigEndian.Uint64(b[:8]), lo: binary.BigEndian.Uint64(b[8:])}
}

func (s span) before(o span) bool { return s.hi < o.hi || s.hi == o.hi && s.lo < o.lo }

// next is the address after s; there is none after the last one.
func (s span) next() (span, bool) {
	if s.lo++; s.lo == 0 {
		s.hi++
	}
	return span{hi: s.hi, lo: s.lo}, s.hi != 0 || s.lo != 0
}

// find is the class of an address that is not IPv4 in IPv6 form.
func (t *prefixTable) find(addr netip.Addr) class {
	table := t.v6
	if addr.Is4() {
		table = t.v4
	}
	key := at(addr)
	low, high := 0, len(table) // the first span that begins after key is in [low, high]
	for low < high {
		middle := int(uint(low+high) >> 1)
		if key.before(table[middle]) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if low == 0 {
		return 0
	}
	return table[low-1].class
}

func (t *prefixTable) empty() bool { return len(t.v4)+len(t.v6) == 0 }
