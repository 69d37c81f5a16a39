package testnet

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// PointToPoint makes two hosts, each with one end of a link that has no Ethernet: a TUN device tun0, whose packets begin with
// their IP header. The test itself carries the packets from one to the other.
func (n *Net) PointToPoint(a, b string) (*Host, *Host) {
	n.t.Helper()
	hosts, ends := [2]*Host{}, [2]*os.File{}
	for i, address := range []string{a, b} {
		h := &Host{Namespace: n.Namespace(fmt.Sprintf("end%d", i)), Name: fmt.Sprintf("end%d", i), Addr: netip.MustParseAddr(address)}
		end, err := h.tun("tun0")
		if err != nil {
			n.t.Fatalf("make a TUN device: %v", err)
		}
		h.ip("address", "add", address, "peer", []string{b, a}[i], "dev", "tun0")
		h.ip("link", "set", "tun0", "up")
		hosts[i], ends[i] = h, end
	}
	done := make(chan error, 2)
	for i := range ends {
		go func() { done <- carry(ends[i], ends[1-i]) }()
	}
	n.t.Cleanup(func() {
		for i := range ends {
			_ = ends[i].Close() // which ends both
		}
		for range ends {
			if err := <-done; err != nil {
				n.t.Errorf("carry packets between TUN devices: %v", err)
			}
		}
	})
	return hosts[0], hosts[1]
}

// tun makes a TUN device in the namespace, which lives as long as the file is open.
func (ns *Namespace) tun(name string) (end *os.File, err error) {
	err = ns.enter(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err != nil {
			return errors.Join(err, unix.Close(fd))
		}
		end = os.NewFile(uintptr(fd), name)
		return nil
	})
	return end, err
}

// carry writes to one file, packet by packet, what it reads from another, until one of them is closed.
func carry(from, to *os.File) error {
	packet := make([]byte, 1<<16)
	for {
		n, err := from.Read(packet)
		if err == nil {
			_, err = to.Write(packet[:n])
		}
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EIO) { // EIO: the other end is not up yet
			return err
		}
	}
}
