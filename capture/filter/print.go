package filter

import (
	"fmt"
	"strings"

	"golang.org/x/net/bpf"
)

// String returns the program for people: what passes, in words, then the instructions as `tcpdump -d` writes them, each block
// with a comment before it. Lines of words begin with #.
func (p *Program) String() string {
	var b strings.Builder
	for _, line := range p.words() {
		b.WriteString("# " + line + "\n")
	}
	for i := range p.raw {
		if note := p.notes[i]; note != "" {
			b.WriteString("# " + note + "\n")
		}
		fmt.Fprintf(&b, "(%03d) %s\n", i, disassemble(i, p.raw[i]))
	}
	return b.String()
}

// words says what the program does.
func (p *Program) words() []string {
	c := &p.cfg
	out := []string{fmt.Sprintf("filter %s, link type %d: %d instructions of the %d that the kernel takes.",
		c.Mode, c.Link, len(p.raw), maxInstructions)}
	tcp := "none, for no port is named"
	if spans := c.tcpSpans(); len(spans) > 0 {
		tcp = "ports " + portList(spans)
	}
	cut := fmt.Sprintf("cut to %d octets, or to the end of its headers where that is further", c.MediaSnapLength)
	if c.Mode == Narrow {
		where := "any address"
		if len(c.Prefixes) > 0 {
			var list []string
			for _, prefix := range c.Prefixes {
				list = append(list, prefix.String())
			}
			where = strings.Join(list, ", ")
		}
		udp := "none, for no port is named"
		if spans := spansOf(c.SIPPorts, c.MediaPorts); len(spans) > 0 {
			udp = "ports " + portList(spans)
		}
		return append(out,
			"passes, from or to "+where+":",
			fmt.Sprintf("  whole (%d octets): UDP on %s; TCP on %s; IP fragments",
				c.SnapLength, udp, tcp),
			"  "+cut+": of this UDP what looks like RTP",
			"turns away: everything else, tunnels and empty datagrams too",
		)
	}
	return append(out,
		fmt.Sprintf("passes whole (%d octets):", c.SnapLength),
		"  UDP that begins like SIP, RTCP, STUN with the magic cookie, or DTLS; RTP with padding; datagrams that begin with CR or LF",
		"  TCP: "+tcp+"; SCTP; IP fragments, the first ones too",
		"  tunnels: GRE, IP in IP, 6in4, L2TP, MPLS (in IP too), PPPoE, UDP ports "+portList(c.tunnelSpans()),
		"  to be counted, not decoded: UDP ports 1719 (RAS) and 4569 (IAX2); MGCP is text; TCP ports 1720 (H.323) and 2000 (Skinny) are above",
		fmt.Sprintf("  what is behind more than %d VLAN tags or %d IPv6 extension headers", maxTags, maxExtensions),
		"passes "+cut+":",
		"  UDP that begins like RTP, TURN ChannelData, DTLS application data",
		"turns away: everything else; so other TCP, QUIC, DNS, keep-alives of NULs, empty datagrams, ICMP, ARP, and STUN without the cookie",
	)
}

// portList writes ports as the configuration has them.
func portList(spans []span) string {
	var list []string
	for _, s := range spans {
		if s.lo == s.hi {
			list = append(list, fmt.Sprint(s.lo))
		} else {
			list = append(list, fmt.Sprintf("%d-%d", s.lo, s.hi))
		}
	}
	return strings.Join(list, ", ")
}

// disassemble writes instruction number at as `tcpdump -d` does: the places of jumps counted from the program's start.
func disassemble(at int, raw bpf.RawInstruction) string {
	op := func(name, format string, args ...any) string {
		return fmt.Sprintf("%-8s %s", name, fmt.Sprintf(format, args...))
	}
	size := map[uint16]string{0x00: "ld", 0x08: "ldh", 0x10: "ldb"} // BPF_W, BPF_H, BPF_B
	alu := map[uint16]string{0x00: "add", 0x10: "sub", 0x40: "or", 0x50: "and", 0x60: "lsh", 0x70: "rsh"}
	jump := map[uint16]string{0x10: "jeq", 0x20: "jgt", 0x30: "jge", 0x40: "jset"}
	switch class := raw.Op & 0x07; {
	case class == 0x00 && raw.Op&0xe0 == 0x20: // BPF_LD | BPF_ABS
		return op(size[raw.Op&0x18], "[%d]", raw.K)
	case class == 0x00 && raw.Op&0xe0 == 0x40: // BPF_LD | BPF_IND
		return op(size[raw.Op&0x18], "[x + %d]", raw.K)
	case raw.Op == 0xb1: // BPF_LDX | BPF_B | BPF_MSH
		return op("ldxb", "4*([%d]&0xf)", raw.K)
	case raw.Op == 0x80: // BPF_LD | BPF_LEN
		return op("ld", "#pktlen")
	case raw.Op == 0x00: // BPF_LD | BPF_IMM
		return op("ld", "#0x%x", raw.K)
	case raw.Op == 0x01: // BPF_LDX | BPF_IMM
		return op("ldx", "#0x%x", raw.K)
	case raw.Op == 0x60, raw.Op == 0x61: // BPF_LD, BPF_LDX | BPF_MEM
		return op([]string{"ld", "ldx"}[class], "M[%d]", raw.K)
	case raw.Op == 0x02, raw.Op == 0x03: // BPF_ST, BPF_STX
		return op([]string{"st", "stx"}[class-2], "M[%d]", raw.K)
	case class == 0x04 && raw.Op&0x08 != 0: // BPF_ALU | BPF_X
		return op(alu[raw.Op&0xf0], "x")
	case class == 0x04 && (raw.Op&0xf0 == 0x40 || raw.Op&0xf0 == 0x50):
		return op(alu[raw.Op&0xf0], "#0x%x", raw.K)
	case class == 0x04:
		return op(alu[raw.Op&0xf0], "#%d", raw.K)
	case raw.Op == 0x05: // BPF_JMP | BPF_JA
		return op("ja", "%d", at+1+int(raw.K))
	case class == 0x05:
		return fmt.Sprintf("%-8s %-16s jt %d\tjf %d", jump[raw.Op&0xf0], fmt.Sprintf("#0x%x", raw.K), at+1+int(raw.Jt), at+1+int(raw.Jf))
	case raw.Op == 0x06: // BPF_RET | BPF_K
		return op("ret", "#%d", raw.K)
	case raw.Op == 0x16: // BPF_RET | BPF_A
		return op("ret", "")
	case raw.Op == 0x07:
		return op("tax", "")
	case raw.Op == 0x87:
		return op("txa", "")
	}
	return op("unknown", "%#v", raw)
}
