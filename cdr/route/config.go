package route

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// Bounds of a configuration. A larger one is refused, in words.
const (
	maxTrunks   = 4096
	maxPrefixes = 65536 // all together
	maxNumbers  = 65536
	maxName     = 128 // octets of a name
)

// Config says what belongs to the operator and how others are reached. All of it is optional.
type Config struct {
	// Prefixes are the addresses of the operator's network. An end in one of them is a subscriber, unless a longer prefix
	// says something else. Empty: no end is known to be foreign.
	Prefixes []netip.Prefix
	// SBCs are the addresses of the operator's own session border controllers, proxies and gateways.
	SBCs []netip.Prefix
	// Numbers are the operator's number ranges as E.164 prefixes, "+911204".
	Numbers []string
	// Trunks are the connections to other networks.
	Trunks []Trunk
	// Taps say where the taps are. A tap that is not named is of NATNone.
	Taps []Tap
}

// Trunk is a connection to another network. It needs prefixes, or an interface or VLAN of its own.
type Trunk struct {
	// Name is the trunk's name in the records, unique.
	Name string
	// Peer is the network at its other end. Empty: not said.
	Peer string
	// Prefixes are the peer's addresses. Empty: every address on Interface and VLAN that is in no configured prefix.
	Prefixes []netip.Prefix
	// Interface is the tap that the trunk is seen on, by its name. Empty: any.
	Interface string
	// VLAN is the outermost 802.1Q id of its packets, 1 to 4094. 0: any.
	VLAN uint16
}

// NAT says on which side of the operator's address translation a tap is.
type NAT string

// Places of a tap.
const (
	// NATNone: there is none on the way; what addresses are is told by prefixes alone.
	NATNone NAT = "none"
	// NATInside is between the subscribers and the translation: private and shared addresses (RFC 1918, 6598, 4193) in no
	// configured prefix are subscribers.
	NATInside NAT = "inside"
	// NATOutside is between the translation and the Internet: subscribers have addresses of Prefixes, and a private address
	// is nobody's that can be known.
	NATOutside NAT = "outside"
)

// Tap is one tap.
type Tap struct {
	Name string // interface
	NAT  NAT    // "" is NATNone
}

// check tells what is wrong with a trunk but for its relation to others.
func (t *Trunk) check(i int) error {
	switch {
	case !isName(t.Name):
		return fmt.Errorf("route: trunk %d: name %q: use 1 to %d octets of text", i+1, t.Name, maxName)
	case t.Peer != "" && !isName(t.Peer):
		return fmt.Errorf("route: trunk %s: peer %q: use at most %d octets of text", t.Name, t.Peer, maxName)
	case t.VLAN > 4094:
		return fmt.Errorf("route: trunk %s: VLAN %d: use 1 to 4094, or leave it out", t.Name, t.VLAN)
	case len(t.Prefixes) == 0 && t.Interface == "" && t.VLAN == 0:
		return fmt.Errorf("route: trunk %s: nothing tells its packets: give it prefixes, an interface or a VLAN", t.Name)
	}
	return nil
}

func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsControl(r) }) < 0
}

// check tells what is wrong with the lists that stand alone, and their sizes.
func (c *Config) check() error {
	prefixes := len(c.Prefixes) + len(c.SBCs)
	names := make(map[string]bool)
	for i := range c.Trunks {
		t := &c.Trunks[i]
		if err := t.check(i); err != nil {
			return err
		}
		if names[t.Name] {
			return fmt.Errorf("route: trunk %s is there twice: give each its own name", t.Name)
		}
		names[t.Name] = true
		prefixes += len(t.Prefixes)
	}
	switch {
	case len(c.Trunks) > maxTrunks:
		return fmt.Errorf("route: %d trunks are more than %d", len(c.Trunks), maxTrunks)
	case prefixes > maxPrefixes:
		return fmt.Errorf("route: %d prefixes are more than %d: join those that lie side by side", prefixes, maxPrefixes)
	case len(c.Numbers) > maxNumbers:
		return fmt.Errorf("route: %d number ranges are more than %d: join those that lie side by side", len(c.Numbers), maxNumbers)
	}
	for _, n := range c.Numbers {
		if digits, ok := strings.CutPrefix(n, "+"); !ok || digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			return fmt.Errorf("route: number range %q: write + and the first digits, such as +91224000", n)
		}
	}
	for i, t := range c.Taps {
		if !slices.Contains([]NAT{"", NATNone, NATInside, NATOutside}, t.NAT) {
			return fmt.Errorf("route: tap %s: nat %q: write inside, outside or none", t.Name, t.NAT)
		}
		if t.Name == "" || slices.ContainsFunc(c.Taps[:i], func(o Tap) bool { return o.Name == t.Name }) {
			return fmt.Errorf("route: tap %d, %q, has no name of its own", i+1, t.Name)
		}
	}
	return nil
}
