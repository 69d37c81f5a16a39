package pipeline

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"calltrail/cdr/app"
	"calltrail/cdr/dialog"
	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/cdr/geo"
	"calltrail/cdr/media"
	"calltrail/cdr/mediaonly"
	"calltrail/cdr/number"
	"calltrail/cdr/record"
	"calltrail/cdr/route"
	"calltrail/cdr/spoof"
	"calltrail/decode"
)

// drafts makes drafts with the places of pcaps/geo, networks that hide their users, and a provider of 192.0.2.0/24.
func drafts(tb testing.TB) func() *draft {
	tb.Helper()
	dir := tb.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		return path
	}
	places, err := geo.New(geo.Config{
		City: "../../pcaps/geo/city.mmdb", ASN: "../../pcaps/geo/asn.mmdb",
		Networks:    file("networks.csv", "64499,hosting\n192.0.2.10,vpn\n192.0.2.11,tor\n198.51.100.12,hosting\n"),
		AccessLines: file("lines.csv", "192.0.0.0/16,28.6,77.2,5000,,all\n192.0.2.64/26,28.5355,77.391,800,2026-10-02,exchange 7\n100.64.0.0/10,1,1,,,inside\n0.0.0.0/0,9,9,,,nobody's\n"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	routes, err := route.New(route.Config{
		Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, SBCs: []netip.Prefix{netip.MustParsePrefix("192.0.2.100/32")},
		Trunks: []route.Trunk{
			{Name: "london", Peer: "Example UK", Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.20/32"), netip.MustParsePrefix("192.0.2.112/28")}},
			{Name: "tagged", VLAN: 300},
		},
		Taps: []route.Tap{{Name: "inside0", NAT: route.NATInside}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	numbers, err := number.New(number.Config{DefaultRegion: "IN"})
	if err != nil {
		tb.Fatal(err)
	}
	rules, err := spoof.New(spoof.Config{HomeCountry: "IN"})
	if err != nil {
		tb.Fatal(err)
	}
	r := newRecorder(&Config{Sensor: "test", taps: []string{"eth0", "inside0"}}, Lookups{Numbers: numbers, Places: places, Routes: routes, Rules: rules}, nil)
	return func() *draft { return &draft{recorder: r} }
}

func endpoint(ip string) decode.Endpoint {
	return decode.EndpointOf(netip.AddrPortFrom(netip.MustParseAddr(ip), 4000))
}

// told is what a record says of its two ends.
type told struct {
	src, dst           *record.End
	media              *record.Location // of the stream that src sends
	direction, in, out string
}

func toldBy(c *record.Call) told {
	t := told{src: c.Src, dst: c.Dst, direction: c.Direction}
	if len(c.Media) > 0 {
		t.media = c.Media[0].Location
	}
	if c.Ingress != nil {
		t.in = c.Ingress.Trunk
	}
	if c.Egress != nil {
		t.out = c.Egress.Trunk
	}
	return t
}

// kinds make a record of each kind of two addresses as they were seen on a tap and VLAN.
var kinds = map[record.Kind]func(d *draft, src, dst decode.Endpoint, tap, vlan uint16) told{
	record.KindSIP: func(d *draft, src, dst decode.Endpoint, tap, vlan uint16) told {
		c := &dialog.Call{CallID: "a", Src: src, Dst: dst, Tap: tap, VLAN: [2]uint16{vlan}, VLANs: uint8(min(vlan, 1))}
		d.at(c.Tap, c.VLAN, c.VLANs)
		rec := &record.Call{SIP: &record.SIP{}}
		d.route(rec, c)
		rec.Media = []record.Media{{Location: d.locateSource(src.AddrPort().Addr()), Observed: &record.Flow{Src: addrOf(src), Dst: addrOf(dst)}}}
		d.direction(rec, c)
		return toldBy(rec)
	},
	record.KindTLS: func(d *draft, src, dst decode.Endpoint, tap, vlan uint16) told {
		e := &connectionEvent{Event: encrypted.Event{Connection: encrypted.Connection{Client: src, Server: dst, VLAN: [2]uint16{vlan}, VLANs: uint8(min(vlan, 1))}}, tap: tap}
		return toldBy(d.connection(e))
	},
	record.KindMedia: func(d *draft, src, dst decode.Endpoint, tap, _ uint16) told {
		c := &mediaonly.Call{A: src, B: dst, Tap: tap, Streams: []media.Observed{{Flow: media.Flow{Src: src, Dst: dst}, Sender: media.Caller}}}
		return toldBy(d.mediaOnly(c, true))
	},
	record.KindApp: func(d *draft, src, dst decode.Endpoint, tap, vlan uint16) told {
		c := &app.Call{
			Client: src, Peer: dst, PeerSeen: true, Tap: tap, Flows: []flow.Flow{{VLAN: [2]uint16{vlan}, VLANs: uint8(min(vlan, 1))}},
			Streams: []media.Observed{{Flow: media.Flow{Src: src, Dst: dst}}},
		}
		return toldBy(d.app(c, true))
	},
	record.KindRegistration: func(d *draft, src, dst decode.Endpoint, tap, vlan uint16) told {
		rec := d.registration(&dialog.Registration{Src: src, Dst: dst, Tap: tap, VLAN: [2]uint16{vlan}, VLANs: uint8(min(vlan, 1))})
		return told{src: rec.Src, dst: rec.Dst}
	},
	record.KindMessage: func(d *draft, src, dst decode.Endpoint, tap, vlan uint16) told {
		rec := d.message(&dialog.MessageEvent{Src: src, Dst: dst, Tap: tap, VLAN: [2]uint16{vlan}, VLANs: uint8(min(vlan, 1))})
		return told{src: rec.Src, dst: rec.Dst}
	},
}

// Whatever kind a record is of, the place of a gateway, server or network that hides its users is nobody's but the last hop's,
// and an access line is a subscriber's.
func TestPlacesOfEachKind(t *testing.T) {
	next := drafts(t)
	for _, tt := range []struct {
		name, ip, role, place, line string
		tap, vlan                   uint16
	}{
		{name: "subscriber", ip: "192.0.2.1", role: "subscriber", place: "access_line IN+", line: "all"},
		{name: "subscriber, longer prefix", ip: "192.0.2.70", role: "subscriber", place: "access_line IN+", line: "exchange 7"},
		{name: "subscriber who is a VPN", ip: "192.0.2.10", role: "subscriber", place: "access_line IN+ last_hop", line: "all"},
		{name: "subscriber who is a Tor exit", ip: "192.0.2.11", role: "subscriber", place: "access_line IN+ last_hop", line: "all"},
		{name: "own SBC within a pool", ip: "192.0.2.100", role: "own_sbc", place: "geoip IN+ last_hop"},
		{name: "trunk within a pool", ip: "192.0.2.113", role: "trunk", place: "geoip IN+ last_hop"},
		{name: "trunk", ip: "198.51.100.20", role: "trunk", place: "geoip GB+ last_hop"},
		{name: "foreign", ip: "198.51.100.1", role: "foreign", place: "geoip GB+"},
		{name: "foreign, hosting by prefix", ip: "198.51.100.12", role: "foreign", place: "geoip GB+ last_hop"},
		{name: "foreign, hosting by system", ip: "198.51.100.130", role: "foreign", place: "geoip NL+ last_hop"},
		{name: "private, outside", ip: "100.64.0.1"},
		{name: "private, inside the translation", ip: "100.64.0.1", tap: 1, role: "subscriber", place: "access_line -+", line: "inside"},
		{name: "private, on a trunk's VLAN", ip: "100.64.0.1", vlan: 300, role: "trunk"},
	} {
		for kind, make := range kinds {
			if kind == record.KindMedia && tt.vlan != 0 {
				continue // what VLAN its packets had is not kept
			}
			got := make(next(), endpoint(tt.ip), endpoint(tt.ip), tt.tap, tt.vlan)
			for which, end := range map[string]*record.End{"src": got.src, "dst": got.dst} {
				line := ""
				if end.Location != nil {
					line = end.Location.Line
				}
				if end.Role != tt.role || words(end.Location) != tt.place || line != tt.line {
					t.Errorf("%s, kind %s: %s is %q, %q %q; want %q, %q %q", tt.name, kind, which, end.Role, words(end.Location), line, tt.role, tt.place, tt.line)
				}
			}
			if (got.media != nil || tt.place != "") && kind != record.KindTLS && kind != record.KindRegistration && kind != record.KindMessage && words(got.media) != tt.place {
				t.Errorf("%s, kind %s: its stream comes from %q, want %q", tt.name, kind, words(got.media), tt.place)
			}
		}
	}
}

// A relay's place is not its users': neither as the far end nor as where their media comes from. It is so of a proxy, too.
func TestPlaceOfRelays(t *testing.T) {
	next := drafts(t)
	client, relay, peer := endpoint("192.0.2.70"), endpoint("198.51.100.1"), endpoint("198.51.100.2")
	stream := func(src, dst decode.Endpoint) media.Observed {
		return media.Observed{Flow: media.Flow{Src: src, Dst: dst}}
	}
	rec := next().app(&app.Call{
		Client: client, Relay: relay, Flows: make([]flow.Flow, 1), Streams: []media.Observed{stream(relay, client), stream(client, relay), stream(relay, peer)},
	}, true)
	if got := words(rec.Dst.Location); got != "geoip GB+ last_hop" || rec.Direction != "unknown" {
		t.Errorf("the relay as far end is at %q, direction %q", got, rec.Direction)
	}
	for i, want := range []string{"geoip GB+ last_hop", "access_line IN+", "geoip GB+ last_hop"} {
		if got := words(rec.Media[i].Location); got != want {
			t.Errorf("stream %d comes from %q, want %q", i, got, want)
		}
	}
	rec = next().app(&app.Call{Client: client, Relay: relay, Peer: peer, PeerSeen: true, Flows: make([]flow.Flow, 1), Streams: []media.Observed{stream(relay, client)}}, true)
	if far, through := words(rec.Dst.Location), words(rec.Media[0].Location); far != "geoip GB+" || through != "geoip GB+ last_hop" {
		t.Errorf("the peer is at %q, what the relay passes on comes from %q", far, through)
	}

	// The INVITE came through a proxy (its second Via), and goes to one that sends it on.
	d := next()
	sip := &record.Call{SIP: &record.SIP{Via: []string{"a", "b"}}}
	d.route(sip, &dialog.Call{Src: relay, Dst: peer, Hops: []dialog.Hop{{Src: relay, Dst: peer}, {Src: peer, Dst: client}}})
	if src, dst := words(sip.Src.Location), words(sip.Dst.Location); src != "geoip GB+ last_hop" || dst != "geoip GB+ last_hop" {
		t.Errorf("proxies are at %q and %q", src, dst)
	}
	if got := words(d.locateSource(relay.AddrPort().Addr())); got != "geoip GB+ last_hop" {
		t.Errorf("media of the proxy's address comes from %q", got)
	}
}

func TestDirectionOfEachKind(t *testing.T) {
	next := drafts(t)
	const own, sbc, trunk, foreign = "192.0.2.1", "192.0.2.100", "198.51.100.20", "198.51.100.1"
	for _, tt := range []struct {
		src, dst        string
		sip, unsigned   string
		ingress, egress string
	}{
		{own, own, "on_net", "on_net", "", ""},
		{own, foreign, "originating", "unknown", "", ""},
		{foreign, own, "terminating", "unknown", "", ""},
		{trunk, own, "terminating", "unknown", "london", ""},
		{own, trunk, "originating", "unknown", "", "london"},
		{trunk, foreign, "transit", "transit", "london", ""},
		{foreign, trunk, "transit", "transit", "", "london"},
		{own, sbc, "unknown", "unknown", "", ""},
	} {
		for _, kind := range []record.Kind{record.KindSIP, record.KindTLS, record.KindMedia, record.KindApp} {
			got, want := kinds[kind](next(), endpoint(tt.src), endpoint(tt.dst), 0, 0), tt.unsigned
			if kind == record.KindSIP {
				want = tt.sip
			}
			if got.direction != want || got.in != tt.ingress || got.out != tt.egress {
				t.Errorf("%s to %s, kind %s: %q in %q out %q, want %q in %q out %q", tt.src, tt.dst, kind, got.direction, got.in, got.out, want, tt.ingress, tt.egress)
			}
		}
	}
}
