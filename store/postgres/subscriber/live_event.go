package subscriber

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"calltrail/store/table"
)

// Via is the protocol that an Event came by.
type Via string

// The protocols that are listened to.
const (
	ByRADIUS Via = "radius" // accounting requests (RFC 2866)
	ByIPFIX  Via = "ipfix"  // NAT events (RFC 8158)
	BySyslog Via = "syslog" // log lines of a NAT
)

// Kind is what an Event says.
type Kind int

// Kinds of events.
const (
	Began   Kind = iota // the address is somebody's from now on
	Alive               // it is still (RADIUS only)
	Ended               // it is no more
	Restart             // the access server began anew: none of its sessions goes on (RADIUS only)
	Closed              // the session is over, whatever addresses it had (RADIUS only)
)

// Event is what a live source says of one address.
type Event struct {
	Kind Kind
	// At is when, by the source's clock, to the microsecond.
	At time.Time
	// Elapsed is for how long it had been so at At; negative: not said.
	Elapsed time.Duration
	// Session is what events of one session have in common: see RADIUSSession and NATSession. Of Restart it is the server's beginning
	// of it: see RADIUSServer. Of Closed it is the whole name.
	Session string

	// Address is the address, or the prefix of IPv6; of a NAT the public one. Not of Restart and Closed.
	Address netip.Prefix
	// First and Last are the ports of it, both included, when Ports is set; else all.
	Ports       bool
	First, Last uint16
	// Inside and InsidePort are behind the NAT; the invalid address: no NAT; 0: any port.
	Inside     netip.Addr
	InsidePort uint16

	// Subscriber, Line and Client are User-Name, NAS-Port-Id and Calling-Station-Id, or empty.
	Subscriber, Line, Client string

	// Via, Sender and Received say where the event came from.
	Via      Via
	Sender   netip.Addr
	Received time.Time
}

// RADIUSSession names a session as the import of files does, so that both tell of the same one. An invalid nas is not said.
func RADIUSSession(identifier string, nas netip.Addr, id, user string) string {
	return session("radius", identifier, said(nas), id, user)
}

// RADIUSServer is what all sessions of one access server begin with; "" when the server does not say who it is.
func RADIUSServer(identifier string, nas netip.Addr) string {
	if identifier == "" && !nas.IsValid() {
		return ""
	}
	return session("radius", identifier, said(nas), "")
}

// NATSession names a translation of the NAT at sender. protocol is that of IP, 0 for any; remote is the far end, of a NAT that names
// it, for one mapping may serve several at a time.
func NATSession(via Via, sender netip.Addr, protocol uint8, inside netip.AddrPort, public netip.Addr, first, last uint16, remote netip.AddrPort) string {
	far := ""
	if remote.Addr().IsValid() {
		far = remote.String()
	}
	return session(string(via), said(sender.Unmap()), number(protocol), inside.String(), public.String(), number(first), number(last), far)
}

func said(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func number[T uint8 | uint16](n T) string { return strconv.Itoa(int(n)) }

// maxElapsed is longer than any session lasts.
const maxElapsed = 10 * 366 * 24 * time.Hour

// Check says why an event cannot be stored. An event without a fault in it is taken by Postgres.
func (e *Event) Check() error {
	if y := e.At.UTC().Year(); y < firstYear || y > lastYear {
		return fmt.Errorf("its time is not between the years %d and %d", firstYear, lastYear)
	}
	if e.Elapsed > maxElapsed {
		return errors.New("it says that it began more than ten years before")
	}
	for _, s := range []string{e.Subscriber, e.Line, e.Client} {
		if len(s) > 4*table.MaxField || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return errors.New("a text is too long, or holds NUL or no UTF-8")
		}
	}
	switch {
	case e.Session == "" || !utf8.ValidString(e.Session) || strings.ContainsRune(e.Session, 0):
		return errors.New("it names no session, or one with NUL or no UTF-8")
	case !e.Sender.IsValid():
		return errors.New("it has no sender")
	case e.Kind == Restart || e.Kind == Closed:
		return nil
	case !e.Address.IsValid() || e.Address != e.Address.Masked() || e.Address.Addr().Is4In6() || e.Address.Addr().Zone() != "":
		return errors.New("its address is none, or has bits behind its length")
	case e.Address.Addr().IsUnspecified() || e.Address.Addr().IsMulticast() || e.Address.Addr() == broadcast:
		return errors.New("its address is nobody's")
	case e.Address.Addr().Is4() && e.Address.Bits() != 32 || e.Address.Addr().Is6() && e.Address.Bits() < shortestPrefix:
		return errors.New("its prefix is shorter than any subscriber's")
	case e.Ports && e.First > e.Last:
		return errors.New("its first port is after the last")
	case e.Subscriber == "" && e.Line == "" && e.Client == "" && !e.Inside.IsValid():
		return errors.New("it names nobody")
	}
	return nil
}

// internal is the event as fold takes it.
func (e *Event) internal(line int) *event {
	x := &event{at: e.At.UTC().Truncate(time.Microsecond), elapsed: e.Elapsed}
	switch e.Kind {
	case Began:
		x.kind = start
	case Alive:
		x.kind = interim
	case Ended, Restart, Closed:
		x.kind = stop
	}
	x.address, x.session, x.line = e.Address, e.Session, line
	if e.Ports {
		x.ports = ports{true, int(e.First), int(e.Last)}
	}
	if e.Inside.IsValid() {
		x.inside, x.insidePort = e.Inside.Unmap(), int(e.InsidePort)
	}
	x.holder = holder{subscriber: e.Subscriber, circuit: e.Line, client: e.Client}
	if hw, ok := mac(e.Client); ok {
		x.mac, x.client = hw, ""
	}
	return x
}
