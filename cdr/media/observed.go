package media

// Observed is the sum of a call's streams of one SSRC between the same two ends.
type Observed struct {
	Flow   Flow
	Sender Party
	// First and Last are nanoseconds of packet time.
	First, Last                       int64
	Packets, Octets, Lost, Duplicates uint64
	JitterMS                          float64
	HasJitter                         bool
	PayloadType                       uint8
	HasLine                           bool
	// UDPTL says that it is T.38 and no RTP: there is no SSRC, payload type or jitter.
	UDPTL bool
	// Foreign says that it came into the call's port from a host that has no part in the call: see foreign.go.
	Foreign bool
	strange bool
	Line    Line // of the receiver's announcement; Signalled is unset when none fits
	// CName is the newest canonical name of the sender, as in Event.
	CName string

	before          uint64 // packets lost before the present run of numbers
	lowest, highest uint64 // of the run
	run             uint64 // packets of the run; 0 when its numbers are not known
}

// ObservedOf is a closed stream that belongs to no call whose signalling was seen.
func ObservedOf(ev *Event) Observed { return *observedOf(ev, Caller, nil) }

func observedOf(ev *Event, sender Party, line *Line) *Observed {
	st := &ev.Stream
	o := &Observed{
		Flow: ev.Flow, Sender: sender, First: st.First, Last: st.Last, Packets: st.Packets, Octets: st.Octets, Lost: st.Lost(),
		Duplicates: st.Duplicates, PayloadType: st.PayloadType, UDPTL: ev.UDPTL, CName: ev.CName, run: st.Packets,
	}
	o.lowest, o.highest = st.Range()
	if line != nil {
		o.Line, o.HasLine = *line, true
	}
	o.JitterMS, o.HasJitter = st.JitterMS(o.clock(st.PayloadType))
	return o
}

// Sum adds n, which is of the same flow: a stream that was closed and went on. Where its numbers go on, what was lost in between
// counts as lost; else it counts as silence.
func (o *Observed) Sum(n *Observed) {
	o.Lost += n.Lost
	switch {
	case o.goesOnAs(n):
		// n's numbers, extended as o's are.
		shift := o.highest + ahead(o.highest, n.lowest) - n.lowest
		o.before += n.before
		o.lowest, o.highest, o.run = min(o.lowest, n.lowest+shift), max(o.highest, n.highest+shift), o.run+n.run
		o.Lost = o.before
		if sent := o.highest - o.lowest + 1; sent > o.run { // else copies were counted on both sides of the cut
			o.Lost += sent - o.run
		}
	case n.First >= o.First:
		o.before, o.lowest, o.highest, o.run = o.Lost-(n.Lost-n.before), n.lowest, n.highest, n.run
	default:
		o.before += n.Lost
	}
	o.First = min(o.First, n.First)
	o.Last = max(o.Last, n.Last)
	o.Packets += n.Packets
	o.Octets += n.Octets
	o.Duplicates += n.Duplicates
	o.Foreign = o.Foreign || n.Foreign
	o.strange = o.strange || n.strange
	if n.HasJitter {
		o.JitterMS, o.HasJitter = n.JitterMS, true
	}
	if n.CName != "" {
		o.CName = n.CName
	}
}

// Where a stream was closed and opened again, what was lost in between shows in neither part. The second goes on with the run of
// numbers of the first under the same bounds as in an rtp.Stream, and the longest pause there is in one.
const (
	maxAhead  = 3000
	maxBehind = 128
	maxPause  = int64(30e9)
)

// ahead is how far the number n is from the number h, modulo 2^16, as an addend.
func ahead(h, n uint64) uint64 {
	return uint64(int64(int16(uint16(n) - uint16(h)))) //nolint:gosec // a number on the wire has 16 bits
}

func (o *Observed) goesOnAs(n *Observed) bool {
	if o.run == 0 || n.run == 0 || n.First < o.First || n.First-o.Last > maxPause {
		return false
	}
	d := int64(ahead(o.highest, n.lowest)) //nolint:gosec // see ahead
	return d > -maxBehind && d < maxAhead
}

// clock is the clock rate that the receiver's announcement gives a payload type; 0 for none.
func (o *Observed) clock(pt uint8) uint32 {
	if f := o.Line.Format(pt); o.HasLine && f != nil {
		return f.Clock
	}
	return 0
}
