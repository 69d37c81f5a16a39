package app

import (
	"encoding/binary"
	"net/netip"
)

// Networks are the marks of an address: the applications whose servers are there. An IPv4 address may be in its IPv6 form.
// Addresses that are wanted by AS number need a database: see AS.
func Networks(ip netip.Addr) Marks {
	var m Marks
	ip = ip.Unmap()
	switch {
	case ip.Is4():
		a := ip.As4()
		if id, ok := find(known.prefixes4, binary.BigEndian.Uint32(a[:])); ok {
			m.Add(id)
		}
	case ip.Is6():
		a := ip.As16()
		if id, ok := find(known.prefixes6, binary.BigEndian.Uint64(a[:])); ok {
			m.Add(id)
		}
	}
	return m
}

// find looks an address up in ranges that are sorted and do not overlap.
func find[T uint32 | uint64](ranges []prefix[T], a T) (ID, bool) {
	low, high := 0, len(ranges)
	for low < high {
		if middle := int(uint(low+high) >> 1); ranges[middle].from <= a { // #nosec G115 -- both are small
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 || a > ranges[low-1].to {
		return 0, false
	}
	return ranges[low-1].id, true
}

// AS are the marks of the number of an autonomous system. The sensor's workers know no numbers: who has a database of them asks
// when the record is made.
func AS(number uint32) Marks {
	for i := range known.systems {
		if s := &known.systems[i]; s.number == number {
			return s.marks
		}
	}
	return Marks{}
}
