package media

import (
	"fmt"
	"math"
	"strconv"

	"calltrail/decode"
	"calltrail/decode/sdp"
)

// SessionState is a Session as it is kept for the next start of the program; cdr/dialog writes it down with the call. The
// order and the meaning of the fields are part of the format of its snapshots: see Version there.
type SessionState struct {
	_        struct{} `cbor:",toarray"`
	Bindings []BindingState
	Observed []ObservedState
	Sources  [2][]End
	Rounds   [2]uint32
	Previous [2]uint32
	Ended    bool
	Overflow bool
	Moved    bool
	// Heard says that there were streams whose counts are not in Observed: they were open when the state was taken.
	Heard bool
}

// SessionMore is what the second version of the format keeps besides.
type SessionMore struct {
	_             struct{} `cbor:",toarray"`
	Last, MovedAt int64
	Held, WasHeld [2]bool
	After         []ObservedState // streams after an end that is in doubt
}

// ObservedState is one sum of closed streams.
type ObservedState struct {
	_                                 struct{} `cbor:",toarray"`
	Src, Dst                          End
	Scope, SSRC                       uint32
	Sender                            uint8
	First, Last                       int64
	Packets, Octets, Lost, Duplicates uint64
	JitterMS                          float64
	HasJitter                         bool
	PayloadType                       uint8
	Line                              *LineState
}

// LineState is a Line.
type LineState struct {
	_         struct{} `cbor:",toarray"`
	Signalled End
	Type      uint8
	Encrypted bool
	Formats   []FormatState
}

// FormatState is one payload type of a Line.
type FormatState struct {
	_           struct{} `cbor:",toarray"`
	PayloadType uint8
	Clock       uint32
	Name        []byte
}

// End is an endpoint in 6 (IPv4) or 18 octets, address and then port, big-endian; none is the zero Endpoint.
type End []byte

// EndOf returns e as an End.
func EndOf(e decode.Endpoint) End {
	if e == (decode.Endpoint{}) {
		return nil
	}
	b := make([]byte, 0, 18)
	if ip := e.AddrPort().Addr(); ip.Is4() {
		b = append(b, e.IP[12:]...)
	} else {
		b = append(b, e.IP[:]...)
	}
	return append(b, byte(e.Port>>8), byte(e.Port)) //nolint:gosec // its two halves
}

// Endpoint reads e; ok is false when it has another length than End says.
func (e End) Endpoint() (end decode.Endpoint, ok bool) {
	switch len(e) {
	case 0:
		return end, true
	case 6:
		end.IP[10], end.IP[11] = 0xff, 0xff
		copy(end.IP[12:], e)
	case 18:
		copy(end.IP[:], e)
	default:
		return end, false
	}
	n := len(e) - 2
	end.Port = uint16(e[n])<<8 | uint16(e[n+1])
	return end, true
}

// State returns the session as it can be kept. The counts of streams that are open are in the workers' tables and not in
// it; a clean stop closes them first.
func (s *Session) State() SessionState {
	st := SessionState{
		Rounds: s.rounds, Previous: s.previous, Ended: s.ended, Overflow: s.Overflow, Moved: s.Moved,
		Heard: s.heard || len(s.claimed) > 0,
	}
	st.Bindings = s.bindingStates()
	st.Observed = observedStates(s.observed)
	for p, list := range s.sources {
		for _, e := range list {
			st.Sources[p] = append(st.Sources[p], EndOf(e))
		}
	}
	return st
}

func observedStates(observed []Observed) (list []ObservedState) {
	for i := range observed {
		o := &observed[i]
		k := ObservedState{
			Src: EndOf(o.Flow.Src), Dst: EndOf(o.Flow.Dst), Scope: o.Flow.Scope, SSRC: o.Flow.SSRC, Sender: uint8(o.Sender),
			First: o.First, Last: o.Last, Packets: o.Packets, Octets: o.Octets, Lost: o.Lost, Duplicates: o.Duplicates,
			JitterMS: o.JitterMS, HasJitter: o.HasJitter, PayloadType: o.PayloadType,
		}
		if o.HasLine {
			line := stateOf(&o.Line)
			k.Line = &line
		}
		list = append(list, k)
	}
	return list
}

// More returns what State does not, at the time now: a stream that is open has had a packet a short time ago.
func (s *Session) More(now int64) SessionMore {
	m := SessionMore{Last: s.last, MovedAt: s.movedAt, Held: s.held, WasHeld: s.wasHeld}
	if s.Playing() && !s.ended {
		m.Last = max(m.Last, now)
	}
	if s.doubt != nil {
		m.After = observedStates(s.doubt.observed)
	}
	return m
}

func stateOf(l *Line) LineState {
	st := LineState{Signalled: EndOf(l.Signalled), Type: uint8(l.Type), Encrypted: l.Encrypted}
	for i := range l.Formats[:l.NumFormats] {
		f := &l.Formats[i]
		st.Formats = append(st.Formats, FormatState{PayloadType: f.PayloadType, Clock: f.Clock, Name: f.Name()})
	}
	return st
}

// session reads the state into a Session whose bindings are not published. It trusts nothing: the disk may be damaged.
func (st *SessionState) session() (*Session, error) {
	s := &Session{
		rounds: st.Rounds, previous: st.Previous, ended: st.Ended, Overflow: st.Overflow, Moved: st.Moved,
		heard: st.Heard, unheard: true,
	}
	main := 0
	for i := range st.Bindings {
		if st.Bindings[i].Party&(byCandidate|furtherLine) == 0 {
			main++
		}
	}
	if main > maxBindings || len(st.Bindings) > maxStates || len(st.Observed) > maxObserved {
		return nil, fmt.Errorf("%d addresses and %d streams, at most %d and %d", main, len(st.Observed), maxBindings, maxObserved)
	}
	err := s.readBindings(st.Bindings)
	if err != nil {
		return nil, err
	}
	if s.observed, err = observedOfStates(st.Observed); err != nil {
		return nil, err
	}
	for p, list := range st.Sources {
		if len(list) > maxSources {
			return nil, fmt.Errorf("%d sources of party %d, at most %d", len(list), p, maxSources)
		}
		for _, e := range list {
			end, ok := e.Endpoint()
			if !ok {
				return nil, fmt.Errorf("an address of %d octets", len(e))
			}
			s.sources[p] = append(s.sources[p], end)
		}
	}
	return s, nil
}

func observedOfStates(states []ObservedState) (list []Observed, err error) {
	for i := range states {
		o, err := states[i].observed()
		if err != nil {
			return nil, fmt.Errorf("stream %d: %w", i, err)
		}
		list = append(list, o)
	}
	return list, nil
}

// timely says that a time is one, and far from where sums of times overflow.
func timely(at int64) bool { return at >= 0 && at <= 1<<62 }

func (k *ObservedState) observed() (o Observed, err error) {
	src, ok1 := k.Src.Endpoint()
	dst, ok2 := k.Dst.Endpoint()
	if !ok1 || !ok2 || !timely(k.First) || !timely(k.Last) || k.Sender > uint8(Callee) || math.IsNaN(k.JitterMS) || math.IsInf(k.JitterMS, 0) {
		return o, fmt.Errorf("addresses of %d and %d octets, party %d, jitter %v", len(k.Src), len(k.Dst), k.Sender, k.JitterMS)
	}
	o = Observed{
		Flow: Flow{Src: src, Dst: dst, Scope: k.Scope, SSRC: k.SSRC}, Sender: Party(k.Sender), First: k.First, Last: k.Last,
		Packets: k.Packets, Octets: k.Octets, Lost: k.Lost, Duplicates: k.Duplicates,
		JitterMS: k.JitterMS, HasJitter: k.HasJitter, PayloadType: k.PayloadType, HasLine: k.Line != nil,
	}
	if k.Line != nil {
		o.Line, err = k.Line.line()
		o.UDPTL = o.Line.Type == sdp.MediaImage && k.SSRC == 0 && k.PayloadType == 0 // as Event.UDPTL has it
	}
	return o, err
}

// line reads a Line. The formats pass the parser of session descriptions, which alone makes them.
func (k *LineState) line() (l Line, err error) {
	end, ok := k.Signalled.Endpoint()
	if !ok || int(k.Type) > int(sdp.MediaImage) || len(k.Formats) > len(l.Formats) {
		return l, fmt.Errorf("a line of type %d with %d formats and an address of %d octets", k.Type, len(k.Formats), len(k.Signalled))
	}
	l = Line{Signalled: end, Type: sdp.MediaType(k.Type), Encrypted: k.Encrypted}
	if len(k.Formats) == 0 {
		return l, nil
	}
	text, maps := []byte("v=0\r\nm=audio 9 RTP/AVP"), []byte("\r\n")
	for _, f := range k.Formats {
		text = strconv.AppendUint(append(text, ' '), uint64(f.PayloadType), 10)
		if len(f.Name) == 0 && f.Clock == 0 {
			continue
		}
		maps = strconv.AppendUint(append(maps, "a=rtpmap:"...), uint64(f.PayloadType), 10)
		maps = append(append(append(maps, ' '), f.Name...), '/')
		maps = append(strconv.AppendUint(maps, uint64(f.Clock), 10), "\r\n"...)
	}
	var d sdp.Description
	if err := d.Parse(append(text, maps...)); err != nil || len(d.Media) != 1 || int(d.Media[0].NumFormats) != len(k.Formats) {
		return l, fmt.Errorf("formats that no description can have")
	}
	l.NumFormats, l.Formats = d.Media[0].NumFormats, d.Media[0].Formats
	return l, nil
}
