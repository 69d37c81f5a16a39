package record

import "strconv"

func (o *object) tunnels(list []Tunnel) {
	if len(list) == 0 {
		return
	}
	o.open("tunnel", '[')
	for i := range list {
		t := &list[i]
		o.open("", '{')
		o.textAlways("type", t.Type)
		if t.ID != nil {
			o.unsigned("id", uint64(*t.ID))
		}
		if t.Src != nil {
			o.ip("src", *t.Src)
		}
		if t.Dst != nil {
			o.ip("dst", *t.Dst)
		}
		o.close('}')
	}
	o.close(']')
}

func (o *object) vlan(ids []uint16) {
	if len(ids) == 0 {
		return
	}
	o.open("vlan", '[')
	for _, id := range ids {
		o.comma()
		o.b = strconv.AppendUint(o.b, uint64(id), 10)
	}
	o.close(']')
}

func (o *object) cell(c *CellInfo) {
	if c == nil {
		return
	}
	o.open("cell", '{')
	o.textAlways("type", c.Type)
	o.text("id", c.ID)
	o.text("mcc", c.MCC)
	o.text("mnc", c.MNC)
	o.text("area", c.Area)
	o.text("ci", c.Cell)
	if c.NetworkProvided {
		o.boolean("network_provided", true)
	}
	o.close('}')
}

func (o *object) tls(t *TLS) {
	if t == nil {
		return
	}
	o.open("tls", '{')
	o.text("server_name", t.ServerName)
	o.texts("alpn", t.ALPN)
	o.text("version", t.Version)
	o.count("packets_up", t.PacketsUp)
	o.count("packets_down", t.PacketsDown)
	o.count("octets_up", t.OctetsUp)
	o.count("octets_down", t.OctetsDown)
	o.close('}')
}

func (o *object) app(a *App) {
	if a == nil {
		return
	}
	o.open("app", '{')
	o.text("name", a.Name)
	o.text("confidence", a.Confidence)
	o.texts("evidence", a.Evidence)
	o.textAlways("media", a.Media)
	o.optionalAddress("client", &a.Client)
	o.optionalAddress("mapped", a.Mapped)
	o.optionalAddress("peer", a.Peer)
	if a.PeerSeen != nil {
		o.boolean("peer_seen", *a.PeerSeen)
	}
	o.optionalAddress("relay", a.Relay)
	o.count("packets_up", a.PacketsUp)
	o.count("packets_down", a.PacketsDown)
	o.count("octets_up", a.OctetsUp)
	o.count("octets_down", a.OctetsDown)
	o.close('}')
}
