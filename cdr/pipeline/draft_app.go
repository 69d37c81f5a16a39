package pipeline

import (
	"calltrail/cdr/app"
	"calltrail/cdr/media"
	"calltrail/cdr/record"
	"calltrail/decode"
	"calltrail/decode/rtp"
)

// app makes the record of a call in an application.
func (r *recorder) app(c *app.Call, final bool) error {
	if r.cfg.FinalOnly && !final {
		return nil
	}
	d := draft{recorder: r}
	rec := d.app(c, final)
	r.buf = rec.Append(r.buf[:0])
	r.records[record.KindApp]++
	return r.out.Put(Meta{Kind: record.KindApp, Final: rec.Final}, r.buf)
}

func (d *draft) app(c *app.Call, final bool) *record.Call {
	d.at(c.Tap, c.Flows[0].VLAN, c.Flows[0].VLANs)
	started := record.TimeOf(c.Started)
	if c.Relay != (decode.Endpoint{}) {
		d.servers = append(d.servers, c.Relay.AddrPort().Addr())
	}
	// Whom the client talked to: the other party when its address was seen, else the server in between, whose place says
	// nothing of where that party is.
	far, relayed := c.Peer, false
	if far == (decode.Endpoint{}) || !c.PeerSeen {
		if c.Relay != (decode.Endpoint{}) {
			far, relayed = c.Relay, true
		}
	}
	client, first := addrOf(c.Client), &c.Flows[0]
	rec := &record.Call{
		Schema: record.SchemaCall, CallUID: record.FlowUID(record.KindApp, d.cfg.Sensor, addrOf(c.Origin.Client), addrOf(c.Origin.Server), started),
		Revision: c.Revision, Final: final && c.Ender != app.Cut, Kind: record.KindApp, Day: started.Day(), Sensor: d.cfg.Sensor,
		Tap: d.tap(c.Tap), LegalBasis: d.cfg.LegalBasisApp, StartedAt: started, EndedAt: record.TimeOf(c.End),
		LastSeenAt: record.TimeOf(c.LastSeen), Disposition: record.Unknown, Visibility: record.Encrypted, Observer: d.observer(),
		Src: d.end("src", c.Client, false), Dst: d.end("dst", far, relayed),
	}
	rec.VLAN, rec.Tunnel = vlans(first.VLAN, first.VLANs), tunnels(first.Tunnels)
	rec.App = &record.App{
		Name: c.Name.String(), Confidence: c.Confidence.String(), Evidence: c.Evidence, Media: c.Medium.String(), Client: client,
	}
	for _, x := range [...]struct {
		to   **record.Addr
		from decode.Endpoint
	}{{&rec.App.Mapped, c.Mapped}, {&rec.App.Peer, c.Peer}, {&rec.App.Relay, c.Relay}} {
		if x.from != (decode.Endpoint{}) {
			a := addrOf(x.from)
			*x.to = &a
		}
	}
	if rec.App.Peer != nil {
		rec.App.PeerSeen = &c.PeerSeen
	}
	if final {
		rec.App.PacketsUp, rec.App.OctetsUp = &c.Up.Packets, &c.Up.Octets
		rec.App.PacketsDown, rec.App.OctetsDown = &c.Down.Packets, &c.Down.Octets
	}
	rec.Media = d.appMedia(c)
	d.between(rec, relayed)
	d.ending(rec, appEnders[c.Ender])
	if !c.Media {
		rec.Flags = append(rec.Flags, "no_media")
	}
	d.close(rec, c.Overflow)
	return rec
}

// ending fills in how a call that has no signalling ended, as far as that can be told.
func (d *draft) ending(rec *record.Call, e ender) {
	switch e {
	case silent:
		rec.EndedBy = record.ByTimeout
	case evicted:
		rec.EndedBy, rec.Flags = record.ByUnknown, append(rec.Flags, "evicted")
	case cut:
		rec.Disposition, rec.Flags = record.InProgress, append(rec.Flags, d.unfinished())
	case open:
		rec.Disposition = record.InProgress
	}
	if rec.EndedAt != 0 {
		ms := max(int64(rec.EndedAt-rec.StartedAt), 0) / 1000
		rec.DurationMS = &ms
	}
}

// close fills in what is known when all else has been written.
func (d *draft) close(rec *record.Call, overflow bool) {
	if d.truncated || overflow {
		rec.Flags = append(rec.Flags, record.FlagTruncated)
	}
	rec.Octets = d.octets
}

// ender is how a call without signalling ended.
type ender uint8

const (
	open ender = iota
	silent
	evicted
	cut
)

var appEnders = [...]ender{app.Open: open, app.Silent: silent, app.Evicted: evicted, app.Cut: cut}

// appMedia lists the RTP streams of a call in an application. What its payload types stand for was agreed out of sight.
func (d *draft) appMedia(c *app.Call) (list []record.Media) {
	for i := range c.Streams {
		o := &c.Streams[i]
		m := d.stream(o, sentUp(c, &o.Flow))
		m.Encrypted = true
		list = append(list, m)
	}
	return d.bounded(list)
}

// sentUp says whether a stream has what the client's side sent: from the client, or from the relay on to somebody else.
func sentUp(c *app.Call, f *media.Flow) bool {
	switch c.Client.IP {
	case f.Src.IP:
		return true
	case f.Dst.IP:
		return false
	}
	return f.Src.IP == c.Relay.IP
}

// stream writes down a stream that has been closed and that no session description named.
func (d *draft) stream(o *media.Observed, fromFirst bool) record.Media {
	m := record.Media{
		Observed: &record.Flow{Src: addrOf(o.Flow.Src), Dst: addrOf(o.Flow.Dst)},
		FirstAt:  record.TimeOf(o.First), LastAt: record.TimeOf(o.Last),
		Packets: &o.Packets, Octets: &o.Octets, Lost: &o.Lost, Duplicates: &o.Duplicates,
		PayloadType: &o.PayloadType, SSRC: &o.Flow.SSRC, Direction: "down", CName: d.text("media.cname", []byte(o.CName)),
	}
	m.Codec, _, _ = rtp.StaticPayload(o.PayloadType)
	if fromFirst {
		m.Direction = "up"
	}
	if o.HasJitter {
		m.JitterMS = &o.JitterMS
	}
	m.Location = d.locateSource(m.Observed.Src.IP)
	fax(&m, o.UDPTL)
	return m
}

// bounded cuts a list to what a record may hold.
func (d *draft) bounded(list []record.Media) []record.Media {
	if len(list) > record.MaxList {
		list, d.truncated = list[:record.MaxList], true
	}
	return list
}
