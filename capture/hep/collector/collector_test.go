package collector

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/capture/hep"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// patience is how long something may take, on a machine that has other things to do.
const patience = time.Minute

// hepAt is a HEP message with a time and a payload of SIP from 192.0.2.1 to 192.0.2.2 over UDP.
func hepAt(at time.Time, payload string) []byte {
	b := []byte("HEP3\x00\x00" +
		"\x00\x00\x00\x02\x00\x07\x11" + // IP protocol: UDP
		"\x00\x00\x00\x03\x00\x0a\xc0\x00\x02\x01" + // source
		"\x00\x00\x00\x04\x00\x0a\xc0\x00\x02\x02" + // destination
		"\x00\x00\x00\x07\x00\x08\x13\xc4" + // ports
		"\x00\x00\x00\x08\x00\x08\x13\xc4" +
		"\x00\x00\x00\x0b\x00\x07\x01") // SIP
	us := at.UnixMicro()
	b = binary.BigEndian.AppendUint32(append(b, "\x00\x00\x00\x09\x00\x0a"...), uint32(us/1e6))
	b = binary.BigEndian.AppendUint32(append(b, "\x00\x00\x00\x0a\x00\x0a"...), uint32(us%1e6))
	b = binary.BigEndian.AppendUint16(append(b, "\x00\x00\x00\x0f"...), uint16(6+len(payload)))
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	return b
}

// opened is a collector on both transports of loopback, with limits changed.
func opened(t *testing.T, cfg Config, change func(*limits)) *Collector {
	t.Helper()
	l := usual
	if change != nil {
		change(&l)
	}
	if cfg.UDP == "" && cfg.TCP == "" {
		cfg.UDP, cfg.TCP = "127.0.0.1:0", "127.0.0.1:0"
	}
	c, err := open(cfg, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// dial connects to the collector, or to its UDP port.
func dial(t *testing.T, c *Collector, network string) net.Conn {
	t.Helper()
	udp, tcp := c.Addrs()
	addr := tcp
	if network == "udp" {
		addr = udp
	}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), network, addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// next is the next packet of the source, waited for.
func next(t *testing.T, c *Collector) capture.Packet {
	t.Helper()
	var p capture.Packet
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		err := c.live.Next(&p)
		if err == nil {
			p.Data = slices.Clone(p.Data)
			return p
		}
		if !errors.Is(err, capture.ErrIdle) {
			t.Fatal(err)
		}
	}
	t.Fatal("no message came")
	return p
}

// until waits for a condition; the source's own idle wait is the pause between two looks.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-pause.C {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestMessagesArrive(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, nil)
	for i, network := range []string{"udp", "tcp"} {
		at := time.Now().Truncate(time.Microsecond)
		want := hepAt(at, "OPTIONS sip:"+network)
		send(t, dial(t, c, network), want)
		p := next(t, c)
		if !bytes.Equal(p.Data, want) || p.Link != capture.LinkHEP || p.Length != len(want) || p.Position != uint64(i+1) || p.Tap != 0 {
			t.Errorf("%s: %+v", network, p)
		}
		// A machine that took so long has rightly given the agent's time up.
		if p.Time != at.UnixNano() && time.Since(at) < maxBack {
			t.Errorf("%s: at %d, the agent said %d", network, p.Time, at.UnixNano())
		}
	}
	if s := c.live.LiveStats(); s.Packets != 2 || s.Drops != 0 || !s.Up {
		t.Errorf("%+v", s)
	}
}

// What is no HEP in a datagram is for decode to name and count.
func TestGarbageInADatagramGoesOn(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, nil)
	before := time.Now().UnixNano()
	send(t, dial(t, c, "udp"), []byte("\x02\x10\x02\x11 HEP of another version"))
	if p := next(t, c); len(p.Data) != 27 || p.Time < before || p.Time > time.Now().UnixNano() {
		t.Errorf("%+v", p)
	}
	if s := c.Stats(); s.Retimed != 1 {
		t.Errorf("%+v", s)
	}
}

func TestStreamIsCut(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, nil)
	conn := dial(t, c, "tcp")
	a, b := hepAt(time.Now(), "a"), hepAt(time.Now(), string(bytes.Repeat([]byte("b"), 60_000)))
	send(t, conn, slices.Concat(a, a, b, a[:5]))
	for i, want := range [][]byte{a, a, b} {
		if p := next(t, c); !bytes.Equal(p.Data, want) {
			t.Errorf("message %d has %d octets", i, len(p.Data))
		}
	}
	send(t, conn, a[5:6])
	send(t, conn, a[6:])
	if p := next(t, c); !bytes.Equal(p.Data, a) {
		t.Errorf("in pieces: %q", p.Data)
	}
	if s := c.Stats(); s.Broken != 0 || s.Connections != 1 {
		t.Errorf("%+v", s)
	}
	_ = conn.Close()
	until(t, "the end of the connection was not seen", func() bool { return c.Stats().Connections == 0 })
	if s := c.Stats(); s.Broken != 0 {
		t.Errorf("a connection that ended between messages: %+v", s)
	}
}

func TestBrokenConnectionIsClosed(t *testing.T) {
	whole := hepAt(time.Now(), "x")
	for name, tt := range map[string]struct {
		garbage []byte
		hangUp  bool
	}{
		"garbage":                {[]byte("GET / HTTP/1.1\r\n\r\n"), false},
		"one wrong octet":        {[]byte("Q"), false},
		"length 5":               {[]byte("HEP3\x00\x05"), false},
		"garbage after messages": {append(slices.Clone(whole), "\r\n"...), false},
		"end within a message":   {whole[:20], true},
	} {
		t.Run(name, func(t *testing.T) {
			c := opened(t, Config{Allow: loopback}, nil)
			conn := dial(t, c, "tcp")
			send(t, conn, tt.garbage)
			if tt.hangUp {
				_ = conn.Close()
			} else {
				_ = conn.SetReadDeadline(time.Now().Add(patience))
				if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("the connection stays: %d, %v", n, err)
				}
			}
			until(t, "not counted", func() bool { s := c.Stats(); return s.Broken == 1 && s.Connections == 0 })
		})
	}
}

func TestOnlyAgentsAreHeard(t *testing.T) {
	c := opened(t, Config{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, nil)
	udp := dial(t, c, "udp")
	message := hepAt(time.Now(), "x")
	send(t, udp, message)
	conn := dial(t, c, "tcp")
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a connection from elsewhere stays")
	}
	until(t, "not counted", func() bool { return c.Stats().Refused == 2 })
	if s := c.live.LiveStats(); s.Packets != 0 {
		t.Errorf("%+v", s)
	}
	c.SetAllow(loopback)
	send(t, udp, message)
	next(t, c)
	c.SetAllow(nil)
	send(t, udp, message)
	until(t, "an empty list allows somebody", func() bool { return c.Stats().Refused == 3 })
}

// A socket of both families gives IPv4 addresses as IPv4-mapped ones.
func TestAllowedOverADualSocket(t *testing.T) {
	c := opened(t, Config{UDP: ":0", Allow: loopback}, nil)
	addr, _ := c.Addrs()
	_, port, _ := net.SplitHostPort(addr.String())
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "udp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	send(t, conn, hepAt(time.Now(), "x"))
	next(t, c)
}

func TestTooManyConnections(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, func(l *limits) { l.connections = 3 })
	for range 3 {
		dial(t, c, "tcp")
	}
	until(t, "not all connections came", func() bool { return c.Stats().Connections == 3 })
	one := dial(t, c, "tcp")
	_ = one.SetReadDeadline(time.Now().Add(patience))
	if _, err := one.Read(make([]byte, 1)); err == nil {
		t.Error("one connection too many stays")
	}
	if s := c.Stats(); s.Refused != 1 || s.Connections != 3 {
		t.Errorf("%+v", s)
	}
}

// A connection that is silent ends without a word; one on which a message does not go on is broken.
func TestConnectionsEnd(t *testing.T) {
	message := hepAt(time.Now(), "x")
	for _, tt := range []struct {
		name   string
		change func(*limits)
		begun  []byte
		broken uint64
	}{
		{"silent", func(l *limits) { l.silence = 500 * time.Millisecond }, message, 0},
		{"slow", func(l *limits) { l.slowness = 500 * time.Millisecond }, append(slices.Clone(message), message[:20]...), 1},
	} {
		l := usual
		tt.change(&l)
		c := newCollector(l)
		c.SetAllow(loopback)
		if err := c.listen(Config{TCP: "127.0.0.1:0"}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		send(t, dial(t, c, "tcp"), tt.begun)
		go c.accept() // not before: the silence begins with it
		next(t, c)
		until(t, tt.name+": the connection stays", func() bool { return c.Stats().Connections == 0 })
		if s := c.Stats(); s.Broken != tt.broken {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
}

// A datagram that finds the queue full is dropped and counted; a connection waits, and loses nothing.
func TestFullQueue(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, func(l *limits) { l.messages = 4 })
	udp := dial(t, c, "udp")
	for i := range 10 {
		send(t, udp, hepAt(time.Now(), fmt.Sprint("datagram ", i)))
	}
	// A message is counted before it is known whether there is room for it.
	until(t, "10 datagrams, 6 of them too many", func() bool { s := c.live.LiveStats(); return s.Packets == 10 && s.Drops == 6 })
	tcp := dial(t, c, "tcp")
	var all []byte
	for i := range 100 {
		all = append(all, hepAt(time.Now(), fmt.Sprint("message ", i))...)
	}
	send(t, tcp, all)
	until(t, "the connection did not come", func() bool { return c.live.LiveStats().Packets == 11 })
	for i := range 4 + 100 {
		want := fmt.Sprint("datagram ", i)
		if i >= 4 {
			want = fmt.Sprint("message ", i-4)
		}
		if p := next(t, c); !bytes.HasSuffix(p.Data, []byte(want)) {
			t.Fatalf("%q, want %q", p.Data, want)
		}
	}
	if s := c.live.LiveStats(); s.Packets != 110 || s.Drops != 6 {
		t.Errorf("%+v", s)
	}
}

// Close hands out what is there, lets a connection go that waits for room, and ends the source.
func TestClose(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, func(l *limits) { l.messages = 2 })
	message := hepAt(time.Now(), "x")
	send(t, dial(t, c, "tcp"), bytes.Repeat(message, 5))
	until(t, "messages are missing", func() bool { return c.live.LiveStats().Packets == 3 })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("again: %v", err)
	}
	next(t, c)
	next(t, c)
	var p capture.Packet
	if err := c.live.Next(&p); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want the end", err)
	}
	until(t, "a connection is left", func() bool { return c.Stats().Connections == 0 })
	if s := c.live.LiveStats(); s.Up || s.Packets-s.Drops != 2 {
		t.Errorf("%+v", s)
	}
}

func TestAddressInUse(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, func(l *limits) { l.messages = 2 })
	udp, tcp := c.Addrs()
	for _, cfg := range []Config{{UDP: udp.String()}, {TCP: tcp.String()}, {UDP: "127.0.0.1:0", TCP: tcp.String()}, {}} {
		if other, err := Open(cfg); err == nil {
			_ = other.Close()
			t.Errorf("%+v: no error", cfg)
		}
	}
}

func TestSourcesAndFilter(t *testing.T) {
	var tap capture.Tap = opened(t, Config{Allow: loopback}, func(l *limits) { l.messages = 2 })
	if tap.Name() != "hep" || len(tap.Sources()) != 1 || tap.SetFilter(nil) != nil {
		t.Error("not the tap that was promised")
	}
}

func TestNothingIsAllocatedForAMessage(t *testing.T) {
	c := opened(t, Config{Allow: loopback}, nil)
	message := hepAt(time.Now(), "x")
	var m hep.Message
	var p capture.Packet
	if n := testing.AllocsPerRun(1000, func() {
		c.receive(message, &m, false)
		if err := c.live.Next(&p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMessage(b *testing.B) {
	c := newCollector(usual)
	message := hepAt(time.Now(), string(make([]byte, 800)))
	var m hep.Message
	var p capture.Packet
	b.ReportAllocs()
	for b.Loop() {
		c.receive(message, &m, false)
		if err := c.live.Next(&p); err != nil {
			b.Fatal(err)
		}
	}
}
