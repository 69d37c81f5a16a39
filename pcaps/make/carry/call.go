package main

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

const (
	portSIP = 5060
	// keptMedia is how many packets of sound are carried of each direction: tunnels show with few, and captures stay small.
	keptMedia = 10
)

// packet is an IP packet of a call.
type packet struct {
	at       int64 // nanoseconds since 1970-01-01T00:00:00Z
	ip       []byte
	src, dst netip.Addr
	protocol byte
	above    []byte // what ip carries
	later    bool   // a fragment, but not the first: above has no UDP header
}

// sip says whether p is a UDP datagram of signalling, or a part of one.
func (p *packet) sip() bool {
	return p.protocol == protocolUDP && (p.later || binary.BigEndian.Uint16(p.above) == portSIP && binary.BigEndian.Uint16(p.above[2:]) == portSIP)
}

// message returns the SIP message in p; not of a fragment.
func (p *packet) message() []byte { return p.above[udpLen:] }

// readCall returns the signalling in a capture and the first packets of the sound. Nothing else crosses a tunnel.
func readCall(frames []frame) (call []packet, err error) {
	type stream struct {
		src, dst netip.Addr
		ports    uint32
	}
	media := map[stream]int{}
	for _, f := range frames {
		p, err := parse(f)
		if err != nil {
			return nil, err
		}
		if p.protocol != protocolUDP || len(p.above) < udpLen {
			continue
		}
		if !p.sip() {
			s := stream{src: p.src, dst: p.dst, ports: binary.BigEndian.Uint32(p.above)}
			if media[s]++; media[s] > keptMedia {
				continue
			}
		}
		call = append(call, p)
	}
	if len(call) == 0 {
		return nil, errors.New("no call")
	}
	return call, nil
}

// parse reads a frame's headers; what is no IP has no protocol. The frames are our own: plain Ethernet, no IP options,
// no extension headers, whole.
func parse(f frame) (p packet, err error) {
	p = packet{at: f.at}
	if len(f.b) < ethernetLen {
		return p, errors.New("a frame is too short")
	}
	b := f.b[ethernetLen:]
	switch etherType := binary.BigEndian.Uint16(f.b[12:]); {
	case etherType == etherIPv4 && len(b) >= ipv4Len && b[0] == 0x45:
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < ipv4Len || n > len(b) {
			return p, errors.New("an IPv4 packet's length is wrong")
		}
		p.ip, p.above, p.protocol = b[:n], b[ipv4Len:n], b[9]
		p.src, p.dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		p.later = binary.BigEndian.Uint16(b[6:])&0x1fff != 0
	case etherType == etherIPv6 && len(b) >= ipv6Len:
		n := ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
		if n > len(b) {
			return p, errors.New("an IPv6 packet's length is wrong")
		}
		p.ip, p.above, p.protocol = b[:n], b[ipv6Len:n], b[6]
		p.src, p.dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	}
	return p, nil
}
