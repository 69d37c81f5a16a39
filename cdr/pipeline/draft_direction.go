package pipeline

import (
	"calltrail/cdr/dialog"
	"calltrail/cdr/record"
	"calltrail/cdr/route"
)

// at says where the draft's packets were seen, before its ends are looked up: an address may mean one thing on one tap or VLAN,
// and another on another.
func (d *draft) at(tap uint16, vlan [2]uint16, vlans uint8) {
	d.seen = route.End{}
	if name := d.tap(tap); name != nil {
		d.seen.Tap = *name
	}
	if vlans > 0 {
		d.seen.VLAN = vlan[0]
	}
}

// direction fills in which way the call goes and by which trunks.
func (d *draft) direction(rec *record.Call, c *dialog.Call) {
	if d.lookups.Routes == nil || rec.Src == nil || rec.Dst == nil {
		return
	}
	src, dst := d.ends(rec)
	// The network routes by the Request-URI; To is what was dialled, before any redirection.
	called := d.e164(c.Text.Get(dialog.RequestURI)).E164
	if called == "" {
		called = rec.Callee.E164
	}
	d.way(rec, d.lookups.Routes.Route(src, dst, called))
}

// between fills in the same of a call without signalling, of which nobody knows who called. relayed says that the far end is no
// party, but a server on the way.
func (d *draft) between(rec *record.Call, relayed bool) {
	if d.lookups.Routes == nil || rec.Src == nil || rec.Dst == nil {
		return
	}
	src, dst := d.ends(rec)
	r := d.lookups.Routes.Between(src, dst)
	if relayed && r.Direction != "" {
		r.Direction = route.Unknown
	}
	d.way(rec, r)
}

func (d *draft) ends(rec *record.Call) (src, dst route.End) {
	src, dst = d.seen, d.seen
	src.Addr, dst.Addr = rec.Src.IP, rec.Dst.IP
	return src, dst
}

func (d *draft) way(rec *record.Call, r route.Result) {
	rec.Direction, rec.Ingress, rec.Egress = string(r.Direction), linkOf(r.Ingress), linkOf(r.Egress)
}

func linkOf(l *route.Link) *record.Link {
	if l == nil {
		return nil
	}
	return &record.Link{Peer: l.Peer, Trunk: l.Trunk, Interface: l.Interface}
}
