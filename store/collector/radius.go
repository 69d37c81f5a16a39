package collector

import (
	"time"

	"calltrail/decode/radius"
	"calltrail/store/postgres/subscriber"
)

// radiusReader reads accounting requests.
type radiusReader struct{ secret []byte }

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
	if e.At.IsZero() {
		e.At = d.received.Add(-a.Delay).UTC().Truncate(time.Microsecond)
	}
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
	if len(h.events) == 0 {
		h.ignored = 1
	}
	return h
}
