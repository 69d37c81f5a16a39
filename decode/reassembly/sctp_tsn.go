package reassembly

// tsnWindow is how many transmission sequence numbers, back from the highest, are remembered.
const tsnWindow = 256

// tsns remembers which of the last TSNs were seen. The bit of a TSN is its own modulo tsnWindow, which divides 2^32.
type tsns struct {
	bits [tsnWindow / 64]uint64
	high uint32
	any  bool
}

// ahead is how far tsn is above the highest (RFC 1982's serial number arithmetic).
func (w *tsns) ahead(tsn uint32) int64 {
	return int64(int32(tsn - w.high)) //nolint:gosec // meant to wrap round
}

// has says whether tsn was marked. Of one that is out of the window nothing is known.
func (w *tsns) has(tsn uint32) bool {
	n := w.ahead(tsn)
	return w.any && n <= 0 && n > -tsnWindow && w.bits[tsn%tsnWindow/64]&(1<<(tsn%64)) != 0
}

// mark remembers tsn. One that is out of the window begins a new one: it is better to forget than to be led away for
// good by a single wrong number.
func (w *tsns) mark(tsn uint32) {
	n := w.ahead(tsn)
	if !w.any || n <= -tsnWindow || n >= tsnWindow {
		*w = tsns{any: true, high: tsn}
		n = 0
	}
	for ; n > 0; n-- {
		w.high++
		w.bits[w.high%tsnWindow/64] &^= 1 << (w.high % 64)
	}
	w.bits[tsn%tsnWindow/64] |= 1 << (tsn % 64)
}
