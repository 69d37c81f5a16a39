package collector

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"calltrail/capture/hep"
)

// accept takes connections until the listener is closed.
func (c *Collector) accept() {
	for {
		conn, err := c.tcp.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(afterError) // no descriptor left: the agent waits in the backlog
			continue
		}
		from, _ := conn.RemoteAddr().(*net.TCPAddr)
		if from == nil || !c.allowed(addrOf(from)) || !c.enter(conn) {
			c.refused.Add(1)
			_ = conn.Close() // nothing was written
			continue
		}
		go c.readTCP(conn)
	}
}

func addrOf(a *net.TCPAddr) netip.Addr { return a.AddrPort().Addr() }

// enter notes a connection, unless there are too many or the collector is closed.
func (c *Collector) enter(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.conns) >= c.connections {
		return false
	}
	c.conns[conn] = struct{}{}
	return true
}

func (c *Collector) leave(conn net.Conn) {
	c.mu.Lock()
	delete(c.conns, conn)
	c.mu.Unlock()
	_ = conn.Close() // nothing was written
}

// readTCP takes messages until the connection ends. While the queue is full it does not read, so that the agent waits.
func (c *Collector) readTCP(conn net.Conn) {
	defer c.leave(conn)
	var f framer
	var m hep.Message
	deadline := time.Now().Add(c.silence)
	for {
		_ = conn.SetReadDeadline(deadline) // of a connection that is closed already: Read says so
		n, err := conn.Read(f.space())
		begun := f.pending()
		f.grow(n)
		for {
			b, ferr := f.cut()
			if ferr != nil {
				c.broken.Add(1)
				return
			}
			if b == nil {
				break
			}
			begun = false
			c.receive(b, &m, true)
		}
		switch {
		case err != nil:
			if f.pending() && !c.isClosed() {
				c.broken.Add(1)
			}
			return
		case !f.pending():
			deadline = time.Now().Add(c.silence)
		case !begun:
			deadline = time.Now().Add(c.slowness)
		}
	}
}
