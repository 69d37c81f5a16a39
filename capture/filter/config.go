package filter

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"calltrail/capture"
)

// Mode is how much a Program lets through.
type Mode uint8

const (
	// Wide passes whatever may be VoIP by the first bits of its payload, on any port, and what cannot be judged without
	// putting it together or opening it: fragments and tunnels.
	Wide Mode = iota
	// Narrow passes the configured ports of the configured addresses.
	Narrow
)

// ParseMode reads "wide" or "narrow", as the configuration has them.
func ParseMode(text string) (Mode, error) {
	for _, m := range []Mode{Wide, Narrow} {
		if text == m.String() {
			return m, nil
		}
	}
	return 0, fmt.Errorf("filter: %q is not a mode; write wide or narrow", text)
}

// String returns the name that ParseMode reads.
func (m Mode) String() string {
	switch m {
	case Wide:
		return "wide"
	case Narrow:
		return "narrow"
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// Ports is a range of ports, both ends in it.
type Ports struct{ First, Last uint16 }

// Config says what a Program passes.
type Config struct {
	Mode Mode
	// Link is the header at the start of a frame. An AF_PACKET socket of type SOCK_RAW sees Ethernet, or raw IP on a
	// point-to-point interface. The cooked types are for frames as a capture file has them: in the kernel a cooked frame has
	// no such header, so a live cooked capture must do without a filter.
	Link capture.LinkType
	// SIPPorts are the ports of SIP over TCP, at either end; in Narrow over UDP, too.
	SIPPorts []Ports
	// TCPPorts are further ports of TCP, at either end: SIP over TLS, and over WebSocket. No other TCP passes but, in Wide,
	// that of the protocols which are seen and not decoded: 1720 (H.323) and 2000 (Skinny).
	TCPPorts []Ports
	// MediaPorts are the UDP ports of media in Narrow, at either end. Wide has no use for them.
	MediaPorts []Ports
	// Prefixes are the addresses that Narrow passes, at either end. Empty: all. With prefixes of one IP version only,
	// nothing of the other passes. Wide has no use for them.
	Prefixes []netip.Prefix
	// TunnelPorts are the UDP ports of tunnels, at either end, which Wide passes whole. Empty: 1701 (L2TP), 2152 (GTP-U),
	// 4789 and 8472 (VXLAN) and 6081 (Geneve). Narrow has no use for them.
	TunnelPorts []uint16
	// Apps passes, in Wide, what only calls in applications look like: STUN without the cookie on its ports, Microsoft's
	// multiplexed TURN, Zoom, Discord, and Telegram's ports. Narrow has no use for it.
	Apps bool
	// AppMedia passes, in Wide, what goes between two ports above 1023, cut like media: the media of applications that hide what it
	// is looks like nothing, and so does T.38. BitTorrent, games and VPNs are copied too. Narrow has no use for it.
	AppMedia bool
	// SnapLength is how many octets of a frame are kept, 96 to 262,144.
	SnapLength int
	// MediaSnapLength is how many octets are kept of a frame with media in it, from its start, 1 to SnapLength. It is raised
	// for a frame whose headers need more, up to SnapLength: what decode reads of RTP is never cut.
	MediaSnapLength int
}

// Bounds of SnapLength, in octets.
const (
	minSnapLength = 96
	maxSnapLength = 262_144 // the most that libpcap and the capture file formats take
)

var defaultTunnelPorts = []uint16{1701, 2152, 4789, 6081, 8472}

// Ports of the protocols that decode recognises, counts, and does not decode. Over TCP those of H.225.0 call signalling and of
// Skinny; over UDP those of H.225.0 RAS and of IAX2, whose messages begin with any octet. MGCP is text and passes as such.
var (
	seenTCPPorts = []Ports{{1720, 1720}, {2000, 2000}}
	seenUDPPorts = []uint16{1719, 4569}
)

// check says what is impossible about the configuration.
func (c *Config) check() error {
	switch {
	case c.Mode != Wide && c.Mode != Narrow:
		return fmt.Errorf("filter: %s is none; use Wide or Narrow", c.Mode)
	case c.SnapLength < minSnapLength || c.SnapLength > maxSnapLength:
		return fmt.Errorf("filter: snap length %d is out of range; use %d to %d", c.SnapLength, minSnapLength, maxSnapLength)
	case c.MediaSnapLength < 1 || c.MediaSnapLength > c.SnapLength:
		return fmt.Errorf("filter: media snap length %d is out of range; use 1 to the snap length, %d", c.MediaSnapLength, c.SnapLength)
	case c.Mode == Narrow && len(c.SIPPorts)+len(c.MediaPorts)+len(c.TCPPorts) == 0:
		return errors.New("filter: narrow without ports would pass nothing; name SIP ports or media ports, or use wide")
	}
	for _, p := range slices.Concat(c.SIPPorts, c.TCPPorts, c.MediaPorts) {
		if p.First == 0 || p.Last < p.First {
			return fmt.Errorf("filter: ports %d to %d are no range; name the lower one first, 1 or more", p.First, p.Last)
		}
	}
	for _, p := range c.Prefixes {
		if !p.IsValid() {
			return errors.New("filter: a prefix without an address; write it as 192.0.2.0/24 or 2001:db8::/32")
		}
		if p.Addr().Is4In6() && p.Bits() < 96 {
			return fmt.Errorf("filter: %s holds more than the IPv4-mapped addresses; write the IPv4 or the IPv6 prefix that is meant", p)
		}
	}
	if slices.Contains(c.TunnelPorts, 0) {
		return errors.New("filter: tunnel port 0 is no port; leave it out")
	}
	return nil
}

// span is a range of numbers, both ends in it.
type span struct{ lo, hi uint32 }

// merged sorts spans and joins those that overlap or touch.
func merged(list []span) []span {
	list = slices.SortedFunc(slices.Values(list), func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	var out []span
	for _, s := range list {
		// Touching: written so that nothing overflows at the highest address.
		if n := len(out); n > 0 && (s.lo <= out[n-1].hi || s.lo-1 == out[n-1].hi) {
			out[n-1].hi = max(out[n-1].hi, s.hi)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// spansOf returns ports as spans.
func spansOf(lists ...[]Ports) []span {
	var out []span
	for _, p := range slices.Concat(lists...) {
		out = append(out, span{uint32(p.First), uint32(p.Last)})
	}
	return merged(out)
}

// tcpSpans returns the ports of TCP that pass.
func (c *Config) tcpSpans() []span {
	if c.Mode == Wide {
		return spansOf(c.SIPPorts, c.TCPPorts, seenTCPPorts)
	}
	return spansOf(c.SIPPorts, c.TCPPorts)
}

// tunnelSpans returns the ports of UDP tunnels.
func (c *Config) tunnelSpans() []span {
	ports := c.TunnelPorts
	if len(ports) == 0 {
		ports = defaultTunnelPorts
	}
	var out []span
	for _, p := range ports {
		out = append(out, span{uint32(p), uint32(p)})
	}
	return merged(out)
}

// udpSpans returns the ports of UDP that Wide passes whatever the payload: tunnels, and what is seen and not decoded.
func (c *Config) udpSpans() []span {
	all := c.tunnelSpans()
	for _, p := range seenUDPPorts {
		all = append(all, span{uint32(p), uint32(p)})
	}
	return merged(all)
}
