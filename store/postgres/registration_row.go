package postgres

import (
	"encoding/json"
	"slices"
	"time"

	"calltrail/cdr/record"
)

// registrationRow is a registration as it is stored.
type registrationRow struct {
	record.Registration
	// These hide the members of Registration of the same names.
	Tunnel json.RawMessage `json:"tunnel"`
	Octets json.RawMessage `json:"octets"`

	day        time.Time
	receivedAt time.Time
}

// registrationColumns are the columns of calltrail.registration.
var registrationColumns = slices.Concat(
	[]column[registrationRow]{
		{"day", func(r *registrationRow) any { return date(r.day) }},
		{"record_id", func(r *registrationRow) any { return id(r.RecordID) }},
		{"schema", func(r *registrationRow) any { return r.Schema }},
		{"kind", func(r *registrationRow) any { return string(r.Kind) }},
		{"sensor", func(r *registrationRow) any { return r.Sensor }},
		{"tap", func(r *registrationRow) any { return optional(r.Tap) }},
		{"event", func(r *registrationRow) any { return r.Event }},
		{"at", func(r *registrationRow) any { return stamp(r.At) }},
	},
	partyColumns("aor", func(r *registrationRow) *record.Party { return &r.AOR }),
	[]column[registrationRow]{
		{"contact", func(r *registrationRow) any { return text(r.Contact) }},
		{"expires_s", func(r *registrationRow) any { return optional(r.ExpiresS) }},
		{"status", func(r *registrationRow) any { return int16(r.Status) }},
		{"auth_user", func(r *registrationRow) any { return text(r.AuthUser) }},
		{"auth_realm", func(r *registrationRow) any { return text(r.AuthRealm) }},
		{"user_agent", func(r *registrationRow) any { return text(r.UserAgent) }},
		{"call_id", func(r *registrationRow) any { return r.CallID }},
	},
	endColumns("src", func(r *registrationRow) *record.End { return r.Src }),
	endColumns("dst", func(r *registrationRow) *record.End { return r.Dst }),
	[]column[registrationRow]{
		{"vlan", func(r *registrationRow) any { return vlans(r.VLAN) }},
		{"octets", func(r *registrationRow) any { return object(r.Octets) }},
	},
	observerColumns(func(r *registrationRow) *record.Observer { return &r.Observer }),
	[]column[registrationRow]{
		{"received_at", func(r *registrationRow) any { return r.receivedAt }},
		{"legal_basis", func(r *registrationRow) any { return text(r.LegalBasis) }},
		{"flags", func(r *registrationRow) any {
			if len(r.Flags) == 0 {
				return nil
			}
			return r.Flags
		}},
		{"transport", func(r *registrationRow) any { return text(r.Transport) }},
		{"tunnel", func(r *registrationRow) any { return object(r.Tunnel) }},
	},
	datedColumns("src", func(r *registrationRow) *record.End { return r.Src }, func(r *registrationRow) *record.Observer { return &r.Observer }),
	datedColumns("dst", func(r *registrationRow) *record.End { return r.Dst }, func(r *registrationRow) *record.Observer { return &r.Observer }),
)
