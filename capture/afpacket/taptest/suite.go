//go:build linux

package taptest

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"calltrail/capture"
)

// Run runs all tests.
func (e Engine) Run(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"every packet once, unchanged, with its time", e.everyPacket},
		{"VLAN tags", e.tags},
		{"snap length", e.snap},
		{"nothing before the filter, everything after Open", e.first},
		{"filter swapped under traffic", e.swap},
		{"filter refused", e.refused},
		{"idle time", e.idle},
		{"reader stops", e.overflow},
		{"interface down and up", e.downUp},
		{"interface deleted and made again", e.recreated},
		{"interface renamed and back", e.renamed},
		{"opened while down", e.openedDown},
		{"close", e.closed},
		{"close while away", e.closedAway},
		{"loopback", e.loopback},
		{"promiscuous", e.promiscuous},
		{"cannot open", e.errors},
	} {
		t.Run(test.name, test.run)
	}
}

func (e Engine) everyPacket(t *testing.T) {
	Pair(t)
	tap := e.Start(t, Config())
	if tap.Name() != Seen || len(tap.Sources()) != 1 {
		t.Fatalf("tap %q with %d sources", tap.Name(), len(tap.Sources()))
	}
	source := tap.Sources()[0]
	r, w := tap.Read(0), Sender(t, Wire)
	const n = 5000
	var before, after [n]time.Time
	for i := range uint32(n) {
		before[i] = time.Now()
		w.MustSend(UDP(4000, 5060, i, 60+int(i)%1400))
		after[i] = time.Now()
	}
	r.Passed(t)
	packets := r.Packets()
	if len(packets) != n {
		t.Fatalf("%d packets, want %d", len(packets), n)
	}
	for i, p := range packets {
		want := UDP(4000, 5060, uint32(i), 60+i%1400)
		if !bytes.Equal(p.Data, want) || p.Length != len(want) || p.Link != capture.LinkEthernet || p.Position != uint64(i)+1 {
			t.Fatalf("packet %d: length %d, link %d, position %d, data %x", i, p.Length, p.Link, p.Position, p.Data)
		}
		if p.Time < before[i].Add(-e.Resolution).UnixNano() || p.Time > after[i].UnixNano() {
			t.Fatalf("packet %d: time %d, sent between %d and %d", i, p.Time, before[i].UnixNano(), after[i].UnixNano())
		}
	}
	if stats := source.LiveStats(); stats.Packets != n || stats.Drops != 0 || !stats.Up || stats.Reopened != 0 {
		t.Fatalf("%+v, want %d packets", stats, n)
	}
}

func (e Engine) tags(t *testing.T) {
	Pair(t)
	tap := e.Start(t, Config())
	r, w := tap.Read(0), Sender(t, Wire)
	datagram := Datagram(hostA, hostB, 17, 0, Segment(4000, 5060, 1, 200))
	var sent [][]byte
	for _, tags := range [][]Tag{
		nil,
		{{0x8100, 100}},
		{{0x88a8, 200}},
		{{0x8100, 0xe000}}, // priority alone
		{{0x8100, 0}},
		{{0x8100, 0xffff}},
		{{0x88a8, 300}, {0x8100, 301}},
		{{0x8100, 300}, {0x8100, 301}},
		{{0x88a8, 1}, {0x88a8, 2}, {0x8100, 3}, {0x8100, 4}},
		{{0x9100, 7}}, // the kernel leaves it where it is
		nil,
	} {
		sent = append(sent, Frame(tags, datagram))
	}
	for _, frame := range sent {
		w.MustSend(frame)
	}
	r.Passed(t)
	packets := r.Packets()
	if len(packets) != len(sent) {
		t.Fatalf("%d packets, want %d", len(packets), len(sent))
	}
	for i, p := range packets {
		if !bytes.Equal(p.Data, sent[i]) || p.Length != len(sent[i]) {
			t.Errorf("frame %d: length %d\n got %x\nwant %x", i, p.Length, p.Data, sent[i])
		}
	}
}

func (e Engine) snap(t *testing.T) {
	Pair(t)
	tagged := Frame([]Tag{{0x8100, 5}}, Datagram(hostA, hostB, 17, 0, Segment(4000, 5060, 1, 400)))
	plain := UDP(4000, 5060, 2, 400)
	for _, test := range []struct {
		name  string
		snap  int
		keep  uint32 // by the filter; 0: no filter
		plain int
	}{
		{"by the configuration", 100, 0, 100},
		{"by the filter", 65535, 80, 80},
		{"by the lower one", 70, 80, 70},
		{"neither", 65535, 1 << 18, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config()
			cfg.SnapLength = test.snap
			if test.keep > 0 {
				cfg.Filter = ToPort(t, 5060, test.keep, 0)
			}
			tap := e.Start(t, cfg)
			r, w := tap.Read(0), Sender(t, Wire)
			w.MustSend(plain)
			w.MustSend(tagged)
			r.Passed(t)
			packets := r.Packets()
			if len(packets) != 2 {
				t.Fatalf("%d packets", len(packets))
			}
			p, q := packets[0], packets[1]
			if !bytes.Equal(p.Data, plain[:test.plain]) || p.Length != len(plain) {
				t.Errorf("%d octets of %d", len(p.Data), p.Length)
			}
			// The filter sees the frame without its tag; with it, it may be longer by four, up to the snap length.
			if len(q.Data) > test.snap || len(q.Data) < min(test.plain, len(tagged)) || !bytes.HasPrefix(tagged, q.Data) || q.Length != len(tagged) {
				t.Errorf("tagged: %d octets of %d: %x", len(q.Data), q.Length, q.Data)
			}
		})
	}
}

// flood sends frames until stop is called, which returns the number of the next one. next is the number of the next one
// while it runs. Every second frame goes to the port, with number; the others to another port.
func flood(w *Wireside, port uint16, next *atomic.Uint32) (stop func() uint32) {
	var ended atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !ended.Load() {
			w.Send(UDP(4000, port, next.Load(), 100))
			next.Add(1)
			w.Send(UDP(4000, port+1, next.Load(), 100))
			time.Sleep(20 * time.Microsecond)
		}
	}()
	return func() uint32 {
		ended.Store(true)
		<-done
		return next.Load()
	}
}

// first opens taps while packets flow. None that the filter turns away may come; from Open on, all others must.
func (e Engine) first(t *testing.T) {
	Pair(t)
	var next atomic.Uint32
	stop := flood(Sender(t, Wire), 5060, &next)
	defer stop()
	for range 5 {
		cfg := Config()
		cfg.Filter = ToPort(t, 5060, 65535, 0)
		tap := e.Start(t, cfg)
		from := next.Load() + 1 // the one before may be on its way now
		source := tap.Sources()[0]
		r := tap.Read(0)
		Until(t, 5*time.Second, "packets come", func() bool { return len(r.Packets()) > 500 })
		to := next.Load() - 1
		r.Passed(t)
		if err := tap.Close(); err != nil {
			t.Fatal(err)
		}
		r.End(t, 2*time.Second)
		packets := r.Packets()
		if n := len(Numbers(packets, 5061)); n > 0 {
			t.Fatalf("%d packets came that the filter turns away", n)
		}
		ExactlyOnce(t, Numbers(packets, 5060), from, to)
		if stats := source.LiveStats(); stats.Packets != uint64(len(packets)) || stats.Drops != 0 {
			t.Fatalf("%+v, but %d packets came", stats, len(packets))
		}
	}
}

func (e Engine) swap(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.Filter = ToPort(t, 5060, 65535, 0)
	tap := e.Start(t, cfg)
	r := tap.Read(0)
	var next atomic.Uint32
	stop := flood(Sender(t, Wire), 5060, &next)
	swaps := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); swaps++ {
		if err := tap.SetFilter(ToPort(t, 5060, 65535, swaps%40)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	to := stop()
	r.Passed(t)
	t.Logf("%d swaps under %d packets", swaps, to)
	ExactlyOnce(t, Numbers(r.Packets(), 5060), 0, to)
	if n := len(Numbers(r.Packets(), 5061)); n > 0 {
		t.Fatalf("%d packets came that both filters turn away", n)
	}
	if err := tap.SetFilter(nil); err != nil {
		t.Fatal(err)
	}
	Sender(t, Wire).MustSend(UDP(4000, 5061, 7, 100))
	r.Passed(t)
	if n := len(Numbers(r.Packets(), 5061)); n != 1 {
		t.Fatalf("without a filter %d packets came, want 1", n)
	}
}

func (e Engine) refused(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.Filter = ToPort(t, 5060, 65535, 0)
	tap := e.Start(t, cfg)
	r, w := tap.Read(0), Sender(t, Wire)
	bad := ToPort(t, 5061, 65535, 0)[:3] // does not end with a return
	if err := tap.SetFilter(bad); err == nil || !strings.Contains(err.Error(), Seen) {
		t.Fatalf("SetFilter: %v", err)
	}
	w.MustSend(UDP(1, 5061, 1, 100))
	w.MustSend(UDP(1, 5060, 2, 100))
	r.Passed(t)
	if len(Numbers(r.Packets(), 5060)) != 1 || len(r.Packets()) != 1 {
		t.Fatalf("%d packets: the filter before did not stay", len(r.Packets()))
	}
}

// idle sends now and then: the source says how far it is often enough, never too far, and not too little. The kernel keeps
// the packets for longer than Next waits.
func (e Engine) idle(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.BlockTimeout = slow
	tap := e.Start(t, cfg)
	r, w := tap.Read(0), Sender(t, Wire)
	for i := range uint32(40) {
		w.MustSend(UDP(4000, 5060, i, 100))
		time.Sleep(time.Duration(i) * time.Millisecond)
	}
	r.Passed(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.late > 0 {
		t.Errorf("%d packets came with times before that of an ErrIdle", r.late)
	}
	if r.gap > 300*time.Millisecond {
		t.Errorf("Next took %v", r.gap)
	}
	if behind := time.Since(time.Unix(0, r.idle)); behind > 800*time.Millisecond || behind < 0 {
		t.Errorf("the time of ErrIdle is %v behind the clock", behind)
	}
}

// overflow reads nothing while more is sent than the ring holds: what is missing is what the kernel counted.
func (e Engine) overflow(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.RingBytes = 1 << 20
	tap := e.Start(t, cfg)
	source, w := tap.Sources()[0], Sender(t, Wire)
	const n = 6000
	for i := range uint32(n) {
		w.MustSend(UDP(4000, 5060, i, 1400))
	}
	stopped := source.LiveStats() // asked for in between: nothing is forgotten
	r := tap.Read(0)
	r.Passed(t)
	for i := range uint32(10) {
		w.MustSend(UDP(4000, 5060, n+i, 1400))
	}
	r.Passed(t)
	stats, came := source.LiveStats(), uint64(len(r.Packets()))
	if stats.Drops == 0 || stats.Drops < stopped.Drops {
		t.Fatalf("%d drops, %d before", stats.Drops, stopped.Drops)
	}
	if stats.Packets != n+10 || came+stats.Drops != n+10 {
		t.Fatalf("sent %d, came %d, %+v", n+10, came, stats)
	}
	ExactlyOnce(t, Numbers(r.Packets(), 5060), n, n+10)
	t.Logf("sent %d, came %d, dropped %d, ring full %d times", n+10, came, stats.Drops, stats.Freezes)
}

// loopback: a packet sent there is received there, and is one packet.
func (e Engine) loopback(t *testing.T) {
	Need(t)
	cfg := Config()
	cfg.Interface, cfg.Filter = "lo", ToPort(t, 5060, 65535, 0)
	for _, filter := range []string{"from the start", "set later"} {
		t.Run(filter, func(t *testing.T) {
			tap := e.Start(t, cfg)
			r, w := tap.Read(0), Sender(t, "lo")
			if filter == "set later" {
				if err := tap.SetFilter(ToPort(t, 5060, 65535, 2)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range uint32(200) {
				w.MustSend(UDP(4000, 5060, i, 100))
			}
			r.Passed(t)
			ExactlyOnce(t, Numbers(r.Packets(), 5060), 0, 200)
			if p := r.Packets()[0]; p.Link != capture.LinkEthernet || !bytes.Equal(p.Data, UDP(4000, 5060, 0, 100)) {
				t.Errorf("link %d, %x", p.Link, p.Data)
			}
		})
	}
}

func isPromiscuous(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile("/sys/class/net/" + Seen + "/flags")
	if err != nil {
		t.Fatal(err)
	}
	var flags uint32
	if _, err = fmt.Sscanf(string(text), "0x%x", &flags); err != nil {
		t.Fatal(err)
	}
	return flags&0x100 != 0
}

func (e Engine) promiscuous(t *testing.T) {
	Pair(t)
	for _, want := range []bool{true, false} {
		cfg := Config()
		cfg.Promiscuous = want
		tap := e.Start(t, cfg)
		if got := isPromiscuous(t); got != want {
			t.Errorf("promiscuous is %v, want %v", got, want)
		}
		tap.Stop(t)
		if isPromiscuous(t) {
			t.Error("still promiscuous after Close")
		}
	}
}

func (e Engine) errors(t *testing.T) {
	Pair(t)
	for _, test := range []struct {
		name, want string
		change     func(*capture.TapConfig)
	}{
		{"no such interface", "no such interface", func(c *capture.TapConfig) { c.Interface = "none0" }},
		{"name too long", "no name of an interface", func(c *capture.TapConfig) { c.Interface = "a-name-that-is-too-long" }},
		{"no worker", "worker", func(c *capture.TapConfig) { c.Workers = 0 }},
		{"ring too small", "ring", func(c *capture.TapConfig) { c.RingBytes = 4096 }},
		{"no time-out", "time-out", func(c *capture.TapConfig) { c.BlockTimeout = 0 }},
		{"no octets", "snap length", func(c *capture.TapConfig) { c.SnapLength = 0 }},
		{"filter", "filter", func(c *capture.TapConfig) { c.Filter = ToPort(t, 5060, 1, 0)[:3] }},
	} {
		cfg := Config()
		test.change(&cfg)
		tap, err := e.Open(cfg)
		if err == nil {
			_ = tap.Close()
			t.Errorf("%s: no error", test.name)
			continue
		}
		if text := err.Error(); !strings.Contains(text, test.want) || !strings.Contains(text, cfg.Interface) || strings.Contains(text, "\n") {
			t.Errorf("%s: %q", test.name, text)
		}
	}
}
