package media

// outage tells packets that were lost on the way to the tap from those lost between the parties: what one network path
// loses is missing from the streams on it, what the mirror port or the ring loses is missing from all streams at once. It
// counts by seconds of packet time, and a stream's second when its first packet of a later one comes, so that packets out
// of order have found their places.
type outage struct {
	second int64 // the present one
	next   int64 // nanoseconds: when it ends
	// The present second and the one before, by second modulo 2.
	counts [2]struct {
		streams, gaps uint32
		missing       uint64
	}
}

const (
	// minOutageStreams is the fewest streams of which it can be said that all of them lack something.
	minOutageStreams = 8
	secondNS         = int64(1e9)
)

// add counts the second in which e had its last packets, and lets a new one begin for it.
func (o *outage) add(e *entry) {
	lost := uint32(min(e.stream.Lost(), 1<<32-1))
	if e.second == o.second-1 {
		c := &o.counts[e.second&1]
		c.streams++
		if lost > e.lost {
			c.gaps++
			c.missing += uint64(lost - e.lost)
		}
	}
	e.lost, e.second = lost, o.second
}

// pass lets time go on to now, and returns the packets that were missing at once in the second that is complete.
func (o *outage) pass(now int64) (missing uint64) {
	second := now / secondNS
	o.next = (second + 1) * secondNS
	// The second before the one that ends here is complete: every stream that goes on has had a packet since.
	for s := o.second - 1; s <= second-2 && s < o.second+1; s++ {
		c := &o.counts[s&1]
		if c.streams >= minOutageStreams && 2*c.gaps >= c.streams {
			missing += c.missing
		}
		c.streams, c.gaps, c.missing = 0, 0, 0
	}
	o.second = second
	return missing
}
