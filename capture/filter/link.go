package filter

import (
	"fmt"

	"golang.org/x/net/bpf"

	"calltrail/capture"
)

// EtherTypes, by IANA's "IEEE 802 Numbers".
const (
	etherIPv4      = 0x0800
	etherIPv6      = 0x86dd
	etherVLAN      = 0x8100 // IEEE 802.1Q customer tag
	etherQinQ      = 0x88a8 // IEEE 802.1ad service tag
	etherQinQOld   = 0x9100 // service tag before 802.1ad
	etherMPLS      = 0x8847
	etherMPLSMulti = 0x8848
	etherPPPoEDisc = 0x8863
	etherPPPoE     = 0x8864
)

// maxTags is how many VLAN tags are followed, as many as decode follows.
const maxTags = 8

// link writes the block that finds the IP header.
func (b *builder) link() error {
	base := func(n uint32) bpf.Instruction { return bpf.LoadConstant{Dst: bpf.RegX, Val: n} }
	switch b.cfg.Link {
	case capture.LinkEthernet:
		b.etherTypes(12, 14)
	case capture.LinkLinuxSLL:
		b.etherTypes(14, 16)
	case capture.LinkLinuxSLL2:
		b.etherTypes(0, 20)
	case capture.LinkRaw:
		b.at("link", "no link header: the version field tells IPv4 from IPv6")
		b.do(bpf.LoadAbsolute{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0}, base(0))
		b.equal(0x40, atIPv4, next)
		b.equal(0x60, atIPv6, atDrop)
	case capture.LinkIPv4:
		b.at("link", "no link header")
		b.do(base(0))
		b.jump(atIPv4)
	case capture.LinkIPv6:
		b.at("link", "no link header")
		b.do(base(0))
		b.jump(atIPv6)
	case capture.LinkNull, capture.LinkLoop:
		b.at("link", "BSD loopback: the address family, AF_INET6 as the BSDs, Darwin and Linux number it")
		b.do(bpf.LoadAbsolute{Off: 0, Size: 4}, base(4))
		for _, family := range []struct {
			n  uint32
			to string
		}{{2, atIPv4}, {10, atIPv6}, {24, atIPv6}, {28, atIPv6}, {30, atIPv6}} {
			b.equal(family.n, family.to, next)
			if b.cfg.Link == capture.LinkNull { // in the byte order of the machine that captured
				b.equal(family.n<<24, family.to, next)
			}
		}
		b.jump(atDrop)
	default:
		return fmt.Errorf("filter: link type %d is not known; capture without a filter", b.cfg.Link)
	}
	return nil
}

// etherTypes writes the blocks of a link header whose EtherType is at offset at, and of the VLAN tags after it, which begin
// at offset after. Where a tag stands is known beforehand: nothing before it has a length of its own.
//
// The kernel takes the outermost tag out of a frame before the filter sees it, and keeps it beside; so may the card. The
// program works on what is there.
func (b *builder) etherTypes(at, after uint32) {
	name := func(tags int) string { return fmt.Sprintf("tags %d", tags) }
	for i := range maxTags + 1 {
		note := fmt.Sprintf("behind %d VLAN tags", i)
		switch i {
		case 0:
			note = "EtherType; a VLAN tag that the kernel took out of the frame does not show"
		case 1:
			note = "behind a VLAN tag"
		}
		b.at(name(i), note)
		b.do(bpf.LoadAbsolute{Off: at, Size: 2}, bpf.LoadConstant{Dst: bpf.RegX, Val: after})
		at, after = after+2, after+4
		b.equal(etherIPv4, atIPv4, next)
		b.equal(etherIPv6, atIPv6, next)
		deeper := b.otherwise() // more tags than are followed
		if i < maxTags {
			deeper = name(i + 1)
		}
		b.equal(etherVLAN, deeper, next)
		b.equal(etherQinQ, deeper, next)
		b.equal(etherQinQOld, deeper, atNotIP)
	}
	b.at(atNotIP, "no IP, unless it is in a tunnel below IP: MPLS, PPPoE")
	if b.cfg.Mode == Narrow {
		b.note = "no IP"
		b.jump(atDrop)
		return
	}
	b.equal(etherMPLS, atWhole, next)
	b.equal(etherMPLSMulti, atWhole, next)
	b.equal(etherPPPoE, atWhole, next)
	b.equal(etherPPPoEDisc, atWhole, atDrop)
}

// otherwise is where a frame goes whose addresses cannot be reached.
func (b *builder) otherwise() string {
	if b.cfg.Mode == Narrow {
		return atDrop
	}
	return atWhole
}
