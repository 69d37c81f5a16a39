package app

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// known is the table in the form in which it is asked, made once.
var known = compile()

// index is that form.
type index struct {
	byName     map[string]ID
	perApp     [NumNames]Marks
	attempts   Marks
	uuids      Marks // rules of a USERNAME
	reasons    Marks
	anyCookie  Marks // rules of STUN that hold without the magic cookie
	attributes [64]attribute
	confined   []portMark // rules of attributes that hold on these ports only
	stunTypes  []portMark
	stunPorts  []portMark
	ports      []portMark
	realms     []realm
	types      [128]Marks
	mediums    [NumNames][128]Medium
	startWith  [256]bool // first octets of the patterns at offset 0
	innerWith  [256]bool // and of those at offset 2
	start      []word
	inner      []word
	onPorts    []word // patterns of any octets, on some ports
	prefixes4  []prefix[uint32]
	prefixes6  []prefix[uint64]
	systems    []system
}

type (
	// attribute is a slot of a hash table with linear probing; marks is empty in a free slot.
	attribute struct {
		number uint16
		marks  Marks
	}
	// portMark is a range of ports or of message types; username says that the message must have one.
	portMark struct {
		span
		id       ID
		username bool
	}
	realm struct {
		text string
		id   ID
	}
	system struct {
		number uint32
		marks  Marks
	}
	// prefix is a range of addresses; of IPv6 the first 64 bits.
	prefix[T uint32 | uint64] struct {
		from, to T
		id       ID
	}
	// word is a pattern as four octets.
	word struct {
		mask, value uint32
		*pattern
		id ID
	}
)

// compile makes the index. Faults in the table are found by the tests.
func compile() *index {
	x := &index{byName: make(map[string]ID, len(table))}
	for i := range table {
		r, id := &table[i], ID(i) // #nosec G115 -- below MaxRules
		x.byName[r.Name] = id
		x.perApp[r.App].Add(id)
		if r.Attempt {
			x.attempts.Add(id)
		}
		if r.Confidence == Certain || r.Pair != "" {
			x.reasons.Add(id)
		}
		if r.uuids {
			x.uuids.Add(id)
		}
		if r.old {
			x.anyCookie.Add(id)
		}
		x.addSTUN(r, id)
		for _, pt := range r.types {
			x.types[pt].Add(id)
			x.mediums[r.App][pt] = r.Medium
		}
		for _, n := range r.as {
			x.addSystem(n, id)
		}
		for _, p := range r.prefixes {
			x.addPrefix(netip.MustParsePrefix(p), id)
		}
		for i := range r.patterns {
			x.addPattern(&r.patterns[i], id)
		}
	}
	slices.SortFunc(x.prefixes4, func(a, b prefix[uint32]) int { return cmp.Compare(a.from, b.from) })
	slices.SortFunc(x.prefixes6, func(a, b prefix[uint64]) int { return cmp.Compare(a.from, b.from) })
	x.mediums[WebRTC][111], x.mediums[WebRTC][96] = Audio, Video // see MediumOf
	return x
}

// addSTUN adds what a rule says of STUN messages and of ports.
func (x *index) addSTUN(r *Rule, id ID) {
	for _, s := range r.stunTypes {
		x.stunTypes = append(x.stunTypes, portMark{span: s, id: id})
	}
	for _, s := range r.stunPorts {
		x.stunPorts = append(x.stunPorts, portMark{s, id, r.username})
	}
	for _, s := range r.attributes {
		for n := int(s.low); n <= int(s.high); n++ {
			x.addAttribute(uint16(n), id) // #nosec G115 -- between two of its type
		}
	}
	for _, s := range r.ports {
		if len(r.attributes) > 0 {
			x.confined = append(x.confined, portMark{span: s, id: id})
		} else {
			x.ports = append(x.ports, portMark{span: s, id: id})
		}
	}
	for _, t := range r.realms {
		x.realms = append(x.realms, realm{t, id})
	}
}

// slot is where the search for an attribute begins.
func slot(n uint16) int { return int(n*0x9e37>>10) % len(index{}.attributes) }

func (x *index) addAttribute(n uint16, id ID) {
	i := slot(n)
	for !x.attributes[i].marks.Empty() && x.attributes[i].number != n {
		i = (i + 1) % len(x.attributes)
	}
	x.attributes[i].number = n
	x.attributes[i].marks.Add(id)
}

func (x *index) addSystem(n uint32, id ID) {
	for i := range x.systems {
		if x.systems[i].number == n {
			x.systems[i].marks.Add(id)
			return
		}
	}
	s := system{number: n}
	s.marks.Add(id)
	x.systems = append(x.systems, s)
}

func (x *index) addPrefix(p netip.Prefix, id ID) {
	if p.Addr().Is4() {
		a := p.Addr().As4()
		from := binary.BigEndian.Uint32(a[:])
		x.prefixes4 = append(x.prefixes4, prefix[uint32]{from, from | (1<<(32-p.Bits()) - 1), id})
		return
	}
	a := p.Addr().As16()
	from := binary.BigEndian.Uint64(a[:])
	x.prefixes6 = append(x.prefixes6, prefix[uint64]{from, from | (1<<(64-p.Bits()) - 1), id})
}

func (x *index) addPattern(p *pattern, id ID) {
	w := word{pattern: p, id: id}
	for i := range p.is {
		shift := 24 - 8*i
		w.mask |= 0xff << shift
		w.value |= uint32(p.is[i]) << shift
	}
	switch {
	case p.is == "":
		x.onPorts = append(x.onPorts, w)
	case p.at == 0:
		x.start, x.startWith[p.is[0]] = append(x.start, w), true
	default:
		x.inner, x.innerWith[p.is[0]] = append(x.inner, w), true
	}
}
