package proxytest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// States of a link.
const (
	passing = iota
	deaf    // the next answer is thrown away, then the link is reset
	dead    // nothing passes, nothing ends
)

// link is one connection: the client's to the proxy and the proxy's to the server.
type link struct {
	proxy          *Proxy
	client, server *net.TCPConn
	state          atomic.Int32
	once           sync.Once
	ended          chan struct{}
}

func (l *link) become(state int32) { l.state.Store(state) }

// close ends both sides in order, reset without.
func (l *link) close() {
	l.once.Do(func() {
		close(l.ended)
		_, _ = l.client.Close(), l.server.Close() // there is nobody to tell
	})
}

func (l *link) reset() {
	l.once.Do(func() {
		close(l.ended)
		_, _ = l.client.SetLinger(0), l.server.SetLinger(0)
		_, _ = l.client.Close(), l.server.Close()
	})
}

// up leads what the client says to the server.
func (l *link) up() {
	defer l.halfClose(l.server)
	frontend := &frontend{link: l}
	for buffer := make([]byte, 32<<10); ; {
		n, err := l.client.Read(buffer)
		if n > 0 {
			if l.stops() {
				return
			}
			l.proxy.mu.Lock()
			watched := l.proxy.atCommit != nil
			l.proxy.mu.Unlock()
			var failed error
			if watched {
				failed = frontend.pass(buffer[:n])
			} else {
				failed = l.write(l.server, buffer[:n])
			}
			if failed != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// down leads what the server says to the client.
func (l *link) down() {
	defer l.halfClose(l.client)
	for buffer := make([]byte, 32<<10); ; {
		n, err := l.server.Read(buffer)
		if n > 0 {
			if l.stops() {
				return
			}
			if l.state.Load() == deaf {
				l.proxy.set(func() { l.proxy.lost++ })
				l.reset()
				return
			}
			l.proxy.mu.Lock()
			delay := l.proxy.delay
			l.proxy.mu.Unlock()
			if !l.wait(delay) || l.write(l.client, buffer[:n]) != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// stops holds what would pass a dead link until the link ends.
func (l *link) stops() bool {
	if l.state.Load() != dead {
		return false
	}
	<-l.ended
	return true
}

// halfClose passes an end on, but for a dead link's.
func (l *link) halfClose(to *net.TCPConn) {
	if !l.stops() {
		_ = to.CloseWrite() // it may be gone
	}
}

// write sends octets as fast as the proxy's rate allows.
func (l *link) write(to *net.TCPConn, octets []byte) error {
	for len(octets) > 0 {
		l.proxy.mu.Lock()
		rate := l.proxy.rate
		l.proxy.mu.Unlock()
		some := len(octets)
		if rate > 0 {
			some = min(some, max(rate/100, 1))
			if !l.wait(time.Duration(some) * time.Second / time.Duration(rate)) {
				return net.ErrClosed
			}
		}
		n, err := to.Write(octets[:some])
		if err != nil {
			return err
		}
		octets = octets[n:]
	}
	return nil
}

// wait is false when the link has ended meanwhile.
func (l *link) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ended:
		return false
	}
}
