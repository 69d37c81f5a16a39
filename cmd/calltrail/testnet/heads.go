package testnet

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// SendHeads sends first fragments of UDP datagrams to a port whose other fragments never come, at a steady rate, each of another
// datagram of a source of its own in 198.18.0.0/16 (RFC 2544): what a program keeps that puts datagrams together.
func (h *Host) SendHeads(ctx context.Context, rate, count int, to netip.Addr, port uint16) error {
	var socket int
	err := h.enter(func() (err error) {
		socket, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	sent := 0
	for began := time.Now(); sent < count; {
		for due := min(count, int(time.Since(began).Seconds()*float64(rate))+1); sent < due; sent++ {
			if err := unix.Sendto(socket, head(to, port), 0, &unix.SockaddrInet4{Addr: to.As4()}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// head is an IPv4 packet (RFC 791 3.1): the first 1,400 octets of a datagram, more fragments to come. The kernel fills in its
// length and checksum.
func head(to netip.Addr, port uint16) []byte {
	const fragment = 1400
	p := make([]byte, 20+fragment)
	p[0], p[8], p[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(p[4:], uint16(rand.Uint32()))           //nolint:gosec // an identification, any
	p[6] = 0x20                                                        // more fragments
	from := [4]byte{198, 18, byte(rand.Uint32()), byte(rand.Uint32())} //nolint:gosec // an address, any
	copy(p[12:], from[:])
	copy(p[16:], to.AsSlice())
	binary.BigEndian.PutUint16(p[20:], port)
	binary.BigEndian.PutUint16(p[22:], port)
	binary.BigEndian.PutUint16(p[24:], 3000)
	return p
}
