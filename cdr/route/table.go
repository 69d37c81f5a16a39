package route

import (
	"fmt"
	"net/netip"
	"slices"
)

// Role is what an end is to the operator; "" when that is not known.
type Role string

// Roles, as the record names them.
const (
	Subscriber Role = "subscriber" // an address of the operator's network
	OnTrunk    Role = "trunk"      // a peer's gateway: never the caller
	OwnSBC     Role = "own_sbc"    // the operator's own server
	Foreign    Role = "foreign"    // none of these
)

// End is one end of a packet.
type End struct {
	Addr netip.Addr
	// Tap is the interface the packet was seen on; "" in replay.
	Tap string
	// VLAN is the packet's outermost 802.1Q id; 0 without.
	VLAN uint16
}

// Link is the way a call came into the network or left it. It belongs to the Table: do not write to it.
type Link struct {
	Peer      string // network at the other end; "" when not configured
	Trunk     string // name
	Interface string // of the trunk; "" when it is bound to none
}

// Table is a configuration made ready for look-ups.
type Table struct {
	prefixes map[netip.Prefix][]entry // those that ask for more first
	bits4    []int                    // lengths of prefixes that there are, longest first
	bits6    []int
	bare     []entry // trunks without prefixes, those that ask for more first
	own      bool    // Prefixes are configured, so that others are foreign
	numbers  map[string]struct{}
	inside   map[string]bool // taps inside the translation
	empty    bool
}

// entry is what an end is if it was seen where the entry asks.
type entry struct {
	role  Role
	link  *Link // of a trunk
	tap   string
	vlan  uint16
	whose string
}

// New checks a configuration. The Table keeps nothing of it that the caller could change.
func New(cfg Config) (*Table, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	t := &Table{
		prefixes: make(map[netip.Prefix][]entry), numbers: make(map[string]struct{}), inside: make(map[string]bool),
		own: len(cfg.Prefixes) > 0,
	}
	for _, p := range cfg.Prefixes {
		if err := t.add(p, entry{role: Subscriber, whose: "the own prefixes"}); err != nil {
			return nil, err
		}
	}
	for _, p := range cfg.SBCs {
		if err := t.add(p, entry{role: OwnSBC, whose: "the own SBCs"}); err != nil {
			return nil, err
		}
	}
	for _, trunk := range cfg.Trunks {
		e := entry{
			role: OnTrunk, link: &Link{Peer: trunk.Peer, Trunk: trunk.Name, Interface: trunk.Interface},
			tap: trunk.Interface, vlan: trunk.VLAN, whose: "trunk " + trunk.Name,
		}
		if len(trunk.Prefixes) == 0 {
			if err := insert(&t.bare, e, "what is in no prefix"); err != nil {
				return nil, err
			}
		}
		for _, p := range trunk.Prefixes {
			if err := t.add(p, e); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range cfg.Numbers {
		t.numbers[n] = struct{}{}
	}
	for _, tap := range cfg.Taps {
		if tap.NAT == NATInside {
			t.inside[tap.Name] = true
		}
	}
	t.empty = len(t.prefixes)+len(t.bare)+len(t.inside) == 0
	return t, nil
}

func (t *Table) add(p netip.Prefix, e entry) error {
	switch {
	case !p.IsValid():
		return fmt.Errorf("route: %s hold a prefix that is none: write it as 192.0.2.0/24", e.whose)
	case p.Addr().Is4In6():
		return fmt.Errorf("route: %s, of %s: write IPv4 in its own form", p, e.whose)
	case p != p.Masked():
		return fmt.Errorf("route: %s, of %s, is an address within a prefix: write %s", p, e.whose, p.Masked())
	}
	list := t.prefixes[p]
	if err := insert(&list, e, p.String()); err != nil {
		return err
	}
	t.prefixes[p] = list
	bits := &t.bits6
	if p.Addr().Is4() {
		bits = &t.bits4
	}
	if !slices.Contains(*bits, p.Bits()) {
		*bits = append(*bits, p.Bits())
		slices.SortFunc(*bits, func(a, b int) int { return b - a })
	}
	return nil
}

// insert puts e among those that ask for as much as it does. Two that would hold for the same packets are a mistake: one of
// them would never be found.
func insert(list *[]entry, e entry, what string) error {
	for _, o := range *list {
		if o.link == nil && o.role == e.role {
			return nil // the operator's own, said twice
		}
		if o.tap == e.tap && o.vlan == e.vlan {
			return fmt.Errorf("route: %s is of %s and of %s: take it out of one of them", what, o.whose, e.whose)
		}
	}
	*list = append(*list, e)
	slices.SortStableFunc(*list, func(a, b entry) int { return b.asks() - a.asks() })
	return nil
}

// asks is how narrowly an entry says where it is to be seen. An interface alone counts before a VLAN alone.
func (e *entry) asks() (n int) {
	if e.tap != "" {
		n += 2
	}
	if e.vlan != 0 {
		n++
	}
	return n
}

func (e *entry) holds(end *End) bool {
	return (e.tap == "" || e.tap == end.Tap) && (e.vlan == 0 || e.vlan == end.VLAN)
}

// Of is the role of an end.
func (t *Table) Of(end End) Role {
	role, _ := t.find(&end)
	return role
}

// find is the role of an end and, of a trunk, the trunk. The longest prefix wins whose entry holds where the end was seen;
// of the entries of one prefix the narrowest; then a trunk without prefixes.
func (t *Table) find(end *End) (Role, *Link) {
	addr := end.Addr.Unmap().WithZone("")
	if t.empty || !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() {
		return "", nil
	}
	lengths := t.bits6
	if addr.Is4() {
		lengths = t.bits4
	}
	for _, bits := range lengths {
		p, err := addr.Prefix(bits)
		if err != nil {
			continue // never: the lengths are of the same family
		}
		list := t.prefixes[p]
		for i := range list {
			if list[i].holds(end) {
				return list[i].role, list[i].link
			}
		}
	}
	for i := range t.bare {
		if t.bare[i].holds(end) {
			return t.bare[i].role, t.bare[i].link
		}
	}
	switch {
	case isInside(addr):
		if t.inside[end.Tap] {
			return Subscriber, nil
		}
		return "", nil // everybody has such addresses
	case t.own:
		return Foreign, nil
	}
	return "", nil
}

// sharedSpace is for networks between a provider and its customers (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// isInside: an address that means something only where it was seen.
func isInside(addr netip.Addr) bool {
	return addr.IsPrivate() || sharedSpace.Contains(addr) || addr.IsLoopback() || addr.IsLinkLocalUnicast()
}

// isOwn says whether a number, in E.164 form with its sign, is in one of the operator's ranges.
func (t *Table) isOwn(e164 string) bool {
	for n := 2; n <= len(e164); n++ {
		if _, ok := t.numbers[e164[:n]]; ok {
			return true
		}
	}
	return false
}
