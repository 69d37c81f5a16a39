package pipeline

import (
	"calltrail/cdr/media"
	"calltrail/cdr/mediaonly"
	"calltrail/cdr/record"
)

// mediaOnly makes the record of a call of which only the media was seen.
func (r *recorder) mediaOnly(c *mediaonly.Call, final bool) error {
	if r.cfg.FinalOnly && !final {
		return nil
	}
	d := draft{recorder: r}
	rec := d.mediaOnly(c, final)
	r.buf = rec.Append(r.buf[:0])
	r.records[record.KindMedia]++
	return r.out.Put(Meta{Kind: record.KindMedia, Final: rec.Final}, r.buf)
}

var mediaEnders = [...]ender{mediaonly.Open: open, mediaonly.Silent: silent, mediaonly.Evicted: evicted, mediaonly.Cut: cut}

func (d *draft) mediaOnly(c *mediaonly.Call, final bool) *record.Call {
	d.at(c.Tap, [2]uint16{}, 0)
	started := record.TimeOf(c.Started)
	rec := &record.Call{
		Schema: record.SchemaCall, CallUID: record.FlowUID(record.KindMedia, d.cfg.Sensor, addrOf(c.A), addrOf(c.B), started),
		Revision: c.Revision, Final: final && c.Ender != mediaonly.Cut, Kind: record.KindMedia, Day: started.Day(), Sensor: d.cfg.Sensor,
		Tap: d.tap(c.Tap), LegalBasis: d.cfg.LegalBasisMedia, StartedAt: started, EndedAt: record.TimeOf(c.End),
		LastSeenAt: record.TimeOf(c.LastSeen), Disposition: record.Unknown, Visibility: record.MediaOnly, Observer: d.observer(),
		Src: d.end("src", c.A, false), Dst: d.end("dst", c.B, false),
	}
	var list []record.Media
	for i := range c.Streams {
		list = append(list, d.stream(&c.Streams[i], c.Streams[i].Sender == media.Caller))
	}
	for i := range c.Open {
		o := &c.Open[i]
		m := record.Media{
			SSRC: &o.Flow.SSRC, Observed: &record.Flow{Src: addrOf(o.Flow.Src), Dst: addrOf(o.Flow.Dst)},
			FirstAt: record.TimeOf(o.First), Direction: "down",
		}
		if o.Sender == media.Caller {
			m.Direction = "up"
		}
		m.Location = d.locateSource(m.Observed.Src.IP)
		list = append(list, m)
	}
	rec.Media = d.bounded(list)
	d.between(rec, false)
	d.ending(rec, mediaEnders[c.Ender])
	if c.OneWay {
		rec.Flags = append(rec.Flags, "one_way_media")
	}
	d.close(rec, c.Overflow)
	return rec
}
