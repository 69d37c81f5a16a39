package testnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Traffic is UDP datagrams at a steady rate: what no SIP program would send.
type Traffic struct {
	// Rate is datagrams a second, Count how many in all.
	Rate, Count int
	// Datagram says what the i-th one holds, from where it comes and where it goes. The zero Addr is the host's own. Sources
	// must be the host's: see Owns. The octets are sent before the next call.
	Datagram func(i int) (source netip.Addr, to netip.AddrPort, octets []byte)
}

// Send sends from the host until all is sent or ctx ends; it returns how many were. All come from port 5060 of their source.
func (h *Host) Send(ctx context.Context, traffic Traffic) (sent int, err error) {
	sockets := map[netip.Addr]*net.UDPConn{}
	defer func() {
		for _, s := range sockets {
			_ = s.Close()
		}
	}()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); sent < traffic.Count; {
		for due := min(traffic.Count, int(time.Since(began).Seconds()*float64(traffic.Rate))+1); sent < due; sent++ {
			source, to, octets := traffic.Datagram(sent)
			if !source.IsValid() {
				source = h.Addr
			}
			s := sockets[source]
			if s == nil {
				if len(sockets) == 1000 { // a scan has more sources than a process may have sockets
					for a, s := range sockets {
						_ = s.Close()
						delete(sockets, a)
					}
				}
				if s, err = h.UDP(netip.AddrPortFrom(source, 5060)); err != nil {
					return sent, err
				}
				sockets[source] = s
			}
			if _, err := s.WriteToUDPAddrPort(octets, to); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
				return sent, err
			}
		}
		select {
		case <-ctx.Done():
			return sent, nil
		case <-tick.C:
		}
	}
	return sent, nil
}

// UDP opens a socket of the host at one of its addresses. Who opens it closes it.
func (h *Host) UDP(at netip.AddrPort) (s *net.UDPConn, err error) {
	err = h.enter(func() error {
		s, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
		return err
	})
	if errors.Is(err, os.ErrClosed) {
		return nil, context.Canceled
	}
	return s, err
}
