package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
	"calltrail/store/spool"
)

// onDisk is how long after an INVITE its call must be on the sensor's disk, whatever happens then: the ring's block, the
// watermark and the group commit together are some 300 ms, the rest is for a machine with other things to do.
const onDisk = time.Second

// attempts is a ledger of INVITEs that were sent, by number.
type attempts struct {
	callees int // numbers that are called, in turn; 0: another one each time

	mu   sync.Mutex
	sent []time.Time
}

// traffic sends INVITEs at a rate until its context ends, each with a Call-ID that holds its number.
func (a *attempts) traffic(kind string, rate int, from, to netip.Addr) testnet.Traffic {
	return testnet.Traffic{Rate: rate, Count: 1 << 30, Datagram: func(i int) (netip.Addr, netip.AddrPort, []byte) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.sent = append(a.sent, time.Now())
		callee := i
		if a.callees > 0 {
			callee %= a.callees
		}
		return netip.Addr{}, netip.AddrPortFrom(to, 5060), invite(kind, i, callee, from, to)
	}}
}

// within are the numbers of the attempts between two moments.
func (a *attempts) within(from, to time.Time) (list []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, at := range a.sent {
		if at.After(from) && at.Before(to) {
			list = append(list, i)
		}
	}
	return list
}

// mark notes the attempts that a sensor had the time for which was ready at one moment and killed at another.
func (a *attempts) mark(seen map[int]string, ready, killed time.Time, end string) {
	list := a.within(ready, killed.Add(-onDisk))
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range list {
		seen[i] = fmt.Sprintf("sent %v after the sensor was ready and %v before %s", a.sent[i].Sub(ready), killed.Sub(a.sent[i]), end)
	}
}

// Sensor and store are killed again and again at random moments while calls come. Every call whose INVITE the sensor saw, and had
// a second's time for, is in Postgres as one call, whatever was killed then; every number of the chain is there once.
func TestLiveCrashes(t *testing.T) {
	if os.Getenv("CALLTRAIL_CRASHES") == "" { // the long form has the disk for itself: the second is the disk's, too
		t.Parallel()
	}
	kills, rnd := crashes(t, 8)*4, chance(t)
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	b.Swallow("198.51.100.10/32")
	tap := n.Namespace("sensor")
	n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, afpacketEngine, []string{"tap0"}, "timers: {invite_timeout: 5s, settle: 2500ms}")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ledger := &attempts{}
	s.begin("kafka")
	store := s.start(nil, "store")
	sending := make(chan error, 1)
	go func() { _, err := a.Send(ctx, ledger.traffic("crash", 200, a.Addr, b.Addr)); sending <- err }()

	seen := map[int]string{} // attempts that must be there, with what to say of one that is not
	up, slowest := time.Now(), time.Duration(0)
	for cycle := range kills {
		pass(time.Duration(rnd.Int64N(int64(1500 * time.Millisecond))))
		if cycle%3 == 2 {
			store.kill()
			store = s.start(nil, "store")
			continue
		}
		s.process.Kill()
		began := time.Now()
		ledger.mark(seen, up, began, fmt.Sprintf("kill %d", cycle))
		s.begin("kafka")
		up = time.Now()
		slowest = max(slowest, up.Sub(began))
	}
	pass(onDisk)
	stop()
	if err := <-sending; err != nil {
		t.Fatal(err)
	}
	ledger.mark(seen, up, time.Now(), "the end")
	pass(9 * time.Second) // the last attempts end and settle
	s.end()
	store.kill()
	s.ok("store", "--once") // what Kafka has, and then what it has not
	s.drain()
	none(t, s.db.chainFaults())
	lost, twice := 0, s.db.number("SELECT count(*) FROM (SELECT sip_call_id FROM calltrail.call_record GROUP BY sip_call_id HAVING count(DISTINCT call_uid) > 1) AS x")
	there := map[int]bool{}
	for _, id := range s.db.ask("SELECT DISTINCT sip_call_id FROM calltrail.call_record") {
		number, _, _ := strings.Cut(strings.TrimPrefix(id, "crash-"), "@")
		i, err := strconv.Atoi(number)
		if err != nil || i >= len(ledger.sent) {
			t.Errorf("nobody made the call %s", id)
		}
		there[i] = true
	}
	for i, what := range seen {
		if !there[i] {
			if lost++; lost <= 20 {
				t.Logf("call %d is lost: %s", i, what)
			}
		}
	}
	if lost > 0 || twice > 0 {
		t.Errorf("%d of %d calls that were seen are lost, %d are there as two", lost, len(seen), twice)
	}
	if len(seen) < kills {
		t.Errorf("%d calls in %d kills: next to none", len(seen), kills)
	}
	t.Logf("fault 1: %d kills of capture and its store", kills)
	t.Logf("%d INVITEs, %d of them had to be there, %d are; the sensor was ready again in %v at most", len(ledger.sent), len(seen), len(there), slowest.Round(time.Millisecond))
}

// A sensor that was killed with 1 GB on its spool, all of it young enough to be read for open calls, sees again in five seconds.
func TestLiveReadyWithFullSpool(t *testing.T) {
	const size, limit = 1 << 30, 5 * time.Second // beside other tests it would be their time that is measured
	n := testnet.New(t)
	n.Host("a", "192.0.2.10")
	tap := n.Namespace("sensor")
	n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, afpacketEngine, []string{"tap0"})
	fillSpool(s, size)
	s.begin("spool")
	least := time.Hour
	for range 3 { // the least: what another program of this machine takes is not the sensor's
		s.process.Kill()
		began := time.Now()
		s.begin("spool")
		least = min(least, time.Since(began))
	}
	s.process.Kill()
	t.Logf("fault 1: ready again %.1f s after a kill with %d MiB on the spool", least.Seconds(), s.spoolOctets()>>20)
	if least > limit {
		t.Errorf("ready again after %v, want at most %v", least, limit)
	}
}

// fillSpool writes records of replayed calls to a sensor's spool until it has so many octets.
func fillSpool(s *live, octets int64) {
	s.Helper()
	capture, _ := s.capture(signalling(500, rand.Uint64()))
	bodies := strings.Split(strings.TrimSpace(s.ok("replay", "-q", "--events", capture).stdout), "\n")
	sp, err := spool.Open(spool.Config{Dir: s.spool, Sensor: liveSensor})
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; sp.Stats().Bytes < octets; {
		for range 10000 {
			if _, err := sp.Write([]byte(bodies[i%len(bodies)])); err != nil {
				s.Fatal(err)
			}
			i++
		}
		if err := sp.Sync(context.Background()); err != nil {
			s.Fatal(err)
		}
	}
	if err := sp.Close(); err != nil {
		s.Fatal(err)
	}
}

// memory is the most that a process has had in memory, and what it has now, in octets.
func memory(t *testing.T, pid int) (most, now int64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			most = kib << 10
		} else if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			now = kib << 10
		}
	}
	if most == 0 {
		t.Fatal("the process has no memory any more: it has ended")
	}
	return most, now
}
