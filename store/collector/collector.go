package collector

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"calltrail/store/postgres/subscriber"
)

// Sink keeps events: subscriber.Live.
type Sink interface {
	// Store keeps all of them or none. The same events again add nothing.
	Store(ctx context.Context, events []subscriber.Event) (subscriber.Stored, error)
}

// Config says where the Collector listens, and to whom. An empty Listen is off; at least one must be given.
type Config struct {
	RADIUS RADIUS
	IPFIX  IPFIX
	Syslog Syslog
	// MaxLate is how old what is told may be, by the source's clock; an older time is not believed, and that of arrival taken.
	// 0: 7 days.
	MaxLate time.Duration
	// Queue is the most events that wait for the Sink. 0: 65,536.
	Queue  int
	Logger zerolog.Logger
}

// RADIUS is for accounting requests over UDP.
type RADIUS struct {
	Listen string         // host:port, usually port 1813
	Secret []byte         // shared with the senders
	Allow  []netip.Prefix // that requests may come from
}

// IPFIX is for NAT events over UDP.
type IPFIX struct {
	Listen string         // host:port, usually port 4739
	Allow  []netip.Prefix // that exporters may send from
}

// Syslog is for log lines of a NAT over UDP.
type Syslog struct {
	Listen string         // host:port, usually port 514
	Allow  []netip.Prefix // that they may come from
	Zone   *time.Location // of times that name none (RFC 3164); nil: UTC
}

// Collector listens, and hands what it hears to a Sink.
type Collector struct {
	cfg       Config
	writer    *writer
	listeners []*listener
}

// New makes a Collector. It does not listen yet.
func New(cfg Config, sink Sink) (*Collector, error) {
	if cfg.Queue == 0 {
		cfg.Queue = 1 << 16
	}
	if cfg.MaxLate == 0 {
		cfg.MaxLate = 7 * 24 * time.Hour
	}
	late := latest(cfg.MaxLate)
	if cfg.Syslog.Zone == nil {
		cfg.Syslog.Zone = time.UTC
	}
	c := &Collector{cfg: cfg, writer: newWriter(sink, cfg.Queue, cfg.Logger)}
	if cfg.RADIUS.Listen != "" {
		if len(cfg.RADIUS.Secret) == 0 {
			return nil, errors.New("collector: RADIUS has no secret: anybody could make sessions up")
		}
		c.add(subscriber.ByRADIUS, cfg.RADIUS.Listen, cfg.RADIUS.Allow, &radiusReader{secret: cfg.RADIUS.Secret, late: late})
	}
	if cfg.IPFIX.Listen != "" {
		c.add(subscriber.ByIPFIX, cfg.IPFIX.Listen, cfg.IPFIX.Allow, newIPFIXReader(late))
	}
	if cfg.Syslog.Listen != "" {
		c.add(subscriber.BySyslog, cfg.Syslog.Listen, cfg.Syslog.Allow, &syslogReader{zone: cfg.Syslog.Zone, late: late})
	}
	if len(c.listeners) == 0 {
		return nil, errors.New("collector: there is nothing to listen to")
	}
	return c, nil
}

func (c *Collector) add(via subscriber.Via, address string, allow []netip.Prefix, r reader) {
	c.listeners = append(c.listeners, &listener{via: via, address: address, allow: slices.Clone(allow), reader: r, writer: c.writer})
}

// Open begins to listen: datagrams wait in the sockets from here on. The error says which address could not be listened on.
func (c *Collector) Open() error {
	for _, l := range c.listeners {
		if err := l.open(); err != nil {
			return errors.Join(fmt.Errorf("listen for %s on %s: %w", l.via, l.address, err), c.close())
		}
	}
	return nil
}

// Run takes datagrams until ctx ends, then writes what is queued, for ten seconds at most, and returns nil. Call Open before it.
func (c *Collector) Run(ctx context.Context) error {
	var reading, writing errgroup.Group
	for _, l := range c.listeners {
		reading.Go(l.run)
	}
	writing.Go(func() error { c.writer.run(ctx); return nil })
	writing.Go(func() error { c.report(ctx); return nil })
	<-ctx.Done()
	err := errors.Join(c.stop(), reading.Wait()) // the sockets stay open for the last answers
	c.writer.close()
	return errors.Join(err, writing.Wait(), c.close())
}

// stop ends the reading.
func (c *Collector) stop() (err error) {
	for _, l := range c.listeners {
		l.ending.Store(true)
		err = errors.Join(err, l.conn.SetReadDeadline(time.Unix(1, 0)))
	}
	return err
}

func (c *Collector) close() (err error) {
	for _, l := range c.listeners {
		if l.conn != nil {
			err = errors.Join(err, l.conn.Close())
			l.conn = nil
		}
	}
	return err
}

// Addr is where it listens for via, once Open has returned; nil: it does not.
func (c *Collector) Addr(via subscriber.Via) net.Addr {
	for _, l := range c.listeners {
		if l.via == via && l.conn != nil {
			return l.conn.LocalAddr()
		}
	}
	return nil
}

// Parts are the loops that must turn, for a watchdog: the name of each, and how many rounds it has made.
func (c *Collector) Parts() map[string]func() uint64 {
	parts := map[string]func() uint64{"writer": c.writer.turns.Load}
	for _, l := range c.listeners {
		parts["listener of "+string(l.via)] = l.turns.Load
	}
	return parts
}
