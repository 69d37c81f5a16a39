package pipeline

import (
	"fmt"
	"testing"

	"calltrail/cdr/record"
	"calltrail/cdr/route"
)

// whereIs writes the evidence of a test case in few words: method, country, and "+" for coordinates.
func whereIs(s string) *record.Location {
	if s == "" {
		return nil
	}
	var method, country string
	var fine bool
	if n := len(s) - 1; s[n] == '+' {
		s, fine = s[:n], true
	}
	_, _ = fmt.Sscan(s, &method, &country)
	l := &record.Location{Method: method, Country: country, Of: ofEndpoint}
	if country == "-" {
		l.Country = ""
	}
	if fine {
		l.Latitude, l.Longitude = new(float64), new(float64)
	}
	return l
}

func words(l *record.Location) string {
	if l == nil {
		return ""
	}
	s := l.Method + " " + l.Country
	if l.Country == "" {
		s += "-"
	}
	if l.Latitude != nil {
		s += "+"
	}
	if l.Of == ofLastHop {
		s += " last_hop"
	}
	if l.SaidBy != "" {
		s += " by " + l.SaidBy
	}
	return s
}

func TestBestPlace(t *testing.T) {
	const sub, trunk, sbc, foreign = route.Subscriber, route.OnTrunk, route.OwnSBC, route.Foreign
	for _, tt := range []struct {
		name             string
		role             route.Role
		network, address string
		lastHop          bool
		document, cell   string
		byNetwork        bool
		want, stated     string
	}{
		{name: "nothing"},
		{name: "only the address", address: "geoip IN+", want: "geoip IN+"},
		{name: "a gateway's address stays what it is", role: trunk, address: "geoip NL+", lastHop: true, want: "geoip NL+ last_hop"},

		// The caller's own word, where nothing is against it.
		{name: "document", address: "geoip IN+", document: "pidf_lo IN+", want: "pidf_lo IN+ by caller"},
		{name: "document without country: that of the address", address: "geoip IN+", document: "pidf_lo -+", want: "pidf_lo IN+ by caller"},
		{name: "document, address not known", document: "pidf_lo -+", want: "pidf_lo -+ by caller"},
		{name: "cell in the list", address: "geoip IN+", cell: "cell IN+", want: "cell IN+ by caller"},
		{name: "document before the caller's cell", address: "geoip IN+", document: "pidf_lo IN", cell: "cell IN+", want: "pidf_lo IN by caller"},
		{name: "cell's country says less than the address", address: "geoip IN+", cell: "cell IN", want: "geoip IN+"},
		{name: "cell's country, address not known", cell: "cell IN", want: "cell IN by caller"},

		// It does not hide where the packets came from.
		{name: "document against the address", address: "geoip NL+", document: "pidf_lo IN+", want: "geoip NL+", stated: "pidf_lo IN+ by caller"},
		{name: "cell against the address", address: "geoip NL+", cell: "cell IN+", want: "geoip NL+", stated: "cell IN+ by caller"},
		{name: "cell's country against the address", address: "geoip NL+", cell: "cell IN", want: "geoip NL+", stated: "cell IN by caller"},
		{name: "against a proxy's address", address: "geoip NL+", lastHop: true, document: "pidf_lo IN+", want: "geoip NL+ last_hop", stated: "pidf_lo IN+ by caller"},
		{name: "from a hosting network", role: foreign, network: "hosting", address: "geoip NL+", lastHop: true, document: "pidf_lo -+", want: "geoip NL+ last_hop", stated: "pidf_lo -+ by caller"},
		{name: "from a VPN", network: "vpn", address: "geoip IN+", lastHop: true, document: "pidf_lo IN+", want: "geoip IN+ last_hop", stated: "pidf_lo IN+ by caller"},
		{name: "from Tor", network: "tor", address: "geoip IN+", lastHop: true, cell: "cell IN+", want: "geoip IN+ last_hop", stated: "cell IN+ by caller"},
		{name: "from Tor, address without place", network: "tor", cell: "cell IN+", stated: "cell IN+ by caller"},

		// Through a server of the operator's or a trunk the address says nothing of the caller, for or against.
		{name: "document behind the own SBC", role: sbc, address: "geoip IN+", lastHop: true, document: "pidf_lo DE+", want: "pidf_lo DE+ by caller"},
		{name: "document behind a hosted trunk", role: trunk, network: "hosting", address: "geoip NL+", lastHop: true, document: "pidf_lo -+", want: "pidf_lo -+ by caller"},

		// The network's word: only from where a network speaks.
		{name: "network's cell", role: sbc, address: "geoip IN+", lastHop: true, cell: "cell DE+", byNetwork: true, want: "cell DE+ by network"},
		{name: "network's cell before the document", role: trunk, document: "pidf_lo IN+", cell: "cell DE+", byNetwork: true, want: "cell DE+ by network", stated: "pidf_lo IN+ by caller"},
		{name: "network's country", role: sbc, address: "geoip IN+", lastHop: true, cell: "cell DE", byNetwork: true, want: "cell DE by network"},
		{name: "document finer than the network's country", role: sbc, document: "pidf_lo -+", cell: "cell DE", byNetwork: true, want: "pidf_lo DE+ by caller"},
		{name: "document against the network's country", role: sbc, document: "pidf_lo IN+", cell: "cell DE", byNetwork: true, want: "cell DE by network", stated: "pidf_lo IN+ by caller"},
		{name: "a subscriber is no network", role: sub, address: "geoip IN+", cell: "cell DE+", byNetwork: true, want: "geoip IN+", stated: "cell DE+ by caller"},
		{name: "nor is a foreign end", role: foreign, address: "geoip NL+", cell: "cell IN+", byNetwork: true, want: "geoip NL+", stated: "cell IN+ by caller"},
		{name: "nor one of which nothing is configured", address: "geoip NL+", cell: "cell IN+", byNetwork: true, want: "geoip NL+", stated: "cell IN+ by caller"},
		{name: "which may tell what its address does not deny", address: "geoip IN+", cell: "cell IN+", byNetwork: true, want: "cell IN+ by caller"},

		// The operator's own line of a subscriber.
		{name: "access line", role: sub, address: "access_line IN+", want: "access_line IN+"},
		{name: "access line before the caller's word", role: sub, address: "access_line IN+", document: "pidf_lo IN+", want: "access_line IN+", stated: "pidf_lo IN+ by caller"},
		{name: "access line before the caller's cell", role: sub, address: "access_line IN+", cell: "cell DE+", want: "access_line IN+", stated: "cell DE+ by caller"},
		{name: "telephone exchange at the line", role: sub, address: "access_line IN+", lastHop: true, document: "pidf_lo IN+", want: "pidf_lo IN+ by caller"},
		{name: "exchange at the line, another country", role: sub, address: "access_line IN+", lastHop: true, document: "pidf_lo DE+", want: "access_line IN+ last_hop", stated: "pidf_lo DE+ by caller"},
	} {
		w := whereabouts{role: tt.role, network: tt.network, address: whereIs(tt.address), document: whereIs(tt.document), cell: whereIs(tt.cell), byNetwork: tt.byNetwork}
		if w.document != nil {
			w.document.SaidBy = saidByCaller
		}
		if tt.lastHop {
			w.address.Of = ofLastHop
		}
		best, stated := w.best()
		if words(best) != tt.want || words(stated) != tt.stated {
			t.Errorf("%s: %q beside %q, want %q beside %q", tt.name, words(best), words(stated), tt.want, tt.stated)
		}
	}
}
