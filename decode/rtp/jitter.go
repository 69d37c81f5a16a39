package rtp

import "math"

// clocks are the clock rates at which jitter is estimated in parallel. A decode worker does not know the session
// description, so the rate of a dynamic payload type is unknown while the packets pass.
type clocks struct {
	rate [4]uint32  // Hz
	tick [4]float64 // milliseconds
}

func newClocks(rate ...uint32) (c clocks) {
	for i := range c.rate {
		c.rate[i] = rate[i]
		c.tick[i] = 1000 / float64(rate[i])
	}
	return c
}

// The common rates serve every dynamic payload type and most static ones. Static types with a rate of their own have
// it in the place of one that they cannot have.
var (
	commonClocks = newClocks(8000, 16000, 48000, 90000)
	clocks11025  = newClocks(11025, 16000, 48000, 90000)
	clocks22050  = newClocks(22050, 16000, 48000, 90000)
	clocks44100  = newClocks(44100, 16000, 48000, 90000)
)

// clocksOf returns the rates that the estimators of a payload type work at.
func clocksOf(pt uint8) *clocks {
	switch pt {
	case 10, 11:
		return &clocks44100
	case 16:
		return &clocks11025
	case 17:
		return &clocks22050
	}
	return &commonClocks
}

// jitter is the interarrival jitter of RFC 3550 section 6.4.1, kept at four clock rates.
type jitter struct {
	arrival   int64      // of the packet before, nanoseconds
	timestamp uint32     // of the packet before
	ms        [4]float32 // the estimate J at each rate, milliseconds
	measured  bool       // two packets have been seen
}

// start makes a packet the first one.
func (j *jitter) start(timestamp uint32, t int64) {
	*j = jitter{arrival: t, timestamp: timestamp}
}

// add takes in the next packet in order of arrival (RFC 3550 appendix A.8):
//
//	D(i-1,i) = (R(i) - R(i-1)) - (S(i) - S(i-1)),  J(i) = J(i-1) + (|D(i-1,i)| - J(i-1))/16
func (j *jitter) add(c *clocks, timestamp uint32, t int64) {
	arrived := float64(t-j.arrival) / 1e6
	sent := float64(int32(timestamp - j.timestamp)) //nolint:gosec // a wrap-around difference is signed by design
	for i := range j.ms {
		d := float32(math.Abs(arrived - sent*c.tick[i]))
		j.ms[i] += (d - j.ms[i]) / 16
	}
	j.arrival, j.timestamp, j.measured = t, timestamp, true
}

// JitterMS returns the stream's interarrival jitter in milliseconds (RFC 3550 section 6.4.1), as it stood at the last
// packet, for a payload type with the given clock rate in Hz. A rate of 0 asks for the rate of the stream's static
// payload type. It is false when there is no estimate: fewer than two packets of PayloadType, a rate that is none of
// 8000, 16000, 48000 and 90000 nor the static type's own, rate 0 with a dynamic type, or a stream without timestamps.
//
// Only packets of PayloadType are measured: the timestamp of a telephone-event stands still while the event lasts
// (RFC 4733 section 2.2), which is no jitter.
func (s *Stream) JitterMS(clockRate uint32) (float64, bool) {
	if clockRate == 0 {
		_, clockRate, _ = StaticPayload(s.PayloadType)
	}
	if !s.jitter.measured || s.untimed {
		return 0, false
	}
	for i, rate := range clocksOf(s.PayloadType).rate {
		if rate == clockRate {
			return float64(s.jitter.ms[i]), true
		}
	}
	return 0, false
}
