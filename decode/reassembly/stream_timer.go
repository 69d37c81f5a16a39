package reassembly

// NextTimer is the time of the next thing that time brings: a gap to be given up, a connection to be forgotten. Nothing happens
// in Advance before it. ok is false when there is none.
func (s *Streams) NextTimer() (at int64, ok bool) { return s.wake, s.wake != maxTime }
