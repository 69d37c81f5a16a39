package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// soakNumbers is how many numbers are called. What is remembered of numbers (cdr/number) is bounded by 65,536 of them, some 16 MiB, and it would
// fill up for half an hour if each call had another: 40 calls a second made the heap's target rise by 20.6 MiB in 17 minutes. What
// full caches do to the heap over hours is held by cdr/pipeline's TestHeapStaysFlat.
const soakNumbers = 1000

// soakTime is how long the soak lasts: CALLTRAIL_SOAK, such as 30m, or as long as every check has for it.
func soakTime(t *testing.T) time.Duration {
	text := os.Getenv("CALLTRAIL_SOAK")
	if text == "" {
		return 25 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 10*time.Second {
		t.Fatalf("CALLTRAIL_SOAK is %q; write a duration of at least ten seconds, such as 30m", text)
	}
	return d
}

// TestLiveSoak runs sensor and store without an end while one fault after the other is made: servers out of reach, the database's
// connections cut, the disk full, the tap down, either program stopped for a while, a reload; and bad packets among the calls all
// the time. In the end every number is there once, every call that could be seen has its record, and neither program's heap,
// goroutines or descriptors have grown.
func TestLiveSoak(t *testing.T) {
	t.Parallel()
	k := newSoak(t, "")
	seen := k.run(soakTime(t), true)
	k.judge()
	k.s.end()
	k.store.Kill()
	k.s.ok("store", "--once")
	k.s.drain()
	none(t, k.s.db.chainFaults())
	there := map[string]bool{}
	for _, id := range k.s.db.ask("SELECT DISTINCT sip_call_id FROM calltrail.call_record") {
		there[id] = true
	}
	lost := 0
	for _, i := range seen {
		if !there[fmt.Sprintf("soak-%d@%s", i, k.a.Addr)] {
			lost++
		}
	}
	if lost > 0 || len(seen) < 100 {
		t.Errorf("%d of %d calls that could be seen are lost", lost, len(seen))
	}
	t.Logf("fault 22: %v with %d faults and %d calls", soakTime(t), k.faults, len(there))
}

// Its control: a store that keeps each batch for ever.
func TestLiveSoakIsNoticed(t *testing.T) {
	t.Parallel()
	k := newSoak(t, breached(t, "calltrail/store.breach=leak"))
	var faults []string
	for range 8 { // on a busy machine the store has few batches in one round
		k.run(12*time.Second, false)
		if faults = k.grown(); len(faults) > 0 {
			break
		}
	}
	k.s.end()
	if len(faults) == 0 {
		t.Error("a store that leaks was not noticed")
	}
	t.Logf("%q", faults)
}

// soak is a sensor and a store under way, with what was measured of them.
type soak struct {
	t      *testing.T
	s      *live
	a, c   *testnet.Host // who calls, and who sends garbage
	to     netip.Addr
	mirror *testnet.Mirror
	store  *testnet.Process
	fill   func()
	free   func()
	rnd    *rand.Rand
	ledger attempts
	faults int
	series map[string][]sample // by program
}

// sample is what a program says of itself.
type sample struct {
	at                       time.Time
	heap, goroutines, opened float64 // octets in use after the last collection; counts
}

func newSoak(t *testing.T, storeProgram string) *soak {
	t.Helper()
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	c := n.Host("c", "192.0.2.66")
	b.Swallow("198.51.100.10/32")
	tap := n.Namespace("sensor")
	k := &soak{t: t, a: a, c: c, to: b.Addr, rnd: chance(t), series: map[string][]sample{}, ledger: attempts{callees: soakNumbers}, mirror: n.Mirror(tap, "tap0", n.Once())}
	k.s = newLive(t, tap, afpacketEngine, []string{"tap0"}, "timers: {invite_timeout: 5s, settle: 2500ms}", "limits: {calls: 5000}", "spool: {segment_bytes: 16MiB, keep_bytes: 64MiB}")
	k.fill, k.free = smallDisk(t, k.s.spool, "640m")
	if storeProgram == "" {
		storeProgram = k.s.program
	}
	k.s.begin("kafka")
	k.store = tap.Start(k.s.env, storeProgram, "store", "--config", k.s.config)
	k.store.Await(`"message":"storing from kafka"`)
	return k
}

// run keeps up traffic for a while, with or without faults, and returns the calls that could be seen.
func (k *soak) run(long time.Duration, faults bool) (seen []int) {
	k.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), long)
	defer stop()
	sending := make(chan error, 2)
	go func() { _, err := k.a.Send(ctx, k.ledger.traffic("soak", 40, k.a.Addr, k.to)); sending <- err }()
	go func() { _, err := k.c.Send(ctx, k.garbage()); sending <- err }()
	addresses := map[string]string{"sensor": outside(k.t, k.s.ns, "127.0.0.1:9465"), "store": outside(k.t, k.s.ns, "127.0.0.1:9466")}
	began := time.Now()
	var dark [][2]time.Time // when nothing could be seen
	for next := began.Add(3 * time.Second); ctx.Err() == nil; pass(500 * time.Millisecond) {
		for name, address := range addresses {
			if now, ok := scrape(address); ok {
				k.series[name] = append(k.series[name], now)
			}
		}
		if left := long - time.Since(began); faults && time.Now().After(next) && left > 5*time.Second {
			from := time.Now()
			if k.fault() {
				dark = append(dark, [2]time.Time{from.Add(-onDisk), time.Now().Add(2*time.Second + onDisk)})
			}
			k.faults++
			next = time.Now().Add(time.Second + time.Duration(k.rnd.Int64N(int64(2*time.Second))))
		}
	}
	for range 2 {
		if err := <-sending; err != nil {
			k.t.Fatal(err)
		}
	}
	pass(9 * time.Second) // the last attempts end and settle
	for _, i := range k.ledger.within(began, time.Now()) {
		hidden := false
		for _, d := range dark {
			hidden = hidden || k.ledger.sent[i].After(d[0]) && k.ledger.sent[i].Before(d[1])
		}
		if !hidden {
			seen = append(seen, i)
		}
	}
	return seen
}

// fault makes one for about a second; it is true when the tap saw nothing meanwhile.
func (k *soak) fault() (dark bool) {
	k.t.Helper()
	span := 500*time.Millisecond + time.Duration(k.rnd.Int64N(int64(time.Second)))
	switch k.rnd.IntN(7) {
	case 0: // Kafka and Postgres are out of reach, and what was open hangs
		k.s.ns.Run("ip", "link", "set", "lo", "down")
		pass(span)
		k.s.ns.Run("ip", "link", "set", "lo", "up")
	case 1:
		k.s.db.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	case 2:
		k.fill()
		pass(span)
		k.free()
	case 3:
		k.mirror.Down()
		pass(span)
		k.mirror.Up()
		return true
	case 4:
		k.s.process.Signal(syscall.SIGSTOP)
		pass(span)
		k.s.process.Signal(syscall.SIGCONT)
	case 5:
		k.store.Signal(syscall.SIGSTOP)
		pass(span)
		k.store.Signal(syscall.SIGCONT)
	case 6:
		k.s.process.Signal(syscall.SIGHUP)
	}
	return false
}

// garbage is datagrams that look like something and are nothing.
func (k *soak) garbage() testnet.Traffic {
	rnd := rand.New(rand.NewPCG(k.rnd.Uint64(), 0))
	return testnet.Traffic{Rate: 40, Count: 1 << 30, Datagram: func(i int) (netip.Addr, netip.AddrPort, []byte) {
		octets := invite("garbage", i, i%soakNumbers, k.c.Addr, k.to)
		octets = octets[:20+rnd.IntN(len(octets)-20)]
		for range 1 + rnd.IntN(8) {
			octets[rnd.IntN(len(octets))] ^= 1 << rnd.IntN(8)
		}
		return netip.Addr{}, netip.AddrPortFrom(k.to, 5060), octets
	}}
}

// scrape asks a program's metrics; false when it is out of reach or stopped.
func scrape(address string) (now sample, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return now, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return now, false
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return now, false
	}
	now.at = time.Now()
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case "go_gc_heap_live_bytes": // what the last collection found in use, without what is about to be collected
			now.heap = number
		case "go_goroutines":
			now.goroutines = number
		case "process_open_fds":
			now.opened = number
		}
	}
	return now, now.heap > 0 && now.goroutines > 0 && now.opened > 0
}

// judge fails the test when a program has grown.
func (k *soak) judge() {
	k.t.Helper()
	none(k.t, k.grown())
}

// grown compares the last third of the time with the third before it, for each program: by the slope of the heap through both,
// and the most goroutines and descriptors of each. Faults make peaks; what grows for ever makes every peak higher.
//
// The slope is that of the least that lived in each of some windows: what a fault holds up, or a batch under way, is in the samples of
// a moment, and what is kept for ever is in all. It is about 0 when the heap rises by less than a twentieth, and a mebibyte: a map
// that has been empty takes room again in steps. A soak of less than three minutes can only show what leaks in a hurry.
func (k *soak) grown() (faults []string) {
	for _, name := range []string{"sensor", "store"} {
		list := k.series[name]
		if len(list) < 12 {
			faults = append(faults, fmt.Sprintf("%s: only %d samples", name, len(list)))
			continue
		}
		second, third := list[len(list)/3:2*len(list)/3], list[2*len(list)/3:]
		before, after := peak(second), peak(third)
		quiet := lows(list[len(list)/3:], 12)
		rise := slope(quiet) * third[len(third)-1].at.Sub(second[0].at).Seconds()
		live := quiet[len(quiet)-1].heap
		k.t.Logf("%s: %.2f MiB live, rising by %.2f MiB in all; %v goroutines, %v descriptors at most, before %v and %v",
			name, live/(1<<20), rise/(1<<20), after.goroutines, after.opened, before.goroutines, before.opened)
		limit := live/20 + (1 << 20)
		if second[0].at.Sub(list[0].at) < time.Minute {
			limit = live/10 + (8 << 20) // calls are held for some forty seconds: the tables still fill
		}
		if rise > limit {
			faults = append(faults, fmt.Sprintf("%s: the heap rises by %.1f MiB", name, rise/(1<<20)))
		}
		if after.goroutines > before.goroutines+20 {
			faults = append(faults, fmt.Sprintf("%s: %v goroutines after %v", name, after.goroutines, before.goroutines))
		}
		if after.opened > before.opened+20 {
			faults = append(faults, fmt.Sprintf("%s: %v descriptors after %v", name, after.opened, before.opened))
		}
	}
	return faults
}

// peak is the most of each.
func peak(list []sample) (most sample) {
	for _, s := range list {
		most.heap, most.goroutines, most.opened = max(most.heap, s.heap), max(most.goroutines, s.goroutines), max(most.opened, s.opened)
	}
	return most
}

// lows are, of n windows of the same number of samples, those with the least heap.
func lows(list []sample, n int) (out []sample) {
	for window := range slices.Chunk(list, max(1, len(list)/n)) {
		out = append(out, slices.MinFunc(window, func(a, b sample) int { return cmp.Compare(a.heap, b.heap) }))
	}
	return out
}

// slope is that of the line through the heap with the least squares, in octets a second.
func slope(list []sample) float64 {
	var n, x, y, xx, xy float64
	for _, s := range list {
		at := s.at.Sub(list[0].at).Seconds()
		n, x, y, xx, xy = n+1, x+at, y+s.heap, xx+at*at, xy+at*s.heap
	}
	return (n*xy - x*y) / (n*xx - x*x)
}
