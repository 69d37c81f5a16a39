package rtp

// windowSize is how many sequence numbers, back from the highest, are remembered. RFC 3550's MAX_MISORDER is 100.
const windowSize = 128

// window remembers which of the last windowSize sequence numbers were seen. Bit i of the 128 (word i/64, bit i%64)
// stands for the number i below the highest.
type window [2]uint64

// slide moves the highest number up by n and marks it seen.
func (w *window) slide(n uint16) {
	if n < 64 {
		w[1] = w[1]<<n | w[0]>>(64-n)
		w[0] = w[0]<<n | 1
		return
	}
	w[1] = w[0] << (n - 64)
	w[0] = 1
}

// mark marks the number that is behind below the highest, behind < windowSize, and says whether it was new.
func (w *window) mark(behind uint16) bool {
	word, bit := &w[behind/64], uint64(1)<<(behind%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
