package collector

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/capture/hep"
)

// Name is that of the tap, in records and coverage events.
const Name = "hep"

// Config says where the collector listens, and to whom.
type Config struct {
	// UDP and TCP are host:port addresses to listen on; an empty one is off. At least one must be given.
	UDP, TCP string
	// Allow are the prefixes that agents may send from. Empty: none may.
	Allow []netip.Prefix
}

// Stats counts what became of messages and connections besides capture.LiveStats. All only grow, but for Connections.
type Stats struct {
	// Refused are datagrams and connections from outside of the allowed prefixes, and connections for which there was no room.
	Refused uint64
	// Broken are connections that were closed because something else than HEP came, a message that had begun did not go on, or
	// the connection ended within one.
	Broken uint64
	// Retimed are messages that have the time of their arrival, because their agent said none, one more than maxSkew away, or one
	// long before what was handed out already.
	Retimed uint64
	// Connections are those open now.
	Connections int
}

// Collector is a tap that capture agents feed. It is a capture.Tap.
type Collector struct {
	limits
	queue *queue
	live  *live
	udp   *net.UDPConn     // nil when off
	tcp   *net.TCPListener // nil when off
	allow atomic.Pointer[[]netip.Prefix]

	refused, broken, retimed  atomic.Uint64
	packets, drops, overflown atomic.Uint64 // drops: by the queue; overflown: by the kernel

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]struct{}
	closed bool
}

// limits bound what a Collector holds.
type limits struct {
	// messages and octets are the most that the queue holds, connections those open at a time.
	messages, octets, connections int
	// silence ends a connection on which no message begins for so long, slowness one on which a message takes so long.
	silence, slowness time.Duration
}

// usual limits. A queue of some seconds of a busy agent, in fixed numbers, so that what is dropped does not depend on the
// machine; a connection has a buffer of 64 KiB besides. A silent connection is left alone for long: the first message that an
// agent writes into one closed here is lost to it and to us, and at night there may be no call for an hour. That the other
// host is gone TCP's keep-alive finds in minutes.
var usual = limits{messages: 1 << 15, octets: 16 << 20, connections: 256, silence: time.Hour, slowness: 30 * time.Second}

// Open begins to listen. The error says which address could not be listened on, and why.
func Open(cfg Config) (*Collector, error) { return open(cfg, usual) }

func open(cfg Config, l limits) (*Collector, error) {
	c := newCollector(l)
	c.SetAllow(cfg.Allow)
	if err := c.listen(cfg); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.udp != nil {
		go c.readUDP()
	}
	if c.tcp != nil {
		go c.accept()
	}
	return c, nil
}

func newCollector(l limits) *Collector {
	c := &Collector{limits: l, queue: newQueue(l.messages, l.octets), conns: map[net.Conn]struct{}{}}
	c.live = newLive(c)
	return c
}

func (c *Collector) listen(cfg Config) error {
	ctx, lc := context.Background(), net.ListenConfig{} // to listen waits for nobody
	if cfg.UDP != "" {
		pc, err := lc.ListenPacket(ctx, "udp", cfg.UDP)
		if err != nil {
			return fmt.Errorf("tap %s: %w", Name, err)
		}
		c.udp, _ = pc.(*net.UDPConn)
		// A wish: the kernel gives no more than net.core.rmem_max. What did not fit is counted, where the kernel says it.
		_ = c.udp.SetReadBuffer(socketOctets)
		if err := countOverflow(c.udp); err != nil {
			return fmt.Errorf("tap %s: count what the socket drops: %w", Name, err)
		}
	}
	if cfg.TCP != "" {
		l, err := lc.Listen(ctx, "tcp", cfg.TCP)
		if err != nil {
			return fmt.Errorf("tap %s: %w", Name, err)
		}
		c.tcp, _ = l.(*net.TCPListener)
	}
	if c.udp == nil && c.tcp == nil {
		return fmt.Errorf("tap %s: no address to listen on", Name)
	}
	return nil
}

// Name is Name.
func (*Collector) Name() string { return Name }

// Sources is one: messages of a call may come from several agents.
func (c *Collector) Sources() []capture.Live { return []capture.Live{c.live} }

// SetFilter does nothing: agents send signalling, and there is no kernel filter to set.
func (*Collector) SetFilter([]bpf.RawInstruction) error { return nil }

// SetAllow replaces the prefixes that agents may send from. Connections that are open stay. Any goroutine may call it.
func (c *Collector) SetAllow(prefixes []netip.Prefix) {
	list := slices.Clone(prefixes)
	c.allow.Store(&list)
}

// Addrs are the addresses listened on, nil for what is off.
func (c *Collector) Addrs() (udp, tcp net.Addr) {
	if c.udp != nil {
		udp = c.udp.LocalAddr()
	}
	if c.tcp != nil {
		tcp = c.tcp.Addr()
	}
	return udp, tcp
}

// Stats returns the counts since Open.
func (c *Collector) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Refused: c.refused.Load(), Broken: c.broken.Load(), Retimed: c.retimed.Load(), Connections: len(c.conns)}
}

// Close ends listening and every connection. Next hands out what is in the queue, then io.EOF. It waits for nobody.
func (c *Collector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	var err error
	if c.udp != nil {
		err = c.udp.Close()
	}
	if c.tcp != nil {
		err = errors.Join(err, c.tcp.Close())
	}
	for conn := range c.conns {
		_ = conn.Close() // its reader ends by it; nothing was written
	}
	c.queue.close()
	return err
}

func (c *Collector) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// allowed says whether an agent may send from an address.
func (c *Collector) allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(*c.allow.Load(), func(p netip.Prefix) bool { return p.Contains(a) })
}

// maxSkew is how far an agent's clock may be from this host's, either way, for its times to be used.
const maxSkew = 5 * time.Second

// receive takes in one message. What is no HEP goes on with the time of its arrival, to be counted by decode.
func (c *Collector) receive(b []byte, m *hep.Message, wait bool) {
	now, said := time.Now().UnixNano(), noTime
	if _ = hep.Parse(b, m); m.HasTime && m.Time >= now-int64(maxSkew) && m.Time <= now+int64(maxSkew) {
		said = m.Time
	} else {
		c.retimed.Add(1)
	}
	c.packets.Add(1)
	if !c.queue.put(b, now, said, wait) {
		c.drops.Add(1)
	}
}
