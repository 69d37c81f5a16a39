package postgres

import "calltrail/cdr/record"

// appColumns are those of a call in an application, NULL in other records.
var appColumns = []column[callRow]{
	app("app_name", func(a *record.App) any { return text(a.Name) }),
	app("app_confidence", func(a *record.App) any { return text(a.Confidence) }),
	app("app_evidence", func(a *record.App) any {
		if len(a.Evidence) == 0 {
			return nil
		}
		return a.Evidence
	}),
	app("app_media", func(a *record.App) any { return text(a.Media) }),
	appIP("app_client_ip", func(a *record.App) *record.Addr { return &a.Client }),
	appPort("app_client_port", func(a *record.App) *record.Addr { return &a.Client }),
	appIP("app_mapped_ip", func(a *record.App) *record.Addr { return a.Mapped }),
	appPort("app_mapped_port", func(a *record.App) *record.Addr { return a.Mapped }),
	appIP("app_peer_ip", func(a *record.App) *record.Addr { return a.Peer }),
	appPort("app_peer_port", func(a *record.App) *record.Addr { return a.Peer }),
	app("app_peer_seen", func(a *record.App) any { return optional(a.PeerSeen) }),
	appIP("app_relay_ip", func(a *record.App) *record.Addr { return a.Relay }),
	appPort("app_relay_port", func(a *record.App) *record.Addr { return a.Relay }),
	app("app_packets_up", func(a *record.App) any { return count(a.PacketsUp) }),
	app("app_packets_down", func(a *record.App) any { return count(a.PacketsDown) }),
	app("app_octets_up", func(a *record.App) any { return count(a.OctetsUp) }),
	app("app_octets_down", func(a *record.App) any { return count(a.OctetsDown) }),
}

func app(name string, get func(*record.App) any) column[callRow] {
	return column[callRow]{name, func(r *callRow) any {
		if r.App == nil {
			return nil
		}
		return get(r.App)
	}}
}

func appIP(name string, get func(*record.App) *record.Addr) column[callRow] {
	return app(name, func(a *record.App) any {
		if at := get(a); at != nil {
			return ip(at.IP)
		}
		return nil
	})
}

func appPort(name string, get func(*record.App) *record.Addr) column[callRow] {
	return app(name, func(a *record.App) any {
		if at := get(a); at != nil {
			return port(at.IP, at.Port)
		}
		return nil
	})
}

// app adds the addresses of a call in an application, over the whole call: when each of its flows was used the record does not
// say. One that a STUN message named, and from which nothing was seen, has a role of its own.
func (list *endpoints) app(a *record.App, from, until record.Time) {
	list.add("app_client", a.Client, from, until)
	if a.Mapped != nil {
		list.add("app_mapped", *a.Mapped, from, until)
	}
	if a.Relay != nil {
		list.add("app_relay", *a.Relay, from, until)
	}
	if a.Peer != nil {
		list.add(appPeer(a), *a.Peer, from, until)
	}
}

func appPeer(a *record.App) (role string) {
	if a.PeerSeen != nil && *a.PeerSeen {
		return "app_peer"
	}
	return "app_peer_named"
}
