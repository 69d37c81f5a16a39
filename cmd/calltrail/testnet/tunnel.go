package testnet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Tunnel is what carries the packets of one pair of hosts over the segment. Its ends are the test's own: a kernel has few of
// these, each kernel others. One reading of the headers is thus the test's, the other that of tshark.
type Tunnel struct {
	// Name is that of the tunnel in the test.
	Name string
	// head is what stands before an IP packet, behind the header of what carries it.
	head func(packet []byte) []byte
	// One of these carries it: Ethernet frames of this type, IP packets of this protocol, UDP datagrams to this port.
	etherType uint16
	protocol  string
	port      int
	// stripped are the octets of head that the receiving kernel takes out of a frame: a VLAN tag.
	stripped int
}

// Tunnels, with the identifiers that they put on the wire.
const (
	VLANID     = 42
	OuterVLAN  = 1042
	MPLSLabel  = 0x12345
	Session    = 0x77 // of PPPoE
	Key        = 0x01020304
	VNI        = 0xabcde
	TEID       = 0xfeedf00d
	etherIPv4  = 0x0800
	etherVLAN  = 0x8100
	etherQinQ  = 0x88a8
	etherMPLS  = 0x8847
	etherPPPoE = 0x8864
	pppIPv4    = 0x0021
)

// Tunnels are those that can be made on any kernel.
var Tunnels = []Tunnel{
	{Name: "vlan", etherType: etherVLAN, stripped: 4, head: fixed(0, VLANID, 8, 0)},
	{Name: "qinq", etherType: etherQinQ, stripped: 4, head: fixed(OuterVLAN>>8, OuterVLAN&0xff, 0x81, 0, 0, VLANID, 8, 0)},
	// Label, traffic class 0, bottom of the stack, time to live (RFC 3032).
	{Name: "mpls", etherType: etherMPLS, head: fixed(MPLSLabel>>12, MPLSLabel>>4&0xff, MPLSLabel<<4&0xf0|1, 64)},
	// Version 1, type 1, session data; session, length, protocol of PPP (RFC 2516).
	{Name: "pppoe", etherType: etherPPPoE, head: func(packet []byte) []byte {
		return binary.BigEndian.AppendUint16(append([]byte{0x11, 0, 0, Session}, length(len(packet)+2)...), pppIPv4)
	}},
	// With a key (RFC 2890).
	{Name: "gre", protocol: "ip4:47", head: fixed(0x20, 0, 8, 0, Key>>24, Key>>16&0xff, Key>>8&0xff, Key&0xff)},
	{Name: "ipip", protocol: "ip4:4", head: fixed()},
	// Ethernet inside (RFC 8926).
	{Name: "geneve", port: 6081, head: fixed(0, 0, 0x65, 0x58, VNI>>16, VNI>>8&0xff, VNI&0xff, 0,
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0)},
	// Version 1, G-PDU, length, tunnel endpoint (3GPP TS 29.281).
	{Name: "gtpu", port: 2152, head: func(packet []byte) []byte {
		return binary.BigEndian.AppendUint32(append([]byte{0x30, 0xff}, length(len(packet))...), TEID)
	}},
}

func fixed(octets ...byte) func([]byte) []byte {
	return func([]byte) []byte { return octets }
}

func length(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) } //nolint:gosec // of a packet

// Through makes a tunnel between two hosts and returns them by their addresses in it.
func (n *Net) Through(tunnel Tunnel, a, b *Host) (*Host, *Host) {
	n.t.Helper()
	inside, ends, wires := n.inside(tunnel.Name, a, b), [2]*os.File{}, [2]wire{}
	for i, h := range inside {
		outside := [2]*Host{b, a}[i]
		end, err := h.tun(tunnel.Name)
		if err == nil {
			wires[i], err = tunnel.open(h, outside)
		}
		if err != nil {
			n.t.Fatalf("make the tunnel %s: %v", tunnel.Name, err)
		}
		h.ip("link", "set", tunnel.Name, "mtu", "1400", "txqueuelen", "10000", "up")
		h.ip("address", "add", h.Addr.String(), "peer", inside[1-i].Addr.String(), "dev", tunnel.Name)
		ends[i] = end
	}
	done := make(chan error, 4)
	for i := range ends {
		go func() { done <- tunnel.wrap(ends[i], wires[i]) }()
		go func() { done <- tunnel.unwrap(wires[i], ends[i], inside[i].Addr) }()
	}
	n.t.Cleanup(func() {
		for i := range ends {
			_, _ = ends[i].Close(), wires[i].Close() // which ends all four
		}
		for range cap(done) {
			if err := <-done; err != nil {
				n.t.Errorf("tunnel %s: %v", tunnel.Name, err)
			}
		}
	})
	return inside[0], inside[1]
}

// inside are two hosts by addresses that no other tunnel has.
func (n *Net) inside(name string, a, b *Host) [2]*Host {
	n.tunnels++
	return [2]*Host{
		a.at(a.Name+"-"+name, fmt.Sprintf("192.0.2.%d", 100+n.tunnels)),
		b.at(b.Name+"-"+name, fmt.Sprintf("198.51.100.%d", 100+n.tunnels)),
	}
}

// VXLAN is Through with a tunnel of the kernel's. The error says why it has none.
func (n *Net) VXLAN(a, b *Host) (*Host, *Host, error) {
	n.t.Helper()
	inside := n.inside("vxlan", a, b)
	const mac = "00:00:5e:00:53:f%d"
	for i, h := range inside {
		from, to := [2]*Host{a, b}[i], [2]*Host{b, a}[i]
		// What cannot be is found out at the first end; nothing is left then.
		if _, err := try("ip", "-n", h.name, "link", "add", "vxlan", "address", fmt.Sprintf(mac, i), "type", "vxlan", "id", fmt.Sprint(VNI),
			"local", from.Addr.String(), "remote", to.Addr.String(), "dstport", "4789", "dev", "eth0"); err != nil {
			return nil, nil, err
		}
		h.Run("ethtool", "-K", "vxlan", "tx", "off")
		h.ip("link", "set", "vxlan", "mtu", "1400", "up")
		h.ip("address", "add", h.Addr.String(), "peer", inside[1-i].Addr.String(), "dev", "vxlan")
		h.ip("neighbour", "replace", inside[1-i].Addr.String(), "lladdr", fmt.Sprintf(mac, 1-i), "dev", "vxlan", "nud", "permanent")
	}
	return inside[0], inside[1], nil
}

// wire carries what a tunnel makes of packets to the other end, and from there.
type wire interface {
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	Close() error
	SyscallConn() (syscall.RawConn, error)
}

// open makes the outer end of a tunnel on a host, which leads to another one.
func (tunnel *Tunnel) open(h, to *Host) (w wire, err error) {
	err = h.enter(func() error {
		switch {
		case tunnel.etherType != 0:
			w, err = openFrames(tunnel, h, to)
		case tunnel.protocol != "":
			var conn *net.IPConn
			conn, err = net.DialIP(tunnel.protocol, nil, &net.IPAddr{IP: to.Addr.AsSlice()})
			w = packets{conn}
		default:
			there := net.UDPAddrFromAddrPort(netip.AddrPortFrom(to.Addr, uint16(tunnel.port))) //nolint:gosec // a port
			w, err = net.DialUDP("udp4", &net.UDPAddr{Port: tunnel.port}, there)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	raw, err := w.SyscallConn()
	if err != nil {
		return nil, err
	}
	var refused error
	err = raw.Control(func(fd uintptr) {
		refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, wireBuffer)
	})
	return w, errors.Join(err, refused)
}

// wireBuffer holds all that a test sends: a line that loses packets would fail the calls, not what is tested.
const wireBuffer = 16 << 20

// packets is a raw socket, of which the packets' IP header is taken off.
type packets struct{ *net.IPConn }

// Read takes the next packet. Read of IPConn would leave its header in place.
func (p packets) Read(b []byte) (int, error) {
	n, _, err := p.ReadFromIP(b)
	return n, err
}

// frames is a packet socket on a host's card, of which the frames' Ethernet header is taken off and put on.
type frames struct {
	*os.File
	header []byte
}

func openFrames(tunnel *Tunnel, h, to *Host) (*frames, error) {
	there, err := net.ParseMAC(to.mac)
	if err != nil {
		return nil, err
	}
	here, err := net.ParseMAC(h.mac)
	if err != nil {
		return nil, err
	}
	card, err := net.InterfaceByName("eth0")
	if err != nil {
		return nil, err
	}
	const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // in the order of the network
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, all&0xffff)
	if err != nil {
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all & 0xffff, Ifindex: card.Index}); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	header := binary.BigEndian.AppendUint16(append(append([]byte{}, there...), here...), tunnel.etherType)
	return &frames{os.NewFile(uintptr(fd), "eth0"), header}, nil
}

// Write sends a frame.
func (f *frames) Write(b []byte) (int, error) {
	_, err := f.File.Write(append(append([]byte{}, f.header...), b...))
	return len(b), err
}

// Read takes the next frame.
func (f *frames) Read(b []byte) (int, error) {
	frame := make([]byte, len(b)+len(f.header))
	n, err := f.File.Read(frame)
	return copy(b, frame[min(len(f.header), n):n]), err
}

// wrap sends what comes from a device through the tunnel.
func (tunnel *Tunnel) wrap(from *os.File, to wire) error {
	packet := make([]byte, 1<<16)
	for {
		n, err := from.Read(packet)
		if err == nil {
			_, err = to.Write(append(append([]byte{}, tunnel.head(packet[:n])...), packet[:n]...))
		}
		if errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// unwrap gives a device what comes through the tunnel for its address: a packet socket sees all that comes to the card.
func (tunnel *Tunnel) unwrap(from wire, to *os.File, address netip.Addr) error {
	octets := make([]byte, 1<<16)
	const destination = 16 // in an IPv4 header
	for {
		n, err := from.Read(octets)
		skip := len(tunnel.head(nil)) - tunnel.stripped
		if err == nil && n >= skip+destination+4 && [4]byte(octets[skip+destination:]) == address.As4() && octets[skip]>>4 == 4 {
			_, err = to.Write(octets[skip:n])
		}
		if errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
