package pipeline

import (
	"calltrail/cdr/dialog"
	"calltrail/cdr/record"
)

// message makes the event of a SIP MESSAGE.
func (r *recorder) message(e *dialog.MessageEvent) error {
	d := draft{recorder: r}
	rec := d.message(e)
	r.buf = rec.Append(r.buf[:0])
	r.records[record.KindMessage]++
	return r.out.Put(Meta{Kind: record.KindMessage, Final: true}, r.buf)
}

func (d *draft) message(e *dialog.MessageEvent) *record.Message {
	d.at(e.Tap, e.VLAN, e.VLANs)
	at := record.TimeOf(e.At)
	rec := &record.Message{
		Schema: record.SchemaMessage, Kind: record.KindMessage, Day: at.Day(), Sensor: d.cfg.Sensor, Tap: d.tap(e.Tap),
		LegalBasis: d.cfg.LegalBasisSIP, Caller: d.party("caller", e.From), Callee: d.party("callee", e.To),
		ReqURI: d.text("request_uri", e.RequestURI), CallID: d.text("call_id", e.CallID), Transport: e.Transport.String(),
		UserAgent: d.text("user_agent", e.UserAgent), Src: d.end("src", e.Src, e.Relayed), Dst: d.end("dst", e.Dst, false),
		Tunnel: tunnels(e.Tunnels), VLAN: vlans(e.VLAN, e.VLANs), At: at, Observer: d.observer(),
	}
	if len(e.PAssertedIdentity) > 0 {
		n := d.e164(e.PAssertedIdentity)
		rec.Asserted = &record.Asserted{
			Raw: d.text("asserted.raw", e.PAssertedIdentity), Header: "pai", E164: n.E164, Country: n.Country,
		}
	}
	if e.Status != 0 {
		rec.Status = &e.Status
	}
	if e.OnlyAnswer {
		rec.Flags = append(rec.Flags, "mid_call")
	}
	if e.Evicted {
		rec.Flags = append(rec.Flags, "evicted")
	}
	if e.Cut {
		rec.Flags = append(rec.Flags, d.unfinished())
	}
	for name := range e.Carriage.Names {
		rec.Flags = append(rec.Flags, name)
	}
	if d.truncated {
		rec.Flags = append(rec.Flags, record.FlagTruncated)
	}
	for name := range e.Anomalies.Names() {
		rec.Flags = append(rec.Flags, "sip_"+name)
	}
	rec.Octets = d.octets
	return rec
}
