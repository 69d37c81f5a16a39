package pipeline

import (
	"calltrail/cdr/encrypted"
	"calltrail/cdr/record"
)

// connection makes the record of a TLS connection that carries signalling.
func (r *recorder) connection(e *connectionEvent) error {
	if r.cfg.FinalOnly && !e.LastWord {
		return nil
	}
	d := draft{recorder: r}
	rec := d.connection(e)
	r.buf = rec.Append(r.buf[:0])
	r.records[record.KindTLS]++
	return r.out.Put(Meta{Kind: record.KindTLS, Final: rec.Final}, r.buf)
}

func (d *draft) connection(e *connectionEvent) *record.Call {
	d.at(e.tap, e.VLAN, e.VLANs)
	started := record.TimeOf(e.Started)
	src, dst := addrOf(e.Client), addrOf(e.Server)
	rec := &record.Call{
		Schema: record.SchemaCall, CallUID: record.FlowUID(record.KindTLS, d.cfg.Sensor, src, dst, started), Revision: e.Revision,
		Final: e.LastWord && e.Ender != encrypted.Ended, Kind: record.KindTLS, Day: started.Day(), Sensor: d.cfg.Sensor, Tap: d.tap(e.tap),
		LegalBasis: d.cfg.LegalBasisSIP, StartedAt: started, EndedAt: record.TimeOf(e.End), LastSeenAt: record.TimeOf(e.LastSeen),
		Disposition: record.Unknown, Visibility: record.Encrypted, Observer: d.observer(),
		Src: d.end("src", e.Client, false), Dst: d.end("dst", e.Server, false), VLAN: vlans(e.VLAN, e.VLANs), Tunnel: tunnels(e.Tunnels),
		TLS: &record.TLS{ServerName: d.text("tls.server_name", []byte(e.ServerName)), Version: e.VersionName()},
	}
	d.between(rec, false)
	if d.cfg.FinalOnly {
		rec.Revision = 1
	}
	for _, p := range e.Protocols {
		rec.TLS.ALPN = append(rec.TLS.ALPN, d.text("tls.alpn", []byte(p)))
	}
	if e.LastWord {
		rec.TLS.PacketsUp, rec.TLS.OctetsUp = &e.Up.Packets, &e.Up.Octets
		rec.TLS.PacketsDown, rec.TLS.OctetsDown = &e.Down.Packets, &e.Down.Octets
	}
	switch e.Ender {
	case encrypted.Closed:
		rec.EndedBy = record.ByUnknown
	case encrypted.Silent:
		rec.EndedBy = record.ByTimeout
	case encrypted.Evicted:
		rec.EndedBy, rec.Flags = record.ByUnknown, append(rec.Flags, "evicted")
	case encrypted.Ended:
		rec.Flags = append(rec.Flags, d.unfinished())
	case encrypted.Open:
	}
	if !e.Hello {
		rec.Flags = append(rec.Flags, "mid_call")
	}
	if rec.EndedAt != 0 {
		ms := max(int64(rec.EndedAt-rec.StartedAt), 0) / 1000
		rec.DurationMS = &ms
	}
	if d.truncated {
		rec.Flags = append(rec.Flags, record.FlagTruncated)
	}
	rec.Octets = d.octets
	return rec
}

// unfinished is the flag of what had not ended when the input or the run did.
func (d *draft) unfinished() string {
	if d.cfg.live {
		return "shutdown"
	}
	return "capture_end"
}
