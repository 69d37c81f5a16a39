package capture

import (
	"math"
	"math/bits"
)

// clock turns the timestamps of one pcapng interface into nanoseconds since 1970.
type clock struct {
	multiply uint64 // nanoseconds = count × multiply ÷ divide …
	divide   uint64
	shift    uint  // … or, when binary, count × 10^9 ÷ 2^shift
	binary   bool  //
	offset   int64 // nanoseconds to add
}

const nanosecondsPerSecond = 1_000_000_000

// microseconds is the clock of an interface without if_tsresol.
var microseconds = clock{multiply: 1000, divide: 1}

// setResolution takes the octet of if_tsresol: the negative power of 10, or of 2 when the highest bit is set.
func (c *clock) setResolution(octet byte) {
	n := uint(octet & 0x7f)
	c.binary, c.shift = octet&0x80 != 0, n
	c.multiply, c.divide = 1, 1
	for ; n < 9; n++ {
		c.multiply *= 10
	}
	for ; n > 9 && c.divide != 0; n-- {
		if c.divide > math.MaxUint64/10 {
			c.divide = 0 // finer than any count can tell
			break
		}
		c.divide *= 10
	}
}

// setOffset takes the seconds of if_tsoffset.
func (c *clock) setOffset(seconds int64) {
	switch {
	case seconds > math.MaxInt64/nanosecondsPerSecond:
		c.offset = math.MaxInt64
	case seconds < math.MinInt64/nanosecondsPerSecond:
		c.offset = math.MinInt64
	default:
		c.offset = seconds * nanosecondsPerSecond
	}
}

// nanoseconds saturates: what int64 cannot tell (after 2262) becomes its last moment, never another time.
func (c *clock) nanoseconds(count uint64) int64 {
	var high, low uint64
	switch {
	case c.binary:
		high, low = bits.Mul64(count, nanosecondsPerSecond)
		if c.shift >= 64 {
			high, low = 0, high>>(c.shift-64)
		} else {
			high, low = high>>c.shift, high<<(64-c.shift)|low>>c.shift
		}
	case c.divide == 1:
		high, low = bits.Mul64(count, c.multiply)
	case c.divide != 0:
		low = count / c.divide
	}
	at := int64(math.MaxInt64)
	if high == 0 && low < math.MaxInt64 {
		at = int64(low)
	}
	switch sum := at + c.offset; {
	case c.offset > 0 && sum < at:
		return math.MaxInt64
	default:
		return sum // at is not negative: adding a negative offset cannot overflow
	}
}
