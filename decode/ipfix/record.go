package ipfix

import (
	"encoding/binary"
	"net/netip"
	"time"

	"calltrail/decode/nat"
)

// Information Elements that are read (IANA's registry of IPFIX entities; RFC 8158 section 4).
const (
	protocolIdentifier          = 4
	sourceTransportPort         = 7
	sourceIPv4Address           = 8
	destinationTransportPort    = 11
	destinationIPv4Address      = 12
	sourceIPv6Address           = 27
	destinationIPv6Address      = 28
	postNATSourceIPv4Address    = 225
	postNAPTSourceTransportPort = 227
	natEvent                    = 230
	postNATSourceIPv6Address    = 281
	observationTimeSeconds      = 322
	observationTimeMilliseconds = 323
	portRangeStart              = 361
	portRangeEnd                = 362
	portRangeStepSize           = 363
	portRangeNumPorts           = 364
)

// Values of natEvent (RFC 8158 section 4.3) that tell of ports: what begins has its end right behind it.
var beginning = map[uint64]bool{
	1: true, 2: false, // NAT translation create and delete, historic
	4: true, 5: false, // NAT44 session
	6: true, 7: false, // NAT64 session
	8: true, 9: false, // NAT44 BIB
	10: true, 11: false, // NAT64 BIB
	16: true, 17: false, // port block allocation and de-allocation
}

// values are those of one record; an address that is not there is invalid, a number that is not there is in no bit of has.
type values struct {
	inside, public, remote                                       netip.Addr
	insidePort, publicPort, remotePort, first, last, step, ports uint64
	event, protocol, seconds, milliseconds                       uint64
	hasPublic, hasFirst, hasLast, hasPorts, hasMS, hasEvent      bool
}

// read reads the record at the beginning of b, and returns what is behind it. Not ok: it ends within a field.
func (t *template) read(m *Message, b []byte, exported time.Time) (rest []byte, ok bool) {
	var v values
	for _, f := range t.fields {
		n := int(f.length)
		if f.length == variable { // RFC 7011 section 7
			if len(b) < 1 {
				return nil, false
			}
			n, b = int(b[0]), b[1:]
			if n == 255 {
				if len(b) < 2 {
					return nil, false
				}
				n, b = int(binary.BigEndian.Uint16(b)), b[2:]
			}
		}
		if n > len(b) {
			return nil, false
		}
		v.set(f.element, b[:n])
		b = b[n:]
	}
	begins, tells := beginning[v.event]
	if t.scoped || !v.hasEvent || !tells {
		m.Ignored++
		return b, true
	}
	if e, ok := v.make(!begins, exported); ok {
		m.Events = append(m.Events, e)
	} else {
		m.Malformed++
	}
	return b, true
}

// make makes the event of a record; not ok: it does not say who had which ports.
func (v *values) make(ended bool, exported time.Time) (nat.Event, bool) {
	e := nat.Event{Ended: ended, Time: exported, Public: v.public, Ports: true}
	switch {
	case v.hasMS:
		if v.milliseconds > 1<<45 { // beyond the year 3000, and time.UnixMilli's range is not tried
			return e, false
		}
		e.Time = time.UnixMilli(int64(v.milliseconds)).UTC()
	case v.seconds != 0:
		e.Time = time.Unix(int64(v.seconds), 0).UTC() //nolint:gosec // at most 32 bits
	}
	e.Inside = netip.AddrPortFrom(v.inside, uint16(v.insidePort)) //nolint:gosec // at most 16 bits
	switch {
	case v.hasFirst && v.hasLast:
	case v.hasFirst && v.hasPorts && v.ports > 0:
		v.last = v.first + v.ports - 1
	case v.hasPublic:
		v.first, v.last = v.publicPort, v.publicPort
	default:
		return e, false // without ports it is not said whose the others are
	}
	if v.last > 0xffff || v.step > 1 { // a block of every second port is no range
		return e, false
	}
	e.First, e.Last = uint16(v.first), uint16(v.last) //nolint:gosec // at most 16 bits
	if v.hasFirst {
		e.Inside = netip.AddrPortFrom(v.inside, 0)
	}
	if v.protocol <= 0xff {
		e.Protocol = uint8(v.protocol)
	}
	if v.remote.IsValid() {
		e.Remote = netip.AddrPortFrom(v.remote, uint16(v.remotePort)) //nolint:gosec // at most 16 bits
	}
	return e, e.Valid()
}

// set notes one field. Numbers may have fewer octets than their type (RFC 7011 section 6.2); with more, or none, they are not there.
func (v *values) set(element uint16, b []byte) {
	number := func(most int, to *uint64) bool {
		if len(b) < 1 || len(b) > most {
			return false
		}
		*to = 0
		for _, o := range b {
			*to = *to<<8 | uint64(o)
		}
		return true
	}
	address := func(octets int, to *netip.Addr) {
		if a, ok := netip.AddrFromSlice(b); ok && len(b) == octets {
			*to = a
		}
	}
	switch element {
	case natEvent:
		v.hasEvent = number(1, &v.event)
	case sourceIPv4Address:
		address(4, &v.inside)
	case sourceIPv6Address: // NAT64; DS-Lite has both, and the inner one is IPv4
		if !v.inside.IsValid() {
			address(16, &v.inside)
		}
	case postNATSourceIPv4Address:
		address(4, &v.public)
	case postNATSourceIPv6Address:
		if !v.public.IsValid() {
			address(16, &v.public)
		}
	case destinationIPv4Address:
		address(4, &v.remote)
	case destinationIPv6Address:
		if !v.remote.IsValid() {
			address(16, &v.remote)
		}
	case sourceTransportPort:
		number(2, &v.insidePort)
	case postNAPTSourceTransportPort:
		v.hasPublic = number(2, &v.publicPort)
	case destinationTransportPort:
		number(2, &v.remotePort)
	case protocolIdentifier:
		number(1, &v.protocol)
	case observationTimeMilliseconds:
		v.hasMS = number(8, &v.milliseconds)
	case observationTimeSeconds:
		number(4, &v.seconds)
	case portRangeStart:
		v.hasFirst = number(2, &v.first)
	case portRangeEnd:
		v.hasLast = number(2, &v.last)
	case portRangeStepSize:
		number(2, &v.step)
	case portRangeNumPorts:
		v.hasPorts = number(2, &v.ports)
	}
}
