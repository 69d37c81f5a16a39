package collector

import (
	"net/netip"
	"time"

	"calltrail/decode/nat"
	"calltrail/decode/natlog"
	"calltrail/store/postgres/subscriber"
)

// syslogReader reads log lines of a NAT, one a datagram (RFC 5426 section 3.1).
type syslogReader struct {
	zone *time.Location
	late latest
}

func (r *syslogReader) read(d datagram) heard {
	events, err := natlog.Parse(d.octets, d.received, r.zone)
	if err != nil {
		return heard{malformed: 1}
	}
	if len(events) == 0 {
		return heard{ignored: 1}
	}
	return heard{events: translations(events, subscriber.BySyslog, d, r.late)}
}

// translations makes what is kept of what a NAT says. A NAT that says no time means now.
func translations(list []nat.Event, via subscriber.Via, d datagram, late latest) []subscriber.Event {
	out := make([]subscriber.Event, 0, len(list))
	for i := range list {
		n := &list[i]
		e := subscriber.Event{
			At: n.Time, Elapsed: n.Elapsed, Address: netip.PrefixFrom(n.Public, n.Public.BitLen()),
			Ports: n.Ports, First: n.First, Last: n.Last, Inside: n.Inside.Addr(), InsidePort: n.Inside.Port(),
			Session: subscriber.NATSession(via, d.from.Addr(), n.Protocol, n.Inside, n.Public, n.First, n.Last, n.Remote),
		}
		if n.Ended {
			e.Kind = subscriber.Ended
		}
		e.At = late.believed(e.At, d.received)
		if e.Elapsed == 0 {
			e.Elapsed = -1
		}
		out = append(out, e)
	}
	return out
}
