//go:build linux && cgo

package afpacket

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"calltrail/capture"
)

// iface is what the kernel says of an interface at one moment.
type iface struct {
	index    int
	hardware uint16 // ARPHRD_*, linux/if_arp.h
	up       bool   // IFF_UP and IFF_RUNNING: it is wanted up, and it has a carrier
}

// openControl makes a socket for questions about interfaces. Its protocol is 0: no packet ever comes to it.
func openControl() (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EPERM) {
		return -1, errors.New("no right to open packet sockets: give the program CAP_NET_RAW")
	}
	if err != nil {
		return -1, fmt.Errorf("open packet socket: %w", err)
	}
	return fd, nil
}

// ask looks an interface up by its name. By ioctl, so that the answer is of the namespace of the socket.
func ask(control int, name string) (iface, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return iface{}, fmt.Errorf("%q is no name of an interface", name)
	}
	var is iface
	if err = unix.IoctlIfreq(control, unix.SIOCGIFINDEX, ifr); errors.Is(err, unix.ENODEV) {
		return iface{}, errors.New("there is no such interface: ip link shows those there are")
	} else if err != nil {
		return iface{}, fmt.Errorf("read interface index: %w", err)
	}
	is.index = int(int32(ifr.Uint32())) //nolint:gosec // the kernel's int, in a union of octets
	if err = unix.IoctlIfreq(control, unix.SIOCGIFFLAGS, ifr); err != nil {
		return iface{}, fmt.Errorf("read interface flags: %w", err)
	}
	const up = unix.IFF_UP | unix.IFF_RUNNING // a pulled cable leaves IFF_UP
	is.up = ifr.Uint16()&up == up
	if err = unix.IoctlIfreq(control, unix.SIOCGIFHWADDR, ifr); err != nil {
		return iface{}, fmt.Errorf("read hardware type: %w", err)
	}
	is.hardware = ifr.Uint16()
	return is, nil
}

// LinkType says what the packets of an interface begin with: the header that a TapConfig's filter must be made for. It wants
// the right that Open wants.
func LinkType(name string) (capture.LinkType, error) {
	control, err := openControl()
	if err != nil {
		return 0, fmt.Errorf("tap %s: %w", name, err)
	}
	defer func() { _ = unix.Close(control) }() // it held nothing
	is, err := ask(control, name)
	if err != nil {
		return 0, fmt.Errorf("tap %s: %w", name, err)
	}
	link, err := linkOf(is.hardware)
	if err != nil {
		return 0, fmt.Errorf("tap %s: %w", name, err)
	}
	return link, nil
}

// linkOf says what the packets of a hardware type begin with on a socket of type SOCK_RAW.
func linkOf(hardware uint16) (capture.LinkType, error) {
	switch hardware {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet, nil
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT:
		return capture.LinkRaw, nil // these have no header_ops: a packet begins with its IP header
	}
	return 0, fmt.Errorf("its hardware type (ARPHRD) %d is none this engine reads: Ethernet, loopback, raw IP", hardware)
}
