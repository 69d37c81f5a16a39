package gen

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
)

// side is one end of a call.
type side int

const (
	caller side = iota
	callee
)

func (s side) other() side { return 1 - s }

// party is what one end of a call says about itself.
type party struct {
	sip     netip.AddrPort // where its signalling comes from and goes to
	media   netip.AddrPort // RTP; RTCP is one port above
	user    string
	host    string // in From and To
	display string // as a person reads it
	quoted  string // as the header has it; empty without display name
	tel     bool   // a tel: URI (RFC 3966) in From or To
	tag     string
	agent   string
	contact string // URI
}

// Addresses. A media port is used again after 25,000 calls, at another host; the same pair only after millions.
const (
	hosts      = 250
	relayHosts = 100
	firstPort  = 10000
	mediaPorts = 25000
)

// newParty draws one end of call number index.
func newParty(r *rand.Rand, who side, index int, v6 bool) party {
	step := 7
	net4, net6 := [4]byte{192, 0, 2}, byte(1)
	if who == callee {
		step, net4, net6 = 11, [4]byte{198, 51, 100}, 2
	}
	host := (step*index + index/mediaPorts) % hosts
	relay := host%relayHosts + int(who)*relayHosts
	at := func(net4 [4]byte, net6 byte, host int) netip.Addr {
		if v6 {
			return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, net6, 15: low8(1 + host)})
		}
		net4[3] = low8(1 + host)
		return netip.AddrFrom4(net4)
	}
	p := party{tag: fmt.Sprintf("%08x", r.Uint32())}
	sipPort := uint16(5060)
	if who == caller && r.IntN(10) < 3 {
		sipPort += low16(2 * (1 + r.IntN(19)))
	}
	address := at(net4, net6, host)
	p.sip = netip.AddrPortFrom(address, sipPort)
	if r.IntN(4) == 0 { // media of a gateway, not of the signalling host
		address = at([4]byte{203, 0, 113}, 3, relay)
	}
	p.media = netip.AddrPortFrom(address, low16(firstPort+2*(index%mediaPorts)))
	p.host = hostOf(p.sip.Addr())
	if r.IntN(3) == 0 {
		p.host = "example.net"
	}
	p.agent = agents[r.IntN(len(agents))]
	p.name(r, who)
	p.contact = "sip:" + p.user + "@" + p.sip.String()
	return p
}

// move gives a party another address for its signalling, and its Contact parameters.
func (p *party) move(sip netip.AddrPort, params string) {
	if p.host == hostOf(p.sip.Addr()) {
		p.host = hostOf(sip.Addr())
	}
	p.sip = sip
	p.contact = "sip:" + p.user + "@" + sip.String() + params
}

// hostOf is an address as a SIP URI has it.
func hostOf(ip netip.Addr) string {
	if ip.Is6() {
		return "[" + ip.String() + "]"
	}
	return ip.String()
}

var agents = []string{"Example Phone 4.2", "Example-SBC/7.1 (edge)", "softswitch", "Desk/1.0.12"}

// displays are display names as read and as sent (RFC 3261 section 25.1): tokens, quoted strings, escapes, UTF-8.
var displays = []struct{ read, sent string }{
	{"", ""},
	{"", ""},
	{"Switchboard", "Switchboard"},
	{"Front Desk", `"Front Desk"`},
	{"Front Desk", "Front Desk"},
	{"Desk 12, North", `"Desk 12, North"`},
	{`Desk "A" 12`, `"Desk \"A\" 12"`},
	{`Back\slash <sip:x@y>`, `"Back\\slash <sip:x@y>"`},
	{"Zürich Büro", `"Zürich Büro"`},
	{"मुंबई कार्यालय", `"मुंबई कार्यालय"`},
}

// ranges are number ranges for fiction: a number is a prefix and that many digits.
var ranges = []struct {
	country, area string
	digits        int
}{
	{"91", "225550", 4},
	{"91", "115550", 4},
	{"44", "2079460", 3},
	{"1", "20255501", 2},
}

// name draws number and display name.
func (p *party) name(r *rand.Rand, who side) {
	from := ranges[r.IntN(len(ranges))]
	number := fmt.Sprintf("%s%0*d", from.area, from.digits, r.IntN(pow10(from.digits)))
	switch n := r.IntN(100); {
	case n < 80:
		p.user = "+" + from.country + number
	case n < 85:
		p.user = "00" + from.country + number
	case n < 93:
		p.user = "0" + number
	case n < 96:
		p.user, p.tel = "+"+from.country+number, true
	case who == caller && n < 98:
		p.user, p.host = "anonymous", "anonymous.invalid"
		p.display, p.quoted = "Anonymous", `"Anonymous"`
		return
	default:
		p.user = "reception." + number
	}
	d := displays[r.IntN(len(displays))]
	p.display, p.quoted = d.read, d.sent
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// address is the party's From or To value without tag.
func (p *party) address() string {
	uri := "<sip:" + p.user + "@" + p.host + ">"
	if p.tel {
		uri = "<tel:" + p.user + ">"
	}
	if p.quoted == "" {
		return uri
	}
	return p.quoted + " " + uri
}
