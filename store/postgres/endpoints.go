package postgres

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"calltrail/cdr/record"
)

// endpoint is a row of calltrail.endpoint: one address and port a record names, and all it was used for.
type endpoint struct {
	addr          record.Addr
	roles         []string
	first, latest record.Time
}

// endpoints collects rows; one address and port is one row, over the whole time it was used. Lists are as long as a
// record of 64 KiB can make them, so looking through them is cheap enough.
type endpoints []endpoint

func (list *endpoints) add(role string, a record.Addr, first, latest record.Time) {
	if !a.IP.IsValid() {
		return
	}
	a.IP = a.IP.Unmap().WithZone("")
	latest = max(first, latest)
	for i := range *list {
		if p := &(*list)[i]; p.addr == a {
			p.first, p.latest = min(p.first, first), max(p.latest, latest)
			if !slices.Contains(p.roles, role) {
				p.roles = append(p.roles, role)
			}
			return
		}
	}
	*list = append(*list, endpoint{a, []string{role}, first, latest})
}

// named adds an address that a message names, when it is a literal one.
func (list *endpoints) named(role, value string, first, latest record.Time) {
	if a, ok := literal(value); ok {
		list.add(role, a, first, latest)
	}
}

// callEndpoints lists the addresses of a call. Signalling addresses are held to be used from the call's start to its
// last packet, media addresses while their stream was seen. Where who calls whom is not known, the ends have other roles: a
// TLS connection may carry many calls or none; a call in an application says itself what its ends are; those of media alone
// send media, which a record that had to leave streams out would not show.
func callEndpoints(r *callRow) ([]endpoint, error) {
	var list endpoints
	from, until := r.StartedAt, max(r.StartedAt, r.EndedAt, r.LastSeenAt)
	src, dst := "caller_signalling", "callee_signalling"
	switch r.Kind {
	case record.KindTLS:
		src, dst = "tls_client", "tls_server"
	case record.KindMedia:
		src, dst = "media", "media"
	case record.KindApp:
		src, dst = "app_client", "app_relay"
		if a := r.App; a != nil && a.Peer != nil && r.Dst != nil && *a.Peer == (record.Addr{IP: r.Dst.IP, Port: r.Dst.Port}) {
			dst = appPeer(a)
		}
	case record.KindSIP, record.KindRegistration, record.KindMessage, record.KindCoverage: // the caller's, as set
	}
	if r.App != nil {
		list.app(r.App, from, until)
	}
	if r.Src != nil {
		list.add(src, record.Addr{IP: r.Src.IP, Port: r.Src.Port}, from, until)
	}
	if r.Dst != nil {
		list.add(dst, record.Addr{IP: r.Dst.IP, Port: r.Dst.Port}, from, until)
	}
	if r.SrcVia != nil {
		list.add("via", *r.SrcVia, from, until)
	}
	if r.SIP != nil {
		for _, via := range r.SIP.Via {
			list.named("via", via, from, until)
		}
		list.named("contact", r.SIP.Contact, from, until)
	}

	var path []record.Hop
	if err := decode(r.Path, &path); err != nil {
		return nil, err
	}
	for _, hop := range path {
		first := hop.At
		if first.IsZero() {
			first = from
		}
		list.add("hop", hop.Src, first, until)
		list.add("hop", hop.Dst, first, until)
	}

	var media []record.Media
	if err := decode(r.Media, &media); err != nil {
		return nil, err
	}
	for i := range media {
		list.medium(&media[i], from, until)
	}
	return list, nil
}

func (list *endpoints) medium(m *record.Media, from, until record.Time) {
	if !m.FirstAt.IsZero() {
		from, until = m.FirstAt, m.LastAt
	}
	if m.Signalled != nil {
		list.add("media_signalled", *m.Signalled, from, until)
	}
	if m.Observed == nil {
		return
	}
	src, dst := "media", "media"
	switch m.Direction {
	case "from_caller":
		src, dst = "media_from_caller", "media_to_callee"
	case "from_callee":
		src, dst = "media_from_callee", "media_to_caller"
	case "up", "down":
		src, dst = "media_source", "media_destination"
	}
	if m.Foreign {
		src = "media_foreign" // whoever uses that address is no party to the call
	}
	list.add(src, m.Observed.Src, from, until)
	list.add(dst, m.Observed.Dst, from, until)
}

// registrationEndpoints lists the addresses of a registration, used from its response for the time that was granted.
func registrationEndpoints(r *registrationRow) []endpoint {
	var list endpoints
	until := r.At
	const longest = 10 * 365 * 24 * 3600 // seconds; a registrar grants hours
	if r.ExpiresS != nil && *r.ExpiresS > 0 {
		until += record.Time(min(*r.ExpiresS, longest) * 1e6)
	}
	if r.Src != nil {
		list.add("registrant", record.Addr{IP: r.Src.IP, Port: r.Src.Port}, r.At, until)
	}
	if r.Dst != nil {
		list.add("registrar", record.Addr{IP: r.Dst.IP, Port: r.Dst.Port}, r.At, r.At)
	}
	list.named("contact", r.Contact, r.At, until)
	return list
}

func decode(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// literal finds the address in a Via value ("SIP/2.0/UDP 192.0.2.1:5060;branch=…") or a URI with or without brackets
// and display name ("<sip:user@[2001:db8::1]:5060;transport=udp>"). Host names are no addresses. No port is port 0.
func literal(s string) (record.Addr, bool) {
	if i := bracket(s); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.IndexAny(s, ">;?"); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	} else if i := strings.LastIndexByte(s, ' '); i >= 0 {
		s = s[i+1:]
	} else if rest, isURI := strings.CutPrefix(s, "sip:"); isURI {
		s = rest
	} else if rest, isURI := strings.CutPrefix(s, "sips:"); isURI {
		s = rest
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return record.Addr{IP: ap.Addr(), Port: ap.Port()}, true
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return record.Addr{IP: ip}, err == nil
}

// bracket is where the URI of a name-addr begins, -1 without. Quotes may hold brackets too: those of a display name, or of
// +sip.instance="<urn:uuid:…>" (RFC 5626 section 4.1).
func bracket(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '<' && !quoted:
			return i
		}
	}
	if quoted { // a quote that nothing closes is no quote
		return strings.IndexByte(s, '<')
	}
	return -1
}
