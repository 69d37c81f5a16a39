package print

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"calltrail/cdr/record"
)

// row is what csv and table show of a record or event: calls as they are, other kinds fitted to the same fields.
type row struct {
	record.Call
	event    string // what a registration was: login, logout, change, refused; what became of a message; a coverage event's state
	contact  string
	expiresS *int64
	coverage *record.Coverage // of a coverage event
}

// decode reads one record or event. Most are calls, so it is read as one first: a schema that does not fit is known
// by its name even then.
func decode(body []byte) (*row, error) {
	r := new(row)
	err := json.Unmarshal(body, &r.Call)
	switch r.Schema {
	case record.SchemaCall:
		if err != nil {
			return nil, fmt.Errorf("record of schema %s: %w", r.Schema, err)
		}
		if r.SIP != nil {
			r.contact = r.SIP.Contact
		}
		return r, nil
	case record.SchemaRegistration:
		var g record.Registration
		if err := json.Unmarshal(body, &g); err != nil {
			return nil, fmt.Errorf("record of schema %s: %w", r.Schema, err)
		}
		return registration(&g), nil
	case record.SchemaMessage:
		var m record.Message
		if err := json.Unmarshal(body, &m); err != nil {
			return nil, fmt.Errorf("record of schema %s: %w", r.Schema, err)
		}
		return message(&m), nil
	case record.SchemaCoverage:
		var c record.Coverage
		if err := json.Unmarshal(body, &c); err != nil {
			return nil, fmt.Errorf("record of schema %s: %w", r.Schema, err)
		}
		return covered(&c), nil
	case "":
		if err != nil {
			return nil, fmt.Errorf("not a record: %w", err)
		}
	}
	return nil, fmt.Errorf("a record has schema %q, which this program cannot show; use the format jsonl", Visible(r.Schema))
}

func registration(g *record.Registration) *row {
	status := g.Status
	return &row{
		Call: record.Call{
			RecordID: g.RecordID, Schema: g.Schema, Kind: g.Kind, Day: g.Day, Sensor: g.Sensor, Tap: g.Tap, LegalBasis: g.LegalBasis,
			Caller: g.AOR, AuthUser: g.AuthUser, AuthRealm: g.AuthRealm,
			SIP: &record.SIP{CallID: g.CallID, Transport: g.Transport, UserAgent: g.UserAgent, Status: &status},
			Src: g.Src, Dst: g.Dst, Tunnel: g.Tunnel, VLAN: g.VLAN, StartedAt: g.At, Flags: g.Flags, Observer: g.Observer,
		},
		event: g.Event, contact: g.Contact, expiresS: g.ExpiresS,
	}
}

func message(m *record.Message) *row {
	r := &row{
		Call: record.Call{
			RecordID: m.RecordID, Schema: m.Schema, Kind: m.Kind, Day: m.Day, Sensor: m.Sensor, Tap: m.Tap, LegalBasis: m.LegalBasis,
			Caller: m.Caller, Asserted: m.Asserted, Callee: m.Callee, ReqURI: m.ReqURI,
			SIP: &record.SIP{CallID: m.CallID, Transport: m.Transport, UserAgent: m.UserAgent, Status: m.Status},
			Src: m.Src, Dst: m.Dst, Tunnel: m.Tunnel, VLAN: m.VLAN, StartedAt: m.At, Flags: m.Flags, Observer: m.Observer,
		},
		event: "unanswered",
	}
	switch {
	case m.Status == nil:
	case *m.Status < 300:
		r.event = "accepted"
	default:
		r.event = "refused"
	}
	return r
}

func covered(c *record.Coverage) *row {
	span := int64(c.To-c.From) / 1000
	return &row{
		Call: record.Call{
			RecordID: c.RecordID, Schema: c.Schema, Kind: c.Kind, Day: c.Day, Sensor: c.Sensor, Tap: &c.Tap,
			StartedAt: c.From, EndedAt: c.To, DurationMS: &span, Observer: c.Observer,
		},
		event: c.State, coverage: c,
	}
}

// notes is what a reader must not miss: spoofing rules and flags; of a TLS connection, a call in an application or one of media
// alone what is all that is known of it; of a coverage event its tap and what was lost.
func (r *row) notes() []string {
	c := r.coverage
	if c == nil {
		return slices.Concat(r.connection(), r.application(), r.streams(), rules(&r.Call), r.Flags)
	}
	list := []string{"tap " + c.Tap}
	for _, n := range []struct {
		count uint64
		what  string
	}{
		{c.KernelDrops, "packets dropped by the kernel"},
		{c.NICMissed, "packets missed by the card"},
		{c.SoftnetDropped, "packets dropped by the host"},
		{uint64(max(c.DownMS, 0)), "ms down"},
	} {
		if n.count > 0 {
			list = append(list, strconv.FormatUint(n.count, 10)+" "+n.what)
		}
	}
	return []string{strings.Join(list, ", ")}
}

// connection says where a TLS connection went, and how much of it there was; nil for other records.
func (r *row) connection() []string {
	if r.TLS == nil {
		return nil
	}
	words := "TLS"
	if r.TLS.Version != "" {
		words += " " + r.TLS.Version
	}
	if r.Dst != nil {
		words += " to " + endpoint(&record.Addr{IP: r.Dst.IP, Port: r.Dst.Port})
	}
	if up, down := r.TLS.OctetsUp, r.TLS.OctetsDown; up != nil && down != nil {
		words += ", " + volume(*up, *down, "octets")
	}
	return []string{words}
}

// called is what is known of who or what was called: of a TLS connection the server's name, of a call in an application that of
// the application.
func (r *row) called() string {
	switch {
	case r.TLS != nil:
		return r.TLS.ServerName
	case r.App != nil:
		return r.App.Name
	}
	return number(&r.Callee)
}

// number is how a party is called: E.164, else the user as sent, else the host.
func number(p *record.Party) string {
	for _, s := range []string{p.E164, p.User, p.Host} {
		if s != "" {
			return s
		}
	}
	return ""
}

// place is the most exact words for a location: "Mumbai, IN".
func place(l *record.Location) string {
	if l == nil {
		return ""
	}
	var parts []string
	for _, s := range []string{l.City, l.Country} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// rules is the names of the indicators.
func rules(r *record.Call) []string {
	out := make([]string, len(r.Indicators))
	for i, x := range r.Indicators {
		out[i] = x.Rule
	}
	return out
}
