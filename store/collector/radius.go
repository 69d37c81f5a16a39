package collector

import (
	"net/netip"
	"time"

	"calltrail/decode/radius"
	"calltrail/store/postgres/subscriber"
)

// radiusReader reads accounting requests.
type radiusReader struct {
	secret []byte
	late   latest
	// first is when a request was heard for the first time, by its authenticator (RFC 2866 section 3). One that is repeated, because
	// nothing was answered yet, tells of the same time; and one that somebody kept and sends again tells nothing new.
	first map[[16]byte]time.Time
}

// maxRepeated bounds how many requests are remembered; then all are forgotten.
const maxRepeated = 1 << 16

// heardFirst is when a request came for the first time.
func (r *radiusReader) heardFirst(d datagram) time.Time {
	authenticator := [16]byte(d.octets[4:20]) // Parse has seen that it is there
	if at, ok := r.first[authenticator]; ok {
		return at
	}
	if r.first == nil || len(r.first) >= maxRepeated {
		r.first = make(map[[16]byte]time.Time)
	}
	r.first[authenticator] = d.received
	return d.received
}

// read makes an event of each address of a request. One that tells of none is answered at once: there is nothing to keep.
func (r *radiusReader) read(d datagram) heard {
	a, err := radius.Parse(d.octets, r.secret)
	if err != nil {
		return heard{malformed: 1}
	}
	reply, err := radius.Response(d.octets, r.secret)
	if err != nil {
		return heard{malformed: 1}
	}
	h := heard{reply: reply}
	e := subscriber.Event{At: a.Time, Elapsed: a.Elapsed, Subscriber: a.UserName, Line: a.NASPortID, Client: a.CallingStationID}
	arrived := r.heardFirst(d).Add(-a.Delay)
	e.At = r.late.believed(e.At, arrived)
	switch a.Status {
	case radius.Start:
		e.Kind = subscriber.Began
	case radius.Interim:
		e.Kind = subscriber.Alive
	case radius.Stop:
		e.Kind = subscriber.Ended
	case radius.On, radius.Off:
		e.Kind, e.Session = subscriber.Restart, subscriber.RADIUSServer(a.NASIdentifier, a.NASAddress)
		if e.Session == "" {
			h.ignored = 1
			return h
		}
		h.events = append(h.events, e)
		return h
	}
	e.Session = subscriber.RADIUSSession(a.NASIdentifier, a.NASAddress, a.SessionID, a.UserName)
	for _, p := range a.Addresses {
		e.Address = p
		h.events = append(h.events, e)
	}
	switch {
	case e.Kind == subscriber.Ended && e.Session != "":
		// A Stop need not name the addresses (RFC 2866 section 5.13), nor those that were given back before it.
		e.Kind, e.Address = subscriber.Closed, netip.Prefix{}
		h.events = append(h.events, e)
	case len(h.events) == 0:
		h.ignored = 1
	}
	return h
}

// latest is the longest that what a source tells may be old.
type latest time.Duration

// maxFast is how fast a source's clock may be.
const maxFast = 5 * time.Minute

// believed is the time a source tells, or that of arrival when it tells none, or one that its clock cannot have right: a server
// that was just started may think that it is 1993, and its sessions would be given all calls since then.
func (late latest) believed(told, arrived time.Time) time.Time {
	if told.IsZero() || told.Before(arrived.Add(-time.Duration(late))) || told.After(arrived.Add(maxFast)) {
		return arrived.UTC().Truncate(time.Microsecond)
	}
	return told
}
