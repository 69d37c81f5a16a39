// Package fuzzbound holds decoders of outside octets to the bounds that nobody may push them past: 64 KiB and eight times the
// input allocated, one millisecond for each KiB of it. Fuzz targets wrap what they call in Check; the corpus in testdata then
// holds the bounds in every run of the tests, and `make fuzz` looks for an input that breaks them.
//
// It is for tests only: nothing but _test.go files imports it.
package fuzzbound

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// Bounds of one decoder for one input.
const (
	// AllocatedFloor is how many octets it may allocate for whatever input, AllocatedPerOctet how many more for each octet of it.
	AllocatedFloor    = 64 << 10
	AllocatedPerOctet = 8
	// TimePerKiB is how long it may take for each KiB of input, begun ones too: at least that long for an empty one.
	TimePerKiB = time.Millisecond
	// ListFactor is how much more of both a list has, see CheckList.
	ListFactor = 64
)

// How often, and for how long altogether, something that took too long is measured again. The least counts: a garbage
// collection, or a machine with something else to do, cannot lengthen every one of them.
const (
	maxAttempts = 25
	minAttempts = 4
	maxTime     = 2 * time.Second
)

// Check calls decode, which reads an input of n octets, and fails t when it allocates or takes more than the bounds. It may
// call decode several times: what has a state goes through CheckNew.
func Check(t testing.TB, n int, decode func()) {
	t.Helper()
	CheckNew(t, n, func() func() { return decode })
}

// CheckList is Check for a list of n octets that the operator wrote: a row of six octets may become a value of hundreds, its
// place in a map and in slices that grow. How many rows there may be is the list's own bound.
func CheckList(t testing.TB, n int, read func()) {
	t.Helper()
	Check(t, ListFactor*n, read)
}

// CheckNew is Check for a decoder with a state, such as a table of streams. It calls prepare before each measurement; what
// prepare itself allocates is the table's size, which is bounded elsewhere, and does not count.
func CheckNew(t testing.TB, n int, prepare func() (decode func())) {
	t.Helper()
	allowed := allowedFor(n)
	least := measure(prepare(), allocatedRoughly)
	// What the runtime counts cheaply is right to a few spans of its allocator. From a quarter of the bound on it is asked for
	// the exact sum, for which it stops the world.
	rough := least.allocated > allowed.allocated/4
	began := time.Now() //nolint:forbidigo // it measures this machine
	for attempts := 1; rough || least.allocated > allowed.allocated || least.took > allowed.took; attempts++ {
		if attempts >= maxAttempts || attempts >= minAttempts && time.Since(began) > maxTime { //nolint:forbidigo // as above
			break
		}
		again := measure(prepare(), allocatedExactly)
		if rough {
			least.allocated, rough = again.allocated, false
		}
		least.allocated, least.took = min(least.allocated, again.allocated), min(least.took, again.took)
	}
	if least.allocated > allowed.allocated {
		t.Errorf("an input of %d octets made it allocate %d octets, allowed are %d", n, least.allocated, allowed.allocated)
	}
	if least.took > allowed.took {
		t.Errorf("an input of %d octets took it %v, allowed are %v", n, least.took, allowed.took)
	}
}

// cost is what a decoder uses up.
type cost struct {
	allocated uint64 // octets
	took      time.Duration
}

// allowedFor is the bound for an input of n octets.
func allowedFor(n int) cost {
	return cost{
		AllocatedFloor + AllocatedPerOctet*uint64(n), // #nosec G115 -- a length
		TimePerKiB * time.Duration(max(1, (n+1023)>>10)),
	}
}

// measure calls decode once.
func measure(decode func(), allocated func() uint64) cost {
	before := allocated()
	began := time.Now() //nolint:forbidigo // it measures this machine
	decode()
	took := time.Since(began) //nolint:forbidigo // as above
	return cost{allocated() - before, took}
}

func allocatedRoughly() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func allocatedExactly() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.TotalAlloc
}
