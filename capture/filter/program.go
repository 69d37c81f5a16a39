package filter

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// maxInstructions is how long a filter may be: BPF_MAXINSNS of Linux.
const maxInstructions = 4096

// Program is a filter for the kernel. It does not change.
type Program struct {
	cfg   Config
	code  []bpf.Instruction
	raw   []bpf.RawInstruction
	notes map[int]string // by the number of the instruction they stand before
}

// New makes the program that cfg asks for. The error says what about cfg is impossible: a value out of range, a link type
// that is not known, or more prefixes and ports than fit in the kernel's limit.
func New(cfg Config) (*Program, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	b := builder{cfg: cfg, tcpPorts: cfg.tcpSpans()}
	if cfg.Mode == Narrow {
		b.udp = spansOf(cfg.SIPPorts, cfg.MediaPorts)
		b.prefixes()
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	code, notes, err := b.assemble()
	if err != nil {
		return nil, err
	}
	if len(code) > maxInstructions {
		return nil, fmt.Errorf("filter: %d instructions for %d prefixes, %d ranges of ports and %d tunnel ports, and the kernel takes %d; name fewer",
			len(code), len(cfg.Prefixes), len(cfg.SIPPorts)+len(cfg.TCPPorts)+len(cfg.MediaPorts), len(cfg.TunnelPorts), maxInstructions)
	}
	raw, err := bpf.Assemble(code)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return &Program{cfg: cfg, code: code, raw: raw, notes: notes}, nil
}

// Raw returns the instructions in the kernel's form. The slice is the caller's.
func (p *Program) Raw() []bpf.RawInstruction { return slices.Clone(p.raw) }

// Places that several files jump to.
const (
	atNotIP     = "not ip"
	atIPv4      = "ipv4"
	atIPv6      = "ipv6"
	atTransport = "transport"
	atTCP       = "tcp"
	atUDP       = "udp"
	atPayload   = "payload"
	atMedia     = "media"
	atCut       = "cut"
	atWhole     = "whole"
	atDrop      = "drop"
	atApps      = "apps" // where wide goes with what is none of the others, when calls in applications are asked for
)

// Scratch memory. The program may load only what it has stored before on every way there: the kernel checks it.
const (
	memOffset = 0 // of the header being looked at, while X is in use
	memLength = 1
)

// builder writes the blocks of a program one after the other.
type builder struct {
	assembler
	cfg      Config
	tcpPorts []span // that pass
	udp      []span // ports of UDP that Narrow passes
	all      bool   // Narrow passes every address
	ipv4     []span // the addresses of IPv4 that Narrow passes
	ipv6     []netPrefix
	n        int // of names made by unique
}

// unique returns a name that no other place has.
func (b *builder) unique(name string) string {
	b.n++
	return fmt.Sprintf("%s %d", name, b.n)
}

// build writes the program, also what this configuration does not need: it is left out when nothing leads there. X is the offset of the header that is looked at, from the link header on; A holds what is
// compared.
func (b *builder) build() error {
	if err := b.link(); err != nil {
		return err
	}
	b.ipv6Header()
	b.ipv4Header()
	b.transport()
	b.tcp()
	if b.cfg.Mode == Wide {
		b.udpWide()
		b.payload()
	} else {
		b.udpNarrow()
	}
	b.returns()
	return nil
}

// load is the instruction that loads size octets at offset octets after X into A.
func load(offset uint32, size int) bpf.Instruction { return bpf.LoadIndirect{Off: offset, Size: size} }

// inSpans goes to yes when A is in one of the spans, which merged made, else to no.
func (b *builder) inSpans(spans []span, most uint32, yes, no string) {
	if len(spans) > 2 { // most are above or below all of them
		b.above(spans[len(spans)-1].hi, no, next)
		b.least(spans[0].lo, next, no)
	}
	for i, s := range spans {
		last := i == len(spans)-1
		other := next
		if last {
			other = no
		}
		switch {
		case s.lo == s.hi:
			b.equal(s.lo, yes, other)
		case s.lo == 0 && s.hi == most:
			b.jump(yes)
		case s.lo == 0:
			b.above(s.hi, other, yes)
		case s.hi == most:
			b.least(s.lo, yes, no)
		default:
			b.least(s.lo, next, no) // the spans after it are higher still
			b.above(s.hi, other, yes)
		}
	}
	if len(spans) == 0 {
		b.jump(no)
	}
}
