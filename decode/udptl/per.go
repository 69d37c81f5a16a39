package udptl

// result says how a part of a packet compares with the octets in hand.
type result uint8

const (
	fits  result = iota // all of it was captured
	cut                 // it ends within the packet, but behind what was captured
	wrong               // it cannot be
)

// reach says whether a packet of which b was captured, and which ends at end on the wire, reaches to at.
func reach(b []byte, at, end int) result {
	switch {
	case at > end:
		return wrong
	case at > len(b):
		return cut
	}
	return fits
}

// filled says whether a packet whose last part ends at at is filled by its parts.
func filled(b []byte, at, end int) result {
	if at != end {
		return wrong
	}
	return reach(b, at, end)
}

// length reads the length determinant at at (X.691 section 11.9) and says where the part that it measures begins. Parts of 16384
// octets and more come in fragments, which no fax over UDP needs; a form longer than it has to be is no PER.
//
//	0nnnnnnn             0 to 127
//	10nnnnnn nnnnnnnn    128 to 16383
func length(b []byte, at, end int) (n, next int, is result) {
	if is = reach(b, at+1, end); is != fits {
		return 0, 0, is
	}
	n = int(b[at])
	if n < 0x80 {
		return n, at + 1, fits
	}
	if is = reach(b, at+2, end); is == cut {
		return 0, 0, is
	}
	if is == wrong || n >= 0xc0 {
		return 0, 0, wrong
	}
	n = n&0x3f<<8 | int(b[at+1])
	if n < 0x80 {
		return 0, 0, wrong
	}
	return n, at + 2, fits
}
