package geo

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// prefixTable tells the value of the longest prefix that an address is in. The prefixes are laid flat when the table is
// made: beginnings of spans in which one value holds, in order, so that a look-up is one binary search of an array and
// allocates nothing, however the prefixes lie in each other. A value's zero is "in no prefix". The zero table holds none.
type prefixTable[V any] struct {
	v4, v6 []span[V] // IPv4 in IPv6 is looked for in v4 alone: ::/0 says nothing of it
}

// span begins at an address and ends where the next one begins: 24 octets with a value of up to eight.
type span[V any] struct {
	point
	value V
}

// point is an address, of IPv4 in its IPv6 form.
type point struct{ hi, lo uint64 }

// class is a class of networks: 0 none, else its place in classNames, from 1.
type class uint8

func (c class) String() string {
	if c == 0 || int(c) > len(classNames) {
		return ""
	}
	return classNames[c-1]
}

type classed = valued[class]

// valued is a masked prefix and what is said of it.
type valued[V any] struct {
	prefix netip.Prefix
	value  V
}

func newPrefixTable[V any](prefixes []valued[V]) (t prefixTable[V]) {
	var v4, v6 []valued[V]
	for _, p := range prefixes {
		if p.prefix.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return prefixTable[V]{v4: spans(v4), v6: spans(v6)}
}

// spans sweeps over the prefixes in order of their first addresses. Those open at one time lie in each other; where one
// ends, the one around it holds again.
func spans[V any](prefixes []valued[V]) []span[V] {
	// Of two with one first address the outer comes first. (netip's own order of prefixes is the same; Addr.Compare says it.)
	slices.SortFunc(prefixes, func(a, b valued[V]) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	type opened struct {
		last  point // its last address
		value V
	}
	var out []span[V]
	var open []opened
	begin := func(at point, v V) {
		if n := len(out); n > 0 && out[n-1].point == at {
			out[n-1].value = v // the outer one's span here is empty
			return
		}
		out = append(out, span[V]{at, v})
	}
	closeBefore := func(at *point) {
		for len(open) > 0 {
			top := open[len(open)-1]
			if at != nil && !top.last.before(*at) {
				return
			}
			open = open[:len(open)-1]
			var around V
			if len(open) > 0 {
				around = open[len(open)-1].value
			}
			if after, ok := top.last.next(); ok {
				begin(after, around)
			}
		}
	}
	for _, p := range prefixes {
		first, last := ends(p.prefix)
		closeBefore(&first)
		open = append(open, opened{last: last, value: p.value})
		begin(first, p.value)
	}
	closeBefore(nil)
	return slices.Clip(out)
}

// ends are the first and the last address of a masked prefix.
func ends(p netip.Prefix) (first, last point) {
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

func at(addr netip.Addr) point {
	b := addr.As16()
	return point{hi: binary.BigEndian.Uint64(b[:8]), lo: binary.BigEndian.Uint64(b[8:])}
}

func (s point) before(o point) bool { return s.hi < o.hi || s.hi == o.hi && s.lo < o.lo }

// next is the address after s; there is none after the last one.
func (s point) next() (point, bool) {
	if s.lo++; s.lo == 0 {
		s.hi++
	}
	return point{hi: s.hi, lo: s.lo}, s.hi != 0 || s.lo != 0
}

// find is the value of an address that is not IPv4 in IPv6 form.
func (t *prefixTable[V]) find(addr netip.Addr) (value V) {
	table := t.v6
	if addr.Is4() {
		table = t.v4
	}
	key := at(addr)
	low, high := 0, len(table) // the first span that begins after key is in [low, high]
	for low < high {
		middle := int(uint(low+high) >> 1)
		if key.before(table[middle].point) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if low == 0 {
		return value
	}
	return table[low-1].value
}

func (t *prefixTable[V]) empty() bool { return len(t.v4)+len(t.v6) == 0 }
