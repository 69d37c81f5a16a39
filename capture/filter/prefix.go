package filter

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

// netPrefix is an IPv6 prefix in the words that the program compares.
type netPrefix struct {
	words [4]uint32
	bits  int
}

// prefixes sorts the configured prefixes by IP version. IPv4 prefixes are ranges of one word, joined where they touch; of
// the IPv6 prefixes those within another are left out.
func (b *builder) prefixes() {
	b.all = len(b.cfg.Prefixes) == 0
	var v4 []span
	var v6 []netip.Prefix
	for _, p := range b.cfg.Prefixes {
		addr, bits := p.Addr(), p.Bits()
		if addr.Is4In6() {
			addr, bits = addr.Unmap(), bits-96
		}
		p = netip.PrefixFrom(addr, bits).Masked()
		if !addr.Is4() {
			v6 = append(v6, p)
			continue
		}
		lo := binary.BigEndian.Uint32(p.Addr().AsSlice())
		v4 = append(v4, span{lo, lo | uint32(1<<(32-bits)-1)})
	}
	b.ipv4 = merged(v4)
	slices.SortFunc(v6, func(p, q netip.Prefix) int { return p.Bits() - q.Bits() })
	for i, p := range v6 {
		if slices.ContainsFunc(v6[:i], func(q netip.Prefix) bool { return q.Overlaps(p) }) {
			continue
		}
		a := p.Addr().As16()
		n := netPrefix{bits: p.Bits()}
		for w := range n.words {
			n.words[w] = binary.BigEndian.Uint32(a[4*w:])
		}
		b.ipv6 = append(b.ipv6, n)
	}
}

// addressesIPv4 turns away an IPv4 packet that neither comes from nor goes to the prefixes of Narrow.
func (b *builder) addressesIPv4() {
	if b.cfg.Mode == Wide || b.all {
		return
	}
	if len(b.ipv4) == 0 {
		b.jump(atDrop)
		return
	}
	b.note = "IPv4: the source's prefix"
	b.do(load(12, 4))
	b.inSpans(b.ipv4, 1<<32-1, "fragments", "destination")
	b.at("destination", "or the destination's")
	b.do(load(16, 4))
	b.inSpans(b.ipv4, 1<<32-1, "fragments", atDrop)
}

// addressesIPv6 does so with an IPv6 packet.
func (b *builder) addressesIPv6() {
	if b.cfg.Mode == Wide || b.all {
		return
	}
	if len(b.ipv6) == 0 {
		b.jump(atDrop)
		return
	}
	b.note = "IPv6: the source's prefix"
	for _, offset := range []uint32{8, 24} {
		for _, p := range b.ipv6 {
			b.inPrefix(p, offset, "next header")
		}
		b.note = "or the destination's"
	}
	b.note = ""
	b.jump(atDrop)
}

// inPrefix goes to yes when the IPv6 address at offset after X is in p, else on.
func (b *builder) inPrefix(p netPrefix, offset uint32, yes string) {
	other := b.unique("other prefix")
	for w, bits := 0, p.bits; bits > 0; w, bits = w+1, bits-32 {
		b.do(load(offset+4*uint32(w), 4))
		if bits < 32 {
			b.do(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(0) << (32 - bits)})
		}
		if bits <= 32 {
			b.equal(p.words[w], yes, other)
		} else {
			b.equal(p.words[w], next, other)
		}
	}
	if p.bits == 0 {
		b.jump(yes)
	}
	b.at(other, "")
}
