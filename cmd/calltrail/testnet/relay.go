package testnet

import (
	"context"
	"io"
	"net"
)

// Relay makes a TCP service of this machine's loopback reachable at the same address in the namespace: the servers that
// a test uses know nothing of namespaces. It ends with the test.
func (ns *Namespace) Relay(address string) {
	ns.t.Helper()
	l, err := ns.Listen("tcp", address)
	if err != nil {
		ns.t.Fatalf("relay %s: %v", address, err)
	}
	ns.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			inside, err := l.Accept()
			if err != nil {
				return // closed
			}
			go join(inside, address)
		}
	}()
}

// join carries octets both ways until one side ends.
func join(inside net.Conn, address string) {
	defer func() { _ = inside.Close() }()
	outside, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return // the one inside sees the end, as with a server that is down
	}
	defer func() { _ = outside.Close() }()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{inside, outside}, {outside, inside}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}
