package postgres

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"calltrail/cdr/record"
)

// callRow is a call record as it is stored: read from its exact bytes, with the members that go into jsonb columns left
// as they were written, so that a newer sensor's additions to them are kept.
type callRow struct {
	record.Call
	// These hide the members of Call of the same names.
	SIP        *sipRow         `json:"sip"`
	Redirects  json.RawMessage `json:"redirects"`
	Path       json.RawMessage `json:"path"`
	Tunnel     json.RawMessage `json:"tunnel"`
	Media      json.RawMessage `json:"media"`
	Indicators json.RawMessage `json:"indicators"`
	Octets     json.RawMessage `json:"octets"`
	Stated     json.RawMessage `json:"stated_location"`

	day        time.Time
	receivedAt time.Time
}

type sipRow struct {
	record.SIP
	Methods     json.RawMessage `json:"methods"`
	Attempts    json.RawMessage `json:"attempts"`
	Conflicting json.RawMessage `json:"conflicting"`
}

// callColumns are the columns of calltrail.call_record.
var callColumns = slices.Concat(
	[]column[callRow]{
		{"day", func(r *callRow) any { return date(r.day) }},
		{"record_id", func(r *callRow) any { return id(r.RecordID) }},
		{"schema", func(r *callRow) any { return r.Schema }},
		{"call_uid", func(r *callRow) any { return id(r.CallUID) }},
		{"revision", func(r *callRow) any { return int32(r.Revision) }},
		{"final", func(r *callRow) any { return r.Final }},
		{"kind", func(r *callRow) any { return string(r.Kind) }},
		{"sensor", func(r *callRow) any { return r.Sensor }},
		{"tap", func(r *callRow) any { return optional(r.Tap) }},
		{"legal_basis", func(r *callRow) any { return text(r.LegalBasis) }},
		{"group_uid", func(r *callRow) any {
			if r.GroupUID == nil {
				return nil
			}
			return id(*r.GroupUID)
		}},
		{"group_method", func(r *callRow) any { return text(r.GroupMethod) }},
		{"direction", func(r *callRow) any { return text(r.Direction) }},
	},
	partyColumns("caller", func(r *callRow) *record.Party { return &r.Caller }),
	assertedColumns(func(r *callRow) *record.Asserted { return r.Asserted }),
	[]column[callRow]{
		{"auth_user", func(r *callRow) any { return text(r.AuthUser) }},
		{"auth_realm", func(r *callRow) any { return text(r.AuthRealm) }},
		{"privacy", func(r *callRow) any { return text(r.Privacy) }},
	},
	partyColumns("callee", func(r *callRow) *record.Party { return &r.Callee }),
	[]column[callRow]{
		{"request_uri", func(r *callRow) any { return text(r.ReqURI) }},
		connected("connected_raw", func(c *record.Connected) string { return c.Raw }),
		connected("connected_e164", func(c *record.Connected) string { return c.E164 }),
		{"redirects", func(r *callRow) any { return object(r.Redirects) }},
		sip("sip_call_id", func(s *sipRow) any { return text(s.CallID) }),
		sip("sip_from_tag", func(s *sipRow) any { return text(s.FromTag) }),
		sip("sip_to_tag", func(s *sipRow) any { return text(s.ToTag) }),
		sip("sip_session_id", func(s *sipRow) any { return text(s.SessionID) }),
		sip("sip_icid", func(s *sipRow) any { return text(s.ICID) }),
		sip("sip_transport", func(s *sipRow) any { return text(s.Transport) }),
		sip("sip_user_agent", func(s *sipRow) any { return text(s.UserAgent) }),
		sip("sip_server_agent", func(s *sipRow) any { return text(s.ServerAgent) }),
		sip("sip_instance_id", func(s *sipRow) any { return text(s.InstanceID) }),
		sip("sip_via", func(s *sipRow) any {
			if len(s.Via) == 0 {
				return nil
			}
			return s.Via
		}),
		sip("sip_contact", func(s *sipRow) any { return text(s.Contact) }),
		sip("sip_methods", func(s *sipRow) any { return object(s.Methods) }),
		sip("sip_attempts", func(s *sipRow) any { return object(s.Attempts) }),
		sip("sip_emergency", func(s *sipRow) any {
			if !s.Emergency {
				return nil
			}
			return true
		}),
		sip("sip_status", func(s *sipRow) any { return optional(s.Status) }),
		sip("sip_reason", func(s *sipRow) any { return text(s.Reason) }),
		sip("sip_q850", func(s *sipRow) any { return optional(s.Q850) }),
	},
	endColumns("src", func(r *callRow) *record.End { return r.Src }),
	endColumns("dst", func(r *callRow) *record.End { return r.Dst }),
	[]column[callRow]{
		{"src_via_ip", func(r *callRow) any {
			if r.SrcVia == nil {
				return nil
			}
			return ip(r.SrcVia.IP)
		}},
		{"src_via_port", func(r *callRow) any {
			if r.SrcVia == nil {
				return nil
			}
			return port(r.SrcVia.IP, r.SrcVia.Port)
		}},
		{"path", func(r *callRow) any { return object(r.Path) }},
		{"tunnel", func(r *callRow) any { return object(r.Tunnel) }},
		{"vlan", func(r *callRow) any { return vlans(r.VLAN) }},
		cell("cell_type", func(c *record.CellInfo) string { return c.Type }),
		cell("cell_id", func(c *record.CellInfo) string { return c.ID }),
		{"started_at", func(r *callRow) any { return stamp(r.StartedAt) }},
		{"ringing_at", func(r *callRow) any { return stamp(r.RingingAt) }},
		{"answered_at", func(r *callRow) any { return stamp(r.AnsweredAt) }},
		{"ended_at", func(r *callRow) any { return stamp(r.EndedAt) }},
		{"ring_ms", func(r *callRow) any { return optional(r.RingMS) }},
		{"duration_ms", func(r *callRow) any { return optional(r.DurationMS) }},
		{"last_seen_at", func(r *callRow) any { return stamp(r.LastSeenAt) }},
		{"disposition", func(r *callRow) any { return string(r.Disposition) }},
		{"ended_by", func(r *callRow) any { return text(r.EndedBy) }},
		{"visibility", func(r *callRow) any { return string(r.Visibility) }},
		{"flags", func(r *callRow) any {
			if r.Flags == nil {
				return []string{}
			}
			return r.Flags
		}},
		{"media", func(r *callRow) any { return object(r.Media) }},
		passport("passport_orig", func(p *record.Passport) any { return text(p.Orig) }),
		passport("passport_dest", func(p *record.Passport) any {
			if len(p.Dest) == 0 {
				return nil
			}
			return p.Dest
		}),
		passport("passport_attest", func(p *record.Passport) any { return text(p.Attest) }),
		passport("passport_origid", func(p *record.Passport) any { return text(p.OrigID) }),
		passport("passport_iat", func(p *record.Passport) any { return stamp(p.IAT) }),
		passport("passport_verified", func(p *record.Passport) any { return optional(p.Verified) }),
		{"indicators", func(r *callRow) any { return object(r.Indicators) }},
		{"octets", func(r *callRow) any { return object(r.Octets) }},
	},
	observerColumns(func(r *callRow) *record.Observer { return &r.Observer }),
	[]column[callRow]{
		{"received_at", func(r *callRow) any { return r.receivedAt }},
		cell("cell_mcc", func(c *record.CellInfo) string { return c.MCC }),
		cell("cell_mnc", func(c *record.CellInfo) string { return c.MNC }),
		cell("cell_area", func(c *record.CellInfo) string { return c.Area }),
		cell("cell_ci", func(c *record.CellInfo) string { return c.Cell }),
		{"cell_network_provided", func(r *callRow) any {
			if r.Cell == nil || !r.Cell.NetworkProvided {
				return nil
			}
			return true
		}},
		passport("passport_reason", func(p *record.Passport) any { return text(p.Reason) }),
		tls("tls_server_name", func(t *record.TLS) any { return text(t.ServerName) }),
		tls("tls_alpn", func(t *record.TLS) any {
			if len(t.ALPN) == 0 {
				return nil
			}
			return t.ALPN
		}),
		tls("tls_version", func(t *record.TLS) any { return text(t.Version) }),
		tls("tls_packets_up", func(t *record.TLS) any { return count(t.PacketsUp) }),
		tls("tls_packets_down", func(t *record.TLS) any { return count(t.PacketsDown) }),
		tls("tls_octets_up", func(t *record.TLS) any { return count(t.OctetsUp) }),
		tls("tls_octets_down", func(t *record.TLS) any { return count(t.OctetsDown) }),
		sip("sip_conflicting", func(s *sipRow) any { return object(s.Conflicting) }),
	},
	appColumns,
	linkColumns("ingress", func(r *callRow) *record.Link { return r.Ingress }),
	linkColumns("egress", func(r *callRow) *record.Link { return r.Egress }),
	datedColumns("src", func(r *callRow) *record.End { return r.Src }, func(r *callRow) *record.Observer { return &r.Observer }),
	[]column[callRow]{{"src_location_said_by", func(r *callRow) any {
		if r.Src == nil || r.Src.Location == nil {
			return nil
		}
		return text(r.Src.Location.SaidBy)
	}}},
	datedColumns("dst", func(r *callRow) *record.End { return r.Dst }, func(r *callRow) *record.Observer { return &r.Observer }),
	[]column[callRow]{{"stated_location", func(r *callRow) any { return object(r.Stated) }}},
)

// fault says what keeps a call from being stored; empty: nothing.
func (r *callRow) fault() string {
	switch {
	case r.CallUID == uuid.Nil:
		return "no call_uid"
	case r.Revision < 1 || r.Revision > math.MaxInt32:
		return fmt.Sprintf("revision %d", r.Revision)
	case r.Disposition == "" || r.Visibility == "":
		return "no disposition or no visibility"
	case r.SIP != nil && (!small(r.SIP.Status) || !small(r.SIP.Q850)):
		return "sip.status or sip.q850 out of range"
	}
	if t := r.TLS; t != nil {
		return overflow(t.PacketsUp, t.PacketsDown, t.OctetsUp, t.OctetsDown)
	}
	if a := r.App; a != nil {
		return overflow(a.PacketsUp, a.PacketsDown, a.OctetsUp, a.OctetsDown)
	}
	return ""
}

// overflow names a count that a bigint does not hold; empty: none.
func overflow(counts ...*uint64) string {
	for _, n := range counts {
		if n != nil && *n > math.MaxInt64 {
			return fmt.Sprintf("a count of %d is more than the store holds", *n)
		}
	}
	return ""
}

func connected(name string, get func(*record.Connected) string) column[callRow] {
	return column[callRow]{name, func(r *callRow) any {
		if r.Connected == nil {
			return nil
		}
		return text(get(r.Connected))
	}}
}

func sip(name string, get func(*sipRow) any) column[callRow] {
	return column[callRow]{name, func(r *callRow) any {
		if r.SIP == nil {
			return nil
		}
		return get(r.SIP)
	}}
}

func passport(name string, get func(*record.Passport) any) column[callRow] {
	return column[callRow]{name, func(r *callRow) any {
		if r.Passport == nil {
			return nil
		}
		return get(r.Passport)
	}}
}

func cell(name string, get func(*record.CellInfo) string) column[callRow] {
	return column[callRow]{name, func(r *callRow) any {
		if r.Cell == nil {
			return nil
		}
		return text(get(r.Cell))
	}}
}

func tls(name string, get func(*record.TLS) any) column[callRow] {
	return column[callRow]{name, func(r *callRow) any {
		if r.TLS == nil {
			return nil
		}
		return get(r.TLS)
	}}
}

// count is a number that callRow.fault has held to what a bigint takes.
func count(n *uint64) any {
	if n == nil {
		return nil
	}
	return int64(*n) //nolint:gosec // fault bounds it
}
