// Package proxytest puts what networks do to connections between a program and a real server: answers that are lost after the
// server has done its work, connections of which nothing comes any more and no end either, resets, slowness, an end exactly at
// COMMIT. In: TCP connections to a loopback port. Out: the same octets, none of them changed, or none. Only tests call it.
package proxytest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Proxy takes connections and leads them to a server.
type Proxy struct {
	tb testing.TB
	l  net.Listener

	mu       sync.Mutex
	to       string // where connections lead
	rate     int    // octets a second; 0: as fast as they come
	delay    time.Duration
	atCommit func(Commit) Verdict
	links    map[*link]bool
	lost     int
	closed   bool
	running  sync.WaitGroup
}

// New listens on a loopback port, and leads nowhere until To. It ends with the test.
func New(tb testing.TB) *Proxy {
	tb.Helper()
	p := &Proxy{tb: tb, l: listen(tb), links: map[*link]bool{}}
	p.running.Go(func() {
		for {
			c, err := p.l.Accept()
			if err != nil {
				return // closed
			}
			p.running.Go(func() { p.serve(c.(*net.TCPConn)) }) //nolint:errcheck // a TCP listener's
		}
	})
	tb.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		_ = p.l.Close() // nothing is lost
		p.Reset()
		p.running.Wait()
	})
	return p
}

// listen takes a port below those that the kernel gives to outgoing connections.
func listen(tb testing.TB) net.Listener {
	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000)))) //nolint:gosec,noctx // any will do; for the test's time
		if err == nil {
			return l
		}
	}
	tb.Fatal("no free port between 20000 and 32000")
	return nil
}

// Address is host:port of the proxy.
func (p *Proxy) Address() string { return p.l.Addr().String() }

// To says where new connections lead.
func (p *Proxy) To(address string) { p.set(func() { p.to = address }) }

// Slow lets at most so many octets a second through each way of each connection; 0: as many as come.
func (p *Proxy) Slow(octets int) { p.set(func() { p.rate = octets }) }

// Delay holds what the server sends back for so long, each time.
func (p *Proxy) Delay(d time.Duration) { p.set(func() { p.delay = d }) }

// AtCommit asks f at each COMMIT of a Postgres client what becomes of it; nil: it passes. Set it before there are connections.
func (p *Proxy) AtCommit(f func(Commit) Verdict) { p.set(func() { p.atCommit = f }) }

// Reset resets all connections. It returns how many there were.
func (p *Proxy) Reset() int {
	return p.each(func(l *link) { l.reset() })
}

// HalfOpen stops all connections without an end: no octet passes any more, either way. New ones are not touched.
func (p *Proxy) HalfOpen() int {
	return p.each(func(l *link) { l.become(dead) })
}

// LoseAnswers throws the next answer of each connection away, and resets the connection then: the server has done what was
// asked, and who asked does not know.
func (p *Proxy) LoseAnswers() int {
	return p.each(func(l *link) { l.become(deaf) })
}

// Lost is how many answers were thrown away.
func (p *Proxy) Lost() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

func (p *Proxy) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) each(f func(*link)) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		f(l)
	}
	return len(p.links)
}

// serve leads one connection to its end.
func (p *Proxy) serve(client *net.TCPConn) {
	p.mu.Lock()
	to := p.to
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", to, 5*time.Second) //nolint:noctx // bounded
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close() // as a server that is away
		return
	}
	l := &link{proxy: p, client: client, server: server.(*net.TCPConn), ended: make(chan struct{})} //nolint:errcheck // as asked
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		l.reset()
		return
	}
	p.links[l] = true
	p.mu.Unlock()
	var ways sync.WaitGroup
	ways.Go(l.up)
	ways.Go(l.down)
	ways.Wait()
	l.close()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}
