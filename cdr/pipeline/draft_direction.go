package pipeline

import (
	"calltrail/cdr/dialog"
	"calltrail/cdr/record"
	"calltrail/cdr/route"
)

// direction fills in what the ends are to the operator, which way the call goes and by which trunks. The place of a gateway
// or server is not that of whoever speaks behind it.
func (d *draft) direction(rec *record.Call, c *dialog.Call) {
	if d.lookups.Routes == nil || rec.Src == nil || rec.Dst == nil {
		return
	}
	src, dst := route.End{Addr: rec.Src.IP}, route.End{Addr: rec.Dst.IP}
	if rec.Tap != nil {
		src.Tap, dst.Tap = *rec.Tap, *rec.Tap
	}
	if c.VLANs > 0 {
		src.VLAN, dst.VLAN = c.VLAN[0], c.VLAN[0]
	}
	// The network routes by the Request-URI; To is what was dialled, before any redirection.
	called := d.e164(c.Text.Get(dialog.RequestURI)).E164
	if called == "" {
		called = rec.Callee.E164
	}
	r := d.lookups.Routes.Route(src, dst, called)
	rec.Direction, rec.Ingress, rec.Egress = string(r.Direction), linkOf(r.Ingress), linkOf(r.Egress)
	for _, end := range []struct {
		end  *record.End
		role route.Role
	}{{rec.Src, r.Src}, {rec.Dst, r.Dst}} {
		end.end.Role = string(end.role)
		behind(end.end.Location, end.role)
	}
	for i := range rec.Media {
		if m := &rec.Media[i]; m.Observed != nil {
			behind(m.Location, d.lookups.Routes.Of(route.End{Addr: m.Observed.Src.IP, Tap: src.Tap, VLAN: src.VLAN}))
		}
	}
}

// behind marks the place of an address as that of the last server before the tap, if it is one.
func behind(l *record.Location, role route.Role) {
	if l != nil && l.Method == "geoip" && (role == route.OnTrunk || role == route.OwnSBC) {
		l.Of = "last_hop"
	}
}

func linkOf(l *route.Link) *record.Link {
	if l == nil {
		return nil
	}
	return &record.Link{Peer: l.Peer, Trunk: l.Trunk, Interface: l.Interface}
}
