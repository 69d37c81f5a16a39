package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// Protocols above IP, by IANA's "Protocol Numbers".
const (
	protoHopByHop = 0
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47 // ERSPAN is in it
	protoAH       = 51
	protoDestOpts = 60
	protoL2TP     = 115
	protoSCTP     = 132
	protoMPLS     = 137
)

// maxExtensions is how many IPv6 extension headers are followed, as many as decode follows.
const maxExtensions = 8

// advance moves X by A octets and loads the octet at from, after the old X, into A: the protocol of what is at the new X.
func (b *builder) advance(from uint32) {
	b.do(
		bpf.ALUOpX{Op: bpf.ALUOpAdd},
		bpf.StoreScratch{Src: bpf.RegA, N: memOffset},
		load(from, 1),
		bpf.LoadScratch{Dst: bpf.RegX, N: memOffset},
	)
}

// ipv4Header writes the block of the IPv4 header (RFC 791 section 3.1) at X. It leaves with the protocol in A and the
// offset behind the options in X.
func (b *builder) ipv4Header() {
	b.at(atIPv4, "")
	b.addressesIPv4()
	b.at("fragments", "IPv4 fragments, the first one too: the payload is elsewhere, or not whole")
	b.do(load(6, 2))
	b.any(0x3fff, atWhole, next) // more fragments, or an offset
	b.at("options", "the header's length with its options")
	b.do(load(0, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	b.advance(9)
}

// ipv6Header writes the blocks of the IPv6 header (RFC 8200 section 3) at X and of its extension headers. They leave with
// the protocol in A and its offset in X.
func (b *builder) ipv6Header() {
	b.at(atIPv6, "")
	b.addressesIPv6()
	b.at("next header", "IPv6: the header that comes next")
	b.do(bpf.LoadConstant{Dst: bpf.RegA, Val: 40})
	b.advance(6)
	for i := range maxExtensions {
		b.extension(i + 1)
	}
	b.at("too many", fmt.Sprintf("behind %d extension headers: what is deeper cannot be judged", maxExtensions))
	for _, proto := range []uint32{protoHopByHop, protoDestOpts, protoRouting, protoFragment, protoAH} {
		b.equal(proto, atWhole, next)
	}
	b.jump(atTransport)
}

// extension writes the blocks of the nth extension header, if what A names is one.
func (b *builder) extension(n int) {
	name := func(s string) string { return fmt.Sprintf("%s %d", s, n) }
	b.at(name("extension"), fmt.Sprintf("extension header %d, if there is one", n))
	b.equal(protoTCP, atTransport, next)
	b.equal(protoUDP, atTransport, next)
	b.equal(protoHopByHop, name("options"), next)
	b.equal(protoDestOpts, name("options"), next)
	b.equal(protoRouting, name("options"), next)
	b.equal(protoFragment, name("fragment"), next)
	b.equal(protoAH, name("authentication"), atTransport)

	b.at(name("fragment"), "a fragment, unless it is the first and the last (RFC 6946)")
	b.do(load(2, 2))
	b.any(0xfff9, atWhole, next)
	b.do(bpf.LoadConstant{Dst: bpf.RegA, Val: 8})
	b.jump(name("behind"))

	b.at(name("authentication"), "AH has its length in units of 4 octets, less 2 (RFC 4302 section 2.2)")
	b.do(load(1, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 2}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	b.jump(name("behind"))

	b.at(name("options"), "the others in units of 8 octets, less 1")
	b.do(load(1, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 3})

	b.at(name("behind"), "")
	b.advance(0)
}
