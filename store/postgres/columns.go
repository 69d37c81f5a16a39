package postgres

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"calltrail/cdr/record"
)

// column is one column of a table and where its value comes from. Name and value stand side by side, so a row cannot
// get out of step with its table.
type column[T any] struct {
	name  string
	value func(*T) any
}

func names[T any](columns []column[T]) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.name
	}
	return list
}

func values[T any](columns []column[T], row *T) []any {
	list := make([]any, len(columns))
	for i, c := range columns {
		list[i] = c.value(row)
	}
	return list
}

// partyColumns are the columns of one side of a call.
func partyColumns[T any](prefix string, of func(*T) *record.Party) []column[T] {
	field := func(name string, get func(*record.Party) string) column[T] {
		return column[T]{prefix + name, func(r *T) any { return text(get(of(r))) }}
	}
	return []column[T]{
		field("_raw", func(p *record.Party) string { return p.Raw }),
		field("_display", func(p *record.Party) string { return p.Display }),
		field("_user", func(p *record.Party) string { return p.User }),
		field("_host", func(p *record.Party) string { return p.Host }),
		field("_e164", func(p *record.Party) string { return p.E164 }),
		field("_country", func(p *record.Party) string { return p.Country }),
		field("_range_region", func(p *record.Party) string { return p.RangeRegion }),
		field("_range_carrier", func(p *record.Party) string { return p.RangeCarrier }),
		field("_number_type", func(p *record.Party) string { return p.NumberType }),
	}
}

// linkColumns are the columns of a trunk.
func linkColumns(prefix string, of func(*callRow) *record.Link) []column[callRow] {
	field := func(name string, get func(*record.Link) string) column[callRow] {
		return column[callRow]{prefix + name, func(r *callRow) any {
			if l := of(r); l != nil {
				return text(get(l))
			}
			return nil
		}}
	}
	return []column[callRow]{
		field("_peer", func(l *record.Link) string { return l.Peer }),
		field("_trunk", func(l *record.Link) string { return l.Trunk }),
		field("_interface", func(l *record.Link) string { return l.Interface }),
	}
}

// assertedColumns are the columns of the identity that a network asserted.
func assertedColumns[T any](of func(*T) *record.Asserted) []column[T] {
	field := func(name string, get func(*record.Asserted) string) column[T] {
		return column[T]{"asserted_" + name, func(r *T) any {
			if a := of(r); a != nil {
				return text(get(a))
			}
			return nil
		}}
	}
	return []column[T]{
		field("raw", func(a *record.Asserted) string { return a.Raw }),
		field("header", func(a *record.Asserted) string { return a.Header }),
		field("e164", func(a *record.Asserted) string { return a.E164 }),
		field("country", func(a *record.Asserted) string { return a.Country }),
	}
}

// endColumns are the columns of one end of the signalling, with its place.
func endColumns[T any](prefix string, of func(*T) *record.End) []column[T] {
	field := func(name string, get func(*record.End) any) column[T] {
		return column[T]{prefix + name, func(r *T) any {
			if e := of(r); e != nil {
				return get(e)
			}
			return nil
		}}
	}
	place := func(name string, get func(*record.Location) any) column[T] {
		return field("_location_"+name, func(e *record.End) any {
			if e.Location == nil {
				return nil
			}
			return get(e.Location)
		})
	}
	return []column[T]{
		field("_ip", func(e *record.End) any { return ip(e.IP) }),
		field("_port", func(e *record.End) any { return port(e.IP, e.Port) }),
		place("country", func(l *record.Location) any { return text(l.Country) }),
		place("subdivision", func(l *record.Location) any { return text(l.Subdivision) }),
		place("city", func(l *record.Location) any { return text(l.City) }),
		place("latitude", func(l *record.Location) any { return optional(l.Latitude) }),
		place("longitude", func(l *record.Location) any { return optional(l.Longitude) }),
		place("accuracy_km", func(l *record.Location) any {
			if l.AccuracyKM == nil {
				return nil
			}
			return int32(*l.AccuracyKM)
		}),
		place("method", func(l *record.Location) any { return text(l.Method) }),
		place("of", func(l *record.Location) any { return text(l.Of) }),
		field("_as_number", func(e *record.End) any {
			if e.ASNumber == 0 {
				return nil
			}
			return int64(e.ASNumber)
		}),
		field("_as_org", func(e *record.End) any { return text(e.ASOrg) }),
		field("_network", func(e *record.End) any { return text(e.Network) }),
		field("_role", func(e *record.End) any { return text(e.Role) }),
	}
}

// datedColumns are the columns of what the place of an end is known by.
func datedColumns[T any](prefix string, of func(*T) *record.End, observer func(*T) *record.Observer) []column[T] {
	place := func(name string, get func(*record.Location, *record.Observer) any) column[T] {
		return column[T]{prefix + "_location_" + name, func(r *T) any {
			if e := of(r); e != nil && e.Location != nil {
				return get(e.Location, observer(r))
			}
			return nil
		}}
	}
	return []column[T]{
		place("dated", dated),
		place("line", func(l *record.Location, _ *record.Observer) any { return text(l.Line) }),
	}
}

// dated is the day of the list's row, or of the database that was asked for the address, which the record has among those of its
// observer: what depends on who looked is no part of what was observed. A day that is none is NULL; record_body has it.
func dated(l *record.Location, o *record.Observer) any {
	if l.Dated != "" {
		day, err := time.Parse(time.DateOnly, l.Dated)
		if err != nil {
			return nil
		}
		return date(day)
	}
	if l.Method != "geoip" {
		return nil
	}
	for _, d := range o.Databases {
		if d.Kind == "city" { // sensors that told no kinds are older than this column
			return date(d.Built.Std().UTC().Truncate(24 * time.Hour))
		}
	}
	return nil
}

// observerColumns are the columns of who looked.
func observerColumns[T any](of func(*T) *record.Observer) []column[T] {
	clock := func(name string, get func(*record.Clock) any) column[T] {
		return column[T]{"observer_clock_" + name, func(r *T) any {
			if c := of(r).Clock; c != nil {
				return get(c)
			}
			return nil
		}}
	}
	return []column[T]{
		{"observer_version", func(r *T) any { return text(of(r).Version) }},
		{"observer_config_hash", func(r *T) any { return text(of(r).ConfigHash) }},
		{"observer_file", func(r *T) any { return text(of(r).File) }},
		clock("source", func(c *record.Clock) any { return text(c.Source) }),
		clock("reference", func(c *record.Clock) any { return text(c.Reference) }),
		clock("synced", func(c *record.Clock) any { return c.Synced }),
		clock("offset_us", func(c *record.Clock) any { return c.OffsetUS }),
		clock("error_us", func(c *record.Clock) any { return c.ErrorUS }),
		{"observer_databases", func(r *T) any {
			if len(of(r).Databases) == 0 {
				return nil
			}
			return of(r).Databases
		}},
		{"observer_ruleset", func(r *T) any { return text(of(r).Ruleset) }},
	}
}

// The functions below turn what a record says by absence into NULL.

func text[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return string(s)
}

func optional[V any](v *V) any {
	if v == nil {
		return nil
	}
	return *v
}

func stamp(t record.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Std()
}

func ip(a netip.Addr) any {
	if !a.IsValid() {
		return nil
	}
	// inet has no zone, and an IPv4 address must compare equal however it was written.
	return netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen())
}

func port(a netip.Addr, p uint16) any {
	if !a.IsValid() {
		return nil
	}
	return int32(p)
}

func object(raw json.RawMessage) any {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}

func vlans(ids []uint16) any {
	if len(ids) == 0 {
		return nil
	}
	list := make([]int32, len(ids))
	for i, id := range ids {
		list[i] = int32(id)
	}
	return list
}

func id(u [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: u, Valid: true} }

func date(t time.Time) pgtype.Date { return pgtype.Date{Time: t, Valid: true} }
