package sip

import "iter"

// Elements yields the elements of a comma-separated list that was kept as one value, as Message.Values does for those of a message.
// Empty ones are passed over; commas in quoted-strings and between < and > do not separate.
func Elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			element, rest, ok := nextElement(list)
			if !ok || !yield(element) {
				return
			}
			list = rest
		}
	}
}
