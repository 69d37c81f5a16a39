package udptl

import "encoding/binary"

// How many values the enumerations have (T.38 annex A): those of the first version, and those added behind the extension mark.
const (
	rootIndicators  = 16 // no-signal to v17-14400-long-training
	addedIndicators = 7  // v8-ansam to v33-14400-training
	rootData        = 9  // v21 to v17-14400
	addedData       = 6  // v8 to v33-14400
	addedFields     = 4  // cm-message to v34rate; the first version has 8 kinds of field, hdlc-data to t4-non-ecm-sig-end
)

// isIFP says whether an IFP packet of n octets, of which b was captured, can be one.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|D|T|0|  value |0|  D: a data-field follows; T: 0 t30-indicator, 1 t30-data
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|D|T|1|0|   value   |0 0 0 0 0 0|  of the values that were added later
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// An indicator has no data-field, and t30-data without one says nothing: neither is taken.
func isIFP(b []byte, n int) bool {
	if n == 0 {
		return false
	}
	if len(b) == 0 {
		return true // not captured
	}
	first := b[0]
	data := first&0x40 != 0
	if data != (first&0x80 != 0) {
		return false
	}
	at, value, limit := 1, first>>1&0x0f, byte(rootIndicators)
	if data {
		limit = rootData
	}
	switch {
	case first&0x20 == 0:
		if first&0x01 != 0 {
			return false
		}
	case n < 2 || first&0x10 != 0:
		return false
	case len(b) < 2:
		return true
	default:
		if b[1]&0x3f != 0 {
			return false
		}
		at, value, limit = 2, first&0x0f<<2|b[1]>>6, addedIndicators
		if data {
			limit = addedData
		}
	}
	if value >= limit {
		return false
	}
	if !data {
		return at == n
	}
	for _, form := range forms {
		if form.isDataField(b, at, n) {
			return true
		}
	}
	return false
}

// form is one of the ways in which the field-type of a data-field's element is encoded.
type form struct {
	extensible bool // there is a bit for the extension mark
	octets     bool // each element begins with an octet
}

// forms are those in use: nothing in a packet says which one it has.
var forms = [...]form{
	{},                               // the first version, T38FaxVersion 0, had no extension mark
	{extensible: true},               // since T38FaxVersion 1
	{extensible: true, octets: true}, // likewise, as spandsp writes it, and with it Asterisk and FreeSWITCH
}

// isDataField says whether the data-field at at fills an IFP packet of n octets, of which b was captured. It is a length
// determinant with the number of elements, and those. An element is some bits, and those of the next one follow at once unless
// field-data is there, which begins with an octet:
//
//	+-+-+-+-+               +-+-+-+-+-+              +-+-+-+-+-+-+-+-+-+
//	|D|type |  version 0    |D|0|type |  version 1   |D|1|0|   type    |  of the types that were added later
//	+-+-+-+-+               +-+-+-+-+-+              +-+-+-+-+-+-+-+-+-+
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          length - 1           |  field-data, if D
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func (f form) isDataField(b []byte, at, n int) bool {
	count, at, is := length(b, at, n)
	if is != fits || count == 0 {
		return is == cut
	}
	bit := 8 * at
	for range count {
		if f.octets {
			if is = padding(b, bit, n); is != fits {
				return is == cut
			}
			bit = (bit + 7) &^ 7
		}
		var data bool
		if data, bit, is = f.element(b, bit, n); is != fits {
			return is == cut
		}
		if !data {
			continue
		}
		if is = padding(b, bit, n); is != fits {
			return is == cut
		}
		at = (bit + 7) / 8
		if is = reach(b, at+2, n); is != fits {
			return is == cut
		}
		at += 2 + int(binary.BigEndian.Uint16(b[at:])) + 1
		if at > n {
			return false
		}
		bit = 8 * at
	}
	if (bit+7)/8 != n {
		return false
	}
	return padding(b, bit, n) != wrong
}

// element reads the bits of an element: whether field-data follows, and where they end.
func (f form) element(b []byte, bit, n int) (data bool, next int, is result) {
	width := 4
	if f.extensible {
		width = 5
	}
	v, is := bits(b, bit, width, n)
	if is != fits {
		return false, 0, is
	}
	data = v>>(width-1) != 0
	bit += width
	if !f.extensible || v&0x08 == 0 {
		return data, bit, fits
	}
	// The three bits after the mark are the first of seven: a 0, and six with the type. The low four of those are still to come.
	low, is := bits(b, bit, 4, n)
	if is == fits && v&0x07<<4|low >= addedFields {
		is = wrong
	}
	return data, bit + 4, is
}

// padding says whether the bits from bit to the next octet are 0, as PER has them.
func padding(b []byte, bit, n int) result {
	left := -bit & 7
	v, is := bits(b, bit, left, n)
	if is == fits && v != 0 {
		return wrong
	}
	return is
}

// bits reads up to 8 bits.
func bits(b []byte, bit, width, n int) (v byte, is result) {
	if width == 0 {
		return 0, fits
	}
	last := bit + width - 1
	if is = reach(b, last/8+1, n); is != fits {
		return 0, is
	}
	two := uint16(b[bit/8]) << 8
	if last/8 > bit/8 {
		two |= uint16(b[last/8])
	}
	return byte(two << (bit & 7) >> (16 - width)), fits // #nosec G115 -- width is at most 8
}
