package decode

import (
	"encoding/binary"

	"calltrail/decode/tunnel"
)

// walkLink reads the packet at the start of b, which an EtherType names: one that is neither plain Ethernet with IP, nor
// in its VLAN, but behind MPLS, PPPoE, or inside of a tunnel. wireLen is the number of octets from there to the end on
// the wire.
func walkLink(etherType uint16, b []byte, wireLen int, f *Frame) Reason {
	if etherType == tunnel.EtherBridged {
		if len(b) < ethernetLen {
			return ShortLink
		}
		etherType = binary.BigEndian.Uint16(b[ethernetLen-2:])
		b, wireLen = b[ethernetLen:], wireLen-ethernetLen
	}
	if isTag(etherType) {
		offset, behind, r := vlanTags(b, 0, etherType, f)
		if r != Datagram {
			return r
		}
		etherType, b, wireLen = behind, b[offset:], wireLen-offset
	}
	var in tunnel.Inside
	var o tunnel.Outcome
	switch etherType {
	case etherIPv4:
		return walkIPv4(b, wireLen, f)
	case etherIPv6:
		return walkIPv6(b, wireLen, f)
	case etherMPLS, etherMPLSMulti:
		in, o = tunnel.ReadMPLS(b, wireLen)
	case etherPPPoE:
		in, o = tunnel.ReadPPPoE(b, wireLen)
	default:
		return notIP(etherType, f)
	}
	if o != tunnel.Opened {
		return notOpened(o, ShortLink)
	}
	return enter(&in, b, [16]byte{}, [16]byte{}, f)
}

// notIP names what is neither IPv4 nor IPv6.
func notIP(etherType uint16, f *Frame) Reason {
	if f.Tunnels > 0 || etherType == etherPPPoEDisc {
		return Tunnel
	}
	return NotIP
}

// walkTunnel reads a tunnel that has a protocol number above IP, as walkAbove reads the others.
func walkTunnel(b []byte, length int, f *Frame) Reason {
	var in tunnel.Inside
	var o tunnel.Outcome
	if f.Proto == protoGRE {
		in, o = tunnel.ReadGRE(b, length)
	} else {
		in, o = tunnel.ReadIP(f.Proto, isIPv4(&f.Src.IP), b, length)
	}
	if o != tunnel.Opened {
		return notOpened(o, ShortIP)
	}
	return enter(&in, b, f.Src.IP, f.Dst.IP, f)
}

// notOpened is why a tunnel was not; short, when its header was cut.
func notOpened(o tunnel.Outcome, short Reason) Reason {
	switch o {
	case tunnel.Short:
		return short
	case tunnel.Broken:
		return BadIPLength
	case tunnel.Opened, tunnel.Closed:
	}
	return Tunnel
}

// tunnelPorts holds the UDP ports that tunnels go to, each at its place modulo 32, which are different: one look and no
// guess for each datagram there is. No datagram goes to port 0, which the empty places hold.
var tunnelPorts = [32]uint16{
	tunnel.PortL2TP % 32:       tunnel.PortL2TP,
	tunnel.PortGTPU % 32:       tunnel.PortGTPU,
	tunnel.PortVXLAN % 32:      tunnel.PortVXLAN,
	tunnel.PortGeneve % 32:     tunnel.PortGeneve,
	tunnel.PortVXLANLinux % 32: tunnel.PortVXLANLinux,
}

// walkTunnelUDP looks whether the datagram in f, which has the ports of a tunnel, is one: by its header, and by what is
// inside. If not, it is a datagram like any other, and f is unchanged.
func walkTunnelUDP(f *Frame) Reason {
	var in tunnel.Inside
	o := tunnel.Closed
	switch f.Dst.Port {
	case tunnel.PortVXLAN, tunnel.PortVXLANLinux:
		in, o = tunnel.ReadVXLAN(f.Payload, f.PayloadLen)
	case tunnel.PortGeneve:
		in, o = tunnel.ReadGeneve(f.Payload, f.PayloadLen)
	case tunnel.PortGTPU:
		in, o = tunnel.ReadGTPU(f.Payload, f.PayloadLen)
	}
	if o != tunnel.Opened && (f.Src.Port == tunnel.PortL2TP || f.Dst.Port == tunnel.PortL2TP) {
		in, o = tunnel.ReadL2TP(f.Payload, f.PayloadLen)
	}
	if o != tunnel.Opened || !tunnel.Reads(in.EtherType, f.Payload[in.Offset:], in.Length) {
		return Datagram
	}
	return enter(&in, f.Payload, f.Src.IP, f.Dst.IP, f)
}

// enter notes a tunnel between two addresses, whose header stands at the start of b, and walks on inside.
func enter(in *tunnel.Inside, b []byte, src, dst [16]byte, f *Frame) Reason {
	if int(f.Tunnels) == len(f.Tunnel) {
		return TooManyHeaders
	}
	f.Tunnel[f.Tunnels] = tunnel.Header{Type: in.Type, HasID: in.HasID, ID: in.ID, Src: src, Dst: dst}
	f.Tunnels++
	return walkLink(in.EtherType, b[in.Offset:min(in.Offset+in.Length, len(b))], in.Length, f)
}
