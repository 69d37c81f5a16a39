package pipeline_test

import (
	"fmt"
	"slices"
	"strings"

	"calltrail/cdr/record"
)

// challenge says that a REGISTER was asked for credentials and had none.
func (r *tsReg) challenge() bool { return (r.Status == 401 || r.Status == 407) && !r.Credentials }

// registrations: an event for each REGISTER but those that were asked for credentials.
func (d *differ) registrations(events []record.Registration, said []tsReg) {
	var want []tsReg
	for _, r := range said {
		if !r.challenge() {
			want = append(want, r)
		}
	}
	d.equal("registrations", len(events), len(want))
	for i := range min(len(events), len(want)) {
		e, r := &events[i], &want[i]
		equal := func(what string, got, want any) { d.equal(fmt.Sprintf("registration %d %s", i+1, what), got, want) }
		equal("Call-ID", e.CallID, r.CallID)
		equal("address of record", e.AOR.Raw, "<"+r.AOR+">")
		contact, _, _ := strings.Cut(strings.TrimPrefix(e.Contact, "<"), ">")
		equal("contact", contact, r.Contact)
		equal("source", endOf(e.Src), address(r.SrcIP, r.SrcPort))
		equal("destination", endOf(e.Dst), address(r.DstIP, r.DstPort))
		equal("transport", e.Transport, r.Carrier)
		equal("status", e.Status, r.Status)
		equal("time", e.At, record.Time(r.Final))
		equal("credentials", e.AuthUser != "", r.Credentials)
		event := "login"
		if r.Requested == 0 {
			event = "logout"
		}
		equal("event", e.Event, event)
		expires := int64(-1)
		if e.ExpiresS != nil {
			expires = *e.ExpiresS
		}
		equal("expires", expires, r.Expires)
	}
}

// messages: an event for each MESSAGE, with what its hop nearest to the sender shows.
func (d *differ) messages(events []record.Message, said []tsText) {
	said = slices.DeleteFunc(slices.Clone(said), func(m tsText) bool { return m.behind(said) })
	d.equal("messages", len(events), len(said))
	for i := range min(len(events), len(said)) {
		e, m := &events[i], &said[i]
		equal := func(what string, got, want any) { d.equal(fmt.Sprintf("message %d %s", i+1, what), got, want) }
		equal("Call-ID", e.CallID, m.CallID)
		equal("caller", e.Caller.User, m.FromUser)
		equal("callee", e.Callee.User, m.ToUser)
		equal("source", endOf(e.Src), address(m.SrcIP, m.SrcPort))
		equal("destination", endOf(e.Dst), address(m.DstIP, m.DstPort))
		equal("transport", e.Transport, m.Carrier)
		equal("time", e.At, record.Time(m.Request))
		status := 0
		if e.Status != nil {
			status = *e.Status
		}
		equal("status", status, m.Status)
	}
}

// behind says that another hop of the same MESSAGE is nearer to its sender.
func (m *tsText) behind(said []tsText) bool {
	return slices.ContainsFunc(said, func(o tsText) bool { return o.CallID == m.CallID && o.Vias < m.Vias })
}

// versions are those of TLS as tshark and as records write them.
var versions = map[string]string{"0x0303": "1.2", "0x0304": "1.3"}

// connections: a record for each TLS connection.
func (d *differ) connections(records []record.Call, said []tsTLS) {
	d.equal("TLS connections", len(records), len(said))
	for i := range min(len(records), len(said)) {
		r, c := &records[i], &said[i]
		equal := func(what string, got, want any) { d.equal(fmt.Sprintf("TLS connection %d %s", i+1, what), got, want) }
		equal("client", endOf(r.Src), address(c.SrcIP, c.SrcPort))
		equal("server", endOf(r.Dst), address(c.DstIP, c.DstPort))
		equal("server name", r.TLS.ServerName, c.SNI)
		equal("protocols", strings.Join(r.TLS.ALPN, " "), strings.Join(c.ALPN, " "))
		equal("version", r.TLS.Version, versions[c.Version])
		equal("octets sent", *r.TLS.OctetsUp, c.Sent)
		equal("octets received", *r.TLS.OctetsDown, c.Received)
		// tshark.json counts TCP's own packets too.
		equal("begins after TCP's first packet", r.StartedAt >= record.Time(c.First), true)
		equal("last heard of before TCP's last packet", r.LastSeenAt <= record.Time(c.Last), true)
		equal("packets fewer than TCP's", *r.TLS.PacketsUp+*r.TLS.PacketsDown < c.Packets, true)
	}
}

func (d *differ) streams(calls, unsignalled []record.Call, said []tsRTP, times bool) {
	got := map[string]record.Media{}
	for i, call := range slices.Concat(calls, unsignalled) {
		signalled := i < len(calls)
		for _, m := range call.Media {
			if m.Observed == nil || m.SSRC == nil { // T.38 has no SSRC
				continue
			}
			key := fmt.Sprintf("%s to %s 0x%08x", addressOf(m.Observed.Src), addressOf(m.Observed.Dst), *m.SSRC)
			if before, ok := got[key]; ok && !signalled { // a foreign stream that outlives the call
				packets, lost := *before.Packets+*m.Packets, *before.Lost+*m.Lost
				m.Packets, m.Lost, m.FirstAt, m.LastAt = &packets, &lost, min(m.FirstAt, before.FirstAt), max(m.LastAt, before.LastAt)
			}
			got[key] = m
		}
	}
	d.equal("RTP streams", len(got), len(said))
	for _, s := range said {
		key := fmt.Sprintf("%s to %s %s", address(s.Src, s.Sport), address(s.Dst, s.Dport), s.SSRC)
		m, ok := got[key]
		if !ok {
			d.equal("RTP stream", "none", key)
			continue
		}
		d.equal(key+" payload type", int(*m.PayloadType), s.PayloadType)
		d.equal(key+" packets", *m.Packets, uint64(s.Packets))
		d.equal(key+" lost", *m.Lost, uint64(s.Lost))
		if times {
			d.equal(key+" first", m.FirstAt, record.Time(s.First))
			d.equal(key+" last", m.LastAt, record.Time(s.Last))
		}
	}
}
