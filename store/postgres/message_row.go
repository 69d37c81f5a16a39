package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"calltrail/cdr/record"
)

// messageRow is the event of a SIP MESSAGE as it is stored.
type messageRow struct {
	record.Message
	// These hide the members of Message of the same names.
	Tunnel json.RawMessage `json:"tunnel"`
	Octets json.RawMessage `json:"octets"`

	day        time.Time
	receivedAt time.Time
}

// messageColumns are the columns of calltrail.message.
var messageColumns = slices.Concat(
	[]column[messageRow]{
		{"day", func(r *messageRow) any { return date(r.day) }},
		{"record_id", func(r *messageRow) any { return id(r.RecordID) }},
		{"schema", func(r *messageRow) any { return r.Schema }},
		{"kind", func(r *messageRow) any { return string(r.Kind) }},
		{"sensor", func(r *messageRow) any { return r.Sensor }},
		{"tap", func(r *messageRow) any { return optional(r.Tap) }},
		{"legal_basis", func(r *messageRow) any { return text(r.LegalBasis) }},
		{"at", func(r *messageRow) any { return stamp(r.At) }},
	},
	partyColumns("caller", func(r *messageRow) *record.Party { return &r.Caller }),
	assertedColumns(func(r *messageRow) *record.Asserted { return r.Asserted }),
	partyColumns("callee", func(r *messageRow) *record.Party { return &r.Callee }),
	[]column[messageRow]{
		{"request_uri", func(r *messageRow) any { return text(r.ReqURI) }},
		{"call_id", func(r *messageRow) any { return r.CallID }},
		{"transport", func(r *messageRow) any { return r.Transport }},
		{"user_agent", func(r *messageRow) any { return text(r.UserAgent) }},
		{"status", func(r *messageRow) any { return optional(r.Status) }},
	},
	endColumns("src", func(r *messageRow) *record.End { return r.Src }),
	endColumns("dst", func(r *messageRow) *record.End { return r.Dst }),
	[]column[messageRow]{
		{"tunnel", func(r *messageRow) any { return object(r.Tunnel) }},
		{"vlan", func(r *messageRow) any { return vlans(r.VLAN) }},
		{"flags", func(r *messageRow) any {
			if r.Flags == nil {
				return []string{}
			}
			return r.Flags
		}},
		{"octets", func(r *messageRow) any { return object(r.Octets) }},
	},
	observerColumns(func(r *messageRow) *record.Observer { return &r.Observer }),
	[]column[messageRow]{
		{"received_at", func(r *messageRow) any { return r.receivedAt }},
	},
	datedColumns("src", func(r *messageRow) *record.End { return r.Src }, func(r *messageRow) *record.Observer { return &r.Observer }),
	datedColumns("dst", func(r *messageRow) *record.End { return r.Dst }, func(r *messageRow) *record.Observer { return &r.Observer }),
)

// fault says what keeps an event from being stored; empty: nothing.
func (r *messageRow) fault() string {
	switch {
	case r.CallID == "" || r.Transport == "":
		return "no call_id or no transport"
	case !small(r.Status):
		return fmt.Sprintf("status %d", *r.Status)
	}
	return ""
}

// messageEndpoints lists the addresses of a message: it was there at one moment, and so were they.
func messageEndpoints(r *messageRow) []endpoint {
	var list endpoints
	if r.Src != nil {
		list.add("message_source", record.Addr{IP: r.Src.IP, Port: r.Src.Port}, r.At, r.At)
	}
	if r.Dst != nil {
		list.add("message_destination", record.Addr{IP: r.Dst.IP, Port: r.Dst.Port}, r.At, r.At)
	}
	return list
}
