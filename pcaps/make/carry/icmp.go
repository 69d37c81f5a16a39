package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
)

// besideErrors puts ICMP errors beside a call that quote packets of it, and packets of calls that there are not: whoever
// took a quotation for a message would count INVITEs twice, find further calls, and end this one a second early.
func besideErrors(call []packet) []packet {
	invite, bye := find(call, "INVITE"), find(call, "BYE")
	other := func(src, dst netip.Addr, name string) []byte {
		message := bytes.ReplaceAll(invite.message(), []byte("Call-ID: "), []byte("Call-ID: "+name))
		return ipPacket(src, dst, protocolUDP, 0x4321, true, udpDatagram(src, dst, portSIP, portSIP, message))
	}
	caller6, callee6 := netip.MustParseAddr("2001:db8:44::10"), netip.MustParseAddr("2001:db8:91::10")
	inGRE := gre(outer, 9, 9, false)(passage{up: true}, content{etherIPv4, other(invite.src, invite.dst, "in-gre-")})
	const (
		soon  = 20_000        // nanoseconds after what is quoted
		early = 1_000_000_000 // before the BYE
	)
	for i, e := range []struct {
		at         int64
		from, to   netip.Addr
		kind, code byte
		quoted     []byte
	}{
		{invite.at + soon, invite.dst, invite.src, 3, 3, invite.ip},                                              // port unreachable
		{invite.at + 2*soon, outer.near, invite.src, 11, 0, other(invite.src, invite.dst, "expired-")},           // time to live exceeded
		{invite.at + 3*soon, outer.near, invite.src, 11, 0, other(invite.src, invite.dst, "short-")[:ipv4Len+8]}, // as little as RFC 792 asks for
		{invite.at + 4*soon, callee6, caller6, 1, 4, other(caller6, callee6, "version-6-")},                      // ICMPv6: port unreachable
		{invite.at + 5*soon, outer.far, outer.near, 3, 4, inGRE.b},                                               // too big for a link
		{bye.at - early, outer.near, bye.src, 3, 1, bye.ip},                                                      // host unreachable
	} {
		call = append(call, icmpError(e.at, e.from, e.to, low16(0x7000+i), e.kind, e.code, e.quoted))
	}
	slices.SortStableFunc(call, func(a, b packet) int { return int(a.at - b.at) })
	return call
}

// icmpError is an ICMP error (RFC 792, RFC 4443 section 3) that quotes a packet.
//
//	+---------------+---------------+-------------------------------+
//	|     Type      |     Code      |          Checksum             |
//	+---------------+---------------+-------------------------------+
//	|        unused; of type 3 code 4 (IPv4) the next hop's MTU     |
//	+---------------------------------------------------------------+
//	|        as much of the packet as fits, or its first octets     |
//	+---------------------------------------------------------------+
func icmpError(at int64, from, to netip.Addr, id uint16, kind, code byte, quoted []byte) packet {
	p := packet{at: at, src: from, dst: to, protocol: protocolICMP}
	b := []byte{kind, code, 0, 0, 0, 0, 0, 0}
	if !from.Is6() && kind == 3 && code == 4 {
		binary.BigEndian.PutUint16(b[6:], 576)
	}
	b = append(b, quoted...)
	sum := checksum(b)
	if from.Is6() {
		p.protocol = protocolICMPv6
		sum = checksum(pseudo(from, to, protocolICMPv6, len(b)), b)
	}
	binary.BigEndian.PutUint16(b[2:], sum)
	p.above = b
	p.ip = ipPacket(from, to, p.protocol, id, false, b)
	return p
}
