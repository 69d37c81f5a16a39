package clock

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// chronyTimeout bounds an exchange. On one host an answer takes well below a millisecond.
const chronyTimeout = 100 * time.Millisecond

// askChrony makes one exchange with the chronyd at address, within chronyTimeout. Each has a socket and a random sequence
// number of its own, so that an answer that comes late is not taken for that of the next.
func askChrony(ctx context.Context, address netip.AddrPort) (tracking, error) {
	t, err := exchange(ctx, address)
	if err != nil {
		return tracking{}, fmt.Errorf("chronyd at %s: %w", address, err)
	}
	return t, nil
}

func exchange(ctx context.Context, address netip.AddrPort) (tracking, error) {
	deadline := time.Now().Add(chronyTimeout)
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.DialContext(ctx, "udp", address.String()) // connected: only address may answer
	if err != nil {
		return tracking{}, err
	}
	defer conn.Close() //nolint:errcheck // nothing was promised to anybody
	if err := conn.SetDeadline(deadline); err != nil {
		return tracking{}, err
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails, by its documentation
	sequence := binary.BigEndian.Uint32(random[:])
	if _, err := conn.Write(trackingRequest(sequence)); err != nil {
		return tracking{}, err
	}
	var answer [2 * trackingReply]byte
	for { // the deadline ends it
		n, err := conn.Read(answer[:])
		if err != nil {
			return tracking{}, err
		}
		t, err := parseTracking(answer[:n], sequence)
		if !errors.Is(err, errOther) {
			return t, err
		}
	}
}
