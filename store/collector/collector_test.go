package collector

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store/postgres/subscriber"
)

// gate is a Sink that takes what it is given once it is opened, and says what it has.
type gate struct {
	open chan struct{} // closed: it takes
	got  chan []subscriber.Event
}

func (g *gate) Store(ctx context.Context, events []subscriber.Event) (subscriber.Stored, error) {
	select {
	case <-g.open:
		g.got <- events
		return subscriber.Stored{Added: int64(len(events))}, nil
	case <-ctx.Done():
		return subscriber.Stored{}, ctx.Err()
	}
}

// request is an Accounting-Request with the status Start, made by the sender's own rules (RFC 2866 section 3).
func request(id byte) []byte { return accounting(id, 1, 8, 6, 198, 51, 100, id) }

// accounting is an Accounting-Request of a status, with more attributes.
func accounting(id, status byte, more ...byte) []byte {
	body := append([]byte{40, 6, 0, 0, 0, status, 44, 3, 'a' + id, 1, 6, 'a', 's', 'h', 'a'}, more...)
	b := append([]byte{4, id, 0, byte(20 + len(body))}, append(make([]byte, 16), body...)...)
	sum := md5.Sum(append(bytes.Clone(b), "secret"...))
	copy(b[4:], sum[:])
	return b
}

func TestCollector(t *testing.T) {
	t.Parallel()
	g := &gate{open: make(chan struct{}), got: make(chan []subscriber.Event, 10)}
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c, err := New(Config{
		RADIUS: RADIUS{Listen: "127.0.0.1:0", Secret: []byte("secret"), Allow: here},
		Syslog: Syslog{Listen: "127.0.0.1:0", Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		Queue:  2, Logger: zerolog.Nop(),
	}, g)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	nas, log := dial(t, c.Addr(subscriber.ByRADIUS)), dial(t, c.Addr(subscriber.BySyslog))
	go func() { ended <- c.Run(ctx) }()

	// Two find room, the third does not; a line from elsewhere than allowed is not read.
	for id := byte(1); id <= 3; id++ {
		send(t, nas, request(id))
	}
	send(t, log, []byte("anything"))
	until(t, func() bool {
		n := c.Counts() // a datagram is counted as received before it is read, as dropped once all is done with it
		return n.Listeners[0].Dropped == 1 && n.Listeners[1].Refused == 1
	})
	n := c.Counts()
	if n.Listeners[0].Received != 3 || n.Listeners[0].Events != 3 || n.Waiting != 2 || n.Listeners[0].Answered != 0 {
		t.Errorf("before anything was kept: %+v", n)
	}
	close(g.open)
	answers := map[byte]bool{}
	for range 2 {
		b := make([]byte, 100)
		_ = nas.SetReadDeadline(time.Now().Add(time.Minute))
		k, err := nas.Read(b)
		if err != nil || k != 20 || b[0] != 5 {
			t.Fatalf("%d octets % x, %v", k, b[:k], err)
		}
		answers[b[1]] = true
	}
	if !answers[1] || !answers[2] {
		t.Errorf("answered were %v", answers)
	}
	// Told to stop, it writes what is queued. Answers go out before what they answer leaves the queue, which had no room before.
	until(t, func() bool { return c.Counts().Waiting == 0 })
	send(t, nas, request(4))
	until(t, func() bool { return c.Counts().Listeners[0].Events == 4 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := c.Counts(); n.Rows != 3 || n.Lost != 0 || n.Waiting != 0 || n.Listeners[0].Answered != 3 {
		t.Errorf("at the end: %+v", n)
	}
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}, &gate{}); err == nil {
		t.Error("a collector that hears nothing")
	}
	if _, err := New(Config{RADIUS: RADIUS{Listen: "127.0.0.1:0"}}, &gate{}); err == nil {
		t.Error("RADIUS without a secret")
	}
	c, err := New(Config{Syslog: Syslog{Listen: "192.0.2.1:1"}}, &gate{})
	if err != nil {
		t.Fatal(err)
	}
	var op *net.OpError
	if err := c.Open(); !errors.As(err, &op) {
		t.Errorf("an address of another host: %v", err)
	}
}

func dial(t *testing.T, a net.Addr) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(context.Background(), "udp", a.String())
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

func until(t *testing.T, condition func() bool) {
	t.Helper()
	end := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not come to pass")
		}
	}
}

// What a repeated request, a clock that is wrong and a Stop without addresses tell of.
func TestRADIUSReader(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := &radiusReader{secret: []byte("secret"), late: latest(7 * 24 * time.Hour)}
	read := func(b []byte, after time.Duration) []subscriber.Event {
		t.Helper()
		h := r.read(datagram{octets: b, from: netip.MustParseAddrPort("192.0.2.1:1813"), received: noon.Add(after)})
		if h.reply == nil {
			t.Fatal("it would not be answered")
		}
		return h.events
	}
	for _, after := range []time.Duration{0, 5 * time.Second, time.Hour} {
		if e := read(request(7), after); len(e) != 1 || !e[0].At.Equal(noon) {
			t.Errorf("sent again after %v: %+v, want it to tell of its first time", after, e)
		}
	}
	stamp := func(at time.Time) []byte {
		n := uint32(at.Unix())
		return []byte{55, 6, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 8, 6, 198, 51, 100, 9}
	}
	for id, c := range []struct{ told, want time.Time }{
		{noon.Add(-time.Hour), noon.Add(-time.Hour)},
		{noon.Add(-6 * 24 * time.Hour), noon.Add(-6 * 24 * time.Hour)},
		{noon.Add(-8 * 24 * time.Hour), noon},
		{time.Date(1993, 3, 1, 0, 0, 0, 0, time.UTC), noon},
		{noon.Add(4 * time.Minute), noon.Add(4 * time.Minute)},
		{noon.Add(6 * time.Minute), noon},
		{time.Date(2036, 3, 1, 0, 0, 0, 0, time.UTC), noon},
	} {
		if e := read(accounting(byte(id), 1, stamp(c.told)...), 0); len(e) != 1 || !e[0].At.Equal(c.want) {
			t.Errorf("told %v: %+v, want %v", c.told, e, c.want)
		}
	}
	if e := read(accounting(50, 2), 0); len(e) != 1 || e[0].Kind != subscriber.Closed || e[0].Session == "" {
		t.Errorf("a Stop without addresses: %+v", e)
	}
	if e := read(accounting(51, 2, 8, 6, 198, 51, 100, 9), 0); len(e) != 2 || e[0].Kind != subscriber.Ended || e[1].Kind != subscriber.Closed {
		t.Errorf("a Stop: %+v", e)
	}
}
