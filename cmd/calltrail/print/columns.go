package print

import (
	"slices"
	"strconv"
	"strings"

	"calltrail/cdr/record"
)

// columns is the CSV, left to right. New columns go to the end: programs may count.
var columns = slices.Concat(
	[]column{
		{"record_id", "identity of this record", true, func(r *row) string { return r.RecordID.String() }},
		{"call_uid", "identity of the call; the same in all its revisions", true, func(r *row) string {
			if r.Schema != record.SchemaCall {
				return ""
			}
			return r.CallUID.String()
		}},
		{"revision", "1, 2, 3 … within the call", true, func(r *row) string { return positive(uint64(max(r.Revision, 0))) }},
		{"final", "true: the last regular revision", true, func(r *row) string {
			if r.Schema != record.SchemaCall {
				return ""
			}
			return strconv.FormatBool(r.Final)
		}},
		{"kind", "sip, media, app, tls, registration, message or coverage", false, func(r *row) string { return string(r.Kind) }},
		{"event", "of a registration: login, logout, change, refused; of a message: accepted, refused, unanswered; of coverage: complete, lossy, one_way, down", false, func(r *row) string { return r.event }},
		{"sensor", "who observed it", false, func(r *row) string { return r.Sensor }},
	},
	timeColumns("start", "first INVITE; of a registration its answer; of a message its request; of the other kinds its first packet; of coverage from when on the tap was listened to", func(r *row) record.Time { return r.StartedAt }),
	timeColumns("answer", "first 2xx", func(r *row) record.Time { return r.AnsweredAt }),
	timeColumns("end", "end of the call or connection; of coverage until when", func(r *row) record.Time { return r.EndedAt }),
	[]column{
		{"ring_ms", "milliseconds of ringing", true, func(r *row) string { return integer(r.RingMS) }},
		{"duration_ms", "milliseconds from answer to end; of kind tls, app and media from start to end", true, func(r *row) string { return integer(r.DurationMS) }},
		{"caller", "user part of From as sent; of a registration the address of record", false, func(r *row) string { return r.Caller.User }},
		{"caller_e164", "the caller as an international number, if it is one", false, func(r *row) string { return r.Caller.E164 }},
		{"caller_display", "name shown", false, func(r *row) string { return r.Caller.Display }},
		{"caller_country", "country of the caller's number", false, func(r *row) string { return r.Caller.Country }},
		{"asserted_e164", "number the network asserted for the caller", false, func(r *row) string {
			if r.Asserted == nil {
				return ""
			}
			return r.Asserted.E164
		}},
		{"auth_user", "user name of the caller's authentication", false, func(r *row) string { return r.AuthUser }},
		{"callee", "user part of To as sent", false, func(r *row) string { return r.Callee.User }},
		{"callee_e164", "the callee as an international number, if it is one", false, func(r *row) string { return r.Callee.E164 }},
		{"callee_country", "country of the callee's number", false, func(r *row) string { return r.Callee.Country }},
		{"connected_e164", "number that answered, when the network said so", false, func(r *row) string {
			if r.Connected == nil {
				return ""
			}
			return r.Connected.E164
		}},
		{"redirected_from", "numbers the call was diverted by, first to last, separated by ;", false, func(r *row) string {
			out := make([]string, len(r.Redirects))
			for i, d := range r.Redirects {
				if out[i] = d.E164; out[i] == "" {
					out[i] = d.Raw
				}
			}
			return strings.Join(out, ";")
		}},
		{"disposition", "how the call ended", false, func(r *row) string { return string(r.Disposition) }},
		{"ended_by", "who ended it", false, func(r *row) string { return string(r.EndedBy) }},
		{"sip_status", "final response", true, sipColumn(func(s *record.SIP) string { return integer(s.Status) })},
		{"direction", "originating, terminating, on_net, transit, unknown", false, func(r *row) string { return r.Direction }},
	},
	endColumns("src", "source of the first INVITE; of kind tls and app the client; of kind media the end that sent first", func(r *row) *record.End { return r.Src }),
	endColumns("dst", "destination of the first INVITE; of kind tls the server; of kind app the other party, or the relay; of kind media the other end", func(r *row) *record.End { return r.Dst }),
	[]column{
		{"call_id", "SIP Call-ID", false, sipColumn(func(s *record.SIP) string { return s.CallID })},
		{"transport", "SIP transport", false, sipColumn(func(s *record.SIP) string { return s.Transport })},
		{"user_agent", "the caller's program", false, sipColumn(func(s *record.SIP) string { return s.UserAgent })},
		{"contact", "the caller's contact", false, func(r *row) string { return r.contact }},
		{"expires_s", "of a registration: seconds granted", true, func(r *row) string { return integer(r.expiresS) }},
		{"media_packets", "RTP packets, each sequence number once, of all streams but foreign ones", true, func(r *row) string {
			var sum uint64
			for _, m := range r.Media {
				if m.Packets != nil && !m.Foreign {
					sum += *m.Packets
				}
			}
			return positive(sum)
		}},
		{"visibility", "how much of the call was seen", false, func(r *row) string { return string(r.Visibility) }},
		{"flags", "what is special, separated by ;", false, func(r *row) string { return strings.Join(r.Flags, ";") }},
		{"indicators", "spoofing rules that hold, separated by ;", false, func(r *row) string { return strings.Join(rules(&r.Call), ";") }},
		{"legal_basis", "why it was recorded", false, func(r *row) string { return r.LegalBasis }},
		{"file", "capture file", false, func(r *row) string { return r.Observer.File }},
		{"tap", "interface", false, func(r *row) string {
			if r.Tap == nil {
				return ""
			}
			return *r.Tap
		}},
		coverageColumn("tap_packets", "of coverage: packets taken from the tap", func(c *record.Coverage) uint64 { return c.Packets }),
		coverageColumn("tap_kernel_drops", "of coverage: packets the kernel had no room for", func(c *record.Coverage) uint64 { return c.KernelDrops }),
		coverageColumn("tap_nic_missed", "of coverage: packets the card had no room for", func(c *record.Coverage) uint64 { return c.NICMissed }),
		coverageColumn("tap_softnet_dropped", "of coverage: packets the host dropped, all interfaces", func(c *record.Coverage) uint64 { return c.SoftnetDropped }),
		{"group_uid", "joins the legs of one call", true, func(r *row) string {
			if r.GroupUID == nil {
				return ""
			}
			return r.GroupUID.String()
		}},
		{"group_method", "what the legs were joined by", false, func(r *row) string { return r.GroupMethod }},
		{"tunnel", "tunnels it came through, outermost first, separated by ;", false, func(r *row) string {
			types := make([]string, len(r.Tunnel))
			for i, t := range r.Tunnel {
				types[i] = t.Type
			}
			return strings.Join(types, ";")
		}},
		cellColumn("cell_type", "access network", func(c *record.CellInfo) string { return c.Type }),
		cellColumn("cell_id", "cell or access node as sent", func(c *record.CellInfo) string { return c.ID }),
		cellColumn("cell_mcc", "mobile country code", func(c *record.CellInfo) string { return c.MCC }),
		cellColumn("cell_mnc", "mobile network code", func(c *record.CellInfo) string { return c.MNC }),
		cellColumn("cell_area", "location or tracking area code, hexadecimal", func(c *record.CellInfo) string { return c.Area }),
		cellColumn("cell_ci", "cell identity, hexadecimal", func(c *record.CellInfo) string { return c.Cell }),
		tlsColumn("tls_server_name", "of a TLS connection: name the client asked for", false, func(t *record.TLS) string { return t.ServerName }),
		tlsColumn("tls_alpn", "of a TLS connection: protocols offered, separated by ;", false, func(t *record.TLS) string { return strings.Join(t.ALPN, ";") }),
		tlsColumn("tls_version", "of a TLS connection: version", false, func(t *record.TLS) string { return t.Version }),
		tlsColumn("tls_packets_up", "of a TLS connection: segments with payload from client to server", true, func(t *record.TLS) string { return counted(t.PacketsUp) }),
		tlsColumn("tls_packets_down", "of a TLS connection: segments with payload from server to client", true, func(t *record.TLS) string { return counted(t.PacketsDown) }),
		tlsColumn("tls_octets_up", "of a TLS connection: octets of TCP payload from client to server", true, func(t *record.TLS) string { return counted(t.OctetsUp) }),
		tlsColumn("tls_octets_down", "of a TLS connection: octets of TCP payload from server to client", true, func(t *record.TLS) string { return counted(t.OctetsDown) }),
	},
	appColumns,
)

func cellColumn(name, meaning string, of func(*record.CellInfo) string) column {
	return column{name, "of P-Access-Network-Info: " + meaning, false, func(r *row) string {
		if r.Cell == nil {
			return ""
		}
		return of(r.Cell)
	}}
}

func tlsColumn(name, meaning string, ours bool, of func(*record.TLS) string) column {
	return column{name, meaning, ours, func(r *row) string {
		if r.TLS == nil {
			return ""
		}
		return of(r.TLS)
	}}
}

// counted is a count, 0 too; empty when it is not known.
func counted(n *uint64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatUint(*n, 10)
}

// coverageColumn is a count of a coverage event, 0 too; empty in other records.
func coverageColumn(name, meaning string, of func(*record.Coverage) uint64) column {
	return column{name, meaning, true, func(r *row) string {
		if r.coverage == nil {
			return ""
		}
		return strconv.FormatUint(of(r.coverage), 10)
	}}
}

func sipColumn(f func(*record.SIP) string) func(*row) string {
	return func(r *row) string {
		if r.SIP == nil {
			return ""
		}
		return f(r.SIP)
	}
}
